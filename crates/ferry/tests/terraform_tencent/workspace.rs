//! A workspace with Tencent Cloud's provider in it.

use crate::provider::tencent::{HERE, Scenario};
use crate::provider::workspace::{Plugin, Workspace};

const PLUGIN: Plugin = Plugin {
    source: "tencentcloudstack/tencentcloud",
    variable: "FERRY_TEST_TERRAFORM_TENCENTCLOUD",
};

/// Prepares a scenario; none, said as SKIP, where the programs are not there. The settings are those that `docs/tencent.md`
/// tells; with them and `HTTP_PROXY` the provider's calls come here.
pub fn open(scenario: Scenario) -> Option<Workspace<Scenario>> {
    let workspace = Workspace::open(scenario, PLUGIN)?;
    let settings = format!(
        r#"terraform {{
  required_providers {{
    tencentcloud = {{ source = "tencentcloudstack/tencentcloud" }}
  }}
}}
provider "tencentcloud" {{
  secret_id  = "{}"
  secret_key = "{}"
  region     = "{HERE}"
  protocol   = "HTTP"
}}
"#,
        workspace.scene.key.id, workspace.scene.key.secret
    );
    workspace.write("provider.tf", &settings);
    Some(workspace)
}
