//! One entry of a trail, as people read it.

use region::AuditView;

/// How one fact of a subject changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fact {
    /// Which.
    pub(super) field: String,
    /// What it was; none where it was not there.
    pub(super) before: Option<String>,
    /// What it is; none where it is gone.
    pub(super) after: Option<String>,
}

impl Fact {
    /// Whether it is another than before.
    pub(super) fn is_changed(&self) -> bool {
        self.before != self.after
    }
}

/// The facts of a subject, those that changed first, each in the order of the trail.
pub(super) fn facts(entry: &AuditView) -> Vec<Fact> {
    let (before, after) = (read(&entry.before), read(&entry.after));
    let value = |facts: &[(&str, &str)], field: &str| {
        facts.iter().find(|(known, _)| *known == field).map(|(_, value)| (*value).to_owned())
    };
    let gone = before.iter().filter(|(field, _)| after.iter().all(|(known, _)| known != field));
    let fields = after.iter().chain(gone).map(|(field, _)| *field);
    let fact = |field: &str| Fact {
        field: field.to_owned(),
        before: value(&before, field),
        after: value(&after, field),
    };
    let mut facts: Vec<Fact> = fields.map(fact).collect();
    facts.sort_by_key(|fact| !fact.is_changed());
    facts
}

/// `field=value` a line.
fn read(text: &str) -> Vec<(&str, &str)> {
    text.lines().map(|line| line.split_once('=').unwrap_or((line, ""))).collect()
}

/// The names of what changed, for a glance.
pub(super) fn changed(facts: &[Fact]) -> String {
    let names = facts.iter().filter(|fact| fact.is_changed()).map(|fact| fact.field.as_str());
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::*;

    #[test]
    fn what_changed_comes_first_and_what_is_new_or_gone_says_so() {
        let entry = AuditView {
            seq: 1,
            at: Timestamp(0),
            account: None,
            actor: String::new(),
            action: "image.edit".to_owned(),
            subject: "img-1".to_owned(),
            request_id: "r".to_owned(),
            before: "status=available\nname=a=b\nfamily=web".to_owned(),
            after: "status=available\nname=<c>\ntags=".to_owned(),
        };
        let facts = facts(&entry);
        let told: Vec<_> = facts
            .iter()
            .map(|fact| (fact.field.as_str(), fact.before.as_deref(), fact.after.as_deref()))
            .collect();
        let wanted = [
            ("name", Some("a=b"), Some("<c>")),
            ("tags", None, Some("")),
            ("family", Some("web"), None),
            ("status", Some("available"), Some("available")),
        ];
        assert_eq!(told, wanted);
        assert_eq!(changed(&facts), "name, tags, family");
    }
}
