//! What was measured, as a table for people and as JSON for programs.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::race::Finish;
use crate::failure::Failure;

/// One figure against what it is compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was done.
    pub what: String,
    /// Ferry's figure.
    pub ours: f64,
    /// What it is compared with: a peer, or a limit.
    pub against: String,
    /// That one's figure.
    pub theirs: f64,
    /// `s`, `bytes`, `MiB`.
    pub unit: &'static str,
    /// The ratio that this project asks of itself, ours over theirs.
    pub at_most: f64,
}

impl Row {
    /// Ours over theirs.
    pub fn ratio(&self) -> f64 {
        self.ours / self.theirs
    }

    fn verdict(&self) -> &'static str {
        if self.ratio() <= self.at_most { "reached" } else { "MISSED" }
    }
}

/// The outcome of one benchmark.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// As `cargo xtask bench NAME` names it.
    pub name: &'static str,
    /// The figures.
    pub rows: Vec<Row>,
    /// Every time of every contender.
    pub finishes: Vec<Finish>,
    /// What a reader must know to read the rows.
    pub notes: Vec<String>,
}

impl Report {
    /// Rows for every pairing of ours with a peer's finish that ends in the same split.
    pub fn compare(&mut self, what: &str, ours: &Finish, at_most: f64) {
        let peers: Vec<Finish> =
            self.finishes.iter().filter(|f| !f.name.starts_with("ferry")).cloned().collect();
        for peer in peers {
            self.rows.push(Row {
                what: what.to_owned(),
                ours: ours.median(),
                against: peer.name.clone(),
                theirs: peer.median(),
                unit: "s",
                at_most,
            });
        }
    }

    /// A Markdown table, its notes below.
    pub fn markdown(&self) -> String {
        let mut page = format!(
            "### {}\n\n| what | ferry | against | theirs | ratio | at most | |\n|---|---|---|---|---|---|---|\n",
            self.name
        );
        for row in &self.rows {
            let (ours, theirs) = (shown(row.ours, row.unit), shown(row.theirs, row.unit));
            let (ratio, verdict) = (row.ratio(), row.verdict());
            writeln!(
                page,
                "| {} | {ours} | {} | {theirs} | {ratio:.3}x | {}x | {verdict} |",
                row.what, row.against, row.at_most
            )
            .expect("writing to a String cannot fail");
        }
        for note in &self.notes {
            writeln!(page, "\n{note}").expect("writing to a String cannot fail");
        }
        page.push('\n');
        page
    }

    /// `NAME.json` in `folder`.
    pub fn save(&self, folder: &Path) -> Result<(), Failure> {
        let rows = self.rows.iter().map(|row| {
            json!({"what": row.what, "ours": row.ours, "against": row.against, "theirs": row.theirs, "unit": row.unit,
                   "ratio": row.ratio(), "at_most": row.at_most, "reached": row.ratio() <= row.at_most})
        });
        let rows: Vec<_> = rows.collect();
        let finishes: Vec<_> = self
            .finishes
            .iter()
            .map(|f| json!({"name": f.name, "seconds": f.seconds, "median": f.median()}))
            .collect();
        let all =
            json!({"bench": self.name, "rows": rows, "finishes": finishes, "notes": self.notes});
        let file = folder.join(format!("{}.json", self.name));
        std::fs::write(&file, format!("{all:#}\n")).map_err(Failure::file("write", &file))
    }
}

fn shown(value: f64, unit: &str) -> String {
    if unit == "bytes" { format!("{value:.0} {unit}") } else { format!("{value:.2} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_figure_says_so() {
        let row = |ours| Row {
            what: "w".into(),
            ours,
            against: "p".into(),
            theirs: 2.0,
            unit: "s",
            at_most: 1.0,
        };
        let report = Report { name: "import", rows: vec![row(1.0), row(3.0)], ..Report::default() };
        let page = report.markdown();
        assert!(
            page.contains("| 0.500x | 1x | reached |") && page.contains("| 1.500x | 1x | MISSED |"),
            "{page}"
        );
    }
}
