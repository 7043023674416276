//! Queries and forms: whatever spelling a client chose is decoded, and what is signed is made anew from the decoded text.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Decoded parameters. A map of texts has the order in which they are signed: that of their names' bytes.
pub(crate) type Pairs = BTreeMap<String, String>;

/// The most parameters of one request: far more than any operation takes, and far fewer than fit a body.
const MAX_PAIRS: usize = 4_096;

/// A parameter that has no single reading.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parameter `{name}`: {reason}")]
pub(crate) struct BadForm {
    /// Its name, as far as it can be read; empty where it has none.
    pub(crate) name: String,
    /// What is wrong with it.
    pub(crate) reason: String,
}

impl BadForm {
    fn new(name: &str, reason: impl Into<String>) -> BadForm {
        BadForm { name: name.to_owned(), reason: reason.into() }
    }
}

/// Adds the pairs of a query or of a form body. A name that is there already is refused, wherever it came from: two readings
/// of one request are one too many (api-02, api-09).
pub(crate) fn read_into(pairs: &mut Pairs, text: &[u8]) -> Result<(), BadForm> {
    for piece in text.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()) {
        let (name, value) = halves(piece);
        let shown = String::from_utf8_lossy(name);
        let name = decoded(name).map_err(|reason| BadForm::new(&shown, reason))?;
        let value = decoded(value).map_err(|reason| BadForm::new(&name, reason))?;
        if name.is_empty() {
            return Err(BadForm::new("", "a value has no name"));
        }
        if pairs.contains_key(&name) {
            return Err(BadForm::new(&name, "it is given more than once"));
        }
        if pairs.len() == MAX_PAIRS {
            let reason = format!("a request has at most {MAX_PAIRS} parameters");
            return Err(BadForm::new(&name, reason));
        }
        pairs.insert(name, value);
    }
    Ok(())
}

/// The value of a name in a query or form body of which the rest may not be readable.
pub(crate) fn find(text: &[u8], wanted: &str) -> Option<String> {
    raw_value(text, wanted).and_then(|value| decoded(value).ok())
}

/// Whether a query or form body has a name, whatever its value is.
pub(crate) fn is_named(text: &[u8], wanted: &str) -> bool {
    raw_value(text, wanted).is_some()
}

fn raw_value<'a>(text: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    let mut pieces = text.split(|byte| *byte == b'&').map(halves);
    let found = pieces.find(|(name, _)| decoded(name).is_ok_and(|name| name == wanted));
    found.map(|(_, value)| value)
}

fn halves(piece: &[u8]) -> (&[u8], &[u8]) {
    let equals = piece.iter().position(|byte| *byte == b'=').unwrap_or(piece.len());
    (&piece[..equals], piece.get(equals + 1..).unwrap_or_default())
}

/// Decodes `%41` and `+`, which is a space.
pub(crate) fn decoded(text: &[u8]) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next(), rest.next()].map(|digit| digit.copied().unwrap_or(0));
                let mut decoded = [0];
                hex::decode_to_slice(digits, &mut decoded)
                    .map_err(|_| "a `%` is not followed by two hexadecimal digits")?;
                decoded[0]
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8")
}

/// Encodes as signatures do: all but `A-Za-z0-9-_.~`, in upper-case digits.
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Pairs, BadForm> {
        let mut pairs = Pairs::new();
        read_into(&mut pairs, text.as_bytes()).map(|()| pairs)
    }

    #[test]
    fn api_02_every_spelling_of_a_text_is_signed_alike() {
        let text = "a b~*'()+/&=%é";
        let signed = "n=a%20b~%2A%27%28%29%2B%2F%26%3D%25%C3%A9";
        for spelling in [
            "n=a+b~*'()%2B/%26=%25é",
            "n=a%20b%7E%2A%27%28%29%2b%2f%26%3d%25%c3%a9",
            "%6E=%61+b~%2A'%28)%2B%2F%26%3D%25%C3%A9",
            "&&n=a%20b~*'()%2B/%26=%25é&",
        ] {
            let pairs = read(spelling).unwrap();
            assert_eq!(pairs["n"], text, "{spelling}");
            assert_eq!(format!("n={}", encoded(&pairs["n"])), signed, "{spelling}");
        }
    }

    #[test]
    fn api_08_parameters_are_counted() {
        let many = |count: usize| (0..count).map(|n| format!("n{n}=&")).collect::<String>();
        assert_eq!(read(&many(MAX_PAIRS)).unwrap().len(), MAX_PAIRS);
        assert!(read(&many(MAX_PAIRS + 1)).unwrap_err().reason.contains("at most 4096 parameters"));
    }

    #[test]
    fn api_02_what_has_no_single_reading_is_refused_by_name() {
        for (wrong, named) in [
            ("x=1&y=%4", "y"),
            ("y=%", "y"),
            ("y=%zz", "y"),
            ("y=%+1", "y"),
            ("y=%ff", "y"),
            ("y=1&y=1", "y"),
            ("y=1&%79=2", "y"),
            ("%e4=1", "%e4"),
            ("=1", ""),
        ] {
            let refused = read(wrong).unwrap_err();
            assert_eq!(refused.name, named, "{wrong}: {refused}");
        }
    }
}
