//! The laws of what is kept of an attempt: every field comes back exactly.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use herald_domain::{
    attempt::{Answer, Attempt, ErrorClass, Failure, RESPONSE_BODY_KEPT, Response},
    signature::Signatures,
    time::Timestamp,
};

use super::{
    Backend,
    fixtures::{Scene, answered, attempt, settlement},
};
use crate::{After, History, NumberedAttempt, Queue};

pub async fn the_address_is_kept_in_either_family_or_none<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let addresses = [
        Some("203.0.113.9:443"),
        Some("0.0.0.0:0"),
        Some("[2001:db8::7]:65535"),
        Some("[::ffff:203.0.113.9]:8443"),
        None,
    ];
    let base = answered(200, scene.tick());
    let attempts = addresses.map(|text| Attempt {
        address: text.map(|text| text.parse::<SocketAddr>().expect("a socket address")),
        ..base.clone()
    });
    assert_kept(scene, &attempts).await;
}

pub async fn headers_are_kept_as_received_whatever_their_bytes<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let every_byte: Vec<u8> = (0..=255).collect();
    let headers = vec![
        ("Set-Cookie".into(), Bytes::from_static(b"a=1")),
        ("set-cookie".into(), Bytes::from_static(b"b=2")),
        ("x-bytes".into(), every_byte.into()),
        ("x-latin-1".into(), Bytes::from_static(b"caf\xe9")),
        ("x-empty".into(), Bytes::new()),
        ("Set-Cookie".into(), Bytes::from_static(b"a=1")),
    ];
    let at = scene.tick();
    let with = |headers| answer_with(at, Response { headers, ..response() });
    assert_kept(scene, &[with(headers), with(Vec::new())]).await;
}

pub async fn the_body_is_kept_from_nothing_to_its_greatest_length<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let at = scene.tick();
    let whole: Vec<u8> = (0..=255).cycle().take(RESPONSE_BODY_KEPT).collect();
    let attempts = [
        (Bytes::new(), false),
        (Bytes::new(), true),
        (Bytes::from_static(b"{\"ok\":true}\0"), false),
        (Bytes::from(whole.clone()), false),
        (Bytes::from(whole), true),
    ]
    .map(|(body, truncated)| answer_with(at, Response { body, truncated, ..response() }));
    assert_kept(scene, &attempts).await;
}

pub async fn every_status_is_kept<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let at = scene.tick();
    let statuses = [100, 200, 204, 299, 300, 404, 418, 500, 599, 600, 999];
    let attempts = statuses.map(|status| answer_with(at, Response { status, ..response() }));
    assert_kept(scene, &attempts).await;
}

pub async fn every_class_of_failure_is_kept_with_its_detail<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let at = scene.tick();
    // A status is a response's class, never a failure's.
    let classes = ErrorClass::ALL.iter().filter(|class| **class != ErrorClass::Status);
    let mut attempts: Vec<Attempt> = classes
        .map(|class| Failure {
            class: *class, detail: format!("“{class}” – ça n'a pas marché")
        })
        .map(|failure| attempt(at, Answer::Failure(failure)))
        .collect();
    let silent = Failure { class: ErrorClass::Internal, detail: String::new() };
    attempts.push(Attempt { signatures: None, ..attempt(at, Answer::Failure(silent)) });
    assert_kept(scene, &attempts).await;
}

pub async fn a_duration_comes_back_to_the_nanosecond<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let base = answered(200, scene.tick());
    let attempts = [0, 1, 999_999, 1_000_000, 14_999_999_999, 3_600_000_000_000]
        .map(|nanos| Attempt { duration: Duration::from_nanos(nanos), ..base.clone() });
    assert_kept(scene, &attempts).await;
}

pub async fn the_beginning_is_kept_to_the_millisecond<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let base = scene.tick();
    let attempts = [0, 1, 999].map(|ms| answered(200, base.after(Duration::from_millis(ms))));
    assert_kept(scene, &attempts).await;
}

pub async fn signatures_are_kept_with_one_or_two_standard_ones_or_none<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let base = answered(200, scene.tick());
    let macs = |first: u8| std::array::from_fn(|i| first.wrapping_add(u8::try_from(i).unwrap()));
    let signed = |standard| Signatures {
        timestamp: base.started_at.seconds(),
        complycube: macs(240),
        standard,
    };
    let earlier = Signatures { timestamp: 1_600_000_000, ..signed(vec![macs(9)]) };
    let attempts =
        [None, Some(signed(vec![macs(7)])), Some(signed(vec![macs(0), macs(128)])), Some(earlier)]
            .map(|signatures| Attempt { signatures, ..base.clone() });
    assert_kept(scene, &attempts).await;
}

pub async fn the_url_is_the_one_at_that_time<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let base = answered(200, scene.tick());
    let urls = ["https://example.com/", "https://xn--r8jz45g.xn--zckzah/%F0%9F%A6%89?q='\"#x", ""];
    let attempts = urls.map(|url| Attempt { url: url.into(), ..base.clone() });
    assert_kept(scene, &attempts).await;
}

/// Settles these attempts one after another, on one delivery that is always to be retried, and
/// reads them back: now, and after a crash.
async fn assert_kept<B: Backend>(scene: Scene<B>, attempts: &[Attempt]) {
    let webhook = scene.webhook(&["*"]).await;
    let waiting = scene.waiting("client.created").await;
    for attempt in attempts {
        let now = scene.tick();
        let claimed = scene.store.claim(webhook.id, now, 1).await.unwrap().deliveries.remove(0);
        let after = After::Retry { due_at: now };
        assert_eq!(scene.settle(settlement(&claimed, attempt.clone(), after)).await.stale, 0);
    }
    let expected: Vec<_> = (1..)
        .zip(attempts)
        .map(|(number, attempt)| NumberedAttempt {
            number,
            manual: false,
            attempt: attempt.clone(),
        })
        .collect();
    let delivery = scene.view(&waiting).await.id;
    let found = scene.store.attempts(scene.environment, delivery).await.unwrap();
    assert_eq!(found, expected);
    let scene = scene.reopened().await;
    let found = scene.store.attempts(scene.environment, delivery).await.unwrap();
    assert_eq!(found, expected, "after reopening");
}

fn answer_with(at: Timestamp, response: Response) -> Attempt {
    attempt(at, Answer::Response(response))
}

fn response() -> Response {
    Response { status: 200, headers: Vec::new(), body: Bytes::new(), truncated: false }
}
