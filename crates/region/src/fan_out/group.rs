//! Who serves what: the other targets of one disk as a target sees them, and whose share each chunk is.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use model::RegionId;
use store::ChunkId;
use tokio_util::sync::CancellationToken;

use super::relaying::LinkUse;

/// Places by which two targets may differ and yet go side by side.
const LEVEL_PLACES: u64 = 1_024;
/// So many wrong chunks, and a relay is left for the rest of the transfer.
const WRONG_MAX: u64 = 3;
/// So many answers in a row with nothing in them, and a relay is not asked until it says where it is.
const EMPTY_MAX: u32 = 2;
/// So many questions in a row without an answer, and a region has nothing.
const SILENT_MAX: u32 = 2;
/// How long a relay that failed is left alone, the first time and at most.
const REST: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

/// What another region has of the disk.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing, or it was not asked.
    Nothing,
    /// It receives it and is far behind this region.
    Behind,
    /// It receives it side by side with this region: each has its share.
    Level,
    /// It receives it and has what this region comes to next.
    Ahead,
    /// It has all of it.
    Whole,
}

impl Standing {
    /// How a receiver stands that has come so far, to one that has come as far as `here`.
    pub(super) fn of_receiver(come: u64, here: u64) -> Standing {
        if come > here.saturating_add(LEVEL_PLACES) {
            Standing::Ahead
        } else if here > come.saturating_add(LEVEL_PLACES) {
            Standing::Behind
        } else {
            Standing::Level
        }
    }
}

/// How a relay answered.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// With something that was asked for.
    Served,
    /// With nothing.
    Empty,
    /// It broke off, was too slow, or could not be reached.
    Failed,
    /// It broke the protocol.
    Lied,
}

/// Another region, as a relay.
pub(super) struct Member {
    standing: Standing,
    failures: u32,
    rests_until: Option<Instant>,
    empty: u32,
    silent: u32,
    wrong: u64,
    is_left: bool,
    link: Option<LinkUse>,
    lost: CancellationToken,
}

impl Default for Member {
    fn default() -> Self {
        Member {
            standing: Standing::Nothing,
            failures: 0,
            rests_until: None,
            empty: 0,
            silent: 0,
            wrong: 0,
            is_left: false,
            link: None,
            lost: CancellationToken::new(),
        }
    }
}

impl Member {
    fn is_usable(&self, now: Instant) -> bool {
        !self.is_left && self.link.is_some() && self.rests_until.is_none_or(|until| until <= now)
    }

    /// What it is being asked goes to others at once.
    fn lose(&mut self) {
        std::mem::take(&mut self.lost).cancel();
    }
}

/// The other regions, by name.
pub(super) struct Group {
    own: RegionId,
    members: BTreeMap<RegionId, Member>,
}

impl Group {
    pub(super) fn new(own: RegionId) -> Self {
        Group { own, members: BTreeMap::new() }
    }

    /// Notes what a region said it has, and the place it takes on its link; none where the link has no place for it.
    pub(super) fn note(
        &mut self,
        region: &RegionId,
        standing: Standing,
        link: impl FnOnce() -> Option<LinkUse>,
    ) {
        let member = self.members.entry(region.clone()).or_default();
        (member.standing, member.empty, member.silent) = (standing, 0, 0);
        match standing {
            Standing::Nothing => {
                member.link = None;
                member.lose();
            }
            Standing::Behind | Standing::Level | Standing::Ahead | Standing::Whole => {
                if member.link.is_none() && !member.is_left {
                    member.link = link();
                }
            }
        }
    }

    /// A region did not say what it has. Once may be chance: what is asked of it shows.
    pub(super) fn note_silence(&mut self, region: &RegionId) {
        let member = self.members.entry(region.clone()).or_default();
        let silent = member.silent + 1;
        if silent >= SILENT_MAX {
            self.note(region, Standing::Nothing, || None);
        } else {
            member.silent = silent;
        }
    }

    /// Whether a region was left for good.
    pub(super) fn is_left(&self, region: &RegionId) -> bool {
        self.members.get(region).is_some_and(|member| member.is_left)
    }

    /// Gives back the place on a link that is paused or full by now.
    pub(super) fn leave_link(&mut self, region: &RegionId) {
        if let Some(member) = self.members.get_mut(region)
            && member.link.take().is_some()
        {
            member.lose();
        }
    }

    /// The regions that take a place on their links.
    pub(super) fn on_links(&self) -> Vec<RegionId> {
        let on = self.members.iter().filter(|(_, member)| member.link.is_some());
        on.map(|(region, _)| region.clone()).collect()
    }

    fn standing_so(&self, is_meant: impl Fn(Standing) -> bool) -> Vec<RegionId> {
        let now = Instant::now();
        let meant = self
            .members
            .iter()
            .filter(|(_, member)| member.is_usable(now) && is_meant(member.standing));
        meant.map(|(region, _)| region.clone()).collect()
    }

    /// Those among whom the chunks are shared out, this region among them.
    pub(super) fn sharers(&self) -> Vec<RegionId> {
        let mut sharers = self.standing_so(|standing| standing == Standing::Level);
        sharers.push(self.own.clone());
        sharers
    }

    /// Those that have what comes next.
    pub(super) fn holders(&self) -> Vec<RegionId> {
        self.standing_so(|standing| matches!(standing, Standing::Ahead | Standing::Whole))
    }

    /// Those that may want of this region what it receives.
    pub(super) fn has_receivers(&self) -> bool {
        self.members.values().any(|member| match member.standing {
            Standing::Behind | Standing::Level | Standing::Ahead => true,
            Standing::Nothing | Standing::Whole => false,
        })
    }

    /// Whether a region that asks is known to go side by side with this one, or before it.
    pub(super) fn knows(&self, region: &RegionId) -> bool {
        self.members.get(region).is_some_and(|member| match member.standing {
            Standing::Level | Standing::Ahead | Standing::Whole => true,
            Standing::Nothing | Standing::Behind => false,
        })
    }

    /// Is cancelled when the region is not to be asked any longer.
    pub(super) fn lost(&mut self, region: &RegionId) -> CancellationToken {
        self.members.entry(region.clone()).or_default().lost.clone()
    }

    /// Learns from an answer.
    pub(super) fn learn(&mut self, region: &RegionId, outcome: Outcome) {
        let Some(member) = self.members.get_mut(region) else { return };
        match outcome {
            Outcome::Served => (member.failures, member.empty) = (0, 0),
            Outcome::Empty => {
                member.empty += 1;
                if member.empty >= EMPTY_MAX && member.standing != Standing::Nothing {
                    member.standing = Standing::Behind;
                }
            }
            Outcome::Failed => {
                member.failures += 1;
                let rest = REST.0.saturating_mul(1 << (member.failures - 1).min(8)).min(REST.1);
                member.rests_until = Some(Instant::now() + rest);
                member.lose();
            }
            Outcome::Lied => {
                member.is_left = true;
                member.link = None;
                member.lose();
            }
        }
    }

    /// A relay sent a wrong chunk; whether it is left for that now.
    pub(super) fn blame(&mut self, region: &RegionId) -> bool {
        let Some(member) = self.members.get_mut(region) else { return false };
        member.wrong += 1;
        let is_left = member.wrong >= WRONG_MAX && !member.is_left;
        if is_left {
            self.learn(region, Outcome::Lied);
        }
        is_left
    }
}

/// Whose share a chunk is: that one's for whom the pair weighs most, so that who comes or goes moves no other's share
/// (docs/formats.md, section 23).
pub(super) fn owner_of<'a>(id: &ChunkId, sharers: &'a [RegionId]) -> Option<&'a RegionId> {
    sharers.iter().max_by_key(|region| (weight(id, region), region.as_str()))
}

fn weight(id: &ChunkId, region: &RegionId) -> u64 {
    let mut name = 0xcbf2_9ce4_8422_2325_u64;
    for byte in region.as_str().bytes() {
        name = (name ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    let first: [u8; 8] = id.as_bytes()[..8].try_into().expect("an id has 32 bytes");
    let mut mixed = u64::from_le_bytes(first) ^ name;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fan_out::relaying::LinkUses;

    fn region(name: &str) -> RegionId {
        name.parse().unwrap()
    }

    fn ids() -> Vec<ChunkId> {
        (0..10_000_u64).map(|n| ChunkId::of(&n.to_le_bytes())).collect()
    }

    #[test]
    fn shares_are_even_and_only_the_lost_one_moves() {
        let all: Vec<_> = ["east", "north", "south", "west"].map(region).to_vec();
        let without: Vec<_> =
            all.iter().filter(|name| **name != region("south")).cloned().collect();
        let mut count = BTreeMap::new();
        for id in ids() {
            let owner = owner_of(&id, &all).unwrap();
            *count.entry(owner.clone()).or_insert(0) += 1;
            if *owner != region("south") {
                assert_eq!(owner_of(&id, &without), Some(owner));
            }
        }
        assert!(count.values().all(|count| (2_300..2_700).contains(count)), "{count:?}");
        assert_eq!(owner_of(&ids()[0], &[]), None);
    }

    /// The bytes of section 23 of docs/formats.md: regions of two versions must agree.
    #[test]
    fn a_share_is_what_the_format_says() {
        let weight = |name: &str| weight(&ChunkId::from_bytes([1; 32]), &region(name));
        assert_eq!(weight("north"), 0x69a3_0542_1162_80cd);
    }

    fn group(standings: &[(&str, Standing)]) -> Group {
        let uses = LinkUses::default();
        let mut group = Group::new(region("here"));
        for (name, standing) in standings {
            group.note(&region(name), *standing, || uses.enter(&region(name), None, 0));
        }
        group
    }

    #[test]
    fn who_is_level_shares_and_who_is_ahead_holds() {
        let group = group(&[
            ("ahead", Standing::Ahead),
            ("behind", Standing::Behind),
            ("level", Standing::Level),
            ("none", Standing::Nothing),
            ("whole", Standing::Whole),
        ]);
        assert_eq!(group.sharers(), [region("level"), region("here")]);
        assert_eq!(group.holders(), [region("ahead"), region("whole")]);
        assert!(group.has_receivers());
        for (come, here, so) in [
            (0, 0, Standing::Level),
            (0, 1_024, Standing::Level),
            (0, 1_025, Standing::Behind),
            (1_025, 0, Standing::Ahead),
        ] {
            assert_eq!(Standing::of_receiver(come, here), so);
        }
    }

    #[test]
    fn who_is_silent_twice_has_nothing() {
        let mut group = group(&[("east", Standing::Whole)]);
        let east = region("east");
        group.note_silence(&east);
        assert_eq!(group.holders(), [region("east")]);
        group.note_silence(&east);
        assert!(group.holders().is_empty());
    }

    #[test]
    fn a_relay_that_fails_rests_and_one_that_lies_is_left() {
        let mut group = group(&[("east", Standing::Level), ("west", Standing::Level)]);
        let (east, west) = (region("east"), region("west"));
        let lost = group.lost(&east);
        group.learn(&east, Outcome::Failed);
        assert!(lost.is_cancelled() && !group.lost(&east).is_cancelled());
        assert_eq!(group.sharers(), [west.clone(), region("here")]);
        group.learn(&west, Outcome::Empty);
        assert_eq!(group.sharers().len(), 2);
        group.learn(&west, Outcome::Empty);
        assert_eq!(group.sharers(), [region("here")], "it does not come along");
        group.note(&west, Standing::Level, || None);
        assert_eq!(group.sharers().len(), 2, "it kept its place on the link");
        assert!(!group.blame(&west) && !group.blame(&west) && group.blame(&west));
        assert!(group.is_left(&west) && group.sharers() == [region("here")]);
        group.note(&west, Standing::Whole, || panic!("it is not asked again"));
        assert!(group.holders().is_empty());
    }
}
