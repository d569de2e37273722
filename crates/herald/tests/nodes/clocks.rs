//! Nodes whose clocks are wrong: one is ten minutes ahead, one ten minutes behind. They go by the
//! database's clock.
//!
//! The wrong clocks are libfaketime's (Debian's `faketime`): it stands between the program and the C
//! library.

use std::{path::PathBuf, time::Duration};

use herald_domain::{schedule::retry_after, time::Timestamp};
use herald_engine::{Clock as _, SystemClock};
use herald_testkit::receiver::Reply;
use herald_testpg::Database;

use crate::{
    fleet::{Fleet, ask},
    inbox::{Delivery, Inbox},
    support::{api::text, eventually},
};

/// By how much the clock of each node is wrong, seconds.
const WRONG: [i64; 3] = [600, -600, 0];

/// `delivery.retry_schedule`.
const RETRY: Duration = Duration::from_secs(3);

/// How early or late a retry may come.
const TOLERANCE: Duration = Duration::from_secs(1);

const EVENTS: usize = 5;

/// Fails if it is not installed: a test that passes without having run would be worse.
fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut places = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    let found = places.find(|place| place.is_file());
    found.expect("libfaketime is missing: run ./test once, which installs it")
}

async fn fleet() -> Fleet {
    let library = library();
    let schedule = format!("{}s", RETRY.as_secs());
    let more = [
        ("HERALD_DELIVERY__RETRY_SCHEDULE", schedule.as_str()),
        ("HERALD_DELIVERY__RETRY_JITTER", "0.0"),
    ];
    let database = Database::fresh().await;
    let fleet = Fleet::on(database, &more, WRONG.len(), move |place, command| {
        command
            .env("LD_PRELOAD", &library)
            .env("FAKETIME", format!("{:+}s", WRONG[place]))
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    });
    let fleet = fleet.await;
    for (place, meant) in WRONG.iter().enumerate() {
        let wrong = clock(&fleet, place).await - now();
        assert!((wrong - meant).abs() <= 2, "the clock is wrong by {wrong} s, not by {meant}");
    }
    fleet
}

/// What the clock of a node's machine shows, seconds: HTTP answers are dated by it.
async fn clock(fleet: &Fleet, place: usize) -> i64 {
    let answer = ask(fleet.node(place).server.address, "/healthz").await;
    let date = answer.lines().find_map(|line| line.strip_prefix("date: "));
    let since = date.and_then(|date| retry_after(date, 0));
    let since = since.unwrap_or_else(|| panic!("no date in {answer}"));
    i64::try_from(since.as_secs()).expect("it is not so long")
}

/// What the right clock shows, seconds.
fn now() -> i64 {
    SystemClock.now().seconds()
}

/// Publishes at one node; answers the deliveries.
async fn publish(fleet: &Fleet, place: usize) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    for number in 0..EVENTS {
        let event = fleet.node(place).publish(&format!(r#"{{"id":"client-{number}"}}"#)).await;
        deliveries.push(("/", event));
    }
    deliveries
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_made_in_time_by_nodes_whose_clocks_are_wrong() {
    let mut fleet = fleet().await;
    // Each is refused once.
    let inbox = Inbox::answering(&fleet.world, |came| {
        Reply::status(if came.before == 0 { 500 } else { 200 })
    })
    .await;
    fleet.node(0).api().create_webhook(&inbox.url("/")).await;
    for place in 0..fleet.size() {
        let deliveries = publish(&fleet, place).await;
        inbox.has("the first attempts", &deliveries).await;
        // Whoever has scheduled the retries is gone when they are due.
        assert!(fleet.take(place).terminate().await.success());
        let retried = |delivery| inbox.times(delivery).len() == 2;
        eventually("they are retried", async || deliveries.iter().all(retried).then_some(())).await;
        for delivery in &deliveries {
            let times = inbox.times(delivery);
            let waited = times[1] - times[0];
            let wrong = waited.abs_diff(RETRY);
            assert!(wrong <= TOLERANCE, "after {waited:?}, scheduled by {place}");
        }
        fleet.begin(place).await;
    }
    fleet.has_delivered(fleet.size() * EVENTS).await;
    assert_eq!(inbox.count(), 2 * fleet.size() * EVENTS, "nothing was sent once more");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_signatures_are_dated_alike_by_nodes_whose_clocks_are_wrong() {
    let fleet = fleet().await;
    let inbox = Inbox::start(&fleet.world).await;
    fleet.node(0).api().create_webhook(&inbox.url("/")).await;
    let began = SystemClock.now();
    for place in 0..fleet.size() {
        let deliveries = publish(&fleet, place).await;
        inbox.has("it is delivered", &deliveries).await;
    }
    let ended = SystemClock.now();
    let (least, most) = (began.before(TOLERANCE), ended.after(TOLERANCE));
    let list = fleet.node(0).api().get("/v1/events").await.good();
    let events = list["items"].as_array().expect("a list");
    assert_eq!(events.len(), fleet.size() * EVENTS);
    for event in events {
        let at: Timestamp = text(&event["createdAt"]).parse().expect("a time");
        assert!(least <= at && at <= most, "{event}: it was made between {began} and {ended}");
    }
    for request in inbox.receiver.received() {
        let signed: i64 = request.header("webhook-timestamp").parse().expect("seconds");
        let moments = least.seconds()..=most.seconds();
        assert!(moments.contains(&signed), "signed at {signed} instead of {moments:?}");
    }
}
