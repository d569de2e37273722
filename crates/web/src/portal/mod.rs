//! The web portal: what an account's people see of Herald, and change.
//!
//! A link of the operator's signs somebody in ([`sign_in`]); from then on a cookie names their
//! session. A handler says in its parameters what it needs: [`Here`] for a page, [`Change`] for a
//! form. There is no other way to a form's fields, so none can be read without a session, the
//! role, and the token that its page carried ([`visitor`]). Handlers load a view from the engine
//! and nothing else; a view is a plain struct, and its page a function of it ([`pages`]).
//!
//! What comes from outside (payloads, responses, names, addresses) is text, never markup: it goes
//! through [`parts::text`], which also makes visible what would hide or turn text around. The
//! policy ([`policy`]) lets the browser load nothing but our own files and run no inline script;
//! every page works without script. With it, a part that changes is kept up to date
//! ([`parts::live`]); ADR 17 says why it is done so.
//!
//! # To add a page
//!
//! 1. Write its file in `pages`: the handler, the view, `render`.
//! 2. Add it to [`shown`]; if it changes something, its form to [`forms`].
//! 3. Add a view of it to the tests in `pages/tests.rs`, which render every page with hostile texts.
//!    Who may not submit a form is tested already: those tests go by [`forms`].

mod assets;
mod cookie;
mod fault;
mod form;
mod layout;
mod pages;
mod parts;
mod policy;
mod sign_in;
mod theme;
mod visitor;

use std::sync::Arc;

use axum::{
    Router, middleware,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use herald_engine::Engine;
use url::Url;

use crate::WebOptions;
use fault::Fault;
use visitor::{Change, Here};

/// What the portal's handlers share.
#[derive(Clone)]
pub(crate) struct Portal {
    engine: Arc<Engine>,
    /// Scheme, host and port at which people reach Herald, if that was configured.
    origin: Option<String>,
}

impl Portal {
    /// Whether people are known to reach Herald by HTTPS.
    fn is_over_https(&self) -> bool {
        self.origin.as_ref().is_some_and(|origin| origin.starts_with("https://"))
    }
}

/// Everything below `/portal`.
pub(crate) fn router(engine: Arc<Engine>, options: &WebOptions) -> Router {
    let url = options.public_url.as_deref().and_then(|url| Url::parse(url).ok());
    let portal = Portal { engine, origin: url.map(|url| url.origin().ascii_serialization()) };
    let add = |router: Router<Portal>, (path, methods): (&str, MethodRouter<Portal>)| {
        let with_slash = format!("{path}/");
        router.route(path, methods.clone()).route(&with_slash, methods)
    };
    let router = shown().into_iter().chain(forms()).fold(Router::new(), add);
    router
        .layer(middleware::from_fn_with_state(portal.clone(), fault::frame))
        .layer(middleware::from_fn(policy::keep))
        .with_state(portal)
        // Anybody may have them, and they are the only thing here that a browser keeps.
        .route("/portal/assets/{name}", get(assets::asset))
}

/// Whether what no route takes would have been a page, by its path.
pub(crate) fn has(path: &str) -> bool {
    path == "/portal" || path.starts_with("/portal/")
}

/// The page that is not there.
pub(crate) fn missing() -> Response {
    policy::keeping(Fault::not_found().into_response())
}

/// The page whose address takes something else, such as a form that is opened like a page.
pub(crate) fn no_method() -> Response {
    policy::keeping(Fault::no_method().into_response())
}

/// The paths to which the portal's forms are sent: all that changes something but signing in. For
/// tests that go by it.
pub fn portal_forms() -> Vec<&'static str> {
    forms().into_iter().map(|(path, _)| path).collect()
}

/// What only shows something. Signing in is here because it has no session yet to be guarded by.
fn shown() -> Vec<(&'static str, MethodRouter<Portal>)> {
    use pages::{
        deliveries, delivery, endpoint, endpoint_delete, endpoints, event, event_type, event_types,
        events, keys, overview, recoveries, recovery, webhook, webhook_delete, webhook_edit,
        webhook_new, webhook_recover, webhook_secret, webhook_test_event, webhooks,
    };
    vec![
        ("/portal", get(sign_in::home)),
        ("/portal/link/{token}", get(sign_in::offer).post(sign_in::accept)),
        ("/portal/{mode}", get(overview::show)),
        ("/portal/{mode}/webhooks", get(webhooks::show)),
        ("/portal/{mode}/webhooks/new", get(webhook_new::show)),
        ("/portal/{mode}/webhooks/{id}", get(webhook::show)),
        ("/portal/{mode}/webhooks/{id}/edit", get(webhook_edit::show)),
        ("/portal/{mode}/webhooks/{id}/test-event", get(webhook_test_event::show)),
        ("/portal/{mode}/webhooks/{id}/rotate-secret", get(webhook_secret::show)),
        ("/portal/{mode}/webhooks/{id}/recover", get(webhook_recover::show)),
        ("/portal/{mode}/webhooks/{id}/delete", get(webhook_delete::show)),
        ("/portal/{mode}/recoveries", get(recoveries::show)),
        ("/portal/{mode}/recoveries/{id}", get(recovery::show)),
        ("/portal/{mode}/events", get(events::show)),
        ("/portal/{mode}/events/{id}", get(event::show)),
        ("/portal/{mode}/deliveries", get(deliveries::show)),
        ("/portal/{mode}/deliveries/{id}", get(delivery::show)),
        ("/portal/{mode}/endpoints", get(endpoints::show)),
        ("/portal/{mode}/endpoints/{id}", get(endpoint::show)),
        ("/portal/{mode}/endpoints/{id}/live", get(endpoint::live)),
        ("/portal/{mode}/endpoints/{id}/delete", get(endpoint_delete::show)),
        ("/portal/{mode}/event-types", get(event_types::show)),
        ("/portal/{mode}/event-types/{id}", get(event_type::show)),
        ("/portal/{mode}/keys", get(keys::show)),
        ("/portal/{mode}/keys/{id}/revoke", get(keys::confirm)),
    ]
}

/// What changes something. Each handler takes a [`Change`], or a [`visitor::Own`] if it only concerns
/// whoever asks.
fn forms() -> Vec<(&'static str, MethodRouter<Portal>)> {
    use pages::{
        delivery, endpoint, endpoint_delete, endpoints, event, keys, recovery, webhook,
        webhook_delete, webhook_edit, webhook_new, webhook_recover, webhook_secret,
        webhook_test_event,
    };
    vec![
        ("/portal/sign-out", post(sign_in::sign_out)),
        ("/portal/theme", post(theme::choose)),
        ("/portal/{mode}/webhooks", post(webhook_new::create)),
        ("/portal/{mode}/webhooks/{id}/edit", post(webhook_edit::update)),
        ("/portal/{mode}/webhooks/{id}/enabled", post(webhook::enable)),
        ("/portal/{mode}/webhooks/{id}/test-event", post(webhook_test_event::send)),
        ("/portal/{mode}/webhooks/{id}/rotate-secret", post(webhook_secret::rotate)),
        ("/portal/{mode}/webhooks/{id}/switch-secret", post(webhook_secret::switch)),
        ("/portal/{mode}/webhooks/{id}/recover", post(webhook_recover::begin)),
        ("/portal/{mode}/webhooks/{id}/delete", post(webhook_delete::delete)),
        ("/portal/{mode}/recoveries/{id}/cancel", post(recovery::cancel)),
        ("/portal/{mode}/events/{id}/resend", post(event::resend)),
        ("/portal/{mode}/deliveries/{id}/resend", post(delivery::resend)),
        ("/portal/{mode}/endpoints", post(endpoints::create)),
        ("/portal/{mode}/endpoints/{id}", post(endpoint::update)),
        ("/portal/{mode}/endpoints/{id}/delete", post(endpoint_delete::delete)),
        ("/portal/{mode}/keys", post(keys::create)),
        ("/portal/{mode}/keys/{id}/revoke", post(keys::revoke)),
    ]
}
