//! What the targets answered: on to the copies, or what each of them said.

use askama::Template;
use axum::http::StatusCode;
use model::{ImageId, RegionId};
use region::{Refused, Region};

use super::ask::Answer;
use super::dialog::{self, Said};
use super::reasons::{Approval, Reason, approval, refusal, ticket_path};
use super::typed::{Typed, sealing_field, sealing_word};
use crate::page::{Done, Section};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::Words;

/// One answer in the visitor's words.
struct Told {
    image: String,
    target: RegionId,
    /// The copy's page, where this process serves its region.
    copy: Option<String>,
    reason: Option<Reason>,
}

#[derive(Template)]
#[template(path = "copying/answers.html")]
struct Answers {
    words: Words,
    title: String,
    told: Vec<Told>,
    copies: String,
    again: String,
}

/// All promised: on to them. None: the dialog again, or the form of a ticket where that is what helps (R000-7). Some: a page
/// that tells each (R003-7).
pub(super) async fn shown(
    visit: &Visit,
    region: &Region,
    (typed, answers): (&Typed, Vec<Answer>),
) -> Result<Done, Shown> {
    let promised = answers.iter().filter(|one| one.answer.is_ok()).count();
    if promised == answers.len() {
        return Ok(begun(visit, &answers));
    }
    if promised > 0 {
        return Ok(told(visit, region, (typed, answers)));
    }
    let asks = |one: &Answer| match &one.answer {
        Err(Refused::Rejected(rejection)) => approval(rejection) == Approval::CanBeAsked,
        Ok(_) | Err(_) => false,
    };
    if answers.iter().all(asks) {
        let (images, targets) =
            (each(&answers, |one| &one.image), each(&answers, |one| &one.target));
        let path = ticket_path(region.id(), &images, &targets);
        return Ok(Done::Go { path, notice: None });
    }
    let words = visit.words;
    let reason = |one: &Answer| {
        let refused = one.answer.as_ref().err()?;
        Some((one.target.clone(), refusal(visit, region, (refused, &one.target))))
    };
    let mut refused: Vec<(RegionId, Reason)> = Vec::new();
    for one in answers.iter().filter_map(reason) {
        if !refused.contains(&one) {
            refused.push(one);
        }
    }
    let mut problem = Problem::said(&words.say("copying-all-refused"));
    problem.status = status(&answers);
    let said = Said { problem: Some(problem), refused };
    Ok(dialog::page(visit, region, typed, said).await?.into())
}

/// That of a conflict where a target refused, else that of a world that failed.
fn status(answers: &[Answer]) -> StatusCode {
    let is_refused = |one: &Answer| matches!(one.answer, Err(Refused::Rejected(_)));
    if answers.iter().any(is_refused) {
        StatusCode::CONFLICT
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

fn each<T: Clone + PartialEq>(answers: &[Answer], of: impl Fn(&Answer) -> &T) -> Vec<T> {
    let mut all: Vec<T> = Vec::new();
    for one in answers {
        if !all.contains(of(one)) {
            all.push(of(one).clone());
        }
    }
    all
}

fn copy_path(visit: &Visit, one: &Answer) -> Option<String> {
    let accepted = one.answer.as_ref().ok()?;
    visit.deployment().region(&one.target).ok()?;
    Some(format!("/regions/{}/copies/{}", one.target, accepted.copy))
}

fn begun(visit: &Visit, answers: &[Answer]) -> Done {
    let words = visit.words;
    if let [one] = answers {
        let notice = words.say("copying-begun-one").showing("region", &one.target);
        return visit.done(copy_path(visit, one).unwrap_or_else(|| "/copies".to_owned()), &notice);
    }
    let notice = words.say("copying-begun").with("count", answers.len() as u64);
    let path = match each(answers, |one| &one.target).as_slice() {
        [target] if visit.deployment().region(target).is_ok() => format!("/copies?region={target}"),
        _several_or_elsewhere => "/copies".to_owned(),
    };
    visit.done(path, &notice)
}

fn told(visit: &Visit, region: &Region, (typed, answers): (&Typed, Vec<Answer>)) -> Done {
    let words = visit.words;
    let count = answers.len() as u64;
    let promised = answers.iter().filter(|one| one.answer.is_ok()).count() as u64;
    let title = words.say("copying-some").with("promised", promised).with("count", count);
    let title = title.to_string();
    let one = |one: &Answer| Told {
        image: one.image.to_string(),
        target: one.target.clone(),
        copy: copy_path(visit, one),
        reason: one.answer.as_ref().err().map(|it| refusal(visit, region, (it, &one.target))),
    };
    let refused = answers.iter().filter(|one| one.answer.is_err());
    let page = Answers {
        words,
        title: title.clone(),
        told: answers.iter().map(one).collect(),
        copies: "/copies".to_owned(),
        again: again(region, typed, refused),
    };
    let page = visit.page(Section::Copies, &title).part("copying-answers", &page).dialog();
    page.status(StatusCode::MULTI_STATUS).into()
}

/// The dialog for what was refused, with all else as it was typed.
fn again<'a>(region: &Region, typed: &Typed, refused: impl Iterator<Item = &'a Answer>) -> String {
    let (mut images, mut targets): (Vec<&ImageId>, Vec<&RegionId>) = (Vec::new(), Vec::new());
    for one in refused {
        if !images.contains(&&one.image) {
            images.push(&one.image);
        }
        if !targets.contains(&&one.target) {
            targets.push(&one.target);
        }
    }
    let sealed = |target: &&RegionId| (sealing_field(target), sealing_word(&typed.sealing(target)));
    let sealings: Vec<_> =
        targets.iter().map(sealed).filter(|(_, word)| !word.is_empty()).collect();
    let mut query = form_urlencoded::Serializer::new(String::new());
    for image in images {
        query.append_pair("image", image.as_str());
    }
    for target in targets {
        query.append_pair("target", target.as_str());
    }
    for (name, value) in [("name", &typed.name), ("description", &typed.description)] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    if let Some(tags) = &typed.tags {
        query.append_pair("tags", tags);
    }
    for (field, word) in sealings {
        query.append_pair(&field, &word);
    }
    format!("/regions/{}/copy?{}", region.id(), query.finish())
}
