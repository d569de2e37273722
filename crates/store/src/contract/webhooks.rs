//! The laws of [`Webhooks`].

use herald_domain::{
    account::EnvironmentId,
    id::WebhookId,
    webhook::{Disabled, SealedSecret, Webhook, WebhookPatch},
};

use super::{
    Backend,
    fixtures::{AMPLE, Scene, answered, settlement, subscription, together, whole},
};
use crate::{After, Created, DeliveryFilter, Page, Queue, TimeRange, WebhookFilter, Webhooks};

pub async fn a_webhook_is_kept_with_all_its_fields<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let plain = scene.webhook(&["*"]).await;
    let every_byte = (0..=255).collect();
    let reason = "gave up after 11 attempts — “503”".to_owned();
    let full = Webhook {
        description: Some("Zoë's “hook” 🦉".into()),
        url: "https://例え.テスト/a?b=c#%20'\"".into(),
        enabled: false,
        events: subscription(&["document.updated.image_uploaded", "check.completed", "*"]),
        secret: SealedSecret(every_byte),
        disabled: Some(Disabled { reason, at: scene.tick() }),
        updated_at: scene.tick(),
        ..scene.new_webhook(&[])
    };
    scene.add(full.clone()).await;
    let scene = scene.reopened().await;
    for webhook in [plain, full] {
        let found = scene.store.webhook(scene.environment, webhook.id).await.unwrap();
        assert_eq!(found, Some(webhook));
    }
}

pub async fn a_webhook_of_an_unknown_account_is_not_made<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut webhook = scene.new_webhook(&["*"]);
    webhook.environment.account = scene.new_account().id;
    let created = scene.store.create_webhook(webhook.clone(), AMPLE).await.unwrap();
    assert_eq!(created, Created::UnknownAccount);
    assert_eq!(scene.store.webhook(webhook.environment, webhook.id).await.unwrap(), None);
}

pub async fn an_environment_has_no_more_webhooks_than_its_limit<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let first = scene.webhook(&["*"]).await;
    scene.disabled_webhook(&["*"]).await;
    let third = scene.new_webhook(&["*"]);
    let refused = scene.store.create_webhook(third.clone(), 2).await.unwrap();
    assert_eq!(refused, Created::LimitReached);
    assert_eq!(scene.store.webhook(scene.environment, third.id).await.unwrap(), None);

    let elsewhere = Webhook { environment: scene.live(), ..scene.new_webhook(&["*"]) };
    assert_eq!(scene.store.create_webhook(elsewhere, 1).await.unwrap(), Created::Created);

    scene.delete(&first).await;
    let room = scene.store.create_webhook(third, 2).await.unwrap();
    assert_eq!(room, Created::Created, "a deleted webhook does not count");
}

pub async fn the_limit_holds_when_many_are_made_at_once<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhooks = (0..20).map(|_| scene.new_webhook(&["*"]));
    let outcomes = together(webhooks.map(|webhook| {
        let store = scene.store.clone();
        async move { store.create_webhook(webhook, 7).await.unwrap() }
    }))
    .await;
    let made = outcomes.iter().filter(|outcome| **outcome == Created::Created).count();
    let refused = outcomes.iter().filter(|outcome| **outcome == Created::LimitReached).count();
    assert_eq!((made, refused), (7, 13));
    assert_eq!(listed(&scene, WebhookFilter::default()).await.len(), 7);
}

pub async fn webhooks_are_listed_newest_first_in_pages<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, scene.webhook(&["*"]).await);
    }
    for (number, items) in (1..).zip([&made[..2], &made[2..4], &made[4..], &[]]) {
        let page = Page::new(number, 2).unwrap();
        let filter = WebhookFilter::default();
        let found = scene.store.list_webhooks(scene.environment, filter, page).await.unwrap();
        assert_eq!((found.items.as_slice(), found.total), (items, 5), "page {number}");
    }
}

pub async fn each_filter_keeps_what_it_says_and_all_hold_together<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let a = scene.webhook(&["client.created"]).await;
    let b = scene.disabled_webhook(&["client.created", "check.pending"]).await;
    let c = scene.webhook(&["*"]).await;
    let a_later = scene.enable(&a, true).await.updated_at;
    let any = WebhookFilter::default();
    let range = |after, before| TimeRange { after, before };
    let cases = [
        (any.clone(), vec![c.id, b.id, a.id]),
        (WebhookFilter { enabled: Some(true), ..any.clone() }, vec![c.id, a.id]),
        (WebhookFilter { enabled: Some(false), ..any.clone() }, vec![b.id]),
        (WebhookFilter { url: Some(b.url.clone()), ..any.clone() }, vec![b.id]),
        (WebhookFilter { url: Some(b.url.to_uppercase()), ..any.clone() }, vec![]),
        (WebhookFilter { event: Some("client.created".into()), ..any.clone() }, vec![b.id, a.id]),
        (WebhookFilter { event: Some("*".into()), ..any.clone() }, vec![c.id]),
        (WebhookFilter { event: Some("client".into()), ..any.clone() }, vec![]),
        (
            WebhookFilter { created: range(Some(a.created_at), Some(c.created_at)), ..any.clone() },
            vec![b.id],
        ),
        (WebhookFilter { created: range(None, Some(a.created_at)), ..any.clone() }, vec![]),
        (WebhookFilter { updated: range(Some(c.updated_at), None), ..any.clone() }, vec![a.id]),
        (WebhookFilter { updated: range(None, Some(a_later)), ..any.clone() }, vec![c.id, b.id]),
        (
            WebhookFilter {
                enabled: Some(true),
                event: Some("client.created".into()),
                updated: range(Some(c.updated_at), None),
                ..any.clone()
            },
            vec![a.id],
        ),
        (WebhookFilter { enabled: Some(true), url: Some(b.url.clone()), ..any.clone() }, vec![]),
    ];
    for (filter, ids) in cases {
        assert_eq!(listed(&scene, filter.clone()).await, ids, "{filter:?}");
        let two = Page::new(1, 2).unwrap();
        let page = scene.store.list_webhooks(scene.environment, filter.clone(), two).await.unwrap();
        assert_eq!(page.total, ids.len() as u64, "{filter:?}");
    }
}

pub async fn a_patch_changes_what_it_names_and_nothing_else<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook =
        Webhook { description: Some("first".into()), ..scene.new_webhook(&["client.created"]) };
    scene.add(webhook).await;
    let claimed = scene.in_flight("client.created").await;
    let after = After::Exhausted { disable: Some("exhausted".into()) };
    let settled = scene.settle(settlement(&claimed, answered(500, scene.tick()), after)).await;
    let [mut expected] = settled.disabled.try_into().expect("one webhook was disabled");
    let neighbour = scene.webhook(&["*"]).await;
    let none = WebhookPatch::default;
    let patches = [
        WebhookPatch { url: Some("https://example.org/new".into()), ..none() },
        WebhookPatch { events: Some(subscription(&["check.failed"])), ..none() },
        WebhookPatch { description: Some(Some("second".into())), ..none() },
        WebhookPatch { description: Some(None), ..none() },
        none(),
        WebhookPatch { enabled: Some(false), ..none() },
        WebhookPatch { enabled: Some(true), ..none() },
    ];
    for patch in patches {
        let at = scene.tick();
        expected = expected.patched(&patch, at);
        let update = scene.store.update_webhook(scene.environment, expected.id, patch, at).await;
        assert_eq!(update.unwrap().as_ref(), Some(&expected));
        let found = scene.store.webhook(scene.environment, expected.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(&expected));
    }
    assert_eq!(expected.disabled, None, "enabling forgets why Herald had disabled it");
    let untouched = scene.store.webhook(scene.environment, neighbour.id).await.unwrap();
    assert_eq!(untouched, Some(neighbour));
}

pub async fn a_patch_leaves_the_deliveries_as_they_are<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["client.created"]).await;
    let pending = scene.waiting("client.created").await;
    scene.enable(&webhook, false).await;
    scene.record(scene.new_record("client.created")).await;
    let before = scene.views(DeliveryFilter::default()).await;
    let patch = WebhookPatch {
        enabled: Some(true),
        events: Some(subscription(&["check.failed"])),
        ..WebhookPatch::default()
    };
    let at = scene.tick();
    scene.store.update_webhook(scene.environment, webhook.id, patch, at).await.unwrap();
    assert_eq!(scene.views(DeliveryFilter::default()).await, before);
    let claim = scene.claim(webhook.id, 10).await;
    let claimed: Vec<_> = claim.deliveries.iter().map(|delivery| delivery.event).collect();
    assert_eq!(claimed, [pending.event], "the held one waits to be asked for");
}

pub async fn a_deleted_webhook_is_gone_at_once<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let other = scene.webhook(&["check.failed"]).await;
    scene.delete(&webhook).await;
    let (environment, id) = (scene.environment, webhook.id);
    assert_eq!(scene.store.webhook(environment, id).await.unwrap(), None);
    assert_eq!(listed(&scene, WebhookFilter::default()).await, [other.id]);
    let patch = WebhookPatch::default();
    let update = scene.store.update_webhook(environment, id, patch, scene.tick()).await;
    assert_eq!(update.unwrap(), None);
    assert!(!scene.store.delete_webhook(environment, id, scene.tick()).await.unwrap());
}

pub async fn nothing_matches_a_deleted_webhook<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    for webhook in [scene.webhook(&["*"]).await, scene.disabled_webhook(&["*"]).await] {
        scene.delete(&webhook).await;
    }
    let accepted = scene.record(scene.new_record("client.created")).await;
    assert_eq!((accepted.receipt.deliveries, accepted.claimed.len()), (0, 0));
}

pub async fn nothing_of_a_deleted_webhook_can_be_claimed<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    scene.waiting("client.created").await;
    scene.delete(&webhook).await;
    let claim = scene.claim(webhook.id, 10).await;
    assert!(claim.destination.is_none() && claim.deliveries.is_empty(), "{claim:?}");
    assert_eq!(scene.store.due(None, 10).await.unwrap(), []);
}

pub async fn another_environment_sees_and_touches_no_webhook<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    for environment in scene.strangers().await {
        assert_unseen(&scene, environment, &webhook).await;
    }
    let found = scene.store.webhook(scene.environment, webhook.id).await.unwrap();
    assert_eq!(found, Some(webhook));
}

async fn assert_unseen<B: Backend>(
    scene: &Scene<B>,
    environment: EnvironmentId,
    webhook: &Webhook,
) {
    let store = &scene.store;
    assert_eq!(store.webhook(environment, webhook.id).await.unwrap(), None);
    let listed = store.list_webhooks(environment, WebhookFilter::default(), whole()).await.unwrap();
    assert_eq!((listed.items.len(), listed.total), (0, 0));
    let patch = WebhookPatch { url: Some("https://evil.example".into()), ..Default::default() };
    let update = store.update_webhook(environment, webhook.id, patch, scene.tick()).await;
    assert_eq!(update.unwrap(), None);
    assert!(!store.delete_webhook(environment, webhook.id, scene.tick()).await.unwrap());
}

/// The ids that a filter keeps, in the order of the list.
async fn listed<B: Backend>(scene: &Scene<B>, filter: WebhookFilter) -> Vec<WebhookId> {
    let listed = scene.store.list_webhooks(scene.environment, filter, whole()).await.unwrap();
    listed.items.iter().map(|webhook| webhook.id).collect()
}
