//! The images that are to be copied: those that can be, and why the others cannot.

use model::rules::judge_images;
use model::{ImageAction, ImageId, Profile, Rejection, SizeBytes};
use region::{ImageView, Refused, Region, offered};

use super::typed::Typed;
use crate::refusal::{Problem, Shown, told};
use crate::visit::Visit;

/// An image that cannot be copied.
pub(super) struct Blocked {
    /// Its id, as it was asked for.
    pub(super) id: String,
    /// Its name, where there is such an image.
    pub(super) name: String,
    /// Why not.
    pub(super) why: String,
}

/// The images asked for.
pub(super) struct Sources {
    /// Those that can be copied, in the order they were asked for.
    pub(super) ready: Vec<ImageView>,
    /// Those that cannot.
    pub(super) blocked: Vec<Blocked>,
    /// What is wrong with the list itself.
    pub(super) problem: Option<Problem>,
}

impl Sources {
    /// Looks at each image that is asked for.
    pub(super) async fn of(
        visit: &Visit,
        region: &Region,
        typed: &Typed,
        profile: &Profile,
    ) -> Result<Sources, Shown> {
        let mut sources = Sources { ready: Vec::new(), blocked: Vec::new(), problem: None };
        let words = visit.words;
        if typed.images.is_empty() {
            sources.problem = Some(Problem::said(&words.say("copying-no-images")));
            return Ok(sources);
        }
        if typed.images.len() > profile.images_at_once {
            let rejection = Rejection::TooManyImages { limit: profile.images_at_once };
            sources.problem = Some(Problem::of_rejection(&rejection, words));
            return Ok(sources);
        }
        for text in &typed.images {
            let why = match look_at(visit, region, text).await? {
                Ok(view) => {
                    sources.ready.push(view);
                    continue;
                }
                Err(why) => why,
            };
            let (name, why) = match why {
                Why::Rejected { name, rejection } => (name, told(&rejection, words)),
                Why::NoImage => (String::new(), words.say("copying-no-image").to_string()),
            };
            sources.blocked.push(Blocked { id: text.clone(), name, why });
        }
        if let Err(rejection) = judge_images(&sources.ids(), profile)
            && sources.blocked.is_empty()
        {
            sources.problem = Some(Problem::of_rejection(&rejection, words));
        }
        Ok(sources)
    }

    /// The ids of those that can be copied.
    pub(super) fn ids(&self) -> Vec<ImageId> {
        self.ready.iter().map(|view| view.id.clone()).collect()
    }

    /// Whether each of them can be.
    pub(super) fn are_ready(&self) -> bool {
        self.problem.is_none() && self.blocked.is_empty() && !self.ready.is_empty()
    }

    /// The one image, where it is one.
    pub(super) fn only(&self) -> Option<&ImageView> {
        match self.ready.as_slice() {
            [one] if self.blocked.is_empty() => Some(one),
            _none_or_several => None,
        }
    }

    /// Disks of all of them: the snapshots that each target would get.
    pub(super) fn snapshots(&self) -> u64 {
        self.ready.iter().map(|view| view.disks.len() as u64).sum()
    }

    /// Their virtual size in bytes.
    pub(super) fn size(&self) -> u64 {
        let disks = self.ready.iter().flat_map(|view| &view.disks);
        disks.map(|disk| SizeBytes::bytes(disk.size)).fold(0, u64::saturating_add)
    }

    /// Bytes of them that are not zero.
    pub(super) fn held(&self) -> u64 {
        self.ready.iter().map(|view| view.held_bytes).fold(0, u64::saturating_add)
    }

    /// An image's name, else its id.
    pub(super) fn name_of(&self, image: &ImageId) -> String {
        let found = self.ready.iter().find(|view| view.id == *image);
        found.map_or_else(|| image.to_string(), |view| view.name.to_string())
    }
}

enum Why {
    Rejected { name: String, rejection: Rejection },
    NoImage,
}

async fn look_at(
    visit: &Visit,
    region: &Region,
    text: &str,
) -> Result<Result<ImageView, Why>, Shown> {
    let Ok(id) = text.parse::<ImageId>() else { return Ok(Err(Why::NoImage)) };
    let view = match region.image(&visit.caller, &id).await {
        Ok(view) => view,
        Err(Refused::Rejected(rejection)) => {
            return Ok(Err(Why::Rejected { name: String::new(), rejection }));
        }
        Err(refused) => return Err(refused.into()),
    };
    let actions = offered(&visit.caller, &view);
    let copying = actions.into_iter().find(|(action, _)| *action == ImageAction::Copy);
    match copying {
        Some((_, Err(rejection))) => {
            Ok(Err(Why::Rejected { name: view.name.to_string(), rejection }))
        }
        Some((_, Ok(()))) | None => Ok(Ok(view)),
    }
}
