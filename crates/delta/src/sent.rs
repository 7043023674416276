//! What this session sent already: where an equal page is, and one that is alike. An entry that is lost costs bytes only.

use std::collections::VecDeque;

use crate::CHUNK_PAGES;

const NONE: u32 = u32::MAX;
/// Slots at most; 12 bytes each for pages, 8 for features.
const PAGE_SLOTS: usize = 1 << 19;
const FEATURE_SLOTS: usize = 1 << 20;

/// Direct-mapped tables of new pages.
pub(crate) struct Sent {
    prints: Vec<u64>,
    pages: Vec<u32>,
    features: Vec<(u32, u32)>,
    /// Features of the windows that are not in the table yet, the oldest first.
    waiting: VecDeque<Vec<(u32, u32)>>,
    /// Of each chunk by ordinal, which of its pages are not zero.
    masks: Vec<u16>,
    /// First ordinals of the last two windows.
    before: [u32; 2],
}

impl Sent {
    /// Tables for so many wants.
    pub(crate) fn new(wants: usize) -> Sent {
        let pages = wants * CHUNK_PAGES as usize;
        let page_slots = (2 * pages).next_power_of_two().clamp(16, PAGE_SLOTS);
        let feature_slots = (4 * pages).next_power_of_two().clamp(16, FEATURE_SLOTS);
        Sent {
            prints: vec![0; page_slots],
            pages: vec![NONE; page_slots],
            features: vec![(0, NONE); feature_slots],
            waiting: VecDeque::new(),
            masks: Vec::with_capacity(wants),
            before: [0; 2],
        }
    }

    /// A window begins: features of the one before the last may be used from now on.
    pub(crate) fn begin_window(&mut self, first: u32) {
        self.before = [self.before[1], first];
        while self.waiting.len() > 1 {
            for (feature, page) in self.waiting.pop_front().into_iter().flatten() {
                let slot = self.feature_slot(feature);
                self.features[slot] = (feature, page);
            }
        }
    }

    /// A prefix names new pages below this one.
    pub(crate) fn prefix_limit(&self) -> u64 {
        u64::from(self.before[0]) * CHUNK_PAGES
    }

    pub(crate) fn end_window(&mut self, features: Vec<(u32, u32)>) {
        self.waiting.push_back(features);
    }

    pub(crate) fn add_chunk(&mut self, mask: u16) {
        self.masks.push(mask);
    }

    /// Whether a new page is not zero.
    pub(crate) fn is_held(&self, page: u64) -> bool {
        let mask = self.masks.get((page / CHUNK_PAGES) as usize);
        mask.is_some_and(|mask| mask >> (page % CHUNK_PAGES) & 1 == 1)
    }

    pub(crate) fn add_page(&mut self, print: u64, page: u32) {
        let slot = self.page_slot(print);
        (self.prints[slot], self.pages[slot]) = (print, page);
    }

    /// A literal page that is equal.
    pub(crate) fn page(&self, print: u64) -> Option<u32> {
        let slot = self.page_slot(print);
        let page = self.pages[slot];
        (page != NONE && self.prints[slot] == print).then_some(page)
    }

    /// A literal page, of the windows before the last, that is alike.
    pub(crate) fn page_with(&self, feature: u32) -> Option<u32> {
        let (known, page) = self.features[self.feature_slot(feature)];
        (page != NONE && known == feature).then_some(page)
    }

    fn page_slot(&self, print: u64) -> usize {
        (print >> 32) as usize & (self.pages.len() - 1)
    }

    fn feature_slot(&self, feature: u32) -> usize {
        feature as usize & (self.features.len() - 1)
    }
}
