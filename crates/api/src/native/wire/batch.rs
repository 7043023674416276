//! Copies of several images at once.

use model::{ClientToken, ImageId};
use region::CopyImage;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CopyRequest, CopyResult};
use crate::refusal::{BadRequest, Refusal};

/// Copy several images to the same regions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchRequest {
    /// The images, at most 100, each once.
    pub images: Vec<String>,
    /// What is done with each. `dry_run` is for one image at a time.
    pub copy: CopyRequest,
    /// Promise all copies of all images, or none: where one target refuses one image, that is the answer. Absent: no.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub together: bool,
}

/// What the targets answered for one image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImageCopies {
    /// The source image.
    pub image: String,
    /// One per target, in the order they were named.
    pub results: Vec<CopyResult>,
}

/// What became of each image, in the order they were named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatchAnswer {
    /// One per image.
    pub images: Vec<ImageCopies>,
}

impl BatchRequest {
    pub(crate) fn into_commands(
        self,
        token: Option<ClientToken>,
    ) -> Result<Vec<CopyImage>, Refusal> {
        if self.copy.dry_run {
            return Err(BadRequest::value("dry_run", "it is for one image at a time").into());
        }
        let images = self.images.iter().map(|image| {
            let image: ImageId =
                image.parse().map_err(|error| BadRequest::value("images", error))?;
            self.copy.clone().into_command(image, token.clone())
        });
        images.collect()
    }
}
