//! Tasks: imports of objects and exports to them, as their account sees, seeks and cancels them.

use std::collections::HashMap;

use catalog::{AuditEntry, TaskFilter, TaskObjectRow, TaskRow, Tx, Updated};
use model::{
    Act, BucketName, DiskFormat, DiskRole, ImageId, ObjectName, RegionId, Rejection, TaskAction,
    TaskFailure, TaskId, TaskState, Timestamp,
};

use crate::audit::facts;
use crate::commands::{Caller, Found, PageOf};
use crate::images::MAX_PAGE;
use crate::refused::{Refused, RegionFault, failpoint};
use crate::region::Region;

/// How long the row of a task stays after the task has ended.
const KEPT_MS: i64 = 30 * 24 * 3_600_000;

/// Which tasks are sought. An empty list wants all.
#[derive(Clone, Debug, Default)]
pub struct TaskSearch {
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
    /// Which part of them.
    pub page: PageOf,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskView {
    /// Its id.
    pub id: TaskId,
    /// Where it is.
    pub region: RegionId,
    /// What it does.
    pub action: TaskAction,
    /// How it stands.
    pub state: TaskState,
    /// The image that it makes or reads. It may be gone once the task has ended.
    pub image: ImageId,
    /// How far it is; 100 if and only if it is done.
    pub percent: u8,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// Why it failed; only where it did.
    pub failure: Option<TaskFailure>,
    /// What it reads or writes, the system disk first.
    pub objects: Vec<TaskObject>,
}

/// What a task reads or writes of one disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskObject {
    /// The disk.
    pub role: DiskRole,
    /// The bucket.
    pub bucket: BucketName,
    /// The object in it.
    pub object: ObjectName,
    /// The object's format.
    pub format: DiskFormat,
}

impl TaskView {
    /// Whether it can be cancelled: until it has ended.
    pub fn can_be_cancelled(&self) -> bool {
        self.state.is_live()
    }
}

impl Region {
    /// The account's tasks that fit, the newest first.
    pub async fn search_tasks(
        &self,
        caller: &Caller,
        search: TaskSearch,
    ) -> Result<Found<TaskView>, Refused> {
        caller.must(Act::Read)?;
        let filter = TaskFilter {
            ids: search.ids,
            images: search.images,
            actions: search.actions,
            states: search.states,
            created_from: search.created_from,
            created_until: search.created_until,
            offset: search.page.offset,
            limit: search.page.limit.clamp(1, MAX_PAGE),
        };
        let mut tx = self.inner.catalog.read().await?;
        let (rows, total) = tx.search_tasks(&caller.account, &filter).await?;
        let items = self.task_views(&mut tx, rows).await?;
        Ok(Found { items, total })
    }

    /// One task.
    pub async fn task(&self, caller: &Caller, task: &TaskId) -> Result<TaskView, Refused> {
        caller.must(Act::Read)?;
        let mut tx = self.inner.catalog.read().await?;
        let row = tx.task(&caller.account, task).await?.ok_or_else(|| self.no_task(task))?;
        let view = self.task_views(&mut tx, vec![row]).await?.pop();
        Ok(view.ok_or_else(|| self.no_task(task))?)
    }

    async fn task_views(
        &self,
        tx: &mut Tx,
        rows: Vec<TaskRow>,
    ) -> Result<Vec<TaskView>, RegionFault> {
        let ids: Vec<TaskId> = rows.iter().map(|row| row.id.clone()).collect();
        let mut objects: HashMap<TaskId, Vec<TaskObject>> = HashMap::new();
        for row in tx.objects_of_tasks(&ids).await? {
            let TaskObjectRow { task, role, bucket, object, format, size: _ } = row;
            let object = TaskObject { role, bucket, object, format };
            objects.entry(task).or_default().push(object);
        }
        let view = |row: TaskRow| TaskView {
            region: self.id().clone(),
            percent: self.percent_of(&row),
            objects: objects.remove(&row.id).unwrap_or_default(),
            id: row.id,
            action: row.action,
            state: row.state,
            image: row.image,
            created: row.created,
            finished: row.finished,
            failure: row.failure,
        };
        Ok(rows.into_iter().map(view).collect())
    }

    fn percent_of(&self, row: &TaskRow) -> u8 {
        match (row.state, row.action) {
            (TaskState::Done, _) => 100,
            (TaskState::Running, TaskAction::ImportImage) => self.import_percent(&row.image),
            (TaskState::Running, TaskAction::ExportImage) => self.export_percent(&row.id),
            (TaskState::Waiting | TaskState::Failed | TaskState::Cancelled, _) => 0,
        }
    }

    /// Cancels a task that has not ended: an import's image is gone with it, an export leaves nothing in the bucket. Cancelling
    /// twice is no error.
    pub async fn cancel_task(&self, caller: &Caller, task: &TaskId) -> Result<TaskView, Refused> {
        caller.must(Act::Change)?;
        let mut tx = self.inner.catalog.begin().await?;
        let row = tx.task(&caller.account, task).await?.ok_or_else(|| self.no_task(task))?;
        match row.state {
            TaskState::Waiting | TaskState::Running => {}
            TaskState::Cancelled => {
                drop(tx);
                return self.task(caller, task).await;
            }
            state @ (TaskState::Done | TaskState::Failed) => {
                return Err(Rejection::TaskEnded { task: task.clone(), state }.into());
            }
        }
        match row.action {
            TaskAction::ImportImage => {
                let image = self.own_image(&mut tx, caller, &row.image).await?;
                let import = tx.import(&caller.account, &row.image).await?;
                let what = "a task that runs has no import";
                let import = import.ok_or(RegionFault::Contradiction { what })?;
                self.cancel_import(tx, caller, (image, import)).await?;
            }
            TaskAction::ExportImage => self.cancel_export(tx, caller, &row).await?,
        }
        self.wake_jobs();
        self.task(caller, task).await
    }

    async fn cancel_export(
        &self,
        mut tx: Tx,
        caller: &Caller,
        row: &TaskRow,
    ) -> Result<(), Refused> {
        let cancelled = (TaskState::Cancelled, None);
        if tx.end_task(&row.id, cancelled, self.inner.clock.now()).await? == Updated::No {
            let what = "a task changed within a transaction";
            return Err(RegionFault::Contradiction { what }.into());
        }
        let state = |state: TaskState| facts(&[("state", state.to_string())]);
        let (before, after) = (state(row.state), state(TaskState::Cancelled));
        let entry = self.audit_entry(caller, "task.cancel", row.id.as_str());
        tx.record_audit(&AuditEntry { before, after, ..entry }).await?;
        caller.commit(tx).await?;
        failpoint!("export.cancelled");
        self.clear_cancelled_export(TaskRow { state: TaskState::Cancelled, ..row.clone() }).await;
        self.changed();
        Ok(())
    }

    /// Notes that a task has begun; nothing where it has ended meanwhile.
    pub(crate) async fn begin_task(&self, task: &TaskId) -> Result<(), RegionFault> {
        let mut tx = self.inner.catalog.begin().await?;
        match tx.begin_task(task).await? {
            Updated::Yes => tx.commit().await?,
            Updated::No => {}
        }
        self.changed();
        Ok(())
    }

    /// Removes the rows of tasks that ended long ago, and returns how many.
    pub async fn delete_old_tasks(&self) -> Result<u64, RegionFault> {
        let mut tx = self.inner.catalog.begin().await?;
        let deleted = tx.delete_old_tasks(self.inner.clock.now().plus_ms(-KEPT_MS)).await?;
        tx.commit().await?;
        Ok(deleted)
    }

    pub(crate) fn no_task(&self, task: &TaskId) -> Rejection {
        Rejection::TaskNotFound { task: task.clone(), region: self.id().clone() }
    }
}
