//! Ids in the cloud's spelling: another prefix, the same characters, so that no table is needed.

use std::str::FromStr;

use model::{ImageId, InstanceId, SnapshotId, TaskId};

/// An id that the cloud spells with a prefix of its own.
pub(super) trait Spelled: FromStr + ToString {
    /// What the cloud's ids of this kind begin with.
    const CLOUD: &'static str;
    /// What ours begin with.
    const OURS: &'static str;

    /// The id as the cloud spells it.
    fn spelled(&self) -> String {
        let ours = self.to_string();
        format!("{}{}", Self::CLOUD, ours.strip_prefix(Self::OURS).unwrap_or(&ours))
    }

    /// Reads the cloud's spelling; none where it is no such id. Nothing has such an id then, so it is absent (api-11).
    fn read(text: &str) -> Option<Self> {
        format!("{}{}", Self::OURS, text.strip_prefix(Self::CLOUD)?).parse().ok()
    }
}

impl Spelled for ImageId {
    const CLOUD: &'static str = "m-";
    const OURS: &'static str = ImageId::PREFIX;
}
impl Spelled for SnapshotId {
    const CLOUD: &'static str = "s-";
    const OURS: &'static str = SnapshotId::PREFIX;
}
impl Spelled for TaskId {
    const CLOUD: &'static str = "t-";
    const OURS: &'static str = TaskId::PREFIX;
}
impl Spelled for InstanceId {
    const CLOUD: &'static str = "i-";
    const OURS: &'static str = InstanceId::PREFIX;
}

/// The ids that a search asks for; all are meant where there are none. None where ids are asked for and no one of them is of
/// this kind: then nothing fits (api-11).
pub(super) fn asked_for<Id: Spelled>(texts: &[impl AsRef<str>]) -> Option<Vec<Id>> {
    let ids: Vec<Id> = texts.iter().filter_map(|text| Id::read(text.as_ref())).collect();
    (texts.is_empty() || !ids.is_empty()).then_some(ids)
}

/// The elements of a JSON array of texts. None where a text is no such array or has more than `most`.
pub(super) fn of_array(text: &str, most: usize) -> Option<Vec<String>> {
    let elements: Vec<String> = serde_json::from_str(text).ok()?;
    (elements.len() <= most).then_some(elements)
}

/// The elements of a text with commas between them, or of a JSON array: older clients send that where newer send the other.
/// None where they are more than `most`, or it begins as an array and is none.
pub(super) fn of_list(text: &str, most: usize) -> Option<Vec<String>> {
    if text.trim_start().starts_with('[') {
        return of_array(text, most);
    }
    let elements = text.split(',').map(|element| element.trim().to_owned());
    let elements: Vec<String> = elements.collect();
    (elements.len() <= most).then_some(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_spelled_both_ways_without_a_table() {
        let ours: ImageId = "img-abcdefghijklmnopqrst".parse().unwrap();
        assert_eq!(ours.spelled(), "m-abcdefghijklmnopqrst");
        assert_eq!(ImageId::read("m-abcdefghijklmnopqrst"), Some(ours));
        for wrong in [
            "img-abcdefghijklmnopqrst",
            "m-short",
            "m-ABCDEFGHIJKLMNOPQRST",
            "",
            "m-../../etc/passwd0000",
        ] {
            assert_eq!(ImageId::read(wrong), None, "{wrong}");
        }
        let snapshot = SnapshotId::read("s-abcdefghijklmnopqrst").unwrap();
        assert_eq!(snapshot.as_str(), "snap-abcdefghijklmnopqrst");
    }

    #[test]
    fn ids_that_are_nobodys_find_nothing_rather_than_everything() {
        assert_eq!(asked_for::<ImageId>(&[] as &[&str]), Some(Vec::new()));
        assert_eq!(asked_for::<ImageId>(&["m-x", "s-abcdefghijklmnopqrst"]), None);
        let one = asked_for::<ImageId>(&["m-x", "m-abcdefghijklmnopqrst"]);
        assert_eq!(one.map(|ids| ids.len()), Some(1));
    }

    #[test]
    fn lists_of_ids_are_read_in_their_form() {
        let both = Some(vec!["s-1".to_owned(), "s-2".to_owned()]);
        assert_eq!(of_array(r#"["s-1", "s-2"]"#, 2), both);
        assert_eq!(of_array("[]", 2), Some(Vec::new()));
        for wrong in [r#"["s-1""#, "[1]", r#"["a","b","c"]"#, "a", r#"{"a":"b"}"#, "null"] {
            assert_eq!(of_array(wrong, 2), None, "{wrong}");
        }
        for good in ["s-1,s-2", " s-1, s-2 ", r#"["s-1", "s-2"]"#] {
            assert_eq!(of_list(good, 2), both, "{good}");
        }
        for wrong in ["a,b,c", r#"["a""#] {
            assert_eq!(of_list(wrong, 2), None, "{wrong}");
        }
    }
}
