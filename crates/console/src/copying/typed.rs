//! What somebody typed and ticked in the dialog, as it is in its address or its form.

use std::collections::BTreeMap;

use model::{Description, Name, RegionId, Rejection, Sealing, Tags};

/// Before a region's name: the value that says what its copies are sealed with.
const SEALING: &str = "sealing-";
/// Before an encryption key's id in such a value.
const KEY: &str = "key:";

/// The values of the dialog. What is empty is as the source has it.
pub(super) struct Typed {
    /// The ids of the images, each once, whatever they are.
    pub(super) images: Vec<String>,
    /// The regions that are ticked, each once.
    pub(super) targets: Vec<RegionId>,
    /// The name in the targets.
    pub(super) name: String,
    /// The description in the targets.
    pub(super) description: String,
    /// The tags in the targets, one `key=value` a line; none where the form was not filled in yet.
    pub(super) tags: Option<String>,
    /// What copies are sealed with, where it is not as the source.
    sealings: BTreeMap<RegionId, Sealing>,
}

impl Typed {
    /// Of the values of an address or a form.
    pub(super) fn of(values: &[(String, String)]) -> Self {
        let all = |wanted: &str| {
            let mut found: Vec<String> = Vec::new();
            for (_, value) in values.iter().filter(|(name, _)| name == wanted) {
                let value = value.trim();
                if !value.is_empty() && !found.iter().any(|known| known == value) {
                    found.push(value.to_owned());
                }
            }
            found
        };
        let first = |wanted: &str| all(wanted).into_iter().next().unwrap_or_default();
        let mut sealings = BTreeMap::new();
        for (name, value) in values {
            let region = name.strip_prefix(SEALING).and_then(|region| region.parse().ok());
            if let (Some(region), Some(sealing)) = (region, sealing_of(value)) {
                sealings.insert(region, sealing);
            }
        }
        let tags = values.iter().find(|(name, _)| name == "tags");
        Typed {
            images: all("image"),
            targets: all("target").iter().filter_map(|name| name.parse().ok()).collect(),
            name: first("name"),
            description: first("description"),
            tags: tags.map(|(_, text)| text.clone()),
            sealings,
        }
    }

    /// Whether the form was filled in: its tags are there, be they empty.
    pub(super) fn is_filled(&self) -> bool {
        self.tags.is_some()
    }

    /// What a target's copies are to be sealed with.
    pub(super) fn sealing(&self, target: &RegionId) -> Sealing {
        self.sealings.get(target).cloned().unwrap_or_default()
    }

    /// These targets by what their copies are sealed with.
    pub(super) fn by_sealing(&self, targets: &[RegionId]) -> Vec<(Sealing, Vec<RegionId>)> {
        let mut groups: Vec<(Sealing, Vec<RegionId>)> = Vec::new();
        for target in targets {
            let sealing = self.sealing(target);
            match groups.iter_mut().find(|(known, _)| *known == sealing) {
                Some((_, members)) => members.push(target.clone()),
                None => groups.push((sealing, vec![target.clone()])),
            }
        }
        groups
    }

    /// The name that was typed; none where it is the source's, as it always is of several images.
    pub(super) fn new_name(&self) -> Result<Option<Name>, Rejection> {
        match self.name.as_str() {
            name if !name.is_empty() && self.images.len() == 1 => Ok(Some(Name::new(name)?)),
            _its_own => Ok(None),
        }
    }

    /// The description that was typed; none where it is the source's.
    pub(super) fn new_description(&self) -> Result<Option<Description>, Rejection> {
        if self.description.is_empty() {
            return Ok(None);
        }
        Description::new(&self.description).map(Some)
    }

    /// The tags that were typed; none where they are the source's. Of several images, no tags are the sources'.
    pub(super) fn new_tags(&self, of_source: Option<&Tags>) -> Result<Option<Tags>, Rejection> {
        let Some(text) = &self.tags else { return Ok(None) };
        let none = Tags::default();
        let before = of_source.unwrap_or(&none);
        let typed = crate::acting::tags_typed(text, before)?;
        Ok((typed != *before).then_some(typed))
    }
}

/// The name of the value that says what a target's copies are sealed with.
pub(super) fn sealing_field(target: &RegionId) -> String {
    format!("{SEALING}{target}")
}

/// A sealing as such a value.
pub(crate) fn sealing_word(sealing: &Sealing) -> String {
    match sealing {
        Sealing::AsSource => String::new(),
        Sealing::Plain => "plain".to_owned(),
        Sealing::DefaultKey => "default".to_owned(),
        Sealing::Key(key) => format!("{KEY}{key}"),
    }
}

/// The sealing that such a value says; none where it says none.
pub(crate) fn sealing_of(word: &str) -> Option<Sealing> {
    match word {
        "" => Some(Sealing::AsSource),
        "plain" => Some(Sealing::Plain),
        "default" => Some(Sealing::DefaultKey),
        other => Some(Sealing::Key(other.strip_prefix(KEY)?.parse().ok()?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(query: &str) -> Typed {
        let values: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Typed::of(&values)
    }

    #[test]
    fn values_are_read_once_each_and_targets_by_their_sealing() {
        let typed = typed(
            "image=a&image=b&image=a&target=north&target=south&target=east&target=north&target=No+Region\
             &sealing-south=key:key-aaaaaaaaaaaaaaaaaaaa&sealing-east=&sealing-west=plain&name=+web+",
        );
        assert_eq!(typed.images, ["a", "b"]);
        assert_eq!(typed.name, "web");
        assert_eq!(typed.new_name(), Ok(None), "several images keep their names");
        let groups = typed.by_sealing(&typed.targets);
        let told: Vec<_> = groups
            .iter()
            .map(|(sealing, targets)| (sealing_word(sealing), targets.len()))
            .collect();
        let key = "key:key-aaaaaaaaaaaaaaaaaaaa".to_owned();
        assert_eq!(told, [(String::new(), 2), (key, 1)]);
        assert!(!typed.is_filled());
    }

    #[test]
    fn tags_that_were_not_changed_are_the_sources() {
        let source = Tags::new([("team".to_owned(), "a=b".to_owned())]).unwrap();
        assert_eq!(typed("image=a&tags=team%3Da%3Db%0D%0A").new_tags(Some(&source)), Ok(None));
        let changed = typed("image=a&tags=team%3Dx%0D%0A%0D%0Alone").new_tags(Some(&source));
        let wanted = [("team".to_owned(), "x".to_owned()), ("lone".to_owned(), String::new())];
        assert_eq!(changed, Ok(Some(Tags::new(wanted).unwrap())));
        assert_eq!(typed("image=a&tags=").new_tags(Some(&source)), Ok(Some(Tags::default())));
        assert_eq!(typed("image=a&image=b&tags=").new_tags(None), Ok(None));
        assert!(typed("image=a&tags=x%3D1%0Ax%3D2").new_tags(Some(&source)).is_err());
    }
}
