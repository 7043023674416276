//! The name of one request, in its answer, in the log and in the audit trail.

use axum::http::HeaderValue;
use axum::http::header::HeaderName;

/// The header that carries it, both ways.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id taken from a client, in characters.
const LONGEST: usize = 64;

/// Names one request: 1 to 64 characters of `A-Za-z0-9_-`, the client's own or one that we made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The client's own name for it, if it has the form; anything else could forge lines of a log.
    pub fn given(text: &str) -> Option<Self> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let fits = (1..=LONGEST).contains(&text.len()) && text.bytes().all(legal);
        fits.then(|| RequestId(text.to_owned()))
    }

    /// A new one of 128 random bits. Without randomness the request still has a name, only not one of its own.
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        match getrandom::fill(&mut bytes) {
            Ok(()) => RequestId(format!("req-{}", hex::encode(bytes))),
            Err(error) => {
                tracing::error!(%error, "no random bytes for a request id");
                RequestId("req-unnamed".to_owned())
            }
        }
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn header_value(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).expect("letters, digits, `-` and `_` are legal in a header")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_07_only_plain_ids_are_taken_from_a_client() {
        for good in ["a", "Run_1-2", &"x".repeat(64)] {
            assert_eq!(RequestId::given(good).unwrap().as_str(), good);
        }
        for wrong in ["", "a b", "a\nb", "é", "a;b", &"x".repeat(65)] {
            assert_eq!(RequestId::given(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn our_own_ids_have_the_form_and_differ() {
        let (one, two) = (RequestId::random(), RequestId::random());
        assert_eq!(RequestId::given(one.as_str()).as_ref(), Some(&one));
        assert_ne!(one, two);
    }
}
