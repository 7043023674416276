//! Which pages the literals of a window are compressed with. Only who chooses knows how: the format has their names alone.

use crate::encoder::EncodeError;
use crate::index::BaseIndex;
use crate::names::PREFIX_PAGES;
use crate::prints::FEATURES;
use crate::sent::Sent;

/// Base pages looked at for one feature.
const OF_ONE_FEATURE: usize = 8;
/// How often the neighbours of all chosen pages are added.
const ROUNDS: usize = 8;
/// Set in the name of a new page, so that names of both kinds sort in one list.
const NEW: u64 = 1 << 63;

/// Pages that may be chosen from.
pub(crate) struct Sources<'s> {
    /// The base's index, and how many pages the base has.
    pub(crate) base: Option<(&'s mut BaseIndex, u64)>,
    pub(crate) sent: &'s Sent,
}

/// Pages chosen, ascending.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) base: Vec<u64>,
    pub(crate) new: Vec<u64>,
}

impl Sources<'_> {
    /// Pages that share features with the literals, and what lies around them. `features` ascend, each once; `predicted`
    /// are base pages that literals probably are a new version of.
    pub(crate) fn choose(
        &mut self,
        features: &[u32],
        predicted: &[u64],
    ) -> Result<Chosen, EncodeError> {
        let candidates = self.candidates(features)?;
        let mut chosen = cover(candidates, features.len());
        for _ in 0..ROUNDS {
            if !self.dilate(&mut chosen)? {
                break;
            }
        }
        for page in predicted {
            if chosen.len() as u64 == PREFIX_PAGES {
                break;
            }
            if let Err(at) = chosen.binary_search(page)
                && self.is_held(*page)?
            {
                chosen.insert(at, *page);
            }
        }
        let new = chosen.split_off(chosen.partition_point(|page| page & NEW == 0));
        Ok(Chosen { base: chosen, new: new.into_iter().map(|page| page ^ NEW).collect() })
    }

    /// Pages with the features, each with the place of the feature in the list.
    fn candidates(&mut self, features: &[u32]) -> Result<Vec<(u64, u32)>, EncodeError> {
        let mut candidates = Vec::with_capacity(features.len() * 2);
        for (place, feature) in features.iter().enumerate() {
            let place = place as u32;
            if let Some((index, base_pages)) = &mut self.base {
                let mut left = OF_ONE_FEATURE;
                index.pages_with(*feature, &mut |page| {
                    if left > 0 && u64::from(page) < *base_pages {
                        candidates.push((u64::from(page), place));
                        left -= 1;
                    }
                })?;
            }
            let new = self.sent.page_with(*feature);
            candidates.extend(new.map(|page| (u64::from(page) | NEW, place)));
        }
        candidates.sort_unstable();
        Ok(candidates)
    }

    /// Adds both neighbours of every page, if all of them fit; whether it did.
    fn dilate(&mut self, chosen: &mut Vec<u64>) -> Result<bool, EncodeError> {
        let mut added = Vec::new();
        for (place, page) in chosen.iter().enumerate() {
            let before = place.checked_sub(1).map(|place| chosen[place]);
            if let Some(lower) = page.checked_sub(1)
                && before != Some(lower)
                && added.last() != Some(&lower)
                && self.is_held(lower)?
            {
                added.push(lower);
            }
            let upper = page + 1;
            if chosen.get(place + 1) != Some(&upper) && self.is_held(upper)? {
                added.push(upper);
            }
        }
        if added.is_empty() || (chosen.len() + added.len()) as u64 > PREFIX_PAGES {
            return Ok(false);
        }
        chosen.append(&mut added);
        chosen.sort_unstable();
        Ok(true)
    }

    /// Whether a page is there, may be named and is not zero.
    fn is_held(&mut self, page: u64) -> Result<bool, EncodeError> {
        if page & NEW != 0 {
            let page = page ^ NEW;
            return Ok(page < self.sent.prefix_limit() && self.sent.is_held(page));
        }
        match &mut self.base {
            Some((index, base_pages)) if page < *base_pages => {
                let mask = index.held(page / crate::CHUNK_PAGES)?;
                Ok(mask >> (page % crate::CHUNK_PAGES) & 1 == 1)
            }
            _ => Ok(false),
        }
    }
}

/// The pages that cover most features not covered yet, until nothing is gained or the prefix is full. Ascending.
fn cover(candidates: Vec<(u64, u32)>, features: usize) -> Vec<u64> {
    let mut is_covered = vec![false; features];
    let mut chosen = Vec::new();
    let mut groups: Vec<&[(u64, u32)]> = candidates.chunk_by(|a, b| a.0 == b.0).collect();
    // A page has four features at most, and what it gains only falls: four looks at all of them are greedy.
    for gain in (1..=FEATURES).rev() {
        groups.retain(|group| {
            let open = group.iter().filter(|(_, place)| !is_covered[*place as usize]).count();
            if open < gain || chosen.len() as u64 == PREFIX_PAGES {
                return open > 0;
            }
            group.iter().for_each(|(_, place)| is_covered[*place as usize] = true);
            chosen.push(group[0].0);
            false
        });
    }
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_that_covers_most_comes_first_and_twins_are_left_out() {
        // Page 7 has features 0 to 2; page 9 the same and is not needed; page 3 has feature 3 and one covered already.
        let mut candidates = vec![(7, 0), (7, 1), (7, 2), (9, 0), (9, 1), (9, 2), (3, 2), (3, 3)];
        candidates.sort_unstable();
        assert_eq!(cover(candidates, 5), [3, 7]);
    }

    #[test]
    fn neighbours_are_added_while_they_fit_and_are_not_zero() {
        let mut sent = Sent::new(8);
        for first in 0..4 {
            sent.begin_window(first);
            sent.add_chunk(if first == 1 { 0b1111_1111_1111_0111 } else { u16::MAX });
            sent.end_window(vec![(first, first * 16 + 1)]);
        }
        // Window 3 may name chunks 0 and 1.
        let mut sources = Sources { base: None, sent: &sent };
        let chosen = sources.choose(&[1], &[]).unwrap();
        // Feature 1 is of page 17; page 19 is zero; 8 rounds downwards.
        assert_eq!(chosen.new, (9..19).collect::<Vec<u64>>());
        assert_eq!(sources.choose(&[2], &[]).unwrap(), Chosen::default(), "too late");
    }
}
