//! HTTP/2 receivers get the same signed request as HTTP/1.1 ones, over TLS with a certificate that
//! only the configured authority vouches for.

use herald_domain::signature::complycube_signature;
use herald_testkit::receiver::{Receiver, Reply};
use http::Version;

use crate::support::{eventually, world::World};

async fn delivers_over(protocol: &str, version: Version) {
    let world = World::new().await;
    let receiver = Receiver::start_tls(&world.receiver, &[protocol], |_| Reply::ok()).await;
    let running = world.first_start().await;
    let (_, secret) = running.api().create_webhook(&receiver.url("/hook?x=1")).await;
    let mut events = Vec::new();
    for number in 0..5 {
        events.push(running.publish(&format!(r#"{{"id":"client-{number}"}}"#)).await);
    }
    let mut received = receiver.wait_for(events.len()).await;
    received.sort_by_key(|request| request.event_id().to_owned());
    for (request, event) in received.iter().zip(&events) {
        assert_eq!(request.version, version);
        assert_eq!(request.path, "/hook?x=1");
        assert_eq!(request.event_id(), event);
        let signature = complycube_signature(&secret, &request.body);
        assert_eq!(request.header("complycube-signature"), signature);
    }
    let api = running.api();
    eventually("all are delivered", async || (api.count("delivered").await == 5).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http2_receiver_gets_signed_notifications() {
    delivers_over("h2", Version::HTTP_2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http11_receiver_gets_signed_notifications() {
    delivers_over("http/1.1", Version::HTTP_11).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_nobody_vouches_for_gets_nothing() {
    let (world, elsewhere) = (World::new().await, World::new().await);
    let receiver = Receiver::start_tls(&elsewhere.receiver, &["h2"], |_| Reply::ok()).await;
    let running = world.first_start().await;
    running.api().create_webhook(&receiver.url("/")).await;
    running.publish(r#"{"id":"x"}"#).await;
    let api = running.api();
    let delivery = eventually("the attempt has failed", async || {
        let delivery = api.only_delivery().await;
        (delivery["attemptCount"] == 1).then_some(delivery)
    })
    .await;
    assert_eq!(delivery["state"], "pending");
    assert_eq!(delivery["lastError"], "tls_certificate");
    assert!(receiver.received().is_empty());
}
