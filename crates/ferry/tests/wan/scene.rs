//! Region `north` on the left of a network, `south` on the right, each served by a process of its own.

use std::time::Duration;

use serde_json::Value;
use wan::{Counts, Settings, Side, Wan, WanError, Way};

use crate::world::{Done, Home, Serve, disks};

/// The line of the benchmarks: 100 Mbit/s, and 100 ms there and back.
pub fn benchmark_line() -> Settings {
    Settings::new(100_000_000, Duration::from_millis(50))
}

/// Two services, a network between them, and a disk image at the left one.
pub struct Scene {
    pub wan: Wan,
    pub home: Home,
    _north: Serve,
    _south: Serve,
}

fn config(here: &str, there: &str, addresses: [String; 2]) -> String {
    let [listen, endpoint] = addresses;
    format!(
        "listen = \"{listen}:7070\"\ndata = \"{here}\"\naccounts = \"accounts\"\npeer_secret = \"{}\"\n\
         [[regions]]\nname = \"{here}\"\n\
         [[regions]]\nname = \"{there}\"\nendpoint = \"http://{endpoint}:7070\"\n",
        "0123456789abcdef".repeat(3)
    )
}

impl Scene {
    /// Both services, and an image `web` of that much noise at the left one. `None`, and SKIP, without a network.
    pub fn new(line: &Settings, mebibytes: u64) -> Option<Scene> {
        let wan = match Wan::start(line, 1) {
            Ok(wan) => wan,
            Err(WanError::Unavailable { reason }) => {
                println!("SKIP: {reason}");
                return None;
            }
            Err(error) => panic!("{error:?}"),
        };
        let home = Home::new();
        let at = |side| wan.address(side).to_string();
        for (here, there, sides) in [
            ("north", "south", [Side::Left, Side::Right]),
            ("south", "north", [Side::Right, Side::Left]),
        ] {
            let text = config(here, there, sides.map(at));
            std::fs::write(home.path(&format!("{here}.toml")), text).unwrap();
        }
        let serve = |side, name: &str| {
            let (config, profile) = (format!("{name}.toml"), format!("{name}.profile"));
            let words = ["serve", "--config", &config, "--profile", &profile];
            home.serve_by(home.dressed(wan.command(side, env!("CARGO_BIN_EXE_ferry")), &words))
        };
        let (north, south) = (serve(Side::Left, "north"), serve(Side::Right, "south"));
        let profile = std::fs::read_to_string(home.path("north.profile")).unwrap();
        let profile = profile.replace(&at(Side::Left), &at(Side::Right));
        let profile = profile.replace("\"north\"", "\"south\"");
        std::fs::write(home.path("south.profile"), profile).unwrap();
        disks::noise(&home.path("disk.raw"), mebibytes, 1);
        let scene = Scene { wan, home, _north: north, _south: south };
        scene.good(Side::Left, "image import disk.raw --name web --region north");
        Some(scene)
    }

    fn ferry(&self, side: Side, line: &str) -> Done {
        let profile = match side {
            Side::Left => "north.profile",
            Side::Right => "south.profile",
        };
        let line = format!("{line} --profile {profile}");
        let words: Vec<&str> = line.split_whitespace().collect();
        let program = self.wan.command(side, env!("CARGO_BIN_EXE_ferry"));
        self.home.ended(self.home.dressed(program, &words), &line)
    }

    /// Runs a command at a side, which asks the service there and must succeed.
    pub fn good(&self, side: Side, line: &str) -> String {
        self.ferry(side, line).ended(0).out.trim_end().to_owned()
    }

    /// Begins to copy `web` to the right; answers the target image's id.
    pub fn copy(&self) -> String {
        self.good(Side::Left, "image copy web --from north --to south -o id")
    }

    /// The copies, as the right side tells.
    pub fn copies(&self) -> Value {
        let text = self.good(Side::Right, "copy list --region south -o json");
        serde_json::from_str(&text).unwrap()
    }

    /// Waits until the last copy has ended; answers it.
    pub fn ended(&self) -> Value {
        crate::world::until("the copy ended", || {
            let copy = self.copies()[0].clone();
            let status = copy["status"].as_str().unwrap_or_default().to_owned();
            ["done", "cancelled", "failed"].contains(&status.as_str()).then_some(copy)
        })
    }

    /// The target image must hold the same bytes as the disk that was imported.
    pub fn is_identical(&self, image: &str) {
        self.good(Side::Right, &format!("image verify {image} --region south"));
        self.good(Side::Right, &format!("image export {image} --region south out.raw"));
        assert!(disks::same(&self.home.path("disk.raw"), &self.home.path("out.raw")));
    }

    /// What went from the source to the target so far.
    pub fn to_target(&self) -> Counts {
        self.wan.counts(Way::ToRight)
    }

    /// Waits until the target was given so many bytes more than that.
    pub fn until_delivered(&self, since: &Counts, bytes: u64) {
        crate::world::until("bytes were delivered", || {
            (self.to_target().delivered_bytes >= since.delivered_bytes + bytes).then_some(())
        });
    }

    /// What both services logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home.path("serve.log")).unwrap()
    }
}
