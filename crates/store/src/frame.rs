//! Frames: one chunk each, at rest and on the wire alike (docs/formats.md, section 3).

use bytes::Bytes;

use crate::chunk::{CHUNK_BYTES, ChunkId};
use crate::keys::Naming;
use crate::sealing::Keys;

/// Length of a frame's header.
pub const FRAME_HEADER_BYTES: usize = 48;
/// Most bytes that may follow a header.
pub const STORED_MAX: usize = 66_560;
/// Longest frame.
pub const FRAME_MAX: usize = FRAME_HEADER_BYTES + STORED_MAX;
/// Bytes that a seal adds to a body: nonce and tag.
pub(crate) const SEAL_BYTES: usize = 12 + 16;
const CODEC_ABSENT: u8 = 255;

/// How the stored bytes of a frame are made from its plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// As they are.
    Plain,
    /// One zstd frame.
    Zstd,
}

impl Codec {
    pub(crate) fn byte(self) -> u8 {
        match self {
            Codec::Plain => 0,
            Codec::Zstd => 1,
        }
    }
}

/// How the stored bytes of a frame are protected; also how those of all frames of a domain are at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// Not at all.
    None,
    /// By AES-256-GCM under the domain's data key. At rest only.
    Aes256Gcm,
}

impl Seal {
    fn byte(self) -> u8 {
        match self {
            Seal::None => 0,
            Seal::Aes256Gcm => 1,
        }
    }

    /// Bytes that it adds to a body.
    fn bytes(self) -> u32 {
        match self {
            Seal::None => 0,
            Seal::Aes256Gcm => SEAL_BYTES as u32,
        }
    }
}

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// A chunk.
    Chunk {
        /// Bytes that follow the header.
        stored: u32,
        /// Bytes of plaintext.
        plain: u32,
        /// How one becomes the other.
        codec: Codec,
    },
    /// Codec 255, on the wire only: the sender does not have this chunk.
    Absent,
}

/// Bytes that claim to be a frame, and are not, or not of the chunk they name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum FrameError {
    #[error("frame ends after `{got}` of `{wanted}` bytes")]
    Truncated { wanted: usize, got: usize },
    #[error("frame states a stored length of `{got}` bytes, at most 66,560 are allowed")]
    StoredLength { got: u32 },
    #[error("frame states a plain length of `{got}` bytes, which its codec does not allow")]
    PlainLength { got: u32 },
    #[error("frame has the unknown codec `{got}`")]
    Codec { got: u8 },
    #[error("frame has seal `{got}`, which must not be here")]
    Seal { got: u8 },
    #[error("frame header has bytes that are not zero where they must be")]
    Reserved,
    #[error("frame carries the zero id")]
    ZeroId,
    #[error("checksum of the frame of chunk `{id}` is wrong")]
    Checksum { id: ChunkId },
    #[error("frame of chunk `{id}` does not decompress to its stated length")]
    Decompress { id: ChunkId },
    #[error("frame of chunk `{wanted}` hashes to `{got}`")]
    WrongChunk { wanted: ChunkId, got: ChunkId },
    #[error("frame of chunk `{id}` does not open with its domain's key")]
    BrokenSeal { id: ChunkId },
    #[error("chunk `{id}` was said to be named `{told}`, which is not its name")]
    WrongName { id: ChunkId, told: ChunkId },
}

/// A frame's header, checked for bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// The chunk it names.
    pub id: ChunkId,
    /// What follows.
    pub carried: Carried,
    checksum: u32,
    head: [u8; 12],
}

impl FrameHeader {
    /// Reads a header from the wire. Nothing is allocated, whatever it states.
    ///
    /// # Errors
    /// Names the field that is out of bounds, or says that the bytes are too few.
    pub fn parse(bytes: &[u8]) -> Result<Self, FrameError> {
        Self::parse_stored(bytes, Seal::None)
    }

    /// Reads a header at rest, where frames have this seal and no other.
    ///
    /// # Errors
    /// As [`FrameHeader::parse`].
    pub fn parse_stored(bytes: &[u8], seal: Seal) -> Result<Self, FrameError> {
        let Some(bytes) = bytes.first_chunk::<FRAME_HEADER_BYTES>() else {
            return Err(FrameError::Truncated { wanted: FRAME_HEADER_BYTES, got: bytes.len() });
        };
        let word = |at: usize| {
            u32::from_le_bytes(bytes[at..at + 4].try_into().expect("the slice has four bytes"))
        };
        let (stored, plain) = (word(0), word(4));
        if bytes[9] != seal.byte() {
            return Err(FrameError::Seal { got: bytes[9] });
        }
        if bytes[10..12] != [0; 2] {
            return Err(FrameError::Reserved);
        }
        let id = ChunkId::from_bytes(bytes[16..48].try_into().expect("the slice has 32 bytes"));
        if id.is_zero() {
            return Err(FrameError::ZeroId);
        }
        let carried = carried(bytes[8], (stored, plain), seal)?;
        let head = bytes[..12].try_into().expect("the slice has 12 bytes");
        Ok(FrameHeader { id, carried, checksum: word(12), head })
    }

    /// Plain length and codec; `None` for an absent chunk.
    pub(crate) fn contents(&self) -> Option<(u32, Codec)> {
        match self.carried {
            Carried::Chunk { plain, codec, .. } => Some((plain, codec)),
            Carried::Absent => None,
        }
    }

    /// Bytes that follow the header.
    pub fn stored_bytes(&self) -> usize {
        match self.carried {
            Carried::Chunk { stored, .. } => stored as usize,
            Carried::Absent => 0,
        }
    }

    /// Length of the whole frame.
    pub fn frame_bytes(&self) -> usize {
        FRAME_HEADER_BYTES + self.stored_bytes()
    }

    /// Compares the checksum.
    ///
    /// # Errors
    /// [`FrameError::Checksum`].
    pub fn check(&self, stored: &[u8]) -> Result<(), FrameError> {
        if checksum(&self.head, &self.id, stored) == self.checksum {
            Ok(())
        } else {
            Err(FrameError::Checksum { id: self.id })
        }
    }
}

fn carried(codec: u8, (stored, plain): (u32, u32), seal: Seal) -> Result<Carried, FrameError> {
    let least = 1 + seal.bytes();
    let allowed = if codec == CODEC_ABSENT { 0..=0 } else { least..=STORED_MAX as u32 };
    if !allowed.contains(&stored) {
        return Err(FrameError::StoredLength { got: stored });
    }
    let longest = if codec == CODEC_ABSENT { 0..=0 } else { 1..=CHUNK_BYTES as u32 };
    if !longest.contains(&plain) {
        return Err(FrameError::PlainLength { got: plain });
    }
    match codec {
        0 if stored - seal.bytes() != plain => Err(FrameError::PlainLength { got: plain }),
        0 => Ok(Carried::Chunk { stored, plain, codec: Codec::Plain }),
        1 => Ok(Carried::Chunk { stored, plain, codec: Codec::Zstd }),
        CODEC_ABSENT if seal == Seal::None => Ok(Carried::Absent),
        got => Err(FrameError::Codec { got }),
    }
}

pub(crate) fn checksum(head: &[u8; 12], id: &ChunkId, stored: &[u8]) -> u32 {
    let sum = crc32c::crc32c_append(crc32c::crc32c(head), id.as_bytes());
    crc32c::crc32c_append(sum, stored)
}

/// Writes the header of a frame whose stored bytes are in place.
pub(crate) fn write_header(into: &mut [u8], id: &ChunkId, (plain, codec): (u32, u8), seal: Seal) {
    let stored = (into.len() - FRAME_HEADER_BYTES) as u32;
    let mut head = [0; 12];
    head[..4].copy_from_slice(&stored.to_le_bytes());
    head[4..8].copy_from_slice(&plain.to_le_bytes());
    head[8] = codec;
    head[9] = seal.byte();
    let sum = checksum(&head, id, &into[FRAME_HEADER_BYTES..]);
    into[..12].copy_from_slice(&head);
    into[12..16].copy_from_slice(&sum.to_le_bytes());
    into[16..48].copy_from_slice(id.as_bytes());
}

/// Appends the frame that says that the sender does not have this chunk.
pub fn encode_absent(id: &ChunkId, into: &mut Vec<u8>) {
    let start = into.len();
    into.resize(start + FRAME_HEADER_BYTES, 0);
    write_header(&mut into[start..], id, (0, CODEC_ABSENT), Seal::None);
}

/// Makes frames; keeps one zstd context.
pub struct Encoder {
    zstd: zstd::bulk::Compressor<'static>,
}

impl Encoder {
    /// An encoder at a zstd level: 1 for import on a fast network, 3 costs half as much CPU again for 2 % of bytes.
    ///
    /// # Errors
    /// When zstd does not know the level or has no memory.
    pub fn new(level: i32) -> std::io::Result<Self> {
        zstd::bulk::Compressor::new(level).map(|zstd| Encoder { zstd })
    }

    /// Appends the frame of a plaintext; it is stored as it is when zstd does not shorten it.
    ///
    /// # Panics
    /// When the plaintext is empty or longer than 65,536 bytes.
    pub fn encode(&mut self, id: &ChunkId, plain: &[u8], into: &mut Vec<u8>) {
        assert!((1..=CHUNK_BYTES).contains(&plain.len()), "a chunk has 1 to 65,536 bytes");
        let start = into.len();
        into.resize(start + FRAME_HEADER_BYTES + plain.len(), 0);
        let body = start + FRAME_HEADER_BYTES;
        // Room for one byte less than the plaintext: what does not fit is not worth decompressing.
        let codec =
            match self.zstd.compress_to_buffer(plain, &mut into[body..body + plain.len() - 1]) {
                Ok(shorter) => {
                    into.truncate(body + shorter);
                    Codec::Zstd
                }
                Err(_) => {
                    into[body..].copy_from_slice(plain);
                    Codec::Plain
                }
            };
        write_header(&mut into[start..], id, (plain.len() as u32, codec.byte()), Seal::None);
    }
}

/// Checks and opens frames: one zstd context and 64 KiB of scratch, as much again once a sealed frame was opened.
pub struct Decoder {
    zstd: zstd::bulk::Decompressor<'static>,
    scratch: Vec<u8>,
    unsealed: Vec<u8>,
}

impl Decoder {
    /// A decoder.
    ///
    /// # Errors
    /// When zstd has no memory.
    pub fn new() -> std::io::Result<Self> {
        let zstd = zstd::bulk::Decompressor::new()?;
        Ok(Decoder { zstd, scratch: vec![0; CHUNK_BYTES], unsealed: Vec::new() })
    }

    /// The plaintext of a whole frame, once its checksum, its lengths and its hash are found true. `None` for an absent one.
    ///
    /// # Errors
    /// Names what is wrong; a wrong hash with the id it should have and the id it has.
    pub fn open<'a>(&'a mut self, frame: &'a [u8]) -> Result<Option<&'a [u8]>, FrameError> {
        self.open_named(frame, &Naming::Plain)
    }

    /// The same for a frame from the wire whose chunk has its id by this naming.
    ///
    /// # Errors
    /// As [`Decoder::open`].
    pub fn open_named<'a>(
        &'a mut self,
        frame: &'a [u8],
        naming: &Naming,
    ) -> Result<Option<&'a [u8]>, FrameError> {
        let header = FrameHeader::parse(frame)?;
        self.open_parsed(&header, whole(&header, frame)?, naming)
    }

    /// The same, for a header that was parsed before and the bytes that follow it.
    pub(crate) fn open_parsed<'a>(
        &'a mut self,
        header: &FrameHeader,
        stored: &'a [u8],
        naming: &Naming,
    ) -> Result<Option<&'a [u8]>, FrameError> {
        header.check(stored)?;
        let Some(contents) = header.contents() else { return Ok(None) };
        let plain = expand((&mut self.zstd, &mut self.scratch), &header.id, contents, stored)?;
        compare(header, plain, naming).map(Some)
    }

    /// The plaintext of a whole frame as it lies at rest.
    pub(crate) fn open_stored<'a>(
        &'a mut self,
        frame: &'a [u8],
        keys: &Keys,
    ) -> Result<&'a [u8], FrameError> {
        let (header, body) = unseal(frame, keys, &mut self.unsealed)?;
        let contents = header.contents().ok_or(FrameError::Codec { got: CODEC_ABSENT })?;
        let plain = expand((&mut self.zstd, &mut self.scratch), &header.id, contents, body)?;
        compare(&header, plain, keys.naming())
    }
}

/// The header and the body of a frame as it lies at rest, once its checksum and its seal are found true.
pub(crate) fn unseal<'a>(
    frame: &'a [u8],
    keys: &Keys,
    buffer: &'a mut Vec<u8>,
) -> Result<(FrameHeader, &'a [u8]), FrameError> {
    let seal = match keys {
        Keys::Plain => Seal::None,
        Keys::Sealed(_) => Seal::Aes256Gcm,
    };
    let header = FrameHeader::parse_stored(frame, seal)?;
    let stored = whole(&header, frame)?;
    header.check(stored)?;
    match keys {
        Keys::Plain => Ok((header, stored)),
        Keys::Sealed(keyring) => Ok((header, keyring.unseal(&header, stored, buffer)?)),
    }
}

fn whole<'a>(header: &FrameHeader, frame: &'a [u8]) -> Result<&'a [u8], FrameError> {
    if frame.len() != header.frame_bytes() {
        return Err(FrameError::Truncated { wanted: header.frame_bytes(), got: frame.len() });
    }
    Ok(&frame[FRAME_HEADER_BYTES..])
}

fn compare<'a>(
    header: &FrameHeader,
    plain: &'a [u8],
    naming: &Naming,
) -> Result<&'a [u8], FrameError> {
    let got = naming.id(plain);
    if got == header.id {
        Ok(plain)
    } else {
        Err(FrameError::WrongChunk { wanted: header.id, got })
    }
}

/// What the codec makes of a body.
fn expand<'a>(
    (zstd, scratch): (&mut zstd::bulk::Decompressor<'static>, &'a mut Vec<u8>),
    id: &ChunkId,
    (plain, codec): (u32, Codec),
    body: &'a [u8],
) -> Result<&'a [u8], FrameError> {
    match codec {
        Codec::Plain => return Ok(body),
        Codec::Zstd => {}
    }
    let (wrong, bytes) = (FrameError::Decompress { id: *id }, plain as usize);
    // One zstd frame, not several and nothing behind it: one chunk has one reading.
    if zstd::zstd_safe::find_frame_compressed_size(body) != Ok(body.len()) {
        return Err(wrong);
    }
    match zstd.decompress_to_buffer(body, &mut scratch[..bytes]) {
        Ok(got) if got == bytes => Ok(&scratch[..bytes]),
        Ok(_) | Err(_) => Err(wrong),
    }
}

/// Cuts a run of whole frames, without copying: each with its header. A body that ends inside a frame is an error.
pub struct Frames {
    rest: Bytes,
}

impl Frames {
    /// Over the frames that lie end to end in these bytes.
    pub fn new(run: Bytes) -> Self {
        Frames { rest: run }
    }
}

impl Iterator for Frames {
    type Item = Result<(FrameHeader, Bytes), FrameError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let cut = FrameHeader::parse(&self.rest).and_then(|header| {
            let (wanted, got) = (header.frame_bytes(), self.rest.len());
            if wanted > got { Err(FrameError::Truncated { wanted, got }) } else { Ok(header) }
        });
        match cut {
            Ok(header) => Some(Ok((header, self.rest.split_to(header.frame_bytes())))),
            Err(error) => {
                self.rest.clear();
                Some(Err(error))
            }
        }
    }
}
