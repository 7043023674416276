//! Sessions of the web console: whoever has the token is signed in for as long as the key, the user and the account may be, and
//! nobody else ever.

use std::sync::Arc;

use model::{AccessKeyId, Admittance, Clock, Name, Role};

use super::access_keys::tenant;
use crate::accounts::AccountView;
use crate::audit::{AuditQuery, TrailStanding};
use crate::commands::Caller;
use crate::deployment::Accounts;
use crate::entropy::SystemEntropy;
use crate::keys::KeyCreated;
use crate::refused::Refused;
use crate::sessions::{MAX_LINKS, MAX_SESSIONS, SessionOpened, SessionView};
use crate::testing::World;
use crate::users::{UserChange, UserView};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// A tenant's owner with a key, in a world of one region.
struct Scene {
    world: World,
    account: AccountView,
    user: UserView,
    key: KeyCreated,
}

impl Scene {
    async fn new() -> Scene {
        let world = World::with_regions(["north"]).await;
        let (account, user, key) = tenant(&world).await;
        Scene { world, account, user, key }
    }

    fn accounts(&self) -> &Accounts {
        &self.world.deployment.accounts
    }

    async fn open(&self) -> SessionOpened {
        let (id, secret) = (self.key.id.as_str(), &self.key.secret);
        self.accounts().open_session(id, secret, "opens".to_owned()).await.unwrap()
    }

    async fn see(&self, token: &str) -> Result<SessionView, Refused> {
        self.accounts().session(token, "sees".to_owned()).await
    }

    /// The tenant's owner.
    async fn caller(&self) -> Caller {
        let (id, secret) = (self.key.id.as_str(), &self.key.secret);
        self.accounts().sign_in(id, secret, "asks".to_owned()).await.unwrap()
    }

    async fn link(&self) -> String {
        self.accounts().create_sign_in_link(&self.caller().await).await.unwrap().token
    }

    async fn redeem(&self, token: &str) -> Result<SessionOpened, Refused> {
        self.accounts().redeem_link(token, "redeems".to_owned()).await
    }

    /// What the tenant's trail says of sessions and links, oldest first: action, subject, before, after.
    async fn trail(&self) -> Vec<[String; 4]> {
        let account = Some(self.account.id.clone());
        let query = AuditQuery { account, limit: 1_000, ..AuditQuery::default() };
        let rows = self.accounts().audit(&self.world.caller, query).await.unwrap().items;
        let told = rows
            .into_iter()
            .rev()
            .filter(|row| row.action.starts_with("session.") || row.action.starts_with("link."));
        told.map(|row| [row.action, row.subject, row.before, row.after]).collect()
    }
}

#[track_caller]
fn assert_nobody<T: std::fmt::Debug>(answer: Result<T, Refused>) {
    assert!(matches!(answer, Err(Refused::Unauthorised)), "{answer:?}");
}

#[tokio::test]
async fn a_session_says_who_is_signed_in_and_is_closed() {
    let scene = Scene::new().await;
    let opened = scene.open().await;
    let now = scene.world.clock.now();
    assert_eq!(opened.token.len(), 64);
    assert_eq!(opened.session.caller.request_id, "opens");
    let seen = scene.see(&opened.token).await.unwrap();
    assert_eq!((seen.account.as_str(), seen.user.as_str()), ("tenant", "olga"));
    assert_eq!(seen.key.as_ref(), Some(&scene.key.id));
    assert_eq!((seen.created, seen.expires), (now, now.plus_ms(7 * 24 * HOUR_MS)));
    let Caller { account, user, role, request_id, .. } = seen.caller;
    assert_eq!((account, user), (scene.account.id.clone(), Some(scene.user.id.clone())));
    assert_eq!((role, request_id.as_str()), (Role::Owner, "sees"));

    scene.accounts().close_session(&opened.token, String::new()).await.unwrap();
    assert_nobody(scene.see(&opened.token).await);
    scene.accounts().close_session(&opened.token, String::new()).await.unwrap();
    scene.world.check_world().await;
}

/// api-01: the refusals of a sign-in, all alike; and none of them leaves anything.
#[tokio::test]
async fn api_01_who_cannot_sign_in_opens_no_session() {
    let scene = Scene::new().await;
    let (accounts, key) = (scene.accounts(), &scene.key);
    let unknown = AccessKeyId::from_random(|| 1);
    for (id, secret) in [
        (key.id.as_str(), "wrong"),
        (unknown.as_str(), key.secret.as_str()),
        ("no key", key.secret.as_str()),
        ("", ""),
    ] {
        assert_nobody(accounts.open_session(id, secret, String::new()).await);
    }
    accounts.set_key_state(&scene.world.caller, &key.id, Admittance::Disabled).await.unwrap();
    assert_nobody(accounts.open_session(key.id.as_str(), &key.secret, String::new()).await);
    accounts.set_key_state(&scene.world.caller, &key.id, Admittance::Active).await.unwrap();
    assert_eq!(accounts.count_sessions(&scene.caller().await).await.unwrap(), 0);
    assert_eq!(scene.trail().await, [] as [[String; 4]; 0]);
}

/// A token that was not made here is nobody's, whatever it looks like: a session cannot be planted.
#[tokio::test]
async fn what_is_no_token_is_nobody() {
    let scene = Scene::new().await;
    let (token, link) = (scene.open().await.token, scene.link().await);
    let mut wrong: Vec<String> = (0..=130).map(|length| "a".repeat(length)).collect();
    wrong.extend([token.to_uppercase(), format!(" {token}"), format!("{token}\n")]);
    wrong.extend([
        token[1..].to_owned(),
        "\0".repeat(64),
        "\u{fffd}".repeat(64),
        "z".repeat(1 << 20),
    ]);
    let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    wrong.push(hex::encode(digest.as_ref()));
    for text in &wrong {
        assert_nobody(scene.see(text).await);
        assert_nobody(scene.redeem(text).await);
        scene.accounts().close_session(text, String::new()).await.unwrap();
    }
    // Neither is good in the other's place.
    assert_nobody(scene.see(&link).await);
    assert_nobody(scene.redeem(&token).await);
    scene.see(&token).await.unwrap();
    scene.redeem(&link).await.unwrap();
}

#[tokio::test]
async fn a_session_that_is_not_used_is_over_after_twelve_hours() {
    let scene = Scene::new().await;
    let (one, two) = (scene.open().await.token, scene.open().await.token);
    scene.world.clock.advance_ms(12 * HOUR_MS - 1);
    scene.see(&one).await.unwrap();
    scene.world.clock.advance_ms(1);
    assert_nobody(scene.see(&two).await);
    let caller = scene.caller().await;
    assert_eq!(scene.accounts().count_sessions(&caller).await.unwrap(), 1);
    scene.world.clock.advance_ms(12 * HOUR_MS - 2);
    scene.see(&one).await.unwrap();
    scene.world.clock.advance_ms(12 * HOUR_MS);
    assert_nobody(scene.see(&one).await);
}

/// A page that renews itself on an unattended screen keeps nobody signed in.
#[tokio::test]
async fn watching_a_page_is_no_use_of_a_session() {
    let scene = Scene::new().await;
    let token = scene.open().await.token;
    let watch = async || scene.accounts().watched_session(&token, "watches".to_owned()).await;
    for _ in 0..11 {
        scene.world.clock.advance_ms(HOUR_MS);
        assert_eq!(watch().await.unwrap().caller.request_id, "watches");
    }
    scene.world.clock.advance_ms(HOUR_MS);
    assert_nobody(watch().await);
    assert_nobody(scene.see(&token).await);
}

#[tokio::test]
async fn a_session_is_over_after_seven_days_however_much_it_is_used() {
    let scene = Scene::new().await;
    let token = scene.open().await.token;
    for _ in 0..7 * 4 - 1 {
        scene.world.clock.advance_ms(6 * HOUR_MS);
        scene.see(&token).await.unwrap();
    }
    scene.world.clock.advance_ms(6 * HOUR_MS - 1);
    scene.see(&token).await.unwrap();
    scene.world.clock.advance_ms(1);
    assert_nobody(scene.see(&token).await);
    assert_eq!(scene.accounts().count_sessions(&scene.caller().await).await.unwrap(), 0);
}

/// When a session was used is written at most every five minutes.
#[tokio::test]
async fn a_session_is_written_at_most_every_five_minutes() {
    let scene = Scene::new().await;
    let opened = scene.world.clock.now();
    let token = scene.open().await.token;
    let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    let digest: [u8; 32] = digest.as_ref().try_into().unwrap();
    let last_seen = async || {
        let mut tx = scene.accounts().catalog.read().await.unwrap();
        tx.session(&digest).await.unwrap().unwrap().session.last_seen
    };
    for (minutes, wanted) in [(0, 0), (4, 0), (1, 5), (4, 5), (3, 12)] {
        scene.world.clock.advance_ms(minutes * MINUTE_MS);
        scene.see(&token).await.unwrap();
        assert_eq!(last_seen().await, opened.plus_ms(wanted * MINUTE_MS));
    }
}

/// Whatever a session hangs on: once that is disabled, the next look finds nobody.
#[tokio::test]
async fn a_disabled_key_user_or_account_ends_its_sessions_at_once() {
    let scene = Scene::new().await;
    let (accounts, admin) = (scene.accounts(), &scene.world.caller);
    let (on, off) = (Admittance::Active, Admittance::Disabled);
    let (token, by_link) = (scene.open().await.token, scene.link().await);
    let by_link = scene.redeem(&by_link).await.unwrap().token;

    accounts.set_account_state(admin, &scene.account.id, off).await.unwrap();
    assert_nobody(scene.see(&token).await);
    assert_nobody(scene.see(&by_link).await);
    accounts.set_account_state(admin, &scene.account.id, on).await.unwrap();
    scene.see(&token).await.unwrap();

    // The key's own sessions, for good; those of links are the user's.
    accounts.set_key_state(admin, &scene.key.id, off).await.unwrap();
    assert_nobody(scene.see(&token).await);
    scene.see(&by_link).await.unwrap();
    accounts.set_key_state(admin, &scene.key.id, on).await.unwrap();
    assert_nobody(scene.see(&token).await);

    let (token, link) = (scene.open().await.token, scene.link().await);
    accounts.change_user(admin, &scene.user.id, UserChange::State(off)).await.unwrap();
    assert_nobody(scene.see(&token).await);
    assert_nobody(scene.see(&by_link).await);
    assert_nobody(scene.redeem(&link).await);
    accounts.change_user(admin, &scene.user.id, UserChange::State(on)).await.unwrap();
    assert_nobody(scene.see(&by_link).await);
    assert_nobody(scene.redeem(&link).await);
}

/// The look itself asks for the states: sessions that are still there, beside a key or user that was disabled, open nothing.
#[tokio::test]
async fn a_session_left_behind_by_a_disabled_key_or_user_opens_nothing() {
    let scene = Scene::new().await;
    let (token, link) = (scene.open().await.token, scene.link().await);
    let by_link = scene.redeem(&scene.link().await).await.unwrap().token;
    let mut tx = scene.accounts().catalog.begin().await.unwrap();
    let off = Admittance::Disabled;
    let _there = tx.set_access_key_state(&scene.key.id, off).await.unwrap();
    tx.commit().await.unwrap();
    assert_nobody(scene.see(&token).await);
    scene.see(&by_link).await.unwrap();
    let mut tx = scene.accounts().catalog.begin().await.unwrap();
    let row = tx.user(&scene.user.id).await.unwrap().unwrap();
    let _there = tx.update_user(&catalog::UserRow { state: off, ..row }).await.unwrap();
    tx.commit().await.unwrap();
    assert_nobody(scene.see(&by_link).await);
    assert_nobody(scene.redeem(&link).await);
}

#[tokio::test]
async fn a_deleted_key_or_user_takes_its_sessions_along() {
    let scene = Scene::new().await;
    let (accounts, admin) = (scene.accounts(), &scene.world.caller);
    let (token, by_link) = (scene.open().await.token, scene.link().await);
    let by_link = scene.redeem(&by_link).await.unwrap().token;
    accounts.delete_key(admin, &scene.key.id).await.unwrap();
    assert_nobody(scene.see(&token).await);
    scene.see(&by_link).await.unwrap();
    accounts.delete_user(admin, &scene.user.id).await.unwrap();
    assert_nobody(scene.see(&by_link).await);
    assert_eq!(accounts.check().await.unwrap(), [] as [String; 0]);
}

/// A role is the user's of now, not of when it signed in.
#[tokio::test]
async fn a_session_has_the_role_of_now() {
    let scene = Scene::new().await;
    let token = scene.open().await.token;
    for role in [Role::Reader, Role::Operator] {
        let change = UserChange::Role(role);
        let (accounts, admin) = (scene.accounts(), &scene.world.caller);
        accounts.change_user(admin, &scene.user.id, change).await.unwrap();
        assert_eq!(scene.see(&token).await.unwrap().caller.role, role);
    }
}

#[tokio::test]
async fn a_link_signs_in_once_within_ten_minutes() {
    let scene = Scene::new().await;
    let accounts = scene.accounts();
    let link = accounts.create_sign_in_link(&scene.caller().await).await.unwrap();
    assert_eq!(link.expires, scene.world.clock.now().plus_ms(10 * MINUTE_MS));
    scene.world.clock.advance_ms(10 * MINUTE_MS - 1);
    let opened = scene.redeem(&link.token).await.unwrap();
    assert_ne!(opened.token, link.token);
    assert_eq!((opened.session.key, opened.session.user.as_str()), (None, "olga"));
    assert_eq!(scene.see(&opened.token).await.unwrap().caller.role, Role::Owner);
    assert_nobody(scene.redeem(&link.token).await);

    let late = scene.link().await;
    scene.world.clock.advance_ms(10 * MINUTE_MS);
    assert_nobody(scene.redeem(&late).await);
    // A link is for the one who asks. The region itself signs in nowhere.
    let caller = Caller { user: None, ..scene.caller().await };
    assert_nobody(accounts.create_sign_in_link(&caller).await);
    assert_nobody(accounts.close_sessions(&caller).await);
}

/// Two handles of the file, as two processes have them: a session of one is a session of the other, and of two who come with a
/// link at once exactly one gets in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_have_the_same_sessions_and_one_link_opens_once() {
    let scene = Scene::new().await;
    let path = scene.world.folder("accounts.db");
    let master = scene.accounts().master.clone();
    let clock = scene.world.clock.clone();
    let other = Accounts::open(&path, master, Arc::new(SystemEntropy), clock).await.unwrap();
    let token = scene.open().await.token;
    other.session(&token, String::new()).await.unwrap();
    other.close_session(&token, String::new()).await.unwrap();
    assert_nobody(scene.see(&token).await);
    for round in 0..100 {
        let link = scene.link().await;
        let race = |accounts: Accounts| {
            let link = link.clone();
            tokio::spawn(async move { accounts.redeem_link(&link, String::new()).await })
        };
        let (one, two) = (race(scene.accounts().clone()), race(other.clone()));
        let answers = [one.await.unwrap(), two.await.unwrap()];
        let refused = |answer: &&Result<_, _>| matches!(answer, Err(Refused::Unauthorised));
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "round {round}");
        assert_eq!(answers.iter().filter(refused).count(), 1, "round {round}: {answers:?}");
    }
}

#[tokio::test]
async fn sessions_and_links_survive_a_restart() {
    let mut scene = Scene::new().await;
    let (token, link) = (scene.open().await.token, scene.link().await);
    scene.world.restart().await;
    scene.see(&token).await.unwrap();
    scene.redeem(&link).await.unwrap();
}

/// Signing out everywhere ends the user's own sessions and links, and nobody else's.
#[tokio::test]
async fn all_sessions_of_a_user_are_closed_at_once() {
    let scene = Scene::new().await;
    let accounts = scene.accounts();
    let admin = &scene.world.caller;
    let admins = accounts.create_sign_in_link(admin).await.unwrap();
    let admins = accounts.redeem_link(&admins.token, String::new()).await.unwrap().token;
    let (one, two, link) = (scene.open().await, scene.open().await, scene.link().await);
    let caller = scene.see(&one.token).await.unwrap().caller;
    assert_eq!(accounts.count_sessions(&caller).await.unwrap(), 2);
    assert_eq!(accounts.close_sessions(&caller).await.unwrap(), 2);
    for token in [&one.token, &two.token] {
        assert_nobody(scene.see(token).await);
    }
    assert_nobody(scene.redeem(&link).await);
    assert_eq!(accounts.close_sessions(&caller).await.unwrap(), 0);
    scene.see(&admins).await.unwrap();
    assert_eq!(accounts.count_sessions(admin).await.unwrap(), 1);
}

/// Nothing grows without end: one session more than a user may have ends the oldest, and so it is with links.
#[tokio::test]
async fn a_user_has_a_bounded_number_of_sessions_and_links() {
    let scene = Scene::new().await;
    let mut tokens = Vec::new();
    for _ in 0..=MAX_SESSIONS {
        scene.world.clock.advance_ms(1);
        tokens.push(scene.open().await.token);
    }
    assert_nobody(scene.see(&tokens[0]).await);
    for token in &tokens[1..] {
        scene.see(token).await.unwrap();
    }
    let most = u64::from(MAX_SESSIONS);
    assert_eq!(scene.accounts().count_sessions(&scene.caller().await).await.unwrap(), most);
    let mut links = Vec::new();
    for _ in 0..=MAX_LINKS {
        scene.world.clock.advance_ms(1);
        links.push(scene.link().await);
    }
    assert_nobody(scene.redeem(&links[0]).await);
    scene.redeem(&links[1]).await.unwrap();
}

/// promise 11, I13: who signed in and out is in the trail, chained as all of it; a token is in no file and shown in no answer.
#[tokio::test]
async fn i13_the_trail_tells_of_sessions_and_no_file_has_a_token() {
    let scene = Scene::new().await;
    let opened = scene.open().await;
    let link = scene.accounts().create_sign_in_link(&scene.caller().await).await.unwrap();
    let shown = format!("{opened:?} {link:?}");
    let by_link = scene.redeem(&link.token).await.unwrap().token;
    scene.accounts().close_session(&opened.token, "r".to_owned()).await.unwrap();
    scene.accounts().close_sessions(&scene.caller().await).await.unwrap();
    let user = scene.user.id.to_string();
    let (with_key, with_link) = (format!("with={}", scene.key.id), "with=link".to_owned());
    let row = |action: &str, before: &str, after: &str| {
        [action.to_owned(), user.clone(), before.to_owned(), after.to_owned()]
    };
    let wanted = [
        row("session.open", "", &with_key),
        row("link.create", "", &format!("expires={}", link.expires)),
        row("session.open", "", &with_link),
        row("session.close", &with_key, ""),
        row("session.close_all", "sessions=1\nlinks=0", ""),
    ];
    assert_eq!(scene.trail().await, wanted);
    let standing = scene.accounts().verify_audit(&scene.world.caller).await.unwrap();
    assert!(matches!(standing, TrailStanding::Whole { .. }), "{standing:?}");

    let folder = scene.world.folder("north");
    let mut files = 0;
    for entry in std::fs::read_dir(folder.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let has = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
            for token in [&opened.token, &link.token, &by_link] {
                assert!(!shown.contains(token.as_str()));
                assert!(!has(token.as_bytes()), "{}", path.display());
                assert!(!has(&hex::decode(token).unwrap()), "{}", path.display());
            }
            files += usize::from(has(b"session.close_all"));
        }
    }
    assert!(files > 0, "the trail is in the accounts' files");
}

/// A user of another account sees nothing of these sessions: there is no id to ask for, and each counts its own.
#[tokio::test]
async fn promise_10_sessions_of_others_are_not_counted() {
    let scene = Scene::new().await;
    scene.open().await;
    let stranger = scene.world.stranger();
    assert_eq!(scene.accounts().count_sessions(&stranger).await.unwrap(), 0);
    assert_eq!(scene.accounts().close_sessions(&stranger).await.unwrap(), 0);
    assert_eq!(scene.accounts().count_sessions(&scene.caller().await).await.unwrap(), 1);
    assert_eq!(scene.account.name, Name::new("tenant").unwrap());
}
