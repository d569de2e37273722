//! A walk's warnings and notices.

use std::{collections::BTreeMap, time::Duration};

use herald_domain::{
    account::EnvironmentId,
    id::{DeliveryId, EventId, WebhookId},
    notice::{Notice, Warning},
    webhook::{Failing, Webhook},
};

use super::{Both, Walk, publishers_view};
use crate::{
    After, DeliveryView, Listed, NoticeTaken, Notices, Record, Settlement, Store, WebhookFilter,
    contract::{Backend, fixtures::whole},
};

/// More than ever wait.
const ALL: usize = 1_000;

impl<B: Backend> Walk<B> {
    /// These settlements, now and then with a warning, or without notices.
    pub(super) fn warned(&mut self, both: Both<Settlement>) -> Both<Settlement> {
        let (warning, notices) = self.warning(&both.store.after);
        let told = |settlement| Settlement { warning, notices, ..settlement };
        Both { store: told(both.store), model: told(both.model) }
    }

    fn warning(&mut self, after: &After) -> (Option<Warning>, bool) {
        let notices = self.dice.below(8) > 0;
        if !matches!(after, After::Retry { .. }) || self.dice.below(3) == 0 {
            return (None, notices);
        }
        let seconds = |dice: u64| Duration::from_secs(dice);
        let now = self.scene.tick();
        let warning = Warning {
            attempts_left: 1 + u32::try_from(self.dice.below(3)).unwrap_or(0),
            last_attempt_at: now.after(seconds(self.dice.below(100))),
            spared_from: (self.dice.below(3) == 0)
                .then(|| now.before(seconds(self.dice.below(100)))),
            quiet_since: now.before(seconds(self.dice.below(200))),
        };
        (Some(warning), notices)
    }

    /// Takes one of the notices that wait, with an event of it or without.
    pub(super) async fn take_notice(&mut self) {
        let store = self.scene.store.waiting_notices(ALL).await.unwrap();
        let model = self.model.waiting_notices(ALL).await.unwrap();
        let Some(index) = (!store.is_empty()).then(|| self.dice.index(store.len())) else { return };
        let environment = self.environment();
        let at = self.scene.tick();
        let record = (self.dice.below(4) > 0).then(|| Record {
            environment,
            writes: Vec::new(),
            events: vec![self.scene.new_event("webhook.failing")],
            idempotency: None,
            only: None,
            at,
        });
        self.trail.note("take notice", (store[index].id, record.is_some()));
        let taken = self.scene.store.take_notice(store[index].id, record.clone()).await.unwrap();
        let expected = self.model.take_notice(model[index].id, record).await.unwrap();
        match (taken, expected) {
            (NoticeTaken::Recorded(taken), NoticeTaken::Recorded(expected)) => {
                assert_eq!(publishers_view(&taken), publishers_view(&expected));
                self.take_fresh(taken, expected);
            }
            (NoticeTaken::Dropped, NoticeTaken::Dropped) => {}
            other => panic!("{other:?}"),
        }
    }

    /// The same notices wait, but for ids of the stores' own.
    pub(super) async fn compare_notices(&self) {
        let store = self.scene.store.waiting_notices(ALL).await.unwrap();
        let model = self.model.waiting_notices(ALL).await.unwrap();
        let nameless = |notice: Notice| Notice {
            id: EventId::from_bytes([0; 12]),
            delivery: DeliveryId::from_bytes([0; 12]),
            ..notice
        };
        let [store, model] =
            [store, model].map(|all| all.into_iter().map(nameless).collect::<Vec<_>>());
        assert_eq!(store, model);
    }
}

/// A webhook without the name of the delivery that makes it fail, which is each store's own.
pub(super) fn nameless(webhook: Webhook) -> Webhook {
    renamed(webhook, |_| DeliveryId::from_bytes([0; 12]))
}

/// The webhooks of an environment; the delivery that makes one fail is named like its event.
pub(super) async fn told(
    store: &impl Store,
    environment: EnvironmentId,
    deliveries: &BTreeMap<(EventId, WebhookId), (DeliveryId, DeliveryView)>,
) -> Listed<Webhook> {
    let webhooks = store.list_webhooks(environment, WebhookFilter::default(), whole()).await;
    let event_of = |id| {
        let found = deliveries.iter().find(|(_, (of, _))| *of == id);
        DeliveryId(found.expect("it is listed").0.0.0)
    };
    webhooks.unwrap().map(|webhook| renamed(webhook, event_of))
}

fn renamed(webhook: Webhook, name: impl Fn(DeliveryId) -> DeliveryId) -> Webhook {
    let named = |failing: Failing| Failing { delivery: name(failing.delivery), ..failing };
    Webhook { failing: webhook.failing.map(named), ..webhook }
}
