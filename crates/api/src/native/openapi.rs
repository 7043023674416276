//! The description of the API: OpenAPI 3.1, made from the handlers and kept as `docs/openapi.json`.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, Object, OpenApi as Document, PathItem, Ref, RefOr, Required,
    Response as Described, ResponseBuilder, Type,
};

use super::operations;
use super::wire::{EstimateAnswer, Problem};

/// The operation that needs no key: it tells nothing that the documentation does not.
const OPEN_TO_ALL: &str = "openapi";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Ferry",
        version = "1",
        description = "Machine images, and their copies between regions. Sizes are in bytes, times in UTC. Every answer carries `X-Request-Id`; every refusal is a problem of RFC 9457 whose `code` never changes meaning.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(Problem, EstimateAnswer))
)]
struct Head;

/// The document without its operations.
pub(super) fn head() -> Document {
    Head::openapi()
}

fn whole() -> Document {
    let mut document = operations().into_openapi();
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Basic)
        .description(Some("The access key's id as user, its secret as password"))
        .build();
    let components = document.components.get_or_insert_default();
    components.security_schemes.insert("key".to_owned(), RefOr::T(SecurityScheme::Http(scheme)));
    components.responses.insert("Problem".to_owned(), RefOr::T(problem()));
    for (path, item) in &mut document.paths.paths {
        for operation in each(item) {
            complete(path, operation);
        }
    }
    document
}

fn each(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch]
        .into_iter()
        .flatten()
}

fn problem() -> Described {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new()
        .description("Refused; `code` says why")
        .content("application/problem+json", content)
        .build()
}

/// What all operations have in common: the parts of their path, problems, and the key.
fn complete(path: &str, operation: &mut Operation) {
    let parts = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameters = operation.parameters.get_or_insert_default();
    let described: Vec<_> = parts.map(path_parameter).collect();
    parameters.splice(0..0, described);
    operation
        .responses
        .responses
        .insert("default".to_owned(), RefOr::Ref(Ref::from_response_name("Problem")));
    if operation.operation_id.as_deref() != Some(OPEN_TO_ALL) {
        operation.security = Some(vec![SecurityRequirement::new("key", Vec::<String>::new())]);
    }
}

fn path_parameter(name: &str) -> RefOr<Parameter> {
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(Object::with_type(Type::String)))
        .build();
    RefOr::T(parameter)
}

/// The description of the native API as pretty JSON, with a line end.
pub fn openapi_json() -> String {
    let mut json =
        whole().to_pretty_json().expect("the document has string keys and no failing parts");
    json.push('\n');
    json
}

/// Describe this API.
#[utoipa::path(get, path = "/v1/openapi.json", operation_id = "openapi", tag = "api",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
pub(crate) async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], openapi_json()).into_response()
}
