//! Golden bytes of `docs/formats.md`, made by another program in another language (Python, with its own BLAKE3 and
//! CRC-32C): what version 1 means must never change.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::path::Path;
use std::sync::Arc;

use catalog::index::{IndexOptions, SqliteIndex};
use futures::TryStreamExt;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use store::{
    CHUNK_BYTES, Carried, Chunk, ChunkId, ChunkIndex, ChunkStore, Codec, DataKey, Decoder, Domain,
    DomainKeys, Encoder, FilesBackend, FrameHeader, IdKey, Naming, NewChunk, PackHeader,
    PackNumber, PackUse, Place, Seal, StoreFault, TreeBuilder, encode_absent,
};

/// Byte j of chunk i is (7j + 3 + i) mod 251.
fn chunk(number: usize) -> Vec<u8> {
    (0..CHUNK_BYTES).map(|j| ((j * 7 + 3 + number) % 251) as u8).collect()
}

/// Disk trees, version 1: 2,000 chunks less one sector; places 0, 1023, 1024 and the last are not zero.
#[test]
fn a_disk_of_known_contents_has_the_known_root() {
    let mut tree = TreeBuilder::new(2_000 * 65_536 - 512).unwrap();
    tree.push(ChunkId::of(&chunk(0)));
    tree.push_zeros(1_022);
    tree.push(ChunkId::of(&chunk(1_023)));
    tree.push(ChunkId::of(&chunk(1_024)));
    tree.push_zeros(974);
    let mut last = vec![0; CHUNK_BYTES];
    last[0] = 9;
    tree.push(ChunkId::of(&last));
    let (record, nodes) = tree.finish().unwrap();
    assert_eq!(
        record.root().to_string(),
        "bfdfb510433c8e107b781c9bd4c0a424167b1180cf6405df7b7092036a9ed64b"
    );
    assert_eq!((record.places(), record.depth(), nodes.len()), (4, 2, 3));
}

/// Disk trees, version 1: the smallest disk, all zeros.
#[test]
fn a_disk_of_zeros_has_the_known_root_and_no_node() {
    let mut tree = TreeBuilder::new(512).unwrap();
    tree.push_zeros(1);
    let (record, nodes) = tree.finish().unwrap();
    assert_eq!(
        record.root().to_string(),
        "ddc6a213c9bb656ef87d677685598020918852384f6d76e560b0d9eb8001326e"
    );
    assert!(nodes.is_empty());
}

const PLAIN: &[u8] = b"ferry carries images";
const FRAME: &str = "1400000014000000000000006a361b73fc51411a0ec2859fac452d8f269c88d6a18f97ab625d0aec0c3726ba4728809566\
    65727279206361727269657320696d61676573";
const ABSENT: &str = "0000000000000000ff0000002e478597fc51411a0ec2859fac452d8f269c88d6a18f97ab625d0aec0c3726ba47288095";

/// Frames, version 1: one that zstd does not shorten, and one that says *not here*.
#[test]
fn frames_have_the_known_bytes() {
    let id = ChunkId::of(PLAIN);
    let mut frame = Vec::new();
    Encoder::new(1).unwrap().encode(&id, PLAIN, &mut frame);
    assert_eq!(hex::encode(&frame), FRAME);
    assert_eq!(Decoder::new().unwrap().open(&frame).unwrap(), Some(PLAIN));
    let mut absent = Vec::new();
    encode_absent(&id, &mut absent);
    assert_eq!(hex::encode(&absent), ABSENT);
}

/// Frames, version 1: codec 1 is one zstd frame; chunk lists and bodies are frames end to end.
#[test]
fn a_chunk_that_zstd_shortens_is_one_zstd_frame() {
    let plain = chunk(0);
    let mut frame = Vec::new();
    Encoder::new(1).unwrap().encode(&ChunkId::of(&plain), &plain, &mut frame);
    let header = FrameHeader::parse(&frame).unwrap();
    let stored = (frame.len() - 48) as u32;
    assert_eq!(header.carried, Carried::Chunk { stored, plain: 65_536, codec: Codec::Zstd });
    assert_eq!(zstd::decode_all(&frame[48..]).unwrap(), plain);
}

/// Packs, version 1: the header.
#[test]
fn a_pack_begins_with_the_known_bytes() {
    let header =
        PackHeader { number: PackNumber::new(0x0123_4567_89ab_cdef), domain: Domain::new(7) };
    assert_eq!(
        hex::encode(header.encode()),
        "4645525259504b31efcdab896745230107000000000000000000000000000000"
    );
}

/// Seal 1 of [`PLAIN`] in the domain [`NAME`], with the nonce 200, 201, ….
const SEALED: &str = "3000000014000000000100004e0c44dcd90c87b49bc8d07c3a0647e7eb4d9c4bbebe61647911a8b6d9820a05ed7d9b14\
    c8c9cacbcccdcecfd0d1d2d30a27e8f726760613d7cb3fc376de4b07e12f41d15f7cbd743079876edc40f23ea3eaea43";
const CHECK: &str = "444360f871184c97f9c1e02e37da85a959b2cd784e0d3f6c8a9e491cbc14d245";
const NAME: &str = "acct-golden/north";

/// The id key 0, 1, … and the data key 100, 101, ….
fn keys() -> DomainKeys {
    let from = |first: u8| std::array::from_fn(|at| first + at as u8);
    DomainKeys { id_key: IdKey::new(from(0)), data_key: DataKey::new(from(100)) }
}

fn pack_path(folder: &Path, pack: PackNumber) -> std::path::PathBuf {
    let name = format!("{pack}.pack");
    folder.join("packs").join(&name[14..16]).join(name)
}

async fn open(folder: &Path) -> (ChunkStore, Arc<SqliteIndex>) {
    let backend = Arc::new(FilesBackend::open(folder).unwrap());
    let index = SqliteIndex::open(&folder.join("index.db"), IndexOptions::default()).unwrap();
    let index = Arc::new(index);
    let (rows, options) = (Arc::clone(&index), support::options());
    (ChunkStore::open(backend, rows, options).await.unwrap(), index)
}

/// Chunks and trees of sealed domains: the disk of the first test, with ids of the id key.
#[test]
fn a_disk_of_known_contents_has_the_known_root_under_an_id_key() {
    let naming = Naming::Keyed(keys().id_key);
    let mut tree = TreeBuilder::named(2_000 * 65_536 - 512, naming.clone()).unwrap();
    tree.push(naming.id(&chunk(0)));
    tree.push_zeros(1_022);
    tree.push(naming.id(&chunk(1_023)));
    tree.push(naming.id(&chunk(1_024)));
    tree.push_zeros(974);
    let mut last = vec![0; CHUNK_BYTES];
    last[0] = 9;
    tree.push(naming.id(&last));
    let (record, _) = tree.finish().unwrap();
    assert_eq!(
        record.root_named(&naming).to_string(),
        "41076c01ccef679a7182e357f0f4d5b4b3e521215eb3b5b448e9d48453a5065a"
    );
}

/// Frames with seal 1, read from a pack that another program could have written; and the check of the keys.
#[tokio::test]
async fn a_sealed_frame_of_known_bytes_opens() {
    let folder = support::folder();
    let (frame, id) = (hex::decode(SEALED).unwrap(), Naming::Keyed(keys().id_key).id(PLAIN));
    let (store, index) = open(folder.path()).await;
    let domain = store.sealed_domain(NAME).await.unwrap();
    let number = PackNumber::new(5);
    let mut pack = PackHeader { number, domain }.encode().to_vec();
    pack.extend(&frame);
    std::fs::write(pack_path(folder.path(), number), pack).unwrap();
    let place = Place { pack: number, offset: 32, length: frame.len() as u32 };
    let used = PackUse { number, domain, used_bytes: place.end(), live_bytes: 0 };
    index.append(vec![NewChunk { domain, id, place }], vec![used]).await.unwrap();
    let check = hex::decode(CHECK).unwrap().try_into().unwrap();
    index.ensure_key_check(domain, check).await.unwrap();
    drop((store, index));
    let (store, _index) = open(folder.path()).await;
    let other = DomainKeys { id_key: IdKey::new([1; 32]), ..keys() };
    assert!(matches!(store.unlock(domain, other), Err(StoreFault::WrongKeys { .. })));
    store.unlock(domain, keys()).unwrap();
    assert_eq!(store.get(domain, id).await.unwrap(), PLAIN);
    // On the wire: the plain frame, but for id and checksum.
    let sent: Vec<_> = store.frames(domain, vec![id]).try_collect().await.unwrap();
    let sent = sent.concat();
    assert_eq!((&sent[..12], &sent[48..]), (&hex::decode(FRAME).unwrap()[..12], PLAIN));
    let naming = Naming::Keyed(keys().id_key);
    assert_eq!(Decoder::new().unwrap().open_named(&sent, &naming).unwrap(), Some(PLAIN));
    assert!(Decoder::new().unwrap().open(&frame).is_err(), "seal 1 is not for the wire");
}

/// The other way: what the store writes is what section 3 says, taken apart here by hand.
#[tokio::test]
async fn a_frame_that_is_sealed_is_as_the_format_says() {
    let folder = support::folder();
    let (store, index) = open(folder.path()).await;
    let domain = store.sealed_domain(NAME).await.unwrap();
    store.unlock(domain, keys()).unwrap();
    let ingest = store.ingest(domain);
    let text = Chunk::named(chunk(0), &Naming::Keyed(keys().id_key));
    ingest.put_plain(text.clone()).await.unwrap();
    ingest.flush().await.unwrap();
    let place = index.locate(domain, &[text.id()]).await.unwrap()[0].unwrap();
    let pack = std::fs::read(pack_path(folder.path(), place.pack)).unwrap();
    let frame = &pack[place.offset as usize..place.end() as usize];
    let header = FrameHeader::parse_stored(frame, Seal::Aes256Gcm).unwrap();
    header.check(&frame[48..]).unwrap();
    assert_eq!((frame[8], frame[9]), (1, 1));
    let mut bound = b"ferry chunk 1:".to_vec();
    bound.extend((NAME.len() as u32).to_le_bytes());
    bound.extend(NAME.as_bytes());
    bound.extend(text.id().as_bytes());
    bound.extend(&frame[4..9]);
    let key = keys();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.data_key.bytes()).unwrap());
    let nonce = Nonce::try_assume_unique_for_key(&frame[48..60]).unwrap();
    let mut body = frame[60..].to_vec();
    let body = key.open_in_place(nonce, Aad::from(bound), &mut body).unwrap();
    assert_eq!(zstd::decode_all(&*body).unwrap(), chunk(0));
    let [row] = &index.domains().await.unwrap()[..] else { panic!("one domain") };
    assert_eq!(hex::encode(row.key_check.unwrap()), CHECK);
}
