//! Quantities as people write them: `100mbit`, `50ms`, `0.1%`, `1MiB`.

use std::time::Duration;

/// A quantity that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}")]
pub struct BadQuantity {
    text: String,
    what: &'static str,
}

fn parse(text: &str, what: &'static str, units: &[(&str, f64)]) -> Result<f64, BadQuantity> {
    let bad = || BadQuantity { text: text.to_owned(), what };
    let lower = text.trim().to_ascii_lowercase();
    let end = lower.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(lower.len());
    let (number, unit) = lower.split_at(end);
    let number: f64 = number.parse().map_err(|_| bad())?;
    let scale = units.iter().find(|(name, _)| *name == unit.trim()).ok_or_else(bad)?.1;
    Ok(number * scale)
}

/// Bits a second: `100mbit`, `1gbit`, `64kbit`; `unlimited` is no limit.
///
/// # Errors
/// When it is written otherwise, or is 0.
pub fn parse_rate(text: &str) -> Result<Option<u64>, BadQuantity> {
    const WHAT: &str = "rate such as `100mbit` or `unlimited`";
    if text.trim() == "unlimited" {
        return Ok(None);
    }
    let units = [("bit", 1.0), ("kbit", 1e3), ("mbit", 1e6), ("gbit", 1e9)];
    match parse(text, WHAT, &units)? {
        rate if rate >= 1.0 => Ok(Some(rate as u64)),
        _ => Err(BadQuantity { text: text.to_owned(), what: WHAT }),
    }
}

/// A time: `50ms`, `1.5s`, `200us`.
///
/// # Errors
/// When it is written otherwise.
pub fn parse_time(text: &str) -> Result<Duration, BadQuantity> {
    let units = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0)];
    parse(text, "time such as `50ms` or `2s`", &units).map(Duration::from_secs_f64)
}

/// A share of packets: `0.1%`, `0.001`.
///
/// # Errors
/// When it is written otherwise, or more than all.
pub fn parse_share(text: &str) -> Result<f64, BadQuantity> {
    const WHAT: &str = "share such as `0.1%` or `0.001`";
    match parse(text, WHAT, &[("%", 0.01), ("", 1.0)])? {
        share if share <= 1.0 => Ok(share),
        _ => Err(BadQuantity { text: text.to_owned(), what: WHAT }),
    }
}

/// Bytes: `1MiB`, `256KiB`, `1500`.
///
/// # Errors
/// When it is written otherwise.
pub fn parse_bytes(text: &str) -> Result<u64, BadQuantity> {
    let units =
        [("", 1.0), ("b", 1.0), ("kib", 1024.0), ("mib", 1_048_576.0), ("gib", 1_073_741_824.0)];
    parse(text, "number of bytes such as `1MiB`", &units).map(|bytes| bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_people_write_them() {
        assert_eq!(parse_rate("100mbit"), Ok(Some(100_000_000)));
        assert_eq!(parse_rate("1.5 Gbit"), Ok(Some(1_500_000_000)));
        assert_eq!(parse_rate("unlimited"), Ok(None));
        assert_eq!(parse_time("50ms"), Ok(Duration::from_millis(50)));
        assert_eq!(parse_share("25%"), Ok(0.25));
        assert_eq!(parse_share("0.5"), Ok(0.5));
        assert_eq!(parse_bytes("2MiB"), Ok(2 << 20));
    }

    #[test]
    fn what_is_none_is_named() {
        for bad in [
            parse_rate("0mbit").map(drop),
            parse_rate("100").map(drop),
            parse_time("5").map(drop),
            parse_share("101%").map(drop),
            parse_bytes("1mb").map(drop),
        ] {
            assert!(bad.unwrap_err().to_string().contains('`'));
        }
    }
}
