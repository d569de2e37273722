//! Statistics of attempts: how many there were, how many succeeded, and how long they took.
//!
//! They are kept hour by hour, as counts in classes of duration, and not as rows to be read again:
//! what a chart costs does not grow with what was delivered. Percentiles are estimated inside a
//! class, so they are right to the class's width.

use std::time::Duration;

use crate::{attempt::Attempt, time::Timestamp};

/// An hour, milliseconds.
const HOUR: i64 = 3_600_000;

/// Attempts of one class took less than its bound, milliseconds; the last class has none.
pub const BOUNDS: [u64; CLASSES - 1] =
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000];

/// How many classes of duration there are.
pub const CLASSES: usize = 16;

/// What is counted of attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttemptTally {
    /// Attempts by their class of duration.
    pub by_duration: [u64; CLASSES],
    /// Those that were acknowledged.
    pub successes: u64,
}

impl AttemptTally {
    /// One attempt.
    pub fn of(attempt: &Attempt) -> Self {
        let mut tally = Self::default();
        tally.by_duration[class_of(attempt.duration)] = 1;
        tally.successes = u64::from(attempt.answer.is_success());
        tally
    }

    /// Counts these too.
    pub fn add(&mut self, other: &Self) {
        for (mine, more) in self.by_duration.iter_mut().zip(other.by_duration) {
            *mine += more;
        }
        self.successes += other.successes;
    }

    /// How many attempts there were.
    pub fn attempts(&self) -> u64 {
        self.by_duration.iter().sum()
    }

    /// The share of attempts that were acknowledged, 0.0 to 1.0; `None` without attempts.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn success_rate(&self) -> Option<f64> {
        let attempts = self.attempts();
        (attempts > 0).then(|| self.successes as f64 / attempts as f64)
    }

    /// How long all but the slowest took: with `share` 0.99, 99 of 100 took at most this long.
    /// `None` without attempts.
    #[expect(clippy::cast_precision_loss, reason = "counts and bounds are far below 2^52")]
    pub fn percentile(&self, share: f64) -> Option<Duration> {
        let attempts = self.attempts();
        if attempts == 0 {
            return None;
        }
        let wanted = share.clamp(0.0, 1.0) * attempts as f64;
        let mut before = 0.0;
        for (class, count) in self.by_duration.iter().enumerate() {
            let count = *count as f64;
            if count > 0.0 && before + count >= wanted {
                let (low, high) = limits(class);
                let inside = ((wanted - before) / count).clamp(0.0, 1.0);
                let millis = low as f64 + inside * (high - low) as f64;
                return Some(Duration::from_secs_f64(millis / 1e3));
            }
            before += count;
        }
        None
    }
}

/// The beginning of the hour that a time is in (UTC).
pub const fn hour_of(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.millis().div_euclid(HOUR) * HOUR)
}

/// The class of a duration.
pub fn class_of(duration: Duration) -> usize {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    BOUNDS.partition_point(|bound| *bound <= millis)
}

/// From and to how many milliseconds a class goes. Of the last, nobody knows how far; nothing takes
/// much longer than its beginning, since an attempt has a deadline.
fn limits(class: usize) -> (u64, u64) {
    let low = if class == 0 { 0 } else { BOUNDS[class - 1] };
    (low, BOUNDS.get(class).copied().unwrap_or(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(millis: &[u64]) -> AttemptTally {
        let mut tally = AttemptTally::default();
        for millis in millis {
            tally.by_duration[class_of(Duration::from_millis(*millis))] += 1;
        }
        tally
    }

    #[test]
    fn a_duration_at_a_bound_is_in_the_class_behind_it() {
        for (millis, class) in [(0, 0), (1, 1), (4, 2), (5, 3), (999, 9), (1_000, 10), (90_000, 15)]
        {
            assert_eq!(class_of(Duration::from_millis(millis)), class, "{millis}");
        }
    }

    #[test]
    fn a_percentile_is_right_to_the_width_of_its_class() {
        let spread: Vec<u64> = (0..1_000).collect();
        let tally = tally(&spread);
        for (share, least, most) in
            [(0.0, 0, 1), (0.5, 499, 501), (0.9, 895, 905), (0.99, 985, 995)]
        {
            let found = tally.percentile(share).unwrap().as_millis();
            assert!((least..=most).contains(&found), "{share}: {found}");
        }
        assert_eq!(AttemptTally::default().percentile(0.5), None);
        let slow = self::tally(&[90_000]);
        assert_eq!(slow.percentile(0.5), Some(Duration::from_secs(30)), "no bound is known above");
    }

    #[test]
    fn the_success_rate_is_of_attempts_and_none_without_them() {
        let mut tally = tally(&[1, 1, 1, 1]);
        tally.successes = 3;
        assert_eq!(tally.success_rate(), Some(0.75));
        assert_eq!(AttemptTally::default().success_rate(), None);
        let mut sum = tally;
        sum.add(&tally);
        assert_eq!((sum.attempts(), sum.successes), (8, 6));
    }

    #[test]
    fn an_hour_begins_at_its_full_hour_before_1970_too() {
        for (millis, hour) in [(0, 0), (HOUR - 1, 0), (HOUR, HOUR), (-1, -HOUR)] {
            let hour_found = hour_of(Timestamp::from_millis(millis));
            assert_eq!(hour_found, Timestamp::from_millis(hour), "{millis}");
        }
    }
}
