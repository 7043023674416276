//! Every operation of the image and snapshot family: its method and path, and what answers it, or that nothing does.

use axum::http::Method;

use super::call::Handler;

/// Which of the cloud's services an operation is of: the one that requests for it are signed for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// Machines and images.
    Vm,
    /// Disks and snapshots.
    Disk,
}

impl Service {
    /// The service of this name in a signature.
    pub(super) fn read(name: &str) -> Option<Service> {
        match name {
            "vm" => Some(Service::Vm),
            "disk" => Some(Service::Disk),
            _ => None,
        }
    }
}

/// Whether an operation is done once however often its request arrives.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It only looks.
    Looks,
    /// It changes something: the same request sent again gets the first answer.
    Changes,
}

/// One operation of the cloud.
#[derive(Debug)]
pub(super) struct Operation {
    /// Its name, as clients call it.
    pub(super) name: &'static str,
    /// The service that has it.
    pub(super) service: Service,
    /// Its method.
    pub(super) method: Method,
    /// Its path behind `/v1/regions/{regionId}`. A part in braces is a parameter.
    pub(super) path: &'static str,
    /// Whether it changes anything.
    pub(super) effect: Effect,
    /// What answers it; none where the cloud has it and this service does not.
    pub(super) handler: Option<Handler>,
}

macro_rules! supported {
    ($service:ident $effect:ident $method:ident $path:literal $name:literal $handler:path) => {
        Operation {
            name: $name,
            service: Service::$service,
            method: Method::$method,
            path: $path,
            effect: Effect::$effect,
            handler: Some(|call| Box::pin($handler(call))),
        }
    };
}

macro_rules! unsupported {
    ($service:ident $effect:ident $method:ident $path:literal $name:literal) => {
        Operation {
            name: $name,
            service: Service::$service,
            method: Method::$method,
            path: $path,
            effect: Effect::$effect,
            handler: None,
        }
    };
}

/// All of them: images first, then tasks, quotas, snapshots.
pub(super) static OPERATIONS: &[Operation] = &[
    supported!(Vm Changes POST "/images:copyImages" "copyImages" super::copies::copy_images),
    supported!(Vm Looks GET "/images" "describeImages" super::images::describe_images),
    supported!(Vm Looks GET "/images/{imageId}" "describeImage" super::images::describe_image),
    supported!(Vm Changes DELETE "/images/{imageId}" "deleteImage" super::changes::delete_image),
    supported!(Vm Changes POST "/images/{imageId}:modifyImageAttribute" "modifyImageAttribute" super::changes::modify_image_attribute),
    supported!(Vm Changes POST "/images/{imageId}:share" "shareImage" super::sharing::share_image),
    supported!(Vm Changes POST "/images/{imageId}:unshare" "unShareImage" super::sharing::un_share_image),
    supported!(Vm Looks GET "/images/{imageId}/members" "describeImageMembers" super::sharing::describe_image_members),
    unsupported!(Vm Changes POST "/instances/{instanceId}:createImage" "createImage"),
    supported!(Vm Changes POST "/images:createImageFromSnapshots" "createImageFromSnapshots" super::creation::create_image_from_snapshots),
    unsupported!(Vm Changes POST "/images/{imageId}:release" "releaseImage"),
    unsupported!(Vm Changes POST "/images/{imageId}:unrelease" "unReleaseImage"),
    supported!(Vm Changes POST "/images/{imageId}:convertImage" "convertImage" super::conversion::convert_image),
    supported!(Vm Looks GET "/imageConstraints" "describeImageConstraintsBatch" super::constraints::describe_image_constraints_batch),
    supported!(Vm Looks GET "/images/{imageId}/constraints" "describeImageConstraints" super::constraints::describe_image_constraints),
    supported!(Vm Changes POST "/images:import" "importImage" super::tasks::import_image),
    supported!(Vm Changes POST "/images/{imageId}:exportImage" "exportImage" super::tasks::export_image),
    supported!(Vm Looks GET "/imageTasks" "imageTasks" super::tasks::image_tasks),
    supported!(Vm Looks GET "/quotas" "describeQuotas" super::quotas::describe_quotas),
    supported!(Disk Looks GET "/snapshots" "describeSnapshots" super::snapshots::describe_snapshots),
    unsupported!(Disk Changes POST "/snapshots" "createSnapshot"),
    unsupported!(Disk Changes DELETE "/snapshots" "deleteSnapshots"),
    supported!(Disk Looks GET "/snapshots/{snapshotId}" "describeSnapshot" super::snapshots::describe_snapshot),
    unsupported!(Disk Changes PATCH "/snapshots/{snapshotId}" "modifySnapshotAttribute"),
    supported!(Disk Changes DELETE "/snapshots/{snapshotId}" "deleteSnapshot" super::snapshots::delete_snapshot),
    unsupported!(Disk Looks GET "/snapshots:chain" "describeSnapshotChain"),
    unsupported!(Disk Looks GET "/snapshots:capacity" "describeSnapshotsCapacity"),
    unsupported!(Disk Looks GET "/quotas" "describeQuota"),
    unsupported!(Disk Changes POST "/snapshotPolicy" "createSnapshotPolicy"),
    unsupported!(Disk Changes PATCH "/snapshotPolicy/{policyId}" "updateSnapshotPolicy"),
    unsupported!(Disk Changes DELETE "/snapshotPolicy/{policyId}" "deleteSnapshotPolicy"),
    unsupported!(Disk Changes POST "/snapshotPolicies:apply" "applySnapshotPolicies"),
    unsupported!(Disk Looks POST "/snapshotPolicies:describe" "describeSnapshotPolicies"),
    unsupported!(Disk Looks POST "/snapshotPolicyDiskRelations:describe" "describeSnapshotPolicyDiskRelations"),
];

/// What every path begins with, behind the path of the endpoint.
const REGIONS: &str = "/v1/regions/";
/// The parameter behind it.
const REGION: &str = "regionId";

/// What a request's method and path mean.
#[derive(Debug)]
pub(super) struct Found {
    /// The operation.
    pub(super) operation: &'static Operation,
    /// The region that the path names.
    pub(super) region: String,
    /// The path's other parameters.
    pub(super) parameters: Vec<(&'static str, String)>,
}

impl Found {
    /// All parameters of the path.
    pub(super) fn path(&self) -> Vec<(&'static str, String)> {
        let mut all = self.parameters.clone();
        all.push((REGION, self.region.clone()));
        all
    }
}

/// The operation of a service at a decoded path. Endpoints may have a path of their own before it (contract 6).
pub(super) fn find(method: &Method, path: &str, service: Service) -> Option<Found> {
    let (_endpoint, behind) = path.split_once(REGIONS)?;
    let (region, rest) = behind.split_at(behind.find('/')?);
    if region.is_empty() {
        return None;
    }
    let mut of_these = OPERATIONS.iter().filter(|o| o.method == *method && o.service == service);
    of_these.find_map(|operation| {
        let parameters = matched(operation.path, rest)?;
        Some(Found { operation, region: region.to_owned(), parameters })
    })
}

/// The parameters of a path that a pattern fits.
fn matched(pattern: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut parameters = Vec::new();
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(parameters),
            (Some(wanted), Some(given)) => match wanted.strip_prefix('{') {
                None if wanted == given => {}
                None => return None,
                Some(named) => {
                    let (name, verb) = named.split_once('}')?;
                    let value = given.strip_suffix(verb)?;
                    if value.is_empty() || value.contains(':') {
                        return None;
                    }
                    parameters.push((name, value.to_owned()));
                }
            },
            (Some(_), None) | (None, Some(_)) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn named(method: &str, path: &str, service: Service) -> Option<(&'static str, String)> {
        let found = find(&method.parse().unwrap(), path, service)?;
        let parameters = found.path().into_iter().map(|(name, value)| format!("{name}={value}"));
        Some((found.operation.name, parameters.collect::<Vec<_>>().join(" ")))
    }

    #[test]
    fn paths_are_read_with_their_parameters() {
        for (method, path, service, name, parameters) in [
            ("GET", "/v1/regions/r/images", Service::Vm, "describeImages", "regionId=r"),
            ("POST", "/v1/regions/r/images:copyImages", Service::Vm, "copyImages", "regionId=r"),
            ("POST", "/jd/v1/regions/r/images:copyImages", Service::Vm, "copyImages", "regionId=r"),
            ("GET", "/v1/regions/r/images/i", Service::Vm, "describeImage", "imageId=i regionId=r"),
            (
                "DELETE",
                "/a/b/v1/regions/r/images/i",
                Service::Vm,
                "deleteImage",
                "imageId=i regionId=r",
            ),
            (
                "POST",
                "/v1/regions/r/images/i:share",
                Service::Vm,
                "shareImage",
                "imageId=i regionId=r",
            ),
            (
                "GET",
                "/v1/regions/r/images/i/members",
                Service::Vm,
                "describeImageMembers",
                "imageId=i regionId=r",
            ),
            (
                "POST",
                "/v1/regions/r/instances/i:createImage",
                Service::Vm,
                "createImage",
                "instanceId=i regionId=r",
            ),
            ("GET", "/v1/regions/r/quotas", Service::Vm, "describeQuotas", "regionId=r"),
            ("GET", "/v1/regions/r/quotas", Service::Disk, "describeQuota", "regionId=r"),
            ("GET", "/v1/regions/r/snapshots", Service::Disk, "describeSnapshots", "regionId=r"),
            (
                "PATCH",
                "/v1/regions/r/snapshots/s",
                Service::Disk,
                "modifySnapshotAttribute",
                "snapshotId=s regionId=r",
            ),
        ] {
            let wanted = Some((name, parameters.to_owned()));
            assert_eq!(named(method, path, service), wanted, "{method} {path}");
        }
    }

    #[test]
    fn other_paths_lead_nowhere() {
        for (method, path, service) in [
            ("GET", "/", Service::Vm),
            ("GET", "/v1/regions", Service::Vm),
            ("GET", "/v1/regions/", Service::Vm),
            ("GET", "/v1/regions/r", Service::Vm),
            ("GET", "/v1/regions//images", Service::Vm),
            ("GET", "/v2/regions/r/images", Service::Vm),
            ("GET", "/v1/regions/r/images/", Service::Vm),
            ("GET", "/v1/regions/r/images/i/other", Service::Vm),
            ("GET", "/v1/regions/r/images/i:share", Service::Vm),
            ("POST", "/v1/regions/r/images/:share", Service::Vm),
            ("POST", "/v1/regions/r/images/i:share:share", Service::Vm),
            ("POST", "/v1/regions/r/images/i:Share", Service::Vm),
            ("POST", "/v1/regions/r/images:copyimages", Service::Vm),
            ("POST", "/v1/regions/r/images", Service::Vm),
            ("HEAD", "/v1/regions/r/images", Service::Vm),
            ("GET", "/v1/regions/r/images", Service::Disk),
            ("GET", "/v1/regions/r/snapshots", Service::Vm),
            ("GET", "/v1/regions/r/xv1/regions/r/images", Service::Vm),
        ] {
            assert_eq!(named(method, path, service), None, "{method} {path}");
        }
    }

    #[test]
    fn no_operation_is_listed_twice() {
        let places: BTreeSet<_> = OPERATIONS
            .iter()
            .map(|o| (o.method.as_str(), o.path, o.service == Service::Vm))
            .collect();
        let names: BTreeSet<_> = OPERATIONS.iter().map(|operation| operation.name).collect();
        assert_eq!((places.len(), names.len()), (OPERATIONS.len(), OPERATIONS.len()));
    }
}
