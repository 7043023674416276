//! Making an image on snapshots of one that lies in a local file (R002-4).

use askama::Template;
use model::{Description, Field, ImageAction, Name, NameRule, Rejection};
use region::ConvertImage;

use super::subject::{Subject, form_page};
use crate::form::Form;
use crate::page::{Done, Page};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::Words;

/// What stands in the form; what is empty is as the image has it.
struct Typed {
    name: String,
    description: String,
}

#[derive(Template)]
#[template(path = "acting/convert.html")]
struct Convert<'a> {
    visit: &'a Visit,
    words: Words,
    subject: &'a Subject,
    title: &'a str,
    problem: Option<&'a Problem>,
    typed: &'a Typed,
}

impl Convert<'_> {
    fn is_wrong(&self, field: Field) -> bool {
        self.problem.is_some_and(|problem| problem.field == Some(field))
    }
}

impl Typed {
    fn command(&self, subject: &Subject) -> Result<ConvertImage, Rejection> {
        let (name, description) = (self.name.as_str(), self.description.as_str());
        Ok(ConvertImage {
            image: subject.image.id.clone(),
            name: (!name.is_empty()).then(|| Name::new(name)).transpose()?,
            description: (!description.is_empty())
                .then(|| Description::new(description))
                .transpose()?,
            names: NameRule::Free,
        })
    }
}

/// The form.
pub(super) async fn show(visit: Visit) -> Result<Page, Shown> {
    let subject = Subject::of(&visit).await?;
    let typed = Typed { name: String::new(), description: String::new() };
    Ok(page(&visit, &subject, &typed, None))
}

fn page(visit: &Visit, subject: &Subject, typed: &Typed, problem: Option<Problem>) -> Page {
    let words = visit.words;
    let title = subject.title(words.say("acting-convert-title"));
    let (image, into) = (subject.image.id.clone(), subject.image.converted_into.clone());
    let runs = into.map(|into| Rejection::ImageBeingConverted { image, into });
    if let Some(why) = subject.refusal(visit, ImageAction::Convert).or(runs) {
        return subject.refused(visit, (&title, &why));
    }
    let problem = problem.as_ref();
    let html = Convert { visit, words, subject, title: &title, problem, typed };
    form_page(visit, &title, problem, &html)
}

/// Begins it.
pub(super) async fn act(visit: Visit, form: Form) -> Result<Done, Shown> {
    let subject = Subject::of(&visit).await?;
    let typed = Typed {
        name: form.text("name").to_owned(),
        description: form.text("description").to_owned(),
    };
    let begun = match typed.command(&subject) {
        Ok(command) => subject.region.convert_image(&visit.caller, command).await,
        Err(rejection) => Err(rejection.into()),
    };
    match begun {
        Ok(made) => {
            let notice = visit.words.say("acting-convert-begun").showing("name", &made.name);
            Ok(visit.done(format!("/regions/{}/images/{}", made.region, made.id), &notice))
        }
        Err(refused) => {
            let problem = visit.problem(refused)?;
            Ok(page(&visit, &subject, &typed, Some(problem)).into())
        }
    }
}
