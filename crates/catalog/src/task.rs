//! Tasks: imports of objects and exports to them. Their rows stay for a while after they have ended.

use std::collections::HashMap;

use crate::statement::Row;
use crate::statement::query;
use model::{
    AccountId, BucketName, DiskFormat, DiskRole, ImageId, ObjectName, SizeBytes, TaskAction,
    TaskFailure, TaskId, TaskState, Timestamp,
};

use crate::fault::CatalogFault;
use crate::image::json_ids;
use crate::outcome::Updated;
use crate::stored::{Stored, signed};
use crate::tx::{Query, Tx};

/// A task. Its objects have rows of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRow {
    /// Its id.
    pub id: TaskId,
    /// Whose it is.
    pub account: AccountId,
    /// What it does.
    pub action: TaskAction,
    /// How it stands.
    pub state: TaskState,
    /// The image that it makes or reads. It may be gone once the task has ended.
    pub image: ImageId,
    /// Why it failed; only where it did.
    pub failure: Option<TaskFailure>,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
}

/// What a task reads or writes of one disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskObjectRow {
    /// The task.
    pub task: TaskId,
    /// The disk.
    pub role: DiskRole,
    /// The bucket.
    pub bucket: BucketName,
    /// The object in it.
    pub object: ObjectName,
    /// The format of the object.
    pub format: DiskFormat,
    /// The virtual size of the disk in it.
    pub size: SizeBytes,
}

/// Which of an account's tasks are wanted, the newest first. An empty list wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// With one of these ids.
    pub ids: Vec<TaskId>,
    /// Of one of these images.
    pub images: Vec<ImageId>,
    /// Which do one of these.
    pub actions: Vec<TaskAction>,
    /// Which stand so.
    pub states: Vec<TaskState>,
    /// Asked for at this time or later.
    pub created_from: Option<Timestamp>,
    /// Asked for at this time or earlier.
    pub created_until: Option<Timestamp>,
    /// Rows before the first.
    pub offset: u64,
    /// At most so many.
    pub limit: u32,
}

pub(crate) const SEARCH: &str = "SELECT * FROM task \
    WHERE account = ?1 AND created BETWEEN ?2 AND ?3 \
    AND (?4 = '[]' OR id IN (SELECT value FROM json_each(?4))) \
    AND (?5 = '[]' OR image IN (SELECT value FROM json_each(?5))) \
    AND (?6 = '[]' OR action IN (SELECT value FROM json_each(?6))) \
    AND (?7 = '[]' OR state IN (SELECT value FROM json_each(?7))) \
    ORDER BY created DESC, id DESC LIMIT ?8 OFFSET ?9";
pub(crate) const COUNT: &str = "SELECT count(*) AS found FROM task \
    WHERE account = ?1 AND created BETWEEN ?2 AND ?3 \
    AND (?4 = '[]' OR id IN (SELECT value FROM json_each(?4))) \
    AND (?5 = '[]' OR image IN (SELECT value FROM json_each(?5))) \
    AND (?6 = '[]' OR action IN (SELECT value FROM json_each(?6))) \
    AND (?7 = '[]' OR state IN (SELECT value FROM json_each(?7)))";
pub(crate) const LIVE_EXPORTS: &str = "SELECT * FROM task \
    WHERE finished IS NULL AND action = 'export_image' ORDER BY created, id";
pub(crate) const EXPORT_OF: &str = "SELECT * FROM task \
    WHERE image = ? AND action = 'export_image' AND finished IS NULL ORDER BY created, id LIMIT 1";
pub(crate) const EXPORTS_OF: &str = "SELECT image, id FROM task \
    WHERE image IN (SELECT value FROM json_each(?)) AND action = 'export_image' AND finished IS NULL";
pub(crate) const IMPORT_OF: &str = "SELECT * FROM task \
    WHERE image = ? AND action = 'import_image' ORDER BY created, id LIMIT 1";
pub(crate) const OBJECTS: &str = "SELECT * FROM task_object WHERE task = ? ORDER BY role";
pub(crate) const OBJECTS_OF: &str = "SELECT * FROM task_object \
    WHERE task IN (SELECT value FROM json_each(?)) ORDER BY task, role";

impl Tx {
    /// Records a new task with its objects.
    pub async fn insert_task(
        &mut self,
        task: &TaskRow,
        objects: &[TaskObjectRow],
    ) -> Result<(), CatalogFault> {
        let sql = "INSERT INTO task (id, account, action, state, image, problem, created, finished) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        let insert = query(sql)
            .bind(task.id.as_str())
            .bind(task.account.as_str())
            .bind(task.action.as_str())
            .bind(task.state.as_str())
            .bind(task.image.as_str())
            .bind(task.failure.map(TaskFailure::word))
            .bind(task.created.0)
            .bind(task.finished.map(|at| at.0));
        self.run("record a task", insert).await?;
        for object in objects {
            let sql = "INSERT INTO task_object (task, role, bucket, object, format, size_bytes) \
                VALUES (?, ?, ?, ?, ?, ?)";
            let insert = query(sql)
                .bind(object.task.as_str())
                .bind(object.role.number())
                .bind(object.bucket.as_str())
                .bind(object.object.as_str())
                .bind(object.format.as_str())
                .bind(signed("size_bytes", object.size.bytes())?);
            self.run("record a task's object", insert).await?;
        }
        Ok(())
    }

    /// A task of an account. Another account's is as absent as one that never was (I12).
    pub async fn task(
        &mut self,
        account: &AccountId,
        id: &TaskId,
    ) -> Result<Option<TaskRow>, CatalogFault> {
        let find = query("SELECT * FROM task WHERE id = ? AND account = ?");
        self.found_task(find.bind(id.as_str()).bind(account.as_str())).await
    }

    /// A task that still is to write an image into a bucket.
    pub async fn export_of(&mut self, image: &ImageId) -> Result<Option<TaskRow>, CatalogFault> {
        self.found_task(query(EXPORT_OF).bind(image.as_str())).await
    }

    /// The task that still is to write each of these images into a bucket; nothing of any other.
    pub async fn exports_of(
        &mut self,
        images: &[ImageId],
    ) -> Result<HashMap<ImageId, TaskId>, CatalogFault> {
        let find = query(EXPORTS_OF).bind(json_ids(images));
        let rows = self.all("find the exports of images", find).await?;
        let read = |row| {
            let stored = Stored { table: "task", row };
            Ok((stored.word("image")?, stored.word("id")?))
        };
        rows.iter().map(read).collect()
    }

    /// The task that makes, made or was to make an image of objects.
    pub async fn import_task_of(
        &mut self,
        image: &ImageId,
    ) -> Result<Option<TaskRow>, CatalogFault> {
        self.found_task(query(IMPORT_OF).bind(image.as_str())).await
    }

    pub(crate) async fn found_task(
        &mut self,
        find: Query<'_>,
    ) -> Result<Option<TaskRow>, CatalogFault> {
        self.one("find a task", find).await?.as_ref().map(task_from).transpose()
    }

    /// Every export of the region that has not ended, the oldest first.
    pub async fn live_exports(&mut self) -> Result<Vec<TaskRow>, CatalogFault> {
        self.all("list exports", query(LIVE_EXPORTS)).await?.iter().map(task_from).collect()
    }

    /// What a task reads or writes, by disk.
    pub async fn task_objects(
        &mut self,
        task: &TaskId,
    ) -> Result<Vec<TaskObjectRow>, CatalogFault> {
        let list = query(OBJECTS).bind(task.as_str());
        self.all("list a task's objects", list).await?.iter().map(object_from).collect()
    }

    /// What these tasks read or write, by task and disk.
    pub async fn objects_of_tasks(
        &mut self,
        tasks: &[TaskId],
    ) -> Result<Vec<TaskObjectRow>, CatalogFault> {
        let list = query(OBJECTS_OF).bind(json(tasks.iter().map(TaskId::as_str)));
        self.all("list tasks' objects", list).await?.iter().map(object_from).collect()
    }

    /// An account's tasks that fit, the newest first, and how many fit altogether.
    pub async fn search_tasks(
        &mut self,
        account: &AccountId,
        filter: &TaskFilter,
    ) -> Result<(Vec<TaskRow>, u64), CatalogFault> {
        let offset = i64::try_from(filter.offset).unwrap_or(i64::MAX);
        let list = filtered(SEARCH, account, filter).bind(filter.limit).bind(offset);
        let rows = self.all("search tasks", list).await?;
        let count = self.one("count tasks", filtered(COUNT, account, filter)).await?;
        let total = match &count {
            Some(row) => Stored { table: "task", row }.number("found")?,
            None => 0,
        };
        Ok((rows.iter().map(task_from).collect::<Result<_, _>>()?, total))
    }

    /// Notes that a task has begun.
    pub async fn begin_task(&mut self, task: &TaskId) -> Result<Updated, CatalogFault> {
        let update = query("UPDATE task SET state = 'running' WHERE id = ? AND finished IS NULL");
        self.run("begin a task", update.bind(task.as_str())).await.map(Updated::from_rows)
    }

    /// Ends a task that has not ended. The state must be one in which a task has.
    pub async fn end_task(
        &mut self,
        task: &TaskId,
        (state, failure): (TaskState, Option<TaskFailure>),
        at: Timestamp,
    ) -> Result<Updated, CatalogFault> {
        let sql = "UPDATE task SET state = ?, problem = ?, finished = ? WHERE id = ? AND finished IS NULL";
        let update = query(sql)
            .bind(state.as_str())
            .bind(failure.map(TaskFailure::word))
            .bind(at.0)
            .bind(task.as_str());
        self.run("end a task", update).await.map(Updated::from_rows)
    }

    /// Removes tasks that ended before a time, and returns how many.
    pub async fn delete_old_tasks(&mut self, before: Timestamp) -> Result<u64, CatalogFault> {
        let delete = query("DELETE FROM task WHERE finished IS NOT NULL AND finished < ?");
        self.run("delete old tasks", delete.bind(before.0)).await
    }
}

/// The bounds of a search, from the second parameter on.
fn filtered<'q>(sql: &'static str, account: &'q AccountId, filter: &TaskFilter) -> Query<'q> {
    query(sql)
        .bind(account.as_str())
        .bind(filter.created_from.map_or(i64::MIN, |at| at.0))
        .bind(filter.created_until.map_or(i64::MAX, |at| at.0))
        .bind(json(filter.ids.iter().map(TaskId::as_str)))
        .bind(json(filter.images.iter().map(ImageId::as_str)))
        .bind(json(filter.actions.iter().map(|action| action.as_str())))
        .bind(json(filter.states.iter().map(|state| state.as_str())))
}

/// Words as one parameter: a JSON array. Ids and words are of `a-z0-9_-`, so nothing needs escaping.
fn json<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = words.map(|word| format!("\"{word}\"")).collect();
    format!("[{}]", quoted.join(","))
}

pub(crate) fn task_from(row: &Row) -> Result<TaskRow, CatalogFault> {
    let stored = Stored { table: "task", row };
    Ok(TaskRow {
        id: stored.word("id")?,
        account: stored.word("account")?,
        action: stored.word("action")?,
        state: stored.word("state")?,
        image: stored.word("image")?,
        failure: stored.optional_word("problem")?,
        created: stored.time("created")?,
        finished: stored.optional_time("finished")?,
    })
}

fn object_from(row: &Row) -> Result<TaskObjectRow, CatalogFault> {
    let stored = Stored { table: "task_object", row };
    Ok(TaskObjectRow {
        task: stored.word("task")?,
        role: stored.role("role")?,
        bucket: stored.word("bucket")?,
        object: stored.word("object")?,
        format: stored.word("format")?,
        size: stored.size("size_bytes")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Database;
    use crate::migration::{REGION, migrate};
    use crate::sample::{account, bytes, catalog, image};
    use crate::{Catalog, ImportSource};

    fn task(n: u64, of: u64) -> TaskRow {
        TaskRow {
            id: TaskId::from_random(bytes(n)),
            account: account(of),
            action: TaskAction::ALL[n as usize % 2],
            state: TaskState::Waiting,
            image: image(n / 4, 1).id,
            failure: None,
            created: Timestamp(1_000 + n as i64 / 3),
            finished: None,
        }
    }

    fn objects(task: &TaskRow) -> Vec<TaskObjectRow> {
        let object = |index: usize| TaskObjectRow {
            task: task.id.clone(),
            role: DiskRole::at(index).unwrap(),
            bucket: BucketName::new("images").unwrap(),
            object: ObjectName::new(&format!("a/disk '{index}'.raw")).unwrap(),
            format: DiskFormat::ALL[index],
            size: SizeBytes::new(512 * (index as u64 + 1)).unwrap(),
        };
        (0..3).map(object).collect()
    }

    #[tokio::test]
    async fn a_task_reads_back_as_written_and_ends_once() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let row = task(1, 1);
        tx.insert_task(&row, &objects(&row)).await.unwrap();
        assert_eq!(tx.task(&account(1), &row.id).await.unwrap(), Some(row.clone()));
        assert_eq!(tx.task(&account(2), &row.id).await.unwrap(), None, "i12");
        assert_eq!(tx.task_objects(&row.id).await.unwrap(), objects(&row));
        let ids = [row.id.clone()];
        assert_eq!(tx.objects_of_tasks(&ids).await.unwrap(), objects(&row));
        assert_eq!(tx.begin_task(&row.id).await.unwrap(), Updated::Yes);
        let failed = (TaskState::Failed, Some(TaskFailure::NotWritten));
        assert_eq!(tx.end_task(&row.id, failed, Timestamp(9)).await.unwrap(), Updated::Yes);
        let done = (TaskState::Done, None);
        assert_eq!(tx.end_task(&row.id, done, Timestamp(10)).await.unwrap(), Updated::No);
        assert_eq!(tx.begin_task(&row.id).await.unwrap(), Updated::No);
        let ended = TaskRow {
            state: TaskState::Failed,
            failure: Some(TaskFailure::NotWritten),
            finished: Some(Timestamp(9)),
            ..row.clone()
        };
        assert_eq!(tx.task(&account(1), &row.id).await.unwrap(), Some(ended));
        assert_eq!(tx.delete_old_tasks(Timestamp(9)).await.unwrap(), 0);
        assert_eq!(tx.delete_old_tasks(Timestamp(10)).await.unwrap(), 1);
        assert_eq!(tx.task(&account(1), &row.id).await.unwrap(), None);
        assert_eq!(tx.task_objects(&row.id).await.unwrap(), []);
    }

    /// `0005_tasks`: an import that ran before goes on as what it was, without a task.
    #[tokio::test]
    async fn imports_from_before_tasks_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        let before: Vec<_> =
            REGION.iter().copied().filter(|migration| migration.number < 5).collect();
        let database = Database::open(&path).await.unwrap();
        migrate(&database, &before).await.unwrap();
        let image = image(1, 1);
        let mut tx = database.begin().await.unwrap();
        for (image, source) in
            [(&image.id, None), (&self::image(2, 1).id, Some("img-zzzzzzzzzzzzzzzzzzzz"))]
        {
            let sql = "INSERT INTO image (id, account, name, description, status, architecture, os_type, platform, \
                boot_mode, created, generation) VALUES (?, ?, 'web', '', 'creating', 'arm64', 'linux', '', 'uefi', 1, 0)";
            let insert = query(sql).bind(image.as_str()).bind(account(1).to_string());
            tx.run("write as before", insert.once()).await.unwrap();
            let sql =
                "INSERT INTO import (image, account, created, source_image) VALUES (?, ?, 1, ?)";
            let insert = query(sql).bind(image.as_str()).bind(account(1).to_string()).bind(source);
            tx.run("write as before", insert.once()).await.unwrap();
        }
        tx.commit().await.unwrap();
        drop(database);
        let catalog = Catalog::open(&path).await.unwrap();
        let imports = catalog.read().await.unwrap().list_imports().await.unwrap();
        let of = |image: &ImageId| {
            imports.iter().find(|import| import.image == *image).map(|import| import.source.clone())
        };
        assert_eq!(of(&image.id), Some(ImportSource::Client));
        let source = "img-zzzzzzzzzzzzzzzzzzzz".parse().unwrap();
        assert_eq!(of(&self::image(2, 1).id), Some(ImportSource::LocalImage(source)));
    }

    #[tokio::test]
    async fn an_export_is_found_by_its_image_until_it_ends() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let (import, export) = (task(0, 1), task(1, 1));
        assert_eq!(import.image, export.image);
        tx.insert_task(&import, &[]).await.unwrap();
        tx.insert_task(&export, &[]).await.unwrap();
        assert_eq!(tx.export_of(&export.image).await.unwrap(), Some(export.clone()));
        assert_eq!(tx.import_task_of(&export.image).await.unwrap(), Some(import));
        assert_eq!(tx.live_exports().await.unwrap(), std::slice::from_ref(&export));
        let done = (TaskState::Done, None);
        assert_eq!(tx.end_task(&export.id, done, Timestamp(9)).await.unwrap(), Updated::Yes);
        assert_eq!(tx.export_of(&export.image).await.unwrap(), None);
        assert_eq!(tx.live_exports().await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_search_finds_every_task_that_fits_and_counts_them() {
        let (_folder, catalog) = catalog().await;
        let mut tx = catalog.begin().await.unwrap();
        let mut all = Vec::new();
        for n in 0..40 {
            let mut row = task(n, 1);
            row.state = TaskState::ALL[n as usize % 5];
            row.finished = (!row.state.is_live()).then_some(Timestamp(2_000));
            row.failure = (row.state == TaskState::Failed).then_some(TaskFailure::ObjectGone);
            tx.insert_task(&row, &[]).await.unwrap();
            tx.insert_task(&task(n + 100, 2), &[]).await.unwrap();
            all.push(row);
        }
        all.sort_by(|a, b| (b.created, &b.id).cmp(&(a.created, &a.id)));
        let ids = vec![all[3].id.clone(), all[30].id.clone(), task(101, 2).id];
        let none = TaskFilter::default();
        let filters = [
            none.clone(),
            TaskFilter { ids, ..none.clone() },
            TaskFilter { images: vec![all[3].image.clone(), all[9].image.clone()], ..none.clone() },
            TaskFilter { actions: vec![TaskAction::ExportImage], ..none.clone() },
            TaskFilter { states: vec![TaskState::Failed, TaskState::Waiting], ..none.clone() },
            TaskFilter { created_from: Some(Timestamp(1_004)), ..none.clone() },
            TaskFilter { created_until: Some(Timestamp(1_004)), ..none.clone() },
            TaskFilter {
                actions: vec![TaskAction::ImportImage],
                states: vec![TaskState::Done],
                created_from: Some(Timestamp(1_002)),
                ..none
            },
        ];
        for filter in filters {
            let fits = |row: &&TaskRow| {
                let within = |at: Option<Timestamp>, bound: i64| at.map_or(bound, |at| at.0);
                (filter.ids.is_empty() || filter.ids.contains(&row.id))
                    && (filter.images.is_empty() || filter.images.contains(&row.image))
                    && (filter.actions.is_empty() || filter.actions.contains(&row.action))
                    && (filter.states.is_empty() || filter.states.contains(&row.state))
                    && row.created.0 >= within(filter.created_from, i64::MIN)
                    && row.created.0 <= within(filter.created_until, i64::MAX)
            };
            let wanted: Vec<_> = all.iter().filter(fits).cloned().collect();
            assert!(!wanted.is_empty(), "{filter:?}");
            for limit in [1, 7, 100] {
                let mut found = Vec::new();
                loop {
                    let offset = found.len() as u64;
                    let part = TaskFilter { offset, limit, ..filter.clone() };
                    let (rows, total) = tx.search_tasks(&account(1), &part).await.unwrap();
                    assert_eq!(total, wanted.len() as u64, "{filter:?}");
                    if rows.is_empty() {
                        break;
                    }
                    found.extend(rows);
                }
                assert_eq!(found, wanted, "{filter:?} by {limit}");
            }
        }
    }
}
