//! The description of the API is checked in, complete, and every operation in it has a test.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;

use crate::world::{Door, answer};

/// Each operation and the test of it. A new operation fails `every_operation_has_a_test` until it stands here.
const TESTED: &[(&str, &str, &str)] = &[
    ("list_regions", "records", "regions_are_listed_and_shown"),
    ("show_region", "records", "regions_are_listed_and_shown"),
    ("list_images", "listings", "pages_show_every_image_once_newest_first"),
    ("show_image", "records", "an_image_looks_like_this"),
    ("edit_image", "records", "an_image_is_edited_and_deleted"),
    ("delete_image", "records", "an_image_is_edited_and_deleted"),
    (
        "cancel_image",
        "copies",
        "r000_10_a_cancelled_copy_leaves_nothing_and_a_finished_one_cannot_be_cancelled",
    ),
    ("verify_image", "imports", "an_image_is_imported_shown_verified_and_read_back"),
    ("copy_image", "copies", "a_copy_is_promised_seen_and_ends_in_an_identical_image"),
    ("begin_import", "imports", "an_image_is_imported_shown_verified_and_read_back"),
    ("import_missing", "imports", "an_image_is_imported_shown_verified_and_read_back"),
    ("import_frames", "imports", "an_image_is_imported_shown_verified_and_read_back"),
    ("finish_import", "imports", "an_image_is_imported_shown_verified_and_read_back"),
    ("list_copies", "copies", "a_copy_is_promised_seen_and_ends_in_an_identical_image"),
    ("show_copy", "copies", "a_copy_is_promised_seen_and_ends_in_an_identical_image"),
    ("retry_copy", "peers", "a_copy_whose_source_is_away_waits_and_can_be_hurried"),
    ("show_copy_rates", "peers", "a_copy_whose_source_is_away_waits_and_can_be_hurried"),
    ("list_copy_attempts", "peers", "a_copy_whose_source_is_away_waits_and_can_be_hurried"),
    ("watch_copy", "copies", "progress_comes_as_events_until_the_copy_is_settled"),
    ("list_snapshots", "listings", "r000_13_snapshots_are_listed_by_origin_and_image"),
    ("show_snapshot", "listings", "r000_13_snapshots_are_listed_by_origin_and_image"),
    ("delete_snapshot", "listings", "r000_13_snapshots_are_listed_by_origin_and_image"),
    ("create_image", "snapshots", "an_image_is_made_of_snapshots_at_the_door"),
    ("copy_snapshot", "snapshots", "a_snapshot_is_copied_cancelled_and_deleted_at_the_door"),
    ("read_snapshot", "imports", "an_image_is_imported_shown_verified_and_read_back"),
    ("list_quotas", "records", "api_18_quotas_are_shown_set_and_kept"),
    ("set_quota", "records", "api_18_quotas_are_shown_set_and_kept"),
    ("list_instances", "records", "r004_10_instances_use_images_until_they_are_deleted"),
    ("create_instance", "records", "r004_10_instances_use_images_until_they_are_deleted"),
    ("show_instance", "records", "r004_10_instances_use_images_until_they_are_deleted"),
    ("delete_instance", "records", "r004_10_instances_use_images_until_they_are_deleted"),
    ("change_instance_image", "records", "r004_10_instances_use_images_until_they_are_deleted"),
    ("list_keys", "records", "keys_are_made_shown_once_used_and_deleted"),
    ("create_key", "records", "keys_are_made_shown_once_used_and_deleted"),
    ("delete_key", "records", "keys_are_made_shown_once_used_and_deleted"),
    ("create_sign_in_link", "accounts", "a_link_into_the_console_is_made_and_signs_in_once"),
    ("copy_images", "tickets", "r002_1_several_images_are_copied_in_one_request"),
    ("open_ticket", "tickets", "r000_7_a_ticket_is_opened_approved_and_used"),
    ("list_tickets", "tickets", "r000_7_a_ticket_is_opened_approved_and_used"),
    ("show_ticket", "tickets", "r000_7_a_ticket_is_opened_approved_and_used"),
    ("approve_ticket", "tickets", "r000_7_a_ticket_is_opened_approved_and_used"),
    ("refuse_ticket", "tickets", "r000_7_a_ticket_is_refused_with_an_answer"),
    ("list_shares", "sharing", "r001_8_an_image_is_shared_seen_and_taken_back"),
    ("share_image", "sharing", "r001_8_an_image_is_shared_seen_and_taken_back"),
    ("unshare_image", "sharing", "r001_8_an_image_is_shared_seen_and_taken_back"),
    ("publish_image", "sharing", "r001_2_an_image_is_published_and_taken_back"),
    ("unpublish_image", "sharing", "r001_2_an_image_is_published_and_taken_back"),
    ("register_local_image", "sharing", "r002_4_a_local_file_is_registered_and_converted"),
    ("convert_image", "sharing", "r002_4_a_local_file_is_registered_and_converted"),
    ("list_accounts", "accounts", "accounts_are_made_listed_disabled_and_enabled"),
    ("create_account", "accounts", "accounts_are_made_listed_disabled_and_enabled"),
    ("show_account", "accounts", "accounts_are_made_listed_disabled_and_enabled"),
    ("disable_account", "accounts", "accounts_are_made_listed_disabled_and_enabled"),
    ("enable_account", "accounts", "accounts_are_made_listed_disabled_and_enabled"),
    ("list_users", "accounts", "users_are_made_given_roles_disabled_and_deleted"),
    ("create_user", "accounts", "users_are_made_given_roles_disabled_and_deleted"),
    ("show_user", "accounts", "users_are_made_given_roles_disabled_and_deleted"),
    ("set_user_role", "accounts", "users_are_made_given_roles_disabled_and_deleted"),
    ("disable_user", "accounts", "users_are_made_given_roles_disabled_and_deleted"),
    ("enable_user", "accounts", "users_are_made_given_roles_disabled_and_deleted"),
    ("delete_user", "accounts", "users_are_made_given_roles_disabled_and_deleted"),
    ("disable_key", "accounts", "a_key_is_rotated_without_a_gap"),
    ("enable_key", "accounts", "a_key_is_rotated_without_a_gap"),
    ("list_audit", "accounts", "the_trails_tell_who_did_what_and_are_checked"),
    ("verify_audit", "accounts", "the_trails_tell_who_did_what_and_are_checked"),
    ("list_accounts_audit", "accounts", "the_trails_tell_who_did_what_and_are_checked"),
    ("verify_accounts_audit", "accounts", "the_trails_tell_who_did_what_and_are_checked"),
    (
        "list_encryption_keys",
        "encryption",
        "r004_8_a_key_is_made_used_switched_off_and_on_and_deleted",
    ),
    (
        "create_encryption_key",
        "encryption",
        "r004_8_a_key_is_made_used_switched_off_and_on_and_deleted",
    ),
    (
        "show_encryption_key",
        "encryption",
        "r004_8_a_key_is_made_used_switched_off_and_on_and_deleted",
    ),
    (
        "delete_encryption_key",
        "encryption",
        "r004_8_a_key_is_made_used_switched_off_and_on_and_deleted",
    ),
    (
        "disable_encryption_key",
        "encryption",
        "r004_8_a_key_is_made_used_switched_off_and_on_and_deleted",
    ),
    (
        "enable_encryption_key",
        "encryption",
        "r004_8_a_key_is_made_used_switched_off_and_on_and_deleted",
    ),
    (
        "rotate_encryption_key",
        "encryption",
        "r004_8_a_key_is_made_used_switched_off_and_on_and_deleted",
    ),
    (
        "name_snapshot_chunks",
        "encryption",
        "r004_8_a_key_is_made_used_switched_off_and_on_and_deleted",
    ),
    ("show_usage", "usage", "r000_4_r001_5_r003_3_a_bill_tells_quantity_rate_and_amount"),
    ("list_rates", "usage", "r000_4_r001_5_r003_3_a_bill_tells_quantity_rate_and_amount"),
    ("set_rate", "usage", "r000_4_r001_5_r003_3_a_bill_tells_quantity_rate_and_amount"),
    ("list_links", "usage", "r001_10_r002_2_r003_5_queues_estimates_and_figures"),
    ("set_link", "links", "a_link_is_limited_paused_and_resumed_at_the_door"),
    ("import_objects", "tasks", "an_image_is_exported_imported_and_its_tasks_are_listed"),
    ("export_image_to_objects", "tasks", "an_image_is_exported_imported_and_its_tasks_are_listed"),
    ("list_tasks", "tasks", "an_image_is_exported_imported_and_its_tasks_are_listed"),
    ("show_task", "tasks", "an_image_is_exported_imported_and_its_tasks_are_listed"),
    ("cancel_task", "tasks", "a_task_is_cancelled_and_its_image_is_gone"),
    ("openapi", "openapi", "every_operation_is_routed_and_asks_for_a_key"),
];

fn document() -> Value {
    serde_json::from_str(&api::openapi_json()).unwrap()
}

/// Operation ids with their method and path.
fn operations(document: &Value) -> BTreeMap<String, (Method, String)> {
    let mut all = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            let method = method.to_uppercase().parse().unwrap();
            assert!(all.insert(id.clone(), (method, path.clone())).is_none(), "{id} twice");
        }
    }
    all
}

#[test]
fn every_operation_has_a_test() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doors");
    for (id, file, test) in TESTED {
        let source = std::fs::read_to_string(folder.join(format!("{file}.rs"))).unwrap();
        assert!(
            source.contains(&format!("fn {test}(")),
            "{id}: there is no test `{test}` in {file}.rs"
        );
    }
    let described: Vec<_> = operations(&document()).into_keys().collect();
    let mut tested: Vec<_> = TESTED.iter().map(|(id, _, _)| (*id).to_owned()).collect();
    tested.sort();
    assert_eq!(described, tested);
}

#[test]
fn the_checked_in_description_is_what_the_code_says() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == api::openapi_json(),
        "docs/openapi.json is old; run: cargo run -p ferry -- openapi > docs/openapi.json"
    );
}

#[test]
fn every_operation_is_described_in_full() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let named = |name: &str| {
                let parameters = operation["parameters"].as_array().unwrap();
                parameters
                    .iter()
                    .any(|parameter| parameter["name"] == name && parameter["in"] == "path")
            };
            let parts =
                path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
            assert!(
                parts.into_iter().all(named),
                "{method} {path} has parts without a description"
            );
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            assert_eq!(
                operation["responses"]["default"]["$ref"], "#/components/responses/Problem",
                "{method} {path}"
            );
            assert_eq!(
                operation["security"].is_array(),
                operation["operationId"] != "openapi",
                "{method} {path}"
            );
        }
    }
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap())
    {
        assert!(document.pointer(reference).is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test]
async fn every_operation_is_routed_and_asks_for_a_key() {
    let door = Door::open(["north"]).await;
    let served: Value = answer(door.http.get(door.url("/v1/openapi.json"))).await.ok(200);
    assert_eq!(served, document());
    for (id, (method, path)) in operations(&served) {
        let answer =
            answer(door.http.request(method, door.url(&path.replace(['{', '}'], "x")))).await;
        let wanted = if id == "openapi" { 200 } else { 401 };
        assert_eq!(answer.status.as_u16(), wanted, "{id}: {}", answer.text());
    }
}
