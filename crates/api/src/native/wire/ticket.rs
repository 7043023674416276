//! Tickets: asked, answered, and seen.

use model::{RegionId, Remark};
use region::{DecideTicket, OpenTicket, TicketView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{from_rfc3339, rfc3339};
use crate::refusal::{BadRequest, Refusal};

/// A request for an approval, in the region of its image, and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ticket {
    /// Its id.
    #[schema(example = "ticket-abcdefghijklmnopqrst")]
    pub id: String,
    /// The region of the image, which keeps the ticket.
    pub region: String,
    /// Whose image it is.
    pub account: String,
    /// Who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<String>,
    /// The image.
    pub image: String,
    /// What it covers.
    pub targets: Vec<TicketTarget>,
    /// Why it asks.
    pub why: String,
    /// `open`, `approved` or `refused`.
    pub state: String,
    /// Who decided it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// When it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<String>,
    /// What was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Until when a copy may begin on its approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// When it was opened.
    pub created: String,
}

/// A target that a ticket covers. Its approval lets one copy run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TicketTarget {
    /// The region.
    pub target: String,
    /// The copy that used the approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
}

/// Ask for an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketRequest {
    /// The image to be copied.
    pub image: String,
    /// Where it is to go, at most 100 regions, each once.
    pub targets: Vec<String>,
    /// Why: 1 to 1,000 characters.
    pub why: String,
}

/// Approve a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketApproval {
    /// Until when a copy may begin, RFC 3339; at most 90 days from now.
    #[schema(example = "2026-12-31T00:00:00Z")]
    pub until: String,
    /// In the operator's words: 1 to 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// Refuse a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketRefusal {
    /// Why not: 1 to 1,000 characters.
    pub answer: String,
}

impl From<TicketView> for Ticket {
    fn from(view: TicketView) -> Self {
        let target = |target: region::TicketTarget| TicketTarget {
            target: target.target.to_string(),
            copy: target.copy.map(|copy| copy.to_string()),
        };
        Ticket {
            id: view.id.to_string(),
            region: view.region.to_string(),
            account: view.account.to_string(),
            asked_by: view.asked_by.map(|user| user.to_string()),
            image: view.image.to_string(),
            targets: view.targets.into_iter().map(target).collect(),
            why: view.why.to_string(),
            state: view.state.to_string(),
            decided_by: view.decided_by.map(|user| user.to_string()),
            decided: view.decided.map(rfc3339),
            answer: view.answer.map(|answer| answer.to_string()),
            until: view.until.map(rfc3339),
            created: rfc3339(view.created),
        }
    }
}

impl TicketRequest {
    pub(crate) fn into_command(self) -> Result<OpenTicket, Refusal> {
        let target =
            |text: String| text.parse().map_err(|error| BadRequest::value("targets", error));
        Ok(OpenTicket {
            image: self.image.parse().map_err(|error| BadRequest::value("image", error))?,
            targets: self.targets.into_iter().map(target).collect::<Result<Vec<RegionId>, _>>()?,
            why: Remark::new(&self.why)?,
        })
    }
}

impl TicketApproval {
    pub(crate) fn into_command(self) -> Result<DecideTicket, Refusal> {
        let until = from_rfc3339(&self.until);
        Ok(DecideTicket::Approve {
            until: until.map_err(|error| BadRequest::value("until", error))?,
            answer: self.answer.as_deref().map(Remark::new).transpose()?,
        })
    }
}

impl TicketRefusal {
    pub(crate) fn into_command(self) -> Result<DecideTicket, Refusal> {
        Ok(DecideTicket::Refuse { answer: Remark::new(&self.answer)? })
    }
}
