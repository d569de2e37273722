//! The law above the laws: whatever is done in whatever order, a backend answers what the model
//! answers, and its books balance at every step.
//!
//! Each walk is made of its seed alone, so a failure repeats itself. When one fails, its seed and
//! the steps that led there are printed.

mod chance;
mod lists;
mod notices;
mod on_request;
mod resources;
mod secrets;

use std::{collections::BTreeMap, fmt::Debug, time::Duration};

use herald_domain::{
    account::{EnvironmentId, Mode},
    attempt::ErrorClass,
    id::{DeliveryId, EventId, WebhookId},
    time::Timestamp,
    webhook::{Webhook, WebhookPatch},
};

use chance::{Dice, Trail};
use notices::nameless;
use resources::Met;

use super::{
    Backend,
    fixtures::{Scene, answered, failed, settlement, subscription, whole},
    model::{Memory, Model},
};
use crate::{
    Accounts, After, Books, Claimed, DeliveryFilter, DeliveryKey, DeliveryView, Destination,
    EventFilter, History, Idempotency, Listed, NewAccount, Queue, Record, Recorded, Recording,
    Recovery, Settled, Settlement, Store, Upkeep, Webhooks,
};

const WALKS: u64 = 6;
const STEPS: usize = 200;
/// There are many lists, and they only grow.
const LISTED_EVERY: usize = 5;
const EVENT_TYPES: [&str; 3] = ["client.created", "client.updated", "check.failed"];

pub async fn a_random_walk_agrees_with_the_model_at_every_step<B: Backend>(backend: B) {
    let mut scene = Scene::new(backend).await;
    let memory = Memory::default();
    for seed in 1..=WALKS {
        let mut walk = Walk::begin(scene, &memory, seed).await;
        for step in 0..STEPS {
            walk = walk.step(&memory).await;
            walk.compare().await;
            if step % LISTED_EVERY == 0 {
                walk.compare_history().await;
            }
            walk.compare_resources().await;
        }
        walk.compare_attempts().await;
        scene = walk.scene;
    }
}

/// A backend and the model, to which the same things happen. Each numbers its deliveries itself,
/// so they are told apart by event and webhook.
struct Walk<B: Backend> {
    scene: Scene<B>,
    model: Model,
    environments: [EnvironmentId; 2],
    dice: Dice,
    trail: Trail,
    /// Those that were ever made, deleted ones included.
    webhooks: Vec<Webhook>,
    met: Met,
    /// What this process has claimed.
    hand: Vec<Both<Claimed>>,
    /// What was settled, to be settled again.
    settled: Vec<Both<Settlement>>,
    /// Recoveries that were ever made.
    recoveries: Vec<Recovery>,
}

/// The backend's, and the model's.
#[derive(Clone, Debug)]
struct Both<T> {
    store: T,
    model: T,
}

impl<B: Backend> Walk<B> {
    async fn begin(scene: Scene<B>, memory: &Memory, seed: u64) -> Self {
        // Both in a new process: what earlier walks had in flight is due again.
        let (scene, model) = (scene.reopened().await, memory.open().await);
        let account = scene.account().await;
        let test = EnvironmentId { account: account.id, mode: Mode::Test };
        let new = NewAccount { account, keys: Vec::new() };
        model.create_account(new).await.unwrap();
        Self {
            scene,
            model,
            environments: [test, EnvironmentId { mode: Mode::Live, ..test }],
            dice: Dice(seed),
            trail: Trail { seed, steps: Vec::new() },
            webhooks: Vec::new(),
            met: Met::default(),
            hand: Vec::new(),
            settled: Vec::new(),
            recoveries: Vec::new(),
        }
    }

    async fn step(mut self, memory: &Memory) -> Self {
        match self.dice.below(178) {
            0..8 => self.create_webhook().await,
            8..18 => self.patch_webhook().await,
            18..21 => self.delete_webhook().await,
            21..36 => self.record(0).await,
            36..76 => self.record(3).await,
            76..91 => self.claim().await,
            91..96 => self.release().await,
            96..116 => self.settle().await,
            116..119 => self.settle_again().await,
            119..123 => self.cancel_orphans().await,
            123..127 => self.expire().await,
            127..129 => return self.reopen(memory).await,
            129..135 => self.change_secret().await,
            135..137 => self.end_rotations().await,
            137..146 => self.resend().await,
            146..154 => self.begin_recovery().await,
            154..170 => self.go_on_recovering().await,
            170..176 => self.take_notice().await,
            _ => self.advance_due().await,
        }
        self
    }

    async fn create_webhook(&mut self) {
        let names: Vec<&str> =
            ["*"].into_iter().chain(EVENT_TYPES).filter(|_| self.dice.below(2) == 0).collect();
        let environment = self.environment();
        let webhook = Webhook {
            environment,
            enabled: self.dice.below(4) > 0,
            ..self.scene.new_webhook(&names)
        };
        self.trail.note("create", (webhook.id, environment, webhook.enabled, names));
        let created = self.scene.store.create_webhook(webhook.clone(), 4).await.unwrap();
        assert_eq!(created, self.model.create_webhook(webhook.clone(), 4).await.unwrap());
        self.webhooks.push(webhook);
    }

    async fn patch_webhook(&mut self) {
        let Some(webhook) = self.dice.pick(&self.webhooks).cloned() else { return };
        let name = self.dice.pick(&EVENT_TYPES).copied().unwrap_or("*");
        let patch = WebhookPatch {
            enabled: Some(self.dice.below(4) > 0),
            events: (self.dice.below(4) == 0).then(|| subscription(&[name])),
            ..WebhookPatch::default()
        };
        let (environment, id, at) = (webhook.environment, webhook.id, self.scene.tick());
        self.trail.note("patch", (id, &patch));
        let expected = self.model.update_webhook(environment, id, patch.clone(), at).await;
        let patched = self.scene.store.update_webhook(environment, id, patch, at).await;
        assert_eq!(patched.unwrap().map(nameless), expected.unwrap().map(nameless));
    }

    async fn delete_webhook(&mut self) {
        let Some(webhook) = self.dice.pick(&self.webhooks).cloned() else { return };
        let (environment, id, at) = (webhook.environment, webhook.id, self.scene.tick());
        self.trail.note("delete", id);
        let deleted = self.scene.store.delete_webhook(environment, id, at).await.unwrap();
        assert_eq!(deleted, self.model.delete_webhook(environment, id, at).await.unwrap());
    }

    /// Records some events, and up to so many changes of resources.
    async fn record(&mut self, most: usize) {
        let environment = self.environment();
        let count = 1 + self.dice.below(3);
        let mut events = Vec::new();
        for _ in 0..count {
            events.push(self.scene.new_event(EVENT_TYPES[self.dice.index(EVENT_TYPES.len())]));
        }
        let idempotency = (self.dice.below(4) == 0).then(|| Idempotency {
            key: format!("key {}", self.dice.below(4)),
            fingerprint: [u8::from(self.dice.below(4) == 0); 32],
        });
        let at = self.scene.tick();
        for event in &mut events {
            event.created_at = at;
        }
        let writes = self.writes(environment, most);
        let only = self.only();
        let record = Record { environment, writes: writes.clone(), events, idempotency, only, at };
        let named = record.events.iter().map(|event| (event.id, event.event_type.as_str()));
        let named = named.collect::<Vec<_>>();
        self.trail.note("record", (environment, named, &record.idempotency, only));
        let expected = self.model.record(record.clone()).await.unwrap();
        let recorded = self.scene.store.record(record).await.unwrap();
        assert_eq!(publishers_view(&recorded), publishers_view(&expected));
        self.take_fresh(recorded, expected);
        self.meet(environment, &writes).await;
    }

    /// Takes in hand what a record has claimed from both.
    fn take_fresh(&mut self, store: Recorded, model: Recorded) {
        let (store, model) = (fresh(store), fresh(model));
        assert_eq!(destinations(&store.1), destinations(&model.1));
        let by_name = |mut claimed: Vec<Claimed>| {
            claimed.sort_by_key(|one| (one.event, one.key.webhook));
            claimed
        };
        self.take(by_name(store.0), by_name(model.0));
    }

    async fn claim(&mut self) {
        let Some(id) = self.dice.pick(&self.webhooks).map(|webhook| webhook.id) else { return };
        let now = self.soon(30);
        let limit = 1 + self.dice.index(5);
        self.trail.note("claim", (id, now, limit));
        let expected = self.model.claim(id, now, limit).await.unwrap();
        let claim = self.scene.store.claim(id, now, limit).await.unwrap();
        let mine = claim.destination.as_slice();
        assert_eq!(destinations(mine), destinations(expected.destination.as_slice()));
        if mine.iter().any(|destination| destination.webhook.enabled) {
            assert_eq!(claim.next_due, expected.next_due);
        }
        self.take(claim.deliveries, expected.deliveries);
    }

    async fn release(&mut self) {
        let released = self.lay_down();
        let keys = both_keys(&released);
        self.trail.note("release", &keys.store);
        self.scene.store.release(keys.store).await.unwrap();
        self.model.release(keys.model).await.unwrap();
    }

    async fn settle(&mut self) {
        let mut batch = Vec::new();
        for claimed in self.lay_down() {
            let started_at = self.scene.tick();
            let (attempt, after) = match self.dice.below(10) {
                0..4 => (answered(200, started_at), After::Delivered),
                4 | 5 => (answered(503, started_at), After::Retry { due_at: self.soon(40) }),
                6..9 => {
                    let disable = (self.dice.below(6) == 0).then(|| "given up".to_owned());
                    (answered(410, started_at), After::Exhausted { disable })
                }
                _ => {
                    let after = After::Retry { due_at: self.soon(5) };
                    (failed(ErrorClass::Timeout, started_at), after)
                }
            };
            let both = Both {
                store: settlement(&claimed.store, attempt.clone(), after.clone()),
                model: settlement(&claimed.model, attempt, after),
            };
            batch.push(self.warned(both));
        }
        self.settle_batch(&batch).await;
        self.settled.extend(batch);
    }

    /// Settles again what was settled, of a webhook that is there.
    async fn settle_again(&mut self) {
        let Some(again) = self.dice.pick(&self.settled).cloned() else { return };
        let DeliveryKey { environment, webhook, .. } = again.model.key;
        if self.model.webhook(environment, webhook).await.unwrap().is_some() {
            self.settle_batch(&[again]).await;
        }
    }

    async fn settle_batch(&mut self, batch: &[Both<Settlement>]) {
        for Both { store, model } in batch {
            let outcome = (store.attempt.started_at, store.attempt.answer.status(), &store.after);
            self.trail.note("settle", (store.key, model.key.sequence, store.number, outcome));
        }
        let store = batch.iter().map(|both| both.store.clone()).collect();
        let model = batch.iter().map(|both| both.model.clone()).collect();
        let told = |settled: Settled| {
            let disabled = settled.disabled.into_iter().map(|webhook| (webhook.id, webhook));
            (settled.stale, settled.warned, disabled.collect::<BTreeMap<_, _>>())
        };
        let expected = told(self.model.settle(model).await.unwrap());
        assert_eq!(told(self.scene.store.settle(store).await.unwrap()), expected);
    }

    /// Until nothing is left: in which order orphans are cancelled is the backend's own affair.
    async fn cancel_orphans(&mut self) {
        let (at, limit) = (self.scene.tick(), 1 + self.dice.index(5));
        self.trail.note("cancel orphans", limit);
        let store = until_done(limit, || self.scene.store.cancel_orphans(at, limit)).await;
        let model = until_done(limit, || self.model.cancel_orphans(at, limit)).await;
        assert_eq!(store, model);
    }

    async fn expire(&mut self) {
        let seconds = u64::try_from(self.dice.index(120)).unwrap_or(0);
        let before = self.scene.tick().before(Duration::from_secs(seconds));
        let limit = 1 + self.dice.index(5);
        self.trail.note("expire", (before, limit));
        let store = until_done(limit, || self.scene.store.expire(before, limit)).await;
        let model = until_done(limit, || self.model.expire(before, limit)).await;
        assert_eq!(store, model, "events");
        let store = until_done(limit, || self.scene.store.expire_keys(before, limit)).await;
        let model = until_done(limit, || self.model.expire_keys(before, limit)).await;
        assert_eq!(store, model, "keys");
    }

    async fn advance_due(&mut self) {
        // Due times are whole seconds, so nothing is moved past now, where a backend may stop short.
        let (now, by) = (self.scene.tick(), Duration::from_millis(1));
        self.trail.note("advance", (now, by));
        self.scene.store.advance_due(now, by).await.unwrap();
        self.model.advance_due(now, by).await.unwrap();
    }

    async fn reopen(mut self, memory: &Memory) -> Self {
        self.trail.note("reopen", ());
        let model = memory.open().await;
        let scene = self.scene.reopened().await;
        Self { scene, model, hand: Vec::new(), ..self }
    }

    /// Compares what was claimed from both, and takes it in hand.
    fn take(&mut self, store: Vec<Claimed>, model: Vec<Claimed>) {
        assert_eq!(
            store.iter().map(seen).collect::<Vec<_>>(),
            model.iter().map(seen).collect::<Vec<_>>()
        );
        self.hand.extend(store.into_iter().zip(model).map(|(store, model)| Both { store, model }));
    }

    /// Lays some of the hand down.
    fn lay_down(&mut self) -> Vec<Both<Claimed>> {
        let dice = &mut self.dice;
        self.hand.extract_if(.., |_| dice.below(2) == 0).collect()
    }

    fn environment(&mut self) -> EnvironmentId {
        self.environments[self.dice.index(2)]
    }

    /// A time up to so many seconds ahead.
    fn soon(&mut self, seconds: usize) -> Timestamp {
        let ahead = u64::try_from(self.dice.index(seconds)).unwrap_or(0);
        self.scene.tick().after(Duration::from_secs(ahead))
    }

    async fn compare(&self) {
        let store = &*self.scene.store;
        for environment in self.environments {
            let (found, expected) =
                (told(store, environment).await, told(&self.model, environment).await);
            assert_eq!(found, expected);
        }
        let books = store.books(None).await.unwrap();
        assert!(books.balance(), "{books:?}");
        assert_eq!(books, self.model.books(None).await.unwrap());
        self.compare_notices().await;
        let due = store.due(None, 1000).await.unwrap();
        assert_eq!(due, self.model.due(None, 1000).await.unwrap());
    }

    async fn compare_attempts(&self) {
        for environment in self.environments {
            let expected = deliveries(&self.model, environment).await;
            for (name, (id, _)) in deliveries(&*self.scene.store, environment).await {
                let found = self.scene.store.attempts(environment, id).await.unwrap();
                let expected = self.model.attempts(environment, expected[&name].0).await.unwrap();
                assert_eq!(found, expected, "{name:?}");
            }
        }
    }
}

/// Everything that a store tells of an environment, but for ids and numbers of its own.
#[derive(Debug, PartialEq)]
struct Told {
    deliveries: BTreeMap<(EventId, WebhookId), DeliveryView>,
    events: Vec<(EventId, Option<WebhookId>)>,
    webhooks: Listed<Webhook>,
    books: Books,
}

async fn told(store: &impl Store, environment: EnvironmentId) -> Told {
    let views = deliveries(store, environment).await;
    let webhooks = notices::told(store, environment, &views).await;
    let events = store.list_events(environment, EventFilter::default(), whole()).await.unwrap();
    let mut tests = Vec::with_capacity(events.items.len());
    for event in &events.items {
        tests.push(store.test_event_for(environment, event.id).await.unwrap());
    }
    Told {
        deliveries: views.into_iter().map(|(name, (_, view))| (name, view)).collect(),
        events: events.items.iter().map(|event| event.id).zip(tests).collect(),
        webhooks,
        books: store.books(Some(environment)).await.unwrap(),
    }
}

/// Every delivery of an environment, by event and webhook: its id, and its view without it.
async fn deliveries(
    store: &impl Store,
    environment: EnvironmentId,
) -> BTreeMap<(EventId, WebhookId), (DeliveryId, DeliveryView)> {
    let listed = store.list_deliveries(environment, DeliveryFilter::default(), whole()).await;
    let listed = listed.unwrap();
    assert_eq!(listed.items.len() as u64, listed.total, "a walk fits into one page");
    let without_id = |view| DeliveryView { id: DeliveryId::from_bytes([0; 12]), ..view };
    let named = |view: DeliveryView| ((view.event, view.webhook), (view.id, without_id(view)));
    listed.items.into_iter().map(named).collect()
}

/// What a publisher is told.
fn publishers_view(recorded: &Recorded) -> String {
    match recorded {
        Recorded::Accepted { receipt, .. } => format!("accepted: {receipt:?}"),
        other => format!("{other:?}"),
    }
}

/// What a recorder is to dispatch.
fn fresh(recorded: Recorded) -> (Vec<Claimed>, Vec<Destination>) {
    match recorded {
        Recorded::Accepted { claimed, destinations, .. } => (claimed, destinations),
        _ => (Vec::new(), Vec::new()),
    }
}

fn destinations(destinations: &[Destination]) -> BTreeMap<WebhookId, (Webhook, Option<Timestamp>)> {
    let told = |one: &Destination| ((*one.webhook).clone(), one.succeeded_at);
    destinations.iter().map(|one| (one.webhook.id, told(one))).collect()
}

/// All that a claimer gets, but the number, which is the store's own.
fn seen(claimed: &Claimed) -> impl Debug + PartialEq + use<> {
    let Claimed { key, event, body, attempts, restarted, first_attempt_at, due_at } = claimed;
    let names = (key.environment, key.webhook, *event);
    (names, body.clone(), (*attempts, *restarted), *first_attempt_at, *due_at)
}

fn both_keys(claimed: &[Both<Claimed>]) -> Both<Vec<DeliveryKey>> {
    Both {
        store: claimed.iter().map(|both| both.store.key).collect(),
        model: claimed.iter().map(|both| both.model.key).collect(),
    }
}

/// How many rows there were to do, when they are done `limit` at a time.
async fn until_done<F: Future<Output = crate::Result<usize>>>(
    limit: usize,
    mut work: impl FnMut() -> F,
) -> usize {
    let mut total = 0;
    loop {
        let done = work().await.unwrap();
        assert!(done <= limit, "{done} are more than {limit}");
        total += done;
        if done < limit {
            return total;
        }
    }
}
