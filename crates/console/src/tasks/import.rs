//! Making an image of the objects of a bucket, in a task.

use askama::Template;
use axum::http::StatusCode;
use model::{
    Act, Architecture, BootMode, BucketName, ClientToken, DiskFormat, Field, NameRule, ObjectName,
    OsType, Particulars, Rejection,
};
use region::{DiskObject, ImportObjects, Refused, Region};

use super::machine::{Machine, is_about};
use super::one::path_of;
use crate::form::Form;
use crate::page::{Done, Page, Section};
use crate::refusal::{Problem, Shown};
use crate::token::{new_token, token_of};
use crate::visit::Visit;
use crate::words::Words;

/// What stands in the form.
struct Typed {
    bucket: String,
    /// One object a line, the system disk's first.
    objects: String,
    /// None: what they show.
    format: Option<DiskFormat>,
    machine: Machine,
}

#[derive(Template)]
#[template(path = "tasks/import.html")]
struct Import<'a> {
    visit: &'a Visit,
    words: Words,
    region: &'a str,
    title: &'a str,
    problem: Option<&'a Problem>,
    can_import: bool,
    typed: &'a Typed,
    machine: &'a Machine,
    /// Where the bucket's folder is below that of all buckets.
    folder: String,
    command: String,
    token: String,
}

impl Import<'_> {
    fn is_wrong(&self, field: Field) -> bool {
        is_about(self.problem, field)
    }

    fn is_format(&self, format: &DiskFormat) -> bool {
        self.typed.format == Some(*format)
    }
}

impl Typed {
    fn of_form(form: &Form) -> Result<Typed, Shown> {
        let format = match form.text("format") {
            "" => None,
            word => Some(word.parse().map_err(|_| Shown::BadForm)?),
        };
        Ok(Typed {
            bucket: form.text("bucket").to_owned(),
            objects: form.raw("objects").to_owned(),
            format,
            machine: Machine::of_form(form)?,
        })
    }

    fn command(&self, token: ClientToken) -> Result<ImportObjects, Rejection> {
        let bucket = BucketName::new(&self.bucket)?;
        let lines = self.objects.lines().map(str::trim).filter(|line| !line.is_empty());
        let disk = |line: &str| {
            let (bucket, object) = (bucket.clone(), ObjectName::new(line)?);
            Ok(DiskObject { bucket, object, format: self.format, size: None })
        };
        let disks = lines.map(disk).collect::<Result<_, Rejection>>()?;
        let said = self.machine.said()?;
        Ok(ImportObjects {
            name: said.name,
            description: said.description,
            attributes: said.attributes,
            family: said.family,
            particulars: Particulars::default(),
            tags: said.tags,
            disks,
            names: NameRule::Free,
            token: Some(token),
        })
    }
}

/// The form.
pub(super) async fn show(visit: Visit) -> Result<Page, Shown> {
    let region = visit.region()?;
    let (bucket, objects, format) = (String::new(), String::new(), None);
    page(&visit, &region, &Typed { bucket, objects, format, machine: Machine::blank() }, None)
}

fn page(
    visit: &Visit,
    region: &Region,
    typed: &Typed,
    problem: Option<Problem>,
) -> Result<Page, Shown> {
    let words = visit.words;
    let id = region.id().as_str();
    let title = words.say("tasks-import-title").with("region", id.to_owned()).to_string();
    let not_allowed = visit.caller.must(Act::Change).err();
    let can_import = not_allowed.is_none();
    let not_allowed = not_allowed.map(|why| Problem::of_rejection(&why, words));
    let problem = not_allowed.or(problem);
    let problem = problem.as_ref();
    let html = Import {
        visit,
        words,
        region: id,
        title: &title,
        problem,
        can_import,
        typed,
        machine: &typed.machine,
        folder: format!("{id}/{}/", visit.caller.account),
        command: format!("ferry image import disk.qcow2 --name golden --region {id}"),
        token: new_token()?,
    };
    let status = problem.map_or(StatusCode::OK, |problem| problem.status);
    Ok(visit.page(Section::Tasks, &title).part("import", &html).status(status))
}

/// Begins it.
pub(super) async fn act(visit: Visit, form: Form) -> Result<Done, Shown> {
    let region = visit.region()?;
    let (typed, token) = (Typed::of_form(&form)?, token_of(&form)?);
    let begun = match typed.command(token) {
        Ok(command) => region.import_objects(&visit.caller, command).await,
        Err(rejection) => Err(rejection.into()),
    };
    match begun {
        Ok(task) => {
            let notice = visit.words.say("tasks-import-begun");
            let notice = notice.showing("name", &typed.machine.name);
            Ok(visit.done(path_of(&task), &notice))
        }
        Err(refused) => {
            let problem = about(&visit, refused)?;
            Ok(page(&visit, &region, &typed, Some(problem))?.into())
        }
    }
}

/// A refusal with the field that it is about.
fn about(visit: &Visit, refused: Refused) -> Result<Problem, Shown> {
    let field = match &refused {
        Refused::Rejected(Rejection::BucketNotFound { .. }) => Some(Field::Bucket),
        Refused::Rejected(
            Rejection::ObjectNotFound { .. }
            | Rejection::ObjectRefused { .. }
            | Rejection::TooManyDisks { .. },
        ) => Some(Field::Object),
        Refused::Rejected(Rejection::InvalidField { field: Field::Disks, .. }) => {
            Some(Field::Object)
        }
        _other => None,
    };
    let problem = visit.problem(refused)?;
    Ok(Problem { field: field.or(problem.field), ..problem })
}
