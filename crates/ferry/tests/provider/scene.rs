//! A running service with what a story needs in it.

use std::path::Path;

use crate::world::{Home, Key, Serve, disks};

/// A running service, its first key and the ids of what is in it.
pub struct Scene {
    pub home: Home,
    pub key: Key,
    /// `127.0.0.1:7070`
    pub address: String,
    /// What a trace calls an id, and the id here.
    pub known: Vec<(&'static str, String)>,
    _serve: Serve,
}

impl Scene {
    /// Starts a service with these settings.
    pub fn start(settings: &str) -> Scene {
        let home = Home::new();
        std::fs::write(home.path("ferry.toml"), settings).unwrap();
        let serve = home.serve_with("serve --config ferry.toml", &[]);
        let key = serve.key();
        let address = serve.endpoint.trim_start_matches("http://").to_owned();
        Scene { home, key, address, known: Vec::new(), _serve: serve }
    }

    /// The id that a trace calls so.
    pub fn id(&self, name: &str) -> &str {
        let found = self.known.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("no {name} in this scene")).1
    }

    /// Brings an image in by the command line, from a disk of 2 MiB that is made where there is no `NAME.raw` yet.
    pub fn import(&self, name: &str, region: &str, more: &str) {
        let file = self.home.path(&format!("{name}.raw"));
        if !file.exists() {
            disks::noise(&file, 2, name.len() as u64);
        }
        self.home.good(&format!("image import {name}.raw --name {name} --region {region} {more}"));
    }

    /// Damages all that a region has stored.
    pub fn damage(&self, region: &str) {
        let packs = self.home.path(&format!("data/regions/{region}/packs"));
        assert!(damage(&packs) > 0, "the image's chunks lie in {packs:?}");
    }
}

/// Flips bytes of every large file under a folder; answers how many there were.
fn damage(folder: &Path) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += damage(&path);
            continue;
        }
        let mut bytes = std::fs::read(&path).unwrap();
        if bytes.len() < 100_000 {
            continue;
        }
        bytes.iter_mut().skip(50_000).step_by(20_000).for_each(|byte| *byte ^= 0xff);
        std::fs::write(&path, bytes).unwrap();
        files += 1;
    }
    files
}
