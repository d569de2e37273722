//! Attempts of every kind, as people see them.

use std::time::Duration;

use bytes::Bytes;
use herald_domain::{
    attempt::{self, ErrorClass},
    signature::{Secret, Signer},
};
use serde_json::{Value, json};

use super::*;

fn event() -> Event {
    Event {
        id: "5eb04fcd0f3e360008035eb2".parse().unwrap(),
        event_type: "client.created".into(),
        resource_type: "client".into(),
        created_at: Timestamp::from_millis(0),
        body: Bytes::from_static(b"{\"id\":\"value\"}"),
    }
}

fn shown(signed: bool, answer: Answer) -> Value {
    let secret = Secret::new("abcdefghijklmnopqrstuvwxyz012345").unwrap();
    let event = event();
    let attempt = attempt::Attempt {
        started_at: Timestamp::from_millis(1_700_000_000_000),
        duration: Duration::from_millis(84),
        url: "https://example.com:8443/hooks?a=b#c".into(),
        address: signed.then(|| "192.0.2.1:8443".parse().unwrap()),
        signatures: signed.then(|| Signer::new(&secret).sign(event.id, 1_700_000_000, &event.body)),
        answer,
    };
    serde_json::to_value(Attempt::new(
        NumberedAttempt { number: 2, manual: false, attempt },
        &event,
    ))
    .unwrap()
}

fn response(status: u16, body: &'static [u8], truncated: bool) -> Answer {
    let headers = [("Set-Cookie", &b"a"[..]), ("X-Odd", b"\xff"), ("Set-Cookie", b"b")]
        .map(|(name, value)| (name.to_owned(), Bytes::from_static(value)));
    let body = Bytes::from_static(body);
    Answer::Response(Response { status, headers: headers.into(), body, truncated })
}

#[test]
fn the_headers_that_are_shown_are_those_that_were_sent() {
    let shown = shown(true, response(200, b"ok", false));
    let headers = &shown["request"]["headers"];
    assert_eq!(headers["Host"], "example.com:8443");
    assert_eq!(headers["Content-Length"], "14");
    assert_eq!(headers["Webhook-Timestamp"], "1700000000");
    let secret = "abcdefghijklmnopqrstuvwxyz012345";
    let signature = herald_domain::signature::complycube_signature(secret, b"{\"id\":\"value\"}");
    assert_eq!(headers["Complycube-Signature"], signature);
    assert!(shown.get("error").is_none(), "{shown}");
}

#[test]
fn an_answer_that_is_no_2xx_is_an_error_with_its_response() {
    let shown = shown(true, response(503, b"busy", true));
    assert_eq!(shown["status"], 503);
    assert_eq!(shown["error"]["class"], "status");
    assert_eq!(
        shown["response"],
        json!({
            "status": 503,
            "headers": { "Set-Cookie": "a, b", "X-Odd": "\u{fffd}" },
            "body": "busy",
            "bodyEncoding": "utf-8",
            "truncated": true,
        })
    );
}

#[test]
fn an_attempt_that_sent_nothing_shows_no_request_and_no_nulls() {
    let detail = "the name does not exist".to_owned();
    let failure = Failure { class: ErrorClass::DnsNotFound, detail };
    let shown = shown(false, Answer::Failure(failure));
    assert_eq!(
        shown,
        json!({
            "number": 2,
            "startedAt": "2023-11-14T22:13:20.000Z",
            "durationMs": 84,
            "url": "https://example.com:8443/hooks?a=b#c",
            "error": { "class": "dns_not_found", "message": "the name does not exist" },
        })
    );
}

#[test]
fn a_body_is_text_where_it_is_text_and_base64_where_it_is_not() {
    assert_eq!(readable("né".as_bytes(), false), ("né".into(), "utf-8"));
    assert_eq!(readable(b"n\xc3", true), ("n".into(), "utf-8"));
    assert_eq!(readable(b"n\xc3", false), ("bsM=".into(), "base64"));
    assert_eq!(readable(b"\xff\xfe", true), ("//4=".into(), "base64"));
}
