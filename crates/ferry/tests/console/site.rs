//! A service with something to look at, for one test.
#![allow(dead_code)]

use crate::browser::Browser;
use crate::look::Look;
use crate::world::{Home, Key, Serve, disks};

/// The regions of every site, in the order in which pages show them.
pub const REGIONS: [&str; 3] = ["cn-hangzhou", "cn-shanghai", "ap-southeast-1"];

/// From Hangzhou a mebibyte takes seconds to Singapore, and hours come of sixteen: for what is looked at on its way.
pub const SLOW: &str = r#"
[[links]]
source = "cn-hangzhou"
target = "ap-southeast-1"
bytes_per_sec = 200000
"#;

/// Copies wait for each other in every region.
pub const ONE_AT_A_TIME: &str = "copies_at_once = 1";

/// A running service in an empty home, and what puts things into it: Ferry's own command line.
pub struct Site {
    pub home: Home,
    serve: Serve,
}

impl Site {
    /// Three regions and nothing in them.
    pub fn new() -> Site {
        Site::set_to("", "")
    }

    /// The same with more settings: some that belong to no table, such as [`ONE_AT_A_TIME`], and tables, such as [`SLOW`].
    pub fn set_to(words: &str, tables: &str) -> Site {
        let home = Home::new();
        let mut settings = format!("data = \"data\"\nlisten = \"127.0.0.1:0\"\n{words}\n");
        for region in REGIONS {
            settings += &format!("[[regions]]\nname = \"{region}\"\n");
        }
        std::fs::write(home.path("ferry.toml"), settings + tables).unwrap();
        let serve = home.serve_with("serve --config ferry.toml", &[]);
        Site { home, serve }
    }

    /// A browser of its own on this site. Declare it after the site, so that it goes first.
    pub fn browser(&self, look: Look) -> Option<Browser> {
        Browser::open(&self.serve.endpoint, look)
    }

    /// The same, signed in as `admin`.
    pub fn visitor(&self, look: Look) -> Option<Browser> {
        let browser = self.browser(look)?;
        self.sign_in(&browser);
        Some(browser)
    }

    /// A second browser beside this one, signed in as `admin`.
    pub fn another(&self, beside: &Browser, look: Look) -> Browser {
        let browser = beside.another(look);
        self.sign_in(&browser);
        browser
    }

    fn sign_in(&self, browser: &Browser) {
        let told = self.ferry("console");
        let link = told.split_whitespace().next().unwrap();
        browser.goto(link.strip_prefix(self.endpoint()).unwrap());
        browser.until("the first page", || browser.path() == "/");
    }

    /// Does as a person does it: with scripts, and in another browser without.
    pub fn each_way(&self, story: impl Fn(&Browser)) {
        let Some(first) = self.visitor(Look::default()) else { return };
        story(&first);
        story(&self.another(&first, Look::default().without_script()));
    }

    pub fn endpoint(&self) -> &str {
        &self.serve.endpoint
    }

    /// The key that the first start told: of the user `admin`.
    pub fn key(&self) -> Key {
        self.serve.key()
    }

    /// Runs a command that must succeed, as `admin`.
    pub fn ferry(&self, line: &str) -> String {
        self.home.good(line)
    }

    /// Runs a command that must succeed, of words that may have blanks in them.
    pub fn say(&self, words: &[&str]) -> String {
        let output = self.home.command(words).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "ferry {words:?}: {told}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Puts an image of so many mebibytes that do not shrink into the first region; answers its id.
    pub fn image(&self, name: &str, mebibytes: u64) -> String {
        let seed = name.bytes().fold(7, |seed: u64, byte| seed * 31 % 1_000_003 + u64::from(byte));
        disks::noise(&self.home.path("disk.raw"), mebibytes, seed);
        self.import(&format!("disk.raw --name {name}"))
    }

    /// Brings files of the home into the first region with these words of `ferry image import`; answers the image's id.
    pub fn import(&self, words: &str) -> String {
        self.ferry(&format!("image import {words} --region {} -o id", REGIONS[0]))
    }

    /// Makes a user of this role in the first account; answers a key of theirs.
    pub fn user(&self, name: &str, role: &str) -> Key {
        self.ferry(&format!("user create {name} --role {role}"));
        let key = self.home.json(&format!("key create --user {name}"));
        let word = |field: &str| key[field].as_str().expect("a new key is told").to_owned();
        Key { id: word("id"), secret: word("secret") }
    }

    /// Stops the service and starts it again on its data, at the same address.
    pub fn restart(self, environment: &[(&str, &str)]) -> Site {
        let Site { home, serve } = self;
        let address = serve.endpoint.trim_start_matches("http://").to_owned();
        serve.stop();
        let line = format!("serve --config ferry.toml --listen {address}");
        let serve = home.serve_with(&line, environment);
        Site { home, serve }
    }
}
