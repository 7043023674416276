//! Where else an image is: the other regions of this process, and what each has that is alike.

use futures::future::try_join_all;
use region::{AlikeTo, ImageView, Likeness};

use super::standing::{pill, word};
use crate::look::When;
use crate::refusal::Shown;
use crate::visit::Visit;
use crate::words::Saying;

/// How an image is in another region.
pub(crate) struct Elsewhere {
    pub(crate) region: String,
    pub(crate) found: Option<Alike>,
    /// Where a copy to it is asked for; none where none may be.
    pub(crate) copy: Option<String>,
}

/// The best that a region has of it.
pub(crate) struct Alike {
    pub(crate) link: String,
    pub(crate) name: String,
    pub(crate) pill: &'static str,
    pub(crate) word: String,
    pub(crate) likeness: Saying,
    pub(crate) created: When,
}

/// What each of the other regions has.
pub(crate) async fn find(
    visit: &Visit,
    image: &ImageView,
    is_copied: Copied,
) -> Result<Vec<Elsewhere>, Shown> {
    if image.owner != visit.caller.account {
        return Ok(Vec::new());
    }
    let itself = (image.region.clone(), image.id.clone());
    let origin = image.origin.iter().map(|from| (from.region.clone(), from.image.clone()));
    let digests: Option<Vec<_>> = image.disks.iter().map(|disk| disk.digest).collect();
    let of = AlikeTo {
        name: image.name.clone(),
        disks: digests.unwrap_or_default(),
        lineage: std::iter::once(itself).chain(origin).collect(),
    };
    let others = visit.deployment().regions_here().filter(|region| *region.id() != image.region);
    let looks = others.map(|region| {
        let of = vec![of.clone()];
        async move { Ok((region, region.alike(&visit.caller, of).await?)) }
    });
    let found =
        try_join_all(looks).await.map_err(|refused: region::Refused| Shown::from(refused))?;
    let view = |(region, alike): (&region::Region, Vec<Vec<region::AlikeView>>)| {
        let best = alike.into_iter().flatten().next();
        let (from, to) = (&image.region, region.id());
        let path = format!("/regions/{from}/copy?image={}&target={to}", image.id);
        let has_it = best.as_ref().is_some_and(|best| best.likeness == Likeness::Same);
        Elsewhere {
            region: to.to_string(),
            copy: (is_copied == Copied::MayBe && !has_it).then_some(path),
            found: best.map(|best| Alike {
                link: format!("/regions/{to}/images/{}", best.image),
                name: best.name.to_string(),
                pill: pill(best.standing),
                word: word(best.standing, visit.words).to_string(),
                likeness: visit.words.say(match best.likeness {
                    Likeness::Same => "images-alike-same",
                    Likeness::Other => "images-alike-other",
                }),
                created: When(best.created),
            }),
        }
    };
    Ok(found.into_iter().map(view).collect())
}

/// Whether an image may be copied just now.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Copied {
    /// It may.
    MayBe,
    /// It may not.
    MayNot,
}
