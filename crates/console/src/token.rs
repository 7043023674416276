//! What makes sending a form twice harmless.

use model::ClientToken;

use crate::form::Form;
use crate::refusal::Shown;

/// The name of the value.
const FIELD: &str = "token";

/// A token for a form that is shown now: 128 random bits.
pub(crate) fn new_token() -> Result<String, Shown> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gave no random bytes");
        Shown::Fault
    })?;
    Ok(hex::encode(bytes))
}

/// The token that a form was shown with. What is none was not shown by us.
pub(crate) fn token_of(form: &Form) -> Result<ClientToken, Shown> {
    ClientToken::new(form.text(FIELD)).map_err(|_| Shown::BadForm)
}
