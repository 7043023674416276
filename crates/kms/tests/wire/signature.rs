//! Our signatures are those that botocore makes of the same requests.

use std::sync::Arc;

use kms::{AwsKmsOptions, WrappedKey};
use serde_json::{Value, json};
use store::DataKey;

use super::double::{Asked, Double, refusal};
use super::{ACCESS_KEY, At, SECRET_KEY, here, key, options, python};

const TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVz+LWVhc3QtMSJHMEU=";

#[tokio::test]
async fn every_action_is_signed_as_botocore_signs_it() {
    let Some(venv) = python::venv() else { return };
    for (token, time_ms) in [(None, 0), (Some(TOKEN), 1_795_300_000_999), (None, 4_102_444_799_000)]
    {
        let asked = ask_everything(token, time_ms).await;
        assert_eq!(asked.len(), 4);
        for request in asked {
            let authorization = request.header("authorization").unwrap();
            let (_, ours) = authorization.split_once("Signature=").unwrap();
            let theirs = python::script(&venv, "sign.py", &described(&request, token));
            assert_eq!(ours, theirs, "{}", request.head);
            assert_eq!(request.header("x-amz-security-token"), token);
        }
    }
}

async fn ask_everything(token: Option<&str>, time_ms: i64) -> Vec<Asked> {
    let double = Double::answering((0..4).map(|_| refusal("DisabledException"))).await;
    let token = token.map(|token| token.to_owned().into());
    let options = AwsKmsOptions { session_token: token, ..options(&double.endpoint) };
    let kms = kms::AwsKms::new(&options, Arc::new(At(time_ms))).unwrap();
    let id = key("arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    kms.describe_key(&id).await.unwrap_err();
    kms.generate_data_key(&id, &here()).await.unwrap_err();
    kms.encrypt(&id, &here(), &DataKey::new([1; 32])).await.unwrap_err();
    kms.decrypt(&id, &here(), &WrappedKey::new(vec![7; 184]).unwrap()).await.unwrap_err();
    double.asked()
}

/// What botocore is to sign: the headers that we say we signed.
fn described(request: &Asked, token: Option<&str>) -> Vec<u8> {
    let authorization = request.header("authorization").unwrap();
    let signed = authorization.split_once("SignedHeaders=").unwrap().1.split(',').next().unwrap();
    for needed in ["content-type", "host", "x-amz-date", "x-amz-target"] {
        assert!(signed.split(';').any(|name| name == needed), "`{needed}` is not signed: {signed}");
    }
    let headers = signed.split(';').map(|name| (name.to_owned(), request.header(name).unwrap()));
    let headers: serde_json::Map<String, Value> =
        headers.map(|(name, value)| (name, value.into())).collect();
    let url = format!("http://{}/", request.header("host").unwrap());
    let described = json!({
        "url": url,
        "body": request.body,
        "headers": headers,
        "region": "us-east-1",
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
        "token": token,
    });
    described.to_string().into_bytes()
}
