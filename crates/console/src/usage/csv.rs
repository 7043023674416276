//! A month's usage as a table for other programs (RFC 4180).

use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use model::{Meter, RegionId};

use super::bill::{Bill, unit};
use super::wanted::Wanted;
use crate::refusal::Shown;
use crate::visit::Visit;

const COLUMNS: [&str; 12] = [
    "month",
    "account",
    "account_name",
    "region",
    "meter",
    "source_region",
    "quantity",
    "quantity_unit",
    "rate",
    "rate_per",
    "amount",
    "currency",
];

/// The table.
pub(crate) async fn download(visit: Visit) -> Response {
    match table(&visit).await {
        Ok((name, table)) => {
            let named = format!("attachment; filename=\"{name}\"");
            let headers = [
                (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
                (CONTENT_DISPOSITION, named),
            ];
            (headers, table).into_response()
        }
        Err(shown) => shown.page(&visit).into_response(),
    }
}

async fn table(visit: &Visit) -> Result<(String, String), Shown> {
    let wanted = Wanted::of(visit)?;
    let bill = Bill::of(visit, &wanted).await?;
    let mut table = row(COLUMNS.map(str::to_owned));
    for line in &bill.lines {
        let metered = &line.metered;
        let quantity_unit = match metered.meter {
            Meter::Traffic => "bytes",
            Meter::Storage => "byte-hours",
        };
        table.push_str(&row([
            wanted.month.to_string(),
            line.account.to_string(),
            bill.name(&line.account),
            line.region.to_string(),
            metered.meter.to_string(),
            metered.source.as_ref().map(RegionId::to_string).unwrap_or_default(),
            metered.quantity.to_string(),
            quantity_unit.to_owned(),
            metered.rate.price.to_string(),
            unit(metered.meter).replace('·', "-"),
            metered.amount().to_string(),
            metered.rate.currency.to_string(),
        ]));
    }
    Ok((format!("ferry-usage-{}.csv", wanted.month), table))
}

fn row(values: [String; 12]) -> String {
    let cells: Vec<String> = values.iter().map(|value| cell(value)).collect();
    format!("{}\r\n", cells.join(","))
}

/// A value that a table program shows as it is: what it would take for a formula gets an apostrophe before it
/// (RELIABILITY, console: `=cmd|`).
fn cell(value: &str) -> String {
    let begins = |value: &str| {
        value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
    };
    let is_formula = begins(value) || begins(value.trim_start());
    let value = if is_formula { format!("'{value}") } else { value.to_owned() };
    if value.contains(['"', ',', '\r', '\n', ';', '\'']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    /// RELIABILITY, console: CSV formula `=cmd|`.
    #[test]
    fn nothing_is_a_formula_and_everything_is_one_cell() {
        let table = [
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("+1", "\"'+1\""),
            ("-1+1", "\"'-1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("  =1", "\"'  =1\""),
            ("a,b", "\"a,b\""),
            ("say \"=1\"", "\"say \"\"=1\"\"\""),
            ("a\r\n=1", "\"a\r\n=1\""),
            ("plain name", "plain name"),
            ("0.00", "0.00"),
            ("中文", "中文"),
        ];
        for (value, wanted) in table {
            assert_eq!(cell(value), wanted);
        }
    }
}
