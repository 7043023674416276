//! What a link can carry in time: whether a deadline can be promised, and how much of the link those that were need.

use crate::ids::RegionId;
use crate::link::Pause;
use crate::rejection::{DeadlineRejection, Rejection};
use crate::schedule::{Schedule, Scheduled, WindowRule};
use crate::time::Timestamp;
use crate::urgency::NoPromise;

/// Of what a link can carry, so many percent are promised: the rest is for the error of the limit (5 %) and of the estimate.
const PROMISED_PERCENT: u128 = 90;
/// Of the time until a deadline, a twentieth is left for what comes before and behind the bytes, in milliseconds: at least and
/// at most so much.
const MARGIN_MS: (i64, i64) = (1_000, 30_000);
const WEEK_MS: i64 = 7 * 86_400_000;
/// How far ahead the earliest deadline is looked for: a year.
const HORIZON_MS: i64 = 366 * 86_400_000;

/// How a link is from now on, as far as anybody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Road {
    /// Its usual limit, in bytes a second.
    pub limit: Option<u64>,
    /// What it has proved to carry where it has no limit, in bytes a second; none while nobody knows. A limit is believed.
    pub proved: Option<u64>,
    /// Whether an operator paused it: until when, nobody knows.
    pub pause: Pause,
    /// Its weekly windows.
    pub schedule: Schedule,
}

/// What a link can carry in some time.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
struct Carried {
    bytes: u128,
    /// Whether all of its speeds are known; a part whose is not counts as nothing.
    is_known: bool,
}

/// A deadline that was promised to a copy: what it still has to bring until then.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Until when.
    pub due: Timestamp,
    /// Bytes over the link.
    pub bytes: u64,
}

impl Road {
    /// Bytes a second under a rule; none where unknown.
    fn rate(&self, rule: Option<WindowRule>) -> Option<u64> {
        let limit = match rule {
            Some(WindowRule::Pause) => Some(0),
            Some(WindowRule::Limit(limit)) => limit,
            None => self.limit,
        };
        limit.or(self.proved)
    }

    fn between(&self, from: Timestamp, to: Timestamp) -> Carried {
        let mut carried = Carried { bytes: 0, is_known: true };
        if self.pause == Pause::Paused {
            return carried;
        }
        let mut add = |rate: Option<u64>, ms: i64, times: i64| match rate {
            Some(rate) => {
                let ms = u128::from(ms.unsigned_abs()) * u128::from(times.unsigned_abs());
                carried.bytes += u128::from(rate) * ms / 1_000;
            }
            None => carried.is_known = false,
        };
        let weeks = to.ms_since(from) / WEEK_MS;
        let mut parts = |from: Timestamp, to: Timestamp, times: i64| {
            let mut at = from;
            while at < to {
                let Scheduled { rule, until } = self.schedule.at(at);
                let end = until.map_or(to, |until| until.min(to));
                add(self.rate(rule), end.ms_since(at), times);
                at = end;
            }
        };
        let rest = from.plus_ms(weeks * WEEK_MS);
        if weeks > 0 {
            parts(from, from.plus_ms(WEEK_MS), weeks);
        }
        parts(rest, to, 1);
        carried
    }

    /// Bytes that are promised at most until `due`.
    fn room(&self, now: Timestamp, due: Timestamp) -> Carried {
        let (least, most) = MARGIN_MS;
        let margin = (due.ms_since(now) / 20).clamp(least, most);
        let carried = self.between(now, due.plus_ms(-margin).max(now));
        Carried { bytes: carried.bytes * PROMISED_PERCENT / 100, ..carried }
    }

    /// Of the bytes until `due`, those that are left beside what is promised, whatever comes first being served first.
    fn left(&self, now: Timestamp, due: Timestamp, promised: &[Promise]) -> Carried {
        let later = promised.iter().map(|promise| promise.due).filter(|other| *other > due);
        let mut left = Carried { bytes: u128::MAX, is_known: true };
        for limit in later.chain([due]) {
            let taken = promised.iter().filter(|promise| promise.due <= limit);
            let taken: u128 = taken.map(|promise| u128::from(promise.bytes)).sum();
            let room = self.room(now, limit);
            left.bytes = left.bytes.min(room.bytes.saturating_sub(taken));
            if limit == due {
                left.is_known = room.is_known;
            }
        }
        left
    }

    /// Admits a copy that has to bring so many bytes by its deadline beside those that are promised, or refuses it: then the
    /// deadline cannot be kept without breaking another one, by what is known of the link from `source`.
    pub fn admit(
        &self,
        source: &RegionId,
        now: Timestamp,
        (wanted, promised): (Promise, &[Promise]),
    ) -> Result<(), Rejection> {
        let fits = |due: Timestamp| {
            let left = self.left(now, due, promised);
            (left.bytes >= u128::from(wanted.bytes), left)
        };
        let (is_met, left) = fits(wanted.due);
        // A deadline nearer than its own margin is too soon for nothing at all.
        if is_met && wanted.due.ms_since(now) >= MARGIN_MS.0 {
            return Ok(());
        }
        let never = |why| {
            Rejection::Deadline(DeadlineRejection::DeadlineNotPromised {
                region: source.clone(),
                why,
            })
        };
        if self.pause == Pause::Paused {
            return Err(never(NoPromise::Paused));
        }
        if !left.is_known {
            return Err(never(NoPromise::SpeedUnknown));
        }
        let (mut early, mut late) = (now, now.plus_ms(HORIZON_MS));
        let (is_ever, at_last) = fits(late);
        if !is_ever {
            let why = if at_last.is_known { NoPromise::Paused } else { NoPromise::SpeedUnknown };
            if self.between(now, now.plus_ms(WEEK_MS)).bytes == 0 || !at_last.is_known {
                return Err(never(why));
            }
        }
        while late.ms_since(early) > 1_000 {
            let middle = early.plus_ms(late.ms_since(early) / 2);
            match fits(middle) {
                (true, _) => late = middle,
                (false, _) => early = middle,
            }
        }
        Err(Rejection::Deadline(DeadlineRejection::DeadlineTooSoon {
            region: source.clone(),
            bytes: wanted.bytes,
            room_bytes: u64::try_from(left.bytes).unwrap_or(u64::MAX),
            // In whole seconds, and a moment more, so that asking for it finds it still so.
            earliest: Timestamp((late.0 / 1_000 + 2) * 1_000),
        }))
    }

    /// The share of the link, from 0 to 1, that must go to copies with a deadline, the earliest first, so that each is in time;
    /// 1 where not even all of it is enough. Of deadlines that are over nothing is known here: leave them out.
    pub fn share_needed(&self, now: Timestamp, promised: &[Promise]) -> f64 {
        let mut share: f64 = 0.0;
        for Promise { due, .. } in promised {
            let first = promised.iter().filter(|promise| promise.due <= *due);
            let needed: u128 = first.map(|promise| u128::from(promise.bytes)).sum();
            let room = self.room(now, *due).bytes;
            if needed >= room && needed > 0 {
                return 1.0;
            }
            if needed > 0 {
                share = share.max(needed as f64 / room as f64);
            }
        }
        share
    }

    /// Whether a copy that is due then will be late by what is known now, even with the whole link for what is due until then.
    pub fn is_at_risk(&self, now: Timestamp, due: Timestamp, promised: &[Promise]) -> bool {
        let first = promised.iter().filter(|promise| promise.due <= due);
        let needed: u128 = first.map(|promise| u128::from(promise.bytes)).sum();
        let carried = self.between(now, due);
        carried.is_known && needed > carried.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MB: u64 = 1_000_000;
    /// A Friday, 12:00.
    const NOW: Timestamp = Timestamp(1_795_176_000_000);

    fn road(limit: Option<u64>, windows: &[&str]) -> Road {
        let schedule =
            Schedule::new(windows.iter().map(|text| text.parse().unwrap()).collect()).unwrap();
        Road { limit, proved: None, pause: Pause::Running, schedule }
    }

    fn in_secs(secs: i64, bytes: u64) -> Promise {
        Promise { due: NOW.plus_ms(secs * 1_000), bytes }
    }

    fn admit(road: &Road, wanted: Promise, promised: &[Promise]) -> Result<(), Rejection> {
        road.admit(&"north".parse().unwrap(), NOW, (wanted, promised))
    }

    /// What is left and when it would be in time, in seconds from now.
    fn too_soon(refused: Result<(), Rejection>) -> (u64, i64) {
        match refused {
            Err(Rejection::Deadline(DeadlineRejection::DeadlineTooSoon {
                room_bytes,
                earliest,
                ..
            })) => (room_bytes, earliest.ms_since(NOW) / 1_000),
            other => panic!("not too soon: {other:?}"),
        }
    }

    #[test]
    fn a_deadline_is_promised_where_nine_tenths_of_the_link_suffice() {
        let link = road(Some(10 * MB), &[]);
        // Of 100 s, 5 are left for what is not bytes; of 950 MB, 855 are promised.
        assert_eq!(admit(&link, in_secs(100, 855 * MB), &[]), Ok(()));
        let (room, earliest) = too_soon(admit(&link, in_secs(100, 856 * MB), &[]));
        assert_eq!(room, 855 * MB);
        assert!((100..=103).contains(&earliest), "{earliest}");
        assert_eq!(admit(&link, in_secs(earliest, 856 * MB), &[]), Ok(()));
        // What is promised already is taken, whoever is due first.
        let promised = [in_secs(50, 200 * MB), in_secs(200, 600 * MB)];
        assert_eq!(admit(&link, in_secs(100, 655 * MB), &promised), Ok(()));
        assert_eq!(too_soon(admit(&link, in_secs(100, 700 * MB), &promised)).0, 655 * MB);
        // One that comes first may not make a later one late.
        let full = [in_secs(100, 800 * MB)];
        assert_eq!(too_soon(admit(&link, in_secs(20, 60 * MB), &full)).0, 55 * MB);
        // Nothing to bring is in time unless there is no time at all.
        assert_eq!(admit(&link, in_secs(2, 0), &full), Ok(()));
    }

    #[test]
    fn a_deadline_is_judged_by_the_hours_until_then() {
        let office = road(Some(10 * MB), &["mon-fri 08:00-18:00 1MB", "sat-sun pause"]);
        // Until 18:00 at 1 MB/s, then 6 h at 10 MB/s, then nothing until Monday 00:00.
        let evening = 6 * 3_600;
        let friday = |hours: i64, bytes| admit(&office, in_secs(hours * 3_600, bytes), &[]);
        let (room, earliest) = too_soon(friday(6, 22_000 * MB));
        assert_eq!(room, (evening - 30) * MB * 9 / 10);
        // 22 GB are 24.4 at nine tenths: 21.6 until 18:00, and then about 5 minutes more.
        assert!((21_600 + 270..21_600 + 340).contains(&earliest), "{earliest}");
        assert_eq!(friday(7, 22_000 * MB), Ok(()));
        // More than fits before the week-end has to wait until Monday.
        let (_, earliest) = too_soon(friday(40, 250_000 * MB));
        assert!(earliest > 60 * 3_600, "{earliest}");
        assert_eq!(admit(&office, in_secs(earliest, 250_000 * MB), &[]), Ok(()));
    }

    #[test]
    fn what_nobody_knows_is_not_promised() {
        let not_promised = |refused| match refused {
            Err(Rejection::Deadline(DeadlineRejection::DeadlineNotPromised { why, .. })) => why,
            other => panic!("{other:?}"),
        };
        let free = road(None, &[]);
        assert_eq!(not_promised(admit(&free, in_secs(100, 1), &[])), NoPromise::SpeedUnknown);
        let proved = Road { proved: Some(10 * MB), ..free.clone() };
        assert_eq!(admit(&proved, in_secs(100, 855 * MB), &[]), Ok(()));
        // A limit is believed, whatever was measured under it.
        let wide = Road { limit: Some(1_000 * MB), ..proved };
        assert_eq!(admit(&wide, in_secs(100, 900 * MB), &[]), Ok(()));
        let paused = Road { pause: Pause::Paused, ..wide.clone() };
        assert_eq!(not_promised(admit(&paused, in_secs(100, 1), &[])), NoPromise::Paused);
        let never = Road { schedule: road(None, &["daily pause"]).schedule, ..wide };
        assert_eq!(not_promised(admit(&never, in_secs(100, 1), &[])), NoPromise::Paused);
        // Enough is known where a window has a limit.
        let night = road(None, &["fri 08:00-18:00 1MB"]);
        assert_eq!(admit(&night, in_secs(100, 80 * MB), &[]), Ok(()));
        assert_eq!(
            not_promised(admit(&night, in_secs(86_400, 90_000 * MB), &[])),
            NoPromise::SpeedUnknown
        );
    }

    #[test]
    fn the_share_is_what_the_most_pressing_deadline_needs() {
        let link = road(Some(10 * MB), &[]);
        let share = |promised: &[Promise]| link.share_needed(NOW, promised);
        assert_eq!(share(&[]), 0.0);
        assert!((share(&[in_secs(100, 855 * MB / 2)]) - 0.5).abs() < 1e-9);
        assert_eq!(share(&[in_secs(100, 900 * MB)]), 1.0);
        // Two at half the link each, one behind the other, are half the link, not all of it.
        let two = [in_secs(100, 400 * MB), in_secs(200, 400 * MB)];
        assert!((0.45..0.48).contains(&share(&two)), "{}", share(&two));
        assert!(!link.is_at_risk(NOW, two[1].due, &two));
        let slow = road(Some(3 * MB), &[]);
        assert!(slow.is_at_risk(NOW, two[0].due, &two) && slow.share_needed(NOW, &two) == 1.0);
        let paused = Road { pause: Pause::Paused, ..link };
        assert!(paused.is_at_risk(NOW, two[0].due, &two));
        // What nobody knows is no risk; and nothing is left for others meanwhile.
        let unknown = road(None, &[]);
        assert!(!unknown.is_at_risk(NOW, two[0].due, &two));
        assert_eq!(unknown.share_needed(NOW, &two), 1.0);
    }

    proptest! {
        /// Whatever was promised one after the other, serving the earliest deadline first keeps all of them.
        #[test]
        fn what_was_admitted_fits(asked in prop::collection::vec((2_i64..5_000, 1_u64..3_000), 1..12)) {
            let link = road(Some(MB), &["fri 12:10-12:20 pause", "fri 12:30-13:00 200KB"]);
            let mut promised: Vec<Promise> = Vec::new();
            for (secs, megabytes) in asked {
                let wanted = in_secs(secs, megabytes * MB / 4);
                match admit(&link, wanted, &promised) {
                    Ok(()) => promised.push(wanted),
                    Err(Rejection::Deadline(DeadlineRejection::DeadlineTooSoon { earliest, .. })) => {
                        let later = Promise { due: earliest, ..wanted };
                        prop_assert_eq!(admit(&link, later, &promised), Ok(()));
                    }
                    Err(other) => prop_assert!(false, "{other}"),
                }
                prop_assert!(link.share_needed(NOW, &promised) <= 1.0);
                for promise in &promised {
                    prop_assert!(!link.is_at_risk(NOW, promise.due, &promised));
                }
            }
        }
    }
}
