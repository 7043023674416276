//! What was used, what it costs, and what a copy would cost.

use crate::world::{Home, disks};

/// R000-4, R001-5, R001-10, R002-2, R003-3: a bill of 0.00, dated rates, the queue, and an estimate.
#[test]
fn r000_4_r001_5_r001_10_r002_2_r003_3_usage_rates_queue_and_estimate() {
    let home = Home::new();
    let _serve = home.serve();
    disks::noise(&home.path("disk.raw"), 2, 1);
    home.good("image import disk.raw --name web --region cn-hangzhou");
    let table = home.good("image copy web --from cn-hangzhou --to cn-shanghai --dry-run");
    for word in ["size to send", "link speed", "queue", "snapshots", "0.00 USD"] {
        assert!(table.contains(word), "{word} is not in\n{table}");
    }
    let told = home.json("image copy web --from cn-hangzhou --to cn-shanghai --dry-run");
    let told = told[0]["bytes_to_send"].as_u64().unwrap();
    home.good("image copy web --from cn-hangzhou --to cn-shanghai --wait");
    let sent = home.json("copy list --region cn-shanghai")[0]["bytes_sent"].as_u64().unwrap();
    assert!(told.abs_diff(sent) * 10 <= sent, "told {told}, sent {sent}");

    let bill = home.json("usage");
    let traffic: Vec<_> =
        bill.as_array().unwrap().iter().filter(|line| line["rate"]["meter"] == "traffic").collect();
    assert_eq!(traffic.len(), 1, "{bill}");
    assert_eq!(traffic[0]["quantity"].as_u64(), Some(sent));
    assert_eq!(
        (&traffic[0]["amount"], &traffic[0]["region"]),
        (&"0.00".into(), &"cn-shanghai".into())
    );
    let table = home.good("usage --all --region cn-shanghai");
    assert!(table.contains("total 0.00 USD"), "{table}");
    assert_eq!(home.json("usage --month 1999-12"), serde_json::json!([]));

    home.good("rate set traffic 0.05 --from 2999-01-01 --region cn-shanghai");
    assert_eq!(home.json("rate list --region cn-shanghai")[0]["price"], "0.05");
    home.ferry("rate set traffic 0.05 --from 2020-01-01").ended(2).said(&["earliest"]);
    let links = home.json("region links --region cn-shanghai --all");
    assert_eq!(links.as_array().unwrap().len(), 2, "{links}");
    assert_eq!(links[0]["waiting"], 0);
}
