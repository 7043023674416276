//! A running service with two accounts and some images, and the Python that plays a story in it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::world::{Home, Serve, disks};

/// From the last of these regions bytes come slowly to the second: minutes, where a story takes seconds.
const SETTINGS: &str = r#"
data = "data"
listen = "127.0.0.1:0"

[[regions]]
name = "cn-hangzhou"

[[regions]]
name = "cn-shanghai"

[[regions]]
name = "cn-beijing"

[[links]]
source = "cn-beijing"
target = "cn-shanghai"
bytes_per_sec = 20000
"#;

/// The folder `target/venv`, if it is there and whole. Says SKIP if not.
fn venv() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let venv = target.join("venv");
    let installed = std::fs::read_to_string(venv.join("installed.txt")).unwrap_or_default();
    if installed.contains("aliyun-python-sdk-ecs==") {
        return Some(venv);
    }
    println!("SKIP no Python libraries in target/venv: `cargo xtask test --only install` makes it");
    None
}

/// Plays a story with one of the cloud's clients for Python.
pub fn play(story: &str, client: &str) {
    let Some(venv) = venv() else { return };
    let mut python = Command::new(venv.join("bin/python"));
    python.arg("-B").arg(folder().join(format!("{story}.py"))); // writes nothing beside the stories
    play_with(python, (story, client));
}

/// Where the stories are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alibaba")
}

/// Plays a story with a client of the cloud's in a service of its own.
pub fn play_with(mut program: Command, (story, client): (&str, &str)) {
    let home = Home::new();
    std::fs::write(home.path("ferry.toml"), SETTINGS).unwrap();
    let serve = home.serve_with("serve --config ferry.toml", &[]);
    let scene = described(&home, &serve, client);
    let mut child = program
        .env("HOME", home.path(""))
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
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

/// What a story is told: the endpoint, the client, two keys, the second account's number, the images.
fn described(home: &Home, serve: &Serve, client: &str) -> serde_json::Value {
    let word = |beginning| serve.word(beginning).expect("the first start tells its key");
    let first = json!({ "id": word("access key id "), "secret": word("access key secret ") });
    home.good("account create tenant");
    home.good("user create olga --role owner --account tenant");
    let olga = home.json("key create --user olga --account tenant");
    let tenant = home.json("account show tenant");
    disks::mixed(&home.path("web.raw"), 2, 1);
    disks::noise(&home.path("slow.raw"), 16, 2);
    home.good("image import web.raw --name web --region cn-hangzhou --tag of=source");
    home.good("image import slow.raw --name slow --region cn-beijing");
    json!({
        "client": client,
        "endpoint": serve.endpoint.trim_start_matches("http://"),
        "key": first,
        "olga": { "id": olga["id"], "secret": olga["secret"] },
        "tenant": tenant["number"],
    })
}
