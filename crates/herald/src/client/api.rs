//! One question to the API, and its answer or its refusal.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{failure::Failure, http::Http, output};
use crate::{config::SecretText, terminal::say};

/// Longest wait for an answer. A resend answers when its attempt has ended.
const PATIENCE: Duration = Duration::from_secs(120);

/// Largest answer that is read: a page of 1,000 events has a few MiB.
const LARGEST: usize = 512 << 20;

/// The API of one environment.
pub(super) struct Api {
    http: Http,
    base: Url,
    key: HeaderValue,
    /// Whether the answer is for a program.
    pub(super) json: bool,
}

/// A path below the API's address, piece by piece, so that no piece can be two.
pub(super) type Path<'a> = &'a [&'a str];

/// A query's names and values.
pub(super) type Query = Vec<(&'static str, String)>;

/// The body of a success.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) bytes: Bytes,
    from: String,
}

/// The body of a refusal.
#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "type")]
    kind: String,
    message: String,
}

impl Api {
    pub(super) fn new(base: Url, key: &SecretText, json: bool) -> Result<Self, Failure> {
        let value = HeaderValue::from_str(key.reveal());
        let mut key = value.map_err(|error| Failure::Usage(format!("the key: {error}")))?;
        key.set_sensitive(true);
        Ok(Self { http: Http::default(), base, key, json })
    }

    pub(super) async fn get(&self, path: Path<'_>, query: &Query) -> Result<Answer, Failure> {
        self.ask(Method::GET, path, query, Bytes::new()).await
    }

    pub(super) async fn post(&self, path: Path<'_>, body: &Value) -> Result<Answer, Failure> {
        self.ask(Method::POST, path, &Query::new(), body.to_string().into()).await
    }

    pub(super) async fn delete(&self, path: Path<'_>) -> Result<(), Failure> {
        self.ask(Method::DELETE, path, &Query::new(), Bytes::new()).await.map(drop)
    }

    async fn ask(
        &self,
        method: Method,
        path: Path<'_>,
        query: &Query,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        let url = self.url(path, query)?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method.clone();
        if method == Method::POST {
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert(header::CONTENT_TYPE, json);
        }
        let response = self.send(&url, request).await?;
        let from = format!("{method} {url}");
        let bytes = Limited::new(response.into_body(), LARGEST).collect().await;
        let bytes = bytes.map_err(|error| {
            Failure::Unreachable(format!("{from}: the answer broke off: {error}"))
        })?;
        Ok(Answer { bytes: bytes.to_bytes(), from })
    }

    /// Begins to follow a stream of server-sent events, after the last one that was seen.
    pub(super) async fn follow(
        &self,
        path: Path<'_>,
        last: Option<&str>,
    ) -> Result<Incoming, Failure> {
        let url = self.url(path, &Query::new())?;
        let mut request = Request::new(Full::new(Bytes::new()));
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(last) = last.and_then(|last| HeaderValue::from_str(last).ok()) {
            headers.insert("last-event-id", last);
        }
        let response = self.send(&url, request).await?;
        let content_type = response.headers().get(header::CONTENT_TYPE);
        let is_stream = |value: &HeaderValue| value.as_bytes().starts_with(b"text/event-stream");
        if !content_type.is_some_and(is_stream) {
            let what = "the answer is not a stream of events; is a proxy in between?";
            return Err(Failure::Failed(format!("GET {url}: {what}")));
        }
        Ok(response.into_body())
    }

    /// The response, if it is a success.
    async fn send(
        &self,
        url: &Url,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Failure> {
        request.headers_mut().insert(header::AUTHORIZATION, self.key.clone());
        let agent = HeaderValue::from_static(concat!("herald/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().insert(header::USER_AGENT, agent);
        let from = format!("{} {url}", request.method());
        let response = self.http.send(url, request, PATIENCE).await.map_err(|problem| {
            let advice = "is Herald running there? --url or HERALD_URL says where it is";
            Failure::Unreachable(format!("{} is not reachable: {problem}; {advice}", self.base))
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = Limited::new(response.into_body(), 64 << 10).collect().await;
        let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Err(refused(&from, status, &body))
    }

    fn url(&self, path: Path<'_>, query: &Query) -> Result<Url, Failure> {
        let mut url = self.base.clone();
        url.set_query(None);
        url.set_fragment(None);
        let no_path = || Failure::Usage(format!("--url {} can have no path", self.base));
        url.path_segments_mut().map_err(|()| no_path())?.pop_if_empty().extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// Prints an answer: as it came for programs, by `shown` for people.
    pub(super) fn show(
        &self,
        answer: &Answer,
        shown: impl FnOnce(&Value) -> String,
    ) -> Result<(), Failure> {
        let value = answer.value()?;
        if self.json {
            output::json(&answer.bytes);
        } else {
            say(&shown(&value));
        }
        Ok(())
    }
}

impl Answer {
    pub(super) fn value(&self) -> Result<Value, Failure> {
        self.read()
    }

    /// The answer as what it should be.
    pub(super) fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Failure> {
        serde_json::from_slice(&self.bytes).map_err(|error| {
            let what = "the answer is not what Herald's API says; is that a Herald?";
            Failure::Failed(format!("{}: {what} ({error})", self.from))
        })
    }
}

fn refused(from: &str, status: StatusCode, body: &[u8]) -> Failure {
    let text = match serde_json::from_slice::<Refusal>(body) {
        Ok(Refusal { kind, message }) => {
            format!("{from}: refused with {} {kind}: {}", status.as_u16(), output::plain(&message))
        }
        Err(_) => format!("{from}: refused with {status}, and not in Herald's words; is it one?"),
    };
    let text = match status {
        StatusCode::UNAUTHORIZED => {
            format!("{text} (HERALD_API_KEY, --key-file or --key gives it)")
        }
        _ => text,
    };
    match status {
        // There is no Herald behind the proxy, or it cannot do anything right now.
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            Failure::Unreachable(text)
        }
        StatusCode::NOT_FOUND => Failure::NotFound(text),
        _ => Failure::Failed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(base: &str) -> Api {
        Api::new(base.parse().unwrap(), &SecretText::new("test_key"), false).unwrap()
    }

    #[test]
    fn a_path_keeps_the_addresss_own_and_no_piece_of_it_becomes_two() {
        let query = vec![("url", "https://a/b?c=d&e".to_owned())];
        for (base, expected) in [
            ("http://h:1", "http://h:1/v1/a%2F..%2Fb?url=https%3A%2F%2Fa%2Fb%3Fc%3Dd%26e"),
            ("http://h/x/", "http://h/x/v1/a%2F..%2Fb?url=https%3A%2F%2Fa%2Fb%3Fc%3Dd%26e"),
        ] {
            let url = api(base).url(&["v1", "a/../b"], &query).unwrap();
            assert_eq!(url.as_str(), expected);
        }
    }

    #[test]
    fn a_refusal_says_where_what_and_what_to_do() {
        let body = br#"{"type":"webhook_disabled","message":"enable it first"}"#;
        let failure = refused("POST http://h/v1/x", StatusCode::UNPROCESSABLE_ENTITY, body);
        let expected = "POST http://h/v1/x: refused with 422 webhook_disabled: enable it first";
        assert_eq!(failure, Failure::Failed(expected.into()));
        let proxy = refused("GET http://h/", StatusCode::BAD_GATEWAY, b"<html>");
        assert!(matches!(proxy, Failure::Unreachable(_)), "{proxy}");
    }
}
