//! What an export that has no result left in its bucket is taken back: names that it gave, and hidden files. It is written down
//! before it is made, so that this is done whenever a process died, and whoever cancels.

use catalog::{ExportTrace, TaskObjectRow, TaskRow};

use crate::buckets::{Bucket, BucketFault};
use crate::jobs::{Job, JobKey};
use crate::local_images::blocking;
use crate::refused::RegionFault;
use crate::region::Region;

impl Region {
    /// Takes back what an export may have left, if anything; called by who does the export's job, or has ended its task for good.
    pub(crate) async fn clear_export(&self, task: &TaskRow) -> Result<(), RegionFault> {
        let mut tx = self.inner.catalog.read().await?;
        let Some(trace) = tx.export_trace(&task.id).await? else { return Ok(()) };
        let objects = tx.task_objects(&task.id).await?;
        drop(tx);
        if let Some(bucket) = self.bucket_of_export(task, &objects).await? {
            match trace {
                ExportTrace::Hidden => {}
                ExportTrace::Named => self.take_names_back(task, (&bucket, &objects)).await?,
            }
            let id = task.id.clone();
            let roles: Vec<_> = objects.iter().map(|object| object.role).collect();
            blocking(move || roles.iter().try_for_each(|role| bucket.remove_hidden(&id, *role)))
                .await??;
        }
        let mut tx = self.inner.catalog.begin().await?;
        if tx.task(&task.account, &task.id).await?.is_none_or(|task| !task.state.is_live()) {
            tx.delete_export_trace(&task.id).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// None where the bucket is gone, and all that was in it.
    async fn bucket_of_export(
        &self,
        task: &TaskRow,
        objects: &[TaskObjectRow],
    ) -> Result<Option<Bucket>, RegionFault> {
        let Some(first) = objects.first() else { return Ok(None) };
        match self.open_bucket(&task.account, &first.bucket).await? {
            Ok(bucket) => Ok(Some(bucket)),
            Err(BucketFault::NoBucket | BucketFault::NoObject) => Ok(None),
            Err(fault @ BucketFault::Io { .. }) => Err(fault.into()),
        }
    }

    /// A disk's hidden file is gone once it has a name: then the object of that name is the export's.
    async fn take_names_back(
        &self,
        task: &TaskRow,
        (bucket, objects): (&Bucket, &[TaskObjectRow]),
    ) -> Result<(), RegionFault> {
        let (id, bucket, objects) = (task.id.clone(), bucket.clone(), objects.to_vec());
        blocking(move || {
            for object in &objects {
                if !bucket.has_hidden(&id, object.role)? {
                    bucket.remove_object(&object.object)?;
                }
            }
            bucket.sync()
        })
        .await??;
        let mut tx = self.inner.catalog.begin().await?;
        tx.note_names_taken_back(&task.id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes back what an export left that was cancelled, unless its job runs here: that stops, and does it.
    pub(crate) async fn clear_cancelled_export(&self, task: TaskRow) {
        self.stop_job(&JobKey::Task(task.id.clone()));
        let job = Job::Export(task);
        if let Some(begun) = self.begin_job(&job) {
            begun.run(job).await;
        }
    }
}
