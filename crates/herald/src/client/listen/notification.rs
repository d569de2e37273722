//! What arrived at the endpoint, and whether its signature is right.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use herald_domain::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::forward::Answer;
use crate::client::{
    moment::now,
    output::{field, plain},
    verify::{
        self, Headers, TOLERANCE,
        judge::{Question, Scheme, Verdict, judge},
    },
};

/// A request as Herald kept it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notification {
    pub(super) method: String,
    pub(super) headers: Headers,
    pub(super) body: Bytes,
    /// There was more of the body than was kept.
    pub(super) truncated: bool,
    received_at: Timestamp,
    path: String,
    /// The body's `type` and `id`.
    event_type: String,
    event_id: String,
}

/// The same on the wire.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    method: String,
    #[serde(default)]
    path: String,
    headers: Value,
    body_base64: Option<String>,
    /// Instead of `bodyBase64`.
    body: Option<String>,
    #[serde(default)]
    truncated: bool,
    received_at: Option<Timestamp>,
}

impl Notification {
    /// Reads the data of a `request` event.
    pub(super) fn read(data: &str) -> Result<Self, String> {
        let unreadable = |what: String| format!("a request arrived that cannot be read: {what}");
        let kept: Kept =
            serde_json::from_str(data).map_err(|error| unreadable(error.to_string()))?;
        let headers = Headers::of_json(&kept.headers);
        let headers =
            headers.ok_or_else(|| unreadable("its headers are in no known shape".into()))?;
        let body = match (kept.body_base64, kept.body) {
            (Some(text), _) => {
                BASE64.decode(text).map_err(|error| unreadable(error.to_string()))?
            }
            (None, text) => text.unwrap_or_default().into_bytes(),
        };
        let event: Value = serde_json::from_slice(&body).unwrap_or_default();
        Ok(Self {
            method: kept.method,
            headers,
            truncated: kept.truncated,
            received_at: kept.received_at.unwrap_or_else(now),
            path: kept.path,
            event_type: field(&event, "type"),
            event_id: field(&event, "id"),
            body: body.into(),
        })
    }

    /// Whether its signature is right, by the clock of when it came.
    pub(super) fn verdict(&self, secret: &str) -> Verdict {
        judge(&Question {
            secret,
            scheme: Scheme::Auto,
            headers: &self.headers,
            body: &self.body,
            now: self.received_at,
            tolerance: TOLERANCE,
        })
    }

    /// The line of people.
    pub(super) fn line(&self, verdict: Option<&Verdict>) -> String {
        let signature = match verdict {
            Some(_) if self.truncated => "signature not checked: the body is not whole".to_owned(),
            Some(verdict) => format!("signature {verdict}"),
            None => "signature not checked".to_owned(),
        };
        let what = if self.event_id == "-" {
            format!("{} {}", plain(&self.method), plain(&self.path))
        } else {
            format!("{}  {}", self.event_type, self.event_id)
        };
        format!("{}  {what}  {signature}", self.received_at)
    }

    /// The line of programs.
    pub(super) fn json(&self, verdict: Option<&Verdict>, answer: Option<&Answer>) -> Value {
        let headers = self.headers.0.iter();
        let headers = headers.map(|(name, value)| json!({ "name": name, "value": value }));
        let known = |text: &str| if text == "-" { Value::Null } else { text.into() };
        let verdict = verdict.filter(|_| !self.truncated);
        let mut line = json!({
            "receivedAt": self.received_at,
            "type": known(&self.event_type),
            "eventId": known(&self.event_id),
            "method": self.method,
            "path": self.path,
            "headers": headers.collect::<Vec<_>>(),
            "truncated": self.truncated,
            "signature": verdict.map(verify::as_json),
            "forward": answer.map(Answer::json),
        });
        match std::str::from_utf8(&self.body) {
            Ok(text) => line["body"] = text.into(),
            Err(_) => line["bodyBase64"] = BASE64.encode(&self.body).into(),
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_request_is_read_in_each_shape_of_headers_and_body() {
        let whole = r#"{"id":"0","number":1,"receivedAt":"2026-01-31T09:30:00.000Z","method":"POST",
            "path":"/e/x","headers":[{"name":"a","value":"b"}],"bodyBase64":"eyJ0eXBlIjoidCIsImlkIjoiaSJ9",
            "bodySize":21,"truncated":false,"signature":{"valid":true}}"#;
        let notification = Notification::read(whole).unwrap();
        assert_eq!(notification.body, br#"{"type":"t","id":"i"}"#.as_slice());
        assert_eq!(
            notification.line(None),
            "2026-01-31T09:30:00.000Z  t  i  signature not checked"
        );
        let pairs = whole.replace(r#"[{"name":"a","value":"b"}]"#, r#"[["a","b"]]"#);
        assert_eq!(Notification::read(&pairs), Ok(notification.clone()));
        let text = whole.replace(
            r#""bodyBase64":"eyJ0eXBlIjoidCIsImlkIjoiaSJ9""#,
            r#""body":"{\"type\":\"t\",\"id\":\"i\"}""#,
        );
        assert_eq!(Notification::read(&text), Ok(notification));
        for bad in ["", "{}", &whole.replace("eyJ0", "%%%%"), &whole.replace("[{", "[1,{")] {
            assert!(Notification::read(bad).is_err(), "{bad}");
        }
    }
}
