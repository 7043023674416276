//! From what the user typed to ids: accounts and users by their names.

use api::native::wire::{Account, User};

use super::Client;
use crate::cli::{AccountRef, UserRef};
use crate::failure::Failure;

impl Client {
    /// The id of an account that was named by id or by name.
    pub async fn account_id(&self, account: &AccountRef) -> Result<String, Failure> {
        let name = match account {
            AccountRef::Id(id) => return Ok(id.to_string()),
            AccountRef::Name(name) => name,
        };
        let all: Vec<Account> =
            self.list("look for the account by its name", "/v1/accounts", &[], None).await?;
        let found = all.into_iter().find(|account| account.name == name.as_str());
        found
            .map(|account| account.id)
            .ok_or_else(|| Failure::NoneOfName { what: "account", name: name.clone() })
    }

    /// The same where one may be named.
    pub async fn some_account_id(
        &self,
        account: Option<&AccountRef>,
    ) -> Result<Option<String>, Failure> {
        match account {
            Some(account) => self.account_id(account).await.map(Some),
            None => Ok(None),
        }
    }

    /// The id of a user that was named by id, or by its name in an account; the own account where none is named.
    pub async fn user_id(
        &self,
        user: &UserRef,
        account: Option<&AccountRef>,
    ) -> Result<String, Failure> {
        let name = match user {
            UserRef::Id(id) => return Ok(id.to_string()),
            UserRef::Name(name) => name,
        };
        let account = self.some_account_id(account).await?;
        let query: Vec<_> = account.map(|id| ("account".to_owned(), id)).into_iter().collect();
        let all: Vec<User> =
            self.list("look for the user by its name", "/v1/users", &query, None).await?;
        let found = all.into_iter().find(|user| user.name == name.as_str());
        found
            .map(|user| user.id)
            .ok_or_else(|| Failure::NoneOfName { what: "user", name: name.clone() })
    }
}
