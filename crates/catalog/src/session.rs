//! Sessions of the web console: who is signed in, by the digest of a token that is stored nowhere.

use crate::statement::Row;
use crate::statement::query;
use model::{AccessKeyId, AccountId, Admittance, Name, Role, Timestamp, UserId};

use crate::fault::CatalogFault;
use crate::outcome::{Deleted, Updated};
use crate::stored::Stored;
use crate::tx::Tx;

/// Rows that are over and that one new row takes along: more than one, so that the table shrinks while it is used.
pub(crate) const SWEPT: i64 = 4;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// SHA-256 of its token.
    pub digest: [u8; 32],
    /// Who is signed in.
    pub user: UserId,
    /// The access key that opened it; none where a link did.
    pub key: Option<AccessKeyId>,
    /// When it was opened.
    pub created: Timestamp,
    /// When it was used, some minutes ago at most.
    pub last_seen: Timestamp,
    /// When it is over, however much it is used.
    pub expires: Timestamp,
}

/// A session with all that decides whether it is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionOfRow {
    /// The session.
    pub session: SessionRow,
    /// The account of its user.
    pub account: AccountId,
    /// That account's name.
    pub account_name: Name,
    /// Its user's name.
    pub user_name: Name,
    /// What its user may do.
    pub role: Role,
    /// Whether one may sign in with its key; none where it has no key, or the key is not there.
    pub key_state: Option<Admittance>,
    /// Whether its user may sign in.
    pub user_state: Admittance,
    /// Whether its account's users may sign in.
    pub account_state: Admittance,
}

/// How a user's sessions are counted and bounded.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct SessionAges {
    /// What expires then, or before, is over.
    pub now: Timestamp,
    /// What was last seen then, or before, is over.
    pub idle_since: Timestamp,
}

const INSERT: &str = "INSERT INTO session (digest, user, access_key, created, last_seen, expires) \
    VALUES (?, ?, ?, ?, ?, ?)";
pub(crate) const FIND: &str = "SELECT session.*, user.account, user.name AS user_name, user.role, user.state AS user_state, \
    account.name AS account_name, account.state AS account_state, access_key.state AS key_state \
    FROM session JOIN user ON user.id = session.user JOIN account ON account.id = user.account \
    LEFT JOIN access_key ON access_key.id = session.access_key WHERE session.digest = ?";
pub(crate) const COUNT: &str =
    "SELECT count(*) FROM session WHERE user = ? AND expires > ? AND last_seen > ?";
pub(crate) const OVER: &str =
    "SELECT digest FROM session WHERE last_seen <= ? ORDER BY last_seen LIMIT ?";
pub(crate) const BEYOND: &str = "SELECT digest FROM session WHERE user = ? ORDER BY created DESC, digest DESC LIMIT -1 OFFSET ?";

impl Tx {
    /// Records a new session of a user that is there. Beyond `most` of that user the oldest go.
    pub async fn insert_session(
        &mut self,
        session: &SessionRow,
        idle_since: Timestamp,
        most: u32,
    ) -> Result<(), CatalogFault> {
        let over = format!("DELETE FROM session WHERE digest IN ({OVER})");
        let sweep = query(over).bind(idle_since.0).bind(SWEPT);
        self.run("forget sessions that are over", sweep).await?;
        // Before the new one is there: of two of the same instant the new one stays.
        let beyond = format!("DELETE FROM session WHERE digest IN ({BEYOND})");
        let others = i64::from(most) - 1;
        let trim = query(beyond).bind(session.user.as_str()).bind(others);
        self.run("end a user's oldest sessions", trim).await?;
        let insert = query(INSERT)
            .bind(session.digest.as_slice())
            .bind(session.user.as_str())
            .bind(session.key.as_ref().map(AccessKeyId::as_str))
            .bind(session.created.0)
            .bind(session.last_seen.0)
            .bind(session.expires.0);
        self.run("record a session", insert).await.map(|_| ())
    }

    /// A session, with all that decides whether it is good.
    pub async fn session(
        &mut self,
        digest: &[u8; 32],
    ) -> Result<Option<SessionOfRow>, CatalogFault> {
        let find = query(FIND).bind(digest.as_slice());
        self.one("find a session", find).await?.as_ref().map(session_from).transpose()
    }

    /// Records that a session is used now, unless that was recorded later than `before`.
    pub async fn touch_session(
        &mut self,
        digest: &[u8; 32],
        now: Timestamp,
        before: Timestamp,
    ) -> Result<Updated, CatalogFault> {
        let touch = query("UPDATE session SET last_seen = ? WHERE digest = ? AND last_seen <= ?")
            .bind(now.0)
            .bind(digest.as_slice())
            .bind(before.0);
        self.run("record that a session is used", touch).await.map(Updated::from_rows)
    }

    /// How many sessions of a user are not over.
    pub async fn count_sessions(
        &mut self,
        user: &UserId,
        ages: SessionAges,
    ) -> Result<u64, CatalogFault> {
        let count = query(COUNT).bind(user.as_str()).bind(ages.now.0).bind(ages.idle_since.0);
        self.count("count a user's sessions", count).await
    }

    /// Ends a session.
    pub async fn delete_session(&mut self, digest: &[u8; 32]) -> Result<Deleted, CatalogFault> {
        let delete = query("DELETE FROM session WHERE digest = ?").bind(digest.as_slice());
        self.run("end a session", delete).await.map(Deleted::from_rows)
    }

    /// Ends all sessions of a user; how many there were.
    pub async fn delete_sessions_of(&mut self, user: &UserId) -> Result<u64, CatalogFault> {
        let delete = query("DELETE FROM session WHERE user = ?").bind(user.as_str());
        self.run("end a user's sessions", delete).await
    }

    /// Ends the sessions that an access key opened.
    pub async fn delete_sessions_with(&mut self, key: &AccessKeyId) -> Result<u64, CatalogFault> {
        let delete = query("DELETE FROM session WHERE access_key = ?").bind(key.as_str());
        self.run("end the sessions of a key", delete).await
    }
}

fn session_from(row: &Row) -> Result<SessionOfRow, CatalogFault> {
    let stored = Stored { table: "session", row };
    let session = SessionRow {
        digest: stored.bytes32("digest")?,
        user: stored.word("user")?,
        key: stored.optional_word("access_key")?,
        created: stored.time("created")?,
        last_seen: stored.time("last_seen")?,
        expires: stored.time("expires")?,
    };
    Ok(SessionOfRow {
        session,
        account: stored.word("account")?,
        account_name: stored.checked("account_name", Name::new)?,
        user_name: stored.checked("user_name", Name::new)?,
        role: stored.word("role")?,
        key_state: stored.optional_word("key_state")?,
        user_state: stored.word("user_state")?,
        account_state: stored.word("account_state")?,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::access_key::AccessKeyRow;
    use crate::accounts::tests::{account, accounts};
    use crate::outcome::Inserted;
    use crate::plans::plan;
    use crate::user::tests::user;

    /// An account with two users, 1 and 2, and a key of the first.
    pub(crate) async fn peopled() -> (tempfile::TempDir, Tx, AccessKeyId) {
        let (folder, catalog) = accounts().await;
        let mut tx = catalog.begin().await.unwrap();
        assert_eq!(tx.insert_account(&account(1)).await.unwrap(), Inserted::Yes);
        for n in [1, 2] {
            assert_eq!(tx.insert_user(&user(n, 1)).await.unwrap(), Inserted::Yes);
        }
        let key = AccessKeyRow {
            id: AccessKeyId::from_random(|| 7),
            account: account(1).id,
            user: user(1, 1).id,
            state: Admittance::Active,
            sealed_secret: vec![1],
            created: Timestamp(1),
        };
        tx.insert_access_key(&key).await.unwrap();
        (folder, tx, key.id)
    }

    fn session(n: u8, of: u8, key: Option<&AccessKeyId>) -> SessionRow {
        let created = Timestamp(i64::from(n));
        SessionRow {
            digest: [n; 32],
            user: user(of, 1).id,
            key: key.cloned(),
            created,
            last_seen: created,
            expires: created.plus_ms(1_000),
        }
    }

    const NEVER: Timestamp = Timestamp(-1);

    async fn there(tx: &mut Tx, numbers: std::ops::RangeInclusive<u8>) -> Vec<u8> {
        let mut found = Vec::new();
        for n in numbers {
            if tx.session(&[n; 32]).await.unwrap().is_some() {
                found.push(n);
            }
        }
        found
    }

    /// `accounts/0004_sessions`.
    #[tokio::test]
    async fn sessions_read_back_as_written_with_who_is_signed_in() {
        let (_folder, mut tx, key) = peopled().await;
        let (with_key, with_link) = (session(1, 1, Some(&key)), session(2, 2, None));
        tx.insert_session(&with_key, NEVER, 9).await.unwrap();
        tx.insert_session(&with_link, NEVER, 9).await.unwrap();
        let off = Admittance::Disabled;
        assert_eq!(tx.set_access_key_state(&key, off).await.unwrap(), Updated::Yes);
        let wanted = SessionOfRow {
            session: with_key.clone(),
            account: account(1).id,
            account_name: account(1).name,
            user_name: user(1, 1).name,
            role: Role::Owner,
            key_state: Some(off),
            user_state: Admittance::Active,
            account_state: Admittance::Active,
        };
        assert_eq!(tx.session(&[1; 32]).await.unwrap(), Some(wanted));
        let found = tx.session(&[2; 32]).await.unwrap().unwrap();
        assert_eq!((found.session, found.key_state), (with_link, None));
        assert_eq!(tx.session(&[3; 32]).await.unwrap(), None);
        // The same token again, and a user that is not there.
        tx.insert_session(&with_key, NEVER, 9).await.unwrap_err();
        tx.insert_session(&session(4, 5, None), NEVER, 9).await.unwrap_err();
    }

    #[tokio::test]
    async fn sessions_go_with_their_key_and_their_user() {
        let (_folder, mut tx, key) = peopled().await;
        let all = [session(1, 1, Some(&key)), session(2, 1, None), session(3, 2, None)];
        for row in &all {
            tx.insert_session(row, NEVER, 9).await.unwrap();
        }
        assert_eq!(tx.delete_access_key(&key).await.unwrap(), Deleted::Yes);
        assert_eq!(there(&mut tx, 1..=3).await, [2, 3]);
        assert_eq!(tx.delete_user(&user(1, 1).id).await.unwrap(), Deleted::Yes);
        assert_eq!(there(&mut tx, 1..=3).await, [3]);
        assert_eq!(tx.delete_session(&[3; 32]).await.unwrap(), Deleted::Yes);
        assert_eq!(tx.delete_session(&[3; 32]).await.unwrap(), Deleted::No);
    }

    #[tokio::test]
    async fn sessions_of_a_key_end_and_others_stay() {
        let (_folder, mut tx, key) = peopled().await;
        let other = AccessKeyRow {
            id: AccessKeyId::from_random(|| 8),
            ..tx.access_key(&key).await.unwrap().unwrap()
        };
        tx.insert_access_key(&other).await.unwrap();
        let (one, two) = (session(1, 1, Some(&key)), session(2, 1, Some(&other.id)));
        for row in [one, two, session(3, 1, None), session(4, 2, None)] {
            tx.insert_session(&row, NEVER, 9).await.unwrap();
        }
        assert_eq!(tx.delete_sessions_with(&key).await.unwrap(), 1);
        assert_eq!(there(&mut tx, 1..=4).await, [2, 3, 4]);
        assert_eq!(tx.delete_sessions_of(&user(1, 1).id).await.unwrap(), 2);
        assert_eq!(there(&mut tx, 1..=4).await, [4]);
    }

    #[tokio::test]
    async fn what_is_over_is_swept_and_beyond_the_most_the_oldest_go() {
        let (_folder, mut tx, _) = peopled().await;
        for n in 1..=20 {
            tx.insert_session(&session(n, 1, None), NEVER, 20).await.unwrap();
        }
        tx.insert_session(&session(21, 2, None), Timestamp(10), 20).await.unwrap();
        assert_eq!(there(&mut tx, 1..=21).await, (5..=21).collect::<Vec<_>>());
        tx.insert_session(&session(22, 1, None), Timestamp(10), 6).await.unwrap();
        assert_eq!(there(&mut tx, 1..=22).await, [16, 17, 18, 19, 20, 21, 22]);
        let ages = |now, idle| SessionAges { now: Timestamp(now), idle_since: Timestamp(idle) };
        for (ages, wanted) in [(ages(0, 0), 6), (ages(1_017, 0), 4), (ages(0, 20), 1)] {
            assert_eq!(tx.count_sessions(&user(1, 1).id, ages).await.unwrap(), wanted);
        }
    }

    /// Whatever their digests are.
    #[tokio::test]
    async fn of_sessions_of_the_same_instant_the_new_one_stays() {
        let (_folder, mut tx, _) = peopled().await;
        for n in (1..=9).rev().chain(10..=19) {
            let row = SessionRow {
                created: Timestamp(5),
                last_seen: Timestamp(5),
                ..session(n, 1, None)
            };
            tx.insert_session(&row, NEVER, 2).await.unwrap();
            assert!(tx.session(&[n; 32]).await.unwrap().is_some(), "{n}");
        }
        assert_eq!(there(&mut tx, 1..=19).await.len(), 2);
    }

    #[tokio::test]
    async fn a_session_is_touched_once_in_a_while() {
        let (_folder, mut tx, _) = peopled().await;
        tx.insert_session(&session(1, 1, None), NEVER, 9).await.unwrap();
        let touch = async |tx: &mut Tx, now, before| {
            tx.touch_session(&[1; 32], Timestamp(now), Timestamp(before)).await.unwrap()
        };
        assert_eq!(touch(&mut tx, 50, 0).await, Updated::No);
        assert_eq!(touch(&mut tx, 50, 1).await, Updated::Yes);
        assert_eq!(touch(&mut tx, 60, 10).await, Updated::No);
        let found = tx.session(&[1; 32]).await.unwrap().unwrap();
        assert_eq!(found.session.last_seen, Timestamp(50));
    }

    #[tokio::test]
    async fn sessions_and_links_are_found_by_index() {
        let (_folder, mut tx, _) = peopled().await;
        let links = [crate::sign_in_link::OVER, crate::sign_in_link::BEYOND];
        for sql in [FIND, COUNT, OVER, BEYOND].into_iter().chain(links) {
            let steps = plan(&mut tx, sql).await;
            let is_slow = |step: &String| step.starts_with("SCAN") || step.contains("TEMP");
            assert!(!steps.iter().any(is_slow), "{sql}\n{steps:#?}");
        }
    }
}
