//! `kill -9` at random moments of ingest and dispatch: what was accepted is delivered, what was
//! not answered exists wholly or not at all, and few notifications come twice (promises 1 to 3).
//!
//! The oracle knows only what an observer can: a publisher notes an event when it has read the
//! 202, a receiver notes each POST before it answers.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use herald_testkit::{
    chance::FixedChance,
    receiver::{Received, Receiver, Reply},
};
use http::Method;
use tokio::{sync::Notify, task::JoinSet};

use crate::support::{
    api::text,
    eventually,
    world::{Running, World, new_client},
};

const ROUNDS: usize = 20;

/// Publishers at once: commits are shared, so many are under way when the kill comes.
const PUBLISHERS: usize = 8;

/// `delivery.max_in_flight`.
const IN_FLIGHT: usize = 64;

/// What can come twice for each kill: what was sent and not recorded, which Herald bounds at four
/// times `max_in_flight`.
const UNRECORDED: usize = 4 * IN_FLIGHT;

/// Change it to play other moments; a failure names it.
const SEED: u64 = 0x4e12;

/// What the publishers have seen, over all rounds.
#[derive(Default)]
struct Publishers {
    /// Events whose 202 was read, with their clients.
    accepted: Mutex<HashMap<String, String>>,
    published: AtomicUsize,
    answered: Notify,
}

impl Publishers {
    /// Publishes one client after the other until the server is gone.
    async fn publish_until_killed(self: Arc<Self>, running: Arc<Running>) {
        let operator = running.operator();
        loop {
            let number = self.published.fetch_add(1, Ordering::Relaxed);
            let client = format!("client-{number}");
            let body = new_client(&running.keys, &format!(r#"{{"id":"{client}"}}"#));
            let Ok(answer) = operator.send(Method::POST, "/operator/v1/events", body).await else {
                return;
            };
            assert_eq!(answer.status, 202, "seed {SEED}: {}", answer.body);
            let event = text(&answer.body["events"][0]["id"]);
            let before = self.accepted().insert(event, client);
            assert_eq!(before, None, "seed {SEED}: an event's id is its own");
            self.answered.notify_one();
        }
    }

    /// Waits until so many more events are accepted.
    async fn accepted_more(&self, more: usize) {
        let enough = self.accepted().len() + more;
        while self.accepted().len() < enough {
            self.answered.notified().await;
        }
    }

    fn accepted(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        self.accepted.lock().expect("nobody panics while holding it")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_at_random_moments_loses_nothing_that_was_accepted() {
    let limit = IN_FLIGHT.to_string();
    let world = World::with(&[
        ("HERALD_DELIVERY__MAX_IN_FLIGHT", &limit),
        ("HERALD_DELIVERY__MAX_IN_FLIGHT_PER_WEBHOOK", &limit),
    ])
    .await;
    let receiver = Receiver::start_tls(&world.receiver, &["http/1.1"], |_| Reply::ok()).await;
    let first = world.first_start().await;
    for path in ["/a", "/b"] {
        first.api().create_webhook(&receiver.url(path)).await;
    }
    let keys = first.keys.clone();
    first.server.kill().await;

    let chance = FixedChance::new(SEED);
    let publishers = Arc::new(Publishers::default());
    for _ in 0..ROUNDS {
        let running = Arc::new(world.start(&keys).await);
        let publishing: JoinSet<()> = (0..PUBLISHERS)
            .map(|_| publishers.clone().publish_until_killed(running.clone()))
            .collect();
        let acknowledged = usize::try_from(chance.below(150)).expect("it is small");
        publishers.accepted_more(acknowledged).await;
        running.server.signal(rustix::process::Signal::KILL);
        publishing.join_all().await;
        let running = Arc::into_inner(running).expect("the publishers have ended");
        running.server.ended().await;
    }

    let last = world.start(&keys).await;
    let api = last.api();
    eventually("nothing is pending", async || (api.count("pending").await == 0).then_some(()))
        .await;
    let events = api.get("/v1/events?pageSize=1").await.good()["totalItems"].clone();
    let events = usize::try_from(events.as_u64().expect("a number")).expect("it is small");
    assert_eq!(api.count("delivered").await, 2 * events as u64, "seed {SEED}: the books balance");
    let accepted: HashSet<String> = publishers.accepted().keys().cloned().collect();
    judge(&receiver.received(), &accepted, events);
    assert!(last.server.terminate().await.success());
}

/// Holds what came against what was accepted.
fn judge(received: &[Received], accepted: &HashSet<String>, events: usize) {
    let mut copies: HashMap<(&str, &str), Vec<&Bytes>> = HashMap::new();
    for request in received {
        copies.entry((&request.path, request.event_id())).or_default().push(&request.body);
    }
    for path in ["/a", "/b"] {
        let came: HashSet<&str> =
            copies.keys().filter(|(to, _)| *to == path).map(|(_, event)| *event).collect();
        let lost: Vec<_> = accepted.iter().filter(|event| !came.contains(event.as_str())).collect();
        assert!(lost.is_empty(), "seed {SEED}: accepted and never sent to {path}: {lost:?}");
        assert_eq!(came.len(), events, "seed {SEED}: {path} got what exists, and nothing else");
    }
    for ((path, event), bodies) in &copies {
        let same = bodies.windows(2).all(|pair| pair[0] == pair[1]);
        assert!(same, "seed {SEED}: {event} was sent to {path} with different bytes");
    }
    let twice = received.len() - copies.len();
    assert!(twice <= ROUNDS * UNRECORDED, "seed {SEED}: {twice} notifications came twice");
    assert!(accepted.len() > ROUNDS * PUBLISHERS, "seed {SEED}: hardly anything was tested");
}
