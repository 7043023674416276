//! How searches ask for names and uses.

use unicode_normalization::UnicodeNormalization;

/// Which names are wanted. Names are compared as they are stored, capitals and small letters apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamePattern {
    /// This one.
    Exactly(String),
    /// Those that have this in them.
    Holding(String),
    /// Those of this form, where `*` stands for any characters, also for none.
    Like(String),
}

impl NamePattern {
    /// The same in the form that names are stored in: Unicode normal form C.
    #[must_use]
    pub fn normalised(&self) -> Self {
        let nfc = |text: &String| text.nfc().collect();
        match self {
            NamePattern::Exactly(name) => NamePattern::Exactly(nfc(name)),
            NamePattern::Holding(part) => NamePattern::Holding(nfc(part)),
            NamePattern::Like(form) => NamePattern::Like(nfc(form)),
        }
    }

    /// The same as a pattern of SQLite's `GLOB`: `*` stands for any characters, and `?` and `[` are written so that they
    /// stand for themselves.
    pub fn glob(&self) -> String {
        let literal = |text: &str| text.chars().map(literal).collect::<String>();
        match self {
            NamePattern::Exactly(name) => literal(name),
            NamePattern::Holding(part) => format!("*{}*", literal(part)),
            NamePattern::Like(form) => form.split('*').map(literal).collect::<Vec<_>>().join("*"),
        }
    }
}

fn literal(c: char) -> String {
    match c {
        '*' | '?' | '[' => format!("[{c}]"),
        other => other.to_string(),
    }
}

/// Whether something is wanted that is in use.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Usage {
    /// It is used.
    Used,
    /// It is not.
    Unused,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_13_names_are_searched_in_any_spelling() {
        let (typed, stored) = ("Cafe\u{301}*".to_owned(), "Café*".to_owned());
        let shapes: [fn(String) -> NamePattern; 3] =
            [NamePattern::Exactly, NamePattern::Holding, NamePattern::Like];
        for shape in shapes {
            assert_eq!(shape(typed.clone()).normalised(), shape(stored.clone()));
        }
    }

    #[test]
    fn only_the_star_of_a_form_stands_for_other_characters() {
        let table = [
            (NamePattern::Exactly("a*b?[c]".into()), "a[*]b[?][[]c]"),
            (NamePattern::Holding("a*".into()), "*a[*]*"),
            (NamePattern::Like("web-*?".into()), "web-*[?]"),
            (NamePattern::Like("*".into()), "*"),
            (NamePattern::Like("".into()), ""),
        ];
        for (pattern, wanted) in table {
            assert_eq!(pattern.glob(), wanted, "{pattern:?}");
        }
    }
}
