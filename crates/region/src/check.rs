//! Looking for what must never be: the invariants that one region can see of itself, and of its holds.

use model::{AccountId, CopyId, DomainName, ImageStatus};

use crate::peer::Standing;
use crate::refused::RegionFault;
use crate::region::{Region, disk_root};
use store::{Look, StoreFault};

/// Rows looked at in one go.
const BATCH: u32 = 500;

impl Region {
    /// What is wrong here, in words; empty where every invariant holds (I1, I6, I7 and the audit chain). Reads every chunk
    /// of every snapshot: for tests and operators, not for a hot path.
    pub async fn check(&self) -> Result<Vec<String>, RegionFault> {
        let mut wrong = Vec::new();
        let of_rows = self.inner.catalog.invariants().await?;
        wrong.extend(of_rows.into_iter().map(|line| format!("{}: {line}", self.id())));
        let mut after = None;
        loop {
            let roots = self.inner.catalog.read().await?.all_roots(after.as_ref(), BATCH).await?;
            let Some(last) = roots.last() else { break };
            after = Some(last.2.clone());
            for (domain, digest, snapshot) in &roots {
                if let Some(line) = self.check_disk(domain, digest).await? {
                    wrong.push(format!("{}: snapshot {snapshot}: {line}", self.id()));
                }
            }
        }
        wrong.extend(
            self.inner
                .store
                .check()
                .await?
                .into_iter()
                .map(|untrue| format!("{}: {untrue:?}", self.id())),
        );
        Ok(wrong)
    }

    async fn check_disk(
        &self,
        domain: &DomainName,
        digest: &model::Digest,
    ) -> Result<Option<String>, RegionFault> {
        let domain = match self.domain(domain).await {
            Ok(domain) => domain,
            // What a disabled or deleted key seals cannot be looked into; that is what the key is for.
            Err(RegionFault::Key { .. }) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        match self.inner.store.check_tree(domain, disk_root(digest), Look::Bytes).await {
            Ok(check) if check.missing == 0 => Ok(None),
            Ok(check) => Ok(Some(format!(
                "{} chunks of disk {digest} are missing or damaged",
                check.missing
            ))),
            Err(
                fault @ (StoreFault::Missing { .. }
                | StoreFault::Damaged { .. }
                | StoreFault::Tree { .. }),
            ) => Ok(Some(format!("the tree of disk {digest} is broken: {fault}"))),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Holds whose copy the target does not have or has ended: none outlives its copy (I8), once everything is idle.
    pub async fn check_holds(&self) -> Result<Vec<String>, RegionFault> {
        let mut wrong = Vec::new();
        for hold in self.inner.catalog.read().await?.list_holds().await? {
            let Ok(peer) = self.peer(&hold.target) else { continue };
            match peer.standing(&hold.copy).await? {
                Standing::Live => wrong
                    .extend(self.check_held_image(&hold.account, &hold.image, &hold.copy).await?),
                standing @ (Standing::Unknown | Standing::Ended) => {
                    wrong.push(format!(
                        "{}: hold of {} is left, its copy is {standing:?}",
                        self.id(),
                        hold.copy
                    ));
                }
            }
        }
        Ok(wrong)
    }

    /// Approvals that were used by a copy that neither runs, ran nor is being asked for: none, once everything is idle (R000-7).
    pub async fn check_tickets(&self) -> Result<Vec<String>, RegionFault> {
        let mut wrong = Vec::new();
        let mut after = None;
        loop {
            let mut tx = self.inner.catalog.read().await?;
            let used = tx.spent_tickets(after.as_ref(), BATCH).await?;
            drop(tx);
            let Some(last) = used.last() else { return Ok(wrong) };
            after = Some(last.copy.clone());
            for spent in used {
                let Ok(peer) = self.peer(&spent.target) else { continue };
                if peer.standing(&spent.copy).await? == Standing::Unknown {
                    let (id, ticket, copy) = (self.id(), &spent.ticket, &spent.copy);
                    wrong.push(format!("{id}: {ticket} was used by {copy}, which is nowhere"));
                }
            }
        }
    }

    async fn check_held_image(
        &self,
        account: &AccountId,
        image: &model::ImageId,
        copy: &CopyId,
    ) -> Result<Option<String>, RegionFault> {
        let row = self.inner.catalog.read().await?.image(account, image).await?;
        let available = row.is_some_and(|row| row.status == ImageStatus::Available);
        Ok((!available).then(|| format!("{}: image {image}, held by {copy}, is gone", self.id())))
    }
}
