//! Publishers that never give up: an event that one node does not answer for is published at the
//! next, under the same `Idempotency-Key`, until somebody accepts it.

use std::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{Method, StatusCode};
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{interval, timeout},
};

use crate::{
    fleet::{Addresses, Fleet},
    inbox::Delivery,
    support::{
        PATIENCE,
        api::{Api, text},
        eventually,
        world::OPERATOR_KEY,
    },
};

/// Publishers at once: commits are shared, so several events are under way at every moment.
const PUBLISHERS: usize = 6;

/// The least time between two events of a publisher: the nodes are to be busy, the machine is not.
const PACE: Duration = Duration::from_millis(30);

/// The events that are published, in turn.
const TYPES: [&str; 2] = ["client.created", "client.deleted"];

/// Where events go, and which.
const WEBHOOKS: [(&str, &str); 3] =
    [("/all", "*"), ("/created", "client.created"), ("/deleted", "client.deleted")];

/// An event whose 202 was read.
#[derive(Clone, Debug)]
pub(crate) struct Accepted {
    id: String,
    event_type: &'static str,
}

/// Publishers at work.
pub(crate) struct Flow {
    seen: Arc<Seen>,
    publishers: JoinSet<()>,
}

/// What the publishers share.
struct Seen {
    addresses: Addresses,
    account: String,
    accepted: Mutex<Vec<Accepted>>,
    published: AtomicUsize,
    ends: AtomicBool,
}

/// Makes the webhooks that events of a flow go to.
pub(crate) async fn create_webhooks(fleet: &Fleet, url: impl Fn(&str) -> String) {
    for (path, events) in WEBHOOKS {
        fleet.node(0).api().create_webhook_for(&url(path), events, true).await;
    }
}

/// Every delivery that is made of these events.
pub(crate) fn wanted(accepted: &[Accepted]) -> Vec<Delivery> {
    let of_event = |event: &Accepted| {
        let (id, event_type) = (event.id.clone(), event.event_type);
        let takers = WEBHOOKS.iter().filter(move |(_, events)| ["*", event_type].contains(events));
        takers.map(move |(path, _)| (*path, id.clone()))
    };
    accepted.iter().flat_map(of_event).collect()
}

impl Flow {
    pub(crate) fn start(fleet: &Fleet) -> Self {
        let seen = Arc::new(Seen {
            addresses: fleet.addresses(),
            account: fleet.keys.account.clone(),
            accepted: Mutex::default(),
            published: AtomicUsize::new(0),
            ends: AtomicBool::new(false),
        });
        let publishers = (0..PUBLISHERS).map(|_| seen.clone().publish_until_told()).collect();
        Self { seen, publishers }
    }

    /// What was accepted so far.
    pub(crate) fn accepted(&self) -> Vec<Accepted> {
        self.seen.accepted().clone()
    }

    /// Waits until so many more events are accepted.
    pub(crate) async fn accepted_more(&self, more: usize) {
        let enough = self.seen.accepted().len() + more;
        eventually("more events are accepted", async || {
            (self.seen.accepted().len() >= enough).then_some(())
        })
        .await;
    }

    /// Ends it; answers everything that was accepted. Nothing is left without an answer.
    pub(crate) async fn stop(self) -> Vec<Accepted> {
        self.seen.ends.store(true, Ordering::Relaxed);
        timeout(PATIENCE, self.publishers.join_all()).await.expect("all are accepted in the end");
        self.seen.accepted().clone()
    }
}

impl Seen {
    async fn publish_until_told(self: Arc<Self>) {
        let mut pace = interval(PACE);
        while !self.ends.load(Ordering::Relaxed) {
            pace.tick().await;
            let number = self.published.fetch_add(1, Ordering::Relaxed);
            let event_type = TYPES[number % TYPES.len()];
            let id = self.publish(number, event_type).await;
            self.accepted().push(Accepted { id, event_type });
        }
    }

    /// Publishes one event; answers its id.
    async fn publish(&self, number: usize, event_type: &'static str) -> String {
        let body = json!({
            "accountId": self.account,
            "environment": "test",
            "type": event_type,
            "resource": { "id": format!("client-{number}") },
        });
        // Asking without pause would take the processor from those who are to come back.
        let mut pause = interval(Duration::from_millis(10));
        for turn in number.. {
            pause.tick().await;
            let Some(address) = self.addresses.from(turn) else { continue };
            let operator = Api::new(address, OPERATOR_KEY).under_key(&format!("event-{number}"));
            match operator.send(Method::POST, "/operator/v1/events", body.to_string()).await {
                Ok(answer) if answer.status == StatusCode::ACCEPTED => {
                    return text(&answer.body["events"][0]["id"]);
                }
                Ok(answer) => {
                    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
                }
                Err(_gone) => {}
            }
        }
        unreachable!("somebody accepts it")
    }

    fn accepted(&self) -> MutexGuard<'_, Vec<Accepted>> {
        self.accepted.lock().expect("nobody panics while holding it")
    }
}
