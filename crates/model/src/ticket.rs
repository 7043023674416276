//! Tickets: a request for an approval, and its answer (R000-7, R003-2).

use std::fmt;
use std::str::FromStr;

use crate::UnknownWord;
use crate::attributes::words;
use crate::ids::RegionId;
use crate::time::Timestamp;

words!(
    /// How a ticket stands. One that was approved can still be spent or have run out; both are told from its rows.
    TicketState, "`open`, `approved`, `refused`",
    /// Nobody has decided yet.
    Open = "open",
    /// An operator allows it, until a date.
    Approved = "approved",
    /// An operator refuses it.
    Refused = "refused",
);

/// Why a copy needs an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketNeed {
    /// The image is larger than copies may be without one (R000-7).
    Size {
        /// The image's virtual size, all disks together.
        size_bytes: u64,
        /// The most without an approval.
        limit_bytes: u64,
    },
    /// The regions are in different border zones (R003-2).
    Border {
        /// The source region's zone.
        from: Zone,
        /// The target region's zone.
        to: Zone,
    },
}

impl fmt::Display for TicketNeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TicketNeed::Size { size_bytes, limit_bytes } => write!(
                f,
                "its size of {size_bytes} bytes is above the {limit_bytes} that are copied without an approval"
            ),
            TicketNeed::Border { from, to } => {
                write!(f, "it crosses the border from zone `{from}` to zone `{to}`")
            }
        }
    }
}

/// A border zone of regions: 1 to 32 characters of `a-z0-9-`. Regions without one are in the zone `default`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Zone(String);

impl Zone {
    /// The zone's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Zone {
    fn default() -> Self {
        Zone("default".to_owned())
    }
}

impl FromStr for Zone {
    type Err = crate::ids::InvalidId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=32).contains(&text.len()) && text.bytes().all(legal) {
            Ok(Zone(text.to_owned()))
        } else {
            Err(crate::ids::InvalidId::new(text, "a zone (1 to 32 characters of a-z0-9-)"))
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is known of the newest ticket that covers a copy into one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketFacts {
    /// Which ticket.
    pub ticket: crate::ids::TicketId,
    /// How it stands.
    pub state: TicketState,
    /// Until when an approval counts; none while undecided or refused.
    pub until: Option<Timestamp>,
    /// The copy that its approval for this target was spent on.
    pub spent_on: Option<crate::ids::CopyId>,
    /// The target it covers.
    pub target: RegionId,
}
