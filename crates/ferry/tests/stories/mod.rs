//! Stories of a cloud's own clients: files with assertions, each played against a real service. The Python that they share is
//! `story.py` beside this. The clients are what `cargo xtask test --only install` installs; without them every story says SKIP.
#![allow(dead_code)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::world::{Home, Serve};

/// Plays each story of a stage with each of its clients: a line on it, then a test's name, the client's environment, which client.
macro_rules! stories {
    ($stage:ident; $(#[doc = $doc:literal] $story:literal: $($test:ident = $environment:literal $client:literal),+;)+) => {$($(
        #[doc = $doc]
        #[test]
        fn $test() {
            $stage.play($environment, ($story, $client));
        }
    )+)+};
}
pub(crate) use stories;

/// Where the stories of a cloud play.
pub struct Stage {
    /// The folder of its stories, beside this one.
    pub folder: &'static str,
    /// What the service is set to.
    pub settings: &'static str,
    /// Puts in what stands ready.
    pub furnish: fn(&Home),
}

impl Stage {
    /// Plays a story with one of the clients for Python that are in `environment`, a folder in `target`. Which one, `client`
    /// tells the story.
    pub fn play(&self, environment: &str, (story, client): (&str, &str)) {
        let Some(mut python) = python(environment) else { return };
        python.arg(self.path(&format!("{story}.py"))).env("PYTHONPATH", tests("stories"));
        self.play_with(python, (story, client));
    }

    /// A file among the stories.
    pub fn path(&self, name: &str) -> PathBuf {
        tests(self.folder).join(name)
    }

    /// Plays a story, which is a program, in a service of its own.
    pub fn play_with(&self, mut program: Command, (story, client): (&str, &str)) {
        let home = Home::new();
        std::fs::write(home.path("ferry.toml"), self.settings).unwrap();
        let serve = home.serve_with("serve --config ferry.toml", &[]);
        (self.furnish)(&home);
        let scene = described(&home, &serve, client);
        let mut child = program
            .env("HOME", home.path(""))
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1")
            .current_dir(home.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(scene.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        println!("{story} with {client}:\n{told}");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{story} with {client}: {complaint}");
        assert!(told.ends_with("the end\n"), "{story} with {client}: it was not played to its end");
    }
}

/// A folder of tests.
fn tests(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// A Python with the libraries of an environment, if they are there and whole. Says SKIP if not.
fn python(environment: &str) -> Option<Command> {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = scratch.parent().unwrap().join(environment);
    if !folder.join("installed.txt").is_file() {
        println!(
            "SKIP no Python libraries in target/{environment}: `cargo xtask test --only install` makes it"
        );
        return None;
    }
    let mut python = Command::new(folder.join("bin/python"));
    // What is compiled is kept for the next story, and nothing is written beside the stories.
    python.env_remove("PYTHONDONTWRITEBYTECODE");
    python.env("PYTHONPYCACHEPREFIX", scratch.join("python"));
    Some(python)
}

/// What a story is told: the client, the endpoint, two keys, the accounts' numbers, where the first one's buckets are.
fn described(home: &Home, serve: &Serve, client: &str) -> serde_json::Value {
    let word = |beginning| serve.word(beginning).expect("the first start tells its key");
    let first = json!({ "id": word("access key id "), "secret": word("access key secret ") });
    let account = home.json("account list")[0].clone();
    home.good("account create tenant");
    home.good("user create olga --role owner --account tenant");
    let olga = home.json("key create --user olga --account tenant");
    let tenant = home.json("account show tenant");
    json!({
        "client": client,
        "endpoint": serve.endpoint.trim_start_matches("http://"),
        "key": first,
        "olga": { "id": olga["id"], "secret": olga["secret"] },
        "tenant": tenant["number"],
        "account": account["id"],
        "number": account["number"],
        "buckets": home.path("data/buckets"),
    })
}
