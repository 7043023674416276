//! What a meter's unit costs, from a day on.

use crate::statement::Row;
use crate::statement::query;
use model::{Day, Meter, Price, Rate, Timestamp};

use crate::fault::CatalogFault;
use crate::stored::{Stored, signed};
use crate::tx::Tx;

/// A rate of a meter.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct RateRow {
    /// Of which meter.
    pub meter: Meter,
    /// From when on, and how much.
    pub rate: Rate,
    /// When it was set.
    pub set_at: Timestamp,
}

pub(crate) const LIST: &str = "SELECT * FROM rate ORDER BY meter, from_day";

impl Tx {
    /// Records a rate, in place of the one that was to count from the same day.
    pub async fn put_rate(&mut self, row: &RateRow) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO rate (meter, from_day, currency, micros, set_at) VALUES (?, ?, ?, ?, ?) \
            ON CONFLICT (meter, from_day) DO UPDATE SET currency = excluded.currency, micros = excluded.micros, \
            set_at = excluded.set_at";
        let put = query(sql)
            .bind(row.meter.as_str())
            .bind(row.rate.from.number())
            .bind(row.rate.currency.as_str())
            .bind(signed("micros", row.rate.price.micros())?)
            .bind(row.set_at.0);
        self.run("record a rate", put).await.map(|_| ())
    }

    /// The rate of a meter that was set for exactly this day.
    pub async fn rate_from(
        &mut self,
        meter: Meter,
        from: Day,
    ) -> Result<Option<RateRow>, CatalogFault> {
        let find = query("SELECT * FROM rate WHERE meter = ? AND from_day = ?");
        let find = find.bind(meter.as_str()).bind(from.number());
        self.one("find a rate", find).await?.as_ref().map(rate_row).transpose()
    }

    /// Every rate, by meter and day.
    pub async fn rates(&mut self) -> Result<Vec<RateRow>, CatalogFault> {
        self.all("list rates", query(LIST)).await?.iter().map(rate_row).collect()
    }
}

fn rate_row(row: &Row) -> Result<RateRow, CatalogFault> {
    let stored = Stored { table: "rate", row };
    let micros: u64 = stored.number("micros")?;
    let price = Price::from_micros(micros);
    let rate = Rate {
        from: stored.day("from_day")?,
        currency: stored.word("currency")?,
        price: price.map_err(|_| stored.corrupt("micros", &micros.to_string()))?,
    };
    Ok(RateRow { meter: stored.word("meter")?, rate, set_at: stored.time("set_at")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::catalog;
    use model::Currency;

    #[tokio::test]
    async fn r000_4_rates_read_back_as_written_each_day_once() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let row = |meter, from, micros| RateRow {
            meter,
            rate: Rate {
                from: Day::from_number(from).unwrap(),
                currency: Currency::USD,
                price: Price::from_micros(micros).unwrap(),
            },
            set_at: Timestamp(from - 1),
        };
        let rows = [
            row(Meter::Storage, 9, 0),
            row(Meter::Storage, 11, Price::MAX_MICROS),
            row(Meter::Traffic, 10, 50_000),
        ];
        for row in rows.iter().rev() {
            tx.put_rate(row).await.unwrap();
        }
        assert_eq!(tx.rates().await.unwrap(), rows);
        let other = row(Meter::Traffic, 10, 1);
        tx.put_rate(&other).await.unwrap();
        assert_eq!(tx.rates().await.unwrap(), [rows[0], rows[1], other]);
        let found = tx.rate_from(Meter::Traffic, other.rate.from).await.unwrap();
        assert_eq!(found, Some(other));
        assert_eq!(tx.rate_from(Meter::Storage, other.rate.from).await.unwrap(), None);
    }
}
