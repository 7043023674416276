//! Conditions on one column of an image, put behind a statement; every value is bound.

use model::{NamePattern, TagWanted};
use sqlx::{QueryBuilder, Sqlite};

/// A statement that is being put together.
pub(crate) type Sql = QueryBuilder<Sqlite>;

/// The longest name, in characters: a pattern that needs more of them fits none.
pub(crate) const LONGEST_NAME: usize = 128;
/// The same of a platform.
pub(crate) const LONGEST_PLATFORM: usize = 64;

pub(crate) fn is_exact(name: &NamePattern) -> bool {
    matches!(name, NamePattern::Exactly(_))
}

pub(crate) fn has_key(tag: &TagWanted) -> bool {
    tag.key.is_some()
}

pub(crate) fn has_values(tag: &TagWanted) -> bool {
    !tag.values.is_empty()
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
            sql.push(column).push(" = ").push_bind(value.clone());
        }
        several => {
            sql.push(column).push(" IN (SELECT value FROM json_each(");
            let texts = serde_json::to_string(several).expect("texts are written as JSON");
            sql.push_bind(texts).push("))");
        }
    }
}

/// One of these names, if any are wanted.
pub(crate) fn push_names(sql: &mut Sql, names: &[NamePattern]) {
    let exact = names.iter().filter_map(|name| match name {
        NamePattern::Exactly(name) => Some(name.clone()),
        NamePattern::Holding(_) | NamePattern::Like(_) => None,
    });
    let exact: Vec<String> = exact.collect();
    if exact.len() == names.len() {
        return push_values(sql, " AND image.name", &exact);
    }
    sql.push(" AND (0");
    for name in names.iter().filter(|name| !is_longer(name, LONGEST_NAME)) {
        sql.push(" OR ");
        push_pattern(sql, "image.name", name);
    }
    sql.push(")");
}

pub(crate) fn push_pattern(sql: &mut Sql, column: &'static str, pattern: &NamePattern) {
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
