//! `herald listen`: what arrives is shown, judged and handed on byte for byte, and what was made
//! for it is taken back.

use std::{
    process::Stdio,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use herald_domain::{
    id::EventId,
    signature::{Secret, Signatures, Signer, notification_headers},
};
use herald_testkit::receiver::{RawReceiver, Receiver, Reply, Step};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdout, Command},
    sync::mpsc::{UnboundedSender, unbounded_channel},
};

use crate::support::{
    PATIENCE, eventually,
    fake_api::{Asked, FakeApi, Say},
    script::{Language, ScriptedReceiver},
    world::World,
};

const WEBHOOK: &str = "5eb04fcd0f3e360008035eb1";
const EVENT: &str = "5eb04fcd0f3e360008035eb2";
const SECRET: &str = "abcdefghijklmnopqrstuvwxyz012345";
/// 2026-01-31T09:30:00Z, when everything here is sent and received.
const AT: i64 = 1_769_851_800;
const LIVE: &str = "GET /v1/endpoints/the-endpoint/live";

const UNHARMED: &str = "nobody panics while it is locked";

/// The streams that were opened, the newest last.
type Streams = Arc<Mutex<Vec<UnboundedSender<Bytes>>>>;

/// What a Herald says to `herald listen` that has endpoints.
fn willing(streams: Streams) -> impl FnMut(&Asked) -> Say + Send {
    move |asked| match asked.what.as_str() {
        "POST /v1/endpoints" => Say::Json(
            200,
            json!({
                "id": "the-endpoint", "url": "https://herald.example/e/token",
                "expiresAt": "2026-02-01T09:30:00.000Z",
            }),
        ),
        "POST /v1/webhooks" => Say::Json(200, json!({ "id": WEBHOOK, "secret": SECRET })),
        LIVE => {
            let (sender, receiver) = unbounded_channel();
            // A comment, as servers send them to keep a connection awake.
            sender.send(": welcome\n\n".into()).expect("its other end is here");
            streams.lock().expect(UNHARMED).push(sender);
            Say::Live(receiver)
        }
        _ => Say::Json(200, json!({})),
    }
}

fn event() -> EventId {
    EVENT.parse().expect("it is an id")
}

fn signatures(body: &[u8]) -> Signatures {
    let secret = Secret::new(SECRET).expect("it is a secret");
    Signer::new(&secret).sign(event(), AT, body)
}

/// A `request` event with this number, of a notification with this body.
fn arrived(number: u64, body: &[u8], tamper: impl FnOnce(&mut Value)) -> Bytes {
    let signatures = signatures(body);
    let signed = notification_headers(event(), &signatures);
    let signed = signed.iter().map(|(name, value)| (*name, &**value));
    let of_hop = [("Host", "herald.example"), ("Connection", "close"), ("Content-Length", "999")];
    let headers: Vec<_> = of_hop
        .into_iter()
        .chain(signed)
        .map(|(name, value)| json!({ "name": name.to_lowercase(), "value": value }))
        .collect();
    let mut kept = json!({
        "id": EVENT, "number": number, "receivedAt": "2026-01-31T09:30:00.000Z",
        "method": "POST", "path": "/e/token", "headers": headers,
        "bodyBase64": BASE64.encode(body), "bodySize": body.len(), "truncated": false,
        "signature": { "valid": true },
    });
    tamper(&mut kept);
    format!("event: request\nid: {number}\ndata: {kept}\n\n").into()
}

fn body(number: u64) -> Vec<u8> {
    format!(r#"{{"id":"{EVENT}","type":"client.created","resourceType":"client","payload":{{"n":{number},"é":"/ü\""}},"createdAt":"2026-01-31T09:30:00.000Z"}}"#).into_bytes()
}

/// `herald listen`, running.
struct Listening {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    err: BufReader<ChildStderr>,
}

impl Listening {
    fn start(mut command: Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let out = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let err = BufReader::new(child.stderr.take().expect("it is piped"));
        Self { child, out, err }
    }

    /// The signing secret that it tells at its beginning.
    async fn secret(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let reading = tokio::time::timeout(PATIENCE, self.err.read_line(&mut line)).await;
            let length = reading.expect("it says something").expect("it can be read");
            assert_ne!(length, 0, "it goes on until it has told the secret");
            if let Some(secret) = line.strip_prefix("signing secret") {
                return secret.trim().to_owned();
            }
        }
    }

    async fn line(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.out.next_line()).await;
        line.expect("it says something").expect("it can be read").expect("it goes on")
    }

    fn signal(&self, signal: Signal) {
        let pid =
            self.child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)).expect("it runs");
        kill_process(pid, signal).expect("it can be signalled");
    }

    /// Its exit code, and what it has said on standard error.
    async fn end(mut self) -> (i32, String) {
        let mut err = String::new();
        let ending = async {
            self.err.read_to_string(&mut err).await.expect("it can be read");
            self.child
                .wait()
                .await
                .expect("it can be waited for")
                .code()
                .expect("it ends by itself")
        };
        let code = tokio::time::timeout(PATIENCE, ending).await.expect("it ends in time");
        (code, err)
    }
}

/// The newest stream, once there are so many.
async fn stream(streams: &Streams, count: usize) -> UnboundedSender<Bytes> {
    eventually("the stream is followed", async || {
        let streams = streams.lock().expect(UNHARMED);
        (streams.len() >= count).then(|| streams.last().cloned())?
    })
    .await
}

/// What listening asks for from beginning to end.
fn taken_back() -> Vec<String> {
    let deletion = format!("DELETE /v1/webhooks/{WEBHOOK}");
    let all = [
        "POST /v1/endpoints",
        LIVE,
        "POST /v1/webhooks",
        &deletion,
        "DELETE /v1/endpoints/the-endpoint",
    ];
    all.map(str::to_owned).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_reaches_the_local_program_byte_for_byte_and_all_is_taken_back() {
    let steps = |_| {
        vec![Step::ReadRequest, Step::Write(b"HTTP/1.1 202 OK\r\ncontent-length: 0\r\n\r\n".into())]
    };
    let local = RawReceiver::start(steps).await;
    let streams = Streams::default();
    let api = FakeApi::start(willing(streams.clone())).await;
    let hook = local.url("/hook?a=b");
    let events = "client.created,check.completed";
    let mut listening =
        Listening::start(api.herald(&["listen", "--events", events, "--forward", &hook]));
    let bytes = arrived(1, &body(1), |_| ());
    // In two pieces, as a network may cut it.
    let stream = stream(&streams, 1).await;
    stream.send(bytes.slice(..100)).unwrap();
    stream.send(bytes.slice(100..)).unwrap();
    assert_eq!(
        listening.line().await,
        format!(
            "2026-01-31T09:30:00.000Z  client.created  {EVENT}  signature valid (complycube+standard)"
        )
    );
    let answer = listening.line().await;
    assert!(answer.starts_with(&format!("    -> {hook} answered 202 in ")), "{answer}");

    let got = String::from_utf8(local.wait_for_end(0).await.bytes).unwrap();
    let (head, sent) = got.split_once("\r\n\r\n").unwrap();
    assert_eq!(sent.as_bytes(), body(1));
    let mut lines = head.split("\r\n");
    assert_eq!(lines.next(), Some("POST /hook?a=b HTTP/1.1"));
    let mut lines: Vec<_> = lines.map(str::to_owned).collect();
    lines.sort();
    let signed = notification_headers(event(), &signatures(&body(1)));
    let mut expected: Vec<_> =
        signed.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    expected.push(format!("Host: {}", local.address()));
    expected.push(format!("Content-Length: {}", body(1).len()));
    expected.sort();
    assert_eq!(lines, expected);

    listening.signal(Signal::INT);
    let (code, err) = listening.end().await;
    assert_eq!(
        (code, err.contains(SECRET)),
        (0, true),
        "the secret is told, for the program: {err}"
    );
    assert_eq!(api.questions(), taken_back());
    let asked = api.asked();
    assert_eq!(asked[2].body["url"], "https://herald.example/e/token");
    assert_eq!(asked[2].body["events"], json!(["client.created", "check.completed"]));
    assert_eq!((&asked[2].body["enabled"], &asked[1].last_event_id), (&json!(true), &None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_goes_on_after_the_last_notification_and_shows_none_twice() {
    let streams = Streams::default();
    let api = FakeApi::start(willing(streams.clone())).await;
    let mut listening = Listening::start(api.herald(&["listen", "--json"]));
    let seen = async |listening: &mut Listening| {
        let line: Value = serde_json::from_str(&listening.line().await).unwrap();
        let body: Value = serde_json::from_str(line["body"].as_str().unwrap()).unwrap();
        assert_eq!((&line["signature"]["valid"], &line["forward"]), (&json!(true), &Value::Null));
        body["payload"]["n"].as_u64().unwrap()
    };
    let send = |sender: &UnboundedSender<Bytes>, number| {
        sender.send(arrived(number, &body(number), |_| ())).unwrap();
    };
    send(&stream(&streams, 1).await, 7);
    assert_eq!(seen(&mut listening).await, 7);
    // The connection ends, in the middle of an event.
    let first = streams.lock().unwrap().pop().unwrap();
    first.send(arrived(8, &body(8), |_| ()).slice(..50)).unwrap();
    drop(first);
    let second = stream(&streams, 1).await;
    for number in [7, 8] {
        send(&second, number);
    }
    assert_eq!(seen(&mut listening).await, 8);
    let lives: Vec<_> = api.asked().into_iter().filter(|asked| asked.what == LIVE).collect();
    assert_eq!(lives[1].last_event_id.as_deref(), Some("7"));
    listening.signal(Signal::TERM);
    let (code, err) = listening.end().await;
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("is lost") && err.contains("connected again"), "{err}");
    assert_eq!(api.questions()[4..], taken_back()[3..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_handed_on_is_said_and_the_next_one_is_handed_on() {
    let answers = |got: &herald_testkit::receiver::Received| match got.index {
        0 => Reply::status(307).with_header("location", "http://127.0.0.1:9/elsewhere"),
        1 => Reply::status(500).with_body("no\nway"),
        _ => Reply::ok(),
    };
    let local = Receiver::start(answers).await;
    let streams = Streams::default();
    let api = FakeApi::start(willing(streams.clone())).await;
    let mut listening =
        Listening::start(api.herald(&["listen", "--json", "--forward", &local.url("/")]));
    let stream = stream(&streams, 1).await;
    let wrong = |kept: &mut Value| kept["bodyBase64"] = BASE64.encode(body(9)).into();
    stream.send(arrived(1, &body(1), wrong)).unwrap();
    stream.send("event: request\nid: 2\ndata: {\"half\n\n".into()).unwrap();
    stream.send(arrived(3, &body(3), |_| ())).unwrap();
    stream.send(arrived(4, &body(4), |kept| kept["truncated"] = true.into())).unwrap();
    stream.send(arrived(5, b"\xff\x00", |kept| kept["method"] = "PUT".into())).unwrap();
    let mut lines = Vec::new();
    for _ in 0..4 {
        lines.push(serde_json::from_str::<Value>(&listening.line().await).unwrap());
    }
    assert_eq!(lines[0]["signature"]["problem"], "wrong_secret");
    assert_eq!(lines[0]["forward"]["status"], 307);
    assert_eq!(
        lines[0]["forward"]["note"],
        "a redirect to http://127.0.0.1:9/elsewhere, not followed"
    );
    assert_eq!(
        (&lines[1]["forward"]["status"], &lines[1]["type"]),
        (&json!(500), &json!("client.created"))
    );
    assert_eq!(lines[1]["forward"]["note"], "no\u{fffd}way");
    assert_eq!(lines[2]["forward"]["problem"], "not sent on: Herald did not keep the whole body");
    assert_eq!((&lines[2]["signature"], &lines[2]["truncated"]), (&Value::Null, &json!(true)));
    assert_eq!((&lines[3]["method"], &lines[3]["bodyBase64"]), (&json!("PUT"), &json!("/wA=")));
    let got = local.received();
    assert_eq!(got.len(), 3);
    assert_eq!((&got[2].body[..], got[2].header("webhook-id")), (&b"\xff\x00"[..], EVENT));
    drop(local);
    stream.send(arrived(6, &body(6), |_| ())).unwrap();
    let gone: Value = serde_json::from_str(&listening.line().await).unwrap();
    assert!(gone["forward"]["problem"].as_str().unwrap().contains("refused"), "{gone}");
    listening.signal(Signal::INT);
    let (code, err) = listening.end().await;
    assert_eq!(code, 0);
    assert!(err.contains("a request arrived that cannot be read"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_program_that_speaks_tls_is_handed_notifications_without_checking_them() {
    let world = World::new().await;
    let local = Receiver::start_tls(&world.receiver, &["http/1.1"], |_| Reply::ok()).await;
    let streams = Streams::default();
    let api = FakeApi::start(willing(streams.clone())).await;
    let hook = local.url("/hook");
    let mut command = api.herald(&["listen", "--skip-verify", "--forward", &hook]);
    command.env("SSL_CERT_FILE", world.folder.path().join("ca.pem"));
    let mut listening = Listening::start(command);
    stream(&streams, 1).await.send(arrived(1, &body(1), |_| ())).unwrap();
    assert!(listening.line().await.ends_with("signature not checked"));
    assert!(listening.line().await.contains("answered 200"));
    assert_eq!(local.received()[0].body, body(1));
    listening.signal(Signal::INT);
    assert_eq!(listening.end().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_refused_leaves_no_endpoint_behind() {
    let mut willing = willing(Streams::default());
    let refusal = json!({ "type": "invalid_request", "message": "there are 20 webhooks already" });
    let api = FakeApi::start(move |asked| match asked.what.as_str() {
        "POST /v1/webhooks" => Say::Json(400, refusal.clone()),
        _ => willing(asked),
    })
    .await;
    let (code, err) = Listening::start(api.herald(&["listen"])).end().await;
    assert_eq!(code, 1);
    assert!(err.contains("there are 20 webhooks already"), "{err}");
    assert_eq!(api.questions().last().unwrap(), "DELETE /v1/endpoints/the-endpoint");
    assert!(!err.contains("left"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_while_it_begins_takes_back_what_was_begun_and_a_second_one_waits_for_nothing() {
    let question = "POST /v1/webhooks";
    for insists in [false, true] {
        let answers: Streams = Streams::default();
        let hanging = answers.clone();
        let mut willing = willing(Streams::default());
        let api = FakeApi::start(move |asked| match asked.what.as_str() {
            "POST /v1/webhooks" => {
                let (sender, receiver) = unbounded_channel();
                hanging.lock().expect(UNHARMED).push(sender);
                Say::Live(receiver)
            }
            _ => willing(asked),
        })
        .await;
        let listening = Listening::start(api.herald(&["listen"]));
        api.wait_for(question, 1).await;
        listening.signal(Signal::INT);
        if insists {
            listening.signal(Signal::TERM);
        } else {
            let answer = json!({ "id": WEBHOOK, "secret": SECRET }).to_string();
            stream(&answers, 1).await.send(answer.into()).unwrap();
            answers.lock().unwrap().clear();
        }
        let (code, err) = listening.end().await;
        assert_eq!(code, if insists { 130 } else { 0 }, "{err}");
        assert_eq!(err.contains("may be left"), insists, "{err}");
        let deleted = api.questions().iter().filter(|asked| asked.starts_with("DELETE")).count();
        assert_eq!(deleted, if insists { 1 } else { 2 }, "{:?}", api.questions());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_gone_ends_it_and_the_webhook_is_taken_back() {
    let streams = Streams::default();
    let mut willing = willing(streams.clone());
    let mut lives = 0;
    let gone = json!({ "type": "resource_not_found", "message": "there is no such endpoint" });
    let api = FakeApi::start(move |asked| {
        lives += usize::from(asked.what == LIVE);
        let is_gone = asked.what.contains("/the-endpoint") && lives != 1;
        if is_gone { Say::Json(404, gone.clone()) } else { willing(asked) }
    })
    .await;
    let listening = Listening::start(api.herald(&["listen"]));
    api.wait_for("POST /v1/webhooks", 1).await;
    drop(streams.lock().unwrap().pop());
    let (code, err) = listening.end().await;
    assert_eq!(code, 1);
    assert!(err.contains("refused with 404") && !err.contains("left"), "{err}");
    assert_eq!(api.questions()[4..], taken_back()[3..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_herald_is_gone_it_says_what_is_left() {
    let streams = Streams::default();
    let api = FakeApi::start(willing(streams.clone())).await;
    let mut listening = Listening::start(api.herald(&["listen", "--give-up-after", "300ms"]));
    stream(&streams, 1).await.send(arrived(1, &body(1), |_| ())).unwrap();
    listening.line().await;
    drop(api);
    let (code, err) = listening.end().await;
    assert_eq!(code, 3, "{err}");
    assert!(err.contains(&format!("herald webhooks delete {WEBHOOK}")), "{err}");
    assert!(err.contains("the endpoint the-endpoint is left"), "{err}");
    assert!(err.contains("is not reachable"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_is_refused_is_told_and_fails() {
    let streams = Streams::default();
    let mut willing = willing(streams.clone());
    let api = FakeApi::start(move |asked| {
        if asked.what.starts_with("DELETE") { Say::Text(500, "") } else { willing(asked) }
    })
    .await;
    let mut listening = Listening::start(api.herald(&["listen"]));
    stream(&streams, 1).await.send(arrived(1, &body(1), |_| ())).unwrap();
    listening.line().await;
    listening.signal(Signal::HUP);
    let (code, err) = listening.end().await;
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("a webhook is left"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_herald_sends_is_handed_on_so_that_the_official_sdks_verify_it() {
    let world = World::new().await;
    let running = world.first_start().await;
    let api = running.api();
    let (certificate, key) = world.receiver_files();
    for language in [Language::Node, Language::Python] {
        let mut local = ScriptedReceiver::start(language, &certificate, &key).await;
        let mut command = super::command(&running, &["listen", "--forward", &local.url]);
        command.env("SSL_CERT_FILE", world.folder.path().join("ca.pem"));
        let mut listening = Listening::start(command);
        local.tell(&listening.secret().await).await;
        let event = running.publish(r#"{"id":"the-client","email":"zoë@example.com"}"#).await;
        let line = listening.line().await;
        assert!(line.ends_with("signature valid (complycube+standard)"), "{line}");
        let answer = listening.line().await;
        assert!(answer.contains(" answered 200 in "), "{answer}");
        let report = local.report().await;
        assert_eq!((&report["problem"], &report["id"]), (&Value::Null, &json!(event)), "{report}");
        listening.signal(Signal::INT);
        assert_eq!(listening.end().await.0, 0);
        for what in ["webhooks", "endpoints"] {
            let left = api.get(&format!("/v1/{what}")).await.good();
            assert_eq!(left["totalItems"], 0, "{what}");
        }
    }
}
