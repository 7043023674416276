//! The JSON of the native API, one file per noun; the command line reads and writes the same types.
//!
//! What a client sends refuses unknown and repeated members; what it receives may grow members, and clients ignore
//! those they do not know. Times are RFC 3339 in UTC with milliseconds, sizes are in bytes.

mod account;
mod audit;
mod batch;
mod copy;
mod copy_history;
mod encryption_key;
mod estimate;
mod image;
mod import;
mod instance;
mod key;
mod link;
mod local_image;
mod page;
mod problem;
mod quota;
mod region;
mod share;
mod sign_in_link;
mod snapshot;
mod tag_map;
mod task;
mod ticket;
mod time;
mod usage;
mod user;

pub use account::{Account, AccountRequest};
pub use audit::{AuditEntry, TrailCheck};
pub use batch::{BatchAnswer, BatchRequest, ImageCopies};
pub use copy::{
    Copy, CopyAnswer, CopyPromised, CopyRequest, CopyResult, EstimateAnswer, EstimateResult,
    Estimated, TargetRefused,
};
pub use copy_history::{CopyAttempt, CopyAttempts, CopyRate, CopyRates};
pub use encryption_key::{EncryptionKey, KeyDeletion, Naming};
pub use estimate::{Costs, QuotaEffect};
pub use image::{Disk, Failure, Image, ImageEdit, Verified};
pub use import::{FinishRequest, FinishedDisk, ImportDisk, ImportRequest, ReceivedChunks};
pub use instance::{Instance, InstanceImage, InstanceRequest};
pub use key::{Key, NewKey};
pub use link::{Link, LinkEdit};
pub use local_image::{ConvertRequest, LocalImageRequest};
pub use page::{Items, Page};
pub use problem::Problem;
pub use quota::{Quota, QuotaLimit};
pub use region::{Place, Region};
pub use share::{PublishRequest, PublishedKind, Share, ShareRequest};
pub use sign_in_link::SignInLink;
pub use snapshot::{Snapshot, SnapshotCopyRequest, SnapshotImageRequest, SnapshotPromised};
pub use tag_map::TagMap;
pub use task::{
    FoundTasks, ObjectDisk, ObjectExportRequest, ObjectImportRequest, Task, TaskObject,
};
pub use ticket::{Ticket, TicketApproval, TicketRefusal, TicketRequest, TicketTarget};
pub use time::{from_rfc3339, rfc3339};
pub use usage::{Cost, Rate, RateRequest, UsageLine};
pub use user::{User, UserRequest, UserRole};
