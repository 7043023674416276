//! The JSON between regions for copies that are asked for together.

use axum::extract::{FromRequest, Request};
use region::{Accepted, CopyOffer, Withdrawal};
use serde::{Deserialize, Serialize};

use super::PeerSecret;
use super::wire::{AcceptedWire, Malformed, OfferWire, read};
use crate::native::json_of;
use crate::refusal::Refusal;

/// The most bytes that a body of offers may have: 100 images, each with all the tags and particulars that it may have.
const OFFERS_BYTES: usize = 16 << 20;

/// Several offers to one target.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OffersWire {
    pub(super) offers: Vec<OfferWire>,
}

impl OffersWire {
    pub(super) fn new(offers: &[CopyOffer], secret: &PeerSecret) -> Self {
        OffersWire { offers: offers.iter().map(|offer| OfferWire::new(offer, secret)).collect() }
    }

    #[cfg(feature = "fuzzing")]
    pub(super) fn parse(self, secret: &PeerSecret) -> Result<Vec<CopyOffer>, Malformed> {
        self.offers.into_iter().map(|offer| offer.parse(secret)).collect()
    }
}

/// Offers as they come.
pub(super) struct ReadOffers(pub(super) OffersWire);

impl<S: Send + Sync> FromRequest<S> for ReadOffers {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        json_of(request, OFFERS_BYTES).await.map(ReadOffers)
    }
}

/// The promises of several copies.
#[derive(Serialize, Deserialize)]
pub(super) struct AllAcceptedWire {
    accepted: Vec<AcceptedWire>,
}

impl From<Vec<Accepted>> for AllAcceptedWire {
    fn from(accepted: Vec<Accepted>) -> Self {
        AllAcceptedWire { accepted: accepted.into_iter().map(AcceptedWire::from).collect() }
    }
}

impl AllAcceptedWire {
    /// As many promises as copies were offered.
    pub(super) fn parse(self, offered: usize) -> Result<Vec<Accepted>, Malformed> {
        if self.accepted.len() != offered {
            let reason = format!("`{}` of `{offered}` copies are answered", self.accepted.len());
            return Err(Malformed::new("accepted", reason));
        }
        self.accepted.into_iter().map(AcceptedWire::parse).collect()
    }
}

/// Copies that their source takes back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WithdrawalWire {
    source: String,
    copies: Vec<String>,
    request_id: String,
}

impl From<&Withdrawal> for WithdrawalWire {
    fn from(withdrawal: &Withdrawal) -> Self {
        WithdrawalWire {
            source: withdrawal.source.to_string(),
            copies: withdrawal.copies.iter().map(ToString::to_string).collect(),
            request_id: withdrawal.request_id.clone(),
        }
    }
}

impl WithdrawalWire {
    pub(super) fn parse(self) -> Result<Withdrawal, Malformed> {
        let request_id = crate::RequestId::given(&self.request_id);
        let request_id =
            request_id.ok_or_else(|| Malformed::new("request_id", "it has not the form of one"))?;
        Ok(Withdrawal {
            source: read("source", &self.source)?,
            copies: self
                .copies
                .iter()
                .map(|copy| read("copies", copy))
                .collect::<Result<_, _>>()?,
            request_id: request_id.as_str().to_owned(),
        })
    }
}
