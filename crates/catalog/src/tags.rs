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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{catalog, image, put_image};

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        Tags::new(pairs.iter().map(|(key, value)| (key.to_string(), value.to_string()))).unwrap()
    }

    #[tokio::test]
    async fn tags_read_back_as_written_and_are_replaced() {
        let (_folder, catalog) = catalog().await;
        let (first, second) = (image(1, 1), image(2, 1));
        let mut tx = catalog.begin().await.unwrap();
        put_image(&mut tx, &first).await;
        put_image(&mut tx, &second).await;
        let old = tags(&[("团队", "web"), ("empty", ""), ("quote", "it's")]);
        tx.set_tags(&first.id, &old).await.unwrap();
        tx.set_tags(&second.id, &tags(&[("k", "2")])).await.unwrap();
        assert_eq!(tx.tags(&first.id).await.unwrap(), old);
        tx.set_tags(&first.id, &tags(&[("k", "1")])).await.unwrap();
        let found =
            tx.tags_of(&[first.id.clone(), second.id.clone(), image(3, 1).id]).await.unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[&first.id], tags(&[("k", "1")]));
        assert_eq!(found[&second.id], tags(&[("k", "2")]));
        tx.set_tags(&first.id, &Tags::default()).await.unwrap();
        assert!(tx.tags(&first.id).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn an_image_that_is_not_there_takes_no_tags() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        assert!(tx.set_tags(&image(1, 1).id, &tags(&[("k", "1")])).await.is_err());
    }
}
