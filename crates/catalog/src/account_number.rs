//! The numbers of accounts: made of their ids, so that processes with files of their own agree on the first account's.

use std::collections::HashMap;

use crate::statement::query;
use model::{AccountId, AccountNumber};

use crate::accounts::account_number_from;
use crate::fault::CatalogFault;
use crate::stored::{Stored, signed};
use crate::tags::json_array;
use crate::tx::Tx;

pub(crate) const NUMBERED: &str = "SELECT id FROM account WHERE number = ?";
pub(crate) const NUMBERS: &str =
    "SELECT id, number FROM account WHERE id IN (SELECT value FROM json_each(?))";
/// In the order in which the accounts were made, so that the older one of two has the number of its own.
pub(crate) const UNNUMBERED: &str =
    "SELECT id FROM account WHERE number IS NULL ORDER BY created, id";

/// The number that an account has unless another had it first: BLAKE3 of `ferry account number 1:` and its id
/// (`docs/formats.md` 8).
pub(crate) fn first_choice(account: &AccountId) -> AccountNumber {
    let text = format!("ferry account number 1:{account}");
    AccountNumber::from_digest(blake3::hash(text.as_bytes()).as_bytes())
}

impl Tx {
    /// The number that a new account is to have: the one made of its id, or where that is taken the next that is free.
    pub async fn free_account_number(
        &mut self,
        account: &AccountId,
    ) -> Result<AccountNumber, CatalogFault> {
        let mut number = first_choice(account);
        while self.account_numbered(number).await?.is_some() {
            number = number.following();
        }
        Ok(number)
    }

    /// The account of a number.
    pub async fn account_numbered(
        &mut self,
        number: AccountNumber,
    ) -> Result<Option<AccountId>, CatalogFault> {
        let find = query(NUMBERED).bind(signed("number", number.number())?);
        let found = self.one("find an account by its number", find).await?;
        found.map(|row| Stored { table: "account", row: &row }.word("id")).transpose()
    }

    /// The numbers of these accounts; none of one that is not there.
    pub async fn account_numbers(
        &mut self,
        accounts: impl IntoIterator<Item = &AccountId>,
    ) -> Result<HashMap<AccountId, AccountNumber>, CatalogFault> {
        let ids = json_array(accounts.into_iter().map(AccountId::as_str));
        let rows = self.all("find the numbers of accounts", query(NUMBERS).bind(ids)).await?;
        let read = |row| {
            let stored = Stored { table: "account", row };
            Ok((stored.word("id")?, account_number_from(&stored)?))
        };
        rows.iter().map(read).collect()
    }

    /// Gives a number to each account that has none: those from before there were numbers. How many there were.
    pub(crate) async fn number_accounts(&mut self) -> Result<u64, CatalogFault> {
        let rows = self.all("find accounts without a number", query(UNNUMBERED)).await?;
        for row in &rows {
            let account: AccountId = Stored { table: "account", row }.word("id")?;
            let number = self.free_account_number(&account).await?;
            let update = query("UPDATE account SET number = ? WHERE id = ?");
            let update = update.bind(signed("number", number.number())?).bind(account.as_str());
            self.run("number an account", update).await?;
        }
        Ok(rows.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::tests::{account, accounts};
    use crate::database::Database;
    use crate::migration::{self, migrate};
    use crate::{AccountRow, AccountsCatalog, Inserted};

    /// The number is part of what is stored and shown: the way to it never changes.
    #[test]
    fn the_number_of_an_id_is_always_the_same() {
        let id: AccountId = "acct-abcdefghij0123456789".parse().unwrap();
        assert_eq!(first_choice(&id).to_string(), "9872349564694015");
    }

    /// Two accounts never have one number, whatever their ids say.
    #[tokio::test]
    async fn where_a_number_is_taken_the_next_free_one_is_given() {
        let (_folder, catalog) = accounts().await;
        let mut tx = catalog.begin().await.unwrap();
        let third = account(3);
        let own = first_choice(&third.id);
        assert_eq!(third.number, own);
        let squatters = [(1, own), (2, own.following())];
        for (n, number) in squatters {
            let row = AccountRow { number, ..account(n) };
            assert_eq!(tx.insert_account(&row).await.unwrap(), Inserted::Yes);
        }
        let clash = tx.insert_account(&third).await.unwrap();
        assert_eq!(clash, Inserted::Clash, "the column is unique");
        let number = tx.free_account_number(&third.id).await.unwrap();
        assert_eq!(number, own.following().following());
        let row = AccountRow { number, ..third };
        assert_eq!(tx.insert_account(&row).await.unwrap(), Inserted::Yes);
        assert_eq!(tx.account(&row.id).await.unwrap(), Some(row.clone()));
        assert_eq!(tx.account_numbered(number).await.unwrap(), Some(row.id.clone()));
        let numbers = tx.account_numbers([&row.id, &account(1).id, &account(4).id]).await.unwrap();
        assert_eq!(numbers, [(row.id, number), (account(1).id, own)].into());
        assert_eq!(tx.account_numbered(number.following()).await.unwrap(), None);
    }

    /// `0003_numbers`: accounts from before get the numbers that they would have been made with.
    #[tokio::test]
    async fn accounts_from_before_are_numbered_when_the_file_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts.db");
        let old = Database::open(&path).await.unwrap();
        migrate(&old, &migration::ACCOUNTS[..2]).await.unwrap();
        let mut tx = old.begin().await.unwrap();
        for n in 1..=3 {
            let insert = query("INSERT INTO account (id, name, created) VALUES (?, ?, 5)");
            let insert = insert.bind(account(n).id.to_string()).bind(format!("account-{n}"));
            tx.run("record", insert).await.unwrap();
        }
        tx.commit().await.unwrap();
        // A stop right after the migration: the numbers are made at the next start.
        migrate(&old, migration::ACCOUNTS).await.unwrap();
        old.close().await;
        for _ in 0..2 {
            let catalog = AccountsCatalog::open(&path).await.unwrap();
            let mut tx = catalog.read().await.unwrap();
            for n in 1..=3 {
                let found = tx.account(&account(n).id).await.unwrap().unwrap();
                assert_eq!(found.number, first_choice(&found.id));
                assert_eq!(tx.account_numbered(found.number).await.unwrap(), Some(found.id));
            }
            drop(tx);
            catalog.close().await;
        }
    }
}
