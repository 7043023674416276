//! What accounts, users, access keys and audit entries show of themselves. Tables fit 100 columns.

use api::native::wire::{Account, AuditEntry, Key, User};

use super::{Row, age, shorten};

impl Row for Account {
    const HEADINGS: &'static [&'static str] = &["ID", "NUMBER", "NAME", "STATE", "AGE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.number.clone(),
            shorten(&self.name, 32),
            self.state.clone(),
            age(&self.created),
        ]
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Row for User {
    const HEADINGS: &'static [&'static str] = &["ID", "NAME", "ROLE", "STATE", "AGE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            shorten(&self.name, 32),
            self.role.clone(),
            self.state.clone(),
            age(&self.created),
        ]
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        vec![
            ("id", self.id.clone()),
            ("account", self.account.clone()),
            ("name", self.name.clone()),
            ("role", self.role.clone()),
            ("state", self.state.clone()),
            ("created", self.created.clone()),
        ]
    }
}

impl Row for Key {
    const HEADINGS: &'static [&'static str] = &["ID", "USER", "STATE", "AGE"];

    fn cells(&self) -> Vec<String> {
        vec![self.id.clone(), self.user.clone(), self.state.clone(), age(&self.created)]
    }

    fn id(&self) -> &str {
        &self.id
    }
}

/// The fields that differ between two lists of `field=value`, as `field: old > new`.
fn changes(before: &str, after: &str) -> String {
    let fields = |text: &str| -> Vec<(String, String)> {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs.map(|(field, value)| (field.to_owned(), value.to_owned())).collect()
    };
    let (before, after) = (fields(before), fields(after));
    let of = |all: &[(String, String)], field: &str| {
        all.iter().find(|(name, _)| name == field).map(|(_, value)| value.clone())
    };
    let mut told = Vec::new();
    for (field, old) in &before {
        match of(&after, field) {
            Some(new) if new == *old => {}
            Some(new) => told.push(format!("{field}: {old} > {new}")),
            None if after.is_empty() => {}
            None => told.push(format!("{field}: {old} > ")),
        }
    }
    let new = after.iter().filter(|(field, _)| of(&before, field).is_none());
    told.extend(new.map(|(field, value)| format!("{field}: {value}")));
    told.join(", ")
}

impl Row for AuditEntry {
    const HEADINGS: &'static [&'static str] = &["SEQ", "AGE", "WHO", "ACTION", "SUBJECT", "CHANGE"];

    fn cells(&self) -> Vec<String> {
        let who = self.actor.as_deref().or(self.account.as_deref()).unwrap_or("");
        vec![
            self.seq.to_string(),
            age(&self.at),
            shorten(who, 12),
            shorten(&self.action, 20),
            self.subject.clone(),
            shorten(&changes(&self.before, &self.after), 20),
        ]
    }

    fn id(&self) -> &str {
        &self.subject
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_changed_is_told_field_by_field() {
        assert_eq!(
            changes("role=owner\nstate=active", "role=reader\nstate=active"),
            "role: owner > reader"
        );
        assert_eq!(changes("", "name=web"), "name: web");
        assert_eq!(changes("name=web", ""), "");
        assert_eq!(changes("a=1", "b=2"), "a: 1 > , b: 2");
    }

    #[test]
    fn a_listing_of_accounts_fits_100_columns() {
        let account = Account {
            id: "acct-aaaaaaaaaaaaaaaaaaaa".to_owned(),
            name: "a".repeat(128),
            number: "1234567890123456".to_owned(),
            state: "disabled".to_owned(),
            created: "2020-01-01T00:00:00.000Z".to_owned(),
        };
        let text = super::super::table(Account::HEADINGS, std::iter::once(account.cells()));
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{}: {line}", line.chars().count());
        }
        assert!(text.contains("1234567890123456"), "{text}");
    }

    #[test]
    fn a_listing_of_the_trail_fits_100_columns() {
        let id = "user-aaaaaaaaaaaaaaaaaaaa".to_owned();
        let entry = AuditEntry {
            seq: 9_999_999,
            at: "2020-01-01T00:00:00.000Z".to_owned(),
            account: Some("acct-aaaaaaaaaaaaaaaaaaaa".to_owned()),
            actor: Some(id.clone()),
            action: "a".repeat(60),
            subject: id,
            request_id: "r".to_owned(),
            before: format!("name={}", "b".repeat(128)),
            after: format!("name={}", "a".repeat(128)),
        };
        let text = super::super::table(AuditEntry::HEADINGS, std::iter::once(entry.cells()));
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{}: {line}", line.chars().count());
        }
    }
}
