//! Brings a disk into a store: list what is missing, fetch, check, put.
//!
//! Resuming is not a mode: a call begins with what is durable and moves what is still missing.

use std::collections::HashMap;

use async_trait::async_trait;
use bytes::Bytes;
use fail::fail_point;
use store::{ChunkId, ChunkStore, DiskRoot, Domain, NODE_IDS, RootRecord, StoreFault, TreePart};

use crate::fault::{TransferFault, TreeError};
use crate::ledger::Spot;
use crate::mover::{Moved, Mover, Way};
use crate::parcels::Wire;
use crate::walk::{Again, Errand, Walk, check_size, read_held};
use crate::watch::{Progress, Reporter, Watch};

/// How often a transfer begins anew because damage was found in its domain meanwhile.
pub(crate) const ATTEMPTS: usize = 3;

/// The disk to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchDisk {
    /// Names its contents.
    pub root: DiskRoot,
    /// Where in the store its chunks belong.
    pub domain: Domain,
    /// The size that was promised, in bytes.
    pub expected_size: u64,
}

/// Brings every chunk under the root into the store, checked and durable, and records that the tree is complete.
///
/// Called again after any interruption it fetches only what is still missing, and at most [`crate::WINDOW_BYTES`] are sent
/// again. Called after success it costs two look-ups and moves nothing. A sealed domain must name chunks as the source does.
/// Over [`Wire::Parcels`] nodes come as frames, and so do the chunks that no parcel brings.
///
/// # Errors
/// [`StoreFault::Locked`] in [`TransferFault::Store`] when the domain is, or gets, locked; any other
/// [`TransferFault`]; what is durable by then stays.
pub async fn fetch_disk(
    job: FetchDisk,
    wire: Wire<'_>,
    store: &ChunkStore,
    watch: &Watch,
) -> Result<Moved, TransferFault> {
    tokio::select! {
        biased;
        () = watch.cancel.cancelled() => Err(TransferFault::Stopped),
        moved = fetch(job, wire, store, watch) => moved,
    }
}

async fn fetch(
    job: FetchDisk,
    wire: Wire<'_>,
    store: &ChunkStore,
    watch: &Watch,
) -> Result<Moved, TransferFault> {
    let reporter = &Reporter::new(watch);
    let (domain, naming) = (job.domain, store.naming(job.domain)?);
    let (source, parcels) = wire.parts(job.root);
    let way = Way { source, parcels, store, domain, naming, watch, reporter };
    let mut earlier = Moved::default();
    for _ in 0..ATTEMPTS {
        let transfer = Transfer { job, mover: Mover::new(&way, earlier), reporter };
        match transfer.run().await {
            Err(TransferFault::Disturbed) => earlier = transfer.mover.moved(),
            ended => return ended,
        }
    }
    Err(TransferFault::Disturbed)
}

struct Transfer<'a> {
    job: FetchDisk,
    mover: Mover<'a>,
    reporter: &'a Reporter<'a>,
}

impl Transfer<'_> {
    async fn run(&self) -> Result<Moved, TransferFault> {
        if let Some(moved) = self.held_whole().await? {
            return Ok(moved);
        }
        let brought = self.bring_all().await;
        self.mover.end(brought).await.map(|()| self.mover.moved())
    }

    async fn bring_all(&self) -> Result<(), TransferFault> {
        let mover = &self.mover;
        let Some(record) = self.root_record().await? else {
            return Err(mover.requests.lacks().expect("a root that did not come is lacking"));
        };
        mover.need(record.places());
        let here = Some((mover.store, mover.domain));
        mover.deliver(Walk::new(here, self, self.job.root, &record).run(&record)).await?;
        mover.record(&[(TreePart::Root(self.job.root.id()), record.places())]).await
    }

    /// A disk that is here already. Its record is read all the same: it must have the size that was promised.
    async fn held_whole(&self) -> Result<Option<Moved>, TransferFault> {
        let (domain, root) = (self.job.domain, self.job.root);
        let complete = self.mover.store.complete(domain, &[TreePart::Root(root.id())]).await?;
        let Some(Some(places)) = complete.first().copied() else { return Ok(None) };
        match self.mover.store.root_record(domain, root).await {
            Ok(record) => {
                check_size(&record, self.job.expected_size)?;
                let moved = Moved { places, chunks_reused: places, ..self.mover.earlier() };
                let done = Progress {
                    places_done: places,
                    places_needed: places,
                    bytes_received: moved.bytes_received,
                    chunks_received: 0,
                    chunks_reused: places,
                };
                self.reporter.tell_last(done);
                Ok(Some(moved))
            }
            Err(StoreFault::Missing { .. } | StoreFault::Damaged { .. }) => {
                self.mover.store.distrust(domain).await?;
                Err(TransferFault::Disturbed)
            }
            Err(StoreFault::Tree { source, .. }) => Err(TreeError::Root(source).into()),
            Err(fault) => Err(fault.into()),
        }
    }

    /// The root record, from the store or from the source; `None` if neither has it.
    async fn root_record(&self) -> Result<Option<RootRecord>, TransferFault> {
        let id = self.job.root.id();
        let mut held = read_held(self.mover.store, self.job.domain, &[id]).await?;
        if held.is_empty() {
            held = self.bring(vec![id]).await?;
        }
        let Some(bytes) = held.get(&id) else { return Ok(None) };
        fail_point!("wrk.tree_verify", |_| Err(crate::request::injected("verify the root")));
        let record = RootRecord::decode(bytes).map_err(TreeError::Root)?;
        check_size(&record, self.job.expected_size)?;
        Ok(Some(record))
    }
}

#[async_trait]
impl Errand for Transfer<'_> {
    async fn bring(&self, ids: Vec<ChunkId>) -> Result<HashMap<ChunkId, Bytes>, TransferFault> {
        let mover = &self.mover;
        let answer = mover.requests.nodes(&ids, Some(&mover.ingest)).await?;
        mover.handed();
        Ok(answer.plain)
    }

    async fn visit(&self, index: u64, ids: &[ChunkId]) -> Result<(), TransferFault> {
        let mover = &self.mover;
        mover.wait_for_room().await;
        fail_point!("wrk.have_query", |_| Err(crate::request::injected("ask what is held")));
        let (mut order, spots) = distinct(index, ids);
        mover.pass_over_wanting(&mut order, &spots);
        let missing = mover.store.missing(self.job.domain, &order).await?;
        mover.enter_in_ledger(order.iter().zip(missing), &spots);
        mover.stir();
        Ok(())
    }

    fn whole(&self, places: u64) {
        self.mover.done(places);
    }

    async fn again(&self, _: Again, places: u64) -> Result<(), TransferFault> {
        self.mover.again(places);
        Ok(())
    }

    async fn walked(&self, part: TreePart, places: u64) -> Result<(), TransferFault> {
        self.mover.walked(part, places);
        Ok(())
    }
}

/// The chunks of the `index`-th node of level 1 that are not zero, each once, and where they are.
pub(crate) fn distinct(index: u64, ids: &[ChunkId]) -> (Vec<ChunkId>, HashMap<ChunkId, Spot>) {
    let (mut order, mut spots) = (Vec::new(), HashMap::<ChunkId, Spot>::new());
    let numbers = index * NODE_IDS as u64..;
    for (number, id) in numbers.zip(ids).filter(|(_, id)| !id.is_zero()) {
        let spot = spots.entry(*id).or_insert(Spot { places: 0, number });
        if spot.places == 0 {
            order.push(*id);
        }
        spot.places += 1;
    }
    (order, spots)
}
