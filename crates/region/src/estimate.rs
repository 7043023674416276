//! What a copy would cost: the target compares with what it holds, and nothing is stored.

use std::collections::HashMap;

use catalog::LiveCopy;
use futures::FutureExt;
use model::rules::admit_copy;
use model::{Day, Digest, DomainName, LinkSpeed, Meter, Rate, RegionId, bytes_left, rate_on};
use store::{CHUNK_BYTES, ChunkId, Naming};
use transfer::{FetchDisk, Missing, Noticed, RekeyDisk, SourceFault, Watch, Ways};

use crate::accept::admission_facts;
use crate::fetching::{Names, PeerSource, RenamingPeer};
use crate::peer::{CopyOffer, FetchScope, IdSpace, PeerFault};
use crate::rates::of_meter;
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
        let ahead = tx.live_copies(Some(&offer.account)).await?;
        let rates = tx.rates().await?;
        let link = tx.link_setting(&offer.source).await?.map(|row| row.setting).unwrap_or_default();
        tx.commit().await?;
        admit_copy(&facts)?;
        let domain = DomainName { account: offer.account.clone(), key };
        let measured = self.measure_offer(&offer, &domain).await?;
        let mut tx = self.inner.catalog.read().await?;
        self.judge_deadline(&mut tx, &offer, Some(measured.bytes)).await?;
        drop(tx);
        let configured = self.inner.links.configured(&offer.source);
        let limit = link.at(self.inner.clock.now(), configured).limit;
        let speed = LinkSpeed::judge(limit, self.inner.link_speeds.of(&offer.source));
        let bytes_ahead = bytes_ahead(&ahead, &offer.source);
        let rate = |meter| {
            let today = Day::of(self.inner.clock.now());
            rate_on(&of_meter(&rates, meter), today, self.inner.options.currency)
        };
        let traffic_rate = rate(Meter::Traffic);
        // A copy within the region crosses no link.
        let is_within = offer.source == *self.id();
        let free = Rate::free(traffic_rate.currency);
        Ok(Estimate {
            bytes_to_send: measured.bytes,
            bytes_reused: measured.chunks_reused * CHUNK_BYTES as u64,
            stored_bytes: measured.places * CHUNK_BYTES as u64,
            speed,
            seconds: speed.seconds_for(measured.bytes, bytes_ahead.unwrap_or(0)),
            copies_ahead: ahead.len() as u64,
            bytes_ahead,
            traffic_rate: if is_within { free } else { traffic_rate },
            storage_rate: rate(Meter::Storage),
            images: facts.images,
            snapshots: facts.snapshots,
            disks: facts.disks,
        })
    }

    /// What an offered copy lacks here.
    pub(crate) async fn measure_offer(
        &self,
        offer: &CopyOffer,
        domain: &DomainName,
    ) -> Result<Missing, Refused> {
        let peer = self.peer(&offer.source)?;
        let ids = if offer.sealed.is_some() { IdSpace::Sealed } else { IdSpace::Plain };
        let scope = FetchScope { account: offer.account.clone(), ids };
        let disks: Vec<Digest> = offer.disks.iter().map(|disk| disk.digest).collect();
        let source = PeerSource::new(peer.clone(), scope.clone(), &disks);
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
        let (watch, noticed) = (Watch::default(), Noticed::default());
        let ways: Ways<'_> = (&watch, &measure, &noticed);
        let mut all = Missing::default();
        let mut walked: HashMap<Digest, u64> = HashMap::new();
        for disk in &offer.disks {
            // A disk that the image has twice is sent once.
            if let Some(places) = walked.get(&disk.digest) {
                all.places += places;
                all.chunks_reused += places;
                continue;
            }
            let job = FetchDisk {
                root: disk_root(&disk.digest),
                domain,
                expected_size: disk.size.bytes(),
            };
            let store = &self.inner.store;
            let missing = match &names {
                Names::Same => transfer::missing_bytes(job, &source, store, ways).await,
                Names::Other { source_naming, id_key } => {
                    let source_naming = source_naming.clone();
                    let (source_root, expected_size) = (job.root, job.expected_size);
                    let job = RekeyDisk { source_root, source_naming, domain, expected_size };
                    let source = RenamingPeer { source: source.clone(), id_key: id_key.clone() };
                    transfer::rekey_missing_bytes(job, &source, store, ways).await
                }
            };
            let missing = missing.map_err(RegionFault::Transfer)?;
            all.bytes += missing.bytes;
            all.chunks += missing.chunks;
            all.places += missing.places;
            all.chunks_reused += missing.chunks_reused;
            walked.insert(disk.digest, missing.places);
        }
        Ok(all)
    }
}

/// What the copies from `source` still have to bring; none while that is not known of each.
fn bytes_ahead(copies: &[LiveCopy], source: &RegionId) -> Option<u64> {
    let on_link = copies.iter().filter(|copy| copy.source == *source);
    on_link.map(|copy| bytes_left(copy.progress, copy.bytes_sent, copy.bytes_reused)).sum()
}

fn unmeasured(fault: PeerFault) -> SourceFault {
    SourceFault::Transport { action: "measure chunks", source: Box::new(fault) }
}
