//! Copies that were asked for together, as their source keeps them until they are settled: recorded before the first target is
//! asked, kept when all have promised, else withdrawn from every target that may have promised, however long that takes.

use std::collections::BTreeMap;
use std::time::Duration;

use catalog::{BatchMember, BatchStanding, CopyBatchRow, TokenClaim, TokenRow, Tx, Updated};
use model::{AccountId, ClientToken, CopyId, RegionId, Rejection, Timestamp};

use crate::peer::Withdrawal;
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::Region;

/// Who has not settled copies after so long does not any more. Each target answers within 30 s; a choice of ours.
const SETTLED_WITHIN_MS: i64 = 600_000;
/// How long others wait for copies to be settled before they are told to come again; a choice of ours.
const WAITED: Duration = Duration::from_secs(2);

/// A caller's token for copies asked for together.
#[derive(Clone, Debug)]
pub(crate) struct BatchToken {
    /// Whose it is.
    pub(crate) account: AccountId,
    /// The action that it is claimed for.
    pub(crate) action: &'static str,
    /// The token.
    pub(crate) token: ClientToken,
    /// Names what was asked for.
    pub(crate) fingerprint: [u8; 32],
}

/// What a token was answered before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// It is new.
    Nothing,
    /// This.
    Answer(String),
    /// Nothing yet: these copies are being promised for it.
    Soon(CopyId),
}

impl Region {
    /// What a token was answered; refused where it was used for something else.
    pub(crate) async fn told(&self, of: &BatchToken) -> Result<Told, Refused> {
        let mut tx = self.inner.catalog.read().await?;
        match tx.token(&of.account, of.action, &of.token).await? {
            None => Ok(Told::Nothing),
            Some(row) if row.fingerprint != of.fingerprint => Err(Rejection::TokenReused.into()),
            Some(row) => Ok(match row.answer.parse() {
                Ok(batch) => Told::Soon(batch),
                Err(_) => Told::Answer(row.answer),
            }),
        }
    }

    /// Claims a request's token for copies that are about to be promised.
    pub(crate) async fn claim_for_batch(
        &self,
        tx: &mut Tx,
        of: &BatchToken,
        batch: &CopyId,
    ) -> Result<TokenClaim, RegionFault> {
        let row = TokenRow {
            account: of.account.clone(),
            action: of.action.to_owned(),
            token: of.token.clone(),
            fingerprint: of.fingerprint,
            answer: batch.to_string(),
            created: self.inner.clock.now(),
        };
        Ok(tx.claim_token(&row).await?)
    }

    /// All of a batch stay; its token is answered so from now on.
    pub(crate) async fn keep_batch(
        &self,
        batch: &CopyId,
        answer: Option<(&BatchToken, String)>,
    ) -> Result<(), RegionFault> {
        let mut tx = self.inner.catalog.begin().await?;
        if tx.keep_copy_batch(batch).await? == Updated::No {
            return Err(RegionFault::Unsettled { batch: batch.to_string() });
        }
        if let Some((of, answer)) = answer {
            let token = (of.action, &of.token);
            if tx.answer_token(&of.account, token, &answer).await? == Updated::No {
                let what = "the token of copies asked for together is gone";
                return Err(RegionFault::Contradiction { what });
            }
        }
        failpoint!("together.before_kept");
        tx.commit().await?;
        self.changed();
        failpoint!("together.after_kept");
        Ok(())
    }

    /// None of a batch is to stay, and its token is free again. Those of the targets named `asked` may be promised already: they
    /// are taken back now, or later where a target cannot be asked now.
    pub(crate) async fn give_up_batch(
        &self,
        batch: &CopyId,
        asked: &[RegionId],
    ) -> Result<(), RegionFault> {
        let mut tx = self.inner.catalog.begin().await?;
        if tx.withdraw_copy_batch(batch).await? == Updated::No {
            // Settled already, and whoever did it sees to the rest.
            return Ok(());
        }
        let Some(row) = tx.copy_batch(batch).await? else { return Ok(()) };
        if let Some((action, token)) = &row.token {
            tx.forget_token(&row.account, (action, token)).await?;
        }
        for member in tx.batch_members(batch).await? {
            if !asked.contains(&member.target) {
                self.forget_member(&mut tx, &row, &member.copy).await?;
            }
        }
        tx.commit().await?;
        self.changed();
        failpoint!("together.given_up");
        self.take_back_batch(&row).await.map(drop)
    }

    /// Asks the targets of a batch that is withdrawn to take back what they promised; how many copies that was.
    async fn take_back_batch(&self, row: &CopyBatchRow) -> Result<u64, RegionFault> {
        let mut by_target: BTreeMap<RegionId, Vec<CopyId>> = BTreeMap::new();
        for BatchMember { copy, target } in
            self.inner.catalog.read().await?.batch_members(&row.id).await?
        {
            by_target.entry(target).or_default().push(copy);
        }
        let mut taken_back = 0;
        for (target, copies) in by_target {
            let withdrawal = Withdrawal {
                source: self.id().clone(),
                copies: copies.clone(),
                request_id: row.request_id.clone(),
            };
            let answer = match self.peer(&target) {
                Ok(peer) => peer.withdraw(withdrawal).await.map_err(|refused| refused.to_string()),
                Err(rejection) => Err(rejection.to_string()),
            };
            if let Err(reason) = answer {
                tracing::warn!(batch = %row.id, %target, %reason, "cannot take copies back yet");
                continue;
            }
            failpoint!("together.taken_back");
            let mut tx = self.inner.catalog.begin().await?;
            for copy in &copies {
                self.forget_member(&mut tx, row, copy).await?;
            }
            tx.commit().await?;
            taken_back += copies.len() as u64;
        }
        self.changed();
        Ok(taken_back)
    }

    /// Lets go of what a withdrawn copy held, and of its approval.
    async fn forget_member(
        &self,
        tx: &mut Tx,
        row: &CopyBatchRow,
        copy: &CopyId,
    ) -> Result<(), RegionFault> {
        self.let_go(tx, copy).await?;
        self.give_back(tx, &row.account, (copy, &row.request_id)).await?;
        Ok(tx.forget_batch_member(&row.id, copy).await?)
    }

    /// Goes on with what is withdrawn, and withdraws what was never settled; how many copies were taken back.
    pub async fn settle_batches(&self) -> Result<u64, RegionFault> {
        let now = self.inner.clock.now();
        self.forget_withdrawn().await?;
        self.settle_batches_before(now.plus_ms(1 - SETTLED_WITHIN_MS)).await
    }

    /// The same for copies asked for before an instant.
    pub(crate) async fn settle_batches_before(
        &self,
        instant: Timestamp,
    ) -> Result<u64, RegionFault> {
        let rows = self.inner.catalog.read().await?.list_copy_batches().await?;
        let mut taken_back = 0;
        for row in rows {
            match row.standing {
                BatchStanding::Promising if row.created < instant => {
                    let members = self.inner.catalog.read().await?.batch_members(&row.id).await?;
                    let targets: Vec<_> = members.iter().map(|one| one.target.clone()).collect();
                    self.give_up_batch(&row.id, &targets).await?;
                    taken_back += members.len() as u64;
                }
                BatchStanding::Promising => {}
                BatchStanding::Withdrawn => taken_back += self.take_back_batch(&row).await?,
            }
        }
        Ok(taken_back)
    }

    /// Waits a little while for the batch that a copy is of, if any, to be kept.
    pub(crate) async fn await_settled(&self, copy: &CopyId) -> Result<(), RegionFault> {
        let mut changes = self.inner.changes.subscribe();
        let settled = async {
            loop {
                changes.borrow_and_update();
                if self.inner.catalog.read().await?.batch_of_copy(copy).await?.is_none() {
                    return Ok(());
                }
                if changes.changed().await.is_err() {
                    return Ok(());
                }
            }
        };
        // Whoever still finds it unsettled says so in its own words.
        tokio::time::timeout(WAITED, settled).await.unwrap_or(Ok(()))
    }
}
