//! Sharing: `shareImage`, `unShareImage`, `describeImageMembers` (contract 1). The cloud's pins are the numbers of accounts, its
//! login names their names.

use model::{AccountId, AccountNumber, ImageId, Name, Rejection};
use region::Refused;
use serde_json::json;

use super::call::{Call, Reply, fields, nothing};
use super::error::ApiError;
use super::ids;
use super::rejection::{Context, encrypted_not_shared, no_pin, of_refused};

/// Accounts in one request, at most.
const MOST_ACCOUNTS: usize = 20;

/// `shareImage`: all of the accounts or none of them; one that has the image already stays so.
pub(super) async fn share_image(call: &Call) -> Reply {
    let image = own_image(call).await?;
    let accounts = accounts(call).await?;
    let own = accounts.iter().find(|(_, account)| *account == call.caller.account);
    if let Some((text, _)) = own {
        return Err(invalid_pin(text));
    }
    let accounts = accounts.into_iter().map(|(_, account)| account).collect();
    match call.region.share_image(&call.caller, &image, accounts).await {
        Ok(_) => Ok(nothing()),
        Err(Refused::Rejected(Rejection::EncryptedNotShared { .. })) => {
            Err(encrypted(call, &image).await?)
        }
        Err(other) => Err(refused(other)),
    }
}

/// `unShareImage`: from one that does not have it is no error.
pub(super) async fn un_share_image(call: &Call) -> Reply {
    let image = own_image(call).await?;
    let accounts = accounts(call).await?.into_iter().map(|(_, account)| account).collect();
    call.region.unshare_image(&call.caller, &image, accounts).await.map_err(refused)?;
    Ok(nothing())
}

/// `describeImageMembers`: whom an image of the caller's own is shared with, by number and by name. An account that only another
/// process knows has its own id alone, and no name.
pub(super) async fn describe_image_members(call: &Call) -> Reply {
    let image = call.image(call.id("imageId")?).await?;
    let shares = call.region.shares(&call.caller, &image).await.map_err(refused)?;
    let accounts = &call.deployment.accounts;
    let members = || shares.iter().map(|share| &share.account);
    let numbers = accounts.numbers_of(members()).await.map_err(refused)?;
    let names = accounts.names_of(members()).await.map_err(refused)?;
    let pin = |account: &AccountId| {
        numbers.get(account).map_or_else(|| account.to_string(), ToString::to_string)
    };
    let pins: Vec<String> = members().map(pin).collect();
    let names: Vec<&str> = members().filter_map(|one| names.get(one)).map(Name::as_str).collect();
    Ok(fields(json!({"pins": pins, "loginNames": names})))
}

/// An image that is absent or another's is told before any account is (api-11).
async fn own_image(call: &Call) -> Result<ImageId, ApiError> {
    let image = call.image(call.id("imageId")?).await?;
    call.region.shares(&call.caller, &image).await.map_err(refused)?;
    Ok(image)
}

/// The accounts of both lists, each once, with what was given for it.
async fn accounts(call: &Call) -> Result<Vec<(String, AccountId)>, ApiError> {
    let (pins, names) = (call.params.texts("pins")?, call.params.texts("loginNames")?);
    if pins.len() + names.len() > MOST_ACCOUNTS {
        return Err(ApiError::out_of_range(if pins.is_empty() { "loginNames" } else { "pins" }));
    }
    let mut found: Vec<(String, AccountId)> = Vec::new();
    let mut add = |text: &str, account: AccountId| {
        if !found.iter().any(|(_, known)| *known == account) {
            found.push((text.to_owned(), account));
        }
    };
    for pin in pins {
        add(pin, numbered(call, pin).await?);
    }
    for name in names {
        add(name, named(call, name).await?);
    }
    Ok(found)
}

/// The account of a pin: a number, or an id that Ferry's own tools show.
async fn numbered(call: &Call, pin: &str) -> Result<AccountId, ApiError> {
    if let Ok(id) = pin.parse::<AccountId>() {
        return Ok(id);
    }
    let number: AccountNumber = pin.parse().map_err(|_| invalid_pin(pin))?;
    let account = call.deployment.accounts.account_numbered(number).await;
    account.map_err(refused)?.ok_or_else(|| no_pin(pin))
}

async fn named(call: &Call, name: &str) -> Result<AccountId, ApiError> {
    let absent = || ApiError::argument(format!("LoginName '{name}' not found"));
    let legal = Name::new(name).map_err(|_| absent())?;
    let account = call.deployment.accounts.account_named(&legal).await;
    account.map_err(refused)?.ok_or_else(absent)
}

/// No account has it, or nobody shares with the one that does.
fn invalid_pin(pin: &str) -> ApiError {
    ApiError::argument(format!("Invalid pin '{pin}'"))
}

/// The cloud names the snapshot that keeps an image from being shared.
async fn encrypted(call: &Call, image: &ImageId) -> Result<ApiError, ApiError> {
    let view = call.region.image(&call.caller, image).await.map_err(refused)?;
    let snapshot = view.disks.iter().find_map(|disk| disk.snapshot.as_ref());
    Ok(encrypted_not_shared(&snapshot.map_or_else(|| ids::image(image), ids::snapshot)))
}

fn refused(refused: Refused) -> ApiError {
    of_refused(refused, Context::Share)
}
