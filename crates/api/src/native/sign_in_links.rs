//! Links that sign in to the web console once.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::auth::Signed;
use super::wire::SignInLink;
use crate::ApiState;
use crate::refusal::Answer;

/// Make a link that signs the caller in to the web console: once, within 10 minutes. This answer alone shows it.
#[utoipa::path(post, path = "/v1/sign-in-links", operation_id = "create_sign_in_link", tag = "keys",
    responses((status = 201, description = "The link", body = SignInLink)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Signed(caller): Signed,
) -> Answer<(StatusCode, Json<SignInLink>)> {
    let made = state.deployment.accounts.create_sign_in_link(&caller).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}
