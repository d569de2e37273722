//! Webhooks: where an environment's notifications go, which it asked for, and whether they flow.

use crate::{
    account::EnvironmentId,
    catalogue::Catalogue,
    id::{DeliveryId, WebhookId},
    problem::Problem,
    rotation::Rotation,
    time::Timestamp,
};

/// The wildcard of a subscription: every event type.
pub const ALL_EVENTS: &str = "*";

/// A URL, the events it asked for, and whether they flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where it belongs.
    pub environment: EnvironmentId,
    /// What its owner says of it.
    pub description: Option<String>,
    /// Where notifications are POSTed.
    pub url: String,
    /// Whether they flow. While they do not, matches are held (design §5.7).
    pub enabled: bool,
    /// What it asked for.
    pub events: Subscription,
    /// Its signing secret, sealed.
    pub secret: SealedSecret,
    /// What is left of the secret before it, while both count.
    pub rotation: Option<Rotation>,
    /// Why Herald disabled it, until somebody enables it again.
    pub disabled: Option<Disabled>,
    /// That it is close to being disabled, while it is enabled. Only people are shown it: what is
    /// claimed or recorded does not have it.
    pub failing: Option<Failing>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A secret encrypted at rest. The store keeps it, only the engine opens it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret(pub Vec<u8>);

impl std::fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedSecret(..)")
    }
}

/// That Herald, not a person, disabled a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disabled {
    /// In words for its owner.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// That a webhook is close to being disabled: one of its deliveries has few attempts left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Which delivery; it is pending.
    pub delivery: DeliveryId,
    /// Since when the webhook has been failing.
    pub since: Timestamp,
    /// Attempts of that delivery that are left.
    pub attempts_left: u32,
    /// When the last one is, at the earliest. If it fails too, the webhook is disabled.
    pub last_attempt_at: Timestamp,
}

/// The event types that a webhook asked for: names of the catalogue, or `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription(Vec<String>);

impl Subscription {
    /// Checks names against the catalogue (design §5.18): unknown ones are refused by name,
    /// duplicates collapse, order stays.
    pub fn new(catalogue: &Catalogue, names: Vec<String>) -> Result<Self, Problem> {
        let mut kept: Vec<String> = Vec::with_capacity(names.len().min(64));
        let mut unknown: Vec<String> = Vec::new();
        for name in names {
            let known = name == ALL_EVENTS || catalogue.get(&name).is_some();
            let list = if known { &mut kept } else { &mut unknown };
            if !list.contains(&name) && list.len() < 1000 {
                list.push(name);
            }
        }
        if !unknown.is_empty() {
            unknown.truncate(10);
            let message = format!(
                "'events' has unknown event types: {}; GET /v1/eventTypes lists the known ones",
                unknown.iter().map(|name| shorten(name)).collect::<Vec<_>>().join(", ")
            );
            return Err(Problem::invalid("events", message));
        }
        if kept.is_empty() {
            return Err(Problem::invalid("events", "'events' should name at least one event type"));
        }
        Ok(Self(kept))
    }

    /// What was accepted earlier, as a store kept it. The catalogue may have changed since.
    pub fn from_stored(names: Vec<String>) -> Self {
        Self(names)
    }

    /// The names, as they were given.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether an event of this type was asked for.
    pub fn matches(&self, event_type: &str) -> bool {
        self.0.iter().any(|name| name == ALL_EVENTS || name == event_type)
    }
}

/// A name as an error may repeat it: at most 80 characters of it.
fn shorten(name: &str) -> String {
    let mut shown: String = name.chars().take(80).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    format!("'{shown}'")
}

/// What an update changes; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookPatch {
    /// A new description; `Some(None)` removes it.
    pub description: Option<Option<String>>,
    /// A new URL, already judged.
    pub url: Option<String>,
    /// Start or stop the flow.
    pub enabled: Option<bool>,
    /// A new subscription.
    pub events: Option<Subscription>,
}

impl Webhook {
    /// This webhook after the patch. Enabling it forgets why Herald had disabled it; pending
    /// deliveries then go on with their schedule (design §5.6).
    #[must_use]
    pub fn patched(mut self, patch: &WebhookPatch, at: Timestamp) -> Self {
        if let Some(description) = &patch.description {
            self.description.clone_from(description);
        }
        if let Some(url) = &patch.url {
            self.url.clone_from(url);
        }
        if let Some(enabled) = patch.enabled {
            self.enabled = enabled;
            if enabled {
                self.disabled = None;
            } else {
                self.failing = None;
            }
        }
        if let Some(events) = &patch.events {
            self.events = events.clone();
        }
        self.updated_at = at;
        self
    }

    /// This webhook after Herald gave up on it.
    #[must_use]
    pub fn given_up(mut self, reason: String, at: Timestamp) -> Self {
        self.enabled = false;
        self.disabled = Some(Disabled { reason, at });
        self.failing = None;
        self.updated_at = at;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_event_types_are_refused_by_name() {
        let names = vec!["client.created".into(), "client.exploded".into()];
        let problem = Subscription::new(&Catalogue::built_in(), names).unwrap_err();
        assert_eq!(problem.param.as_deref(), Some("events"));
        assert!(problem.message.contains("'client.exploded'"), "{}", problem.message);
        assert!(!problem.message.contains("client.created"), "{}", problem.message);
    }

    #[test]
    fn duplicate_event_types_collapse_in_order() {
        let names = ["check.failed", "*", "check.failed", "*"].map(String::from).to_vec();
        let subscription = Subscription::new(&Catalogue::built_in(), names).unwrap();
        assert_eq!(subscription.names(), ["check.failed", "*"]);
        assert!(subscription.matches("client.created"));
    }
}
