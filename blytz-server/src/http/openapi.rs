//! The API's description, made from the code that serves it.
//!
//! Handlers say what is theirs; what every operation has in common (the errors of a body, of a
//! login, of a limit) is written in here, once.

mod kinds;
mod strictness;

use blytz_core::wire::{
    Problem,
    auction::{LogEntry, StatusView},
    chat::{ChatEvent, ChatState},
    live::{Authenticated, Pong, ServerFrame, Subscribed},
};
use utoipa::ToSchema;
use utoipa::openapi::{
    Components, Content, Header, Info, License, ObjectBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, RefOr, Response,
    path::{Operation, ParameterIn},
    schema::Type,
    security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
};

/// What routes say of themselves, with what every operation has in common.
pub fn finish(mut document: OpenApi, title: &str, description: &str) -> OpenApi {
    let mut license = License::new("MIT OR Apache-2.0");
    license.identifier = Some("MIT OR Apache-2.0".to_owned());
    let mut info = Info::new(title, env!("CARGO_PKG_VERSION"));
    info.description = Some(description.to_owned());
    info.license = Some(license);

    let mut components = document.components.take().unwrap_or_default();
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme("bearer", SecurityScheme::Http(token));
    add_schema::<Problem>(&mut components);
    if document.paths.paths.values().any(|item| item.get.as_ref().is_some_and(upgrades)) {
        add_frames(&mut components);
    }
    components.headers.extend(HEADERS.map(|(name, kind, meaning)| (name.to_owned(), header(kind, meaning).into())));
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(operation_id(method, path));
            add_login(operation);
            add_common_errors(operation, path.contains('{'));
            explain_errors(operation);
            add_headers(operation);
        }
    }
    kinds::tell_apart(&mut components.schemas);
    strictness::say(&document.paths, &mut components.schemas);
    OpenApiBuilder::from(document).info(info).components(Some(components)).build()
}

fn add_schema<T: ToSchema>(components: &mut Components) {
    let mut schemas = Vec::new();
    T::schemas(&mut schemas);
    schemas.push((T::name().into_owned(), T::schema()));
    components.schemas.extend(schemas);
}

/// What a server says over the live connection: no path names it, as a path can't.
fn add_frames(components: &mut Components) {
    add_schema::<ServerFrame>(components);
    add_schema::<LogEntry>(components);
    add_schema::<StatusView>(components);
    add_schema::<ChatEvent>(components);
    add_schema::<ChatState>(components);
    add_schema::<Subscribed>(components);
    add_schema::<Authenticated>(components);
    add_schema::<Pong>(components);
}

fn upgrades(operation: &Operation) -> bool {
    operation.responses.responses.contains_key("101")
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
        ("patch", &mut item.patch),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// A name that no other operation has, and that stays when a handler is renamed.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// Who can be told that they are not logged in can log in; where a login shows more but is not needed,
/// the handler says so. In auth, 401 has other reasons, too, and its handlers say what they need.
fn add_login(operation: &mut Operation) {
    let is_auth = operation.tags.as_ref().is_some_and(|tags| tags.iter().any(|tag| tag == "auth"));
    if is_auth || operation.security.is_some() || !operation.responses.responses.contains_key("401") {
        return;
    }
    operation.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
}

/// What each status means wherever a handler does not say it better.
const MEANINGS: [(&str, &str); 10] = [
    ("400", "The body is not JSON."),
    ("401", "There is no valid access token."),
    ("403", "Logged in, but not allowed."),
    ("404", "There is nothing at this address, or it is not yours to see."),
    ("408", "The request took too long to arrive."),
    ("413", "The body is over 1 MiB."),
    ("415", "The body is not `application/json`."),
    ("422", "The input is invalid; `errors` says where."),
    ("429", "Too many requests; `Retry-After` says when to ask again."),
    ("503", "Not now; `Retry-After` says when to ask again."),
];

/// The errors that an operation has because of what it takes.
fn add_common_errors(operation: &mut Operation, takes_id: bool) {
    if operation.tags.as_ref().is_some_and(|tags| tags.iter().any(|tag| tag == "process")) {
        return;
    }
    let takes_body = operation.request_body.is_some();
    let mut parameters = operation.parameters.iter().flatten();
    let takes_query = parameters
        .any(|parameter| matches!(parameter, RefOr::T(query) if matches!(query.parameter_in, ParameterIn::Query)));
    let takes_login = operation.security.as_ref().is_some_and(|security| !security.is_empty());
    for (status, when) in [
        ("400", takes_body),
        ("401", takes_login),
        ("404", takes_id),
        ("413", takes_body),
        ("415", takes_body),
        ("422", takes_body || takes_query),
        ("429", true),
        ("503", true),
    ] {
        if when {
            let response = || RefOr::T(Response::new(meaning(status)));
            operation.responses.responses.entry(status.to_owned()).or_insert_with(response);
        }
    }
}

fn meaning(status: &str) -> &'static str {
    MEANINGS.iter().find(|(known, _)| *known == status).map_or("", |(_, meaning)| meaning)
}

/// Every error is a problem document, also where a handler only names the status.
fn explain_errors(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let is_error = status.starts_with(['4', '5']);
        let is_ours = response.content.values().all(is_problem);
        if is_error && is_ours {
            let problem = Content::new(Some(Ref::from_schema_name(Problem::name())));
            response.content = [("application/problem+json".to_owned(), RefOr::T(problem))].into_iter().collect();
            if response.description.is_empty() {
                meaning(status).clone_into(&mut response.description);
            }
        }
    }
}

fn is_problem(content: &RefOr<Content>) -> bool {
    let RefOr::T(Content { schema: Some(RefOr::Ref(reference)), .. }) = content else { return false };
    reference.ref_location.ends_with("/Problem")
}

/// The headers that answers have beyond those that every HTTP server sends: name, type and meaning.
const HEADERS: [(&str, Type, &str); 3] = [
    ("Retry-After", Type::Integer, "Seconds to wait before asking again."),
    ("WWW-Authenticate", Type::String, "How to log in: `Bearer`."),
    (
        "X-Request-Id",
        Type::String,
        "The request's id, to be named to the operator; taken from the request if it has one.",
    ),
];

fn header(kind: Type, meaning: &str) -> Header {
    let mut header = Header::new(ObjectBuilder::new().schema_type(kind));
    header.description = Some(meaning.to_owned());
    // The type does not know this field of the specification; what stands here is written beside the others.
    header.extensions = Some([("required", true)].into_iter().collect());
    header
}

fn add_headers(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let is_problem = response.content.contains_key("application/problem+json");
        for (name, when) in [
            ("Retry-After", is_problem && matches!(status.as_str(), "429" | "503")),
            ("WWW-Authenticate", is_problem && status == "401"),
            ("X-Request-Id", true),
        ] {
            if when {
                let reference = RefOr::Ref(Ref::new(format!("#/components/headers/{name}")));
                response.headers.insert(name.to_owned(), reference);
            }
        }
    }
}
