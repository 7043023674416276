//! Where the service is, and who we are to it.

use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use hyper::http::uri::Scheme;

use crate::secret::SecretText;

/// Where the service is, and who we are to it.
#[derive(Clone, Debug)]
pub struct AwsKmsOptions {
    /// `https://kms.eu-west-1.amazonaws.com`, or another service with this API. `http` to this machine only.
    pub endpoint: String,
    /// The region that signatures name, `eu-west-1`.
    pub region: String,
    /// The id of our access key.
    pub access_key: String,
    /// Its secret.
    pub secret_key: SecretText,
    /// The token that belongs to a temporary access key.
    pub session_token: Option<SecretText>,
    /// The longest time for one action, connecting and one repetition included.
    pub timeout: Duration,
    /// A PEM file with the authorities to trust instead of the system's.
    pub authorities: Option<PathBuf>,
}

impl AwsKmsOptions {
    /// The longest time for one action where nothing else is said: 10 s.
    pub const TIMEOUT: Duration = Duration::from_secs(10);
}

/// Why the options do not make a client.
#[derive(Debug, thiserror::Error)]
pub enum OptionsFault {
    /// The endpoint is not one. The text is not repeated: it may hold a password.
    #[error("the endpoint of the key service {why}")]
    Endpoint {
        /// What is wrong with it.
        why: &'static str,
    },
    /// An option is empty or holds characters that it cannot hold.
    #[error("`{option}` of the key service is empty or has characters that do not belong there")]
    Text {
        /// Which option.
        option: &'static str,
    },
    /// No time at all.
    #[error("`timeout` of the key service is zero")]
    Timeout,
    /// The authorities to trust cannot be read.
    #[error("failed to read the authorities to trust{}", shown(path))]
    Authorities {
        /// The file, where one was named.
        path: Option<PathBuf>,
        /// How.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no authority to trust.
    #[error("there is no authority to trust{}", shown(path))]
    NoAuthorities {
        /// The file, where one was named.
        path: Option<PathBuf>,
    },
}

fn shown(path: &Option<PathBuf>) -> String {
    path.as_ref().map_or_else(String::new, |path| format!(" in `{}`", path.display()))
}

/// Whether bytes to the endpoint are sealed on the way.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Tls,
    Loopback,
}

/// Checks the options, and returns the endpoint as requests name it.
pub(crate) fn check(options: &AwsKmsOptions) -> Result<(Uri, Way), OptionsFault> {
    let region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let visible = |byte: u8| byte.is_ascii_graphic();
    text("region", &options.region, region)?;
    text("access_key", &options.access_key, |byte| byte.is_ascii_alphanumeric())?;
    text("secret_key", options.secret_key.reveal(), visible)?;
    if let Some(token) = &options.session_token {
        text("session_token", token.reveal(), visible)?;
    }
    if options.timeout.is_zero() {
        return Err(OptionsFault::Timeout);
    }
    endpoint(&options.endpoint)
}

fn text(option: &'static str, text: &str, legal: impl Fn(u8) -> bool) -> Result<(), OptionsFault> {
    if text.is_empty() || !text.bytes().all(legal) {
        return Err(OptionsFault::Text { option });
    }
    Ok(())
}

fn endpoint(text: &str) -> Result<(Uri, Way), OptionsFault> {
    let wrong = |why| Err(OptionsFault::Endpoint { why });
    let Ok(uri) = text.parse::<Uri>() else { return wrong("is not an address") };
    let Some(authority) = uri.authority() else { return wrong("names no host") };
    if authority.as_str().contains('@') {
        return wrong("holds a user or a password");
    }
    if uri.path() != "/" || uri.query().is_some() {
        return wrong("has a path");
    }
    let host = authority.host().trim_matches(['[', ']']);
    let here = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    let way = match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => Way::Tls,
        Some(scheme) if *scheme == Scheme::HTTP && here => Way::Loopback,
        Some(scheme) if *scheme == Scheme::HTTP => {
            return wrong("is `http` and not on this machine: keys would travel in the clear");
        }
        Some(_) | None => return wrong("is neither `https` nor `http`"),
    };
    Ok((uri, way))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> AwsKmsOptions {
        AwsKmsOptions {
            endpoint: "https://kms.eu-west-1.amazonaws.com".into(),
            region: "eu-west-1".into(),
            access_key: "AKIDEXAMPLE".into(),
            secret_key: "secret".to_owned().into(),
            session_token: None,
            timeout: AwsKmsOptions::TIMEOUT,
            authorities: None,
        }
    }

    #[test]
    fn plain_http_goes_to_this_machine_only() {
        for (text, way) in [
            ("https://kms.eu-west-1.amazonaws.com", Some(Way::Tls)),
            ("https://kms.example:8443/", Some(Way::Tls)),
            ("http://127.0.0.1:5000", Some(Way::Loopback)),
            ("http://[::1]:5000", Some(Way::Loopback)),
            ("http://localhost:5000/", Some(Way::Loopback)),
            ("http://kms.eu-west-1.amazonaws.com", None),
            ("http://localhost.example", None),
            ("http://10.0.0.1", None),
            ("ftp://127.0.0.1", None),
            ("https://user:pass@kms.example", None),
            ("https://kms.example/path", None),
            ("https://kms.example/?a=b", None),
            ("kms.example", None),
            ("", None),
        ] {
            let found = check(&AwsKmsOptions { endpoint: text.into(), ..options() });
            assert_eq!(found.ok().map(|(_, way)| way), way, "{text}");
        }
    }

    #[test]
    fn options_that_cannot_be_are_refused_without_showing_them() {
        let secret = || SecretText::from("s3cr3t\n".to_owned());
        let cases = [
            AwsKmsOptions { region: "Eu west".into(), ..options() },
            AwsKmsOptions { access_key: String::new(), ..options() },
            AwsKmsOptions { secret_key: secret(), ..options() },
            AwsKmsOptions { session_token: Some(secret()), ..options() },
            AwsKmsOptions { timeout: Duration::ZERO, ..options() },
            AwsKmsOptions { endpoint: "https://u:s3cr3t@kms.example".into(), ..options() },
        ];
        for case in cases {
            let fault = check(&case).unwrap_err();
            assert!(!format!("{fault} {fault:?}").contains("s3cr3t"), "{fault:?}");
        }
        assert!(!format!("{:?}", options()).contains("\"secret\""));
    }
}
