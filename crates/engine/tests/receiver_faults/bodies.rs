//! Bodies that drip, never end or lie: the head decided already, and little is spent on the rest.

use std::time::{Duration, Instant};

use herald_domain::attempt::RESPONSE_BODY_KEPT;
use herald_testkit::receiver::{RawReceiver, Receiver, Reply, Step};

use crate::support::{IMPATIENT, client, impatient, patient, post, response};

fn head(headers: &str) -> Step {
    Step::Write(format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n").into())
}

#[tokio::test]
async fn a_body_without_end_is_a_success_that_costs_16_kib_and_the_connection() {
    let chunk = b"1000\r\n".iter().copied().chain([b'x'; 0x1000]).chain(*b"\r\n").collect();
    let cases: [(&str, Step); 3] = [
        ("Content-Length: 1000000000000", Step::Flood(vec![b'x'; 0x1000])),
        ("Transfer-Encoding: chunked", Step::Flood(chunk)),
        ("Connection: close", Step::Flood(vec![b'x'; 0x1000])),
    ];
    for (headers, flood) in cases {
        let steps = vec![Step::ReadRequest, head(headers), flood];
        let receiver = RawReceiver::start(move |_| steps.clone()).await;
        let client = client(patient());
        let began = Instant::now();
        let answer = response(post(&client, &receiver.url("/")).await);
        assert!(began.elapsed() < patient().body_time, "hung up on as soon as it is enough");
        assert_eq!(answer.status, 200, "{headers}");
        assert_eq!(answer.body.len(), RESPONSE_BODY_KEPT, "{headers}");
        assert!(answer.truncated);
        receiver.wait_for_end(0).await;
        assert_eq!(client.kept_connections(), 0);
    }
}

#[tokio::test]
async fn a_body_that_drips_or_stops_is_a_success_that_costs_the_time_for_bodies() {
    let tick = Duration::from_millis(20);
    let cases: [(&str, Vec<Step>); 3] = [
        ("drips", vec![head("Content-Length: 9000"), Step::Drip(vec![b'x'; 9_000], tick)]),
        ("claims 1 TB", vec![head("Content-Length: 1000000000000"), Step::Hang]),
        (
            "drips trailers",
            vec![
                head("Transfer-Encoding: chunked"),
                Step::Drip([b"0\r\n".to_vec(), b"a: b\r\n".repeat(999)].concat(), tick),
            ],
        ),
    ];
    for (what, mut steps) in cases {
        steps.insert(0, Step::ReadRequest);
        let receiver = RawReceiver::start(move |_| steps.clone()).await;
        let mut config = impatient();
        config.deadline = patient().deadline;
        let client = client(config);
        let began = Instant::now();
        let exchange = post(&client, &receiver.url("/")).await;
        assert!(began.elapsed() >= IMPATIENT, "{what}");
        assert!(began.elapsed() < IMPATIENT * 2 + Duration::from_secs(1), "{what}");
        assert!(exchange.duration < began.elapsed(), "the outcome was known at the head: {what}");
        let answer = response(exchange);
        assert!(answer.status == 200 && answer.truncated, "{what}");
        receiver.wait_for_end(0).await;
        assert_eq!(client.kept_connections(), 0, "{what}");
    }
}

#[tokio::test]
async fn exactly_what_may_be_kept_is_whole_and_one_byte_more_is_not() {
    for (length, truncated) in
        [(0, false), (RESPONSE_BODY_KEPT, false), (RESPONSE_BODY_KEPT + 1, true)]
    {
        let receiver = Receiver::start(move |_| Reply::ok().with_body(vec![b'x'; length])).await;
        let client = client(patient());
        let answer = response(post(&client, &receiver.url("/")).await);
        assert_eq!(answer.body.len(), length.min(RESPONSE_BODY_KEPT));
        assert_eq!(answer.truncated, truncated, "{length}");
        assert_eq!(client.kept_connections(), usize::from(!truncated), "{length}");
    }
}

#[tokio::test]
async fn compressed_bodies_are_not_asked_for_and_never_decompressed() {
    // The beginning of a gzip stream, which would be a bomb.
    let bomb: &[u8] = &[0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3, 0xed, 0xc1, 1, 1, 0, 0, 0, 0x80];
    let receiver = Receiver::start(move |_| {
        Reply::ok().with_header("content-encoding", "gzip").with_body(bomb)
    })
    .await;
    let answer = response(post(&client(patient()), &receiver.url("/")).await);
    assert_eq!(&answer.body[..], bomb);
    assert_eq!(receiver.received()[0].header("accept-encoding"), "identity");
}
