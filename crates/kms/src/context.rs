//! Where a wrapped key belongs.

use model::{AccountId, RegionId};

/// The place of a wrapped key. The service binds the key to it, and opens the key only where it is told the same again.
///
/// It goes to the service in the clear and stands in its audit trail, so it holds names and no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyContext {
    /// Whose images the key seals.
    pub account: AccountId,
    /// The region that they are in.
    pub region: RegionId,
    /// The domain inside the account that the key seals.
    pub domain: String,
}

impl KeyContext {
    /// The pairs as the service knows them. These names are stored within every wrapped key: they never change.
    pub(crate) fn pairs(&self) -> [(&'static str, &str); 3] {
        [
            ("ferry:account", self.account.as_str()),
            ("ferry:domain", &self.domain),
            ("ferry:region", self.region.as_str()),
        ]
    }
}
