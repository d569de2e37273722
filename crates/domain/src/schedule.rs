//! When a failed delivery is tried again (design §5.1–5.3).
//!
//! The law: attempt *n* + 1 starts no earlier than `delays[n - 1]` after the end of attempt *n*,
//! and at most the jitter's share later; once the list is used up, the delivery is exhausted.

use std::time::Duration;

/// A day: the longest step of the documented schedule, and the longest `Retry-After` honoured.
pub const DAY: Duration = Duration::from_secs(86_400);

/// The delays after each failed attempt, and how far chance may stretch them.
#[derive(Clone, Debug, PartialEq)]
pub struct RetrySchedule {
    delays: Vec<Duration>,
    jitter: f64,
}

/// The configured schedule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleProblem {
    /// Jitter is a share of a delay.
    #[error("retry_jitter is a share from 0.0 to 1.0, for example 0.1 for up to 10 % later")]
    Jitter,
    /// A delay of zero would hammer, one beyond 30 days would outlive the retention.
    #[error("each delay of retry_schedule is from 1ms to 30 days, and there are at most 100")]
    Delay,
}

impl RetrySchedule {
    /// A schedule with these delays; each may be stretched by up to `jitter` of itself.
    pub fn new(delays: Vec<Duration>, jitter: f64) -> Result<Self, ScheduleProblem> {
        if !(0.0..=1.0).contains(&jitter) {
            return Err(ScheduleProblem::Jitter);
        }
        let usable = |delay: &Duration| *delay >= Duration::from_millis(1) && *delay <= DAY * 30;
        if delays.len() > 100 || !delays.iter().all(usable) {
            return Err(ScheduleProblem::Delay);
        }
        Ok(Self { delays, jitter })
    }

    /// The delays, in order: one a retry.
    pub fn delays(&self) -> &[Duration] {
        &self.delays
    }

    /// How long to wait after the `attempts`-th failed attempt (counted from 1), or `None` when
    /// the schedule is exhausted. `asked` is the receiver's `Retry-After`, honoured up to a day if
    /// it is longer than the step. `chance` is from 0.0 to 1.0.
    pub fn delay_after(
        &self,
        attempts: u32,
        asked: Option<Duration>,
        chance: f64,
    ) -> Option<Duration> {
        let index = usize::try_from(attempts).ok()?.checked_sub(1)?;
        let step = *self.delays.get(index)?;
        let wait = step.max(asked.unwrap_or_default().min(DAY));
        let chance = if chance.is_nan() { 0.0 } else { chance.clamp(0.0, 1.0) };
        Some(wait.mul_f64(1.0 + self.jitter * chance))
    }
}

impl Default for RetrySchedule {
    /// 60, 120, 480 s as documented; then the last ratio goes on, capped at a day.
    fn default() -> Self {
        let seconds = [60, 120, 480, 1_920, 7_680, 30_720, 86_400, 86_400, 86_400, 86_400];
        Self { delays: seconds.map(Duration::from_secs).to_vec(), jitter: 0.1 }
    }
}

/// Reads a `Retry-After` header: whole seconds, or an HTTP date relative to `now_seconds` since
/// the epoch (RFC 9110 §10.2.3). Anything else, and any past, is no wish at all.
pub fn retry_after(value: &str, now_seconds: i64) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than a u64 holds is still "very long": the caller caps it.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    u64::try_from(date.as_second() - now_seconds).ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_schedule_is_ten_retries_over_four_and_a_half_days() {
        let schedule = RetrySchedule::default();
        let total: Duration = schedule.delays().iter().sum();
        assert_eq!(schedule.delays().len(), 10);
        assert_eq!(total.as_secs(), 386_580);
        assert_eq!(schedule.delay_after(1, None, 0.0), Some(Duration::from_secs(60)));
        assert_eq!(schedule.delay_after(10, None, 0.0), Some(DAY));
        assert_eq!(schedule.delay_after(11, None, 0.0), None);
        assert_eq!(schedule.delay_after(0, None, 0.0), None);
    }

    #[test]
    fn jitter_only_delays_and_by_at_most_its_share() {
        let schedule = RetrySchedule::default();
        for chance in [-1.0, 0.0, 0.5, 1.0, 7.0, f64::NAN] {
            let delay = schedule.delay_after(2, None, chance).unwrap_or_default();
            let bounds = Duration::from_secs(120)..=Duration::from_secs(132);
            assert!(bounds.contains(&delay), "{chance}: {delay:?}");
        }
    }

    #[test]
    fn a_retry_after_counts_only_when_it_is_longer_and_at_most_a_day() {
        let schedule = RetrySchedule::default();
        let after = |asked| schedule.delay_after(2, asked, 0.0).unwrap().as_secs();
        assert_eq!(after(Some(Duration::from_secs(5))), 120);
        assert_eq!(after(Some(Duration::from_secs(3_600))), 3_600);
        assert_eq!(after(Some(Duration::from_secs(u64::MAX))), 86_400);
    }

    #[test]
    fn every_shape_of_retry_after_is_read_or_ignored() {
        let now = 1_700_000_000;
        let seconds = |value| retry_after(value, now).map(|delay| delay.as_secs());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("99999999999999999999999"), Some(u64::from(u32::MAX)));
        assert_eq!(seconds("Tue, 14 Nov 2023 22:13:30 GMT"), Some(10));
        for value in ["1e300", "-1", "NaN", "", " ", "1.5", "Tue, 14 Nov 2000 22:13:30 GMT", "soon"]
        {
            assert_eq!(seconds(value), None, "{value:?}");
        }
        assert!(seconds("Sun, 14 Nov 9999 22:13:30 GMT").is_some());
    }

    #[test]
    fn an_unusable_schedule_is_refused() {
        assert_eq!(RetrySchedule::new(vec![], 1.5), Err(ScheduleProblem::Jitter));
        assert_eq!(RetrySchedule::new(vec![], f64::NAN), Err(ScheduleProblem::Jitter));
        assert_eq!(RetrySchedule::new(vec![Duration::ZERO], 0.0), Err(ScheduleProblem::Delay));
        assert!(RetrySchedule::new(vec![], 0.0).is_ok(), "no retries at all is a choice");
    }
}
