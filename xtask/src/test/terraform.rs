//! The clouds' own Terraform providers and a program that runs them, built once and kept outside `target/`.

mod build;
mod left_out;

use std::path::PathBuf;
use std::time::Instant;

use super::tests_run;
use crate::failure::Failure;
use crate::tidy::Tally;
use build::{Cache, Deadline, Program};
use left_out::LeftOut;

/// What runs the providers.
const OPENTOFU: Program = Program {
    folder: "opentofu",
    module: "github.com/opentofu/opentofu",
    package: "github.com/opentofu/opentofu/cmd/tofu",
    name: "tofu",
    left_out: None,
};
const ALICLOUD: Program = Program {
    folder: "provider",
    module: "github.com/aliyun/terraform-provider-alicloud",
    package: "github.com/aliyun/terraform-provider-alicloud",
    name: "terraform-provider-alicloud",
    left_out: None,
};
const TENCENTCLOUD: Program = Program {
    folder: "tencentcloud",
    module: "github.com/tencentcloudstack/terraform-provider-tencentcloud",
    package: "github.com/tencentcloudstack/terraform-provider-tencentcloud",
    name: "terraform-provider-tencentcloud",
    // Its library for the edge service is nowhere to be had, so that nothing of the provider would compile. Images, disks and
    // tags do not call it.
    left_out: Some(LeftOut {
        folder: "tencentcloud/services/teo",
        word: "teo",
        files: &["tencentcloud/provider.go", "tencentcloud/connectivity/client.go"],
        library: "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/teo",
    }),
};

/// The providers, the variables that tell tests where they are, and those tests.
const PROVIDERS: [(Program, &str, &str); 2] = [
    (ALICLOUD, "FERRY_TEST_TERRAFORM_PROVIDER", "terraform"),
    (TENCENTCLOUD, "FERRY_TEST_TERRAFORM_TENCENTCLOUD", "terraform_tencent"),
];

/// How many scenarios run at once: each sleeps for most of its time, since the providers do.
const AT_ONCE: &str = "--test-threads=7";

/// Runs the providers against a real service; builds the programs first where they are not kept and there is time for it.
pub fn run(tally: &mut Tally, stages_began: Instant) -> Result<(), Failure> {
    let cache = Cache::find();
    let deadline = Deadline::from_environment(stages_began);
    let Some(tofu) = kept(OPENTOFU, &cache, &deadline) else { return Ok(()) };
    let mut command = tests_run::cargo_test()?;
    command.env("FERRY_TEST_TERRAFORM", tofu);
    let mut found = 0;
    // One that is missing takes nothing from the other.
    for (program, variable, tests) in PROVIDERS {
        let Some(file) = kept(program, &cache, &deadline) else { continue };
        let folder = file.parent().expect("a program is in a folder");
        command.args(["--test", tests]).env(variable, folder);
        found += 1;
    }
    if found == 0 {
        return Ok(());
    }
    command.args(["--", AT_ONCE]);
    tests_run::counted(command, tally)
}

/// Where the program is; says SKIP where it is not and cannot be made.
fn kept(program: Program, cache: &Cache, deadline: &Deadline) -> Option<PathBuf> {
    let file = program.ensure(cache, deadline);
    file.map_err(|failure| println!("SKIP {}: {}", program.name, failure.chain())).ok()
}
