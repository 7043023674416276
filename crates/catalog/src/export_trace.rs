//! What exports may have left in their buckets: written down before it is done, so that whoever comes after a process that
//! died, or after who cancelled, knows what to take back.

use crate::statement::query;
use model::{BucketName, ImageId, TaskId};

use crate::fault::CatalogFault;
use crate::outcome::{Deleted, Updated};
use crate::stored::Stored;
use crate::task::{TaskRow, task_from};
use crate::tx::Tx;

/// What of an export may lie in its bucket.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ExportTrace {
    /// Hidden files.
    Hidden,
    /// Objects, each in place of its hidden file, and hidden files.
    Named,
}

pub(crate) const OF_TASK: &str = "SELECT named FROM export_trace WHERE task = ?";
pub(crate) const ENDED: &str = "SELECT task.* FROM export_trace CROSS JOIN task \
    ON task.id = export_trace.task WHERE task.finished IS NOT NULL";
pub(crate) const INTO: &str = "SELECT task.* FROM task \
    WHERE image = ?1 AND action = 'export_image' AND finished IS NOT NULL \
    AND EXISTS (SELECT 1 FROM export_trace WHERE export_trace.task = task.id) \
    AND EXISTS (SELECT 1 FROM task_object WHERE task_object.task = task.id AND bucket = ?2) \
    ORDER BY created, id LIMIT 1";

impl Tx {
    /// Notes that an export is about to write hidden files; one that is noted stays as it is.
    pub async fn note_hidden_files(&mut self, task: &TaskId) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO export_trace (task, named) VALUES (?, 0) ON CONFLICT DO NOTHING";
        self.run("note an export's files", query(sql).bind(task.as_str())).await.map(|_| ())
    }

    /// Notes that an export is about to give its files their names. Not one that has ended.
    pub async fn note_names(&mut self, task: &TaskId) -> Result<Updated, CatalogFault> {
        let sql = "UPDATE export_trace SET named = 1 \
            WHERE task = (SELECT id FROM task WHERE id = ? AND finished IS NULL)";
        let update = query(sql).bind(task.as_str());
        self.run("note an export's names", update).await.map(Updated::from_rows)
    }

    /// Notes that no file has a name any more that this export gave.
    pub async fn note_names_taken_back(&mut self, task: &TaskId) -> Result<(), CatalogFault> {
        let sql = "UPDATE export_trace SET named = 0 WHERE task = ?";
        self.run("note an export's names", query(sql).bind(task.as_str())).await.map(|_| ())
    }

    /// What an export may have left; none where it left nothing.
    pub async fn export_trace(
        &mut self,
        task: &TaskId,
    ) -> Result<Option<ExportTrace>, CatalogFault> {
        let find = query(OF_TASK).bind(task.as_str());
        let Some(row) = self.one("find an export's files", find).await? else { return Ok(None) };
        let named: u8 = Stored { table: "export_trace", row: &row }.number("named")?;
        Ok(Some(if named == 0 { ExportTrace::Hidden } else { ExportTrace::Named }))
    }

    /// Forgets what an export may have left: it is an export's result, or is not there any more.
    pub async fn delete_export_trace(&mut self, task: &TaskId) -> Result<Deleted, CatalogFault> {
        let delete = query("DELETE FROM export_trace WHERE task = ?").bind(task.as_str());
        self.run("forget an export's files", delete).await.map(Deleted::from_rows)
    }

    /// Every export of the region that has ended and may have left something.
    pub async fn ended_exports_with_traces(&mut self) -> Result<Vec<TaskRow>, CatalogFault> {
        let rows = self.all("list exports that left files", query(ENDED)).await?;
        rows.iter().map(task_from).collect()
    }

    /// An export of an image that has ended and may have left something in a bucket.
    pub async fn export_trace_in(
        &mut self,
        image: &ImageId,
        bucket: &BucketName,
    ) -> Result<Option<TaskRow>, CatalogFault> {
        self.found_task(query(INTO).bind(image.as_str()).bind(bucket.as_str())).await
    }
}

#[cfg(test)]
mod tests {
    use model::{DiskFormat, DiskRole, ObjectName, SizeBytes, TaskAction, TaskState, Timestamp};

    use super::*;
    use crate::TaskObjectRow;
    use crate::sample::{account, bytes, catalog, image};

    /// `0008_export_traces`.
    #[tokio::test]
    async fn what_an_export_left_is_known_until_it_is_taken_back() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let row = TaskRow {
            id: TaskId::from_random(bytes(1)),
            account: account(1),
            action: TaskAction::ExportImage,
            state: TaskState::Waiting,
            image: image(1, 1).id,
            failure: None,
            created: Timestamp(1),
            finished: None,
        };
        let bucket = BucketName::new("images").unwrap();
        let object = TaskObjectRow {
            task: row.id.clone(),
            role: DiskRole::SYSTEM,
            bucket: bucket.clone(),
            object: ObjectName::new("web.raw").unwrap(),
            format: DiskFormat::Raw,
            size: SizeBytes::new(512).unwrap(),
        };
        tx.insert_task(&row, &[object]).await.unwrap();
        assert_eq!(tx.export_trace(&row.id).await.unwrap(), None);
        assert_eq!(tx.note_names(&row.id).await.unwrap(), Updated::No);
        tx.note_hidden_files(&row.id).await.unwrap();
        assert_eq!(tx.export_trace(&row.id).await.unwrap(), Some(ExportTrace::Hidden));
        assert_eq!(tx.note_names(&row.id).await.unwrap(), Updated::Yes);
        tx.note_hidden_files(&row.id).await.unwrap();
        assert_eq!(tx.export_trace(&row.id).await.unwrap(), Some(ExportTrace::Named));
        assert_eq!(tx.ended_exports_with_traces().await.unwrap(), []);
        assert_eq!(tx.export_trace_in(&row.image, &bucket).await.unwrap(), None, "it runs");
        let cancelled = (TaskState::Cancelled, None);
        assert_eq!(tx.end_task(&row.id, cancelled, Timestamp(2)).await.unwrap(), Updated::Yes);
        let found = |task: Option<TaskRow>| task.map(|task| task.id);
        let left = tx.ended_exports_with_traces().await.unwrap();
        let left: Vec<_> = left.into_iter().map(|task| task.id).collect();
        assert_eq!(left, std::slice::from_ref(&row.id));
        let here = tx.export_trace_in(&row.image, &bucket).await.unwrap();
        assert_eq!(found(here), Some(row.id.clone()));
        let other = BucketName::new("other").unwrap();
        assert_eq!(tx.export_trace_in(&row.image, &other).await.unwrap(), None);
        tx.note_names_taken_back(&row.id).await.unwrap();
        assert_eq!(tx.export_trace(&row.id).await.unwrap(), Some(ExportTrace::Hidden));
        assert_eq!(tx.note_names(&row.id).await.unwrap(), Updated::No, "it has ended");
        assert_eq!(tx.delete_export_trace(&row.id).await.unwrap(), Deleted::Yes);
        assert_eq!(tx.delete_export_trace(&row.id).await.unwrap(), Deleted::No);
        assert_eq!(tx.ended_exports_with_traces().await.unwrap(), []);
    }
}
