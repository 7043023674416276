//! Where a wrapped key belongs.

use model::{DomainName, RegionId};

/// The place of a wrapped key. The service binds the key to it, and opens the key only where it is told the same again.
///
/// It goes to the service in the clear and stands in its audit trail, so it holds names and no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyContext {
    /// The region of Ferry that the key seals images in.
    pub region: RegionId,
    /// The account, and the domain inside it, that the key seals.
    pub domain: DomainName,
}

impl KeyContext {
    /// The pairs as the service knows them. Names and values are stored within every wrapped key: their form never changes.
    pub(crate) fn pairs(&self) -> [(&'static str, String); 3] {
        [
            ("ferry:account", self.domain.account.to_string()),
            ("ferry:domain", self.domain.to_string()),
            ("ferry:region", self.region.to_string()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wrapped keys, version 1 of their context: another form would open none of those that are stored.
    #[test]
    fn the_context_of_stored_keys_never_changes() {
        let account = "acct-aaaaaaaaaaaaaaaaaaaa";
        let domain = DomainName {
            account: account.parse().unwrap(),
            key: Some("alias/ferry".parse().unwrap()),
        };
        let context = KeyContext { region: "cn-hangzhou".parse().unwrap(), domain };
        let pairs = context.pairs().map(|(name, value)| format!("{name}={value}"));
        assert_eq!(
            pairs,
            [
                "ferry:account=acct-aaaaaaaaaaaaaaaaaaaa",
                "ferry:domain=account/acct-aaaaaaaaaaaaaaaaaaaa/key/alias/ferry",
                "ferry:region=cn-hangzhou",
            ]
        );
    }
}
