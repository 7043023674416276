//! What Ferry talks about: ids, states, rules, limits and the copy's life cycle.
//!
//! Everything here is a value or a pure function. It must not do I/O, read a clock, know SQL, HTTP or a cloud's name.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod account;
mod account_number;
mod action;
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
mod image_search;
mod instance;
mod kind;
mod link;
mod local_file;
mod meter;
mod month;
mod object;
mod origin;
mod particulars;
mod profile;
mod progress;
mod quota;
mod rejection;
mod road;
pub mod rules;
mod schedule;
mod search;
mod size;
mod snapshot;
mod tagged;
mod tags;
mod task;
mod text;
mod ticket;
mod time;
mod urgency;

pub use account::{Act, AdminKey, Admittance, Role, keep_an_admin};
pub use account_number::AccountNumber;
pub use action::{ImageAction, SnapshotAction};
pub use attributes::{Architecture, Attributes, BootMode, OsType, UnknownWord};
pub use cause::Cause;
pub use copy::{CopyEvent, CopyState, DiskDigests, IllegalMove};
pub use digest::{Digest, InvalidDigest};
pub use encryption::{DomainName, EncryptionKeyId, KeyRingKind, KeyState, Sealing};
pub use fault::Retry;
pub use field::{Field, FieldRefusal};
pub use forecast::{LinkSpeed, SpeedKnown, bytes_left, is_late, promised_left};
pub use ids::{
    AccessKeyId, AccountId, CopyId, ID_CHARACTERS, ImageId, InstanceId, InvalidId, RegionId,
    SnapshotId, TaskId, TicketId, UserId,
};
pub use image::{Deprecation, DiskRole, DiskSpec, ImageStatus, MAX_DATA_DISKS, Standing};
pub use image_search::{Direction, ImageOrder, ImageSearch, ImageSort, PageOf};
pub use instance::InstanceDisk;
pub use kind::{ImageKind, Storage};
pub use link::{
    Holding, LinkChange, LinkLimit, LinkSetting, MAX_LINK_LIMIT, MIN_LINK_LIMIT, Pause,
};
pub use local_file::{FileName, FileProblem};
pub use meter::{
    Amount, Currency, DayTraffic, ESTIMATED_HOURS, InvalidMoney, Meter, Metered, Price, Rate,
    StorageSpan, Stretch, judge_rate, rate_on, storage_lines, stretches, traffic_lines,
};
pub use month::{Day, InvalidDate, Month};
pub use object::{BucketName, DiskFormat, HIDDEN_PREFIX, ObjectName, ObjectPrefix};
pub use origin::{Origin, copied_description};
pub use particulars::{MAX_PARTICULARS, Particulars};
pub use profile::{Again, Border, InvalidProfile, MAX_IMAGES, NameRule, OriginNote, Profile};
pub use progress::{Phase, Progress, QueuePlace};
pub use quota::{Quota, QuotaKind};
pub use rejection::{AccountRejection, DeadlineRejection, EncryptionKeyRejection, Rejection};
pub use road::{Promise, Road};
pub use schedule::{
    InvalidWindow, MAX_WINDOWS, Schedule, Scheduled, Window, WindowRule, read_rate,
};
pub use search::{Copying, NamePattern, Sharing, TagWanted, Usage};
pub use size::SizeBytes;
pub use snapshot::{DiskKind, Purpose, SnapshotStanding};
pub use tagged::{TagKeys, Tagged, TaggedKind};
pub use tags::{MAX_TAGS, TagKey, TagValue, Tags, wanted_tags};
pub use task::{TaskAction, TaskFailure, TaskState};
pub use text::{ClientToken, Description, Family, Name, Platform, Remark, SnapshotName};
pub use ticket::{TicketFacts, TicketNeed, TicketState, Zone};
pub use time::{Clock, Timestamp};
pub use urgency::{
    AGEING_MS, Deadline, DeadlineStanding, MAX_DEADLINE_SECS, NoPromise, Priority, Urgency,
};
