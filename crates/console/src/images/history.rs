//! What was done to an image, by the audit trail of its region.

use model::ImageId;
use region::{AuditQuery, AuditView, Region};

use crate::look::When;
use crate::refusal::Shown;
use crate::visit::Visit;

/// Entries that an image's page shows: the newest.
const ENTRIES: u32 = 20;

/// One thing that was done.
pub(crate) struct Entry {
    pub(crate) at: When,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) changes: Vec<Change>,
}

/// One value that was another before.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) field: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// The newest entries about an image.
pub(crate) async fn of(
    visit: &Visit,
    region: &Region,
    image: &ImageId,
) -> Result<Vec<Entry>, Shown> {
    let subject = Some(image.to_string());
    let query = AuditQuery { subject, limit: ENTRIES, ..AuditQuery::default() };
    let listed = region.audit(&visit.caller, query).await?;
    Ok(listed.items.into_iter().map(entry).collect())
}

fn entry(view: AuditView) -> Entry {
    let changes = changes(&view.before, &view.after);
    Entry { at: When(view.at), actor: view.actor, action: view.action, changes }
}

/// What differs between two states, each told as `field=value` a line.
fn changes(before: &str, after: &str) -> Vec<Change> {
    let pairs = |text: &str| -> Vec<(String, String)> {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs.map(|(field, value)| (field.to_owned(), value.to_owned())).collect()
    };
    let value = |pairs: &[(String, String)], field: &str| {
        let found = pairs.iter().find(|(known, _)| known == field);
        found.map_or_else(String::new, |(_, value)| value.clone())
    };
    let (before, after) = (pairs(before), pairs(after));
    let new = after.iter().filter(|(field, _)| !before.iter().any(|(known, _)| known == field));
    let fields = before.iter().chain(new).map(|(field, _)| field);
    let all = fields.map(|field| Change {
        before: value(&before, field),
        after: value(&after, field),
        field: field.clone(),
    });
    all.filter(|change| change.before != change.after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_a_change() {
        let change = |field: &str, before: &str, after: &str| Change {
            field: field.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
        };
        let before = "name=web\nstatus=available\ntags=a:b=c";
        let after = "name=golden\nstatus=available\nfamily=debian";
        let expected = [
            change("name", "web", "golden"),
            change("tags", "a:b=c", ""),
            change("family", "", "debian"),
        ];
        assert_eq!(changes(before, after), expected);
        assert_eq!(changes("", ""), []);
    }
}
