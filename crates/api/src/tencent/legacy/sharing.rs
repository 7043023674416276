//! Sharing in the words of the older API: `ShareImage`, `CancelShareImage`, `GetImageShareUinInfo`.

use serde_json::{Value, json};

use super::{ask, some_texts};
use crate::tencent::call::Call;
use crate::tencent::error::ApiError;
use crate::tencent::reply::{Fields, fields};

/// Accounts that an image is shared with, at most (contract 3).
const MOST_ACCOUNTS: usize = 50;
/// Images in one question, at most (contract 3).
const MOST_IMAGES: usize = 10;

/// `ShareImage`.
pub(super) async fn share_image(call: &Call) -> Result<Fields, ApiError> {
    change(call, "SHARE").await
}

/// `CancelShareImage`.
pub(super) async fn cancel_share_image(call: &Call) -> Result<Fields, ApiError> {
    change(call, "CANCEL").await
}

async fn change(call: &Call, permission: &str) -> Result<Fields, ApiError> {
    let accounts = some_texts(&call.params, "uinList")?;
    if accounts.len() > MOST_ACCOUNTS {
        let reason = format!("it has more than {MOST_ACCOUNTS} accounts");
        return Err(ApiError::value("uinList", reason));
    }
    let wanted = fields([
        ("ImageId", json!(call.params.needed("imageId")?)),
        ("AccountIds", json!(accounts)),
        ("Permission", json!(permission)),
    ]);
    ask(call, "ModifyImageSharePermission", wanted).await.map(|_told| Fields::new())
}

/// `GetImageShareUinInfo`: whom images are shared with, and since when. Numbers are texts, as in the example of the documents.
pub(super) async fn get_image_share_uin_info(call: &Call) -> Result<Fields, ApiError> {
    let images = some_texts(&call.params, "imageIds")?;
    if images.len() > MOST_IMAGES {
        let reason = format!("it has more than {MOST_IMAGES} images");
        return Err(ApiError::value("imageIds", reason));
    }
    let mut told = Vec::new();
    for image in images {
        let wanted = fields([("ImageId", json!(image))]);
        let shares = ask(call, "DescribeImageSharePermission", wanted).await?;
        told.push(json!({ "imageId": image, "shareUinInfo": accounts(&shares) }));
    }
    let data = json!({
        "imageNum": told.len().to_string(),
        "maxImgShareNum": MOST_ACCOUNTS.to_string(),
        "imageList": told,
    });
    Ok(fields([("data", data)]))
}

fn accounts(shares: &Fields) -> Vec<Value> {
    let shares = shares.get("SharePermissionSet").and_then(Value::as_array);
    let account = |share: &Value| {
        let since = share["CreatedTime"].as_str().unwrap_or_default();
        json!({ "uin": share["AccountId"], "shareTimeStamp": without_zone(since) })
    };
    shares.into_iter().flatten().map(account).collect()
}

/// `2016-01-13T15:16:53Z` as the older API writes it, `2016-01-13 15:16:53`. It is of UTC here as everywhere.
pub(super) fn without_zone(time: &str) -> String {
    time.trim_end_matches('Z').replacen('T', " ", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contract 3: the fields of the documents' example.
    #[test]
    fn shares_are_told_with_the_names_of_the_older_api() {
        let share = json!({"CreatedTime": "2016-01-13T15:16:53Z", "AccountId": "1621874004"});
        let shares = fields([("SharePermissionSet", json!([share]))]);
        let wanted = json!({"uin": "1621874004", "shareTimeStamp": "2016-01-13 15:16:53"});
        assert_eq!(accounts(&shares), [wanted]);
    }
}
