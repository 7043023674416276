//! The access keys of a user that an admin looks after.

use super::user::{holder, page, user};
use crate::form::Form;
use crate::keys::{self, Change, Made};
use crate::page::{Done, Page};
use crate::refusal::Shown;
use crate::visit::Visit;

/// Makes one.
pub(crate) async fn create(visit: Visit, form: Form) -> Result<Done, Shown> {
    let user = user(&visit).await?;
    match keys::make(&visit, &holder(&user), &form).await? {
        Made::Secret(page) => Ok(Done::Page(page)),
        Made::Refused(problem) => Ok(page(&visit, &user, Some(problem)).await?.into()),
    }
}

/// Says what a change will do.
pub(crate) async fn ask(visit: Visit, change: Change) -> Result<Page, Shown> {
    let user = user(&visit).await?;
    keys::ask(&visit, &holder(&user), change).await
}

/// Does it.
pub(crate) async fn change(visit: Visit, change: Change) -> Result<Done, Shown> {
    let user = user(&visit).await?;
    keys::change(&visit, &holder(&user), change).await
}

/// Lets the user sign in with it again.
pub(crate) async fn enable(visit: Visit, _form: Form) -> Result<Done, Shown> {
    let user = user(&visit).await?;
    keys::enable(&visit, &holder(&user)).await
}
