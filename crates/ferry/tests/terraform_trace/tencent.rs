//! The calls of Tencent Cloud's provider.

use serde_json::{Value, json};

use crate::cvm::Signed;
use crate::provider::replay::{kept, play};
use crate::provider::tencent::Scenario;
use crate::provider::tencent::trace::Cvm;
use crate::provider::trace::{self, Dialect as _, Names};
use crate::wire::Message;
use crate::world::Key;

/// R002-1, R002-11.
#[test]
fn r002_1_the_calls_of_a_sync_to_two_regions_are_answered_as_they_were() {
    assert!(play(Scenario::Sync) > 5);
}

/// R002-7.
#[test]
fn r002_7_the_calls_of_a_check_are_answered_as_they_were() {
    play(Scenario::Checks);
}

/// R002-6.
#[test]
fn r002_6_the_calls_that_are_refused_are_answered_as_they_were() {
    play(Scenario::Refusals);
}

/// R004-8.
#[test]
fn r004_8_the_calls_for_an_encrypted_copy_are_answered_as_they_were() {
    play(Scenario::Encrypted);
}

#[test]
fn the_calls_for_sharing_are_answered_as_they_were() {
    play(Scenario::Sharing);
}

/// R002-12.
#[test]
fn r002_12_the_calls_for_an_image_of_a_snapshot_are_answered_as_they_were() {
    play(Scenario::Image);
}

#[test]
fn the_calls_of_the_data_sources_are_answered_as_they_were() {
    play(Scenario::DataSources);
}

#[test]
fn the_calls_for_objects_are_answered_as_they_were() {
    play(Scenario::Objects);
}

/// Every call that the provider makes for images is somewhere in the traces, with the host that it went to through the proxy.
#[test]
fn the_traces_hold_every_call_of_the_provider() {
    let calls: Vec<Value> = Scenario::ALL.into_iter().flat_map(kept).collect();
    for (action, service) in [
        ("SyncImages", "cvm"),
        ("DescribeImages", "cvm"),
        ("CreateImage", "cvm"),
        ("ModifyImageAttribute", "cvm"),
        ("DeleteImages", "cvm"),
        ("ModifyImageSharePermission", "cvm"),
        ("DescribeImageSharePermission", "cvm"),
        ("DescribeImageFromFamily", "cvm"),
        ("DescribeImageQuota", "cvm"),
        ("DescribeImportImageOs", "cvm"),
        ("ImportImage", "cvm"),
        ("ExportImages", "cvm"),
        ("DescribeSnapshots", "cbs"),
        ("DescribeResourceTagsByResourceIds", "tag"),
        ("ModifyResourceTags", "tag"),
    ] {
        let call = calls.iter().find(|call| Cvm.action(call) == action);
        let call = call.unwrap_or_else(|| panic!("no {action}"));
        assert_eq!(call["target"], format!("http://{service}.tencentcloudapi.com/"), "{action}");
    }
    let text = json!(calls).to_string();
    assert!(!text.contains("Signature=0") && text.contains("Signature={{Signature}}"));
}

fn request(signature: &str) -> Message {
    let text = format!(
        "POST http://cvm.tencentcloudapi.com/ HTTP/1.1\r\nHost: cvm.tencentcloudapi.com\r\n\
         Authorization: TC3-HMAC-SHA256 Credential=FERRYKEY/2026-11-22/cvm/tc3_request, \
         SignedHeaders=content-type;host, Signature={signature}\r\nContent-Type: application/json\r\n\
         X-Tc-Action: DescribeImages\r\nX-Tc-Timestamp: 1795309248\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    Message::read(&mut text.as_bytes()).unwrap().unwrap()
}

fn answer(body: &Value) -> Message {
    let body = json!({"Response": body}).to_string();
    let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    Message::read(&mut text.as_bytes()).unwrap().unwrap()
}

/// A comparison that finds nothing proves nothing.
#[test]
fn an_answer_that_changed_is_found() {
    let image = |id: &str, state: &str, percent: Value| json!({"ImageId": id, "ImageState": state, "SyncPercent": percent, "ImageCreator": "1234567890123456"});
    let whole = |image: Value| json!({"RequestId": "0e2b5a2c-1d9f-4c37-8d33-0123456789ab", "ImageSet": [image]});
    let good = whole(image("img-aaaaaaaa", "SYNCING", json!(12)));
    let call = trace::keep(&request("0123"), &answer(&good), &mut Names::of(&Cvm));
    assert!(!call.to_string().contains("0123"), "neither signature nor account: {call}");
    assert!(!call.to_string().contains("FERRYKEY"), "{call}");

    let mut names = Names::of(&Cvm);
    let mut check = |body: &Value| trace::check(&call, &answer(body), &mut names);
    assert!(
        check(&whole(image("m-aaaaaaaa", "SYNCING", json!(12)))).is_err(),
        "another kind of id"
    );
    let other = |state: &str, percent| whole(image("img-bbbbbbbb", state, percent));
    assert_eq!(check(&other("SYNCING", json!(13))), Ok(()), "the id gets its name");
    assert!(check(&good).is_err(), "and then is that id");
    assert!(check(&other("NORMAL", json!(13))).is_err());
    assert!(check(&other("SYNCING", json!(100))).is_err());
    assert!(check(&other("SYNCING", Value::Null)).is_err());
    let mut refusal = other("SYNCING", json!(13));
    refusal["Error"] = json!({"Code": "InternalError", "Message": ""});
    assert!(check(&refusal).is_err(), "the provider takes it for a failure");
    let mut lacking = other("SYNCING", json!(13));
    lacking.as_object_mut().unwrap().remove("RequestId");
    assert!(check(&lacking).is_err());
}

/// A call is signed anew with the key, the time and the ids of the service that it goes to.
#[test]
fn a_kept_call_is_signed_anew() {
    let call = trace::keep(&request("0123"), &answer(&json!({})), &mut Names::of(&Cvm));
    let key = Key { id: "FERRYOTHER".to_owned(), secret: "secret".to_owned() };
    let again = Cvm.again(&call, &key, &Names::of(&Cvm));
    let again = Message::read(&mut again.as_slice()).unwrap().unwrap();
    let timestamp = again.header("x-tc-timestamp").unwrap().parse().unwrap();
    assert!(timestamp > 1_795_309_248 - 86_400, "{timestamp}");
    let signed = Signed {
        service: "cvm",
        timestamp,
        content_type: "application/json",
        host: "cvm.tencentcloudapi.com",
        body: "{}",
    };
    let authorization = again.header("authorization").unwrap();
    assert!(authorization.contains("Credential=FERRYOTHER/"), "{authorization}");
    assert!(authorization.ends_with(&format!("Signature={}", key.tc3(&signed))), "{authorization}");
}

/// The request that the cloud's SDK for Go sent and signed, with its time.
#[test]
fn the_signature_here_is_the_one_of_the_clouds_sdk() {
    let key = Key {
        id: "AKIDmadeup0000EXAMPLE0000tencent0001".to_owned(),
        secret: "madeupSecretKeyTencent0001EXAMPLE".to_owned(),
    };
    let signed = Signed {
        service: "cvm",
        timestamp: 1_795_309_248,
        content_type: "application/json",
        host: "127.0.0.1:48689",
        body: r#"{"ImageIds":["img-evhmf3fy","img-o3ycss2p"],"DestinationRegions":["ap-shanghai","ap-beijing"],"DryRun":false,"ImageName":"测试镜像 副本+1\u0026a=b~*_x","ImageSetRequired":true}"#,
    };
    let signature = "3167322f66fcb167b1eb2e3f159acdf3e984da20196201248e8c91029694625d";
    assert_eq!(key.tc3(&signed), signature);
}
