//! The names of a window: which pages its literals were compressed with.

use std::ops::Range;

use crate::decoder::Malformed;
use crate::varint;

/// Pages of a prefix, at most: 8 MiB (measured 2, 4, 8 and 16).
pub(crate) const PREFIX_PAGES: u64 = 2_048;

/// Two ascending lists of pages, as runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) base: Vec<Range<u64>>,
    pub(crate) new: Vec<Range<u64>>,
}

impl Names {
    /// Of pages one by one, ascending.
    pub(crate) fn of(base: &[u64], new: &[u64]) -> Names {
        Names { base: runs(base), new: runs(new) }
    }

    pub(crate) fn pages(&self) -> u64 {
        self.base.iter().chain(&self.new).map(|run| run.end - run.start).sum()
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.pages() > 0 {
            write_runs(&self.base, &mut out);
            write_runs(&self.new, &mut out);
        }
        out
    }

    /// Reads names, which come from anybody: base pages below one number, new pages below the other.
    pub(crate) fn parse(
        mut bytes: &[u8],
        base_pages: u64,
        new_pages: u64,
    ) -> Result<Names, Malformed> {
        if bytes.is_empty() {
            return Ok(Names::default());
        }
        let mut left = PREFIX_PAGES;
        let base = read_runs(&mut bytes, &mut left)?;
        if base.last().is_some_and(|run| run.end > base_pages) {
            return Err(Malformed::OutsideBase);
        }
        let new = read_runs(&mut bytes, &mut left)?;
        if new.last().is_some_and(|run| run.end > new_pages) {
            return Err(Malformed::NotEarlier);
        }
        if !bytes.is_empty() {
            return Err(Malformed::Surplus { bytes: bytes.len() });
        }
        Ok(Names { base, new })
    }
}

fn runs(pages: &[u64]) -> Vec<Range<u64>> {
    let chunks = pages.chunk_by(|page, next| page + 1 == *next);
    chunks.map(|run| run[0]..run[0] + run.len() as u64).collect()
}

fn write_runs(runs: &[Range<u64>], out: &mut Vec<u8>) {
    varint::write(runs.len() as u64, out);
    let mut end = 0;
    for run in runs {
        varint::write(run.start - end, out);
        varint::write(run.end - run.start - 1, out);
        end = run.end;
    }
}

fn read_runs(bytes: &mut &[u8], left: &mut u64) -> Result<Vec<Range<u64>>, Malformed> {
    let mut number = || varint::read(bytes).ok_or(Malformed::Cut);
    let count = number()?;
    if count > *left {
        return Err(Malformed::LargePrefix);
    }
    let mut runs = Vec::with_capacity(count as usize);
    let mut end: u64 = 0;
    for _ in 0..count {
        let start = end.checked_add(number()?).ok_or(Malformed::Number)?;
        let more = number()?;
        if more >= *left {
            return Err(Malformed::LargePrefix);
        }
        *left -= more + 1;
        end = start.checked_add(more + 1).ok_or(Malformed::Number)?;
        runs.push(start..end);
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        let names = Names::of(&[3, 4, 5, 9, 1 << 40], &[0, 2, 3]);
        let bytes = names.write();
        assert_eq!(Names::parse(&bytes, (1 << 40) + 1, 4), Ok(names.clone()));
        assert_eq!(Names::parse(&bytes, 1 << 40, 4), Err(Malformed::OutsideBase));
        assert_eq!(Names::parse(&bytes, u64::MAX, 3), Err(Malformed::NotEarlier));
        assert_eq!(Names::of(&[], &[]).write(), b"");
        assert_eq!(Names::parse(b"", 0, 0), Ok(Names::default()));
    }

    #[test]
    fn more_than_a_prefix_is_refused_before_there_is_room_for_it() {
        let names = |pages: u64| Names { base: vec![], new: vec![0..1, 5..5 + pages - 1] }.write();
        assert!(Names::parse(&names(PREFIX_PAGES), 0, u64::MAX).is_ok());
        let parsed = Names::parse(&names(PREFIX_PAGES + 1), 0, u64::MAX);
        assert_eq!(parsed, Err(Malformed::LargePrefix));
        let mut runs = Vec::new();
        varint::write(u64::MAX, &mut runs);
        assert_eq!(Names::parse(&runs, 0, 0), Err(Malformed::LargePrefix));
        let mut far = vec![1];
        varint::write(u64::MAX, &mut far);
        far.extend([0, 0]);
        assert_eq!(Names::parse(&far, u64::MAX, 0), Err(Malformed::Number));
        assert_eq!(Names::parse(&[0, 0, 0], 0, 0), Err(Malformed::Surplus { bytes: 1 }));
        assert_eq!(Names::parse(&[0], 0, 0), Err(Malformed::Cut));
    }
}
