//! What time it is, and waiting for a time. Passed in, so that a test moves it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use herald_domain::time::Timestamp;

/// A clock. It may jump either way; nothing may rely on it going forward.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Waits until the clock shows `at`. It may return early or late after a jump: the caller
    /// looks at [`Clock::now`] again.
    async fn sleep_until(&self, at: Timestamp);
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// A jump of the clock is noticed after at most this long.
const LONGEST_NAP: Duration = Duration::from_secs(5);

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }

    async fn sleep_until(&self, at: Timestamp) {
        tokio::time::sleep(at.since(self.now()).min(LONGEST_NAP)).await;
    }
}
