//! For tests: sample disks, sources that misbehave, and the cases that every source and its transport must pass.

mod conformance;
mod disk;
mod doubles;

pub use conformance::{Case, NewStore, Over, Rig, cases, source_conformance};
pub use disk::{SampleDisk, Weight, frame_of, heavy_chunk, light_chunk};
pub use doubles::{Counted, Named, ShelfSource, Tampered, gather, pieces};
