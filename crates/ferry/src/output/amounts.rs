//! Numbers as people read them.

use model::Clock;
use region::SystemClock;

const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/// A number of bytes, in binary units: `1.5 GiB`.
pub fn bytes(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1_023.95 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1_024.0, unit + 1);
    }
    if unit == 0 || value.fract() == 0.0 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// A rate.
pub fn rate(bytes_per_sec: u64) -> String {
    format!("{}/s", bytes(bytes_per_sec))
}

/// A number with its thousands apart: `12,345`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A length of time: `48 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
pub fn duration(seconds: u64) -> String {
    let parts = |big: u64, big_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{big} {big_unit}"),
        small => format!("{big} {big_unit} {small} {small_unit}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => parts(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => parts(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => parts(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// How long ago an instant of the API was, in its largest unit. The text itself where it is no instant.
pub fn age(instant: &str) -> String {
    let now = u64::try_from(SystemClock.now().0 / 1_000).unwrap_or_default();
    match seconds_of(instant) {
        Some(then) => match now.saturating_sub(then) {
            ago @ 0..60 => format!("{ago} s"),
            ago @ 60..3_600 => format!("{} min", ago / 60),
            ago @ 3_600..172_800 => format!("{} h", ago / 3_600),
            ago => format!("{} d", ago / 86_400),
        },
        None => instant.to_owned(),
    }
}

/// Seconds since 1970 of an instant as the API writes it: `2026-11-22T03:34:41.123Z`.
fn seconds_of(instant: &str) -> Option<u64> {
    let part = |from: usize, to: usize| instant.get(from..to)?.parse::<u64>().ok();
    if instant.len() < 20 || !instant.ends_with('Z') || !instant.is_ascii() {
        return None;
    }
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    if year < 1_970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    Some(days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Days of the Gregorian calendar; the year is taken to begin in March, so that the leap day is its last.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let in_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + in_year - 719_468
}

/// A text cut to so many characters, with `…` for the rest.
pub fn shorten(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    let kept: String = text.chars().take(characters - 1).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_the_largest_unit_that_fits() {
        let table = [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1 KiB"),
            (1_536, "1.5 KiB"),
            (1 << 30, "1 GiB"),
            (8 << 40, "8 TiB"),
        ];
        for (number, text) in table {
            assert_eq!(bytes(number), text);
        }
        assert_eq!(bytes((1 << 30) - 1), "1 GiB".replace("1 GiB", "1.0 GiB"));
    }

    #[test]
    fn lengths_of_time_have_two_units_at_most() {
        let table = [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (200, "3 min 20 s"),
            (7_500, "2 h 5 min"),
            (273_600, "3 d 4 h"),
        ];
        for (seconds, text) in table {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn instants_are_those_of_the_calendar() {
        assert_eq!(seconds_of("1970-01-01T00:00:00.000Z"), Some(0));
        assert_eq!(seconds_of("2000-02-29T12:00:00Z"), Some(951_825_600));
        assert_eq!(seconds_of("2026-11-22T03:34:41.123Z"), Some(1_795_318_481));
        assert_eq!(seconds_of("soon"), None);
        assert_eq!(age("soon"), "soon");
    }

    #[test]
    fn long_texts_are_cut_by_characters() {
        assert_eq!(shorten("镜像镜像", 3), "镜像…");
        assert_eq!(shorten("abc", 3), "abc");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(count),
            ["0", "999", "1,000", "1,234,567"].map(str::to_owned)
        );
    }
}
