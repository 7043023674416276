//! The JSON between regions, and its parsing into the model's types.

use model::{
    Attributes, ClientToken, Description, DiskRole, Family, Field, FieldRefusal, LinkSpeed, Name,
    NameRule, Particulars, Platform, Price, Rate, Rejection, Sealing, SizeBytes, SnapshotName,
    Urgency,
};
use region::{
    Accepted, Approval, Cargo, CopyOffer, Estimate, Held, HeldDisk, HoldRequest, OfferedDisk,
    SealedSource, Seen, SnapshotCargo, Standing,
};
use serde::{Deserialize, Serialize};
use store::IdKey;

use super::PeerSecret;
use super::rejection::WireRejection;
use super::urgency::UrgencyWire;
use crate::native::wire::TagMap;

/// A value from a peer that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the peer's `{name}` is refused: {reason}")]
pub(super) struct Malformed {
    pub(super) name: &'static str,
    pub(super) reason: String,
}

impl Malformed {
    pub(super) fn new(name: &'static str, reason: impl ToString) -> Self {
        Malformed { name, reason: crate::refusal::shortened(&reason.to_string()) }
    }
}

pub(super) fn read<T: std::str::FromStr<Err: ToString>>(
    name: &'static str,
    text: &str,
) -> Result<T, Malformed> {
    text.parse().map_err(|error: T::Err| Malformed::new(name, error.to_string()))
}

pub(super) fn checked<T>(name: &'static str, value: Result<T, Rejection>) -> Result<T, Malformed> {
    value.map_err(|rejection| Malformed::new(name, rejection))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfferWire {
    copy: String,
    account: String,
    user: Option<String>,
    source: String,
    pub(super) target: String,
    image: String,
    name: String,
    description: String,
    architecture: String,
    os_type: String,
    platform: String,
    boot_mode: String,
    /// Left out where there is none, as a peer of an older version does not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    family: Option<String>,
    /// The same.
    #[serde(default, skip_serializing_if = "TagMap::is_empty")]
    particulars: TagMap,
    tags: TagMap,
    disks: Vec<OfferedDiskWire>,
    sealed: Option<SealedSourceWire>,
    sealing: SealingWire,
    /// Absent where it is as most are, as from a peer that does not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    urgency: Option<UrgencyWire>,
    unique_name: bool,
    /// Absent where an image is copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    snapshot: Option<SnapshotCargoWire>,
    approval: ApprovalWire,
    token: Option<TokenWire>,
    request_id: String,
}

/// A snapshot that is copied alone.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotCargoWire {
    snapshot: String,
    name: String,
    disk: u8,
    made_for: String,
}

impl SnapshotCargoWire {
    fn of(cargo: &Cargo) -> Option<Self> {
        match cargo {
            Cargo::Image => None,
            Cargo::Snapshot(cargo) => Some(SnapshotCargoWire {
                snapshot: cargo.snapshot.to_string(),
                name: cargo.name.to_string(),
                disk: cargo.role.number(),
                made_for: cargo.made_for.to_string(),
            }),
        }
    }

    fn parse(&self) -> Result<Cargo, Malformed> {
        Ok(Cargo::Snapshot(Box::new(SnapshotCargo {
            snapshot: read("snapshot.snapshot", &self.snapshot)?,
            name: checked("snapshot.name", SnapshotName::new(&self.name))?,
            role: checked("snapshot.disk", DiskRole::at(usize::from(self.disk)))?,
            made_for: read("snapshot.made_for", &self.made_for)?,
        })))
    }
}

/// The id key is wrapped under the peers' secret ([`super::id_key`]).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedSourceWire {
    key: String,
    id_key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SealingWire {
    AsSource,
    Plain,
    DefaultKey,
    Key(String),
}

impl From<&Sealing> for SealingWire {
    fn from(sealing: &Sealing) -> Self {
        match sealing {
            Sealing::AsSource => SealingWire::AsSource,
            Sealing::Plain => SealingWire::Plain,
            Sealing::DefaultKey => SealingWire::DefaultKey,
            Sealing::Key(key) => SealingWire::Key(key.to_string()),
        }
    }
}

impl SealingWire {
    fn parse(&self) -> Result<Sealing, Malformed> {
        Ok(match self {
            SealingWire::AsSource => Sealing::AsSource,
            SealingWire::Plain => Sealing::Plain,
            SealingWire::DefaultKey => Sealing::DefaultKey,
            SealingWire::Key(key) => Sealing::Key(read("sealing", key)?),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ApprovalWire {
    NotNeeded,
    Ticket(String),
    Missing(Box<WireRejection>),
}

impl From<&Approval> for ApprovalWire {
    fn from(approval: &Approval) -> Self {
        match approval {
            Approval::NotNeeded => ApprovalWire::NotNeeded,
            Approval::Ticket(ticket) => ApprovalWire::Ticket(ticket.to_string()),
            Approval::Missing(why) => ApprovalWire::Missing(Box::new(WireRejection::from(&**why))),
        }
    }
}

impl ApprovalWire {
    fn parse(self) -> Result<Approval, Malformed> {
        Ok(match self {
            ApprovalWire::NotNeeded => Approval::NotNeeded,
            ApprovalWire::Ticket(ticket) => Approval::Ticket(read("approval", &ticket)?),
            ApprovalWire::Missing(why) => Approval::Missing(Box::new(why.parse()?)),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfferedDiskWire {
    size_bytes: u64,
    digest: String,
    snapshot: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenWire {
    token: String,
    fingerprint: String,
}

impl OfferWire {
    pub(super) fn new(offer: &CopyOffer, secret: &PeerSecret) -> Self {
        let disk = |disk: &OfferedDisk| OfferedDiskWire {
            size_bytes: disk.size.bytes(),
            digest: disk.digest.to_string(),
            snapshot: disk.snapshot.to_string(),
        };
        OfferWire {
            copy: offer.copy.to_string(),
            account: offer.account.to_string(),
            user: offer.user.as_ref().map(ToString::to_string),
            source: offer.source.to_string(),
            target: offer.target.to_string(),
            image: offer.image.to_string(),
            name: offer.name.to_string(),
            description: offer.description.to_string(),
            architecture: offer.attributes.architecture.to_string(),
            os_type: offer.attributes.os_type.to_string(),
            platform: offer.attributes.platform.to_string(),
            boot_mode: offer.attributes.boot_mode.to_string(),
            family: offer.family.as_ref().map(ToString::to_string),
            particulars: TagMap::from(&offer.particulars),
            tags: TagMap::from(&offer.tags),
            disks: offer.disks.iter().map(disk).collect(),
            sealed: offer.sealed.as_ref().map(|sealed| SealedSourceWire {
                key: sealed.key.to_string(),
                id_key: secret.wrap_id_key(&sealed.id_key),
            }),
            sealing: SealingWire::from(&offer.sealing),
            urgency: UrgencyWire::of(offer.urgency),
            snapshot: SnapshotCargoWire::of(&offer.cargo),
            unique_name: offer.names == NameRule::Unique,
            approval: ApprovalWire::from(&offer.approval),
            token: offer.token.as_ref().map(|(token, fingerprint)| TokenWire {
                token: token.to_string(),
                fingerprint: hex::encode(fingerprint),
            }),
            request_id: offer.request_id.clone(),
        }
    }
}

impl OfferWire {
    pub(super) fn parse(self, secret: &PeerSecret) -> Result<CopyOffer, Malformed> {
        let request_id = crate::RequestId::given(&self.request_id);
        let request_id =
            request_id.ok_or_else(|| Malformed::new("request_id", "it has not the form of one"))?;
        Ok(CopyOffer {
            copy: read("copy", &self.copy)?,
            account: read("account", &self.account)?,
            user: self.user.as_deref().map(|user| read("user", user)).transpose()?,
            source: read("source", &self.source)?,
            target: read("target", &self.target)?,
            image: read("image", &self.image)?,
            cargo: match self.snapshot {
                None => Cargo::Image,
                Some(_) if self.disks.len() != 1 => {
                    return Err(Malformed::new("disks", "a snapshot is one disk"));
                }
                Some(snapshot) => snapshot.parse()?,
            },
            name: checked("name", Name::new(&self.name))?,
            description: checked("description", Description::new(&self.description))?,
            attributes: Attributes {
                architecture: read("architecture", &self.architecture)?,
                os_type: read("os_type", &self.os_type)?,
                platform: checked("platform", Platform::new(&self.platform))?,
                boot_mode: read("boot_mode", &self.boot_mode)?,
            },
            family: checked("family", self.family.as_deref().map(Family::new).transpose())?,
            particulars: checked("particulars", Particulars::new(self.particulars.0))?,
            tags: checked("tags", self.tags.into_tags())?,
            disks: parse_disks(&self.disks)?,
            sealed: self.sealed.as_ref().map(|sealed| sealed.parse(secret)).transpose()?,
            sealing: self.sealing.parse()?,
            urgency: match &self.urgency {
                None => Urgency::default(),
                Some(urgency) => urgency.parse()?,
            },
            names: if self.unique_name { NameRule::Unique } else { NameRule::Free },
            approval: self.approval.parse()?,
            token: self.token.as_ref().map(TokenWire::parse).transpose()?,
            request_id: request_id.as_str().to_owned(),
        })
    }
}

impl SealedSourceWire {
    fn parse(&self, secret: &PeerSecret) -> Result<SealedSource, Malformed> {
        Ok(SealedSource {
            key: read("sealed.key", &self.key)?,
            id_key: unwrapped(secret, &self.id_key)?,
        })
    }
}

fn unwrapped(secret: &PeerSecret, wrapped: &str) -> Result<IdKey, Malformed> {
    let id_key = secret.unwrap_id_key(wrapped);
    id_key.ok_or_else(|| Malformed::new("id_key", "it does not open under the peers' secret"))
}

fn parse_disks(disks: &[OfferedDiskWire]) -> Result<Vec<OfferedDisk>, Malformed> {
    if disks.is_empty() {
        return Err(Malformed::new("disks", Rejection::field(Field::Disks, FieldRefusal::Empty)));
    }
    let parse = |(index, disk): (usize, &OfferedDiskWire)| {
        checked("disks", DiskRole::at(index))?;
        Ok(OfferedDisk {
            size: checked("size_bytes", SizeBytes::new(disk.size_bytes))?,
            digest: read("digest", &disk.digest)?,
            snapshot: read("snapshot", &disk.snapshot)?,
        })
    };
    disks.iter().enumerate().map(parse).collect()
}

impl TokenWire {
    fn parse(&self) -> Result<(ClientToken, [u8; 32]), Malformed> {
        let mut fingerprint = [0; 32];
        hex::decode_to_slice(&self.fingerprint, &mut fingerprint)
            .map_err(|error| Malformed::new("fingerprint", error))?;
        Ok((checked("token", ClientToken::new(&self.token))?, fingerprint))
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct AcceptedWire {
    copy: String,
    image: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    snapshot: Option<String>,
    again: bool,
}

impl From<Accepted> for AcceptedWire {
    fn from(accepted: Accepted) -> Self {
        let again = accepted.seen == Seen::Again;
        AcceptedWire {
            copy: accepted.copy.to_string(),
            image: accepted.image.to_string(),
            snapshot: accepted.snapshot.map(|snapshot| snapshot.to_string()),
            again,
        }
    }
}

impl AcceptedWire {
    pub(super) fn parse(self) -> Result<Accepted, Malformed> {
        let seen = if self.again { Seen::Again } else { Seen::First };
        Ok(Accepted {
            copy: read("copy", &self.copy)?,
            image: read("image", &self.image)?,
            snapshot: self.snapshot.as_deref().map(|id| read("snapshot", id)).transpose()?,
            seen,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct QuotaWire {
    kind: String,
    limit: u64,
    used: u64,
    reserved: u64,
}

impl From<model::Quota> for QuotaWire {
    fn from(quota: model::Quota) -> Self {
        let model::Quota { kind, limit, used, reserved } = quota;
        QuotaWire { kind: kind.to_string(), limit, used, reserved }
    }
}

impl QuotaWire {
    pub(super) fn parse(&self) -> Result<model::Quota, Malformed> {
        let QuotaWire { limit, used, reserved, .. } = *self;
        Ok(model::Quota { kind: read("kind", &self.kind)?, limit, used, reserved })
    }
}

#[derive(Serialize, Deserialize)]
struct RateWire {
    from: String,
    currency: String,
    micros: u64,
}

impl From<Rate> for RateWire {
    fn from(Rate { from, currency, price }: Rate) -> Self {
        let (from, currency) = (from.to_string(), currency.to_string());
        RateWire { from, currency, micros: price.micros() }
    }
}

impl RateWire {
    fn parse(&self) -> Result<Rate, Malformed> {
        Ok(Rate {
            from: read("rate.from", &self.from)?,
            currency: read("rate.currency", &self.currency)?,
            price: checked("rate.micros", Price::from_micros(self.micros))?,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct EstimateWire {
    bytes_to_send: u64,
    bytes_reused: u64,
    stored_bytes: u64,
    speed_known: String,
    bytes_per_sec: Option<u64>,
    seconds: Option<u64>,
    copies_ahead: u64,
    bytes_ahead: Option<u64>,
    traffic_rate: RateWire,
    storage_rate: RateWire,
    images: QuotaWire,
    snapshots: QuotaWire,
    disks: u64,
}

impl From<Estimate> for EstimateWire {
    fn from(estimate: Estimate) -> Self {
        EstimateWire {
            bytes_to_send: estimate.bytes_to_send,
            bytes_reused: estimate.bytes_reused,
            stored_bytes: estimate.stored_bytes,
            speed_known: estimate.speed.known.to_string(),
            bytes_per_sec: estimate.speed.bytes_per_sec,
            seconds: estimate.seconds,
            copies_ahead: estimate.copies_ahead,
            bytes_ahead: estimate.bytes_ahead,
            traffic_rate: estimate.traffic_rate.into(),
            storage_rate: estimate.storage_rate.into(),
            images: estimate.images.into(),
            snapshots: estimate.snapshots.into(),
            disks: estimate.disks,
        }
    }
}

impl EstimateWire {
    pub(super) fn parse(self) -> Result<Estimate, Malformed> {
        Ok(Estimate {
            bytes_to_send: self.bytes_to_send,
            bytes_reused: self.bytes_reused,
            stored_bytes: self.stored_bytes,
            speed: LinkSpeed {
                known: read("speed_known", &self.speed_known)?,
                bytes_per_sec: self.bytes_per_sec,
            },
            seconds: self.seconds,
            copies_ahead: self.copies_ahead,
            bytes_ahead: self.bytes_ahead,
            traffic_rate: self.traffic_rate.parse()?,
            storage_rate: self.storage_rate.parse()?,
            images: self.images.parse()?,
            snapshots: self.snapshots.parse()?,
            disks: self.disks,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HoldWire {
    copy: String,
    account: String,
    image: String,
    target: String,
}

impl From<&HoldRequest> for HoldWire {
    fn from(request: &HoldRequest) -> Self {
        HoldWire {
            copy: request.copy.to_string(),
            account: request.account.to_string(),
            image: request.image.to_string(),
            target: request.target.to_string(),
        }
    }
}

impl HoldWire {
    pub(super) fn parse(self) -> Result<HoldRequest, Malformed> {
        Ok(HoldRequest {
            copy: read("copy", &self.copy)?,
            account: read("account", &self.account)?,
            image: read("image", &self.image)?,
            target: read("target", &self.target)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct HeldWire {
    disks: Vec<HeldDiskWire>,
    id_key: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct HeldDiskWire {
    digest: String,
    places: u64,
}

impl HeldWire {
    pub(super) fn new(held: Held, secret: &PeerSecret) -> Self {
        let disk =
            |disk: HeldDisk| HeldDiskWire { digest: disk.digest.to_string(), places: disk.places };
        let id_key = held.id_key.map(|id_key| secret.wrap_id_key(&id_key));
        HeldWire { disks: held.disks.into_iter().map(disk).collect(), id_key }
    }

    pub(super) fn parse(self, secret: &PeerSecret) -> Result<Held, Malformed> {
        let disk = |(index, disk): (usize, &HeldDiskWire)| {
            checked("disks", DiskRole::at(index))?;
            Ok(HeldDisk { digest: read("digest", &disk.digest)?, places: disk.places })
        };
        let id_key =
            self.id_key.as_deref().map(|wrapped| unwrapped(secret, wrapped)).transpose()?;
        let disks = self.disks.iter().enumerate().map(disk).collect::<Result<_, _>>()?;
        Ok(Held { disks, id_key })
    }
}

/// A copy's id alone.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CopyWire {
    pub(super) copy: String,
}

/// How a copy stands.
#[derive(Copy, Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StandingWire {
    Unknown,
    Live,
    Ended,
}

impl From<Standing> for StandingWire {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Unknown => StandingWire::Unknown,
            Standing::Live => StandingWire::Live,
            Standing::Ended => StandingWire::Ended,
        }
    }
}

impl From<StandingWire> for Standing {
    fn from(standing: StandingWire) -> Self {
        match standing {
            StandingWire::Unknown => Standing::Unknown,
            StandingWire::Live => Standing::Live,
            StandingWire::Ended => Standing::Ended,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct MeasuredWire {
    pub(super) bytes: u64,
}

/// Why a region did not do what a peer asked.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefusedWire {
    /// Understood and refused.
    Rejection(WireRejection),
    /// It failed.
    Fault {
        /// In its words, shortened.
        reason: String,
    },
}
