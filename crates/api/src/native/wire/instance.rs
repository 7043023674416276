//! Instances: records that say an image is used.

use region::InstanceView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{TagMap, rfc3339};

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Instance {
    /// Its id.
    #[schema(example = "i-abcdefghijklmnopqrst")]
    pub id: String,
    /// Where it is.
    pub region: String,
    /// Its name.
    pub name: String,
    /// The image its system disk was made from.
    pub image: String,
    /// Its tags.
    #[serde(default)]
    pub tags: TagMap,
    /// When it was registered.
    pub created: String,
}

/// An instance to register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceRequest {
    /// Its name.
    pub name: String,
    /// The image it uses.
    pub image: String,
}

/// The image that an instance's system disk is to be made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceImage {
    /// The image.
    pub image: String,
}

impl From<InstanceView> for Instance {
    fn from(view: InstanceView) -> Self {
        Instance {
            id: view.id.to_string(),
            region: view.region.to_string(),
            name: view.name.to_string(),
            image: view.image.to_string(),
            tags: TagMap::from(&view.tags),
            created: rfc3339(view.created),
        }
    }
}
