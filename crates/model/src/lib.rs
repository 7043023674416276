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
mod forecast;
mod ids;
mod image;
mod instance;
mod kind;
mod local_file;
mod meter;
mod month;
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

pub use account::{Act, AdminKey, Admittance, Role, keep_an_admin};
pub use attributes::{Architecture, Attributes, BootMode, OsType, UnknownWord};
pub use cause::Cause;
pub use copy::{CopyEvent, CopyState, DiskDigests, IllegalMove};
pub use digest::{Digest, InvalidDigest};
pub use encryption::{DomainName, EncryptionKeyId, KeyRingKind, KeyState, Sealing};
pub use fault::Retry;
pub use field::{Field, FieldRefusal};
pub use forecast::{LinkSpeed, SpeedKnown, bytes_left, is_late};
pub use ids::{
    AccessKeyId, AccountId, CopyId, ID_CHARACTERS, ImageId, InstanceId, InvalidId, RegionId,
    SnapshotId, TicketId, UserId,
};
pub use image::{DiskRole, DiskSpec, ImageStatus, MAX_DATA_DISKS};
pub use instance::InstanceDisk;
pub use kind::{ImageKind, Storage};
pub use local_file::{FileName, FileProblem};
pub use meter::{
    Amount, Currency, DayTraffic, ESTIMATED_HOURS, InvalidMoney, Meter, Metered, Price, Rate,
    StorageSpan, Stretch, judge_rate, rate_on, storage_lines, stretches, traffic_lines,
};
pub use month::{Day, InvalidDate, Month};
pub use origin::{Origin, copied_description};
pub use profile::{Again, Border, InvalidProfile, MAX_IMAGES, NameRule, Profile};
pub use progress::{Phase, Progress, QueuePlace};
pub use quota::{Quota, QuotaKind};
pub use rejection::Rejection;
pub use size::SizeBytes;
pub use tags::{MAX_TAGS, TagKey, TagValue, Tags};
pub use text::{ClientToken, Description, Name, Platform, Remark};
pub use ticket::{TicketFacts, TicketNeed, TicketState, Zone};
pub use time::{Clock, Timestamp};
