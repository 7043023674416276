//! Conditions on one column of an image, put behind a statement; every value is bound.

use model::{NamePattern, TagWanted};

pub(crate) use crate::statement::Sql;

/// The longest name, in characters: a pattern that needs more of them fits none.
pub(crate) const LONGEST_NAME: usize = 128;
/// The same of a platform.
pub(crate) const LONGEST_PLATFORM: usize = 64;

pub(crate) fn is_exact(name: &NamePattern) -> bool {
    matches!(name, NamePattern::Exactly(_))
}

/// Whether a tag that is wanted is at most one of an image.
pub(crate) fn has_one_key(tag: &TagWanted) -> bool {
    tag.keys.len() == 1
}

/// Whether not every tag is one that is wanted.
pub(crate) fn says_something(tag: &TagWanted) -> bool {
    !tag.keys.is_empty() || !tag.values.is_empty()
}

/// Whether a pattern needs more characters than any text has. So the database is never given one above its own limit.
pub(crate) fn is_longer(pattern: &NamePattern, longest: usize) -> bool {
    let (NamePattern::Exactly(text) | NamePattern::Holding(text) | NamePattern::Like(text)) =
        pattern;
    text.chars().filter(|c| *c != '*').count() > longest
}

/// One of these values; any where there are none.
pub(crate) fn push_values(sql: &mut Sql, column: &'static str, values: &[String]) {
    match values {
        [] => {}
        [value] => {
            sql.push(" AND ").push(column).push(" = ").push_bind(value.clone());
        }
        several => {
            sql.push(" AND ").push(column).push(" IN (SELECT value FROM json_each(");
            let texts = serde_json::to_string(several).expect("texts are written as JSON");
            sql.push_bind(texts).push("))");
        }
    }
}

/// Like one of these patterns, if any are wanted. No text in the column has more than `longest` characters.
pub(crate) fn push_any(
    sql: &mut Sql,
    (column, longest): (&'static str, usize),
    patterns: &[NamePattern],
) {
    let exact = patterns.iter().filter_map(|pattern| match pattern {
        NamePattern::Exactly(text) => Some(text.clone()),
        NamePattern::Holding(_) | NamePattern::Like(_) => None,
    });
    let exact: Vec<String> = exact.collect();
    if exact.len() == patterns.len() {
        return push_values(sql, column, &exact);
    }
    sql.push(" AND (0");
    for pattern in patterns.iter().filter(|pattern| !is_longer(pattern, longest)) {
        sql.push(" OR ");
        push_pattern(sql, column, pattern);
    }
    sql.push(")");
}

fn push_pattern(sql: &mut Sql, column: &'static str, pattern: &NamePattern) {
    match pattern {
        NamePattern::Exactly(text) => {
            sql.push(column).push(" = ").push_bind(text.clone());
        }
        NamePattern::Holding(part) => {
            sql.push("instr(").push(column).push(", ").push_bind(part.clone()).push(") > 0");
        }
        NamePattern::Like(form) => {
            // Of several stars in a row one says as much, so the pattern has a longest length.
            let mut parts: Vec<&str> = form.split('*').collect();
            let last = parts.len().saturating_sub(1);
            let mut place = 0;
            parts.retain(|part| {
                place += 1;
                !part.is_empty() || place == 1 || place == last + 1
            });
            let pattern = NamePattern::Like(parts.join("*")).glob();
            sql.push(column).push(" GLOB ").push_bind(pattern);
        }
    }
}
