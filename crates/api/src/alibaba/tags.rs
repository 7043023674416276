//! Tags of images, snapshots and instances (contract 6).

use model::{ImageId, InstanceId, Rejection, SnapshotId, TagKeys, Tagged, TaggedKind, Tags};
use region::{Refused, TagCountSearch, TagLine, TagSearch};

use super::call::Call;
use super::error::ApiError;
use super::given::Given;
use super::ids::Spelled;
use super::paging::{FIFTY, Following, Numbered, PageSize};
use super::params::Params;
use super::rejection::{Context, of_refused};
use super::reply::Node;

/// Things in one request, at most.
const MOST_RESOURCES: usize = 50;
/// Tags in one request, at most.
const MOST_TAGS: usize = 20;
/// `ListTagResources` takes no size. One thing's tags are on one page: a client is known that reads no second (contract 7).
const LISTED: PageSize = PageSize { usual: 1_000, most: 1_000 };

/// A tag's value is given without its key.
const MISMATCH: &str = "InvalidTag.Mismatch";

/// `TagResources`: gives tags to several things, to all of them or to none.
pub(super) async fn tag_resources(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let resources = resources(call, &call.params.list("ResourceId")?)?;
    let tags = needed(call)?;
    region.tag(&call.caller, &resources, &tags).await.map_err(refused)?;
    Ok(Node::empty())
}

/// `UntagResources`: takes tags from several things, from all of them or from none.
pub(super) async fn untag_resources(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let resources = resources(call, &call.params.list("ResourceId")?)?;
    let named = call.params.list("TagKey")?;
    let all = call.params.flag("All")?;
    if named.len() > MOST_TAGS {
        return Err(too_many_tags());
    }
    let keys = match (named.is_empty(), all) {
        (true, Some(true)) => TagKeys::All,
        (true, Some(false) | None) => return Err(no_tags()),
        // Then `All` says nothing.
        (false, _) => TagKeys::Named(named.into_iter().map(str::to_owned).collect()),
    };
    region.untag(&call.caller, &resources, keys).await.map_err(refused)?;
    Ok(Node::empty())
}

/// `AddTags`, the older form: one thing, not several. Packer calls it.
pub(super) async fn add_tags(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let resources = resources(call, &[call.params.needed("ResourceId")?])?;
    let tags = needed(call)?;
    region.tag(&call.caller, &resources, &tags).await.map_err(refused)?;
    Ok(Node::empty())
}

/// `RemoveTags`, the older form: keys as tags. A tag that is named with a value goes only where it has that value.
pub(super) async fn remove_tags(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let resources = resources(call, &[call.params.needed("ResourceId")?])?;
    let wanted = wanted(&call.params)?;
    if wanted.is_empty() {
        return Err(no_tags());
    }
    let kind = resources[0].kind();
    let mut keys = Vec::new();
    for (key, value) in wanted {
        let Some(value) = value else {
            keys.push(key);
            continue;
        };
        let search = TagSearch {
            kind,
            resources: resources.clone(),
            tags: vec![(key.clone(), Some(value))],
            page: region::PageOf { offset: 0, limit: 1 },
        };
        if region.search_tags(&call.caller, search).await.map_err(refused)?.total > 0 {
            keys.push(key);
        }
    }
    // Asked for even where nothing is left to take: a thing that is not the caller's is refused in either case.
    region.untag(&call.caller, &resources, TagKeys::Named(keys)).await.map_err(refused)?;
    Ok(Node::empty())
}

/// `ListTagResources`: the tags of things of one kind. What is not the caller's has none (api-11).
pub(super) async fn list_tag_resources(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let kind = kind(call)?;
    if !call.params.structs("TagFilter")?.is_empty() {
        let reason = "this service looks for tags exactly, by `Tag.N`";
        return Err(ApiError::invalid("TagFilter", reason));
    }
    let named = call.params.list("ResourceId")?;
    check_count(&named)?;
    let wanted = wanted(&call.params).map_err(|error| match &*error.code {
        // The same mistake has another code here.
        MISMATCH => {
            ApiError::bad("InvalidParameter.TagValue", "The Tag.N.Value parameter is invalid.")
        }
        _ => error,
    })?;
    let resources: Vec<_> = named.iter().filter_map(|id| read(kind, id)).collect();
    let listing = call.listing("tagged resources", (kind, &named, &wanted))?;
    let page = Following::read(call, &listing, LISTED)?;
    // No one of the ids is any thing's.
    let found = if resources.is_empty() && !named.is_empty() {
        region::Found { items: Vec::new(), total: 0 }
    } else {
        let search = TagSearch { kind, resources, tags: wanted, page: page.part() };
        region.search_tags(&call.caller, search).await.map_err(refused)?
    };
    let next = page.next(found.items.len(), found.total);
    let lines = found.items.into_iter().map(|line| line_node(&line));
    Ok(Node::Fields(vec![
        ("TagResources", Node::List("TagResource", lines.collect())),
        ("NextToken", Node::text(next)),
    ]))
}

/// `DescribeTags`, the older listing: the pairs of keys and values, and how many things of each kind have them.
pub(super) async fn describe_tags(call: &Call) -> Result<Node, ApiError> {
    let region = call.region()?;
    let page = Numbered::read(call, FIFTY)?;
    let kind = match call.params.text("ResourceType") {
        None => None,
        Some(_) => Some(kind(call)?),
    };
    let resource = call.params.text("ResourceId");
    let read = resource.map(|id| match kind {
        Some(kind) => read(kind, id),
        None => TaggedKind::ALL.iter().find_map(|kind| read(*kind, id)),
    });
    let found = match read {
        Some(None) => region::Found { items: Vec::new(), total: 0 },
        resource => {
            let resources = resource.flatten().into_iter().collect();
            let tags = wanted(&call.params)?;
            let search = TagCountSearch { kind, resources, tags, page: page.part() };
            region.tag_counts(&call.caller, search).await.map_err(refused)?
        }
    };
    let tags = found.items.iter().map(|tag| {
        let zero = |name| (name, Node::Number(0));
        let mut counts = vec![
            ("Image", Node::number(tag.images)),
            ("Snapshot", Node::number(tag.snapshots)),
            ("Instance", Node::number(tag.instances)),
        ];
        counts.extend(ELSEWHERE.map(zero));
        Node::Fields(vec![
            ("TagKey", Node::text(&tag.key)),
            ("TagValue", Node::text(&tag.value)),
            ("ResourceTypeCount", Node::Fields(counts)),
        ])
    });
    let mut fields = page.fields(found.total);
    fields.push(("Tags", Node::List("Tag", tags.collect())));
    Ok(Node::Fields(fields))
}

/// Kinds of things that this service does not have, and the cloud counts tags of.
const ELSEWHERE: [&str; 9] = [
    "Ddh",
    "Disk",
    "Eni",
    "KeyPair",
    "LaunchTemplate",
    "ReservedInstance",
    "Securitygroup",
    "SnapshotPolicy",
    "Volume",
];

/// The tags that things must have to be found: a key with the value it must have, or with any.
pub(super) fn wanted(params: &Params) -> Result<Vec<(String, Option<String>)>, ApiError> {
    let elements = params.structs("Tag")?;
    if elements.len() > MOST_TAGS {
        return Err(too_many_tags());
    }
    let pair = |element: &Params| {
        let value = element.text("Value").map(str::to_owned);
        match element.text("Key") {
            Some(key) => Ok(Some((key.to_owned(), value))),
            None if value.is_none() => Ok(None),
            None => Err(mismatch()),
        }
    };
    elements.iter().map(pair).filter_map(Result::transpose).collect()
}

/// The tags of a thing, as its description lists them.
pub(super) fn node(tags: &Tags) -> Node {
    let tags = tags.iter().map(|(key, value)| {
        Node::Fields(vec![("TagKey", Node::text(key)), ("TagValue", Node::text(value))])
    });
    Node::List("Tag", tags.collect())
}

fn line_node(line: &TagLine) -> Node {
    let id = match &line.resource {
        Tagged::Image(id) => id.spelled(),
        Tagged::Snapshot(id) => id.spelled(),
        Tagged::Instance(id) => id.spelled(),
    };
    Node::Fields(vec![
        ("ResourceId", Node::text(id)),
        ("ResourceType", Node::text(line.resource.kind())),
        ("TagKey", Node::text(&line.key)),
        ("TagValue", Node::text(&line.value)),
    ])
}

/// The tags that a request must give.
fn needed(call: &Call) -> Result<Tags, ApiError> {
    let tags = Given { params: &call.params, context: Context::Tag }.tags()?;
    if tags.is_empty() { Err(no_tags()) } else { Ok(tags) }
}

/// The kind of things that a request is about.
fn kind(call: &Call) -> Result<TaggedKind, ApiError> {
    let word = call.params.text("ResourceType").ok_or_else(|| absent("ResourceType"))?;
    word.to_ascii_lowercase().parse().map_err(|_| {
        let message = "The ResourceType provided does not exist in our records.";
        ApiError::gone("InvalidResourceType.NotFound", message)
    })
}

/// The things that a request is about.
fn resources(call: &Call, named: &[&str]) -> Result<Vec<Tagged>, ApiError> {
    let kind = kind(call)?;
    if named.is_empty() {
        return Err(absent("ResourceIds.N"));
    }
    check_count(named)?;
    named.iter().map(|id| read(kind, id).ok_or_else(no_resource)).collect()
}

fn check_count(named: &[&str]) -> Result<(), ApiError> {
    if named.len() <= MOST_RESOURCES {
        return Ok(());
    }
    let message =
        format!("The ResourceIds parameter's number is exceed , Valid : {MOST_RESOURCES}");
    Err(ApiError::bad("NumberExceed.ResourceIds", message))
}

fn read(kind: TaggedKind, id: &str) -> Option<Tagged> {
    match kind {
        TaggedKind::Image => ImageId::read(id).map(Tagged::Image),
        TaggedKind::Snapshot => SnapshotId::read(id).map(Tagged::Snapshot),
        TaggedKind::Instance => InstanceId::read(id).map(Tagged::Instance),
    }
}

fn mismatch() -> ApiError {
    let message = "The specified Tag.n.Key and Tag.n.Value are not match.";
    ApiError::bad(MISMATCH, message)
}

fn too_many_tags() -> ApiError {
    let message = format!("The Tags parameter's number is exceed , Valid : {MOST_TAGS}");
    ApiError::bad("NumberExceed.Tags", message)
}

fn no_tags() -> ApiError {
    absent("Tags")
}

/// Of tags the cloud names what is absent in the code, and answers 404.
fn absent(name: &str) -> ApiError {
    let code = format!("MissingParameter.{}", name.trim_end_matches(".N"));
    ApiError::gone(code, format!("The parameter - {name} should not be null"))
}

fn no_resource() -> ApiError {
    let message = "The specified ResourceIds are not found in our records.";
    ApiError::gone("InvalidResourceId.NotFound", message)
}

/// Of tags the cloud says the same of every kind of thing.
fn refused(refused: Refused) -> ApiError {
    match refused {
        Refused::Rejected(
            Rejection::ImageNotFound { .. }
            | Rejection::ImageNotYours { .. }
            | Rejection::SnapshotNotFound { .. }
            | Rejection::InstanceNotFound { .. },
        ) => no_resource(),
        Refused::Rejected(Rejection::TooManyTags { .. }) => ApiError::bad(
            "OperationDenied.QuotaExceed",
            "The quota of tags on resource is beyond permitted range.",
        ),
        other => of_refused(other, Context::Tag),
    }
}
