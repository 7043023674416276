//! How the commands on snapshots by themselves are tried.

use model::{Description, NameRule, Particulars, Profile, Sealing, Tags};

use super::tries::{Try, name, shown};
use crate::create_image::{CreateImage, DiskOfSnapshot};
use crate::refused::Refused;
use crate::snapshot_copies::CopySnapshot;
use crate::snapshots::SnapshotSearch;
use crate::testing::region_id;

impl Try<'_> {
    pub(super) async fn on_snapshots(&self, command: &str) -> Option<Result<String, Refused>> {
        let (north, caller, ids) = (self.world.region("north"), &self.caller, self.ids);
        Some(match command {
            "search_snapshots" => {
                let search = SnapshotSearch {
                    ids: vec![ids.snapshot.clone()],
                    image: Some(ids.image.clone()),
                    ..SnapshotSearch::default()
                };
                shown(Box::pin(north.search_snapshots(caller, search)).await)
            }
            "create_image" => {
                let command = CreateImage {
                    name: name("made"),
                    description: Description::new("").unwrap(),
                    attributes: self.attributes(),
                    family: None,
                    particulars: Particulars::default(),
                    tags: Tags::default(),
                    disks: vec![DiskOfSnapshot { snapshot: ids.snapshot.clone(), size: None }],
                    names: NameRule::Free,
                    token: None,
                };
                shown(Box::pin(north.create_image(caller, command)).await)
            }
            "copy_snapshot" => {
                let command = CopySnapshot {
                    snapshot: ids.snapshot.clone(),
                    target: region_id("south"),
                    name: None,
                    description: None,
                    tags: None,
                    sealing: Sealing::AsSource,
                    urgency: model::Urgency::default(),
                    profile: Profile::native(),
                    token: None,
                };
                shown(Box::pin(north.copy_snapshot(caller, command)).await)
            }
            _ => return None,
        })
    }
}
