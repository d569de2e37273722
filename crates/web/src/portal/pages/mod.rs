//! The pages, one a file: what it shows (a struct), how it is loaded, how it looks.

pub(super) mod deliveries;
pub(super) mod delivery;
mod delivery_table;
pub(super) mod endpoint;
pub(super) mod endpoint_delete;
mod endpoint_request;
pub(super) mod endpoints;
pub(super) mod event;
pub(super) mod event_type;
pub(super) mod event_types;
pub(super) mod events;
pub(super) mod keys;
pub(super) mod overview;
pub(super) mod recoveries;
pub(super) mod recovery;
mod resent;
#[cfg(test)]
mod tests;
pub(super) mod webhook;
pub(super) mod webhook_delete;
pub(super) mod webhook_edit;
mod webhook_form;
pub(super) mod webhook_new;
pub(super) mod webhook_recover;
pub(super) mod webhook_secret;
pub(super) mod webhook_test_event;
pub(super) mod webhooks;

use herald_domain::{account::EnvironmentId, delivery::DeliveryState, id::WebhookId};
use herald_engine::Engine;
use herald_store::{DeliveryCounts, Page};

use super::fault::Result;

/// How many deliveries each webhook has in each state.
struct Counts(Vec<DeliveryCounts>);

impl Counts {
    fn of(&self, webhook: WebhookId, state: DeliveryState) -> u64 {
        let found = self.0.iter().find(|counts| counts.webhook == webhook);
        found.map_or(0, |counts| counts.in_state(state))
    }
}

/// How many deliveries each webhook of an environment has in each state.
async fn counts(engine: &Engine, environment: EnvironmentId) -> Result<Counts> {
    Ok(Counts(engine.delivery_counts(environment).await?))
}

/// The first so many of a list.
fn first(count: u32) -> Page {
    Page::new(1, count).unwrap_or_default()
}
