//! Copies of one snapshot alone: asked for where it is, under the id that it will have in its target.

use model::rules::{SnapshotFacts, judge_snapshot_copy};
use model::{
    Act, ClientToken, CopyId, Description, DomainName, ImageId, NameRule, Particulars, Profile,
    RegionId, Rejection, Sealing, SnapshotId, SnapshotName, Tags, Urgency,
};

use crate::carriers::{carrier_attributes, carrier_name};
use crate::commands::{Caller, Intent};
use crate::peer::{Approval, Cargo, CopyOffer, OfferedDisk, PeerFault, SnapshotCargo};
use crate::refused::Refused;
use crate::region::Region;
use crate::request::{digest_of, urgency_told};

/// The action that a request's tokens are claimed for where the snapshot is.
const TOKEN_ACTION: &str = "copy-snapshot-request";

/// Copy one snapshot of this region to another, or within the region under another key.
#[derive(Clone, Debug)]
pub struct CopySnapshot {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// Where it is to go.
    pub target: RegionId,
    /// Its name there; else the source's. May be empty.
    pub name: Option<String>,
    /// Its description there; else the source's.
    pub description: Option<Description>,
    /// Its tags there; else the source's.
    pub tags: Option<Tags>,
    /// What the copy is sealed with.
    pub sealing: Sealing,
    /// How soon it is wanted.
    pub urgency: Urgency,
    /// The limits of the door that was asked.
    pub profile: Profile,
    /// Makes the request safe to repeat.
    pub token: Option<ClientToken>,
}

/// A snapshot that was promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotPromised {
    /// Its id in the target, from now on.
    pub snapshot: SnapshotId,
    /// The copy that makes it.
    pub copy: CopyId,
}

impl Region {
    /// Asks a region for a copy of a snapshot of this one. The id of the new snapshot is answered at once; its contents come as
    /// those of any copy do. It needs no image, and takes of the target's snapshot quota alone.
    pub async fn copy_snapshot(
        &self,
        caller: &Caller,
        command: CopySnapshot,
    ) -> Result<SnapshotPromised, Refused> {
        caller.must(Act::Change)?;
        let promised = self.promise_copy(caller, &command).await;
        promised.map_err(|refused| match refused {
            Refused::Rejected(rejection) => of_snapshot(rejection, &command.snapshot).into(),
            other => other,
        })
    }

    async fn promise_copy(
        &self,
        caller: &Caller,
        command: &CopySnapshot,
    ) -> Result<SnapshotPromised, Refused> {
        let offer = self.snapshot_offer(caller, command).await?;
        if caller.intent == Intent::Rehearse {
            let peer = self.peer(&offer.target)?;
            if let Some(rejection) = self.departure_refusal(&offer, &command.profile).await? {
                return Err(rejection.into());
            }
            peer.estimate(offer).await?;
            return Err(Refused::Rehearsed);
        }
        if let Some((token, fingerprint)) = &offer.token {
            let fingerprint = digest_of([&fingerprint[..], command.target.as_str().as_bytes()]);
            self.claim(&offer.account, TOKEN_ACTION, (token, fingerprint)).await?;
        }
        let accepted = self.offer_copy(offer, &command.profile).await?;
        let Some(snapshot) = accepted.snapshot else {
            let reason = "it accepted a copy of a snapshot without naming the snapshot".to_owned();
            return Err(PeerFault::Protocol { region: command.target.clone(), reason }.into());
        };
        Ok(SnapshotPromised { snapshot, copy: accepted.copy })
    }

    /// All that the target needs to know. The carrier is made when the offer is recorded, and until then its id is nobody's.
    async fn snapshot_offer(
        &self,
        caller: &Caller,
        command: &CopySnapshot,
    ) -> Result<CopyOffer, Refused> {
        let name = command.name.as_deref().map(SnapshotName::new).transpose()?;
        let mut tx = self.inner.catalog.read().await?;
        let facts = self.snapshot_facts(&mut tx, caller, &command.snapshot).await?;
        judge_snapshot_copy(&facts, &command.profile)?;
        let row = tx.snapshot(&caller.account, &command.snapshot).await?;
        let row = row.ok_or_else(|| self.no_snapshot(&command.snapshot))?;
        let asked = [row.id.clone()];
        let images = tx.images_on(&asked).await?.remove(&row.id).unwrap_or_default();
        let tags = match &command.tags {
            Some(tags) => tags.clone(),
            None => tx.snapshot_tags_of(&asked).await?.remove(&row.id).unwrap_or_default(),
        };
        drop(tx);
        let domain =
            DomainName { account: caller.account.clone(), key: row.encryption_key.clone() };
        let sealed = self.sealed_source(&domain).await?;
        let damaged_chunks = self.damaged_chunks_under(&domain, &[row.digest]).await?;
        judge_snapshot_copy(&SnapshotFacts { damaged_chunks, ..facts }, &command.profile)?;
        let image = self.random_id(|random| ImageId::from_random(random))?;
        let cargo = SnapshotCargo {
            snapshot: self.random_id(|random| SnapshotId::from_random(random))?,
            name: name.unwrap_or(row.name),
            role: row.role,
            made_for: images.into_iter().next().unwrap_or_else(|| image.clone()),
        };
        Ok(CopyOffer {
            copy: self.random_id(|random| CopyId::from_random(random))?,
            account: caller.account.clone(),
            user: caller.user.clone(),
            source: self.id().clone(),
            target: command.target.clone(),
            image,
            cargo: Cargo::Snapshot(Box::new(cargo)),
            name: carrier_name(),
            description: command.description.clone().unwrap_or(row.description),
            attributes: carrier_attributes(),
            family: None,
            particulars: Particulars::default(),
            tags,
            disks: vec![OfferedDisk { size: row.size, digest: row.digest, snapshot: row.id }],
            sealed,
            sealing: command.sealing.clone(),
            urgency: command.urgency,
            names: NameRule::Free,
            approval: Approval::NotNeeded,
            token: command.token.clone().map(|token| (token, fingerprint(command))),
            request_id: caller.request_id.clone(),
        })
    }
}

/// A refusal of the carrier is one of the snapshot on it.
fn of_snapshot(rejection: Rejection, snapshot: &SnapshotId) -> Rejection {
    let snapshot = snapshot.clone();
    match rejection {
        Rejection::ImageNotFound { region, .. } => Rejection::SnapshotNotFound { snapshot, region },
        Rejection::ImageDegraded { chunks, .. } => Rejection::SnapshotDegraded { snapshot, chunks },
        Rejection::TicketNeeded { target, need, .. } => {
            Rejection::SnapshotNeedsTicket { snapshot, target, need }
        }
        Rejection::NotToPlain { .. } => Rejection::SnapshotNotToPlain { snapshot },
        other => other,
    }
}

/// Names what a token was used for: what the caller gave.
fn fingerprint(command: &CopySnapshot) -> [u8; 32] {
    let given = |text: Option<&str>| text.map_or("none".to_owned(), |text| format!("some {text}"));
    let mut parts = vec![
        command.snapshot.to_string(),
        given(command.name.as_deref()),
        given(command.description.as_ref().map(Description::as_str)),
        format!("{:?}", command.sealing),
    ];
    if let Some(tags) = &command.tags {
        parts.push("tags".to_owned());
        parts.extend(tags.iter().flat_map(|(key, value)| [key.to_owned(), value.to_owned()]));
    }
    parts.extend(urgency_told(command.urgency));
    digest_of(parts)
}
