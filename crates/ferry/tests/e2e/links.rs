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

/// A day of the week that is neither today nor tomorrow, whatever today is, and the two that are.
#[expect(
    clippy::disallowed_methods,
    reason = "the service that is asked has the clock of its host"
)]
fn days() -> (&'static str, String) {
    let names = ["thu", "fri", "sat", "sun", "mon", "tue", "wed"];
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    // 1970 began on a Thursday.
    let today = usize::try_from(now.as_secs() / 86_400 % 7).unwrap();
    (names[(today + 3) % 7], format!("{},{}", names[today], names[(today + 1) % 7]))
}

/// The story of docs/links.md: a window that pauses the link holds a copy back until it is taken away; a deadline is promised or
/// refused with the earliest that can be; a priority is shown.
#[test]
fn a_link_has_windows_and_copies_have_deadlines_and_priorities() {
    let home = Home::new();
    std::fs::write(home.path("ferry.toml"), CONFIG).unwrap();
    let _serve = home.serve_with("serve --config ferry.toml", &[]);
    disks::noise(&home.path("disk.raw"), 8, 3);
    home.good("image import disk.raw --name web --region north");
    let (later, now) = days();
    let schedule = "link schedule --from north --to south";
    let set = |windows: &[&str]| {
        let mut words: Vec<&str> = schedule.split(' ').collect();
        windows.iter().for_each(|window| words.extend(["--window", window]));
        home.ended(home.command(&words), schedule).ended(0)
    };
    set(&[&format!("{later} 08:00-18:00 2MB"), &format!("{now} pause")]);
    let held = link(&home);
    assert_eq!(held["schedule"].as_array().unwrap().len(), 2, "{held}");
    assert_eq!(
        (&held["pause"], &held["usual_limit_bytes_per_sec"]),
        (&"paused".into(), &1_000_000.into())
    );
    assert!(held["until"].is_string() && held["next"].is_string(), "{held}");
    let refused = home.ferry("image copy web --from north --to south --deadline 30m").ended(5);
    refused.said(&["the earliest deadline that can be kept is"]);
    home.good("image copy web --from north --to south --priority high");
    let copy = home.json("copy list --region south")[0]["id"].as_str().unwrap().to_owned();
    let waits = until("it waits", || {
        Some(home.json(&format!("copy show {copy}"))).filter(|copy| copy["paused"] == true)
    });
    assert_eq!((&waits["priority"], &waits["paused_until"]), (&"high".into(), &held["until"]));
    home.good(&format!("{schedule} --clear"));
    home.good(&format!("copy watch {copy} --timeout 60s"));
    // Eight MiB of noise take eight seconds and more.
    disks::noise(&home.path("other.raw"), 8, 4);
    home.good("image import other.raw --name other --region north");
    let ask = "image copy other --from north --to south";
    let refused = home.ferry(&format!("{ask} --deadline 5s")).ended(5);
    refused.said(&["8", "the earliest deadline that can be kept is"]);
    home.ferry(&format!("{ask} --deadline 5s --dry-run")).ended(5);
    home.good(&format!("{ask} --deadline 60s --wait --timeout 60s"));
    let met = home.json("copy list --region south")[0].clone();
    assert_eq!(
        (&met["deadline_standing"], &met["progress"]),
        (&"met".into(), &100.into()),
        "{met}"
    );
    home.ferry(&format!("{schedule} --window nonsense")).ended(2).said(&["is not a window"]);
    home.ferry(&format!("{ask} --deadline 31d")).ended(2);
}
