//! Regions.

use region::{RegionPlace, RegionView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who serves a region.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The process that answers.
    Here,
    /// Another; ask at its endpoint.
    Elsewhere,
}

/// A region of the deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Region {
    /// Its name.
    #[schema(example = "cn-hangzhou")]
    pub id: String,
    /// Who serves it.
    pub place: Place,
    /// Where it is served, if elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

impl From<RegionView> for Region {
    fn from(view: RegionView) -> Self {
        let (place, endpoint) = match view.place {
            RegionPlace::Here => (Place::Here, None),
            RegionPlace::Elsewhere { endpoint } => (Place::Elsewhere, Some(endpoint)),
        };
        Region { id: view.id.to_string(), place, endpoint }
    }
}
