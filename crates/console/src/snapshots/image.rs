//! Making an image of one snapshot, or of several: nothing is copied.

use std::str::FromStr;

use askama::Template;
use axum::http::StatusCode;
use model::rules::Sealed;
use model::{
    Architecture, Attributes, BootMode, Description, Field, MAX_DATA_DISKS, Name, NameRule, OsType,
    PageOf, Particulars, Platform, Rejection, SnapshotAction, SnapshotId, SnapshotStanding, Tags,
};
use region::{CreateImage, DiskOfSnapshot, Refused, Region, SnapshotSearch, SnapshotView};

use super::offers::{link_of, refusal};
use super::row::title;
use crate::form::Form;
use crate::look;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::token::{new_token, token_of};
use crate::visit::Visit;
use crate::words::Words;

/// Places for data disks that the form shows at first, and how many more there are each time.
const PLACES: usize = 2;
/// Snapshots that are offered to choose from; others are typed.
const CHOICES: u32 = 100;

/// What was typed and chosen.
struct Typed {
    name: String,
    description: String,
    architecture: Architecture,
    os_type: OsType,
    platform: String,
    boot_mode: BootMode,
    /// The snapshots of its data disks, whatever was typed; empty places are no disks.
    disks: Vec<String>,
}

/// A snapshot to choose.
struct Choice {
    id: String,
    label: String,
}

#[derive(Template)]
#[template(path = "snapshots/image.html")]
struct ImageForm<'a> {
    visit: &'a Visit,
    words: Words,
    title: String,
    facts: String,
    snapshot: &'a SnapshotView,
    link: String,
    problem: Option<Problem>,
    can_do: bool,
    token: String,
    typed: &'a Typed,
    choices: Vec<Choice>,
    can_have_more: bool,
}

impl ImageForm<'_> {
    fn is_wrong(&self, field: Field) -> bool {
        self.problem.as_ref().is_some_and(|problem| problem.field == Some(field))
    }
}

/// The form, filled in as the first image is that rests on the snapshot.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let region = visit.region()?;
    let snapshot = region.snapshot(&visit.caller, &visit.id::<SnapshotId>("snapshot")?).await?;
    let mut typed = Typed {
        name: snapshot.name.clone(),
        description: String::new(),
        architecture: Architecture::X86_64,
        os_type: OsType::Linux,
        platform: String::new(),
        boot_mode: BootMode::Uefi,
        disks: visit.queries("disk").into_iter().map(str::to_owned).collect(),
    };
    if let Some(first) = snapshot.images.first() {
        match region.image(&visit.caller, first).await {
            Ok(image) => {
                typed.architecture = image.attributes.architecture;
                typed.os_type = image.attributes.os_type;
                typed.platform = image.attributes.platform.to_string();
                typed.boot_mode = image.attributes.boot_mode;
            }
            // It went a moment ago.
            Err(Refused::Rejected(_)) => {}
            Err(refused) => return Err(refused.into()),
        }
    }
    form(&visit, &region, (&snapshot, &mut typed), None).await
}

/// Makes the image; or shows the form with more places for disks.
pub(crate) async fn act(visit: Visit, sent: Form) -> Result<Done, Shown> {
    let region = visit.region()?;
    let snapshot = region.snapshot(&visit.caller, &visit.id::<SnapshotId>("snapshot")?).await?;
    let text = |name: &str| sent.text(name).to_owned();
    let mut typed = Typed {
        name: text("name"),
        description: text("description"),
        architecture: word(&sent, "architecture")?,
        os_type: word(&sent, "os_type")?,
        platform: text("platform"),
        boot_mode: word(&sent, "boot_mode")?,
        disks: sent.all("disk").into_iter().map(str::to_owned).collect(),
    };
    if sent.text("do") == "more" {
        typed.disks.extend((0..PLACES).map(|_| String::new()));
        return Ok(form(&visit, &region, (&snapshot, &mut typed), None).await?.into());
    }
    let token = token_of(&sent)?;
    let answer = match command(&visit, &snapshot, &typed) {
        Ok(command) => {
            let command = CreateImage { token: Some(token), ..command };
            region.create_image(&visit.caller, command).await
        }
        Err(problem) => {
            let page = form(&visit, &region, (&snapshot, &mut typed), Some(problem)).await?;
            return Ok(page.into());
        }
    };
    match answer {
        Ok(image) => {
            let notice = visit.words.say("snapshots-image-made").showing("name", &image.name);
            Ok(visit.done(format!("/regions/{}/images/{}", image.region, image.id), &notice))
        }
        // A data disk's snapshot may be absent, and the form is still there.
        Err(Refused::Rejected(rejection)) => {
            let problem = Problem::of_rejection(&rejection, visit.words);
            Ok(form(&visit, &region, (&snapshot, &mut typed), Some(problem)).await?.into())
        }
        Err(refused) => Err(refused.into()),
    }
}

/// A word of a select. What is none of them was not in our form.
fn word<T: FromStr>(sent: &Form, name: &str) -> Result<T, Shown> {
    sent.text(name).parse().map_err(|_| Shown::BadForm)
}

fn command(visit: &Visit, snapshot: &SnapshotView, typed: &Typed) -> Result<CreateImage, Problem> {
    let words = visit.words;
    let wrong = |rejection: Rejection| Problem::of_rejection(&rejection, words);
    let of = |snapshot| DiskOfSnapshot { snapshot, size: None };
    let mut disks = vec![of(snapshot.id.clone())];
    for text in typed.disks.iter().filter(|text| !text.is_empty()) {
        let Ok(id) = text.parse() else {
            let said = words.say("snapshots-no-snapshot").with("text", text.clone());
            return Err(Problem { field: Some(Field::Snapshots), ..Problem::said(&said) });
        };
        disks.push(of(id));
    }
    Ok(CreateImage {
        name: Name::new(&typed.name).map_err(wrong)?,
        description: Description::new(&typed.description).map_err(wrong)?,
        attributes: Attributes {
            architecture: typed.architecture,
            os_type: typed.os_type,
            platform: Platform::new(&typed.platform).map_err(wrong)?,
            boot_mode: typed.boot_mode,
        },
        family: None,
        particulars: Particulars::default(),
        tags: Tags::default(),
        disks,
        names: NameRule::Free,
        token: None,
    })
}

async fn form(
    visit: &Visit,
    region: &Region,
    (snapshot, typed): (&SnapshotView, &mut Typed),
    problem: Option<Problem>,
) -> Result<Page, Shown> {
    let words = visit.words;
    let refused = refusal(visit, snapshot, SnapshotAction::CreateImage);
    let can_do = refused.is_none();
    let problem = problem.or(refused);
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| problem.status);
    typed.disks.truncate(MAX_DATA_DISKS);
    let places = typed.disks.len().max(PLACES);
    typed.disks.resize(places, String::new());
    let heading = words.say("snapshots-image-title").with("name", title(snapshot)).to_string();
    let form = ImageForm {
        visit,
        words,
        title: heading.clone(),
        facts: look::bytes(snapshot.size.bytes()),
        snapshot,
        link: link_of(snapshot),
        problem,
        can_do,
        token: new_token()?,
        can_have_more: typed.disks.len() < MAX_DATA_DISKS,
        typed,
        choices: choices(visit, region, snapshot).await?,
    };
    let page = visit.page(Section::Snapshots, heading).part("snapshot-image", &form);
    Ok(page.dialog().status(status))
}

/// The newest whole snapshots of the region that may lie beside this one: all disks of an image are sealed by one key, or plain.
async fn choices(
    visit: &Visit,
    region: &Region,
    snapshot: &SnapshotView,
) -> Result<Vec<Choice>, Shown> {
    let search = SnapshotSearch {
        standings: vec![SnapshotStanding::Whole],
        sealed: Some(match &snapshot.encryption_key {
            Some(_) => Sealed::Yes,
            None => Sealed::No,
        }),
        key: snapshot.encryption_key.clone(),
        page: PageOf { offset: 0, limit: CHOICES },
        ..SnapshotSearch::default()
    };
    let found = region.search_snapshots(&visit.caller, search).await?.items.into_iter();
    let choice = |one: SnapshotView| Choice {
        label: format!("{} · {}", title(&one), look::bytes(one.size.bytes())),
        id: one.id.to_string(),
    };
    Ok(found.filter(|one| one.id != snapshot.id).map(choice).collect())
}
