//! The weekly windows of a link: from when to when it is paused or has another limit than usual. All times are UTC.

use std::fmt;
use std::str::FromStr;

use crate::field::{Field, FieldRefusal};
use crate::link::{MAX_LINK_LIMIT, MIN_LINK_LIMIT};
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The most windows that a link may have. A choice of ours.
pub const MAX_WINDOWS: usize = 32;

const DAY_MINUTES: u16 = 1_440;
const WEEK_MINUTES: u16 = 7 * DAY_MINUTES;
const MINUTE_MS: i64 = 60_000;
/// 1970 began on a Thursday; weeks begin on Mondays.
const FIRST_MONDAY_MINUTES: i64 = 4 * DAY_MINUTES as i64;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Units of bytes, as people write them.
const UNITS: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
    ("", 1),
];

/// Reads bytes a second, as `12MB`, `500KiB`, `12MB/s` or `1500000`; none where it is no such text.
pub fn read_rate(text: &str) -> Option<u64> {
    let rate = text.strip_suffix("/s").unwrap_or(text);
    let (number, bytes) =
        UNITS.iter().find_map(|(unit, bytes)| Some((rate.strip_suffix(unit)?, *bytes)))?;
    let number = number.trim_end();
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse::<u64>().ok()?.checked_mul(bytes)
}

/// Writes bytes a second in the largest unit that tells them exactly.
fn write_rate(rate: u64) -> String {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000)];
    match units.iter().find(|(_, bytes)| rate > 0 && rate.is_multiple_of(*bytes)) {
        Some((unit, bytes)) => format!("{}{unit}", rate / bytes),
        None => rate.to_string(),
    }
}

/// What holds in a window, instead of the link's usual limit.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum WindowRule {
    /// No copy moves.
    Pause,
    /// Another limit, in bytes a second; none lifts it.
    Limit(Option<u64>),
}

impl fmt::Display for WindowRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WindowRule::Pause => f.write_str("pause"),
            WindowRule::Limit(None) => f.write_str("none"),
            WindowRule::Limit(Some(rate)) => f.write_str(&write_rate(*rate)),
        }
    }
}

/// A window: on some days of the week, from a time to another, which may be on the day after.
///
/// Written as `mon-fri 08:00-18:00 2MB`, `sat,sun pause` or `daily 22:00-06:00 none`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The days that it begins on: Monday is bit 0.
    days: u8,
    /// From this minute of the day on.
    from: u16,
    /// Until this minute, 1 to 1,440; of the next day where it is not behind `from`.
    to: u16,
    rule: WindowRule,
}

/// A text that is no window of a link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a window; write days, a time in UTC and what holds, as `mon-fri 08:00-18:00 2MB`, `sat-sun pause` or `daily 22:00-06:00 none`"
)]
pub struct InvalidWindow(String);

impl FromStr for Window {
    type Err = InvalidWindow;

    fn from_str(text: &str) -> Result<Self, InvalidWindow> {
        let invalid = || InvalidWindow(text.chars().take(64).collect());
        let words: Vec<&str> = text.split_whitespace().filter(|word| *word != "limit").collect();
        let (days, time, rule) = match words.as_slice() {
            [days, time, rule] => (days, Some(time), rule),
            [days, rule] => (days, None, rule),
            _ => return Err(invalid()),
        };
        let (from, to) = match time {
            None => (0, DAY_MINUTES),
            Some(time) => time
                .split_once('-')
                .and_then(|(from, to)| Some((minute_of(from)?, minute_of(to)?)))
                .filter(|(from, to)| from != to && *from < DAY_MINUTES && *to > 0)
                .ok_or_else(invalid)?,
        };
        let rule = match *rule {
            "pause" => WindowRule::Pause,
            "none" => WindowRule::Limit(None),
            rate => WindowRule::Limit(Some(read_rate(rate).ok_or_else(invalid)?)),
        };
        Ok(Window { days: days_of(days).ok_or_else(invalid)?, from, to, rule })
    }
}

/// `08:00` as a minute of the day; `24:00` is its end.
fn minute_of(time: &str) -> Option<u16> {
    let (hours, minutes) = time.split_once(':')?;
    let two = |text: &str| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { text.parse::<u16>().ok() } else { None }
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (minutes < 60 && hours * 60 + minutes <= DAY_MINUTES).then_some(hours * 60 + minutes)
}

/// `mon-fri`, `sat,sun` or `daily` as bits; a range may run over the end of the week.
fn days_of(text: &str) -> Option<u8> {
    if text == "daily" {
        return Some(0x7f);
    }
    let day = |word: &str| DAYS.iter().position(|known| *known == word);
    let mut days = 0_u8;
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut at, last) = (day(first)?, day(last)?);
        loop {
            days |= 1 << at;
            if at == last {
                break;
            }
            at = (at + 1) % DAYS.len();
        }
    }
    Some(days)
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days == 0x7f {
            f.write_str("daily")?;
        } else {
            let mut comma = "";
            let mut at = 0;
            while at < DAYS.len() {
                let run = (at..DAYS.len()).take_while(|day| self.days >> day & 1 == 1).count();
                match run {
                    0 => {}
                    1 => write!(f, "{comma}{}", DAYS[at])?,
                    more => write!(f, "{comma}{}-{}", DAYS[at], DAYS[at + more - 1])?,
                }
                if run > 0 {
                    comma = ",";
                }
                at += run.max(1);
            }
        }
        if (self.from, self.to) != (0, DAY_MINUTES) {
            let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
            write!(f, " {}-{}", time(self.from), time(self.to))?;
        }
        write!(f, " {}", self.rule)
    }
}

impl Window {
    /// Its parts of the week, in minutes: from each to before each. Those that run over the end of a Sunday end beyond it.
    fn spans(&self) -> impl Iterator<Item = (u16, u16)> {
        let &Window { days, from, to, .. } = self;
        let length = if to > from { to - from } else { to + DAY_MINUTES - from };
        (0..7_u16).filter(move |day| days >> day & 1 == 1).map(move |day| {
            let start = day * DAY_MINUTES + from;
            (start, start + length)
        })
    }

    fn covers(&self, minute: u16) -> bool {
        self.spans().any(|(from, to)| {
            (from..to).contains(&minute) || (from..to).contains(&(minute + WEEK_MINUTES))
        })
    }
}

/// The windows of a link. Where several hold at once, the one that was named last counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule(Vec<Window>);

/// What a schedule says at an instant.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// What holds; none where no window does, and the link is as usual.
    pub rule: Option<WindowRule>,
    /// Until when; none where that never changes.
    pub until: Option<Timestamp>,
}

impl Schedule {
    /// At most 32 windows, each of whose limits a link may have.
    pub fn new(windows: Vec<Window>) -> Result<Schedule, Rejection> {
        let count = windows.len();
        if count > MAX_WINDOWS {
            let (value, limit) = (count as u64, MAX_WINDOWS as u64);
            let refusal = FieldRefusal::TooLarge { value, limit };
            return Err(Rejection::field(Field::Schedule, refusal));
        }
        for window in &windows {
            if let WindowRule::Limit(Some(value)) = window.rule
                && !(MIN_LINK_LIMIT..=MAX_LINK_LIMIT).contains(&value)
            {
                let refusal =
                    FieldRefusal::OutOfRange { value, min: MIN_LINK_LIMIT, max: MAX_LINK_LIMIT };
                return Err(Rejection::field(Field::Schedule, refusal));
            }
        }
        Ok(Schedule(windows))
    }

    /// Its windows, as they were named.
    pub fn windows(&self) -> &[Window] {
        &self.0
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn rule_in(&self, minute: u16) -> Option<WindowRule> {
        self.0.iter().rev().find(|window| window.covers(minute)).map(|window| window.rule)
    }

    /// What it says at an instant, and until when.
    pub fn at(&self, instant: Timestamp) -> Scheduled {
        let minutes = instant.0.div_euclid(MINUTE_MS);
        let week = (minutes - FIRST_MONDAY_MINUTES).rem_euclid(i64::from(WEEK_MINUTES));
        let now = u16::try_from(week).expect("a week has 10,080 minutes");
        let rule = self.rule_in(now);
        let mut borders: Vec<u16> = self
            .0
            .iter()
            .flat_map(|window| window.spans().flat_map(|(from, to)| [from, to]))
            .map(|minute| match (minute % WEEK_MINUTES + WEEK_MINUTES - now) % WEEK_MINUTES {
                0 => WEEK_MINUTES,
                ahead => ahead,
            })
            .collect();
        borders.sort_unstable();
        let change =
            borders.into_iter().find(|ahead| self.rule_in((now + ahead) % WEEK_MINUTES) != rule);
        let until = change.map(|ahead| Timestamp((minutes + i64::from(ahead)) * MINUTE_MS));
        Scheduled { rule, until }
    }
}

impl fmt::Display for Schedule {
    /// As it is stored: its windows with `; ` between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let windows: Vec<String> = self.0.iter().map(Window::to_string).collect();
        f.write_str(&windows.join("; "))
    }
}

impl FromStr for Schedule {
    type Err = InvalidWindow;

    fn from_str(text: &str) -> Result<Self, InvalidWindow> {
        let windows = text.split("; ").filter(|window| !window.is_empty());
        Ok(Schedule(windows.map(str::parse).collect::<Result<_, _>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn schedule(windows: &[&str]) -> Schedule {
        Schedule::new(windows.iter().map(|window| window.parse().unwrap()).collect()).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    /// What holds at an instant, in words, and until when.
    fn told(schedule: &Schedule, instant: &str) -> String {
        let Scheduled { rule, until } = schedule.at(at(instant));
        let rule = rule.map_or("usual".to_owned(), |rule| rule.to_string());
        until.map_or(format!("{rule} for ever"), |until| format!("{rule} until {until}"))
    }

    #[test]
    fn a_window_reads_back_as_written() {
        for (text, written) in [
            ("mon-fri 08:00-18:00 2MB", "mon-fri 08:00-18:00 2MB"),
            ("mon-fri 08:00-18:00 limit 2MB", "mon-fri 08:00-18:00 2MB"),
            ("sat-sun pause", "sat-sun pause"),
            ("sat-mon pause", "mon,sat-sun pause"),
            ("sun,tue 00:00-24:00 1500/s", "tue,sun 1500"),
            ("daily 22:00-06:00 none", "daily 22:00-06:00 none"),
            ("mon-sun 23:59-24:00 500KiB", "daily 23:59-24:00 512KB"),
            ("fri-thu 1GB", "daily 1GB"),
        ] {
            let window: Window = text.parse().unwrap();
            assert_eq!(window.to_string(), written);
            assert_eq!(written.parse(), Ok(window));
        }
        for wrong in [
            "",
            "mon",
            "pause",
            "mon-fri 8:00-18:00 2MB",
            "mon-fri 08:00 2MB",
            "mon-fri 08:00-08:00 2MB",
            "mon-fri 24:00-08:00 2MB",
            "mon-fri 08:00-24:01 2MB",
            "mon-fri 08:60-18:00 2MB",
            "mon-fri 08:00-18:00 2Mb",
            "monday pause",
            "mon; tue pause",
            "mon-fri 08:00-18:00 2MB more",
        ] {
            assert!(wrong.parse::<Window>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_schedule_has_32_windows_at_most_and_no_limit_that_would_stop_the_link() {
        let windows = |count, text: &str| vec![text.parse::<Window>().unwrap(); count];
        Schedule::new(windows(MAX_WINDOWS, "mon 1KiB")).unwrap();
        let too_many = Schedule::new(windows(MAX_WINDOWS + 1, "mon pause")).unwrap_err();
        let refusal = FieldRefusal::TooLarge { value: 33, limit: 32 };
        assert_eq!(too_many, Rejection::field(Field::Schedule, refusal));
        for rate in ["0", "1023", "18446744073709551615"] {
            Schedule::new(windows(1, &format!("mon {rate}"))).unwrap_err();
        }
    }

    #[test]
    fn borders_count_from_their_minute_on() {
        let office = schedule(&["mon-fri 08:00-18:00 2MB"]);
        // 2026-11-20 is a Friday.
        for (instant, holds) in [
            ("2026-11-20T07:59:59.999Z", "usual until 2026-11-20T08:00:00Z"),
            ("2026-11-20T08:00:00Z", "2MB until 2026-11-20T18:00:00Z"),
            ("2026-11-20T17:59:59.999Z", "2MB until 2026-11-20T18:00:00Z"),
            ("2026-11-20T18:00:00Z", "usual until 2026-11-23T08:00:00Z"),
            ("2026-11-22T23:59:59Z", "usual until 2026-11-23T08:00:00Z"),
            ("2026-11-23T00:00:00Z", "usual until 2026-11-23T08:00:00Z"),
            // Before 1970 too, and on its first day, a Thursday.
            ("1970-01-01T00:00:00Z", "usual until 1970-01-01T08:00:00Z"),
            ("1969-12-31T09:00:00Z", "2MB until 1969-12-31T18:00:00Z"),
        ] {
            assert_eq!(told(&office, instant), holds, "{instant}");
        }
    }

    #[test]
    fn the_week_ends_with_sunday_and_what_runs_over_its_end_goes_on() {
        let weekend = schedule(&["sat-sun pause"]);
        assert_eq!(told(&weekend, "2026-11-20T23:59:59Z"), "usual until 2026-11-21T00:00:00Z");
        // Saturday and Sunday are one pause, not two.
        assert_eq!(told(&weekend, "2026-11-21T00:00:00Z"), "pause until 2026-11-23T00:00:00Z");
        assert_eq!(told(&weekend, "2026-11-22T23:59:59Z"), "pause until 2026-11-23T00:00:00Z");
        assert_eq!(told(&weekend, "2026-11-23T00:00:00Z"), "usual until 2026-11-28T00:00:00Z");
        // From Sunday night into Monday: it belongs to the day that it begins on.
        let night = schedule(&["sun 22:00-06:00 none"]);
        assert_eq!(told(&night, "2026-11-22T21:59:00Z"), "usual until 2026-11-22T22:00:00Z");
        assert_eq!(told(&night, "2026-11-22T23:00:00Z"), "none until 2026-11-23T06:00:00Z");
        assert_eq!(told(&night, "2026-11-23T05:59:00Z"), "none until 2026-11-23T06:00:00Z");
        assert_eq!(told(&night, "2026-11-23T06:00:00Z"), "usual until 2026-11-29T22:00:00Z");
        assert_eq!(told(&night, "2026-11-24T02:00:00Z"), "usual until 2026-11-29T22:00:00Z");
    }

    #[test]
    fn of_windows_that_overlap_the_last_one_counts() {
        let lunch = schedule(&["mon-fri 08:00-18:00 2MB", "wed 12:00-13:00 none", "wed pause"]);
        assert_eq!(told(&lunch, "2026-11-25T12:30:00Z"), "pause until 2026-11-26T00:00:00Z");
        let lunch = schedule(&["wed pause", "mon-fri 08:00-18:00 2MB", "wed 12:00-13:00 none"]);
        for (instant, holds) in [
            ("2026-11-25T07:00:00Z", "pause until 2026-11-25T08:00:00Z"),
            ("2026-11-25T08:00:00Z", "2MB until 2026-11-25T12:00:00Z"),
            ("2026-11-25T12:00:00Z", "none until 2026-11-25T13:00:00Z"),
            ("2026-11-25T13:00:00Z", "2MB until 2026-11-25T18:00:00Z"),
            ("2026-11-25T18:00:00Z", "pause until 2026-11-26T00:00:00Z"),
        ] {
            assert_eq!(told(&lunch, instant), holds, "{instant}");
        }
    }

    #[test]
    fn what_never_changes_holds_for_ever() {
        assert_eq!(told(&Schedule::default(), "2026-11-20T00:00:00Z"), "usual for ever");
        assert_eq!(told(&schedule(&["daily pause"]), "2026-11-20T00:00:00Z"), "pause for ever");
        let twice = schedule(&["mon-wed pause", "thu-sun pause"]);
        assert_eq!(told(&twice, "2026-11-20T00:00:00Z"), "pause for ever");
    }

    fn any_window() -> impl Strategy<Value = Window> {
        let rule = prop_oneof![
            Just(WindowRule::Pause),
            Just(WindowRule::Limit(None)),
            (MIN_LINK_LIMIT..=MAX_LINK_LIMIT).prop_map(|rate| WindowRule::Limit(Some(rate))),
        ];
        (1_u8..0x80, 0_u16..1_440, 1_u16..=1_440, rule)
            .prop_filter("a window has a length", |(_, from, to, _)| from != to)
            .prop_map(|(days, from, to, rule)| Window { days, from, to, rule })
    }

    proptest! {
        #[test]
        fn every_schedule_reads_back_and_holds_as_said_until_its_next_border(
            windows in prop::collection::vec(any_window(), 0..6), now in -10_000_000_000_000_i64..10_000_000_000_000,
        ) {
            let schedule = Schedule::new(windows).unwrap();
            prop_assert_eq!(schedule.to_string().parse(), Ok(schedule.clone()));
            let holds = schedule.at(Timestamp(now));
            if let Some(until) = holds.until {
                prop_assert!(until.0 > now && until.0 - now <= 7 * 86_400_000);
                prop_assert_ne!(schedule.at(until).rule, holds.rule);
                for part in 0..20 {
                    let between = now + (until.0 - 1 - now) / 20 * part;
                    prop_assert_eq!(schedule.at(Timestamp(between)), holds);
                }
            } else {
                for minute in (0..10_080).step_by(7) {
                    prop_assert_eq!(schedule.at(Timestamp(now + minute * 60_000)), holds);
                }
            }
        }
    }
}
