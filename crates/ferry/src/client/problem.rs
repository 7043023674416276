//! Problems as the API answers them (RFC 9457), and those that arise here, in the same form.

use api::native::wire::Problem;

/// Reads the body of an answer that is no success. What is no problem document becomes one.
pub fn read_problem(status: u16, body: &[u8]) -> Problem {
    let foreign = || {
        let detail = format!(
            "the answer was HTTP status `{status}` without a reason; is this Ferry's endpoint?"
        );
        local_problem("unknown", detail)
    };
    let problem = serde_json::from_slice(body).unwrap_or_else(|_| foreign());
    Problem { status, ..problem }
}

/// A problem that arose here: no server answered, so its status is 0.
pub fn local_problem(code: &str, detail: String) -> Problem {
    Problem {
        kind: "about:blank".to_owned(),
        title: "failed".to_owned(),
        status: 0,
        detail,
        code: code.to_owned(),
        request_id: String::new(),
        retryable: false,
        field: None,
        endpoint: None,
        results: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_no_problem_document_still_says_its_status() {
        let problem = read_problem(502, b"<html>bad gateway</html>");
        assert_eq!((problem.status, problem.code.as_str()), (502, "unknown"));
        assert!(problem.detail.contains("502"));
    }

    #[test]
    fn fields_of_a_problem_are_kept() {
        let body =
            br#"{"type":"t","title":"Not found","status":404,"detail":"image `x` does not exist",
            "code":"image_not_found","request_id":"r","retryable":false,"later":1}"#;
        let problem = read_problem(404, body);
        assert_eq!((problem.code.as_str(), problem.request_id.as_str()), ("image_not_found", "r"));
    }
}
