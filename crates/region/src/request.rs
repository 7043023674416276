//! The source's door: a copy is asked for where the image is, and accepted where it goes.

use catalog::{Ensured, HoldRow, HoldStanding, ImageRow, TokenClaim, TokenRow};
use model::rules::{SourceFacts, judge_source, judge_targets};
use model::{
    CopyId, Description, DomainName, ImageId, ImageKind, Name, Quota, RegionId, Rejection, Tags,
    copied_description,
};

use crate::commands::{Caller, CopyImage};
use crate::peer::{Accepted, Approval, CopyOffer, OfferedDisk, PeerFault, PeerRefused};
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::Region;
use crate::visibility::Seen;

/// The action that a whole request's tokens are claimed for.
const TOKEN_ACTION: &str = "copy-request";

/// What one target region answered.
#[derive(Debug)]
pub struct TargetAnswer {
    /// The target region.
    pub target: RegionId,
    /// Its promise, or why there is none.
    pub answer: Result<Accepted, Refused>,
}

/// What a copy would cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Bytes that would cross the link: the frames of chunks that the target lacks.
    pub bytes_to_send: u64,
    /// Bytes of disk that the target holds already.
    pub bytes_reused: u64,
    /// The link's limit, in bytes a second; none where there is none.
    pub bytes_per_sec: Option<u64>,
    /// Seconds by that limit alone; none where there is none.
    pub seconds: Option<u64>,
    /// Copies of the account that would run or wait before this one.
    pub copies_ahead: u64,
    /// The account's image quota in the target, before the copy.
    pub images: Quota,
    /// The account's snapshot quota in the target, before the copy.
    pub snapshots: Quota,
    /// Snapshots that the copy would make.
    pub disks: u64,
}

/// What one target region estimates.
#[derive(Debug)]
pub struct TargetEstimate {
    /// The target region.
    pub target: RegionId,
    /// Its estimate, or why there is none.
    pub answer: Result<Estimate, Refused>,
}

impl From<PeerRefused> for Refused {
    fn from(refused: PeerRefused) -> Self {
        match refused {
            PeerRefused::Rejected(rejection) => Refused::Rejected(rejection),
            PeerRefused::Fault(fault) => Refused::Fault(RegionFault::Peer(fault)),
        }
    }
}

impl Region {
    /// Asks each target for a copy of an image of this region. Each target answers for itself (R003-7).
    pub async fn copy_image(
        &self,
        caller: &Caller,
        command: CopyImage,
    ) -> Result<Vec<TargetAnswer>, Refused> {
        let template = self.offer_template(caller, &command).await?;
        self.claim_request_token(&template, &command).await?;
        let mut answers = Vec::with_capacity(command.targets.len());
        for target in command.targets {
            let copy = self.random_id(|random| CopyId::from_random(random))?;
            let offer = CopyOffer { copy, target: target.clone(), ..template.clone() };
            answers.push(TargetAnswer { target, answer: self.offer_copy(offer).await });
        }
        Ok(answers)
    }

    /// A token belongs to one request with all its targets. Each target keeps the token too, with its own answer.
    async fn claim_request_token(
        &self,
        template: &CopyOffer,
        command: &CopyImage,
    ) -> Result<(), Refused> {
        let Some((token, fingerprint)) = &template.token else { return Ok(()) };
        let mut targets: Vec<&str> = command.targets.iter().map(RegionId::as_str).collect();
        targets.sort_unstable();
        let mut tx = self.inner.catalog.begin().await?;
        let claim = tx
            .claim_token(&TokenRow {
                account: template.account.clone(),
                action: TOKEN_ACTION.to_owned(),
                token: token.clone(),
                fingerprint: digest_of([&fingerprint[..], targets.join(",").as_bytes()]),
                answer: String::new(),
                created: self.inner.clock.now(),
            })
            .await?;
        tx.commit().await?;
        match claim {
            TokenClaim::New | TokenClaim::Same(_) => Ok(()),
            TokenClaim::Other => Err(Rejection::TokenReused.into()),
        }
    }

    /// Asks each target what a copy would cost; nothing is promised or recorded.
    pub async fn estimate_copy(
        &self,
        caller: &Caller,
        command: CopyImage,
    ) -> Result<Vec<TargetEstimate>, Refused> {
        let template = self.offer_template(caller, &command).await?;
        let mut answers = Vec::with_capacity(command.targets.len());
        for target in command.targets {
            let copy = self.random_id(|random| CopyId::from_random(random))?;
            let offer = CopyOffer { copy, target: target.clone(), ..template.clone() };
            let answer = match self.peer_for_copy(&target) {
                Ok(peer) => peer.estimate(offer).await.map_err(Refused::from),
                Err(rejection) => Err(rejection.into()),
            };
            answers.push(TargetEstimate { target, answer });
        }
        Ok(answers)
    }

    fn peer_for_copy(
        &self,
        target: &RegionId,
    ) -> Result<std::sync::Arc<dyn crate::peer::PeerRegion>, Rejection> {
        self.peer(target)
    }

    /// All that the source knows of the image; the target and the copy's id are filled in for each target.
    async fn offer_template(
        &self,
        caller: &Caller,
        command: &CopyImage,
    ) -> Result<CopyOffer, Refused> {
        judge_targets(&command.targets)?;
        let mut tx = self.inner.catalog.read().await?;
        let Seen { row: image, kind } = self.visible_image(&mut tx, caller, &command.image).await?;
        // Before anything is read of an image that may be another account's.
        judge_source(&source_facts(&image, kind))?;
        let disks = tx.image_disks(&image.id).await?;
        let tags = match &command.tags {
            Some(tags) => tags.clone(),
            None => tx.tags(&image.id).await?,
        };
        drop(tx);
        let domain =
            DomainName { account: caller.account.clone(), key: image.encryption_key.clone() };
        let sealed = self.sealed_source(&domain).await?;
        let damaged_chunks = self.damaged_chunks_of(&domain, &disks).await?;
        judge_source(&SourceFacts { damaged_chunks, ..source_facts(&image, kind) })?;
        let words = command.description.as_ref().unwrap_or(&image.description).as_str();
        let description = copied_description(words, self.id(), &image.id);
        let name = command.name.clone().unwrap_or(image.name);
        let token =
            command.token.clone().map(|token| (token, fingerprint(command, &description, &tags)));
        let disks = disks.into_iter().filter_map(|disk| {
            let (size, digest, snapshot) = (disk.size, disk.digest?, disk.snapshot?);
            Some(OfferedDisk { size, digest, snapshot })
        });
        Ok(CopyOffer {
            copy: self.random_id(|random| CopyId::from_random(random))?,
            account: caller.account.clone(),
            user: caller.user.clone(),
            source: self.id().clone(),
            target: self.id().clone(),
            image: image.id,
            name,
            description,
            attributes: image.attributes,
            tags,
            disks: disks.collect(),
            sealed,
            sealing: command.sealing.clone(),
            names: command.profile.names,
            approval: Approval::NotNeeded,
            token,
            request_id: caller.request_id.clone(),
        })
    }

    /// Holds the image first, so that it cannot be deleted between the answer and the copy's first step (R001-6).
    async fn offer_copy(&self, offer: CopyOffer) -> Result<Accepted, Refused> {
        let peer = self.peer_for_copy(&offer.target)?;
        self.record_offer(&offer).await?;
        failpoint!("src.hold");
        let copy = offer.copy.clone();
        match peer.accept(offer).await {
            Ok(accepted) if accepted.copy == copy => Ok(accepted),
            Ok(accepted) => {
                self.release_hold(&copy).await?;
                Ok(accepted)
            }
            Err(PeerRefused::Rejected(rejection)) => {
                self.release_hold(&copy).await?;
                Err(rejection.into())
            }
            // Whether the target accepted is not known: the hold stays until `reconcile_holds` has asked.
            Err(PeerRefused::Fault(fault)) => Err(fault.into()),
        }
    }

    async fn record_offer(&self, offer: &CopyOffer) -> Result<(), Refused> {
        let mut tx = self.inner.catalog.begin().await?;
        let image = tx.image(&offer.account, &offer.image).await?;
        let image = image.ok_or_else(|| self.no_image(&offer.image))?;
        // It may have been published since the request was judged.
        judge_source(&source_facts(&image, image.kind))?;
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
        tx.commit().await?;
        Ok(())
    }

    /// The answer for an image that is absent or another account's (I12).
    pub(crate) fn no_image(&self, image: &ImageId) -> Rejection {
        Rejection::ImageNotFound { image: image.clone(), region: self.id().clone() }
    }
}

/// What is known of an image without a look into the store.
fn source_facts(image: &ImageRow, kind: ImageKind) -> SourceFacts {
    SourceFacts {
        image: image.id.clone(),
        kind,
        storage: image.storage,
        status: image.status,
        damaged_chunks: 0,
    }
}

/// Names what a token was used for: everything that makes the copy but its target, which the target adds.
fn fingerprint(command: &CopyImage, description: &Description, tags: &Tags) -> [u8; 32] {
    // Names and tags that are the source's own may change between two tries; what the caller gave may not.
    let given = |text: Option<&str>| text.unwrap_or_default().as_bytes().to_vec();
    let mut parts = vec![
        given(Some(command.image.as_str())),
        given(command.name.as_ref().map(Name::as_str)),
        given(command.description.as_ref().map(|_| description.as_str())),
    ];
    if command.tags.is_some() {
        parts.extend(tags.iter().flat_map(|(key, value)| [given(Some(key)), given(Some(value))]));
    }
    digest_of(parts)
}

/// One digest of several texts, each with its length, so that no two lists look alike.
pub(crate) fn digest_of<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for part in parts {
        context.update(&(part.as_ref().len() as u64).to_le_bytes());
        context.update(part.as_ref());
    }
    context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// A fault at a region is, for another, a fault of its peer.
pub(crate) fn as_peer_fault(region: &RegionId, fault: RegionFault) -> PeerFault {
    let mut reason = fault.to_string();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&fault);
    while let Some(inner) = cause {
        reason = format!("{reason}: {inner}");
        cause = inner.source();
    }
    PeerFault::Failed { region: region.clone(), reason }
}
