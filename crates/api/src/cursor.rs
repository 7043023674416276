//! Page cursors: where a listing goes on, sealed so that nobody makes one or uses another's (api-12).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{AccountId, Timestamp};
use region::Cursor;
use ring::hmac;

use crate::refusal::BadRequest;

const VERSION: u8 = 1;
/// Of a cursor that counts rows.
const OFFSET_VERSION: u8 = 2;
/// Bytes of the tag that are kept: 128 bits.
const TAG_BYTES: usize = 16;
/// Longest text of a cursor that is looked at, in characters; ours have about 75.
const LONGEST: usize = 256;

/// The key that seals cursors.
#[derive(Clone)]
pub struct CursorKey(hmac::Key);

impl CursorKey {
    /// From 32 secret bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        CursorKey(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }
}

/// The listing that a cursor belongs to. It opens for no other.
pub(crate) struct Listing<'a> {
    /// Whose.
    pub(crate) account: &'a AccountId,
    /// Where: a region's name; empty for what no region has.
    pub(crate) place: &'a str,
    /// Of what.
    pub(crate) noun: &'static str,
    /// Which of them.
    pub(crate) filter: String,
}

impl CursorKey {
    fn tag(&self, listing: &Listing<'_>, body: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [listing.account.as_str(), listing.place, listing.noun, &listing.filter] {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part.as_bytes());
        }
        context.update(body);
        context.sign()
    }

    /// The text that a client sends back for the next page.
    pub(crate) fn seal(&self, listing: &Listing<'_>, cursor: &Cursor) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&cursor.created.0.to_le_bytes());
        bytes.extend_from_slice(cursor.id.as_bytes());
        self.sealed(listing, bytes)
    }

    /// The cursor in a text that [`CursorKey::seal`] made for the same listing.
    pub(crate) fn open(&self, listing: &Listing<'_>, text: &str) -> Result<Cursor, BadRequest> {
        let body = self.opened(listing, (VERSION, text))?;
        let (created, id) = body.split_first_chunk::<8>().ok_or(BadRequest::Cursor)?;
        let id = String::from_utf8(id.to_vec()).map_err(|_| BadRequest::Cursor)?;
        Ok(Cursor { created: Timestamp(i64::from_le_bytes(*created)), id })
    }

    /// The same for a listing that goes on behind so many rows.
    pub(crate) fn seal_offset(&self, listing: &Listing<'_>, offset: u64) -> String {
        let mut bytes = vec![OFFSET_VERSION];
        bytes.extend_from_slice(&offset.to_le_bytes());
        self.sealed(listing, bytes)
    }

    /// The rows in a text that [`CursorKey::seal_offset`] made for the same listing.
    pub(crate) fn open_offset(&self, listing: &Listing<'_>, text: &str) -> Result<u64, BadRequest> {
        let body = self.opened(listing, (OFFSET_VERSION, text))?;
        let offset = body.as_slice().try_into().map_err(|_| BadRequest::Cursor)?;
        Ok(u64::from_le_bytes(offset))
    }

    fn sealed(&self, listing: &Listing<'_>, mut bytes: Vec<u8>) -> String {
        let tag = self.tag(listing, &bytes);
        bytes.extend_from_slice(&tag.as_ref()[..TAG_BYTES]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What stands behind the version in a text that [`CursorKey::sealed`] made.
    fn opened(
        &self,
        listing: &Listing<'_>,
        (wanted, text): (u8, &str),
    ) -> Result<Vec<u8>, BadRequest> {
        if text.len() > LONGEST {
            return Err(BadRequest::Cursor);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadRequest::Cursor)?;
        let (body, tag) = bytes.split_last_chunk::<TAG_BYTES>().ok_or(BadRequest::Cursor)?;
        let right = self.tag(listing, body);
        let differ = right.as_ref().iter().zip(tag).fold(0, |differ, (a, b)| differ | (a ^ b));
        if differ != 0 {
            return Err(BadRequest::Cursor);
        }
        match body.split_first() {
            Some((version, rest)) if *version == wanted => Ok(rest.to_vec()),
            Some(_) | None => Err(BadRequest::Cursor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor() -> Cursor {
        Cursor { created: Timestamp(1_700_000_000_123), id: "img-abcdefghijklmnopqrst".to_owned() }
    }

    #[test]
    fn api_12_a_cursor_opens_for_its_own_listing_alone() {
        let key = CursorKey::new(&[1; 32]);
        let (mine, theirs) = (AccountId::from_random(|| 1), AccountId::from_random(|| 2));
        let (north, south) = ("north", "south");
        let listing = |account, place, noun, filter: &str| Listing {
            account,
            place,
            noun,
            filter: filter.to_owned(),
        };
        let text = key.seal(&listing(&mine, north, "images", "a"), &cursor());
        assert_eq!(key.open(&listing(&mine, north, "images", "a"), &text), Ok(cursor()));
        for other in [
            listing(&theirs, north, "images", "a"),
            listing(&mine, south, "images", "a"),
            listing(&mine, north, "copies", "a"),
            listing(&mine, north, "images", ""),
        ] {
            assert_eq!(key.open(&other, &text), Err(BadRequest::Cursor));
        }
        assert!(
            CursorKey::new(&[2; 32]).open(&listing(&mine, north, "images", "a"), &text).is_err()
        );
    }

    #[test]
    fn api_12_no_changed_character_opens() {
        let key = CursorKey::new(&[1; 32]);
        let (account, place) = (AccountId::from_random(|| 1), "north");
        let listing = Listing { account: &account, place, noun: "images", filter: String::new() };
        let text = key.seal(&listing, &cursor());
        for place in 0..text.len() {
            for with in ["A", "_", "9"] {
                let mut bent = text.clone();
                bent.replace_range(place..=place, with);
                let opened = key.open(&listing, &bent);
                assert!(bent == text || opened.is_err(), "{place}");
            }
        }
        for wrong in ["", "AAAA", "!", &"A".repeat(10_000)] {
            assert!(key.open(&listing, wrong).is_err(), "{wrong:.20}");
        }
    }

    #[test]
    fn api_12_an_offset_opens_for_its_own_listing_alone_and_is_no_row() {
        let key = CursorKey::new(&[1; 32]);
        let account = AccountId::from_random(|| 1);
        let listing = |filter: &str| Listing {
            account: &account,
            place: "north",
            noun: "tasks",
            filter: filter.to_owned(),
        };
        let text = key.seal_offset(&listing("a"), 40);
        assert_eq!(key.open_offset(&listing("a"), &text), Ok(40));
        assert_eq!(key.open_offset(&listing("b"), &text), Err(BadRequest::Cursor));
        assert_eq!(key.open(&listing("a"), &text), Err(BadRequest::Cursor));
        let row = key.seal(&listing("a"), &cursor());
        assert_eq!(key.open_offset(&listing("a"), &row), Err(BadRequest::Cursor));
    }
}
