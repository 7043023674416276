//! Where a page of several trails begins: behind which entry of each. One opaque value in an address.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Timestamp;
use region::Cursor;

/// Behind which entry of each trail, by the trail's tag. A trail that is not named begins at its newest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place(BTreeMap<String, u64>);

impl Place {
    /// What an address names; the beginning where that is no place.
    pub(super) fn of(word: &str) -> Place {
        Place::read(word).unwrap_or_default()
    }

    fn read(word: &str) -> Option<Place> {
        let bytes = URL_SAFE_NO_PAD.decode(word).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let mut behind = BTreeMap::new();
        for pair in text.split_terminator(' ') {
            let (tag, seq) = pair.split_once('=')?;
            // As far as a catalog counts.
            let seq: u64 = seq.parse().ok().filter(|seq| i64::try_from(*seq).is_ok())?;
            behind.insert(tag.to_owned(), seq);
        }
        Some(Place(behind))
    }

    /// As it stands in an address.
    pub(super) fn word(&self) -> String {
        let pairs: String = self.0.iter().map(|(tag, seq)| format!("{tag}={seq} ")).collect();
        URL_SAFE_NO_PAD.encode(pairs)
    }

    /// Where a trail goes on.
    pub(super) fn after(&self, tag: &str) -> Option<Cursor> {
        // The trail's own numbers say where: when that entry was made plays no part.
        self.0.get(tag).map(|seq| Cursor { created: Timestamp(0), id: seq.to_string() })
    }

    /// The trail goes on behind this entry of it.
    pub(super) fn pass(&mut self, tag: &str, seq: u64) {
        self.0.insert(tag.to_owned(), seq);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_as_it_was_written() {
        let mut place = Place::default();
        place.pass(":accounts", 7);
        place.pass("cn-hangzhou", i64::MAX as u64);
        let read = Place::of(&place.word());
        assert_eq!(read, place);
        assert_eq!(read.after(":accounts").unwrap().id, "7");
        assert_eq!(read.after("cn-shanghai"), None);
    }

    #[test]
    fn what_is_no_place_is_the_beginning() {
        let numbers = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let broken =
            ["x", "<b>", "%", &numbers("a=-1 "), &numbers("a=b"), &numbers("a"), &numbers("\u{0}")];
        for broken in broken {
            assert_eq!(Place::of(broken), Place::default(), "{broken}");
        }
    }
}
