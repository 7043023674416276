//! How amounts, times and shares look, everywhere alike.

use std::fmt;

use model::Timestamp;

/// An amount of bytes in powers of 1,024: `2.1 GiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    scaled(bytes, 1_024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
}

/// Bytes a second in powers of 1,000, as links are sold: `9.8 MB/s`.
pub(crate) fn rate(bytes_per_sec: u64) -> String {
    format!("{}/s", scaled(bytes_per_sec, 1_000.0, &["B", "kB", "MB", "GB", "TB", "PB", "EB"]))
}

fn scaled(amount: u64, step: f64, units: &[&str]) -> String {
    let mut value = amount as f64;
    let mut unit = 0;
    // What would be shown as a whole step is one of the next unit.
    while value >= step - 0.05 && unit + 1 < units.len() {
        value /= step;
        unit += 1;
    }
    if unit == 0 || (value - value.round()).abs() < 0.05 {
        format!("{value:.0} {}", units[unit])
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

/// A time that something takes, in two units at most: `41 s`, `3 min 20 s`, `2 h 5 min`.
pub(crate) fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes, seconds % 60) {
        (0, 0, 0, s) => format!("{s} s"),
        (0, 0, m, 0) => format!("{m} min"),
        (0, 0, m, s) => format!("{m} min {s} s"),
        (0, h, 0, _) => format!("{h} h"),
        (0, h, m, _) => format!("{h} h {m} min"),
        (d, 0, ..) => format!("{d} d"),
        (d, h, ..) => format!("{d} d {h} h"),
    }
}

/// A share of a whole in percent, 0 to 100, rounded down: 100 is all of it.
pub(crate) fn percent(part: u64, whole: u64) -> u64 {
    if whole == 0 { 0 } else { (u128::from(part.min(whole)) * 100 / u128::from(whole)) as u64 }
}

/// A moment: the browser's own time where there is a script, else UTC.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct When(pub(crate) Timestamp);

impl When {
    /// For the `datetime` of an element.
    pub(crate) fn machine(&self) -> String {
        self.shown("%Y-%m-%dT%H:%M:%SZ")
    }

    /// For people, in UTC.
    pub(crate) fn human(&self) -> String {
        self.shown("%Y-%m-%d %H:%M UTC")
    }

    fn shown(&self, form: &str) -> String {
        let moment = jiff::Timestamp::from_millisecond(self.0.0);
        moment.map_or_else(|_| "-".to_owned(), |moment| moment.strftime(form).to_string())
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.human())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short_and_never_a_thousand_of_a_unit() {
        let table = [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1 KiB"),
            (1_536, "1.5 KiB"),
            (60 << 30, "60 GiB"),
            ((1 << 30) - 1, "1 GiB"),
            (2_254_857_830, "2.1 GiB"),
            (u64::MAX, "16 EiB"),
        ];
        for (amount, text) in table {
            assert_eq!(bytes(amount), text);
        }
        assert_eq!(rate(9_800_000), "9.8 MB/s");
        assert_eq!(rate(999_999), "1 MB/s");
    }

    #[test]
    fn times_have_two_units_at_most() {
        let table = [
            (0, "0 s"),
            (41, "41 s"),
            (180, "3 min"),
            (200, "3 min 20 s"),
            (7_500, "2 h 5 min"),
            (90_000, "1 d 1 h"),
        ];
        for (seconds, text) in table {
            assert_eq!(span(seconds), text);
        }
    }

    #[test]
    fn a_percent_is_a_hundred_only_at_the_end() {
        assert_eq!((percent(999, 1_000), percent(1_000, 1_000)), (99, 100));
        assert_eq!((percent(5, 0), percent(9, 4)), (0, 100));
        assert_eq!(percent(u64::MAX - 1, u64::MAX), 99);
    }

    #[test]
    fn a_moment_is_told_in_utc() {
        let when = When(Timestamp(1_763_831_543_000));
        assert_eq!(when.machine(), "2025-11-22T17:12:23Z");
        assert_eq!(when.to_string(), "2025-11-22 17:12 UTC");
    }
}
