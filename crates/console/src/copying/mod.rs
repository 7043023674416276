//! Asking for copies: the dialog with its targets and what they would cost, what they answered, and the form of a ticket.

mod answers;
mod ask;
mod dialog;
mod estimate;
mod reasons;
mod rows;
mod sources;
mod ticket;
mod typed;

use axum::Router;

use crate::Console;
use crate::form::Form;
use crate::page::{self, Done, Page};
use crate::refusal::Shown;
use crate::visit::Visit;

pub(crate) use rows::keys;
pub(crate) use typed::{sealing_of, sealing_word};

use ask::Asked;
use dialog::Said;
use typed::Typed;

/// Where they are.
pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/regions/{region}/copy", page::get(show).merge(page::post(act)))
        .route("/regions/{region}/ticket", page::get(ticket::show).merge(page::post(ticket::open)))
}

/// The dialog, with estimates for the values in its address.
async fn show(visit: Visit) -> Result<Page, Shown> {
    let region = visit.region()?;
    let typed = Typed::of(visit.values());
    dialog::page(&visit, &region, &typed, Said::default()).await
}

/// Asks for the copies.
async fn act(visit: Visit, form: Form) -> Result<Done, Shown> {
    let region = visit.region()?;
    let typed = Typed::of(form.values());
    if form.text("do") == "estimate" {
        return Ok(dialog::page(&visit, &region, &typed, Said::default()).await?.into());
    }
    match ask::ask(&visit, &region, (&typed, form.text("token"))).await? {
        Asked::Not(problem) => {
            let said = Said { problem: Some(problem), refused: Vec::new() };
            Ok(dialog::page(&visit, &region, &typed, said).await?.into())
        }
        Asked::Answered(answers) => answers::shown(&visit, &region, (&typed, answers)).await,
    }
}
