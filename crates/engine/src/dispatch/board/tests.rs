//! Who may start next, as stories.

use async_trait::async_trait;
use bytes::Bytes;
use herald_domain::{
    account::{EnvironmentId, Mode},
    attempt::{ErrorClass, Failure, Response},
    id::{AccountId, DeliveryId, EventId},
    signature::Secret,
    webhook::{Subscription, Webhook},
};
use herald_store::Lease;

use super::*;
use crate::{
    SealKey, Sealer, SystemChance,
    endpoints::Doors,
    http::{Client, ClientConfig, Resolve, ResolveError},
};

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

#[derive(Debug)]
struct NoNames;

#[async_trait]
impl Resolve for NoNames {
    async fn resolve(&self, _: &str) -> Result<Vec<std::net::IpAddr>, ResolveError> {
        Err(ResolveError::NotFound)
    }
}

/// A board with webhooks that are numbers.
struct Scene {
    board: Board,
    router: Router,
    sequence: u64,
}

fn id(webhook: u8) -> WebhookId {
    WebhookId::from_bytes([webhook; 12])
}

fn sealer() -> Sealer {
    Sealer::new(&SealKey([1; 32]))
}

fn destination(webhook: u8) -> Destination {
    let secret = Secret::new("a".repeat(32)).unwrap();
    let environment = EnvironmentId { account: AccountId::from_bytes([0; 12]), mode: Mode::Test };
    let webhook = Webhook {
        id: id(webhook),
        environment,
        description: None,
        url: format!("https://host{webhook}.example.com/"),
        enabled: true,
        events: Subscription::from_stored(vec!["*".into()]),
        secret: sealer().seal(id(webhook), &secret, &SystemChance),
        rotation: None,
        disabled: None,
        failing: None,
        created_at: NOW,
        updated_at: NOW,
    };
    Destination { webhook: Arc::new(webhook), succeeded_at: None }
}

fn status(status: u16) -> Answer {
    let (headers, body) = (Vec::new(), Bytes::new());
    Answer::Response(Response { status, headers, body, truncated: false })
}

impl Scene {
    fn new(limits: Concurrency) -> Self {
        let client = Client::new(ClientConfig::default(), Arc::new(NoNames)).unwrap();
        let router = Router::new(client, sealer(), Doors::new(""));
        Self { board: Board::new(limits), router, sequence: 0 }
    }

    fn delivery(&mut self, webhook: u8) -> Claimed {
        self.sequence += 1;
        let environment = destination(webhook).webhook.environment;
        Claimed {
            key: DeliveryKey {
                environment,
                sequence: self.sequence,
                webhook: id(webhook),
                delivery: DeliveryId::from_bytes([0; 12]),
                lease: Lease::default(),
            },
            event: EventId::from_bytes([0; 12]),
            body: Bytes::new(),
            attempts: 0,
            restarted: 0,
            first_attempt_at: None,
            due_at: NOW,
        }
    }

    /// Accepts `count` fresh deliveries; answers how many had no room.
    fn accept(&mut self, webhook: u8, count: usize) -> usize {
        let ticket = self.board.ticket();
        let fresh = (0..count).map(|_| self.delivery(webhook)).collect();
        self.board.learn(ticket, destination(webhook), &self.router);
        self.board.offer(fresh).len()
    }

    /// Starts all that may start; answers the webhooks in order.
    fn start_all(&mut self) -> Vec<u8> {
        std::iter::from_fn(|| self.board.start())
            .map(|job| job.delivery.key.webhook.as_bytes()[0])
            .collect()
    }

    fn end(&mut self, webhook: u8, budget: Budget, answer: &Answer) {
        self.board.ended(id(webhook), budget, answer, NOW);
        self.board.recorded(1);
    }

    /// Lets a webhook answer once, so that it has proved itself.
    fn prove(&mut self, webhook: u8) {
        assert_eq!(self.accept(webhook, 1), 0);
        let job = self.board.start().unwrap();
        self.end(webhook, job.budget, &status(200));
    }

    fn claim(&mut self, order: ClaimOrder, count: usize, next: Option<Timestamp>) -> usize {
        let deliveries = (0..count).map(|_| self.delivery(order.webhook.as_bytes()[0])).collect();
        let destination = Some(destination(order.webhook.as_bytes()[0]));
        let claim = Claim { destination, deliveries, next_due: next };
        self.board.claimed(order, claim, &self.router).len()
    }
}

#[test]
fn webhooks_take_turns_whatever_their_backlogs() {
    let mut scene = Scene::new(Concurrency::default());
    scene.accept(1, 100);
    scene.accept(2, 2);
    assert_eq!(scene.start_all(), [1, 2, 1, 2, 1, 1]);
    assert_eq!(scene.board.load().waiting, 96, "the first window is four");
}

#[test]
fn what_is_withdrawn_is_not_started_and_makes_room_for_what_is_due_in_the_store() {
    let limits = Concurrency { waiting_per_webhook: 1, ..Concurrency::default() };
    let mut scene = Scene::new(limits);
    assert_eq!(scene.accept(1, 2), 1, "the second has no room");
    assert_eq!(scene.board.withdraw(id(1), EventId::from_bytes([9; 12])), None);
    assert_eq!(scene.board.withdraw(id(2), EventId::from_bytes([0; 12])), None);
    let withdrawn = scene.board.withdraw(id(1), EventId::from_bytes([0; 12]));
    assert_eq!(withdrawn.map(|key| key.sequence), Some(1));
    assert_eq!(scene.board.load().waiting, 0);
    assert_eq!(scene.start_all(), [0; 0]);
    assert!(scene.board.take_room_made());
    assert_eq!(scene.board.claims(NOW, 10).len(), 1, "what had no room is claimed");
}

#[test]
fn unproven_webhooks_share_half_and_proven_ones_go_first() {
    let limits = Concurrency { in_flight: 8, ..Concurrency::default() };
    let mut scene = Scene::new(limits);
    scene.prove(9);
    (1..=4).for_each(|webhook| assert_eq!(scene.accept(webhook, 4), 0));
    scene.accept(9, 5);
    let started = scene.start_all();
    assert_eq!(started[..5], [9; 5]);
    assert_eq!(started.len(), 8);
    let mut scene = Scene::new(limits);
    (1..=4).for_each(|webhook| assert_eq!(scene.accept(webhook, 4), 0));
    assert_eq!(scene.start_all().len(), 4, "half of eight");
}

#[test]
fn a_slow_attempt_makes_room_for_others() {
    let limits = Concurrency { in_flight: 2, ..Concurrency::default() };
    let mut scene = Scene::new(limits);
    scene.prove(1);
    scene.accept(1, 4);
    assert_eq!(scene.start_all(), [1, 1]);
    assert_eq!(scene.board.slowed(Budget::Proven), Budget::Slow);
    assert_eq!(scene.start_all(), [1]);
    let load = scene.board.load();
    assert_eq!((load.in_flight, load.slow, load.in_hand), (2, 1, 3));
}

#[test]
fn a_hanging_receiver_is_left_with_one_attempt_at_a_time() {
    let mut scene = Scene::new(Concurrency::default());
    scene.accept(1, 40);
    let timeout = Answer::Failure(Failure { class: ErrorClass::Timeout, detail: String::new() });
    let started = scene.start_all().len();
    (0..started).for_each(|_| scene.end(1, Budget::Unproven, &timeout));
    assert_eq!(scene.start_all(), [1]);
}

#[test]
fn what_has_no_room_is_refused_and_then_found_again_in_the_store() {
    let limits = Concurrency { waiting_per_webhook: 8, ..Concurrency::default() };
    let mut scene = Scene::new(limits);
    assert_eq!(scene.accept(1, 10), 2);
    assert_eq!(scene.accept(1, 1), 1, "fresh ones queue up behind those in the store");
    scene.board.due_at(id(1), NOW);
    assert_eq!(scene.board.claims(NOW, 10), [], "there is enough in memory");
    assert_eq!(scene.start_all().len(), 4);
    assert!(scene.board.take_room_made());
    let orders = scene.board.claims(NOW, 10);
    assert_eq!(orders.len(), 1);
    assert_eq!(scene.claim(orders[0], 3, None), 0);
    assert_eq!(scene.accept(1, 1), 0, "the store has nothing more that is due");
}

#[test]
fn memory_is_bounded_over_all_webhooks() {
    let limits = Concurrency { waiting: 10, ..Concurrency::default() };
    let mut scene = Scene::new(limits);
    assert_eq!(scene.accept(1, 6) + scene.accept(2, 6), 2);
    scene.board.due_at(id(2), NOW);
    assert_eq!(scene.board.claims(NOW, 10), [], "no room at all");
    scene.start_all();
    assert_eq!(scene.board.claims(NOW, 10).len(), 1);
}

#[test]
fn a_changed_webhook_is_not_reached_the_old_way() {
    let mut scene = Scene::new(Concurrency::default());
    scene.accept(1, 10);
    scene.start_all();
    let ticket = scene.board.ticket();
    assert_eq!(scene.board.forget(id(1)).len(), 6, "what waited goes back");
    assert_eq!(scene.start_all(), [0; 0]);
    let fresh = vec![scene.delivery(1)];
    scene.board.learn(ticket, destination(1), &scene.router);
    assert_eq!(scene.board.offer(fresh).len(), 1, "what was read before the change is not news");
    scene.board.due_at(id(1), NOW);
    let order = scene.board.claims(NOW, 1)[0];
    assert_eq!(scene.claim(order, 2, None), 0);
    (0..4).for_each(|_| scene.end(1, Budget::Unproven, &status(200)));
    assert_eq!(scene.start_all(), [1, 1]);
}

#[test]
fn a_claim_overtaken_by_a_change_is_given_back() {
    let mut scene = Scene::new(Concurrency::default());
    scene.board.due_at(id(1), NOW);
    let order = scene.board.claims(NOW, 1)[0];
    scene.board.forget(id(1));
    assert_eq!(scene.claim(order, 3, None), 3);
}

#[test]
fn a_disabled_webhook_starts_nothing() {
    let mut scene = Scene::new(Concurrency::default());
    scene.accept(1, 10);
    scene.board.due_at(id(1), NOW);
    let order = scene.board.claims(NOW, 1)[0];
    let found = destination(1);
    let disabled = Webhook { enabled: false, ..(*found.webhook).clone() };
    let destination = Some(Destination { webhook: Arc::new(disabled), succeeded_at: None });
    let claim = Claim { destination, deliveries: Vec::new(), next_due: None };
    assert_eq!(scene.board.claimed(order, claim, &scene.router).len(), 10);
    assert_eq!(scene.start_all(), [0; 0]);
}

#[test]
fn attempts_stop_while_outcomes_cannot_be_recorded() {
    let limits = Concurrency { unsettled: 3, ..Concurrency::default() };
    let mut scene = Scene::new(limits);
    scene.accept(1, 10);
    assert_eq!(scene.start_all().len(), 3);
    (0..3).for_each(|_| {
        scene.board.ended(id(1), Budget::Unproven, &status(200), NOW);
    });
    assert_eq!(scene.start_all(), [0; 0], "ended, and not recorded");
    scene.board.recorded(2);
    assert_eq!(scene.start_all().len(), 2);
}

#[test]
fn after_a_stop_nothing_starts_and_everything_waiting_is_given_back() {
    let mut scene = Scene::new(Concurrency::default());
    scene.accept(1, 10);
    scene.start_all();
    assert_eq!(scene.board.stop().len(), 6);
    assert_eq!(scene.start_all(), [0; 0]);
    assert_eq!(scene.accept(1, 1), 1);
}

#[test]
fn a_claim_overtaken_by_a_change_is_given_back_even_if_its_lane_was_dropped() {
    let mut scene = Scene::new(Concurrency::default());
    for number in 0..=MOST_LANES as u64 {
        let mut bytes = [255; 12];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        scene.board.lane(WebhookId::from_bytes(bytes));
    }
    scene.board.due_at(id(1), NOW);
    let order = scene.board.claims(NOW, 1)[0];
    scene.board.forget(id(1));
    assert!(!scene.board.lanes.contains_key(&id(1)), "there are too many idle ones");
    assert_eq!(scene.claim(order, 3, None), 3);
}

/// Has a webhook answer until its window is as wide as it may be; answers how wide that is.
fn widest(scene: &mut Scene, webhook: u8) -> usize {
    let mut most = 0;
    for _ in 0..10 {
        scene.accept(webhook, 100);
        let started = std::iter::from_fn(|| scene.board.start()).collect::<Vec<_>>();
        most = most.max(started.len());
        for job in &started {
            scene.end(webhook, job.budget, &status(200));
        }
    }
    most
}

#[test]
fn nodes_share_what_may_be_in_flight_to_a_webhook() {
    let limits = Concurrency { in_flight_per_webhook: 10, ..Concurrency::default() };
    for (nodes, share) in [(1, 10), (2, 5), (3, 4), (10, 1), (11, 1), (0, 10)] {
        let mut scene = Scene::new(limits);
        scene.board.share(nodes);
        assert_eq!(widest(&mut scene, 1), share, "{nodes}");
    }
}

#[test]
fn a_node_that_comes_narrows_what_others_start_and_one_that_goes_widens_it() {
    let limits = Concurrency { in_flight_per_webhook: 8, ..Concurrency::default() };
    let mut scene = Scene::new(limits);
    assert_eq!(widest(&mut scene, 1), 8);
    scene.accept(1, 100);
    let started = std::iter::from_fn(|| scene.board.start()).collect::<Vec<_>>();
    assert_eq!(started.len(), 8);
    scene.board.share(2);
    for (ended, job) in started.iter().enumerate() {
        assert_eq!(scene.board.lanes[&id(1)].in_flight, 8 - ended.min(4), "none is cut off");
        scene.end(1, job.budget, &status(200));
        assert_eq!(scene.start_all().len(), usize::from(ended >= 4), "within four");
    }
    assert_eq!(scene.board.lanes[&id(1)].in_flight, 4);
    (0..4).for_each(|_| scene.end(1, Budget::Proven, &status(200)));
    scene.board.share(1);
    assert_eq!(widest(&mut scene, 1), 8);
}

#[test]
fn what_is_let_go_gives_its_place_back_and_teaches_nothing() {
    let limits = Concurrency { in_flight: 2, unsettled: 2, ..Concurrency::default() };
    let mut scene = Scene::new(limits);
    scene.prove(1);
    scene.accept(1, 3);
    let jobs = [scene.board.start().unwrap(), scene.board.start().unwrap()];
    assert!(scene.board.start().is_none());
    for job in &jobs {
        scene.board.let_go(id(1), job.budget);
    }
    let load = scene.board.load();
    assert_eq!((load.in_hand, load.in_flight, load.waiting), (0, 0, 1));
    assert_eq!(scene.board.start().unwrap().budget, Budget::Proven);
}

#[test]
fn behind_a_backlog_in_the_store_a_lane_takes_no_more_than_may_be_in_flight() {
    let limits = Concurrency { waiting_per_webhook: 100, ..Concurrency::default() };
    let mut scene = Scene::new(limits);
    assert_eq!(scene.accept(1, 100), 0, "there is none yet");
    assert_eq!(scene.accept(1, 1), 1, "there is no room, so now there is one");
    assert_eq!(scene.accept(1, 1), 1, "what waits here goes first");
    let waiting = std::iter::from_fn(|| scene.board.withdraw(id(1), EventId::from_bytes([0; 12])));
    assert_eq!(waiting.count(), 100);
    let most = scene.board.lanes[&id(1)].window.size();
    assert_eq!(scene.accept(1, most), 0, "it need not wait for the store to have something to do");
    assert_eq!(scene.accept(1, 1), 1);
}
