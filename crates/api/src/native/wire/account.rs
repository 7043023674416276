//! Accounts.

use region::AccountView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rfc3339;

/// An account: who owns images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Its id.
    #[schema(example = "acct-abcdefghijklmnopqrst")]
    pub id: String,
    /// Its name, unique in the deployment.
    pub name: String,
    /// Its number: 16 digits, unique in the deployment.
    #[schema(example = "1234567890123456")]
    pub number: String,
    /// `active`, or `disabled`: none of its users can sign in.
    pub state: String,
    /// When it was made.
    pub created: String,
}

/// An account to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountRequest {
    /// Its name, new in the deployment: 2 to 128 characters, as an image's.
    pub name: String,
}

impl From<AccountView> for Account {
    fn from(view: AccountView) -> Self {
        Account {
            id: view.id.to_string(),
            name: view.name.to_string(),
            number: view.number.to_string(),
            state: view.state.to_string(),
            created: rfc3339(view.created),
        }
    }
}
