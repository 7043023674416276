//! Sharing and publishing: `ModifyImageSharePermission`, `DescribeImageSharePermission` (contract 5).

use model::rules::Offer;
use model::{AccountId, ImageId, ImageKind};
use region::{Caller, Intent, Refused, Region, ShareView};

use super::call::{Call, rehearsed};
use super::error::ApiError;
use super::ids::Spelled;
use super::paging::{Numbered, TEN};
use super::rejection::{Context, no_account, of_refused};
use super::reply::Node;
use super::times;
use super::words::no_image;

/// Accounts of each list that are read; the cloud ignores the rest.
const MOST_ACCOUNTS: usize = 10;

/// What is asked for.
struct Change {
    image: ImageId,
    remove: Vec<AccountId>,
    add: Vec<AccountId>,
    is_public: Option<bool>,
}

/// `ModifyImageSharePermission`: takes back, then shares, then publishes. Each of these is done as a whole or not at all; a
/// request for several is rehearsed first, so that it fails before the first rather than behind it.
pub(super) async fn modify_image_share_permission(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let caller = call.dry()?;
    let image = ImageId::read(call.params.needed("ImageId")?).ok_or_else(no_image)?;
    let is_public = call.params.flag("IsPublic")?;
    if call.params.text("LaunchPermission").is_some() {
        return Err(ApiError::bad(
            "ForbiddenParameter.LaunchPermission",
            "The specified parameter \"LaunchPermission\" is forbidden for current account.",
        ));
    }
    // An image that is absent or another's is told before any account is (api-11).
    region.shares(&caller, &image).await.map_err(refused)?;
    let change = Change {
        image,
        remove: accounts(call, "RemoveAccount").await?,
        add: accounts(call, "AddAccount").await?,
        is_public,
    };
    if change.is_public == Some(true) && !change.add.is_empty() {
        return Err(ApiError::forbidden(
            "InvalidParameter.IsPublic",
            "The specified parameter IsPublic is conflicted with other parameters.",
        ));
    }
    if caller.intent == Intent::Rehearse {
        change.make(&region, &caller).await?;
        return Err(rehearsed());
    }
    if change.steps() > 1 {
        let rehearsing = Caller { intent: Intent::Rehearse, ..caller.clone() };
        change.make(&region, &rehearsing).await?;
    }
    change.make(&region, &caller).await?;
    Ok(Node::empty())
}

impl Change {
    fn steps(&self) -> usize {
        let lists = [&self.remove, &self.add];
        lists.iter().filter(|list| !list.is_empty()).count() + usize::from(self.is_public.is_some())
    }

    async fn make(&self, region: &Region, caller: &Caller) -> Result<(), ApiError> {
        if self.is_public == Some(false) {
            done(region.unpublish_image(caller, &self.image).await)?;
        }
        if !self.remove.is_empty() {
            done(region.unshare_image(caller, &self.image, self.remove.clone()).await)?;
        }
        if !self.add.is_empty() {
            done(region.share_image(caller, &self.image, self.add.clone()).await)?;
        }
        if self.is_public == Some(true) {
            self.publish(region, caller).await?;
        }
        Ok(())
    }

    async fn publish(&self, region: &Region, caller: &Caller) -> Result<(), ApiError> {
        // What is rehearsed before it was not done, so whom it is shared with still does not count.
        if caller.intent == Intent::Rehearse && !self.remove.is_empty() {
            let may = caller.must(model::Act::Operate);
            return may.map_err(|rejection| refused(rejection.into()));
        }
        done(region.publish_image(caller, &self.image, Offer::Public).await)
    }
}

/// A step that was done, or that would have been.
fn done<T>(step: Result<T, Refused>) -> Result<(), ApiError> {
    match step {
        Ok(_) | Err(Refused::Rehearsed) => Ok(()),
        Err(other) => Err(refused(other)),
    }
}

/// The accounts of a list, by number, or by the ids that Ferry's own tools show.
async fn accounts(call: &Call, name: &str) -> Result<Vec<AccountId>, ApiError> {
    let mut accounts = Vec::new();
    for text in call.params.list(name)?.into_iter().take(MOST_ACCOUNTS) {
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
    account.map_err(refused)?.ok_or_else(no_account)
}

fn refused(refused: Refused) -> ApiError {
    of_refused(refused, Context::Share)
}

/// `DescribeImageSharePermission`: whom an image of the caller's own is shared with, since when.
pub(super) async fn describe_image_share_permission(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let page = Numbered::read(call, TEN)?;
    let image = ImageId::read(call.params.needed("ImageId")?).ok_or_else(no_image)?;
    let shares = region.shares(&call.caller, &image).await.map_err(refused)?;
    let view = region.image(&call.caller, &image).await.map_err(refused)?;
    let (total, part) = (shares.len() as u64, page.part());
    let offset = usize::try_from(part.offset).unwrap_or(usize::MAX);
    let shown: Vec<_> = shares.iter().skip(offset).take(part.limit as usize).collect();
    let numbers = call.deployment.accounts.numbers_of(shown.iter().map(|share| &share.account));
    let numbers = numbers.await.map_err(refused)?;
    let account = |share: &ShareView| {
        // An account that only another process knows has its own id alone.
        let number = numbers.get(&share.account).map(ToString::to_string);
        Node::Fields(vec![
            ("AliyunId", Node::text(number.unwrap_or_else(|| share.account.to_string()))),
            ("SharedTime", Node::text(times::to_second(share.created))),
        ])
    };
    let accounts = shown.into_iter().map(account).collect();
    let groups = match view.kind {
        ImageKind::Public | ImageKind::Marketplace => {
            vec![Node::Fields(vec![("Group", Node::text("all"))])]
        }
        ImageKind::Custom | ImageKind::Shared => Vec::new(),
    };
    let mut fields = page.fields(total);
    fields.extend([
        ("RegionId", Node::text(region.id())),
        ("ImageId", Node::text(image.spelled())),
        ("Accounts", Node::List("Account", accounts)),
        ("ShareGroups", Node::List("ShareGroup", groups)),
    ]);
    Ok(Node::Fields(fields))
}
