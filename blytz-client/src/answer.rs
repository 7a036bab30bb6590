//! What comes back: a body to its end, or why there is none.

use blytz_core::wire::Problem;
use reqwest::{Response, header};

use crate::{
    call::Call,
    error::{Error, TransportError, UnexpectedAnswer},
};

/// The most that is kept of one answer: a runaway one must not fill the memory. Only a proof can come
/// near it, and that can be read as it arrives.
const MAX_ANSWER: usize = 64 << 20;

/// Reads an answer to its end.
pub(crate) async fn whole_body(call: &Call, mut response: Response) -> Result<Vec<u8>, Error> {
    let broken = |error| TransportError::from_http(&call.name(), error, call.repeatable);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(Error::TooLarge { request: call.name(), limit: MAX_ANSWER });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads an answer that is no success.
pub(crate) async fn refusal(call: &Call, response: Response) -> Error {
    let head = Head::of(&response);
    match whole_body(call, response).await {
        Ok(body) => head.refusal(call, &body),
        Err(error) => error,
    }
}

/// The head of an answer that is no success.
struct Head {
    status: u16,
    retry_after: Option<u64>,
    content_type: Option<String>,
    location: Option<String>,
}

impl Head {
    fn of(response: &Response) -> Self {
        let text_of = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Self {
            status: response.status().as_u16(),
            retry_after: text_of(header::RETRY_AFTER).and_then(|text| text.trim().parse().ok()),
            content_type: text_of(header::CONTENT_TYPE),
            location: text_of(header::LOCATION),
        }
    }

    fn refusal(self, call: &Call, body: &[u8]) -> Error {
        if let Ok(mut problem) = serde_json::from_slice::<Problem>(body) {
            problem.status = self.status;
            problem.retry_after = self.retry_after.or(problem.retry_after);
            let error = Error::from(problem);
            return if call.repeatable { error } else { error.unsettled() };
        }
        Error::Unexpected(Box::new(UnexpectedAnswer {
            request: call.name(),
            status: self.status,
            content_type: self.content_type.unwrap_or_default(),
            location: self.location,
            excerpt: excerpt(body),
            retry_after: self.retry_after,
            repeatable: call.repeatable,
        }))
    }
}

/// The beginning of a body, fit to be printed on a terminal.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(1_000)]);
    let printable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<&str> = printable.split_whitespace().collect();
    words.join(" ").chars().take(200).collect()
}
