//! Sealed domains: which domain is one, whether its keys are here, and how they seal a frame (docs/formats.md, section 3).

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::chunk::{ChunkId, Domain};
use crate::fault::StoreFault;
use crate::frame::{
    Codec, FRAME_HEADER_BYTES, FrameError, FrameHeader, SEAL_BYTES, Seal, write_header,
};
use crate::index::DomainRow;
use crate::keys::{DomainKeys, Naming};
use crate::store::Inner;

/// Names the version of what is bound to a frame.
const BOUND: &[u8; 14] = b"ferry chunk 1:";
const CHECK: &str = "ferry 2026-11 check of a sealed domain's keys 1";
const BODY_AT: usize = FRAME_HEADER_BYTES + NONCE_LEN;

/// The keys of a sealed domain, ready to use. `ring` keeps the expanded data key in here and does not wipe it.
pub(crate) struct Keyring {
    naming: Naming,
    aead: LessSafeKey,
    /// What is bound to every frame: the version, and the domain's name with its length.
    bound: Vec<u8>,
    check: [u8; 32],
}

impl Keyring {
    pub(crate) fn new(name: &str, keys: &DomainKeys) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, keys.data_key.bytes())
            .expect("a key of AES-256 has 32 bytes");
        let mut bound = BOUND.to_vec();
        bound.extend((name.len() as u32).to_le_bytes());
        bound.extend(name.as_bytes());
        let mut check = blake3::Hasher::new_derive_key(CHECK);
        check.update(keys.id_key.bytes()).update(keys.data_key.bytes());
        Keyring {
            naming: Naming::Keyed(keys.id_key.clone()),
            aead: LessSafeKey::new(key),
            bound,
            check: *check.finalize().as_bytes(),
        }
    }

    fn aad(&self, id: &ChunkId, plain: u32, codec: Codec) -> Aad<Vec<u8>> {
        let mut bound = self.bound.clone();
        bound.extend(id.as_bytes());
        bound.extend(plain.to_le_bytes());
        bound.push(codec.byte());
        Aad::from(bound)
    }

    /// Appends the frame of this body, sealed.
    pub(crate) fn seal(
        &self,
        id: &ChunkId,
        (plain, codec): (u32, Codec),
        body: &[u8],
        into: &mut Vec<u8>,
    ) -> Result<(), StoreFault> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce)
            .map_err(|error| StoreFault::io("seal a frame", std::io::Error::other(error)))?;
        self.seal_with(nonce, (id, plain, codec), body, into);
        Ok(())
    }

    fn seal_with(
        &self,
        nonce: [u8; NONCE_LEN],
        (id, plain, codec): (&ChunkId, u32, Codec),
        body: &[u8],
        into: &mut Vec<u8>,
    ) {
        let start = into.len();
        into.resize(start + BODY_AT, 0);
        into[start + FRAME_HEADER_BYTES..].copy_from_slice(&nonce);
        into.extend_from_slice(body);
        let tag = self
            .aead
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                self.aad(id, plain, codec),
                &mut into[start + BODY_AT..],
            )
            .expect("a frame is far shorter than what AES-GCM can seal at once");
        into.extend_from_slice(tag.as_ref());
        write_header(&mut into[start..], id, (plain, codec.byte()), Seal::Aes256Gcm);
    }

    /// The body of a sealed frame.
    pub(crate) fn unseal<'a>(
        &self,
        header: &FrameHeader,
        stored: &[u8],
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], FrameError> {
        let broken = FrameError::BrokenSeal { id: header.id };
        let (Some((plain, codec)), Some((nonce, sealed))) =
            (header.contents(), stored.split_first_chunk::<NONCE_LEN>())
        else {
            return Err(broken);
        };
        buffer.clear();
        buffer.extend_from_slice(sealed);
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.aead
            .open_in_place(nonce, self.aad(&header.id, plain, codec), buffer)
            .map(|body| &*body)
            .map_err(|_| broken)
    }
}

/// What names, opens and seals the chunks of a domain at this moment.
#[derive(Clone)]
pub(crate) enum Keys {
    /// It is plain: nothing is sealed.
    Plain,
    /// It is sealed, and these are its keys.
    Sealed(Arc<Keyring>),
}

impl Keys {
    pub(crate) fn naming(&self) -> &Naming {
        match self {
            Keys::Plain => &Naming::Plain,
            Keys::Sealed(keyring) => &keyring.naming,
        }
    }

    /// Appends the frame of this body as it is kept at rest.
    pub(crate) fn frame(
        &self,
        id: &ChunkId,
        (plain, codec): (u32, Codec),
        body: &[u8],
        into: &mut Vec<u8>,
    ) -> Result<(), StoreFault> {
        match self {
            Keys::Sealed(keyring) => keyring.seal(id, (plain, codec), body, into),
            Keys::Plain => {
                frame_body(id, (plain, codec), body, into);
                Ok(())
            }
        }
    }
}

/// Appends the frame of this body, with seal 0.
pub(crate) fn frame_body(
    id: &ChunkId,
    (plain, codec): (u32, Codec),
    body: &[u8],
    into: &mut Vec<u8>,
) {
    let start = into.len();
    into.resize(start + FRAME_HEADER_BYTES, 0);
    into.extend_from_slice(body);
    write_header(&mut into[start..], id, (plain, codec.byte()), Seal::None);
}

/// A sealed domain, with its keys while they are here.
pub(crate) struct SealedDomain {
    domain: Domain,
    name: String,
    keys: RwLock<Option<Arc<Keyring>>>,
    /// What the keys must come to. Unknown until the first chunk is put.
    check: OnceLock<[u8; 32]>,
}

impl SealedDomain {
    fn new(row: DomainRow) -> Self {
        let check = row.key_check.map_or_else(OnceLock::new, OnceLock::from);
        SealedDomain { domain: row.domain, name: row.name, keys: RwLock::default(), check }
    }

    fn keys(&self) -> Result<Arc<Keyring>, StoreFault> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        let keys = keys.ok_or(StoreFault::Locked { domain: self.domain })?;
        self.compare(&keys)?;
        Ok(keys)
    }

    fn compare(&self, keys: &Keyring) -> Result<(), StoreFault> {
        match self.check.get() {
            Some(check) if *check != keys.check => {
                Err(StoreFault::WrongKeys { domain: self.domain })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn set(&self, keys: Option<Arc<Keyring>>) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }
}

/// A domain as those who read and write it see it: they ask for its keys again at every chunk.
#[derive(Clone)]
pub(crate) enum Access {
    /// It is plain.
    Plain,
    /// It is sealed.
    Sealed(Arc<SealedDomain>),
}

impl Access {
    /// The seal that its frames have at rest.
    pub(crate) fn seal(&self) -> Seal {
        match self {
            Access::Plain => Seal::None,
            Access::Sealed(_) => Seal::Aes256Gcm,
        }
    }

    /// Bytes that a frame has more at rest than on the wire.
    pub(crate) fn seal_bytes(&self) -> u64 {
        match self {
            Access::Plain => 0,
            Access::Sealed(_) => SEAL_BYTES as u64,
        }
    }

    /// Its keys, or that they are not here.
    pub(crate) fn keys(&self) -> Result<Keys, StoreFault> {
        match self {
            Access::Plain => Ok(Keys::Plain),
            Access::Sealed(sealed) => sealed.keys().map(Keys::Sealed),
        }
    }
}

/// Whether the keys were not to be had: then frames can be checked by their checksums alone.
pub(crate) fn is_locked(fault: &StoreFault) -> bool {
    matches!(fault, StoreFault::Locked { .. } | StoreFault::WrongKeys { .. })
}

/// The domains of a store.
pub(crate) struct Domains {
    sealed: RwLock<HashMap<Domain, Arc<SealedDomain>>>,
}

impl Domains {
    pub(crate) fn new(rows: Vec<DomainRow>) -> Self {
        let domains = Domains { sealed: RwLock::default() };
        rows.into_iter().for_each(|row| domains.learn(row));
        domains
    }

    /// Takes note of a domain. Its keys stay.
    pub(crate) fn learn(&self, row: DomainRow) {
        match row.seal {
            Seal::None => {}
            Seal::Aes256Gcm => {
                let mut sealed = self.sealed.write().unwrap_or_else(PoisonError::into_inner);
                sealed.entry(row.domain).or_insert_with(|| Arc::new(SealedDomain::new(row)));
            }
        }
    }

    /// A domain that was never noted as sealed is plain: the store alone makes domains, and notes every one.
    pub(crate) fn access(&self, domain: Domain) -> Access {
        let sealed = self.sealed.read().unwrap_or_else(PoisonError::into_inner);
        sealed.get(&domain).map_or(Access::Plain, |sealed| Access::Sealed(Arc::clone(sealed)))
    }

    pub(crate) fn unlock(&self, domain: Domain, keys: &DomainKeys) -> Result<(), StoreFault> {
        match self.access(domain) {
            Access::Plain => Err(StoreFault::NotSealed { domain }),
            Access::Sealed(sealed) => {
                let keyring = Keyring::new(&sealed.name, keys);
                sealed.compare(&keyring)?;
                sealed.set(Some(Arc::new(keyring)));
                Ok(())
            }
        }
    }

    pub(crate) fn lock(&self, domain: Domain) {
        match self.access(domain) {
            Access::Plain => {}
            Access::Sealed(sealed) => sealed.set(None),
        }
    }
}

impl Inner {
    /// Before the first frame is sealed it is made durable what its keys must come to, so that others are never tried on it.
    pub(crate) async fn ensure_checked(&self, access: &Access) -> Result<(), StoreFault> {
        let Access::Sealed(sealed) = access else { return Ok(()) };
        let keys = sealed.keys()?;
        if sealed.check.get().is_none() {
            let recorded = self.index.ensure_key_check(sealed.domain, keys.check).await?;
            let check = sealed.check.get_or_init(|| recorded);
            tracing::debug!(domain = %sealed.domain, "what the keys must come to is recorded");
            if *check != keys.check {
                return Err(StoreFault::WrongKeys { domain: sealed.domain });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{DataKey, IdKey};

    fn keyring(name: &str) -> Keyring {
        let keys = DomainKeys { id_key: IdKey::new([1; 32]), data_key: DataKey::new([2; 32]) };
        Keyring::new(name, &keys)
    }

    fn open(keyring: &Keyring, frame: &[u8]) -> Result<Vec<u8>, FrameError> {
        let header = FrameHeader::parse_stored(frame, Seal::Aes256Gcm)?;
        header.check(&frame[FRAME_HEADER_BYTES..])?;
        keyring.unseal(&header, &frame[FRAME_HEADER_BYTES..], &mut Vec::new()).map(<[u8]>::to_vec)
    }

    fn sealed(keyring: &Keyring, plain: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        let id = keyring.naming.id(plain);
        keyring.seal(&id, (plain.len() as u32, Codec::Plain), plain, &mut frame).unwrap();
        frame
    }

    /// Fault 9: with a checksum that is right again, the seal finds every change.
    #[test]
    fn every_bit_of_a_sealed_frame_counts() {
        let keyring = keyring("north");
        let frame = sealed(&keyring, b"ferry carries images");
        assert_eq!(open(&keyring, &frame).unwrap(), b"ferry carries images");
        for bit in 0..frame.len() * 8 {
            let mut bad = frame.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&keyring, &bad).is_err(), "bit {bit}");
            // As one who knows the checksum would do it.
            let id = ChunkId::from_bytes(bad[16..48].try_into().unwrap());
            let head: [u8; 12] = bad[..12].try_into().unwrap();
            let sum = crate::frame::checksum(&head, &id, &bad[FRAME_HEADER_BYTES..]);
            bad[12..16].copy_from_slice(&sum.to_le_bytes());
            // Bits of the old checksum alone are mended by this.
            if !(12 * 8..16 * 8).contains(&bit) {
                assert!(open(&keyring, &bad).is_err(), "mended bit {bit}");
            }
        }
    }

    /// Fault 9: another id, domain or codec.
    #[test]
    fn a_ciphertext_opens_only_where_it_belongs() {
        let (north, south) = (keyring("north"), keyring("south"));
        let (one, two) = (sealed(&north, b"one"), sealed(&north, b"two"));
        let mut swapped = one.clone();
        swapped[FRAME_HEADER_BYTES..].copy_from_slice(&two[FRAME_HEADER_BYTES..]);
        let id = north.naming.id(b"one");
        write_header(&mut swapped, &id, (3, Codec::Plain.byte()), Seal::Aes256Gcm);
        assert_eq!(open(&north, &swapped), Err(FrameError::BrokenSeal { id }));
        assert_eq!(open(&south, &one), Err(FrameError::BrokenSeal { id }));
        let mut codec = one.clone();
        write_header(&mut codec, &id, (3, Codec::Zstd.byte()), Seal::Aes256Gcm);
        assert_eq!(open(&north, &codec), Err(FrameError::BrokenSeal { id }));
        assert_eq!(open(&north, &one).unwrap(), b"one");
    }

    /// Two seals of one plaintext have nothing in common.
    #[test]
    fn a_nonce_is_never_used_again() {
        let keyring = keyring("north");
        let nonces: std::collections::HashSet<Vec<u8>> =
            (0..1_000).map(|_| sealed(&keyring, b"one")[48..60].to_vec()).collect();
        assert_eq!(nonces.len(), 1_000);
    }
}
