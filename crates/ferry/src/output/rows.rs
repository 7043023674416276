//! What each thing of the API shows of itself. Tables fit 100 columns.

use api::native::wire::{Copy, Disk, Image, Instance, Quota, Region, Snapshot, TagMap};

use super::{Row, age, bytes, rate, shorten};

/// A percentage beside a word, while it is not settled.
fn standing(word: &str, percent: u8) -> String {
    match word {
        "creating" | "copying" | "copying_snapshots" | "registering" => {
            format!("{word} {percent}%")
        }
        word => word.to_owned(),
    }
}

fn copy_standing(copy: &Copy) -> String {
    let word = standing(&copy.phase, copy.progress);
    let paused = match &copy.paused_until {
        _ if !copy.paused => String::new(),
        Some(until) => format!(", link paused until {until}"),
        None => ", link paused".to_owned(),
    };
    let deadline = match copy.deadline_standing.as_deref() {
        Some("at_risk") => ", deadline at risk",
        Some("missed") => ", deadline missed",
        Some(_) | None => "",
    };
    format!("{word}{paused}{deadline}")
}

fn deadline(copy: &Copy) -> String {
    match (&copy.deadline, &copy.deadline_standing) {
        (Some(at), Some(standing)) => format!("{at}, {}", standing.replace('_', " ")),
        (_, _) => String::new(),
    }
}

fn text(value: &Option<impl ToString>) -> String {
    value.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn tags(tags: &TagMap) -> String {
    let tag = |(key, value): (&String, &String)| format!("{key}={value}");
    tags.0.iter().map(tag).collect::<Vec<_>>().join("\n")
}

impl Row for Image {
    const HEADINGS: &'static [&'static str] = &["ID", "NAME", "REGION", "STATUS", "SIZE", "AGE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            shorten(&self.name, 20),
            shorten(&self.region, 16),
            standing(&self.status, self.progress),
            bytes(self.disks.iter().map(|disk| disk.size_bytes).sum()),
            age(&self.created),
        ]
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let disk = |disk: &Disk| {
            let (digest, snapshot) = (text(&disk.digest), text(&disk.snapshot));
            format!(
                "{} {} {}  {snapshot}\n{digest}",
                disk.number,
                disk.role,
                bytes(disk.size_bytes)
            )
            .trim_end()
            .to_owned()
        };
        let machine = [&self.architecture, &self.os_type, &self.platform, &self.boot_mode];
        let machine: Vec<&str> =
            machine.into_iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
        vec![
            ("id", self.id.clone()),
            ("name", self.name.clone()),
            ("region", self.region.clone()),
            ("status", standing(&self.status, self.progress)),
            ("failure", self.failure.as_ref().map(|cause| cause.text.clone()).unwrap_or_default()),
            ("description", self.description.clone()),
            ("kind", self.kind.clone()),
            ("owner", self.owner.clone()),
            ("storage", self.storage.replace('_', " ")),
            ("machine", machine.join(", ")),
            ("tags", tags(&self.tags)),
            ("disks", self.disks.iter().map(disk).collect::<Vec<_>>().join("\n")),
            ("held", if self.held_bytes > 0 { bytes(self.held_bytes) } else { String::new() }),
            (
                "copied from",
                [text(&self.source_region), text(&self.source_image)].join(" ").trim().to_owned(),
            ),
            ("encrypted with", text(&self.encryption_key)),
            ("copy", text(&self.copy)),
            (
                "instances",
                if self.instances > 0 { self.instances.to_string() } else { String::new() },
            ),
            (
                "copies leaving",
                match self.copies_leaving {
                    0 => String::new(),
                    copies => copies.to_string(),
                },
            ),
            ("created", self.created.clone()),
        ]
    }
}

impl Row for Copy {
    const HEADINGS: &'static [&'static str] = &["ID", "FROM", "TO", "STATUS", "SENT", "AGE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            shorten(&self.source_region, 14),
            shorten(&self.region, 14),
            copy_standing(self),
            bytes(self.bytes_sent),
            age(&self.created),
        ]
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        vec![
            ("id", self.id.clone()),
            ("from", format!("{} {}", self.source_region, self.source_image)),
            ("to", format!("{} {}", self.region, self.snapshot.as_ref().unwrap_or(&self.image))),
            ("status", copy_standing(self)),
            ("failure", self.failure.as_ref().map(|cause| cause.text.clone()).unwrap_or_default()),
            ("late", if self.late { "longer than promised".to_owned() } else { String::new() }),
            ("priority", self.priority.clone()),
            ("deadline", deadline(self)),
            ("queue place", text(&self.queue_place)),
            ("disks done", format!("{} of {}", self.disks_done, self.disks)),
            ("chunks", format!("{} of {}", self.places_done, self.places_needed)),
            ("sent", bytes(self.bytes_sent)),
            ("reused", bytes(self.bytes_reused)),
            ("rate", self.bytes_per_sec.map(rate).unwrap_or_default()),
            ("time left", self.seconds_left.map(super::duration).unwrap_or_default()),
            ("attempts", if self.attempts > 0 { self.attempts.to_string() } else { String::new() }),
            ("next attempt", text(&self.next_attempt)),
            ("last failed", text(&self.reason)),
            ("created", self.created.clone()),
            ("finished", text(&self.finished)),
        ]
    }
}

impl Row for Snapshot {
    const HEADINGS: &'static [&'static str] =
        &["ID", "NAME", "IMAGES", "STATUS", "ROLE", "SIZE", "FROM", "AGE"];

    fn cells(&self) -> Vec<String> {
        let origin = self.source_region.as_deref().unwrap_or("imported");
        vec![
            self.id.clone(),
            shorten(&self.name, 12),
            self.images.len().to_string(),
            standing(&self.status, self.progress),
            format!("{} {}", self.role, self.number),
            bytes(self.size_bytes),
            shorten(origin, 10),
            age(&self.created),
        ]
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let origin =
            [&self.source_region, &self.source_image, &self.source_snapshot].map(text).join(" ");
        vec![
            ("id", self.id.clone()),
            ("region", self.region.clone()),
            ("name", self.name.clone()),
            ("description", self.description.clone()),
            ("images", self.images.join("\n")),
            ("disk", format!("{} {}", self.number, self.role)),
            ("status", standing(&self.status, self.progress)),
            ("failure", self.failure.as_ref().map(|cause| cause.text.clone()).unwrap_or_default()),
            ("size", bytes(self.size_bytes)),
            ("held", bytes(self.held_bytes)),
            ("digest", text(&self.digest)),
            ("tags", tags(&self.tags)),
            ("copied from", origin.trim().to_owned()),
            ("copy", text(&self.copy)),
            ("created", self.created.clone()),
        ]
    }
}

impl Row for Region {
    const HEADINGS: &'static [&'static str] = &["ID", "SERVED"];

    fn cells(&self) -> Vec<String> {
        vec![self.id.clone(), self.endpoint.clone().unwrap_or_else(|| "here".to_owned())]
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Row for Quota {
    const HEADINGS: &'static [&'static str] = &["KIND", "USED", "PROMISED", "LIMIT"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.kind.clone(),
            self.used.to_string(),
            self.reserved.to_string(),
            self.limit.to_string(),
        ]
    }

    fn id(&self) -> &str {
        &self.kind
    }
}

impl Row for Instance {
    const HEADINGS: &'static [&'static str] = &["ID", "NAME", "REGION", "IMAGE", "AGE"];

    fn cells(&self) -> Vec<String> {
        let (name, region) = (shorten(&self.name, 20), shorten(&self.region, 14));
        vec![self.id.clone(), name, region, self.image.clone(), age(&self.created)]
    }

    fn id(&self) -> &str {
        &self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn longest_image() -> Image {
        Image {
            id: "img-aaaaaaaaaaaaaaaaaaaa".to_owned(),
            region: "ap-southeast-1".to_owned(),
            name: "镜".repeat(128),
            description: String::new(),
            kind: "marketplace".to_owned(),
            owner: "acct-aaaaaaaaaaaaaaaaaaaa".to_owned(),
            storage: "snapshots".to_owned(),
            status: "creating".to_owned(),
            progress: 99,
            architecture: "x86_64".to_owned(),
            os_type: "linux".to_owned(),
            platform: String::new(),
            boot_mode: "uefi".to_owned(),
            family: None,
            deprecated: None,
            particulars: Default::default(),
            tags: Default::default(),
            disks: Vec::new(),
            source_region: None,
            source_image: None,
            encryption_key: None,
            copy: None,
            failure: None,
            instances: 0,
            held_bytes: 9 << 40,
            copies_leaving: 0,
            created: "2020-01-01T00:00:00.000Z".to_owned(),
        }
    }

    #[test]
    fn a_listing_of_images_fits_100_columns() {
        let image = Image { name: "n".repeat(128), ..longest_image() };
        let text = super::super::table(Image::HEADINGS, std::iter::once(image.cells()));
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }

    #[test]
    fn an_image_is_an_object_with_its_facts_at_the_top() {
        let object = serde_json::to_value(longest_image()).unwrap();
        for field in ["id", "name", "region", "status", "progress"] {
            assert!(object.get(field).is_some(), "{field}");
        }
    }
}
