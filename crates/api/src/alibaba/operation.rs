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
    unsupported!("CancelImagePipelineExecution"),
    unsupported!("CreateImageComponent"),
    unsupported!("CreateImagePipeline"),
    unsupported!("DeleteImageComponent"),
    unsupported!("DeleteImagePipeline"),
    unsupported!("DescribeImageComponents"),
    unsupported!("DescribeImageFromFamily"),
    unsupported!("DescribeImagePipelineExecutions"),
    unsupported!("DescribeImagePipelines"),
    unsupported!("DescribeImageSupportInstanceTypes"),
    unsupported!("ModifyImageShareGroupPermission"),
    unsupported!("StartImagePipelineExecution"),
];

/// The operation of this name and version.
pub(super) fn find(version: &str, name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name && operation.version == version)
}
