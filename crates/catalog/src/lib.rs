//! Durable rows on SQLite, the chunk index included. It must not decide a business question or touch chunk
//! bytes.
//!
//! One file per aggregate: its row, its SQL, its round-trip tests. [`Catalog::begin`] gives the one writer, [`Catalog::read`]
//! a snapshot; every method of [`Tx`] is one or a few statements inside that transaction. No type of the database library
//! is in a public signature, so that PostgreSQL can come beside SQLite.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod access_key;
mod account_name;
mod account_number;
mod accounts;
mod alike;
mod answers;
mod audit;
mod check;
mod copy;
mod copy_batch;
mod copy_change;
mod copy_choice;
mod copy_claim;
#[cfg(test)]
mod copy_claim_tests;
mod copy_history;
mod damage;
mod database;
mod encryption_key;
mod export_trace;
mod family;
mod fault;
mod hold;
mod image;
mod image_condition;
mod image_disk;
mod image_search;
#[cfg(test)]
mod image_search_conditions;
mod image_search_order;
#[cfg(test)]
mod image_search_plans;
#[cfg(test)]
mod image_search_tests;
#[cfg(test)]
mod image_search_world;
mod image_tally;
#[cfg(test)]
mod image_tally_tests;
mod import;
pub mod index;
mod instance;
mod link_setting;
mod local_file;
mod migration;
mod nonce_recorder;
mod nonces;
mod outcome;
mod page;
#[cfg(test)]
mod plans;
mod promised_snapshot;
mod queue;
mod queue_place;
mod quota;
mod rate;
mod readers;
#[cfg(test)]
mod sample;
mod session;
mod share;
mod sign_in_link;
mod snapshot;
mod snapshot_search;
mod statement;
mod storage_span;
mod stored;
mod tag_search;
mod tags;
mod task;
mod ticket;
mod token;
mod traffic;
mod tx;
mod user;
mod visible;

pub use access_key::{AccessKeyRow, SignInRow};
pub use accounts::{AccountRow, AccountsCatalog};
pub use alike::AlikeWanted;
pub use answers::{MAX_ANSWER_BYTES, StoredAnswer};
pub use audit::{AuditChain, AuditEntry, AuditFilter, AuditRow};
pub use copy::{CopyContents, CopyFilter, CopyRow, Live};
pub use copy_batch::{BatchMember, BatchStanding, CopyBatchRow};
pub use copy_claim::ClaimLimits;
pub use copy_history::{CopyAttemptRow, CopySampleRow, MAX_ATTEMPTS_KEPT, MAX_SAMPLES};
pub use encryption_key::{EncryptionKeyRow, KeyUse, KeyVersionRow};
pub use export_trace::ExportTrace;
pub use fault::CatalogFault;
pub use hold::{HeldImage, HoldRow, HoldStanding};
pub use image::{ImageFilter, ImageRow};
pub use image_disk::ImageDiskRow;
pub use image_search::Moment;
pub use import::{ImportRow, ImportSource};
pub use index::{IndexOptions, SqliteIndex};
pub use instance::{InstanceFilter, InstanceRow};
pub use link_setting::{LinkSettingRow, PausedLinks};
pub use local_file::LocalFileRow;
pub use nonces::{NonceSeen, Nonces};
pub use outcome::{Deleted, Ensured, Inserted, Released, Reserved, Updated};
pub use page::Page;
pub use promised_snapshot::PromisedSnapshotRow;
pub use queue::{LinkDepth, LiveCopy, PromisedCopy};
pub use rate::RateRow;
pub use session::{SessionAges, SessionOfRow, SessionRow};
pub use share::ShareRow;
pub use sign_in_link::SignInLinkRow;
pub use snapshot::SnapshotRow;
pub use snapshot_search::{Copied, FoundSnapshot, SnapshotFilter};
pub use tag_search::{TagCountRow, TagFilter, TagRow};
pub use task::{TaskFilter, TaskObjectRow, TaskRow};
pub use ticket::{SpentTicket, TicketFilter, TicketRow, TicketTargetRow};
pub use token::{TokenClaim, TokenRow};
pub use tx::{Catalog, Tx};
pub use user::UserRow;
pub use visible::SharedImage;
