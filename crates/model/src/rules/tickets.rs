//! Decisions on size, borders and approvals: what a profile lets leave its region, and what a ticket does for it.

use std::collections::BTreeSet;

use crate::field::{Field, FieldRefusal};
use crate::ids::{CopyId, ImageId, RegionId, TicketId};
use crate::profile::{Again, Border, Profile};
use crate::rejection::Rejection;
use crate::ticket::{TicketFacts, TicketNeed, TicketState, Zone};
use crate::time::Timestamp;

/// The longest time that an approval counts, in days: long enough for a planned move, short enough to be thought about again.
pub const MAX_APPROVAL_DAYS: u64 = 90;

const DAY_MS: i64 = 86_400_000;

/// Whether a list of images may be copied in one request: at least one, none twice, not too many (R002-1).
pub fn judge_images(images: &[ImageId], profile: &Profile) -> Result<(), Rejection> {
    if images.is_empty() {
        return Err(Rejection::field(Field::Images, FieldRefusal::Empty));
    }
    if images.len() > profile.images_at_once {
        return Err(Rejection::TooManyImages { limit: profile.images_at_once });
    }
    if images.iter().collect::<BTreeSet<_>>().len() < images.len() {
        return Err(Rejection::field(Field::Images, FieldRefusal::Twice));
    }
    Ok(())
}

/// Whether an image is too large to be copied at all (R003-4). No approval changes that.
pub fn judge_size(image: &ImageId, size_bytes: u64, profile: &Profile) -> Result<(), Rejection> {
    match profile.largest_bytes {
        Some(limit_bytes) if size_bytes > limit_bytes => {
            Err(Rejection::ImageTooLarge { image: image.clone(), size_bytes, limit_bytes })
        }
        Some(_) | None => Ok(()),
    }
}

/// What is known at the source's door of a copy into one target.
#[derive(Clone, Debug)]
pub struct DepartureFacts {
    /// The image.
    pub image: ImageId,
    /// Where it is to go.
    pub target: RegionId,
    /// Its virtual size, all disks together.
    pub size_bytes: u64,
    /// The source region's border zone.
    pub from: Zone,
    /// The target region's border zone.
    pub to: Zone,
    /// A copy that reads the image, and where it goes.
    pub held_by: Option<(CopyId, RegionId)>,
    /// The account's tickets that cover the image and the target, the newest first.
    pub tickets: Vec<TicketFacts>,
    /// The present instant.
    pub now: Timestamp,
}

/// How a copy may leave its region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Departure {
    /// Nobody needs to be asked.
    Free,
    /// On the approval of this ticket, which it spends.
    Approved(TicketId),
}

/// Why a copy needs an approval; none where it needs none (R000-7, R001-9, R003-2). Both may be so: the size is told first.
pub fn ticket_need(facts: &DepartureFacts, profile: &Profile) -> Option<TicketNeed> {
    let size_bytes = facts.size_bytes;
    if let Some(limit_bytes) = profile.ticket_above_bytes.filter(|limit| size_bytes > *limit) {
        return Some(TicketNeed::Size { size_bytes, limit_bytes });
    }
    match profile.border {
        Border::NeedsApproval if facts.from != facts.to => {
            Some(TicketNeed::Border { from: facts.from.clone(), to: facts.to.clone() })
        }
        Border::NeedsApproval | Border::Open => None,
    }
}

/// Whether a copy may leave its region, and on which approval. Where no ticket allows it, the newest one says why not.
pub fn judge_departure(facts: &DepartureFacts, profile: &Profile) -> Result<Departure, Rejection> {
    if let (Again::AnyTarget, Some((by, target))) = (profile.again, &facts.held_by) {
        let (image, target, by) = (facts.image.clone(), target.clone(), by.clone());
        return Err(Rejection::AlreadyCopying { image, target, by });
    }
    let Some(need) = ticket_need(facts, profile) else { return Ok(Departure::Free) };
    let usable = facts.tickets.iter().find(|ticket| refusal_of(ticket, facts.now).is_none());
    if let Some(ticket) = usable {
        return Ok(Departure::Approved(ticket.ticket.clone()));
    }
    let newest = facts.tickets.first().and_then(|ticket| refusal_of(ticket, facts.now));
    let (image, target) = (facts.image.clone(), facts.target.clone());
    Err(newest.unwrap_or(Rejection::TicketNeeded { image, target, need }))
}

/// Why a ticket does not let a copy run; none where it does.
fn refusal_of(facts: &TicketFacts, now: Timestamp) -> Option<Rejection> {
    let ticket = facts.ticket.clone();
    match (facts.state, &facts.spent_on, facts.until) {
        (TicketState::Open, ..) => Some(Rejection::TicketUndecided { ticket }),
        (TicketState::Refused, ..) => Some(Rejection::TicketRefused { ticket }),
        (TicketState::Approved, Some(by), _) => {
            Some(Rejection::TicketSpent { ticket, by: by.clone() })
        }
        (TicketState::Approved, None, Some(until)) if now >= until => {
            Some(Rejection::TicketExpired { ticket, until })
        }
        (TicketState::Approved, None, _) => None,
    }
}

/// Whether a ticket may be opened: one question at a time for an image and a target.
pub fn judge_opening(covering: &[TicketFacts]) -> Result<(), Rejection> {
    match covering.iter().find(|ticket| ticket.state == TicketState::Open) {
        Some(open) => Err(Rejection::TicketUndecided { ticket: open.ticket.clone() }),
        None => Ok(()),
    }
}

/// Whether a ticket may be decided: each is decided once.
pub fn judge_decision(ticket: &TicketId, state: TicketState) -> Result<(), Rejection> {
    match state {
        TicketState::Open => Ok(()),
        TicketState::Approved | TicketState::Refused => {
            Err(Rejection::TicketDecided { ticket: ticket.clone(), state })
        }
    }
}

/// Whether an approval may count until then: it ends in the future, at most [`MAX_APPROVAL_DAYS`] from now. The refusal tells
/// the days, begun ones counted.
pub fn judge_until(until: Timestamp, now: Timestamp) -> Result<(), Rejection> {
    let days = until.ms_since(now).unsigned_abs().div_ceil(DAY_MS.unsigned_abs());
    if (1..=MAX_APPROVAL_DAYS).contains(&days) {
        return Ok(());
    }
    let refusal = FieldRefusal::OutOfRange { value: days, min: 1, max: MAX_APPROVAL_DAYS };
    Err(Rejection::field(Field::Until, refusal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::NameRule;

    const GIB: u64 = 1 << 30;

    fn facts() -> DepartureFacts {
        DepartureFacts {
            image: ImageId::from_random(|| 1),
            target: "south".parse().unwrap(),
            size_bytes: 200 * GIB,
            from: Zone::default(),
            to: Zone::default(),
            held_by: None,
            tickets: Vec::new(),
            now: Timestamp(1_000),
        }
    }

    fn sized() -> Profile {
        Profile { ticket_above_bytes: Some(200 * GIB), ..Profile::native() }
    }

    fn bordered() -> Profile {
        Profile { border: Border::NeedsApproval, ..Profile::native() }
    }

    fn ticket(n: u8, state: TicketState) -> TicketFacts {
        TicketFacts {
            ticket: TicketId::from_random(|| n),
            state,
            until: (state == TicketState::Approved).then_some(Timestamp(2_000)),
            spent_on: None,
            target: "south".parse().unwrap(),
        }
    }

    /// R000-7, R001-9: exactly 200 GiB passes, one byte more needs an approval; natively nothing does.
    #[test]
    fn r000_7_an_image_above_the_profiles_size_needs_a_ticket() {
        assert_eq!(judge_departure(&facts(), &sized()), Ok(Departure::Free));
        let larger = DepartureFacts { size_bytes: 200 * GIB + 1, ..facts() };
        let need = TicketNeed::Size { size_bytes: 200 * GIB + 1, limit_bytes: 200 * GIB };
        let (image, target) = (larger.image.clone(), larger.target.clone());
        assert_eq!(
            judge_departure(&larger, &sized()),
            Err(Rejection::TicketNeeded { image, target, need })
        );
        let huge = DepartureFacts { size_bytes: 8 << 40, ..facts() };
        assert_eq!(judge_departure(&huge, &Profile::native()), Ok(Departure::Free));
    }

    /// R003-2: inside a zone free, across zones by approval, under the profile that says so.
    #[test]
    fn r003_2_crossing_a_border_needs_a_ticket_where_the_profile_says_so() {
        assert_eq!(judge_departure(&facts(), &bordered()), Ok(Departure::Free));
        let abroad = DepartureFacts { to: "abroad".parse().unwrap(), ..facts() };
        let refused = judge_departure(&abroad, &bordered()).unwrap_err();
        let need = TicketNeed::Border { from: Zone::default(), to: "abroad".parse().unwrap() };
        assert!(matches!(refused, Rejection::TicketNeeded { need: given, .. } if given == need));
        assert_eq!(judge_departure(&abroad, &Profile::native()), Ok(Departure::Free));
    }

    #[test]
    fn r003_4_the_largest_size_passes_and_one_byte_more_is_refused_for_good() {
        let profile = Profile { largest_bytes: Some(50_000_000_000), ..Profile::native() };
        let image = facts().image;
        assert_eq!(judge_size(&image, 50_000_000_000, &profile), Ok(()));
        let refused = judge_size(&image, 50_000_000_001, &profile).unwrap_err();
        assert!(matches!(refused, Rejection::ImageTooLarge { limit_bytes: 50_000_000_000, .. }));
        assert_eq!(judge_size(&image, u64::MAX, &Profile::native()), Ok(()));
    }

    /// R000-7: what each kind of ticket does for a copy that needs one. The newest one speaks, but a usable one wins.
    #[test]
    fn r000_7_a_ticket_says_what_it_does_for_a_copy() {
        let (open, refused) = (ticket(1, TicketState::Open), ticket(2, TicketState::Refused));
        let approved = ticket(3, TicketState::Approved);
        let by = CopyId::from_random(|| 9);
        let spent = TicketFacts { spent_on: Some(by.clone()), ..ticket(4, TicketState::Approved) };
        let expired =
            TicketFacts { until: Some(Timestamp(1_000)), ..ticket(5, TicketState::Approved) };
        let id = |facts: &TicketFacts| facts.ticket.clone();
        let table = [
            (vec![open.clone()], Err(Rejection::TicketUndecided { ticket: id(&open) })),
            (vec![refused.clone()], Err(Rejection::TicketRefused { ticket: id(&refused) })),
            (vec![approved.clone()], Ok(Departure::Approved(id(&approved)))),
            (vec![spent.clone()], Err(Rejection::TicketSpent { ticket: id(&spent), by })),
            (
                vec![expired.clone()],
                Err(Rejection::TicketExpired { ticket: id(&expired), until: Timestamp(1_000) }),
            ),
            (
                vec![open.clone(), refused.clone()],
                Err(Rejection::TicketUndecided { ticket: id(&open) }),
            ),
            (vec![refused, spent, approved.clone()], Ok(Departure::Approved(id(&approved)))),
        ];
        for (tickets, wanted) in table {
            let facts = DepartureFacts { size_bytes: 201 * GIB, tickets, ..facts() };
            assert_eq!(judge_departure(&facts, &sized()), wanted, "{:?}", facts.tickets);
        }
    }

    /// R002-8: under a profile that says so, an image that is being copied anywhere is not copied again.
    #[test]
    fn r002_8_any_copy_of_the_image_refuses_another_where_the_profile_says_so() {
        let west = (CopyId::from_random(|| 4), "west".parse().unwrap());
        let held = DepartureFacts { held_by: Some(west), ..facts() };
        assert_eq!(judge_departure(&held, &Profile::native()), Ok(Departure::Free));
        let any = Profile { again: Again::AnyTarget, ..Profile::native() };
        let refused = judge_departure(&held, &any).unwrap_err();
        assert!(
            matches!(refused, Rejection::AlreadyCopying { target, .. } if target.as_str() == "west")
        );
    }

    /// R002-1: one to five images in one request, each once; six are refused.
    #[test]
    fn r002_1_one_to_five_images_and_no_more() {
        let profile = Profile { images_at_once: 5, names: NameRule::Free, ..Profile::native() };
        let images: Vec<_> = (0..6).map(|n| ImageId::from_random(|| n)).collect();
        for count in 1..=5 {
            assert_eq!(judge_images(&images[..count], &profile), Ok(()));
        }
        assert_eq!(judge_images(&images, &profile), Err(Rejection::TooManyImages { limit: 5 }));
        assert!(judge_images(&[], &profile).is_err());
        let twice = [images[0].clone(), images[0].clone()];
        let refused = Rejection::field(Field::Images, FieldRefusal::Twice);
        assert_eq!(judge_images(&twice, &profile), Err(refused));
    }

    #[test]
    fn approvals_end_in_the_future_and_within_ninety_days() {
        let now = Timestamp(1_000);
        for good in [1, DAY_MS, 90 * DAY_MS] {
            assert_eq!(judge_until(now.plus_ms(good), now), Ok(()), "{good}");
        }
        for (wrong, value) in [(0, 0), (-1, 0), (90 * DAY_MS + 1, 91)] {
            let refusal = FieldRefusal::OutOfRange { value, min: 1, max: 90 };
            let refused = Rejection::field(Field::Until, refusal);
            assert_eq!(judge_until(now.plus_ms(wrong), now), Err(refused), "{wrong}");
        }
    }

    #[test]
    fn a_ticket_is_asked_once_and_decided_once() {
        let id = TicketId::from_random(|| 1);
        for state in TicketState::ALL {
            assert_eq!(judge_decision(&id, *state).is_ok(), *state == TicketState::Open);
            assert_eq!(judge_opening(&[ticket(1, *state)]).is_err(), *state == TicketState::Open);
        }
        assert_eq!(judge_opening(&[]), Ok(()));
    }
}
