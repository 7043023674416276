//! Registering instances of an image (R000-12, R003-9).

use askama::Template;
use axum::http::StatusCode;
use model::{Field, ImageAction, Name, Rejection, Tags};
use region::{MAX_INSTANCES, RunInstances};

use super::subject::{Subject, form_page};
use super::tag_lines::tags_typed;
use crate::form::Form;
use crate::page::{Done, Page};
use crate::refusal::{Problem, Shown};
use crate::token::{new_token, token_of};
use crate::visit::Visit;
use crate::words::Words;

/// What stands in the form.
struct Typed {
    name: String,
    count: String,
    tags: String,
}

#[derive(Template)]
#[template(path = "acting/instance.html")]
struct Instance<'a> {
    visit: &'a Visit,
    words: Words,
    subject: &'a Subject,
    title: &'a str,
    problem: Option<&'a Problem>,
    typed: &'a Typed,
    most: u32,
    token: String,
}

impl Instance<'_> {
    fn is_wrong(&self, field: Field) -> bool {
        self.problem.is_some_and(|problem| problem.field == Some(field))
    }

    fn are_tags_wrong(&self) -> bool {
        self.is_wrong(Field::TagKey) || self.is_wrong(Field::TagValue)
    }
}

impl Typed {
    fn of_form(form: &Form) -> Typed {
        Typed {
            name: form.text("name").to_owned(),
            count: form.text("count").to_owned(),
            tags: form.raw("tags").to_owned(),
        }
    }

    fn name_and_tags(&self) -> Result<(Name, Tags), Rejection> {
        Ok((Name::new(&self.name)?, tags_typed(&self.tags, &Tags::default())?))
    }
}

/// The form.
pub(super) async fn show(visit: Visit) -> Result<Page, Shown> {
    let subject = Subject::of(&visit).await?;
    let (name, count) = (subject.image.name.to_string(), "1".to_owned());
    page(&visit, &subject, &Typed { name, count, tags: String::new() }, None)
}

fn page(
    visit: &Visit,
    subject: &Subject,
    typed: &Typed,
    problem: Option<Problem>,
) -> Result<Page, Shown> {
    let words = visit.words;
    let title = subject.title(words.say("acting-instance-title"));
    if let Some(why) = subject.refusal(visit, ImageAction::CreateInstance) {
        return Ok(subject.refused(visit, (&title, &why)));
    }
    let (problem, token) = (problem.as_ref(), new_token()?);
    let (title, most) = (title.as_str(), MAX_INSTANCES);
    let html = Instance { visit, words, subject, title, problem, typed, most, token };
    Ok(form_page(visit, title, problem, &html))
}

/// Registers them.
pub(super) async fn act(visit: Visit, form: Form) -> Result<Done, Shown> {
    let subject = Subject::of(&visit).await?;
    let (typed, token) = (Typed::of_form(&form), token_of(&form)?);
    let Ok(count) = typed.count.parse::<u32>() else {
        let problem = Problem {
            text: visit.words.say("acting-instance-no-count").to_string(),
            status: StatusCode::UNPROCESSABLE_ENTITY,
            field: Some(Field::Count),
        };
        return Ok(page(&visit, &subject, &typed, Some(problem))?.into());
    };
    let made = match typed.name_and_tags() {
        Ok((name, tags)) => {
            let (image, token) = (subject.image.id.clone(), Some(token));
            let command = RunInstances { image, name, count, tags, token };
            subject.region.run_instances(&visit.caller, command).await
        }
        Err(rejection) => Err(rejection.into()),
    };
    match made {
        Ok(made) => {
            let notice = visit.words.say("acting-instance-done").with("count", made.len() as u64);
            let path = format!("/instances?region={}", subject.image.region);
            Ok(visit.done(path, &notice.showing("name", &subject.image.name)))
        }
        Err(refused) => {
            let problem = visit.problem(refused)?;
            Ok(page(&visit, &subject, &typed, Some(problem))?.into())
        }
    }
}
