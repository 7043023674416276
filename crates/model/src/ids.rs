//! Ids: a prefix that says what is named, and random characters that are never used again.

use std::fmt;
use std::str::FromStr;

/// Random characters behind an id's prefix: 20 of `a-z0-9`, 103 bits, so that ids cannot be guessed (`docs/formats.md` 8).
pub const ID_CHARACTERS: usize = 20;

/// The first of them are unique among the images of a region.
const LEADING_CHARACTERS: usize = 8;

const ID_ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const KEY_ALPHABET: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// A text that is not an id of the kind that was wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {wanted}")]
pub struct InvalidId {
    /// What was given, shortened to 64 characters.
    pub text: String,
    /// What was wanted, with its form.
    pub wanted: &'static str,
}

impl InvalidId {
    pub(crate) fn new(text: &str, wanted: &'static str) -> Self {
        InvalidId { text: text.chars().take(64).collect(), wanted }
    }
}

/// Spells random bytes in an alphabet of 36; bytes from 252 up are left out so that each character is equally likely.
fn spell(prefix: &str, alphabet: &[u8; 36], mut random: impl FnMut() -> u8) -> String {
    let mut text = String::with_capacity(prefix.len() + ID_CHARACTERS);
    text.push_str(prefix);
    while text.len() < prefix.len() + ID_CHARACTERS {
        let byte = random();
        if byte < 252 {
            text.push(char::from(alphabet[usize::from(byte % 36)]));
        }
    }
    text
}

/// An id of the usual alphabet.
pub(crate) fn spell_lower(prefix: &str, random: impl FnMut() -> u8) -> String {
    spell(prefix, ID_ALPHABET, random)
}

fn has_form(text: &str, prefix: &str, alphabet: &[u8; 36]) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == ID_CHARACTERS && rest.bytes().all(|byte| alphabet.contains(&byte))
    })
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $alphabet:ident, $wanted:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// What every such id begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id from a source of random bytes.
            pub fn from_random(random: impl FnMut() -> u8) -> Self {
                $name(spell($prefix, $alphabet, random))
            }

            /// The id as it is written everywhere.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                if has_form(text, $prefix, $alphabet) {
                    Ok($name(text.to_owned()))
                } else {
                    Err(InvalidId::new(text, $wanted))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

random_id!(
    /// Names one image in one region. Dialects spell it their own way.
    ImageId, "img-", ID_ALPHABET, "an image id (`img-` and 20 characters of a-z0-9)"
);
random_id!(
    /// Names one snapshot in one region.
    SnapshotId, "snap-", ID_ALPHABET, "a snapshot id (`snap-` and 20 characters of a-z0-9)"
);
random_id!(
    /// Names one copy: the task that makes a target image from a source image.
    CopyId, "copy-", ID_ALPHABET, "a copy id (`copy-` and 20 characters of a-z0-9)"
);
random_id!(
    /// Names an instance that says it uses an image.
    InstanceId, "i-", ID_ALPHABET, "an instance id (`i-` and 20 characters of a-z0-9)"
);
random_id!(
    /// Names an account: who owns images.
    AccountId, "acct-", ID_ALPHABET, "an account id (`acct-` and 20 characters of a-z0-9)"
);
random_id!(
    /// Names a user of an account.
    UserId, "user-", ID_ALPHABET, "a user id (`user-` and 20 characters of a-z0-9)"
);
random_id!(
    /// Names a ticket: a request for an approval, and its answer.
    TicketId, "ticket-", ID_ALPHABET, "a ticket id (`ticket-` and 20 characters of a-z0-9)"
);
random_id!(
    /// Names a task: an import of objects, or an export to them.
    TaskId, "task-", ID_ALPHABET, "a task id (`task-` and 20 characters of a-z0-9)"
);
random_id!(
    /// Names an access key. Its secret is elsewhere, sealed.
    AccessKeyId, "FERRY", KEY_ALPHABET, "an access key id (`FERRY` and 20 characters of A-Z0-9)"
);

impl ImageId {
    /// The characters that are unique among the images of a region, so that every cloud's shorter form names one image.
    pub fn leading(&self) -> &str {
        self.shown(LEADING_CHARACTERS)
    }

    /// The leading characters in a text that begins an id: `img-` and 8 to 20 characters of its alphabet; none in any other.
    pub fn leading_in(text: &str) -> Option<&str> {
        let rest = text.strip_prefix(Self::PREFIX)?;
        let is_legal = rest.bytes().all(|byte| ID_ALPHABET.contains(&byte));
        let fits = (LEADING_CHARACTERS..=ID_CHARACTERS).contains(&rest.len()) && is_legal;
        fits.then(|| &text[..Self::PREFIX.len() + LEADING_CHARACTERS])
    }

    /// `img-` and so many of the 20 characters, all of them where more are asked for. Of 8 or more, no two images of a region
    /// show the same ([`Self::leading`]): so clouds spell the ids that are shorter with them.
    pub fn shown(&self, characters: usize) -> &str {
        &self.0[..Self::PREFIX.len() + characters.min(ID_CHARACTERS)]
    }
}

impl UserId {
    /// The first user of a deployment's first account: the account's own characters, so that all processes of a deployment
    /// mean the same user.
    pub fn first_of(account: &AccountId) -> Self {
        UserId(account.as_str().replacen(AccountId::PREFIX, Self::PREFIX, 1))
    }
}

/// Names a region: 2 to 32 characters of `a-z0-9-`, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegionId(String);

impl RegionId {
    /// The name as it is written everywhere.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RegionId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        if starts && (2..=32).contains(&text.len()) && text.bytes().all(legal) {
            Ok(RegionId(text.to_owned()))
        } else {
            Err(InvalidId::new(
                text,
                "a region name (2 to 32 characters of a-z0-9-, a letter first)",
            ))
        }
    }
}

impl fmt::Display for RegionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_as_written_and_reject_everything_else() {
        let mut counter = 0u8;
        let id = ImageId::from_random(|| {
            counter = counter.wrapping_add(41);
            counter
        });
        assert_eq!(id.as_str().parse::<ImageId>().unwrap(), id);
        assert_eq!(id.leading().len(), 12);
        assert_eq!((id.shown(8), id.shown(10).len()), (id.leading(), 14));
        assert!(id.as_str().starts_with(id.shown(10)));
        for shown in 8..=20 {
            assert_eq!(ImageId::leading_in(id.shown(shown)), Some(id.leading()));
        }
        for wrong in
            ["", "img-", "img-1234567", "img-1234567A", "m-12345678", "img-字字字", "img-1234567字"]
        {
            assert_eq!(ImageId::leading_in(wrong), None, "{wrong}");
        }
        assert_eq!(ImageId::leading_in(&format!("{id}0")), None);
        assert_eq!((id.shown(0), id.shown(20), id.shown(99)), ("img-", id.as_str(), id.as_str()));
        for wrong in [
            "",
            "img-",
            "img-ABCDEFGHIJKLMNOPQRST",
            "snap-aaaaaaaaaaaaaaaaaaaa",
            "img-../../etc/passwd...",
        ] {
            assert!(wrong.parse::<ImageId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_character_is_equally_likely() {
        let mut next = 0u8;
        let mut all = String::new();
        for _ in 0..63 {
            all.push_str(
                &CopyId::from_random(|| {
                    next = next.wrapping_add(1);
                    next
                })
                .as_str()[5..],
            );
        }
        let count = |c: char| all.chars().filter(|x| *x == c).count();
        assert!(ID_ALPHABET.iter().all(|c| (34..=36).contains(&count(char::from(*c)))));
    }

    #[test]
    fn the_first_user_of_an_account_has_its_characters() {
        let account: AccountId = "acct-abcdefghij0123456789".parse().unwrap();
        assert_eq!(UserId::first_of(&account), "user-abcdefghij0123456789".parse().unwrap());
    }

    #[test]
    fn region_names_have_bounds() {
        for good in ["cn-hangzhou", "ap-southeast-1", "r1"] {
            assert!(good.parse::<RegionId>().is_ok(), "{good}");
        }
        for wrong in ["", "a", "1a", "A-b", "../x", "a_b", &"a".repeat(33)] {
            assert!(wrong.parse::<RegionId>().is_err(), "{wrong}");
        }
    }
}
