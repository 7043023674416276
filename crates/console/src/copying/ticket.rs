//! The form of a ticket: an operator is asked to approve copies that may not leave by themselves (R000-7, R003-2).

use askama::Template;
use axum::http::StatusCode;
use model::{Field, RegionId, Remark};
use region::{ImageView, OpenTicket, Refused, Region};

use super::estimate::Asked;
use super::reasons::{Approval, Reason, approval, reasons};
use super::rows::targets;
use super::sources::{Blocked, Sources};
use super::typed::Typed;
use crate::form::Form;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown, told};
use crate::visit::Visit;
use crate::words::Words;

/// What an approval is asked for.
pub(super) struct Wish {
    /// The ids of the images.
    pub(super) images: Vec<String>,
    /// Where they are to go.
    pub(super) targets: Vec<RegionId>,
    /// Why.
    pub(super) why: String,
}

impl Wish {
    /// Of the values of an address or a form.
    pub(super) fn of(values: &[(String, String)]) -> Self {
        let typed = Typed::of(values);
        let why = values.iter().find(|(name, _)| name == "why");
        let why = why.map(|(_, value)| value.trim().to_owned()).unwrap_or_default();
        Wish { images: typed.images, targets: typed.targets, why }
    }

    /// As the dialog has it.
    fn typed(&self) -> Typed {
        let pairs = self.images.iter().map(|image| ("image".to_owned(), image.clone()));
        Typed::of(&pairs.collect::<Vec<_>>())
    }
}

/// One target.
struct Row {
    region: RegionId,
    is_ticked: bool,
    is_choosable: bool,
    reasons: Vec<Reason>,
}

#[derive(Template)]
#[template(path = "copying/ticket.html")]
struct TicketForm<'a> {
    visit: &'a Visit,
    words: Words,
    title: String,
    path: String,
    region: String,
    images: &'a [ImageView],
    blocked: &'a [Blocked],
    problem: Option<&'a Problem>,
    rows: Vec<Row>,
    why: &'a str,
    can_ask: bool,
    copying: String,
}

impl TicketForm<'_> {
    fn is_why_wrong(&self) -> bool {
        self.problem.is_some_and(|problem| problem.field == Some(Field::Why))
    }
}

/// The form, for the images and targets in its address.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let region = visit.region()?;
    page(&visit, &region, Wish::of(visit.values()), None).await
}

/// The form for a wish, with what is wrong with it.
pub(super) async fn page(
    visit: &Visit,
    region: &Region,
    wish: Wish,
    problem: Option<Problem>,
) -> Result<Page, Shown> {
    let (words, typed) = (visit.words, wish.typed());
    let profile = visit.deployment().profiles.native();
    let sources = Sources::of(visit, region, &typed, profile).await?;
    let all = targets(visit, region);
    let asked = Asked::of(visit, region, (&sources, &typed), &all).await?;
    let refused = asked.refused.as_ref().map(|rejection| Problem::of_rejection(rejection, words));
    let problem = problem.or_else(|| sources.problem.clone()).or(refused);
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| problem.status);
    let row = |target: &RegionId| {
        let total = asked.total(target);
        let asks = |(_, rejection): &(_, _)| approval(rejection) == Approval::CanBeAsked;
        let is_choosable = total.is_some_and(|total| total.needs.iter().any(asks));
        let told = total.map_or_else(Vec::new, |total| reasons(visit, region, (&sources, total)));
        // What leads here is no way on from here.
        let here = |reason: Reason| match reason.link {
            Some((path, _)) if path.contains("/ticket?") => Reason { link: None, ..reason },
            Some(_) | None => reason,
        };
        Row {
            region: target.clone(),
            is_ticked: is_choosable && wish.targets.contains(target),
            is_choosable,
            reasons: told.into_iter().map(here).collect(),
        }
    };
    let rows: Vec<Row> = all.iter().map(row).collect();
    let title = match sources.only() {
        Some(one) => words.say("copying-ticket-title-one").showing("name", &one.name).to_string(),
        None => words.say("copying-ticket-title").to_string(),
    };
    let form = TicketForm {
        visit,
        words,
        title: title.clone(),
        path: format!("/regions/{}/ticket", region.id()),
        region: region.id().to_string(),
        images: &sources.ready,
        blocked: &sources.blocked,
        problem: problem.as_ref(),
        can_ask: rows.iter().any(|row| row.is_choosable),
        rows,
        why: &wish.why,
        copying: copying_path(region, &wish),
    };
    Ok(visit.page(Section::Tickets, &title).part("ticket-form", &form).dialog().status(status))
}

fn copying_path(region: &Region, wish: &Wish) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for image in &wish.images {
        query.append_pair("image", image);
    }
    format!("/regions/{}/copy?{}", region.id(), query.finish())
}

/// Opens a ticket for each image.
pub(crate) async fn open(visit: Visit, form: Form) -> Result<Done, Shown> {
    let region = visit.region()?;
    let (words, wish) = (visit.words, Wish::of(form.values()));
    if wish.targets.is_empty() {
        let problem = Problem::said(&words.say("copying-no-targets"));
        return Ok(page(&visit, &region, wish, Some(problem)).await?.into());
    }
    let why = match Remark::new(&wish.why) {
        Ok(why) => why,
        Err(rejection) => {
            let problem = Problem::of_rejection(&rejection, words);
            return Ok(page(&visit, &region, wish, Some(problem)).await?.into());
        }
    };
    let (mut opened, mut left, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for text in &wish.images {
        let Ok(image) = text.parse() else { return Err(Shown::Absent) };
        let command = OpenTicket { image, targets: wish.targets.clone(), why: why.clone() };
        match region.open_ticket(&visit.caller, command).await {
            Ok(ticket) => opened.push(ticket.id),
            Err(Refused::Rejected(rejection)) => {
                left.push(text.clone());
                wrong.push(told(&rejection, words));
            }
            Err(refused) => return Err(refused.into()),
        }
    }
    if !left.is_empty() || opened.is_empty() {
        if !opened.is_empty() {
            let count = opened.len() as u64;
            wrong.insert(0, words.say("copying-ticket-some").with("count", count).to_string());
        }
        let problem = if wrong.is_empty() {
            Problem::said(&words.say("copying-no-images"))
        } else {
            Problem { text: wrong.join(" "), status: StatusCode::CONFLICT, field: None }
        };
        let wish = if left.is_empty() { wish } else { Wish { images: left, ..wish } };
        return Ok(page(&visit, &region, wish, Some(problem)).await?.into());
    }
    let notice = words.say("copying-ticket-opened").with("count", opened.len() as u64);
    let path = match opened.as_slice() {
        [one] => format!("/regions/{}/tickets/{one}", region.id()),
        _several => format!("/tickets?region={}", region.id()),
    };
    Ok(visit.done(path, &notice))
}
