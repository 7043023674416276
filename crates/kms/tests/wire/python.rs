//! The Python libraries that `cargo xtask test` installs, and moto out of them.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The folder `target/venv`, if it is there and whole. Says SKIP if not.
pub fn venv() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let venv = target.join("venv");
    if venv.join("installed.txt").is_file() {
        return Some(venv);
    }
    println!("SKIP no Python libraries in target/venv: `cargo xtask test --only install` makes it");
    None
}

/// Runs a script of this folder with `input`, and returns what it prints.
pub fn script(venv: &Path, name: &str, input: &[u8]) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire").join(name);
    let mut child = Command::new(venv.join("bin/python"))
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{name} ended with {}", output.status);
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A moto that runs until it is dropped.
pub struct Moto {
    child: Child,
    /// `http://127.0.0.1:…`, or `https`.
    pub endpoint: String,
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Moto {
    pub fn start(venv: &Path, flags: &[&str]) -> Moto {
        let mut child = Command::new(venv.join("bin/python"))
            .arg(venv.join("bin/moto_server"))
            .args(["-H", "127.0.0.1", "-p", "0"])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let endpoint = lines.find_map(|line| Some(line.split_once("Running on ")?.1.to_owned()));
        let endpoint = endpoint.expect("moto says where it runs before it ends");
        std::thread::spawn(move || lines.for_each(drop)); // else its log fills the pipe and it stops
        Moto { child, endpoint: endpoint.trim().to_owned() }
    }

    /// Asks for one of KMS' actions that Ferry does not use, unsigned.
    pub async fn administer(&self, region: &str, action: &str, body: &str) -> Value {
        let request = self.request(region, "kms").header("x-amz-target", action.to_owned());
        let request = request.header("content-type", "application/x-amz-json-1.1");
        let response = request.body(body.to_owned()).send().await.unwrap();
        assert_eq!(response.status(), 200, "{action}");
        response.json().await.unwrap_or_default()
    }

    /// A new key in `region`, by its id.
    pub async fn new_key(&self, region: &str, body: &str) -> String {
        let made = self.administer(region, "TrentService.CreateKey", body).await;
        made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
    }

    /// Asks IAM, in the form `Action=…&…`.
    pub async fn iam(&self, form: &str) -> String {
        let request = self.request("us-east-1", "iam");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(format!("Version=2010-05-08&{form}")).send().await.unwrap();
        assert_eq!(response.status(), 200, "{form}");
        response.text().await.unwrap()
    }

    /// From now on every request needs a right signature and a permission.
    pub async fn check_signatures(&self) {
        let url = format!("{}/moto-api/reset-auth", self.endpoint);
        let response = reqwest::Client::new().post(url).body("0").send().await.unwrap();
        assert_eq!(response.status(), 200);
    }

    fn request(&self, region: &str, service: &str) -> reqwest::RequestBuilder {
        let scope = format!("x/20260101/{region}/{service}/aws4_request");
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x");
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.post(format!("{}/", self.endpoint)).header("authorization", authorization)
    }
}
