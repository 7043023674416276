//! The page: a month's lines and sums, the months before, and the rates.

use askama::Template;
use futures::future::try_join_all;
use model::{Act, Meter, Month};

use super::bill::{Bill, Totals, lines, meter_name, quantity, totals, unit};
use super::chart::{Chart, MONTHS};
use super::rates::{self, RateTable};
use super::wanted::{Wanted, last_months, previous};
use crate::page::{Page, Section, rendered};
use crate::refusal::Shown;
use crate::visit::{Chosen, Visit};
use crate::words::{Saying, Words};

/// A line of the bill in its row.
struct Row {
    region: String,
    account: String,
    account_id: String,
    meter: Saying,
    /// From where to where, for traffic.
    way: Option<String>,
    quantity: String,
    exact: String,
    rate: String,
    amount: String,
}

struct Tab {
    label: Saying,
    path: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "usage/head.html")]
struct Head {
    words: Words,
    tabs: Vec<Tab>,
    region: String,
    whose: &'static str,
    month: Month,
    newest: Month,
    previous: Option<(Month, String)>,
    next: Option<(Month, String)>,
    csv: String,
}

#[derive(Template)]
#[template(path = "usage/bill.html")]
struct BillTable {
    words: Words,
    month: Month,
    is_open: bool,
    is_everyone: bool,
    rows: Vec<Row>,
    traffic: String,
    storage: String,
    amounts: Vec<String>,
}

#[derive(Template)]
#[template(path = "usage/charts.html")]
struct Charts {
    traffic: String,
    storage: String,
}

#[derive(Template)]
#[template(path = "usage/rates.html")]
struct Rates {
    words: Words,
    tables: Vec<RateTable>,
    may_set: bool,
}

/// Shows it.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let wanted = Wanted::of(&visit)?;
    let words = visit.words;
    let bill = Bill::of(&visit, &wanted).await?;
    let charts = charts(&visit, &wanted).await?;
    let mut tables = Vec::new();
    for region in &wanted.regions {
        tables.push(rates::table(&visit, region).await?);
    }
    let rates = Rates { words, tables, may_set: visit.may(Act::Operate) };
    let page = visit.page(Section::Usage, words.say("usage-title"));
    let page = page.part("usage-head", &head(&visit, &wanted));
    let page = page.part("usage", &table(&wanted, &bill, words)).part("usage-months", &charts);
    Ok(page.part("rates", &rates))
}

fn head(visit: &Visit, wanted: &Wanted) -> Head {
    let words = visit.words;
    let of = |month: Month| (month, visit.with_query(&[("month", &month.to_string())]));
    let tab = |label, whose: &str| Tab {
        label,
        path: visit.with_query(&[("whose", whose)]),
        is_current: wanted.whose_word() == whose,
    };
    let tabs = if visit.may(Act::Operate) {
        vec![tab(words.say("usage-own"), ""), tab(words.say("usage-everyone"), "all")]
    } else {
        Vec::new()
    };
    let whose = if wanted.is_everyone { "&whose=all" } else { "" };
    Head {
        words,
        tabs,
        region: match visit.chosen() {
            Chosen::All => String::new(),
            Chosen::One(region) => region.to_string(),
        },
        whose: wanted.whose_word(),
        month: wanted.month,
        newest: wanted.newest,
        previous: previous(wanted.month).map(of),
        next: wanted.next().map(of),
        csv: visit.link(&format!("/usage.csv?month={}{whose}", wanted.month)),
    }
}

fn table(wanted: &Wanted, bill: &Bill, words: Words) -> BillTable {
    let rows = bill.lines.iter().map(|line| {
        let metered = &line.metered;
        let rate = &metered.rate;
        Row {
            region: line.region.to_string(),
            account: bill.name(&line.account),
            account_id: line.account.to_string(),
            meter: meter_name(metered.meter, words),
            way: metered.source.as_ref().map(|source| format!("{source} → {}", line.region)),
            quantity: quantity(metered.meter, metered.quantity),
            exact: metered.quantity.to_string(),
            rate: format!("{} {} / {}", rate.price, rate.currency, unit(metered.meter)),
            amount: format!("{} {}", metered.amount(), rate.currency),
        }
    });
    let Totals { traffic, storage, amounts } = bill.totals();
    let amounts = amounts.into_iter().map(|(currency, amount)| format!("{amount} {currency}"));
    BillTable {
        words,
        month: wanted.month,
        is_open: wanted.month == wanted.newest,
        is_everyone: wanted.is_everyone,
        rows: rows.collect(),
        traffic: quantity(Meter::Traffic, traffic),
        storage: quantity(Meter::Storage, storage),
        amounts: amounts.collect(),
    }
}

/// The months until this one, of all wanted regions together.
async fn charts(visit: &Visit, wanted: &Wanted) -> Result<Charts, Shown> {
    let months = last_months(wanted.newest, MONTHS);
    let used = months.iter().map(|month| async {
        let lines = lines(visit, &wanted.regions, (*month, wanted.whose())).await?;
        Ok::<_, Shown>((*month, totals(&lines)))
    });
    let used = try_join_all(used).await?;
    let of = |meter, used: Vec<(Month, u64)>| rendered(&Chart::of(meter, &used, visit.words));
    Ok(Charts {
        traffic: of(Meter::Traffic, used.iter().map(|(at, sum)| (*at, sum.traffic)).collect()),
        storage: of(Meter::Storage, used.iter().map(|(at, sum)| (*at, sum.storage)).collect()),
    })
}
