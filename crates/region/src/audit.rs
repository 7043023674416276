//! The audit trails: what an entry says, and reading and checking what was recorded.

use catalog::{AuditChain, AuditEntry, AuditFilter, AuditRow, ImageRow, Tx};
use model::{AccountId, Act, Tags, Timestamp};

use crate::commands::{Caller, Cursor, Listed};
use crate::deployment::Accounts;
use crate::images::{MAX_PAGE, next_cursor};
use crate::refused::{Refused, RegionFault};
use crate::region::Region;

/// Which entries of a trail to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Only the doings of this account. Who is no operator sees the own account's alone.
    pub account: Option<AccountId>,
    /// Only what was done to this id.
    pub subject: Option<String>,
    /// Behind this entry.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: u32,
}

/// One entry of a trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditView {
    /// Its place: 1 for the trail's first.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Whose doing; none for the deployment's own.
    pub account: Option<AccountId>,
    /// Who of that account: a user's id; empty for the region's own doing.
    pub actor: String,
    /// What was done, as `copy.accept`.
    pub action: String,
    /// To what: an id.
    pub subject: String,
    /// The request that asked for it.
    pub request_id: String,
    /// How the subject stood before, as `field=value` a line.
    pub before: String,
    /// How it stands after.
    pub after: String,
}

/// Whether a trail is as it was written.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum TrailStanding {
    /// Every entry follows from the one before it.
    Whole {
        /// How many entries there are.
        entries: u64,
    },
    /// Something was altered, removed or added.
    Broken {
        /// The first entry that does not follow.
        seq: u64,
    },
}

/// How a subject stands, as the trail has it: one `field=value` a line.
pub(crate) fn facts(facts: &[(&str, String)]) -> String {
    let line = |(field, value): &(&str, String)| format!("{field}={}", value.replace('\n', "\\n"));
    facts.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What an image says of itself, and how it stands.
pub(crate) fn image_facts(image: &ImageRow, tags: &Tags) -> String {
    let mut told = vec![
        ("name", image.name.to_string()),
        ("description", image.description.to_string()),
        ("status", image.status.to_string()),
        ("tags", tags_told(tags)),
    ];
    told.extend(image.family.as_ref().map(|family| ("family", family.to_string())));
    told.extend(image.deprecated.map(|since| ("deprecated", since.0.to_string())));
    if !image.particulars.is_empty() {
        let pair = |(key, value): (&str, &str)| format!("{key}:{value}");
        let pairs: Vec<_> = image.particulars.iter().map(pair).collect();
        told.push(("particulars", pairs.join(",")));
    }
    facts(&told)
}

/// Tags as one value: `key:value`, apart by commas.
pub(crate) fn tags_told(tags: &Tags) -> String {
    let tag = |(key, value): (&str, &str)| format!("{key}:{value}");
    tags.iter().map(tag).collect::<Vec<_>>().join(",")
}

/// The entry of a change that a caller asked for.
pub(crate) fn entry(at: Timestamp, caller: &Caller, action: &str, subject: &str) -> AuditEntry {
    AuditEntry {
        at,
        account: Some(caller.account.clone()),
        actor: caller.user.as_ref().map(ToString::to_string).unwrap_or_default(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        request_id: caller.request_id.clone(),
        detail: String::new(),
        before: String::new(),
        after: String::new(),
    }
}

async fn list(
    mut tx: Tx,
    caller: &Caller,
    query: AuditQuery,
) -> Result<Listed<AuditView>, Refused> {
    caller.must(Act::Read)?;
    let account = match (caller.role.may(Act::Operate), query.account) {
        (true, asked) => asked,
        // Another account's doings look as if there were none (I12).
        (false, Some(asked)) if asked != caller.account => {
            return Ok(Listed { items: Vec::new(), next: None });
        }
        (false, _) => Some(caller.account.clone()),
    };
    let before = query.after.map(|cursor| cursor.id.parse()).transpose();
    let before = before.map_err(|_| RegionFault::Contradiction {
        what: "a cursor of the audit trail names no entry",
    })?;
    let filter = AuditFilter { account, subject: query.subject };
    let limit = query.limit.clamp(1, MAX_PAGE);
    let rows = tx.list_audit(&filter, before, limit).await?;
    let cursor = |row: &AuditRow| Cursor { created: row.entry.at, id: row.seq.to_string() };
    let next = next_cursor(&rows, limit, cursor);
    Ok(Listed { items: rows.into_iter().map(view).collect(), next })
}

async fn verify(mut tx: Tx, caller: &Caller) -> Result<TrailStanding, Refused> {
    caller.must(Act::Operate)?;
    Ok(match tx.verify_audit().await? {
        AuditChain::Whole { rows } => TrailStanding::Whole { entries: rows },
        AuditChain::Broken { seq } => TrailStanding::Broken { seq },
    })
}

fn view(row: AuditRow) -> AuditView {
    let AuditRow { seq, entry } = row;
    AuditView {
        seq,
        at: entry.at,
        account: entry.account,
        actor: entry.actor,
        action: entry.action,
        subject: entry.subject,
        request_id: entry.request_id,
        before: entry.before,
        after: entry.after,
    }
}

impl Region {
    /// What was changed in this region, newest first: the own account's doings, or for operators everybody's.
    pub async fn audit(
        &self,
        caller: &Caller,
        query: AuditQuery,
    ) -> Result<Listed<AuditView>, Refused> {
        list(self.inner.catalog.read().await?, caller, query).await
    }

    /// Reads the region's whole trail and checks that every entry follows from the one before it.
    pub async fn verify_audit(&self, caller: &Caller) -> Result<TrailStanding, Refused> {
        verify(self.inner.catalog.read().await?, caller).await
    }

    /// The entry of a change in the audit trail.
    pub(crate) fn audit_entry(&self, caller: &Caller, action: &str, subject: &str) -> AuditEntry {
        entry(self.inner.clock.now(), caller, action, subject)
    }
}

impl Accounts {
    /// What was changed among accounts, users and access keys, newest first: the own account's doings, or for operators
    /// everybody's.
    pub async fn audit(
        &self,
        caller: &Caller,
        query: AuditQuery,
    ) -> Result<Listed<AuditView>, Refused> {
        list(self.catalog.read().await?, caller, query).await
    }

    /// Reads the accounts' whole trail and checks that every entry follows from the one before it.
    pub async fn verify_audit(&self, caller: &Caller) -> Result<TrailStanding, Refused> {
        verify(self.catalog.read().await?, caller).await
    }

    /// The entry of a change in the accounts' trail.
    pub(crate) fn audit_entry(&self, caller: &Caller, action: &str, subject: &str) -> AuditEntry {
        entry(self.clock.now(), caller, action, subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_one_a_line_whatever_their_values_are() {
        let text = facts(&[("name", "web".to_owned()), ("why", "a\nb=c".to_owned())]);
        assert_eq!(text, "name=web\nwhy=a\\nb=c");
        assert_eq!(facts(&[]), "");
    }
}
