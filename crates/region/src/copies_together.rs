//! Copies of several images that are promised all or none.
//!
//! Everything is judged first, at the source and in each target. Then the request is recorded with its holds, and each target
//! promises its copies in one transaction, the targets in the order of their names: of two requests for the last of something, the
//! one that gets it goes on, and the other has taken nothing that the first will want. No copy begins before the last target has
//! promised, so what a late refusal leaves is taken back without a trace.

use std::collections::HashMap;

use catalog::{BatchMember, BatchStanding, CopyBatchRow, TokenClaim};
use model::rules::judge_images;
use model::{Act, CopyId, ImageId, Profile, RegionId};

use crate::batches::{BatchToken, Told};
use crate::commands::{Caller, CopyImage, Intent};
use crate::peer::{Accepted, CopyOffer, PeerFault, PeerRefused, Seen};
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::Region;
use crate::request::{
    BATCH_ACTION, ImageAnswer, TOKEN_ACTION, TargetAnswer, digest_of, fingerprint,
};

/// Copies asked for together, with all that the source knows of them.
struct Batch {
    /// One per image and target, in the order of the request.
    offers: Vec<CopyOffer>,
    profile: Profile,
    token: Option<BatchToken>,
}

/// Whether a batch was recorded.
enum Recorded {
    /// It was.
    Yes(CopyId),
    /// Its token was claimed meanwhile.
    Claimed,
}

impl Region {
    /// Asks for copies of several images at once, all or none (R002-1): everything is judged first, here and in the targets,
    /// the quotas for the sum of what is wanted (R002-5), and then promised. Where a target refuses after all, those promised
    /// already are taken back, and its refusal is the answer; so the answers hold only promises. A fault of a target is the
    /// answer too, and nothing stays then either, though it may be taken back only when the target can be reached again.
    ///
    /// A token's second request gets the answers of the first. One whose first request was refused or failed is new again.
    pub async fn copy_images_together(
        &self,
        caller: &Caller,
        commands: Vec<CopyImage>,
    ) -> Result<Vec<ImageAnswer>, Refused> {
        caller.must(Act::Change)?;
        let images: Vec<ImageId> = commands.iter().map(|command| command.image.clone()).collect();
        let profile = commands.first().map(|command| command.profile.clone()).unwrap_or_default();
        judge_images(&images, &profile)?;
        let token = batch_token(caller, &commands);
        loop {
            if let (Some(token), Intent::Act) = (&token, caller.intent) {
                match self.told(token).await? {
                    Told::Nothing => {}
                    Told::Answer(answer) => return told_again(&commands, &answer),
                    Told::Soon(batch) => {
                        self.await_settled(&batch).await?;
                        match self.told(token).await? {
                            Told::Nothing => {}
                            Told::Answer(answer) => return told_again(&commands, &answer),
                            Told::Soon(batch) => return Err(unsettled(&batch).into()),
                        }
                    }
                }
            }
            let mut offers = Vec::new();
            for command in &commands {
                offers.extend(self.offers_of(caller, command).await?);
            }
            let batch = Batch { offers, profile: profile.clone(), token: token.clone() };
            self.judge_batch(&batch).await?;
            if caller.intent == Intent::Rehearse {
                return Err(Refused::Rehearsed);
            }
            // It goes on to its end, whether the caller still listens or not.
            let promised = tokio::spawn(self.clone().promise_batch(batch));
            match promised.await {
                Ok(Ok(Some(accepted))) => return Ok(answers_of(&commands, accepted)),
                Ok(Ok(None)) => {}
                Ok(Err(refused)) => return Err(refused),
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => return Err(RegionFault::Contradiction { what: "a task ended" }.into()),
            }
        }
    }

    /// What one image's copies are offered as, one per target.
    async fn offers_of(
        &self,
        caller: &Caller,
        command: &CopyImage,
    ) -> Result<Vec<CopyOffer>, Refused> {
        let template = CopyOffer { token: None, ..self.offer_template(caller, command).await? };
        let offer = |target: &RegionId| {
            let copy = self.random_id(|random| CopyId::from_random(random))?;
            Ok(CopyOffer { copy, target: target.clone(), ..template.clone() })
        };
        command.targets.iter().map(offer).collect()
    }

    /// Judges a batch as this region and its targets would; nothing is promised.
    async fn judge_batch(&self, batch: &Batch) -> Result<(), Refused> {
        for offer in &batch.offers {
            self.peer(&offer.target)?;
            if let Some(rejection) = self.departure_refusal(offer, &batch.profile).await? {
                return Err(rejection.into());
            }
        }
        for target in targets_of(&batch.offers) {
            self.peer(&target)?.judge_all(offers_to(&batch.offers, &target)).await?;
        }
        Ok(())
    }

    /// Records a batch, has it promised, and keeps or withdraws it. None where its token was claimed meanwhile.
    async fn promise_batch(self, mut batch: Batch) -> Result<Option<Vec<Accepted>>, Refused> {
        let id = match self.record_batch(&mut batch).await? {
            Recorded::Yes(id) => id,
            Recorded::Claimed => return Ok(None),
        };
        failpoint!("together.recorded");
        let mut asked = Vec::new();
        let settled = match self.ask_targets(&batch.offers, &mut asked).await {
            Ok(accepted) => {
                let words = |token| (token, words(&batch.offers, &accepted));
                let kept = self.keep_batch(&id, batch.token.as_ref().map(words)).await;
                kept.map(|()| accepted).map_err(Refused::from)
            }
            Err(refused) => Err(refused),
        };
        if settled.is_err() {
            self.give_up_batch(&id, &asked).await?;
        }
        settled.map(Some)
    }

    /// What each target promises, in the order of the offers; the first refusal ends it. `asked` gets those that may have promised.
    async fn ask_targets(
        &self,
        offers: &[CopyOffer],
        asked: &mut Vec<RegionId>,
    ) -> Result<Vec<Accepted>, Refused> {
        let mut accepted: HashMap<CopyId, Accepted> = HashMap::new();
        for target in targets_of(offers) {
            let answer = self.peer(&target)?.accept_all(offers_to(offers, &target)).await;
            match &answer {
                // Whether a target that failed has promised is not known.
                Ok(_) | Err(PeerRefused::Fault(_)) => asked.push(target),
                Err(PeerRefused::Rejected(_)) => {}
            }
            accepted.extend(answer?.into_iter().map(|one| (one.copy.clone(), one)));
            failpoint!("together.promised");
        }
        let in_order = offers.iter().map(|offer| {
            accepted.remove(&offer.copy).ok_or_else(|| {
                let reason = "it promised other copies than it was asked for".to_owned();
                PeerFault::Protocol { region: offer.target.clone(), reason }.into()
            })
        });
        in_order.collect()
    }

    /// Claims the token, spends the approvals and holds the images, in one transaction, before any target is asked.
    async fn record_batch(&self, batch: &mut Batch) -> Result<Recorded, Refused> {
        let first = batch.offers.first();
        let what = "copies are asked for together without one";
        let first = first.ok_or(RegionFault::Contradiction { what })?;
        let row = CopyBatchRow {
            id: first.copy.clone(),
            account: first.account.clone(),
            token: batch.token.as_ref().map(|of| (of.action.to_owned(), of.token.clone())),
            request_id: first.request_id.clone(),
            standing: BatchStanding::Promising,
            created: self.inner.clock.now(),
        };
        let member = |offer: &CopyOffer| BatchMember {
            copy: offer.copy.clone(),
            target: offer.target.clone(),
        };
        let members: Vec<_> = batch.offers.iter().map(member).collect();
        let mut tx = self.inner.catalog.begin().await?;
        if let Some(token) = &batch.token
            && self.claim_for_batch(&mut tx, token, &row.id).await? != TokenClaim::New
        {
            return Ok(Recorded::Claimed);
        }
        self.hold_offers(&mut tx, &mut batch.offers, &batch.profile).await?;
        tx.insert_copy_batch(&row, &members).await?;
        tx.commit().await?;
        Ok(Recorded::Yes(row.id))
    }
}

/// The token of a request and what it stands for. It is claimed for the same action as that of a request whose copies need not
/// be promised together, and never taken for one.
fn batch_token(caller: &Caller, commands: &[CopyImage]) -> Option<BatchToken> {
    let token = commands.first()?.token.clone()?;
    let action = if commands.len() == 1 { TOKEN_ACTION } else { BATCH_ACTION };
    let mut parts = vec![b"together".to_vec()];
    for command in commands {
        let description = command.description.clone().unwrap_or_default();
        let tags = command.tags.clone().unwrap_or_default();
        parts.push(fingerprint(command, &description, &tags).to_vec());
        let mut targets: Vec<&str> = command.targets.iter().map(RegionId::as_str).collect();
        targets.sort_unstable();
        parts.push(targets.join(",").into_bytes());
    }
    let fingerprint = digest_of(parts);
    Some(BatchToken { account: caller.account.clone(), action, token, fingerprint })
}

/// The targets by name, each once.
fn targets_of(offers: &[CopyOffer]) -> Vec<RegionId> {
    let mut targets: Vec<_> = offers.iter().map(|offer| offer.target.clone()).collect();
    targets.sort_unstable();
    targets.dedup();
    targets
}

fn offers_to(offers: &[CopyOffer], target: &RegionId) -> Vec<CopyOffer> {
    offers.iter().filter(|offer| offer.target == *target).cloned().collect()
}

/// Answers by image and target, from promises in the order of the request.
fn answers_of(commands: &[CopyImage], accepted: Vec<Accepted>) -> Vec<ImageAnswer> {
    let mut accepted = accepted.into_iter();
    let of_image = |command: &CopyImage| {
        let promises = command.targets.iter().cloned().zip(accepted.by_ref());
        let answers = promises.map(|(target, one)| TargetAnswer { target, answer: Ok(one) });
        ImageAnswer { image: command.image.clone(), answers: answers.collect() }
    };
    commands.iter().map(of_image).collect()
}

/// The promises as a token's row keeps them: source image, target, copy and image of each, parted by spaces.
fn words(offers: &[CopyOffer], accepted: &[Accepted]) -> String {
    let one = |(offer, accepted): (&CopyOffer, &Accepted)| {
        format!("{} {} {} {}", offer.image, offer.target, accepted.copy, accepted.image)
    };
    let all: Vec<String> = offers.iter().zip(accepted).map(one).collect();
    all.join(" ")
}

/// The answers of the first request, from what its token's row keeps.
fn told_again(commands: &[CopyImage], answer: &str) -> Result<Vec<ImageAnswer>, Refused> {
    let words: Vec<&str> = answer.split(' ').collect();
    let (kept, _) = words.as_chunks::<4>();
    let find = |image: &ImageId, target: &RegionId| {
        let found =
            kept.iter().find(|[from, to, ..]| *from == image.as_str() && *to == target.as_str());
        let [_, _, copy, made] = found?;
        let (copy, image) = (copy.parse().ok()?, made.parse().ok()?);
        Some(Accepted { copy, image, snapshot: None, seen: Seen::Again })
    };
    let mut accepted = Vec::new();
    for command in commands {
        for target in &command.targets {
            let what = "a token's answer has not what was asked for with it";
            let one = find(&command.image, target);
            accepted.push(one.ok_or(RegionFault::Contradiction { what })?);
        }
    }
    Ok(answers_of(commands, accepted))
}

fn unsettled(batch: &CopyId) -> RegionFault {
    RegionFault::Unsettled { batch: batch.to_string() }
}
