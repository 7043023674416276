//! What stands ready where the stories play.

use crate::stories::Stage;
use crate::world::{Home, disks};

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

pub const STAGE: Stage = Stage { folder: "alibaba", settings: SETTINGS, furnish };

fn furnish(home: &Home) {
    disks::mixed(&home.path("web.raw"), 2, 1);
    disks::noise(&home.path("slow.raw"), 16, 2);
    home.good("image import web.raw --name web --region cn-hangzhou --tag of=source");
    home.good("image import slow.raw --name slow --region cn-beijing");
}
