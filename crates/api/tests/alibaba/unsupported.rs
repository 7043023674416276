//! What the cloud has and this service does not is told as such, and what nobody has as unknown; neither is 404 (contract 3).

use std::path::Path;

use crate::door::{Door, HERE};

/// The operations that the page lists with this answer.
pub fn told(answer: &str) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/alibaba.md");
    let page = std::fs::read_to_string(page).unwrap();
    let row = |line: &str| {
        let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        rest.starts_with(&format!("{answer} |")).then(|| name.to_owned())
    };
    page.lines().filter_map(row).collect()
}

#[tokio::test]
async fn every_operation_answers_as_the_page_says() {
    let door = Door::open().await;
    let (yes, no) = (told("yes"), told("no"));
    assert!(yes.len() > 20 && no.len() > 20, "{yes:?} {no:?}");
    for action in no {
        let message =
            door.ask(&action, &[("RegionId", HERE)]).await.refused(400, "UnsupportedOperation");
        assert!(message.contains(&action), "{message}");
    }
    for action in yes.iter().filter(|action| *action != "QueryAvailableInstances") {
        let answer = door.ask(action, &[("RegionId", HERE)]).await;
        let code = answer.body["Code"].as_str().unwrap_or_default();
        assert!(
            !["UnsupportedOperation", "InvalidAction.NotFound"].contains(&code),
            "{action}: {code}"
        );
    }
    for unknown in ["DescribeDisks", "describeimages", "Describe", ""] {
        let refused = door.ask(unknown, &[("RegionId", HERE)]).await;
        assert_eq!(refused.status, 400, "{unknown}: {}", refused.body);
    }
    door.ask("DescribeDisks", &[]).await.refused(400, "InvalidAction.NotFound");
}
