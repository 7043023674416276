//! Somebody of a role, with an access key.

use model::{AccountId, Name, Role};
use region::{Caller, NewUser};

use crate::kit::{Site, Visitor};

/// Who that is.
pub struct Someone {
    pub caller: Caller,
    pub key: String,
    pub secret: String,
}

impl Someone {
    /// A new user of the world's account.
    pub async fn new(site: &Site, role: Role) -> Someone {
        Someone::of(site, site.world.caller.account.clone(), role).await
    }

    /// A new user of a new account of this name.
    pub async fn elsewhere(site: &Site, name: &str, role: Role) -> Someone {
        let accounts = &site.world.deployment.accounts;
        let name = Name::new(name).unwrap();
        let account = accounts.create_account(&site.world.caller, name).await.unwrap();
        Someone::of(site, account.id, role).await
    }

    /// An operator of the account that somebody is of.
    pub async fn of_account(site: &Site, other: &Someone) -> Someone {
        Someone::of(site, other.caller.account.clone(), Role::Operator).await
    }

    async fn of(site: &Site, account: AccountId, role: Role) -> Someone {
        let accounts = &site.world.deployment.accounts;
        let name = Name::new(&format!("some {role}")).unwrap();
        let user = NewUser { account: Some(account), name, role };
        let user = accounts.create_user(&site.world.caller, user).await.unwrap();
        let created = accounts.create_key_of(&site.world.caller, &user.id).await.unwrap();
        let key = created.id.to_string();
        let caller = accounts.sign_in(&key, &created.secret, "someone".to_owned()).await.unwrap();
        Someone { caller, key, secret: created.secret }
    }

    /// Signed in.
    pub async fn visitor(&self, site: &Site) -> Visitor {
        site.visitor_with(&self.key, &self.secret).await
    }
}

/// What stands between two texts.
#[track_caller]
pub fn between<'t>(text: &'t str, before: &str, behind: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no `{before}` in\n{text}"));
    rest.split(behind).next().unwrap()
}
