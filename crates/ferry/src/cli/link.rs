//! Commands on links, the ways between two regions.

use std::str::FromStr;

use clap::{Args, Subcommand};
use model::{RegionId, Window, read_rate};

use super::usage::WhoseArgs;

/// Commands on links.
#[derive(Debug, Subcommand)]
pub enum LinkCommand {
    /// List links: what is set of each, how many copies run and wait on it, and how fast it is.
    List {
        /// The region they lead to; else all of them.
        #[arg(long)]
        region: Option<RegionId>,
        /// Whose copies.
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Set how fast a link may be, or how many copies run over it at once: for operators. It counts at once and stays.
    Set {
        /// Which link.
        #[command(flatten)]
        link: OneLink,
        /// What is set.
        #[command(flatten)]
        limits: LinkLimits,
    },
    /// Set the weekly windows of a link, in place of all it has: for operators. They count at once and at each border.
    Schedule {
        /// Which link.
        #[command(flatten)]
        link: OneLink,
        /// The windows.
        #[command(flatten)]
        windows: WindowArgs,
    },
    /// Let no copy move over a link: for operators. Copies keep what they have and wait.
    Pause {
        /// Which link.
        #[command(flatten)]
        link: OneLink,
    },
    /// Let copies move over a link again: for operators. They go on where they were.
    Resume {
        /// Which link.
        #[command(flatten)]
        link: OneLink,
    },
}

/// A link.
#[derive(Args, Debug)]
pub struct OneLink {
    /// The region it comes from.
    #[arg(long, value_name = "REGION")]
    pub from: RegionId,
    /// The region it leads to.
    #[arg(long, value_name = "REGION")]
    pub to: RegionId,
}

/// The weekly windows of a link.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct WindowArgs {
    /// Days, a time in UTC, and what holds: `mon-fri 08:00-18:00 2MB`, `sat-sun pause`, `daily 22:00-06:00 none`. May be given up
    /// to 32 times; of those that hold at once the last counts.
    #[arg(long = "window", value_name = "WINDOW")]
    pub windows: Vec<Window>,
    /// Take all windows away.
    #[arg(long)]
    pub clear: bool,
}

/// What can be set of a link.
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
pub struct LinkLimits {
    /// Bytes a second, as `12MB`, `500KiB` or `1500000`; at least 1 KiB. `none` lifts the limit, the configuration's too.
    #[arg(long, value_name = "RATE|none")]
    pub limit: Option<RateArg>,
    /// Copies at once, all accounts together; `none` leaves it to the region's own limits.
    #[arg(long, value_name = "N|none")]
    pub copies: Option<CopiesArg>,
}

/// Bytes a second, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateArg(pub Option<u64>);

/// A text that is no rate.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a rate; write bytes a second, as `12MB`, `500KiB` or `1500000`, or `none`")]
pub struct InvalidRate(String);

impl FromStr for RateArg {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        if text == "none" {
            return Ok(RateArg(None));
        }
        read_rate(text).map(|rate| RateArg(Some(rate))).ok_or_else(|| InvalidRate(text.to_owned()))
    }
}

/// A number of copies, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopiesArg(pub Option<u32>);

/// A text that is no number of copies.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is neither a number of copies nor `none`")]
pub struct InvalidCopies(String);

impl FromStr for CopiesArg {
    type Err = InvalidCopies;

    fn from_str(text: &str) -> Result<Self, InvalidCopies> {
        match text {
            "none" => Ok(CopiesArg(None)),
            number => match number.parse() {
                Ok(copies) => Ok(CopiesArg(Some(copies))),
                Err(_) => Err(InvalidCopies(text.to_owned())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_units_of_bytes() {
        let rate = |text: &str| text.parse::<RateArg>().map(|rate| rate.0).ok();
        assert_eq!(rate("none"), Some(None));
        assert_eq!(rate("12MB"), Some(Some(12_000_000)));
        assert_eq!(rate("12MB/s"), Some(Some(12_000_000)));
        assert_eq!(rate("1 GiB"), Some(Some(1 << 30)));
        assert_eq!(rate("500KiB"), Some(Some(512_000)));
        assert_eq!(rate("1024"), Some(Some(1_024)));
        assert_eq!(rate("7B"), Some(Some(7)));
        for wrong in
            ["", "MB", "-1", "+1", "12Mb", "12mb", "1.5MB", "18446744073709551616", "18446744074GB"]
        {
            assert_eq!(rate(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn copies_at_once_are_a_number_or_none() {
        let copies = |text: &str| text.parse::<CopiesArg>().map(|copies| copies.0).ok();
        assert_eq!((copies("none"), copies("3")), (Some(None), Some(Some(3))));
        assert_eq!((copies("-1"), copies("4294967296"), copies("")), (None, None, None));
    }
}
