//! What a form says of an image that is to come: its name, its words and the machine it is for.

use model::{
    Architecture, Attributes, BootMode, Description, Family, Field, Name, OsType, Platform,
    Rejection, Tags,
};

use crate::acting::tags_typed;
use crate::form::Form;
use crate::refusal::{Problem, Shown};

/// What stands in the form.
pub(super) struct Machine {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) family: String,
    pub(super) architecture: Architecture,
    pub(super) os_type: OsType,
    pub(super) platform: String,
    pub(super) boot_mode: BootMode,
    pub(super) tags: String,
}

/// The same as values.
pub(super) struct Said {
    pub(super) name: Name,
    pub(super) description: Description,
    pub(super) family: Option<Family>,
    pub(super) attributes: Attributes,
    pub(super) tags: Tags,
}

impl Machine {
    /// Of a form that nobody has filled in.
    pub(super) fn blank() -> Machine {
        Machine {
            name: String::new(),
            description: String::new(),
            family: String::new(),
            architecture: Architecture::X86_64,
            os_type: OsType::Linux,
            platform: String::new(),
            boot_mode: BootMode::Uefi,
            tags: String::new(),
        }
    }

    pub(super) fn of_form(form: &Form) -> Result<Machine, Shown> {
        Ok(Machine {
            name: form.text("name").to_owned(),
            description: form.text("description").to_owned(),
            family: form.text("family").to_owned(),
            architecture: form.text("architecture").parse().map_err(|_| Shown::BadForm)?,
            os_type: form.text("os_type").parse().map_err(|_| Shown::BadForm)?,
            platform: form.text("platform").to_owned(),
            boot_mode: form.text("boot_mode").parse().map_err(|_| Shown::BadForm)?,
            tags: form.raw("tags").to_owned(),
        })
    }

    pub(super) fn said(&self) -> Result<Said, Rejection> {
        Ok(Said {
            name: Name::new(&self.name)?,
            description: Description::new(&self.description)?,
            family: (!self.family.is_empty()).then(|| Family::new(&self.family)).transpose()?,
            attributes: Attributes {
                architecture: self.architecture,
                os_type: self.os_type,
                platform: Platform::new(&self.platform)?,
                boot_mode: self.boot_mode,
            },
            tags: tags_typed(&self.tags, &Tags::default())?,
        })
    }
}

/// Whether a refusal is about a field.
pub(super) fn is_about(problem: Option<&Problem>, field: Field) -> bool {
    problem.is_some_and(|problem| problem.field == Some(field))
}
