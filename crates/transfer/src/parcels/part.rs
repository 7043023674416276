//! What is asked for of a session: a window, whole or in parts.

use std::ops::Range;

use super::SessionId;

/// Most parts of a window.
pub const PARTS_MAX: u8 = 16;

/// One of so many parts of a window, as equal as they can be. Requests that run at once have a connection each, and a connection
/// that loses packets holds back its part alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    place: u8,
    of: u8,
}

impl Part {
    /// All of the window.
    pub const WHOLE: Part = Part { place: 0, of: 1 };

    /// The part at this place, from 0; none where there is no such place, or more parts than [`PARTS_MAX`].
    pub fn new(place: u8, of: u8) -> Option<Part> {
        (place < of && of <= PARTS_MAX).then_some(Part { place, of })
    }

    /// All parts, in order: as many as are wanted, at least one and at most [`PARTS_MAX`].
    pub fn all(of: u8) -> impl Iterator<Item = Part> {
        let of = of.clamp(1, PARTS_MAX);
        (0..of).map(move |place| Part { place, of })
    }

    /// Its place, from 0.
    pub fn place(self) -> u8 {
        self.place
    }

    /// How many there are.
    pub fn of(self) -> u8 {
        self.of
    }

    /// Where it is in a window of so many bytes.
    pub(super) fn range(self, bytes: usize) -> Range<usize> {
        let cut = |place: u8| bytes * usize::from(place) / usize::from(self.of);
        cut(self.place)..cut(self.place + 1)
    }
}

/// A window, or a part of it, that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowAsk {
    /// The session.
    pub session: SessionId,
    /// The window's number, from 0.
    pub number: u32,
    /// Windows before this one need not be kept any longer.
    pub stored: u32,
    /// How much of the window.
    pub part: Part,
}

impl WindowAsk {
    /// The whole window.
    pub fn whole(session: SessionId, number: u32, stored: u32) -> WindowAsk {
        WindowAsk { session, number, stored, part: Part::WHOLE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_and_are_the_whole() {
        for bytes in [0, 1, 3, 100, delta::WINDOW_BYTES_MAX] {
            for of in 1..=PARTS_MAX {
                let parts: Vec<_> = Part::all(of).map(|part| part.range(bytes)).collect();
                assert_eq!((parts[0].start, parts[parts.len() - 1].end), (0, bytes));
                assert!(parts.windows(2).all(|two| two[0].end == two[1].start), "{parts:?}");
                let most = bytes.div_ceil(usize::from(of));
                assert!(parts.iter().all(|part| part.len() <= most), "{parts:?}");
            }
        }
    }

    #[test]
    fn what_is_no_part_is_none() {
        assert_eq!(Part::new(0, 1), Some(Part::WHOLE));
        for (place, of) in [(0, 0), (1, 1), (4, 4), (0, PARTS_MAX + 1), (255, 255)] {
            assert_eq!(Part::new(place, of), None, "{place} of {of}");
        }
    }
}
