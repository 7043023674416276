//! Sessions of the web console: opened with an access key or by a link that is good once, seen, and closed.
//!
//! A token is 256 random bits, shown once; the catalog has its digest. Whoever shows a token that was not made here is nobody,
//! so nobody can be brought to use a token that somebody else chose.

use catalog::{
    AuditEntry, Deleted, SessionAges, SessionOfRow, SessionRow, SignInLinkRow, Tx, Updated,
};
use model::{AccessKeyId, Act, Admittance, Name, Timestamp, UserId};

use crate::audit::facts;
use crate::commands::{Caller, Intent};
use crate::deployment::Accounts;
use crate::keys::{is_admitted, own};
use crate::refused::Refused;
use crate::sealing::Secret;

/// A session that is not used for so long is over: 12 hours, after which NIST SP 800-63B (4.2.3) asks people to sign in again
/// who have more than a password. A working day goes by in it, and no night with an evening before.
const IDLE_MS: i64 = 12 * 3_600_000;
/// However much it is used, a session is over after so long: 7 days, well within the 30 of NIST SP 800-63B (4.1.3).
const LASTS_MS: i64 = 7 * 24 * 3_600_000;
/// That a session is used is written down at most every 5 minutes: 12 writes an hour for whoever has it open, and a session
/// that is over 5 minutes earlier at most than its last use asks for.
const TOUCHED_EVERY_MS: i64 = 5 * 60_000;
/// How long a link is good: 10 minutes, as NIST SP 800-63B (5.1.3.2) has it of secrets sent another way.
const LINK_LASTS_MS: i64 = 10 * 60_000;
/// Sessions of one user; one more ends the oldest. More browsers than anybody has.
pub(crate) const MAX_SESSIONS: u32 = 50;
/// Links of one user that were not used; one more takes the oldest back.
pub(crate) const MAX_LINKS: u32 = 10;
/// Characters of a token: 32 bytes in hexadecimal.
const TOKEN_CHARACTERS: usize = 64;

/// A new session with its token, shown this once.
pub struct SessionOpened {
    /// 256 random bits, as 64 hexadecimal digits.
    pub token: String,
    /// Who is signed in.
    pub session: SessionView,
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// Who asks, with the role of now.
    pub caller: Caller,
    /// The account's name.
    pub account: Name,
    /// The user's name.
    pub user: Name,
    /// The access key that opened the session; none where a link did.
    pub key: Option<AccessKeyId>,
    /// When it was opened.
    pub created: Timestamp,
    /// When it is over, however much it is used.
    pub expires: Timestamp,
}

/// A link that signs in once.
pub struct SignInLink {
    /// 256 random bits, as 64 hexadecimal digits.
    pub token: String,
    /// Until when it is good.
    pub expires: Timestamp,
}

impl std::fmt::Debug for SessionOpened {
    /// Without the token (I13).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionOpened").field("session", &self.session).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SignInLink {
    /// Without the token (I13).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignInLink").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Whose new session it is, and by what.
struct Opening {
    user: UserId,
    key: Option<AccessKeyId>,
    request_id: String,
}

impl Accounts {
    /// Opens a session with an access key; who cannot sign in with it cannot open one, and learns no more than there
    /// ([`Accounts::sign_in`]).
    pub async fn open_session(
        &self,
        key: &str,
        secret: &str,
        request_id: String,
    ) -> Result<SessionOpened, Refused> {
        let row = self.admit(key, secret).await?;
        let mut tx = self.catalog.begin().await?;
        // It may have been disabled or deleted since.
        let row = tx.sign_in_row(&row.key.id).await?.filter(is_admitted);
        let key = row.ok_or(Refused::Unauthorised)?.key;
        self.record(tx, Opening { user: key.user, key: Some(key.id), request_id }).await
    }

    /// Opens a session by a link, which is used up by it. Of several who come at once one gets in.
    pub async fn redeem_link(
        &self,
        token: &str,
        request_id: String,
    ) -> Result<SessionOpened, Refused> {
        let digest = digest_of(token).ok_or(Refused::Unauthorised)?;
        let now = self.clock.now();
        // Who has no link keeps nobody from writing.
        let found = self.catalog.read().await?.sign_in_link(&digest, now).await?;
        found.ok_or(Refused::Unauthorised)?;
        let mut tx = self.catalog.begin().await?;
        let taken = tx.take_sign_in_link(&digest, now).await?;
        let user = taken.ok_or(Refused::Unauthorised)?;
        self.record(tx, Opening { user, key: None, request_id }).await
    }

    /// Who is signed in, if this is a session's token, that session is not over, and its key, its user and the account may
    /// all sign in now. This is a use of the session.
    pub async fn session(&self, token: &str, request_id: String) -> Result<SessionView, Refused> {
        let (row, now) = self.good_session(token).await?;
        if now.ms_since(row.session.last_seen) >= TOUCHED_EVERY_MS {
            let digest = row.session.digest;
            let mut tx = self.catalog.begin().await?;
            match tx.touch_session(&digest, now, now.plus_ms(-TOUCHED_EVERY_MS)).await? {
                Updated::Yes => tx.commit().await?,
                // Another request was first, or the session was closed after this look.
                Updated::No => {}
            }
        }
        Ok(view(row, request_id))
    }

    /// The same, as a page asks that renews itself: nobody need be before it, so it is no use of the session.
    pub async fn watched_session(
        &self,
        token: &str,
        request_id: String,
    ) -> Result<SessionView, Refused> {
        Ok(view(self.good_session(token).await?.0, request_id))
    }

    async fn good_session(&self, token: &str) -> Result<(SessionOfRow, Timestamp), Refused> {
        let digest = digest_of(token).ok_or(Refused::Unauthorised)?;
        let now = self.clock.now();
        let row = self.catalog.read().await?.session(&digest).await?;
        let row = row.filter(|row| is_good(row, now)).ok_or(Refused::Unauthorised)?;
        Ok((row, now))
    }

    /// Ends a session. What is no session's token is none now as before.
    pub async fn close_session(&self, token: &str, request_id: String) -> Result<(), Refused> {
        let Some(digest) = digest_of(token) else { return Ok(()) };
        let Some(row) = self.catalog.read().await?.session(&digest).await? else { return Ok(()) };
        let mut tx = self.catalog.begin().await?;
        if tx.delete_session(&digest).await? == Deleted::No {
            return Ok(());
        }
        let before = told(row.session.key.as_ref());
        let user = row.session.user.clone();
        let entry = self.audit_entry(&view(row, request_id).caller, "session.close", user.as_str());
        tx.record_audit(&AuditEntry { before, ..entry }).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends all sessions of the caller's user, and takes its unused links back; how many sessions were open.
    pub async fn close_sessions(&self, caller: &Caller) -> Result<u64, Refused> {
        caller.must(Act::Read)?;
        let user = own(caller)?;
        let mut tx = self.catalog.begin().await?;
        let open = tx.count_sessions(user, ages(self.clock.now())).await?;
        let sessions = tx.delete_sessions_of(user).await?;
        let links = tx.delete_sign_in_links_of(user).await?;
        if (sessions, links) == (0, 0) {
            return Ok(0);
        }
        let before = facts(&[("sessions", open.to_string()), ("links", links.to_string())]);
        let entry = self.audit_entry(caller, "session.close_all", user.as_str());
        tx.record_audit(&AuditEntry { before, ..entry }).await?;
        caller.commit(tx).await?;
        Ok(open)
    }

    /// How many sessions of the caller's user are open.
    pub async fn count_sessions(&self, caller: &Caller) -> Result<u64, Refused> {
        caller.must(Act::Read)?;
        let mut tx = self.catalog.read().await?;
        Ok(tx.count_sessions(own(caller)?, ages(self.clock.now())).await?)
    }

    /// Makes a link that signs the caller's user in once, within 10 minutes.
    pub async fn create_sign_in_link(&self, caller: &Caller) -> Result<SignInLink, Refused> {
        caller.must(Act::Read)?;
        let user = own(caller)?.clone();
        let (token, digest) = self.new_token()?;
        let created = self.clock.now();
        let expires = created.plus_ms(LINK_LASTS_MS);
        let mut tx = self.catalog.begin().await?;
        // Deleted since it signed in.
        tx.user(&user).await?.ok_or(Refused::Unauthorised)?;
        let entry = self.audit_entry(caller, "link.create", user.as_str());
        let after = facts(&[("expires", expires.to_string())]);
        tx.insert_sign_in_link(&SignInLinkRow { digest, user, created, expires }, MAX_LINKS)
            .await?;
        tx.record_audit(&AuditEntry { after, ..entry }).await?;
        caller.commit(tx).await?;
        Ok(SignInLink { token, expires })
    }

    /// Records a new session, if it is good.
    async fn record(&self, mut tx: Tx, opening: Opening) -> Result<SessionOpened, Refused> {
        let (token, digest) = self.new_token()?;
        let now = self.clock.now();
        let Opening { user, key, request_id } = opening;
        let expires = now.plus_ms(LASTS_MS);
        let row = SessionRow { digest, user, key, created: now, last_seen: now, expires };
        tx.insert_session(&row, ages(now).idle_since, MAX_SESSIONS).await?;
        let found = tx.session(&digest).await?.filter(|row| is_good(row, now));
        let session = view(found.ok_or(Refused::Unauthorised)?, request_id);
        let entry = self.audit_entry(&session.caller, "session.open", row.user.as_str());
        let after = told(row.key.as_ref());
        tx.record_audit(&AuditEntry { after, ..entry }).await?;
        tx.commit().await?;
        Ok(SessionOpened { token, session })
    }

    /// A token, and what is kept of it.
    fn new_token(&self) -> Result<(String, [u8; 32]), Refused> {
        let mut random = Secret::zero();
        self.entropy.fill(random.as_mut())?;
        let token = hex::encode(random.as_ref());
        let digest = digest_of(&token).expect("32 bytes are 64 hexadecimal digits");
        Ok((token, digest))
    }
}

/// What is kept of a token; none where it has not a token's length.
fn digest_of(token: &str) -> Option<[u8; 32]> {
    if token.len() != TOKEN_CHARACTERS {
        return None;
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    Some(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
}

fn ages(now: Timestamp) -> SessionAges {
    SessionAges { now, idle_since: now.plus_ms(-IDLE_MS) }
}

/// Whether a session is not over, and all that it hangs on may sign in.
fn is_good(row: &SessionOfRow, now: Timestamp) -> bool {
    let SessionRow { key, last_seen, expires, .. } = &row.session;
    let SessionAges { now, idle_since } = ages(now);
    let is_key_good = match (key, row.key_state) {
        (None, _) | (Some(_), Some(Admittance::Active)) => true,
        (Some(_), Some(Admittance::Disabled) | None) => false,
    };
    let is_fresh = *expires > now && *last_seen > idle_since;
    is_fresh && is_key_good && [row.user_state, row.account_state] == [Admittance::Active; 2]
}

fn told(key: Option<&AccessKeyId>) -> String {
    facts(&[("with", key.map_or_else(|| "link".to_owned(), ToString::to_string))])
}

fn view(row: SessionOfRow, request_id: String) -> SessionView {
    let SessionOfRow { session, account, account_name, user_name, role, .. } = row;
    let SessionRow { user, key, created, expires, .. } = session;
    let caller = Caller { account, user: Some(user), role, request_id, intent: Intent::Act };
    SessionView { caller, account: account_name, user: user_name, key, created, expires }
}
