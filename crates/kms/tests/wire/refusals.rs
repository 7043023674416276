//! What AWS answers where moto does not, in AWS' own words.

use kms::KmsFault;
use model::Retry;

use super::double::{Act, Double, json, refusal};
use super::{client, here, key, options};

const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

fn described(state: &str) -> Act {
    let arn = format!("arn:aws:kms:us-east-1:123456789012:key/{ID}");
    json(
        200,
        &format!(
            r#"{{"KeyMetadata":{{"AWSAccountId":"123456789012","Arn":"{arn}","CreationDate":1.5,"Enabled":false,
            "KeyId":"{ID}","KeyManager":"CUSTOMER","KeySpec":"SYMMETRIC_DEFAULT","KeyState":"{state}",
            "KeyUsage":"ENCRYPT_DECRYPT","MultiRegion":false,"Origin":"AWS_KMS"}}}}"#
        ),
    )
}

async fn refused(acts: Vec<Act>) -> KmsFault {
    let count = acts.len();
    let double = Double::answering(acts).await;
    let kms = client(&options(&double.endpoint));
    let fault = kms.generate_data_key(&key(ID), &here()).await.unwrap_err();
    assert_eq!(double.asked().len(), count, "{fault}");
    fault
}

/// R004-8, api-16: a named reason, not "internal error".
#[tokio::test]
async fn a_key_that_cannot_be_used_is_refused_with_the_reason() {
    let invalid = || refusal("KMSInvalidStateException");
    let cases = [
        (vec![refusal("DisabledException")], "is disabled", Retry::Never),
        (vec![invalid(), described("PendingDeletion")], "is pending deletion", Retry::Never),
        (vec![invalid(), described("Disabled")], "is disabled", Retry::Never),
        (vec![invalid(), described("PendingImport")], "is not ready for use", Retry::Later),
        (vec![invalid(), described("Unavailable")], "is not ready for use", Retry::Later),
        (vec![invalid(), described("Enabled")], "is not ready for use", Retry::Later),
        (vec![invalid(), refusal("AccessDeniedException")], "is not ready for use", Retry::Later),
        (vec![invalid(), refusal("NotFoundException")], "does not exist", Retry::Never),
    ];
    for (acts, reason, retry) in cases {
        let fault = refused(acts).await;
        assert_eq!(fault.to_string(), format!("key `{ID}` {reason}"));
        assert_eq!(fault.retry(), retry, "{fault}");
    }
}

#[tokio::test]
async fn a_service_that_is_busy_or_ill_is_asked_again_later_by_the_caller() {
    for act in [
        refusal("ThrottlingException"),
        refusal("LimitExceededException"),
        refusal("KeyUnavailableException"),
        json(500, r#"{"__type":"KMSInternalException"}"#),
        json(503, r#"{"__type":"DependencyTimeoutException"}"#),
        json(503, "<html>no service</html>"),
    ] {
        let fault = refused(vec![act]).await;
        assert_eq!(fault.retry(), Retry::Later, "{fault}");
        assert!(!fault.to_string().contains("words of the service"));
    }
}
