//! Instances: records that say an image is used. No machine runs, so none has to be stopped before it is changed or deleted.

use std::collections::BTreeMap;

use model::{Attributes, ImageId, InstanceId, Name, NamePattern};
use region::{
    Caller, Cursor, ImageSearch, InstanceSearch, InstanceView, PageOf, Refused, Region,
    RunInstances,
};

use super::call::Call;
use super::error::ApiError;
use super::given::Given;
use super::ids::{Spelled, asked_for, of_array};
use super::paging::{Paging, TEN};
use super::place::{Thing, region_with};
use super::rejection::{Context, of_refused};
use super::reply::Node;
use super::words::no_image;
use super::{tags, times, words};

/// Instances that one request makes, deletes or names, at most.
const MOST: usize = 100;
/// How an instance is called where the request does not say: it has no id yet that it could be called by.
const UNNAMED: &str = "instance";

/// `RunInstances`: registers instances of an image, or of the newest image of a family. All that says what machine it were,
/// as `InstanceType` or `VSwitchId`, is taken and not kept.
pub(super) async fn run_instances(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let caller = call.dry()?;
    let count = call.params.number("Amount", 1..=MOST as u64)?.unwrap_or(1);
    if call.params.number("MinAmount", 1..=MOST as u64)?.is_some_and(|least| least > count) {
        return Err(ApiError::invalid("MinAmount", "it is above Amount"));
    }
    let given = Given { params: &call.params, context: Context::Instance };
    let name = given.name("InstanceName")?;
    let unnamed = || Name::new(UNNAMED).expect("it is a legal name");
    let command = RunInstances {
        tags: given.tags()?,
        name: name.unwrap_or_else(unnamed),
        count: u32::try_from(count).expect("a checked number of at most a hundred"),
        token: given.token()?,
        image: image_to_run(given, (&region, &caller)).await?,
    };
    let made = region.run_instances(&caller, command).await.map_err(refused)?;
    let ids = made.iter().map(|instance| Node::text(instance.id.spelled()));
    Ok(Node::Fields(vec![("InstanceIdSets", Node::List("InstanceIdSet", ids.collect()))]))
}

async fn image_to_run(
    given: Given<'_>,
    (region, caller): (&Region, &Caller),
) -> Result<ImageId, ApiError> {
    match (given.params.text("ImageId"), given.family("ImageFamily")?) {
        (Some(image), None) => ImageId::read(image).ok_or_else(no_image),
        (None, Some(family)) => region.newest_of_family(caller, &family).await.map_err(refused),
        (None, None) => Err(ApiError::missing("ImageId")),
        (Some(_), Some(_)) => {
            Err(ApiError::invalid("ImageFamily", "it is given beside ImageId; give one of them"))
        }
    }
}

/// `DescribeInstances`: what asks for a state other than `Running`, or for a part of a machine, finds nothing.
pub(super) async fn describe_instances(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let caller = &call.caller;
    let named = call.params.text("InstanceIds").map(|text| {
        let message = "The specified InstanceIds is not valid.";
        let malformed = || ApiError::bad("InvalidInstanceIds.Malformed", message);
        of_array(text, MOST).ok_or_else(malformed)
    });
    let ids = asked_for(&named.transpose()?.unwrap_or_default());
    let image = call.params.text("ImageId").map(ImageId::read);
    let name = call.params.text("InstanceName").map(|form| NamePattern::Like(form.to_owned()));
    let nothing = asks_for_a_machine(call)? || ids.is_none() || image == Some(None);
    let search = InstanceSearch {
        ids: ids.unwrap_or_default(),
        image: image.flatten(),
        name,
        tags: tags::wanted(&call.params)?,
        after: None,
        page: PageOf::default(),
    };
    let listing = call.listing("instances", (&search, nothing))?;
    let page = Paging::read(call, &listing, TEN)?;
    call.look_only()?;
    let found = if nothing {
        region::Found { items: Vec::new(), total: 0 }
    } else {
        let search = InstanceSearch { after: page.after(), page: page.part(), ..search };
        region.search_instances(caller, search).await.map_err(refused)?
    };
    let place = |row: &InstanceView| Cursor { created: row.created, id: row.id.to_string() };
    let (items, mut fields) = page.cut(found, place);
    let systems = systems_of((&region, caller), &items).await?;
    let nodes = items.iter().map(|instance| node(instance, systems.get(&instance.image)));
    fields.push(("Instances", Node::List("Instance", nodes.collect())));
    Ok(Node::Fields(fields))
}

/// Whether something is asked for that only machines have.
fn asks_for_a_machine(call: &Call) -> Result<bool, ApiError> {
    const PARTS: [&str; 14] = [
        "EipAddresses",
        "HpcClusterId",
        "InnerIpAddresses",
        "InstanceType",
        "InstanceTypeFamily",
        "KeyPairName",
        "LockReason",
        "PrivateIpAddresses",
        "PublicIpAddresses",
        "RdmaIpAddresses",
        "ResourceGroupId",
        "SecurityGroupId",
        "VSwitchId",
        "VpcId",
    ];
    let other_state = match call.params.text("Status") {
        None | Some("Running") => false,
        Some("Pending" | "Starting" | "Stopping" | "Stopped") => true,
        Some(other) => {
            return Err(ApiError::invalid("Status", format!("`{other}` is no state of instances")));
        }
    };
    Ok(other_state || PARTS.iter().any(|part| call.params.text(part).is_some()))
}

/// What the images of some instances say of their systems. An image that is gone, or that is not the caller's to see any more,
/// says nothing.
async fn systems_of(
    (region, caller): (&Region, &Caller),
    instances: &[InstanceView],
) -> Result<BTreeMap<ImageId, Attributes>, ApiError> {
    let mut images: Vec<ImageId> =
        instances.iter().map(|instance| instance.image.clone()).collect();
    images.sort();
    images.dedup();
    if images.is_empty() {
        return Ok(BTreeMap::new());
    }
    let search = ImageSearch { ids: images, ..ImageSearch::default() };
    let found = region.search_images(caller, search).await.map_err(refused)?;
    Ok(found.items.into_iter().map(|image| (image.id, image.attributes)).collect())
}

fn node(instance: &InstanceView, system: Option<&Attributes>) -> Node {
    let created = times::to_minute(instance.created);
    let os_type = system.map(|system| words::os_type(system.os_type));
    let os_name = system.map(words::os_name).unwrap_or_default();
    Node::Fields(vec![
        ("InstanceId", Node::text(instance.id.spelled())),
        ("InstanceName", Node::text(&instance.name)),
        ("ImageId", Node::text(instance.image.spelled())),
        ("RegionId", Node::text(&instance.region)),
        ("Status", Node::text("Running")),
        ("OSType", Node::text(os_type.unwrap_or_default())),
        ("OSName", Node::text(&os_name)),
        ("OSNameEn", Node::text(os_name)),
        ("CreationTime", Node::text(&created)),
        ("StartTime", Node::text(created)),
        ("Tags", tags::node(&instance.tags)),
    ])
}

/// `DeleteInstance`: with `Force` or without.
pub(super) async fn delete_instance(call: &Call) -> Result<Node, ApiError> {
    let caller = call.dry()?;
    call.params.flag("Force")?;
    let id = InstanceId::read(call.params.needed("InstanceId")?).ok_or_else(no_instance)?;
    let region = region_with(call, Thing::Instance(&id)).await?;
    region.delete_instance(&caller, &id).await.map_err(refused)?;
    Ok(Node::empty())
}

/// `DeleteInstances`: all of them or none. Asked again with its token, it finds them gone.
pub(super) async fn delete_instances(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let caller = call.dry()?;
    call.params.flag("Force")?;
    let named = call.params.list("InstanceId")?;
    if named.is_empty() {
        return Err(ApiError::missing("InstanceId"));
    }
    if named.len() > MOST {
        return Err(ApiError::invalid("InstanceId", format!("more than {MOST} are named")));
    }
    let read = |id: &&str| InstanceId::read(id).ok_or_else(no_instance);
    let ids = named.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    region.delete_instances(&caller, &ids).await.map_err(refused)?;
    Ok(Node::empty())
}

/// `ReplaceSystemDisk`: the instance is of another image from now on.
pub(super) async fn replace_system_disk(call: &Call) -> Result<Node, ApiError> {
    let caller = call.dry()?;
    let id = InstanceId::read(call.params.needed("InstanceId")?).ok_or_else(no_instance)?;
    let image = ImageId::read(call.params.needed("ImageId")?).ok_or_else(no_image)?;
    let region = region_with(call, Thing::Instance(&id)).await?;
    let changed = region.change_instance_disk(&caller, &id, &image).await.map_err(refused)?;
    Ok(Node::Fields(vec![("DiskId", Node::text(disk_of(&changed.id)))]))
}

/// An instance has one disk and Ferry keeps no record of it: its id is the instance's with another prefix, before and after it
/// was replaced. No operation takes it.
fn disk_of(instance: &InstanceId) -> String {
    instance.spelled().replacen(InstanceId::CLOUD, "d-", 1)
}

fn no_instance() -> ApiError {
    let message = "The specified InstanceId does not exist.";
    ApiError::gone("InvalidInstanceId.NotFound", message)
}

fn refused(refused: Refused) -> ApiError {
    of_refused(refused, Context::Instance)
}
