//! Who asks, and for what: the access key first, then the region, then the id. Nothing is said of a region or an id to
//! somebody without a key.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::{
    AccessKeyId, AccountId, CopyId, EncryptionKeyId, ImageId, InstanceId, QuotaKind, RegionId,
    SnapshotId, TaskId, TicketId, UserId,
};
use region::{Caller, Refused, Region};

use crate::ApiState;
use crate::refusal::{BadRequest, Refusal};
use crate::request_id::RequestId;

/// A caller with a valid access key.
pub(crate) struct Signed(pub(crate) Caller);

/// A caller at a region that this process serves.
pub(crate) struct At {
    pub(crate) region: Region,
    pub(crate) caller: Caller,
}

/// A caller who names something in a region.
pub(crate) struct On<I> {
    pub(crate) region: Region,
    pub(crate) caller: Caller,
    pub(crate) id: I,
}

/// A caller who names something that no region has: an account, a user, an access key.
pub(crate) struct Of<I> {
    pub(crate) caller: Caller,
    pub(crate) id: I,
}

/// What a path names, and by which part of its template.
pub(crate) trait Named: FromStr<Err: ToString> {
    /// The name of the part.
    const PART: &'static str;
}

impl Named for RegionId {
    const PART: &'static str = "region";
}
impl Named for ImageId {
    const PART: &'static str = "image";
}
impl Named for CopyId {
    const PART: &'static str = "copy";
}
impl Named for SnapshotId {
    const PART: &'static str = "snapshot";
}
impl Named for InstanceId {
    const PART: &'static str = "instance";
}
impl Named for EncryptionKeyId {
    const PART: &'static str = "encryption_key";
}
impl Named for TicketId {
    const PART: &'static str = "ticket";
}
impl Named for TaskId {
    const PART: &'static str = "task";
}
impl Named for QuotaKind {
    const PART: &'static str = "kind";
}
impl Named for AccountId {
    const PART: &'static str = "account";
}
impl Named for UserId {
    const PART: &'static str = "user";
}
impl Named for AccessKeyId {
    const PART: &'static str = "key";
}

/// What the path names; refused where it has not the form of such a name.
pub(crate) async fn named<I: Named>(parts: &mut Parts) -> Result<I, Refusal> {
    let params = RawPathParams::from_request_parts(parts, &()).await;
    let params = params.map_err(|error| BadRequest::value("path", error))?;
    let text = params.iter().find(|(name, _)| *name == I::PART).map_or("", |(_, text)| text);
    Ok(text.parse().map_err(|error: I::Err| BadRequest::value(I::PART, error.to_string()))?)
}

/// User and password of an `Authorization: Basic` header; none where there is no such header, or two.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (Some(header), None) = (all.next(), all.next()) else {
        return None;
    };
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let clear = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = clear.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

impl FromRequestParts<ApiState> for Signed {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Refusal> {
        let (key, secret) = basic(&parts.headers).ok_or(Refused::Unauthorised)?;
        let request_id =
            parts.extensions.get::<RequestId>().map_or("", RequestId::as_str).to_owned();
        let caller = state.deployment.accounts.sign_in(&key, &secret, request_id).await?;
        Ok(Signed(caller))
    }
}

impl FromRequestParts<ApiState> for At {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Refusal> {
        let Signed(caller) = Signed::from_request_parts(parts, state).await?;
        let id: RegionId = named(parts).await?;
        let region = state.deployment.region(&id)?;
        Ok(At { region, caller })
    }
}

impl<I: Named> FromRequestParts<ApiState> for On<I> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Refusal> {
        let At { region, caller } = At::from_request_parts(parts, state).await?;
        let id = named(parts).await?;
        Ok(On { region, caller, id })
    }
}

impl<I: Named> FromRequestParts<ApiState> for Of<I> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Refusal> {
        let Signed(caller) = Signed::from_request_parts(parts, state).await?;
        Ok(Of { caller, id: named(parts).await? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn with(values: &[&str]) -> Option<(String, String)> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        basic(&headers)
    }

    #[test]
    fn a_basic_header_names_a_key_and_a_secret_that_may_hold_colons() {
        let pair = Some(("key".to_owned(), "se:cret".to_owned()));
        assert_eq!(with(&["Basic a2V5OnNlOmNyZXQ="]), pair);
        assert_eq!(with(&["basic a2V5OnNlOmNyZXQ="]), pair);
    }

    #[test]
    fn api_05_anything_else_names_nobody() {
        for wrong in
            ["", "Basic", "Basic !", "Bearer a2V5OnNlOmNyZXQ=", "Basic a2V5", "Basic /////w=="]
        {
            assert_eq!(with(&[wrong]), None, "{wrong}");
        }
        assert_eq!(with(&["Basic a2V5OnNlOmNyZXQ=", "Basic a2V5OnNlOmNyZXQ="]), None);
        assert_eq!(with(&[]), None);
    }
}
