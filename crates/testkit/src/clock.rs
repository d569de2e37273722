//! A clock that stands still until the test moves it.
//!
//! What a test has to know before it moves the clock is that everybody has got as far as they
//! can: [`ManualClock::asleep_until`] waits until somebody sleeps until exactly that time, which
//! for a dispatcher means "I have settled what I had, and this is what I wait for now".

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use herald_domain::time::Timestamp;
use herald_engine::Clock;
use tokio::sync::watch;

/// A test that waits longer than this waits for something that will not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A clock that stands still until the test moves it.
#[derive(Debug)]
pub struct ManualClock {
    state: watch::Sender<State>,
}

#[derive(Debug)]
struct State {
    now: Timestamp,
    /// How many sleep until each time.
    sleepers: BTreeMap<Timestamp, usize>,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { state: watch::Sender::new(State { now, sleepers: BTreeMap::new() }) }
    }

    /// Moves it forward; whoever's time has come wakes up.
    pub fn advance(&self, by: Duration) {
        self.state.send_modify(|state| state.now = state.now.after(by));
    }

    /// Makes it show `now`, which may be earlier than before.
    pub fn set(&self, now: Timestamp) {
        self.state.send_modify(|state| state.now = now);
    }

    /// Waits until somebody sleeps until exactly `at`.
    ///
    /// # Panics
    ///
    /// If nobody does so for long.
    pub async fn asleep_until(&self, at: Timestamp) {
        let mut state = self.state.subscribe();
        let asleep = state.wait_for(|state| state.sleepers.contains_key(&at));
        if tokio::time::timeout(PATIENCE, asleep).await.is_err() {
            let state = self.state.borrow();
            let sleepers: Vec<_> = state.sleepers.keys().collect();
            panic!("it is {:?}; nobody sleeps until {at:?}, but until {sleepers:?}", state.now);
        }
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.state.borrow().now
    }

    async fn sleep_until(&self, at: Timestamp) {
        let _asleep = Sleeper::new(self, at);
        let mut state = self.state.subscribe();
        let _awake = state.wait_for(|state| state.now >= at).await;
    }
}

/// Counted for as long as it lives: a sleep that is given up ends its counting too.
struct Sleeper<'a> {
    clock: &'a ManualClock,
    at: Timestamp,
}

impl<'a> Sleeper<'a> {
    fn new(clock: &'a ManualClock, at: Timestamp) -> Self {
        clock.state.send_modify(|state| *state.sleepers.entry(at).or_default() += 1);
        Self { clock, at }
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.clock.state.send_modify(|state| {
            if let Some(count) = state.sleepers.get_mut(&self.at) {
                *count -= 1;
                if *count == 0 {
                    state.sleepers.remove(&self.at);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_time_has_come_and_not_before() {
        let clock = Arc::new(ManualClock::new(START));
        let at = START.after(Duration::from_secs(60));
        let sleeper = clock.clone();
        let sleep = tokio::spawn(async move {
            sleeper.sleep_until(at).await;
            sleeper.now()
        });
        clock.asleep_until(at).await;
        clock.advance(Duration::from_millis(59_999));
        clock.asleep_until(at).await;
        clock.advance(Duration::from_millis(1));
        assert_eq!(sleep.await.unwrap(), at);
    }

    #[tokio::test]
    async fn a_sleep_that_is_given_up_is_not_counted() {
        let clock = ManualClock::new(START);
        let at = START.after(Duration::from_secs(1));
        drop(tokio::time::timeout(Duration::ZERO, clock.sleep_until(at)).await);
        assert!(clock.state.borrow().sleepers.is_empty());
    }
}
