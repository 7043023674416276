//! What may be done with an image, as links, or as texts with the reason why not.

use model::{ImageAction, ImageStatus, Storage};
use region::ImageView;

use crate::refusal::told;
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// One action.
pub(crate) struct Offer {
    /// Which.
    pub(crate) action: ImageAction,
    /// What it is called.
    pub(crate) label: Saying,
    /// Where it is done.
    pub(crate) link: String,
    /// Why it is refused just now; none where it is not.
    pub(crate) reason: Option<String>,
}

impl Offer {
    /// Whether something is lost by it.
    pub(crate) fn is_dangerous(&self) -> bool {
        match self.action {
            ImageAction::Delete | ImageAction::Cancel => true,
            ImageAction::Copy
            | ImageAction::CreateInstance
            | ImageAction::Export
            | ImageAction::Share
            | ImageAction::Publish
            | ImageAction::Edit
            | ImageAction::Convert => false,
        }
    }
}

/// The actions on an image that say something here: cancelling of what is being made, converting of what lies in a file.
pub(crate) fn offers(visit: &Visit, image: &ImageView) -> Vec<Offer> {
    let judged = region::offered(&visit.caller, image).into_iter();
    judged
        .filter(|(action, _)| says_something(*action, image))
        .map(|(action, judged)| Offer {
            action,
            label: label(action, image, visit.words),
            link: link(action, image),
            reason: judged.err().map(|rejection| told(&rejection, visit.words)),
        })
        .collect()
}

fn says_something(action: ImageAction, image: &ImageView) -> bool {
    match action {
        ImageAction::Cancel => image.status == ImageStatus::Creating,
        ImageAction::Convert => image.storage == Storage::LocalFile,
        ImageAction::Copy
        | ImageAction::CreateInstance
        | ImageAction::Export
        | ImageAction::Share
        | ImageAction::Publish
        | ImageAction::Edit
        | ImageAction::Delete => true,
    }
}

fn label(action: ImageAction, image: &ImageView, words: Words) -> Saying {
    words.say(match action {
        ImageAction::Copy => "images-copy",
        ImageAction::CreateInstance => "images-create-instance",
        ImageAction::Export => "images-export",
        ImageAction::Share => "images-share",
        ImageAction::Publish => "images-publish",
        ImageAction::Edit => "images-edit",
        ImageAction::Delete => "images-delete",
        ImageAction::Cancel if image.origin.is_some() => "images-cancel-copy",
        ImageAction::Cancel => "images-cancel",
        ImageAction::Convert => "images-convert",
    })
}

fn link(action: ImageAction, image: &ImageView) -> String {
    let own = |page: &str| format!("{}/{page}", link_of(image));
    match action {
        ImageAction::Copy => format!("/regions/{}/copy?image={}", image.region, image.id),
        ImageAction::CreateInstance => own("instance"),
        ImageAction::Export => own("export"),
        ImageAction::Share => own("share"),
        ImageAction::Publish => own("publish"),
        ImageAction::Edit => own("edit"),
        ImageAction::Delete => own("delete"),
        ImageAction::Cancel => own("cancel"),
        ImageAction::Convert => own("convert"),
    }
}

/// An image's own page.
pub(crate) fn link_of(image: &ImageView) -> String {
    format!("/regions/{}/images/{}", image.region, image.id)
}
