//! Handing a notification to the local program: the same method, headers and bytes.
//!
//! What belongs to one connection only stays behind (`Host`, `Content-Length`, hop-by-hop
//! headers), and is made anew for this one. Redirects are not followed, as Herald does not.

use std::{
    fmt,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use serde_json::{Value, json};
use url::Url;

use super::notification::Notification;
use crate::client::{http::Http, output::plain, verify::Headers};

/// As long as Herald would wait.
const PATIENCE: Duration = Duration::from_secs(15);

/// Most of an answer that is read, and most that is shown.
const ANSWER_READ: usize = 64 << 10;
const ANSWER_SHOWN: usize = 200;

/// The headers of one connection.
const OF_THE_CONNECTION: [HeaderName; 10] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];
const KEEP_ALIVE: [&str; 2] = ["keep-alive", "proxy-connection"];

/// Hands notifications to one URL.
pub(super) struct Forwarder {
    http: Http,
    url: Url,
}

/// What the local program said to a notification.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    url: String,
    outcome: Result<Outcome, String>,
    took: Duration,
}

#[derive(Clone, Debug)]
struct Outcome {
    status: u16,
    /// Where a redirect points, or what a failure says.
    note: Option<String>,
}

impl Forwarder {
    pub(super) fn new(url: Url) -> Self {
        Self { http: Http::default(), url }
    }

    pub(super) async fn forward(&self, notification: &Notification) -> Answer {
        let began = Instant::now();
        let outcome = self.outcome(notification).await;
        Answer { url: self.url.to_string(), outcome, took: began.elapsed() }
    }

    async fn outcome(&self, notification: &Notification) -> Result<Outcome, String> {
        if notification.truncated {
            return Err("not sent on: Herald did not keep the whole body".into());
        }
        let mut request = Request::new(Full::new(notification.body.clone()));
        *request.method_mut() = Method::from_bytes(notification.method.as_bytes())
            .map_err(|error| format!("its method: {error}"))?;
        *request.headers_mut() = headers(&notification.headers, notification.body.len())?;
        let (head, body) = self.http.send(&self.url, request, PATIENCE).await?.into_parts();
        let location = head.headers.get(header::LOCATION).filter(|_| head.status.is_redirection());
        let note = match location {
            Some(to) => Some(format!("a redirect to {}, not followed", text(to.as_bytes()))),
            None if head.status.is_success() => None,
            None => beginning(Limited::new(body, ANSWER_READ)).await,
        };
        Ok(Outcome { status: head.status.as_u16(), note })
    }
}

/// The headers that go on.
fn headers(given: &Headers, length: usize) -> Result<HeaderMap, String> {
    let named = given.get("connection").unwrap_or_default();
    let named: Vec<_> = named.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    let mut headers = HeaderMap::new();
    for (name, value) in &given.0 {
        let of_connection = |header: &HeaderName| {
            OF_THE_CONNECTION.contains(header)
                || KEEP_ALIVE.contains(&header.as_str())
                || named.iter().any(|name| name == header.as_str())
        };
        let unusable = |error: &dyn fmt::Display| format!("its header {}: {error}", plain(name));
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|error| unusable(&error))?;
        if !of_connection(&header) {
            let value = HeaderValue::from_bytes(value.as_bytes());
            headers.append(header, value.map_err(|error| unusable(&error))?);
        }
    }
    headers.insert(header::CONTENT_LENGTH, length.into());
    Ok(headers)
}

/// The beginning of a failure's body, for people.
async fn beginning(body: Limited<hyper::body::Incoming>) -> Option<String> {
    let bytes = tokio::time::timeout(PATIENCE, body.collect()).await.ok()?.ok()?.to_bytes();
    let text: String = text(&bytes).trim().chars().take(ANSWER_SHOWN).collect();
    (!text.is_empty()).then_some(text)
}

fn text(bytes: &[u8]) -> String {
    plain(&String::from_utf8_lossy(bytes))
}

impl Answer {
    /// For programs.
    pub(super) fn json(&self) -> Value {
        let took = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX);
        match &self.outcome {
            Ok(Outcome { status, note }) => json!({
                "url": self.url, "status": status, "durationMs": took, "note": note,
            }),
            Err(problem) => {
                json!({ "url": self.url, "problem": problem, "durationMs": took })
            }
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let took = self.took.as_millis();
        match &self.outcome {
            Ok(Outcome { status, note: None }) => {
                write!(f, "-> {} answered {status} in {took} ms", self.url)
            }
            Ok(Outcome { status, note: Some(note) }) => {
                write!(f, "-> {} answered {status} in {took} ms: {note}", self.url)
            }
            Err(problem) => write!(f, "-> {}: {problem} (after {took} ms)", self.url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_one_connection_stay_behind_and_all_others_go_on() {
        let given = [
            ("Host", "herald"),
            ("content-length", "1"),
            ("Connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("Keep-Alive", "5"),
            ("Transfer-Encoding", "chunked"),
            ("Complycube-Signature", "abc"),
            ("x-twice", "1"),
            ("X-Twice", "2"),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let headers = headers(&Headers(given.to_vec()), 7).unwrap();
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        let expected = [
            ("complycube-signature", "abc"),
            ("x-twice", "1"),
            ("x-twice", "2"),
            ("content-length", "7"),
        ];
        assert_eq!(headers, expected);
    }
}
