//! The source's door: a copy is asked for where the image is, and accepted where it goes.

use catalog::{ImageRow, TokenClaim, TokenRow};
use futures::future::join_all;
use model::rules::{SourceFacts, judge_images, judge_size, judge_source, judge_targets};
use model::{
    AccountId, Act, Amount, ClientToken, CopyId, Description, DomainName, ESTIMATED_HOURS, Family,
    ImageId, ImageKind, LinkSpeed, Name, OriginNote, Particulars, Profile, Quota, Rate, RegionId,
    Rejection, Sealing, Tags, Urgency, copied_description,
};

use crate::commands::{Caller, CopyImage, Intent};
use crate::departure::size_of;
use crate::estimates_together::told;
use crate::images::deprecation_of;
use crate::links::LinkView;
use crate::peer::{Accepted, Approval, Cargo, CopyOffer, OfferedDisk, PeerFault, PeerRefused};
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::Region;
use crate::visibility::Seen;

/// The action that a whole request's tokens are claimed for.
pub(crate) const TOKEN_ACTION: &str = "copy-request";
/// The action that the token of a request for several images is claimed for.
pub(crate) const BATCH_ACTION: &str = "copy-batch";

/// What one target region answered.
#[derive(Debug)]
pub struct TargetAnswer {
    /// The target region.
    pub target: RegionId,
    /// Its promise, or why there is none.
    pub answer: Result<Accepted, Refused>,
}

/// What the targets answered for one image of several.
#[derive(Debug)]
pub struct ImageAnswer {
    /// The image.
    pub image: ImageId,
    /// One per target, in the order they were named.
    pub answers: Vec<TargetAnswer>,
}

/// What a copy would cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Bytes that would cross the link: the frames of chunks that the target lacks.
    pub bytes_to_send: u64,
    /// Bytes of disk that the target holds already.
    pub bytes_reused: u64,
    /// Bytes that its snapshots would be metered with: its chunks that are not zero, whoever holds them too.
    pub stored_bytes: u64,
    /// How fast the link is, and how that is known.
    pub speed: LinkSpeed,
    /// Seconds for these bytes and those ahead of them at that speed; none where it is unknown.
    pub seconds: Option<u64>,
    /// Copies of the account that would run or wait before this one.
    pub copies_ahead: u64,
    /// Bytes that those of them on the same link still have to bring; none while that is not known of each.
    pub bytes_ahead: Option<u64>,
    /// What a GiB on the link costs today.
    pub traffic_rate: Rate,
    /// What a GiB-hour of snapshots costs in the target today.
    pub storage_rate: Rate,
    /// The account's image quota in the target, before the copy.
    pub images: Quota,
    /// The account's snapshot quota in the target, before the copy.
    pub snapshots: Quota,
    /// Snapshots that the copy would make.
    pub disks: u64,
}

impl Estimate {
    /// What the bytes to send would cost.
    pub fn traffic_amount(&self) -> Amount {
        self.traffic_rate.price.of(self.bytes_to_send)
    }

    /// This and another copy on the same link, one after the other.
    #[must_use]
    pub(crate) fn and(self, other: &Estimate) -> Estimate {
        let bytes_to_send = self.bytes_to_send.saturating_add(other.bytes_to_send);
        Estimate {
            bytes_to_send,
            bytes_reused: self.bytes_reused.saturating_add(other.bytes_reused),
            stored_bytes: self.stored_bytes.saturating_add(other.stored_bytes),
            seconds: self.speed.seconds_for(bytes_to_send, self.bytes_ahead.unwrap_or(0)),
            disks: self.disks.saturating_add(other.disks),
            ..self
        }
    }

    /// What the snapshots would cost in 30 days.
    pub fn storage_amount(&self) -> Amount {
        self.storage_rate.price.of(self.stored_bytes.saturating_mul(ESTIMATED_HOURS))
    }
}

/// What one target region estimates.
#[derive(Debug)]
pub struct TargetEstimate {
    /// The target region.
    pub target: RegionId,
    /// Its estimate, or why there is none.
    pub answer: Result<Estimate, Refused>,
    /// What keeps the copy from leaving this region until something is done about it: a ticket that is needed or open, or
    /// another copy that must end first.
    pub needs: Option<Rejection>,
    /// The account's image and snapshot quotas there, before the copy, whether there is room for it or not; none where the
    /// target does not answer.
    pub quotas: Option<(Quota, Quota)>,
    /// The link to the target, with the account's own copies on it; none where the target does not answer, and within the region.
    pub link: Option<LinkView>,
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
        caller.must(Act::Change)?;
        let template = self.offer_template(caller, &command).await?;
        if caller.intent == Intent::Rehearse {
            return self.rehearse_offers(&template, &command).await;
        }
        self.claim_request_token(&template, &command).await?;
        self.offer_to_targets(template, command).await
    }

    /// Judges a request as this region and its targets would; nothing is promised.
    async fn rehearse_offers<T>(
        &self,
        template: &CopyOffer,
        command: &CopyImage,
    ) -> Result<T, Refused> {
        for target in &command.targets {
            let copy = self.random_id(|random| CopyId::from_random(random))?;
            let offer = CopyOffer { copy, target: target.clone(), ..template.clone() };
            let peer = self.peer(target)?;
            if let Some(rejection) = self.departure_refusal(&offer, &command.profile).await? {
                return Err(rejection.into());
            }
            peer.estimate(offer).await?;
        }
        Err(Refused::Rehearsed)
    }

    /// Asks for copies of several images at once. All of them are judged before any is started (R002-1); then each image
    /// and target is answered for itself. A token belongs to the whole request.
    pub async fn copy_images(
        &self,
        caller: &Caller,
        mut commands: Vec<CopyImage>,
    ) -> Result<Vec<ImageAnswer>, Refused> {
        caller.must(Act::Change)?;
        let images: Vec<ImageId> = commands.iter().map(|command| command.image.clone()).collect();
        let profile = commands.first().map(|command| command.profile.clone()).unwrap_or_default();
        judge_images(&images, &profile)?;
        if caller.intent == Intent::Rehearse {
            for command in &commands {
                let template = self.offer_template(caller, command).await?;
                match self.rehearse_offers::<()>(&template, command).await {
                    Ok(()) | Err(Refused::Rehearsed) => {}
                    Err(refused) => return Err(refused),
                }
            }
            return Err(Refused::Rehearsed);
        }
        self.claim_batch_token(caller, &mut commands).await?;
        let mut ready = Vec::with_capacity(commands.len());
        for command in commands {
            ready.push((self.offer_template(caller, &command).await?, command));
        }
        for (template, command) in &ready {
            self.claim_request_token(template, command).await?;
        }
        let mut answers = Vec::with_capacity(ready.len());
        for (template, command) in ready {
            let image = command.image.clone();
            answers.push(ImageAnswer {
                image,
                answers: self.offer_to_targets(template, command).await?,
            });
        }
        Ok(answers)
    }

    async fn offer_to_targets(
        &self,
        template: CopyOffer,
        command: CopyImage,
    ) -> Result<Vec<TargetAnswer>, Refused> {
        let mut answers = Vec::with_capacity(command.targets.len());
        for target in command.targets {
            let copy = self.random_id(|random| CopyId::from_random(random))?;
            let offer = CopyOffer { copy, target: target.clone(), ..template.clone() };
            let answer = self.offer_copy(offer, &command.profile).await;
            answers.push(TargetAnswer { target, answer });
        }
        Ok(answers)
    }

    /// The token of a request for several images: claimed for their list, and for each image a token of its own is made of it.
    async fn claim_batch_token(
        &self,
        caller: &Caller,
        commands: &mut [CopyImage],
    ) -> Result<(), Refused> {
        let Some(token) = commands.first().and_then(|command| command.token.clone()) else {
            return Ok(());
        };
        if commands.len() == 1 {
            return Ok(());
        }
        let images = commands.iter().map(|command| command.image.as_str());
        self.claim(&caller.account, BATCH_ACTION, (&token, digest_of(images))).await?;
        for command in commands {
            let digest = digest_of([token.as_str(), command.image.as_str()]);
            command.token = Some(ClientToken::new(&hex::encode(digest))?);
        }
        Ok(())
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
        let fingerprint = digest_of([&fingerprint[..], targets.join(",").as_bytes()]);
        self.claim(&template.account, TOKEN_ACTION, (token, fingerprint)).await
    }

    pub(crate) async fn claim(
        &self,
        account: &AccountId,
        action: &str,
        (token, fingerprint): (&ClientToken, [u8; 32]),
    ) -> Result<(), Refused> {
        let mut tx = self.inner.catalog.begin().await?;
        let claim = tx
            .claim_token(&TokenRow {
                account: account.clone(),
                action: action.to_owned(),
                token: token.clone(),
                fingerprint,
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

    /// Asks each target what a copy would cost; nothing is promised. All are asked at once, and one that does not answer in time
    /// is told as such. Where the copy is to be sealed with the account's default key and the target has none yet, it is made,
    /// since it names what is compared.
    pub async fn estimate_copy(
        &self,
        caller: &Caller,
        command: CopyImage,
    ) -> Result<Vec<TargetEstimate>, Refused> {
        caller.must(Act::Read)?;
        let template = self.offer_template(caller, &command).await?;
        let ask = |target: &RegionId| {
            let (target, template) = (target.clone(), template.clone());
            self.estimate_at(CopyOffer { target, ..template }, &command.profile)
        };
        join_all(command.targets.iter().map(ask)).await.into_iter().collect()
    }

    /// What one target estimates.
    async fn estimate_at(
        &self,
        offer: CopyOffer,
        profile: &Profile,
    ) -> Result<TargetEstimate, Refused> {
        let copy = self.random_id(|random| CopyId::from_random(random))?;
        let offer = CopyOffer { copy, ..offer };
        let target = offer.target.clone();
        let needs = self.departure_refusal(&offer, profile).await?;
        let (room, answer) = match self.peer(&target) {
            Ok(peer) => {
                let room = self.room_at(&*peer, &offer);
                let answer = self.in_time(&target, peer.estimate(offer.clone()));
                tokio::join!(room, answer)
            }
            Err(rejection) => (None, Err(rejection.into())),
        };
        let (quotas, link) = told(room);
        Ok(TargetEstimate { target, answer, needs, quotas, link })
    }

    /// The answer of a target that is asked what it would do; a fault once it has taken too long.
    pub(crate) async fn in_time<T>(
        &self,
        target: &RegionId,
        answer: impl Future<Output = Result<T, PeerRefused>>,
    ) -> Result<T, Refused> {
        let within = self.inner.options.estimate_within;
        match tokio::time::timeout(within, answer).await {
            Ok(answer) => answer.map_err(Refused::from),
            Err(_elapsed) => {
                let reason = format!("it did not answer within {} s", within.as_secs_f32());
                let fault = PeerFault::Unreachable { region: target.clone(), reason };
                Err(RegionFault::Peer(fault).into())
            }
        }
    }

    /// All that the source knows of the image; the target and the copy's id are filled in for each target.
    pub(crate) async fn offer_template(
        &self,
        caller: &Caller,
        command: &CopyImage,
    ) -> Result<CopyOffer, Refused> {
        judge_targets(&command.targets, &command.profile)?;
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
        let words = command.description.as_ref().unwrap_or(&image.description);
        let description = match command.profile.origin_note {
            OriginNote::Added => copied_description(words.as_str(), self.id(), &image.id),
            OriginNote::LeftOut => words.clone(),
        };
        let name = command.name.clone().unwrap_or(image.name);
        let token =
            command.token.clone().map(|token| (token, fingerprint(command, &description, &tags)));
        let disks = disks.into_iter().filter_map(|disk| {
            let (size, digest, snapshot) = (disk.size, disk.digest?, disk.snapshot?);
            Some(OfferedDisk { size, digest, snapshot })
        });
        let template = CopyOffer {
            copy: self.random_id(|random| CopyId::from_random(random))?,
            account: caller.account.clone(),
            user: caller.user.clone(),
            source: self.id().clone(),
            target: self.id().clone(),
            image: image.id,
            cargo: Cargo::Image,
            name,
            description,
            attributes: image.attributes,
            family: image.family,
            particulars: image.particulars.with(&command.particulars)?,
            tags,
            disks: disks.collect(),
            sealed,
            sealing: command.sealing.clone(),
            urgency: command.urgency,
            names: command.profile.names,
            approval: Approval::NotNeeded,
            token,
            request_id: caller.request_id.clone(),
        };
        judge_size(&template.image, size_of(&template), &command.profile)?;
        Ok(template)
    }

    /// Holds the image first, so that it cannot be deleted between the answer and the copy's first step (R001-6).
    pub(crate) async fn offer_copy(
        &self,
        mut offer: CopyOffer,
        profile: &Profile,
    ) -> Result<Accepted, Refused> {
        let peer = self.peer(&offer.target)?;
        self.record_offer(&mut offer, profile).await?;
        failpoint!("src.hold");
        let (copy, account) = (offer.copy.clone(), offer.account.clone());
        let request_id = offer.request_id.clone();
        match peer.accept(offer).await {
            Ok(accepted) if accepted.copy == copy => Ok(accepted),
            Ok(accepted) => {
                self.withdraw_offer(&account, &copy, &request_id).await?;
                Ok(accepted)
            }
            Err(PeerRefused::Rejected(rejection)) => {
                self.withdraw_offer(&account, &copy, &request_id).await?;
                Err(rejection.into())
            }
            // Whether the target accepted is not known: the hold stays until `reconcile_holds` has asked.
            Err(PeerRefused::Fault(fault)) => Err(fault.into()),
        }
    }

    /// The answer for an image that is absent or another account's (I12).
    pub(crate) fn no_image(&self, image: &ImageId) -> Rejection {
        Rejection::ImageNotFound { image: image.clone(), region: self.id().clone() }
    }
}

/// What is known of an image without a look into the store.
pub(crate) fn source_facts(image: &ImageRow, kind: ImageKind) -> SourceFacts {
    SourceFacts {
        image: image.id.clone(),
        kind,
        storage: image.storage,
        status: image.status,
        deprecation: deprecation_of(image),
        damaged_chunks: 0,
    }
}

/// Names what a token was used for: everything that makes the copy but its target, which the target adds.
pub(crate) fn fingerprint(command: &CopyImage, description: &Description, tags: &Tags) -> [u8; 32] {
    // Names and tags that are the source's own may change between two tries; what the caller gave may not.
    let given = |text: Option<&str>| text.unwrap_or_default().as_bytes().to_vec();
    let mut parts = vec![
        given(Some(command.image.as_str())),
        given(command.name.as_ref().map(Name::as_str)),
        given(command.description.as_ref().map(|_| description.as_str())),
    ];
    parts.extend(match &command.sealing {
        Sealing::AsSource => vec![],
        Sealing::Plain => vec![given(Some("plain"))],
        Sealing::DefaultKey => vec![given(Some("sealed"))],
        Sealing::Key(key) => vec![given(Some("sealed with")), given(Some(key.as_str()))],
    });
    if command.tags.is_some() {
        parts.extend(tags.iter().flat_map(|(key, value)| [given(Some(key)), given(Some(value))]));
    }
    parts.extend(urgency_told(command.urgency).map(String::into_bytes));
    let particulars = particulars_told(&command.particulars);
    parts.extend(particulars.map(String::into_bytes));
    digest_of(parts)
}

/// Particulars as a part of what a token was used for. No tag begins with the character that this begins with, so none is
/// taken for it.
pub(crate) fn particulars_told(particulars: &Particulars) -> Option<String> {
    let pair = |(key, value): (&str, &str)| format!("{key}\0{value}\0");
    let told: String = particulars.iter().map(pair).collect();
    (!told.is_empty()).then(|| format!("\0particulars\0{told}"))
}

/// How soon a copy is wanted as such a part; none where it is as most are.
pub(crate) fn urgency_told(urgency: Urgency) -> Option<String> {
    let Urgency { priority, deadline } = urgency;
    let secs = deadline.map_or(0, |deadline| deadline.secs());
    (urgency != Urgency::default()).then(|| format!("\0urgency\0{priority}\0{secs}"))
}

/// A family as such a part.
pub(crate) fn family_told(family: Option<&Family>) -> Option<String> {
    family.map(|family| format!("\0family\0{family}"))
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
