//! The peer protocol: the requests of [`region::PeerRegion`] over HTTP/1.1 with streamed bodies.
//!
//! A peer is of the same deployment and shows its secret; still, whatever it sends is parsed through the model's own
//! constructors, and no list or text from it is without bounds.

mod client;
#[cfg(test)]
mod conformance_tests;
mod line;
mod parcels;
#[cfg(test)]
mod parcels_tests;
mod rejection;
mod relaying;
mod room;
mod secret;
mod server;
mod together;
mod urgency;
mod wire;

use region::IdSpace;
#[cfg(test)]
pub(crate) use rejection::tests::rejections as every_rejection;

pub use client::{PeerClient, PeerSetupError};
pub use secret::{PeerSecret, WeakSecret};
pub(crate) use server::{PeerDoor, router};

/// Parses the bytes as each body of the protocol.
#[cfg(feature = "fuzzing")]
pub(crate) fn parse_all(bytes: &[u8]) {
    use together::{AllAcceptedWire, OffersWire, WithdrawalWire};
    use wire::{AcceptedWire, EstimateWire, HeldWire, HoldWire, OfferWire};
    fn each<T: serde::de::DeserializeOwned, V, E>(bytes: &[u8], parse: impl Fn(T) -> Result<V, E>) {
        // Only whether it panics is asked.
        let _parsed = serde_json::from_slice::<T>(bytes).map(parse);
    }
    let secret = PeerSecret::new(&"0".repeat(32)).expect("it is long enough");
    each(bytes, |offer: OfferWire| offer.parse(&secret));
    each(bytes, AcceptedWire::parse);
    each(bytes, |offers: OffersWire| offers.parse(&secret));
    each(bytes, |accepted: AllAcceptedWire| accepted.parse(1));
    each(bytes, WithdrawalWire::parse);
    each(bytes, EstimateWire::parse);
    each(bytes, HoldWire::parse);
    let _parsed = (transfer::ParcelOrder::decode(bytes), transfer::Opened::decode(bytes));
    each(bytes, |held: HeldWire| held.parse(&secret));
}

/// The header that says whose chunks are asked for.
const ACCOUNT_HEADER: &str = "ferry-account";
/// The header that says by which names they are asked for.
const IDS_HEADER: &str = "ferry-ids";
/// The header with the id key, wrapped, that chunks are to be named by.
const ID_KEY_HEADER: &str = "ferry-id-key";

fn ids_word(ids: IdSpace) -> &'static str {
    match ids {
        IdSpace::Plain => "plain",
        IdSpace::Sealed => "sealed",
    }
}

fn ids_of(word: &str) -> Option<IdSpace> {
    match word {
        "plain" => Some(IdSpace::Plain),
        "sealed" => Some(IdSpace::Sealed),
        _ => None,
    }
}
