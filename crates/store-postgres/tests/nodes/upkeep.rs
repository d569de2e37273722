//! Forgetting, tidying, recovering and telling, on several nodes at once.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use herald_domain::{
    delivery::DeliveryState,
    id::{EventId, RecoveryId},
    notice::Warning,
    time::Timestamp,
    webhook::Webhook,
};
use herald_store::{
    After, Claimed, History as _, Missed, Nodes as _, NoticeTaken, Notices as _, Queue as _,
    Recoveries as _, Recovery, RecoveryStatus, Settlement, Upkeep as _, Webhooks as _,
    contract::fixtures::{Scene, answered, retry, settlement, together},
};
use herald_store_postgres::PostgresStore;

use crate::support::{LONG, Nodes};

const HOUR: Duration = Duration::from_secs(3_600);

/// A scene, whose store is the first of two nodes.
async fn two_nodes() -> (Nodes, Scene<Nodes>, Arc<PostgresStore>) {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    let second = Arc::new(nodes.node(LONG).await);
    (nodes, scene, second)
}

async fn exhausted(scene: &Scene<Nodes>) -> Claimed {
    let claimed = scene.in_flight("client.created").await;
    let after = After::Exhausted { disable: None };
    scene.settle(settlement(&claimed, answered(500, scene.tick()), after)).await;
    claimed
}

/// A job that makes due again everything that was exhausted.
async fn recovery(scene: &Scene<Nodes>, webhook: &Webhook) -> RecoveryId {
    let (id, at) = (RecoveryId(scene.id()), scene.tick());
    let missed = Missed {
        environment: scene.environment,
        webhook: webhook.id,
        since: Timestamp::from_millis(0),
        states: BTreeSet::from([DeliveryState::Exhausted]),
    };
    let status = RecoveryStatus::Running;
    let (created_at, updated_at) = (at, at);
    let recovery = Recovery { id, missed, status, total: 0, recovered: 0, created_at, updated_at };
    scene.store.create_recovery(recovery).await.expect("a recovery");
    id
}

/// Waits until so many connections to this database wait for a lock.
async fn until_waiting(nodes: &Nodes, connections: i64) {
    let waiting = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while nodes.number(waiting).await < connections {}
}

async fn balanced(nodes: &Nodes, scene: &Scene<Nodes>) {
    let books = scene.store.books(None).await.expect("the books");
    assert!(books.balance(), "{books:?}");
    let orphans = "SELECT count(*) FROM delivery AS d
                   WHERE NOT EXISTS (SELECT FROM event AS e WHERE e.env = d.env AND e.seq = d.seq)";
    assert_eq!(nodes.number(orphans).await, 0, "each delivery has its event");
    let wrong = "SELECT count(*) FROM (SELECT count(*) FROM event) AS e (events),
                     (SELECT sum(count) FROM event_tally) AS t (tallied)
                 WHERE events <> tallied";
    assert_eq!(nodes.number(wrong).await, 0, "the events are counted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_due_while_it_is_about_to_expire_stays() {
    let (nodes, scene, second) = two_nodes().await;
    let webhook = scene.webhook(&["*"]).await;
    for _ in 0..2 {
        exhausted(&scene).await;
    }
    let id = recovery(&scene, &webhook).await;
    // The step has moved one, and waits to move the other; then what expires waits for the step.
    let mut blocker = nodes.database().await.connect().await;
    let block = blocker.transaction().await.unwrap();
    let last = "SELECT FROM delivery ORDER BY seq DESC LIMIT 1 FOR UPDATE";
    block.execute(last, &[]).await.unwrap();
    let (at, before) = (scene.tick(), scene.tick());
    let first = scene.store.clone();
    let step = tokio::spawn(async move { first.recover_some(id, at, 10).await });
    until_waiting(&nodes, 1).await;
    let expiring = tokio::spawn(async move { second.expire(before, 10).await });
    until_waiting(&nodes, 2).await;
    block.commit().await.unwrap();
    assert_eq!(step.await.unwrap().unwrap().unwrap().moved, 2);
    assert_eq!(expiring.await.unwrap().unwrap(), 0);
    assert_eq!(scene.claim(webhook.id, 10).await.deliveries.len(), 2);
    balanced(&nodes, &scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forgotten_while_it_is_about_to_be_made_due_is_not_counted() {
    let (nodes, scene, second) = two_nodes().await;
    let webhook = scene.webhook(&["*"]).await;
    exhausted(&scene).await;
    let id = recovery(&scene, &webhook).await;
    // Everything is deleted and waits for the books; then the step waits for it.
    let mut blocker = nodes.database().await.connect().await;
    let block = blocker.transaction().await.unwrap();
    block.execute("LOCK TABLE event_tally IN EXCLUSIVE MODE", &[]).await.unwrap();
    let (at, before) = (scene.tick(), scene.tick());
    let expiring = tokio::spawn(async move { second.expire(before, 10).await });
    until_waiting(&nodes, 1).await;
    let first = scene.store.clone();
    let step = tokio::spawn(async move { first.recover_some(id, at, 10).await });
    until_waiting(&nodes, 2).await;
    block.commit().await.unwrap();
    assert_eq!(expiring.await.unwrap().unwrap(), 1);
    let step = step.await.unwrap().unwrap().unwrap();
    assert_eq!((step.moved, step.recovery.recovered), (0, 0));
    balanced(&nodes, &scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_forget_recover_and_settle_at_once_lose_nothing() {
    const EVENTS: usize = 120;
    let (nodes, scene, second) = two_nodes().await;
    let webhook = scene.webhook(&["*"]).await;
    for _ in 0..EVENTS {
        exhausted(&scene).await;
    }
    let id = recovery(&scene, &webhook).await;
    let (at, before) = (scene.tick(), scene.tick());
    let recover = |store: Arc<PostgresStore>| async move {
        let mut moved = 0;
        loop {
            let step = store.recover_some(id, at, 7).await.unwrap().unwrap();
            moved += step.moved;
            if step.recovery.status != RecoveryStatus::Running {
                return moved;
            }
        }
    };
    let expire = |store: Arc<PostgresStore>| async move {
        let mut removed = 0;
        for _ in 0..20 {
            removed += store.expire(before, 5).await.unwrap() as u64;
        }
        removed
    };
    let moving = [recover(scene.store.clone()), recover(second.clone())];
    let expiring = [expire(scene.store.clone()), expire(second.clone())];
    let (moved, removed) = tokio::join!(together(moving), together(expiring));
    let (moved, removed) = (moved.iter().sum::<u64>(), removed.iter().sum::<u64>());
    assert_eq!(moved + removed, EVENTS as u64, "{moved} moved, {removed} forgotten");
    let left = "SELECT count(*) FROM delivery WHERE state = 0 AND due_at IS NOT NULL";
    assert_eq!(nodes.number(left).await.unsigned_abs(), moved);
    let job = scene.store.recovery(scene.environment, id).await.unwrap().unwrap();
    assert_eq!(job.recovered, moved);
    balanced(&nodes, &scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ended_behind_the_place_where_the_search_ended_is_forgotten_too() {
    let (nodes, scene, _) = two_nodes().await;
    let webhook = scene.webhook(&["*"]).await;
    let late = scene.in_flight("client.created").await;
    for _ in 0..4 {
        exhausted(&scene).await;
    }
    let before = scene.tick();
    assert_eq!(scene.store.expire(before, 2).await.unwrap(), 2);
    scene.deliver(&late).await;
    assert_eq!(scene.store.expire(before, 2).await.unwrap(), 2, "on from there");
    assert_eq!(scene.store.expire(before, 2).await.unwrap(), 1, "and from the beginning");
    assert_eq!(nodes.number("SELECT count(*) FROM event").await, 0);
    let stray = scene.store.claim(webhook.id, scene.tick(), 1).await.unwrap();
    assert_eq!(stray.deliveries.len(), 0);
    balanced(&nodes, &scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_from_the_future_keeps_nothing_from_expiring() {
    let (_, scene, _) = two_nodes().await;
    let mut future = scene.new_record("a.b");
    future.events[0].created_at = future.at.after(24 * 3_650 * HOUR);
    scene.record(future).await;
    scene.record(scene.new_record("a.b")).await;
    assert_eq!(scene.store.expire(scene.tick(), 10).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_back_after_the_clock_went_back_is_due_at_once() {
    let (_, scene, second) = two_nodes().await;
    let webhook = scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    let now = scene.tick().before(HOUR);
    second.advance_due(now, HOUR).await.unwrap();
    assert_eq!(second.claim(webhook.id, now, 10).await.unwrap().deliveries.len(), 0, "held");
    scene.store.release(vec![claimed.key]).await.unwrap();
    assert_eq!(second.claim(webhook.id, now, 10).await.unwrap().deliveries.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_that_one_node_noted_is_answered_to_the_other() {
    let (_, scene, second) = two_nodes().await;
    let times: Vec<_> = (0..20).map(|_| scene.tick()).collect();
    scene.store.note_time(scene.tick()).await.unwrap();
    let stores = [scene.store.clone(), second.clone()].into_iter().cycle();
    let noting = times.iter().copied().zip(stores);
    let noted = together(noting.map(|(time, store)| async move { store.note_time(time).await }));
    let answers: BTreeSet<_> = noted.await.into_iter().map(|time| time.unwrap()).collect();
    assert_eq!(answers.len(), 20, "each was answered once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_flight_elsewhere_is_cancelled_with_its_webhook_and_settled_all_the_same() {
    let (nodes, scene, second) = two_nodes().await;
    let webhook = scene.webhook(&["*"]).await;
    let fresh = scene.in_flight("client.created").await;
    let again = scene.in_flight("client.created").await;
    scene.settle(retry(&again, scene.tick(), scene.tick())).await;
    let again = scene.claim(webhook.id, 1).await.deliveries.remove(0);
    second.delete_webhook(scene.environment, webhook.id, scene.tick()).await.unwrap();
    assert_eq!(second.cancel_orphans(scene.tick(), 10).await.unwrap(), 2);
    assert_eq!(scene.deliver(&fresh).await.stale, 0, "it was a delivery");
    let failure = After::Exhausted { disable: None };
    let late = settlement(&again, answered(500, scene.tick()), failure);
    assert_eq!(scene.settle(late).await.stale, 1);
    assert_eq!(nodes.number("SELECT count(*) FROM attempt").await, 3, "and both are recorded");
    balanced(&nodes, &scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_that_warn_of_a_webhook_at_once_one_tells() {
    const ATTEMPTS: usize = 12;
    let (_, scene, second) = two_nodes().await;
    let webhook = scene.webhook(&["*"]).await;
    let mut claimed = Vec::new();
    for turn in 0..ATTEMPTS {
        let store = if turn % 2 == 0 { scene.store.clone() } else { second.clone() };
        let one = scene.waiting("client.created").await;
        let mut mine = store.claim(webhook.id, scene.tick(), 1).await.unwrap().deliveries;
        assert_eq!(mine[0].event, one.event);
        claimed.push((store, mine.remove(0)));
    }
    let now = scene.tick();
    let at = now.after(HOUR);
    let settling = claimed.into_iter().enumerate().map(|(turn, (store, claimed))| {
        // The last one's last attempt comes first.
        let last_attempt_at = at.before(Duration::from_secs(turn as u64));
        let quiet_since = at.before(2 * HOUR);
        let warning = Warning { attempts_left: 2, last_attempt_at, spared_from: None, quiet_since };
        let retry = retry(&claimed, now, at);
        let settlement = Settlement { warning: Some(warning), ..retry };
        async move { store.settle([settlement].into()).await.unwrap().warned.len() }
    });
    assert_eq!(together(settling).await.iter().sum::<usize>(), 1);
    assert_eq!(scene.store.waiting_notices(10).await.unwrap().len(), 1);
    let shown = scene.store.webhook(scene.environment, webhook.id).await.unwrap().unwrap();
    let first = at.before(Duration::from_secs(ATTEMPTS as u64 - 1));
    assert_eq!(shown.failing.unwrap().last_attempt_at, first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_down_with_very_many_costs_no_more_than_one_with_few() {
    let (_, scene, _) = two_nodes().await;
    scene.webhook(&["*"]).await;
    let mut trips = Vec::new();
    for many in [2, 60] {
        let mut settlements = Vec::new();
        for _ in 0..many {
            let claimed = scene.in_flight("client.created").await;
            let (now, at) = (scene.tick(), scene.tick().after(HOUR));
            let (last_attempt_at, quiet_since) = (at, now.before(2 * HOUR));
            let warning =
                Warning { attempts_left: 2, last_attempt_at, spared_from: None, quiet_since };
            settlements.push(Settlement { warning: Some(warning), ..retry(&claimed, now, at) });
        }
        let before = scene.store.round_trips();
        assert_eq!(scene.store.settle(settlements.into()).await.unwrap().stale, 0);
        trips.push(scene.store.round_trips() - before);
    }
    assert!(trips[0] < 25 && trips[1] <= trips[0], "{trips:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_that_take_a_notice_one_records_it() {
    let (nodes, scene, second) = two_nodes().await;
    scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    let after = After::Exhausted { disable: Some("given up".to_owned()) };
    scene.settle(settlement(&claimed, answered(500, scene.tick()), after)).await;
    let id: EventId = scene.store.waiting_notices(1).await.unwrap()[0].id;
    let stores = [scene.store.clone(), second].into_iter().cycle().take(10);
    let taking = stores.map(|store| {
        let mut record = scene.new_record("webhook.disabled");
        record.events[0].id = id;
        async move { store.take_notice(id, Some(record)).await.unwrap() }
    });
    let taken = together(taking.collect::<Vec<_>>()).await;
    let recorded = taken.iter().filter(|taken| matches!(taken, NoticeTaken::Recorded(_)));
    assert_eq!(recorded.count(), 1);
    assert!(!taken.iter().any(|taken| matches!(taken, NoticeTaken::Refused(_))));
    assert_eq!(nodes.number("SELECT count(*) FROM event").await, 2);
    balanced(&nodes, &scene).await;
}
