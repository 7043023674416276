//! Commands on tickets.

use std::fmt;
use std::str::FromStr;

use api::native::wire::from_rfc3339;
use clap::{Args, Subcommand, ValueEnum};
use model::{RegionId, Rejection, Remark, TicketId, Timestamp};

use super::values::ImageRef;

/// Commands on tickets: requests for an approval of copies that need one.
#[derive(Debug, Subcommand)]
pub enum TicketCommand {
    /// Ask for an approval to copy an image.
    Open(OpenArgs),
    /// List the tickets of a region, newest first.
    List(ListTicketsArgs),
    /// Show one ticket, with its answer and the copies that used it.
    Show(OneTicket),
    /// Approve a ticket: each of its targets may be copied to once. For operators.
    Approve(ApproveArgs),
    /// Refuse a ticket. For operators.
    Refuse(RefuseArgs),
}

/// A ticket in a region.
#[derive(Args, Debug)]
pub struct OneTicket {
    /// The ticket.
    pub ticket: TicketId,
    /// The region of its image; else it is looked for in all of them.
    #[arg(long)]
    pub region: Option<RegionId>,
}

/// `ticket open`.
#[derive(Args, Debug)]
pub struct OpenArgs {
    /// The image: its id, or its name where only one has it.
    pub image: ImageRef,
    /// The region it is in; else the profile's, else the first.
    #[arg(long, value_name = "REGION")]
    pub from: Option<RegionId>,
    /// The regions it is to be copied to.
    #[arg(long, value_name = "REGION", value_delimiter = ',', required = true)]
    pub to: Vec<RegionId>,
    /// Why.
    #[arg(long, value_name = "TEXT", value_parser = remark)]
    pub why: Remark,
}

/// `ticket list`.
#[derive(Args, Debug)]
pub struct ListTicketsArgs {
    /// The region; else the profile's, else the first.
    #[arg(long)]
    pub region: Option<RegionId>,
    /// Those of every account. For operators.
    #[arg(long)]
    pub all: bool,
    /// Only those that stand so.
    #[arg(long, value_enum)]
    pub state: Option<TicketStanding>,
    /// At most so many; else all.
    #[arg(long)]
    pub limit: Option<u64>,
}

/// `ticket approve`.
#[derive(Args, Debug)]
pub struct ApproveArgs {
    /// The ticket.
    #[command(flatten)]
    pub ticket: OneTicket,
    /// Until when a copy may begin: days from now, as `7`, or a date or time, as `2026-12-31`; at most 90 days.
    #[arg(long, value_name = "DATE|DAYS")]
    pub until: Until,
    /// An answer.
    #[arg(long, value_name = "TEXT", value_parser = remark)]
    pub answer: Option<Remark>,
}

/// `ticket refuse`.
#[derive(Args, Debug)]
pub struct RefuseArgs {
    /// The ticket.
    #[command(flatten)]
    pub ticket: OneTicket,
    /// Why not.
    #[arg(long, value_name = "TEXT", value_parser = remark)]
    pub answer: Remark,
}

/// How a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TicketStanding {
    /// Nobody has decided.
    Open,
    /// It was approved.
    Approved,
    /// It was refused.
    Refused,
}

impl TicketStanding {
    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            TicketStanding::Open => "open",
            TicketStanding::Approved => "approved",
            TicketStanding::Refused => "refused",
        }
    }
}

/// When an approval ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// So many days from now.
    Days(u16),
    /// At an instant.
    Instant(Timestamp),
}

/// A text that is neither a number of days, a date nor a time.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is neither days, as `7`, a date, as `2026-12-31`, nor a time, as `2026-12-31T12:00:00Z`"
)]
pub struct InvalidUntil(String);

impl Until {
    /// The instant, as seen at `now`.
    pub fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Until::Days(days) => now.plus_ms(i64::from(days) * 86_400_000),
            Until::Instant(instant) => instant,
        }
    }
}

impl FromStr for Until {
    type Err = InvalidUntil;

    fn from_str(text: &str) -> Result<Self, InvalidUntil> {
        if let Ok(days) = text.parse() {
            return Ok(Until::Days(days));
        }
        let instant = from_rfc3339(text);
        // A date alone is its beginning in UTC.
        let instant = instant.or_else(|_| from_rfc3339(&format!("{text}T00:00:00Z")));
        instant.map(Until::Instant).map_err(|_| InvalidUntil(text.to_owned()))
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Until::Days(days) => days.fmt(f),
            Until::Instant(instant) => instant.fmt(f),
        }
    }
}

fn remark(text: &str) -> Result<Remark, Rejection> {
    Remark::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_days_a_date_or_a_time() {
        let now = Timestamp(1_000);
        let at = |text: &str| text.parse::<Until>().map(|until| until.from(now).0).ok();
        assert_eq!(at("7"), Some(1_000 + 7 * 86_400_000));
        assert_eq!(at("1970-01-02"), Some(86_400_000));
        assert_eq!(at("1970-01-01T00:00:01Z"), Some(1_000));
        assert_eq!(at("1970-01-01T01:00:01+01:00"), Some(1_000));
        for wrong in ["", "-1", "soon", "70000", "2026-13-01"] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }
}
