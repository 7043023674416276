//! Brings a disk into a domain that names chunks otherwise than the source: into a sealed one, or from one id key to another.
//!
//! The source's tree is walked; its nodes are fetched, read and forgotten. For each list of chunks the source says what
//! they are called here, and what is missing is fetched. Every chunk's plaintext is hashed here under both namings, fetched or
//! held, before it counts: so what is built is the source's disk, whatever the source says. The tree is built anew.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::StreamExt;
use store::{
    Chunk, ChunkId, ChunkStore, DiskRoot, Domain, NODE_IDS, Naming, RootRecord, Shape, TreeBuilder,
    TreeNode, TreePart,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::fault::{TransferFault, TreeError};
use crate::fetch::{ATTEMPTS, distinct};
use crate::ledger::Spot;
use crate::mover::{Moved, Mover, Way};
use crate::source::RenamingSource;
use crate::walk::{Again, Errand, Walk, check_size};
use crate::watch::{Reporter, Watch};

/// Lists of chunks whose names are asked for at once, so that a round trip of 100 ms does not add up.
const NAMING_AHEAD: usize = 4;

/// The disk to bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RekeyDisk {
    /// Names its contents at the source.
    pub source_root: DiskRoot,
    /// How the source names them.
    pub source_naming: Naming,
    /// Where in the store they belong, under its own naming.
    pub domain: Domain,
    /// The size that was promised, in bytes.
    pub expected_size: u64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rekeyed {
    /// Names the contents here.
    pub root: DiskRoot,
    /// What was moved.
    pub moved: Moved,
}

/// Brings every chunk under the source's root into the store under the store's own names, checked and durable, and records
/// that the tree here is complete.
///
/// Called again after any interruption it fetches nodes anew, and only those chunks that are still missing; at most
/// [`crate::WINDOW_BYTES`] of chunks are sent again. What is held is read and hashed at each call. Until this returns nothing
/// names the tree here: the caller has the domain kept from the sweep ([`store::Live::kept`]) until it has recorded the root.
///
/// # Errors
/// [`TransferFault`]; what is durable by then stays. [`TreeError::WrongName`] in [`TransferFault::Malformed`] when the source
/// says of a chunk that it is called what it is not.
pub async fn rekey_disk(
    job: RekeyDisk,
    source: &dyn RenamingSource,
    store: &ChunkStore,
    watch: &Watch,
) -> Result<Rekeyed, TransferFault> {
    tokio::select! {
        biased;
        () = watch.cancel.cancelled() => Err(TransferFault::Stopped),
        rekeyed = rekey(job, source, store, watch) => rekeyed,
    }
}

async fn rekey(
    job: RekeyDisk,
    source: &dyn RenamingSource,
    store: &ChunkStore,
    watch: &Watch,
) -> Result<Rekeyed, TransferFault> {
    let reporter = &Reporter::new(watch);
    let (domain, naming) = (job.domain, job.source_naming.clone());
    let way = Way { source, parcels: None, store, domain, naming, watch, reporter };
    let mut earlier = Moved::default();
    for _ in 0..ATTEMPTS {
        let rekeying = Rekeying { job: &job, source, mover: Mover::renaming(&way, earlier) };
        let brought = rekeying.bring_all().await;
        match rekeying.mover.end(brought).await {
            Err(TransferFault::Disturbed) => earlier = rekeying.mover.moved(),
            ended => return ended.map(|root| Rekeyed { root, moved: rekeying.mover.moved() }),
        }
    }
    Err(TransferFault::Disturbed)
}

struct Rekeying<'a> {
    job: &'a RekeyDisk,
    source: &'a dyn RenamingSource,
    mover: Mover<'a>,
}

/// What the walk meets, in the order of the disk.
enum Step {
    /// The chunks of the `index`-th node of level 1.
    Leaf { index: u64, ids: Vec<ChunkId> },
    /// A node that was built before.
    Again { node: Again, places: u64 },
    /// Everything under a node was met.
    Walked { level: u8, id: ChunkId },
}

/// A step with the names that its chunks have here.
enum Named {
    Leaf { index: u64, ids: Vec<ChunkId>, names: Names },
    Other(Step),
}

/// The distinct chunks of a leaf.
struct Names {
    order: Vec<ChunkId>,
    spots: HashMap<ChunkId, Spot>,
    /// What they are called here; those that the source lacks are left out.
    names: HashMap<ChunkId, ChunkId>,
    /// Those that are held and were hashed.
    held: HashSet<ChunkId>,
}

impl Rekeying<'_> {
    async fn bring_all(&self) -> Result<DiskRoot, TransferFault> {
        let mover = &self.mover;
        let root = self.job.source_root;
        let brought = mover.requests.nodes(&[root.id()], None).await?;
        let Some(bytes) = brought.plain.get(&root.id()) else {
            return Err(mover.requests.lacks().expect("a root that did not come is lacking"));
        };
        let record = RootRecord::decode(bytes).map_err(TreeError::Root)?;
        check_size(&record, self.job.expected_size)?;
        mover.need(record.places());
        let tree = Tree::new(mover, &record)?;
        let mut here = None;
        mover
            .deliver(async {
                here = self.list(&record, tree).await?;
                Ok(())
            })
            .await?;
        let here = here.expect("a tree is built unless the source lacks some of it");
        mover.record(&[(TreePart::Root(here.id()), record.places())]).await?;
        Ok(here)
    }

    /// Lists what is missing and builds the tree; `None` when the source lacks some of it.
    async fn list(
        &self,
        record: &RootRecord,
        mut tree: Tree<'_>,
    ) -> Result<Option<DiskRoot>, TransferFault> {
        let (steps, taken) = mpsc::channel(NAMING_AHEAD);
        let walking = async {
            let walker = Walker { mover: &self.mover, steps };
            Walk::new(None, &walker, self.job.source_root, record).run(record).await
        };
        let entering = async {
            let mut named =
                ReceiverStream::new(taken).map(|step| self.name(step)).buffered(NAMING_AHEAD);
            while let Some(step) = named.next().await.transpose()? {
                self.enter(step, &mut tree).await?;
            }
            Ok(())
        };
        tokio::try_join!(walking, entering)?;
        if self.mover.requests.lacks().is_some() {
            return Ok(None);
        }
        tree.finish(record).await.map(Some)
    }

    async fn name(&self, step: Step) -> Result<Named, TransferFault> {
        let Step::Leaf { index, ids } = step else { return Ok(Named::Other(step)) };
        let (order, spots) = distinct(index, &ids);
        let told = self.mover.requests.rename(self.source, &order).await?;
        let mut names = HashMap::with_capacity(order.len());
        for (id, told) in order.iter().zip(told) {
            let Some(told) = told else { continue };
            if told.is_zero() {
                return Err(TreeError::WrongName { id: *id, told }.into());
            }
            names.insert(*id, told);
        }
        let mut names = Names { order, spots, names, held: HashSet::new() };
        let all = names.order.clone();
        self.look(&all, &mut names).await?;
        Ok(Named::Leaf { index, ids, names })
    }

    /// Finds which of these chunks are held: by the name that they are said to have, and by their plaintext.
    async fn look(&self, ids: &[ChunkId], names: &mut Names) -> Result<(), TransferFault> {
        let (store, domain) = (self.mover.store, self.job.domain);
        let pairs: Vec<(ChunkId, ChunkId)> =
            ids.iter().filter_map(|id| Some((*id, *names.names.get(id)?))).collect();
        let told: Vec<ChunkId> = pairs.iter().map(|(_, told)| *told).collect();
        let missing = store.missing(domain, &told).await?;
        let held: Vec<(ChunkId, ChunkId)> = pairs
            .into_iter()
            .zip(missing)
            .filter(|(_, missing)| !missing)
            .map(|(pair, _)| pair)
            .collect();
        let told: Vec<ChunkId> = held.iter().map(|(_, told)| *told).collect();
        let there = store.rename(domain, &told, &self.job.source_naming).await?;
        for ((id, told), there) in held.into_iter().zip(there) {
            match there {
                Some(there) if there == id => drop(names.held.insert(id)),
                Some(_) => return Err(TreeError::WrongName { id, told }.into()),
                // Gone or damaged after all: it is missing.
                None => {}
            }
        }
        Ok(())
    }

    async fn enter(&self, step: Named, tree: &mut Tree<'_>) -> Result<(), TransferFault> {
        let is_whole = self.mover.requests.lacks().is_none();
        match step {
            Named::Leaf { index, ids, mut names } => {
                self.mover.wait_for_room().await;
                self.enter_leaf(&mut names).await?;
                if is_whole {
                    tree.push(index, ids.iter().map(|id| names.here(id)));
                    tree.put().await?;
                }
            }
            Named::Other(Step::Again { node, places }) => {
                self.mover.again(places);
                if is_whole {
                    tree.push_again(node, places);
                    tree.put().await?;
                }
            }
            Named::Other(Step::Walked { level, id }) if is_whole => tree.walked(level, id).await?,
            Named::Other(Step::Walked { .. }) => {}
            Named::Other(Step::Leaf { .. }) => unreachable!("every leaf is named"),
        }
        Ok(())
    }

    /// Queues what is missing and counts what is here.
    async fn enter_leaf(&self, names: &mut Names) -> Result<(), TransferFault> {
        // What was missing when it was looked up may have come for another leaf, or be on its way.
        let is_open = |id: &ChunkId| {
            names.names.contains_key(id) && !names.held.contains(id) && !self.mover.is_wanting(id)
        };
        let open: Vec<ChunkId> = names.order.iter().copied().filter(is_open).collect();
        self.look(&open, names).await?;
        for id in &names.order {
            let (Some(told), spot) = (names.names.get(id).copied(), names.spots[id]) else {
                continue;
            };
            if names.held.contains(id) {
                self.mover.done(spot.places);
            } else if !self.mover.want_named((*id, told), spot) {
                return Err(TreeError::WrongName { id: *id, told }.into());
            }
        }
        self.mover.stir();
        Ok(())
    }
}

impl Names {
    fn here(&self, id: &ChunkId) -> ChunkId {
        if id.is_zero() {
            return ChunkId::ZERO;
        }
        *self.names.get(id).expect("a tree is built only while the source lacks nothing")
    }
}

/// Tells what the walk meets.
struct Walker<'a> {
    mover: &'a Mover<'a>,
    steps: mpsc::Sender<Step>,
}

impl Walker<'_> {
    async fn tell(&self, step: Step) -> Result<(), TransferFault> {
        // Only a fault of the other side closes the channel, and that ends everything with its own.
        self.steps.send(step).await.map_err(|_| TransferFault::Stopped)
    }
}

#[async_trait]
impl Errand for Walker<'_> {
    async fn bring(&self, ids: Vec<ChunkId>) -> Result<HashMap<ChunkId, Bytes>, TransferFault> {
        Ok(self.mover.requests.nodes(&ids, None).await?.plain)
    }

    async fn visit(&self, index: u64, ids: &[ChunkId]) -> Result<(), TransferFault> {
        self.tell(Step::Leaf { index, ids: ids.to_vec() }).await
    }

    fn whole(&self, _: u64) {
        unreachable!("the store holds nothing by the source's names");
    }

    async fn again(&self, node: Again, places: u64) -> Result<(), TransferFault> {
        self.tell(Step::Again { node, places }).await
    }

    async fn walked(&self, part: TreePart, _: u64) -> Result<(), TransferFault> {
        match part {
            TreePart::Node { level, id } => self.tell(Step::Walked { level, id }).await,
            TreePart::Root(_) => Ok(()),
        }
    }
}

/// The tree here, as it is built.
struct Tree<'a> {
    mover: &'a Mover<'a>,
    shape: Shape,
    naming: Naming,
    builder: TreeBuilder,
    /// The last node built at each level, from level 1.
    last: Vec<ChunkId>,
    /// What the source's nodes became; another one for each 64 MiB of contents.
    nodes: HashMap<ChunkId, ChunkId>,
}

impl<'a> Tree<'a> {
    fn new(mover: &'a Mover<'a>, record: &RootRecord) -> Result<Self, TransferFault> {
        let naming = mover.store.naming(mover.domain)?;
        let builder =
            TreeBuilder::named(record.size_bytes(), naming.clone()).map_err(TreeError::Root)?;
        let last = vec![ChunkId::ZERO; usize::from(record.depth())];
        Ok(Tree { mover, shape: record.shape(), naming, builder, last, nodes: HashMap::new() })
    }

    fn span(&self, level: u8) -> u64 {
        self.shape.stride(level).saturating_mul(NODE_IDS as u64)
    }

    /// Fills up with zeros.
    fn push_until(&mut self, chunk: u64) {
        self.builder.push_zeros(chunk.saturating_sub(self.builder.pushed()));
    }

    fn push(&mut self, index: u64, ids: impl Iterator<Item = ChunkId>) {
        self.push_until(index * self.span(1));
        ids.for_each(|id| self.builder.push(id));
    }

    fn push_again(&mut self, node: Again, places: u64) {
        self.push_until(node.index * self.span(node.level));
        let here = *self.nodes.get(&node.id).expect("a node that occurs again was built before");
        self.builder.push_node(node.level, here, places);
    }

    /// Ends the node of the source in which the builder is, and remembers what it became, unless the disk ends in it: such a
    /// node does not occur again.
    async fn walked(&mut self, level: u8, id: ChunkId) -> Result<(), TransferFault> {
        let end = (self.builder.pushed() - 1) / self.span(level) + 1;
        let end = end.saturating_mul(self.span(level));
        if end > self.shape.chunks() {
            return Ok(());
        }
        self.push_until(end);
        self.put().await?;
        if let Some(here) = self.last.get(usize::from(level) - 1) {
            self.nodes.insert(id, *here);
        }
        Ok(())
    }

    /// Stores the nodes that were finished.
    async fn put(&mut self) -> Result<(), TransferFault> {
        let nodes = self.builder.take_nodes();
        self.put_nodes(nodes).await
    }

    async fn put_nodes(&mut self, nodes: Vec<TreeNode>) -> Result<(), TransferFault> {
        for TreeNode { chunk, level, places } in nodes {
            let id = chunk.id();
            self.last[usize::from(level) - 1] = id;
            self.put_made(chunk).await?;
            self.mover.walked(TreePart::Node { level, id }, places);
        }
        Ok(())
    }

    async fn put_made(&self, chunk: Chunk) -> Result<(), TransferFault> {
        if self.mover.store.missing(self.mover.domain, &[chunk.id()]).await?[0] {
            let made = self.mover.made.as_ref().expect("a renaming mover has a way for it");
            made.put_plain(chunk).await?;
            self.mover.handed();
        }
        Ok(())
    }

    async fn finish(mut self, record: &RootRecord) -> Result<DiskRoot, TransferFault> {
        self.push_until(self.shape.chunks());
        let builder = std::mem::replace(
            &mut self.builder,
            TreeBuilder::new(record.size_bytes()).map_err(TreeError::Root)?,
        );
        let (here, nodes) = builder.finish().expect("what the walk met and zeros make up the disk");
        let (stated, counted) = (record.places(), here.places());
        if stated != counted {
            return Err(TreeError::Places { stated, counted }.into());
        }
        self.put_nodes(nodes).await?;
        let root = here.root_named(&self.naming);
        self.put_made(Chunk::named(here.encode().to_vec(), &self.naming)).await?;
        Ok(root)
    }
}
