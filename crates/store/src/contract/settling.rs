//! The laws of [`Queue`]'s taking back: what a settlement does, and when it comes too late.

use herald_domain::{
    attempt::ErrorClass,
    delivery::DeliveryState,
    webhook::{Disabled, Webhook},
};

use super::{
    Backend,
    fixtures::{Scene, answered, failed, retry, settlement},
};
use crate::{
    After, Claimed, DeliveryKey, DeliveryView, History, NumberedAttempt, Queue, Record, Settlement,
    Upkeep, Webhooks,
};

pub async fn a_success_makes_it_delivered<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    let before = scene.view(&claimed).await;
    let attempt = answered(201, scene.tick());
    let settled = scene.settle(settlement(&claimed, attempt.clone(), After::Delivered)).await;
    assert_eq!((settled.stale, settled.disabled), (0, vec![]));

    let expected = DeliveryView {
        state: DeliveryState::Delivered,
        attempts: 1,
        due_at: None,
        last_status: Some(201),
        updated_at: attempt.ended_at(),
        ..before
    };
    assert_eq!(scene.view(&claimed).await, expected);
    assert_eq!(
        log(&scene, &claimed).await,
        [NumberedAttempt { number: 1, manual: false, attempt }]
    );
    assert_eq!(scene.claim(webhook.id, 10).await.deliveries.len(), 0);
}

pub async fn a_failure_with_a_retry_stays_pending_until_then<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    let before = scene.view(&claimed).await;
    let attempt = failed(ErrorClass::Timeout, scene.tick());
    let due_at = scene.tick();
    let after = After::Retry { due_at };
    let settled = scene.settle(settlement(&claimed, attempt.clone(), after)).await;
    assert_eq!((settled.stale, settled.disabled), (0, vec![]));

    let expected = DeliveryView {
        attempts: 1,
        due_at: Some(due_at),
        last_error: Some(ErrorClass::Timeout),
        updated_at: attempt.ended_at(),
        ..before
    };
    assert_eq!(scene.view(&claimed).await, expected);
    assert_eq!(scene.claim(webhook.id, 10).await.deliveries[0].key, claimed.key);
}

pub async fn the_view_tells_of_the_last_attempt_only<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    scene.waiting("client.created").await;
    let outcomes = [
        (failed(ErrorClass::DnsNotFound, scene.tick()), None, Some(ErrorClass::DnsNotFound)),
        (answered(503, scene.tick()), Some(503), Some(ErrorClass::Status)),
        (failed(ErrorClass::Timeout, scene.tick()), None, Some(ErrorClass::Timeout)),
        (answered(200, scene.tick()), Some(200), None),
    ];
    for (attempt, status, error) in outcomes {
        let claimed = scene.claim(webhook.id, 1).await.deliveries.remove(0);
        let after = match error {
            Some(_) => After::Retry { due_at: scene.tick() },
            None => After::Delivered,
        };
        scene.settle(settlement(&claimed, attempt, after)).await;
        let view = scene.view(&claimed).await;
        assert_eq!((view.last_status, view.last_error), (status, error));
        assert_eq!(view.attempts, claimed.attempts + 1);
    }
}

pub async fn an_exhausted_delivery_may_leave_its_webhook_enabled<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    let attempt = answered(410, scene.tick());
    let ended_at = attempt.ended_at();
    let after = After::Exhausted { disable: None };
    let settled = scene.settle(settlement(&claimed, attempt, after)).await;
    assert_eq!((settled.stale, settled.disabled), (0, vec![]));
    let view = scene.view(&claimed).await;
    assert_eq!((view.state, view.due_at), (DeliveryState::Exhausted, None));
    assert_eq!((view.last_status, view.updated_at), (Some(410), ended_at));
    let found = scene.store.webhook(scene.environment, webhook.id).await.unwrap();
    assert_eq!(found, Some(webhook));
}

pub async fn an_exhausted_delivery_may_disable_its_webhook_when_it_ended<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let other = scene.webhook(&["check.failed"]).await;
    let waiting = scene.waiting("client.created").await;
    let claimed = scene.in_flight("client.created").await;
    let attempt = failed(ErrorClass::ConnectionRefused, scene.tick());
    let expected = webhook.given_up("11 × “refused”".into(), attempt.ended_at());
    let after = After::Exhausted { disable: Some("11 × “refused”".into()) };
    let settled = scene.settle(settlement(&claimed, attempt, after)).await;

    assert_eq!((settled.stale, settled.disabled.as_slice()), (0, [expected.clone()].as_slice()));
    let found = scene.store.webhook(scene.environment, expected.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&expected));
    assert_eq!(scene.view(&claimed).await.state, DeliveryState::Exhausted);
    assert_eq!(scene.view(&waiting).await.state, DeliveryState::Pending);
    assert_eq!(scene.claim(expected.id, 10).await.deliveries.len(), 0);
    let untouched = scene.store.webhook(scene.environment, other.id).await.unwrap();
    assert_eq!(untouched, Some(other));
    let held = scene.record(scene.new_record("client.created")).await;
    assert_eq!((held.receipt.deliveries, held.claimed.len()), (1, 0));
}

pub async fn a_webhook_that_is_disabled_already_is_not_disabled_again<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let flights = [
        scene.in_flight("client.created").await,
        scene.in_flight("client.created").await,
        scene.in_flight("client.created").await,
    ];
    let exhaust = |claimed: &Claimed, reason: &str| {
        let after = After::Exhausted { disable: Some(reason.into()) };
        settlement(claimed, answered(500, scene.tick()), after)
    };
    let batch = vec![exhaust(&flights[0], "first"), exhaust(&flights[1], "second")];
    let at = batch[0].attempt.ended_at();
    let settled = scene.store.settle(batch.into()).await.unwrap();
    assert_eq!((settled.disabled.len(), settled.stale), (1, 0));
    assert_eq!(settled.disabled[0].disabled, Some(Disabled { reason: "first".into(), at }));

    let settled = scene.settle(exhaust(&flights[2], "third")).await;
    assert_eq!((settled.disabled, settled.stale), (vec![], 0));
    let found = scene.store.webhook(scene.environment, webhook.id).await.unwrap().unwrap();
    assert_eq!(found.disabled, Some(Disabled { reason: "first".into(), at }));
    for claimed in &flights {
        assert_eq!(scene.view(claimed).await.state, DeliveryState::Exhausted);
    }
}

pub async fn the_last_success_counts_in_whatever_order_they_are_settled<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["*"]).await;
    let flights =
        [scene.in_flight("client.created").await, scene.in_flight("client.created").await];
    let [early, late] = [answered(200, scene.tick()), answered(200, scene.tick())];
    let latest = late.ended_at();
    scene.settle(settlement(&flights[0], late, After::Delivered)).await;
    scene.settle(settlement(&flights[1], early, After::Delivered)).await;
    let next = scene.record(scene.new_record("client.created")).await;
    assert_eq!(next.destinations[0].succeeded_at, Some(latest));
}

pub async fn many_settlements_are_settled_together<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let environments = [scene.environment, scene.live()];
    let mut batch = Vec::new();
    let mut flights = Vec::new();
    for environment in environments {
        scene.add(Webhook { environment, ..scene.new_webhook(&["*"]) }).await;
        for _ in 0..10 {
            let record = Record { environment, ..scene.new_record("client.created") };
            let claimed = scene.record(record).await.claimed.remove(0);
            batch.push(settlement(&claimed, answered(200, scene.tick()), After::Delivered));
            flights.push(claimed);
        }
    }
    let settled = scene.store.settle(batch.into()).await.unwrap();
    assert_eq!(settled.stale, 0);
    for claimed in &flights {
        assert_eq!(scene.view(claimed).await.state, DeliveryState::Delivered);
    }
    assert_eq!(scene.store.settle([].into()).await.unwrap().stale, 0);
}

pub async fn a_settlement_with_a_wrong_number_changes_nothing_and_is_stale<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    scene.waiting("client.created").await;
    let first = scene.claim(webhook.id, 1).await.deliveries.remove(0);
    scene.settle(retry(&first, scene.tick(), scene.tick())).await;
    let claimed = scene.claim(webhook.id, 1).await.deliveries.remove(0);
    let before = (scene.view(&claimed).await, log(&scene, &claimed).await);
    for number in [1, 3, 4] {
        for after in [
            After::Delivered,
            After::Retry { due_at: scene.tick() },
            After::Exhausted { disable: Some("stale".into()) },
        ] {
            let late = Settlement {
                number,
                ..settlement(&claimed, answered(200, scene.tick()), after.clone())
            };
            let settled = scene.settle(late).await;
            assert_eq!((settled.stale, settled.disabled), (1, vec![]), "{number}, {after:?}");
            let now = (scene.view(&claimed).await, log(&scene, &claimed).await);
            assert_eq!(now, before, "{number}, {after:?}");
        }
    }
    let found = scene.store.webhook(scene.environment, webhook.id).await.unwrap();
    assert_eq!(found, Some(webhook));
    assert_eq!(scene.deliver(&claimed).await.stale, 0, "the right number still decides");
}

pub async fn a_stale_settlement_does_not_give_another_claim_back<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let first = scene.in_flight("client.created").await;
    let settlement = retry(&first, scene.tick(), scene.tick());
    scene.settle(settlement.clone()).await;
    let second = scene.claim(webhook.id, 1).await.deliveries.remove(0);
    assert_eq!(scene.settle(settlement).await.stale, 1);
    assert_eq!(scene.claim(webhook.id, 1).await.deliveries.len(), 0, "it is in flight");
    assert_eq!(scene.deliver(&second).await.stale, 0);
}

pub async fn a_settlement_of_an_unknown_delivery_is_stale<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    let unknown = DeliveryKey { sequence: claimed.key.sequence + 1000, ..claimed.key };
    let lost = Settlement {
        key: unknown,
        ..settlement(&claimed, answered(200, scene.tick()), After::Delivered)
    };
    let known = settlement(&claimed, answered(200, scene.tick()), After::Delivered);
    let settled = scene.store.settle([lost, known].into()).await.unwrap();
    assert_eq!(settled.stale, 1, "and its neighbour is settled");
    assert_eq!(scene.view(&claimed).await.state, DeliveryState::Delivered);
}

pub async fn the_second_of_two_settlements_is_stale<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    let success = settlement(&claimed, answered(200, scene.tick()), After::Delivered);
    let failure = retry(&claimed, scene.tick(), scene.tick());
    let settled = scene.store.settle([success.clone(), failure].into()).await.unwrap();
    assert_eq!(settled.stale, 1, "in one batch");
    assert_eq!(scene.settle(success.clone()).await.stale, 1, "in a later one");

    let view = scene.view(&claimed).await;
    assert_eq!((view.state, view.attempts), (DeliveryState::Delivered, 1));
    let NumberedAttempt { number, attempt, .. } = log(&scene, &claimed).await.remove(0);
    assert_eq!((number, attempt), (1, success.attempt));
}

pub async fn a_failure_after_cancellation_is_recorded_and_stays_cancelled<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    for disable in [None, Some("late".to_owned())] {
        let claimed = cancelled_in_flight(&scene).await;
        let attempt = answered(500, scene.tick());
        let after = match disable {
            None => After::Retry { due_at: scene.tick() },
            disable => After::Exhausted { disable },
        };
        let settled = scene.settle(settlement(&claimed, attempt.clone(), after)).await;
        assert_eq!((settled.stale, settled.disabled), (1, vec![]));
        let view = scene.view(&claimed).await;
        assert_eq!((view.state, view.due_at), (DeliveryState::Cancelled, None));
        assert_eq!((view.attempts, view.last_status), (1, Some(500)));
        assert_eq!(
            log(&scene, &claimed).await,
            [NumberedAttempt { number: 1, manual: false, attempt }]
        );
    }
}

pub async fn a_success_after_cancellation_is_a_delivery_and_not_stale<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let claimed = cancelled_in_flight(&scene).await;
    let attempt = answered(200, scene.tick());
    let settled = scene.settle(settlement(&claimed, attempt.clone(), After::Delivered)).await;
    assert_eq!(settled.stale, 0, "it decided");
    let view = scene.view(&claimed).await;
    assert_eq!((view.state, view.attempts), (DeliveryState::Delivered, 1));
    assert_eq!(
        log(&scene, &claimed).await,
        [NumberedAttempt { number: 1, manual: false, attempt }]
    );
    let books = scene.store.books(Some(scene.environment)).await.unwrap();
    assert_eq!((books.accepted, books.delivered, books.cancelled), (1, 1, 0));
}

pub async fn what_was_in_flight_when_its_webhook_was_deleted_is_settled<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let [success, failure] =
        [scene.in_flight("client.created").await, scene.in_flight("client.created").await];
    scene.delete(&webhook).await;
    assert_eq!(scene.deliver(&success).await.stale, 0);
    let after = After::Exhausted { disable: Some("gone".into()) };
    let settled = scene.settle(settlement(&failure, answered(500, scene.tick()), after)).await;
    assert_eq!((settled.stale, settled.disabled), (0, vec![]), "nothing is left to disable");
    assert_eq!(scene.view(&success).await.state, DeliveryState::Delivered);
    assert_eq!(scene.view(&failure).await.state, DeliveryState::Exhausted);
    assert_eq!(scene.store.webhook(scene.environment, webhook.id).await.unwrap(), None);
}

pub async fn what_was_settled_survives_reopening<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let flights = [
        scene.in_flight("client.created").await,
        scene.in_flight("client.created").await,
        scene.in_flight("client.created").await,
    ];
    let disable = After::Exhausted { disable: Some("gone".into()) };
    let batch = vec![
        settlement(&flights[0], answered(200, scene.tick()), After::Delivered),
        retry(&flights[1], scene.tick(), scene.tick()),
        settlement(&flights[2], answered(500, scene.tick()), disable),
    ];
    let disabled = scene.store.settle(batch.into()).await.unwrap().disabled;
    let mut before = Vec::new();
    for claimed in &flights {
        before.push((scene.view(claimed).await, log(&scene, claimed).await));
    }
    let scene = scene.reopened().await;
    for (claimed, before) in flights.iter().zip(before) {
        assert_eq!((scene.view(claimed).await, log(&scene, claimed).await), before);
    }
    let found = scene.store.webhook(scene.environment, webhook.id).await.unwrap();
    assert_eq!(found.as_ref(), disabled.first());
}

/// A claimed delivery, cancelled since its webhook was deleted meanwhile.
async fn cancelled_in_flight<B: Backend>(scene: &Scene<B>) -> Claimed {
    let webhook = scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    scene.delete(&webhook).await;
    assert_eq!(scene.store.cancel_orphans(scene.tick(), 10).await.unwrap(), 1);
    claimed
}

/// The attempts of this delivery.
async fn log<B: Backend>(scene: &Scene<B>, claimed: &Claimed) -> Vec<NumberedAttempt> {
    let view = scene.view(claimed).await;
    scene.store.attempts(claimed.key.environment, view.id).await.unwrap()
}
