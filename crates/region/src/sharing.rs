//! Sharing: an image's owner lets other accounts of the deployment see and use it in its region (R001-8).

use catalog::{AuditEntry, Deleted, ImageRow, Inserted, ShareRow, Tx};
use model::rules::{Sealed, SharingFacts, ShowingFacts, judge_sharing};
use model::{AccountId, Act, Field, FieldRefusal, ImageId, Rejection};

use crate::commands::Caller;
use crate::images::deprecation_of;
use crate::refused::{Refused, RegionFault};
use crate::region::Region;
use crate::views::ShareView;

/// What the rules of showing an image to others need to know of it.
pub(crate) fn showing(row: &ImageRow) -> ShowingFacts {
    ShowingFacts {
        image: row.id.clone(),
        kind: row.kind,
        status: row.status,
        deprecation: deprecation_of(row),
        sealed: if row.encryption_key.is_some() { Sealed::Yes } else { Sealed::No },
    }
}

impl Region {
    /// Shares an image with accounts, all of them or none. One that it is shared with already stays so. The answer is whom it
    /// is shared with now.
    pub async fn share_image(
        &self,
        caller: &Caller,
        image: &ImageId,
        accounts: Vec<AccountId>,
    ) -> Result<Vec<ShareView>, Refused> {
        caller.must(Act::Change)?;
        if accounts.is_empty() {
            return Err(Rejection::field(Field::Account, FieldRefusal::Empty).into());
        }
        let unknown = self.unknown_accounts(&accounts).await?;
        let mut tx = self.inner.catalog.begin().await?;
        let row = self.own_image(&mut tx, caller, image).await?;
        let before = tx.shares_of(image).await?;
        let new = judge_sharing(&SharingFacts {
            showing: showing(&row),
            owner: row.account,
            wanted: accounts,
            unknown,
            already: before.iter().map(|share| share.account.clone()).collect(),
            limit: self.inner.options.accounts_per_share_list,
        })?;
        if new.is_empty() {
            return Ok(before.into_iter().map(ShareView::from).collect());
        }
        let created = self.inner.clock.now();
        for account in new {
            let share = ShareRow { image: image.clone(), account, created };
            if tx.insert_share(&share).await? == Inserted::Clash {
                let what = "a share is there that was not";
                return Err(RegionFault::Contradiction { what }.into());
            }
        }
        let entry = self.audit_entry(caller, "image.share", image.as_str());
        self.record_shares(caller, tx, entry, (image, before)).await
    }

    /// Takes an image back from accounts; from one that does not have it is no error. What they use already stays as it is.
    pub async fn unshare_image(
        &self,
        caller: &Caller,
        image: &ImageId,
        accounts: Vec<AccountId>,
    ) -> Result<Vec<ShareView>, Refused> {
        caller.must(Act::Change)?;
        if accounts.is_empty() {
            return Err(Rejection::field(Field::Account, FieldRefusal::Empty).into());
        }
        let mut tx = self.inner.catalog.begin().await?;
        self.own_image(&mut tx, caller, image).await?;
        let before = tx.shares_of(image).await?;
        let mut ended = 0;
        for account in &accounts {
            ended += match tx.delete_share(image, account).await? {
                Deleted::Yes => 1,
                Deleted::No => 0,
            };
        }
        if ended == 0 {
            return Ok(before.into_iter().map(ShareView::from).collect());
        }
        let entry = self.audit_entry(caller, "image.unshare", image.as_str());
        self.record_shares(caller, tx, entry, (image, before)).await
    }

    /// Accounts that one image may be shared with.
    pub fn most_shares(&self) -> u64 {
        self.inner.options.accounts_per_share_list as u64
    }

    /// Whom an image is shared with; its owner's to know.
    pub async fn shares(
        &self,
        caller: &Caller,
        image: &ImageId,
    ) -> Result<Vec<ShareView>, Refused> {
        caller.must(Act::Read)?;
        let mut tx = self.inner.catalog.read().await?;
        self.own_image(&mut tx, caller, image).await?;
        Ok(tx.shares_of(image).await?.into_iter().map(ShareView::from).collect())
    }

    /// Those of the accounts that the deployment does not have.
    async fn unknown_accounts(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<AccountId>, RegionFault> {
        let mut tx = self.inner.accounts.catalog.read().await?;
        let mut unknown = Vec::new();
        for account in accounts {
            if tx.account(account).await?.is_none() {
                unknown.push(account.clone());
            }
        }
        Ok(unknown)
    }

    /// Ends a change of an image's shares.
    async fn record_shares(
        &self,
        caller: &Caller,
        mut tx: Tx,
        entry: AuditEntry,
        (image, before): (&ImageId, Vec<ShareRow>),
    ) -> Result<Vec<ShareView>, Refused> {
        let now = tx.shares_of(image).await?;
        let entry = AuditEntry { before: named(&before), after: named(&now), ..entry };
        tx.record_audit(&entry).await?;
        caller.commit(tx).await?;
        self.changed();
        Ok(now.into_iter().map(ShareView::from).collect())
    }
}

/// A list of shares as the audit trail has it.
fn named(shares: &[ShareRow]) -> String {
    let accounts: Vec<&str> = shares.iter().map(|share| share.account.as_str()).collect();
    format!("shared_with={}", accounts.join(","))
}

impl From<ShareRow> for ShareView {
    fn from(row: ShareRow) -> Self {
        ShareView { account: row.account, created: row.created }
    }
}
