//! Signed requests: let in once, of now, and by who has the secret; nobody else learns more (api-01, api-03, api-04).

use std::sync::atomic::{AtomicUsize, Ordering};

use model::{AccessKeyId, Admittance, Timestamp};

use crate::commands::Caller;
use crate::deployment::Accounts;
use crate::keys::KeyCreated;
use crate::signed::{SignedRefused, SignedRequest};
use crate::testing::World;
use crate::users::UserChange;

/// The window of the requests here, unless another is named.
const WITHIN_MS: i64 = 15 * 60 * 1_000;

/// A request of a key, "signed" by showing a secret, which is compared as a signature would be.
struct Sent<'a> {
    key: &'a str,
    secret: &'a str,
    at: Timestamp,
    within_ms: i64,
    nonce: Option<&'a str>,
}

/// With a nonce, in the usual window, by nobody and never.
fn sent(nonce: &str) -> Sent<'_> {
    Sent { key: "", secret: "", at: Timestamp(0), within_ms: WITHIN_MS, nonce: Some(nonce) }
}

async fn admit(accounts: &Accounts, sent: Sent<'_>) -> Result<Caller, SignedRefused> {
    let looks = AtomicUsize::new(0);
    let is_right = |secret: &[u8]| {
        looks.fetch_add(1, Ordering::SeqCst);
        assert_eq!(secret.len(), 40, "a whole secret is looked at, whoever's it is");
        secret == sent.secret.as_bytes()
    };
    let Sent { key, at, within_ms, nonce, .. } = sent;
    let request = SignedRequest { key, at, within_ms, nonce, is_right: &is_right };
    let answer = accounts.admit_signed(request, "r".to_owned()).await;
    let wanted = usize::from(!matches!(answer, Err(SignedRefused::Stale)));
    assert_eq!(looks.load(Ordering::SeqCst), wanted, "api-01: every request takes the same path");
    answer
}

/// A request of a key, now.
async fn now(world: &World, key: &KeyCreated, nonce: &str) -> Result<Caller, SignedRefused> {
    let at = model::Clock::now(&*world.clock);
    let sent = Sent { key: key.id.as_str(), secret: &key.secret, at, ..sent(nonce) };
    admit(&world.deployment.accounts, sent).await
}

/// A new key of the world's admin, whose first one stays.
async fn key(world: &World) -> KeyCreated {
    world.deployment.accounts.create_key(&world.caller).await.unwrap()
}

macro_rules! assert_refused {
    ($answer:expr, $wanted:ident) => {
        let answer = $answer;
        assert!(matches!(answer, Err(SignedRefused::$wanted)), "{answer:?}");
    };
}

#[tokio::test]
async fn api_04_a_request_is_good_for_15_minutes_either_way() {
    let world = World::with_regions(["north"]).await;
    let (accounts, key) = (&world.deployment.accounts, key(&world).await);
    let clock = model::Clock::now(&*world.clock);
    for (n, (offset, is_good)) in [
        (0, true),
        (WITHIN_MS, true),
        (-WITHIN_MS, true),
        (WITHIN_MS + 1_000, false),
        (-WITHIN_MS - 1_000, false),
        (WITHIN_MS + 1, false),
        (-WITHIN_MS - 1, false),
        (i64::MAX / 2, false),
        (i64::MIN / 2, false),
    ]
    .into_iter()
    .enumerate()
    {
        let nonce = n.to_string();
        let at = Timestamp(clock.0.saturating_add(offset));
        let sent = Sent { key: key.id.as_str(), secret: &key.secret, at, ..sent(&nonce) };
        let answer = admit(accounts, sent).await;
        if is_good {
            assert_eq!(answer.unwrap().account, world.caller.account, "{offset} ms");
        } else {
            assert_refused!(answer, Stale);
        }
    }
}

#[tokio::test]
async fn api_03_a_nonce_is_good_once_also_after_a_restart_and_for_another_key_anew() {
    let mut world = World::with_regions(["north"]).await;
    let one = key(&world).await;
    let (_, _, two) = super::access_keys::tenant(&world).await;
    now(&world, &one, "a").await.unwrap();
    assert_refused!(now(&world, &one, "a").await, NonceUsed);
    now(&world, &one, "A").await.unwrap();
    now(&world, &two, "a").await.unwrap();
    world.restart().await;
    assert_refused!(now(&world, &one, "a").await, NonceUsed);
    world.clock.advance_ms(2 * WITHIN_MS + 60_000 - 1);
    assert_refused!(now(&world, &one, "a").await, NonceUsed);
    world.clock.advance_ms(1);
    now(&world, &one, "a").await.unwrap();
}

/// What is sent at the far end of the window and again at its near end is the case for which a nonce is kept twice as long.
#[tokio::test]
async fn api_03_a_request_ahead_of_the_clock_is_good_once_until_it_is_stale() {
    let world = World::with_regions(["north"]).await;
    let (accounts, key) = (&world.deployment.accounts, key(&world).await);
    let at = model::Clock::now(&*world.clock).plus_ms(WITHIN_MS);
    let send = || Sent { key: key.id.as_str(), secret: &key.secret, at, ..sent("ahead") };
    admit(accounts, send()).await.unwrap();
    world.clock.advance_ms(2 * WITHIN_MS);
    assert_refused!(admit(accounts, send()).await, NonceUsed);
    world.clock.advance_ms(1);
    assert_refused!(admit(accounts, send()).await, Stale);
}

/// Each dialect has a window of its own, and its nonces are kept for as long as that asks.
#[tokio::test]
async fn api_04_a_window_is_as_wide_as_its_dialect_says() {
    let world = World::with_regions(["north"]).await;
    let (accounts, key) = (&world.deployment.accounts, key(&world).await);
    let start = model::Clock::now(&*world.clock);
    let send = |at, within_ms, nonce| Sent {
        key: key.id.as_str(),
        secret: &key.secret,
        at,
        within_ms,
        nonce,
    };
    for (within_ms, nonce) in [(1_000, "s"), (300_000, "m"), (7_200_000, "h")] {
        for way in [-1, 1] {
            let at = |offset: i64| Timestamp(start.0 + way * offset);
            admit(accounts, send(at(within_ms), within_ms, None)).await.unwrap();
            assert_refused!(admit(accounts, send(at(within_ms + 1), within_ms, None)).await, Stale);
        }
        let again = || send(start.plus_ms(within_ms), within_ms, Some(nonce));
        admit(accounts, again()).await.unwrap();
        assert_refused!(admit(accounts, again()).await, NonceUsed);
    }
    world.clock.advance_ms(2 * 7_200_000);
    let late = send(start.plus_ms(7_200_000), 7_200_000, Some("h"));
    assert_refused!(admit(accounts, late).await, NonceUsed);
}

/// A dialect without nonces takes the same request as often as it comes, within its window; what it may do twice is the
/// door's business. The rest is asked of it as of any other.
#[tokio::test]
async fn api_03_without_a_nonce_a_repeated_request_is_let_in() {
    let world = World::with_regions(["north"]).await;
    let (accounts, key) = (&world.deployment.accounts, key(&world).await);
    let at = model::Clock::now(&*world.clock);
    let send =
        || Sent { key: key.id.as_str(), secret: &key.secret, at, nonce: None, ..sent("unused") };
    for _ in 0..3 {
        admit(accounts, send()).await.unwrap();
    }
    assert_refused!(admit(accounts, Sent { secret: "another", ..send() }).await, WrongSignature);
    world.clock.advance_ms(WITHIN_MS + 1);
    assert_refused!(admit(accounts, send()).await, Stale);
    now(&world, &key, "unused").await.unwrap();
}

#[tokio::test]
async fn api_01_who_has_no_secret_learns_no_more_than_that() {
    let world = World::with_regions(["north"]).await;
    let (accounts, key) = (&world.deployment.accounts, key(&world).await);
    let at = model::Clock::now(&*world.clock);
    let absent = AccessKeyId::from_random(|| 3).to_string();
    let first = |id| Sent { key: id, secret: &key.secret, at, ..sent("n") };
    for unknown in [absent.as_str(), "", "LTAI5tFakeAccessKeyId01", "FERRY"] {
        assert_refused!(admit(accounts, first(unknown)).await, UnknownKey);
    }
    let wrong = || Sent { secret: "another", ..first(key.id.as_str()) };
    assert_refused!(admit(accounts, wrong()).await, WrongSignature);
    // A nonce that somebody else sent is not used up, and a used one is not told of.
    now(&world, &key, "n").await.unwrap();
    assert_refused!(admit(accounts, wrong()).await, WrongSignature);
    accounts.set_key_state(&world.caller, &key.id, Admittance::Disabled).await.unwrap();
    assert_refused!(admit(accounts, wrong()).await, WrongSignature);
    assert_refused!(now(&world, &key, "n").await, Disabled);
}

#[tokio::test]
async fn a_disabled_key_user_or_account_is_let_in_no_more_and_uses_up_no_nonce() {
    let world = World::with_regions(["north"]).await;
    let accounts = &world.deployment.accounts;
    let (account, user, key) = super::access_keys::tenant(&world).await;
    now(&world, &key, "0").await.unwrap();
    for (n, state) in
        [Admittance::Disabled, Admittance::Active].into_iter().cycle().take(6).enumerate()
    {
        match n / 2 {
            0 => drop(accounts.set_key_state(&world.caller, &key.id, state).await.unwrap()),
            1 => drop(accounts.set_account_state(&world.caller, &account.id, state).await.unwrap()),
            _ => {
                let change = UserChange::State(state);
                accounts.change_user(&world.caller, &user.id, change).await.unwrap();
            }
        }
        let nonce = (n / 2 + 1).to_string();
        match state {
            Admittance::Disabled => {
                assert_refused!(now(&world, &key, &nonce).await, Disabled);
            }
            Admittance::Active => {
                assert_eq!(now(&world, &key, &nonce).await.unwrap().user, Some(user.id.clone()))
            }
        }
    }
}

/// Two handles, as two processes that share the accounts' folder have them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn api_03_of_two_processes_one_lets_a_request_in() {
    let world = World::with_regions(["north"]).await;
    let key = key(&world).await;
    let path = world.folder("accounts.db");
    let entropy = std::sync::Arc::new(crate::entropy::SystemEntropy);
    let master = world.deployment.accounts.master.clone();
    let other = Accounts::open(&path, master, entropy, world.clock.clone()).await.unwrap();
    for round in 0..100 {
        let race = |accounts: Accounts| {
            let (id, secret) = (key.id.to_string(), key.secret.clone());
            let (at, nonce) = (model::Clock::now(&*world.clock), format!("round {round}"));
            tokio::spawn(async move {
                admit(&accounts, Sent { key: &id, secret: &secret, at, ..sent(&nonce) }).await
            })
        };
        let (one, two) = (race(world.deployment.accounts.clone()), race(other.clone()));
        let answers = [one.await.unwrap(), two.await.unwrap()];
        let let_in = answers.iter().filter(|answer| answer.is_ok()).count();
        let used =
            answers.iter().filter(|answer| matches!(answer, Err(SignedRefused::NonceUsed))).count();
        assert_eq!((let_in, used), (1, 1), "round {round}: {answers:?}");
    }
}
