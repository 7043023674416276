//! The files of images that were registered in place (R002-4).

use crate::statement::query;
use model::ImageId;

use crate::fault::CatalogFault;
use crate::stored::Stored;
use crate::tx::Tx;

/// Where an image's one disk lies. The row goes with its image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFileRow {
    /// The image.
    pub image: ImageId,
    /// The file's name in the account's folder of local images.
    pub file: String,
    /// Its format, as it was when it was registered.
    pub format: String,
}

impl Tx {
    /// Records where the disk of a new image lies.
    pub async fn insert_local_file(&mut self, file: &LocalFileRow) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO local_file (image, file, format) VALUES (?, ?, ?)";
        let insert = query(sql)
            .bind(file.image.as_str())
            .bind(file.file.as_str())
            .bind(file.format.as_str());
        self.run("record a local file", insert).await.map(|_| ())
    }

    /// Where an image's disk lies; none for an image that rests on snapshots.
    pub async fn local_file(
        &mut self,
        image: &ImageId,
    ) -> Result<Option<LocalFileRow>, CatalogFault> {
        let find = query("SELECT * FROM local_file WHERE image = ?").bind(image.as_str());
        let found = self.one("find a local file", find).await?;
        let read = |row: crate::statement::Row| {
            let stored = Stored { table: "local_file", row: &row };
            Ok(LocalFileRow {
                image: stored.word("image")?,
                file: stored.get("file")?,
                format: stored.get("format")?,
            })
        };
        found.map(read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{catalog, image, put_image};

    #[tokio::test]
    async fn r002_4_a_local_file_reads_back_as_written_and_goes_with_its_image() {
        let (_folder, catalog) = catalog().await;
        let row = LocalFileRow {
            image: image(1, 1).id,
            file: "web 'one'.qcow2".to_owned(),
            format: "qcow2".to_owned(),
        };
        let mut tx = catalog.begin().await.unwrap();
        put_image(&mut tx, &image(1, 1)).await;
        tx.insert_local_file(&row).await.unwrap();
        assert_eq!(tx.local_file(&row.image).await.unwrap(), Some(row.clone()));
        assert_eq!(tx.local_file(&image(2, 1).id).await.unwrap(), None);
        tx.delete_image(&row.image).await.unwrap();
        assert_eq!(tx.local_file(&row.image).await.unwrap(), None);
        tx.commit().await.unwrap();
    }
}
