//! What a ticket shows of itself.

use api::native::wire::{Ticket, TicketTarget};

use super::{Row, age, shorten};

impl Row for Ticket {
    const HEADINGS: &'static [&'static str] = &["ID", "STATE", "IMAGE", "TO", "WHY", "AGE"];

    fn cells(&self) -> Vec<String> {
        let targets: Vec<&str> = self.targets.iter().map(|target| target.target.as_str()).collect();
        vec![
            self.id.clone(),
            self.state.clone(),
            self.image.clone(),
            shorten(&targets.join(","), 14),
            shorten(&self.why, 12),
            age(&self.created),
        ]
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let target = |target: &TicketTarget| match &target.copy {
            Some(copy) => format!("{} (used by {copy})", target.target),
            None => target.target.clone(),
        };
        vec![
            ("id", self.id.clone()),
            ("region", self.region.clone()),
            ("state", self.state.clone()),
            ("image", self.image.clone()),
            ("account", self.account.clone()),
            ("asked by", text(&self.asked_by)),
            ("to", self.targets.iter().map(target).collect::<Vec<_>>().join("\n")),
            ("why", self.why.clone()),
            ("answer", text(&self.answer)),
            ("until", text(&self.until)),
            ("decided by", text(&self.decided_by)),
            ("decided", text(&self.decided)),
            ("created", self.created.clone()),
        ]
    }
}
