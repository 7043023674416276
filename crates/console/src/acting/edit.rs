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
    /// What the form showed when it was made.
    before: &'a Typed,
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
        Typed::read(form, "")
    }

    /// What the form showed when it was made; as the image is now where it does not say.
    fn shown(form: &Form, image: &ImageView) -> Result<Typed, Shown> {
        if form.given("was_name") { Typed::read(form, "was_") } else { Ok(Typed::of_image(image)) }
    }

    fn read(form: &Form, before: &str) -> Result<Typed, Shown> {
        let name = |name: &str| format!("{before}{name}");
        let is_deprecated = form.is_ticked(&name("deprecated"));
        Ok(Typed {
            name: form.text(&name("name")).to_owned(),
            description: form.text(&name("description")).to_owned(),
            family: form.text(&name("family")).to_owned(),
            boot_mode: form.text(&name("boot_mode")).parse().map_err(|_| Shown::BadForm)?,
            tags: form.raw(&name("tags")).to_owned(),
            deprecation: if is_deprecated { Deprecation::Deprecated } else { Deprecation::Current },
        })
    }

    fn has_tags_of(&self, other: &Typed) -> bool {
        let lines = |typed: &Typed| typed.tags.lines().map(|line| line.trim().to_owned()).collect();
        let (own, others): (Vec<String>, Vec<String>) = (lines(self), lines(other));
        own == others
    }

    /// What it changes of an image; what is as the form showed it stays untouched, whoever changed that meanwhile.
    fn command(&self, before: &Typed, image: &ImageView) -> Result<EditImage, Rejection> {
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
        if !self.has_tags_of(before) {
            edit.tags = Some(tags_typed(&self.tags, &image.tags)?);
        }
        edit.deprecation = (self.deprecation != before.deprecation).then_some(self.deprecation);
        Ok(edit)
    }
}

/// The form.
pub(super) async fn show(visit: Visit) -> Result<Page, Shown> {
    let subject = Subject::of(&visit).await?;
    let typed = Typed::of_image(&subject.image);
    Ok(page(&visit, &subject, (&typed, &typed), None))
}

fn page(
    visit: &Visit,
    subject: &Subject,
    (typed, before): (&Typed, &Typed),
    problem: Option<Problem>,
) -> Page {
    let words = visit.words;
    let title = subject.title(words.say("acting-edit-title"));
    if let Some(why) = subject.refusal(visit, ImageAction::Edit) {
        return subject.refused(visit, (&title, &why));
    }
    let problem = problem.as_ref();
    let html = Edit { visit, words, subject, title: &title, problem, typed, before };
    form_page(visit, &title, problem, &html)
}

/// Changes it.
pub(super) async fn act(visit: Visit, form: Form) -> Result<Done, Shown> {
    let subject = Subject::of(&visit).await?;
    let typed = Typed::of_form(&form)?;
    let before = Typed::shown(&form, &subject.image)?;
    let edited = match typed.command(&before, &subject.image) {
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
            Ok(page(&visit, &subject, (&typed, &before), Some(problem)).into())
        }
    }
}
