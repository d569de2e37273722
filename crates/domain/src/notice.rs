//! Notices: the operator is told when a webhook is close to being disabled, and when it is.
//!
//! A notice is an event of the operator's own account ([`OPERATOR`]), so it is recorded, signed,
//! retried and shown like every other. It is no part of the catalogue: nobody else can ask for it.
//! About the operator's own webhooks there are none, since they would go where nothing arrives.

use std::time::Duration;

use crate::{
    account::{EnvironmentId, Mode},
    attempt::ErrorClass,
    delivery::{AttemptEnded, DeliveryRules, DisablePolicy, disables},
    event::{Event, Raised},
    exact_json::{Number, Object, Value},
    id::{AccountId, DeliveryId, EventId, WebhookId},
    schedule::DAY,
    time::Timestamp,
};

/// Where notices are recorded: an account that no id sequence ever makes.
pub const OPERATOR: EnvironmentId = EnvironmentId {
    account: AccountId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    mode: Mode::Live,
};

/// What that account is called.
pub const OPERATOR_NAME: &str = "Herald notices";

/// The webhook that the configuration makes there.
pub const NOTICE_WEBHOOK: WebhookId = WebhookId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);

/// How long nobody is warned of the same webhook again.
pub const QUIET: Duration = DAY;

/// The kind of resource that notices are about.
const RESOURCE_TYPE: &str = "webhook";

/// Whether notices are made of what happens to the webhooks of this environment.
pub fn concerns(environment: EnvironmentId) -> bool {
    environment.account != OPERATOR.account
}

/// That a webhook is close to being disabled: one of its deliveries has few attempts left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warning {
    /// How many attempts of the schedule are left.
    pub attempts_left: u32,
    /// When the last one is, at the earliest.
    pub last_attempt_at: Timestamp,
    /// Once anything is delivered to the webhook at this time or later, exhausting this delivery
    /// will not disable it. `None`: it will in any case.
    pub spared_from: Option<Timestamp>,
    /// Nobody is told again if somebody was told of the webhook after this.
    pub quiet_since: Timestamp,
}

impl Warning {
    /// Whether somebody who was told of the webhook at `told` need not be told again by an attempt
    /// that ended at `at`.
    ///
    /// Attempts may be recorded in another order than they ended in, and clocks are set back: so one
    /// that is ahead counts too, if it is no further away than one of the past may be. What is further
    /// ahead was noted while the clock was wrong.
    pub fn is_quiet(&self, told: Timestamp, at: Timestamp) -> bool {
        told > self.quiet_since && told.since(at) < at.since(self.quiet_since)
    }
}

/// Whether a failed attempt, after which the next is due at `next`, is a reason for a warning: so
/// few attempts are left, and using them up would disable the webhook as things are.
pub fn warning(rules: &DeliveryRules, ended: &AttemptEnded, next: Timestamp) -> Option<Warning> {
    let delays = rules.schedule.delays();
    let to_come = delays.get(usize::try_from(ended.attempts).ok()?..)?;
    let attempts_left = u32::try_from(to_come.len()).ok()?.saturating_add(1);
    // A short schedule would warn of its very first failure.
    let half = u32::try_from(delays.len() / 2).unwrap_or(u32::MAX);
    let is_close = attempts_left <= rules.notice_attempts_left.min(half);
    if ended.success || !is_close || !disables(rules.disable_policy, ended) {
        return None;
    }
    Some(Warning {
        attempts_left,
        last_attempt_at: to_come.iter().fold(next, |at, delay| at.after(*delay)),
        spared_from: match rules.disable_policy {
            DisablePolicy::Always => None,
            DisablePolicy::UnlessSucceeding => Some(ended.first_attempt_at),
        },
        quiet_since: ended.at.before(QUIET),
    })
}

/// What the operator is told of a webhook. Everything is as it was when it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Names it, and the event that it becomes.
    pub id: EventId,
    /// What happened.
    pub what: Happened,
    /// When.
    pub at: Timestamp,
    /// Whose webhook.
    pub environment: EnvironmentId,
    /// Which webhook.
    pub webhook: WebhookId,
    /// Where its notifications are POSTed.
    pub url: String,
    /// What its owner says of it.
    pub description: Option<String>,
    /// The delivery that is the reason.
    pub delivery: DeliveryId,
    /// Its event.
    pub event: EventId,
    /// The type of that.
    pub event_type: String,
    /// Scheduled attempts of the delivery so far.
    pub attempts: u32,
    /// The last one's status, if it was answered.
    pub last_status: Option<u16>,
    /// The last one's class of failure.
    pub last_error: Option<ErrorClass>,
}

/// What happened to a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It is close to being disabled.
    Failing {
        /// Attempts of the delivery that are left.
        attempts_left: u32,
        /// When the last one is, at the earliest: then it is disabled if that one fails too.
        last_attempt_at: Timestamp,
    },
    /// It was disabled.
    Disabled {
        /// Why, as its owner is told.
        reason: String,
    },
}

impl Happened {
    /// The word for metrics, and behind the dot of the event type.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Failing { .. } => "failing",
            Self::Disabled { .. } => "disabled",
        }
    }
}

impl Notice {
    /// The event that tells of it. It has neither a secret nor anything of the customer's events.
    pub fn event(&self) -> Event {
        let raised = Raised {
            event_type: format!("{RESOURCE_TYPE}.{}", self.what.kind()),
            resource_type: RESOURCE_TYPE.to_owned(),
            payload: self.payload().into(),
            size_hint: 1_024 + self.url.len(),
        };
        Event::new(self.id, &raised, self.at)
    }

    fn payload(&self) -> Object {
        let text = |value: &dyn std::fmt::Display| Some(Value::from(value.to_string()));
        let number = |value: u32| Value::from(Number::from(value));
        let (left, last_at, reason) = match &self.what {
            Happened::Failing { attempts_left, last_attempt_at } => {
                (*attempts_left, text(last_attempt_at), None)
            }
            Happened::Disabled { reason } => (0, None, Some(reason.as_str().into())),
        };
        let disabled_at = reason.as_ref().and_then(|_| text(&self.at));
        let members = [
            ("id", text(&self.webhook)),
            ("accountId", text(&self.environment.account)),
            ("environment", text(&self.environment.mode)),
            ("url", Some(self.url.as_str().into())),
            ("description", self.description.as_deref().map(Value::from)),
            ("deliveryId", text(&self.delivery)),
            ("eventId", text(&self.event)),
            ("eventType", Some(self.event_type.as_str().into())),
            ("attemptCount", Some(number(self.attempts))),
            ("attemptsLeft", Some(number(left))),
            ("lastStatus", self.last_status.map(|status| number(status.into()))),
            ("lastError", self.last_error.map(|class| class.as_str().into())),
            ("lastAttemptAt", last_at),
            ("disabledAt", disabled_at),
            ("disabledReason", reason),
        ];
        let present = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
        present.map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

#[cfg(test)]
mod tests;
