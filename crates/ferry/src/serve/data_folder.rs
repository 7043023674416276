//! The data folder: what lies where, and that one process owns it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use region::MasterKey;
use rustix::fs::{FlockOperation, flock};

use crate::failure::Failure;

/// A data folder that this process owns until it is dropped.
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Opens or makes the folder and locks it.
    pub fn open(path: &Path) -> Result<DataFolder, Failure> {
        let failed =
            |source| Failure::File { doing: "open data folder", path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let path = path.canonicalize().map_err(failed)?;
        let mut lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(failed)?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(Failure::Setting {
                doing: format!("use data folder `{}`", path.display()),
                reason: owner(&mut lock),
            });
        }
        lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())).map_err(failed)?;
        Ok(DataFolder { path, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of a region; made where it is not.
    pub fn region(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.path.join("regions").join(name);
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|source| {
            Failure::File { doing: "make region folder", path: path.clone(), source }
        })?;
        Ok(path)
    }
}

fn owner(lock: &mut File) -> String {
    let mut text = String::new();
    match lock.read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => {
            format!("process `{}` uses it; stop that one, or name another folder", text.trim())
        }
        Ok(_) | Err(_) => {
            "another process uses it; stop that one, or name another folder".to_owned()
        }
    }
}

/// Reads the master key of a folder, or makes it: 32 random bytes that only the owner may read.
pub fn master_key(folder: &Path) -> Result<MasterKey, Failure> {
    let path = folder.join("master.key");
    let failed = |source| Failure::File { doing: "read master key", path: path.clone(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    match read_key(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read.map_err(failed),
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| failed(io::Error::other(error)))?;
    let mut file =
        tempfile::Builder::new().prefix(".master").tempfile_in(folder).map_err(failed)?;
    file.write_all(&key).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    match file.persist_noclobber(&path) {
        Ok(_) => {}
        // Another process made one in the same moment: that one is the key.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            return read_key(&path).map_err(failed);
        }
        Err(error) => return Err(failed(error.error)),
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(MasterKey(key))
}

fn read_key(path: &Path) -> io::Result<MasterKey> {
    let bytes = fs::read(path)?;
    let wrong = |_| io::Error::other(format!("it has `{}` bytes, not 32", bytes.len()));
    bytes.as_slice().try_into().map(MasterKey).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_data_folder_has_one_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let owner = DataFolder::open(&path).unwrap();
        let refused = DataFolder::open(&path).err().unwrap();
        assert!(refused.text().contains(&std::process::id().to_string()), "{}", refused.text());
        drop(owner);
        DataFolder::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_master_key_is_made_once_and_never_cut() {
        let folder = tempfile::tempdir().unwrap();
        let key = master_key(folder.path()).unwrap();
        assert_eq!(master_key(folder.path()).unwrap().0, key.0);
        let path = folder.path().join("master.key");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, [1; 31]).unwrap();
        assert!(master_key(folder.path()).is_err());
    }
}
