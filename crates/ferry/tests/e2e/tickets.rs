//! Tickets through the whole program: what needs one, who answers, and that an approval is used once.

use crate::world::{Home, disks};

const BORDERED: &str = r#"
listen = "127.0.0.1:0"
data = "data"
[[regions]]
name = "north"
[[regions]]
name = "south"
[[regions]]
name = "west"
zone = "abroad"
[profile.native]
border = "needs_approval"
images_at_once = 2
"#;

/// R003-2, R000-7: inside a zone free; across the border a ticket is needed, opened, approved, used once, and shown.
#[test]
fn r003_2_a_copy_across_the_border_runs_on_an_approval() {
    let home = Home::new();
    std::fs::write(home.path("ferry.toml"), BORDERED).unwrap();
    let _serve = home.serve_with("serve --config ferry.toml", &[]);
    disks::noise(&home.path("disk.raw"), 1, 1);
    let image = home.good("image import disk.raw --name web --region north -o id");
    home.good("image copy web --from north --to south --wait");
    let needed = home.ferry("image copy web --from north --to west").ended(5);
    let needed = needed.said(&["`default`", "`abroad`"]);
    // What the refusal says can be typed, with a reason and the region.
    let open = format!("ticket open {image} --to west");
    assert!(needed.err.contains(&format!("ferry {open}")), "{}", needed.err);
    let ticket = home.good(&format!("{open} --why moving --from north -o id"));
    home.ferry("image copy web --from north --to west").ended(5).said(&[&ticket]);
    let listed = home.json("ticket list --all --state open --region north");
    assert_eq!(listed[0]["id"], ticket.as_str());
    home.ferry(&format!("ticket approve {ticket} --until 91")).ended(2).said(&["until"]);
    home.good(&format!("ticket approve {ticket} --until 7 --answer go"));
    home.ferry(&format!("ticket refuse {ticket} --answer no")).ended(5).said(&["approved"]);
    home.good("image copy web --from north --to west --wait");
    home.ferry("image copy web --from north --to west").ended(5).said(&[&ticket, "used by"]);
    let shown = home.json(&format!("ticket show {ticket}"));
    assert_eq!((&shown["state"], &shown["answer"]), (&"approved".into(), &"go".into()));
    assert!(shown["targets"][0]["copy"].as_str().unwrap().starts_with("copy-"));
    home.ferry("ticket show ticket-zzzzzzzzzzzzzzzzzzzz").ended(4);
}

/// R002-1, R003-7: several images in one command; one too many is refused whole, one of them refused is partly done.
#[test]
fn r002_1_several_images_are_copied_by_one_command() {
    let home = Home::new();
    std::fs::write(home.path("ferry.toml"), BORDERED).unwrap();
    let _serve = home.serve_with("serve --config ferry.toml", &[]);
    for (n, name) in [(1, "web"), (2, "db"), (3, "cache")] {
        disks::noise(&home.path(name), 1, n);
        home.good(&format!("image import {name} --name {name} --region north --format raw"));
    }
    let many = "image copy web db cache --from north --to south";
    home.ferry(many).ended(5).said(&["more than 2 images"]);
    assert_eq!(home.good("image list --region south -o id"), "");
    let both = home.json("image copy web db --from north --to south --wait");
    assert_eq!((&both[0]["status"], &both[1]["status"]), (&"done".into(), &"done".into()));
    let ticket = home.good("ticket open web --to west --why moving --from north -o id");
    home.good(&format!("ticket approve {ticket} --until 1"));
    let some = home.ferry("image copy web db --from north --to west --wait -o json").ended(3);
    let rows: serde_json::Value = serde_json::from_str(&some.out).unwrap();
    assert_eq!(rows[0]["status"], "done");
    assert_eq!(rows[1]["problem"]["code"], "ticket_needed");
}

/// R002-1, R002-5: with `--together` all copies are promised or none, of one image too; a token gives the first answer again.
#[test]
fn r002_1_copies_are_promised_together_or_not_at_all() {
    let home = Home::new();
    std::fs::write(home.path("ferry.toml"), BORDERED).unwrap();
    let _serve = home.serve_with("serve --config ferry.toml", &[]);
    for (n, name) in [(1, "web"), (2, "db")] {
        disks::noise(&home.path(name), 1, n);
        home.good(&format!("image import {name} --name {name} --region north --format raw"));
    }
    let one = "image copy web --from north --to south,west --together";
    home.ferry(one).ended(5).said(&["crosses the border"]);
    home.good("quota set image 1 --region south");
    let both = "image copy web db --from north --to south --together --token once -o id";
    home.ferry(both).ended(5).said(&["image quota"]);
    assert_eq!(home.good("image list --region south -o id"), "");
    assert_eq!(home.json("copy list --region south"), serde_json::json!([]));
    home.good("quota set image 2 --region south");
    let made = home.good(&format!("{both} --wait"));
    assert_eq!(home.good(both), made);
    assert_eq!(home.good("image list --region south -o id").lines().count(), 2);
    home.ferry(&format!("{one} --dry-run")).ended(2);
}
