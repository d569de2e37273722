//! The laws of changing a webhook's secret ([`Webhooks::change_secret`],
//! [`Upkeep::end_rotations`]).

use std::time::Duration;

use herald_domain::{
    rotation::{Rotation, RotationRunning, SecretChange},
    time::Timestamp,
    webhook::{SealedSecret, Webhook, WebhookPatch},
};

use super::{
    Backend,
    fixtures::{Scene, answered, settlement, subscription},
};
use crate::{After, DeliveryFilter, SecretChanged, Upkeep, Webhooks};

/// Longer than any law takes by the scene's clock.
const LONG: Duration = Duration::from_secs(3_600);

fn rotate(secret: u8, until: Timestamp) -> SecretChange {
    SecretChange::Rotate { secret: SealedSecret(vec![secret; 57]), until, switched: false }
}

impl<B: Backend> Scene<B> {
    /// Changes a secret of this webhook, which has to work; the webhook as it is then.
    async fn change(&self, webhook: &Webhook, change: SecretChange) -> Webhook {
        let (environment, at) = (webhook.environment, self.tick());
        let expected = webhook.clone().with_secrets(&change, at).unwrap();
        let changed = self.store.change_secret(environment, webhook.id, change, at).await.unwrap();
        assert_eq!(changed, SecretChanged::Changed(expected.clone().into()));
        expected
    }

    /// A webhook in the middle of a rotation.
    async fn rotating(&self, until: Timestamp) -> Webhook {
        let webhook = self.webhook(&["client.created"]).await;
        self.change(&webhook, rotate(1, until)).await
    }

    async fn kept(&self, webhook: &Webhook) -> Webhook {
        let found = self.store.webhook(webhook.environment, webhook.id).await.unwrap();
        found.expect("the webhook is there")
    }
}

pub async fn a_webhook_is_made_with_a_rotation_as_it_is<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    for switched in [false, true] {
        let (previous, until) = (SealedSecret((0..=255).collect()), scene.tick());
        let rotation = Some(Rotation { previous, until, switched });
        let made = scene.add(Webhook { rotation, ..scene.new_webhook(&["*"]) }).await;
        assert_eq!(scene.kept(&made).await, made);
    }
}

pub async fn a_rotation_is_kept_and_survives_reopening<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let neighbour = scene.webhook(&["*"]).await;
    let rotating = scene.rotating(scene.tick().after(LONG)).await;
    assert!(rotating.rotation.is_some());
    let scene = scene.reopened().await;
    assert_eq!(scene.kept(&rotating).await, rotating);
    let switched = scene.change(&rotating, SecretChange::Switch).await;
    assert!(switched.rotation.as_ref().is_some_and(|rotation| rotation.switched));
    let scene = scene.reopened().await;
    assert_eq!(scene.kept(&rotating).await, switched);
    assert_eq!(scene.kept(&neighbour).await, neighbour);
}

pub async fn a_second_rotation_is_refused_while_one_runs_and_changes_nothing<B: Backend>(
    backend: B,
) {
    let scene = Scene::new(backend).await;
    let until = scene.tick().after(LONG);
    let rotating = scene.rotating(until).await;
    let again = rotate(2, until.after(LONG));
    let (environment, id, store) = (scene.environment, rotating.id, &scene.store);
    let refused = store.change_secret(environment, id, again.clone(), scene.tick()).await.unwrap();
    assert_eq!(refused, SecretChanged::Running(RotationRunning { until }));
    assert_eq!(scene.kept(&rotating).await, rotating);
    // Once it is over it may, tidied away or not.
    let allowed = store.change_secret(environment, id, again.clone(), until).await.unwrap();
    let expected = rotating.with_secrets(&again, until).unwrap();
    assert_eq!(allowed, SecretChanged::Changed(expected.clone().into()));
    assert_eq!(scene.kept(&expected).await, expected);
}

pub async fn a_patch_and_an_exhausted_delivery_leave_a_rotation_alone<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let rotating = scene.rotating(scene.tick().after(LONG)).await;
    let rotation = rotating.rotation.clone();
    let patch = WebhookPatch {
        url: Some("https://example.org/".into()),
        events: Some(subscription(&["client.created"])),
        ..WebhookPatch::default()
    };
    let at = scene.tick();
    let patched = scene.store.update_webhook(scene.environment, rotating.id, patch, at).await;
    let patched = patched.unwrap().unwrap();
    assert_eq!((&patched.secret, &patched.rotation), (&rotating.secret, &rotation));
    let claimed = scene.in_flight("client.created").await;
    let after = After::Exhausted { disable: Some("exhausted".into()) };
    let settled = scene.settle(settlement(&claimed, answered(500, scene.tick()), after)).await;
    assert_eq!(settled.disabled[0].rotation, rotation);
    assert_eq!(scene.kept(&rotating).await, settled.disabled[0]);
}

pub async fn what_is_claimed_after_a_change_of_secrets_has_them<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["client.created"]).await;
    scene.waiting("client.created").await;
    let before = scene.views(DeliveryFilter::default()).await;
    let rotating = scene.change(&webhook, rotate(1, scene.tick().after(LONG))).await;
    assert_eq!(scene.views(DeliveryFilter::default()).await, before);
    let claim = scene.claim(webhook.id, 10).await;
    assert_eq!(claim.deliveries.len(), 1);
    assert_eq!(*claim.destination.unwrap().webhook, rotating);
    let fresh = scene.record(scene.new_record("client.created")).await;
    assert_eq!(*fresh.destinations[0].webhook, rotating);
}

pub async fn the_secret_of_no_other_environments_webhook_is_changed<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let rotating = scene.rotating(scene.tick().after(LONG)).await;
    let deleted = scene.webhook(&["*"]).await;
    scene.delete(&deleted).await;
    let strangers = scene.strangers().await.map(|environment| (environment, rotating.id));
    for (environment, id) in strangers.into_iter().chain([(scene.environment, deleted.id)]) {
        for change in [SecretChange::Switch, rotate(3, scene.tick().after(LONG))] {
            let changed = scene.store.change_secret(environment, id, change, scene.tick()).await;
            assert_eq!(changed.unwrap(), SecretChanged::UnknownWebhook);
        }
    }
    assert_eq!(scene.kept(&rotating).await, rotating);
}

pub async fn what_is_left_of_a_rotation_is_forgotten_when_it_is_over<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let until = scene.tick().after(LONG);
    let rotating = scene.rotating(until).await;
    // A backend may keep in mind what it has read of a webhook.
    let fresh = scene.record(scene.new_record("client.created")).await;
    assert_eq!(*fresh.destinations[0].webhook, rotating);
    let just_before = until.before(Duration::from_millis(1));
    assert_eq!(scene.store.end_rotations(just_before, 10).await.unwrap(), 0);
    assert_eq!(scene.kept(&rotating).await, rotating);
    assert_eq!(scene.store.end_rotations(until, 10).await.unwrap(), 1);
    let ended = Webhook { rotation: None, ..rotating };
    assert_eq!(scene.kept(&ended).await, ended, "and it has not changed by that");
    let fresh = scene.record(scene.new_record("client.created")).await;
    assert_eq!(*fresh.destinations[0].webhook, ended);
    assert_eq!(scene.store.end_rotations(until, 10).await.unwrap(), 0);
}

pub async fn rotations_are_ended_no_more_than_the_limit_at_a_time<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let until = scene.tick().after(LONG);
    for _ in 0..4 {
        scene.rotating(until).await;
    }
    let deleted = scene.rotating(until).await;
    scene.delete(&deleted).await;
    let later = scene.rotating(until.after(LONG)).await;
    for ended in [2, 2, 1, 0] {
        assert_eq!(scene.store.end_rotations(until, 2).await.unwrap(), ended);
    }
    assert_eq!(scene.kept(&later).await, later);
}
