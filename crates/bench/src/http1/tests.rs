//! Messages, however the network cuts them.

use tokio::io::{DuplexStream, duplex};

use super::*;

const FIRST: &[u8] = b"POST /w/7 HTTP/1.1\r\nHost: h\r\ncontent-LENGTH:  5 \r\n\r\nhello";
const SECOND: &[u8] = b"POST /w/8 HTTP/1.1\r\nHost: h\r\n\r\n";

async fn read(messages: &mut Messages<DuplexStream>) -> (Vec<u8>, Vec<u8>) {
    let message = messages.next().await.unwrap().unwrap();
    (message.second_word().to_vec(), message.body.to_vec())
}

#[tokio::test]
async fn pipelined_messages_come_out_one_by_one_wherever_they_are_cut() {
    let wire = [FIRST, SECOND].concat();
    for cut in 0..=wire.len() {
        let (mut sender, receiver) = duplex(1024);
        let mut messages = Messages::new(receiver);
        sender.write_all(&wire[..cut]).await.unwrap();
        let rest = wire[cut..].to_vec();
        let sending = tokio::spawn(async move { sender.write_all(&rest).await });
        assert_eq!(read(&mut messages).await, (b"/w/7".to_vec(), b"hello".to_vec()), "at {cut}");
        assert_eq!(read(&mut messages).await, (b"/w/8".to_vec(), Vec::new()), "at {cut}");
        sending.await.unwrap().unwrap();
        assert_eq!(messages.next().await.unwrap(), None, "at {cut}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_inside_a_message_is_an_error() {
    for length in 1..FIRST.len() {
        let (mut sender, receiver) = duplex(1024);
        sender.write_all(&FIRST[..length]).await.unwrap();
        drop(sender);
        let error = Messages::new(receiver).next().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "after {length} bytes");
    }
}

#[test]
fn what_is_not_understood_is_refused() {
    for head in [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        &"x".repeat(HEAD_LIMIT + 1),
    ] {
        assert!(Layout::of(head.as_bytes()).is_err(), "{head}");
    }
}

#[test]
fn a_response_tells_its_status() {
    let bytes = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}";
    let message = Layout::of(bytes).unwrap().unwrap().message(bytes);
    assert_eq!((message.second_word(), message.body), (&b"202"[..], &b"{}"[..]));
}
