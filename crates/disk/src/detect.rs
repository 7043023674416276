//! Which format a file is, by its content, decided once when it is opened.

use std::fmt;

use crate::bytes::{be32, be64};
use crate::error::{OpenError, Problem, Unsupported};
use crate::format::{Declared, Format};
use crate::host::HostFile;
use crate::limits::SECTOR_BYTES;

/// A mark in a file's bytes that tells what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// `QFI\xfb` at the start.
    Qcow2,
    /// `KDMV` at the start.
    Vmdk,
    /// `# Disk DescriptorFile` at the start: a vmdk in several files.
    VmdkDescriptor,
    /// `conectix` at the start or in the last sector.
    Vhd,
    /// `vhdxfile` at the start.
    Vhdx,
    /// `0xbeda107f` at offset 64.
    Vdi,
    /// `QED` at the start.
    Qed,
    /// `Bochs Virtual HD Image` at the start.
    Bochs,
    /// The cloop shell preamble.
    Cloop,
    /// `koly` in the last sector.
    Dmg,
    /// `WithoutFreeSpace` or `WithouFreSpacExt` at the start.
    Parallels,
    /// `LUKS` at the start.
    Luks,
    /// `COWD` at the start.
    VmdkCowd,
    /// `0xcafebabe` as a little-endian 64-bit number: a vmdk of VMware's space-efficient kind.
    VmdkSeSparse,
    /// gzip stream.
    Gzip,
    /// xz stream.
    Xz,
    /// zstd stream.
    Zstd,
    /// bzip2 stream.
    Bzip2,
    /// zip archive.
    Zip,
    /// 7z archive.
    SevenZip,
    /// `EFI PART` in the second sector: a disk's own bytes.
    Gpt,
    /// A boot sector with at least one partition: a disk's own bytes.
    Mbr,
    /// `CD001` in sector 64: a disk's own bytes.
    Iso,
}

/// What follows from a signature.
enum Meaning {
    Read(Format),
    Refused,
    /// The bytes of a disk itself; such a file is raw.
    Disk,
}

impl Signature {
    fn meaning(self) -> Meaning {
        match self {
            Signature::Qcow2 => Meaning::Read(Format::Qcow2),
            Signature::Vmdk | Signature::VmdkDescriptor => Meaning::Read(Format::Vmdk),
            Signature::Vhd => Meaning::Read(Format::Vhd),
            Signature::Gpt | Signature::Mbr | Signature::Iso => Meaning::Disk,
            Signature::Vhdx
            | Signature::Vdi
            | Signature::Qed
            | Signature::Bochs
            | Signature::Cloop
            | Signature::Dmg
            | Signature::Parallels
            | Signature::Luks
            | Signature::VmdkCowd
            | Signature::VmdkSeSparse
            | Signature::Gzip
            | Signature::Xz
            | Signature::Zstd
            | Signature::Bzip2
            | Signature::Zip
            | Signature::SevenZip => Meaning::Refused,
        }
    }

    fn description(self) -> &'static str {
        match self {
            Signature::Qcow2 => "a qcow2 image",
            Signature::Vmdk => "a vmdk image",
            Signature::VmdkDescriptor => "a vmdk descriptor",
            Signature::Vhd => "a vhd image",
            Signature::Vhdx => "a vhdx image",
            Signature::Vdi => "a vdi image",
            Signature::Qed => "a qed image",
            Signature::Bochs => "a bochs image",
            Signature::Cloop => "a cloop image",
            Signature::Dmg => "a dmg image",
            Signature::Parallels => "a parallels image",
            Signature::Luks => "a LUKS encrypted volume",
            Signature::VmdkCowd => "a vmdk vmfsSparse extent",
            Signature::VmdkSeSparse => "a vmdk seSparse extent",
            Signature::Gzip => "a gzip stream",
            Signature::Xz => "an xz stream",
            Signature::Zstd => "a zstd stream",
            Signature::Bzip2 => "a bzip2 stream",
            Signature::Zip => "a zip archive",
            Signature::SevenZip => "a 7z archive",
            Signature::Gpt => "a disk with a GPT",
            Signature::Mbr => "a disk with an MBR",
            Signature::Iso => "an ISO 9660 volume",
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description())
    }
}

/// Signatures at the very start of a file; at most one can match.
const AT_START: [(&[u8], Signature); 20] = [
    (b"QFI\xfb", Signature::Qcow2),
    (b"KDMV", Signature::Vmdk),
    (b"# Disk DescriptorFile", Signature::VmdkDescriptor),
    (b"conectix", Signature::Vhd),
    (b"vhdxfile", Signature::Vhdx),
    (b"QED\0", Signature::Qed),
    (b"Bochs Virtual HD Image", Signature::Bochs),
    (b"#!/bin/sh\n#V2.0 Format", Signature::Cloop),
    (b"WithoutFreeSpace", Signature::Parallels),
    (b"WithouFreSpacExt", Signature::Parallels),
    (b"LUKS\xba\xbe", Signature::Luks),
    (b"COWD", Signature::VmdkCowd),
    (b"\xbe\xba\xfe\xca\0\0\0\0", Signature::VmdkSeSparse),
    (b"\x1f\x8b\x08", Signature::Gzip),
    (b"\xfd7zXZ\0", Signature::Xz),
    (b"\x28\xb5\x2f\xfd", Signature::Zstd),
    (b"BZh", Signature::Bzip2),
    (b"PK\x03\x04", Signature::Zip),
    (b"7z\xbc\xaf\x27\x1c", Signature::SevenZip),
    (b"# Disk Descriptorfile", Signature::VmdkDescriptor),
];

/// What the looked-at parts of a file hold.
struct Samples {
    head: [u8; 1024],
    volume: [u8; 6],
    tail: [u8; SECTOR_BYTES as usize],
    file_bytes: u64,
}

/// The format of `host`, agreed with what was declared.
///
/// # Errors
/// `MalformedImage` below one sector, `UnsupportedImage`, `AmbiguousFormat`, `FormatMismatch`.
pub(crate) fn detect(host: &HostFile, declared: Declared) -> Result<Format, OpenError> {
    let samples = Samples::of(host)?;
    let detected = match samples.container()? {
        Some(signature) => match signature.meaning() {
            Meaning::Read(format) => format,
            Meaning::Refused => {
                return Err(OpenError::Unsupported(Unsupported::Container(signature)));
            }
            Meaning::Disk => Format::Raw,
        },
        None => Format::Raw,
    };
    match declared {
        Declared::As(format) if format != detected => {
            Err(OpenError::Mismatch { declared, detected })
        }
        Declared::As(_) | Declared::Auto => Ok(detected),
    }
}

impl Samples {
    /// Sector 64 of an ISO 9660 volume begins with a type byte and `CD001`.
    const VOLUME_OFFSET: u64 = 0x8000;

    fn of(host: &HostFile) -> Result<Samples, OpenError> {
        let file_bytes = host.length();
        if file_bytes < SECTOR_BYTES {
            let rule = "less than one sector of 512 bytes";
            let problem = Problem::Field { field: "file length", value: file_bytes, rule };
            return Err(problem.of(Format::Raw).into());
        }
        let mut samples = Samples { head: [0; 1024], volume: [0; 6], tail: [0; 512], file_bytes };
        host.read_padded(0, &mut samples.head)?;
        host.read_padded(Self::VOLUME_OFFSET, &mut samples.volume)?;
        host.read_at(file_bytes - SECTOR_BYTES, &mut samples.tail)?;
        Ok(samples)
    }

    /// The one container this is, if any.
    ///
    /// A second container, or marks of a bare disk where a container keeps its header, make it ambiguous (`bad-17`).
    fn container(&self) -> Result<Option<Signature>, OpenError> {
        let leading = self.leading();
        let vdi = (self.head[64..68] == *b"\x7f\x10\xda\xbe").then_some(Signature::Vdi);
        let trailing = self.trailing().filter(|trailing| leading != Some(*trailing));
        let mut containers = [leading, vdi, trailing].into_iter().flatten();
        let Some(first) = containers.next() else { return Ok(None) };
        let is_bootable = leading.or(vdi).is_none() && self.is_whole_fixed_vhd();
        let second = containers.next().or(self.disk().filter(|_| !is_bootable));
        match second {
            Some(second) => Err(OpenError::Ambiguous { first, second }),
            None => Ok(Some(first)),
        }
    }

    fn leading(&self) -> Option<Signature> {
        let at_start = AT_START.iter().find(|(magic, _)| self.head.starts_with(magic));
        at_start.map(|(_, signature)| *signature)
    }

    fn trailing(&self) -> Option<Signature> {
        if self.tail.starts_with(b"conectix") {
            return Some(Signature::Vhd);
        }
        self.tail.starts_with(b"koly").then_some(Signature::Dmg)
    }

    fn disk(&self) -> Option<Signature> {
        let is_partition = |entry: &[u8]| matches!(entry[0], 0x00 | 0x80) && entry[4] != 0;
        if self.head[512..].starts_with(b"EFI PART") {
            Some(Signature::Gpt)
        } else if self.head[510..512] == [0x55, 0xaa]
            && self.head[446..510].chunks_exact(16).any(is_partition)
        {
            Some(Signature::Mbr)
        } else {
            (self.volume[1..] == *b"CD001").then_some(Signature::Iso)
        }
    }

    /// A fixed vhd is a bare disk with a footer behind it, so its disk may well begin with an MBR.
    /// Only a footer that accounts for every byte before it makes such a file a vhd.
    fn is_whole_fixed_vhd(&self) -> bool {
        let is_vhd = self.tail.starts_with(b"conectix");
        let size_bytes = be64(&self.tail, 48);
        is_vhd
            && be32(&self.tail, 60) == 2
            && size_bytes.checked_add(SECTOR_BYTES) == Some(self.file_bytes)
    }
}
