//! A copy's rate over time: a line over an area, made here, so that it needs no script.

use askama::Template;
use region::RateSample;

use crate::look::{self, When};
use crate::words::Words;

/// The picture in its own units; the page scales it.
const WIDTH: u64 = 640;
const HEIGHT: u64 = 170;
/// Where the plot begins and ends within it: room for labels.
const LEFT: u64 = 74;
const RIGHT: u64 = 8;
const TOP: u64 = 10;
const BOTTOM: u64 = 24;
/// Marks on the time axis.
const MARKS: u64 = 4;

/// A line or a mark with its label.
pub(super) struct Mark {
    pub(super) at: u64,
    pub(super) label: String,
}

/// One sample in words, for who does not see the picture.
pub(super) struct Line {
    pub(super) at: When,
    pub(super) rate: String,
    pub(super) percent: u8,
}

/// The picture.
#[derive(Template)]
#[template(path = "copies/chart.html")]
pub(super) struct Chart {
    words: Words,
    line: String,
    area: String,
    levels: Vec<Mark>,
    times: Vec<Mark>,
    lines: Vec<Line>,
    fastest: String,
    average: String,
    span: String,
    width: u64,
    height: u64,
    left: u64,
    right: u64,
    bottom: u64,
}

impl Chart {
    /// Of samples, the oldest first; none of no samples.
    pub(super) fn of(samples: &[RateSample], words: Words) -> Option<Chart> {
        let (first, last) = (samples.first()?, samples.last()?);
        let total_ms = u64::try_from(last.at.ms_since(first.at)).unwrap_or(0);
        let fastest = samples.iter().map(|sample| sample.bytes_per_sec).max().unwrap_or(0);
        let top = rounded_up(fastest);
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        let across = |ms: u64| LEFT + scaled(ms, total_ms, right - LEFT);
        let up = |rate: u64| bottom - scaled(rate, top, bottom - TOP);
        let mut points: Vec<(u64, u64)> = samples
            .iter()
            .map(|sample| {
                let ms = u64::try_from(sample.at.ms_since(first.at)).unwrap_or(0);
                (across(ms), up(sample.bytes_per_sec))
            })
            .collect();
        // One moment has no length: its rate is drawn level.
        if total_ms == 0 {
            let level = up(last.bytes_per_sec);
            points = vec![(LEFT, level), (right, level)];
        }
        let line = path(&points);
        let (start, end) = (points[0].0, points[points.len() - 1].0);
        let area = format!("{line} L{end} {bottom} L{start} {bottom} Z");
        let level = |rate: u64| Mark { at: up(rate), label: look::rate(rate) };
        let time = |part: u64| {
            let ms = total_ms * part / MARKS;
            Mark { at: across(ms), label: look::span(ms / 1_000) }
        };
        Some(Chart {
            words,
            line,
            area,
            levels: vec![level(0), level(top / 2), level(top)],
            times: match total_ms / 1_000 {
                0 => Vec::new(),
                seconds if seconds < MARKS => vec![time(0), time(MARKS)],
                _longer => (0..=MARKS).map(time).collect(),
            },
            lines: samples.iter().map(told).collect(),
            fastest: look::rate(fastest),
            average: look::rate(average(samples)),
            span: look::span(total_ms / 1_000),
            width: WIDTH,
            height: HEIGHT,
            left: LEFT,
            right,
            bottom,
        })
    }
}

fn told(sample: &RateSample) -> Line {
    Line { at: When(sample.at), rate: look::rate(sample.bytes_per_sec), percent: sample.percent }
}

/// Over the time between the samples; that of the only one where it is one.
fn average(samples: &[RateSample]) -> u64 {
    let (mut moved, mut time) = (0_u128, 0_u128);
    for pair in samples.windows(2) {
        let ms = u128::try_from(pair[1].at.ms_since(pair[0].at)).unwrap_or(0);
        moved += u128::from(pair[1].bytes_per_sec) * ms;
        time += ms;
    }
    let first = samples.first().map_or(0, |sample| u128::from(sample.bytes_per_sec));
    let average = moved.checked_div(time).unwrap_or(first);
    u64::try_from(average).unwrap_or(u64::MAX)
}

/// A part of a length, rounded down; none of it where the whole is nothing.
fn scaled(part: u64, whole: u64, length: u64) -> u64 {
    let exact = u128::from(part.min(whole)) * u128::from(length);
    exact.checked_div(u128::from(whole)).map_or(0, |it| u64::try_from(it).unwrap_or(length))
}

/// The least of 1, 2 and 5 with zeros behind that is no less.
fn rounded_up(rate: u64) -> u64 {
    let mut step = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            match step.checked_mul(factor) {
                Some(top) if top >= rate.max(1_000) => return top,
                Some(_) => {}
                None => return u64::MAX,
            }
        }
        step = match step.checked_mul(10) {
            Some(next) => next,
            None => return u64::MAX,
        };
    }
}

fn path(points: &[(u64, u64)]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        let verb = if index == 0 { "M" } else { " L" };
        path.push_str(&format!("{verb}{x} {y}"));
    }
    path
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::*;
    use crate::words::Language;

    fn sample(at: i64, bytes_per_sec: u64) -> RateSample {
        RateSample { at: Timestamp(at), bytes_per_sec, percent: 5 }
    }

    fn chart(samples: &[RateSample]) -> Option<Chart> {
        Chart::of(samples, Words(Language::English))
    }

    #[test]
    fn a_line_goes_from_the_first_sample_to_the_last_and_up_to_the_fastest() {
        let chart = chart(&[sample(0, 0), sample(5_000, 1_000_000), sample(10_000, 500_000)]);
        let chart = chart.unwrap();
        assert_eq!(chart.line, "M74 146 L353 10 L632 78");
        assert_eq!(chart.area, "M74 146 L353 10 L632 78 L632 146 L74 146 Z");
        let levels: Vec<_> = chart.levels.iter().map(|mark| mark.label.as_str()).collect();
        assert_eq!(levels, ["0 B/s", "500 kB/s", "1 MB/s"]);
        let times: Vec<_> = chart.times.iter().map(|mark| mark.label.as_str()).collect();
        assert_eq!(times, ["0 s", "2 s", "5 s", "7 s", "10 s"]);
        assert_eq!((chart.fastest.as_str(), chart.average.as_str()), ("1 MB/s", "750 kB/s"));
        let html = chart.render().unwrap();
        assert!(html.contains("<title id=") && html.contains("<desc id="), "{html}");
        assert!(html.contains("<table class=\"sr\">") && !html.contains("style="), "{html}");
    }

    #[test]
    fn one_sample_is_a_level_line_and_none_is_no_picture() {
        assert!(chart(&[]).is_none());
        let one = chart(&[sample(9, 2_000_000)]).unwrap();
        assert_eq!(one.line, "M74 10 L632 10");
        assert!(one.times.is_empty());
        assert_eq!(one.average, "2 MB/s");
        // A clock that was set back draws nothing outside the picture.
        let back = chart(&[sample(9_000, 1), sample(4_000, 2)]).unwrap();
        assert_eq!(back.line, "M74 146 L632 146");
    }

    #[test]
    fn the_scale_ends_at_a_round_rate() {
        for (rate, top) in
            [(0, 1_000), (1_001, 2_000), (4_100_000, 5_000_000), (u64::MAX, u64::MAX)]
        {
            assert_eq!(rounded_up(rate), top);
        }
    }
}
