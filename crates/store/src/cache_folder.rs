//! A folder of files that can be made anew: written beside their place and then put there, the least lately used thrown away
//! when they take too much room.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// How the name of a whole file ends, and of one that is being written.
const WHOLE: &str = "index";
const UNFINISHED: &str = "new";

/// A file of the folder cannot be opened, written or removed.
#[derive(Debug, thiserror::Error)]
#[error("failed to {action}")]
pub struct CacheFault {
    action: &'static str,
    source: io::Error,
}

fn fault(action: &'static str) -> impl Fn(io::Error) -> CacheFault {
    move |source| CacheFault { action, source }
}

/// The folder. All of it blocks.
#[derive(Debug)]
pub struct CacheFolder {
    folder: PathBuf,
    /// When each was used last, counted in uses.
    used: Mutex<(u64, HashMap<PathBuf, u64>)>,
}

impl CacheFolder {
    /// It is made when the first file is written.
    pub fn new(folder: PathBuf) -> Self {
        CacheFolder { folder, used: Mutex::default() }
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.join(name).with_extension(WHOLE)
    }

    /// Whether there is a file of this name. A folder that cannot be looked into has none; writing into it tells why.
    pub fn has(&self, name: &str) -> bool {
        self.place(name).exists()
    }

    /// A file, to be read; none when it is not there.
    ///
    /// # Errors
    /// When it is there and cannot be opened.
    pub fn open(&self, name: &str) -> Result<Option<File>, CacheFault> {
        let place = self.place(name);
        match File::open(&place) {
            Ok(file) => {
                let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
                used.0 += 1;
                let now = used.0;
                used.1.insert(place, now);
                Ok(Some(file))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(fault("open a cached file")(error)),
        }
    }

    /// Writes a file beside its place and puts it there. One is written at a time. After a crash, or where writing fails, there
    /// is what there was before.
    ///
    /// # Errors
    /// When the folder or the file fails; inside, when writing does.
    pub fn write<E>(
        &self,
        name: &str,
        write: impl FnOnce(&mut File) -> Result<(), E>,
    ) -> Result<Result<(), E>, CacheFault> {
        fs::create_dir_all(&self.folder).map_err(fault("make a folder of cached files"))?;
        let place = self.place(name);
        let unfinished = place.with_extension(UNFINISHED);
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(true);
        let mut file = options.open(&unfinished).map_err(fault("make a cached file"))?;
        if let Err(error) = write(&mut file) {
            remove(&unfinished);
            return Ok(Err(error));
        }
        fs::rename(&unfinished, &place).map_err(fault("name a cached file"))?;
        Ok(Ok(()))
    }

    /// Throws a file away; gone already is as good.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn forget(&self, name: &str) -> Result<(), CacheFault> {
        match fs::remove_file(self.place(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(fault("remove a cached file")(error))
            }
            _ => Ok(()),
        }
    }

    /// Removes what a crash left half written, and those used least lately until the others fit; never the one just made. Not
    /// while one is written.
    pub fn make_room(&self, budget_bytes: u64, newest: Option<&str>) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner).1.clone();
        let mut files: Vec<(u64, SystemTime, u64, PathBuf)> = entries
            .filter_map(|entry| {
                let (path, held) =
                    (entry.as_ref().ok()?.path(), entry.as_ref().ok()?.metadata().ok()?);
                let used = match path.extension()?.to_str()? {
                    WHOLE => used.get(&path).copied().unwrap_or(0),
                    UNFINISHED => {
                        remove(&path);
                        return None;
                    }
                    _ => return None,
                };
                Some((used, held.modified().ok()?, held.len(), path))
            })
            .collect();
        files.sort_unstable();
        let mut total: u64 = files.iter().map(|(_, _, bytes, _)| bytes).sum();
        let newest = newest.map(|name| self.place(name));
        for (_, _, bytes, path) in files.iter().filter(|(.., path)| Some(path) != newest.as_ref()) {
            if total <= budget_bytes {
                return;
            }
            if remove(path) {
                total -= bytes;
            }
        }
    }
}

/// Whether the file is gone.
fn remove(path: &Path) -> bool {
    let removed = fs::remove_file(path);
    if let Err(error) = &removed {
        tracing::warn!(%error, path = %path.display(), "failed to remove a cached file");
    }
    removed.is_ok()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    fn put(cache: &CacheFolder, name: &str, bytes: &[u8]) {
        cache.write(name, |file| file.write_all(bytes)).unwrap().unwrap();
    }

    fn text(cache: &CacheFolder, name: &str) -> Option<String> {
        let mut text = String::new();
        cache.open(name).unwrap()?.read_to_string(&mut text).unwrap();
        Some(text)
    }

    #[test]
    fn a_file_is_there_once_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CacheFolder::new(folder.path().join("cache"));
        assert!(!cache.has("a") && text(&cache, "a").is_none());
        put(&cache, "a", b"first");
        let failed = cache.write("a", |file| {
            file.write_all(b"half").unwrap();
            Err("enough")
        });
        assert_eq!(failed.unwrap(), Err("enough"));
        assert_eq!(text(&cache, "a").as_deref(), Some("first"));
        assert_eq!(fs::read_dir(folder.path().join("cache")).unwrap().count(), 1);
        cache.forget("a").unwrap();
        cache.forget("a").unwrap();
        assert!(!cache.has("a"));
    }

    #[test]
    fn those_used_least_lately_make_room_and_what_a_crash_left_goes() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CacheFolder::new(folder.path().to_owned());
        for name in ["a", "b", "c"] {
            put(&cache, name, b"1234");
        }
        for name in ["b", "c", "a"] {
            text(&cache, name);
        }
        fs::write(folder.path().join("d.new"), b"half").unwrap();
        fs::write(folder.path().join("other.txt"), b"not ours").unwrap();
        cache.make_room(8, Some("b"));
        assert_eq!(["a", "b", "c"].map(|name| cache.has(name)), [true, true, false]);
        assert!(!folder.path().join("d.new").exists());
        cache.make_room(0, None);
        assert_eq!(["a", "b", "c"].map(|name| cache.has(name)), [false; 3]);
        assert!(folder.path().join("other.txt").exists());
    }
}
