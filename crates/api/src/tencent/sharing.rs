//! Sharing: `ModifyImageSharePermission`, `DescribeImageSharePermission` (contract 2).

use model::{AccountId, Act};
use region::ShareView;
use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::given::Given;
use super::ids::{at_most, needed_image};
use super::rejection::{Context, no_account, of_refused};
use super::reply::{Fields, fields};
use super::times;

/// Accounts in one request, at most; as many as an image is shared with (contract 2).
const MOST_ACCOUNTS: usize = 500;

/// What is done with accounts.
#[derive(Copy, Clone)]
enum Permission {
    Share,
    Cancel,
}

/// `ModifyImageSharePermission`: all of the accounts or none. One that has the image already, or that does not have it, is no
/// error.
pub(super) async fn modify_image_share_permission(call: &Call) -> Result<Fields, ApiError> {
    let region = call.region()?;
    let refused = |refused| of_refused(refused, Context::Share);
    call.caller.must(Act::Change).map_err(|rejection| refused(rejection.into()))?;
    let given = Given { params: &call.params, context: Context::Share };
    let permissions = [("SHARE", Permission::Share), ("CANCEL", Permission::Cancel)];
    let permission = given.word("Permission", ("InvalidParameterValue", &permissions))?;
    let permission = permission.ok_or_else(|| ApiError::missing("Permission"))?;
    let named = call.params.texts("AccountIds")?;
    if named.is_empty() {
        return Err(ApiError::missing("AccountIds"));
    }
    at_most(("AccountIds", named.len()), MOST_ACCOUNTS)?;
    let image = needed_image(call, &region).await?;
    // An image that is absent or another's is told before any account is (api-11).
    region.shares(&call.caller, &image).await.map_err(refused)?;
    let accounts = accounts(call, &named).await?;
    let changed = match permission {
        Permission::Share => region.share_image(&call.caller, &image, accounts).await,
        Permission::Cancel => region.unshare_image(&call.caller, &image, accounts).await,
    };
    changed.map_err(refused)?;
    Ok(Fields::new())
}

/// Accounts by number, or by the ids that Ferry's own tools show, each once.
async fn accounts(call: &Call, named: &[&str]) -> Result<Vec<AccountId>, ApiError> {
    let mut accounts = Vec::with_capacity(named.len());
    for text in named {
        let account = match text.parse::<AccountId>() {
            Ok(id) => id,
            Err(_) => numbered(call, text).await?,
        };
        if !accounts.contains(&account) {
            accounts.push(account);
        }
    }
    Ok(accounts)
}

async fn numbered(call: &Call, text: &str) -> Result<AccountId, ApiError> {
    let number = text.parse().map_err(|_| no_account())?;
    let account = call.deployment.accounts.account_numbered(number).await;
    account.map_err(|refused| of_refused(refused, Context::Share))?.ok_or_else(no_account)
}

/// `DescribeImageSharePermission`: whom an image of the caller's own is shared with, since when.
pub(super) async fn describe_image_share_permission(call: &Call) -> Result<Fields, ApiError> {
    let region = call.region()?;
    let refused = |refused| of_refused(refused, Context::Share);
    let image = needed_image(call, &region).await?;
    let shares = region.shares(&call.caller, &image).await.map_err(refused)?;
    let numbers = call.deployment.accounts.numbers_of(shares.iter().map(|share| &share.account));
    let numbers = numbers.await.map_err(refused)?;
    let share = |share: &ShareView| {
        // An account that only another process knows has its own id alone.
        let number = numbers.get(&share.account).map(ToString::to_string);
        json!({
            "AccountId": number.unwrap_or_else(|| share.account.to_string()),
            "CreatedTime": times::of_image(share.created),
        })
    };
    let shares: Vec<Value> = shares.iter().map(share).collect();
    Ok(fields([("SharePermissionSet", json!(shares))]))
}
