//! Claims that step over most of the queue against claims that look at all of it.

use std::collections::BTreeSet;

use model::{AGEING_MS, CopyId, LinkSetting, Pause, Timestamp};
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use proptest::strategy::Strategy;

use crate::copy_choice::{Candidate, choose};
use crate::copy_claim::{ClaimLimits, candidate};
use crate::link_setting::PausedLinks;
use crate::sample::{self, account, catalog};
use crate::statement::query;
use crate::{LinkSettingRow, Tx};

/// All that is due, looked at one by one.
const ALL_DUE: &str = "SELECT id, account, source_region, state, created, iif(deadline > ?1, deadline, NULL) AS due, \
    min(2, priority + max(0, ?1 - created) / ?3) AS urgency FROM copy \
    WHERE finished IS NULL AND next_attempt <= ?1 AND lease_until <= ?1 AND state IN ('queued', 'held', 'stored') \
    AND (state = 'stored' OR source_region NOT IN (SELECT value FROM json_each(?2)))";
const NOW: i64 = 10 * AGEING_MS;

/// A copy in the queue: account, link, priority, state, age, next attempt, lease and deadline.
#[derive(Clone, Debug)]
struct Queued {
    account: u64,
    source: usize,
    priority: u8,
    state: usize,
    age: i64,
    is_later: bool,
    is_leased: bool,
    deadline: Option<i64>,
}

fn queues() -> impl Strategy<Value = Vec<Queued>> {
    let rarely = || prop::bool::weighted(0.1);
    let ages = 0..3 * AGEING_MS;
    let deadlines = prop::option::weighted(0.2, -AGEING_MS..AGEING_MS);
    let kind = (1_u64..4, 0_usize..3, 0_u8..3, 0_usize..6);
    let one = (kind, ages, rarely(), rarely(), deadlines);
    let one =
        one.prop_map(|((account, source, priority, state), age, is_later, is_leased, due)| {
            let deadline = due.map(|due| NOW + due);
            Queued { account, source, priority, state, age, is_later, is_leased, deadline }
        });
    prop::collection::vec(one, 0..60)
}

async fn put(tx: &mut Tx, n: usize, copy: &Queued) {
    let row = sample::copy(n as u64, copy.account);
    tx.insert_copy(&row).await.unwrap();
    // Most wait in the queue, as in life.
    let state = ["queued", "queued", "queued", "queued", "held", "stored"][copy.state];
    let digests = (state != "queued").then(|| vec![7; 32]);
    let sql = "UPDATE copy SET source_region = ?, priority = ?, state = ?, digests = ?, created = ?, next_attempt = ?, \
        lease_until = ?, worker = ?, deadline = ?, deadline_bytes = ? WHERE id = ?";
    let update = query(sql)
        .bind(["east", "north", "south"][copy.source])
        .bind(copy.priority)
        .bind(state)
        .bind(digests)
        .bind(NOW - copy.age)
        .bind(NOW + if copy.is_later { 1 } else { 0 })
        .bind(if copy.is_leased { NOW + 1 } else { 0 })
        .bind(copy.is_leased.then_some("other"))
        .bind(copy.deadline)
        .bind(copy.deadline.map(|_| 9_i64))
        .bind(row.id.as_str());
    assert_eq!(tx.run("put a copy", update).await.unwrap(), 1);
}

async fn all_due(tx: &mut Tx, paused: &PausedLinks) -> Vec<Candidate> {
    let find = query(ALL_DUE).bind(NOW).bind(paused.json()).bind(AGEING_MS);
    let rows = tx.all("look at all", find).await.unwrap();
    rows.iter().map(|row| candidate(row).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever waits, the same copies are claimed as by looking at every one; and their places are those of one by one.
    #[test]
    fn the_same_copies_are_claimed_as_by_looking_at_all(
        queue in queues(), is_paused in any::<bool>(), limits in (1_u32..6, 1_u32..9),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_folder, catalog) = catalog().await;
            let mut tx = catalog.begin().await.unwrap();
            for (n, copy) in queue.iter().enumerate() {
                put(&mut tx, n, copy).await;
            }
            if is_paused {
                let setting = LinkSetting { pause: Pause::Paused, ..LinkSetting::default() };
                let (source, changed) = ("north".parse().unwrap(), Timestamp(1));
                tx.put_link_setting(&LinkSettingRow { source, setting, changed }).await.unwrap();
            }
            let now = Timestamp(NOW);
            let limits = ClaimLimits { per_account: limits.0, per_region: limits.1 };
            let paused = tx.paused_links(now).await.unwrap();
            for of in 1..4 {
                let ids: Vec<CopyId> =
                    (0..queue.len() as u64).map(|n| sample::copy(n, of).id).collect();
                let at = (now, &paused);
                let places = tx.queue_places(&account(of), &ids, at).await.unwrap();
                for (n, copy) in queue.iter().enumerate().filter(|(_, copy)| copy.account == of) {
                    let is_on_paused = is_paused && copy.source == 1;
                    let place = tx.queue_place(&ids[n], now, &paused).await.unwrap();
                    let place = place.filter(|_| !is_on_paused);
                    assert_eq!(places.get(&ids[n]).copied(), place, "{copy:?}");
                }
            }
            let (room, _) = tx.room(now, limits).await.unwrap();
            let wanted: BTreeSet<String> = choose(all_due(&mut tx, &paused).await, room).into_iter().collect();
            let claimed = tx.claim_due("w", now, 50, limits).await.unwrap();
            let claimed: BTreeSet<String> = claimed.into_iter().map(|copy| copy.id.to_string()).collect();
            assert_eq!(claimed, wanted);
        });
    }
}
