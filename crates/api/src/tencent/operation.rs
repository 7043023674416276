//! Every operation of the image and snapshot family, of the machines' service and of the disks', and two of the tags': what
//! answers it and what parameters it has, or that nothing answers it.

use super::call::Handler;

/// The version of the services of machines and of disks.
const VERSION: &str = "2017-03-12";
/// The version of the service of tags.
pub(super) const TAG_VERSION: &str = "2018-08-13";
/// All versions that any service has.
pub(super) const VERSIONS: [&str; 2] = [VERSION, TAG_VERSION];
/// The service of machines and images.
const CVM: &str = "cvm";
/// The service of disks and snapshots.
const CBS: &str = "cbs";
/// The service of tags, of which the Terraform provider makes two calls for each image.
const TAG: &str = "tag";

/// Whether an operation changes anything.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It makes, changes or deletes something: a request that is sent again gets the first answer back (api-03).
    Changes,
    /// It only looks.
    Looks,
}

/// What answers an operation.
#[derive(Copy, Clone)]
pub(super) struct Answered {
    /// What does it.
    pub(super) handler: Handler,
    /// Whether it changes anything.
    pub(super) effect: Effect,
    /// All parameters that the cloud's operation has, those included that this service refuses. Any other is refused as unknown:
    /// a misspelled `DryRun` must not become a deletion.
    pub(super) parameters: &'static [&'static str],
}

/// One operation of the cloud.
pub(super) struct Operation {
    /// Its name, as clients write it.
    pub(super) name: &'static str,
    /// The service that it belongs to.
    pub(super) service: &'static str,
    /// What answers it; none where the cloud has it and this service does not.
    pub(super) answered: Option<Answered>,
}

impl Operation {
    /// The version of its service.
    pub(super) fn version(&self) -> &'static str {
        if self.service == TAG { TAG_VERSION } else { VERSION }
    }
}

macro_rules! supported {
    ($service:ident, $effect:ident, $name:literal, $handler:path, [$($parameter:literal),* $(,)?]) => {
        Operation {
            name: $name,
            service: $service,
            answered: Some(Answered {
                handler: |call| Box::pin($handler(call)),
                effect: Effect::$effect,
                parameters: &[$($parameter),*],
            }),
        }
    };
}

macro_rules! unsupported {
    ($service:ident, $name:literal) => {
        Operation { name: $name, service: $service, answered: None }
    };
}

/// All of them. Images first, then regions, then snapshots.
pub(super) static OPERATIONS: &[Operation] = &[
    supported!(CVM, Changes, "CancelSyncImages", super::copies::cancel_sync_images, ["ImageIds"]),
    supported!(
        CVM,
        Changes,
        "CreateImage",
        super::image_creation::create_image,
        [
            "ImageName",
            "InstanceId",
            "ImageDescription",
            "ForcePoweroff",
            "Sysprep",
            "DataDiskIds",
            "SnapshotIds",
            "DryRun",
            "TagSpecification",
            "ImageFamily",
        ]
    ),
    supported!(
        CVM,
        Changes,
        "DeleteImages",
        super::image_changes::delete_images,
        ["ImageIds", "DeleteBindedSnap", "DryRun"]
    ),
    supported!(
        CVM,
        Looks,
        "DescribeImageFromFamily",
        super::images::describe_image_from_family,
        ["ImageFamily"]
    ),
    supported!(CVM, Looks, "DescribeImageQuota", super::quotas::describe_image_quota, []),
    supported!(
        CVM,
        Looks,
        "DescribeImageSharePermission",
        super::sharing::describe_image_share_permission,
        ["ImageId"]
    ),
    supported!(
        CVM,
        Looks,
        "DescribeImages",
        super::images::describe_images,
        ["ImageIds", "Filters", "Offset", "Limit", "InstanceType"]
    ),
    supported!(CVM, Looks, "DescribeImportImageOs", super::systems::describe_import_image_os, []),
    supported!(
        CVM,
        Changes,
        "ExportImages",
        super::exports::export_images,
        [
            "BucketName",
            "ImageIds",
            "ExportFormat",
            "FileNamePrefixList",
            "OnlyExportRootDisk",
            "DryRun",
            "RoleName",
        ]
    ),
    supported!(
        CVM,
        Changes,
        "ImportImage",
        super::imports::import_image,
        [
            "Architecture",
            "OsType",
            "OsVersion",
            "ImageUrl",
            "ImageName",
            "ImageDescription",
            "DryRun",
            "Force",
            "TagSpecification",
            "LicenseType",
            "BootMode",
            "ImageFamily",
            "ImportImageDataDiskList",
        ]
    ),
    supported!(
        CVM,
        Changes,
        "ModifyImageAttribute",
        super::image_changes::modify_image_attribute,
        ["ImageId", "ImageName", "ImageDescription", "ImageFamily", "ImageDeprecated"]
    ),
    supported!(
        CVM,
        Changes,
        "ModifyImageSharePermission",
        super::sharing::modify_image_share_permission,
        ["ImageId", "AccountIds", "Permission"]
    ),
    supported!(
        CVM,
        Changes,
        "SyncImages",
        super::copies::sync_images,
        [
            "ImageIds",
            "DestinationRegions",
            "DryRun",
            "ImageName",
            "ImageSetRequired",
            "Encrypt",
            "KmsKeyId",
        ]
    ),
    supported!(CVM, Looks, "DescribeRegions", super::regions::describe_regions, []),
    supported!(
        CBS,
        Changes,
        "CopySnapshotCrossRegions",
        super::snapshots::copy_snapshot_cross_regions,
        ["DestinationRegions", "SnapshotId", "SnapshotName"]
    ),
    supported!(
        CBS,
        Changes,
        "DeleteSnapshots",
        super::snapshots::delete_snapshots,
        ["SnapshotIds", "DeleteBindImages"]
    ),
    supported!(
        CBS,
        Looks,
        "DescribeSnapshots",
        super::snapshots::describe_snapshots,
        ["SnapshotIds", "Filters", "Limit", "OrderField", "Offset", "Order"]
    ),
    supported!(
        TAG,
        Looks,
        "DescribeResourceTagsByResourceIds",
        super::tags::describe_resource_tags_by_resource_ids,
        ["ServiceType", "ResourcePrefix", "ResourceIds", "ResourceRegion", "Offset", "Limit"]
    ),
    supported!(
        TAG,
        Changes,
        "ModifyResourceTags",
        super::tags::modify_resource_tags,
        ["Resource", "ReplaceTags", "DeleteTags"]
    ),
    unsupported!(CVM, "DescribeZones"),
    unsupported!(CVM, "ProgramFpgaImage"),
    unsupported!(CBS, "ApplySnapshot"),
    unsupported!(CBS, "ApplySnapshotGroup"),
    unsupported!(CBS, "BindAutoSnapshotPolicy"),
    unsupported!(CBS, "CreateAutoSnapshotPolicy"),
    unsupported!(CBS, "CreateSnapshot"),
    unsupported!(CBS, "CreateSnapshotGroup"),
    unsupported!(CBS, "DeleteAutoSnapshotPolicies"),
    unsupported!(CBS, "DeleteSnapshotGroup"),
    unsupported!(CBS, "DescribeAutoSnapshotPolicies"),
    unsupported!(CBS, "DescribeDiskAssociatedAutoSnapshotPolicy"),
    unsupported!(CBS, "DescribeSnapshotGroups"),
    unsupported!(CBS, "DescribeSnapshotOverview"),
    unsupported!(CBS, "DescribeSnapshotSharePermission"),
    unsupported!(CBS, "GetSnapOverview"),
    unsupported!(CBS, "ModifyAutoSnapshotPolicyAttribute"),
    unsupported!(CBS, "ModifySnapshotAttribute"),
    unsupported!(CBS, "ModifySnapshotsSharePermission"),
    unsupported!(CBS, "UnbindAutoSnapshotPolicy"),
];

/// The operation of this name. Where the signature names a service that is here, the operation must be one of it. The older
/// signature names none, and the client for Node takes the first part of its endpoint for one, which is `127` of an address.
pub(super) fn find(service: Option<&str>, name: &str) -> Option<&'static Operation> {
    let service = service.filter(|service| [CVM, CBS, TAG].contains(service));
    let mut named = OPERATIONS.iter().filter(|operation| operation.name == name);
    named.find(|operation| service.is_none_or(|service| service == operation.service))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// They have their golden files and their rows on the page.
    #[test]
    fn every_operation_is_played_and_told() {
        let operations = OPERATIONS.iter().map(|one| (one.name, one.answered.is_some()));
        crate::cloud::listed::assert_listed("tencent", operations);
    }

    /// The older signature names no service, so a name must be enough.
    #[test]
    fn no_operation_is_listed_twice() {
        let names: BTreeSet<_> = OPERATIONS.iter().map(|operation| operation.name).collect();
        assert_eq!(names.len(), OPERATIONS.len());
    }

    #[test]
    fn an_operation_is_found_in_its_own_service_alone() {
        let service = |service, name| find(service, name).map(|operation| operation.service);
        assert_eq!(service(Some("cbs"), "CreateSnapshot"), Some("cbs"));
        assert_eq!(service(None, "CreateSnapshot"), Some("cbs"));
        assert_eq!(service(Some("cvm"), "CreateSnapshot"), None);
        assert_eq!(service(Some("tag"), "CreateSnapshot"), None);
        for address in ["127", "localhost:7070", "ferry"] {
            assert_eq!(service(Some(address), "CreateSnapshot"), Some("cbs"), "{address}");
        }
        assert_eq!(service(None, "createsnapshot"), None);
    }
}
