//! Tells Rust's code, comments and texts apart, well enough for checks by word and line.

/// What a stretch of a Rust file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Text,
}

/// One Rust file, seen three ways. Each view has the file's own lines, the rest blanked out.
#[derive(Clone, Debug)]
pub struct Views {
    /// Code alone.
    pub code: String,
    /// What stands between quotes, alone.
    pub texts: String,
}

impl Views {
    /// Of a whole file.
    pub fn of(file: &str) -> Views {
        let mut views = Views { code: String::new(), texts: String::new() };
        let mut lexer = Lexer { rest: file, previous: ' ' };
        while let Some((piece, kind)) = lexer.next_piece() {
            for character in piece.chars() {
                let blank = if character == '\n' { '\n' } else { ' ' };
                views.code.push(if kind == Kind::Code { character } else { blank });
                views.texts.push(if kind == Kind::Text { character } else { blank });
            }
        }
        views
    }

    /// The same with every `#[cfg(test)]` or `#[test]` item blanked out.
    pub fn without_tests(&self) -> Views {
        let mut views = self.clone();
        for mark in ["#[cfg(test)]", "#[cfg(all(test", "#[cfg(any(test", "#[test]", "#[tokio::test"]
        {
            while let Some(start) = views.code.find(mark) {
                let end = item_end(&views.code, start + mark.len());
                // A code character may be blanked to a space of another width: both views have equal character counts.
                let from = views.code[..start].chars().count();
                let to = views.code[..end].chars().count();
                views.code = blanked(&views.code, from, to);
                views.texts = blanked(&views.texts, from, to);
            }
        }
        views
    }
}

/// Where the item that starts at `from` ends: behind its closing brace, or its semicolon if that comes first.
pub fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0usize;
    let mut braces = 0usize;
    for (at, character) in code[from..].char_indices() {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '{' => braces += 1,
            '}' => {
                braces = braces.saturating_sub(1);
                if braces == 0 {
                    return from + at + 1;
                }
            }
            ';' if depth == 0 && braces == 0 => return from + at + 1,
            _ => {}
        }
    }
    code.len()
}

fn blanked(text: &str, from: usize, to: usize) -> String {
    let blank = |(at, character): (usize, char)| {
        if (from..to).contains(&at) && character != '\n' { ' ' } else { character }
    };
    text.chars().enumerate().map(blank).collect()
}

struct Lexer<'a> {
    rest: &'a str,
    previous: char,
}

impl<'a> Lexer<'a> {
    fn next_piece(&mut self) -> Option<(&'a str, Kind)> {
        let first = self.rest.chars().next()?;
        let (length, kind) = if self.rest.starts_with("//") {
            (self.rest.find('\n').unwrap_or(self.rest.len()), Kind::Comment)
        } else if self.rest.starts_with("/*") {
            (block_comment(self.rest), Kind::Comment)
        } else if first == '"' {
            (quoted(self.rest), Kind::Text)
        } else if let Some(length) = self.raw_text() {
            (length, Kind::Text)
        } else if first == '\'' {
            self.quote(first)
        } else {
            (first.len_utf8(), Kind::Code)
        };
        let (piece, rest) = self.rest.split_at(length);
        self.previous = piece.chars().next_back().unwrap_or(' ');
        self.rest = rest;
        Some((piece, kind))
    }

    /// The length of `r"…"`, `r#"…"#`, `br"…"` here, if one starts here and not inside a word.
    fn raw_text(&self) -> Option<usize> {
        if self.previous.is_alphanumeric() || self.previous == '_' {
            return None;
        }
        let after = ["br", "cr", "r"].iter().find_map(|mark| self.rest.strip_prefix(mark))?;
        let hashes = after.len() - after.trim_start_matches('#').len();
        let body = after[hashes..].strip_prefix('"')?;
        let close = format!("\"{}", "#".repeat(hashes));
        let end = body.find(&close).map_or(body.len(), |at| at + close.len());
        Some(self.rest.len() - body.len() + end)
    }

    /// A character between quotes, or the mark of a lifetime.
    fn quote(&self, first: char) -> (usize, Kind) {
        let mut characters = self.rest.char_indices().skip(1);
        match (characters.next(), characters.next()) {
            (Some((_, '\\')), Some((escaped, _))) => {
                // `'\''` and `'\u{1F4A9}'`: the closing quote is looked for behind what is escaped.
                let behind = self.rest[escaped + 1..].find('\'');
                (behind.map_or(self.rest.len(), |at| escaped + 1 + at + 1), Kind::Text)
            }
            (Some(_), Some((close, '\''))) => (close + 1, Kind::Text),
            _ => (first.len_utf8(), Kind::Code),
        }
    }
}

fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_comments_and_texts_are_told_apart() {
        let views =
            Views::of("let a = \"b // c\"; // d\n/* e /* f */ g */ h('\\'', 'i', r#\"j\"k\"#);");
        let code: String = views.code.split_whitespace().collect();
        assert_eq!(code, "leta=;h(,,);");
        for text in ["b // c", "j\"k", "\\'"] {
            assert!(views.texts.contains(text), "{text} in {}", views.texts);
        }
        assert_eq!(views.code.lines().count(), 2);
    }

    #[test]
    fn a_lifetime_is_no_text() {
        let views = Views::of("fn f<'a>(x: &'a str) -> &'a str { x } // don't");
        assert!(views.code.contains("fn f<'a>(x: &'a str) -> &'a str { x }"));
    }

    #[test]
    fn test_items_are_left_out_whole() {
        let file = "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() { \"}\"; }\n}\nfn c() {}\n#[cfg(test)]\nuse x;\nfn d() {}";
        let views = Views::of(file).without_tests();
        let code: String = views.code.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(code, "fn a() {} fn c() {} fn d() {}");
        assert_eq!(views.code.lines().count(), file.lines().count());
    }
}
