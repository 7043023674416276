//! What is charged, from when on: shown to everybody, set by operators.

use askama::Template;
use axum::http::StatusCode;
use model::{Act, Day, Meter, Price};
use region::{RateView, Refused, Region};

use super::bill::{meter_name, unit};
use crate::form::Form;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// A rate in its row.
pub(super) struct RateRow {
    pub(super) meter: Saying,
    pub(super) from: Day,
    pub(super) rate: String,
    /// Whether it counts today.
    pub(super) is_now: bool,
}

/// The rates of a region.
pub(super) struct RateTable {
    pub(super) region: String,
    pub(super) rows: Vec<RateRow>,
}

/// What stands in the form.
struct Typed {
    meter: Meter,
    from: String,
    price: String,
}

struct MeterChoice {
    word: &'static str,
    name: Saying,
    unit: &'static str,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "usage/set_rate.html")]
struct SetRate<'a> {
    visit: &'a Visit,
    words: Words,
    problem: Option<&'a Problem>,
    title: String,
    typed: &'a Typed,
    meters: Vec<MeterChoice>,
    path: String,
    back: String,
}

/// The rates of a region by meter and day.
pub(super) async fn table(visit: &Visit, region: &Region) -> Result<RateTable, Shown> {
    let rates = region.rates(&visit.caller).await?;
    let today = Day::of(visit.now());
    let row = |view: &RateView| RateRow {
        meter: meter_name(view.meter, visit.words),
        from: view.rate.from,
        rate: format!("{} {} / {}", view.rate.price, view.rate.currency, unit(view.meter)),
        is_now: counts(&rates, view, today),
    };
    Ok(RateTable { region: region.id().to_string(), rows: rates.iter().map(row).collect() })
}

/// Whether of its meter's rates this is the one that counts on a day.
fn counts(rates: &[RateView], one: &RateView, day: Day) -> bool {
    let begun = rates.iter().filter(|rate| rate.meter == one.meter && rate.rate.from <= day);
    begun.map(|rate| rate.rate.from).max() == Some(one.rate.from)
}

/// The form.
pub(crate) async fn ask(visit: Visit) -> Result<Page, Shown> {
    let region = visit.region()?;
    visit.caller.must(Act::Operate)?;
    let tomorrow = Day::of(visit.now()).next();
    let typed = Typed { meter: Meter::Traffic, from: tomorrow.to_string(), price: String::new() };
    Ok(page(&visit, &region, (None, &typed)))
}

fn page(visit: &Visit, region: &Region, (problem, typed): (Option<&Problem>, &Typed)) -> Page {
    let words = visit.words;
    let title = words.say("usage-rate-title").showing("region", region.id()).to_string();
    let choice = |meter: &Meter| MeterChoice {
        word: meter.as_str(),
        name: meter_name(*meter, words),
        unit: unit(*meter),
        is_chosen: *meter == typed.meter,
    };
    let html = SetRate {
        visit,
        words,
        problem,
        title: title.clone(),
        typed,
        meters: Meter::ALL.iter().map(choice).collect(),
        path: format!("/regions/{}/rates", region.id()),
        back: format!("/usage?region={}", region.id()),
    };
    let status = problem.map_or(StatusCode::OK, |problem| problem.status);
    visit.page(Section::Usage, title).part("set-rate", &html).dialog().status(status)
}

/// Sets one.
pub(crate) async fn set(visit: Visit, form: Form) -> Result<Done, Shown> {
    let region = visit.region()?;
    let words = visit.words;
    let typed = Typed {
        meter: form.text("meter").parse().map_err(|_no_meter| Shown::BadForm)?,
        from: form.text("from").to_owned(),
        price: form.text("price").to_owned(),
    };
    let problem = match (typed.from.parse::<Day>(), typed.price.parse::<Price>()) {
        (Ok(from), Ok(price)) => {
            match region.set_rate(&visit.caller, typed.meter, from, price).await {
                Ok(set) => {
                    let notice = words.say("usage-rate-set").showing("from", set.rate.from);
                    let path = format!("/usage?region={}", region.id());
                    return Ok(visit.done(path, &notice));
                }
                Err(Refused::Rejected(rejection)) => Problem::of_rejection(&rejection, words),
                Err(refused) => return Err(refused.into()),
            }
        }
        (Err(_no_day), _) => Problem::said(&words.say("usage-rate-day-wrong")),
        (_, Err(_no_price)) => Problem::said(&words.say("usage-rate-price-wrong")),
    };
    Ok(page(&visit, &region, (Some(&problem), &typed)).into())
}
