//! Writing an image's disks into a bucket of its region, in a task.

use askama::Template;
use model::{
    BucketName, DiskFormat, DiskRole, Field, ImageAction, ObjectName, ObjectPrefix, Rejection,
};
use region::{ExportImage, ExportedDisks, Refused};

use super::subject::{Subject, form_page};
use crate::form::Form;
use crate::page::{Done, Page};
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;
use crate::words::Words;

/// What stands in the form.
struct Typed {
    bucket: String,
    prefix: String,
    format: DiskFormat,
    disks: ExportedDisks,
}

#[derive(Template)]
#[template(path = "acting/export.html")]
struct Export<'a> {
    visit: &'a Visit,
    words: Words,
    subject: &'a Subject,
    title: &'a str,
    problem: Option<&'a Problem>,
    typed: &'a Typed,
    formats: [(DiskFormat, bool); 3],
    /// What the first object will be called.
    object: String,
    /// Where the bucket's folder is below that of all buckets.
    folder: String,
    command: String,
}

impl Export<'_> {
    fn is_wrong(&self, field: Field) -> bool {
        self.problem.is_some_and(|problem| problem.field == Some(field))
    }

    fn is_system_only(&self) -> bool {
        self.typed.disks == ExportedDisks::System
    }
}

/// The formats that are written.
const FORMATS: [DiskFormat; 3] = [DiskFormat::Qcow2, DiskFormat::Raw, DiskFormat::Vhd];

impl Typed {
    fn of_form(form: &Form) -> Result<Typed, Shown> {
        Ok(Typed {
            bucket: form.text("bucket").to_owned(),
            prefix: form.text("prefix").to_owned(),
            format: form.text("format").parse().map_err(|_| Shown::BadForm)?,
            disks: match form.text("disks") {
                "system" => ExportedDisks::System,
                "" | "all" => ExportedDisks::All,
                _other => return Err(Shown::BadForm),
            },
        })
    }

    fn prefix(&self) -> Result<Option<ObjectPrefix>, Rejection> {
        (!self.prefix.is_empty()).then(|| ObjectPrefix::new(&self.prefix)).transpose()
    }

    fn command(&self, subject: &Subject) -> Result<ExportImage, Rejection> {
        Ok(ExportImage {
            image: subject.image.id.clone(),
            bucket: BucketName::new(&self.bucket)?,
            prefix: self.prefix()?,
            format: self.format,
            disks: self.disks,
        })
    }
}

/// The form.
pub(super) async fn show(visit: Visit) -> Result<Page, Shown> {
    let subject = Subject::of(&visit).await?;
    let (format, disks) = (DiskFormat::Qcow2, ExportedDisks::All);
    let typed = Typed { bucket: String::new(), prefix: String::new(), format, disks };
    Ok(page(&visit, &subject, &typed, None))
}

fn page(visit: &Visit, subject: &Subject, typed: &Typed, problem: Option<Problem>) -> Page {
    let words = visit.words;
    let title = subject.title(words.say("acting-export-title"));
    if let Some(why) = subject.refusal(visit, ImageAction::Export) {
        return subject.refused(visit, (&title, &why));
    }
    let image = &subject.image;
    let prefix = typed.prefix().ok().flatten();
    let disk = (&image.id, DiskRole::SYSTEM);
    let object = ObjectName::of_disk(prefix.as_ref(), disk, typed.format).to_string();
    let problem = problem.as_ref();
    let html = Export {
        visit,
        words,
        subject,
        title: &title,
        problem,
        typed,
        formats: FORMATS.map(|format| (format, format == typed.format)),
        object,
        folder: format!("{}/{}/", image.region, visit.caller.account),
        // By its id: a name may be several images', and would have to be quoted.
        command: format!(
            "ferry image export {} --region {} --format qcow2 out.qcow2",
            image.id, image.region
        ),
    };
    form_page(visit, &title, problem, &html)
}

/// Begins it.
pub(super) async fn act(visit: Visit, form: Form) -> Result<Done, Shown> {
    let subject = Subject::of(&visit).await?;
    let typed = Typed::of_form(&form)?;
    let begun = match typed.command(&subject) {
        Ok(command) => subject.region.export_image(&visit.caller, command).await,
        Err(rejection) => Err(rejection.into()),
    };
    match begun {
        Ok(task) => {
            let notice =
                visit.words.say("acting-export-begun").showing("name", &subject.image.name);
            Ok(visit.done(format!("/regions/{}/tasks/{}", task.region, task.id), &notice))
        }
        Err(refused) => {
            let problem = about(&visit, refused)?;
            Ok(page(&visit, &subject, &typed, Some(problem)).into())
        }
    }
}

/// A refusal with the field that it is about.
fn about(visit: &Visit, refused: Refused) -> Result<Problem, Shown> {
    let field = match &refused {
        Refused::Rejected(Rejection::BucketNotFound { .. }) => Some(Field::Bucket),
        _other => None,
    };
    let problem = visit.problem(refused)?;
    Ok(Problem { field: field.or(problem.field), ..problem })
}
