//! From what the user typed to ids: the region meant by default, an image by its name, a copy by its id alone.

use api::native::wire::{Copy, Image, Items, Region};
use futures::future;
use model::{CopyId, RegionId};

use super::Client;
use crate::cli::ImageRef;
use crate::failure::Failure;

impl Client {
    /// The regions of the deployment.
    pub async fn regions(&self) -> Result<Vec<Region>, Failure> {
        let page: Items<Region> = self.get("list the regions", "/v1/regions".to_owned()).await?;
        Ok(page.items)
    }

    /// The region that was named, else the profile's, else the deployment's first.
    pub async fn region(&self, named: Option<&RegionId>) -> Result<RegionId, Failure> {
        if let Some(region) = named.or(self.region.as_ref()) {
            return Ok(region.clone());
        }
        let first = self.regions().await?.into_iter().next();
        let none = || Failure::NoRegion { endpoint: self.endpoint().to_owned() };
        first.and_then(|region| region.id.parse().ok()).ok_or_else(none)
    }

    /// The id of an image that was named by id or by a name that only one image has.
    pub async fn image_id(&self, region: &RegionId, image: &ImageRef) -> Result<String, Failure> {
        match image {
            ImageRef::Id(id) => Ok(id.to_string()),
            ImageRef::Name(_) => self.image(region, image).await.map(|image| image.id),
        }
    }

    /// An image that was named by id or by a name that only one image has.
    pub async fn image(&self, region: &RegionId, image: &ImageRef) -> Result<Image, Failure> {
        let name = match image {
            ImageRef::Id(id) => {
                return self
                    .get("show the image", format!("/v1/regions/{region}/images/{id}"))
                    .await;
            }
            ImageRef::Name(name) => name,
        };
        let path = format!("/v1/regions/{region}/images");
        let query = [("name".to_owned(), name.to_string())];
        let mut found: Vec<Image> =
            self.list("look for the image by its name", &path, &query, Some(20)).await?;
        match found.len() {
            0 => Err(Failure::NoImageOfName { name: name.clone(), region: region.clone() }),
            1 => Ok(found.remove(0)),
            count => {
                let ids: Vec<&str> = found.iter().map(|image| image.id.as_str()).collect();
                Err(Failure::AmbiguousName {
                    name: name.clone(),
                    region: region.clone(),
                    count,
                    ids: ids.join(", "),
                })
            }
        }
    }

    /// A copy, in the region named or else wherever it is found.
    pub async fn copy(&self, copy: &CopyId, region: Option<&RegionId>) -> Result<Copy, Failure> {
        let at = |region: &str| {
            self.get::<Copy>("show the copy", format!("/v1/regions/{region}/copies/{copy}"))
        };
        if let Some(region) = region {
            return at(region.as_str()).await;
        }
        let regions = self.regions().await?;
        let answers = future::join_all(regions.iter().map(|region| at(&region.id))).await;
        let mut failed = None;
        for answer in answers {
            match answer {
                Ok(copy) => return Ok(copy),
                Err(Failure::Answered { problem, .. }) if problem.status == 404 => {}
                Err(failure) => failed = Some(failure),
            }
        }
        Err(failed.unwrap_or(Failure::CopyNowhere { copy: copy.to_string() }))
    }
}
