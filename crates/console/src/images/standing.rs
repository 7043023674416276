//! How an image stands, in words and as a bar.

use model::{ImageKind, Standing};
use region::{CopyView, ImageView};

use crate::look;
use crate::rejection_words::cause;
use crate::words::{Saying, Words};

/// How one image stands.
pub(crate) struct Stands {
    /// The pill's kind.
    pub(crate) kind: &'static str,
    /// The pill's word.
    pub(crate) word: String,
    /// How far it is, where it is being made.
    pub(crate) bar: Option<Bar>,
    /// What else there is to say: why it failed, why it waits.
    pub(crate) note: Option<String>,
}

/// How far something is that is being made.
pub(crate) struct Bar {
    /// Whole percent, 0 to 99.
    pub(crate) done: u8,
    /// Of them, those that were here already.
    pub(crate) reused: u8,
    /// How fast, and how long still; empty while that is not known.
    pub(crate) pace: String,
}

/// What a standing is called.
pub(crate) fn word(standing: Standing, words: Words) -> Saying {
    words.say(match standing {
        Standing::Waiting => "images-waiting",
        Standing::Creating => "images-creating",
        Standing::Available => "images-available",
        Standing::Deprecated => "images-deprecated",
        Standing::CreateFailed => "images-failed",
    })
}

/// Which pill it has.
pub(crate) fn pill(standing: Standing) -> &'static str {
    match standing {
        Standing::Waiting => "wait",
        Standing::Creating => "way",
        Standing::Available => "ok",
        Standing::Deprecated => "old",
        Standing::CreateFailed => "bad",
    }
}

/// What a kind is called.
pub(crate) fn kind(kind: ImageKind, words: Words) -> Saying {
    words.say(match kind {
        ImageKind::Custom => "images-kind-custom",
        ImageKind::Shared => "images-kind-shared",
        ImageKind::Public => "images-kind-public",
        ImageKind::Marketplace => "images-kind-marketplace",
    })
}

impl Stands {
    /// How an image stands that this copy makes, if any does.
    pub(crate) fn of(image: &ImageView, copy: Option<&CopyView>, words: Words) -> Self {
        let place = copy.and_then(|copy| copy.queue_place);
        let said = match (image.standing, place) {
            (Standing::Waiting, Some(place)) => {
                words.say("images-waiting-place").with("place", place)
            }
            (standing, _) => word(standing, words),
        };
        let bar = match image.standing {
            Standing::Creating => Some(Bar::of(image, copy, words)),
            // What waits between two attempts has come some way already.
            Standing::Waiting if image.percent > 0 => Some(Bar::of(image, copy, words)),
            Standing::Waiting
            | Standing::Available
            | Standing::Deprecated
            | Standing::CreateFailed => None,
        };
        let note = match (&image.failure, copy) {
            (Some(failure), _) => Some(cause(failure, words)),
            (None, Some(copy)) => waits_for(copy, words),
            (None, None) => None,
        };
        Stands { kind: pill(image.standing), word: said.to_string(), bar, note }
    }
}

/// Why a copy stands still that is not simply in the queue.
fn waits_for(copy: &CopyView, words: Words) -> Option<String> {
    if copy.is_paused {
        return Some(words.say("images-link-paused").to_string());
    }
    copy.next_attempt?;
    Some(words.say("images-tried").with("attempts", copy.attempts).to_string())
}

impl Bar {
    fn of(image: &ImageView, copy: Option<&CopyView>, words: Words) -> Self {
        // A copy was looked at a moment after its image, and may be ahead of it: a bar goes by the image, whose percent is 100
        // only once it is available (R000-9).
        let done = image.percent.min(99);
        let needed = copy.and_then(CopyView::bytes_needed).unwrap_or(0);
        let reused = copy.map_or(0, |copy| look::percent(copy.bytes_reused, needed) as u8);
        let rate = copy.and_then(|copy| copy.bytes_per_sec).filter(|rate| *rate > 0);
        let left = copy.and_then(|copy| copy.seconds_left).or(image.seconds_left);
        let left = left.map(|seconds| {
            words.say("images-left").showing("span", look::span(seconds)).to_string()
        });
        let pace: Vec<String> = rate.map(look::rate).into_iter().chain(left).collect();
        Bar { done, reused: reused.min(done), pace: pace.join(" · ") }
    }
}
