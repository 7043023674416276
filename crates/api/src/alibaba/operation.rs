//! Every operation of the image and snapshot family, and the few of instances: what answers it, or that nothing does.

use super::call::Handler;

/// The version of the ECS API.
pub(super) const ECS: &str = "2014-05-26";
/// The version of the billing API, of which one call is answered: the Terraform provider asks it when it starts.
pub(super) const BSS: &str = "2017-12-14";

/// One operation of the cloud.
pub(super) struct Operation {
    /// Its name, as clients write it.
    pub(super) name: &'static str,
    /// The API version that it belongs to.
    pub(super) version: &'static str,
    /// What answers it; none where the cloud has it and this service does not.
    pub(super) handler: Option<Handler>,
}

macro_rules! supported {
    ($version:expr, $name:literal, $handler:path) => {
        Operation { name: $name, version: $version, handler: Some(|call| Box::pin($handler(call))) }
    };
}

macro_rules! unsupported {
    ($name:literal) => {
        Operation { name: $name, version: ECS, handler: None }
    };
}

/// All of them. Images and copies first, then snapshots, tags, tasks, instances, regions.
pub(super) static OPERATIONS: &[Operation] = &[
    supported!(BSS, "QueryAvailableInstances", super::billing::query_available_instances),
    supported!(ECS, "DescribeRegions", super::regions::describe_regions),
    supported!(ECS, "CancelCopyImage", super::copies::cancel_copy_image),
    unsupported!("CancelImagePipelineExecution"),
    supported!(ECS, "CopyImage", super::copies::copy_image),
    supported!(ECS, "CreateImage", super::image_creation::create_image),
    unsupported!("CreateImageComponent"),
    unsupported!("CreateImagePipeline"),
    supported!(ECS, "DeleteImage", super::image_changes::delete_image),
    unsupported!("DeleteImageComponent"),
    unsupported!("DeleteImagePipeline"),
    unsupported!("DescribeImageComponents"),
    supported!(ECS, "DescribeImageFromFamily", super::images::describe_image_from_family),
    unsupported!("DescribeImagePipelineExecutions"),
    unsupported!("DescribeImagePipelines"),
    supported!(
        ECS,
        "DescribeImageSharePermission",
        super::sharing::describe_image_share_permission
    ),
    unsupported!("DescribeImageSupportInstanceTypes"),
    supported!(ECS, "DescribeImages", super::images::describe_images),
    supported!(ECS, "ModifyImageAttribute", super::image_changes::modify_image_attribute),
    unsupported!("ModifyImageShareGroupPermission"),
    supported!(ECS, "ModifyImageSharePermission", super::sharing::modify_image_share_permission),
    unsupported!("StartImagePipelineExecution"),
    unsupported!("ApplyAutoSnapshotPolicy"),
    unsupported!("CancelAutoSnapshotPolicy"),
    supported!(ECS, "CopySnapshot", super::snapshots::copy_snapshot),
    unsupported!("CreateAutoSnapshotPolicy"),
    unsupported!("CreateSnapshot"),
    unsupported!("CreateSnapshotGroup"),
    unsupported!("DeleteAutoSnapshotPolicy"),
    supported!(ECS, "DeleteSnapshot", super::snapshots::delete_snapshot),
    unsupported!("DeleteSnapshotGroup"),
    unsupported!("DescribeAutoSnapshotPolicyAssociations"),
    unsupported!("DescribeAutoSnapshotPolicyEx"),
    unsupported!("DescribeLockedSnapshots"),
    unsupported!("DescribeSnapshotGroups"),
    unsupported!("DescribeSnapshotLinks"),
    unsupported!("DescribeSnapshotMonitorData"),
    unsupported!("DescribeSnapshotPackage"),
    supported!(ECS, "DescribeSnapshots", super::snapshots::describe_snapshots),
    unsupported!("DescribeSnapshotsUsage"),
    unsupported!("ExportSnapshot"),
    unsupported!("LockSnapshot"),
    unsupported!("ModifyAutoSnapshotPolicyEx"),
    unsupported!("ModifySnapshotAttribute"),
    unsupported!("ModifySnapshotCategory"),
    unsupported!("ModifySnapshotGroup"),
    unsupported!("OpenSnapshotService"),
    unsupported!("UnlockSnapshot"),
    supported!(ECS, "AddTags", super::tags::add_tags),
    unsupported!("DescribeResourceByTags"),
    supported!(ECS, "DescribeTags", super::tags::describe_tags),
    supported!(ECS, "ListTagResources", super::tags::list_tag_resources),
    supported!(ECS, "RemoveTags", super::tags::remove_tags),
    supported!(ECS, "TagResources", super::tags::tag_resources),
    supported!(ECS, "UntagResources", super::tags::untag_resources),
    supported!(ECS, "CancelTask", super::tasks::cancel_task),
    supported!(ECS, "DescribeTaskAttribute", super::tasks::describe_task_attribute),
    supported!(ECS, "DescribeTasks", super::tasks::describe_tasks),
    supported!(ECS, "ExportImage", super::tasks::export_image),
    supported!(ECS, "ImportImage", super::tasks::import_image),
    supported!(ECS, "DeleteInstance", super::instances::delete_instance),
    supported!(ECS, "DeleteInstances", super::instances::delete_instances),
    supported!(ECS, "DescribeInstances", super::instances::describe_instances),
    supported!(ECS, "ReplaceSystemDisk", super::instances::replace_system_disk),
    supported!(ECS, "RunInstances", super::instances::run_instances),
];

/// The operation of this name and version.
pub(super) fn find(version: &str, name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name && operation.version == version)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// They have their golden files and their rows on the page.
    #[test]
    fn every_operation_is_played_and_told() {
        let operations = OPERATIONS.iter().map(|one| (one.name, one.handler.is_some()));
        crate::cloud::listed::assert_listed("alibaba", operations);
    }

    #[test]
    fn no_operation_is_listed_twice() {
        let names: BTreeSet<_> = OPERATIONS.iter().map(|o| (o.version, o.name)).collect();
        assert_eq!(names.len(), OPERATIONS.len());
    }
}
