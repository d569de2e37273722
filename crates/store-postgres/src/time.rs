//! The database's clock, as a node reckons it: the machine's own count of time, and by how much the
//! database was ahead of it when it was last asked. So nodes whose clocks are wrong agree, and a
//! clock that is set on one of them changes nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use herald_domain::time::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// The database's clock.
#[derive(Clone, Debug, Default)]
pub struct DatabaseTime {
    /// Milliseconds by which the database is ahead of the time since this machine started.
    ahead: Arc<AtomicI64>,
    /// When that last changed by more than [`JUMP`], in milliseconds since this machine started.
    set_at: Arc<AtomicI64>,
}

/// The database's clock was set only if it changed by more than this; less is corrected all the time.
pub(crate) const JUMP: Duration = Duration::from_secs(1);

impl DatabaseTime {
    /// What the database's clock shows now.
    pub fn now(&self) -> Timestamp {
        let ahead = self.ahead.load(Ordering::Relaxed);
        Timestamp::from_millis(millis(since_start()).saturating_add(ahead))
    }

    /// Learns what it showed, some time between `asked` and `answered` ago. Answers by how many
    /// milliseconds it was ahead of what was known (or behind, if negative).
    pub(crate) fn learn(&self, shown: i64, asked: Duration, answered: Duration) -> i64 {
        let (asked, answered) = (millis(asked), millis(answered));
        // Within these it was right, and nothing is known better.
        let (least, most) = (shown - answered, shown - asked);
        let known = self.ahead.load(Ordering::Relaxed);
        if known >= least && known <= most {
            return 0;
        }
        let better = least + (most - least) / 2;
        self.ahead.store(better, Ordering::Relaxed);
        let by = better.saturating_sub(known);
        if Duration::from_millis(by.unsigned_abs()) > JUMP {
            self.set_at.store(answered, Ordering::Relaxed);
        }
        by
    }

    /// Since when it is known as it is, in time since this machine started: when it was first learned,
    /// or found to have been set.
    pub(crate) fn set_at(&self) -> Duration {
        let millis = self.set_at.load(Ordering::Relaxed);
        Duration::from_millis(u64::try_from(millis).unwrap_or_default())
    }
}

/// The time since this machine started, whatever its clock is set to, and though it slept.
pub(crate) fn since_start() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_within_the_question_and_its_answer_is_not_corrected() {
        let time = DatabaseTime::default();
        let at = Duration::from_millis;
        assert_eq!(time.learn(1_000_100, at(90), at(110)), 1_000_000);
        assert_eq!(time.ahead.load(Ordering::Relaxed), 1_000_000);
        assert_eq!(time.learn(1_000_205, at(190), at(210)), 0);
        assert_eq!(time.ahead.load(Ordering::Relaxed), 1_000_000, "it may be so");
        assert_eq!(time.learn(1_000_280, at(299), at(301)), -20);
        assert_eq!(time.ahead.load(Ordering::Relaxed), 999_980, "it cannot");
    }
}
