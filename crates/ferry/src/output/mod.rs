//! What a command says when it is done: a table for people, JSON for programs, or ids alone.

mod amounts;
mod copies;
mod encryption_keys;
mod links;
mod people;
mod rows;
mod shares;
mod tasks;
mod tickets;
mod usage;

use std::sync::atomic::{AtomicBool, Ordering};

use comfy_table::Table;
use serde::Serialize;

pub use amounts::{age, bytes, count, duration, rate, shorten};
pub use copies::{ImageOutcome, Outcome};
pub use usage::totals;

use crate::cli::OutputFormat;

/// Something that can be a row of a table, an object of JSON and an id.
pub trait Row: Serialize {
    /// The columns' headings.
    const HEADINGS: &'static [&'static str];

    /// The columns.
    fn cells(&self) -> Vec<String>;

    /// What names it.
    fn id(&self) -> &str;

    /// Every fact, for a table of one.
    fn facts(&self) -> Vec<(&'static str, String)> {
        Self::HEADINGS.iter().copied().zip(self.cells()).collect()
    }
}

/// Writes results on standard output, in the way asked for.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// The way.
    pub format: OutputFormat,
}

impl Output {
    /// A listing.
    pub fn list<T: Row>(self, rows: &[T]) {
        match self.format {
            OutputFormat::Table => print(&table(T::HEADINGS, rows.iter().map(Row::cells))),
            OutputFormat::Json => print_json(&rows),
            OutputFormat::Id => rows.iter().for_each(|row| print(row.id())),
        }
    }

    /// One thing, with all that is known of it.
    pub fn one<T: Row>(self, row: &T) {
        match self.format {
            OutputFormat::Table => print(&facts(row.facts())),
            OutputFormat::Json => print_json(row),
            OutputFormat::Id => print(row.id()),
        }
    }

    /// Something that was done to the thing of this id: words for people, the rest for programs.
    pub fn said(self, words: &str, id: &str, object: &impl Serialize) {
        match self.format {
            OutputFormat::Table => print(words),
            OutputFormat::Json => print_json(object),
            OutputFormat::Id => print(id),
        }
    }

    /// Something that was done and leaves nothing to name.
    pub fn done(self, words: &str, id: &str) {
        self.said(words, id, &serde_json::json!({ "id": id }));
    }
}

/// A table without lines.
pub fn table(headings: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(headings.iter().map(|heading| (*heading).to_owned()).collect::<Vec<_>>());
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)).collect::<Vec<_>>());
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

fn facts(facts: Vec<(&'static str, String)>) -> String {
    let facts: Vec<_> = facts.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 2;
    let line = |(name, value): &(&str, String)| {
        format!("{name:width$}{}", printable(value).replace('\n', &format!("\n{:width$}", "")))
    };
    facts.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The text without what a terminal would act on: names come from others.
fn printable(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

fn print_json(value: &impl Serialize) {
    print(
        &serde_json::to_string_pretty(value)
            .expect("rows have only texts, numbers, lists and maps"),
    );
}

/// Whether something could not be written.
static UNWRITTEN: AtomicBool = AtomicBool::new(false);

/// Whether everything that was to be said could be: a reader that has seen enough (`| head`) is no failure.
pub fn all_was_said() -> bool {
    !UNWRITTEN.load(Ordering::Relaxed)
}

/// Writes a line.
pub fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let written = out
        .write_all(text.as_bytes())
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            if !UNWRITTEN.swap(true, Ordering::Relaxed) {
                eprintln!("ferry: failed to write standard output: {error}");
            }
        }
        Ok(()) | Err(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_no_lines_and_nothing_a_terminal_acts_on() {
        let rows = [
            vec!["a".to_owned(), "b\u{1b}[31m".to_owned()],
            vec!["long one".to_owned(), "c".to_owned()],
        ];
        let text = table(&["ID", "NAME"], rows.into_iter());
        assert_eq!(text, "ID        NAME\na         b[31m\nlong one  c");
    }

    #[test]
    fn facts_without_a_value_are_left_out() {
        let text =
            facts(vec![("id", "x".to_owned()), ("copy", String::new()), ("name", "n".to_owned())]);
        assert_eq!(text, "id    x\nname  n");
    }
}
