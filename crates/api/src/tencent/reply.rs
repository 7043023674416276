//! Writing answers: HTTP 200 and `application/json`, nothing behind it, whatever happened. With a `charset` the Python clients
//! take an error for a success (contract 1).

use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::error::ApiError;

/// The fields of an answer.
pub(super) type Fields = Map<String, Value>;

/// Fields, by their names.
pub(super) fn fields<const N: usize>(fields: [(&str, Value); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The body of an answer: `{"Response": {...}}`, with the id of the request in it.
pub(super) fn enveloped(outcome: Result<Fields, ApiError>, request_id: &str) -> String {
    let mut fields = outcome.unwrap_or_else(|error| {
        fields([("Error", json!({ "Code": error.code, "Message": error.message }))])
    });
    fields.insert("RequestId".to_owned(), json!(request_id));
    json!({ "Response": fields }).to_string()
}

/// An answer of this body.
pub(super) fn written(body: String) -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, kind)], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_errors_have_one_envelope() {
        let good = enveloped(Ok(fields([("ImageNumQuota", json!(500))])), "r");
        assert_eq!(good, r#"{"Response":{"ImageNumQuota":500,"RequestId":"r"}}"#);
        let bad = enveloped(Err(ApiError::new("A.B", "it is \"so\".")), "r");
        let wanted = json!({"Response": {
            "Error": {"Code": "A.B", "Message": "it is \"so\"."},
            "RequestId": "r",
        }});
        assert_eq!(serde_json::from_str::<Value>(&bad).unwrap(), wanted);
    }

    /// Contract 1: exactly this status and this type.
    #[test]
    fn the_status_is_200_and_the_type_has_no_charset() {
        let response = written(enveloped(Err(ApiError::internal()), "r"));
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    }
}
