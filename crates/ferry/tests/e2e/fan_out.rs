//! One image to several regions, each a process of its own: what leaves the source is counted on its wire, and a relay dies.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::world::{Home, disks, until};

const TARGETS: [&str; 3] = ["east", "south", "west"];
/// The disk's size in MiB, of which no compressor takes anything away.
const MEBIBYTES: u64 = 48;
/// What a link from the source carries, in bytes a second.
const RATE: u64 = 4 << 20;

/// A wire to the source: passes bytes on, and counts those that leave it.
struct Wire {
    port: u16,
    left: Arc<AtomicU64>,
}

impl Wire {
    fn to(source: u16) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, left) = (listener.local_addr().unwrap().port(), Arc::<AtomicU64>::default());
        let count = Arc::clone(&left);
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                // The source may have ended.
                let Ok(far) = TcpStream::connect(("127.0.0.1", source)) else { continue };
                let (near_too, far_too) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                std::thread::spawn(move || pass(near_too, far_too, None));
                let count = Arc::clone(&count);
                std::thread::spawn(move || pass(far, near, Some(&count)));
            }
        });
        Wire { port, left }
    }

    /// Bytes that left the source, in disks.
    fn disks(&self) -> f64 {
        self.left.load(Ordering::SeqCst) as f64 / (MEBIBYTES << 20) as f64
    }
}

/// Passes bytes on until one side ends.
fn pass(mut from: TcpStream, mut to: TcpStream, count: Option<&AtomicU64>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if let Some(count) = count {
            count.fetch_add(length as u64, Ordering::SeqCst);
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // Whoever is gone needs no word.
    let _ = to.shutdown(Shutdown::Both);
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Writes a configuration for each region; the source is reached by the others over the wire.
fn configure(home: &Home) -> Wire {
    let ports: Vec<(&str, u16)> =
        ["source"].iter().chain(&TARGETS).map(|name| (*name, free_port())).collect();
    let wire = Wire::to(ports[0].1);
    for (here, port) in &ports {
        let mut text = format!(
            "listen = \"127.0.0.1:{port}\"\ndata = \"{here}\"\naccounts = \"accounts\"\npeer_secret = \"{}\"\n",
            "0123456789abcdef".repeat(3)
        );
        for (name, port) in &ports {
            let port = if *name == "source" { wire.port } else { *port };
            text += &format!("[[regions]]\nname = \"{name}\"\n");
            if name != here {
                text += &format!("endpoint = \"http://127.0.0.1:{port}\"\n");
            }
        }
        if *here != "source" {
            text += &format!(
                "[[links]]\nsource = \"source\"\ntarget = \"{here}\"\nbytes_per_sec = {RATE}\n"
            );
        }
        std::fs::write(home.path(&format!("{here}.toml")), text).unwrap();
    }
    wire
}

/// Three targets; one of them is killed half way, and comes back. The others get what it had promised from elsewhere, and it goes
/// on where it was.
#[test]
fn an_image_leaves_its_source_about_once_though_a_relay_is_killed() {
    let home = Home::new();
    let wire = configure(&home);
    let serve = |name: &str| home.serve_with(&format!("serve --config {name}.toml"), &[]);
    // Commands ask the one that was started last, which stays.
    let (west, _east, _south, _source) =
        (serve("west"), serve("east"), serve("south"), serve("source"));
    disks::noise(&home.path("disk.raw"), MEBIBYTES, 1);
    home.good("image import disk.raw --name web --region source");
    let before = wire.disks();
    home.good("image copy web --from source --to east,south,west");
    let copy = |region: &str| home.json(&format!("copy list --region {region}"))[0].clone();
    let half = MEBIBYTES * 16 / 2;
    until("west has a half", || (copy("west")["places_done"].as_u64()? > half).then_some(()));
    west.kill();
    let done = |region: &str| {
        until("the copy is there", || {
            let copy = copy(region);
            assert_ne!(copy["phase"], "failed", "{copy}");
            (copy["phase"] == "done").then_some(copy)
        })
    };
    for region in ["east", "south"] {
        let copy = done(region);
        assert_eq!(copy["attempts"], 0, "{copy}");
    }
    let after_two = wire.disks() - before;
    let _west = serve("west");
    done("west");
    let all = wire.disks() - before;
    println!("left the source: {after_two:.3} disks for two, {all:.3} for three");
    assert!(all <= 1.5, "{all} disks left the source");
    for region in TARGETS {
        let image = copy(region)["image"].as_str().unwrap().to_owned();
        home.good(&format!("image export {image} --region {region} {region}.raw"));
        assert!(disks::same(&home.path("disk.raw"), &home.path(&format!("{region}.raw"))));
    }
}

/// Nothing happens to anybody: three targets, and little more than one disk on the source's wire.
#[test]
fn an_image_to_three_regions_leaves_its_source_about_once() {
    let home = Home::new();
    let wire = configure(&home);
    let serve = |name: &str| home.serve_with(&format!("serve --config {name}.toml"), &[]);
    let _serving: Vec<_> = ["source"].iter().chain(&TARGETS).map(|name| serve(name)).collect();
    disks::noise(&home.path("disk.raw"), MEBIBYTES, 1);
    home.good("image import disk.raw --name web --region source");
    let before = wire.disks();
    home.good("image copy web --from source --to east,south,west --wait");
    let left = wire.disks() - before;
    println!("left the source: {left:.3} disks");
    assert!(left <= 1.2, "{left} disks left the source");
}
