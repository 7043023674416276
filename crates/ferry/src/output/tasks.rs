//! What a task shows of itself.

use api::native::wire::{Task, TaskObject};

use super::{Row, age};

impl Row for Task {
    const HEADINGS: &'static [&'static str] =
        &["ID", "ACTION", "STATE", "PROGRESS", "IMAGE", "AGE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.action.clone(),
            self.state.clone(),
            format!("{} %", self.progress),
            self.image.clone(),
            age(&self.created),
        ]
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let object = |object: &TaskObject| {
            format!("{}/{} ({})", object.bucket, object.object, object.format)
        };
        let failure = self.failure.as_ref().map(|why| format!("{} ({})", why.text, why.code));
        vec![
            ("id", self.id.clone()),
            ("region", self.region.clone()),
            ("action", self.action.clone()),
            ("state", self.state.clone()),
            ("progress", format!("{} %", self.progress)),
            ("image", self.image.clone()),
            ("objects", self.objects.iter().map(object).collect::<Vec<_>>().join("\n")),
            ("failure", failure.unwrap_or_default()),
            ("created", self.created.clone()),
            ("finished", self.finished.clone().unwrap_or_default()),
        ]
    }
}
