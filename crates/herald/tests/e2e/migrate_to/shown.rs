//! Everything that a store shows, as lines that two stores can be compared by.

use std::fmt::Debug;

use herald_domain::{
    account::{EnvironmentId, Mode},
    delivery::DeliveryState,
    id::ResourceId,
    resource::{Attribute, Kind, document::Side},
    time::Timestamp,
};
use herald_store::{
    DeliveryFilter, EventFilter, Listed, Page, RecoveryFilter, ResourceFilter, Result, Store,
    TimeRange, WebhookFilter,
};

use super::filled::{LINK, SESSION};

/// A time at which everything is there that does not expire, and everything else has not yet.
const EARLY: Timestamp = Timestamp::from_millis(0);

/// Later than anything is due.
const LATE: Timestamp = Timestamp::from_millis(1 << 45);

/// Of which events' deliveries the attempts are shown: those of all that are held have none.
const WITH_ATTEMPTS: usize = 200;

/// What is shown.
#[derive(Default)]
pub(super) struct Shown(pub(super) Vec<String>);

impl Shown {
    /// Everything that this store shows.
    pub(super) async fn of(store: &impl Store) -> Self {
        let mut shown = Self::default();
        shown.add("books", store.books(None).await);
        shown.add("notices", store.waiting_notices(1_000).await);
        shown.add("running", store.running_recoveries(1_000).await);
        shown.add("link", store.link(LINK).await);
        shown.add("session", store.session(SESSION).await);
        shown.add("due webhooks", store.due(None, 1_000).await);
        let due = store.due_resources(LATE, 1_000).await.expect("it answers");
        shown.add("due resources", Ok((due.due, due.next)));
        for account in shown.list("account", async |page| store.list_accounts(page).await).await {
            for key in store.list_keys(account.id).await.expect("it answers") {
                shown.add("key", store.find_key(key.hash).await);
            }
            for mode in [Mode::Test, Mode::Live] {
                let environment = EnvironmentId { account: account.id, mode };
                shown.webhooks(store, environment).await;
                shown.history(store, environment).await;
                shown.resources(store, environment).await;
                shown.endpoints(store, environment).await;
            }
        }
        shown
    }

    /// A text without U+0000, which PostgreSQL does not keep.
    fn add<T: Debug>(&mut self, what: &str, answer: Result<T>) {
        let line = format!("{what}: {:?}", answer.expect("it answers"));
        self.0.push(line.replace("\\0", "\u{2400}"));
    }

    /// All pages of a list.
    async fn list<T: Debug>(
        &mut self,
        what: &str,
        ask: impl AsyncFn(Page) -> Result<Listed<T>>,
    ) -> Vec<T> {
        let mut items = Vec::new();
        for number in 1.. {
            let page = ask(Page::new(number, 1_000).expect("a page")).await.expect("it answers");
            let (total, more) = (page.total, page.items.len());
            items.extend(page.items);
            if more < 1_000 {
                self.add(&format!("total of {what}"), Ok(total));
                break;
            }
        }
        for item in &items {
            self.add(what, Ok(item));
        }
        items
    }

    async fn webhooks(&mut self, store: &impl Store, environment: EnvironmentId) {
        let all =
            async |page| store.list_webhooks(environment, WebhookFilter::default(), page).await;
        let any = RecoveryFilter::default();
        self.list("recovery", async |page| store.list_recoveries(environment, any, page).await)
            .await;
        let hours = TimeRange::default();
        self.add("statistics of all", store.statistics(environment, None, hours).await);
        for webhook in self.list("webhook", all).await {
            self.add("secret", Ok(&webhook.secret.0));
            self.add("previous", Ok(webhook.rotation.map(|rotation| rotation.previous.0)));
            self.add("next", store.next_attempts(environment, webhook.id, 1_000).await);
            self.add("statistics", store.statistics(environment, Some(webhook.id), hours).await);
            let filter = DeliveryFilter { webhook: Some(webhook.id), ..DeliveryFilter::default() };
            self.list("delivery of a webhook", async |page| {
                store.list_deliveries(environment, filter.clone(), page).await
            })
            .await;
        }
    }

    async fn history(&mut self, store: &impl Store, environment: EnvironmentId) {
        self.add("books of one", store.books(Some(environment)).await);
        self.add("counts", store.delivery_counts(environment).await);
        for state in DeliveryState::ALL {
            let filter = DeliveryFilter { state: Some(state), ..DeliveryFilter::default() };
            let of_state =
                async |page| store.list_deliveries(environment, filter.clone(), page).await;
            self.list(state.as_str(), of_state).await;
        }
        let all =
            async |page| store.list_deliveries(environment, DeliveryFilter::default(), page).await;
        for delivery in self.list("delivery", all).await.iter().rev().take(WITH_ATTEMPTS) {
            self.add("one", store.delivery(environment, delivery.id).await);
            self.add("attempts", store.attempts(environment, delivery.id).await);
        }
        let all = async |page| store.list_events(environment, EventFilter::default(), page).await;
        let events = self.list("event", all).await;
        for event in events.iter().rev().take(WITH_ATTEMPTS) {
            self.add("event alone", store.event(environment, event.id).await);
            self.add("only for", store.test_event_for(environment, event.id).await);
        }
        for (event_type, resource_type) in
            [("client.created", "client"), ("check.pending", "check")]
        {
            let by_type =
                EventFilter { event_type: Some(event_type.into()), ..EventFilter::default() };
            let by_resource =
                EventFilter { resource_type: Some(resource_type.into()), ..EventFilter::default() };
            for filter in [by_type, by_resource] {
                let some = async |page| store.list_events(environment, filter.clone(), page).await;
                self.list("event of a sort", some).await;
            }
        }
    }

    async fn resources(&mut self, store: &impl Store, environment: EnvironmentId) {
        for kind in Kind::ALL {
            let all = async |page| {
                store.list_resources(environment, kind, ResourceFilter::default(), page).await
            };
            for resource in self.list("resource", all).await {
                let resource: serde_json::Value =
                    serde_json::from_slice(&resource).expect("it is JSON");
                let id = resource["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
                self.resource(store, environment, (kind, id)).await;
            }
        }
    }

    async fn resource(
        &mut self,
        store: &impl Store,
        environment: EnvironmentId,
        (kind, id): (Kind, ResourceId),
    ) {
        let found = store.resource(environment, kind, id).await.expect("it answers");
        self.add("stored", Ok(&found));
        self.add("belongings", store.belongings(environment, id).await);
        for side in [Side::Front, Side::Back] {
            self.add("image", store.image(environment, id, side).await);
        }
        for attribute in found.iter().flat_map(|found| found.resource.attributes()) {
            let path = attribute.path.into_owned().into();
            let attribute = Attribute { path, value: attribute.value.into_owned().into() };
            let filter =
                ResourceFilter { attributes: vec![attribute], ..ResourceFilter::default() };
            self.list("found by attribute", async |page| {
                store.list_resources(environment, kind, filter.clone(), page).await
            })
            .await;
        }
    }

    async fn endpoints(&mut self, store: &impl Store, environment: EnvironmentId) {
        let all = async |page| store.list_endpoints(environment, EARLY, page).await;
        for endpoint in self.list("endpoint", all).await {
            self.add("token", Ok(&endpoint.token.0));
            self.add("by token", store.endpoint_by_token(endpoint.token_hash, EARLY).await);
            self.list("kept request", async |page| {
                store.list_requests(environment, endpoint.id, page).await
            })
            .await;
        }
    }
}
