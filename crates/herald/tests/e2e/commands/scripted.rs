//! Resends, recoveries, test events and rotations: what each command asks of the API, and how it
//! takes each answer.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::code;
use crate::support::{
    PATIENCE,
    fake_api::{FakeApi, Say},
    program::run,
};

const ID: &str = "5eb04fcd0f3e360008035eb2";
const OTHER: &str = "5eb04fcd0f3e360008035eb3";

/// A resend that was answered with this status.
fn resent(status: u16) -> Value {
    let failure = json!({ "class": "status", "message": "it is not a 2xx" });
    let mut attempt = json!({
        "number": 3, "startedAt": "2026-01-31T09:30:00.000Z", "durationMs": 12,
        "url": "https://example.com/", "status": status, "manual": true,
    });
    if status >= 300 {
        attempt["error"] = failure;
    }
    json!({ "delivery": { "id": ID, "state": "pending", "webhookId": OTHER }, "attempt": attempt })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_shows_its_attempt_and_its_exit_code_says_whether_it_was_delivered() {
    for (status, expected) in [(204, 0), (503, 1)] {
        let api = FakeApi::start(move |_| Say::Json(200, resent(status))).await;
        let said = run(api.herald(&["resend", ID])).await;
        assert_eq!(code(&said), expected, "{said:?}");
        assert!(said.out.contains(&format!(
            "#3  2026-01-31T09:30:00.000Z  {status} after 12 ms  (sent by hand)"
        )));
        assert_eq!(said.err, "");
        let json = run(api.herald(&["resend", ID, "--json"])).await;
        assert_eq!((code(&json), json.out), (expected, format!("{}\n", resent(status))));
        assert_eq!(api.questions(), vec![format!("POST /v1/deliveries/{ID}/resend"); 2]);
        assert!(api.asked().iter().all(|asked| asked.key == "test_the-key"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_resent_to_one_webhook_or_to_all() {
    let items = json!({ "items": [resent(200), resent(500)] });
    let api = FakeApi::start(move |_| Say::Json(200, items.clone())).await;
    let all = run(api.herald(&["resend", "--event", ID])).await;
    assert_eq!((code(&all), all.out.matches("delivery  ").count()), (1, 2), "{all:?}");
    run(api.herald(&["resend", "--event", ID, "--webhook", OTHER])).await;
    let asked = api.asked();
    assert_eq!(asked[0].what, format!("POST /v1/events/{ID}/resend"));
    assert_eq!((&asked[0].body, &asked[1].body), (&json!({}), &json!({ "webhookId": OTHER })));
    for wrong in [&["resend"][..], &["resend", ID, "--event", ID], &["resend", ID, "--webhook", ID]]
    {
        assert_eq!(code(&run(api.herald(wrong)).await), 2, "{wrong:?}");
    }
    assert_eq!(api.asked().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_in_the_words_of_the_api_and_a_proxys_page_is_not() {
    let body = json!({ "type": "webhook_disabled", "message": "enable it first" });
    let api = FakeApi::start(move |_| Say::Json(422, body.clone())).await;
    let said = run(api.herald(&["trigger", "client.created", "--webhook", ID])).await;
    assert_eq!(code(&said), 1);
    let expected = format!(
        "herald: POST http://{}/v1/webhooks/{ID}/test: refused with 422 webhook_disabled: enable it first\n",
        api.address
    );
    assert_eq!(said.err, expected);
    for (status, expected) in [(502, 3), (503, 3), (403, 1), (302, 1)] {
        let api = FakeApi::start(move |_| Say::Text(status, "<html>proxy")).await;
        let said = run(api.herald(&["switch-secret", ID])).await;
        assert_eq!(code(&said), expected, "{status}: {said:?}");
        assert!(!said.err.contains("<html>"), "{said:?}");
    }
    let api = FakeApi::start(|_| Say::Text(200, "<html>welcome")).await;
    let said = run(api.herald(&["webhooks", "list"])).await;
    assert_eq!(code(&said), 1);
    assert!(said.err.contains("is that a Herald?"), "{said:?}");
}

/// A recovery that has come so far.
fn recovery(status: &str, recovered: u32) -> Value {
    json!({
        "id": OTHER, "webhookId": ID, "since": "2026-01-31T00:00:00.000Z", "status": status,
        "states": ["held", "exhausted"], "total": 3, "recovered": recovered,
        "createdAt": "2026-01-31T09:30:00.000Z", "updatedAt": "2026-01-31T09:30:00.000Z",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_is_waited_for_until_it_has_ended() {
    for (end, expected) in [("done", 0), ("cancelled", 1)] {
        let mut looks = 0;
        let api = FakeApi::start(move |asked| {
            looks += u32::from(asked.what.starts_with("GET"));
            Say::Json(200, if looks < 3 { recovery("running", looks) } else { recovery(end, 3) })
        })
        .await;
        let said = run(api.herald(&["recover", ID, "--since", "2026-01-31"])).await;
        assert_eq!(code(&said), expected, "{said:?}");
        assert!(said.out.contains(&format!("status     {end}")), "{said:?}");
        assert_eq!(said.err, "", "progress is for terminals");
        let asked = api.asked();
        assert_eq!(asked[0].what, format!("POST /v1/webhooks/{ID}/recover"));
        assert_eq!(asked[0].body, json!({ "since": "2026-01-31T00:00:00.000Z" }));
        assert_eq!(api.questions()[1..], vec![format!("GET /v1/recoveries/{OTHER}"); 3]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_is_counted_or_begun_without_waiting() {
    let api = FakeApi::start(|asked| {
        let dry = asked.body["dryRun"] == true;
        Say::Json(
            200,
            if dry { json!({ "dryRun": true, "total": 7 }) } else { recovery("running", 0) },
        )
    })
    .await;
    let dry =
        run(api.herald(&["recover", ID, "--since", "2026-01-31", "--dry-run", "--state", "held"]))
            .await;
    assert_eq!(
        (code(&dry), dry.out.starts_with("7 deliveries would be sent")),
        (0, true),
        "{dry:?}"
    );
    let body = json!({ "since": "2026-01-31T00:00:00.000Z", "states": ["held"], "dryRun": true });
    assert_eq!(api.asked()[0].body, body);
    let begun = run(api.herald(&["recover", ID, "--since", "1h", "--no-wait"])).await;
    assert!(begun.out.contains(&format!("herald recoveries get {OTHER} --wait")), "{begun:?}");
    let cancelled = run(api.herald(&["recoveries", "cancel", OTHER])).await;
    assert_eq!(code(&cancelled), 0, "{cancelled:?}");
    assert_eq!(api.questions()[2], format!("POST /v1/recoveries/{OTHER}/cancel"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_the_waiting_for_a_recovery_and_not_the_recovery() {
    let api = FakeApi::start(|_| Say::Json(200, recovery("running", 1))).await;
    let mut command = api.herald(&["recover", ID, "--since", "1h"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    api.wait_for(&format!("GET /v1/recoveries/{OTHER}"), 1).await;
    kill_process(pid, Signal::INT).unwrap();
    let ending = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    let output = ending.expect("it ends in time").unwrap();
    assert_eq!(output.status.code(), Some(130));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.contains(&format!("herald recoveries get {OTHER} --wait")), "{err}");
    assert!(api.questions().iter().all(|question| !question.contains("cancel")));
}

#[tokio::test(flavor = "multi_thread")]
async fn test_events_and_rotations_ask_for_what_was_said_and_show_the_secret_once() {
    let api = FakeApi::start(|asked| {
        Say::Json(
            200,
            if asked.what.ends_with("/test") {
                json!({ "eventId": ID, "deliveryId": OTHER })
            } else {
                json!({
                    "id": ID, "secret": "abcdefghijklmnopqrstuvwxyz012345",
                    "secretRotation": { "overlapUntil": "2026-02-01T09:30:00.000Z", "switched": false },
                })
            },
        )
    })
    .await;
    let triggered = run(api.herald(&["trigger", "check.completed", "--webhook", ID])).await;
    assert!(triggered.out.contains(&format!("herald deliveries get {OTHER}")), "{triggered:?}");
    let rotated = run(api.herald(&["rotate-secret", ID])).await;
    for expected in
        ["abcdefghijklmnopqrstuvwxyz012345", "until 2026-02-01T09:30:00.000Z", "old one"]
    {
        assert!(rotated.out.contains(expected), "{expected}: {rotated:?}");
    }
    run(api.herald(&["rotate-secret", ID, "--overlap", "2h", "--switch-now"])).await;
    run(api.herald(&["switch-secret", ID])).await;
    let asked: Vec<_> = api.asked().into_iter().map(|asked| (asked.what, asked.body)).collect();
    let of = |operation: &str| format!("POST /v1/webhooks/{ID}/{operation}");
    let expected = [
        (of("test"), json!({ "type": "check.completed" })),
        (of("rotateSecret"), json!({ "overlapSeconds": 86400, "switch": "later" })),
        (of("rotateSecret"), json!({ "overlapSeconds": 7200, "switch": "now" })),
        (of("switchSecret"), json!({})),
    ];
    assert_eq!(asked, expected);
}
