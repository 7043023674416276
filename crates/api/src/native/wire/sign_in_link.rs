//! Links that sign in to the web console once.

use std::fmt;

use region::SignInLink as Made;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rfc3339;

/// A link that signs its maker in to the web console, once. It is shown this once, and is as good as a key until it was used.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignInLink {
    /// Its path; the client joins it with the endpoint that it asks.
    #[schema(example = "/sign-in/once/7f…c2")]
    pub path: String,
    /// Until when it is good, where it was not used before.
    pub expires: String,
}

impl fmt::Debug for SignInLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInLink").field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl From<Made> for SignInLink {
    fn from(made: Made) -> Self {
        let path = format!("/sign-in/once/{}", made.token);
        SignInLink { path, expires: rfc3339(made.expires) }
    }
}
