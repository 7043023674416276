//! Files of this machine that a demonstration's disk is made of.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where they are looked for, in this order: programs, libraries and documents are what an image is mostly made of.
const FOLDERS: [&str; 6] = ["usr/bin", "usr/lib", "usr/share", "usr/sbin", "usr/libexec", "etc"];
/// How much of them is taken.
const WANTED: u64 = 256 << 20;
/// Larger files would be the whole disk.
const LARGEST: u64 = 16 << 20;

/// A file that is taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Where it is.
    pub path: PathBuf,
    /// The same without the slash at its beginning.
    pub name: PathBuf,
    /// Its length.
    pub length: u64,
}

/// Regular files under these folders that can be read, up to 256 MiB of them.
pub fn choose() -> Vec<Taken> {
    choose_under(Path::new("/"), &FOLDERS, WANTED)
}

fn choose_under(root: &Path, folders: &[&str], wanted: u64) -> Vec<Taken> {
    let (mut taken, mut total) = (Vec::new(), 0);
    let mut todo: Vec<PathBuf> = folders.iter().rev().map(|folder| root.join(folder)).collect();
    while let Some(folder) = todo.pop() {
        let mut entries: Vec<_> = fs::read_dir(&folder).into_iter().flatten().flatten().collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let Ok(metadata) = entry.metadata() else { continue };
            let path = entry.path();
            if metadata.is_dir() {
                todo.push(path);
            } else if metadata.is_file()
                && (1..=LARGEST).contains(&metadata.len())
                && fs::File::open(&path).is_ok()
            {
                let name = path.strip_prefix(root).unwrap_or(&path).to_owned();
                total += metadata.len();
                taken.push(Taken { path, name, length: metadata.len() });
                if total >= wanted {
                    return taken;
                }
            }
        }
    }
    taken
}

/// Copies them into a folder, under the same names.
pub fn stage(files: &[Taken], into: &Path) -> io::Result<()> {
    for file in files {
        let to = into.join(&file.name);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        match fs::copy(&file.path, &to) {
            // A file that went away, or that is not for us after all, is not missed.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
                ) => {}
            Err(error) => return Err(error),
            Ok(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_taken_until_there_are_enough() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/b")).unwrap();
        for (name, length) in [("a/1", 10), ("a/2", 0), ("a/b/3", 10), ("a/b/4", 10)] {
            fs::write(root.path().join(name), vec![1; length]).unwrap();
        }
        std::os::unix::fs::symlink("1", root.path().join("a/link")).unwrap();
        let names = |wanted| {
            let taken = choose_under(root.path(), &["a"], wanted);
            taken.into_iter().map(|file| file.name.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names(1_000), ["a/1", "a/b/3", "a/b/4"]);
        assert_eq!(names(15), ["a/1", "a/b/3"]);
    }

    #[test]
    fn staged_files_keep_their_names() {
        let (root, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(root.path().join("a")).unwrap();
        fs::write(root.path().join("a/1"), "x").unwrap();
        stage(&choose_under(root.path(), &["a"], 10), to.path()).unwrap();
        assert_eq!(fs::read(to.path().join("a/1")).unwrap(), b"x");
    }
}
