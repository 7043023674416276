//! A folder with a Terraform configuration, and the commands that a user gives in it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::Story;
use super::recorder::Recorder;
use super::scene::Scene;
use super::trace::{self, Names};
use crate::wire::Message;

/// A cloud's provider.
#[derive(Clone, Copy, Debug)]
pub struct Plugin {
    /// Its address, as configurations name it: `aliyun/alicloud`.
    pub source: &'static str,
    /// The variable with the folder that its program is in.
    pub variable: &'static str,
}

/// The real programs.
#[derive(Clone, Debug)]
struct Programs {
    /// `terraform` or `tofu`.
    terraform: PathBuf,
    /// The folder that the provider's program is in.
    provider: PathBuf,
}

impl Programs {
    /// Where `cargo xtask test` says they are; says SKIP where it does not.
    fn find(plugin: Plugin) -> Option<Programs> {
        let path = |name| std::env::var_os(name).map(PathBuf::from);
        let (Some(terraform), Some(provider)) =
            (path("FERRY_TEST_TERRAFORM"), path(plugin.variable))
        else {
            println!(
                "SKIP: no FERRY_TEST_TERRAFORM, {} (`cargo xtask test --only terraform` sets them)",
                plugin.variable
            );
            return None;
        };
        let found = Programs { terraform, provider };
        assert!(found.terraform.is_file() && found.provider.is_dir(), "{found:?}");
        Some(found)
    }
}

/// How a command ended.
#[derive(Debug)]
pub struct Done {
    pub code: Option<i32>,
    /// What it wrote, complaints behind the rest.
    pub text: String,
}

/// One story's service, proxy and folder.
pub struct Workspace<S> {
    pub scene: Scene,
    pub recorder: Recorder,
    story: S,
    programs: Programs,
    folder: PathBuf,
}

impl<S: Story> Workspace<S> {
    /// Prepares all; none, said as SKIP, where the programs are not there.
    pub fn open(story: S, plugin: Plugin) -> Option<Workspace<S>> {
        let programs = Programs::find(plugin)?;
        let scene = story.begin();
        let recorder = Recorder::before(&scene.address);
        let folder = scene.home.path("terraform");
        std::fs::create_dir(&folder).unwrap();
        let install = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"{}\" = \"{}\"\n  }}\n  direct {{}}\n}}\n",
            plugin.source,
            programs.provider.display()
        );
        std::fs::write(folder.join("cli.tfrc"), install).unwrap();
        Some(Workspace { scene, recorder, story, programs, folder })
    }

    /// Writes a file of the configuration.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.join(name), text).unwrap();
    }

    /// Gives a command; words are split at blanks.
    pub fn terraform(&self, line: &str) -> Done {
        let mut command = Command::new(&self.programs.terraform);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            let theirs = ["TF_", "ALICLOUD_", "ALIBABA_", "TENCENTCLOUD_", "FERRY_"];
            if theirs.iter().any(|start| name.starts_with(start))
                || name.to_ascii_lowercase().ends_with("_proxy")
            {
                command.env_remove(&*name);
            }
        }
        let output = command
            .args(line.split_whitespace())
            .current_dir(&self.folder)
            .env("HOME", self.scene.home.path(""))
            .env("TF_CLI_CONFIG_FILE", self.folder.join("cli.tfrc"))
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .env("HTTP_PROXY", format!("http://{}", self.recorder.address))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        Done { code: output.status.code(), text: text.join("\n") }
    }

    /// Applies; it must succeed.
    pub fn apply(&self) -> String {
        self.must("apply -auto-approve -input=false -no-color -parallelism=1")
    }

    /// Applies; it must fail, with these words.
    pub fn apply_fails(&self, words: &[&str]) -> String {
        self.must_fail("apply -auto-approve -input=false -no-color -parallelism=1", words)
    }

    /// Destroys all; it must succeed.
    pub fn destroy(&self) -> String {
        self.must("destroy -auto-approve -input=false -no-color -parallelism=1")
    }

    /// Destroys all; it must fail, with these words.
    pub fn destroy_fails(&self, words: &[&str]) -> String {
        self.must_fail("destroy -auto-approve -input=false -no-color -parallelism=1", words)
    }

    /// Gives a command that must succeed.
    pub fn must(&self, line: &str) -> String {
        let done = self.terraform(line);
        assert_eq!(done.code, Some(0), "{line}: {}\n{}", done.text, self.calls());
        done.text
    }

    fn must_fail(&self, line: &str, words: &[&str]) -> String {
        let done = self.terraform(line);
        assert_eq!(done.code, Some(1), "{line}: {}\n{}", done.text, self.calls());
        // Long complaints are broken into lines with a bar before each.
        let text = done.text.replace('│', " ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(text.contains(word), "{line}: no {word:?} in {}", done.text);
        }
        text
    }

    /// A plan that finds nothing to do.
    pub fn plan_is_empty(&self) {
        let done = self.terraform("plan -detailed-exitcode -input=false -no-color");
        assert_eq!(done.code, Some(0), "not empty: {}\n{}", done.text, self.calls());
    }

    /// What a plan would do: the resource changes of its JSON.
    pub fn planned(&self) -> Vec<Value> {
        let done = self.terraform("plan -detailed-exitcode -input=false -no-color -out=planned");
        assert_eq!(done.code, Some(2), "empty: {}", done.text);
        let text = self.must("show -json planned");
        let line = text.lines().find(|line| line.starts_with('{')).expect("a plan is JSON");
        let plan: Value = serde_json::from_str(line).unwrap();
        plan["resource_changes"].as_array().expect("a plan with changes").clone()
    }

    /// The attributes of what has this kind and name in the state.
    pub fn state(&self, kind: &str, name: &str) -> Value {
        self.state_where(&format!("{kind}.{name}"), |found| {
            found["type"] == kind && found["name"] == name
        })
    }

    /// The same where a data source and a resource have both in common: `data` or `managed`.
    pub fn state_of(&self, mode: &str, kind: &str, name: &str) -> Value {
        self.state_where(&format!("{mode} {kind}.{name}"), |found| {
            found["mode"] == mode && found["type"] == kind && found["name"] == name
        })
    }

    fn state_where(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let text = std::fs::read_to_string(self.folder.join("terraform.tfstate")).unwrap();
        let state: Value = serde_json::from_str(&text).unwrap();
        let all = state["resources"].as_array().expect("a state lists resources");
        let found = all.iter().find(|found| is_it(found));
        let found = found.unwrap_or_else(|| panic!("no {what} in {state}"));
        found["instances"][0]["attributes"].clone()
    }

    /// The calls so far, for a test that fails: actions, statuses, and what refusals said.
    pub fn calls(&self) -> String {
        let seen = self.recorder.exchanges.lock().unwrap();
        let dialect = self.story.dialect();
        let is_good = |answer: &Message| {
            let body = answer.json();
            answer.status() == 200 && dialect.alarms().iter().all(|at| body.pointer(at).is_none())
        };
        let line = |request: &Message, answer: &Message| {
            let said = if is_good(answer) { String::new() } else { answer.text() };
            format!("{} {} {said}\n", dialect.action_of(request), answer.status())
        };
        seen.iter().map(|(request, answer)| line(request, answer)).collect()
    }

    /// Ends the story: no call went elsewhere. Where `FERRY_TEST_RECORD` is set, the trace is kept; else the kept one must
    /// have the same calls, however often each was repeated while it waited.
    pub fn close(self) {
        let seen = self.recorder.exchanges.lock().unwrap();
        assert!(!seen.is_empty(), "the provider has not called");
        for (request, answer) in seen.iter() {
            assert!(!request.head[0].starts_with("CONNECT"), "{:?}", request.head);
            assert!(answer.status() < 500, "{:?}: {}", request.head, answer.text());
        }
        let mut names = Names::of(self.story.dialect());
        names.bind("address", &self.recorder.address);
        for (name, value) in &self.scene.known {
            names.bind(name, value);
        }
        let now: Vec<Value> =
            seen.iter().map(|(ask, answer)| trace::keep(ask, answer, &mut names)).collect();
        let file = trace::path(&self.story.file());
        if std::env::var_os("FERRY_TEST_RECORD").is_some() {
            let text = serde_json::to_string_pretty(&now).unwrap();
            std::fs::write(file, format!("{text}\n")).unwrap();
            return;
        }
        let kept: Vec<Value> =
            serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(self.course(&now), self.course(&kept), "the trace is old: record it anew");
    }

    /// Which calls there were and how they ended.
    fn course(&self, calls: &[Value]) -> Vec<String> {
        let dialect = self.story.dialect();
        let alarm = |call: &Value| {
            dialect.alarms().iter().find_map(|at| call["answer"].pointer(at)).map(Value::to_string)
        };
        let line = |call: &Value| {
            let alarm = alarm(call).unwrap_or_default();
            format!("{} {} {alarm}", dialect.action(call), call["status"])
        };
        let mut all: Vec<String> = calls.iter().map(line).collect();
        all.dedup();
        all
    }
}
