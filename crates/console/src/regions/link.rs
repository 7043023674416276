//! The page of one link: its queue, and for operators what is set of it (R000-2).

use askama::Template;
use model::{Act, Field, LinkChange, Pause, RegionId, Schedule, Window};
use region::{LinkView, Region};

use super::limit::{Unit, bytes_of, told};
use super::links::{Row, path_of, whose};
use super::queue;
use crate::form::Form;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::{Saying, Words};

/// Where every link is listed.
const LIST: &str = "/regions";

/// What an operator typed.
struct Typed {
    limit: String,
    unit: String,
    at_once: String,
    /// The weekly windows, one a line.
    schedule: String,
}

impl Typed {
    /// As a link is set.
    fn of(link: &LinkView) -> Self {
        let limit = link.usual_limit_bytes_per_sec.map(told);
        let (limit, unit) = limit.unwrap_or((String::new(), Unit::Mega));
        let at_once = link.copies_at_once.map(|count| count.to_string()).unwrap_or_default();
        let schedule = link.schedule.to_string().replace("; ", "\n");
        Typed { limit, unit: unit.tag().to_owned(), at_once, schedule }
    }

    /// What it changes of a link. What stays as it is, is not set: a limit of the configuration stays one.
    fn change(&self, link: &LinkView, words: Words) -> Result<LinkChange, Problem> {
        let wrong =
            |field, saying: &Saying| Problem { field: Some(field), ..Problem::said(saying) };
        let limit = if self.limit.is_empty() {
            None
        } else {
            let bytes = Unit::of_tag(&self.unit).and_then(|unit| bytes_of(&self.limit, unit));
            let said = || wrong(Field::LimitBytesPerSec, &words.say("regions-no-limit-number"));
            Some(bytes.ok_or_else(said)?)
        };
        let at_once = if self.at_once.is_empty() {
            None
        } else {
            let said = |_| wrong(Field::CopiesAtOnce, &words.say("regions-no-count"));
            Some(self.at_once.parse().map_err(said)?)
        };
        let windows = self.schedule.lines().map(str::trim).filter(|line| !line.is_empty());
        let windows: Result<Vec<Window>, _> = windows.map(str::parse).collect();
        let said = |_| wrong(Field::Schedule, &words.say("regions-no-window"));
        let schedule = Schedule::new(windows.map_err(said)?)
            .map_err(|rejection| Problem::of_rejection(&rejection, words))?;
        Ok(LinkChange {
            limit_bytes_per_sec: (limit != link.usual_limit_bytes_per_sec).then_some(limit),
            copies_at_once: (at_once != link.copies_at_once).then_some(at_once),
            pause: None,
            schedule: (schedule != link.schedule).then_some(schedule),
        })
    }
}

#[derive(Template)]
#[template(path = "regions/link.html")]
struct LinkForm<'a> {
    visit: &'a Visit,
    words: Words,
    title: String,
    path: String,
    is_paused: bool,
    may_set: bool,
    typed: &'a Typed,
    units: Vec<(Unit, Saying, bool)>,
    problem: Option<Problem>,
}

impl LinkForm<'_> {
    fn is_wrong(&self, field: Field) -> bool {
        self.problem.as_ref().is_some_and(|problem| problem.field == Some(field))
    }
}

/// Shows it.
pub(crate) async fn show(visit: Visit) -> Result<Page, Shown> {
    let region = visit.region()?;
    let link = link_of(&visit, &region).await?;
    let typed = Typed::of(&link);
    page(&visit, &region, link, (&typed, None)).await
}

/// The link into the region from the source in the path.
async fn link_of(visit: &Visit, region: &Region) -> Result<LinkView, Shown> {
    let source: RegionId = visit.id("source")?;
    let links = region.links(&visit.caller, whose(visit)).await?;
    links.into_iter().find(|link| link.source == source).ok_or(Shown::Absent)
}

async fn page(
    visit: &Visit,
    region: &Region,
    link: LinkView,
    (typed, problem): (&Typed, Option<Problem>),
) -> Result<Page, Shown> {
    let words = visit.words;
    let title = words.say("regions-link-title").showing("source", &link.source);
    let title = title.showing("target", &link.target).to_string();
    let chosen = Unit::of_tag(&typed.unit).unwrap_or(Unit::Mega);
    let status = problem.as_ref().map(|problem| problem.status);
    let form = LinkForm {
        visit,
        words,
        title: title.clone(),
        path: path_of(&link),
        // A window's pause is no operator's, and is not resumed.
        is_paused: link.pause == Pause::Paused && link.until.is_none(),
        may_set: visit.may(Act::Operate),
        typed,
        units: Unit::ALL.map(|unit| (unit, unit.label(words), unit == chosen)).into(),
        problem,
    };
    let queue = queue::gather(visit, region, Row::of(link, words)).await?;
    let page = visit.page(Section::Regions, title).part("link", &form).live("link-queue", &queue);
    let page = page.dialog();
    Ok(match status {
        Some(status) => page.status(status),
        None => page,
    })
}

/// Changes it: what counts, counts at once.
pub(crate) async fn act(visit: Visit, sent: Form) -> Result<Done, Shown> {
    let region = visit.region()?;
    let link = link_of(&visit, &region).await?;
    let text = |name: &str| sent.text(name).to_owned();
    let (change, notice, typed) = match sent.text("do") {
        "pause" => (paused(Pause::Paused), "regions-now-paused", Typed::of(&link)),
        "resume" => (paused(Pause::Running), "regions-now-running", Typed::of(&link)),
        _set => {
            let typed = Typed {
                limit: text("limit"),
                unit: text("unit"),
                at_once: text("at_once"),
                schedule: text("schedule"),
            };
            (typed.change(&link, visit.words), "regions-now-set", typed)
        }
    };
    let change = match change {
        Ok(change) => change,
        Err(problem) => {
            return Ok(page(&visit, &region, link, (&typed, Some(problem))).await?.into());
        }
    };
    match region.set_link(&visit.caller, &link.source, change).await {
        Ok(link) => {
            let notice = visit.words.say(notice).showing("source", &link.source);
            Ok(visit.done(LIST, &notice.showing("target", &link.target)))
        }
        Err(refused) => {
            let problem = visit.problem(refused)?;
            Ok(page(&visit, &region, link, (&typed, Some(problem))).await?.into())
        }
    }
}

fn paused(pause: Pause) -> Result<LinkChange, Problem> {
    Ok(LinkChange { pause: Some(pause), ..LinkChange::default() })
}
