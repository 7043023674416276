//! Access keys: shown once, sealed at rest, changed without a gap, and nobody learns why one does not open (promise 11).

use model::{AccessKeyId, AccountId, AccountRejection, Admittance, Name, Rejection, Role, UserId};

use crate::accounts::AccountView;
use crate::commands::Caller;
use crate::deployment::{Accounts, MasterKey};
use crate::entropy::SystemEntropy;
use crate::keys::KeyCreated;
use crate::refused::Refused;
use crate::testing::{ManualClock, World};
use crate::users::{NewUser, UserChange, UserView};

/// Signs in with a key's own secret.
async fn sign_in(accounts: &Accounts, key: &KeyCreated) -> Result<Caller, Refused> {
    accounts.sign_in(key.id.as_str(), &key.secret, "r".to_owned()).await
}

/// The answer must be the one that everybody gets who is not let in.
#[track_caller]
fn assert_refused(answer: Result<Caller, Refused>) {
    assert!(matches!(answer, Err(Refused::Unauthorised)), "{answer:?}");
}

/// Another account with an owner, who has one key.
pub(super) async fn tenant(world: &World) -> (AccountView, UserView, KeyCreated) {
    let accounts = &world.deployment.accounts;
    let account =
        accounts.create_account(&world.caller, Name::new("tenant").unwrap()).await.unwrap();
    let name = Name::new("olga").unwrap();
    let new = NewUser { account: Some(account.id.clone()), name, role: Role::Owner };
    let user = accounts.create_user(&world.caller, new).await.unwrap();
    let key = accounts.create_key_of(&world.caller, &user.id).await.unwrap();
    (account, user, key)
}

/// Keys are changed without a gap: the second is made, then used, then the first is disabled and deleted.
#[tokio::test]
async fn a_key_is_rotated_and_at_every_moment_one_opens() {
    let world = World::with_regions(["north"]).await;
    let accounts = &world.deployment.accounts;
    let (_, _, first) = tenant(&world).await;
    let caller = sign_in(accounts, &first).await.unwrap();

    let second = accounts.create_key(&caller).await.unwrap();
    let (one, two) = (sign_in(accounts, &first).await, sign_in(accounts, &second).await);
    assert_eq!(one.unwrap().user, two.unwrap().user);
    let third = accounts.create_key(&caller).await;
    assert!(matches!(
        third,
        Err(Refused::Rejected(Rejection::Account(AccountRejection::TooManyKeys { limit: 2 })))
    ));

    let off = accounts.set_key_state(&caller, &first.id, Admittance::Disabled).await.unwrap();
    assert_eq!(off.state, Admittance::Disabled);
    assert_refused(sign_in(accounts, &first).await);
    // It was too early: somebody still used it.
    accounts.set_key_state(&caller, &first.id, Admittance::Active).await.unwrap();
    sign_in(accounts, &first).await.unwrap();
    accounts.set_key_state(&caller, &first.id, Admittance::Disabled).await.unwrap();
    let caller = sign_in(accounts, &second).await.unwrap();
    accounts.delete_key(&caller, &first.id).await.unwrap();
    assert_refused(sign_in(accounts, &first).await);
    let left = accounts.list_keys(&caller).await.unwrap();
    assert_eq!(left.iter().map(|key| &key.id).collect::<Vec<_>>(), [&second.id]);
    accounts.create_key(&caller).await.unwrap();
    world.check_world().await;
}

/// api-01: a wrong secret, an unknown key, no key at all, a disabled key, user or account: one answer.
#[tokio::test]
async fn api_01_whoever_is_not_let_in_gets_one_answer() {
    let world = World::with_regions(["north"]).await;
    let accounts = &world.deployment.accounts;
    let (account, user, key) = tenant(&world).await;
    let admin = &world.caller;
    let caller = sign_in(accounts, &key).await.unwrap();
    assert_eq!(
        (caller.account, caller.user, caller.role),
        (account.id.clone(), Some(user.id.clone()), Role::Owner)
    );

    let unknown = AccessKeyId::from_random(|| 1);
    for (id, secret) in [
        (key.id.as_str(), "wrong"),
        (key.id.as_str(), ""),
        (unknown.as_str(), key.secret.as_str()),
        ("no key", key.secret.as_str()),
        ("", ""),
    ] {
        assert_refused(accounts.sign_in(id, secret, String::new()).await);
    }
    let (on, off) = (Admittance::Active, Admittance::Disabled);
    accounts.set_key_state(admin, &key.id, off).await.unwrap();
    assert_refused(sign_in(accounts, &key).await);
    accounts.set_key_state(admin, &key.id, on).await.unwrap();
    accounts.change_user(admin, &user.id, UserChange::State(off)).await.unwrap();
    assert_refused(sign_in(accounts, &key).await);
    accounts.change_user(admin, &user.id, UserChange::State(on)).await.unwrap();
    accounts.set_account_state(admin, &account.id, off).await.unwrap();
    assert_refused(sign_in(accounts, &key).await);
    accounts.set_account_state(admin, &account.id, on).await.unwrap();
    accounts.change_user(admin, &user.id, UserChange::Role(Role::Reader)).await.unwrap();
    assert_eq!(sign_in(accounts, &key).await.unwrap().role, Role::Reader);
    accounts.delete_user(admin, &user.id).await.unwrap();
    assert_refused(sign_in(accounts, &key).await);
}

/// api-01: whatever is wrong, the answer is the same. That it takes as long is not measured here: all of these go one way, on
/// which a secret is opened and compared each time ([`crate::Accounts::sign_in`]).
#[tokio::test]
async fn api_01_an_unknown_key_is_answered_as_a_wrong_secret() {
    let world = World::with_regions(["north"]).await;
    let accounts = &world.deployment.accounts;
    let (_, _, key) = tenant(&world).await;
    let caller = sign_in(accounts, &key).await.unwrap();
    let off = accounts.create_key(&caller).await.unwrap();
    accounts.set_key_state(&caller, &off.id, Admittance::Disabled).await.unwrap();
    let unknown = AccessKeyId::from_random(|| 1);
    for (id, secret) in [
        (key.id.as_str(), "wrong"),
        (key.id.as_str(), ""),
        (unknown.as_str(), "wrong"),
        ("no key", "wrong"),
        (off.id.as_str(), off.secret.as_str()),
    ] {
        assert_refused(accounts.sign_in(id, secret, String::new()).await);
    }
}

/// Promise 11, I13: the secret is not in any file of the deployment, and not in what is shown of a key later.
#[tokio::test]
async fn promise_11_a_secret_is_in_no_file_and_shown_once() {
    let world = World::with_regions(["north"]).await;
    let accounts = &world.deployment.accounts;
    let (_, user, key) = tenant(&world).await;
    let listed = accounts.list_keys_of(&world.caller, &user.id).await.unwrap();
    assert!(!format!("{listed:?}").contains(&key.secret));
    let folder = world.folder("north");
    let mut files = 0;
    for entry in std::fs::read_dir(folder.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let has = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
            assert!(!has(&key.secret), "{}", path.display());
            files += usize::from(has(key.id.as_str()));
        }
    }
    assert!(files > 0, "the key's id is in the accounts' files");
}

/// Each user has two keys at most, whatever others have, even if many ask at once.
#[tokio::test]
async fn two_keys_a_user_and_no_more_however_many_ask_at_once() {
    let world = World::with_regions(["north"]).await;
    let accounts = &world.deployment.accounts;
    let (account, user, first) = tenant(&world).await;
    let name = Name::new("otto").unwrap();
    let new = NewUser { account: Some(account.id), name, role: Role::Reader };
    let other = accounts.create_user(&world.caller, new).await.unwrap();
    for user in [&user.id, &other.id] {
        let asked = (0..8).map(|_| accounts.create_key_of(&world.caller, user));
        let answers = futures::future::join_all(asked).await;
        let wanted = if user == &other.id { 2 } else { 1 };
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), wanted);
        assert_eq!(accounts.list_keys_of(&world.caller, user).await.unwrap().len(), 2);
    }
    sign_in(accounts, &first).await.unwrap();
}

/// A key is its user's own and an admin's business; for others it is as absent as one that never was (I12).
#[tokio::test]
async fn promise_10_keys_of_others_are_not_there() {
    let world = World::with_regions(["north"]).await;
    let accounts = &world.deployment.accounts;
    let (_, _, key) = tenant(&world).await;
    let absent = AccessKeyId::from_random(|| 1);
    for role in [Role::Reader, Role::Owner, Role::Operator] {
        let caller = Caller { role, ..world.caller.clone() };
        for id in [&key.id, &absent] {
            let wanted = Rejection::Account(AccountRejection::KeyNotFound { key: id.clone() });
            let is_wanted =
                |refused| matches!(refused, Refused::Rejected(found) if found == wanted);
            assert!(is_wanted(accounts.delete_key(&caller, id).await.unwrap_err()), "{role}");
            let off = accounts.set_key_state(&caller, id, Admittance::Disabled).await;
            assert!(is_wanted(off.unwrap_err()), "{role}");
        }
    }
    sign_in(accounts, &key).await.unwrap();
}

/// A deployment begins once: one account, one admin, one key, whoever asks how often.
#[tokio::test]
async fn the_first_key_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.db");
    let open = || {
        let clock = std::sync::Arc::new(ManualClock::at(5));
        let entropy = std::sync::Arc::new(SystemEntropy);
        Accounts::open(&path, MasterKey([1; 32]), entropy, clock)
    };
    let (one, two) = (open().await.unwrap(), open().await.unwrap());
    let given = Some(AccountId::from_random(|| 4));
    let (first, second) =
        tokio::join!(one.ensure_first(given.clone()), two.ensure_first(given.clone()));
    let mut made: Vec<_> = [first.unwrap(), second.unwrap()].into_iter().flatten().collect();
    assert_eq!(made.len(), 1);
    assert!(two.ensure_first(None).await.unwrap().is_none());
    let caller = sign_in(&two, &made.remove(0)).await.unwrap();
    assert_eq!(Some(&caller.account), given.as_ref());
    assert_eq!(caller.user, Some(UserId::first_of(&caller.account)));
    assert_eq!(caller.role, Role::Admin);
}
