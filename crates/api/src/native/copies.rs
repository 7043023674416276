//! Copies: asked for at the source region; listed, shown and hurried at the target.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::{CopyId, ImageId};
use region::{
    CopyImage, CopyQuery, CopySelection, ImageAnswer, Seen, TargetAnswer, TargetEstimate,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::auth::{At, On};
use super::paging::{Cursors, limit};
use super::read::{ReadJson, ReadQuery, Token};
use super::wire::{
    BatchAnswer, BatchRequest, Copy, CopyAnswer, CopyPromised, CopyRequest, CopyResult,
    EstimateAnswer, EstimateResult, Estimated, ImageCopies, Page, TargetRefused,
};
use crate::ApiState;
use crate::refusal::{Answer, Refusal, of_target};

/// Running copies or those that have ended.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// Still running.
    Live,
    /// Ended, whether well or not.
    Ended,
}

/// Which copies to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CopiesQuery {
    /// Only those that still run, or only those that have ended.
    #[param(inline)]
    state: Option<Standing>,
    /// At most so many, 1 to 1,000; else 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl CopiesQuery {
    fn selection(&self) -> CopySelection {
        match self.state {
            None => CopySelection::All,
            Some(Standing::Live) => CopySelection::Live,
            Some(Standing::Ended) => CopySelection::Ended,
        }
    }
}

/// Copy an image to one or more other regions, or ask what that would cost.
///
/// Each target answers for itself: 202 when all promised the copy, 207 when some did. When all refused, the answer is a
/// problem with the first one's status.
#[utoipa::path(post, path = "/v1/regions/{region}/images/{image}/copies", operation_id = "copy_image", tag = "copies",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat: 1 to 64 printable ASCII characters")),
    request_body = CopyRequest, responses(
        (status = 202, description = "Every target promised the copy", body = CopyAnswer),
        (status = 200, description = "With `dry_run`: what every target estimates", body = EstimateAnswer),
        (status = 207, description = "Some targets refused", body = CopyAnswer)))]
pub(crate) async fn request(
    State(state): State<ApiState>,
    on: On<ImageId>,
    Token(token): Token,
    ReadJson(request): ReadJson<CopyRequest>,
) -> Answer<Response> {
    let estimate_only = request.dry_run;
    let profile = state.deployment.profiles.native().clone();
    let command = CopyImage { profile, ..request.into_command(on.id, token)? };
    if estimate_only {
        estimated(on.region.estimate_copy(&on.caller, command).await?, &on.caller.request_id)
    } else {
        promised(on.region.copy_image(&on.caller, command).await?, &on.caller.request_id)
    }
}

/// Copy several images to the same regions.
///
/// All are judged before any is started: where one of them may not be copied, nothing is. Then each image and target answers
/// for itself: 202 when all promised the copy, else 207. With `together` all copies are promised or none: the targets judge
/// them first too, quotas for their sum, and the first refusal is the answer.
#[utoipa::path(post, path = "/v1/regions/{region}/image-copies", operation_id = "copy_images", tag = "copies",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat: 1 to 64 printable ASCII characters")),
    request_body = BatchRequest, responses(
        (status = 202, description = "Every target promised every copy", body = BatchAnswer),
        (status = 207, description = "Some targets refused", body = BatchAnswer)))]
pub(crate) async fn request_several(
    State(state): State<ApiState>,
    at: At,
    Token(token): Token,
    ReadJson(request): ReadJson<BatchRequest>,
) -> Answer<(StatusCode, Json<BatchAnswer>)> {
    let profile = state.deployment.profiles.native();
    let together = request.together;
    let under = |command| CopyImage { profile: profile.clone(), ..command };
    let commands = request.into_commands(token)?.into_iter().map(under).collect();
    let answers = if together {
        at.region.copy_images_together(&at.caller, commands).await?
    } else {
        at.region.copy_images(&at.caller, commands).await?
    };
    let of_image = |answer: ImageAnswer| ImageCopies {
        image: answer.image.to_string(),
        results: results(answer.answers, &at.caller.request_id),
    };
    let images: Vec<_> = answers.into_iter().map(of_image).collect();
    let promised = |result: &CopyResult| matches!(result, CopyResult::Promised(_));
    let all = images.iter().flat_map(|image| &image.results).all(promised);
    let status = if all { StatusCode::ACCEPTED } else { StatusCode::MULTI_STATUS };
    Ok((status, Json(BatchAnswer { images })))
}

fn results(answers: Vec<TargetAnswer>, request_id: &str) -> Vec<CopyResult> {
    let result = |TargetAnswer { target, answer }| match answer {
        Ok(accepted) => CopyResult::Promised(CopyPromised {
            target: target.to_string(),
            copy: accepted.copy.to_string(),
            image: accepted.image.to_string(),
            replayed: accepted.seen == Seen::Again,
        }),
        Err(refused) => CopyResult::Refused(TargetRefused {
            target: target.to_string(),
            problem: of_target(refused, request_id),
        }),
    };
    answers.into_iter().map(result).collect()
}

fn promised(answers: Vec<TargetAnswer>, request_id: &str) -> Answer<Response> {
    let results = results(answers, request_id);
    let refused = results.iter().filter_map(|result| match result {
        CopyResult::Promised(_) => None,
        CopyResult::Refused(refused) => Some(refused.clone()),
    });
    let status = joint_status(refused.collect(), results.len(), StatusCode::ACCEPTED)?;
    Ok((status, Json(CopyAnswer { results })).into_response())
}

fn estimated(answers: Vec<TargetEstimate>, request_id: &str) -> Answer<Response> {
    let result = |TargetEstimate { target, answer, needs, .. }| match answer {
        Ok(estimate) => EstimateResult::Estimated(Estimated {
            needs: needs.map(|rejection| Box::new(of_target(rejection.into(), request_id))),
            ..Estimated::new(&target, &estimate)
        }),
        Err(refused) => EstimateResult::Refused(TargetRefused {
            target: target.to_string(),
            problem: of_target(refused, request_id),
        }),
    };
    let results: Vec<_> = answers.into_iter().map(result).collect();
    let refused = results.iter().filter_map(|result| match result {
        EstimateResult::Estimated(_) => None,
        EstimateResult::Refused(refused) => Some(refused.clone()),
    });
    let status = joint_status(refused.collect(), results.len(), StatusCode::OK)?;
    Ok((status, Json(EstimateAnswer { results })).into_response())
}

/// The status of an answer of several targets: all well, some refused (207), or all refused.
fn joint_status(refused: Vec<TargetRefused>, asked: usize, well: StatusCode) -> Answer<StatusCode> {
    match refused.len() {
        0 => Ok(well),
        all if all == asked => Err(Refusal::EveryTarget { refused }),
        _some => Ok(StatusCode::MULTI_STATUS),
    }
}

/// List copies into this region, newest first.
#[utoipa::path(get, path = "/v1/regions/{region}/copies", operation_id = "list_copies", tag = "copies",
    params(CopiesQuery), responses((status = 200, description = "A page of copies", body = Page<Copy>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    at: At,
    ReadQuery(query): ReadQuery<CopiesQuery>,
) -> Answer<Json<Page<Copy>>> {
    let filter = format!("{:?}", query.state);
    let cursors = Cursors::of(&state.cursor_key, (&at.region, &at.caller), "copies", filter);
    let (selection, after) = (query.selection(), cursors.open(query.cursor.as_deref())?);
    let query = CopyQuery { selection, after, limit: limit(query.limit)? };
    Ok(Json(cursors.page(at.region.copies(&at.caller, query).await?)))
}

/// Show one copy.
#[utoipa::path(get, path = "/v1/regions/{region}/copies/{copy}", operation_id = "show_copy", tag = "copies",
    responses((status = 200, description = "The copy", body = Copy)))]
pub(crate) async fn show(on: On<CopyId>) -> Answer<Json<Copy>> {
    let copy = on.region.copy(&on.caller, &on.id).await?;
    Ok(Json(copy.into()))
}

/// Begin a failed copy's next attempt now.
#[utoipa::path(post, path = "/v1/regions/{region}/copies/{copy}/retry", operation_id = "retry_copy", tag = "copies",
    responses((status = 200, description = "The copy", body = Copy)))]
pub(crate) async fn retry(on: On<CopyId>) -> Answer<Json<Copy>> {
    let copy = on.region.retry_copy(&on.caller, &on.id).await?;
    Ok(Json(copy.into()))
}
