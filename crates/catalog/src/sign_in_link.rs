//! Links that sign in to the web console once, by the digest of a token that is stored nowhere.

use crate::statement::query;
use model::{Timestamp, UserId};

use crate::fault::CatalogFault;
use crate::session::SWEPT;
use crate::stored::Stored;
use crate::tx::Tx;

/// A link that was not used yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInLinkRow {
    /// SHA-256 of its token.
    pub digest: [u8; 32],
    /// Whom it signs in.
    pub user: UserId,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it is good.
    pub expires: Timestamp,
}

pub(crate) const OVER: &str =
    "SELECT digest FROM sign_in_link WHERE expires <= ? ORDER BY expires LIMIT ?";
pub(crate) const BEYOND: &str = "SELECT digest FROM sign_in_link WHERE user = ? \
    ORDER BY created DESC, digest DESC LIMIT -1 OFFSET ?";

impl Tx {
    /// Records a new link of a user that is there. Beyond `most` of that user the oldest go.
    pub async fn insert_sign_in_link(
        &mut self,
        link: &SignInLinkRow,
        most: u32,
    ) -> Result<(), CatalogFault> {
        let over = format!("DELETE FROM sign_in_link WHERE digest IN ({OVER})");
        let sweep = query(over).bind(link.created.0).bind(SWEPT);
        self.run("forget expired sign-in links", sweep).await?;
        // Before the new one is there: of two of the same instant the new one stays.
        let beyond = format!("DELETE FROM sign_in_link WHERE digest IN ({BEYOND})");
        let others = i64::from(most) - 1;
        let trim = query(beyond).bind(link.user.as_str()).bind(others);
        self.run("forget a user's oldest sign-in links", trim).await?;
        let sql = "INSERT INTO sign_in_link (digest, user, created, expires) VALUES (?, ?, ?, ?)";
        let insert = query(sql)
            .bind(link.digest.as_slice())
            .bind(link.user.as_str())
            .bind(link.created.0)
            .bind(link.expires.0);
        self.run("record a sign-in link", insert).await.map(|_| ())
    }

    /// Whose link this is, while it is good.
    pub async fn sign_in_link(
        &mut self,
        digest: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<UserId>, CatalogFault> {
        let find = query("SELECT user FROM sign_in_link WHERE digest = ? AND expires > ?");
        let find = find.bind(digest.as_slice()).bind(now.0);
        let found = self.one("find a sign-in link", find).await?;
        found.map(|row| Stored { table: "sign_in_link", row: &row }.word("user")).transpose()
    }

    /// Uses a link up; whose it was, while it was good. Of several who ask at once one gets an answer.
    pub async fn take_sign_in_link(
        &mut self,
        digest: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<UserId>, CatalogFault> {
        let take =
            query("DELETE FROM sign_in_link WHERE digest = ? AND expires > ? RETURNING user");
        let take = take.bind(digest.as_slice()).bind(now.0);
        let taken = self.one("use a sign-in link", take).await?;
        taken.map(|row| Stored { table: "sign_in_link", row: &row }.word("user")).transpose()
    }

    /// Forgets all links of a user; how many there were.
    pub async fn delete_sign_in_links_of(&mut self, user: &UserId) -> Result<u64, CatalogFault> {
        let delete = query("DELETE FROM sign_in_link WHERE user = ?").bind(user.as_str());
        self.run("forget a user's sign-in links", delete).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Deleted;
    use crate::session::tests::peopled;
    use crate::user::tests::user;

    fn link(n: u8, of: u8) -> SignInLinkRow {
        let created = Timestamp(i64::from(n));
        let expires = created.plus_ms(100);
        SignInLinkRow { digest: [n; 32], user: user(of, 1).id, created, expires }
    }

    async fn there(tx: &mut Tx, numbers: std::ops::RangeInclusive<u8>) -> Vec<u8> {
        let mut found = Vec::new();
        for n in numbers {
            if tx.sign_in_link(&[n; 32], Timestamp(0)).await.unwrap().is_some() {
                found.push(n);
            }
        }
        found
    }

    /// `accounts/0004_sessions`.
    #[tokio::test]
    async fn a_link_is_taken_once_and_in_its_time() {
        let (_folder, mut tx, _) = peopled().await;
        tx.insert_sign_in_link(&link(1, 2), 9).await.unwrap();
        tx.insert_sign_in_link(&link(1, 2), 9).await.unwrap_err();
        let owner = Some(user(2, 1).id);
        assert_eq!(tx.take_sign_in_link(&[1; 32], Timestamp(101)).await.unwrap(), None);
        assert_eq!(tx.sign_in_link(&[1; 32], Timestamp(101)).await.unwrap(), None);
        assert_eq!(tx.sign_in_link(&[1; 32], Timestamp(100)).await.unwrap(), owner);
        assert_eq!(tx.take_sign_in_link(&[1; 32], Timestamp(100)).await.unwrap(), owner);
        assert_eq!(tx.take_sign_in_link(&[1; 32], Timestamp(100)).await.unwrap(), None);
        tx.insert_sign_in_link(&link(2, 5), 9).await.unwrap_err();
    }

    #[tokio::test]
    async fn expired_links_are_swept_and_beyond_the_most_the_oldest_go() {
        let (_folder, mut tx, _) = peopled().await;
        for n in 1..=20 {
            tx.insert_sign_in_link(&link(n, 1), 20).await.unwrap();
        }
        tx.insert_sign_in_link(&link(110, 2), 20).await.unwrap();
        assert_eq!(there(&mut tx, 1..=110).await, (5..=20).chain([110]).collect::<Vec<_>>());
        tx.insert_sign_in_link(&link(21, 1), 3).await.unwrap();
        assert_eq!(there(&mut tx, 1..=110).await, [19, 20, 21, 110]);
        assert_eq!(tx.delete_sign_in_links_of(&user(1, 1).id).await.unwrap(), 3);
        assert_eq!(tx.delete_user(&user(2, 1).id).await.unwrap(), Deleted::Yes);
        assert!(there(&mut tx, 1..=110).await.is_empty());
    }
}
