//! Receivers that break off, or speak something else.

use herald_domain::attempt::ErrorClass::{
    ConnectionClosed, ConnectionRefused, MalformedResponse, TlsHandshake,
};
use herald_testkit::receiver::{RawReceiver, Step};
use tokio::net::TcpListener;

use crate::support::{class, client, patient, post, response};

fn write(text: &str) -> Step {
    Step::Write(text.into())
}

#[tokio::test]
async fn a_refused_connection_has_its_own_class() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let exchange = post(&client(patient()), &format!("http://{address}/")).await;
    assert_eq!(exchange.address, Some(address));
    assert_eq!(class(exchange), ConnectionRefused);
}

#[tokio::test]
async fn what_ends_before_its_head_is_complete_is_a_closed_connection() {
    let cases = [
        ("closes at once", vec![]),
        ("resets at once", vec![Step::Reset]),
        ("closes after the request", vec![Step::ReadRequest]),
        ("resets after the request", vec![Step::ReadRequest, Step::Reset]),
        ("closes within the head", vec![Step::ReadRequest, write("HTTP/1.1 200 OK\r\nA: b")]),
        ("resets within the head", vec![write("HTTP/1.1 200 OK\r\n"), Step::Reset]),
        ("closes after a 1xx", vec![Step::ReadRequest, write("HTTP/1.1 100 Continue\r\n\r\n")]),
    ];
    for (what, steps) in cases {
        let receiver = RawReceiver::start(move |_| steps.clone()).await;
        assert_eq!(
            class(post(&client(patient()), &receiver.url("/")).await),
            ConnectionClosed,
            "{what}"
        );
        assert_eq!(receiver.connections().await, 1, "{what}: sent once");
    }
}

#[tokio::test]
async fn what_is_not_http_is_malformed() {
    let cases = [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "<html>hello</html>\r\n\r\n",
        "HTTP/1.1 99 Low\r\n\r\n",
        "HTTP/1.1 0200 Long\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/3.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\r\n\r\n",
    ];
    for text in cases {
        let steps = vec![Step::ReadRequest, write(text), Step::Hang];
        let receiver = RawReceiver::start(move |_| steps.clone()).await;
        let exchange = post(&client(patient()), &receiver.url("/")).await;
        assert_eq!(class(exchange), MalformedResponse, "{text:?}");
    }
}

#[tokio::test]
async fn plain_http_on_a_tls_port_is_a_failed_handshake_without_payload() {
    let answer = write("HTTP/1.1 400 Bad Request\r\n\r\n");
    let receiver = RawReceiver::start(move |_| vec![answer.clone(), Step::Hang]).await;
    let url = receiver.url("/").replace("http:", "https:");
    assert_eq!(class(post(&client(patient()), &url).await), TlsHandshake);
    let noted = receiver.wait_for_end(0).await.bytes;
    assert!(!noted.windows(4).any(|four| four == b"POST"));
}

#[tokio::test]
async fn a_reset_after_the_head_does_not_undo_a_success() {
    let head = "HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\npart";
    let receiver =
        RawReceiver::start(move |_| vec![Step::ReadRequest, write(head), Step::ReadUntil(b"}")])
            .await;
    let response = response(post(&client(patient()), &receiver.url("/")).await);
    assert_eq!((response.status, &response.body[..]), (202, &b"part"[..]));
    assert!(response.truncated);
}
