//! The text inside a vmdk: judged for what it names, never followed.

use crate::error::{NamedInside, OpenError, Problem};
use crate::format::Format;
use crate::host::HostFile;
use crate::limits::{MAX_DESCRIPTOR_BYTES, SECTOR_BYTES};
use crate::vmdk::header::Header;
use crate::vmdk::malformed;

/// What a descriptor says, as far as it matters here.
#[derive(Debug, Default, PartialEq, Eq)]
struct Descriptor<'a> {
    create_type: Option<&'a str>,
    parent_cid: Option<&'a str>,
    parent_hint: Option<&'a str>,
    extents: Vec<ExtentLine<'a>>,
}

/// A line like `RW 4192256 SPARSE "disk.vmdk"`.
#[derive(Debug, PartialEq, Eq)]
struct ExtentLine<'a> {
    sectors: Option<u64>,
    kind: &'a str,
    name: &'a str,
}

/// Refuses a file that is only a descriptor: its data lies elsewhere.
pub(crate) fn refuse_bare(host: &HostFile) -> Result<(), OpenError> {
    let mut bytes = vec![0; host.length().min(MAX_DESCRIPTOR_BYTES) as usize];
    host.read_at(0, &mut bytes)?;
    if !bytes.starts_with(b"#") {
        return Ok(());
    }
    if host.length() > MAX_DESCRIPTOR_BYTES {
        let (field, value, limit) = ("descriptor length", host.length(), MAX_DESCRIPTOR_BYTES);
        return Err(malformed(Problem::Limit { field, value, limit }).into());
    }
    let text = String::from_utf8_lossy(&bytes);
    let descriptor = parse(&text);
    refuse_parent(&descriptor)?;
    match descriptor.extents.first() {
        Some(extent) => Err(named(extent.name)),
        None => Err(malformed(Problem::Missing { field: "extent" }).into()),
    }
}

/// Judges the descriptor embedded in a sparse file: one extent, which is the file itself, and no parent.
pub(crate) fn judge(host: &HostFile, header: &Header) -> Result<(), OpenError> {
    let missing = |field| OpenError::from(malformed(Problem::Missing { field }));
    if header.descriptor_offset == 0 || header.descriptor_bytes == 0 {
        // A part of a disk that is split over several files has none.
        return Err(missing("descriptor"));
    }
    let mut bytes = vec![0; header.descriptor_bytes as usize];
    host.read_at(header.descriptor_offset, &mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let descriptor = parse(text.trim_end_matches('\0'));
    refuse_parent(&descriptor)?;
    let create_type = descriptor.create_type.ok_or_else(|| missing("createType"))?;
    let extent = match descriptor.extents.as_slice() {
        [] => return Err(missing("extent")),
        [extent] => extent,
        [_, second, ..] => return Err(named(second.name)),
    };
    let is_one_file = ["monolithicSparse", "streamOptimized"].contains(&create_type);
    let is_plain_name = !extent.name.contains(['/', '\\', '\0', ':']) && extent.name != "..";
    if !is_one_file || extent.kind != "SPARSE" || !is_plain_name {
        return Err(named(if extent.name.is_empty() { create_type } else { extent.name }));
    }
    let (first, second) = (extent.sectors.unwrap_or(0), header.size_bytes / SECTOR_BYTES);
    if first != second {
        let field = "sectors in extent line and header";
        return Err(malformed(Problem::Contradiction { field, first, second }).into());
    }
    Ok(())
}

fn named(name: &str) -> OpenError {
    OpenError::ExtentPath { name: NamedInside::new(name.as_bytes()) }
}

fn refuse_parent(descriptor: &Descriptor<'_>) -> Result<(), OpenError> {
    /// `parentCID` of an image without parent.
    const NONE: &str = "ffffffff";
    let has_parent = descriptor.parent_cid.is_some_and(|cid| !cid.eq_ignore_ascii_case(NONE));
    if !has_parent && descriptor.parent_hint.is_none() {
        return Ok(());
    }
    let name = descriptor.parent_hint.or(descriptor.parent_cid).unwrap_or("");
    Err(OpenError::Parent { format: Format::Vmdk, name: NamedInside::new(name.as_bytes()) })
}

fn parse(text: &str) -> Descriptor<'_> {
    let mut descriptor = Descriptor::default();
    for line in text.lines().map(str::trim) {
        if let Some(extent) = parse_extent(line) {
            descriptor.extents.push(extent);
        } else if let Some((key, value)) = line.split_once('=') {
            let value = Some(value.trim().trim_matches('"'));
            match key.trim().to_ascii_lowercase().as_str() {
                "createtype" => descriptor.create_type = value,
                "parentcid" => descriptor.parent_cid = value,
                "parentfilenamehint" => descriptor.parent_hint = value,
                _ => {}
            }
        }
    }
    descriptor
}

/// An extent line begins with an access word; anything that does is taken for one, so that none escapes judgement.
fn parse_extent(line: &str) -> Option<ExtentLine<'_>> {
    let mut words = line.splitn(4, char::is_whitespace);
    let access = words.next()?;
    if !["RW", "RDONLY", "NOACCESS"].iter().any(|known| access.eq_ignore_ascii_case(known)) {
        return None;
    }
    let sectors = words.next().and_then(|word| word.parse().ok());
    let kind = words.next().unwrap_or("");
    let rest = words.next().unwrap_or("").trim_start();
    let name = match rest.strip_prefix('"').and_then(|quoted| quoted.rsplit_once('"')) {
        Some((name, _)) => name,
        None => rest,
    };
    Some(ExtentLine { sectors, kind, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_is_read_whatever_its_spacing() {
        let text = "# Disk DescriptorFile\r\nCID=1\r\nparentCID = FFFFFFFF\r\n\
                    createType=\"monolithicSparse\"\r\nRW 8 SPARSE \"a \"b.vmdk\"\r\n";
        let descriptor = parse(text);
        assert_eq!(descriptor.create_type, Some("monolithicSparse"));
        let extent = ExtentLine { sectors: Some(8), kind: "SPARSE", name: "a \"b.vmdk" };
        assert_eq!(descriptor.extents, [extent]);
        assert!(refuse_parent(&descriptor).is_ok());
    }
}
