//! `describeImages`, `describeImage`: what is seen, found and told.

use model::rules::Offer;
use serde_json::{Value, json};

use crate::door::{Door, HERE, THERE, text};
use crate::story::{copied, encrypted_there, failed_copy, image, images, images_as};

/// Contract 4: a source or ids, a page within its bounds (api-12), and words that are known.
#[tokio::test]
async fn api_12_questions_without_an_answer_are_refused() {
    let door = Door::open().await;
    let missing = door.get(HERE, "/images", &[]).await.refused(400, "FAILED_PRECONDITION");
    assert_eq!(missing, "Parameter ImageSource missing");
    let private = ("imageSource", "private");
    for size in ["9", "101", "0", "-1", "2147483648"] {
        let answer = door.get(HERE, "/images", &[private, ("pageSize", size)]).await;
        assert_eq!(answer.refused(400, "OUT_OF_RANGE"), "PageSize out of range", "{size}");
    }
    for (name, value) in [
        ("imageSource", "mine"),
        ("status", "available"),
        ("rootDeviceType", "disk"),
        ("launchPermission", "some"),
        ("architecture", "mips"),
        ("bootMode", "UEFI"),
        ("offline", "maybe"),
        ("pageSize", "ten"),
    ] {
        let mut query = vec![(name, value)];
        if name != "imageSource" {
            query.push(private);
        }
        let words = door.get(HERE, "/images", &query).await.refused(400, "INVALID_ARGUMENT");
        assert!(words.contains(&format!("'{name}'")), "{words}");
    }
    let names: Vec<String> = (1..=101).map(|n| format!("ids.{n}")).collect();
    let ids: Vec<String> = (1..=101).map(|n| format!("img-{n:010}")).collect();
    let many: Vec<(&str, &str)> =
        names.iter().zip(&ids).map(|(name, id)| (name.as_str(), id.as_str())).collect();
    let words = door.get(HERE, "/images", &many).await.refused(400, "OUT_OF_RANGE");
    assert_eq!(words, "Ids out of range");
    assert!(images(&door, HERE, &many[..100]).await.is_empty());
}

#[tokio::test]
async fn every_filter_finds_what_it_says() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    door.world.clock.advance_ms(1_000);
    let db = door.image(HERE, "db-web_2").await;
    let both = vec![db.clone(), web.clone()];
    assert_eq!(images(&door, HERE, &[]).await, both, "newest first");
    let (here, name) = (door.world.region(HERE), model::Name::new("machine").unwrap());
    let id = door.ours(HERE, &web).await;
    let instance = here.create_instance(&door.world.caller, name, &id).await.unwrap().id;
    let instance = instance.as_str();
    for (name, value, found) in [
        ("imageName", "web", &both[..]),
        ("imageName", "b-w", &both[..1]),
        ("imageName", "*", &[]),
        ("platform", "Debian", &both),
        ("platform", "CentOS", &[]),
        ("platform", "*", &[]),
        ("platform", "De*bian", &[]),
        ("platform", "Other Linux", &[]),
        ("architecture", "arm64", &both),
        ("architecture", "x86_64", &[]),
        ("bootMode", "uefi", &both),
        ("bootMode", "bios", &[]),
        ("rootDeviceType", "cloudDisk", &both),
        ("rootDeviceType", "localDisk", &[]),
        ("status", "ready", &both),
        ("status", "pending", &[]),
        ("status", "error", &[]),
        ("status", "deleting", &[]),
        ("launchPermission", "ownerOnly", &both),
        ("launchPermission", "specifiedUsers", &[]),
        ("launchPermission", "all", &[]),
        ("serviceCode", "any", &[]),
        ("offline", "True", &both),
        ("offline", "False", &both),
        ("instanceIds.1", instance, &both[1..]),
        ("instanceIds.1", "i-zzzzzzzzzzzzzzzzzzzz", &[]),
        ("instanceIds.1", "nothing", &[]),
        ("ids.1", web.as_str(), &both[1..]),
        ("ids.1", "img-zzzzzzzzzz", &[]),
        ("ids.1", "'; drop table image; --", &[]),
    ] {
        let query = [("imageSource", "private"), (name, value)];
        assert_eq!(images(&door, HERE, &query).await, found, "{name}={value}");
    }
    let all = [("ids.1", web.as_str()), ("ids.2", db.as_str()), ("instanceIds.1", instance)];
    assert_eq!(images(&door, HERE, &all).await, [web.as_str()]);
    let other = [("ids.1", db.as_str()), ("instanceIds.1", instance)];
    assert!(images(&door, HERE, &other).await.is_empty(), "all conditions at once");
    let second = [("pageNumber", "2"), ("pageSize", "10")];
    assert!(images(&door, HERE, &second).await.is_empty());
}

/// Whose images are seen as what: by their owner, by those they are shared with, by everyone.
#[tokio::test]
async fn each_source_has_its_own_images() {
    let door = Door::open().await;
    let (here, caller) = (door.world.region(HERE), &door.world.caller);
    let (own, shared) = (door.image(HERE, "own").await, door.image(HERE, "shared").await);
    let (public, market) = (door.image(HERE, "public").await, door.image(HERE, "market").await);
    let id = async |image: &str| door.ours(HERE, image).await;
    let stranger = door.world.stranger().account;
    here.share_image(caller, &id(&shared).await, vec![stranger]).await.unwrap();
    here.publish_image(caller, &id(&public).await, Offer::Public).await.unwrap();
    here.publish_image(caller, &id(&market).await, Offer::Marketplace).await.unwrap();
    let theirs = async |source: &str| {
        images_as(&door, &door.stranger, HERE, &[("imageSource", source)]).await
    };
    assert!(theirs("private").await.is_empty());
    assert_eq!(theirs("shared").await, [shared.as_str()]);
    assert_eq!(theirs("public").await, [public.as_str()]);
    assert_eq!(theirs("thirdparty").await, [market.as_str()]);
    assert!(theirs("community").await.is_empty());
    assert_eq!(images(&door, HERE, &[]).await.len(), 4, "what it published stays its own");
    for (permission, found) in [("ownerOnly", vec![&own]), ("specifiedUsers", vec![&shared])] {
        let query = [("launchPermission", permission)];
        assert_eq!(images(&door, HERE, &query).await.iter().collect::<Vec<_>>(), found);
    }
    assert_eq!(images(&door, HERE, &[("launchPermission", "all")]).await.len(), 2);
    let seen =
        [("ids.1", own.as_str()), ("ids.2", &shared), ("ids.3", &public), ("ids.4", &market)];
    assert_eq!(images_as(&door, &door.stranger, HERE, &seen).await.len(), 3, "not the private one");
    let number = door.number(caller).await;
    for (image, source, permission) in [
        (&shared, "shared", "specifiedUsers"),
        (&public, "public", "all"),
        (&market, "thirdparty", "all"),
    ] {
        let path = format!("/images/{image}");
        let shown = door.get_as(&door.stranger, HERE, &path, &[]).await.ok()["image"].clone();
        assert_eq!(shown["imageSource"], source);
        assert_eq!(shown["launchPermission"], permission);
        assert_eq!(
            (text(&shown, "ownerPin"), text(&shown, "loginName")),
            (number.clone(), "default".into())
        );
    }
}

/// api-11: what is another's, another region's or no id at all is absent, in the same words and with the id as it was asked for.
#[tokio::test]
async fn api_11_absent_and_foreign_images_look_alike() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let whole = door.ours(HERE, &web).await;
    let path = |id: &str| format!("/images/{id}");
    for (key, region, id) in [
        (&door.stranger, HERE, web.as_str()),
        (&door.key, THERE, web.as_str()),
        (&door.key, HERE, "img-zzzzzzzzzz"),
        (&door.key, HERE, "m-aaaaaaaaaaaaaaaaaaaa"),
        (&door.key, HERE, "IMG-ZZZZZZZZZZ"),
        (&door.key, HERE, "x' or '1'='1"),
        // Shorter than this door spells ids: the rest of its characters is not told to whoever guesses.
        (&door.stranger, HERE, &web[..12]),
        (&door.key, HERE, &web[..12]),
    ] {
        let message = door.get_as(key, region, &path(id), &[]).await.refused(404, "NOT_FOUND");
        assert_eq!(message, format!("Image '{id}' not found"));
    }
    assert_eq!(image(&door, HERE, whole.as_str()).await["imageId"], json!(web));
    let foreign = door.get_as(&door.stranger, HERE, &path(whole.as_str()), &[]).await;
    let absent = format!("{web}zzzzzzzzzz");
    let absent = door.get_as(&door.stranger, HERE, &path(&absent), &[]).await;
    assert_eq!(foreign.body["error"], absent.body["error"]);
}

/// Contract 2: each field has the type that the strict clients decode, whatever the image is.
#[tokio::test]
async fn every_field_has_its_type() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let sealed = encrypted_there(&door).await;
    let pending = copied(&door, &[&web], json!({})).await;
    let shown = [
        image(&door, HERE, &web).await,
        image(&door, THERE, &sealed).await,
        image(&door, THERE, &pending[0]).await,
    ];
    for image in &shown {
        let fields = image.as_object().unwrap();
        for (name, value) in fields {
            let fits = match name.as_str() {
                "systemDiskSizeGB" | "sizeMB" => value.is_u64(),
                "offline" | "imported" => value.is_boolean(),
                "systemDisk" | "chargeInfo" => value.is_object(),
                "dataDisks" => value.is_array(),
                _ => value.is_string(),
            };
            assert!(fits, "{name}: {value}");
        }
        assert_eq!(fields.len(), 27);
        let disk = &image["systemDisk"];
        assert!(disk["cloudDisk"]["diskSizeGB"].is_u64() && disk["autoDelete"].is_boolean());
        assert!(disk["cloudDisk"]["encrypted"].is_boolean());
        let created = text(image, "createTime");
        assert_eq!(created.len(), "2021-01-28 16:49:05".len(), "{created}");
        let progress: u8 = text(image, "progress").parse().unwrap();
        assert!(progress <= 100);
    }
    let encrypted = |image: &Value| image["systemDisk"]["cloudDisk"]["encrypted"].clone();
    assert_eq!(shown.each_ref().map(encrypted), [json!(false), json!(true), json!(false)]);
    assert_eq!(shown[2]["snapshotId"], "", "there is none yet");
}

/// R002-11: a copy that failed for good is `error`, and can be deleted.
#[tokio::test]
async fn r002_11_a_failed_copy_is_shown_as_such() {
    let door = Door::open().await;
    let web = door.image(HERE, "web").await;
    let made = failed_copy(&door, &web).await;
    let shown = image(&door, THERE, &made).await;
    assert_eq!((&shown["status"], &shown["progress"]), (&json!("error"), &json!("0")));
    assert_eq!(images(&door, THERE, &[("status", "error")]).await, [made.as_str()]);
    door.delete(THERE, &format!("/images/{made}")).await.ok();
    assert!(images(&door, THERE, &[]).await.is_empty());
}
