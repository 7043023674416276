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
        Operation {
            name: $name,
            version: $version,
            handler: Some(|call| Box::pin($handler(call))),
        }
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
    supported!(
        ECS,
        "ModifyImageSharePermission",
        super::sharing::modify_image_share_permission
    ),
    unsupported!("StartImagePipelineExecution"),
];

/// The operation of this name and version.
pub(super) fn find(version: &str, name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name && operation.version == version)
}
