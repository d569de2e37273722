//! How a webhook does over time, and why an event waits: asked of the API while the server, in the
//! test's process, attempts for real.

use std::time::Duration;

use herald_testkit::receiver::{Receiver, Reply};

use crate::support::{
    api::text,
    eventually,
    inside::{self, api, publish, publish_many, quiet},
};

#[tokio::test(flavor = "multi_thread")]
async fn statistics_count_every_attempt_in_its_hour_and_why_says_what_is_waited_for() {
    let server = inside::start().await;
    let receiver = Receiver::start(|request| match request.index {
        8..10 => Reply::status(503),
        _ => Reply::ok(),
    })
    .await;
    let api = api(&server);
    let (webhook, _) = api.create_webhook(&receiver.url("/")).await;
    publish_many(&server, 8).await;
    quiet(&server).await;
    let event = publish(&server, "client.created").await;
    quiet(&server).await;

    let why = api.get(&format!("/v1/events/{event}/why?webhookId={webhook}")).await.good();
    let why = &why["items"][0];
    assert_eq!(why["reason"], "waits_for_retry", "{why}");
    let due = api.get(&format!("/v1/deliveries/{}", text(&why["deliveryId"]))).await.good();
    assert_eq!(why["until"], due["nextAttemptAt"], "{why}");

    server.clock.advance(Duration::from_secs(3_600));
    eventually("the overdue retry fails too", async || {
        (receiver.received().len() == 10).then_some(())
    })
    .await;
    quiet(&server).await;
    server.clock.advance(Duration::from_secs(3_600));
    receiver.wait_for(11).await;
    quiet(&server).await;
    let why = api.get(&format!("/v1/events/{event}/why")).await.good();
    assert_eq!(why["items"][0]["reason"], "delivered", "{why}");

    let path = format!("/v1/webhooks/{webhook}/statistics?from=2027-01-15T08:00:00.000Z");
    let statistics = api.get(&path).await.good();
    let numbers =
        |point: &serde_json::Value| (point["attempts"].clone(), point["successes"].clone());
    let points: Vec<_> = statistics["points"].as_array().expect("points").iter().collect();
    assert_eq!(numbers(points[0]), (9.into(), 8.into()), "{statistics}");
    assert_eq!(numbers(points[1]), (1.into(), 0.into()), "{statistics}");
    assert_eq!(numbers(points[2]), (1.into(), 1.into()), "{statistics}");
    assert_eq!(numbers(&statistics["total"]), (11.into(), 9.into()), "{statistics}");
    assert!(statistics["total"]["latency"]["p99"].as_f64().is_some_and(|p99| p99 > 0.0));
}
