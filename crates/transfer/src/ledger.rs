//! The books of one transfer: what is to be asked, what was asked, what is durable, and which trees are therefore complete.

use std::collections::{HashSet, VecDeque};

use store::{ChunkId, TreePart};

/// A chunk to be asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Want {
    pub id: ChunkId,
    pub spot: Spot,
}

/// Where the chunks that a node lists have one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Places in the node that need it.
    pub places: u64,
    /// Number of the first of them among the chunks of the disk.
    pub number: u64,
}

/// Ids that are asked for together. The number names the batch.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub number: u64,
    pub ids: Vec<ChunkId>,
}

/// A batch that was taken off the queue. Batches are in order, so that "everything before" has a meaning.
struct Sent {
    ids: Vec<ChunkId>,
    count: u64,
    places: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not all of it is handed to the store.
    Asked,
    /// Handed over; durable with the first flush that begins at this mark or later.
    Stored { mark: u64 },
    /// Durable.
    Durable,
    /// The source lacks some of it. Stays for ever, so that nothing behind it is believed complete.
    Lacking,
}

/// A tree that is complete once everything queued before it, and everything handed over before it, is durable.
struct Ripe {
    queued: u64,
    mark: u64,
    part: TreePart,
    places: u64,
}

/// See the module. A *mark* counts what was handed to the store; a flush makes everything up to its mark durable.
#[derive(Default)]
pub(crate) struct Ledger {
    queue: VecDeque<Want>,
    taken: u64,
    sent: VecDeque<Sent>,
    first_number: u64,
    /// Ids asked for and durable, without a gap.
    settled: u64,
    /// Places that wait for ids queued for another place: counted once so many ids are settled.
    due: VecDeque<(u64, u64)>,
    /// Ids that are queued, asked, or handed over and not durable: the index does not know them yet.
    wanting: HashSet<ChunkId>,
    ripe: VecDeque<Ripe>,
    mark: u64,
    durable_mark: u64,
    places_done: u64,
}

impl Ledger {
    /// Whether this chunk is on its way already.
    pub fn is_wanting(&self, id: &ChunkId) -> bool {
        self.wanting.contains(id)
    }

    /// Ids on their way: a measure of memory.
    pub fn wanting(&self) -> usize {
        self.wanting.len()
    }

    /// Ids not yet asked for.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Puts a chunk on the queue.
    pub fn want(&mut self, want: Want) {
        if self.wanting.insert(want.id) {
            self.queue.push_back(want);
        } else {
            self.due_later(want.spot.places);
        }
    }

    /// Counts places that are done as soon as everything queued so far is durable.
    pub fn due_later(&mut self, places: u64) {
        let queued = self.taken + self.queue.len() as u64;
        if queued == self.settled {
            self.places_done += places;
        } else {
            self.due.push_back((queued, places));
        }
    }

    /// Counts places that are held.
    pub fn done(&mut self, places: u64) {
        self.places_done += places;
    }

    /// The next ids to ask for.
    pub fn take(&mut self, limit: usize) -> Option<Batch> {
        let wants = self.reserve(limit);
        (!wants.is_empty()).then(|| self.enter(&wants))
    }

    /// Takes chunks off the queue. They are entered in this order, or given back.
    pub fn reserve(&mut self, limit: usize) -> Vec<Want> {
        let count = self.queue.len().min(limit);
        self.taken += count as u64;
        self.queue.drain(..count).collect()
    }

    /// Puts the chunks that were reserved last, and not entered, back to where they were.
    pub fn give_back(&mut self, wants: &[Want]) {
        self.taken -= wants.len() as u64;
        wants.iter().rev().for_each(|want| self.queue.push_front(*want));
    }

    /// Enters the chunks that were reserved first as a batch that is asked for.
    pub fn enter(&mut self, wants: &[Want]) -> Batch {
        let ids: Vec<ChunkId> = wants.iter().map(|want| want.id).collect();
        let places = wants.iter().map(|want| want.spot.places).sum();
        let count = wants.len() as u64;
        let number = self.first_number + self.sent.len() as u64;
        self.sent.push_back(Sent { ids: ids.clone(), count, places, state: State::Asked });
        Batch { number, ids }
    }

    /// Something was handed to the store.
    pub fn handed(&mut self) {
        self.mark += 1;
    }

    /// All of a batch was handed to the store but what the source lacks.
    pub fn answered(&mut self, number: u64, absent: &[ChunkId]) {
        let mark = self.mark;
        let sent = &mut self.sent[(number - self.first_number) as usize];
        sent.state = if absent.is_empty() { State::Stored { mark } } else { State::Lacking };
        if sent.state == State::Lacking {
            // They are handed over, but not durable; from now on nothing is recorded, and asking twice does no harm.
            for id in std::mem::take(&mut sent.ids) {
                self.wanting.remove(&id);
            }
        }
    }

    /// Everything under this part was walked.
    pub fn walked(&mut self, part: TreePart, places: u64) {
        let queued = self.taken + self.queue.len() as u64;
        self.ripe.push_back(Ripe { queued, mark: self.mark, part, places });
    }

    /// The mark of a flush that begins now.
    pub fn mark(&self) -> u64 {
        self.mark
    }

    /// Whether there is anything to flush.
    pub fn is_unflushed(&self) -> bool {
        self.mark > self.durable_mark
    }

    /// A flush with this mark has ended.
    pub fn flushed(&mut self, mark: u64) {
        self.durable_mark = mark;
        for sent in &mut self.sent {
            if matches!(sent.state, State::Stored { mark: stored } if stored <= mark) {
                sent.state = State::Durable;
                for id in std::mem::take(&mut sent.ids) {
                    self.wanting.remove(&id);
                }
            }
        }
        while self.sent.front().is_some_and(|sent| sent.state == State::Durable) {
            let sent = self.sent.pop_front().expect("the front was looked at");
            self.first_number += 1;
            self.settled += sent.count;
            self.places_done += sent.places;
        }
        while self.due.front().is_some_and(|(queued, _)| *queued <= self.settled) {
            self.places_done += self.due.pop_front().expect("the front was looked at").1;
        }
    }

    /// How many walked trees are not recorded yet.
    pub fn ripening(&self) -> usize {
        self.ripe.len()
    }

    /// The trees that are complete now, children before parents. Each is handed out once.
    pub fn take_complete(&mut self) -> Vec<(TreePart, u64)> {
        let (settled, durable) = (self.settled, self.durable_mark);
        let count = self
            .ripe
            .iter()
            .take_while(|ripe| ripe.queued <= settled && ripe.mark <= durable)
            .count();
        self.ripe.drain(..count).map(|ripe| (ripe.part, ripe.places)).collect()
    }

    /// Places that are durable.
    pub fn places_done(&self) -> u64 {
        self.places_done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u64) -> ChunkId {
        ChunkId::of(&n.to_le_bytes())
    }

    fn node(n: u64) -> TreePart {
        TreePart::Node { level: 1, id: id(n) }
    }

    fn want(n: u64, places: u64) -> Want {
        Want { id: id(n), spot: Spot { places, number: n } }
    }

    fn with(wants: &[(u64, u64)]) -> Ledger {
        let mut ledger = Ledger::default();
        for (n, places) in wants {
            ledger.want(want(*n, *places));
        }
        ledger
    }

    fn hand_over(ledger: &mut Ledger, batch: &Batch, absent: &[ChunkId]) {
        ledger.handed();
        ledger.answered(batch.number, absent);
    }

    #[test]
    fn a_tree_is_complete_only_when_all_before_it_is_durable() {
        let mut ledger = with(&[(1, 1), (2, 2)]);
        ledger.walked(node(10), 3);
        ledger.want(want(3, 5));
        ledger.walked(node(11), 5);
        let (one, two, three) =
            (ledger.take(1).unwrap(), ledger.take(1).unwrap(), ledger.take(9).unwrap());
        assert!(ledger.take(9).is_none());

        hand_over(&mut ledger, &two, &[]);
        hand_over(&mut ledger, &three, &[]);
        let mark = ledger.mark();
        hand_over(&mut ledger, &one, &[]);
        ledger.flushed(mark);
        assert_eq!(
            (ledger.places_done(), ledger.take_complete().len()),
            (0, 0),
            "batch one is missing"
        );

        ledger.flushed(ledger.mark());
        assert_eq!(ledger.places_done(), 8);
        assert_eq!(ledger.take_complete(), [(node(10), 3), (node(11), 5)]);
        assert!(!ledger.is_unflushed() && ledger.wanting() == 0);
    }

    #[test]
    fn a_node_that_was_just_stored_needs_a_flush_even_if_all_its_chunks_are_held() {
        let mut ledger = Ledger::default();
        ledger.handed();
        ledger.walked(node(1), 4);
        assert!(ledger.take_complete().is_empty());
        ledger.flushed(ledger.mark());
        assert_eq!(ledger.take_complete().len(), 1);
    }

    #[test]
    fn a_chunk_wanted_at_two_places_is_asked_for_once_and_counted_twice() {
        let mut ledger = with(&[(1, 1), (2, 1), (1, 3)]);
        let batch = ledger.take(9).unwrap();
        assert_eq!(batch.ids, [id(1), id(2)]);
        hand_over(&mut ledger, &batch, &[]);
        assert_eq!(ledger.places_done(), 0);
        ledger.flushed(ledger.mark());
        assert_eq!(ledger.places_done(), 5);
    }

    /// What a session had and did not bring is asked for again, before what came to the queue meanwhile.
    #[test]
    fn what_is_given_back_is_taken_again_in_its_order() {
        let mut ledger = with(&[(1, 1), (2, 1), (3, 1), (4, 1)]);
        ledger.walked(node(10), 4);
        let reserved = ledger.reserve(3);
        let one = ledger.enter(&reserved[..1]);
        ledger.give_back(&reserved[1..]);
        ledger.want(want(5, 1));
        let rest = ledger.take(9).unwrap();
        assert_eq!((one.ids, rest.ids.clone()), (vec![id(1)], [2, 3, 4, 5].map(id).to_vec()));
        for number in [rest.number, one.number] {
            ledger.handed();
            ledger.answered(number, &[]);
        }
        ledger.flushed(ledger.mark());
        assert_eq!((ledger.places_done(), ledger.wanting()), (5, 0));
        assert_eq!(ledger.take_complete(), [(node(10), 4)]);
    }

    /// Fault 10: what the source lacks is never believed complete.
    #[test]
    fn nothing_behind_a_lacking_chunk_is_complete() {
        let mut ledger = with(&[(1, 1)]);
        ledger.walked(node(10), 1);
        ledger.want(want(2, 1));
        ledger.walked(node(11), 1);
        let (one, two) = (ledger.take(1).unwrap(), ledger.take(1).unwrap());
        hand_over(&mut ledger, &one, &[id(1)]);
        hand_over(&mut ledger, &two, &[]);
        ledger.flushed(ledger.mark());
        assert!(ledger.take_complete().is_empty());
        assert_eq!(ledger.places_done(), 0);
    }
}
