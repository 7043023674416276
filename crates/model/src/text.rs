//! Texts that people give: names, descriptions, tokens. Parsed once, then trusted.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::field::{Field, FieldRefusal};
use crate::image::DiskRole;
use crate::rejection::Rejection;

/// Controls, direction overrides and invisible characters make two names look alike; none is allowed (api-10).
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

pub(crate) fn check(
    field: Field,
    text: &str,
    range: std::ops::RangeInclusive<usize>,
) -> Result<String, Rejection> {
    let text: String = text.nfc().collect();
    let length = text.chars().count();
    if !range.contains(&length) {
        let refusal = FieldRefusal::Length { length, min: *range.start(), max: *range.end() };
        return Err(Rejection::field(field, refusal));
    }
    if let Some(character) = text.chars().find(|c| is_deceptive(*c)) {
        return Err(Rejection::field(field, FieldRefusal::Character { character }));
    }
    Ok(text)
}

fn check_no_scheme(field: Field, text: &str) -> Result<(), Rejection> {
    if text.starts_with("http://") || text.starts_with("https://") {
        return Err(Rejection::field(field, FieldRefusal::StartsWithUrl));
    }
    Ok(())
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type!(
    /// The name of an image, an instance, an account or a user: 2 to 128 characters that people see, spaces between them
    /// included, and no URL scheme or `-` first. Each cloud allows less (R004-6, R003-10), and not the same. Stored in Unicode
    /// normal form C.
    Name
);

impl Name {
    /// The longest name, in characters.
    pub const MAX: usize = 128;

    /// Checks and normalises a name.
    pub fn new(text: &str) -> Result<Self, Rejection> {
        let text = check(Field::Name, text, 2..=Self::MAX)?;
        check_no_scheme(Field::Name, &text)?;
        // A command line would take the one for an option, and nobody sees the other.
        let is_unseen = |c: &char| c.is_whitespace() && *c != ' ';
        let at_the_edge = text.starts_with('-').then_some('-');
        let at_the_edge = at_the_edge.or((text.trim() != text).then_some(' '));
        match at_the_edge.or(text.chars().find(is_unseen)) {
            Some(character) => {
                Err(Rejection::field(Field::Name, FieldRefusal::Character { character }))
            }
            None => Ok(Name(text)),
        }
    }

    /// The same with the narrower rule that families have everywhere and names have with some clouds: 2 characters or more, a
    /// letter first, then letters, digits, `.`, `:`, `_` and `-` (R004-6; the dot as the cloud allows it today).
    pub fn plain(text: &str) -> Result<Self, Rejection> {
        check_plain(Field::Name, text).map(Name)
    }
}

fn check_plain(field: Field, text: &str) -> Result<String, Rejection> {
    let text = check(field, text, 2..=Name::MAX)?;
    check_no_scheme(field, &text)?;
    if !text.chars().next().is_some_and(char::is_alphabetic) {
        return Err(Rejection::field(field, FieldRefusal::FirstNotLetter));
    }
    let legal = |c: &char| c.is_alphanumeric() || matches!(c, '.' | ':' | '_' | '-');
    match text.chars().find(|c| !legal(c)) {
        Some(character) => Err(Rejection::field(field, FieldRefusal::Character { character })),
        None => Ok(text),
    }
}

text_type!(
    /// The name of a snapshot: at most 128 characters, not beginning with a URL scheme. Empty means none. Stored in Unicode
    /// normal form C.
    SnapshotName
);

impl SnapshotName {
    /// The longest name, in characters.
    pub const MAX: usize = 128;

    /// Checks and normalises a name.
    pub fn new(text: &str) -> Result<Self, Rejection> {
        let text = check(Field::Name, text, 0..=Self::MAX)?;
        check_no_scheme(Field::Name, &text)?;
        Ok(SnapshotName(text))
    }

    /// What a snapshot is named where nobody said: by its image and, but for the system disk, the number of the disk.
    pub fn of_disk(image: &Name, role: DiskRole) -> Self {
        let number = match role {
            DiskRole::SYSTEM => String::new(),
            data => format!("-disk{}", data.number()),
        };
        let room = Self::MAX - number.len();
        let kept: String = image.as_str().chars().take(room).collect();
        SnapshotName(format!("{kept}{number}"))
    }
}

text_type!(
    /// The family of an image, whose newest available one is meant by it: as a plain name ([`Name::plain`]). Stored in Unicode
    /// normal form C.
    Family
);

impl Family {
    /// Checks and normalises a family.
    pub fn new(text: &str) -> Result<Self, Rejection> {
        check_plain(Field::Family, text).map(Family)
    }
}

text_type!(
    /// What an image is, in its owner's words: at most 256 characters, not beginning with a URL scheme (R004-7).
    /// Empty means none.
    Description
);

impl Default for Description {
    /// None.
    fn default() -> Self {
        Description(String::new())
    }
}

impl Description {
    /// The longest description, in characters (R004-7).
    pub const MAX: usize = 256;

    /// Checks and normalises a description.
    pub fn new(text: &str) -> Result<Self, Rejection> {
        let text = check(Field::Description, text, 0..=Self::MAX)?;
        check_no_scheme(Field::Description, &text)?;
        Ok(Description(text))
    }
}

text_type!(
    /// The operating system's name, as `Ubuntu` or `Debian 12`: at most 64 characters. Empty means unknown.
    Platform
);

impl Platform {
    /// Checks and normalises a platform.
    pub fn new(text: &str) -> Result<Self, Rejection> {
        check(Field::Platform, text, 0..=64).map(Platform)
    }
}

text_type!(
    /// Why somebody asks, or how somebody answers, in one paragraph: 1 to 1,000 characters. Stored in Unicode normal form C.
    Remark
);

impl Remark {
    /// Checks and normalises a remark.
    pub fn new(text: &str) -> Result<Self, Rejection> {
        check(Field::Why, text.trim(), 1..=1_000).map(Remark)
    }
}

text_type!(
    /// A caller's own token for one request: 1 to 64 printable ASCII characters (api-17). One request, one image.
    ClientToken
);

impl ClientToken {
    /// Checks a token.
    pub fn new(text: &str) -> Result<Self, Rejection> {
        let text = check(Field::Token, text, 1..=64)?;
        match text.chars().find(|c| !c.is_ascii_graphic()) {
            Some(character) => {
                Err(Rejection::field(Field::Token, FieldRefusal::Character { character }))
            }
            None => Ok(ClientToken(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R004-6, api-10: the bounds 1, 2, 128 and 129, the first character, both schemes, what is allowed and what is not.
    #[test]
    fn r004_6_names_keep_the_seeds_bounds() {
        let (long, too_long) = ("a".repeat(128), "a".repeat(129));
        let (long_chinese, composed) = ("镜".repeat(128), "e\u{301}".repeat(128));
        let table = [
            ("a1", Ok(())),
            ("ab", Ok(())),
            ("Web-1", Ok(())),
            ("镜像", Ok(())),
            ("É1", Ok(())),
            ("a:b", Ok(())),
            ("a_b", Ok(())),
            ("a-b", Ok(())),
            ("a.b", Ok(())),
            ("httpx", Ok(())),
            (long.as_str(), Ok(())),
            (long_chinese.as_str(), Ok(())),
            (composed.as_str(), Ok(())),
            ("", Err(length(0))),
            ("a", Err(length(1))),
            (too_long.as_str(), Err(length(129))),
            ("1a", Err(FieldRefusal::FirstNotLetter)),
            ("-ab", Err(FieldRefusal::FirstNotLetter)),
            ("_ab", Err(FieldRefusal::FirstNotLetter)),
            ("😀a", Err(FieldRefusal::FirstNotLetter)),
            ("http://a", Err(FieldRefusal::StartsWithUrl)),
            ("https://a", Err(FieldRefusal::StartsWithUrl)),
            ("a/b", Err(FieldRefusal::Character { character: '/' })),
            ("a b", Err(FieldRefusal::Character { character: ' ' })),
            ("a😀", Err(FieldRefusal::Character { character: '😀' })),
            ("ab\0", Err(FieldRefusal::Character { character: '\0' })),
            ("a\u{202e}b", Err(FieldRefusal::Character { character: '\u{202e}' })),
            ("a\u{2066}b", Err(FieldRefusal::Character { character: '\u{2066}' })),
            ("a\u{61c}b", Err(FieldRefusal::Character { character: '\u{61c}' })),
            ("a\u{200b}b", Err(FieldRefusal::Character { character: '\u{200b}' })),
        ];
        for (text, wanted) in table {
            let wanted = wanted.map_err(|refusal| Rejection::field(Field::Name, refusal));
            assert_eq!(Name::plain(text).map(|_| ()), wanted, "{text:?}");
        }
    }

    /// api-10: what people see is a name; what they would not see, or a command line would not take for one, is none.
    #[test]
    fn api_10_names_are_what_people_see() {
        let (long, too_long) = ("😀".repeat(128), "a".repeat(129));
        let names = ["1a", "20261122-web", "测试镜像 副本+1&a=b~*_x", "a/b", "<b>", "_=", &long];
        for good in names {
            assert_eq!(Name::new(good).map(|name| name.to_string()).as_deref(), Ok(good));
        }
        assert_eq!(Name::new("Cafe\u{301}").unwrap(), Name::new("Café").unwrap());
        let refused = |refusal| Err(Rejection::field(Field::Name, refusal));
        assert_eq!(Name::new(""), refused(length(0)));
        assert_eq!(Name::new("a"), refused(length(1)));
        assert_eq!(Name::new(&too_long), refused(length(129)));
        assert_eq!(Name::new("http://a"), refused(FieldRefusal::StartsWithUrl));
        for (wrong, character) in [
            ("-a", '-'),
            (" a", ' '),
            ("a ", ' '),
            ("  ", ' '),
            ("a\u{a0}b", '\u{a0}'),
            ("a\u{3000}b", '\u{3000}'),
            ("a\tb", '\t'),
            ("a\nb", '\n'),
            ("ab\0", '\0'),
            ("a\u{202e}b", '\u{202e}'),
            ("a\u{200b}b", '\u{200b}'),
        ] {
            assert_eq!(
                Name::new(wrong),
                refused(FieldRefusal::Character { character }),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn families_keep_the_bounds_of_names() {
        assert_eq!(Family::new("web-1.0").unwrap().as_str(), "web-1.0");
        assert_eq!(Family::new("Cafe\u{301}").unwrap(), Family::new("Café").unwrap());
        let refused = |refusal| Err(Rejection::field(Field::Family, refusal));
        assert_eq!(Family::new("a"), refused(length(1)));
        assert_eq!(Family::new(&"a".repeat(129)), refused(length(129)));
        assert_eq!(Family::new("1a"), refused(FieldRefusal::FirstNotLetter));
        assert_eq!(Family::new("http://a"), refused(FieldRefusal::StartsWithUrl));
        assert_eq!(Family::new("a b"), refused(FieldRefusal::Character { character: ' ' }));
    }

    fn length(length: usize) -> FieldRefusal {
        FieldRefusal::Length { length, min: 2, max: 128 }
    }

    #[test]
    fn snapshots_may_have_no_name_and_are_else_named_by_their_image() {
        for good in ["", "x", "镜像 1", &"字".repeat(128)] {
            assert!(SnapshotName::new(good).is_ok(), "{good}");
        }
        for wrong in [&"x".repeat(129), "http://x", "a\u{202e}b", "a\nb"] {
            assert!(SnapshotName::new(wrong).is_err(), "{wrong}");
        }
        let (web, long) = (Name::new("web").unwrap(), Name::new(&"字".repeat(128)).unwrap());
        let (system, last) = (DiskRole::SYSTEM, DiskRole::at(16).unwrap());
        assert_eq!(SnapshotName::of_disk(&web, system).as_str(), "web");
        assert_eq!(SnapshotName::of_disk(&web, last).as_str(), "web-disk16");
        assert_eq!(SnapshotName::of_disk(&long, system).as_str(), long.as_str());
        let cut = SnapshotName::of_disk(&long, last);
        assert_eq!(cut.as_str(), format!("{}-disk16", "字".repeat(121)));
        assert_eq!(SnapshotName::new(cut.as_str()), Ok(cut));
    }

    #[test]
    fn remarks_are_one_paragraph_of_some_length() {
        assert_eq!(Remark::new("  moving, as agreed\n").unwrap().as_str(), "moving, as agreed");
        assert!(Remark::new(&"字".repeat(1_000)).is_ok());
        for wrong in
            ["".to_owned(), "  ".into(), "字".repeat(1_001), "a\nb".into(), "a\u{202e}".into()]
        {
            assert!(Remark::new(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn names_that_look_alike_are_stored_alike() {
        assert_eq!(Name::new("Cafe\u{301}").unwrap(), Name::new("Café").unwrap());
    }

    /// R004-7, api-10: the bounds 256 and 257, both schemes, characters that deceive.
    #[test]
    fn r004_7_descriptions_keep_the_seeds_bounds() {
        for good in ["".to_owned(), "x".repeat(256), "字".repeat(256), "see http://x, 👍".into()]
        {
            assert!(Description::new(&good).is_ok(), "{good}");
        }
        for wrong in [
            "x".repeat(257),
            "字".repeat(257),
            "http://x".into(),
            "https://x".into(),
            "a\u{202e}".into(),
            "a\u{2069}".into(),
            "a\tb".into(),
        ] {
            assert!(Description::new(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn api_17_tokens_have_bounds() {
        assert!(ClientToken::new(&"t".repeat(64)).is_ok());
        for wrong in ["".to_owned(), "t".repeat(65), "é".into(), "a b".into()] {
            assert!(ClientToken::new(&wrong).is_err(), "{wrong}");
        }
    }
}
