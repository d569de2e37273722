//! From one event to one delivery per matching webhook (design §4.3).

use crate::{delivery::DeliveryState, id::WebhookId, webhook::Webhook};

/// The first state of a delivery to this webhook, or `None` if it did not ask for the type.
/// A disabled webhook's match is held, never dropped.
pub fn first_state(webhook: &Webhook, event_type: &str) -> Option<DeliveryState> {
    if !webhook.events.matches(event_type) {
        return None;
    }
    Some(if webhook.enabled { DeliveryState::Pending } else { DeliveryState::Held })
}

/// The first state of a delivery to this webhook, if the event is for `only` and nobody else: it
/// need not have asked for it. `None` to every other webhook, and while it is disabled.
pub fn first_state_for_only(webhook: &Webhook, only: WebhookId) -> Option<DeliveryState> {
    (webhook.id == only && webhook.enabled).then_some(DeliveryState::Pending)
}

/// One match of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// Who asked for it.
    pub webhook: WebhookId,
    /// `pending`, or `held` if the webhook is disabled.
    pub state: DeliveryState,
}

/// Everyone in `webhooks` that asked for this type, in the order given.
pub fn fan_out<'a>(
    event_type: &'a str,
    webhooks: impl IntoIterator<Item = &'a Webhook> + 'a,
) -> impl Iterator<Item = Match> + 'a {
    webhooks.into_iter().filter_map(move |webhook| {
        first_state(webhook, event_type).map(|state| Match { webhook: webhook.id, state })
    })
}
