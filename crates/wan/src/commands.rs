//! What the input of the program says.

use std::time::Duration;

use wan::{BadQuantity, Cut, Settings, Way, parse_rate, parse_share, parse_time};

/// A line of the input.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Cut both directions.
    Cut,
    /// End the cut.
    Heal,
    /// Tell what became of the packets.
    Counts,
    /// End the network.
    Quit,
    /// Change a setting of some directions.
    Change(Change, Vec<Way>),
}

/// A setting that may be changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// The rate; none is no limit.
    Rate(Option<u64>),
    /// The delay.
    Delay(Duration),
    /// The share of packets lost by chance.
    Loss(f64),
}

/// A line that says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOrder {
    /// Not one of the words.
    #[error("`{0}` is none of rate, delay, loss, cut, heal, counts and quit")]
    Unknown(String),
    /// A quantity that cannot be read.
    #[error(transparent)]
    Quantity(#[from] BadQuantity),
    /// A cut has another form.
    #[error("`{0}` is no cut such as `5s..10s`")]
    Cut(String),
}

impl Change {
    /// Changes it.
    pub fn apply(self, settings: &mut Settings) {
        match self {
            Change::Rate(rate) => settings.bits_per_sec = rate,
            Change::Delay(delay) => settings.delay = delay,
            Change::Loss(loss) => settings.loss = loss,
        }
    }
}

/// Reads a line.
pub fn parse(line: &str) -> Result<Order, BadOrder> {
    let unknown = || BadOrder::Unknown(line.to_owned());
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["cut"] => Ok(Order::Cut),
        ["heal"] => Ok(Order::Heal),
        ["counts"] => Ok(Order::Counts),
        ["quit"] => Ok(Order::Quit),
        [what, value, ways @ ..] => {
            let change = match *what {
                "rate" => Change::Rate(parse_rate(value)?),
                "delay" => Change::Delay(parse_time(value)?),
                "loss" => Change::Loss(parse_share(value)?),
                _ => return Err(unknown()),
            };
            let ways = match ways {
                [] => vec![Way::ToRight, Way::ToLeft],
                [">"] => vec![Way::ToRight],
                ["<"] => vec![Way::ToLeft],
                _ => return Err(unknown()),
            };
            Ok(Order::Change(change, ways))
        }
        _ => Err(unknown()),
    }
}

/// Reads a cut, `5s..10s`.
pub fn parse_cut(text: &str) -> Result<Cut, BadOrder> {
    let (from, to) = text.split_once("..").ok_or_else(|| BadOrder::Cut(text.to_owned()))?;
    Ok(Cut { from: parse_time(from)?, to: parse_time(to)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        assert_eq!(parse("cut"), Ok(Order::Cut));
        let both = vec![Way::ToRight, Way::ToLeft];
        assert_eq!(
            parse("rate 10mbit"),
            Ok(Order::Change(Change::Rate(Some(10_000_000)), both.clone()))
        );
        assert_eq!(
            parse("delay 5ms <"),
            Ok(Order::Change(Change::Delay(Duration::from_millis(5)), vec![Way::ToLeft]))
        );
        assert_eq!(parse("loss 1%"), Ok(Order::Change(Change::Loss(0.01), both)));
        for bad in ["", "speed 1mbit", "rate fast", "rate 1mbit ^", "cut now please"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn cuts_are_read() {
        let cut = Cut { from: Duration::from_secs(5), to: Duration::from_secs(10) };
        assert_eq!(parse_cut("5s..10s"), Ok(cut));
        assert!(parse_cut("5s").is_err());
    }
}
