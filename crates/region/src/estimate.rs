//! What a copy would cost: the target compares with what it holds, and nothing is stored.

use std::collections::HashMap;

use futures::FutureExt;
use model::rules::admit_copy;
use model::{Digest, DomainName};
use store::{CHUNK_BYTES, ChunkId, Naming};
use transfer::{FetchDisk, Measure, RekeyDisk, SourceFault, Watch};

use crate::accept::admission_facts;
use crate::fetching::{Names, PeerSource, RenamingPeer};
use crate::peer::{CopyOffer, FetchScope, IdSpace, PeerFault};
use crate::refused::{Refused, RegionFault};
use crate::region::{Region, disk_root};
use crate::request::Estimate;

impl Region {
    /// At the target: judges the copy as accepting would, then walks the source's trees against what is held here.
    pub(crate) async fn estimate_offer(&self, offer: CopyOffer) -> Result<Estimate, Refused> {
        let key = self.sealing_key(&offer).await?;
        let mut tx = self.inner.catalog.begin().await?;
        self.ensure_quotas(&mut tx, &offer.account).await?;
        let facts = admission_facts(&mut tx, &offer, key.as_ref()).await?;
        let copies_ahead = tx.count_live_copies(&offer.account).await?;
        tx.commit().await?;
        admit_copy(&facts)?;
        let domain = DomainName { account: offer.account.clone(), key };
        let (bytes_to_send, places_reused) = self.measure_offer(&offer, &domain).await?;
        let bytes_per_sec = self.inner.links.limiter(&offer.source).rate();
        Ok(Estimate {
            bytes_to_send,
            bytes_reused: places_reused * CHUNK_BYTES as u64,
            bytes_per_sec,
            seconds: bytes_per_sec.map(|rate| bytes_to_send.div_ceil(rate.max(1))),
            copies_ahead,
            images: facts.images,
            snapshots: facts.snapshots,
            disks: facts.disks,
        })
    }

    async fn measure_offer(
        &self,
        offer: &CopyOffer,
        domain: &DomainName,
    ) -> Result<(u64, u64), Refused> {
        let peer = self.peer(&offer.source)?;
        let ids = if offer.sealed.is_some() { IdSpace::Sealed } else { IdSpace::Plain };
        let scope = FetchScope { account: offer.account.clone(), ids };
        let source = PeerSource { peer: peer.clone(), scope: scope.clone() };
        let domain = self.domain(domain).await?;
        let source_naming = match &offer.sealed {
            None => Naming::Plain,
            Some(sealed) => Naming::Keyed(sealed.id_key.clone()),
        };
        let names = self.names(domain, source_naming)?;
        let measure = |ids: Vec<ChunkId>| {
            let (peer, scope) = (peer.clone(), scope.clone());
            async move { peer.measure(scope, ids).await.map_err(unmeasured) }.boxed()
        };
        let (mut bytes, mut reused) = (0, 0);
        let mut walked: HashMap<Digest, u64> = HashMap::new();
        for disk in &offer.disks {
            // A disk that the image has twice is sent once.
            if let Some(places) = walked.get(&disk.digest) {
                reused += places;
                continue;
            }
            let job = FetchDisk {
                root: disk_root(&disk.digest),
                domain,
                expected_size: disk.size.bytes(),
            };
            let watch = Watch::default();
            let store = &self.inner.store;
            let missing = match &names {
                Names::Same => {
                    transfer::missing_bytes(job, &source, store, (&watch, &measure)).await
                }
                Names::Other { source_naming, id_key } => {
                    let source_naming = source_naming.clone();
                    let (source_root, expected_size) = (job.root, job.expected_size);
                    let job = RekeyDisk { source_root, source_naming, domain, expected_size };
                    let source = RenamingPeer { source: source.clone(), id_key: id_key.clone() };
                    let ways: (&Watch, &Measure<'_>) = (&watch, &measure);
                    transfer::rekey_missing_bytes(job, &source, store, ways).await
                }
            };
            let missing = missing.map_err(RegionFault::Transfer)?;
            bytes += missing.bytes;
            reused += missing.chunks_reused;
            walked.insert(disk.digest, missing.places);
        }
        Ok((bytes, reused))
    }
}

fn unmeasured(fault: PeerFault) -> SourceFault {
    SourceFault::Transport { action: "measure chunks", source: Box::new(fault) }
}
