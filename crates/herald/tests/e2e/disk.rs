//! A disk that fails while Herald works on it (promises 1 and 2): nothing is acknowledged that may
//! not be there, new work is refused with a 503 meanwhile, and all goes on by itself afterwards.
//!
//! The oracle knows only what publishers and a receiver see. A publisher notes with each answer
//! whether the disk was broken from before its request until after its answer.

mod faults;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use herald_testkit::receiver::{Gate, Received, Receiver, Reply};
use http::Method;
use serde_json::Value;
use tokio::{sync::watch, task::JoinSet};

use faults::{Fault, FaultyDisk};

use crate::support::{
    PATIENCE,
    api::{Answer, Api, text},
    eventually,
    program::Server,
    world::{Keys, Running, World, new_client},
};

/// Publishers at once: commits are shared.
const PUBLISHERS: usize = 4;

/// Events to wait for before each turn of a test.
const ENOUGH: usize = 40;

/// Publishers that go on until they are told to stop, and what they have seen.
struct Publishing {
    operator: Api,
    keys: Keys,
    broken: AtomicBool,
    stopped: AtomicBool,
    published: AtomicUsize,
    seen: watch::Sender<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Events whose 202 was read.
    accepted: HashSet<String>,
    /// Requests that were sent and refused while the disk was broken.
    refused: usize,
}

impl Publishing {
    fn new(running: &Running) -> Arc<Self> {
        Arc::new(Self {
            operator: running.operator(),
            keys: running.keys.clone(),
            broken: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            published: AtomicUsize::new(0),
            seen: watch::Sender::default(),
        })
    }

    fn start(self: &Arc<Self>) -> JoinSet<()> {
        (0..PUBLISHERS).map(|_| self.clone().publish_until_stopped()).collect()
    }

    async fn publish_until_stopped(self: Arc<Self>) {
        while !self.stopped.load(Ordering::SeqCst) {
            let broken_before = self.broken.load(Ordering::SeqCst);
            let answer = self.publish_one().await;
            let broken = broken_before && self.broken.load(Ordering::SeqCst);
            if answer.status == 202 {
                assert!(!broken, "a commit that cannot be durable was acknowledged: {answer:?}");
                let event = text(&answer.body["events"][0]["id"]);
                let new = self.seen.send_if_modified(|seen| seen.accepted.insert(event));
                assert!(new, "an event's id is its own");
            } else {
                assert_unavailable(&answer);
                if broken {
                    self.seen.send_modify(|seen| seen.refused += 1);
                }
            }
        }
    }

    async fn publish_one(&self) -> Answer {
        let number = self.published.fetch_add(1, Ordering::Relaxed);
        let body = new_client(&self.keys, &format!(r#"{{"id":"client-{number}"}}"#));
        let sent = self.operator.send(Method::POST, "/operator/v1/events", body);
        let answer = tokio::time::timeout(PATIENCE, sent).await.expect("an answer comes in time");
        answer.expect("the server runs")
    }

    /// Waits for [`ENOUGH`] more to be accepted.
    async fn more_accepted(&self) {
        let enough = self.seen.borrow().accepted.len() + ENOUGH;
        self.wait("accepted", |seen| seen.accepted.len() >= enough).await;
    }

    /// Waits for [`ENOUGH`] more to be refused.
    async fn more_refused(&self) {
        let enough = self.seen.borrow().refused + ENOUGH;
        self.wait("refused", |seen| seen.refused >= enough).await;
    }

    async fn wait(&self, what: &str, enough: impl FnMut(&Seen) -> bool) {
        let mut seen = self.seen.subscribe();
        let waited = tokio::time::timeout(PATIENCE, seen.wait_for(enough)).await;
        assert!(waited.is_ok(), "not enough was {what} in time");
    }

    /// Breaks the disk, waits until enough was refused, and mends it.
    async fn through(&self, fault: Fault, disk: &FaultyDisk, server: &Server, api: &Api) {
        disk.fail(server, fault).await;
        self.broken.store(true, Ordering::SeqCst);
        self.more_refused().await;
        let ready = api.get("/readyz").await;
        assert_eq!(ready.status, 503, "{fault:?}: {}", ready.body);
        assert_eq!(ready.body["troubles"][0]["part"], "store");
        assert_eq!(api.get("/v1/webhooks").await.good()["totalItems"], 1, "what is read is there");
        self.broken.store(false, Ordering::SeqCst);
        disk.heal(server, fault).await;
        self.more_accepted().await;
        assert_eq!(api.get("/readyz").await.good()["status"], "ok");
    }

    async fn stop(&self, publishers: JoinSet<()>) -> HashSet<String> {
        self.stopped.store(true, Ordering::SeqCst);
        publishers.join_all().await;
        self.seen.borrow().accepted.clone()
    }
}

/// The refusal is the documented flat object, and tells nothing of the disk or of SQL.
fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.body);
    let fields: Vec<_> = answer.body.as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["type", "message"], "{}", answer.body);
    assert_eq!(answer.body["type"], "service_unavailable");
    let message = text(&answer.body["message"]).to_lowercase();
    assert!(!["disk", "sql", "i/o"].iter().any(|word| message.contains(word)), "{message}");
}

/// All events there are, page by page.
async fn events(api: &Api) -> HashSet<String> {
    let mut events = HashSet::new();
    for page in 1.. {
        let list = api.get(&format!("/v1/events?pageSize=100&page={page}")).await.good();
        let items = list["items"].as_array().expect("a list has items");
        events.extend(items.iter().map(|event| text(&event["id"])));
        if items.is_empty() {
            break;
        }
    }
    events
}

/// Waits until everything is delivered; nothing may be in another state then.
async fn all_delivered(api: &Api, expected: usize) {
    let expected = expected as u64;
    eventually("everything is delivered", async || {
        (api.count("delivered").await == expected).then_some(())
    })
    .await;
    let all: Value = api.get("/v1/deliveries?pageSize=1").await.good();
    assert_eq!(all["totalItems"], expected, "the books balance");
}

/// How often each event came.
fn copies(received: &[Received]) -> HashMap<String, usize> {
    let mut copies = HashMap::new();
    for request in received {
        *copies.entry(request.event_id().to_owned()).or_default() += 1;
    }
    copies
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_sync_fails_is_not_acknowledged_and_what_was_survives_kill_9() {
    let world = World::new().await;
    let disk = FaultyDisk::of(&world);
    let receiver = Receiver::start_tls(&world.receiver, &["http/1.1"], |_| Reply::ok()).await;
    let running = world.first_start_as(|command| disk.under(&command)).await;
    running.api().create_webhook(&receiver.url("/")).await;

    let publishing = Publishing::new(&running);
    let publishers = publishing.start();
    publishing.more_accepted().await;
    for _ in 0..3 {
        publishing.through(Fault::NoSync, &disk, &running.server, &running.api()).await;
    }
    let accepted = publishing.stop(publishers).await;
    let keys = running.keys.clone();
    running.server.kill().await;

    let again = world.start(&keys).await;
    assert_eq!(events(&again.api()).await, accepted, "what was acknowledged, and nothing else");
    all_delivered(&again.api(), accepted.len()).await;
    let came: HashSet<_> = copies(&receiver.received()).into_keys().collect();
    assert_eq!(came, accepted);
    assert!(again.server.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_new_work_and_what_was_in_flight_is_recorded_when_there_is_room() {
    let world = World::new().await;
    let disk = FaultyDisk::of(&world);
    let gate = Gate::new();
    let behind = gate.clone();
    let script = move |_: &Received| Reply::ok().behind(&behind);
    let receiver = Receiver::start_tls(&world.receiver, &["http/1.1"], script).await;
    let running = world.first_start_as(|command| disk.under(&command)).await;
    let api = running.api();
    api.create_webhook(&receiver.url("/")).await;

    let publishing = Publishing::new(&running);
    let publishers = publishing.start();
    publishing.more_accepted().await;
    receiver.wait_for(1).await;
    disk.fail(&running.server, Fault::Full).await;
    // Answers come when nothing can be recorded of them.
    gate.open();
    receiver.wait_for(ENOUGH).await;
    assert_eq!(api.count("delivered").await, 0);
    publishing.through(Fault::Full, &disk, &running.server, &api).await;
    publishing.through(Fault::Full, &disk, &running.server, &api).await;
    let accepted = publishing.stop(publishers).await;

    all_delivered(&api, accepted.len()).await;
    assert_eq!(events(&api).await, accepted);
    let copies = copies(&receiver.received());
    assert_eq!(copies.len(), accepted.len());
    assert!(copies.values().all(|copies| *copies == 1), "nothing came twice: {copies:?}");
    assert!(running.server.terminate().await.success());
}
