//! Copies: asked for, estimated, and seen.

use model::{
    ClientToken, Deadline, Description, ImageId, Name, Particulars, Priority, Profile, Sealing,
    Urgency,
};
use region::{CopyImage, CopyView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Costs, Failure, Problem, QuotaEffect, TagMap, rfc3339};
use crate::refusal::{BadRequest, Refusal};

/// A copy into the region that answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Copy {
    /// Its id.
    #[schema(example = "copy-abcdefghijklmnopqrst")]
    pub id: String,
    /// The target region.
    pub region: String,
    /// The target image; where a snapshot alone is copied, an id that nothing else has.
    pub image: String,
    /// The snapshot that it makes, where one alone is copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// The source region.
    pub source_region: String,
    /// The source image; where a snapshot alone is copied, an id that nothing else has.
    pub source_image: String,
    /// `queued`, `held`, `stored`, `published`, `done`, `unwinding` or `ended`.
    pub state: String,
    /// `waiting`, `copying_snapshots`, `registering`, `done`, `cancelling`, `cancelled` or `failed`.
    pub phase: String,
    /// The same word as `phase`.
    pub status: String,
    /// Percent; 100 if and only if the image is available.
    pub progress: u8,
    /// Chunks that are here and durable, counted once for each place on a disk.
    pub places_done: u64,
    /// Chunks needed; 0 while unknown.
    pub places_needed: u64,
    /// Disks of the image.
    pub disks: u64,
    /// Disks that are wholly here.
    pub disks_done: u64,
    /// Bytes that crossed the link for it.
    pub bytes_sent: u64,
    /// Bytes of disk that the target held already.
    pub bytes_reused: u64,
    /// Bytes a second just now; absent while nothing moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_sec: Option<u64>,
    /// Seconds to go; absent while unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u64>,
    /// The key of the target region that it seals with; absent where it stays plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_key: Option<String>,
    /// Its place in the queue, 1 is next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_place: Option<u64>,
    /// Whether it waits because its link is paused; it goes on by itself once the link runs again.
    #[serde(default)]
    pub paused: bool,
    /// Until when a window of the link pauses it; absent where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<String>,
    /// `low`, `normal` or `high`.
    #[serde(default = "normal")]
    pub priority: String,
    /// Until when its image is to be available; absent where it has no deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// How it stands with that: `promised`, `at_risk`, `met`, `missed`, or `void` where it ended before without an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_standing: Option<String>,
    /// Whether it takes, or took, longer than the region promises.
    #[serde(default)]
    pub late: bool,
    /// Attempts in a row without progress.
    pub attempts: u32,
    /// When the next attempt begins, where one failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<String>,
    /// Why the last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why it ended without an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// When it was accepted.
    pub created: String,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
}

fn normal() -> String {
    Priority::Normal.to_string()
}

impl Copy {
    /// Whether nothing more will change but, for a moment, the release of the source.
    pub fn is_settled(&self) -> bool {
        matches!(self.phase.as_str(), "done" | "cancelled" | "failed")
    }
}

/// Copy an image to other regions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyRequest {
    /// The target regions, at most 100, each once.
    pub targets: Vec<String>,
    /// The name in the targets; else the source's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The description in the targets; else the source's. Where it came from is noted behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The tags in the targets; else the source's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<TagMap>,
    /// Whether the copies are encrypted; else as the source is. Without a key, with the account's default key in each
    /// target. An encrypted image is not made plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// The key of the target region to encrypt with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_key: Option<String>,
    /// How urgent the copies are: `low`, `normal` (the default) or `high`. It weighs among the copies of the account, and says
    /// which of those that wait go first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    /// How long each copy may take from its promise on, in seconds, at most 30 days: promised, or refused with the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_secs: Option<u64>,
    /// Only says what it would cost.
    #[serde(default)]
    pub dry_run: bool,
}

/// A copy that was promised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CopyPromised {
    /// The target region.
    pub target: String,
    /// The copy.
    pub copy: String,
    /// The target image.
    pub image: String,
    /// Whether an earlier request with this idempotency key did it.
    pub replayed: bool,
}

/// A target that refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TargetRefused {
    /// The target region.
    pub target: String,
    /// Why.
    pub problem: Problem,
}

/// What one target answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum CopyResult {
    /// It promised the copy.
    Promised(CopyPromised),
    /// It refused.
    Refused(TargetRefused),
}

/// What the targets answered, in the order they were named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CopyAnswer {
    /// One per target.
    pub results: Vec<CopyResult>,
}

/// What a copy would cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Estimated {
    /// The target region.
    pub target: String,
    /// Bytes that would cross the link.
    pub bytes_to_send: u64,
    /// Bytes of disk that the target holds already.
    pub bytes_reused: u64,
    /// Bytes that its snapshots would be metered with.
    pub bytes_stored: u64,
    /// Seconds that these bytes and those ahead of them would take; absent while the link's speed is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// The link's speed that this assumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_sec: Option<u64>,
    /// How that is known: `limit`, `measured` of late, or `unknown`.
    pub speed_known: String,
    /// The account's copies that would run or wait before it.
    pub copies_ahead: u64,
    /// Bytes that those of them on the same link still bring; absent while that is not known of each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_ahead: Option<u64>,
    /// The account's quotas in the target, before and after.
    pub quotas: Vec<QuotaEffect>,
    /// What it would cost by today's rates.
    pub costs: Costs,
    /// What must happen before the copy may begin, as an approval; absent where nothing must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<Box<Problem>>,
}

/// What one target would answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum EstimateResult {
    /// It would take the copy.
    Estimated(Estimated),
    /// It would refuse.
    Refused(TargetRefused),
}

/// What the targets would answer, in the order they were named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EstimateAnswer {
    /// One per target.
    pub results: Vec<EstimateResult>,
}

impl From<CopyView> for Copy {
    fn from(view: CopyView) -> Self {
        Copy {
            id: view.id.to_string(),
            region: view.region.to_string(),
            image: view.image.to_string(),
            snapshot: view.snapshot.map(|snapshot| snapshot.to_string()),
            source_region: view.source_region.to_string(),
            source_image: view.source_image.to_string(),
            state: view.state.to_owned(),
            phase: view.phase.to_string(),
            status: view.phase.to_string(),
            progress: view.percent,
            places_done: view.progress.done,
            places_needed: view.progress.needed,
            disks: view.disks,
            disks_done: view.disks_done,
            bytes_sent: view.bytes_sent,
            bytes_reused: view.bytes_reused,
            bytes_per_sec: view.bytes_per_sec,
            seconds_left: view.seconds_left,
            queue_place: view.queue_place,
            encryption_key: view.encryption_key.map(|key| key.to_string()),
            paused: view.is_paused,
            paused_until: view.paused_until.map(rfc3339),
            priority: view.priority.to_string(),
            deadline: view.deadline.map(|deadline| rfc3339(deadline.at)),
            deadline_standing: view.deadline.map(|deadline| deadline.standing.to_string()),
            late: view.is_late,
            attempts: view.attempts,
            next_attempt: view.next_attempt.map(rfc3339),
            reason: view.reason,
            failure: view.failure.as_ref().map(Failure::from),
            created: rfc3339(view.created),
            finished: view.finished.map(rfc3339),
        }
    }
}

pub(super) fn sealing(encrypted: Option<bool>, key: Option<&str>) -> Result<Sealing, BadRequest> {
    match (encrypted, key) {
        (Some(false), Some(_)) => {
            Err(BadRequest::value("encryption_key", "it is given, and `encrypted` is false"))
        }
        (None | Some(true), Some(key)) => {
            let key = key.parse().map_err(|error| BadRequest::value("encryption_key", error))?;
            Ok(Sealing::Key(key))
        }
        (Some(true), None) => Ok(Sealing::DefaultKey),
        (Some(false), None) => Ok(Sealing::Plain),
        (None, None) => Ok(Sealing::AsSource),
    }
}

/// How soon copies are wanted, as a request says it.
pub(super) fn urgency(
    priority: Option<&str>,
    deadline_secs: Option<u64>,
) -> Result<Urgency, Refusal> {
    let priority = priority.map(str::parse).transpose();
    let priority = priority.map_err(|error| BadRequest::value("priority", error))?;
    let deadline = deadline_secs.map(Deadline::new).transpose()?;
    Ok(Urgency { priority: priority.unwrap_or_default(), deadline })
}

impl CopyRequest {
    pub(crate) fn into_command(
        self,
        image: ImageId,
        token: Option<ClientToken>,
    ) -> Result<CopyImage, Refusal> {
        let sealing = sealing(self.encrypted, self.encryption_key.as_deref())?;
        let urgency = urgency(self.priority.as_deref(), self.deadline_secs)?;
        let target =
            |text: String| text.parse().map_err(|error| BadRequest::value("targets", error));
        Ok(CopyImage {
            image,
            targets: self.targets.into_iter().map(target).collect::<Result<_, _>>()?,
            name: self.name.as_deref().map(Name::new).transpose()?,
            description: self.description.as_deref().map(Description::new).transpose()?,
            tags: self.tags.map(TagMap::into_tags).transpose()?,
            particulars: Particulars::default(),
            sealing,
            urgency,
            profile: Profile::native(),
            token,
        })
    }
}
