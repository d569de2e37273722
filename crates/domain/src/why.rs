//! "Was it sent, and why not?": what became of an event for a webhook, in one answer.
//!
//! The facts come from the store; what they mean is decided here, so that every way of asking gets
//! the same answer.

use crate::{
    delivery::DeliveryState,
    id::WebhookId,
    time::Timestamp,
    webhook::{ALL_EVENTS, Webhook},
};

/// What is known of an event and a webhook.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The event's type.
    pub event_type: &'a str,
    /// When the event happened.
    pub event_at: Timestamp,
    /// The one webhook that it was for, if it is a test event.
    pub test_for: Option<WebhookId>,
    /// The webhook as it is now; `None` if it was deleted.
    pub webhook: Option<&'a Webhook>,
    /// The event's delivery to it, if there is one.
    pub delivery: Option<Progress>,
    /// What time it is.
    pub now: Timestamp,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Its state.
    pub state: DeliveryState,
    /// Attempts made so far.
    pub attempts: u32,
    /// When the next one is due; only while it is pending.
    pub due_at: Option<Timestamp>,
    /// Whether it is delivered though no attempt of its schedule was acknowledged.
    pub on_request: bool,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Whether the event matched the webhook, so that a delivery was made.
    pub matched: bool,
    /// By which entry of the webhook's events it matches as they are now: `*`, or the type's name.
    pub rule: Option<String>,
    /// What happened, or what it waits for; for programs.
    pub reason: Reason,
    /// The same for people: one or two sentences.
    pub explanation: String,
    /// When it goes on, if it is known.
    pub until: Option<Timestamp>,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident $text:literal;)*) => {
        /// What happened to an event on its way to a webhook, or what it waits for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason { $($(#[$doc])* $variant,)* }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

reasons! {
    /// It was acknowledged.
    Delivered "delivered";
    /// It is due now, and is or will be attempted within moments.
    Due "due";
    /// An attempt failed; the next one is scheduled.
    WaitsForRetry "waits_for_retry";
    /// The webhook is disabled; it goes on when it is enabled.
    WaitsForEnabling "waits_for_enabling";
    /// All attempts failed.
    Exhausted "exhausted";
    /// The webhook was disabled when the event happened; it is sent only on request.
    Held "held";
    /// The webhook was deleted before it was delivered.
    WebhookDeleted "webhook_deleted";
    /// The webhook was made after the event.
    WebhookMadeLater "webhook_made_later";
    /// The webhook did not ask for this type.
    NotAskedFor "not_asked_for";
    /// The webhook asks for this type now, and did not when the event happened.
    AskedForLater "asked_for_later";
    /// It is a test event, which goes to one webhook alone, and this is another one.
    TestEvent "test_event";
}

/// What became of the event for the webhook.
pub fn explain(facts: &Facts<'_>) -> Explanation {
    let rule = facts.webhook.and_then(|webhook| rule_of(webhook, facts.event_type));
    let (reason, explanation, until) = match facts.delivery {
        Some(progress) => of_delivery(facts, progress),
        None => without_delivery(facts, rule.is_some()),
    };
    Explanation { matched: facts.delivery.is_some(), rule, reason, explanation, until }
}

/// Which entry of a webhook's events a type matches.
fn rule_of(webhook: &Webhook, event_type: &str) -> Option<String> {
    let names = webhook.events.names().iter();
    let named = names.clone().find(|name| *name == event_type);
    named.or_else(|| names.clone().find(|name| *name == ALL_EVENTS)).cloned()
}

fn of_delivery(facts: &Facts<'_>, progress: Progress) -> (Reason, String, Option<Timestamp>) {
    let attempts = match progress.attempts {
        1 => "1 attempt".to_owned(),
        more => format!("{more} attempts"),
    };
    match progress.state {
        // What is sent on request is no attempt of the schedule.
        DeliveryState::Delivered if progress.on_request => {
            let text = match progress.attempts {
                0 => "It was acknowledged when it was sent on request.".to_owned(),
                _ => format!(
                    "It was acknowledged when it was sent on request, after {attempts} of its schedule \
                     had failed."
                ),
            };
            (Reason::Delivered, text, None)
        }
        DeliveryState::Delivered => {
            let text = format!("It was acknowledged. Its schedule took {attempts}.");
            (Reason::Delivered, text, None)
        }
        DeliveryState::Pending => pending(facts, progress, &attempts),
        DeliveryState::Exhausted => {
            let text = format!(
                "All {attempts} failed, so it was given up. Resend it, or recover what the webhook \
                 missed, once the receiver works."
            );
            (Reason::Exhausted, text, None)
        }
        DeliveryState::Held => {
            let text = "The webhook was disabled when the event happened, so it is held. It is sent \
                        only on request: resend it, or recover what the webhook missed.";
            (Reason::Held, text.to_owned(), None)
        }
        DeliveryState::Cancelled => {
            let text = format!("The webhook was deleted before it was delivered ({attempts}).");
            (Reason::WebhookDeleted, text, None)
        }
    }
}

fn pending(
    facts: &Facts<'_>,
    progress: Progress,
    attempts: &str,
) -> (Reason, String, Option<Timestamp>) {
    let Some(webhook) = facts.webhook else {
        let text = "The webhook was deleted; what is pending for it is being cancelled.";
        return (Reason::WebhookDeleted, text.to_owned(), None);
    };
    if !webhook.enabled {
        let why = match &webhook.disabled {
            Some(disabled) => format!("Herald disabled the webhook at {}", disabled.at.in_words()),
            None => "The webhook is disabled".to_owned(),
        };
        let text = format!("{why}. It goes on with its schedule once it is enabled ({attempts}).");
        return (Reason::WaitsForEnabling, text, None);
    }
    let due_at = progress.due_at.filter(|at| *at > facts.now);
    match due_at {
        Some(at) if progress.attempts > 0 => {
            let text = format!("{attempts} failed; the next one is due at {}.", at.in_words());
            (Reason::WaitsForRetry, text, Some(at))
        }
        _ => {
            let text = format!(
                "It is due, and is sent as soon as the webhook has room for it ({attempts} so far)."
            );
            (Reason::Due, text, None)
        }
    }
}

fn without_delivery(facts: &Facts<'_>, matches: bool) -> (Reason, String, Option<Timestamp>) {
    let Some(webhook) = facts.webhook else {
        let text = "The webhook was deleted, and nothing of this event was meant for it.";
        return (Reason::WebhookDeleted, text.to_owned(), None);
    };
    if facts.test_for.is_some_and(|only| only != webhook.id) {
        return (Reason::TestEvent, "This is a test event for another webhook.".to_owned(), None);
    }
    let event_type = facts.event_type;
    if webhook.created_at > facts.event_at {
        let text = format!(
            "The webhook was made at {}, after the event, and gets what happens from then on.",
            webhook.created_at.in_words()
        );
        return (Reason::WebhookMadeLater, text, None);
    }
    if matches {
        let text = format!(
            "The webhook asks for {event_type} now, and did not when the event happened. It last \
             changed at {}.",
            webhook.updated_at.in_words()
        );
        return (Reason::AskedForLater, text, None);
    }
    let text = format!(
        "The webhook asks for {}, and not for {event_type}.",
        webhook.events.names().join(", ")
    );
    (Reason::NotAskedFor, text, None)
}

#[cfg(test)]
mod tests;
