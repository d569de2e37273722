//! Receivers that take their time: one deadline covers everything up to the head.

use std::time::{Duration, Instant};

use herald_domain::attempt::ErrorClass::{MalformedResponse, Timeout};
use herald_engine::http::Exchange;
use herald_testkit::{
    receiver::{Gate, RawReceiver, Receiver, Reply, Step},
    tls::{Authority, Leaf},
};

use crate::support::{IMPATIENT, class, client, impatient, patient, post, request};

const TICK: Duration = Duration::from_millis(20);

/// What comes of a receiver that plays these steps, and that it did not take longer than it may.
async fn attempt(steps: Vec<Step>) -> Exchange {
    let receiver = RawReceiver::start(move |_| steps.clone()).await;
    let began = Instant::now();
    let exchange = post(&client(impatient()), &receiver.url("/")).await;
    // Twice the deadline is for a busy machine; the faults would last for ever.
    assert!(began.elapsed() < IMPATIENT * 2 + Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(exchange.address, Some(receiver.address()));
    receiver.wait_for_end(0).await;
    exchange
}

#[tokio::test]
async fn a_receiver_that_never_completes_its_head_fails_at_the_deadline_and_is_hung_up_on() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let cases: [(&str, Vec<Step>); 6] = [
        ("never answers", vec![Step::Hang]),
        ("reads the request, then never answers", vec![Step::ReadRequest, Step::Hang]),
        ("stops within the head", vec![Step::Write(head[..30].to_vec()), Step::Hang]),
        ("drips its head", vec![Step::ReadRequest, Step::Drip(head.to_vec(), TICK)]),
        ("drips 1xx", vec![Step::Drip(b"HTTP/1.1 100 Continue\r\n\r\n".repeat(99), TICK)]),
        ("floods 1xx", vec![Step::Flood(b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(50))]),
    ];
    for (what, steps) in cases {
        let exchange = attempt(steps).await;
        assert!(exchange.duration >= IMPATIENT, "{what}: {:?}", exchange.duration);
        assert_eq!(class(exchange), Timeout, "{what}");
    }
}

#[tokio::test]
async fn a_head_beyond_the_limits_is_malformed_long_before_the_deadline() {
    let begin = b"HTTP/1.1 200 OK\r\n".to_vec();
    let many = b"X-Some: header\r\n".repeat(5_000);
    let cases: [(&str, Vec<Step>); 4] = [
        ("thousands of headers", vec![Step::Write(begin.clone()), Step::Write(many)]),
        (
            "headers without end",
            vec![Step::Write(begin.clone()), Step::Flood(b"a: b\r\n".to_vec())],
        ),
        (
            "one header without end",
            vec![
                Step::Write(begin.clone()),
                Step::Write(b"a: ".to_vec()),
                Step::Flood(b"b".repeat(1024)),
            ],
        ),
        (
            "a reason without end",
            vec![Step::Write(b"HTTP/1.1 200 ".to_vec()), Step::Flood(vec![b'x'; 1024])],
        ),
    ];
    for (what, steps) in cases {
        let receiver = RawReceiver::start(move |_| steps.clone()).await;
        assert_eq!(
            class(post(&client(patient()), &receiver.url("/")).await),
            MalformedResponse,
            "{what}"
        );
        receiver.wait_for_end(0).await;
    }
}

#[tokio::test]
async fn a_receiver_that_does_not_read_the_request_fails_at_the_deadline() {
    let gate = Gate::new();
    let wait = gate.clone();
    let receiver = RawReceiver::start(move |_| vec![Step::Wait(wait.clone())]).await;
    let client = client(impatient());
    // More than the buffers of both sockets hold.
    let request = request(&client, &receiver.url("/"), vec![b'x'; 32 * 1024 * 1024]);
    assert_eq!(class(client.post(request).await), Timeout);
    gate.open();
}

#[tokio::test]
async fn a_stalling_tls_handshake_fails_at_the_deadline_and_no_payload_is_sent() {
    let receiver = RawReceiver::start(|_| vec![Step::Hang]).await;
    let url = receiver.url("/").replace("http:", "https:");
    assert_eq!(class(post(&client(impatient()), &url).await), Timeout);
    let noted = receiver.wait_for_end(0).await.bytes;
    assert!(!noted.windows(4).any(|four| four == b"POST"));
}

#[tokio::test]
async fn a_silent_receiver_does_not_delay_a_healthy_one() {
    let hanging = RawReceiver::start(|_| vec![Step::Hang]).await;
    let authority = Authority::new();
    let identity = authority.issue(Leaf::Valid);
    let healthy = Receiver::start_tls(&identity, &["http/1.1"], |_| Reply::ok()).await;
    let mut config = patient();
    config.extra_ca = vec![authority.certificate()];
    let client = client(config);
    let stuck: Vec<_> = (0..200)
        .map(|_| {
            let (client, url) = (client.clone(), hanging.url("/"));
            tokio::spawn(async move { post(&client, &url).await })
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(post(&client, &healthy.url("/")).await.answer.status(), Some(200));
    }
    assert!(stuck.iter().all(|task| !task.is_finished()));
    stuck.iter().for_each(tokio::task::JoinHandle::abort);
}
