//! Days and months in UTC: what meters count by, and what rates are dated with.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::time::Timestamp;

const EPOCH: Date = date(1970, 1, 1);
const DAY_MS: i64 = 86_400_000;
/// 9999-12-31, the last day that has a text.
const LAST: i64 = 2_932_896;

/// A text that is not a day or a month.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {wanted}")]
pub struct InvalidDate {
    /// What was given, shortened to 64 characters.
    pub text: String,
    /// What was wanted, with its form.
    pub wanted: &'static str,
}

impl InvalidDate {
    fn new(text: &str, wanted: &'static str) -> Self {
        InvalidDate { text: text.chars().take(64).collect(), wanted }
    }
}

/// A day in UTC, from 1970-01-01 to 9999-12-31.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(i64);

impl Day {
    /// 1970-01-01.
    pub const EPOCH: Day = Day(0);

    /// The day of an instant; the nearest there is for one beyond them.
    pub fn of(instant: Timestamp) -> Day {
        Day(instant.0.div_euclid(DAY_MS).clamp(0, LAST))
    }

    /// The day with this number of days since 1970-01-01, as stored.
    pub fn from_number(number: i64) -> Option<Day> {
        (0..=LAST).contains(&number).then_some(Day(number))
    }

    /// Days since 1970-01-01.
    pub fn number(self) -> i64 {
        self.0
    }

    /// Its first instant.
    pub fn start(self) -> Timestamp {
        Timestamp(self.0 * DAY_MS)
    }

    /// The day after; none has no text, and starts all the same.
    #[must_use]
    pub fn next(self) -> Day {
        Day(self.0 + 1)
    }

    fn date(self) -> Date {
        EPOCH.checked_add(self.0.min(LAST).days()).expect("a day has a date up to the year 9999")
    }
}

impl fmt::Display for Day {
    /// As `2026-11-22`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().fmt(f)
    }
}

impl FromStr for Day {
    type Err = InvalidDate;
    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        let wrong = || InvalidDate::new(text, "a day from 1970 to 9999, as `2026-11-22`");
        let digits = [(0, 4), (5, 7), (8, 10)];
        let [year, month, day] = numbers(text, digits).ok_or_else(wrong)?;
        let date = Date::new(year, month as i8, day as i8).map_err(|_| wrong())?;
        day_of(date).filter(|_| text.len() == 10).ok_or_else(wrong)
    }
}

fn day_of(date: Date) -> Option<Day> {
    Day::from_number(EPOCH.until(date).ok()?.get_days().into())
}

/// Numbers at these places of a text, all digits, with `-` between two.
fn numbers<const N: usize>(text: &str, places: [(usize, usize); N]) -> Option<[i16; N]> {
    let mut found = [0; N];
    for (number, (from, until)) in found.iter_mut().zip(places) {
        let digits = text.get(from..until)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = digits.parse().ok()?;
        let is_last = until == text.len();
        if !is_last && text.as_bytes().get(until) != Some(&b'-') {
            return None;
        }
    }
    Some(found)
}

/// A calendar month in UTC.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The month that a day is in.
    pub fn of(day: Day) -> Month {
        let date = day.date();
        Month { year: date.year(), month: date.month() }
    }

    /// Its first day.
    pub fn first(self) -> Day {
        day_of(self.first_date()).expect("a month begins within the days that have a text")
    }

    /// The first day of the next month.
    pub fn end(self) -> Day {
        Day(self.first().0 + i64::from(self.first_date().days_in_month()))
    }

    fn first_date(self) -> Date {
        Date::new(self.year, self.month, 1).expect("a month's numbers were checked")
    }
}

impl fmt::Display for Month {
    /// As `2026-11`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = InvalidDate;
    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        let wrong = || InvalidDate::new(text, "a month from 1970 to 9999, as `2026-11`");
        let [year, month] = numbers(text, [(0, 4), (5, 7)]).ok_or_else(wrong)?;
        if text.len() != 7 || year < 1970 || !(1..=12).contains(&month) {
            return Err(wrong());
        }
        Ok(Month { year, month: month as i8 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn days_and_months_read_as_they_are_written_and_nothing_else_does() {
        for text in ["1970-01-01", "2024-02-29", "2026-11-22", "9999-12-31"] {
            assert_eq!(text.parse::<Day>().unwrap().to_string(), text);
        }
        for text in ["1970-01", "2026-11", "9999-12"] {
            assert_eq!(text.parse::<Month>().unwrap().to_string(), text);
        }
        for wrong in [
            "",
            "2026",
            "2026-11-2",
            "2026-11-222",
            "2026-13-01",
            "2025-02-29",
            "1969-12-31",
            "+026-11-22",
            "2026-11-22Z",
            "2026/11/22",
            "２026-11-22",
            "20261-1-22",
            "2026-11",
        ] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong}");
        }
        for wrong in ["", "2026-00", "2026-13", "1969-12", "2026-1", "2026-011", "2026-11-01"] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }

    /// A leap day is a day of February, and a year ends in December.
    #[test]
    fn a_month_ends_where_the_next_begins() {
        let cases = [("2024-02", 29), ("2026-02", 28), ("2100-02", 28), ("2026-12", 31)];
        for (text, days) in cases {
            let month: Month = text.parse().unwrap();
            assert_eq!(month.end().number() - month.first().number(), days, "{text}");
        }
        let last: Month = "9999-12".parse().unwrap();
        assert_eq!(last.end().start().ms_since(last.first().start()), 31 * DAY_MS);
    }

    proptest! {
        #[test]
        fn an_instant_is_within_its_day_and_the_day_within_its_month(at in 0i64..253_402_300_800_000) {
            let day = Day::of(Timestamp(at));
            prop_assert!(day.start().0 <= at && at < day.next().start().0);
            let month = Month::of(day);
            prop_assert!(month.first() <= day && day < month.end());
            prop_assert_eq!(day.to_string().parse::<Day>().unwrap(), day);
        }
    }
}
