//! What every cloud's door needs of HTTP and of Ferry, in one place: which door a request is for, reading it whole, forms,
//! JSON, digests, and changes that a repeated request does not make twice. Knows no cloud but in [`door`].

pub(crate) mod arrived;
pub(crate) mod door;
pub(crate) mod form;
pub(crate) mod json;
#[cfg(test)]
pub(crate) mod listed;
pub(crate) mod mac;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod raw;
pub(crate) mod rejection_kind;
pub(crate) mod replay;

pub(crate) use arrived::{Arrived, Unreadable};

/// A random UUID, as answers name requests: 32 lower-case digits in five groups. Without randomness it is the nil UUID.
pub(crate) fn new_uuid() -> String {
    let mut bytes = [0u8; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => {
            bytes[6] = bytes[6] & 0x0f | 0x40;
            bytes[8] = bytes[8] & 0x3f | 0x80;
        }
        Err(error) => tracing::error!(%error, "no random bytes for a request id"),
    }
    let digits = hex::encode(bytes);
    let part = |from, to| &digits[from..to];
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// Our own words as a sentence, where a cloud has none or says less.
pub(crate) fn sentence(words: impl ToString) -> String {
    let words = words.to_string();
    let mut characters = words.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_random_and_of_version_4() {
        let (one, two) = (new_uuid(), new_uuid());
        assert_ne!(one, two);
        let groups: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        assert_eq!(one.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&one.as_bytes()[19]), "{one}");
    }

    #[test]
    fn fragments_become_sentences() {
        assert_eq!(sentence("image `x` is gone"), "Image `x` is gone.");
        assert_eq!(sentence(""), ".");
    }
}
