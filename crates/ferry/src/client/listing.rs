//! Listings: cursors are followed to the end.

use api::native::wire::Page;
use serde::de::DeserializeOwned;

use super::Client;
use crate::failure::Failure;

/// Rows of one page.
const PAGE: u64 = 100;

impl Client {
    /// All rows of a listing, or the first `limit`.
    pub async fn list<T: DeserializeOwned>(
        &self,
        doing: &str,
        path: &str,
        query: &[(String, String)],
        limit: Option<u64>,
    ) -> Result<Vec<T>, Failure> {
        let (mut rows, mut cursor) = (Vec::new(), None);
        loop {
            let wanted =
                limit.map_or(PAGE, |limit| limit.saturating_sub(rows.len() as u64).min(PAGE));
            if wanted == 0 {
                return Ok(rows);
            }
            let page: Page<T> =
                self.get(doing, page_path(path, query, wanted, cursor.as_deref())).await?;
            rows.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(rows);
            }
        }
    }
}

fn page_path(path: &str, query: &[(String, String)], wanted: u64, cursor: Option<&str>) -> String {
    let mut url = reqwest::Url::parse("http://a").expect("a constant URL");
    {
        let mut pairs = url.query_pairs_mut();
        pairs.extend_pairs(query).append_pair("limit", &wanted.to_string());
        if let Some(cursor) = cursor {
            pairs.append_pair("cursor", cursor);
        }
    }
    format!("{path}?{}", url.query().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_a_query_are_escaped() {
        let query = [("name".to_owned(), "镜 &像".to_owned())];
        let path = page_path("/v1/x", &query, 7, Some("a=b"));
        assert_eq!(path, "/v1/x?name=%E9%95%9C+%26%E5%83%8F&limit=7&cursor=a%3Db");
    }
}
