//! Use cases, the copy driver and the links between regions.
//!
//! A command gathers facts, lets `model` decide, and records in one transaction. The driver loads a copy, takes one step,
//! acts and records. It must not know HTTP, JSON, a dialect or SQL text.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod accept;
mod accept_together;
mod accounts;
mod alike;
mod answers;
mod audit;
mod batches;
mod buckets;
mod carriage;
mod carriers;
mod check;
mod commands;
mod conversion;
mod copies;
mod copies_together;
mod copy_history;
mod create_image;
mod deadlines;
mod departure;
mod deployment;
mod disk_files;
mod domains;
mod driver;
mod encryption_keys;
mod entropy;
mod estimate;
mod estimates_together;
mod export;
mod export_traces;
mod exports;
mod fan_out;
mod fetching;
mod figures;
mod file_imports;
mod holds;
mod housekeeping;
mod image_counts;
mod image_search;
mod image_views;
mod images;
mod imports;
mod instances;
mod jobs;
mod keyring;
mod keys;
mod links;
mod local_images;
mod maintenance;
mod meters;
mod object_imports;
mod objective;
mod offered;
mod parcels;
mod peer;
mod profiles;
mod publishing;
mod quotas;
mod rates;
mod refused;
mod region;
mod request;
mod sealing;
mod sessions;
mod sharing;
mod signed;
mod snapshot_copies;
mod snapshots;
mod steps;
mod tags;
mod tasks;
#[cfg(any(test, feature = "test-support"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod tickets;
mod unwind;
mod usage;
mod users;
mod views;
mod visibility;
mod watch;

pub use accounts::{AccountView, PageQuery};
pub use alike::{AlikeTo, AlikeView, Likeness, MAX_ALIKE};
pub use audit::{AuditQuery, AuditView, TrailStanding};
pub use catalog::StoredAnswer;
pub use commands::{
    BeginImport, Caller, ConvertImage, CopyImage, CopyQuery, CopySelection, Cursor, Direction,
    EditImage, Found, ImageOrder, ImageQuery, ImageSearch, ImageSort, Intent, Listed, PageOf,
    RegisterImage, SnapshotQuery, SnapshotSelection, SnapshotsOfImage,
};
pub use copy_history::{AttemptView, RateSample};
pub use create_image::{CreateImage, DiskOfSnapshot};
pub use deadlines::DeadlineView;
pub use deployment::{Accounts, Deployment, MasterKey, RegionPlace, RegionView, RemoteRegion};
pub use encryption_keys::EncryptionKeyView;
pub use entropy::{Entropy, SystemClock, SystemEntropy};
pub use estimates_together::TargetTotal;
pub use export::FrameStream;
pub use exports::{ExportImage, ExportedDisks};
pub use figures::Figures;
pub use image_counts::ImageCounts;
pub use instances::{InstanceSearch, MAX_INSTANCES, RunInstances};
pub use keyring::{EmbeddedKeyRing, KeyRefused, KeyRing, KeyRingFault, NewDataKey};
pub use keys::{KeyCreated, KeyView};
pub use links::LinkView;
pub use maintenance::Scrub;
pub use meters::{AVAILABLE_WITHIN_SECS, TimesToAvailable};
pub use model::{ImageAction, SnapshotAction};
pub use object_imports::{DiskObject, ImportObjects};
pub use offered::{offered, offered_deprecation, offered_for_snapshot};
pub use peer::{
    Accepted, Approval, Cargo, CopyOffer, FetchScope, Held, HeldDisk, HoldRequest, IdSpace,
    OfferedDisk, PeerFault, PeerFrames, PeerParcel, PeerRefused, PeerRegion, RelayRequest,
    SealedSource, Seen, Serving, ServingQuestion, SnapshotCargo, Standing, TargetRoom, Withdrawal,
};
pub use profiles::{NATIVE, ProfileRefused, Profiles};
pub use rates::RateView;
pub use refused::{Refused, RegionFault};
pub use region::{DriverMode, Foundations, Region, RegionOptions};
pub use request::{Estimate, ImageAnswer, TargetAnswer, TargetEstimate};
pub use sessions::{SessionOpened, SessionView, SignInLink};
pub use signed::{SignedRefused, SignedRequest};
pub use snapshot_copies::{CopySnapshot, SnapshotPromised};
pub use snapshots::SnapshotSearch;
pub use tags::{TagCount, TagCountSearch, TagLine, TagSearch};
pub use tasks::{TaskObject, TaskSearch, TaskView};
pub use tickets::{
    DecideTicket, OpenTicket, TicketQuery, TicketSelection, TicketTarget, TicketView,
};
pub use usage::{UsageLine, Whose};
pub use users::{NewUser, UserChange, UserView};
pub use views::{CopyView, DiskView, ImageView, InstanceView, ShareView, SnapshotView, Verified};
pub use watch::Foretold;
