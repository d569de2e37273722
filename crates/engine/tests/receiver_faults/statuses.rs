//! Every status: only 2xx is a success, and a redirect is never followed.

use herald_domain::attempt::ErrorClass;
use herald_testkit::receiver::{RawReceiver, Receiver, Reply, Step};

use crate::support::{client, patient, post, response};

#[tokio::test]
async fn of_all_statuses_only_2xx_is_a_success() {
    let receiver = RawReceiver::start(|index| {
        let status = 100 + index;
        // Followed, a redirect would show as one more connection.
        let head = format!(
            "HTTP/1.1 {status} Whatever\r\nLocation: /elsewhere\r\nConnection: close\r\n\r\n"
        );
        vec![Step::ReadRequest, Step::Write(head.into())]
    })
    .await;
    let client = client(patient());
    for status in 100..=999 {
        let answer = post(&client, &receiver.url("/")).await.answer;
        assert_eq!(answer.is_success(), (200..300).contains(&status), "{status}: {answer:?}");
        // Interim responses come before an answer, and this one never came. 101 is an answer: the
        // receiver says that nothing else follows.
        let interim = status < 200 && status != 101;
        assert_eq!(answer.status(), (!interim).then_some(status), "{answer:?}");
        let class = match status {
            200..300 => None,
            _ if interim => Some(ErrorClass::ConnectionClosed),
            _ => Some(ErrorClass::Status),
        };
        assert_eq!(answer.error_class(), class, "{status}");
    }
    assert_eq!(receiver.connections().await, 900);
}

#[tokio::test]
async fn a_redirect_of_each_kind_is_an_answer_like_any_other() {
    for status in [301, 302, 303, 307, 308] {
        let receiver =
            Receiver::start(move |_| Reply::status(status).with_header("location", "/login")).await;
        let answer = response(post(&client(patient()), &receiver.url("/hook")).await);
        assert_eq!((answer.status, answer.header("location")), (status, Some("/login")));
        let paths: Vec<_> = receiver.received().into_iter().map(|one| one.path).collect();
        assert_eq!(paths, ["/hook"]);
    }
}

#[tokio::test]
async fn the_headers_of_an_answer_are_kept_whatever_their_bytes() {
    let head = b"HTTP/1.1 503 Busy\r\nRetry-After: 1e300\r\nSet-Cookie: a=1\r\nX-Odd: \xff\xfe\r\n\
        Set-Cookie: b=2\r\nContent-Length: 0\r\n\r\n";
    let receiver =
        RawReceiver::start(|_| vec![Step::ReadRequest, Step::Write(head.to_vec()), Step::Hang])
            .await;
    let answer = response(post(&client(patient()), &receiver.url("/")).await);
    assert_eq!(answer.header("retry-after"), Some("1e300"));
    let all = |name: &str| -> Vec<&[u8]> {
        answer.headers.iter().filter(|(n, _)| n == name).map(|(_, v)| &v[..]).collect()
    };
    assert_eq!(all("set-cookie"), [b"a=1", b"b=2"]);
    assert_eq!(all("x-odd"), [b"\xff\xfe"]);
}

#[tokio::test]
async fn a_cookie_is_never_sent_back() {
    let receiver = Receiver::start(|_| Reply::ok().with_header("set-cookie", "a=1")).await;
    let client = client(patient());
    for _ in 0..2 {
        post(&client, &receiver.url("/")).await;
    }
    let received = receiver.received();
    assert!(received.len() == 2 && received.iter().all(|one| one.header("cookie").is_empty()));
}
