//! How people reach the web console.

use serde::Deserialize;

/// How people reach the web console.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsoleConfig {
    /// Its address, where that is not the one that this process listens at: that of a proxy with TLS, for example.
    pub address: Option<String>,
}

impl ConsoleConfig {
    /// The address as browsers write it: in small letters, without a slash behind it or a port that its scheme has anyway. None
    /// where none is named, or [`ConsoleConfig::check`] refuses it.
    pub fn origin(&self) -> Option<String> {
        let url = reqwest::Url::parse(self.address.as_deref()?).ok()?;
        Some(url.origin().ascii_serialization())
    }

    /// Refuses what is not the address of a whole host: the console's cookies and links are for all of it.
    pub fn check(&self) -> Result<(), String> {
        let Some(address) = &self.address else { return Ok(()) };
        let wrong = |why: &str| Err(format!("`address` of `[console]` is `{address}`: {why}"));
        let Ok(url) = reqwest::Url::parse(address) else { return wrong("that is no URL") };
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return wrong("it must begin with `http://` or `https://` and name a host");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("it must not name a user");
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return wrong("nothing may stand behind the host and the port");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str) -> Result<(), String> {
        ConsoleConfig { address: Some(address.to_owned()) }.check()
    }

    #[test]
    fn the_address_of_a_console_is_that_of_a_whole_host() {
        ConsoleConfig::default().check().unwrap();
        for good in [
            "https://ferry.example",
            "https://ferry.example/",
            "http://127.0.0.1:7070",
            "https://[2001:db8::1]:8443",
        ] {
            check(good).unwrap();
        }
        for (wrong, word) in [
            ("", "no URL"),
            ("ferry.example", "no URL"),
            ("ferry.example:443", "must begin"),
            ("ftp://ferry.example", "must begin"),
            ("javascript:alert(1)", "must begin"),
            ("https://", "no URL"),
            ("https://olga@ferry.example", "user"),
            ("https://:secret@ferry.example", "user"),
            ("https://ferry.example/console", "behind"),
            ("https://ferry.example?x", "behind"),
            ("https://ferry.example/#x", "behind"),
        ] {
            let reason = check(wrong).unwrap_err();
            assert!(reason.contains(word) && reason.contains("[console]"), "{wrong}: {reason}");
        }
    }

    /// What a form's `Origin` is compared with, and what decides whether cookies are `Secure`.
    #[test]
    fn an_address_is_known_as_browsers_write_it() {
        let origin = |address: &str| {
            let address = Some(address.to_owned());
            ConsoleConfig { address }.origin()
        };
        assert_eq!(ConsoleConfig::default().origin(), None);
        for (address, wanted) in [
            ("https://ferry.example", "https://ferry.example"),
            ("https://ferry.example/", "https://ferry.example"),
            ("HTTPS://Ferry.Example:443", "https://ferry.example"),
            ("http://127.0.0.1:7070/", "http://127.0.0.1:7070"),
            ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
        ] {
            assert_eq!(origin(address).as_deref(), Some(wanted));
        }
    }
}
