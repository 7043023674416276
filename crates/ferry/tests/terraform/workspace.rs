//! A workspace with Alibaba Cloud's provider in it.

use std::ops::Deref;

use serde_json::Value;

use crate::ecs::Caller;
use crate::provider::alibaba::{HERE, Scenario};
use crate::provider::workspace::{self, Plugin};

const PLUGIN: Plugin =
    Plugin { source: "aliyun/alicloud", variable: "FERRY_TEST_TERRAFORM_PROVIDER" };

/// One scenario's service, proxy and folder.
pub struct Workspace(workspace::Workspace<Scenario>);

impl Deref for Workspace {
    type Target = workspace::Workspace<Scenario>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Workspace {
    /// Prepares all; none, said as SKIP, where the programs are not there.
    pub fn open(scenario: Scenario) -> Option<Workspace> {
        let workspace = Workspace(workspace::Workspace::open(scenario, PLUGIN)?);
        workspace.write("provider.tf", &workspace.provider("account_type = \"Domestic\""));
        Some(workspace)
    }

    /// The provider's settings as `docs/alibaba.md` tells them.
    pub fn provider(&self, more: &str) -> String {
        format!(
            r#"terraform {{
  required_providers {{
    alicloud = {{ source = "aliyun/alicloud" }}
  }}
}}
provider "alicloud" {{
  access_key = "{}"
  secret_key = "{}"
  region = "{HERE}"
  protocol = "HTTP"
  skip_region_validation = true
  {more}
  endpoints {{
    ecs = "{}"
  }}
}}
"#,
            self.scene.key.id, self.scene.key.secret, self.recorder.address
        )
    }

    /// The attributes of an `alicloud_image_copy`.
    pub fn copy(&self, name: &str) -> Value {
        self.state("alicloud_image_copy", name)
    }

    /// Whoever calls the service through the proxy, so that the trace has it.
    pub fn recorded(&self) -> Caller {
        Caller { address: self.recorder.address.clone(), key: self.scene.key.clone() }
    }

    /// Ends the scenario: no call went elsewhere, and they are those of the trace.
    pub fn close(self) {
        self.0.close();
    }
}
