//! The set of marked chunks: sorted runs in scratch files, so that its memory does not grow with the store.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use crate::backend::StoreBackend;
use crate::chunk::{ChunkId, Domain};
use crate::fault::StoreFault;
use crate::index::RowKey;

/// Keys in memory before they are sorted and written out: 10 MiB.
const MEMORY_KEYS: usize = 1 << 18;
const KEY_BYTES: usize = 40;

pub(crate) struct Marks {
    backend: Arc<dyn StoreBackend>,
    memory: Vec<RowKey>,
    memory_keys: usize,
    runs: Vec<(Arc<File>, u64)>,
}

impl Marks {
    pub(crate) fn new(backend: Arc<dyn StoreBackend>) -> Self {
        Marks { backend, memory: Vec::new(), memory_keys: MEMORY_KEYS, runs: Vec::new() }
    }

    pub(crate) fn extend(
        &mut self,
        keys: impl IntoIterator<Item = RowKey>,
    ) -> Result<(), StoreFault> {
        for key in keys {
            self.memory.push(key);
            if self.memory.len() >= self.memory_keys {
                self.spill()?;
            }
        }
        Ok(())
    }

    fn spill(&mut self) -> Result<(), StoreFault> {
        self.memory.sort_unstable();
        self.memory.dedup();
        let file = self.backend.scratch()?;
        let write = || -> io::Result<()> {
            let mut out = BufWriter::with_capacity(1 << 20, &file);
            for (domain, id) in &self.memory {
                out.write_all(&domain.number().to_le_bytes())?;
                out.write_all(id.as_bytes())?;
            }
            out.flush()
        };
        write().map_err(|error| StoreFault::io("write the sweep's marks", error))?;
        self.runs.push((Arc::new(file), (self.memory.len() * KEY_BYTES) as u64));
        self.memory.clear();
        Ok(())
    }

    /// All keys in order. May be asked for again.
    pub(crate) fn sorted(&mut self) -> Result<Sorted, StoreFault> {
        self.memory.sort_unstable();
        self.memory.dedup();
        let mut heads = Vec::with_capacity(self.runs.len() + 1);
        for (file, bytes) in &self.runs {
            let cut = Cut { file: Arc::clone(file), at: 0, end: *bytes };
            heads.push(Head {
                next: None,
                run: Source::File(BufReader::with_capacity(1 << 16, cut)),
            });
        }
        heads.push(Head { next: None, run: Source::Memory(self.memory.clone().into_iter()) });
        for head in &mut heads {
            head.advance()?;
        }
        Ok(Sorted { heads })
    }
}

/// A part of a file, read by place so that several readers may share it.
struct Cut {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Read for Cut {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into.len().min((self.end - self.at) as usize);
        let got = self.file.read_at(&mut into[..most], self.at)?;
        self.at += got as u64;
        Ok(got)
    }
}

enum Source {
    File(BufReader<Cut>),
    Memory(std::vec::IntoIter<RowKey>),
}

struct Head {
    next: Option<RowKey>,
    run: Source,
}

impl Head {
    fn advance(&mut self) -> Result<(), StoreFault> {
        self.next = match &mut self.run {
            Source::Memory(keys) => keys.next(),
            Source::File(file) => {
                read_key(file).map_err(|error| StoreFault::io("read the sweep's marks", error))?
            }
        };
        Ok(())
    }
}

fn read_key(file: &mut BufReader<Cut>) -> io::Result<Option<RowKey>> {
    if file.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let (mut domain, mut id) = ([0; 8], [0; 32]);
    file.read_exact(&mut domain)?;
    file.read_exact(&mut id)?;
    Ok(Some((Domain::new(u64::from_le_bytes(domain)), ChunkId::from_bytes(id))))
}

/// The marks in order.
pub(crate) struct Sorted {
    heads: Vec<Head>,
}

impl Sorted {
    /// Whether a key is marked. Keys must be asked in order.
    pub(crate) fn contains(&mut self, key: RowKey) -> Result<bool, StoreFault> {
        let mut found = false;
        for head in &mut self.heads {
            while head.next.is_some_and(|next| next < key) {
                head.advance()?;
            }
            found |= head.next == Some(key);
        }
        Ok(found)
    }

    /// Up to `limit` keys, some of them perhaps twice and out of order.
    pub(crate) fn take(&mut self, limit: usize) -> Result<Vec<RowKey>, StoreFault> {
        let mut keys = Vec::new();
        for head in &mut self.heads {
            while let Some(key) = head.next.filter(|_| keys.len() < limit) {
                keys.push(key);
                head.advance()?;
            }
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::FilesBackend;
    use std::collections::BTreeSet;

    #[test]
    fn marks_in_many_runs_are_the_same_set() {
        let folder = tempfile::tempdir().unwrap();
        let mut marks = Marks::new(Arc::new(FilesBackend::open(folder.path()).unwrap()));
        marks.memory_keys = 100;
        let key = |n: u64| (Domain::new(n % 3), ChunkId::of(&n.to_le_bytes()));
        let marked: BTreeSet<RowKey> = (0..1_000).map(key).collect();
        marks.extend((0..1_000).map(key)).unwrap();
        marks.extend((500..700).map(key)).unwrap();
        for _ in 0..2 {
            let mut sorted = marks.sorted().unwrap();
            for key in (0..2_000).map(key).collect::<BTreeSet<_>>() {
                assert_eq!(sorted.contains(key).unwrap(), marked.contains(&key));
            }
        }
        let (mut sorted, mut all) = (marks.sorted().unwrap(), BTreeSet::new());
        while let Some(keys) = Some(sorted.take(64).unwrap()).filter(|keys| !keys.is_empty()) {
            all.extend(keys);
        }
        assert_eq!(all, marked);
    }
}
