//! The server's own description as a judge: every answer that a test gets is held against the
//! operation, the status and the content type that it claims to be of.
//!
//! [`witness::Witness`] sits outermost in a server of the test's own and sees every answer, whoever asked.
//! Where the server is another process, [`witness::judged`] looks at what the test itself has got.

pub mod schema;
pub mod witness;

use std::{collections::BTreeMap, sync::LazyLock};

use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use serde_json::{Value, json};

use self::schema::Schemas;

/// The document of the whole server.
pub static DOCUMENT: LazyLock<Document> = LazyLock::new(|| {
    let text = blytz_server::app::document().to_json().expect("the document is JSON");
    Document::new(&serde_json::from_str(&text).expect("JSON"))
});

/// A document, ready to judge.
pub struct Document {
    paths: Vec<Path>,
    headers: Value,
    schemas: Schemas,
}

/// A path with its parameters as they stand, and its operations by method.
struct Path {
    segments: Vec<String>,
    operations: BTreeMap<String, Value>,
}

/// An answer, as it came.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    pub method: &'a Method,
    /// The path that was asked, without the query.
    pub path: &'a str,
    pub status: StatusCode,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

type Verdict<T = ()> = Result<T, String>;

impl Document {
    pub fn new(document: &Value) -> Self {
        let paths = document["paths"].as_object().expect("paths").iter().map(|(path, item)| Path {
            segments: path.split('/').map(str::to_owned).collect(),
            operations: item
                .as_object()
                .expect("a path")
                .iter()
                .map(|(method, operation)| (method.to_uppercase(), operation.clone()))
                .collect(),
        });
        let components = &document["components"];
        Self {
            paths: paths.collect(),
            headers: components["headers"].clone(),
            schemas: Schemas::of_answers(&components["schemas"]),
        }
    }

    /// Whether the document describes this answer.
    ///
    /// # Errors
    /// What it says otherwise.
    pub fn judge(&self, answer: Answer<'_>) -> Verdict {
        self.verdict(answer).map_err(|fault| {
            let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(2_000)]);
            format!("{} {} answered {}: {fault}\n    {body}", answer.method, answer.path, answer.status.as_u16())
        })
    }

    /// Whether the document describes this frame of the live connection, and what it answers if that
    /// is known.
    ///
    /// # Errors
    /// What it says otherwise.
    pub fn judge_frame(&self, frame: &Value, op: Option<&str>) -> Verdict {
        let check =
            |name: &str, value| self.schemas.check(&json!({ "$ref": format!("#/components/schemas/{name}") }), value);
        check("ServerFrame", frame)?;
        let answer = match op {
            Some("auth") => "Authenticated",
            Some("subscribe") => "Subscribed",
            Some("bid") => "BidAnswer",
            Some("chat") => "Message",
            Some("ping") => "Pong",
            _ => return Ok(()),
        };
        frame.get("ok").map_or(Ok(()), |ok| check(answer, ok))
    }

    fn verdict(&self, answer: Answer<'_>) -> Verdict {
        // Every OPTIONS is a browser's question about origins, answered before it comes to a path;
        // and the document's own reader is no part of what it describes.
        if answer.method == Method::OPTIONS || is_reader(answer.path) && answer.status.is_success() {
            return Ok(());
        }
        let Some(path) = self.path(answer.path) else {
            return self.refusal(answer, StatusCode::NOT_FOUND).map_err(|fault| format!("no such path; {fault}"));
        };
        // Whatever can be got can be asked for without its body.
        let method = if answer.method == Method::HEAD { "GET" } else { answer.method.as_str() };
        let Some(operation) = path.operations.get(method) else {
            return self
                .refusal(answer, StatusCode::METHOD_NOT_ALLOWED)
                .map_err(|fault| format!("no such method; {fault}"));
        };
        let response = operation["responses"]
            .get(answer.status.as_str())
            .ok_or_else(|| format!("a status that the operation does not have: {}", statuses(operation)))?;
        self.headers(response, answer.headers)?;
        self.content(response, answer)
    }

    /// The path whose segments fit; what stands literally goes before what is a parameter.
    fn path(&self, path: &str) -> Option<&Path> {
        let asked: Vec<&str> = path.split('/').collect();
        let fits = |path: &&Path| {
            path.segments.len() == asked.len()
                && path.segments.iter().zip(&asked).all(|(segment, asked)| is_parameter(segment) || segment == asked)
        };
        self.paths.iter().filter(fits).min_by_key(|path| path.segments.iter().filter(|s| is_parameter(s)).count())
    }

    /// What is no operation is refused by a problem with this status.
    fn refusal(&self, answer: Answer<'_>, status: StatusCode) -> Verdict {
        if answer.status != status {
            return Err(format!("expected {}", status.as_u16()));
        }
        if status == StatusCode::METHOD_NOT_ALLOWED && !answer.headers.contains_key("allow") {
            return Err("the Allow header is missing".to_owned());
        }
        let problem = json!({ "$ref": "#/components/schemas/Problem" });
        self.content(&json!({ "content": { "application/problem+json": { "schema": problem } } }), answer)
    }

    fn headers(&self, response: &Value, headers: &HeaderMap) -> Verdict {
        for (name, header) in response["headers"].as_object().into_iter().flatten() {
            let header = match header["$ref"].as_str().and_then(|place| place.strip_prefix("#/components/headers/")) {
                Some(name) => &self.headers[name],
                None => header,
            };
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{name} is no header's name"))?;
            let Some(value) = headers.get(key) else { return Err(format!("the header {name} is missing")) };
            let text = value.to_str().map_err(|_| format!("the header {name} is no text"))?;
            let value = match header["schema"]["type"].as_str() {
                Some("integer") => text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number)),
                _ => json!(text),
            };
            self.schemas.check(&header["schema"], &value).map_err(|fault| format!("the header {name}: {fault}"))?;
        }
        Ok(())
    }

    fn content(&self, response: &Value, answer: Answer<'_>) -> Verdict {
        let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        let Some(content) = response.get("content") else {
            return if answer.body.is_empty() { Ok(()) } else { Err("a body where none is described".to_owned()) };
        };
        let described =
            content.get(essence).ok_or_else(|| format!("a content type that is not described: {kind:?}"))?;
        if answer.method == Method::HEAD {
            return Ok(());
        }
        if !essence.ends_with("json") {
            let text = std::str::from_utf8(answer.body).map_err(|_| "no UTF-8".to_owned())?;
            return self.schemas.check(&described["schema"], &json!(text));
        }
        let body: Value = serde_json::from_slice(answer.body).map_err(|error| format!("no JSON: {error}"))?;
        if essence == "application/problem+json" && body["status"] != answer.status.as_u16() {
            return Err("the problem names another status".to_owned());
        }
        self.schemas.check(&described["schema"], &body)
    }
}

fn is_reader(path: &str) -> bool {
    path == "/openapi.json" || path == "/docs" || path.starts_with("/docs/")
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

fn statuses(operation: &Value) -> String {
    let statuses = operation["responses"].as_object().into_iter().flat_map(|responses| responses.keys());
    statuses.map(String::as_str).collect::<Vec<_>>().join(", ")
}
