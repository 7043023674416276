//! Access keys.

use std::fmt;

use region::{KeyCreated, KeyView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rfc3339;

/// An access key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Key {
    /// Its id.
    #[schema(example = "FERRYABCDEFGHIJKLMNOPQRST")]
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// `active`, or `disabled`: nobody can sign in with it.
    pub state: String,
    /// When it was made.
    pub created: String,
}

/// A new access key, with the secret that is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewKey {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl From<KeyView> for Key {
    fn from(view: KeyView) -> Self {
        Key {
            id: view.id.to_string(),
            user: view.user.to_string(),
            state: view.state.to_string(),
            created: rfc3339(view.created),
        }
    }
}

impl From<KeyCreated> for NewKey {
    fn from(created: KeyCreated) -> Self {
        NewKey { id: created.id.to_string(), secret: created.secret }
    }
}
