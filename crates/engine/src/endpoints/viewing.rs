//! Watching what an endpoint gets, as it comes.
//!
//! A viewer is told only the number of the newest request; what came it reads from the store. So
//! there is no queue that could overflow: who is slow reads more at once and misses nothing but
//! what the endpoint itself has forgotten.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use herald_domain::{account::EnvironmentId, endpoint::Endpoint, id::EndpointId, problem::Problem};
use tokio::sync::watch;

use super::Examined;
use crate::{Engine, Result};

/// Requests read at once.
const AT_ONCE: usize = 8;

/// Viewers that an environment may have at once: each holds a connection, and reads for itself.
const MOST_VIEWERS: usize = 50;

/// Who watches which endpoint in this process.
#[derive(Default)]
pub(crate) struct Viewers(Mutex<State>);

#[derive(Default)]
struct State {
    watched: HashMap<EndpointId, Watched>,
    ended: bool,
}

/// An endpoint that somebody watches.
struct Watched {
    environment: EnvironmentId,
    /// The number of the newest request that came since somebody watches.
    newest: watch::Sender<u64>,
}

impl Viewers {
    /// A request was kept.
    pub(crate) fn tell(&self, endpoint: EndpointId, number: u64) {
        if let Some(Watched { newest, .. }) = self.state().watched.get(&endpoint) {
            newest.send_if_modified(|known| {
                let newer = number > *known;
                *known = number.max(*known);
                newer
            });
        }
    }

    /// Something may have come of which nobody told: whoever watches looks.
    pub(crate) fn wake(&self) {
        self.state().watched.values().for_each(|watched| watched.newest.send_modify(|_| {}));
    }

    /// An endpoint is gone: whoever watches it is done.
    pub(crate) fn end(&self, endpoint: EndpointId) {
        self.state().watched.remove(&endpoint);
    }

    /// Herald stops: whoever watches is done, and nobody begins any more.
    fn end_all(&self) {
        let mut state = self.state();
        state.ended = true;
        state.watched.clear();
    }

    /// Begins to watch an endpoint of this environment, if it has a viewer's place left.
    fn watch(
        &self,
        environment: EnvironmentId,
        endpoint: EndpointId,
    ) -> Result<watch::Receiver<u64>, Problem> {
        let mut state = self.state();
        if state.ended {
            return Ok(watch::Sender::new(0).subscribe());
        }
        // Those whom nobody watches any more go when somebody begins to watch another.
        state.watched.retain(|_, watched| watched.newest.receiver_count() > 0);
        let own = state.watched.values().filter(|watched| watched.environment == environment);
        let viewers: usize = own.map(|watched| watched.newest.receiver_count()).sum();
        if viewers >= MOST_VIEWERS {
            return Err(Problem::too_many(format!(
                "{MOST_VIEWERS} viewers watch temporary endpoints of this environment, which is \
                 the most it may have; close one first"
            )));
        }
        let begin = || Watched { environment, newest: watch::Sender::default() };
        Ok(state.watched.entry(endpoint).or_insert_with(begin).newest.subscribe())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody watches what an endpoint gets.
pub struct Viewing {
    engine: Arc<Engine>,
    environment: EnvironmentId,
    endpoint: EndpointId,
    /// The number of the last request that was seen.
    seen: u64,
    newest: watch::Receiver<u64>,
}

impl std::fmt::Debug for Viewing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Viewing")
            .field("endpoint", &self.endpoint)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Watches what an endpoint gets: from after the request with this number, or from now. An
    /// environment has 50 viewers at most.
    pub async fn watch_endpoint(
        self: &Arc<Self>,
        environment: EnvironmentId,
        id: EndpointId,
        after: Option<u64>,
    ) -> Result<Viewing> {
        // Nobody takes a place at what is not theirs.
        self.living_endpoint(environment, id).await?;
        // First watching, then looking: what comes in between is told.
        let newest = self.inbox.viewers.watch(environment, id)?;
        let endpoint = self.living_endpoint(environment, id).await?;
        let seen = after.unwrap_or(u64::MAX).min(endpoint.last_number);
        Ok(Viewing { engine: self.clone(), environment, endpoint: id, seen, newest })
    }

    pub(crate) fn end_viewings(&self) {
        self.inbox.viewers.end_all();
    }
}

impl Viewing {
    /// The next requests that came, the oldest first; waits until there are some. `None` once the
    /// endpoint is gone, or Herald stops. If it is given up while waiting, asking again looks
    /// whether the endpoint is still there, and misses nothing.
    pub async fn next(&mut self) -> Result<Option<Vec<Examined>>> {
        loop {
            let over = self.newest.has_changed().is_err();
            self.newest.mark_unchanged();
            let engine = &self.engine;
            let Some(endpoint) = self.endpoint().await? else { return Ok(None) };
            let (id, seen) = (endpoint.id, self.seen);
            let requests = engine.store.requests_after(self.environment, id, seen, AT_ONCE).await?;
            if let Some(last) = requests.last().map(|request| request.number) {
                let examined = engine.examine(endpoint, requests).await?;
                self.seen = last;
                return Ok(Some(examined));
            }
            if over || self.newest.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    /// The endpoint, as long as it is there.
    async fn endpoint(&self) -> Result<Option<Endpoint>> {
        let now = self.engine.clock.now();
        Ok(self.engine.store.endpoint(self.environment, self.endpoint, now).await?)
    }
}
