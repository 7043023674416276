//! Randomness and the system's clock, each behind a trait so that a test can set them.

use std::time::{SystemTime, UNIX_EPOCH};

use model::{Clock, Timestamp};

use crate::refused::RegionFault;

/// Random bytes nobody can guess.
pub trait Entropy: Send + Sync {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RegionFault>;
}

/// The operating system's randomness.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RegionFault> {
        getrandom::fill(buffer).map_err(|source| RegionFault::Entropy { source })
    }
}

/// Makes an id from 256 random bits, spread by SHA-512: an id takes as many bytes as it likes, since it leaves some out.
pub(crate) fn new_id<T>(
    entropy: &dyn Entropy,
    make: impl FnOnce(&mut dyn FnMut() -> u8) -> T,
) -> Result<T, RegionFault> {
    let mut seed = [0u8; 32];
    entropy.fill(&mut seed)?;
    let mut block = *ring_digest(&seed);
    let mut used = 0;
    Ok(make(&mut || {
        if used == block.len() {
            block = *ring_digest(&block);
            used = 0;
        }
        used += 1;
        block[used - 1]
    }))
}

fn ring_digest(bytes: &[u8]) -> Box<[u8; 64]> {
    let digest = ring::digest::digest(&ring::digest::SHA512, bytes);
    Box::new(digest.as_ref().try_into().expect("SHA-512 has 64 bytes"))
}

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Timestamp(since.map_or(0, |elapsed| i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)))
    }
}
