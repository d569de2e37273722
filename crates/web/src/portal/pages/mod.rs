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
use herald_store::{DeliveryFilter, Page};

use super::fault::Result;

/// How many deliveries of a webhook are in a state.
async fn count(
    engine: &Engine,
    environment: EnvironmentId,
    webhook: WebhookId,
    state: DeliveryState,
) -> Result<u64> {
    let filter =
        DeliveryFilter { webhook: Some(webhook), state: Some(state), ..DeliveryFilter::default() };
    let page = Page::new(1, 1).unwrap_or_default();
    Ok(engine.list_deliveries(environment, filter, page).await?.total)
}

/// The first so many of a list.
fn first(count: u32) -> Page {
    Page::new(1, count).unwrap_or_default()
}
