//! How the commands on tags and on several instances are tried.

use model::{Family, Rejection, TagKeys, Tagged, Tags};

use super::tries::{Try, name, shown};
use crate::commands::PageOf;
use crate::instances::{InstanceSearch, RunInstances};
use crate::refused::Refused;
use crate::tags::{TagCountSearch, TagSearch};

fn is_about_roles(rejection: &Rejection) -> bool {
    matches!(rejection, Rejection::NotAllowed { .. })
}

impl Try<'_> {
    fn things(&self) -> Vec<Tagged> {
        let ids = self.ids;
        vec![
            Tagged::Instance(ids.instance.clone()),
            Tagged::Snapshot(ids.snapshot.clone()),
            Tagged::Image(ids.image.clone()),
        ]
    }

    /// Tries what gives, takes and shows tags on one thing of each kind, and tells all answers.
    async fn on_tags(&self, command: &str) -> Option<Result<String, Refused>> {
        let (north, caller) = (self.world.region("north"), &self.caller);
        let tags = Tags::new([("k".to_owned(), "v".to_owned())]).unwrap();
        let mut said = String::new();
        for thing in self.things() {
            let one = std::slice::from_ref(&thing);
            let answer = match command {
                "tag" => shown(Box::pin(north.tag(caller, one, &tags)).await),
                "untag" => shown(Box::pin(north.untag(caller, one, TagKeys::All)).await),
                "retag" => shown(Box::pin(north.retag(caller, one, (&TagKeys::All, &tags))).await),
                "search_tags" => {
                    let (kind, resources) = (thing.kind(), one.to_vec());
                    let (tags, page) = (Vec::new(), PageOf::default());
                    let search = TagSearch { kind, resources, tags, page };
                    shown(Box::pin(north.search_tags(caller, search)).await)
                }
                "tag_counts" => {
                    let resources = one.to_vec();
                    let search = TagCountSearch { resources, ..TagCountSearch::default() };
                    shown(Box::pin(north.tag_counts(caller, search)).await)
                }
                _ => return None,
            };
            let text = match answer {
                Ok(text) => text,
                Err(Refused::Rejected(rejection)) if !is_about_roles(&rejection) => {
                    format!("{rejection:?}")
                }
                Err(refused) => return Some(Err(refused)),
            };
            said.push_str(&text);
        }
        Some(Ok(said))
    }

    pub(super) async fn on_tags_and_instances(
        &self,
        command: &str,
    ) -> Option<Result<String, Refused>> {
        let (north, caller, ids) = (self.world.region("north"), &self.caller, self.ids);
        Some(match command {
            "run_instances" => {
                let (image, tags) = (ids.image.clone(), Tags::default());
                let command = RunInstances { image, name: name("vm"), count: 2, tags, token: None };
                let made = Box::pin(north.run_instances(caller, command)).await;
                shown(made.map(|made| made.len()))
            }
            "search_instances" => {
                let search =
                    InstanceSearch { ids: vec![ids.instance.clone()], ..InstanceSearch::default() };
                shown(Box::pin(north.search_instances(caller, search)).await)
            }
            "delete_instances" => {
                let all = [ids.instance.clone()];
                shown(Box::pin(north.delete_instances(caller, &all)).await)
            }
            "newest_of_family" => {
                let family = Family::new("web").unwrap();
                shown(Box::pin(north.newest_of_family(caller, &family)).await)
            }
            _ => return self.on_tags(command).await,
        })
    }
}
