//! A link's limit as people type it: a number and a unit, exact to the byte.

use crate::words::{Saying, Words};

/// A unit that a limit is typed in.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Thousands of bytes a second.
    Kilo,
    /// Millions of them.
    Mega,
    /// Thousands of millions.
    Giga,
}

impl Unit {
    pub(super) const ALL: [Unit; 3] = [Unit::Kilo, Unit::Mega, Unit::Giga];

    /// As it stands in a form.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Unit::Kilo => "kB",
            Unit::Mega => "MB",
            Unit::Giga => "GB",
        }
    }

    /// As it is shown.
    pub(super) fn label(self, words: Words) -> Saying {
        words.say(match self {
            Unit::Kilo => "regions-kilo",
            Unit::Mega => "regions-mega",
            Unit::Giga => "regions-giga",
        })
    }

    pub(super) fn of_tag(tag: &str) -> Option<Self> {
        Unit::ALL.into_iter().find(|unit| unit.tag() == tag)
    }

    /// Digits behind the point down to one byte.
    fn digits(self) -> usize {
        match self {
            Unit::Kilo => 3,
            Unit::Mega => 6,
            Unit::Giga => 9,
        }
    }

    fn bytes(self) -> u64 {
        10_u64.pow(self.digits() as u32)
    }
}

/// The bytes that a number of a unit says; none where it is no number, finer than a byte, or beyond all numbers.
pub(super) fn bytes_of(text: &str, unit: Unit) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || part.len() > unit.digits() {
        return None;
    }
    let part: u64 = format!("{part:0<width$}", width = unit.digits()).parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(unit.bytes())?.checked_add(part)
}

/// The number and the unit that say these bytes with three digits behind the point at most.
pub(super) fn told(bytes: u64) -> (String, Unit) {
    let fits = |unit: &Unit| bytes >= unit.bytes() && bytes.is_multiple_of(unit.bytes() / 1_000);
    let unit = Unit::ALL.into_iter().rev().find(fits).unwrap_or(Unit::Kilo);
    let (whole, part) = (bytes / unit.bytes(), bytes % unit.bytes());
    if part == 0 {
        return (whole.to_string(), unit);
    }
    let part = format!("{part:0width$}", width = unit.digits());
    (format!("{whole}.{}", part.trim_end_matches('0')), unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_reads_back_as_it_is_told() {
        let table = [
            (12_000_000, "12", Unit::Mega),
            (12_500_000, "12.5", Unit::Mega),
            (1_024, "1.024", Unit::Kilo),
            (12_345_678, "12345.678", Unit::Kilo),
            (2_500_000_000, "2.5", Unit::Giga),
            (1, "0.001", Unit::Kilo),
            (0, "0", Unit::Kilo),
            (u64::MAX, "18446744073709551.615", Unit::Kilo),
        ];
        for (bytes, text, unit) in table {
            assert_eq!(told(bytes), (text.to_owned(), unit));
            assert_eq!(bytes_of(text, unit), Some(bytes));
        }
    }

    #[test]
    fn what_is_no_number_of_bytes_is_none() {
        for text in ["", "-1", "1,5", "1.5.", ".5", "5.", "1e3", "0.0001", "99999999999999999999"] {
            assert_eq!(bytes_of(text, Unit::Kilo), None, "{text}");
        }
        assert_eq!(bytes_of("18446744073709551.616", Unit::Kilo), None);
    }
}
