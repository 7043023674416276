//! On from images ticked among those of all regions: a copy is asked for where the images are, so all must be of one region.

use std::collections::BTreeMap;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use model::{ImageId, RegionId};

use crate::page::Section;
use crate::refusal::Shown;
use crate::visit::Visit;
use crate::words::{Saying, Words};

#[derive(Template)]
#[template(path = "images/together.html")]
struct Together {
    words: Words,
    said: Saying,
    /// The ticked images of each region: how many, and where they are copied.
    ways_on: Vec<(RegionId, usize, String)>,
}

/// On to the copy dialog of the images' region, or why not.
pub(crate) async fn show(visit: Visit) -> Response {
    let ticked: Option<Vec<_>> = visit.queries("image").into_iter().map(image).collect();
    let Some(ticked) = ticked else { return Shown::Absent.page(&visit).into_response() };
    let mut of_regions: BTreeMap<RegionId, Vec<ImageId>> = BTreeMap::new();
    for (region, image) in ticked {
        let of_region = of_regions.entry(region).or_default();
        if !of_region.contains(&image) {
            of_region.push(image);
        }
    }
    let count: usize = of_regions.values().map(Vec::len).sum();
    let most = visit.deployment().profiles.native().images_at_once;
    let words = visit.words;
    let ways_on = of_regions
        .iter()
        .map(|(region, images)| (region.clone(), images.len(), way_on(region, images)));
    let mut ways_on: Vec<_> = ways_on.collect();
    let said = match ways_on.as_slice() {
        [] => words.say("images-together-none"),
        _ if count > most => {
            ways_on.clear();
            words.say("images-together-many").with("most", most as u64).with("count", count as u64)
        }
        [(_, _, way_on)] => return Redirect::to(way_on).into_response(),
        [_, ..] => words.say("images-together-regions"),
    };
    let page = visit.page(Section::Images, words.say("images-copy"));
    let page = page.status(StatusCode::UNPROCESSABLE_ENTITY).dialog();
    page.part("images-together", &Together { words, said, ways_on }).into_response()
}

/// A tick: `REGION/IMAGE`.
fn image(text: &str) -> Option<(RegionId, ImageId)> {
    let (region, image) = text.split_once('/')?;
    Some((region.parse().ok()?, image.parse().ok()?))
}

fn way_on(region: &RegionId, images: &[ImageId]) -> String {
    let images: Vec<_> = images.iter().map(|image| format!("image={image}")).collect();
    format!("/regions/{region}/copy?{}", images.join("&"))
}
