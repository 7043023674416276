//! Every way to send a request, and what is refused before anything is done (R003-10, contract 1, 4, 5).

use serde_json::{Value, json};

use crate::door::{Door, HERE, THERE};
use crate::sending::{HOST, INDEX};
use crate::signer::form;
use crate::ways::{Asked, FORM, Sent, pairs};

/// Both signatures, both methods, both algorithms: the same image is found.
#[tokio::test]
async fn every_way_to_ask_is_answered() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let found = |answer: Value| {
        assert_eq!(answer["TotalCount"], 1, "{answer}");
        assert_eq!(answer["ImageSet"][0]["ImageId"], image.as_str(), "{answer}");
    };
    let body = json!({"Filters": [{"Name": "image-name", "Values": ["web"]}], "Limit": 5});
    let body = serde_json::to_vec(&body).unwrap();
    let flat = [("Filters.0.Name", "image-name"), ("Filters.0.Values.0", "web"), ("Limit", "5")];
    let from_one =
        [("Filters.1.Name", "image-name"), ("Filters.1.Values.1", "web"), ("Limit", "5")];
    let asked = door.asked(HERE, "DescribeImages");
    found(door.sent(&door.key.tc3(&asked, &body)).await.ok());
    found(door.sent(&door.key.tc3_documented(&asked, &body)).await.ok());
    for flat in [&flat, &from_one] {
        let get = form(&pairs(flat));
        found(door.sent(&door.key.tc3_get(&asked, &get)).await.ok());
        for algorithm in ["HmacSHA1", "HmacSHA256", ""] {
            for (method, path, signed_path) in [
                ("GET", "/", "/"),
                ("POST", "/", "/"),
                ("GET", INDEX, INDEX),
                ("POST", INDEX, INDEX),
                ("GET", INDEX, "/"),
                ("GET", "/under/a/path", "/under/a/path"),
                ("GET", "/under/a/path", "/"),
            ] {
                let mut parameters = door.common("DescribeImages", HERE, flat);
                parameters.insert("SignatureMethod".to_owned(), algorithm.to_owned());
                if algorithm.is_empty() {
                    parameters.remove("SignatureMethod");
                }
                let sent = Sent { method, host: HOST, path, signed_path };
                found(door.sent(&door.key.v1(&sent, parameters)).await.ok());
            }
        }
    }
}

/// Contract 5: hosts are taken literally, with a scheme, a path, any port; TC3 signs `/` wherever it goes.
#[tokio::test]
async fn odd_hosts_and_paths_are_taken_as_they_are_sent() {
    let door = Door::open().await;
    for host in ["http://127.0.0.1:7700", "127.0.0.1:7700/tencent", "cvm.tencentcloudapi.com", "x"]
    {
        let asked = Asked { host, ..door.asked(HERE, "DescribeImageQuota") };
        door.sent(&door.key.tc3(&asked, b"{}")).await.ok();
        door.sent(&door.key.tc3(&asked, b"{}").at("/tencent")).await.ok();
        door.sent(&door.key.tc3_get(&asked, "")).await.ok();
        let sent = Sent { method: "POST", host, path: "/", signed_path: "/" };
        let parameters = door.common("DescribeImageQuota", HERE, &[]);
        door.sent(&door.key.v1(&sent, parameters)).await.ok();
        // Signed for one host, sent to another.
        let moved = door.key.tc3(&asked, b"{}").with("host", "y");
        door.sent(&moved).await.refused("AuthFailure.SignatureFailure");
    }
}

/// The cloud's lists of regions need none; everything else does, and old names are read (contract 3).
#[tokio::test]
async fn regions_are_named_as_today_or_as_before() {
    let door = Door::open().await;
    let told = door.ask("", "DescribeRegions", json!({})).await.ok();
    assert_eq!(told["TotalCount"], 2, "{told}");
    for (region, is_there) in
        [(HERE, true), ("gz", true), ("sh", true), ("bj", false), ("GZ", false)]
    {
        let answer = door.ask(region, "DescribeImageQuota", json!({})).await;
        if is_there {
            answer.ok();
        } else {
            let message = answer.refused("UnsupportedRegion");
            assert!(message.contains(&format!("`{region}`")), "{message}");
        }
    }
    let message = door.ask("", "DescribeImageQuota", json!({})).await.refused("MissingParameter");
    assert!(message.contains("`Region`"), "{message}");
    // Where a region has the short name, it is that one.
    let world = region::testing::World::with_regions(["gz", HERE]).await;
    let door = Door::before(world).await;
    let image = door.image("gz", "web").await;
    assert_eq!(door.own_images("gz").await[0]["ImageId"], image.as_str());
    assert!(door.own_images(HERE).await.is_empty());
}

#[tokio::test]
async fn actions_versions_and_parameters_that_are_unknown_are_refused_by_name() {
    let door = Door::open().await;
    let refused = async |action: &str, params: Value, code: &str, named: &str| {
        let message = door.ask(HERE, action, params).await.refused(code);
        assert!(message.contains(&format!("`{named}`")), "{message}");
    };
    refused("MakeCoffee", json!({}), "InvalidAction", "MakeCoffee").await;
    refused("SyncCvmImage", json!({}), "InvalidAction", "SyncCvmImage").await;
    refused("describeimages", json!({}), "InvalidAction", "describeimages").await;
    refused("DescribeZones", json!({}), "UnsupportedOperation", "DescribeZones").await;
    // A misspelled `DryRun` must not delete anything.
    let image = door.image(HERE, "web").await;
    let misspelled = json!({"ImageIds": [image], "Dryrun": true});
    refused("DeleteImages", misspelled, "UnknownParameter", "Dryrun").await;
    assert_eq!(door.own_images(HERE).await.len(), 1);
    let both = json!({"Limit": 1, "Action": "DeleteImages"});
    refused("DescribeImages", both, "UnknownParameter", "Action").await;
    refused("DescribeImages", json!({"Limit": "1"}), "InvalidParameter", "Limit").await;

    let asked = door.asked(HERE, "DescribeImages");
    for (version, code) in [("2016-03-12", "NoSuchVersion"), ("", "MissingParameter")] {
        let request = door.key.tc3(&asked, b"{}").with("x-tc-version", version);
        door.sent(&request).await.refused(code);
    }
    let nothing = door.key.tc3(&asked, b"{}").with("x-tc-action", "");
    assert!(door.sent(&nothing).await.refused("MissingParameter").contains("`Action`"));
    // The disk service has no images, and the other way round.
    let asked = Asked { service: "cbs", ..asked };
    door.sent(&door.key.tc3(&asked, b"{}")).await.refused("InvalidAction");
    let asked = Asked { service: "cvm", ..door.asked(HERE, "DescribeSnapshots") };
    door.sent(&door.key.tc3(&asked, b"{}")).await.refused("InvalidAction");
}

/// API-02, API-09: what could be read in two ways changes nothing.
#[tokio::test]
async fn api_02_what_has_two_readings_is_refused() {
    let door = Door::open().await;
    let image = door.image(HERE, "web").await;
    let asked = door.asked(HERE, "DeleteImages");
    let twice = format!(r#"{{"ImageIds":["img-00000000"],"ImageIds":["{image}"]}}"#);
    door.sent(&door.key.tc3(&asked, twice.as_bytes())).await.refused("InvalidParameter");
    let mut request = door.key.tc3(&asked, format!(r#"{{"ImageIds":["{image}"]}}"#).as_bytes());
    request.headers.push(("x-tc-action".to_owned(), "DescribeImages".to_owned()));
    door.sent(&request).await.refused("InvalidParameter");
    let mut in_both = door.key.v1(
        &Sent { method: "GET", host: HOST, path: "/", signed_path: "/" },
        door.common("DeleteImages", HERE, &[("ImageIds.0", "img-00000000")]),
    );
    in_both.target.push_str(&format!("&ImageIds.0={image}"));
    door.sent(&in_both).await.refused("InvalidParameter");
    // A form beside the signature in the headers.
    let in_a_form = door.key.tc3(&asked, b"{}").with("content-type", FORM);
    door.sent(&in_a_form).await.refused("InvalidParameter");
    assert_eq!(door.own_images(HERE).await.len(), 1);
    assert!(door.own_images(THERE).await.is_empty());
}
