//! The customer's API, as ComplyCube's SDKs speak it, opened by an environment's key.
//!
//! One file per operation; a resource's `mod.rs` holds how it is shown.

mod addresses;
pub(crate) mod checks;
mod clients;
pub(crate) mod deliveries;
mod documents;
mod endpoints;
mod event_types;
mod events;
mod recoveries;
mod webhooks;

use std::sync::Arc;

use herald_engine::Engine;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt},
    routes,
};

use crate::routes::AlsoWithSlash;

/// Every operation of the customer's API.
pub(crate) fn router() -> OpenApiRouter<Arc<Engine>> {
    OpenApiRouter::new()
        .merge(notifications())
        .merge(resources())
        .merge(documents())
        .merge(endpoints())
}

/// What the account is told, and where it is told.
fn notifications() -> OpenApiRouter<Arc<Engine>> {
    OpenApiRouter::new()
        .operations(routes!(webhooks::create::create_webhook, webhooks::list::list_webhooks))
        .operations(routes!(
            webhooks::get::get_webhook,
            webhooks::update::update_webhook,
            webhooks::delete::delete_webhook
        ))
        .operations(routes!(webhooks::rotate_secret::rotate_secret))
        .operations(routes!(webhooks::switch_secret::switch_secret))
        .operations(routes!(webhooks::test::send_test_event))
        .operations(routes!(events::list::list_events))
        .operations(routes!(events::get::get_event))
        .operations(routes!(events::why::why_event))
        .operations(routes!(webhooks::statistics::webhook_statistics))
        .operations(routes!(deliveries::list::list_deliveries))
        .operations(routes!(deliveries::get::get_delivery))
        .operations(routes!(event_types::list_event_types))
        .operations(routes!(deliveries::resend::resend_delivery))
        .operations(routes!(events::resend::resend_event))
        .operations(routes!(webhooks::recover::recover_webhook))
        .operations(routes!(recoveries::list::list_recoveries))
        .operations(routes!(recoveries::get::get_recovery))
        .operations(routes!(recoveries::cancel::cancel_recovery))
}

/// What the account keeps, but for documents.
fn resources() -> OpenApiRouter<Arc<Engine>> {
    OpenApiRouter::new()
        .operations(routes!(clients::create::create_client, clients::list::list_clients))
        .operations(routes!(
            clients::get::get_client,
            clients::update::update_client,
            clients::delete::delete_client
        ))
        .operations(routes!(addresses::create::create_address, addresses::list::list_addresses))
        .operations(routes!(
            addresses::get::get_address,
            addresses::update::update_address,
            addresses::delete::delete_address
        ))
        .operations(routes!(checks::create::create_check, checks::list::list_checks))
        .operations(routes!(checks::get::get_check, checks::update::update_check))
        .operations(routes!(checks::validate::validate_check))
}

/// Documents and their images.
fn documents() -> OpenApiRouter<Arc<Engine>> {
    use documents::{create, delete, delete_image, download, get, list, update, upload};

    let image = routes!(delete_image::delete_image);
    OpenApiRouter::new()
        .operations(routes!(create::create_document, list::list_documents))
        .operations(routes!(get::get_document, update::update_document, delete::delete_document))
        .operations(routes!(upload::upload_image))
        .operations(routes!(download::download_image))
        .operations(image.map(|methods| methods.get(delete_image::get_nothing)))
}

/// Temporary endpoints and what they keep.
fn endpoints() -> OpenApiRouter<Arc<Engine>> {
    use endpoints::{create, delete, get, list, live, request, requests, update};

    OpenApiRouter::new()
        .operations(routes!(create::create_endpoint, list::list_endpoints))
        .operations(routes!(get::get_endpoint, update::update_endpoint, delete::delete_endpoint))
        .operations(routes!(requests::list_requests))
        .operations(routes!(request::get_request))
        .operations(routes!(live::watch_endpoint))
}
