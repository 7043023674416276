//! A Chromium under remote control: WebDriver, the protocol of the W3C, as `chromedriver` speaks it. (A library for it would
//! bring one under the MPL, which `deny.toml` does not allow; what is used of the protocol is little.)
#![allow(clippy::disallowed_methods, reason = "real processes are waited for")]

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde_json::{Value, json};

use crate::look::{Language, Light, Look, Screen, Script};
use crate::wire::Message;

/// What the browser may take for one page or one script, in milliseconds.
const PAGE_MILLIS: u64 = 20_000;
/// What the driver may take for one answer: longer than the browser, so that its own word of that arrives.
const ANSWER: Duration = Duration::from_secs(60);
/// What a browser may take to be gone after it was told to go.
const GOODBYE: Duration = Duration::from_secs(10);
/// How often a driver is started that does not come up.
const STARTS: usize = 3;
/// The key under which the protocol names an element.
pub const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The two programs.
pub struct Programs {
    chromium: PathBuf,
    driver: PathBuf,
}

impl Programs {
    /// Where they are; says SKIP where they are not.
    pub fn find() -> Option<Programs> {
        let find = |name: &str| {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let file = std::env::split_paths(&path).map(|folder| folder.join(name));
            let found = file.into_iter().find(|file| file.is_file());
            if found.is_none() {
                println!("SKIP no `{name}` here: `cargo xtask test --only install` installs it");
            }
            found
        };
        Some(Programs { chromium: find("chromium")?, driver: find("chromedriver")? })
    }
}

/// What the driver would not do: an error's name in the protocol, and its words.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub error: String,
    pub message: String,
}

impl Refusal {
    /// Whether an `alert`, `confirm` or `prompt` stands before the page.
    pub fn is_dialog(&self) -> bool {
        self.error == "unexpected alert open"
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {}", self.error, self.message.lines().next().unwrap_or_default())
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Refusal {
        Refusal { error: "no answer".to_owned(), message: error.to_string() }
    }
}

/// One browser with a profile of its own, and its driver. Dropped, both are gone, with every process of theirs.
pub struct Driver {
    session: String,
    processes: Processes,
}

impl Driver {
    pub fn start(programs: &Programs, look: Look) -> Driver {
        let processes = Processes::start(programs);
        let wanted = capabilities(programs, &processes.folder.path().join("profile"), look);
        let made = processes.send("POST", "/session", &wanted).unwrap_or_else(|refusal| {
            panic!("no browser: {refusal}");
        });
        let session = format!("/session/{}", made["sessionId"].as_str().unwrap());
        let driver = Driver { session, processes };
        driver.put_on(look);
        driver
    }

    /// The size and the light, until the end.
    fn put_on(&self, look: Look) {
        let (width, height) = match look.screen {
            Screen::Desktop => (1280, 900),
            Screen::Picture => (1280, 800),
            Screen::Phone => (360, 740),
        };
        let is_phone = look.screen == Screen::Phone;
        let dots = if is_phone { 2 } else { 1 };
        let screen = json!({"width": width, "height": height, "deviceScaleFactor": dots, "mobile": is_phone});
        self.tell("Emulation.setDeviceMetricsOverride", &screen);
        self.tell("Emulation.setTouchEmulationEnabled", &json!({"enabled": is_phone}));
        let light = match look.light {
            Light::Light => "light",
            Light::Dark => "dark",
        };
        let features = json!([
            {"name": "prefers-color-scheme", "value": light},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.tell("Emulation.setEmulatedMedia", &json!({"features": features}));
    }

    /// A command of Chromium's own protocol.
    pub fn tell(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        let answer = self.post("/goog/cdp/execute", &body);
        answer.unwrap_or_else(|refusal| panic!("{command}: {refusal}"))
    }

    /// Where the browser and this driver write.
    pub fn folder(&self) -> &Path {
        self.processes.folder.path()
    }

    pub fn get(&self, path: &str) -> Result<Value, Refusal> {
        self.processes.send("GET", &format!("{}{path}", self.session), &Value::Null)
    }

    pub fn post(&self, path: &str, body: &Value) -> Result<Value, Refusal> {
        self.processes.send("POST", &format!("{}{path}", self.session), body)
    }

    /// What a function's body answers; it runs where pages are forbidden scripts too.
    pub fn run(&self, script: &str, arguments: &[Value]) -> Result<Value, Refusal> {
        self.post("/execute/sync", &json!({"script": script, "args": arguments}))
    }

    /// What a function's body hands to its last argument.
    pub fn run_until_told(&self, script: &str) -> Result<Value, Refusal> {
        self.post("/execute/async", &json!({"script": script, "args": []}))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The browser may have broken; what it leaves is ended with its driver.
        let _ = self.processes.send("DELETE", &self.session, &Value::Null);
    }
}

fn capabilities(programs: &Programs, profile: &Path, look: Look) -> Value {
    let profile = format!("--user-data-dir={}", profile.display());
    let arguments = [
        "--headless=new",
        "--no-sandbox", // tests run as root
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--no-proxy-server",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        &profile,
    ];
    let mut settings = json!({
        "intl.accept_languages": match look.language {
            Language::English => "en-US,en",
            Language::Chinese => "zh-CN,zh",
        },
        "credentials_enable_service": false,
    });
    if look.script == Script::Off {
        settings["profile.managed_default_content_settings.javascript"] = json!(2);
    }
    json!({"capabilities": {"alwaysMatch": {
        "browserName": "chrome",
        "unhandledPromptBehavior": "ignore", // a dialog stays where the test can see it
        "timeouts": {"script": PAGE_MILLIS, "pageLoad": PAGE_MILLIS, "implicit": 0},
        "goog:loggingPrefs": {"browser": "ALL"},
        "goog:chromeOptions": {
            "binary": programs.chromium,
            "args": arguments,
            "prefs": settings,
        },
    }}})
}

/// The driver's process, what it starts, and the folder of all of them.
struct Processes {
    driver: Child,
    address: String,
    folder: tempfile::TempDir,
}

impl Processes {
    fn start(programs: &Programs) -> Processes {
        let tries = (0..STARTS).find_map(|_| Processes::try_start(programs));
        tries.expect("the driver tells its port")
    }

    /// None where it ends without a port: it takes a free one, and then the same one of IPv6, which another may have by then.
    fn try_start(programs: &Programs) -> Option<Processes> {
        let folder = tempfile::tempdir().unwrap();
        let mut driver = Command::new(&programs.driver)
            .arg("--port=0")
            .env("HOME", folder.path())
            .env("TMPDIR", folder.path())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let port = line.strip_prefix("ChromeDriver was started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        // What it says later must go somewhere, else it waits.
        std::thread::spawn(move || lines.for_each(drop));
        let address = port.as_ref().map(|port| format!("127.0.0.1:{port}")).unwrap_or_default();
        let processes = Processes { driver, address, folder };
        port.is_some().then_some(processes)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value, Refusal> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(ANSWER))?;
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (address, length) = (&self.address, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes())?;
        let answer = Message::read(&mut BufReader::new(stream))?;
        let answer = answer.ok_or_else(|| io::Error::other("the driver closed the connection"))?;
        let value = answer.json()["value"].take();
        match value["error"].as_str() {
            Some(error) if answer.status() >= 400 => Err(Refusal {
                error: error.to_owned(),
                message: value["message"].as_str().unwrap_or_default().to_owned(),
            }),
            Some(_) | None => Ok(value),
        }
    }

    /// Whatever has our folder among its words: a browser, and no other than ours.
    fn browsers(&self) -> Vec<Pid> {
        let folder = self.folder.path().as_os_str().as_encoded_bytes();
        let processes = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
        let ours = processes.filter_map(|process| {
            let pid = process.file_name().to_str()?.parse().ok()?;
            let words = std::fs::read(process.path().join("cmdline")).ok()?;
            let is_ours = words.windows(folder.len()).any(|part| part == folder);
            if is_ours { Pid::from_raw(pid) } else { None }
        });
        ours.collect()
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        // Each may have ended by itself.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let began = Instant::now();
        loop {
            let left = self.browsers();
            if left.is_empty() || began.elapsed() > GOODBYE {
                break;
            }
            for pid in left {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
