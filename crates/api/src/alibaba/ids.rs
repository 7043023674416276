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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_spelled_both_ways_without_a_table() {
        let ours: ImageId = "img-abcdefghijklmnopqrst".parse().unwrap();
        assert_eq!(ours.spelled(), "m-abcdefghijklmnopqrst");
        assert_eq!(ImageId::read("m-abcdefghijklmnopqrst"), Some(ours));
        for wrong in ["img-abcdefghijklmnopqrst", "m-short", "m-ABCDEFGHIJKLMNOPQRST", "", "m-../../etc/passwd0000"] {
            assert_eq!(ImageId::read(wrong), None, "{wrong}");
        }
        let snapshot = SnapshotId::read("s-abcdefghijklmnopqrst").unwrap();
        assert_eq!(snapshot.as_str(), "snap-abcdefghijklmnopqrst");
    }
}
