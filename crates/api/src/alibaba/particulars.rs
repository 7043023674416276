//! What the cloud says of an image and Ferry has no use for: kept under the names that requests have, and shown again.

use super::error::ApiError;
use super::params::Params;
use super::words::UEFI_PREFERRED;

/// The resource group. Any is taken: this service has none.
pub(super) const RESOURCE_GROUP: &str = "ResourceGroupId";
/// The version of an image, in its maker's words.
pub(super) const VERSION: &str = "ImageVersion";
/// Who provides the licence of the operating system.
pub(super) const LICENSE: &str = "LicenseType";
/// Whether NVMe disks work.
pub(super) const NVME: &str = "Features.NvmeSupport";
/// Which ways to the metadata service work.
pub(super) const IMDS: &str = "Features.ImdsSupport";
/// Whether the machine may check what it starts.
pub(super) const SECURE_BOOT: &str = "SecureBootOptions.SecureBootSupport";
/// Kept only where a machine can start either way, which Ferry does not know.
pub(super) const BOOT_MODE: &str = "BootMode";

/// What a request says of them.
pub(super) fn read(params: &Params) -> Result<Vec<(String, String)>, ApiError> {
    let supported = ["supported", "unsupported"];
    let mut kept = Vec::new();
    for (name, allowed) in [
        (RESOURCE_GROUP, &[][..]),
        (VERSION, &[]),
        (LICENSE, &["Auto", "Aliyun", "BYOL"]),
        (NVME, &supported),
        (IMDS, &["v1", "v2"]),
        (SECURE_BOOT, &supported),
    ] {
        let Some(value) = params.text(name) else { continue };
        if !allowed.is_empty() && !allowed.contains(&value) {
            return Err(refused(name, value));
        }
        kept.push((name.to_owned(), value.to_owned()));
    }
    if params.text(BOOT_MODE) == Some(UEFI_PREFERRED) {
        kept.push((BOOT_MODE.to_owned(), UEFI_PREFERRED.to_owned()));
    }
    Ok(kept)
}

fn refused(name: &str, value: &str) -> ApiError {
    match name {
        LICENSE => ApiError::bad(
            "InvalidLicenseType.NotSupported",
            "The specified parameter LicenseType is not supported.",
        ),
        IMDS => ApiError::bad(
            "InvalidParameter.FeaturesImdsSupport",
            "The specified parameter Features.ImdsSupport is not supported.",
        ),
        other => ApiError::invalid(other, format!("`{value}` is not one of its values")),
    }
}
