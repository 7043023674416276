use super::*;
use futures::future::join_all;
use proptest::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

fn share(of: &str, weight: u32, due: Option<i64>) -> Share {
    Share { of: of.to_owned(), weight, due }
}

fn limiter(rate: Option<u64>) -> Arc<RateLimiter> {
    Arc::new(RateLimiter::new(rate))
}

/// Counts what one lane gets that always wants more, in pieces of a size, with so many requests at once.
struct Greedy {
    lane: Arc<Lane>,
    got: Arc<AtomicU64>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Greedy {
    fn start(limiter: &Arc<RateLimiter>, share: Share, (piece, at_once): (u64, usize)) -> Greedy {
        let (lane, got) = (Arc::new(limiter.lane(share)), Arc::new(AtomicU64::new(0)));
        let task = |_| {
            let (lane, got) = (Arc::clone(&lane), Arc::clone(&got));
            tokio::spawn(async move {
                loop {
                    lane.take(piece).await;
                    got.fetch_add(piece, Ordering::Relaxed);
                }
            })
        };
        let tasks = (0..at_once).map(task).collect();
        Greedy { lane, got, tasks }
    }

    fn got(&self) -> f64 {
        self.got.load(Ordering::Relaxed) as f64
    }

    fn reset(&self) {
        self.got.store(0, Ordering::Relaxed);
    }

    async fn stop(self) {
        for task in &self.tasks {
            task.abort();
        }
        join_all(self.tasks).await;
        drop(self.lane);
    }
}

async fn run(secs: u64) {
    tokio::time::sleep(Duration::from_secs(secs)).await;
}

fn near(what: &str, got: f64, wanted: f64) {
    assert!((got / wanted - 1.0).abs() < 0.05, "{what}: {got} for {wanted}");
}

async fn secs(lane: &Lane, pieces: &[u64]) -> f64 {
    let start = Instant::now();
    for piece in pieces {
        lane.take(*piece).await;
    }
    start.elapsed().as_secs_f64()
}

/// R000-2: the measured rate is within 5 % of the limit, from 64 KiB/s to 1 GB/s, whatever the pieces and however many ask.
#[tokio::test(start_paused = true)]
async fn bytes_pass_at_the_rate_within_five_per_cent() {
    for (rate, piece) in [
        (64 * KIB, 1_500_u64),
        (64 * KIB, 64 * KIB),
        (100_000, 30_000),
        (MIB, MIB),
        (10 * MIB, 20_000),
        (125_000_000, MIB),
        (1_000_000_000, 256 * KIB),
    ] {
        let pieces = (rate * 10).div_ceil(piece);
        let lane = limiter(Some(rate)).lane(share("a", 2, None));
        let took = secs(&lane, &vec![piece; pieces as usize]).await;
        near(&format!("{rate} by {piece}"), took, (pieces * piece) as f64 / rate as f64);
        for lanes in [1, 7] {
            let limiter = limiter(Some(rate));
            let start = |n: usize| {
                Greedy::start(&limiter, share(&format!("{}", n % 3), 2, None), (piece, 4))
            };
            let all: Vec<Greedy> = (0..lanes).map(start).collect();
            // What is under way at the end is less than a piece each.
            let secs = 10.max(lanes as u64 * 4 * piece * 40 / rate);
            run(secs).await;
            let got: f64 = all.iter().map(Greedy::got).sum();
            near(&format!("{rate} by {piece}, {lanes} lanes"), got, (rate * secs) as f64);
            for one in all {
                one.stop().await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_used_is_saved_for_a_tenth_of_a_second_only() {
    let lane = limiter(Some(10 << 20)).lane(share("a", 1, None));
    run(60).await;
    let took = secs(&lane, &[1 << 20; 20]).await;
    assert!((1.89..=2.01).contains(&took), "{took}");
}

/// Two accounts share evenly, one with a copy and one with ten.
#[tokio::test(start_paused = true)]
async fn accounts_share_evenly_however_many_lanes_they_have() {
    let limiter = limiter(Some(MIB));
    let alone = Greedy::start(&limiter, share("one", 1, None), (50_000, 2));
    let many: Vec<Greedy> =
        (0..10).map(|_| Greedy::start(&limiter, share("many", 2, None), (50_000, 2))).collect();
    run(60).await;
    near("the one", alone.got(), 30.0 * MIB as f64);
    let of_many: Vec<f64> = many.iter().map(Greedy::got).collect();
    near("the many", of_many.iter().sum(), 30.0 * MIB as f64);
    let (least, most) = of_many
        .iter()
        .fold((f64::MAX, 0.0_f64), |(least, most), got| (least.min(*got), most.max(*got)));
    assert!(most - least <= 100_000.0, "{of_many:?}");
    // What the one leaves goes to the many at once, and back again.
    alone.stop().await;
    many.iter().for_each(Greedy::reset);
    run(10).await;
    near("the many alone", many.iter().map(Greedy::got).sum(), 10.0 * MIB as f64);
    let back = Greedy::start(&limiter, share("one", 4, None), (50_000, 2));
    run(20).await;
    near("the one again", back.got(), 10.0 * MIB as f64);
}

/// A priority weighs among the copies of one account only.
#[tokio::test(start_paused = true)]
async fn weights_count_within_an_account() {
    let limiter = limiter(Some(8 * MIB));
    let start = |of: &str, weight| Greedy::start(&limiter, share(of, weight, None), (20_000, 3));
    let (low, normal, high) = (start("a", 1), start("a", 2), start("a", 4));
    let other = start("b", 1);
    run(70).await;
    let part = 70.0 * 4.0 * MIB as f64 / 7.0;
    near("low", low.got(), part);
    near("normal", normal.got(), 2.0 * part);
    near("high", high.got(), 4.0 * part);
    near("the other account", other.got(), 7.0 * part);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_rate_is_felt_by_whoever_waits() {
    let limiter = limiter(Some(0));
    let start = Instant::now();
    let lane = limiter.lane(share("a", 1, None));
    let waiter = tokio::spawn(async move { lane.take(2 << 20).await });
    run(3_600).await;
    assert!(!waiter.is_finished(), "a rate of 0 lets nothing pass");
    limiter.set_rate(Some(1 << 20));
    run(1).await;
    limiter.set_rate(None);
    waiter.await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 3_601);
    assert!(limiter.has_held() && !limiter.has_held());
}

/// A lane that is due gets what was promised beside any number of others, and what it needs not goes to them.
#[tokio::test(start_paused = true)]
async fn what_is_promised_to_a_deadline_is_kept_beside_others() {
    let limiter = limiter(Some(MIB));
    let due = Greedy::start(&limiter, share("a", 1, Some(500)), (30_000, 2));
    let others: Vec<Greedy> = (0..9)
        .map(|n| Greedy::start(&limiter, share(&format!("b{n}"), 4, None), (6_000, 2)))
        .collect();
    let of_others = || others.iter().map(Greedy::got).sum::<f64>();
    let rest = || (due.reset(), others.iter().for_each(Greedy::reset));
    for promised in [0.3, 0.6, 0.9] {
        limiter.promise(Promised { share: promised, ..Promised::default() });
        rest();
        run(60).await;
        near("due", due.got(), 60.0 * promised * MIB as f64);
        near("others", of_others(), 60.0 * (1.0 - promised) * MIB as f64);
    }
    // Less than its fair part is promised: then it has that.
    limiter.promise(Promised { share: 0.02, ..Promised::default() });
    rest();
    run(60).await;
    near("fair", due.got(), 6.0 * MIB as f64);
    limiter.promise(Promised { share: 1.0, ..Promised::default() });
    rest();
    run(60).await;
    near("all", due.got(), 60.0 * MIB as f64);
    assert!(of_others() < 300_000.0, "{}", of_others());
    // Once it is over nothing is promised any more.
    limiter.promise(Promised { share: 1.0, over: 500, carries: None });
    rest();
    run(60).await;
    near("late", due.got(), 6.0 * MIB as f64);
}

/// Of several deadlines the earliest is served first, so that as many as can be are met.
#[tokio::test(start_paused = true)]
async fn the_earliest_deadline_is_first() {
    let limiter = limiter(Some(MIB));
    limiter.promise(Promised { share: 1.0, ..Promised::default() });
    let later = Greedy::start(&limiter, share("a", 4, Some(900)), (30_000, 4));
    let sooner = Greedy::start(&limiter, share("a", 1, Some(800)), (30_000, 4));
    run(30).await;
    near("sooner", sooner.got(), 30.0 * MIB as f64);
    assert!(later.got() < MIB as f64, "{}", later.got());
    sooner.stop().await;
    later.reset();
    run(30).await;
    near("later, at last", later.got(), 30.0 * MIB as f64);
}

/// Without a limit the others are held to what the link carries beside the promise; without a promise nobody is held.
#[tokio::test(start_paused = true)]
async fn without_a_limit_others_are_held_back_for_a_deadline_only() {
    let limiter = limiter(None);
    let begun = Instant::now();
    let (due, other) = (limiter.lane(share("a", 1, Some(9))), limiter.lane(share("b", 1, None)));
    other.take(u64::MAX / 2).await;
    limiter.promise(Promised { share: 0.75, over: 0, carries: Some(4 * MIB) });
    due.take(u64::MAX / 2).await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
    near("the other", secs(&other, &[MIB; 20]).await, 20.0);
    let waiter = tokio::spawn(async move { other.take(MIB << 20).await });
    run(60).await;
    assert!(!waiter.is_finished());
    // The copy with the deadline is through.
    drop(due);
    waiter.await.unwrap();
}

/// Whoever gives up waiting leaves no gap and takes nobody along.
#[tokio::test(start_paused = true)]
async fn one_that_gives_up_holds_nobody_up() {
    let limiter = limiter(Some(MIB));
    let (lane, other) = (limiter.lane(share("a", 1, None)), limiter.lane(share("b", 1, None)));
    for _ in 0..50 {
        let give_up = tokio::time::timeout(Duration::from_millis(37), lane.take(MIB));
        let (gave_up, took) = tokio::join!(give_up, secs(&other, &[MIB / 4]));
        gave_up.unwrap_err();
        assert!((0.1..0.6).contains(&took), "{took}");
    }
}

#[derive(Clone, Debug)]
struct Taker {
    account: u8,
    weight: u32,
    piece: u64,
    at_once: usize,
}

fn takers() -> impl Strategy<Value = Vec<Taker>> {
    let taker = (0_u8..4, 0_u32..3, 2_000_u64..100_000, 1_usize..4);
    let taker = taker.prop_map(|(account, weight, piece, at_once)| Taker {
        account,
        weight: 1 << weight,
        piece,
        at_once: at_once + 1,
    });
    prop::collection::vec(taker, 1..10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whoever comes, with whatever pieces: all of the rate is used, accounts have the same, and lanes have it by their weights,
    /// but for what is under way.
    #[test]
    fn shares_are_fair_whoever_comes(takers in takers(), rate in 200_000_u64..4_000_000) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let limiter = limiter(Some(rate));
            let lanes: Vec<Greedy> = takers
                .iter()
                .map(|taker| Greedy::start(&limiter, share(&taker.account.to_string(), taker.weight, None), (taker.piece, taker.at_once)))
                .collect();
            run(60).await;
            let all = 60.0 * rate as f64;
            let slack: f64 = takers.iter().map(|taker| (taker.piece * taker.at_once as u64) as f64).sum::<f64>() + 2.0 * SLICE.1 as f64;
            let got: f64 = lanes.iter().map(Greedy::got).sum();
            prop_assert!((got - all).abs() <= slack + 0.01 * all, "{got} of {all}");
            let mut accounts: BTreeMap<u8, (f64, u32)> = BTreeMap::new();
            for (taker, lane) in takers.iter().zip(&lanes) {
                let account = accounts.entry(taker.account).or_default();
                account.0 += lane.got();
                account.1 += taker.weight;
            }
            let each = all / accounts.len() as f64;
            for (taker, lane) in takers.iter().zip(&lanes) {
                let (of_account, weights) = accounts[&taker.account];
                prop_assert!((of_account - each).abs() <= slack + 0.02 * each, "{of_account} of {each}: {takers:?}");
                let part = each * f64::from(taker.weight) / f64::from(weights);
                prop_assert!((lane.got() - part).abs() <= slack + 0.03 * each, "{} of {part}: {takers:?}", lane.got());
            }
            for lane in lanes {
                lane.stop().await;
            }
            Ok(())
        })?;
    }
}
