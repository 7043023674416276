//! Walks a disk tree from the top, in the order of the disk, over what the store holds and what the source must send.
//!
//! Nodes are loaded ahead of the walk, so that it does not wait for a round trip at each. A node that occurs again is not
//! walked again. Holds a few lists of 1,024 ids per level, and about 60 bytes for each distinct node of the disk (64 MiB of
//! contents each).

use std::collections::{HashMap, VecDeque};

use async_trait::async_trait;
use bytes::Bytes;
use fail::fail_point;
use futures::stream::{BoxStream, StreamExt, iter};
use store::{
    ChunkId, ChunkStore, DiskRoot, Domain, NODE_IDS, RootRecord, Shape, StoreFault, TreePart,
    decode_node,
};

use crate::fault::{TransferFault, TreeError};

/// Nodes that are loaded together: one request.
const GROUP: usize = 32;
/// Groups that are loaded ahead at each level: 8 GiB of the disk, 4 MiB of nodes.
const GROUPS_AHEAD: usize = 4;

/// What a walk is for.
#[async_trait]
pub(crate) trait Errand: Send + Sync {
    /// Brings nodes that the store lacks. Those that the source lacks too are left out.
    async fn bring(&self, ids: Vec<ChunkId>) -> Result<HashMap<ChunkId, Bytes>, TransferFault>;
    /// Sees the chunks that the `index`-th node of level 1 lists, zero ids among them.
    async fn visit(&self, index: u64, ids: &[ChunkId]) -> Result<(), TransferFault>;
    /// Sees places under a tree that the store holds complete.
    fn whole(&self, places: u64);
    /// Sees places under a node that was walked before.
    async fn again(&self, node: Again, places: u64) -> Result<(), TransferFault>;
    /// Everything under this node was seen, and nothing of the nodes in it is lost.
    async fn walked(&self, part: TreePart, places: u64) -> Result<(), TransferFault>;
}

/// A node that occurs again. It is full: where the disk ends inside a node, that one is walked whatever it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Again {
    pub level: u8,
    pub id: ChunkId,
    /// Which of its level it is, from 0.
    pub index: u64,
}

/// Where nodes are and what their lengths must be.
#[derive(Clone, Copy)]
struct Ground<'a> {
    /// What is held of the tree; `None` when its ids are not those of the store.
    here: Option<(&'a ChunkStore, Domain)>,
    errand: &'a dyn Errand,
    shape: Shape,
}

/// What will be done about a child, before it is loaded.
#[derive(Clone, Copy)]
enum Plan {
    Whole { id: ChunkId, places: u64 },
    Again { id: ChunkId, index: u64 },
    Load { id: ChunkId, index: u64, held: Held },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    Here,
    Missing,
}

enum Child {
    Whole { id: ChunkId, places: u64 },
    Again { id: ChunkId, index: u64 },
    Node { id: ChunkId, index: u64, ids: Vec<ChunkId> },
    Lost { id: ChunkId },
}

type Children<'a> = BoxStream<'a, Result<Vec<Child>, TransferFault>>;

/// A node whose children are being walked.
struct Open<'a> {
    id: ChunkId,
    level: u8,
    sum: Sum,
    groups: Children<'a>,
    ready: VecDeque<Child>,
}

/// What was seen of a node's places.
#[derive(Clone, Copy)]
struct Sum {
    places: u64,
    lost: bool,
}

/// A node met before: the level it was met at, its number of ids if known, and its sum once it was walked.
struct Seen {
    level: u8,
    ids: Option<usize>,
    sum: Option<Sum>,
}

pub(crate) struct Walk<'a> {
    ground: Ground<'a>,
    root: DiskRoot,
    stated: u64,
    counted: u64,
    seen: HashMap<ChunkId, Seen>,
    stack: Vec<Open<'a>>,
}

impl<'a> Walk<'a> {
    pub fn new(
        here: Option<(&'a ChunkStore, Domain)>,
        errand: &'a dyn Errand,
        root: DiskRoot,
        record: &RootRecord,
    ) -> Self {
        let ground = Ground { here, errand, shape: record.shape() };
        Walk {
            ground,
            root,
            stated: record.places(),
            counted: 0,
            seen: HashMap::new(),
            stack: Vec::new(),
        }
    }

    /// Walks everything under the top node.
    ///
    /// Returns an error for a tree that is not the one its root states. What the source lacks is skipped; then the number
    /// of places cannot be compared.
    pub async fn run(mut self, record: &RootRecord) -> Result<(), TransferFault> {
        if record.top().is_zero() {
            return Ok(());
        }
        let (top, level) = (record.top(), record.depth());
        self.open(self.root.id(), level + 1, 0, &[top]).await?;
        loop {
            let open = self.stack.last_mut().expect("the loop ends with the last one");
            if let Some(child) = open.next().await? {
                self.enter(child).await?;
                continue;
            }
            let done = self.stack.pop().expect("it was looked at");
            if self.stack.is_empty() {
                return if done.sum.lost { Ok(()) } else { self.compare_places() };
            }
            self.close((done.level, done.id), done.sum).await?;
        }
    }

    fn compare_places(&self) -> Result<(), TransferFault> {
        let (stated, counted) = (self.stated, self.counted);
        if stated == counted { Ok(()) } else { Err(TreeError::Places { stated, counted }.into()) }
    }

    async fn enter(&mut self, child: Child) -> Result<(), TransferFault> {
        let level = self.stack.last().expect("a child has a parent").level - 1;
        let errand = self.ground.errand;
        match child {
            Child::Whole { id, places } => {
                errand.whole(places);
                self.note((level, id), Sum { places, lost: false })
            }
            Child::Lost { id } => self.note((level, id), Sum { places: 0, lost: true }),
            Child::Again { id, index } => self.enter_again(level, id, index).await,
            Child::Node { id, index, ids } => {
                self.seen.insert(id, Seen { level, ids: Some(ids.len()), sum: None });
                if level > 1 {
                    return self.open(id, level, index * NODE_IDS as u64, &ids).await;
                }
                if let Some(id) = ids.iter().find(|id| self.seen.contains_key(id)) {
                    return Err(TreeError::TwoLevels { id: *id }.into());
                }
                let places = ids.iter().filter(|id| !id.is_zero()).count() as u64;
                self.count(places)?;
                errand.visit(index, &ids).await?;
                self.close((level, id), Sum { places, lost: false }).await
            }
        }
    }

    /// A node met for the second time: its first occurrence lies before it, so its sum is known.
    async fn enter_again(
        &mut self,
        level: u8,
        id: ChunkId,
        index: u64,
    ) -> Result<(), TransferFault> {
        let seen = self.seen.get(&id).filter(|seen| seen.level == level);
        let Some(Seen { ids, sum: Some(sum), .. }) = seen else {
            return Err(TreeError::TwoLevels { id }.into());
        };
        let (sum, wanted) = (*sum, self.ground.shape.node_ids(level, index));
        if let Some(got) = ids.filter(|got| *got != wanted) {
            let (wanted, got) = (wanted * 32, got * 32);
            let source = store::FormatError::NodeLength { level, wanted, got };
            return Err(TreeError::Node { id, source }.into());
        }
        self.ground.errand.again(Again { level, id, index }, sum.places).await?;
        self.count(sum.places)?;
        self.add(sum);
        Ok(())
    }

    /// A child that needs no walk.
    fn note(&mut self, (level, id): (u8, ChunkId), sum: Sum) -> Result<(), TransferFault> {
        self.seen.insert(id, Seen { level, ids: None, sum: Some(sum) });
        self.count(sum.places)?;
        self.add(sum);
        Ok(())
    }

    /// Counts places. A tree of a few nodes can claim 2^48 places, so the root's own number ends the walk.
    fn count(&mut self, places: u64) -> Result<(), TransferFault> {
        self.counted = self.counted.saturating_add(places);
        if self.counted > self.stated { self.compare_places() } else { Ok(()) }
    }

    fn add(&mut self, sum: Sum) {
        let parent = self.stack.last_mut().expect("only the root has no parent");
        parent.sum.places += sum.places;
        parent.sum.lost |= sum.lost;
    }

    async fn close(&mut self, (level, id): (u8, ChunkId), sum: Sum) -> Result<(), TransferFault> {
        self.add(sum);
        if let Some(seen) = self.seen.get_mut(&id) {
            seen.sum = Some(sum);
        }
        if !sum.lost {
            self.ground.errand.walked(TreePart::Node { level, id }, sum.places).await?;
        }
        Ok(())
    }

    /// Begins a node: asks the store about its children, 1,024 at a time, and begins to load those that must be walked.
    async fn open(
        &mut self,
        id: ChunkId,
        level: u8,
        first: u64,
        ids: &[ChunkId],
    ) -> Result<(), TransferFault> {
        let plans = self.plan(level - 1, first, ids).await?;
        let ground = self.ground;
        let groups = iter(groups(plans))
            .map(move |plans| ground.load(level - 1, plans))
            .buffered(GROUPS_AHEAD)
            .boxed();
        let sum = Sum { places: 0, lost: false };
        self.stack.push(Open { id, level, sum, groups, ready: VecDeque::new() });
        Ok(())
    }

    async fn plan(
        &mut self,
        level: u8,
        first: u64,
        ids: &[ChunkId],
    ) -> Result<Vec<Plan>, TransferFault> {
        let mut plans = Vec::new();
        for (id, index) in ids.iter().copied().zip(first..).filter(|(id, _)| !id.is_zero()) {
            plans.push(match self.seen.get(&id) {
                Some(seen) if seen.level != level => return Err(TreeError::TwoLevels { id }.into()),
                Some(_) if !self.ground.is_cut(level, index) => Plan::Again { id, index },
                Some(_) => Plan::Load { id, index, held: Held::Missing },
                None => {
                    self.seen.insert(id, Seen { level, ids: None, sum: None });
                    Plan::Load { id, index, held: Held::Missing }
                }
            });
        }
        self.ground.mark_whole(level, &mut plans).await?;
        self.ground.mark_held(&mut plans).await?;
        Ok(plans)
    }
}

impl Open<'_> {
    async fn next(&mut self) -> Result<Option<Child>, TransferFault> {
        while self.ready.is_empty() {
            match self.groups.next().await {
                Some(group) => self.ready.extend(group?),
                None => return Ok(None),
            }
        }
        Ok(self.ready.pop_front())
    }
}

/// Cuts a list so that no part loads too many nodes.
fn groups(plans: Vec<Plan>) -> Vec<Vec<Plan>> {
    let mut groups = vec![Vec::new()];
    let mut loads = 0;
    for plan in plans {
        if matches!(plan, Plan::Load { .. }) {
            if loads == GROUP {
                groups.push(Vec::new());
                loads = 0;
            }
            loads += 1;
        }
        groups.last_mut().expect("there is always one").push(plan);
    }
    groups
}

impl Ground<'_> {
    /// Most places that a node can have, by where it is.
    fn capacity(&self, level: u8, index: u64) -> u64 {
        let span = self.shape.stride(level).saturating_mul(NODE_IDS as u64);
        self.shape.chunks().saturating_sub(index.saturating_mul(span)).min(span)
    }

    /// Whether the disk ends inside this node. A node that is full elsewhere may have the same ids and yet not be right
    /// here: the lengths of the nodes under it differ.
    fn is_cut(&self, level: u8, index: u64) -> bool {
        let span = self.shape.stride(level).saturating_mul(NODE_IDS as u64);
        (index + 1).saturating_mul(span) > self.shape.chunks()
    }

    /// Finds the children that are complete in the store.
    async fn mark_whole(&self, level: u8, plans: &mut [Plan]) -> Result<(), TransferFault> {
        let Some((store, domain)) = self.here else { return Ok(()) };
        let mut loads: Vec<&mut Plan> =
            plans.iter_mut().filter(|plan| matches!(plan, Plan::Load { .. })).collect();
        let part = |plan: &&mut Plan| TreePart::Node { level, id: plan.id() };
        let parts: Vec<TreePart> = loads.iter().map(part).collect();
        if parts.is_empty() {
            return Ok(());
        }
        let complete = store.complete(domain, &parts).await?;
        for (plan, places) in loads.iter_mut().zip(complete) {
            let (Plan::Load { id, index, .. }, Some(places)) = (**plan, places) else { continue };
            if !(1..=self.capacity(level, index)).contains(&places) {
                return Err(TreeError::NodePlaces { id, places }.into());
            }
            **plan = Plan::Whole { id, places };
        }
        Ok(())
    }

    /// Finds which of the others are held.
    async fn mark_held(&self, plans: &mut [Plan]) -> Result<(), TransferFault> {
        let Some((store, domain)) = self.here else { return Ok(()) };
        let mut loads: Vec<&mut Plan> =
            plans.iter_mut().filter(|plan| matches!(plan, Plan::Load { .. })).collect();
        let ids: Vec<ChunkId> = loads.iter().map(|plan| plan.id()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let missing = store.missing(domain, &ids).await?;
        for (plan, missing) in loads.iter_mut().zip(missing) {
            if let Plan::Load { held, .. } = &mut **plan {
                *held = if missing { Held::Missing } else { Held::Here };
            }
        }
        Ok(())
    }

    /// Loads the nodes of a group: from the store what it holds, the others in one request.
    async fn load(self, level: u8, plans: Vec<Plan>) -> Result<Vec<Child>, TransferFault> {
        let (mut here, mut bring) = (Vec::new(), Vec::new());
        for plan in &plans {
            match plan {
                Plan::Load { id, held: Held::Here, .. } => here.push(*id),
                Plan::Load { id, held: Held::Missing, .. } => bring.push(*id),
                Plan::Whole { .. } | Plan::Again { .. } => {}
            }
        }
        let mut nodes = match self.here {
            Some((store, domain)) => read_held(store, domain, &here).await?,
            None => HashMap::new(),
        };
        bring.extend(here.iter().filter(|id| !nodes.contains_key(id)));
        if !bring.is_empty() {
            nodes.extend(self.errand.bring(bring).await?);
        }
        fail_point!("wrk.tree_verify", |_| Err(crate::request::injected("verify nodes")));
        plans.into_iter().map(|plan| self.child(level, plan, &nodes)).collect()
    }

    fn child(
        &self,
        level: u8,
        plan: Plan,
        nodes: &HashMap<ChunkId, Bytes>,
    ) -> Result<Child, TransferFault> {
        Ok(match plan {
            Plan::Whole { id, places } => Child::Whole { id, places },
            Plan::Again { id, index } => Child::Again { id, index },
            Plan::Load { id, index, .. } => match nodes.get(&id) {
                None => Child::Lost { id },
                Some(bytes) => {
                    let ids = decode_node(bytes, level, self.shape.node_ids(level, index))
                        .map_err(|source| TreeError::Node { id, source })?;
                    Child::Node { id, index, ids }
                }
            },
        })
    }
}

impl Plan {
    fn id(&self) -> ChunkId {
        match self {
            Plan::Whole { id, .. } | Plan::Again { id, .. } | Plan::Load { id, .. } => *id,
        }
    }
}

/// The root must state the size that was promised.
pub(crate) fn check_size(record: &RootRecord, wanted: u64) -> Result<(), TreeError> {
    let got = record.size_bytes();
    if wanted == got { Ok(()) } else { Err(TreeError::Size { wanted, got }) }
}

/// Reads nodes that the store said it holds. One that is gone or damaged after all is left out: the source has it.
pub(crate) async fn read_held(
    store: &ChunkStore,
    domain: Domain,
    ids: &[ChunkId],
) -> Result<HashMap<ChunkId, Bytes>, TransferFault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    match store.get_many(domain, ids).await {
        Ok(nodes) => return Ok(ids.iter().copied().zip(nodes).collect()),
        Err(StoreFault::Missing { .. } | StoreFault::Damaged { .. }) => {}
        Err(fault) => return Err(fault.into()),
    }
    let mut nodes = HashMap::new();
    for id in ids {
        match store.get(domain, *id).await {
            Ok(node) => drop(nodes.insert(*id, node)),
            Err(StoreFault::Missing { .. } | StoreFault::Damaged { .. }) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(nodes)
}
