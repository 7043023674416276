//! Registering a disk image file in place, among the account's local images (R002-4).

use askama::Template;
use axum::http::StatusCode;
use model::{
    Act, Architecture, BootMode, ClientToken, Field, FileName, NameRule, OsType, Particulars,
    Rejection,
};
use region::{Region, RegisterImage};

use super::machine::{Machine, is_about};
use crate::form::Form;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::token::{new_token, token_of};
use crate::visit::Visit;
use crate::words::Words;

/// What stands in the form.
struct Typed {
    file: String,
    machine: Machine,
}

#[derive(Template)]
#[template(path = "tasks/register.html")]
struct Register<'a> {
    visit: &'a Visit,
    words: Words,
    region: &'a str,
    title: &'a str,
    problem: Option<&'a Problem>,
    can_register: bool,
    typed: &'a Typed,
    machine: &'a Machine,
    /// Where the file lies below the folder of all local images.
    folder: String,
    token: String,
}

impl Register<'_> {
    fn is_wrong(&self, field: Field) -> bool {
        is_about(self.problem, field)
    }
}

impl Typed {
    fn command(&self, token: ClientToken) -> Result<RegisterImage, Rejection> {
        let file = FileName::new(&self.file)?;
        let said = self.machine.said()?;
        Ok(RegisterImage {
            file,
            name: said.name,
            description: said.description,
            attributes: said.attributes,
            family: said.family,
            particulars: Particulars::default(),
            tags: said.tags,
            names: NameRule::Free,
            token: Some(token),
        })
    }
}

/// The form.
pub(super) async fn show(visit: Visit) -> Result<Page, Shown> {
    let region = visit.region()?;
    page(&visit, &region, &Typed { file: String::new(), machine: Machine::blank() }, None)
}

fn page(
    visit: &Visit,
    region: &Region,
    typed: &Typed,
    problem: Option<Problem>,
) -> Result<Page, Shown> {
    let words = visit.words;
    let id = region.id().as_str();
    let title = words.say("tasks-register-title").with("region", id.to_owned()).to_string();
    let not_allowed = visit.caller.must(Act::Change).err();
    let can_register = not_allowed.is_none();
    let not_allowed = not_allowed.map(|why| Problem::of_rejection(&why, words));
    let problem = not_allowed.or(problem);
    let problem = problem.as_ref();
    let html = Register {
        visit,
        words,
        region: id,
        title: &title,
        problem,
        can_register,
        typed,
        machine: &typed.machine,
        folder: format!("{}/{}/", region.id(), visit.caller.account),
        token: new_token()?,
    };
    let status = problem.map_or(StatusCode::OK, |problem| problem.status);
    Ok(visit.page(Section::Images, &title).part("register", &html).status(status))
}

/// Registers it.
pub(super) async fn act(visit: Visit, form: Form) -> Result<Done, Shown> {
    let region = visit.region()?;
    let machine = Machine::of_form(&form)?;
    let (typed, token) = (Typed { file: form.text("file").to_owned(), machine }, token_of(&form)?);
    let made = match typed.command(token) {
        Ok(command) => region.register_local_image(&visit.caller, command).await,
        Err(rejection) => Err(rejection.into()),
    };
    match made {
        Ok(image) => {
            let notice = visit.words.say("tasks-registered").showing("name", &image.name);
            Ok(visit.done(format!("/regions/{}/images/{}", image.region, image.id), &notice))
        }
        Err(refused) => {
            let problem = visit.problem(refused)?;
            Ok(page(&visit, &region, &typed, Some(problem))?.into())
        }
    }
}
