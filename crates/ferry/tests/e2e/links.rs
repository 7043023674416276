//! Links that operators limit and pause while copies run.

use serde_json::Value;

use crate::world::{Home, disks, until};

const CONFIG: &str = r#"
listen = "127.0.0.1:0"
data = "data"
[[regions]]
name = "north"
[[regions]]
name = "south"
[[links]]
source = "north"
target = "south"
bytes_per_sec = 1000000
"#;

fn link(home: &Home) -> Value {
    home.json("link list --region south")[0].clone()
}

/// R000-2 and promise 3: a link is paused in the middle of a copy and resumed after a restart; the copy goes on by itself and
/// is whole. What was set of the link at run time holds over the restart, whatever the configuration says.
#[test]
fn r000_2_promise_3_a_link_is_paused_restarted_and_resumed_and_the_copy_is_whole() {
    let home = Home::new();
    std::fs::write(home.path("ferry.toml"), CONFIG).unwrap();
    let serve = home.serve_with("serve --config ferry.toml", &[]);
    assert_eq!(link(&home)["limit_bytes_per_sec"], 1_000_000);
    disks::noise(&home.path("disk.raw"), 32, 3);
    home.good("image import disk.raw --name web --region north");
    let image = home.good("image copy web --from north --to south -o id");
    let copy = home.json("copy list --region south")[0]["id"].as_str().unwrap().to_owned();
    let seen = || home.json(&format!("copy show {copy}"));
    until("the copy moves", || (seen()["places_done"].as_u64()? > 0).then_some(()));
    home.good("link set --from north --to south --limit 2MB --copies 3");
    let said = home.good("link pause --from north --to south");
    assert!(said.contains("paused"), "{said}");
    let paused = until("the copy waits", || Some(seen()).filter(|copy| copy["paused"] == true));
    assert_eq!((&paused["phase"], &paused["attempts"]), (&"waiting".into(), &0.into()), "{paused}");
    for line in [format!("copy show {copy}"), "copy list --region south".to_owned()] {
        let table = home.good(&line);
        assert!(table.contains("waiting, link paused"), "{table}");
    }
    assert_eq!(serve.stop().code(), Some(0));

    let serve = home.serve_with("serve --config ferry.toml", &[]);
    let set = link(&home);
    assert_eq!((&set["pause"], &set["copies_at_once"]), (&"paused".into(), &3.into()), "{set}");
    assert_eq!(set["limit_bytes_per_sec"], 2_000_000, "{set}");
    let waits = seen();
    assert_eq!((&waits["paused"], &waits["places_done"]), (&true.into(), &paused["places_done"]));
    home.good("link set --from north --to south --limit none --copies none");
    home.good("link resume --from north --to south");
    home.good(&format!("copy watch {copy} --timeout 60s"));
    let done = seen();
    assert_eq!((&done["progress"], &done["attempts"]), (&100.into(), &0.into()), "{done}");
    let digest = |region: &str, image: &str| {
        home.json(&format!("image show {image} --region {region}"))["disks"][0]["digest"].clone()
    };
    assert_eq!(digest("north", "web"), digest("south", &image));
    home.good(&format!("image export {image} --region south out.raw"));
    assert!(disks::same(&home.path("disk.raw"), &home.path("out.raw")));
    assert_eq!(serve.stop().code(), Some(0));

    let _serve = home.serve_with("serve --config ferry.toml", &[]);
    let set = link(&home);
    assert_eq!((&set["limit_bytes_per_sec"], &set["pause"]), (&Value::Null, &"running".into()));
}

#[test]
fn what_is_no_link_or_no_limit_is_refused() {
    let home = Home::new();
    let _serve = home.serve();
    let set = "link set --from cn-shanghai --to cn-hangzhou";
    home.ferry(&format!("{set} --limit 1023")).ended(2).said(&["limit_bytes_per_sec", "1023"]);
    home.ferry(&format!("{set} --limit 0")).ended(2).said(&["limit_bytes_per_sec"]);
    home.ferry(&format!("{set} --copies 0")).ended(2).said(&["copies_at_once"]);
    home.ferry("link pause --from nowhere --to cn-hangzhou").ended(4).said(&["`nowhere`"]);
    assert_eq!(home.json("link list").as_array().unwrap().len(), 6);
}
