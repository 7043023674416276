//! The JSON of the native API, one file per noun; the command line reads and writes the same types.
//!
//! What a client sends refuses unknown and repeated members; what it receives may grow members, and clients ignore
//! those they do not know. Times are RFC 3339 in UTC with milliseconds, sizes are in bytes.

mod copy;
mod image;
mod import;
mod instance;
mod key;
mod page;
mod problem;
mod quota;
mod region;
mod snapshot;
mod tag_map;
mod time;

pub use copy::{
    Copy, CopyAnswer, CopyPromised, CopyRequest, CopyResult, EstimateAnswer, EstimateResult,
    Estimated, TargetRefused,
};
pub use image::{Disk, Failure, Image, ImageEdit, Verified};
pub use import::{FinishRequest, FinishedDisk, ImportDisk, ImportRequest, ReceivedChunks};
pub use instance::{Instance, InstanceImage, InstanceRequest};
pub use key::{Key, NewKey};
pub use page::{Items, Page};
pub use problem::Problem;
pub use quota::{Quota, QuotaLimit};
pub use region::{Place, Region};
pub use snapshot::Snapshot;
pub use tag_map::TagMap;
pub use time::rfc3339;
