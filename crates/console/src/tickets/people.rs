//! What the accounts and users of tickets are called.

use std::collections::HashMap;

use model::{AccountId, UserId};
use region::Refused;

use crate::refusal::Shown;
use crate::visit::Visit;

/// The names that were looked up already. Whoever is gone, or not seen by the visitor, is called by the id.
pub(super) struct People<'v> {
    visit: &'v Visit,
    users: HashMap<UserId, String>,
    accounts: HashMap<AccountId, String>,
}

impl<'v> People<'v> {
    pub(super) fn new(visit: &'v Visit) -> Self {
        People { visit, users: HashMap::new(), accounts: HashMap::new() }
    }

    /// What a user is called.
    pub(super) async fn user(&mut self, user: &UserId) -> Result<String, Shown> {
        if let Some(known) = self.users.get(user) {
            return Ok(known.clone());
        }
        let name = match self.visit.deployment().accounts.user(&self.visit.caller, user).await {
            Ok(view) => view.name.to_string(),
            Err(Refused::Rejected(_)) => user.to_string(),
            Err(refused) => return Err(refused.into()),
        };
        self.users.insert(user.clone(), name.clone());
        Ok(name)
    }

    /// What an account is called.
    pub(super) async fn account(&mut self, account: &AccountId) -> Result<String, Shown> {
        if let Some(known) = self.accounts.get(account) {
            return Ok(known.clone());
        }
        let accounts = &self.visit.deployment().accounts;
        let name = match accounts.account(&self.visit.caller, account).await {
            Ok(view) => view.name.to_string(),
            Err(Refused::Rejected(_)) => account.to_string(),
            Err(refused) => return Err(refused.into()),
        };
        self.accounts.insert(account.clone(), name.clone());
        Ok(name)
    }
}
