//! The laws of [`Queue::settle_manual`]: what an attempt on request does to its delivery, and that
//! it touches nothing of the schedule.

use herald_domain::{
    attempt::{Attempt, ErrorClass},
    delivery::DeliveryState,
    id::DeliveryId,
};

use super::{
    Backend,
    fixtures::{Scene, answered, failed, retry, settlement, whole},
};
use crate::{
    After, Claimed, DeliveryFilter, DeliveryView, History, MANUAL_KEPT, ManualAttempt,
    NumberedAttempt, Queue, Upkeep,
};

pub async fn a_success_on_request_delivers_whatever_it_was<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    for state in [DeliveryState::Pending, DeliveryState::Exhausted, DeliveryState::Held] {
        let claimed = in_state(&scene, state).await;
        let before = scene.view(&claimed).await;
        let attempt = answered(202, scene.tick());
        assert_eq!(resend(&scene, &claimed, attempt.clone()).await, Some(1));
        let expected = DeliveryView {
            state: DeliveryState::Delivered,
            due_at: None,
            on_request: true,
            last_status: Some(202),
            last_error: None,
            updated_at: attempt.ended_at(),
            ..before
        };
        assert_eq!(scene.view(&claimed).await, expected, "{state}");
        balanced(&scene).await;
    }
}

pub async fn a_failure_on_request_changes_nothing_but_is_recorded<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    for state in DeliveryState::ALL {
        let claimed = in_state(&scene, state).await;
        let before = scene.view(&claimed).await;
        assert_eq!(before.state, state);
        let books = scene.store.books(None).await.unwrap();
        let attempt = failed(ErrorClass::Timeout, scene.tick());
        assert_eq!(resend(&scene, &claimed, attempt.clone()).await, Some(1));
        assert_eq!(scene.view(&claimed).await, before);
        assert_eq!(scene.store.books(None).await.unwrap(), books);
        let manual = NumberedAttempt { number: 1, manual: true, attempt };
        assert_eq!(log(&scene, &claimed).await.pop(), Some(manual));
    }
}

pub async fn a_success_on_request_leaves_a_delivered_one_as_it_was<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let claimed = in_state(&scene, DeliveryState::Delivered).await;
    let before = scene.view(&claimed).await;
    let attempt = answered(200, scene.tick());
    let at = attempt.ended_at();
    resend(&scene, &claimed, attempt).await;
    assert_eq!(scene.view(&claimed).await, before);
    let next = scene.record(scene.new_record("client.created")).await;
    assert_eq!(next.destinations[0].succeeded_at, Some(at), "something was delivered all the same");
    balanced(&scene).await;
}

pub async fn a_failure_on_request_leaves_the_schedule_as_it_was<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let first = scene.in_flight("client.created").await;
    let (started_at, due_at) = (scene.tick(), scene.tick());
    scene.settle(retry(&first, started_at, due_at)).await;
    let expected = scene.store.claim(webhook.id, due_at, 10).await.unwrap().deliveries.remove(0);
    scene.store.release(vec![expected.key]).await.unwrap();
    for _ in 0..3 {
        resend(&scene, &first, answered(500, started_at)).await;
    }
    let early = due_at.before(std::time::Duration::from_millis(1));
    let early = scene.store.claim(webhook.id, early, 10).await.unwrap();
    assert_eq!((early.deliveries.len(), early.next_due), (0, Some(due_at)));
    let claimed = scene.store.claim(webhook.id, due_at, 10).await.unwrap().deliveries.remove(0);
    assert_eq!(
        (claimed.attempts, claimed.first_attempt_at, claimed.due_at),
        (expected.attempts, expected.first_attempt_at, expected.due_at)
    );
    assert_eq!(scene.deliver(&claimed).await.stale, 0, "its number is the next of the schedule");
}

pub async fn what_was_delivered_on_request_is_not_claimed_any_more<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let waiting = scene.waiting("client.created").await;
    resend(&scene, &waiting, answered(200, scene.tick())).await;
    let claim = scene.claim(webhook.id, 10).await;
    assert_eq!((claim.deliveries.len(), claim.next_due), (0, None));
    assert_eq!(scene.store.due(None, 10).await.unwrap(), []);
    let scene = scene.reopened().await;
    assert_eq!(scene.claim(webhook.id, 10).await.deliveries.len(), 0, "nor after a crash");
}

pub async fn an_attempt_in_flight_while_another_delivers_is_recorded_and_late<B: Backend>(
    backend: B,
) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    for after in [
        After::Delivered,
        After::Retry { due_at: scene.tick() },
        After::Exhausted { disable: Some("given up".into()) },
    ] {
        let claimed = scene.in_flight("client.created").await;
        resend(&scene, &claimed, answered(200, scene.tick())).await;
        balanced(&scene).await;
        let success = after == After::Delivered;
        let attempt = answered(if success { 200 } else { 500 }, scene.tick());
        let late = settlement(&claimed, attempt.clone(), after);
        let settled = scene.settle(late.clone()).await;
        assert_eq!((settled.stale, settled.disabled), (1, vec![]));
        let view = scene.view(&claimed).await;
        assert_eq!((view.state, view.attempts), (DeliveryState::Delivered, 1));
        assert_eq!((view.due_at, view.on_request), (None, !success));
        let log = log(&scene, &claimed).await;
        assert_eq!(log.len(), 2);
        assert_eq!(log[1], NumberedAttempt { number: 1, manual: false, attempt });
        balanced(&scene).await;
        assert_eq!(scene.settle(late).await.stale, 1, "once");
        assert_eq!(scene.view(&claimed).await, view);
    }
    assert_eq!(scene.claim(webhook.id, 10).await.deliveries.len(), 0);
}

pub async fn a_success_on_request_after_cancellation_is_a_delivery<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let claimed = in_state(&scene, DeliveryState::Cancelled).await;
    resend(&scene, &claimed, answered(200, scene.tick())).await;
    assert_eq!(scene.view(&claimed).await.state, DeliveryState::Delivered, "since it was");
    balanced(&scene).await;
}

pub async fn attempts_on_request_are_shown_among_the_others_by_time<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let first = scene.in_flight("client.created").await;
    let attempts: Vec<Attempt> = (0..5).map(|_| answered(503, scene.tick())).collect();
    resend(&scene, &first, attempts[0].clone()).await;
    let due_at = scene.tick();
    scene.settle(settlement(&first, attempts[1].clone(), After::Retry { due_at })).await;
    resend(&scene, &first, attempts[2].clone()).await;
    let second = scene.claim(webhook.id, 1).await.deliveries.remove(0);
    scene.settle(settlement(&second, attempts[3].clone(), After::Retry { due_at })).await;
    resend(&scene, &first, attempts[4].clone()).await;
    let numbers = [(1, true), (1, false), (2, true), (2, false), (3, true)];
    let expected = numbers.into_iter().zip(&attempts).map(|((number, manual), attempt)| {
        NumberedAttempt { number, manual, attempt: attempt.clone() }
    });
    let expected: Vec<_> = expected.collect();
    assert_eq!(log(&scene, &first).await, expected);
    let scene = scene.reopened().await;
    assert_eq!(log(&scene, &first).await, expected, "after reopening");
}

pub async fn of_the_attempts_on_request_the_last_hundred_are_kept<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let claimed = in_state(&scene, DeliveryState::Delivered).await;
    let last = MANUAL_KEPT + 3;
    for number in 1..=last {
        assert_eq!(resend(&scene, &claimed, answered(500, scene.tick())).await, Some(number));
    }
    let numbers: Vec<_> =
        log(&scene, &claimed).await.iter().filter(|one| one.manual).map(|one| one.number).collect();
    assert_eq!(numbers, (last - MANUAL_KEPT + 1..=last).collect::<Vec<_>>());
}

pub async fn attempts_on_request_are_forgotten_with_their_event<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let claimed = in_state(&scene, DeliveryState::Delivered).await;
    resend(&scene, &claimed, answered(200, scene.tick())).await;
    let id = scene.view(&claimed).await.id;
    assert_eq!(scene.store.expire(scene.tick(), 10).await.unwrap(), 1);
    assert_eq!(scene.store.attempts(scene.environment, id).await.unwrap(), []);
    let manual = manual(id, &scene, answered(200, scene.tick()));
    assert_eq!(scene.store.settle_manual(manual).await.unwrap(), None, "it came too late");
    assert_eq!(scene.store.attempts(scene.environment, id).await.unwrap(), []);
    balanced(&scene).await;
}

pub async fn another_environment_records_no_attempt<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let claimed = in_state(&scene, DeliveryState::Held).await;
    let before = scene.view(&claimed).await;
    for environment in scene.strangers().await {
        let attempt = answered(200, scene.tick());
        let manual = ManualAttempt { environment, ..manual(before.id, &scene, attempt) };
        assert_eq!(scene.store.settle_manual(manual).await.unwrap(), None);
    }
    assert_eq!(scene.view(&claimed).await, before);
    assert_eq!(log(&scene, &claimed).await, []);
}

/// Makes a delivery that is in this state, to a webhook that stays for a cancelled one only.
async fn in_state<B: Backend>(scene: &Scene<B>, state: DeliveryState) -> Claimed {
    for webhook in scene.webhooks().await {
        scene.delete(&webhook).await;
        while scene.store.cancel_orphans(scene.tick(), 100).await.unwrap() > 0 {}
    }
    let webhook = scene.webhook(&["*"]).await;
    if state == DeliveryState::Held {
        scene.enable(&webhook, false).await;
        let mut held = scene.record(scene.new_record("client.created")).await;
        assert_eq!((held.receipt.deliveries, held.claimed.len()), (1, 0));
        let (event, _) = held.receipt.events.remove(0);
        return scene.unclaimed(event, webhook.id);
    }
    let claimed = scene.in_flight("client.created").await;
    let attempt = answered(500, scene.tick());
    match state {
        DeliveryState::Exhausted => {
            scene.settle(settlement(&claimed, attempt, After::Exhausted { disable: None })).await;
        }
        DeliveryState::Delivered => drop(scene.deliver(&claimed).await),
        DeliveryState::Cancelled => {
            scene.delete(&webhook).await;
            assert_eq!(scene.store.cancel_orphans(scene.tick(), 100).await.unwrap(), 1);
        }
        DeliveryState::Pending | DeliveryState::Held => {}
    }
    claimed
}

/// Records an attempt on request of this delivery; answers its number.
async fn resend<B: Backend>(scene: &Scene<B>, claimed: &Claimed, attempt: Attempt) -> Option<u32> {
    let manual = manual(scene.view(claimed).await.id, scene, attempt);
    scene.store.settle_manual(manual).await.unwrap()
}

fn manual<B: Backend>(delivery: DeliveryId, scene: &Scene<B>, attempt: Attempt) -> ManualAttempt {
    let delivered = attempt.answer.is_success();
    ManualAttempt { environment: scene.environment, delivery, attempt, delivered }
}

async fn balanced<B: Backend>(scene: &Scene<B>) {
    let books = scene.store.books(None).await.unwrap();
    assert!(books.balance(), "{books:?}");
    let listed = scene.views(DeliveryFilter::default()).await;
    for state in DeliveryState::ALL {
        let filter = DeliveryFilter { state: Some(state), ..DeliveryFilter::default() };
        let counted = scene.store.list_deliveries(scene.environment, filter, whole());
        let seen = listed.iter().filter(|view| view.state == state).count() as u64;
        assert_eq!(counted.await.unwrap().total, seen, "the tally of {state}");
    }
}

async fn log<B: Backend>(scene: &Scene<B>, claimed: &Claimed) -> Vec<NumberedAttempt> {
    let view = scene.view(claimed).await;
    scene.store.attempts(claimed.key.environment, view.id).await.unwrap()
}
