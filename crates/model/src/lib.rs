//! What Ferry talks about: ids, states, rules, limits and the copy's life cycle.
//!
//! Everything here is a value or a pure function. It must not do I/O, read a clock, know SQL, HTTP or a cloud's name.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod account;
mod attributes;
mod cause;
mod copy;
mod digest;
mod encryption;
mod fault;
mod field;
mod ids;
mod image;
mod instance;
mod kind;
mod origin;
mod profile;
mod progress;
mod quota;
mod rejection;
pub mod rules;
mod size;
mod tags;
mod text;
mod ticket;
mod time;

pub use account::{Act, Admittance, Role};
pub use attributes::{Architecture, Attributes, BootMode, OsType, UnknownWord};
pub use cause::Cause;
pub use copy::{CopyEvent, CopyState, DiskDigests, IllegalMove};
pub use digest::{Digest, InvalidDigest};
pub use encryption::{DomainName, EncryptionKeyId, KeyRingKind, KeyState, Sealing};
pub use fault::Retry;
pub use field::{Field, FieldRefusal};
pub use ids::{
    AccessKeyId, AccountId, CopyId, ID_CHARACTERS, ImageId, InstanceId, InvalidId, RegionId,
    SnapshotId, TicketId, UserId,
};
pub use image::{DiskRole, DiskSpec, ImageStatus, MAX_DATA_DISKS};
pub use instance::InstanceDisk;
pub use kind::{ImageKind, Storage};
pub use origin::{Origin, copied_description};
pub use profile::{Again, Border, NameRule, Profile};
pub use progress::{Phase, Progress, QueuePlace};
pub use quota::{Quota, QuotaKind};
pub use rejection::Rejection;
pub use size::SizeBytes;
pub use tags::{MAX_TAGS, TagKey, TagValue, Tags};
pub use text::{ClientToken, Description, Name, Platform};
pub use ticket::{TicketFacts, TicketNeed, TicketState, Zone};
pub use time::{Clock, Timestamp};
