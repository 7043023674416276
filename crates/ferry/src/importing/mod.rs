//! Import: cuts image files, names their disks, and sends what a region lacks.

mod cut;
mod send;
mod spans;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use api::native::wire::{FinishRequest, FinishedDisk, Image, ImportRequest, Problem};
use disk::{Declared, Image as ImageFile};
use futures::StreamExt;
use model::RegionId;
use reqwest::Method;
use store::{DiskRoot, RootRecord, TreeBuilder, TreeNode};

use crate::client::{Body, Call, Client};
use crate::failure::Failure;
use crate::progress::Track;
use crate::signals::Interrupts;
use crate::workers::Workers;
use cut::{Cut, cuts};
use send::{Sender, Sending};
use store::Chunk;

/// How often an image is sent before it is given up that the region says it is whole.
const ROUNDS: u32 = 3;

/// An image file that was opened and checked.
pub struct Opened {
    path: PathBuf,
    image: ImageFile,
}

impl Opened {
    /// Opens a file. Its format is decided by its content and checked against what was declared.
    pub fn open(path: &Path, declared: Declared) -> Result<Opened, Failure> {
        let refused = |source| match source {
            disk::OpenError::Open(source) => {
                Failure::File { doing: "open image file", path: path.to_owned(), source }
            }
            source => Failure::OpenImage { path: path.to_owned(), source },
        };
        let image = ImageFile::open(path, declared).map_err(refused)?;
        Ok(Opened { path: path.to_owned(), image })
    }

    /// Its format.
    pub fn format(&self) -> disk::Format {
        self.image.format()
    }

    /// Virtual size of its disk.
    pub fn size_bytes(&self) -> u64 {
        self.image.size_bytes()
    }

    /// How much of it is to be read, for the progress shown: of a sparse raw file, what takes space.
    pub fn expected_bytes(&self) -> u64 {
        let allocated =
            std::fs::metadata(&self.path).map_or(u64::MAX, |metadata| metadata.blocks() * 512);
        match self.image.format() {
            disk::Format::Raw => allocated.min(self.size_bytes()),
            disk::Format::Qcow2 | disk::Format::Vmdk | disk::Format::Vhd => self.size_bytes(),
        }
    }

    fn advance(&self, track: &Track, cut: &Cut) {
        match (cut, self.image.format()) {
            // Holes are not among what is expected.
            (Cut::Zeros { .. }, disk::Format::Raw) => {}
            (Cut::Zeros { .. } | Cut::Read(_), _) => track.advance(cut.chunks() * spans::CHUNK),
        }
    }

    fn unreadable(&self, source: disk::ReadError) -> Failure {
        Failure::ReadImage { path: self.path.clone(), source }
    }

    /// Cuts the whole disk, hands every chunk that is not zero to `take`, nodes and root included, and names the disk.
    /// A file that was written to meanwhile is refused (bad-22).
    async fn cut<T: AsyncTake>(
        &self,
        workers: &Workers,
        track: &Track,
        take: &mut T,
    ) -> Result<RootRecord, Failure> {
        let impossible = "the reader gave exactly as many chunks as the disk has";
        let mut tree = TreeBuilder::new(self.size_bytes())
            .expect("an opened image has a size of whole sectors");
        let mut stretches = Box::pin(cuts(&self.image, workers));
        while let Some(cut) = stretches.next().await {
            let cut = cut.map_err(|source| self.unreadable(source))?;
            self.advance(track, &cut);
            match cut {
                Cut::Zeros { chunks } => tree.push_zeros(chunks),
                Cut::Read(chunks) => {
                    for chunk in chunks {
                        match chunk {
                            None => tree.push_zeros(1),
                            Some(chunk) => {
                                tree.push(chunk.id());
                                take.take(chunk).await?;
                            }
                        }
                    }
                }
            }
            take_nodes(take, tree.take_nodes()).await?;
        }
        let (record, nodes) = tree.finish().expect(impossible);
        take_nodes(take, nodes).await?;
        take.take(Chunk::of(record.encode().to_vec())).await?;
        self.image.ensure_unchanged().map_err(|source| self.unreadable(source))?;
        Ok(record)
    }

    /// The disk root: the name of the disk's size and contents.
    pub async fn digest(&self, workers: &Workers, track: &Track) -> Result<DiskRoot, Failure> {
        self.cut(workers, track, &mut Unsent).await.map(|record| record.root())
    }
}

/// Where chunks go once they are cut.
trait AsyncTake {
    async fn take(&mut self, chunk: Chunk) -> Result<(), Failure>;
}

impl AsyncTake for Sender {
    async fn take(&mut self, chunk: Chunk) -> Result<(), Failure> {
        Sender::take(self, chunk).await
    }
}

/// Nowhere: only the name of the disk is wanted.
struct Unsent;

impl AsyncTake for Unsent {
    async fn take(&mut self, _: Chunk) -> Result<(), Failure> {
        Ok(())
    }
}

async fn take_nodes<T: AsyncTake>(take: &mut T, nodes: Vec<TreeNode>) -> Result<(), Failure> {
    for node in nodes {
        take.take(node.chunk).await?;
    }
    Ok(())
}

/// What was done so far.
#[derive(Debug, Default)]
pub struct Counters {
    sent: AtomicU64,
    reused: AtomicU64,
}

impl Counters {
    fn add_sent(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    fn add_reused(&self, bytes: u64) {
        self.reused.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes of frames sent.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Bytes of chunks that the region held already, or that came twice.
    pub fn reused(&self) -> u64 {
        self.reused.load(Ordering::Relaxed)
    }
}

/// An import to be done.
pub struct Import {
    /// The client.
    pub client: Client,
    /// Where to.
    pub region: RegionId,
    /// What is said of the image.
    pub request: ImportRequest,
    /// Its disks, the system disk first.
    pub files: Vec<Opened>,
}

impl Import {
    /// Does it. Whatever ends it before it is done, Ctrl-C included, it is cancelled at the region and leaves nothing.
    pub async fn run(self, track: &Track, counters: Arc<Counters>) -> Result<Image, Failure> {
        let path = format!("/v1/regions/{}/imports", self.region);
        let begin =
            Call::new("begin the import", Method::POST, path).with(Body::json(&self.request));
        // Before it is begun: a Ctrl-C that comes with the answer cancels it.
        let mut interrupts = Interrupts::listen();
        let image: Image = self.client.ask(begin).await?;
        let sent = tokio::select! {
            sent = self.send(&image.id, track, counters) => sent,
            () = interrupts.next() => {
                Err(Failure::Interrupted { left: "the import was cancelled and nothing of it is left".to_owned() })
            }
        };
        if let Err(failure) = sent {
            return Err(self.cancel(&image.id, failure).await);
        }
        sent
    }

    async fn send(
        &self,
        image: &str,
        track: &Track,
        counters: Arc<Counters>,
    ) -> Result<Image, Failure> {
        let path = format!("/v1/regions/{}/imports/{image}", self.region);
        let workers = Workers::as_many_as_cores();
        let mut lacking = None;
        for _ in 0..ROUNDS {
            track.restart();
            let sending = Sending {
                client: self.client.clone(),
                path: path.clone(),
                workers: workers.clone(),
                counters: Arc::clone(&counters),
            };
            let mut sender = Sender::new(Arc::new(sending));
            let mut disks = Vec::new();
            for file in &self.files {
                let record = file.cut(&workers, track, &mut sender).await?;
                disks.push(FinishedDisk { digest: record.root().to_string() });
            }
            sender.finish().await?;
            match self.finish(&path, FinishRequest { disks }).await {
                Err(Failure::Answered { problem, .. }) if is_incomplete(&problem) => {
                    lacking = Some(problem.detail)
                }
                answer => return answer,
            }
        }
        let missing = lacking.unwrap_or_default();
        Err(Failure::NeverComplete { region: self.region.clone(), missing, rounds: ROUNDS })
    }

    async fn finish(&self, path: &str, digests: FinishRequest) -> Result<Image, Failure> {
        let (path, body) = (format!("{path}/finish"), Body::json(&digests));
        let finish =
            || Call::new("finish the import", Method::POST, path.clone()).with(body.clone());
        let answer = self.client.ask_patiently(finish).await?;
        serde_json::from_slice(&answer).map_err(|source| Failure::Unintelligible {
            doing: "finish the import".to_owned(),
            endpoint: self.client.endpoint().to_owned(),
            source,
        })
    }

    /// Cancels what was begun; the failure that led here is what the user is told, and what is left if this fails too.
    async fn cancel(&self, image: &str, failure: Failure) -> Failure {
        let path = format!("/v1/regions/{}/images/{image}/cancel", self.region);
        let cancel = || Call::new("cancel the import", Method::POST, path.clone());
        if let Err(second) = self.client.ask_patiently(cancel).await {
            eprintln!(
                "ferry: image `{image}` is left unfinished in region `{}`: {}",
                self.region,
                second.text()
            );
            eprintln!("  cancel it with `ferry image cancel {image} --region {}`", self.region);
        }
        failure
    }
}

fn is_incomplete(problem: &Problem) -> bool {
    problem.code == "invalid_field" && problem.field.as_deref() == Some("digest")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[tokio::test]
    async fn bad_22_a_file_that_changes_while_it_is_read_is_refused() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&[3; 512 * 1_024]).unwrap();
        let opened = Opened::open(file.path(), Declared::Auto).unwrap();
        file.write_all(&[4; 512]).unwrap();
        let failure =
            opened.digest(&Workers::as_many_as_cores(), &Track::unseen()).await.unwrap_err();
        assert_eq!(failure.exit().number(), 5, "{}", failure.text());
        assert!(failure.advice().is_some());
    }

    #[tokio::test]
    async fn r001_9_eight_tebibytes_of_zeros_are_named_at_once() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(8 << 40).unwrap();
        let opened = Opened::open(file.path(), Declared::Auto).unwrap();
        let digest = opened.digest(&Workers::as_many_as_cores(), &Track::unseen()).await.unwrap();
        let empty = RootRecord::new(8 << 40, 0, store::ChunkId::ZERO).unwrap();
        assert_eq!(digest, empty.root());
    }
}
