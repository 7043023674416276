//! The cloud's own Terraform provider and a program that runs it, built once and kept outside `target/`.

mod build;

use std::process::Command;
use std::time::Instant;

use super::tests_run;
use crate::failure::Failure;
use crate::project;
use crate::run;
use crate::tidy::Tally;
use build::{Cache, Deadline, Program};

/// What runs the provider, and the provider itself.
const OPENTOFU: Program = Program {
    folder: "opentofu",
    module: "github.com/opentofu/opentofu",
    package: "github.com/opentofu/opentofu/cmd/tofu",
    name: "tofu",
};
const PROVIDER: Program = Program {
    folder: "provider",
    module: "github.com/aliyun/terraform-provider-alicloud",
    package: "github.com/aliyun/terraform-provider-alicloud",
    name: "terraform-provider-alicloud",
};

/// How many scenarios run at once: each sleeps for most of its time, since the provider does.
const AT_ONCE: &str = "--test-threads=7";

/// Runs the provider against a real service; builds both programs first where they are not kept and there is time for it.
pub fn run(tally: &mut Tally, stages_began: Instant) -> Result<(), Failure> {
    let cache = Cache::find();
    let deadline = Deadline::from_environment(stages_began);
    let mut found = Vec::new();
    for program in [OPENTOFU, PROVIDER] {
        match program.ensure(&cache, &deadline) {
            Ok(file) => found.push(file),
            Err(failure) => {
                println!("SKIP terraform: {}", failure.chain());
                return Ok(());
            }
        }
    }
    let provider = found[1].parent().expect("a program is in a folder");
    let mut command: Command = run::cargo();
    command
        .current_dir(project::root())
        .args(["test", "--workspace", "--test", "terraform", "--", AT_ONCE])
        .env("FERRY_TEST_TERRAFORM", &found[0])
        .env("FERRY_TEST_TERRAFORM_PROVIDER", provider);
    tests_run::counted(command, tally)
}
