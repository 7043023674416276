//! Accounts by their names, which are unique in a deployment.

use std::collections::HashMap;

use crate::statement::query;
use model::{AccountId, Name};

use crate::fault::CatalogFault;
use crate::stored::Stored;
use crate::tags::json_array;
use crate::tx::Tx;

pub(crate) const NAMED: &str = "SELECT id FROM account WHERE name = ?";
pub(crate) const NAMES: &str =
    "SELECT id, name FROM account WHERE id IN (SELECT value FROM json_each(?))";

impl Tx {
    /// The account of this name.
    pub async fn account_named(&mut self, name: &Name) -> Result<Option<AccountId>, CatalogFault> {
        let found =
            self.one("find an account by its name", query(NAMED).bind(name.as_str())).await?;
        found.map(|row| Stored { table: "account", row: &row }.word("id")).transpose()
    }

    /// The names of these accounts; none of one that is not there.
    pub async fn account_names(
        &mut self,
        accounts: impl IntoIterator<Item = &AccountId>,
    ) -> Result<HashMap<AccountId, Name>, CatalogFault> {
        let ids = json_array(accounts.into_iter().map(AccountId::as_str));
        let rows = self.all("find the names of accounts", query(NAMES).bind(ids)).await?;
        let read = |row| {
            let stored = Stored { table: "account", row };
            Ok((stored.word("id")?, stored.checked("name", Name::new)?))
        };
        rows.iter().map(read).collect()
    }
}
