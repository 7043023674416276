//! Reading every chunk of an image, as its owner asks for from its page.

use axum::http::StatusCode;
use model::Act;
use tokio::sync::Semaphore;

use super::offers::link_of;
use super::show::{found, page};
use crate::form::Form;
use crate::look;
use crate::page::Done;
use crate::refusal::{Problem, Shown};
use crate::visit::Visit;

/// The most that is read while a browser waits: at 200 MB a second within three minutes, and browsers give up after five.
/// What is larger is read by scrubbing the region.
pub(crate) const MOST_BYTES: u64 = 32 << 30;

/// Each reads as fast as the disk gives: one at a time, and what else goes on still comes to its turn.
static TURN: Semaphore = Semaphore::const_new(1);

/// Reads it, and says what was found.
pub(crate) async fn verify(visit: Visit, _form: Form) -> Result<Done, Shown> {
    let words = visit.words;
    // What is found damaged is set aside: a change, and hours of the disk.
    visit.caller.must(Act::Change)?;
    let (region, image) = found(&visit).await?;
    let refuse = async |problem: Problem| {
        let status = problem.status;
        let page = page(&visit, &region, (image.clone(), Some(problem))).await?;
        Ok(page.status(status).into())
    };
    if image.held_bytes > MOST_BYTES {
        let most = look::bytes(MOST_BYTES);
        return refuse(Problem::said(&words.say("images-verify-large").showing("most", most)))
            .await;
    }
    let Ok(_turn) = TURN.try_acquire() else {
        return refuse(Problem::said(&words.say("images-verify-busy"))).await;
    };
    let verified = match region.verify_image(&visit.caller, &image.id).await {
        Ok(verified) => verified,
        Err(refused) => return refuse(visit.problem(refused)?).await,
    };
    let said = match verified.damaged {
        0 => words.say("images-verified"),
        damaged => words.say("images-damaged").with("damaged", damaged),
    };
    let read = look::bytes(verified.bytes);
    let said = said.with("chunks", verified.chunks).showing("bytes", read);
    if verified.damaged > 0 {
        // It was done, and this is what came of it.
        let problem = Problem { status: StatusCode::OK, ..Problem::said(&said) };
        return refuse(problem).await;
    }
    Ok(visit.done(link_of(&image), &said))
}
