//! `tencentcloud_cvm_image_share_permission`, and the data source of the same name.

use serde_json::{Value, json};

use crate::cvm::Place;
use crate::provider::tencent::{HERE, Scenario};
use crate::provider::workspace::Workspace;
use crate::workspace::open;

const SHARED: &str = "tencentcloud_cvm_image_share_permission";

fn shared(image: &str, accounts: &[&str]) -> String {
    format!(
        r#"resource "{SHARED}" "web" {{
  image_id    = "{image}"
  account_ids = {}
}}
"#,
        json!(accounts)
    )
}

/// The accounts that may use the source, as a direct call tells them.
fn may_use(work: &Workspace<Scenario>) -> Vec<Value> {
    let body = json!({"ImageId": work.scene.id("source")});
    let place = Place("cvm", HERE);
    let answer = work.scene.cvm().good(place, "DescribeImageSharePermission", &body);
    let list = answer["SharePermissionSet"].as_array().expect("always a list");
    list.iter().map(|entry| entry["AccountId"].clone()).collect()
}

/// An image is shared with one account, then with another instead, is imported, and is nobody else's in the end.
#[test]
fn an_image_is_shared_with_the_accounts_that_are_named_and_with_no_other() {
    let Some(work) = open(Scenario::Sharing) else { return };
    let source = work.scene.id("source").to_owned();
    let (one, other) = (work.scene.id("one account"), work.scene.id("other account"));
    let question = format!(
        "data \"{SHARED}\" \"web\" {{\n  image_id = \"{source}\"\n  depends_on = [{SHARED}.web]\n}}\n"
    );
    work.write("main.tf", &(shared(&source, &[one]) + &question));
    work.apply();
    work.plan_is_empty();
    assert_eq!(may_use(&work), [json!(one)]);
    let found = work.state_of("data", SHARED, "web")["share_permission_set"].clone();
    assert_eq!(found[0]["account_id"], one, "{found}");

    work.write("main.tf", &shared(&source, &[one, other]));
    let told = work.apply();
    assert!(told.contains("0 added, 1 changed, 0 destroyed"), "{told}");
    assert_eq!(may_use(&work).len(), 2);
    work.write("main.tf", &shared(&source, &[other]));
    work.apply();
    work.plan_is_empty();
    assert_eq!(may_use(&work), [json!(other)]);

    work.must(&format!("state rm -no-color {SHARED}.web"));
    work.must(&format!("import -input=false -no-color {SHARED}.web {source}"));
    work.plan_is_empty();

    // An account that is none is refused, and nobody's share changes.
    work.write("main.tf", &shared(&source, &[other, "1000000000000001"]));
    work.apply_fails(&["InvalidAccountId.NotFound", "1000000000000001"]);
    assert_eq!(may_use(&work), [json!(other)]);

    work.write("main.tf", &shared(&source, &[other]));
    work.destroy();
    assert!(may_use(&work).is_empty());
    work.close();
}
