//! Imports that run: images whose bytes a client sends, or that the region makes of files by itself.

use std::collections::HashMap;

use crate::statement::Row;
use crate::statement::query;
use model::{AccountId, ImageId, TaskId, Timestamp};

use crate::fault::CatalogFault;
use crate::image::json_ids;
use crate::outcome::Deleted;
use crate::stored::Stored;
use crate::tx::Tx;

/// An import that runs. It ends with its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRow {
    /// The image it makes.
    pub image: ImageId,
    /// Who owns it.
    pub account: AccountId,
    /// Where its bytes come from.
    pub source: ImportSource,
    /// When it began.
    pub created: Timestamp,
}

/// Where the bytes of an import come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportSource {
    /// A client sends them.
    Client,
    /// The region converts the file of a local image.
    LocalImage(ImageId),
    /// The region reads the objects of a task.
    Objects(TaskId),
}

impl ImportSource {
    /// Whether the region does the import by itself.
    pub fn is_of_files(&self) -> bool {
        match self {
            ImportSource::Client => false,
            ImportSource::LocalImage(_) | ImportSource::Objects(_) => true,
        }
    }
}

pub(crate) const LIST: &str = "SELECT * FROM import ORDER BY image";
pub(crate) const OF_IMAGES: &str =
    "SELECT * FROM import WHERE image IN (SELECT value FROM json_each(?))";
pub(crate) const CONVERSION: &str =
    "SELECT * FROM import WHERE source_image = ? AND source_image IS NOT NULL";
pub(crate) const CONVERSIONS: &str = "SELECT source_image, image FROM import \
    WHERE source_image IN (SELECT value FROM json_each(?)) AND source_image IS NOT NULL";

impl Tx {
    /// Records a new import.
    pub async fn insert_import(&mut self, import: &ImportRow) -> Result<(), CatalogFault> {
        let (source_image, task) = match &import.source {
            ImportSource::Client => (None, None),
            ImportSource::LocalImage(image) => (Some(image.as_str()), None),
            ImportSource::Objects(task) => (None, Some(task.as_str())),
        };
        let sql = "INSERT INTO import (image, account, created, source_image, task) VALUES (?, ?, ?, ?, ?)";
        let insert = query(sql)
            .bind(import.image.as_str())
            .bind(import.account.as_str())
            .bind(import.created.0)
            .bind(source_image)
            .bind(task);
        self.run("record an import", insert).await.map(|_| ())
    }

    /// An account's import of an image.
    pub async fn import(
        &mut self,
        account: &AccountId,
        image: &ImageId,
    ) -> Result<Option<ImportRow>, CatalogFault> {
        let find = query("SELECT * FROM import WHERE image = ? AND account = ?");
        let find = find.bind(image.as_str()).bind(account.as_str());
        self.one("find an import", find).await?.as_ref().map(import_from).transpose()
    }

    /// The imports that make these images; nothing of one that no import makes.
    pub async fn imports_of_images(
        &mut self,
        images: &[ImageId],
    ) -> Result<Vec<ImportRow>, CatalogFault> {
        let find = query(OF_IMAGES).bind(json_ids(images));
        self.all("find the imports of images", find).await?.iter().map(import_from).collect()
    }

    /// The import that converts an image's local file.
    pub async fn conversion_of(
        &mut self,
        source: &ImageId,
    ) -> Result<Option<ImportRow>, CatalogFault> {
        let find = query(CONVERSION).bind(source.as_str());
        self.one("find a conversion", find).await?.as_ref().map(import_from).transpose()
    }

    /// What is being made of each of these images, whose local files are being converted; nothing of any other.
    pub async fn conversions_of(
        &mut self,
        sources: &[ImageId],
    ) -> Result<HashMap<ImageId, ImageId>, CatalogFault> {
        let find = query(CONVERSIONS).bind(json_ids(sources));
        let rows = self.all("find conversions", find).await?;
        let read = |row| {
            let stored = Stored { table: "import", row };
            Ok((stored.word("source_image")?, stored.word("image")?))
        };
        rows.iter().map(read).collect()
    }

    /// Ends an import.
    pub async fn delete_import(&mut self, image: &ImageId) -> Result<Deleted, CatalogFault> {
        let delete = query("DELETE FROM import WHERE image = ?").bind(image.as_str());
        self.run("end an import", delete).await.map(Deleted::from_rows)
    }

    /// Every import of the region.
    pub async fn list_imports(&mut self) -> Result<Vec<ImportRow>, CatalogFault> {
        self.all("list imports", query(LIST)).await?.iter().map(import_from).collect()
    }
}

fn import_from(row: &Row) -> Result<ImportRow, CatalogFault> {
    let stored = Stored { table: "import", row };
    Ok(ImportRow {
        image: stored.word("image")?,
        account: stored.word("account")?,
        source: match (stored.optional_word("source_image")?, stored.optional_word("task")?) {
            (Some(image), None) => ImportSource::LocalImage(image),
            (_, Some(task)) => ImportSource::Objects(task),
            (None, None) => ImportSource::Client,
        },
        created: stored.time("created")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{account, catalog, image, put_image};

    #[tokio::test]
    async fn r002_4_a_local_file_is_converted_once_at_a_time() {
        let (_folder, catalog) = catalog().await;
        let source = image(9, 1).id;
        let row = |n: u64| ImportRow {
            image: image(n, 1).id,
            account: account(1),
            source: ImportSource::LocalImage(source.clone()),
            created: Timestamp(7),
        };
        let mut tx = catalog.begin().await.unwrap();
        put_image(&mut tx, &image(1, 1)).await;
        put_image(&mut tx, &image(2, 1)).await;
        assert_eq!(tx.conversion_of(&source).await.unwrap(), None);
        tx.insert_import(&row(1)).await.unwrap();
        assert_eq!(tx.conversion_of(&source).await.unwrap(), Some(row(1)));
        assert_eq!(tx.conversion_of(&row(1).image).await.unwrap(), None);
        let of = [source.clone(), row(1).image];
        let made = tx.conversions_of(&of).await.unwrap();
        assert_eq!(made, HashMap::from([(source.clone(), row(1).image)]));
        tx.insert_import(&row(2)).await.unwrap_err();
    }

    #[tokio::test]
    async fn an_import_reads_back_as_written_and_ends() {
        let (_folder, catalog) = catalog().await;
        let row = ImportRow {
            image: image(1, 1).id,
            account: account(1),
            source: ImportSource::Client,
            created: Timestamp(7),
        };
        let mut tx = catalog.begin().await.unwrap();
        put_image(&mut tx, &image(1, 1)).await;
        tx.insert_import(&row).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = catalog.begin().await.unwrap();
        assert_eq!(tx.import(&account(1), &row.image).await.unwrap(), Some(row.clone()));
        assert_eq!(tx.import(&account(2), &row.image).await.unwrap(), None, "i12");
        assert_eq!(tx.list_imports().await.unwrap(), std::slice::from_ref(&row));
        assert_eq!(tx.delete_import(&row.image).await.unwrap(), Deleted::Yes);
        assert_eq!(tx.delete_import(&row.image).await.unwrap(), Deleted::No);
        assert_eq!(tx.import(&account(1), &row.image).await.unwrap(), None);
    }
}
