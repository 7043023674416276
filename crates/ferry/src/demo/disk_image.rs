//! A disk image for the demonstration, and a new version of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use disk::{Declared, DiskWriter, Image, WriteFormat};

use super::files::{Taken, choose, stage};
use crate::failure::Failure;
use crate::output::{bytes, count};

/// How much of the disk the second version changes: a security update of a small system changes about so much.
const CHANGED: u64 = 4 << 20;
const MEBIBYTE: u64 = 1 << 20;

/// What the disk holds, which says how a new version of it is made.
enum Contents {
    /// An ext4 file system, with the staged files it was made from.
    Ext4 { staged: PathBuf },
    /// A tar archive: `tar -tf` reads it.
    Tar,
    /// Whatever the user gave.
    Given,
}

/// A disk image of the demonstration's own.
pub struct DiskImage {
    /// Where it lies.
    pub path: PathBuf,
    /// What was made, for people.
    pub made: String,
    contents: Contents,
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path = path.to_owned();
    move |source| Failure::File { doing, path, source }
}

impl DiskImage {
    /// A raw copy of the user's image, or a disk made from files of this machine: ext4 where `mke2fs` and `debugfs` are,
    /// else a tar archive.
    pub fn make(given: Option<&Path>, work: &Path) -> Result<DiskImage, Failure> {
        fs::create_dir_all(work).map_err(failed("make folder", work))?;
        let path = work.join("disk.raw");
        if let Some(given) = given {
            return copy_of(given, path);
        }
        let files = choose();
        let total: u64 = files.iter().map(|file| file.length).sum();
        let of = format!("{} files of this machine, {}", count(files.len() as u64), bytes(total));
        if has("mke2fs") && has("debugfs") {
            let staged = work.join("files");
            stage(&files, &staged).map_err(failed("copy files into", &staged))?;
            make_ext4(&staged, &path, total)?;
            return Ok(DiskImage {
                path,
                made: format!("an ext4 disk from {of}"),
                contents: Contents::Ext4 { staged },
            });
        }
        make_tar(&files, &path).map_err(failed("write archive", &path))?;
        let made = format!("a tar archive as a disk (there is no mke2fs here) from {of}");
        Ok(DiskImage { path, made, contents: Contents::Tar })
    }

    /// Changes about 4 MiB of it in place, and says what was done.
    pub fn change(&self) -> Result<String, Failure> {
        let wrong = failed("change", &self.path);
        match &self.contents {
            Contents::Ext4 { staged } => change_ext4(&self.path, staged).map_err(wrong),
            Contents::Tar | Contents::Given => overwrite(&self.path).map_err(wrong),
        }
    }
}

fn has(program: &str) -> bool {
    Command::new(program)
        .arg("-V")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

fn run(command: &mut Command) -> io::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
    }
}

fn copy_of(given: &Path, path: PathBuf) -> Result<DiskImage, Failure> {
    let refused = |source| Failure::OpenImage { path: given.to_owned(), source };
    let unread = |source| Failure::ReadImage { path: given.to_owned(), source };
    let unwritten = |source| Failure::WriteImage { path: path.clone(), source };
    let image = Image::open(given, Declared::Auto).map_err(refused)?;
    let writer =
        DiskWriter::create(&path, WriteFormat::Raw, image.size_bytes()).map_err(unwritten)?;
    let (mut reader, mut buffer, mut at) = (image.reader(), vec![0; MEBIBYTE as usize], 0);
    while let Some(data) = image.next_data(at).map_err(unread)? {
        at = data.start;
        while at < data.end {
            let length = (data.end - at).min(MEBIBYTE);
            let part = &mut buffer[..length as usize];
            reader.read_at(at, part).map_err(unread)?;
            writer.write_at(at, part).map_err(unwritten)?;
            at += length;
        }
    }
    writer.finish().map_err(unwritten)?;
    let made = format!(
        "a working copy of {} ({}, {})",
        given.display(),
        image.format(),
        bytes(image.size_bytes())
    );
    Ok(DiskImage { path, made, contents: Contents::Given })
}

fn make_ext4(staged: &Path, path: &Path, total: u64) -> Result<(), Failure> {
    // Small files take a block each and inodes take room too.
    let size = (total + total / 3).next_multiple_of(MEBIBYTE) + 64 * MEBIBYTE;
    let make = || {
        File::create(path)?.set_len(size)?;
        run(Command::new("mke2fs").args(["-q", "-t", "ext4", "-F", "-d"]).arg(staged).arg(path))
    };
    make().map_err(failed("make file system in", path))
}

/// Replaces files inside the file system with other contents, as an update does, by `debugfs`.
fn change_ext4(path: &Path, staged: &Path) -> io::Result<String> {
    let update = staged.with_file_name("update");
    let mut script = String::new();
    let (mut changed, mut files) = (0, 0);
    for file in walk(staged)? {
        let length = file.metadata()?.len();
        let inside = file.strip_prefix(staged).map_err(io::Error::other)?.display().to_string();
        // Names that debugfs would read as several words or options are passed over.
        if !(64 << 10..MEBIBYTE).contains(&length)
            || !inside.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"')
        {
            continue;
        }
        let new = update.with_extension(files.to_string());
        let mut contents = fs::read(&file)?;
        let middle = contents.len() / 2;
        getrandom::fill(&mut contents[middle..]).map_err(io::Error::other)?;
        fs::write(&new, contents)?;
        script.push_str(&format!("rm /{inside}\nwrite {} /{inside}\n", new.display()));
        changed += length;
        files += 1;
        if changed >= CHANGED {
            break;
        }
    }
    let commands = staged.with_file_name("commands");
    fs::write(&commands, script)?;
    run(Command::new("debugfs").args(["-w", "-f"]).arg(&commands).arg(path))?;
    Ok(format!("{files} of its files replaced, {}", bytes(changed)))
}

fn walk(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut todo) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                true => todo.push(entry.path()),
                false => files.push(entry.path()),
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Overwrites pieces of the disk where it has data, spread over the whole of it. In a tar archive the headers carry a
/// checksum and the contents none, so it stays readable where only contents are hit.
fn overwrite(path: &Path) -> io::Result<String> {
    const PIECE: u64 = 4 << 10;
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let pieces = (CHANGED / PIECE).min(length / PIECE / 20).max(1);
    let mut fresh = vec![0; PIECE as usize];
    let mut changed = 0;
    for piece in 0..pieces {
        let at = (length / pieces * piece / PIECE * PIECE).min(length.saturating_sub(PIECE));
        let mut old = vec![0; PIECE as usize];
        file.read_exact_at(&mut old, at)?;
        // Holes stay holes, and a tar header, which states `ustar` at 257, stays as it is.
        if old.iter().all(|byte| *byte == 0) || old.windows(5).any(|window| window == b"ustar") {
            continue;
        }
        getrandom::fill(&mut fresh).map_err(io::Error::other)?;
        file.write_all_at(&fresh, at)?;
        changed += PIECE;
    }
    file.sync_all()?;
    Ok(format!("{} overwritten in pieces of 4 KiB", bytes(changed)))
}

/// Writes a POSIX tar archive (ustar): a header of 512 bytes a file, its contents filled up to 512, and 1 MiB of end.
fn make_tar(files: &[Taken], path: &Path) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    for file in files {
        let Some(header) = tar_header(&file.name, file.length) else { continue };
        let contents = match File::open(&file.path) {
            Ok(contents) => contents,
            Err(_) => continue,
        };
        out.write_all(&header)?;
        let copied = io::copy(&mut contents.take(file.length), &mut out)?;
        let padded = file.length.next_multiple_of(512);
        io::copy(&mut io::repeat(0).take(padded - copied), &mut out)?;
    }
    io::copy(&mut io::repeat(0).take(MEBIBYTE), &mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

/// None where the name is too long for a plain header.
fn tar_header(name: &Path, length: u64) -> Option<[u8; 512]> {
    let name = name.to_str().filter(|name| name.len() <= 100)?;
    let mut header = [0; 512];
    let mut put =
        |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{length:011o}\0"));
    put(136, "00000000000\0");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_is_one_that_tar_reads() {
        let folder = tempfile::tempdir().unwrap();
        let (one, archive) = (folder.path().join("one"), folder.path().join("a.tar"));
        fs::write(&one, vec![7; 700]).unwrap();
        let taken = Taken { path: one, name: "d/one".into(), length: 700 };
        make_tar(&[taken], &archive).unwrap();
        let listed = Command::new("tar").arg("-tvf").arg(&archive).output().unwrap();
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        assert!(
            listed.status.success() && text.contains("700") && text.contains("d/one"),
            "{text}"
        );
        assert_eq!(fs::metadata(&archive).unwrap().len() % 512, 0);
    }

    #[test]
    fn overwriting_changes_data_and_leaves_holes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d");
        let mut file = File::create(&path).unwrap();
        file.write_all(&vec![1; 4 << 20]).unwrap();
        file.set_len(64 << 20).unwrap();
        overwrite(&path).unwrap();
        let bytes = fs::read(&path).unwrap();
        assert!(bytes[..4 << 20].iter().any(|byte| *byte != 1));
        assert!(bytes[4 << 20..].iter().all(|byte| *byte == 0));
    }
}
