//! The laws of [`Statistics`].

use std::time::Duration;

use herald_domain::{
    attempt::{Attempt, ErrorClass},
    statistics::{class_of, hour_of},
    time::Timestamp,
    webhook::Webhook,
};

use super::{
    Backend,
    fixtures::{Scene, answered, failed, retry, settlement},
};
use crate::{After, HourTally, Queue, Statistics, TimeRange, Upkeep};

const HOUR: Duration = Duration::from_secs(3_600);

/// All that is counted of a webhook.
async fn all<B: Backend>(scene: &Scene<B>, webhook: &Webhook) -> Vec<HourTally> {
    let counted = scene.store.statistics(scene.environment, Some(webhook.id), TimeRange::default());
    counted.await.unwrap()
}

/// Attempts and successes of each hour.
fn numbers(hours: &[HourTally]) -> Vec<(Timestamp, u64, u64)> {
    hours.iter().map(|one| (one.hour, one.tally.attempts(), one.tally.successes)).collect()
}

pub async fn attempts_are_counted_in_the_hour_in_which_they_ended<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let hour = hour_of(scene.tick()).after(HOUR * 2);
    // It takes 250 ms, so it ends in the next hour.
    let late = hour.after(HOUR).before(Duration::from_millis(100));
    let claimed = scene.in_flight("client.created").await;
    scene.settle(retry(&claimed, hour, late)).await;
    let claimed = scene.store.claim(webhook.id, late, 1).await.unwrap().deliveries.remove(0);
    let slow = Attempt { duration: Duration::from_secs(12), ..failed(ErrorClass::Timeout, hour) };
    scene.settle(settlement(&claimed, slow, After::Retry { due_at: late })).await;
    let claimed = scene.store.claim(webhook.id, late, 1).await.unwrap().deliveries.remove(0);
    scene.settle(settlement(&claimed, answered(204, late), After::Delivered)).await;

    let counted = all(&scene, &webhook).await;
    assert_eq!(numbers(&counted), [(hour, 2, 0), (hour.after(HOUR), 1, 1)]);
    let by_duration = counted[0].tally.by_duration;
    assert_eq!(by_duration[class_of(Duration::from_millis(250))], 1);
    assert_eq!(by_duration[class_of(Duration::from_secs(12))], 1);
}

pub async fn what_changes_nothing_is_not_counted_and_what_is_recorded_is<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    let cancelled = scene.in_flight("client.created").await;
    scene.deliver(&claimed).await;
    let at = scene.tick();
    let again = scene.settle(settlement(&claimed, answered(200, at), After::Delivered)).await;
    assert_eq!(again.stale, 1);
    assert_eq!(total(&scene, &webhook).await, (1, 1));
    scene.delete(&webhook).await;
    scene.store.cancel_orphans(scene.tick(), 10).await.unwrap();
    scene.settle(settlement(&cancelled, answered(500, at), After::Retry { due_at: at })).await;
    assert_eq!(total(&scene, &webhook).await, (2, 1), "what came too late was made all the same");
}

async fn total<B: Backend>(scene: &Scene<B>, webhook: &Webhook) -> (u64, u64) {
    let hours = numbers(&all(scene, webhook).await);
    hours.iter().fold((0, 0), |sum, (_, attempts, good)| (sum.0 + attempts, sum.1 + good))
}

pub async fn hours_are_chosen_by_their_beginning_and_another_environment_sees_none<B: Backend>(
    backend: B,
) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let first = hour_of(scene.tick());
    let hours: Vec<_> = (0..3).map(|number| first.after(HOUR * number)).collect();
    for hour in &hours {
        let claimed = scene.in_flight("client.created").await;
        scene.settle(settlement(&claimed, answered(200, *hour), After::Delivered)).await;
    }
    let asked = async |environment, after, before| {
        let range = TimeRange { after, before };
        let counted = scene.store.statistics(environment, Some(webhook.id), range).await.unwrap();
        counted.into_iter().map(|one| one.hour).collect::<Vec<_>>()
    };
    let mine = scene.environment;
    assert_eq!(asked(mine, None, None).await, hours);
    assert_eq!(asked(mine, Some(hours[0]), None).await, hours[1..]);
    assert_eq!(asked(mine, None, Some(hours[2])).await, hours[..2]);
    assert_eq!(asked(mine, Some(hours[0]), Some(hours[2])).await, [hours[1]]);
    for stranger in scene.strangers().await {
        assert_eq!(asked(stranger, None, None).await, []);
    }
}

pub async fn an_environments_attempts_are_those_of_all_its_webhooks<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let first = scene.webhook(&["*"]).await;
    let second = scene.webhook(&["client.deleted"]).await;
    let hour = hour_of(scene.tick()).after(HOUR);
    for (name, hour) in [
        ("client.created", hour),
        ("client.created", hour.after(HOUR)),
        ("client.deleted", hour.after(HOUR)),
    ] {
        for claimed in scene.record(scene.new_record(name)).await.claimed {
            scene.settle(settlement(&claimed, answered(200, hour), After::Delivered)).await;
        }
    }
    let of_all = async |environment| {
        let found = scene.store.statistics(environment, None, TimeRange::default()).await.unwrap();
        numbers(&found)
    };
    let later = hour.after(HOUR);
    assert_eq!(of_all(scene.environment).await, [(hour, 1, 1), (later, 3, 3)]);
    assert_eq!(numbers(&all(&scene, &second).await), [(later, 1, 1)]);
    scene.delete(&first).await;
    assert_eq!(of_all(scene.environment).await, [(hour, 1, 1), (later, 3, 3)], "they happened");
    for stranger in scene.strangers().await {
        assert_eq!(of_all(stranger).await, []);
    }
}

pub async fn what_was_counted_outlives_the_attempts_and_expires_apart<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let first = hour_of(scene.tick());
    for number in 0..3 {
        let claimed = scene.in_flight("client.created").await;
        let attempt = answered(200, first.after(HOUR * number));
        scene.settle(settlement(&claimed, attempt, After::Delivered)).await;
    }
    let long_after = first.after(HOUR * 1000);
    assert_eq!(scene.store.expire(long_after, 10).await.unwrap(), 3);
    assert_eq!(all(&scene, &webhook).await.len(), 3);
    let scene = scene.reopened().await;
    let before = first.after(HOUR * 2);
    assert_eq!(scene.store.expire_statistics(before, 1).await.unwrap(), 1);
    assert_eq!(scene.store.expire_statistics(before, 10).await.unwrap(), 1);
    assert_eq!(scene.store.expire_statistics(before, 10).await.unwrap(), 0);
    assert_eq!(numbers(&all(&scene, &webhook).await), [(before, 1, 1)]);
}
