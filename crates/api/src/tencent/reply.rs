//! Writing answers: HTTP 200 and `application/json`, nothing behind it, whatever happened. With a `charset` the Python clients
//! take an error for a success (contract 1).

use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::legacy::failed;
use super::wire::Flavour;

/// The fields of an answer.
pub(super) type Fields = Map<String, Value>;

/// Fields, by their names.
pub(super) fn fields<const N: usize>(fields: [(&str, Value); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The body of an answer, in the way of the API that was asked. The newer has an envelope with the id of the request in it; the
/// older says beside its fields how it went.
pub(super) fn body(
    flavour: Flavour,
    outcome: Result<Fields, ApiError>,
    request_id: &str,
) -> String {
    if let Err(error) = &outcome {
        tracing::info!(request_id, code = %error.code, "refused");
    }
    match flavour {
        Flavour::Current => enveloped(outcome, request_id),
        Flavour::Legacy => told(outcome, request_id),
    }
}

fn enveloped(outcome: Result<Fields, ApiError>, request_id: &str) -> String {
    let mut told = outcome.unwrap_or_else(|error| {
        fields([("Error", json!({ "Code": error.code, "Message": error.message }))])
    });
    told.insert("RequestId".to_owned(), json!(request_id));
    Value::Object(fields([("Response", Value::Object(told))])).to_string()
}

fn told(outcome: Result<Fields, ApiError>, request_id: &str) -> String {
    let mut told = match outcome {
        Ok(mut told) => {
            let success =
                [("code", json!(0)), ("message", json!("")), ("codeDesc", json!("Success"))];
            told.extend(fields(success));
            told
        }
        Err(error) => failed(&error),
    };
    told.insert("requestId".to_owned(), json!(request_id));
    Value::Object(told).to_string()
}

/// An answer of this body.
pub(super) fn written(body: String) -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, kind)], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Value {
        serde_json::from_str(body).unwrap()
    }

    #[test]
    fn answers_and_errors_have_one_envelope() {
        let good = body(Flavour::Current, Ok(fields([("ImageNumQuota", json!(500))])), "r");
        assert_eq!(good, r#"{"Response":{"ImageNumQuota":500,"RequestId":"r"}}"#);
        let bad = body(Flavour::Current, Err(ApiError::new("A.B", "it is \"so\".")), "r");
        let error = json!({"Code": "A.B", "Message": "it is \"so\"."});
        assert_eq!(read(&bad), json!({"Response": {"Error": error, "RequestId": "r"}}));
    }

    /// Contract 3: what the older API says of a success.
    #[test]
    fn the_older_api_says_how_it_went_beside_its_fields() {
        let good = body(Flavour::Legacy, Ok(fields([("totalCount", json!(0))])), "r");
        let wanted = json!({"code": 0, "message": "", "codeDesc": "Success", "totalCount": 0, "requestId": "r"});
        assert_eq!(read(&good), wanted);
        let bad = body(Flavour::Legacy, Err(ApiError::missing("srcRegion")), "r");
        let bad = read(&bad);
        assert_eq!((&bad["code"], &bad["codeDesc"]), (&json!(4000), &json!("MissingParameter")));
    }

    /// Contract 1: exactly this status and this type.
    #[test]
    fn the_status_is_200_and_the_type_has_no_charset() {
        for flavour in [Flavour::Current, Flavour::Legacy] {
            let response = written(body(flavour, Err(ApiError::internal()), "r"));
            assert_eq!(response.status().as_u16(), 200);
            assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        }
    }
}
