//! Deliveries: this event to this webhook, and what follows from each attempt.
//!
//! The states and their only ways (promise 2: none is left without a recorded reason):
//!
//! ```text
//!            ┌── attempt failed, schedule goes on ──┐
//!            v                                      │
//! accepted ─> pending ── 2xx ──────────> delivered  │
//!    │          │ └── schedule used up ─> exhausted  │
//!    │          └── webhook deleted ───> cancelled   │
//!    └─(webhook disabled)─> held ── on request ──> pending
//!                            └── webhook deleted ─> cancelled
//! exhausted ── recovered on request ──> pending, with a fresh schedule
//! any but delivered ── an attempt made on request ended with 2xx ──> delivered
//! ```
//!
//! [`decide`] is the whole law of what one attempt leads to. It is called by one place (the
//! engine's settling), which also applies what it says.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{schedule::RetrySchedule, time::Timestamp};

/// Where a delivery stands. The number is what a store keeps; it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum DeliveryState {
    /// An attempt is due, now or later.
    Pending = 0,
    /// Acknowledged with a 2xx.
    Delivered = 1,
    /// Given up after the last retry.
    Exhausted = 2,
    /// Matched while the webhook was disabled: kept, sent only on request.
    Held = 3,
    /// Its webhook was deleted before it was delivered.
    Cancelled = 4,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Delivered, Self::Exhausted, Self::Held, Self::Cancelled];

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Exhausted => "exhausted",
            Self::Held => "held",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will happen to it by itself. Retention takes only these.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Delivered | Self::Exhausted | Self::Cancelled)
    }

    /// The state with this number, as a store kept it.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| *state as u8 == code)
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DeliveryState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// Whether exhausting a delivery disables its webhook (design §5.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisablePolicy {
    /// Always, literally as specified.
    #[default]
    Always,
    /// Only if nothing succeeded since that delivery's first attempt.
    UnlessSucceeding,
}

/// The configured rules that [`decide`] and [`crate::notice::warning`] go by.
#[derive(Clone, Debug)]
pub struct DeliveryRules {
    /// When a failed delivery is tried again.
    pub schedule: RetrySchedule,
    /// Whether exhausting it disables the webhook.
    pub disable_policy: DisablePolicy,
    /// With so many attempts left, or fewer, there is a warning that the webhook will be disabled;
    /// at most half of the schedule's retries count.
    pub notice_attempts_left: u32,
}

impl Default for DeliveryRules {
    fn default() -> Self {
        Self {
            schedule: RetrySchedule::default(),
            disable_policy: DisablePolicy::default(),
            notice_attempts_left: 3,
        }
    }
}

/// What is known of a delivery once an attempt of it has ended.
#[derive(Clone, Copy, Debug)]
pub struct AttemptEnded {
    /// Attempts of the present schedule so far, this one included: 1 after its first.
    pub attempts: u32,
    /// Whether it was acknowledged.
    pub success: bool,
    /// When it ended.
    pub at: Timestamp,
    /// When the first attempt of the present schedule began.
    pub first_attempt_at: Timestamp,
    /// The receiver's `Retry-After`, if it gave one.
    pub retry_after: Option<Duration>,
    /// When anything was last delivered to this webhook, if ever.
    pub webhook_succeeded_at: Option<Timestamp>,
}

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is delivered.
    Delivered,
    /// It stays pending, and is due again then.
    Retry {
        /// Not before this.
        due_at: Timestamp,
    },
    /// The schedule is used up.
    Exhausted {
        /// Whether the webhook is disabled with it.
        disable: bool,
    },
}

/// The law: what one ended attempt leads to. `chance` is from 0.0 to 1.0 and only stretches a
/// retry's delay within the schedule's jitter.
pub fn decide(rules: &DeliveryRules, ended: AttemptEnded, chance: f64) -> Decision {
    if ended.success {
        return Decision::Delivered;
    }
    match rules.schedule.delay_after(ended.attempts, ended.retry_after, chance) {
        Some(delay) => Decision::Retry { due_at: ended.at.after(round_up(delay)) },
        None => Decision::Exhausted { disable: disables(rules.disable_policy, &ended) },
    }
}

/// Whether exhausting a delivery disables its webhook, as things are at the end of this attempt.
pub(crate) fn disables(policy: DisablePolicy, ended: &AttemptEnded) -> bool {
    match policy {
        DisablePolicy::Always => true,
        DisablePolicy::UnlessSucceeding => {
            ended.webhook_succeeded_at.is_none_or(|at| at < ended.first_attempt_at)
        }
    }
}

/// Timestamps are whole milliseconds; a retry is never earlier than its step.
fn round_up(delay: Duration) -> Duration {
    let whole = Duration::from_millis(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
    if whole < delay { whole + Duration::from_millis(1) } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(attempts: u32, success: bool) -> AttemptEnded {
        AttemptEnded {
            attempts,
            success,
            at: Timestamp::from_millis(1_000_000),
            first_attempt_at: Timestamp::from_millis(500_000),
            retry_after: None,
            webhook_succeeded_at: None,
        }
    }

    #[test]
    fn eleven_failures_walk_the_schedule_and_then_disable() {
        let rules = DeliveryRules::default();
        let steps = [60, 120, 480, 1_920, 7_680, 30_720, 86_400, 86_400, 86_400, 86_400];
        for (attempts, seconds) in (1..).zip(steps) {
            let due_at = Timestamp::from_millis(1_000_000 + seconds * 1000);
            assert_eq!(decide(&rules, ended(attempts, false), 0.0), Decision::Retry { due_at });
        }
        let last = decide(&rules, ended(11, false), 0.0);
        assert_eq!(last, Decision::Exhausted { disable: true });
    }

    #[test]
    fn success_at_the_last_permitted_attempt_is_a_delivery() {
        assert_eq!(decide(&DeliveryRules::default(), ended(11, true), 0.0), Decision::Delivered);
    }

    #[test]
    fn unless_succeeding_spares_a_webhook_that_works() {
        let rules = DeliveryRules {
            disable_policy: DisablePolicy::UnlessSucceeding,
            ..DeliveryRules::default()
        };
        for (succeeded_at, disable) in [(None, true), (Some(499_999), true), (Some(500_000), false)]
        {
            let ended = AttemptEnded {
                webhook_succeeded_at: succeeded_at.map(Timestamp::from_millis),
                ..ended(11, false)
            };
            assert_eq!(decide(&rules, ended, 0.0), Decision::Exhausted { disable });
        }
    }

    #[test]
    fn a_retry_is_never_earlier_than_its_step() {
        for chance in [0.0, 0.000_001, 0.333_333, 1.0] {
            let Decision::Retry { due_at } =
                decide(&DeliveryRules::default(), ended(1, false), chance)
            else {
                panic!("one failure is not the end");
            };
            assert!((1_060_000..=1_066_001).contains(&due_at.millis()), "{chance}: {due_at}");
        }
    }
}
