//! The bytes of an order and of its answer (`docs/formats.md` 20).

use delta::{Matching, WANTS_MAX};
use store::{ChunkId, DiskRoot};

use super::{BASES_MAX, Opened, ParcelOrder, SessionId};

const MAGIC: &[u8; 8] = b"FERRYPO1";
/// Longest order: each want a run of its own, as far from the one before as numbers go.
pub const ORDER_BYTES_MAX: usize = 8 + 32 + 2 + 32 * BASES_MAX + 3 + 11 * WANTS_MAX;
/// Length of the answer to an order.
pub const OPENED_BYTES: usize = 48;
/// Most chunks of a disk: 2^64 bytes of them.
const CHUNKS_MAX: u64 = 1 << 48;

/// Why bytes are no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOrder {
    /// They do not begin with `FERRYPO1`.
    #[error("it does not begin with `FERRYPO1`")]
    Magic,
    /// They end too early.
    #[error("it is cut short")]
    Cut,
    /// Something follows the order.
    #[error("`{bytes}` bytes follow its end")]
    Surplus {
        /// How many.
        bytes: usize,
    },
    /// Neither on nor off.
    #[error("matching is `{word}`, neither 0 nor 1")]
    Matching {
        /// What it is.
        word: u8,
    },
    /// Too many bases.
    #[error("`{count}` bases are more than `64`")]
    Bases {
        /// How many.
        count: usize,
    },
    /// A root of zeros, which no disk has.
    #[error("the zero id is the root of no disk")]
    ZeroRoot,
    /// A number that is too large, or longer than it need be.
    #[error("a number is not in its shortest form, or too large")]
    Number,
    /// No wants, or too many.
    #[error("`{count}` wanted chunks are not 1 to `16384`")]
    Wants {
        /// How many, at least.
        count: u64,
    },
    /// Two runs that touch, or one that goes beyond the largest disk.
    #[error("a run of wanted chunks touches the one before, or leaves the disk")]
    Run,
}

impl ParcelOrder {
    /// The order's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(self.root.id().as_bytes());
        bytes.push(match self.matching {
            Matching::Off => 0,
            Matching::On => 1,
        });
        bytes.push(u8::try_from(self.bases.len()).expect("an order has at most 64 bases"));
        self.bases.iter().for_each(|base| bytes.extend_from_slice(base.id().as_bytes()));
        let runs = runs(&self.wants);
        put_number(runs.len() as u64, &mut bytes);
        let mut end = 0;
        for (first, count) in runs {
            put_number(first - end, &mut bytes);
            put_number(count - 1, &mut bytes);
            end = first + count;
        }
        bytes
    }

    /// Reads an order. Everything in it is bounded before anything is allocated.
    ///
    /// # Errors
    /// Names what is wrong with it.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadOrder> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(BadOrder::Magic)?;
        let root = take_root(&mut rest)?;
        let matching = match take_byte(&mut rest)? {
            0 => Matching::Off,
            1 => Matching::On,
            word => return Err(BadOrder::Matching { word }),
        };
        let count = usize::from(take_byte(&mut rest)?);
        if count > BASES_MAX {
            return Err(BadOrder::Bases { count });
        }
        let bases = (0..count).map(|_| take_root(&mut rest)).collect::<Result<_, _>>()?;
        let wants = take_wants(&mut rest)?;
        match rest.len() {
            0 => Ok(ParcelOrder { root, bases, matching, wants }),
            bytes => Err(BadOrder::Surplus { bytes }),
        }
    }
}

/// Neighbours together: the first of each run and its length.
fn runs(wants: &[u64]) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for want in wants {
        match runs.last_mut() {
            Some((first, count)) if *first + *count == *want => *count += 1,
            Some(_) | None => runs.push((*want, 1)),
        }
    }
    runs
}

fn take_wants(rest: &mut &[u8]) -> Result<Vec<u64>, BadOrder> {
    let runs = take_number(rest)?;
    if runs == 0 || runs > WANTS_MAX as u64 {
        return Err(BadOrder::Wants { count: runs });
    }
    let (mut wants, mut end) = (Vec::new(), 0u64);
    for run in 0..runs {
        let (gap, count) = (take_number(rest)?, take_number(rest)?.saturating_add(1));
        if run > 0 && gap == 0 {
            return Err(BadOrder::Run);
        }
        let total = count.saturating_add(wants.len() as u64);
        if total > WANTS_MAX as u64 {
            return Err(BadOrder::Wants { count: total });
        }
        let first = end.checked_add(gap).ok_or(BadOrder::Run)?;
        end = first.checked_add(count).filter(|end| *end <= CHUNKS_MAX).ok_or(BadOrder::Run)?;
        wants.extend(first..end);
    }
    Ok(wants)
}

fn take_byte(rest: &mut &[u8]) -> Result<u8, BadOrder> {
    let (byte, behind) = rest.split_first().ok_or(BadOrder::Cut)?;
    *rest = behind;
    Ok(*byte)
}

fn take_root(rest: &mut &[u8]) -> Result<DiskRoot, BadOrder> {
    let (id, behind) = rest.split_first_chunk::<32>().ok_or(BadOrder::Cut)?;
    *rest = behind;
    match ChunkId::from_bytes(*id) {
        ChunkId::ZERO => Err(BadOrder::ZeroRoot),
        id => Ok(DiskRoot::new(id)),
    }
}

/// Seven bits a byte, the lowest first; the top bit says that more follow.
fn put_number(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// At most eight bytes, 56 bits: a disk has no more than 2^48 chunks.
fn take_number(rest: &mut &[u8]) -> Result<u64, BadOrder> {
    let mut number = 0;
    for shift in (0..56).step_by(7) {
        let byte = take_byte(rest)?;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return if byte == 0 && shift > 0 { Err(BadOrder::Number) } else { Ok(number) };
        }
    }
    Err(BadOrder::Number)
}

impl Opened {
    /// The answer's bytes: the session, then the base or 32 zero bytes.
    pub fn encode(&self) -> [u8; OPENED_BYTES] {
        let mut bytes = [0; OPENED_BYTES];
        bytes[..16].copy_from_slice(&self.session.0);
        let base = self.base.map_or(ChunkId::ZERO, DiskRoot::id);
        bytes[16..].copy_from_slice(base.as_bytes());
        bytes
    }

    /// Reads an answer; none when it has another length.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; OPENED_BYTES] = bytes.try_into().ok()?;
        let (session, base) = bytes.split_first_chunk::<16>()?;
        let base = ChunkId::from_bytes(base.try_into().ok()?);
        let base = (!base.is_zero()).then(|| DiskRoot::new(base));
        Some(Opened { session: SessionId(*session), base })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn root(text: &str) -> DiskRoot {
        DiskRoot::new(ChunkId::of(text.as_bytes()))
    }

    fn order(wants: &[u64]) -> ParcelOrder {
        ParcelOrder {
            root: root("new"),
            bases: vec![root("old"), root("older")],
            matching: Matching::On,
            wants: wants.to_vec(),
        }
    }

    /// Orders of parcels, version 1 (`docs/formats.md` 20): the bytes never change.
    #[test]
    fn a_golden_order_reads_and_writes_as_ever() {
        let bytes = order(&[0, 1, 2, 130, 131, 1_000_000]).encode();
        let (head, wants) = bytes.split_at(8 + 32 + 2 + 64);
        assert_eq!(&head[..8], b"FERRYPO1");
        assert_eq!(&head[8..40], root("new").id().as_bytes());
        assert_eq!(&head[40..42], [1, 2]);
        assert_eq!(&head[42..74], root("old").id().as_bytes());
        assert_eq!(&head[74..], root("older").id().as_bytes());
        // Three runs; 0 +3; 127 further +2; 999,868 further +1.
        assert_eq!(wants, [3, 0, 2, 127, 1, 0xBC, 0x83, 0x3D, 0]);
        assert_eq!(ParcelOrder::decode(&bytes), Ok(order(&[0, 1, 2, 130, 131, 1_000_000])));
        let opened = Opened { session: SessionId([7; 16]), base: Some(root("old")) };
        let bytes = opened.encode();
        assert_eq!((&bytes[..16], &bytes[16..]), (&[7; 16][..], &root("old").id().as_bytes()[..]));
        assert_eq!(Opened::decode(&bytes), Some(opened));
        let bare = Opened { base: None, ..opened };
        assert_eq!(bare.encode()[16..], [0; 32]);
        assert_eq!(Opened::decode(&bare.encode()), Some(bare));
        assert_eq!(Opened::decode(&[0; 47]), None);
    }

    /// R004-3: what a peer sends is bounded and refused with its reason.
    #[test]
    fn hostile_orders_are_refused_with_their_reason() {
        let good = order(&[5, 6, 9]).encode();
        let wants = good.len() - 5;
        for cut in 8..good.len() {
            assert_eq!(ParcelOrder::decode(&good[..cut]), Err(BadOrder::Cut), "{cut} bytes");
        }
        let with = |at: usize, new: &[u8]| {
            let bytes = [&good[..at], new].concat();
            ParcelOrder::decode(&bytes).unwrap_err()
        };
        let rest = &good[41..];
        assert_eq!(with(0, b"FERRYPO2"), BadOrder::Magic);
        assert_eq!(with(40, &[&[2], rest].concat()), BadOrder::Matching { word: 2 });
        assert_eq!(with(41, &[65]), BadOrder::Bases { count: 65 });
        assert_eq!(with(8, &[0; 200]), BadOrder::ZeroRoot);
        assert_eq!(with(wants, &[0]), BadOrder::Wants { count: 0 });
        assert_eq!(with(wants, &[0x81, 0x80, 1]), BadOrder::Wants { count: 16_385 });
        assert_eq!(with(wants, &[1, 0, 0x80, 0x80, 1]), BadOrder::Wants { count: 16_385 });
        assert_eq!(with(wants, &[2, 5, 0, 0, 0]), BadOrder::Run);
        let far = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F];
        assert_eq!(with(wants, &[&[1], &far[..], &[0]].concat()), BadOrder::Run);
        assert_eq!(
            with(wants, &[&[1], &far[..], &far[..]].concat()),
            BadOrder::Wants { count: 1 << 56 }
        );
        assert_eq!(with(wants, &[&[1], &[0x80; 9][..]].concat()), BadOrder::Number);
        assert_eq!(with(wants, &[1, 0x85, 0, 0]), BadOrder::Number);
        assert_eq!(with(good.len(), &[1, 2]), BadOrder::Surplus { bytes: 2 });
    }

    #[test]
    fn the_longest_order_fits_its_bound() {
        let wants: Vec<u64> = (0..WANTS_MAX as u64).map(|n| n << 34).collect();
        let order = ParcelOrder { bases: vec![root("old"); BASES_MAX], ..order(&wants) };
        let bytes = order.encode();
        assert!(bytes.len() <= ORDER_BYTES_MAX, "{} bytes", bytes.len());
        assert_eq!(ParcelOrder::decode(&bytes), Ok(order));
    }

    proptest! {
        #[test]
        fn any_order_reads_back(
            wants in proptest::collection::btree_set(0u64..100_000, 1..400),
        ) {
            let order = order(&wants.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(ParcelOrder::decode(&order.encode()), Ok(order));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let bytes = [&order(&[1]).encode()[..42], &bytes].concat();
            if let Ok(order) = ParcelOrder::decode(&bytes) {
                prop_assert_eq!(order.encode(), bytes);
            }
        }
    }
}
