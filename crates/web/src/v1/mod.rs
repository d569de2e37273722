//! The customer's API, as ComplyCube's SDKs speak it, opened by an environment's key.
//!
//! One file per operation; a resource's `mod.rs` holds how it is shown.

mod deliveries;
mod event_types;
mod events;
mod webhooks;

use std::sync::Arc;

use herald_engine::Engine;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::routes::AlsoWithSlash;

/// Every operation of the customer's API.
pub(crate) fn router() -> OpenApiRouter<Arc<Engine>> {
    OpenApiRouter::new()
        .operations(routes!(webhooks::create::create_webhook, webhooks::list::list_webhooks))
        .operations(routes!(
            webhooks::get::get_webhook,
            webhooks::update::update_webhook,
            webhooks::delete::delete_webhook
        ))
        .operations(routes!(events::list::list_events))
        .operations(routes!(events::get::get_event))
        .operations(routes!(deliveries::list::list_deliveries))
        .operations(routes!(deliveries::get::get_delivery))
        .operations(routes!(event_types::list_event_types))
}
