//! Users of accounts.

use model::Name;
use region::{NewUser, UserView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rfc3339;
use crate::refusal::{BadRequest, Refusal};

/// A user of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Its id.
    #[schema(example = "user-abcdefghijklmnopqrst")]
    pub id: String,
    /// Its account.
    pub account: String,
    /// Its name, unique in the account.
    pub name: String,
    /// What it may do, each with all that comes before: `reader` looks, `owner` changes what is the account's, `operator` runs
    /// the deployment, `admin` makes accounts and users.
    pub role: String,
    /// `active`, or `disabled`: it cannot sign in.
    pub state: String,
    /// When it was made.
    pub created: String,
}

/// A user to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserRequest {
    /// Its name, new in the account: 2 to 128 characters, as an image's.
    pub name: String,
    /// `reader`, `owner`, `operator` or `admin`.
    pub role: String,
    /// Its account; else the caller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// Another role for a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserRole {
    /// `reader`, `owner`, `operator` or `admin`.
    pub role: String,
}

impl UserRequest {
    pub(crate) fn into_command(self) -> Result<NewUser, Refusal> {
        let account = self.account.map(|account| account.parse()).transpose();
        Ok(NewUser {
            account: account.map_err(|error| BadRequest::value("account", error))?,
            name: Name::new(&self.name)?,
            role: self.role.parse().map_err(|error| BadRequest::value("role", error))?,
        })
    }
}

impl From<UserView> for User {
    fn from(view: UserView) -> Self {
        User {
            id: view.id.to_string(),
            account: view.account.to_string(),
            name: view.name.to_string(),
            role: view.role.to_string(),
            state: view.state.to_string(),
            created: rfc3339(view.created),
        }
    }
}
