//! `shareImage`, `unShareImage`, `describeImageMembers`.

use model::rules::Offer;
use serde_json::{Value, json};

use crate::door::{Answer, Door, HERE, THERE, text};
use crate::story::{encrypted_there, image, images_as};

const ARGUMENT: &str = "INVALID_ARGUMENT";
const PRECONDITION: &str = "FAILED_PRECONDITION";

async fn share(door: &Door, id: &str, body: Value) -> Answer {
    door.post(HERE, &format!("/images/{id}:share"), body).await
}

async fn unshare(door: &Door, id: &str, body: Value) -> Answer {
    door.post(HERE, &format!("/images/{id}:unshare"), body).await
}

async fn members(door: &Door, id: &str) -> Value {
    door.get(HERE, &format!("/images/{id}/members"), &[]).await.ok()
}

/// By number or by name, either way; whom it is shared with is told by both.
#[tokio::test]
async fn images_are_shared_by_pins_and_by_login_names() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let pin = door.number(&door.world.stranger()).await;
    let seen = async || images_as(&door, &door.stranger, HERE, &[("imageSource", "shared")]).await;
    let (nobody, stranger) =
        (json!({"pins": [], "loginNames": []}), json!({"pins": [pin], "loginNames": ["stranger"]}));
    let lists = [
        json!({"pins": [pin], "loginNames": null}),
        json!({"pins": null, "loginNames": ["stranger"]}),
        json!({"pins": [pin, pin], "loginNames": ["stranger"]}),
    ];
    for list in &lists {
        assert_eq!(members(&door, &web).await, nobody);
        share(&door, &web, list.clone()).await.ok();
        share(&door, &web, list.clone()).await.ok();
        assert_eq!(members(&door, &web).await, stranger);
        assert_eq!(seen().await, [web.as_str()]);
        assert_eq!(image(&door, HERE, &web).await["launchPermission"], "specifiedUsers");
        unshare(&door, &web, list.clone()).await.ok();
        unshare(&door, &web, list.clone()).await.ok();
        assert!(seen().await.is_empty());
    }
    assert_eq!(image(&door, HERE, &web).await["launchPermission"], "ownerOnly");
}

/// All of them or none; each refusal in the contract's words.
#[tokio::test]
async fn accounts_that_are_none_are_named() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let stranger = door.number(&door.world.stranger()).await;
    let own = door.number(&door.world.caller).await;
    for (list, words) in [
        (json!({"pins": [stranger, "nobody"]}), "Invalid pin 'nobody'".to_owned()),
        (
            json!({"pins": [stranger, "1000000000000000"]}),
            "Pin '1000000000000000' not found".into(),
        ),
        (json!({"pins": [stranger, own]}), format!("Invalid pin '{own}'")),
        (json!({"pins": [stranger], "loginNames": ["default"]}), "Invalid pin 'default'".into()),
        (json!({"loginNames": ["stranger", "nobody"]}), "LoginName 'nobody' not found".into()),
        (json!({"loginNames": ["a b"]}), "LoginName 'a b' not found".into()),
        (json!({}), "Parameter pins、loginNames missing".into()),
        (json!({"pins": [], "loginNames": null}), "Parameter pins、loginNames missing".into()),
        (json!({"pins": stranger}), "Invalid parameter 'pins': it is not a list".into()),
        (json!({"pins": [5]}), "Invalid parameter 'pins': an element is not a text".into()),
    ] {
        assert_eq!(share(&door, &web, list).await.refused(400, ARGUMENT), words);
    }
    let many: Vec<String> = (0..21).map(|n| (1_000_000_000_000_000_u64 + n).to_string()).collect();
    let words = share(&door, &web, json!({"pins": many})).await.refused(400, "OUT_OF_RANGE");
    assert_eq!(words, "Pins out of range");
    assert_eq!(members(&door, &web).await, json!({"pins": [], "loginNames": []}));
}

/// api-11: another's image is nobody's, and says nothing of which accounts there are.
#[tokio::test]
async fn api_11_only_the_callers_own_images_are_shared() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let absent = format!("Image '{web}' not found");
    for verb in ["share", "unshare"] {
        for pins in [json!(["nobody"]), json!([door.number(&door.world.caller).await])] {
            let path = format!("/images/{web}:{verb}");
            let body = json!({"pins": pins});
            let foreign = door.post_as(&door.stranger, HERE, &path, body.clone()).await;
            assert_eq!(foreign.refused(404, "NOT_FOUND"), absent);
            door.post(THERE, &path, body).await.refused(404, "NOT_FOUND");
        }
    }
    let path = format!("/images/{web}/members");
    let foreign = door.get_as(&door.stranger, HERE, &path, &[]).await;
    assert_eq!(foreign.refused(404, "NOT_FOUND"), absent);
    // Those that it is shared with see it, and do not see with whom else.
    share(&door, &web, json!({"loginNames": ["stranger"]})).await.ok();
    let shared = door.get_as(&door.stranger, HERE, &path, &[]).await;
    assert_eq!(shared.refused(400, PRECONDITION), "Can't use this image");
}

#[tokio::test]
async fn images_that_are_not_shared_say_why() {
    let door = Door::open().await;
    let (here, caller) = (door.world.region(HERE), &door.world.caller);
    let web = door.image(HERE, "web").await;
    let id = door.ours(HERE, &web).await;
    let list = json!({"loginNames": ["stranger"]});
    here.publish_image(caller, &id, Offer::Public).await.unwrap();
    let words = share(&door, &web, list.clone()).await.refused(400, PRECONDITION);
    assert_eq!(words, "Community image can't be shared");
    let sealed = encrypted_there(&door).await;
    let snapshot = text(&image(&door, THERE, &sealed).await, "snapshotId");
    let answer = door.post(THERE, &format!("/images/{sealed}:share"), list).await;
    let words = format!("Share encrypted snapshot '{snapshot}' is not support.");
    assert_eq!(answer.refused(400, PRECONDITION), words);
}
