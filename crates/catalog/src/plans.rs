//! How the database answers: by index, in order, never by reading a whole table to find or sort a page.

use crate::statement::query;

use crate::snapshot_search;
use crate::tag_search::Which;
use crate::{access_key, account_name, account_number, accounts, export_trace, family, user};
use crate::{
    audit, copy, copy_batch, copy_claim, copy_history, hold, image, image_disk, import, instance,
    link_setting, sample, snapshot,
};
use crate::{
    image_search, queue, queue_place, rate, share, storage_span, tag_search, tags, task, ticket,
    token, traffic, tx::Tx, visible,
};

pub(crate) async fn plan(tx: &mut Tx, sql: &str) -> Vec<String> {
    let explain = format!("EXPLAIN QUERY PLAN {sql}");
    let rows = tx.all("explain", query(explain).once()).await.unwrap();
    rows.iter().map(|row| row.get("detail").unwrap()).collect()
}

fn sorts(step: &str) -> bool {
    step.contains("TEMP B-TREE")
}

fn reads_all(step: &str) -> bool {
    // `json_each` under whatever name: what the caller gave.
    let of_parameter = step.contains("VIRTUAL TABLE");
    step.starts_with("SCAN") && !of_parameter
}

/// Every question whose answer may be long, or is asked often.
const LISTINGS: &[&str] = &[
    image::LIST,
    image::LIST_BY_STATUS,
    image::LIST_BY_NAME,
    image::NAMESAKE,
    image::LED_BY,
    image_disk::OF_IMAGES,
    image_disk::PLACES_OF_IMAGES,
    image_search::PLACES_OF_ACCOUNT,
    tags::statements(model::TaggedKind::Image).of_several,
    tags::statements(model::TaggedKind::Snapshot).of_several,
    tags::statements(model::TaggedKind::Instance).of_several,
    snapshot_search::SEARCH,
    image_disk::USER,
    snapshot::OF_IMAGE,
    snapshot::ALL_ROOTS,
    snapshot::CONTENTS_HERE,
    copy::LIST,
    copy::LIST_LIVE,
    copy::LIST_ENDED,
    copy::OF_IMAGE,
    copy::OF_IMAGES,
    copy::RUNNING,
    copy::COUNT_LIVE,
    copy_batch::MEMBERS,
    copy_batch::FORGET_WITHDRAWN,
    copy_claim::LEASED,
    copy_claim::PRESSED,
    copy_claim::CLAIM,
    queue::PROMISED,
    copy_history::SAMPLES,
    copy_history::LAST_SAMPLES,
    copy_history::ATTEMPTS,
    export_trace::INTO,
    export_trace::OF_TASK,
    family::NEWEST,
    hold::OF_IMAGE,
    hold::OF_IMAGES,
    instance::LIST,
    instance::SEARCH,
    instance::COUNT_FOUND,
    instance::COUNT_OF,
    instance::COUNT_OF_IMAGES,
    link_setting::ONE,
    import::CONVERSION,
    import::CONVERSIONS,
    import::OF_IMAGES,
    share::OF_IMAGE,
    share::COUNT_OF,
    share::COUNT_OF_IMAGES,
    visible::VISIBLE,
    visible::READABLE,
    visible::SHARED,
    visible::PUBLISHED,
    ticket::LIST,
    ticket::LIST_OF_ACCOUNT,
    ticket::LIST_BY_STATE,
    ticket::LIST_OF_ACCOUNT_BY_STATE,
    ticket::COVERING,
    ticket::TARGETS,
    ticket::OF_COPY,
    ticket::SPENT,
    token::FIND_OLD,
    task::SEARCH,
    task::COUNT,
    task::EXPORT_OF,
    task::EXPORTS_OF,
    task::IMPORT_OF,
    task::OBJECTS,
    task::OBJECTS_OF,
    traffic::BY_LINK,
    storage_span::ENDED,
    storage_span::LASTING,
    queue::OF_ACCOUNT,
    audit::LIST,
    audit::LIST_OF_ACCOUNT,
    audit::LIST_OF_SUBJECT,
    audit::LIST_OF_BOTH,
    audit::WALK,
];

#[tokio::test]
async fn no_listing_scans_a_table_or_sorts() {
    let (_folder, catalog) = sample::catalog().await;
    let mut tx = catalog.begin().await.unwrap();
    for sql in LISTINGS {
        let steps = plan(&mut tx, sql).await;
        assert!(!steps.iter().any(|step| sorts(step) || reads_all(step)), "{sql}\n{steps:#?}");
    }
    // Ids that the caller gave: few, looked up one by one, sorted here.
    for sql in [image::LIST_BY_IDS, image_disk::IMAGES_ON, image_disk::COPIES_OF] {
        let steps = plan(&mut tx, sql).await;
        assert!(!steps.iter().any(|step| reads_all(step)), "{steps:#?}");
    }
}

/// A search begins at what is the account's own, and may sort that.
#[tokio::test]
async fn no_search_scans_a_table() {
    let (_folder, catalog) = sample::catalog().await;
    let mut tx = catalog.begin().await.unwrap();
    let of_tags = [Which::All, Which::Named].into_iter().flat_map(tag_search::statements);
    for sql in of_tags.chain([snapshot_search::COUNT]) {
        let steps = plan(&mut tx, sql).await;
        let is_of_rows = |step: &str| step.starts_with("SCAN (") || step.contains("VIRTUAL TABLE");
        let of_tables = |step: &&String| reads_all(step) && !is_of_rows(step);
        assert_eq!(steps.iter().find(of_tables), None, "{sql}\n{steps:#?}");
    }
}

/// An account with many instances waits no longer for a few that it names.
#[tokio::test]
async fn instances_that_are_named_are_found_by_their_ids() {
    let (_folder, catalog) = sample::catalog().await;
    let mut tx = catalog.begin().await.unwrap();
    for sql in [instance::SEARCH_NAMED, instance::COUNT_NAMED] {
        let steps = plan(&mut tx, sql).await;
        assert!(!steps.iter().any(|step| reads_all(step)), "{sql}\n{steps:#?}");
        let by_id = |step: &String| step == "SEARCH instance USING PRIMARY KEY (id=?)";
        assert!(steps.iter().any(by_id), "{sql}\n{steps:#?}");
    }
}

/// What is named is looked up by its id: an account with many things waits no longer for the tags of one.
#[tokio::test]
async fn tags_of_what_is_named_are_found_by_its_id() {
    let (_folder, catalog) = sample::catalog().await;
    let mut tx = catalog.begin().await.unwrap();
    for sql in tag_search::statements(Which::Named) {
        let steps = plan(&mut tx, sql).await;
        let of_things: Vec<_> = steps.iter().filter(|step| step.starts_with("SEARCH o ")).collect();
        assert!(!of_things.is_empty(), "{steps:#?}");
        assert!(of_things.iter().all(|step| step.contains("(id=?)")), "{sql}\n{steps:#?}");
    }
}

#[tokio::test]
async fn what_is_read_whole_is_read_in_order_and_nothing_else() {
    let (_folder, catalog) = sample::catalog().await;
    let mut tx = catalog.begin().await.unwrap();
    // Tasks that run, published and unwinding copies have an index of their own, and few are in it.
    let whole = [
        hold::LIST,
        import::LIST,
        task::LIVE_EXPORTS,
        export_trace::ENDED,
        copy::BY_STATE,
        copy::WITH_DIGESTS,
        copy_claim::FINISHING,
        rate::LIST,
        link_setting::LIST,
        queue::OF_ALL,
    ];
    for sql in whole {
        let steps = plan(&mut tx, sql).await;
        assert!(!steps.iter().any(|step| sorts(step)), "{sql}\n{steps:#?}");
    }
    for sql in [traffic::ACCOUNTS, storage_span::ACCOUNTS] {
        let steps = plan(&mut tx, sql).await;
        let scans = |step: &&String| step.starts_with("SCAN") && !step.starts_with("SCAN known");
        assert_eq!(steps.iter().filter(scans).count(), 0, "{sql}\n{steps:#?}");
    }
    for sql in [copy::BY_STATE, copy_claim::LEASED] {
        let steps = plan(&mut tx, sql).await;
        assert!(steps.iter().all(|step| step.contains("COVERING INDEX")), "{sql}\n{steps:#?}");
    }
    // A claim, and a place in the queue, look only at live copies, and at no row of theirs: what they need is in the index.
    for (sql, table) in [
        (queue_place::QUEUE_PLACE, " ahead "),
        (queue_place::QUEUE_PLACES, " copy "),
        (queue::DEPTHS, " copy "),
        (queue::DEPTHS_OF_ACCOUNT, " copy "),
        (queue::ACCEPTED_BEFORE, " copy "),
        (queue::COUNT_ACCEPTED_BEFORE, " copy "),
    ] {
        let steps = plan(&mut tx, sql).await;
        let of_copies: Vec<_> = steps.iter().filter(|step| step.contains(table)).collect();
        assert!(!of_copies.is_empty(), "{steps:#?}");
        assert!(of_copies.iter().all(|step| step.contains("COVERING INDEX copy_l")), "{steps:#?}");
    }
    let steps = plan(&mut tx, queue_place::QUEUE_PLACE).await;
    assert!(steps.iter().any(|step| step.contains("(account=?")), "{steps:#?}");
}

/// A claim reads the first copies of each account, link and priority, in order, and steps over the others: a long queue costs no
/// more than a short one.
#[tokio::test]
async fn a_claim_steps_over_copies_that_it_cannot_take() {
    let (_folder, catalog) = sample::catalog().await;
    let mut tx = catalog.begin().await.unwrap();
    let steps = plan(&mut tx, copy_claim::DUE).await;
    assert!(!steps.iter().any(|step| sorts(step)), "{steps:#?}");
    for step in steps.iter().filter(|step| step.contains("copy_due")) {
        assert!(step.contains("COVERING INDEX copy_due"), "{steps:#?}");
    }
    let of_kind =
        "SEARCH x USING COVERING INDEX copy_due (account=? AND source_region=? AND priority=?)";
    assert!(steps.iter().any(|step| step.starts_with(of_kind)), "{steps:#?}");
    for step in [
        "SEARCH n USING COVERING INDEX copy_due (account=? AND source_region=? AND priority>?)",
        "SEARCH n USING COVERING INDEX copy_due (account=? AND source_region>?)",
        "SEARCH n USING COVERING INDEX copy_due (account>?)",
    ] {
        assert!(steps.iter().any(|found| found == step), "{step}\n{steps:#?}");
    }
    // The first of all; every other look at copies is by its key.
    let scans: Vec<_> = steps.iter().filter(|step| step.starts_with("SCAN ")).collect();
    let is_meant = |step: &&&String| {
        ["SCAN head", "SCAN CONSTANT ROW", "SCAN n USING COVERING INDEX copy_due"]
            .contains(&step.as_str())
            || step.contains("VIRTUAL TABLE")
    };
    assert!(scans.iter().all(|step| is_meant(&step)), "{steps:#?}");
    for (sql, index) in
        [(copy_claim::PROMISED, "copy_promised"), (copy_claim::STORED, "copy_by_state")]
    {
        let steps = plan(&mut tx, sql).await;
        assert!(steps.iter().any(|step| step.contains(index)), "{sql}\n{steps:#?}");
    }
}

#[tokio::test]
async fn accounts_are_found_and_listed_by_index() {
    let (_folder, catalog) = accounts::tests::accounts().await;
    let mut tx = catalog.begin().await.unwrap();
    for sql in [
        accounts::LIST,
        account_name::NAMED,
        account_name::NAMES,
        account_number::NUMBERED,
        account_number::NUMBERS,
        user::LIST,
        access_key::LIST,
        access_key::SIGN_IN,
        audit::LIST,
        audit::LIST_OF_ACCOUNT,
        audit::LIST_OF_SUBJECT,
        audit::LIST_OF_BOTH,
        audit::WALK,
    ] {
        let steps = plan(&mut tx, sql).await;
        assert!(!steps.iter().any(|step| sorts(step) || reads_all(step)), "{sql}\n{steps:#?}");
    }
    // Admins are few, and have an index of their own.
    let steps = plan(&mut tx, access_key::ADMIN_KEYS).await;
    let whole: Vec<_> = steps.iter().filter(|step| step.starts_with("SCAN")).collect();
    assert!(whole.iter().all(|step| step.contains("INDEX user_admin")), "{steps:#?}");
}
