//! Endings in order: SIGTERM exits 0 and loses nothing.

use herald_testkit::receiver::{Gate, Receiver, Reply};
use rustix::process::Signal;

use crate::support::{eventually, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_what_is_in_flight_end_exits_0_and_loses_nothing() {
    const EVENTS: usize = 20;
    let world = World::new().await;
    let gate = Gate::new();
    let behind = gate.clone();
    let receiver =
        Receiver::start_tls(&world.receiver, &["http/1.1"], move |_| Reply::ok().behind(&behind))
            .await;
    let running = world.first_start().await;
    running.api().create_webhook(&receiver.url("/")).await;
    for number in 0..EVENTS {
        running.publish(&format!(r#"{{"id":"client-{number}"}}"#)).await;
    }
    let in_flight = receiver.wait_for(1).await.len();
    running.server.signal(Signal::TERM);
    // It answers no more once it has seen the signal; only then may what is in flight end.
    let api = running.api();
    eventually("it takes nothing new", async || {
        let refused = api.send(http::Method::GET, "/healthz", String::new()).await.is_err();
        refused.then_some(())
    })
    .await;
    gate.open();
    assert!(running.server.ended().await.success());

    let received = receiver.received().len();
    assert!(received >= in_flight);
    let again = world.start(&running.keys).await;
    let api = again.api();
    eventually("all are delivered", async || {
        (api.count("delivered").await == EVENTS as u64).then_some(())
    })
    .await;
    let mut events: Vec<_> =
        receiver.received().iter().map(|request| request.event_id().to_owned()).collect();
    assert_eq!(events.len(), EVENTS, "an ending in order repeats nothing");
    events.sort();
    events.dedup();
    assert_eq!(events.len(), EVENTS);
    assert!(again.server.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once_and_loses_nothing() {
    let world = World::new().await;
    let gate = Gate::new();
    let behind = gate.clone();
    let receiver =
        Receiver::start_tls(&world.receiver, &["h2"], move |_| Reply::ok().behind(&behind)).await;
    let running = world.first_start().await;
    running.api().create_webhook(&receiver.url("/")).await;
    let event = running.publish(r#"{"id":"x"}"#).await;
    receiver.wait_for(1).await;
    running.server.signal(Signal::TERM);
    let api = running.api();
    eventually("it takes nothing new", async || {
        let refused = api.send(http::Method::GET, "/healthz", String::new()).await.is_err();
        refused.then_some(())
    })
    .await;
    running.server.signal(Signal::INT);
    assert_eq!(running.server.ended().await.code(), Some(1));

    gate.open();
    let again = world.start(&running.keys).await;
    let received = receiver.wait_for(2).await;
    assert!(received.iter().all(|request| request.event_id() == event));
    assert_eq!(received[0].body, received[1].body);
    let api = again.api();
    eventually("it is delivered", async || (api.count("delivered").await == 1).then_some(())).await;
}
