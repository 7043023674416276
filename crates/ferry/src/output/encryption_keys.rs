//! What an encryption key shows of itself.

use api::native::wire::EncryptionKey;

use super::{Row, age};

impl Row for EncryptionKey {
    const HEADINGS: &'static [&'static str] =
        &["ID", "REGION", "STATE", "DEFAULT", "IMAGES", "SNAPSHOTS", "AGE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            super::shorten(&self.region, 16),
            self.state.clone(),
            if self.is_default { "yes".to_owned() } else { String::new() },
            self.images.to_string(),
            self.snapshots.to_string(),
            age(&self.created),
        ]
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        vec![
            ("id", self.id.clone()),
            ("region", self.region.clone()),
            ("state", self.state.clone()),
            ("default", if self.is_default { "yes".to_owned() } else { String::new() }),
            ("goes for good", self.delete_at.clone().unwrap_or_default()),
            ("versions", self.versions.to_string()),
            ("images", self.images.to_string()),
            ("snapshots", self.snapshots.to_string()),
            ("created", self.created.clone()),
        ]
    }
}
