//! Which parts of a buffer are worth writing.

use std::ops::Range;

/// What is tested for zeros at once, in bytes: the block of common file systems.
const BLOCK_BYTES: usize = 4096;

static ZEROS: [u8; BLOCK_BYTES] = [0; BLOCK_BYTES];

/// The stretches of `bytes`, to be written at `offset`, that hold more than zeros, in blocks aligned on the disk.
pub(crate) fn data_runs(offset: u64, bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let first_block = BLOCK_BYTES - (offset % BLOCK_BYTES as u64) as usize;
    let next_cut = move |at: usize| match at {
        0 => first_block.min(bytes.len()),
        at => (at + BLOCK_BYTES).min(bytes.len()),
    };
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() && is_zero(&bytes[at..next_cut(at)]) {
            at = next_cut(at);
        }
        let start = at;
        while at < bytes.len() && !is_zero(&bytes[at..next_cut(at)]) {
            at = next_cut(at);
        }
        (start < at).then_some(start..at)
    })
}

/// At most a block; the comparison with zeros is the fastest there is.
fn is_zero(block: &[u8]) -> bool {
    *block == ZEROS[..block.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_follow_the_disks_blocks_and_skip_zeros() {
        let mut bytes = vec![0; 5 * 4096];
        assert_eq!(data_runs(100, &bytes).count(), 0);
        bytes[0] = 1;
        bytes[4096] = 1; // with the offset 100 still in the second block
        bytes[3 * 4096] = 1;
        let runs: Vec<_> = data_runs(100, &bytes).collect();
        assert_eq!(runs, [0..2 * 4096 - 100, 3 * 4096 - 100..4 * 4096 - 100]);
        assert_eq!(data_runs(0, &[]).count(), 0);
    }
}
