//! Callers' tokens: one token, one request, one answer (I4, promise 4).

use crate::statement::query;
use model::{AccountId, ClientToken, Timestamp};

use crate::fault::CatalogFault;
use crate::outcome::{Deleted, Updated};
use crate::stored::Stored;
use crate::tx::Tx;

/// A token that a request was made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Whose it is.
    pub account: AccountId,
    /// What was asked for, as `copy`; each action has tokens of its own.
    pub action: String,
    /// The token.
    pub token: ClientToken,
    /// Names the request's parameters.
    pub fingerprint: [u8; 32],
    /// What was answered: an id, or ids and what they belong to, parted by spaces.
    pub answer: String,
    /// When.
    pub created: Timestamp,
}

/// What a token turned out to be.
#[must_use = "only a new token makes something"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenClaim {
    /// Never seen; it is recorded with this answer now.
    New,
    /// Seen with the same parameters; this was the answer.
    Same(TokenRow),
    /// Seen with other parameters.
    Other,
}

pub(crate) const FIND_OLD: &str =
    "SELECT account, action, token FROM token WHERE created < ? ORDER BY created LIMIT ?";

impl Tx {
    /// Records a token with its answer, unless it is known.
    pub async fn claim_token(&mut self, token: &TokenRow) -> Result<TokenClaim, CatalogFault> {
        let sql = "INSERT INTO token (account, action, token, fingerprint, answer, created) \
            VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (account, action, token) DO NOTHING";
        let insert = query(sql)
            .bind(token.account.as_str())
            .bind(token.action.as_str())
            .bind(token.token.as_str())
            .bind(token.fingerprint.to_vec())
            .bind(token.answer.as_str())
            .bind(token.created.0);
        if self.run("record a token", insert).await? == 1 {
            return Ok(TokenClaim::New);
        }
        let known = self.token(&token.account, &token.action, &token.token).await?;
        let known = known
            .ok_or_else(|| CatalogFault::Absent { table: "token", key: token.token.to_string() })?;
        if known.fingerprint == token.fingerprint {
            Ok(TokenClaim::Same(known))
        } else {
            Ok(TokenClaim::Other)
        }
    }

    /// What a token was used for.
    pub async fn token(
        &mut self,
        account: &AccountId,
        action: &str,
        token: &ClientToken,
    ) -> Result<Option<TokenRow>, CatalogFault> {
        let find = query("SELECT * FROM token WHERE account = ? AND action = ? AND token = ?");
        let find = find.bind(account.as_str()).bind(action).bind(token.as_str());
        let Some(row) = self.one("find a token", find).await? else { return Ok(None) };
        let stored = Stored { table: "token", row: &row };
        Ok(Some(TokenRow {
            account: stored.word("account")?,
            action: stored.text("action")?,
            token: stored.checked("token", ClientToken::new)?,
            fingerprint: stored.bytes32("fingerprint")?,
            answer: stored.text("answer")?,
            created: stored.time("created")?,
        }))
    }

    /// Gives a token its answer, where it had none to give when it was recorded.
    pub async fn answer_token(
        &mut self,
        account: &AccountId,
        (action, token): (&str, &ClientToken),
        answer: &str,
    ) -> Result<Updated, CatalogFault> {
        let sql = "UPDATE token SET answer = ? WHERE account = ? AND action = ? AND token = ?";
        let update = query(sql).bind(answer).bind(account.as_str()).bind(action);
        self.run("answer a token", update.bind(token.as_str())).await.map(Updated::from_rows)
    }

    /// Forgets a token: nothing came of its request.
    pub async fn forget_token(
        &mut self,
        account: &AccountId,
        (action, token): (&str, &ClientToken),
    ) -> Result<Deleted, CatalogFault> {
        let delete = query("DELETE FROM token WHERE account = ? AND action = ? AND token = ?");
        let delete = delete.bind(account.as_str()).bind(action).bind(token.as_str());
        self.run("forget a token", delete).await.map(Deleted::from_rows)
    }

    /// Forgets at most `limit` tokens made before an instant, the oldest first; how many they were.
    pub async fn forget_tokens(
        &mut self,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, CatalogFault> {
        let rows = self.all("find old tokens", query(FIND_OLD).bind(before.0).bind(limit)).await?;
        for row in &rows {
            let stored = Stored { table: "token", row };
            let delete = query("DELETE FROM token WHERE account = ? AND action = ? AND token = ?")
                .bind(stored.text("account")?)
                .bind(stored.text("action")?)
                .bind(stored.text("token")?);
            self.run("forget a token", delete).await?;
        }
        Ok(rows.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{account, catalog};

    fn token(text: &str, answer: &str) -> TokenRow {
        TokenRow {
            account: account(1),
            action: "copy".into(),
            token: ClientToken::new(text).unwrap(),
            fingerprint: [3; 32],
            answer: answer.into(),
            created: Timestamp(5),
        }
    }

    #[tokio::test]
    async fn i4_a_token_is_new_once_and_then_gives_the_first_answer() {
        let (_folder, catalog) = catalog().await;
        let first = token("t1", "first");
        let mut tx = catalog.begin().await.unwrap();
        assert_eq!(tx.claim_token(&first).await.unwrap(), TokenClaim::New);
        tx.commit().await.unwrap();
        let mut tx = catalog.begin().await.unwrap();
        let again = tx.claim_token(&token("t1", "second")).await.unwrap();
        assert_eq!(again, TokenClaim::Same(first.clone()));
        let others = [
            TokenRow { account: account(2), ..first.clone() },
            TokenRow { action: "import".into(), ..first.clone() },
            token("T1", "case matters"),
        ];
        for other in others {
            assert_eq!(tx.claim_token(&other).await.unwrap(), TokenClaim::New);
        }
    }

    #[tokio::test]
    async fn fault_18_a_token_with_other_parameters_is_refused() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        assert_eq!(tx.claim_token(&token("t1", "first")).await.unwrap(), TokenClaim::New);
        let other = TokenRow { fingerprint: [4; 32], ..token("t1", "second") };
        assert_eq!(tx.claim_token(&other).await.unwrap(), TokenClaim::Other);
        let kept = tx.token(&account(1), "copy", &other.token).await.unwrap().unwrap();
        assert_eq!(kept, token("t1", "first"));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn fault_17_of_eight_requests_at_once_one_is_new() {
        let (_folder, catalog) = catalog().await;
        let claims = (0..8).map(|n| {
            let catalog = catalog.clone();
            tokio::spawn(async move {
                let mut tx = catalog.begin().await.unwrap();
                let claim = tx.claim_token(&token("t1", &n.to_string())).await.unwrap();
                tx.commit().await.unwrap();
                (n.to_string(), claim)
            })
        });
        let claims: Vec<_> =
            futures::future::join_all(claims).await.into_iter().map(Result::unwrap).collect();
        let (new, _) = claims.iter().find(|(_, claim)| *claim == TokenClaim::New).unwrap();
        for (n, claim) in &claims {
            let expected =
                if n == new { TokenClaim::New } else { TokenClaim::Same(token("t1", new)) };
            assert_eq!(*claim, expected);
        }
    }

    #[tokio::test]
    async fn a_token_is_answered_later_or_forgotten() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let row = token("t1", "");
        assert_eq!(tx.claim_token(&row).await.unwrap(), TokenClaim::New);
        let of = (row.action.as_str(), &row.token);
        assert_eq!(tx.answer_token(&account(2), of, "theirs").await.unwrap(), Updated::No);
        assert_eq!(tx.answer_token(&account(1), of, "mine").await.unwrap(), Updated::Yes);
        let again = tx.claim_token(&row).await.unwrap();
        assert_eq!(again, TokenClaim::Same(token("t1", "mine")));
        assert_eq!(tx.forget_token(&account(2), of).await.unwrap(), Deleted::No);
        assert_eq!(tx.forget_token(&account(1), of).await.unwrap(), Deleted::Yes);
        assert_eq!(tx.claim_token(&row).await.unwrap(), TokenClaim::New);
    }

    #[tokio::test]
    async fn old_tokens_are_forgotten_a_few_at_a_time() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        for n in 0..10 {
            let row = TokenRow { created: Timestamp(n), ..token(&format!("t{n}"), "a") };
            assert_eq!(tx.claim_token(&row).await.unwrap(), TokenClaim::New);
        }
        assert_eq!(tx.forget_tokens(Timestamp(6), 4).await.unwrap(), 4);
        assert_eq!(tx.forget_tokens(Timestamp(6), 4).await.unwrap(), 2);
        assert_eq!(tx.forget_tokens(Timestamp(6), 4).await.unwrap(), 0);
        assert_eq!(tx.claim_token(&token("t5", "b")).await.unwrap(), TokenClaim::New);
        assert!(matches!(tx.claim_token(&token("t6", "b")).await.unwrap(), TokenClaim::Same(_)));
    }
}
