//! The laws of [`Recoveries`]: a job moves exactly what was missed, once, and survives.

use std::time::Duration;

use herald_domain::{
    delivery::DeliveryState,
    id::{EventId, RecoveryId},
    time::Timestamp,
    webhook::Webhook,
};

use super::{
    Backend,
    fixtures::{Scene, answered, retry, settlement, whole},
};
use crate::{
    After, Claimed, DeliveryFilter, History, ManualAttempt, Missed, Page, Queue, Recoveries,
    Recovery, RecoveryCreated, RecoveryFilter, RecoveryStatus,
};

const BOTH: [DeliveryState; 2] = [DeliveryState::Exhausted, DeliveryState::Held];

pub async fn a_recovery_is_kept_with_all_its_fields<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    for states in [&BOTH[..], &BOTH[..1], &BOTH[1..]] {
        let recovery = new_recovery(&scene, &webhook, scene.tick(), states);
        create(&scene, &recovery).await;
        let found = scene.store.recovery(scene.environment, recovery.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(&recovery));
        let running = scene.store.running_recoveries(10).await.unwrap();
        assert_eq!(running, std::slice::from_ref(&recovery));
        finish(&scene, &recovery).await;
    }
}

pub async fn a_recovery_makes_due_exactly_what_was_missed<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let (webhook, other) = (scene.webhook(&["*"]).await, scene.webhook(&["*"]).await);
    let early = missed_by(&scene, &[&webhook, &other]).await;
    let since = scene.tick();
    let late = missed_by(&scene, &[&webhook, &other]).await;
    let total = scene.store.count_missed(missed(&scene, &webhook, since, &BOTH)).await.unwrap();
    assert_eq!(total, 2);
    let recovery = new_recovery(&scene, &webhook, since, &BOTH);
    create(&scene, &recovery).await;
    let after = missed_by(&scene, &[&webhook, &other]).await;
    let done = finish(&scene, &recovery).await;
    assert_eq!((done.status, done.recovered), (RecoveryStatus::Done, 2));
    for (events, moved) in [(&early, false), (&late, true), (&after, false)] {
        for (event, state) in events.iter().zip(BOTH) {
            let expected = if moved { DeliveryState::Pending } else { state };
            assert_eq!(scene.state(*event, &webhook).await, expected, "{state}");
            assert_eq!(scene.state(*event, &other).await, state, "of another webhook");
        }
    }
    balanced(&scene).await;
}

pub async fn a_recovery_of_one_state_leaves_the_other<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    for wanted in BOTH {
        let events = missed_by(&scene, &[&webhook]).await;
        let since = scene.tick().before(Duration::from_secs(3_600));
        let missed = missed(&scene, &webhook, since, &[wanted]);
        assert!(scene.store.count_missed(missed).await.unwrap() > 0);
        let recovery = new_recovery(&scene, &webhook, since, &[wanted]);
        create(&scene, &recovery).await;
        finish(&scene, &recovery).await;
        for (event, state) in events.into_iter().zip(BOTH) {
            let expected = if state == wanted { DeliveryState::Pending } else { state };
            assert_eq!(scene.state(event, &webhook).await, expected);
        }
    }
}

pub async fn what_is_made_at_the_very_time_is_missed_too<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.disabled_webhook(&["*"]).await;
    let record = scene.new_record("client.created");
    let at = record.at;
    scene.record(record).await;
    for (since, expected) in [(at, 1), (at.after(Duration::from_millis(1)), 0)] {
        let missed = missed(&scene, &webhook, since, &BOTH);
        assert_eq!(scene.store.count_missed(missed).await.unwrap(), expected);
        let recovery = new_recovery(&scene, &webhook, since, &BOTH);
        create(&scene, &recovery).await;
        let step = scene.store.recover_some(recovery.id, scene.tick(), 1).await.unwrap().unwrap();
        assert_eq!(step.moved, expected);
        finish(&scene, &recovery).await;
    }
}

pub async fn a_recovered_delivery_has_a_fresh_schedule_and_its_numbers_go_on<B: Backend>(
    backend: B,
) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let first = scene.in_flight("client.created").await;
    scene.settle(retry(&first, scene.tick(), scene.tick())).await;
    exhaust(&scene, &scene.claim(webhook.id, 1).await.deliveries.remove(0)).await;
    let recovery = new_recovery(&scene, &webhook, first.due_at, &BOTH);
    create(&scene, &recovery).await;
    let at = scene.tick();
    scene.store.recover_some(recovery.id, at, 10).await.unwrap();
    let view = scene.view(&first).await;
    assert_eq!((view.state, view.attempts), (DeliveryState::Pending, 2));
    assert_eq!((view.due_at, view.updated_at, view.last_status), (Some(at), at, Some(500)));

    let claimed = scene.claim(webhook.id, 1).await.deliveries.remove(0);
    assert_eq!((claimed.attempts, claimed.restarted), (2, 2));
    assert_eq!((claimed.first_attempt_at, claimed.due_at), (None, at));
    let third = scene.tick();
    assert_eq!(scene.settle(retry(&claimed, third, scene.tick())).await.stale, 0);
    let claimed = scene.claim(webhook.id, 1).await.deliveries.remove(0);
    assert_eq!((claimed.attempts, claimed.restarted), (3, 2));
    assert_eq!(claimed.first_attempt_at, Some(third), "the first of this schedule");
    let scene = scene.reopened().await;
    let claimed = scene.claim(webhook.id, 1).await.deliveries.remove(0);
    assert_eq!((claimed.attempts, claimed.restarted), (3, 2));
    let view = scene.view(&claimed).await;
    let log = scene.store.attempts(scene.environment, view.id).await.unwrap();
    assert_eq!(log.iter().map(|one| one.number).collect::<Vec<_>>(), [1, 2, 3]);
}

pub async fn a_recovery_goes_on_some_at_a_time_and_counts_what_it_moved<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.disabled_webhook(&["*"]).await;
    let mut events = Vec::new();
    for _ in 0..5 {
        events.push(scene.record(scene.new_record("client.created")).await.receipt.events[0].0);
    }
    let recovery = Recovery { total: 5, ..new_recovery(&scene, &webhook, BEFORE, &BOTH) };
    create(&scene, &recovery).await;
    for (moved, recovered) in [(2, 2), (2, 4), (1, 5)] {
        let at = scene.tick();
        let step = scene.store.recover_some(recovery.id, at, 2).await.unwrap().unwrap();
        let status = if moved < 2 { RecoveryStatus::Done } else { RecoveryStatus::Running };
        assert_eq!((step.moved, step.recovery.recovered), (moved, recovered));
        assert_eq!((step.recovery.status, step.recovery.updated_at), (status, at));
        assert_eq!(scene.count(DeliveryState::Pending).await, recovered, "in order of commit");
        let last = usize::try_from(recovered).unwrap() - 1;
        assert_eq!(scene.state(events[last], &webhook).await, DeliveryState::Pending);
        let found = scene.store.recovery(scene.environment, recovery.id).await.unwrap();
        assert_eq!(found, Some(step.recovery));
        balanced(&scene).await;
    }
    let again = scene.store.recover_some(recovery.id, scene.tick(), 2).await.unwrap().unwrap();
    assert_eq!((again.moved, again.recovery.recovered), (0, 5), "it is done");
}

pub async fn what_a_recovery_moved_it_does_not_move_again<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.disabled_webhook(&["*"]).await;
    for _ in 0..3 {
        scene.record(scene.new_record("client.created")).await;
    }
    let recovery = new_recovery(&scene, &webhook, BEFORE, &BOTH);
    create(&scene, &recovery).await;
    scene.store.recover_some(recovery.id, scene.tick(), 2).await.unwrap();
    scene.enable(&webhook, true).await;
    for claimed in scene.claim(webhook.id, 10).await.deliveries {
        exhaust(&scene, &claimed).await;
    }
    let done = finish(&scene, &recovery).await;
    assert_eq!(done.recovered, 3);
    let states = [DeliveryState::Exhausted, DeliveryState::Pending];
    assert_eq!([scene.count(states[0]).await, scene.count(states[1]).await], [2, 1]);
}

pub async fn a_recovery_leaves_what_was_delivered_on_request_meanwhile<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.disabled_webhook(&["*"]).await;
    let record = scene.new_record("client.created");
    let event = scene.record(record).await.receipt.events[0].0;
    let recovery = Recovery { total: 1, ..new_recovery(&scene, &webhook, BEFORE, &BOTH) };
    create(&scene, &recovery).await;
    let delivery = scene.views(DeliveryFilter::default()).await[0].id;
    let attempt = answered(200, scene.tick());
    let environment = scene.environment;
    let manual = ManualAttempt { environment, delivery, attempt, delivered: true };
    scene.store.settle_manual(manual).await.unwrap();
    let done = finish(&scene, &recovery).await;
    assert_eq!((done.status, done.total, done.recovered), (RecoveryStatus::Done, 1, 0));
    assert_eq!(scene.state(event, &webhook).await, DeliveryState::Delivered);
}

pub async fn a_recovery_goes_on_after_reopening<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.disabled_webhook(&["*"]).await;
    for _ in 0..5 {
        scene.record(scene.new_record("client.created")).await;
    }
    let recovery = new_recovery(&scene, &webhook, BEFORE, &BOTH);
    create(&scene, &recovery).await;
    scene.store.recover_some(recovery.id, scene.tick(), 2).await.unwrap();
    let scene = scene.reopened().await;
    let running = scene.store.running_recoveries(10).await.unwrap();
    assert_eq!(running.iter().map(|one| one.recovered).collect::<Vec<_>>(), [2]);
    let done = finish(&scene, &recovery).await;
    assert_eq!((done.status, done.recovered), (RecoveryStatus::Done, 5));
    assert_eq!(scene.count(DeliveryState::Pending).await, 5);
    assert_eq!(scene.store.running_recoveries(10).await.unwrap(), []);
}

pub async fn a_cancelled_recovery_moves_nothing_more<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.disabled_webhook(&["*"]).await;
    for _ in 0..3 {
        scene.record(scene.new_record("client.created")).await;
    }
    let recovery = new_recovery(&scene, &webhook, BEFORE, &BOTH);
    create(&scene, &recovery).await;
    scene.store.recover_some(recovery.id, scene.tick(), 1).await.unwrap();
    let at = scene.tick();
    let cancel =
        async |at| scene.store.cancel_recovery(scene.environment, recovery.id, at).await.unwrap();
    let cancelled = cancel(at).await.unwrap();
    assert_eq!((cancelled.status, cancelled.updated_at), (RecoveryStatus::Cancelled, at));
    assert_eq!(cancelled.recovered, 1);
    assert_eq!(cancel(scene.tick()).await, Some(cancelled), "again, it changes nothing");
    let step = scene.store.recover_some(recovery.id, scene.tick(), 10).await.unwrap().unwrap();
    assert_eq!((step.moved, step.recovery.status), (0, RecoveryStatus::Cancelled));
    assert_eq!(scene.count(DeliveryState::Held).await, 2);
    assert_eq!(scene.store.running_recoveries(10).await.unwrap(), []);
    create(&scene, &new_recovery(&scene, &webhook, BEFORE, &BOTH)).await;
}

pub async fn a_webhook_has_one_running_recovery_at_a_time<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let (webhook, other) = (scene.webhook(&["*"]).await, scene.webhook(&["*"]).await);
    let recovery = new_recovery(&scene, &webhook, BEFORE, &BOTH);
    create(&scene, &recovery).await;
    let second = new_recovery(&scene, &webhook, BEFORE, &BOTH);
    let refused = scene.store.create_recovery(second.clone()).await.unwrap();
    assert_eq!(refused, RecoveryCreated::AnotherIsRunning);
    assert_eq!(scene.store.recovery(scene.environment, second.id).await.unwrap(), None);
    create(&scene, &new_recovery(&scene, &other, BEFORE, &BOTH)).await;
    finish(&scene, &recovery).await;
    create(&scene, &second).await;
}

pub async fn a_recovery_ends_with_its_webhook<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let events = missed_by(&scene, &[&webhook]).await;
    let recovery = new_recovery(&scene, &webhook, BEFORE, &BOTH);
    create(&scene, &recovery).await;
    scene.delete(&webhook).await;
    let step = scene.store.recover_some(recovery.id, scene.tick(), 10).await.unwrap().unwrap();
    assert_eq!((step.moved, step.recovery.status), (0, RecoveryStatus::Cancelled));
    assert_eq!(scene.state(events[0], &webhook).await, DeliveryState::Exhausted);
    let late = new_recovery(&scene, &webhook, BEFORE, &BOTH);
    let refused = scene.store.create_recovery(late).await.unwrap();
    assert_eq!(refused, RecoveryCreated::UnknownWebhook);
    let missed = missed(&scene, &webhook, BEFORE, &BOTH);
    assert_eq!(scene.store.count_missed(missed).await.unwrap(), 0);
}

pub async fn recoveries_are_listed_newest_first_in_pages<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut made = Vec::new();
    for number in 0..5 {
        let webhook = scene.webhook(&["*"]).await;
        let recovery = new_recovery(&scene, &webhook, BEFORE, &BOTH);
        create(&scene, &recovery).await;
        made.push(if number < 2 { finish(&scene, &recovery).await } else { recovery });
    }
    made.reverse();
    let list = async |filter: RecoveryFilter, page: Page| {
        scene.store.list_recoveries(scene.environment, filter, page).await.unwrap()
    };
    let all = list(RecoveryFilter::default(), whole()).await;
    assert_eq!((all.items, all.total), (made.clone(), 5));
    let page = list(RecoveryFilter::default(), Page::new(2, 2).unwrap()).await;
    assert_eq!((page.items.as_slice(), page.total), (&made[2..4], 5));
    let status = Some(RecoveryStatus::Done);
    let done = list(RecoveryFilter { status, ..RecoveryFilter::default() }, whole()).await;
    assert_eq!((done.items.as_slice(), done.total), (&made[3..], 2));
    let webhook = Some(made[3].missed.webhook);
    let of_one = list(RecoveryFilter { webhook, status }, whole()).await;
    assert_eq!((of_one.items.as_slice(), of_one.total), (&made[3..4], 1));
    let running = scene.store.running_recoveries(2).await.unwrap();
    assert_eq!(running, [made[2].clone(), made[1].clone()], "the oldest first");
}

pub async fn another_environment_sees_and_touches_no_recovery<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let recovery = new_recovery(&scene, &webhook, BEFORE, &BOTH);
    create(&scene, &recovery).await;
    for stranger in scene.strangers().await {
        assert_eq!(scene.store.recovery(stranger, recovery.id).await.unwrap(), None);
        let cancelled = scene.store.cancel_recovery(stranger, recovery.id, scene.tick()).await;
        assert_eq!(cancelled.unwrap(), None);
        let list = scene.store.list_recoveries(stranger, RecoveryFilter::default(), whole()).await;
        assert_eq!(list.unwrap().total, 0);
        let missed = Missed { environment: stranger, ..recovery.missed.clone() };
        assert_eq!(scene.store.count_missed(missed.clone()).await.unwrap(), 0);
        let foreign = Recovery { missed, ..recovery.clone() };
        let refused = scene.store.create_recovery(foreign).await.unwrap();
        assert_eq!(refused, RecoveryCreated::UnknownWebhook);
    }
    let found = scene.store.recovery(scene.environment, recovery.id).await.unwrap();
    assert_eq!(found, Some(recovery));
    let nobody = RecoveryId(scene.id());
    assert_eq!(scene.store.recover_some(nobody, scene.tick(), 1).await.unwrap(), None);
}

pub async fn recoveries_that_ended_before_the_time_expire<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut ended = Vec::new();
    for _ in 0..4 {
        let webhook = scene.webhook(&["*"]).await;
        let recovery = new_recovery(&scene, &webhook, BEFORE, &BOTH);
        create(&scene, &recovery).await;
        if ended.len() < 3 {
            ended.push(finish(&scene, &recovery).await);
        }
    }
    let before = ended[2].updated_at;
    assert_eq!(scene.store.expire_recoveries(before, 1).await.unwrap(), 1);
    assert_eq!(scene.store.expire_recoveries(before, 10).await.unwrap(), 1);
    assert_eq!(scene.store.expire_recoveries(before, 10).await.unwrap(), 0);
    let left = scene.store.list_recoveries(scene.environment, RecoveryFilter::default(), whole());
    let left: Vec<_> = left.await.unwrap().items.into_iter().map(|one| one.status).collect();
    assert_eq!(left, [RecoveryStatus::Running, RecoveryStatus::Done], "a running one stays");
}

/// Before anything of any scene.
const BEFORE: Timestamp = Timestamp::from_millis(0);

fn missed<B: Backend>(
    scene: &Scene<B>,
    webhook: &Webhook,
    since: Timestamp,
    states: &[DeliveryState],
) -> Missed {
    let states = states.iter().copied().collect();
    Missed { environment: scene.environment, webhook: webhook.id, since, states }
}

/// A running job that is not in the store.
fn new_recovery<B: Backend>(
    scene: &Scene<B>,
    webhook: &Webhook,
    since: Timestamp,
    states: &[DeliveryState],
) -> Recovery {
    let at = scene.tick();
    Recovery {
        id: RecoveryId(scene.id()),
        missed: missed(scene, webhook, since, states),
        status: RecoveryStatus::Running,
        total: 0,
        recovered: 0,
        created_at: at,
        updated_at: at,
    }
}

async fn create<B: Backend>(scene: &Scene<B>, recovery: &Recovery) {
    let created = scene.store.create_recovery(recovery.clone()).await.unwrap();
    assert_eq!(created, RecoveryCreated::Created);
}

/// Takes steps until the job has ended; answers it.
async fn finish<B: Backend>(scene: &Scene<B>, recovery: &Recovery) -> Recovery {
    loop {
        let step = scene.store.recover_some(recovery.id, scene.tick(), 3).await.unwrap().unwrap();
        if step.recovery.status != RecoveryStatus::Running {
            return step.recovery;
        }
    }
}

async fn exhaust<B: Backend>(scene: &Scene<B>, claimed: &Claimed) {
    let after = After::Exhausted { disable: None };
    let settled = scene.settle(settlement(claimed, answered(500, scene.tick()), after)).await;
    assert_eq!(settled.stale, 0);
}

/// Two events that these webhooks miss: one is exhausted, the other held.
async fn missed_by<B: Backend>(scene: &Scene<B>, webhooks: &[&Webhook]) -> [EventId; 2] {
    let accepted = scene.record(scene.new_record("client.created")).await;
    for claimed in &accepted.claimed {
        exhaust(scene, claimed).await;
    }
    for webhook in webhooks {
        scene.enable(webhook, false).await;
    }
    let held = scene.record(scene.new_record("client.created")).await;
    for webhook in webhooks {
        scene.enable(webhook, true).await;
    }
    [accepted.receipt.events[0].0, held.receipt.events[0].0]
}

impl<B: Backend> Scene<B> {
    async fn state(&self, event: EventId, webhook: &Webhook) -> DeliveryState {
        let (webhook, event) = (Some(webhook.id), Some(event));
        self.views(DeliveryFilter { webhook, event, ..DeliveryFilter::default() }).await[0].state
    }

    async fn count(&self, state: DeliveryState) -> u64 {
        let filter = DeliveryFilter { state: Some(state), ..DeliveryFilter::default() };
        let listed = self.store.list_deliveries(self.environment, filter, whole()).await.unwrap();
        assert_eq!(listed.items.len() as u64, listed.total, "the tally of {state}");
        listed.total
    }
}

async fn balanced<B: Backend>(scene: &Scene<B>) {
    let books = scene.store.books(None).await.unwrap();
    assert!(books.balance(), "{books:?}");
}
