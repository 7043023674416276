//! Domains: the store's number of a set of images that share chunks, opened with its keys where it is sealed.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use futures::StreamExt;
use model::{DomainName, EncryptionKeyId, KeyState, Rejection, Sealing};
use store::{ChunkId, DiskRoot, Domain, DomainKeys, IdKey, Naming};

use crate::export::FrameStream;
use crate::keyring::KeyRefused;
use crate::peer::{CopyOffer, FetchScope, IdSpace, SealedSource};
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::Region;

impl Region {
    /// The store's domain of this name. A sealed one is unlocked first, and refused while its key is not enabled.
    pub(crate) async fn domain(&self, name: &DomainName) -> Result<Domain, RegionFault> {
        let Some(key) = &name.key else {
            return Ok(self.inner.store.domain(&name.to_string()).await?);
        };
        let domain = self.inner.store.sealed_domain(&name.to_string()).await?;
        if !self.was_usable_lately(name) || self.inner.store.is_locked(domain) {
            self.unlock(name, key, domain).await?;
        }
        Ok(domain)
    }

    fn was_usable_lately(&self, name: &DomainName) -> bool {
        let holds = Duration::from_millis(self.inner.key_ring.state_holds_ms());
        let unlocked = self.inner.unlocked.lock().unwrap_or_else(PoisonError::into_inner);
        unlocked.get(name).is_some_and(|at| at.elapsed() < holds)
    }

    async fn unlock(
        &self,
        name: &DomainName,
        key: &EncryptionKeyId,
        domain: Domain,
    ) -> Result<(), RegionFault> {
        failpoint!("key.unlock");
        let state = self.inner.key_ring.state(&name.account, key).await;
        let refused = match state {
            Ok(KeyState::Enabled) => None,
            Ok(state) => Some(Rejection::KeyUnusable { key: key.clone(), state }),
            Err(KeyRefused::Rejected(rejection)) => Some(rejection),
            Err(KeyRefused::Fault(fault)) => return Err(fault.into()),
            Err(KeyRefused::Region(fault)) => return Err(fault),
        };
        if let Some(rejection) = refused {
            self.inner.store.lock(domain);
            return Err(RegionFault::Key { rejection });
        }
        if self.inner.store.is_locked(domain) {
            let keys = self.domain_keys(name, key).await?;
            self.inner.store.unlock(domain, keys)?;
        }
        let mut unlocked = self.inner.unlocked.lock().unwrap_or_else(PoisonError::into_inner);
        unlocked.insert(name.clone(), Instant::now());
        Ok(())
    }

    /// A domain's keys: its data key unwrapped, or made where it has none yet.
    async fn domain_keys(
        &self,
        name: &DomainName,
        key: &EncryptionKeyId,
    ) -> Result<DomainKeys, RegionFault> {
        let ring = &self.inner.key_ring;
        if self.inner.catalog.read().await?.wrapped_data_key(name).await?.is_none() {
            let made = ring.generate(&name.account, key).await.map_err(as_fault)?;
            let mut tx = self.inner.catalog.begin().await?;
            tx.ensure_sealed_domain(name, &made.wrapped, self.inner.clock.now()).await?;
            tx.commit().await?;
        }
        // Whoever recorded first decides; a key that lost is never used.
        let wrapped = self.inner.catalog.read().await?.wrapped_data_key(name).await?;
        let wrapped = wrapped.ok_or(RegionFault::Contradiction {
            what: "a data key was recorded and is not there",
        })?;
        let data_key = ring.unwrap(&name.account, key, &wrapped).await.map_err(as_fault)?;
        Ok(DomainKeys { id_key: self.inner.accounts.id_key(&name.account).await?, data_key })
    }

    /// Forgets the keys of a domain whose encryption key was disabled or deleted: what runs stops at its next chunk.
    pub(crate) async fn lock_domain(&self, name: &DomainName) -> Result<(), RegionFault> {
        let domain = self.inner.store.sealed_domain(&name.to_string()).await?;
        self.inner.store.lock(domain);
        self.inner.unlocked.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        Ok(())
    }

    /// How an image of this domain is sealed, for a copy that reads it; refused while its key is not enabled.
    pub(crate) async fn sealed_source(
        &self,
        name: &DomainName,
    ) -> Result<Option<SealedSource>, RegionFault> {
        let Some(key) = &name.key else { return Ok(None) };
        self.domain(name).await?;
        let id_key = self.inner.accounts.id_key(&name.account).await?;
        Ok(Some(SealedSource { key: key.clone(), id_key }))
    }

    /// The key of this region that a copy into it is sealed with; none where it stays plain (R004-8).
    pub(crate) async fn sealing_key(
        &self,
        offer: &CopyOffer,
    ) -> Result<Option<EncryptionKeyId>, Refused> {
        let key = match (&offer.sealing, &offer.sealed) {
            (Sealing::AsSource | Sealing::Plain, None) => return Ok(None),
            (Sealing::Plain, Some(_)) => {
                return Err(Rejection::NotToPlain { image: offer.image.clone() }.into());
            }
            (Sealing::AsSource, Some(_)) | (Sealing::DefaultKey, None | Some(_)) => {
                self.inner.key_ring.default_key(&offer.account).await.map_err(as_refused)?
            }
            (Sealing::Key(key), None | Some(_)) => key.clone(),
        };
        let state = self.inner.key_ring.state(&offer.account, &key).await.map_err(as_refused)?;
        if state != KeyState::Enabled {
            return Err(Rejection::KeyUnusable { key, state }.into());
        }
        self.private_link(&offer.source)?;
        Ok(Some(key))
    }

    /// What is sealed here, or will be, crosses only links that nobody else reads.
    fn private_link(&self, source: &model::RegionId) -> Result<(), Rejection> {
        if self.peer(source)?.is_private() {
            Ok(())
        } else {
            Err(Rejection::LinkNotPrivate { region: source.clone() })
        }
    }

    /// The domains here in which a peer's ids may be found.
    pub(crate) async fn domains_for_peer(
        &self,
        scope: &FetchScope,
    ) -> Result<Vec<Domain>, RegionFault> {
        let plain = DomainName::plain(&scope.account);
        match scope.ids {
            IdSpace::Plain => Ok(vec![self.domain(&plain).await?]),
            IdSpace::Sealed => {
                let names = self.inner.catalog.read().await?.sealed_domains(&scope.account).await?;
                let mut domains = Vec::with_capacity(names.len());
                let mut refused = None;
                for name in names {
                    match self.domain(&name).await {
                        Ok(domain) => domains.push(domain),
                        Err(fault @ RegionFault::Key { .. }) => refused = Some(fault),
                        Err(fault) => return Err(fault),
                    }
                }
                match (domains.is_empty(), refused) {
                    (true, Some(fault)) => Err(fault),
                    (_, _) => Ok(domains),
                }
            }
        }
    }

    /// The ids by the domain that has them; those that none has stay with the last.
    async fn split_by_domain(
        &self,
        scope: &FetchScope,
        ids: Vec<ChunkId>,
    ) -> Result<Vec<(Domain, Vec<ChunkId>)>, RegionFault> {
        let domains = self.domains_for_peer(scope).await?;
        let Some((last, others)) = domains.split_last() else {
            return Err(RegionFault::Contradiction { what: "the account has nothing sealed here" });
        };
        let (mut split, mut rest) = (Vec::with_capacity(domains.len()), ids);
        for domain in others {
            let missing = self.inner.store.missing(*domain, &rest).await?;
            let marked = rest.into_iter().zip(missing);
            let (absent, here): (Vec<_>, Vec<_>) = marked.partition(|(_, missing)| *missing);
            split.push((*domain, here.into_iter().map(|(id, _)| id).collect()));
            rest = absent.into_iter().map(|(id, _)| id).collect();
        }
        split.push((*last, rest));
        Ok(split)
    }

    /// One frame per id, opened, for a region that verifies and seals them anew.
    pub(crate) async fn frames_for_peer(
        &self,
        scope: &FetchScope,
        ids: Vec<ChunkId>,
    ) -> Result<FrameStream, RegionFault> {
        let split = self.split_by_domain(scope, ids).await?;
        let streams = split.into_iter().filter(|(_, ids)| !ids.is_empty());
        let streams: Vec<_> =
            streams.map(|(domain, ids)| self.inner.store.frames(domain, ids)).collect();
        let all = futures::stream::iter(streams).flatten();
        Ok(all.map(|run| run.map_err(RegionFault::from)).boxed())
    }

    /// A root and the first nodes under it, before they are asked for; nothing where the root is not held.
    pub(crate) async fn tree_for_peer(
        &self,
        scope: &FetchScope,
        root: ChunkId,
    ) -> Result<FrameStream, RegionFault> {
        for domain in self.domains_for_peer(scope).await? {
            let ahead =
                transfer::tree_ahead(&self.inner.store, domain, DiskRoot::new(root)).await?;
            if let Some(frames) = ahead {
                return Ok(frames.map(|run| run.map_err(RegionFault::from)).boxed());
            }
        }
        Ok(futures::stream::empty().boxed())
    }

    /// Bytes of the frames of these ids altogether.
    pub(crate) async fn measure_for_peer(
        &self,
        scope: &FetchScope,
        ids: &[ChunkId],
    ) -> Result<u64, RegionFault> {
        let mut bytes = 0;
        for (domain, ids) in self.split_by_domain(scope, ids.to_vec()).await? {
            bytes += self.inner.store.frame_bytes(domain, &ids).await?;
        }
        Ok(bytes)
    }

    /// What these chunks are called under another id key.
    pub(crate) async fn rename_for_peer(
        &self,
        scope: &FetchScope,
        id_key: IdKey,
        ids: &[ChunkId],
    ) -> Result<Vec<Option<ChunkId>>, RegionFault> {
        let naming = Naming::Keyed(id_key);
        let mut renamed = vec![None; ids.len()];
        for domain in self.domains_for_peer(scope).await? {
            let open: Vec<usize> = (0..ids.len()).filter(|at| renamed[*at].is_none()).collect();
            let asked: Vec<ChunkId> = open.iter().map(|at| ids[*at]).collect();
            let answers = self.inner.store.rename(domain, &asked, &naming).await?;
            open.into_iter().zip(answers).for_each(|(at, answer)| renamed[at] = answer);
        }
        Ok(renamed)
    }
}

/// A key ring's refusal where a fault is wanted: the driver waits for the key.
pub(crate) fn as_fault(refused: KeyRefused) -> RegionFault {
    match refused {
        KeyRefused::Rejected(rejection) => RegionFault::Key { rejection },
        KeyRefused::Fault(fault) => fault.into(),
        KeyRefused::Region(fault) => fault,
    }
}

/// A key ring's refusal where a caller waits for the answer.
pub(crate) fn as_refused(refused: KeyRefused) -> Refused {
    match refused {
        KeyRefused::Rejected(rejection) => rejection.into(),
        KeyRefused::Fault(fault) => Refused::Fault(fault.into()),
        KeyRefused::Region(fault) => fault.into(),
    }
}
