//! What copies of several images would cost, told for each target over all of them, and whether it has room for all.

use futures::future::join_all;
use model::rules::judge_images;
use model::{AccountId, Act, CopyId, ImageId, Profile, Quota, QuotaKind, RegionId, Rejection};

use crate::commands::{Caller, CopyImage};
use crate::links::LinkView;
use crate::peer::{CopyOffer, PeerRegion, TargetRoom};
use crate::refused::Refused;
use crate::region::Region;
use crate::request::Estimate;
use crate::usage::Whose;

/// What copies of several images into one target would cost altogether.
#[derive(Debug)]
pub struct TargetTotal {
    /// The target region.
    pub target: RegionId,
    /// Images that the copies would make.
    pub images: u64,
    /// Snapshots that they would make.
    pub snapshots: u64,
    /// The account's image and snapshot quotas there, before the copies; none where the target does not answer.
    pub quotas: Option<(Quota, Quota)>,
    /// The link to the target, with the account's own copies on it; none where the target does not answer.
    pub link: Option<LinkView>,
    /// The sums; none where the target estimates not each of them, as one that is full does. Chunks that the images share are
    /// counted for each, so it is an upper bound. The time is for all bytes one after the other, behind what is ahead of them.
    pub estimate: Option<Estimate>,
    /// Whether the target would take all of them: the first reason why not, quotas by the sum of what is wanted; or that it does
    /// not answer.
    pub fits: Result<(), Refused>,
    /// What keeps an image from leaving this region until something is done about it, as [`crate::TargetEstimate::needs`].
    pub needs: Vec<(ImageId, Rejection)>,
}

impl Region {
    /// Asks each target what copies of several images would cost altogether; nothing is promised. Each target answers for itself
    /// and all are asked at once, none for longer than a while. Refused as a whole where one of the images may not be copied at
    /// all, and where they are more than the profile allows.
    pub async fn estimate_copies(
        &self,
        caller: &Caller,
        commands: Vec<CopyImage>,
    ) -> Result<Vec<TargetTotal>, Refused> {
        caller.must(Act::Read)?;
        let images: Vec<ImageId> = commands.iter().map(|command| command.image.clone()).collect();
        let profile = commands.first().map(|command| command.profile.clone()).unwrap_or_default();
        judge_images(&images, &profile)?;
        let mut by_target: Vec<(RegionId, Vec<CopyOffer>)> = Vec::new();
        for command in &commands {
            let template = CopyOffer { token: None, ..self.offer_template(caller, command).await? };
            for target in &command.targets {
                let copy = self.random_id(|random| CopyId::from_random(random))?;
                let offer = CopyOffer { copy, target: target.clone(), ..template.clone() };
                match by_target.iter_mut().find(|(known, _)| known == target) {
                    Some((_, offers)) => offers.push(offer),
                    None => by_target.push((target.clone(), vec![offer])),
                }
            }
        }
        let totals = by_target.into_iter().map(|(_, offers)| self.total(offers, &profile));
        join_all(totals).await.into_iter().collect()
    }

    /// What one target answers; the offers are all to it, and there is one at least.
    async fn total(
        &self,
        offers: Vec<CopyOffer>,
        profile: &Profile,
    ) -> Result<TargetTotal, Refused> {
        let target = offers[0].target.clone();
        let mut needs = Vec::new();
        for offer in &offers {
            if let Some(rejection) = self.departure_refusal(offer, profile).await? {
                needs.push((offer.image.clone(), rejection));
            }
        }
        let images = offers.len() as u64;
        let snapshots = offers.iter().map(|offer| offer.disks.len() as u64).sum();
        let (room, fits, estimate) = match self.peer(&target) {
            Ok(peer) => {
                let room = self.room_at(&*peer, &offers[0]);
                let answers = self.estimate_all(&*peer, offers.clone());
                let (room, (fits, estimate)) = tokio::join!(room, answers);
                (room, fits, estimate)
            }
            Err(rejection) => (None, Err(rejection.into()), None),
        };
        let (quotas, link) = told(room);
        Ok(TargetTotal { target, images, snapshots, quotas, link, estimate, fits, needs })
    }

    /// Whether a target takes all of these offers, and what they would cost.
    async fn estimate_all(
        &self,
        peer: &dyn PeerRegion,
        offers: Vec<CopyOffer>,
    ) -> (Result<(), Refused>, Option<Estimate>) {
        let target = offers[0].target.clone();
        let fits = self.in_time(&target, peer.judge_all(offers.clone())).await;
        if let Err(refused @ (Refused::Fault(_) | Refused::Elsewhere { .. })) = fits {
            return (Err(refused), None);
        }
        let mut sum: Option<Estimate> = None;
        for offer in offers {
            match self.in_time(&target, peer.estimate(offer)).await {
                Ok(estimate) => {
                    sum = Some(match sum {
                        None => estimate,
                        Some(before) => before.and(&estimate),
                    });
                }
                Err(refused) => return (fits.and(Err(refused)), None),
            }
        }
        (fits, sum)
    }

    /// What a target has for the account of an offer; none where it does not answer.
    pub(crate) async fn room_at(
        &self,
        peer: &dyn PeerRegion,
        offer: &CopyOffer,
    ) -> Option<TargetRoom> {
        let room = async { Ok(peer.room(&offer.account, &offer.source).await?) };
        let room = self.in_time(&offer.target, room).await;
        room.inspect_err(|refused| {
            tracing::debug!(target_region = %offer.target, ?refused, "a target does not tell its room");
        })
        .ok()
    }
}

/// The quotas and the link, as an estimate tells them.
pub(crate) fn told(room: Option<TargetRoom>) -> (Option<(Quota, Quota)>, Option<LinkView>) {
    match room {
        None => (None, None),
        Some(TargetRoom { images, snapshots, link }) => (Some((images, snapshots)), link),
    }
}

impl Region {
    /// At the target: what it has for an account's copies from `source`.
    pub(crate) async fn room_for(
        &self,
        account: &AccountId,
        source: &RegionId,
    ) -> Result<TargetRoom, Refused> {
        let mut tx = self.inner.catalog.begin().await?;
        self.ensure_quotas(&mut tx, account).await?;
        let images = tx.quota(account, QuotaKind::Image).await?;
        let snapshots = tx.quota(account, QuotaKind::Snapshot).await?;
        tx.commit().await?;
        let caller = Caller::of_region(account, String::new());
        let links = self.links(&caller, Whose::Own).await?;
        let link = links.into_iter().find(|link| link.source == *source && source != self.id());
        Ok(TargetRoom { images, snapshots, link })
    }
}
