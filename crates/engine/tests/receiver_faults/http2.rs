//! HTTP/2: sharing a connection, and receivers that end it or its streams.

use herald_domain::attempt::ErrorClass::{ConnectionClosed, MalformedResponse, Timeout};
use herald_engine::http::{Client, ClientConfig};
use herald_testkit::{
    receiver::{Gate, RawReceiver, Receiver, Reply, Step, h2_frames as frames},
    tls::{Authority, Leaf},
};
use http::Version;

use crate::support::{BODY, class, client, impatient, patient, post, request};

const MAX_CONCURRENT_STREAMS: u16 = 0x3;
const INITIAL_WINDOW_SIZE: u16 = 0x4;

async fn served(
    config: ClientConfig,
    script: impl Fn(&herald_testkit::receiver::Received) -> Reply + Send + Sync + 'static,
) -> (Client, Receiver) {
    let authority = Authority::new();
    let identity = authority.issue(Leaf::Valid);
    let receiver = Receiver::start_tls(&identity, &["h2", "http/1.1"], script).await;
    (client(ClientConfig { extra_ca: vec![authority.certificate()], ..config }), receiver)
}

async fn raw(
    config: ClientConfig,
    script: impl Fn(usize) -> Vec<Step> + Send + Sync + 'static,
) -> (Client, RawReceiver) {
    let authority = Authority::new();
    let identity = authority.issue(Leaf::Valid);
    let receiver = RawReceiver::start_tls(&identity, "h2", script).await;
    (client(ClientConfig { extra_ca: vec![authority.certificate()], ..config }), receiver)
}

/// The bodies of these tests' requests, in order: bodies are what a raw receiver can recognise,
/// since they are not compressed.
const BODIES: [&[u8]; 2] = [b"{\"n\":1}", b"{\"n\":2}"];

/// Streams of a client have odd numbers (RFC 9113 §5.1.1).
const STREAMS: [u32; 2] = [1, 3];

/// Answers the first request of a connection, and does `then` about the second.
fn answer_one(then: Vec<u8>) -> Vec<Step> {
    vec![
        Step::Write(frames::settings()),
        Step::ReadUntil(BODIES[0]),
        Step::Write(frames::ok_head(STREAMS[0])),
        Step::ReadUntil(BODIES[1]),
        Step::Write(then),
        Step::Hang,
    ]
}

/// Answers the second request where it is the first of its connection.
fn answer_other() -> Vec<Step> {
    vec![
        Step::Write(frames::settings()),
        Step::ReadUntil(BODIES[1]),
        Step::Write(frames::ok_head(STREAMS[0])),
        Step::Hang,
    ]
}

#[tokio::test]
async fn attempts_at_once_share_one_connection() {
    let gate = Gate::new();
    let wait = gate.clone();
    let (client, receiver) = served(patient(), move |received| match received.index {
        0 => Reply::ok(),
        _ => Reply::ok().behind(&wait),
    })
    .await;
    assert!(post(&client, &receiver.url("/hook?a=b")).await.answer.is_success());
    let posts: Vec<_> = (0..20)
        .map(|_| {
            let (client, url) = (client.clone(), receiver.url("/hook?a=b"));
            tokio::spawn(async move { post(&client, &url).await })
        })
        .collect();
    let received = receiver.wait_for(21).await;
    gate.open();
    for post in posts {
        assert!(post.await.unwrap().answer.is_success());
    }
    assert_eq!(receiver.connections(), 1);
    for one in received {
        assert_eq!(
            (one.version, one.path.as_str(), &one.body[..]),
            (Version::HTTP_2, "/hook?a=b", BODY)
        );
        assert_eq!(one.event_id(), "5eb04fcd0f3e360008035eb2");
        assert_eq!(one.header("content-length"), BODY.len().to_string());
    }
}

#[tokio::test]
async fn a_request_that_was_not_processed_is_sent_once_more_on_another_connection() {
    let cases = [
        ("GOAWAY", frames::goaway(STREAMS[0])),
        ("REFUSED_STREAM", frames::reset(STREAMS[1], frames::REFUSED_STREAM)),
    ];
    for (what, then) in cases {
        let (client, receiver) = raw(patient(), move |index| match index {
            0 => answer_one(then.clone()),
            _ => answer_other(),
        })
        .await;
        for body in BODIES {
            let exchange = client.post(request(&client, &receiver.url("/"), body)).await;
            assert!(exchange.answer.is_success(), "{what}: {exchange:?}");
        }
        assert_eq!(receiver.connections().await, 2, "{what}");
    }
}

#[tokio::test]
async fn a_request_that_may_have_been_processed_is_not_sent_again() {
    let cases = [
        ("RST_STREAM", frames::reset(STREAMS[1], frames::INTERNAL_ERROR)),
        ("GOAWAY, then the end", frames::goaway(STREAMS[1])),
    ];
    for (what, then) in cases {
        let (client, receiver) = raw(patient(), move |_| {
            let mut steps = answer_one(then.clone());
            steps.pop();
            steps
        })
        .await;
        let post = |body| client.post(request(&client, &receiver.url("/"), body));
        assert!(post(BODIES[0]).await.answer.is_success(), "{what}");
        assert_eq!(class(post(BODIES[1]).await), ConnectionClosed, "{what}");
        assert_eq!(receiver.connections().await, 1, "{what}");
    }
}

#[tokio::test]
async fn a_receiver_that_refuses_every_stream_is_asked_twice_and_no_more() {
    let refused = |stream| frames::reset(stream, frames::REFUSED_STREAM);
    let (client, receiver) = raw(patient(), move |index| match index {
        0 => answer_one(refused(STREAMS[1])),
        _ => vec![
            Step::Write(frames::settings()),
            Step::ReadUntil(BODIES[1]),
            Step::Write(refused(STREAMS[0])),
            Step::Hang,
        ],
    })
    .await;
    let post = |body| client.post(request(&client, &receiver.url("/"), body));
    assert!(post(BODIES[0]).await.answer.is_success());
    assert_eq!(class(post(BODIES[1]).await), ConnectionClosed);
    assert_eq!(receiver.connections().await, 2);
}

#[tokio::test]
async fn a_closed_window_fails_at_the_deadline_and_the_connection_is_given_up() {
    let (client, receiver) = raw(impatient(), |_| {
        vec![
            Step::Write(frames::setting(INITIAL_WINDOW_SIZE, 0)),
            // Sent before the client could know.
            Step::ReadUntil(BODIES[0]),
            Step::Write(frames::ok_head(STREAMS[0])),
            Step::Hang,
        ]
    })
    .await;
    let post = |body| client.post(request(&client, &receiver.url("/"), body));
    assert!(post(BODIES[0]).await.answer.is_success());
    assert_eq!(class(post(BODIES[1]).await), Timeout);
    assert!(post(BODIES[0]).await.answer.is_success(), "on a connection of its own");
    let noted = receiver.wait_for_end(0).await.bytes;
    assert!(!noted.windows(BODIES[1].len()).any(|window| window == BODIES[1]));
    assert_eq!(receiver.connections().await, 2);
}

#[tokio::test]
async fn when_the_streams_of_a_connection_are_used_up_another_is_opened() {
    let (client, receiver) = raw(patient(), |_| {
        vec![
            Step::Write(frames::setting(MAX_CONCURRENT_STREAMS, 1)),
            Step::ReadUntil(BODIES[0]),
            Step::Write(frames::ok_head(STREAMS[0])),
            Step::Hang,
        ]
    })
    .await;
    let post = || client.post(request(&client, &receiver.url("/"), BODIES[0]));
    assert!(post().await.answer.is_success());
    // Lets the connection's task see the settings that came with the answer.
    tokio::task::yield_now().await;
    let (one, other) = tokio::join!(
        tokio::time::timeout(crate::support::IMPATIENT, post()),
        tokio::time::timeout(crate::support::IMPATIENT, post()),
    );
    // The first connection never answers again, but has room for one; the second request must not
    // wait behind it.
    assert!(one.is_err());
    assert!(other.unwrap().answer.is_success());
    assert_eq!(receiver.connections().await, 2);
}

#[tokio::test]
async fn what_breaks_the_rules_of_http2_is_malformed() {
    let cases = [
        ("a header beyond the limit", None),
        ("a head on a stream that nobody opened", Some(frames::ok_head(5))),
    ];
    for (what, frame) in cases {
        let outcome = match frame {
            None => {
                let (client, receiver) =
                    served(patient(), |_| Reply::ok().with_header("x-big", "x".repeat(200_000)))
                        .await;
                post(&client, &receiver.url("/")).await
            }
            Some(frame) => {
                let (client, receiver) = raw(patient(), move |_| {
                    vec![
                        Step::Write(frames::settings()),
                        Step::ReadUntil(BODIES[0]),
                        Step::Write(frame.clone()),
                        Step::Hang,
                    ]
                })
                .await;
                client.post(request(&client, &receiver.url("/"), BODIES[0])).await
            }
        };
        assert_eq!(class(outcome), MalformedResponse, "{what}");
    }
}
