//! What a share shows of itself.

use api::native::wire::Share;

use super::{Row, age};

impl Row for Share {
    const HEADINGS: &'static [&'static str] = &["ACCOUNT", "AGE"];

    fn cells(&self) -> Vec<String> {
        vec![self.account.clone(), age(&self.created)]
    }

    fn id(&self) -> &str {
        &self.account
    }
}
