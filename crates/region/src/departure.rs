//! How a copy leaves its region: what the profile and the tickets say, and the offer that is recorded before any target is asked.

use catalog::{AuditEntry, Ensured, HoldRow, HoldStanding, SnapshotRow, SpentTicket, Tx, Updated};
use model::rules::{Departure, DepartureFacts, judge_departure, judge_source};
use model::{AccountId, CopyId, Profile, RegionId, Rejection, TicketId, Zone};

use crate::audit::facts;
use crate::commands::Caller;
use crate::peer::{Approval, Cargo, CopyOffer};
use crate::refused::{Refused, RegionFault};
use crate::region::Region;
use crate::request::source_facts;

impl Region {
    /// The border zone of a region; one that is not configured is in the default one.
    pub fn zone_of(&self, region: &RegionId) -> Zone {
        self.inner.options.zones.get(region).cloned().unwrap_or_default()
    }

    /// Judges whether a copy may leave, spends its approval and holds the image, in one transaction. A copy that may not leave
    /// holds nothing: its target only looks whether its token was answered before.
    pub(crate) async fn record_offer(
        &self,
        offer: &mut CopyOffer,
        profile: &Profile,
    ) -> Result<(), Refused> {
        let mut tx = self.inner.catalog.begin().await?;
        let snapshot = self.still_there(&mut tx, offer).await?;
        let departure = match self.departure(&mut tx, offer, profile).await? {
            Ok(departure) => departure,
            Err(rejection) => {
                offer.approval = Approval::Missing(Box::new(rejection));
                return Ok(());
            }
        };
        if let Some(snapshot) = snapshot {
            offer.image = self.insert_carrier(&mut tx, &snapshot).await?;
        }
        self.hold_offer(&mut tx, offer, departure).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Records several offers of images, all or none: one that may not leave refuses them all. None of them stands in another's
    /// way.
    pub(crate) async fn hold_offers(
        &self,
        tx: &mut Tx,
        offers: &mut [CopyOffer],
        profile: &Profile,
    ) -> Result<(), Refused> {
        let mut departures = Vec::with_capacity(offers.len());
        for offer in offers.iter() {
            self.still_there(tx, offer).await?;
            departures.push(self.departure(tx, offer, profile).await??);
        }
        for (offer, departure) in offers.iter_mut().zip(departures) {
            self.hold_offer(tx, offer, departure).await?;
        }
        Ok(())
    }

    /// Spends what an offer needs, and holds its image.
    async fn hold_offer(
        &self,
        tx: &mut Tx,
        offer: &mut CopyOffer,
        departure: Departure,
    ) -> Result<(), Refused> {
        match departure {
            Departure::Free => offer.approval = Approval::NotNeeded,
            Departure::Approved(ticket) => {
                self.spend(tx, offer, ticket.clone()).await?;
                offer.approval = Approval::Ticket(ticket);
            }
        }
        let hold = HoldRow {
            copy: offer.copy.clone(),
            account: offer.account.clone(),
            image: offer.image.clone(),
            target: offer.target.clone(),
            standing: HoldStanding::Offered,
            created: self.inner.clock.now(),
        };
        if tx.ensure_hold(&hold).await? == Ensured::Other {
            return Err(
                RegionFault::Contradiction { what: "a new copy holds an image already" }.into()
            );
        }
        Ok(())
    }

    /// Whether what was offered may still be copied; the snapshot where it is one alone.
    async fn still_there(
        &self,
        tx: &mut Tx,
        offer: &CopyOffer,
    ) -> Result<Option<SnapshotRow>, Refused> {
        match (&offer.cargo, offer.disks.first()) {
            (Cargo::Image, _) => {
                let image = tx.image(&offer.account, &offer.image).await?;
                let image = image.ok_or_else(|| self.no_image(&offer.image))?;
                // It may have been published since the request was judged.
                judge_source(&source_facts(&image, image.kind))?;
                Ok(None)
            }
            (Cargo::Snapshot(_), Some(disk)) => {
                let row = tx.snapshot(&offer.account, &disk.snapshot).await?;
                Ok(Some(row.ok_or_else(|| self.no_snapshot(&disk.snapshot))?))
            }
            (Cargo::Snapshot(_), None) => {
                let what = "an offer of a snapshot has no disk";
                Err(RegionFault::Contradiction { what }.into())
            }
        }
    }

    /// What would keep a copy from leaving; nothing is spent.
    pub(crate) async fn departure_refusal(
        &self,
        offer: &CopyOffer,
        profile: &Profile,
    ) -> Result<Option<Rejection>, RegionFault> {
        let mut tx = self.inner.catalog.read().await?;
        Ok(self.departure(&mut tx, offer, profile).await?.err())
    }

    /// Whether a copy may leave, or why not.
    async fn departure(
        &self,
        tx: &mut Tx,
        offer: &CopyOffer,
        profile: &Profile,
    ) -> Result<Result<Departure, Rejection>, RegionFault> {
        let known = self.departure_facts(tx, offer).await?;
        Ok(judge_departure(&known, profile))
    }

    async fn departure_facts(
        &self,
        tx: &mut Tx,
        offer: &CopyOffer,
    ) -> Result<DepartureFacts, RegionFault> {
        let holds = tx.holds_of_image(&offer.image).await?;
        Ok(DepartureFacts {
            image: offer.image.clone(),
            target: offer.target.clone(),
            size_bytes: size_of(offer),
            from: self.zone_of(self.id()),
            to: self.zone_of(&offer.target),
            held_by: holds.into_iter().next().map(|hold| (hold.copy, hold.target)),
            tickets: tx.tickets_covering(&offer.account, &offer.image, &offer.target).await?,
            now: self.inner.clock.now(),
        })
    }

    async fn spend(
        &self,
        tx: &mut Tx,
        offer: &CopyOffer,
        ticket: TicketId,
    ) -> Result<(), RegionFault> {
        let (target, copy) = (offer.target.clone(), offer.copy.clone());
        let spent = SpentTicket { ticket, target, copy };
        if tx.spend_ticket(&spent, self.inner.clock.now()).await? == Updated::No {
            return Err(RegionFault::Contradiction {
                what: "an approval was used within a transaction",
            });
        }
        let caller = Caller {
            user: offer.user.clone(),
            ..Caller::of_region(&offer.account, offer.request_id.clone())
        };
        self.audit_use(tx, &caller, ("ticket.spend", &spent)).await
    }

    /// Records that an approval was used or given back.
    pub(crate) async fn audit_use(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        (action, spent): (&str, &SpentTicket),
    ) -> Result<(), RegionFault> {
        let entry = self.audit_entry(caller, action, spent.ticket.as_str());
        let detail =
            facts(&[("target", spent.target.to_string()), ("copy", spent.copy.to_string())]);
        tx.record_audit(&AuditEntry { detail, ..entry }).await?;
        Ok(())
    }

    /// Undoes an offer that its target did not take: lets go of the image and gives the approval back.
    pub(crate) async fn withdraw_offer(
        &self,
        account: &AccountId,
        copy: &CopyId,
        request_id: &str,
    ) -> Result<(), RegionFault> {
        let mut tx = self.inner.catalog.begin().await?;
        self.let_go(&mut tx, copy).await?;
        self.give_back(&mut tx, account, (copy, request_id)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The same for an offer whose target says later that it never knew it; whether it was still an offer.
    pub(crate) async fn withdraw_unknown(&self, hold: &HoldRow) -> Result<bool, RegionFault> {
        let mut tx = self.inner.catalog.begin().await?;
        match tx.hold(&hold.copy).await? {
            // The target has asked for it since: it was only late.
            Some(now) if now.standing != hold.standing => return Ok(false),
            Some(_) | None => {}
        }
        self.let_go(&mut tx, &hold.copy).await?;
        match hold.standing {
            HoldStanding::Offered => {
                self.give_back(&mut tx, &hold.account, (&hold.copy, "")).await?;
            }
            // The target knew it once and may have run it: its approval was used.
            HoldStanding::Confirmed => {}
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Gives back the approval that a copy has used.
    pub(crate) async fn give_back(
        &self,
        tx: &mut Tx,
        account: &AccountId,
        (copy, request_id): (&CopyId, &str),
    ) -> Result<(), RegionFault> {
        let Some(spent) = tx.ticket_of_copy(copy).await? else { return Ok(()) };
        if tx.return_ticket(&spent, self.inner.clock.now()).await? == Updated::No {
            return Ok(());
        }
        let caller = Caller::of_region(account, request_id.to_owned());
        self.audit_use(tx, &caller, ("ticket.return", &spent)).await
    }

    /// Lets a copy that its target accepted late, after its approval was given back, spend it anew; refused where another
    /// copy has used it since. So an approval lets one copy run, however late its messages are.
    pub(crate) async fn spend_again(
        &self,
        tx: &mut Tx,
        account: &AccountId,
        copy: &CopyId,
    ) -> Result<(), Refused> {
        let Some(returned) = tx.returned_ticket(copy).await? else { return Ok(()) };
        if tx.ticket_of_copy(copy).await?.is_some() {
            return Ok(());
        }
        if tx.spend_ticket(&returned, self.inner.clock.now()).await? == Updated::Yes {
            let caller = Caller::of_region(account, String::new());
            return Ok(self.audit_use(tx, &caller, ("ticket.spend", &returned)).await?);
        }
        let targets = tx.ticket_targets(&returned.ticket).await?;
        let row = targets.into_iter().find(|row| row.target == returned.target);
        let ticket = returned.ticket.clone();
        if let Some(by) = row.and_then(|row| row.copy) {
            return Err(Rejection::TicketSpent { ticket, by }.into());
        }
        let until = tx.ticket_unscoped(&ticket).await?.and_then(|row| row.until);
        let until = until.unwrap_or_else(|| self.inner.clock.now());
        Err(Rejection::TicketExpired { ticket, until }.into())
    }
}

/// The image's virtual size, all disks together, in bytes.
pub(crate) fn size_of(offer: &CopyOffer) -> u64 {
    offer.disks.iter().map(|disk| disk.size.bytes()).fold(0, u64::saturating_add)
}
