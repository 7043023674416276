//! Pages of listings: every row once and none twice, in both ways of the cloud; what is no page is refused (api-12).

use serde_json::Value;

use crate::door::{Door, HERE, THERE};

/// A listing with a page: what it is called, where its rows are, and what tells one row from another.
struct Listing {
    action: &'static str,
    list: [&'static str; 2],
    id: &'static str,
    fixed: &'static [(&'static str, &'static str)],
}

const BY_TOKEN: &[Listing] = &[
    Listing {
        action: "DescribeSnapshots",
        list: ["Snapshots", "Snapshot"],
        id: "SnapshotId",
        fixed: &[],
    },
    Listing {
        action: "DescribeInstances",
        list: ["Instances", "Instance"],
        id: "InstanceId",
        fixed: &[],
    },
    Listing {
        action: "ListTagResources",
        list: ["TagResources", "TagResource"],
        id: "TagKey",
        fixed: &[("ResourceType", "instance")],
    },
];

const BY_NUMBER: &[Listing] = &[
    Listing { action: "DescribeTasks", list: ["TaskSet", "Task"], id: "TaskId", fixed: &[] },
    Listing { action: "DescribeTags", list: ["Tags", "Tag"], id: "TagKey", fixed: &[] },
];

/// Seven of everything that is listed, and one of what nothing may mix in: another account's.
async fn seven() -> Door {
    let door = Door::open().await;
    let bucket = door.world.bucket(HERE, &door.world.caller, "images");
    std::fs::write(bucket.join("x.raw"), vec![7; 65_536]).unwrap();
    for number in 0..7 {
        let image = door.image(HERE, &format!("web{number}")).await;
        let bare = [("ResourceType", "image"), ("ResourceId.1", image.as_str()), ("All", "true")];
        door.ask("UntagResources", &[&[("RegionId", HERE)], &bare[..]].concat()).await.ok();
        let key = format!("key{number}");
        let instance = [("RegionId", HERE), ("ImageId", &image), ("Tag.1.Key", &key)];
        door.ask("RunInstances", &instance).await.ok();
        let export = [("RegionId", HERE), ("ImageId", &image), ("OSSBucket", "images")];
        door.ask("ExportImage", &export).await.ok();
        door.world.clock.advance_ms(1);
    }
    door
}

fn with<'a>(listing: &Listing, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut parameters = vec![("RegionId", HERE)];
    parameters.extend(listing.fixed);
    parameters.extend(more);
    parameters
}

fn ids(listing: &Listing, answer: &Value) -> Vec<String> {
    let rows = answer[listing.list[0]][listing.list[1]].as_array().expect("always a list");
    rows.iter().map(|row| row[listing.id].as_str().unwrap().to_owned()).collect()
}

fn assert_each_once(listing: &Listing, mut seen: Vec<String>) {
    seen.sort();
    let all = seen.len();
    seen.dedup();
    assert_eq!((all, seen.len()), (7, 7), "{}: {seen:?}", listing.action);
}

#[tokio::test]
async fn api_12_pages_by_number_have_every_row_once() {
    let door = seven().await;
    let numbered = BY_NUMBER.iter().chain(&BY_TOKEN[..2]);
    for listing in numbered {
        let mut seen = Vec::new();
        for number in ["1", "2", "3", "4"] {
            let page = with(listing, &[("PageNumber", number), ("PageSize", "3")]);
            let answer = door.ask(listing.action, &page).await.ok();
            assert_eq!(answer["TotalCount"], 7, "{}", listing.action);
            assert_eq!(answer["PageNumber"], number.parse::<u64>().unwrap());
            assert_eq!(answer["PageSize"], 3);
            seen.extend(ids(listing, &answer));
        }
        assert_each_once(listing, seen);
    }
}

#[tokio::test]
async fn api_12_pages_by_token_have_every_row_once() {
    let door = seven().await;
    for listing in BY_TOKEN {
        let mut seen = Vec::new();
        let mut token = String::new();
        loop {
            let page = with(listing, &[("MaxResults", "3"), ("NextToken", &token)]);
            let answer = door.ask(listing.action, &page).await.ok();
            seen.extend(ids(listing, &answer));
            token = answer["NextToken"].as_str().expect("it is always there").to_owned();
            if token.is_empty() {
                break;
            }
        }
        assert_each_once(listing, seen);
    }
}

/// api-12: a token is bent, another account's, another region's, another listing's, or of another search.
#[tokio::test]
async fn api_12_tokens_open_for_their_own_listing_alone() {
    let door = seven().await;
    for listing in BY_TOKEN {
        let first = door.ask(listing.action, &with(listing, &[("MaxResults", "3")])).await.ok();
        let token = first["NextToken"].as_str().unwrap().to_owned();
        let next = with(listing, &[("NextToken", &token)]);
        door.ask(listing.action, &next).await.ok();
        let as_stranger = door.ask_as(&door.stranger, listing.action, &next).await;
        let message = as_stranger.refused(400, "InvalidParameter");
        assert!(message.contains("NextToken"), "{message}");
        let mut elsewhere = next.clone();
        elsewhere[0] = ("RegionId", THERE);
        door.ask(listing.action, &elsewhere).await.refused(400, "InvalidParameter");
        let mut narrower = next.clone();
        narrower.extend([("Tag.1.Key", "key1")]);
        door.ask(listing.action, &narrower).await.refused(400, "InvalidParameter");
        let mut bent = token.clone().into_bytes();
        bent[4] = if bent[4] == b'A' { b'B' } else { b'A' };
        let bent = String::from_utf8(bent).unwrap();
        for wrong in [bent.as_str(), "AAAA", "!", &"A".repeat(5_000)] {
            let answer = door.ask(listing.action, &with(listing, &[("NextToken", wrong)])).await;
            answer.refused(400, "InvalidParameter");
        }
    }
    let snapshots = &BY_TOKEN[0];
    let first = door.ask(snapshots.action, &with(snapshots, &[("MaxResults", "3")])).await.ok();
    let token = first["NextToken"].as_str().unwrap();
    let other = door.ask("DescribeInstances", &[("RegionId", HERE), ("NextToken", token)]).await;
    other.refused(400, "InvalidParameter");
}

#[tokio::test]
async fn api_12_what_is_no_page_is_refused() {
    let door = Door::open().await;
    for listing in BY_NUMBER.iter().chain(&BY_TOKEN[..2]) {
        for name in ["PageNumber", "PageSize"] {
            for wrong in ["0", "-1", "2147483648000", "x", "1.5", " 1"] {
                let answer = door.ask(listing.action, &with(listing, &[(name, wrong)])).await;
                answer.refused(400, "InvalidParameter");
            }
        }
        let answer = door.ask(listing.action, &with(listing, &[("PageSize", "101")])).await;
        answer.refused(400, "InvalidParameter");
        // Far behind the last row there is an empty page.
        let far = with(listing, &[("PageNumber", "4294967295"), ("PageSize", "100")]);
        assert!(ids(listing, &door.ask(listing.action, &far).await.ok()).is_empty());
    }
    for listing in BY_TOKEN {
        for wrong in ["0", "-1", "2147483648"] {
            let answer = door.ask(listing.action, &with(listing, &[("MaxResults", wrong)])).await;
            answer.refused(400, "InvalidParameter");
        }
    }
}

/// Rows that come and go between two pages by token shift nothing: what is there all the time is shown once.
#[tokio::test]
async fn api_12_rows_that_come_and_go_shift_no_page_by_token() {
    let door = seven().await;
    for listing in &BY_TOKEN[..2] {
        let all = door.ask(listing.action, &with(listing, &[("PageSize", "100")])).await.ok();
        let staying = ids(listing, &all);
        let (mut seen, mut token) = (Vec::new(), String::new());
        for round in 0.. {
            let page = with(listing, &[("MaxResults", "2"), ("NextToken", &token)]);
            let answer = door.ask(listing.action, &page).await.ok();
            seen.extend(ids(listing, &answer));
            token = answer["NextToken"].as_str().unwrap().to_owned();
            if token.is_empty() {
                break;
            }
            // A newer row of each listing comes, and one that was shown goes.
            let image = door.image(HERE, &format!("{}{round}", listing.action)).await;
            let run = [("RegionId", HERE), ("ImageId", image.as_str())];
            door.ask("RunInstances", &run).await.ok();
            if listing.action == "DescribeInstances" {
                let shown = seen.last().unwrap();
                door.ask("DeleteInstance", &[("InstanceId", shown)]).await.ok();
            }
            door.world.clock.advance_ms(1);
        }
        assert_eq!(seen, staying, "{}", listing.action);
    }
}
