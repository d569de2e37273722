//! Connections kept open: what goes out on them, and what receivers do to them meanwhile.

use std::time::Duration;

use herald_domain::attempt::ErrorClass::{ConnectionClosed, TargetForbidden};
use herald_engine::http::{ClientConfig, PoolLimits};
use herald_testkit::receiver::{Gate, RawReceiver, Receiver, Reply, Step};

use crate::support::{BODY, class, client, patient, post, request, response};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

fn ok() -> Step {
    Step::Write(OK.to_vec())
}

/// One exchange after the other.
fn serve(exchanges: usize) -> Vec<Step> {
    (0..exchanges).flat_map(|_| [Step::ReadRequest, ok()]).collect()
}

#[tokio::test]
async fn a_request_on_the_wire_is_exactly_this() {
    let receiver = RawReceiver::start(|_| serve(1)).await;
    let client = client(patient());
    post(&client, &receiver.url("/hook?a=b%20c#fragment")).await;
    let noted = String::from_utf8(receiver.wait_for_end(0).await.bytes).unwrap();
    let (head, body) = noted.split_once("\r\n\r\n").unwrap();
    assert_eq!(body.as_bytes(), BODY);
    let signed = request(&client, &receiver.url("/"), BODY).signatures;
    let headers = herald_domain::signature::notification_headers(
        "5eb04fcd0f3e360008035eb2".parse().unwrap(),
        &signed,
    );
    let mut expected =
        vec!["POST /hook?a=b%20c HTTP/1.1".to_owned(), format!("Host: {}", receiver.address())];
    expected.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    expected.push(format!("Content-Length: {}", BODY.len()));
    assert_eq!(head.split("\r\n").collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn attempts_to_one_origin_share_a_connection_one_after_the_other() {
    let receiver = Receiver::start(|_| Reply::ok().with_body("thanks")).await;
    let client = client(patient());
    for path in ["/a", "/b", "/c"] {
        let exchange = post(&client, &receiver.url(path)).await;
        assert_eq!(exchange.address, Some(receiver.address()));
        assert!(exchange.answer.is_success());
    }
    assert_eq!((receiver.received().len(), receiver.connections()), (3, 1));
    assert_eq!(client.kept_connections(), 1);
}

#[tokio::test]
async fn attempts_at_once_have_a_connection_each() {
    let gate = Gate::new();
    let wait = gate.clone();
    let receiver = Receiver::start(move |_| Reply::ok().behind(&wait)).await;
    let client = client(patient());
    let posts: Vec<_> = (0..5)
        .map(|_| {
            let (client, url) = (client.clone(), receiver.url("/"));
            tokio::spawn(async move { post(&client, &url).await })
        })
        .collect();
    receiver.wait_for(5).await;
    gate.open();
    for post in posts {
        assert!(post.await.unwrap().answer.is_success());
    }
    assert_eq!((receiver.connections(), client.kept_connections()), (5, 5));
}

/// Runs a test in a task, so that on the single thread of its runtime it goes on as soon as it is
/// woken by another task. (The main future goes on only after a look at the sockets.) What the other
/// task did to a socket is then in the kernel, but the runtime has had no chance to hear of it.
async fn before_the_runtime_hears(test: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(test).await.expect("the test passes");
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_replaced_before_anything_is_written() {
    before_the_runtime_hears(async {
        const ROUNDS: usize = 20;
        let kept: [Gate; ROUNDS] = std::array::from_fn(|_| Gate::new());
        let waits = kept.clone();
        let receiver = RawReceiver::start(move |index| {
            [serve(1), vec![Step::Wait(waits[index].clone())]].concat()
        })
        .await;
        let client = client(patient());
        for (round, kept) in kept.iter().enumerate() {
            let exchange = post(&client, &receiver.url("/")).await;
            assert!(exchange.answer.is_success(), "{round}: {exchange:?}");
            assert_eq!(client.kept_connections(), 1);
            kept.open();
            receiver.wait_for_end(round).await;
        }
        assert_eq!(receiver.noted().len(), ROUNDS);
    })
    .await;
}

#[tokio::test]
async fn a_request_that_a_kept_connection_may_have_delivered_is_not_sent_again() {
    for end in [None, Some(Step::Reset)] {
        let steps = [serve(1), vec![Step::ReadRequest], Vec::from_iter(end)].concat();
        let receiver = RawReceiver::start(move |_| steps.clone()).await;
        let client = client(patient());
        assert!(post(&client, &receiver.url("/")).await.answer.is_success());
        assert_eq!(class(post(&client, &receiver.url("/")).await), ConnectionClosed);
        assert_eq!(receiver.connections().await, 1);
    }
}

#[tokio::test]
async fn a_second_response_behind_the_first_is_not_the_next_answer() {
    let smuggled = [OK, b"HTTP/1.1 299 Smuggled\r\nContent-Length: 0\r\n\r\n"].concat();
    let receiver = RawReceiver::start(move |index| match index {
        0 => vec![Step::ReadRequest, Step::Write(smuggled.clone()), Step::Hang],
        _ => serve(1),
    })
    .await;
    let client = client(patient());
    for _ in 0..2 {
        assert_eq!(response(post(&client, &receiver.url("/")).await).status, 200);
    }
    let noted = receiver.wait_for_end(0).await.bytes;
    assert_eq!(noted.windows(4).filter(|four| four == b"POST").count(), 1);
}

#[tokio::test]
async fn a_response_pushed_into_an_idle_connection_is_not_the_next_answer() {
    before_the_runtime_hears(async {
        let smuggled = b"HTTP/1.1 299 Smuggled\r\nContent-Length: 0\r\n\r\n";
        let (idle, pushed) = (Gate::new(), Gate::new());
        let (wait, tell) = (idle.clone(), pushed.clone());
        let receiver = RawReceiver::start(move |index| match index {
            0 => vec![
                Step::ReadRequest,
                ok(),
                Step::Wait(wait.clone()),
                Step::Write(smuggled.to_vec()),
                Step::Open(tell.clone()),
                Step::Hang,
            ],
            _ => serve(1),
        })
        .await;
        let client = client(patient());
        assert_eq!(response(post(&client, &receiver.url("/")).await).status, 200);
        idle.open();
        pushed.passed().await;
        assert_eq!(response(post(&client, &receiver.url("/")).await).status, 200);
        let noted = receiver.wait_for_end(0).await.bytes;
        assert_eq!(noted.windows(4).filter(|four| four == b"POST").count(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_receiver_that_wants_to_close_is_not_kept() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let receiver =
        RawReceiver::start(|_| vec![Step::ReadRequest, Step::Write(head.to_vec()), Step::Hang])
            .await;
    let client = client(patient());
    assert!(post(&client, &receiver.url("/")).await.answer.is_success());
    receiver.wait_for_end(0).await;
    assert_eq!(client.kept_connections(), 0);
}

#[tokio::test]
async fn an_answer_to_half_a_request_is_an_answer_but_the_connection_is_not_kept() {
    let gate = Gate::new();
    let wait = gate.clone();
    let head = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n";
    let receiver = RawReceiver::start(move |_| {
        vec![Step::ReadUntil(b"\r\n\r\n"), Step::Write(head.to_vec()), Step::Wait(wait.clone())]
    })
    .await;
    let client = client(ClientConfig { body_time: Duration::from_millis(200), ..patient() });
    let request = request(&client, &receiver.url("/"), vec![b'x'; 32 * 1024 * 1024]);
    assert_eq!(response(client.post(request).await).status, 413);
    assert_eq!(client.kept_connections(), 0);
    gate.open();
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_time() {
    let receiver = RawReceiver::start(|_| [serve(1), vec![Step::Hang]].concat()).await;
    let pool = PoolLimits { max_idle: Duration::from_millis(40), ..PoolLimits::default() };
    let client = client(ClientConfig { pool, ..patient() });
    assert!(post(&client, &receiver.url("/")).await.answer.is_success());
    // Ends only if the client closes; nothing else asks it to.
    receiver.wait_for_end(0).await;
    assert_eq!(client.kept_connections(), 0);
}

#[tokio::test]
async fn a_connection_is_not_used_beyond_its_age_so_that_its_target_is_judged_again() {
    let receiver = Receiver::start(|_| Reply::ok()).await;
    let pool = PoolLimits { max_age: Duration::ZERO, ..PoolLimits::default() };
    let client = client(ClientConfig { pool, ..patient() });
    for _ in 0..3 {
        assert!(post(&client, &receiver.url("/")).await.answer.is_success());
    }
    assert_eq!((receiver.connections(), client.kept_connections()), (3, 0));
    let internal = receiver.url("/").replace("127.0.0.1", "127.0.0.2");
    assert_eq!(class(post(&client, &internal).await), TargetForbidden);
}
