//! Changing what an image says of itself (R002-12).

use askama::Template;
use model::{BootMode, Deprecation, Description, Family, Field, ImageAction, Name, Rejection};
use region::{EditImage, ImageView};

use super::subject::{Subject, form_page};
use super::tag_lines::{tags_told, tags_typed};
use crate::form::Form;
use crate::page::{Done, Page};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::Words;

/// What stands in the form.
struct Typed {
    name: String,
    description: String,
    family: String,
    boot_mode: BootMode,
    tags: String,
    deprecation: Deprecation,
}

#[derive(Template)]
#[template(path = "acting/edit.html")]
struct Edit<'a> {
    visit: &'a Visit,
    words: Words,
    subject: &'a Subject,
    title: &'a str,
    problem: Option<&'a Problem>,
    typed: &'a Typed,
}

impl Edit<'_> {
    fn is_wrong(&self, field: Field) -> bool {
        self.problem.is_some_and(|problem| problem.field == Some(field))
    }

    fn are_tags_wrong(&self) -> bool {
        self.is_wrong(Field::TagKey) || self.is_wrong(Field::TagValue)
    }

    fn is_deprecated(&self) -> bool {
        self.typed.deprecation == Deprecation::Deprecated
    }
}

fn deprecation_of(image: &ImageView) -> Deprecation {
    match image.deprecated {
        None => Deprecation::Current,
        Some(_) => Deprecation::Deprecated,
    }
}

impl Typed {
    /// As the image says it.
    fn of_image(image: &ImageView) -> Typed {
        Typed {
            name: image.name.to_string(),
            description: image.description.to_string(),
            family: image.family.as_ref().map(Family::to_string).unwrap_or_default(),
            boot_mode: image.attributes.boot_mode,
            tags: tags_told(&image.tags),
            deprecation: deprecation_of(image),
        }
    }

    fn of_form(form: &Form) -> Result<Typed, Shown> {
        let is_deprecated = form.is_ticked("deprecated");
        Ok(Typed {
            name: form.text("name").to_owned(),
            description: form.text("description").to_owned(),
            family: form.text("family").to_owned(),
            boot_mode: form.text("boot_mode").parse().map_err(|_| Shown::BadForm)?,
            tags: form.raw("tags").to_owned(),
            deprecation: if is_deprecated { Deprecation::Deprecated } else { Deprecation::Current },
        })
    }

    /// What it changes of an image; what is as it was stays untouched, whoever changes that meanwhile.
    fn command(&self, image: &ImageView) -> Result<EditImage, Rejection> {
        let before = Typed::of_image(image);
        let is_new = |typed: &str, was: &str| typed != was.trim();
        let mut edit = EditImage::default();
        if is_new(&self.name, &before.name) {
            edit.name = Some(Name::new(&self.name)?);
        }
        if is_new(&self.description, &before.description) {
            edit.description = Some(Description::new(&self.description)?);
        }
        if self.family != before.family {
            let family = (!self.family.is_empty()).then(|| Family::new(&self.family));
            edit.family = Some(family.transpose()?);
        }
        edit.boot_mode = (self.boot_mode != before.boot_mode).then_some(self.boot_mode);
        let tags = tags_typed(&self.tags, &image.tags)?;
        edit.tags = (tags != image.tags).then_some(tags);
        edit.deprecation = (self.deprecation != before.deprecation).then_some(self.deprecation);
        Ok(edit)
    }
}

/// The form.
pub(super) async fn show(visit: Visit) -> Result<Page, Shown> {
    let subject = Subject::of(&visit).await?;
    let typed = Typed::of_image(&subject.image);
    Ok(page(&visit, &subject, &typed, None))
}

fn page(visit: &Visit, subject: &Subject, typed: &Typed, problem: Option<Problem>) -> Page {
    let words = visit.words;
    let title = subject.title(words.say("acting-edit-title"));
    if let Some(why) = subject.refusal(visit, ImageAction::Edit) {
        return subject.refused(visit, (&title, &why));
    }
    let problem = problem.as_ref();
    let html = Edit { visit, words, subject, title: &title, problem, typed };
    form_page(visit, &title, problem, &html)
}

/// Changes it.
pub(super) async fn act(visit: Visit, form: Form) -> Result<Done, Shown> {
    let subject = Subject::of(&visit).await?;
    let typed = Typed::of_form(&form)?;
    let edited = match typed.command(&subject.image) {
        Ok(edit) => subject.region.edit_image(&visit.caller, &subject.image.id, edit).await,
        Err(rejection) => Err(rejection.into()),
    };
    match edited {
        Ok(image) => {
            let notice = visit.words.say("acting-edit-done").showing("name", &image.name);
            Ok(visit.done(subject.path(), &notice))
        }
        Err(refused) => {
            let problem = visit.problem(refused)?;
            Ok(page(&visit, &subject, &typed, Some(problem)).into())
        }
    }
}
