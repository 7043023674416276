//! Usage by month: bars, made here, so that they need no script; and the same as a table for who does not see them.

use askama::Template;
use model::{Meter, Month};

use super::bill::quantity;
use crate::words::{Saying, Words};

/// The picture in its own units; the page scales it.
const WIDTH: u64 = 480;
const HEIGHT: u64 = 170;
/// Where the plot begins and ends within it: room for labels.
const LEFT: u64 = 78;
const RIGHT: u64 = 6;
const TOP: u64 = 12;
const BOTTOM: u64 = 34;
/// Months that it shows.
pub(super) const MONTHS: usize = 12;

/// A month's bar.
struct Bar {
    x: u64,
    y: u64,
    height: u64,
    middle: u64,
    month: Month,
    /// The month's number, under its bar.
    number: String,
    /// Its year, under the first of each.
    year: Option<String>,
    value: String,
}

/// A line across with its label.
struct Level {
    at: u64,
    label: String,
}

/// The picture of one meter.
#[derive(Template)]
#[template(path = "usage/chart.html")]
pub(super) struct Chart {
    words: Words,
    /// Names its elements: two pictures are on one page.
    id: &'static str,
    title: Saying,
    told: Saying,
    bars: Vec<Bar>,
    levels: Vec<Level>,
    bar_width: u64,
    width: u64,
    height: u64,
    left: u64,
    right: u64,
    bottom: u64,
}

impl Chart {
    /// Of what was used in each month, the oldest first.
    pub(super) fn of(meter: Meter, months: &[(Month, u64)], words: Words) -> Chart {
        let (id, title) = match meter {
            Meter::Traffic => ("chart-traffic", words.say("usage-chart-traffic")),
            Meter::Storage => ("chart-storage", words.say("usage-chart-storage")),
        };
        let most = months.iter().max_by_key(|(_, used)| *used);
        let told = match most {
            Some((month, used)) if *used > 0 => words
                .say("usage-chart-most")
                .showing("month", month)
                .with("quantity", quantity(meter, *used)),
            Some(_) | None => words.say("usage-chart-nothing"),
        };
        let top = rounded_up(most.map_or(0, |(_, used)| *used));
        let level = |value: u64| Level { at: up(value, top), label: quantity(meter, value) };
        let slot = (WIDTH - LEFT - RIGHT) / (months.len().max(1) as u64);
        let bar_width = (slot * 2 / 3).clamp(1, 40);
        let mut bars: Vec<Bar> = Vec::new();
        for (number, (month, used)) in months.iter().enumerate() {
            let middle = LEFT + slot * number as u64 + slot / 2;
            bars.push(bar((middle, bar_width), (*month, *used, top), meter));
        }
        Chart {
            words,
            id,
            title,
            told,
            bars,
            levels: vec![level(0), level(top / 2), level(top)],
            bar_width,
            width: WIDTH,
            height: HEIGHT,
            left: LEFT,
            right: WIDTH - RIGHT,
            bottom: HEIGHT - BOTTOM,
        }
    }
}

fn bar((middle, width): (u64, u64), (month, used, top): (Month, u64, u64), meter: Meter) -> Bar {
    let text = month.to_string();
    let (year, number) = text.split_once('-').unwrap_or((&text, ""));
    // What was used at all is seen.
    let y = if used == 0 { HEIGHT - BOTTOM } else { up(used, top).min(HEIGHT - BOTTOM - 1) };
    Bar {
        x: middle - width / 2,
        y,
        height: HEIGHT - BOTTOM - y,
        middle,
        month,
        number: number.to_owned(),
        year: (number == "01").then(|| year.to_owned()),
        value: quantity(meter, used),
    }
}

/// How far down in the picture a value is.
fn up(value: u64, top: u64) -> u64 {
    let length = u128::from(HEIGHT - BOTTOM - TOP);
    let exact = u128::from(value.min(top)) * length / u128::from(top.max(1));
    HEIGHT - BOTTOM - u64::try_from(exact).unwrap_or(0)
}

/// The least round amount that is no less: 1, 2, 5, 10, 20, 50, 100, 200 or 500 of a unit; at least 2 KiB.
fn rounded_up(value: u64) -> u64 {
    let mut unit = 1_u64 << 10;
    loop {
        for factor in [1, 2, 5, 10, 20, 50, 100, 200, 500] {
            match unit.checked_mul(factor) {
                Some(top) if top >= value.max(2 << 10) => return top,
                Some(_) => {}
                None => return u64::MAX,
            }
        }
        unit = match unit.checked_mul(1 << 10) {
            Some(next) => next,
            None => return u64::MAX,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    #[test]
    fn bars_are_as_high_as_what_was_used_and_say_it_in_a_table_too() {
        let used =
            [(month("2025-12"), 0), (month("2026-01"), 1 << 30), (month("2026-02"), 5 << 30)];
        let chart = Chart::of(Meter::Traffic, &used, Words(Language::English));
        let heights: Vec<_> = chart.bars.iter().map(|bar| bar.height).collect();
        assert_eq!(heights, [0, 24, 124]);
        let levels: Vec<_> = chart.levels.iter().map(|level| level.label.as_str()).collect();
        assert_eq!(levels, ["0 B", "2.5 GiB", "5 GiB"]);
        let years: Vec<_> = chart.bars.iter().map(|bar| bar.year.as_deref()).collect();
        assert_eq!(years, [None, Some("2026"), None]);
        let html = chart.render().unwrap();
        assert!(html.contains("<title id=\"chart-traffic-title\">"), "{html}");
        assert!(html.contains("<td>2026-02</td><td>5 GiB</td>"), "{html}");
        for no in ["style=", "<a ", "NaN"] {
            assert!(!html.contains(no), "{html}");
        }
    }

    #[test]
    fn months_without_use_and_the_most_there_is_are_drawn_within_the_picture() {
        for used in [0, 1, 999, u64::MAX] {
            let used = [(month("2026-01"), used), (month("2026-02"), 1)];
            let chart = Chart::of(Meter::Storage, &used, Words(Language::Chinese));
            assert!(chart.bars.iter().all(|bar| bar.y >= TOP && bar.y + bar.height == 136));
        }
        assert!(Chart::of(Meter::Storage, &[], Words(Language::English)).bars.is_empty());
    }

    #[test]
    fn the_scale_ends_at_a_round_amount() {
        let table = [(0, 2 << 10), (3 << 20, 5 << 20), (501 << 30, 1 << 40), (u64::MAX, u64::MAX)];
        for (value, top) in table {
            assert_eq!(rounded_up(value), top);
        }
    }
}
