use proptest::collection::vec;
use proptest::prelude::any;
use proptest::{prop_assert_eq, proptest};

use super::{
    Amount, Currency, DayTraffic, Price, Rate, StorageSpan, judge_rate, rate_on, storage_lines,
    stretches, traffic_lines,
};
use crate::field::{Field, FieldRefusal};
use crate::month::{Day, Month};
use crate::rejection::Rejection;
use crate::time::Timestamp;

const HOUR: i64 = 3_600_000;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn rate(from: &str, price: &str) -> Rate {
    Rate { from: day(from), currency: Currency::USD, price: price.parse().unwrap() }
}

#[test]
fn prices_are_exact_decimals() {
    for (text, micros, shown) in [
        ("0", 0, "0.00"),
        ("0.05", 50_000, "0.05"),
        ("1.5", 1_500_000, "1.50"),
        ("0.000001", 1, "0.000001"),
        ("1000000", Price::MAX_MICROS, "1000000.00"),
    ] {
        let price: Price = text.parse().unwrap();
        assert_eq!((price.micros(), price.to_string()), (micros, shown.to_owned()));
    }
    for wrong in ["", ".", "1.", ".5", "-1", "0.0000001", "1e3", "1000000.000001", "99999999", "٣"]
    {
        assert!(wrong.parse::<Price>().is_err(), "{wrong}");
    }
    for wrong in ["usd", "US", "EURO", "U D", "€"] {
        assert!(wrong.parse::<Currency>().is_err(), "{wrong}");
    }
}

/// R000-4, R003-3: what nobody has priced is counted and costs 0.00.
#[test]
fn r000_4_r003_3_without_a_rate_there_is_a_quantity_and_no_amount() {
    let cut = stretches(month("2026-11"), &[], Currency::USD);
    let used = DayTraffic { source: "north".parse().unwrap(), day: day("2026-11-30"), bytes: 12 };
    let lines = traffic_lines(&[used], &cut);
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].quantity, lines[0].amount().to_string()), (12, "0.00".to_owned()));
}

/// R000-4: each day is priced by the rate that counted on it.
#[test]
fn r000_4_a_month_in_which_the_rate_changes_has_two_lines() {
    let rates = [rate("2026-11-16", "0.50"), rate("2026-10-01", "0.10"), rate("2026-12-01", "9")];
    let cut = stretches(month("2026-11"), &rates, Currency::USD);
    let traffic: Vec<_> = [("2026-11-15", 1), ("2026-11-16", 2), ("2026-11-30", 4)]
        .map(|(at, gib)| DayTraffic {
            source: "north".parse().unwrap(),
            day: day(at),
            bytes: gib << 30,
        })
        .into();
    let lines = traffic_lines(&traffic, &cut);
    let told: Vec<_> = lines.iter().map(|line| (line.quantity >> 30, line.amount().0)).collect();
    assert_eq!(told, [(1, 100_000), (6, 3_000_000)]);
    assert_eq!(lines[0].rate.from, day("2026-10-01"));
    // The month before had the first rate alone, the month after has the last.
    assert_eq!(stretches(month("2026-10"), &rates, Currency::USD).len(), 1);
    let after = stretches(month("2026-12"), &rates, Currency::USD);
    assert_eq!((after.len(), after[0].rate), (1, rates[2]));
}

/// R000-4: what was used stays as it was told; R003-3.
#[test]
fn r000_4_a_rate_counts_from_tomorrow_at_the_earliest() {
    let noon = day("2026-11-22").start().plus_ms(12 * HOUR);
    for refused in ["2026-11-22", "2026-11-21", "1970-01-01"] {
        let earliest = day("2026-11-23").start();
        let refusal = Rejection::field(Field::From, FieldRefusal::TooSoon { earliest });
        assert_eq!(judge_rate(day(refused), noon), Err(refusal), "{refused}");
    }
    assert_eq!(judge_rate(day("2026-11-23"), noon), Ok(()));
}

/// R001-5: a snapshot that lives over months' ends is charged in each for its hours there; a leap day has 24.
#[test]
fn r001_5_a_snapshot_over_month_ends_is_charged_in_each() {
    let span = StorageSpan {
        bytes: 10,
        began: day("2024-01-31").start().plus_ms(12 * HOUR),
        ended: Some(day("2024-03-01").start().plus_ms(HOUR)),
    };
    let hours = |text| {
        let cut = stretches(month(text), &[], Currency::USD);
        let lines = storage_lines(&[span], &cut, Timestamp(i64::MAX));
        lines.iter().map(|line| line.quantity / 10).sum::<u64>()
    };
    assert_eq!([hours("2023-12"), hours("2024-01")], [0, 12]);
    assert_eq!([hours("2024-02"), hours("2024-03"), hours("2024-04")], [29 * 24, 1, 0]);
}

#[test]
fn r001_5_a_snapshot_that_is_there_is_charged_until_now() {
    let began = day("2026-11-10").start();
    let span = StorageSpan { bytes: 7, began, ended: None };
    let cut = stretches(month("2026-11"), &[], Currency::USD);
    let told = |now| storage_lines(&[span], &cut, now).first().map_or(0, |line| line.quantity);
    assert_eq!(told(began), 0);
    assert_eq!(told(began.plus_ms(90 * 60_000)), 10, "ten and a half byte-hours");
    assert_eq!(told(day("2027-01-01").start()), 21 * 24 * 7);
}

#[test]
fn amounts_are_rounded_once_half_upwards() {
    let price: Price = "0.000001".parse().unwrap();
    let told: Vec<_> = [0, (1 << 29) - 1, 1 << 29, (1 << 30) + (1 << 29) - 1]
        .map(|quantity| price.of(quantity).0)
        .into();
    assert_eq!(told, [0, 0, 1, 1]);
    assert_eq!(Price::from_micros(Price::MAX_MICROS).unwrap().of(u64::MAX), Amount(u64::MAX));
}

proptest! {
    /// R001-5: splitting a span at any instants sums to the same.
    #[test]
    fn r001_5_any_cut_of_a_time_sums_to_the_same(
        bytes in 0u64..1 << 50,
        began in 0i64..1 << 42,
        length in 0i64..1 << 40,
        lives in any::<bool>(),
        mut cuts in vec(0i64..1 << 42, 0..12),
    ) {
        let ended = (!lives).then_some(Timestamp(began + length));
        let span = StorageSpan { bytes, began: Timestamp(began), ended };
        cuts.extend([0, 1 << 42]);
        cuts.sort_unstable();
        let whole = span.byte_ms(Timestamp(0), Timestamp(1 << 42));
        let parts: u128 =
            cuts.windows(2).map(|pair| span.byte_ms(Timestamp(pair[0]), Timestamp(pair[1]))).sum();
        prop_assert_eq!(whole, parts);
    }

    /// The stretches of a month are its days, each once, whatever the rates.
    #[test]
    fn stretches_cover_the_month(mut from in vec(20_700i64..20_900, 0..8)) {
        from.sort_unstable();
        from.dedup();
        let rates: Vec<Rate> = from
            .iter()
            .map(|number| Rate {
                from: Day::from_number(*number).unwrap(),
                currency: Currency::USD,
                price: Price::from_micros(*number as u64).unwrap(),
            })
            .collect();
        let month = month("2026-11");
        let cut = stretches(month, &rates, Currency::USD);
        prop_assert_eq!(cut[0].first, month.first());
        prop_assert_eq!(cut[cut.len() - 1].end, month.end());
        for pair in cut.windows(2) {
            prop_assert_eq!(pair[0].end, pair[1].first);
        }
        for stretch in &cut {
            let mut day = stretch.first;
            while day < stretch.end {
                prop_assert_eq!(rate_on(&rates, day, Currency::USD), stretch.rate);
                day = day.next();
            }
        }
    }
}
