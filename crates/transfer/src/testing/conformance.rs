//! What every source, over every transport, must do: the same cases for a store in this process and for one behind HTTP.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt, TryStreamExt};
use store::{ChunkId, ChunkStore, Domain, FRAME_HEADER_BYTES, FrameHeader, Look, NODE_IDS, Retry};
use tokio_util::sync::CancellationToken;

use crate::fault::{Breach, SourceFault, TransferFault};
use crate::fetch::{FetchDisk, fetch_disk};
use crate::mover::Moved;
use crate::parcels::Wire;
use crate::source::{ChunkSource, FrameStream, StoreSource};
use crate::stall::LeastProgress;
use crate::testing::disk::{SampleDisk, Weight, frame_of, heavy_chunk};
use crate::testing::doubles::{Counted, ShelfSource, Tampered, gather};
use crate::watch::Watch;
use crate::window::WINDOW_BYTES;

/// Makes a new, empty store with a domain.
pub type NewStore = dyn Fn() -> BoxFuture<'static, (ChunkStore, Domain)> + Send + Sync;
/// Puts a source behind the transport under test: serves the one given, and returns one that asks it.
pub type Over =
    dyn Fn(Arc<dyn ChunkSource>) -> BoxFuture<'static, Arc<dyn ChunkSource>> + Send + Sync;

/// What the cases need of whoever runs them.
pub struct Rig {
    /// Where stores come from.
    pub new_store: Box<NewStore>,
    /// What lies between a source and whoever asks it.
    pub over: Box<Over>,
}

/// One case: a sentence, and the code that panics if it is not so.
pub struct Case {
    /// What must hold.
    pub name: &'static str,
    /// Runs it.
    pub run: fn(&Rig) -> BoxFuture<'_, ()>,
}

macro_rules! case {
    ($name:ident) => {
        Case { name: stringify!($name), run: |rig| Box::pin($name(rig)) }
    };
}

/// All cases.
pub fn cases() -> Vec<Case> {
    vec![
        case!(a_cold_copy_equals_the_source_and_a_second_call_moves_nothing),
        case!(a_store_serves_its_frames),
        case!(a_copy_resumes_after_cuts_and_sends_no_more_than_a_window_again),
        case!(what_is_received_and_not_durable_stays_within_the_window),
        case!(a_chunk_that_the_source_lacks_is_named_after_all_others_are_stored),
        case!(a_node_that_the_source_lacks_is_named),
        case!(a_flipped_bit_is_asked_for_again),
        case!(a_wrong_valid_chunk_is_asked_for_again),
        case!(a_peer_that_keeps_sending_wrong_chunks_is_left),
        case!(an_unasked_chunk_breaks_the_protocol),
        case!(a_frame_sent_twice_breaks_the_protocol),
        case!(lengths_out_of_bounds_break_the_protocol),
        case!(a_body_that_ends_inside_a_frame_breaks_the_protocol),
        case!(a_body_without_an_answer_for_all_breaks_the_protocol),
        case!(an_endless_body_is_cut_off),
        case!(one_byte_pieces_are_joined),
        case!(a_silent_source_is_left),
        case!(a_trickling_source_is_left),
        case!(cancelling_stops_at_once_and_keeps_what_is_durable),
    ]
}

/// Runs all cases, one after the other.
///
/// # Panics
/// When one does not hold.
pub async fn source_conformance(rig: &Rig) {
    for case in cases() {
        println!("case {}", case.name);
        (case.run)(rig).await;
    }
}

/// A source and a target for one case.
struct Scene {
    disk: SampleDisk,
    target: ChunkStore,
    domain: Domain,
    source: Arc<Counted>,
}

impl Scene {
    async fn new(rig: &Rig, disk: SampleDisk) -> Self {
        Scene::tampered(rig, disk, |_, _, body| body).await
    }

    async fn tampered(
        rig: &Rig,
        disk: SampleDisk,
        tamper: impl Fn(usize, &[ChunkId], FrameStream) -> FrameStream + Send + Sync + 'static,
    ) -> Self {
        let shelf = Arc::new(ShelfSource::new(disk.frames.clone()));
        Scene::over(rig, disk, Tampered::new(shelf, tamper)).await
    }

    async fn over(rig: &Rig, disk: SampleDisk, source: Arc<dyn ChunkSource>) -> Self {
        let (target, domain) = (rig.new_store)().await;
        let source = Counted::new((rig.over)(source).await);
        Scene { disk, target, domain, source }
    }

    async fn fetch(&self, watch: &Watch) -> Result<Moved, TransferFault> {
        let job = FetchDisk {
            root: self.disk.root,
            domain: self.domain,
            expected_size: self.disk.size_bytes,
        };
        fetch_disk(job, Wire::Frames(&*self.source), &self.target, watch).await
    }

    async fn fault(&self) -> TransferFault {
        self.fetch(&Watch::default()).await.expect_err("the source misbehaves")
    }

    async fn breach(&self) -> Breach {
        let fault = self.fault().await;
        assert_eq!(fault.retry(), Retry::Later);
        match fault {
            TransferFault::Source(SourceFault::Protocol(breach)) => breach,
            other => panic!("not a breach: {other:?}"),
        }
    }

    /// I1: every chunk of the tree is stored and hashes to its id.
    async fn assert_whole(&self) {
        let look = self.target.check_tree(self.domain, self.disk.root, Look::Bytes).await;
        let check = look.expect("the tree reads");
        assert_eq!((check.places, check.missing), (self.disk.places, 0), "{:?}", check.examples);
    }

    async fn held(&self) -> HashSet<ChunkId> {
        let ids: Vec<ChunkId> = self.disk.frames.keys().copied().collect();
        let missing = self.target.missing(self.domain, &ids).await.expect("the index answers");
        ids.into_iter().zip(missing).filter_map(|(id, missing)| (!missing).then_some(id)).collect()
    }
}

fn disk(chunks: u64) -> SampleDisk {
    let places: Vec<Option<u64>> = (0..chunks).map(|n| (n % 5 != 3).then_some(n)).collect();
    SampleDisk::of(&places, Weight::Light)
}

fn heavy(chunks: u64) -> SampleDisk {
    SampleDisk::of(&(0..chunks).map(Some).collect::<Vec<_>>(), Weight::Heavy)
}

/// Changes the one frame of this chunk in a body.
fn change_frame(
    body: FrameStream,
    id: ChunkId,
    change: impl Fn(&mut Vec<u8>, usize, usize) + Send + 'static,
) -> FrameStream {
    gather(body, 60_000, move |bytes| {
        let mut at = 0;
        while at < bytes.len() {
            let header = FrameHeader::parse(&bytes[at..]).expect("the body was made of frames");
            let end = at + header.frame_bytes();
            if header.id == id {
                return change(bytes, at, end);
            }
            at = end;
        }
    })
}

async fn a_cold_copy_equals_the_source_and_a_second_call_moves_nothing(rig: &Rig) {
    let scene = Scene::new(rig, disk(3_000)).await;
    let moved = scene.fetch(&Watch::default()).await.expect("the source is honest");
    assert_eq!((moved.places, moved.chunks_received, moved.chunks_reused), (2_400, 2_400, 0));
    assert_eq!(moved.bytes_received, scene.disk.frame_bytes(), "each frame once");
    scene.assert_whole().await;
    let asked = scene.source.asked().len();
    let again = scene.fetch(&Watch::default()).await.expect("it is here");
    assert_eq!(again, Moved { places: 2_400, chunks_reused: 2_400, ..Moved::default() });
    assert_eq!(scene.source.asked().len(), asked);
}

async fn a_store_serves_its_frames(rig: &Rig) {
    let disk = heavy(100);
    let (store, domain) = (rig.new_store)().await;
    disk.put_into(&store, domain, |_| true).await;
    let scene = Scene::over(rig, disk, Arc::new(StoreSource::new(store, domain))).await;
    let moved = scene.fetch(&Watch::default()).await.expect("the store is honest");
    assert_eq!(moved.bytes_received, scene.disk.frame_bytes());
    scene.assert_whole().await;
}

/// I3, fault 14: the connection breaks at byte N, again and again.
async fn a_copy_resumes_after_cuts_and_sends_no_more_than_a_window_again(rig: &Rig) {
    let left = Arc::new(AtomicU64::new(0));
    let budget = left.clone();
    let scene = Scene::tampered(rig, disk(5_000), move |_, _, body| {
        let budget = budget.clone();
        let cut = body.map(move |piece| {
            let piece = piece?;
            let bytes = piece.len() as u64;
            let spend = |left: u64| left.checked_sub(bytes);
            match budget.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend) {
                Ok(_) => Ok(piece),
                Err(_) => {
                    let source = std::io::Error::from(std::io::ErrorKind::ConnectionReset).into();
                    Err(SourceFault::Transport { action: "read the body", source })
                }
            }
        });
        cut.boxed()
    })
    .await;
    let (mut cuts, mut received) = (0, 0);
    for bytes in [0, 100, 40_000, 90_000, 33_333, 1_000, 200_000, 50_000] {
        left.store(bytes, Ordering::SeqCst);
        let fault = scene.fault().await;
        assert!(matches!(fault, TransferFault::Source(_)), "{fault:?}");
        assert_eq!(fault.retry(), Retry::Later);
        cuts += 1;
    }
    left.store(u64::MAX, Ordering::SeqCst);
    received += scene.fetch(&Watch::default()).await.expect("no more cuts").bytes_received;
    scene.assert_whole().await;
    assert!(received < scene.disk.frame_bytes() * 7 / 10, "most of it came before: {received}");
    assert!(scene.source.sent() <= scene.disk.frame_bytes() + cuts * WINDOW_BYTES);
}

/// I3: at every moment, so also if the target died now.
async fn what_is_received_and_not_durable_stays_within_the_window(rig: &Rig) {
    let disk = heavy(1_600);
    let (target, domain) = (rig.new_store)().await;
    let (sent, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (watched, seen, sum) = (target.clone(), most.clone(), sent.clone());
    let shelf = Arc::new(ShelfSource::new(disk.frames.clone()));
    let source = Tampered::new(shelf, move |_, _, body| {
        let (target, sum, most) = (watched.clone(), sum.clone(), seen.clone());
        body.and_then(move |piece: Bytes| {
            let (target, sum, most) = (target.clone(), sum.clone(), most.clone());
            async move {
                let durable = target.usage().await.expect("the index answers").frame_bytes;
                let sent = sum.fetch_add(piece.len() as u64, Ordering::SeqCst) + piece.len() as u64;
                most.fetch_max(sent.saturating_sub(durable), Ordering::SeqCst);
                Ok(piece)
            }
        })
        .boxed()
    });
    let scene = Scene { source: Counted::new((rig.over)(source).await), disk, target, domain };
    scene.fetch(&Watch::default()).await.expect("the source is honest");
    scene.assert_whole().await;
    // What a transport holds in its own buffers counts as sent: 8 MiB are allowed for that.
    let most = most.load(Ordering::SeqCst);
    assert!(most <= WINDOW_BYTES + (8 << 20), "{most} bytes were sent and not durable");
    assert!(most >= WINDOW_BYTES / 4, "{most}: the copy does not overlap reading and writing");
}

/// Fault 10.
async fn a_chunk_that_the_source_lacks_is_named_after_all_others_are_stored(rig: &Rig) {
    let mut disk = disk(2_500);
    let gone = [disk.chunks[3], disk.chunks[700], disk.chunks[1_900]];
    gone.iter().for_each(|id| drop(disk.frames.remove(id)));
    let scene = Scene::new(rig, disk).await;
    for _ in 0..2 {
        let fault = scene.fault().await;
        assert_eq!(fault.retry(), Retry::Never);
        let TransferFault::SourceLacks { count, sample } = fault else { panic!("{fault:?}") };
        assert_eq!((count, sample.iter().collect::<HashSet<_>>()), (3, gone.iter().collect()));
        assert_eq!(scene.held().await.len(), scene.disk.frames.len());
    }
    let root = store::TreePart::Root(scene.disk.root.id());
    let complete = scene.target.complete(scene.domain, &[root]).await.expect("the index answers");
    assert_eq!(complete, [None]);
}

/// Fault 10, in the tree.
async fn a_node_that_the_source_lacks_is_named(rig: &Rig) {
    let mut disk = disk(3_000);
    let gone = disk.nodes[1];
    disk.frames.remove(&gone);
    let scene = Scene::new(rig, disk).await;
    let fault = scene.fault().await;
    let TransferFault::SourceLacks { count: 1, sample } = fault else { panic!("{fault:?}") };
    assert_eq!(sample, [gone]);
    let lost = scene.disk.frames.len() - scene.held().await.len();
    let listed = (1_024..2_048).filter(|n| n % 5 != 3).count();
    assert_eq!(lost, listed, "the chunks that only the lost node lists");
}

/// Fault 8.
async fn a_flipped_bit_is_asked_for_again(rig: &Rig) {
    let disk = heavy(40);
    let (victim, done) = (disk.chunks[20], AtomicBool::new(false));
    let scene = Scene::tampered(rig, disk, move |_, ids, body| {
        if !ids.contains(&victim) || done.swap(true, Ordering::SeqCst) {
            return body;
        }
        change_frame(body, victim, |bytes, start, _| bytes[start + 1_000] ^= 4)
    })
    .await;
    let moved = scene.fetch(&Watch::default()).await.expect("it came right the second time");
    assert_eq!(scene.source.asked().iter().filter(|id| **id == victim).count(), 2);
    assert_eq!(moved.chunks_received, 40);
    scene.assert_whole().await;
}

/// Fault 9.
async fn a_wrong_valid_chunk_is_asked_for_again(rig: &Rig) {
    let disk = heavy(40);
    let (victim, done) = (disk.chunks[7], AtomicBool::new(false));
    let scene = Scene::tampered(rig, disk, move |_, ids, body| {
        if !ids.contains(&victim) || done.swap(true, Ordering::SeqCst) {
            return body;
        }
        let other = frame_of(victim, &heavy_chunk(8));
        change_frame(body, victim, move |bytes, start, end| {
            bytes.splice(start..end, other.clone());
        })
    })
    .await;
    scene.fetch(&Watch::default()).await.expect("it came right the second time");
    scene.assert_whole().await;
}

/// Faults 8 and 9.
async fn a_peer_that_keeps_sending_wrong_chunks_is_left(rig: &Rig) {
    let disk = heavy(60);
    let one = disk.chunks[5];
    let bad: Vec<Vec<ChunkId>> = vec![vec![one], disk.chunks[..20].to_vec()];
    for (bad, wrong) in bad.into_iter().zip([2, 8]) {
        let victims = bad.clone();
        let scene = Scene::tampered(rig, disk.clone(), move |_, ids, body| {
            let hit: Vec<ChunkId> = ids.iter().copied().filter(|id| victims.contains(id)).collect();
            hit.into_iter().fold(body, |body, id| {
                change_frame(body, id, |bytes, start, _| bytes[start + 900] ^= 1)
            })
        })
        .await;
        let fault = scene.fault().await;
        assert_eq!(fault.retry(), Retry::Later);
        let TransferFault::PeerSendsWrongChunks { count, .. } = fault else { panic!("{fault:?}") };
        assert!(count >= wrong, "{count}");
        assert!(
            scene.held().await.is_disjoint(&bad.into_iter().collect()),
            "none of them is stored"
        );
    }
}

async fn an_unasked_chunk_breaks_the_protocol(rig: &Rig) {
    let (plain, disk) = (heavy_chunk(999), heavy(20));
    let id = ChunkId::of(&plain);
    let scene = Scene::tampered(rig, disk, move |_, _, body| {
        let frame = frame_of(id, &plain);
        body.chain(stream::iter([Ok(frame)])).boxed()
    })
    .await;
    assert_eq!(scene.breach().await, Breach::Unasked { id });
    let missing = scene.target.missing(scene.domain, &[id]).await.expect("the index answers");
    assert_eq!(missing, [true], "it is not stored");
}

async fn a_frame_sent_twice_breaks_the_protocol(rig: &Rig) {
    let disk = heavy(20);
    let (id, frame) = (disk.chunks[4], disk.frames[&disk.chunks[4]].clone());
    let scene = Scene::tampered(rig, disk, move |_, ids, body| {
        let twice = ids.contains(&id).then(|| Ok(frame.clone()));
        body.chain(stream::iter(twice)).boxed()
    })
    .await;
    assert_eq!(scene.breach().await, Breach::Repeated { id });
}

async fn lengths_out_of_bounds_break_the_protocol(rig: &Rig) {
    for length in [u32::MAX, 66_561, 0] {
        let scene = Scene::tampered(rig, disk(20), move |number, _, body| {
            gather(body, 1_000, move |bytes| {
                if number == 2 {
                    bytes[..4].copy_from_slice(&length.to_le_bytes());
                }
            })
        })
        .await;
        let breach = scene.breach().await;
        assert_eq!(breach, Breach::Frame(store::FrameError::StoredLength { got: length }));
    }
}

async fn a_body_that_ends_inside_a_frame_breaks_the_protocol(rig: &Rig) {
    for left in [1, FRAME_HEADER_BYTES - 1, FRAME_HEADER_BYTES, 60_000] {
        let scene = Scene::tampered(rig, heavy(4), move |number, _, body| {
            let cut = move |bytes: &mut Vec<u8>| {
                if number == 2 {
                    let first = FrameHeader::parse(bytes).expect("it is a frame").frame_bytes();
                    bytes.truncate(first + left);
                }
            };
            gather(body, 10_000, cut)
        })
        .await;
        assert_eq!(scene.breach().await, Breach::Cut { got: left });
    }
}

async fn a_body_without_an_answer_for_all_breaks_the_protocol(rig: &Rig) {
    let scene = Scene::tampered(rig, heavy(4), move |number, _, body| {
        let cut = move |bytes: &mut Vec<u8>| {
            if number == 2 {
                let first = FrameHeader::parse(bytes).expect("it is a frame").frame_bytes();
                bytes.truncate(first);
            }
        };
        gather(body, 10_000, cut)
    })
    .await;
    assert_eq!(scene.breach().await, Breach::Unanswered { count: 3 });
}

async fn an_endless_body_is_cut_off(rig: &Rig) {
    let scene = Scene::tampered(rig, heavy(20), |_, _, body| {
        let zeros = Bytes::from_static(&[0; 1_000]);
        body.chain(stream::repeat_with(move || Ok(zeros.clone()))).boxed()
    })
    .await;
    assert!(matches!(scene.breach().await, Breach::Frame(_)));
    let again = Scene::tampered(rig, heavy(20), |_, ids, body| {
        let id = ids[0];
        let frames = stream::repeat_with(move || Ok(frame_of(id, &heavy_chunk(1))));
        body.chain(frames).boxed()
    })
    .await;
    assert!(matches!(again.breach().await, Breach::Repeated { .. }));
}

async fn one_byte_pieces_are_joined(rig: &Rig) {
    let scene = Scene::tampered(rig, disk(50), |_, _, body| gather(body, 1, |_| {})).await;
    scene.fetch(&Watch::default()).await.expect("the source is honest");
    scene.assert_whole().await;
}

fn impatient() -> Watch {
    let least = LeastProgress { bytes: 64 << 10, within: Duration::from_millis(300) };
    Watch { least, ..Watch::default() }
}

/// Fault 12.
async fn a_silent_source_is_left(rig: &Rig) {
    let scene = Scene::tampered(rig, heavy(4), |number, _, body| match number {
        0 | 1 => body,
        _ => gather(body, 66_000, |_| {}).take(2).chain(stream::pending()).boxed(),
    })
    .await;
    let fault = scene.fetch(&impatient()).await.expect_err("the source is silent");
    assert!(matches!(fault, TransferFault::Source(SourceFault::Stalled { .. })), "{fault:?}");
    assert_eq!(fault.retry(), Retry::Later);
    assert_eq!(scene.held().await.len(), 2 + 2, "what came is kept");
}

/// Fault 11.
async fn a_trickling_source_is_left(rig: &Rig) {
    let scene = Scene::tampered(rig, heavy(20), |_, _, body| {
        gather(body, 1_000, |_| {})
            .then(|piece| async {
                tokio::time::sleep(Duration::from_millis(10)).await;
                piece
            })
            .boxed()
    })
    .await;
    let fault = scene.fetch(&impatient()).await.expect_err("the source is slow");
    assert!(matches!(fault, TransferFault::Source(SourceFault::Stalled { .. })), "{fault:?}");
}

/// R000 cancel: promise 5 begins here.
async fn cancelling_stops_at_once_and_keeps_what_is_durable(rig: &Rig) {
    let cancel = CancellationToken::new();
    let (stop, bytes) = (cancel.clone(), Arc::new(AtomicU64::new(0)));
    let sent = bytes.clone();
    let disk = heavy(2 * NODE_IDS as u64);
    let scene = Scene::tampered(rig, disk, move |_, _, body| {
        let (stop, sent) = (stop.clone(), sent.clone());
        body.inspect_ok(move |piece| {
            let before = sent.fetch_add(piece.len() as u64, Ordering::SeqCst);
            if before + piece.len() as u64 > 50 << 20 {
                stop.cancel();
            }
        })
        .boxed()
    })
    .await;
    let watch = Watch { cancel: cancel.clone(), ..Watch::default() };
    let fault = scene.fetch(&watch).await.expect_err("it was cancelled");
    assert!(matches!(fault, TransferFault::Stopped), "{fault:?}");
    let stopped_at = scene.source.sent();
    assert!(matches!(scene.fetch(&watch).await, Err(TransferFault::Stopped)));
    assert_eq!(scene.source.sent(), stopped_at, "not one more byte is read");
    let moved = scene.fetch(&Watch::default()).await.expect("nobody stops it");
    assert!(moved.bytes_received < scene.disk.frame_bytes() - (10 << 20));
    scene.assert_whole().await;
}
