//! Buckets: folders of disk image files, `BUCKETS/REGION/ACCOUNT/BUCKET/OBJECT`. Every part of a path below the folder of buckets
//! is opened by itself and no link is followed, so a name leads nowhere but into its bucket.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use model::{AccountId, BucketName, DiskRole, HIDDEN_PREFIX, ObjectName, RegionId, TaskId};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

/// How a folder below the folder of buckets is opened.
const FOLDER: OFlags =
    OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::RDONLY).union(OFlags::CLOEXEC);
/// How an object is: a FIFO is not waited for.
const OBJECT: OFlags =
    OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::RDONLY).union(OFlags::CLOEXEC);
/// How the hidden file of one that is written is made: it must be new.
const HIDDEN: OFlags = OFlags::CREATE
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::RDWR)
    .union(OFlags::CLOEXEC);

/// Why something in a bucket is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum BucketFault {
    /// There is no such folder.
    #[error("there is no such bucket")]
    NoBucket,
    /// There is no such regular file.
    #[error("there is no such object")]
    NoObject,
    /// The system failed.
    #[error("failed to {action}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

fn failed(action: &'static str) -> impl Fn(Errno) -> BucketFault {
    move |errno| BucketFault::Io { action, source: errno.into() }
}

/// Absent, no folder, a link, or not the region's to look at: all the same to who asks.
fn is_absent(errno: Errno) -> bool {
    [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::ACCESS, Errno::PERM, Errno::NAMETOOLONG]
        .contains(&errno)
}

/// A bucket's folder, opened. What is renamed or linked around it later changes nothing.
#[derive(Clone)]
pub(crate) struct Bucket {
    folder: Arc<OwnedFd>,
}

impl Bucket {
    /// Opens an account's bucket of a region. The folders around it are made where they are not there; the bucket is not.
    pub(crate) fn open(
        buckets: &Path,
        (region, account): (&RegionId, &AccountId),
        bucket: &BucketName,
    ) -> Result<Bucket, BucketFault> {
        let made = std::fs::create_dir_all(buckets);
        made.map_err(|source| BucketFault::Io { action: "make the folder of buckets", source })?;
        let top = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let top = rustix::fs::open(buckets, top, Mode::empty());
        let mut folder = top.map_err(failed("open the folder of buckets"))?;
        for part in [region.as_str(), account.as_str()] {
            match rustix::fs::mkdirat(&folder, part, Mode::from_bits_truncate(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(failed("make an account's folder of buckets")(errno)),
            }
            folder = open_folder(&folder, part)?.ok_or(BucketFault::NoBucket)?;
        }
        let folder = open_folder(&folder, bucket.as_str())?.ok_or(BucketFault::NoBucket)?;
        Ok(Bucket { folder: Arc::new(folder) })
    }

    /// Opens an object for reading: a regular file.
    pub(crate) fn open_object(&self, object: &ObjectName) -> Result<File, BucketFault> {
        let (folders, file) = object.parts();
        let mut inner: Option<OwnedFd> = None;
        for part in folders {
            let outer = inner.as_ref().unwrap_or(&self.folder);
            inner = Some(open_folder(outer, part)?.ok_or(BucketFault::NoObject)?);
        }
        let folder = inner.as_ref().unwrap_or(&self.folder);
        let file = match rustix::fs::openat(folder, file, OBJECT, Mode::empty()) {
            Ok(file) => File::from(file),
            // A socket or a device without a driver is no object either.
            Err(errno) if is_absent(errno) || errno == Errno::NXIO => {
                return Err(BucketFault::NoObject);
            }
            Err(errno) => return Err(failed("open an object")(errno)),
        };
        let metadata = file.metadata();
        let metadata =
            metadata.map_err(|source| BucketFault::Io { action: "look at an object", source })?;
        if metadata.is_file() { Ok(file) } else { Err(BucketFault::NoObject) }
    }

    /// Makes the hidden file of an object that a task writes. What an earlier attempt left under its name goes.
    pub(crate) fn create_hidden(
        &self,
        task: &TaskId,
        role: DiskRole,
    ) -> Result<(Hidden, File), BucketFault> {
        let hidden =
            Hidden { bucket: self.clone(), name: hidden_name(task, role), at_end: AtEnd::Remove };
        self.unlink(&hidden.name)?;
        let mode = Mode::from_bits_truncate(0o666); // less the umask, as for any new file
        let file = rustix::fs::openat(&*self.folder, &hidden.name, HIDDEN, mode);
        Ok((hidden, file.map_err(failed("make an object's file"))?.into()))
    }

    /// Whether the hidden file of a task's object is there.
    pub(crate) fn has_hidden(&self, task: &TaskId, role: DiskRole) -> Result<bool, BucketFault> {
        let name = hidden_name(task, role);
        match rustix::fs::statat(&*self.folder, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(failed("look for a hidden file")(errno)),
        }
    }

    /// Removes the hidden file that a task may have left.
    pub(crate) fn remove_hidden(&self, task: &TaskId, role: DiskRole) -> Result<(), BucketFault> {
        self.unlink(&hidden_name(task, role))
    }

    /// Removes an object that lies in no folder of the bucket; a folder of its name stays.
    pub(crate) fn remove_object(&self, object: &ObjectName) -> Result<(), BucketFault> {
        match rustix::fs::unlinkat(&*self.folder, object.as_str(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT | Errno::ISDIR) => Ok(()),
            Err(errno) => Err(failed("remove an object")(errno)),
        }
    }

    fn unlink(&self, name: &str) -> Result<(), BucketFault> {
        match rustix::fs::unlinkat(&*self.folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(failed("remove a file from a bucket")(errno)),
        }
    }

    /// Makes names in the bucket durable.
    pub(crate) fn sync(&self) -> Result<(), BucketFault> {
        rustix::fs::fsync(&*self.folder).map_err(failed("sync a bucket"))
    }
}

/// The file of an object that is not whole yet. It is removed when this is dropped, unless it was shown or left before.
pub(crate) struct Hidden {
    bucket: Bucket,
    name: String,
    at_end: AtEnd,
}

/// What becomes of a hidden file when nobody uses it any more.
#[derive(Copy, Clone, PartialEq, Eq)]
enum AtEnd {
    Remove,
    Leave,
}

impl Hidden {
    /// Gives the file the object's name, which lies in no folder of the bucket; replaces what had it. A file that cannot be
    /// named is left.
    pub(crate) fn show_as(mut self, object: &ObjectName) -> Result<(), BucketFault> {
        self.at_end = AtEnd::Leave;
        let folder = &*self.bucket.folder;
        rustix::fs::renameat(folder, &self.name, folder, object.as_str())
            .map_err(failed("name an object"))
    }

    /// Leaves the file hidden, to be removed by who clears its export.
    pub(crate) fn leave(mut self) {
        self.at_end = AtEnd::Leave;
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if self.at_end == AtEnd::Leave {
            return;
        }
        if let Err(fault) = self.bucket.unlink(&self.name) {
            tracing::warn!(name = %self.name, fault = &fault as &dyn std::error::Error, "failed to remove an unfinished object");
        }
    }
}

fn hidden_name(task: &TaskId, role: DiskRole) -> String {
    format!("{HIDDEN_PREFIX}{task}-{}.part", role.number())
}

fn open_folder(outer: &OwnedFd, name: &str) -> Result<Option<OwnedFd>, BucketFault> {
    match rustix::fs::openat(outer, name, FOLDER, Mode::empty()) {
        Ok(folder) => Ok(Some(folder)),
        Err(errno) if is_absent(errno) => Ok(None),
        Err(errno) => Err(failed("open a folder of buckets")(errno)),
    }
}
