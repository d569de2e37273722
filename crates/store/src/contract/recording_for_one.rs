//! The laws of recording for one webhook alone ([`Record::only`]).

use herald_domain::{delivery::DeliveryState, id::WebhookId, webhook::Webhook};

use super::{
    Backend,
    fixtures::{Scene, whole},
};
use crate::{Books, DeliveryFilter, EventFilter, History, Record, Recorded, Recording};

impl<B: Backend> Scene<B> {
    /// A record for one webhook alone, of the type `client.created`.
    fn record_for(&self, webhook: WebhookId) -> Record {
        Record { only: Some(webhook), ..self.new_record("client.created") }
    }
}

pub async fn what_is_for_one_webhook_goes_to_it_though_it_never_asked_for_it<B: Backend>(
    backend: B,
) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["check.failed"]).await;
    scene.webhook(&["*"]).await;
    scene.disabled_webhook(&["*"]).await;
    let record = scene.record_for(webhook.id);
    let at = record.at;
    let accepted = scene.record(record).await;
    assert_eq!((accepted.receipt.events.len(), accepted.receipt.deliveries), (1, 1));
    let [claimed] = accepted.claimed.try_into().expect("one delivery");
    assert_eq!((claimed.key.webhook, claimed.due_at), (webhook.id, at));
    assert_eq!(*accepted.destinations[0].webhook, webhook);
    let views = scene.views(DeliveryFilter::default()).await;
    let seen: Vec<_> = views.iter().map(|view| (view.webhook, view.state)).collect();
    assert_eq!(seen, [(webhook.id, DeliveryState::Pending)]);
    scene.deliver(&claimed).await;
    let books = scene.store.books(None).await.unwrap();
    assert_eq!(books, Books { accepted: 1, delivered: 1, ..Books::default() });
}

pub async fn what_is_for_a_disabled_deleted_or_foreign_webhook_is_not_recorded<B: Backend>(
    backend: B,
) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["*"]).await;
    let disabled = scene.disabled_webhook(&["*"]).await;
    let deleted = scene.webhook(&["*"]).await;
    scene.delete(&deleted).await;
    let foreign = Webhook { environment: scene.live(), ..scene.new_webhook(&["*"]) };
    let foreign = scene.add(foreign).await;
    let unknown = scene.new_webhook(&["*"]);
    for webhook in [disabled, deleted, foreign, unknown] {
        let recorded = scene.store.record(scene.record_for(webhook.id)).await.unwrap();
        assert!(matches!(recorded, Recorded::Unwelcome), "{recorded:?}");
    }
    let events = scene.store.list_events(scene.environment, EventFilter::default(), whole());
    assert_eq!(events.await.unwrap().total, 0);
    assert_eq!(scene.store.books(None).await.unwrap(), Books::default());
}

pub async fn what_was_accepted_for_one_webhook_alone_survives_reopening<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["check.failed"]).await;
    let other = scene.webhook(&["*"]).await;
    scene.record(scene.record_for(webhook.id)).await;
    let scene = scene.reopened().await;
    assert_eq!(scene.claim(webhook.id, 10).await.deliveries.len(), 1);
    assert!(scene.claim(other.id, 10).await.deliveries.is_empty());
}

pub async fn for_whom_alone_an_event_was_is_kept_and_only_of_such_events<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["check.failed"]).await;
    let (ours, live) = (scene.environment, scene.live());
    let for_all = scene.record(scene.new_record("client.created")).await.receipt.events[0].0;
    let test = scene.record(scene.record_for(webhook.id)).await.receipt.events[0].0;
    let nobodys = scene.new_event("client.created").id;
    scene.delete(&webhook).await;
    let scene = scene.reopened().await;
    for (environment, event, expected) in [
        (ours, test, Some(webhook.id)),
        (ours, for_all, None),
        (ours, nobodys, None),
        (live, test, None),
    ] {
        let found = scene.store.test_event_for(environment, event).await.unwrap();
        assert_eq!(found, expected, "{event}");
    }
}
