//! The tags of images.

use std::collections::HashMap;

use model::{ImageId, Tags};
use sqlx::query;

use crate::fault::CatalogFault;
use crate::image::json_ids;
use crate::stored::Stored;
use crate::tx::Tx;

pub(crate) const OF_IMAGES: &str = "SELECT * FROM image_tag \
    WHERE image IN (SELECT value FROM json_each(?)) ORDER BY image, key";

impl Tx {
    /// Gives an image these tags in place of those it has.
    pub async fn set_tags(&mut self, image: &ImageId, tags: &Tags) -> Result<(), CatalogFault> {
        let forget = query("DELETE FROM image_tag WHERE image = ?").bind(image.as_str());
        self.run("remove the tags of an image", forget).await?;
        for (key, value) in tags.iter() {
            let insert = query("INSERT INTO image_tag (image, key, value) VALUES (?, ?, ?)");
            let insert = insert.bind(image.as_str()).bind(key).bind(value);
            self.run("record a tag", insert).await?;
        }
        Ok(())
    }

    /// The tags of an image; none for an image that is not there.
    pub async fn tags(&mut self, image: &ImageId) -> Result<Tags, CatalogFault> {
        let mut tags = self.tags_of(std::slice::from_ref(image)).await?;
        Ok(tags.remove(image).unwrap_or_default())
    }

    /// The tags of several images. An image without tags has no entry.
    pub async fn tags_of(
        &mut self,
        images: &[ImageId],
    ) -> Result<HashMap<ImageId, Tags>, CatalogFault> {
        let mut pairs: HashMap<ImageId, Vec<(String, String)>> = HashMap::new();
        let rows = self.all("find tags", query(OF_IMAGES).bind(json_ids(images))).await?;
        for row in &rows {
            let stored = Stored { table: "image_tag", row };
            let pair = (stored.text("key")?, stored.text("value")?);
            pairs.entry(stored.word("image")?).or_default().push(pair);
        }
        let checked = pairs.into_iter().map(|(image, pairs)| {
            let tags = Tags::new(pairs).map_err(|_| CatalogFault::Corrupt {
                table: "image_tag",
                column: "key",
                value: format!("the tags of {image}"),
            })?;
            Ok((image, tags))
        });
        checked.collect()
    }
}
