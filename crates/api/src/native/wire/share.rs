//! Whom images are shared with, and as what they are published.

use model::AccountId;
use region::ShareView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rfc3339;
use crate::refusal::BadRequest;

/// An account that an image is shared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Share {
    /// The account.
    #[schema(example = "acct-abcdefghijklmnopqrst")]
    pub account: String,
    /// Since when.
    pub created: String,
}

/// Accounts that an image is to be shared with, or taken back from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareRequest {
    /// Their ids.
    pub accounts: Vec<String>,
}

/// As what an image is to be published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishRequest {
    /// `public` or `marketplace`.
    pub kind: PublishedKind,
}

/// As what an image is offered to every account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PublishedKind {
    /// As a public image.
    Public,
    /// As a marketplace image.
    Marketplace,
}

impl From<ShareView> for Share {
    fn from(view: ShareView) -> Self {
        Share { account: view.account.to_string(), created: rfc3339(view.created) }
    }
}

impl From<PublishedKind> for model::rules::Offer {
    fn from(kind: PublishedKind) -> Self {
        match kind {
            PublishedKind::Public => model::rules::Offer::Public,
            PublishedKind::Marketplace => model::rules::Offer::Marketplace,
        }
    }
}

impl ShareRequest {
    pub(crate) fn into_accounts(self) -> Result<Vec<AccountId>, BadRequest> {
        let read =
            |text: &String| text.parse().map_err(|error| BadRequest::value("accounts", error));
        self.accounts.iter().map(read).collect()
    }
}
