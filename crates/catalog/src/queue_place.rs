//! Where copies stand in the queue: as many as wait before them of their account, in the order in which they are claimed.

use std::collections::HashMap;

use model::{AGEING_MS, AccountId, CopyId, Timestamp};

use crate::fault::CatalogFault;
use crate::link_setting::PausedLinks;
use crate::statement::query;
use crate::stored::Stored;
use crate::tags::json_array;
use crate::tx::Tx;

/// A copy that waits has no lease. Those whose link is paused are passed by, so none behind them waits for them.
pub(crate) const QUEUE_PLACE: &str = "SELECT count(*) FROM copy AS ahead INDEXED BY copy_live \
    WHERE ahead.account = ?1 AND ahead.finished IS NULL AND ahead.state = 'queued' AND ahead.lease_until = 0 \
    AND (ahead.id = ?3 OR (ahead.source_region NOT IN (SELECT value FROM json_each(?6)) \
    AND (iif(ahead.deadline > ?4, ahead.deadline, 9223372036854775807), \
        -min(2, ahead.priority + max(0, ?4 - ahead.created) / ?5), ahead.created, ahead.id) <= (?7, -?8, ?2, ?3)))";
/// The places of several, found together: however many they are, the queue is read once.
pub(crate) const QUEUE_PLACES: &str = "SELECT id, place FROM ( \
        SELECT id, row_number() OVER (ORDER BY iif(deadline > ?2, deadline, 9223372036854775807), \
            -min(2, priority + max(0, ?2 - created) / ?3), created, id) AS place \
        FROM copy INDEXED BY copy_live WHERE account = ?1 AND finished IS NULL AND state = 'queued' AND lease_until = 0 \
        AND source_region NOT IN (SELECT value FROM json_each(?4)) \
    ) WHERE id IN (SELECT value FROM json_each(?5))";
/// What a copy's place is told by.
const PLACED: &str = "SELECT account, created, iif(deadline > ?2, deadline, 9223372036854775807) AS due, \
    min(2, priority + max(0, ?2 - created) / ?3) AS urgency \
    FROM copy WHERE id = ?1 AND state = 'queued' AND worker IS NULL";

impl Tx {
    /// Where a copy stands among those of its account that wait in `queued` without a worker, in the order in which they are
    /// claimed, those on paused links left out: 1 is next. None for a copy that does not wait there.
    pub async fn queue_place(
        &mut self,
        copy: &CopyId,
        now: Timestamp,
        paused: &PausedLinks,
    ) -> Result<Option<u64>, CatalogFault> {
        let find = query(PLACED).bind(copy.as_str()).bind(now.0).bind(AGEING_MS);
        let found = self.one("find a waiting copy", find).await?;
        let Some(row) = found else { return Ok(None) };
        let stored = Stored { table: "copy", row: &row };
        let (account, created) = (stored.text("account")?, stored.time("created")?);
        let (due, urgency) = (stored.time("due")?, stored.number::<u8>("urgency")?);
        let count = query(QUEUE_PLACE).bind(account).bind(created.0).bind(copy.as_str());
        let count = count.bind(now.0).bind(AGEING_MS).bind(paused.json());
        self.count("count the copies ahead", count.bind(due.0).bind(urgency)).await.map(Some)
    }

    /// The places of some of an account's copies, as [`Tx::queue_place`] tells of one. Those that do not wait, or whose link is
    /// paused, have none.
    pub async fn queue_places(
        &mut self,
        account: &AccountId,
        copies: &[CopyId],
        (now, paused): (Timestamp, &PausedLinks),
    ) -> Result<HashMap<CopyId, u64>, CatalogFault> {
        if copies.is_empty() {
            return Ok(HashMap::new());
        }
        let ids = json_array(copies.iter().map(CopyId::as_str));
        let find = query(QUEUE_PLACES).bind(account.as_str()).bind(now.0).bind(AGEING_MS);
        let rows = self.all("count the copies ahead", find.bind(paused.json()).bind(ids)).await?;
        let read = |row| {
            let stored = Stored { table: "copy", row };
            Ok((stored.word("id")?, stored.number("place")?))
        };
        rows.iter().map(read).collect()
    }
}
