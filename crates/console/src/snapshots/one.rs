//! The page of one snapshot.

use askama::Template;
use model::SnapshotId;

use super::row::{Naming, Row, rows};
use crate::page::{Page, Section};
use crate::refusal::Shown;
use crate::visit::Visit;
use crate::words::Words;

#[derive(Template)]
#[template(path = "snapshots/one.html")]
struct One {
    words: Words,
    row: Row,
    list: String,
    digest: Option<String>,
    tags: Vec<String>,
}

/// Shows it.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let region = visit.region()?;
    let snapshot = region.snapshot(&visit.caller, &visit.id::<SnapshotId>("snapshot")?).await?;
    let tag = |(key, value): (&str, &str)| match value {
        "" => key.to_owned(),
        value => format!("{key}={value}"),
    };
    let (digest, tags) = (snapshot.digest, snapshot.tags.iter().map(tag).collect());
    let all = rows(&visit, &region, (vec![snapshot], Naming::All)).await?;
    let row = all.into_iter().next().ok_or(Shown::Absent)?;
    let title = row.title();
    let one = One {
        words: visit.words,
        row,
        list: visit.link("/snapshots"),
        digest: digest.map(|digest| digest.to_string()),
        tags,
    };
    Ok(visit.page(Section::Snapshots, title).live("snapshot", &one))
}
