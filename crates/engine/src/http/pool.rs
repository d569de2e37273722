//! Connections kept open between attempts.
//!
//! By origin: an idle HTTP/1.1 connection waits here for the next attempt, and the last that came
//! is the first that goes, so that what is not needed grows old. HTTP/2 connections stay here all
//! the time, and attempts take streams of them.
//!
//! Everything is bounded: per origin, in total, in idle time and in age. When the total is reached,
//! the quarter that has been idle longest is closed, whichever origins it belongs to: many idle
//! receivers must not keep a busy one from keeping its connections.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use herald_domain::guard::Origin;
use tokio::time::Instant;

use super::connection::{Connection, Http1, Http2};

/// How many connections are kept, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Idle HTTP/1.1 connections to one origin.
    pub per_origin: usize,
    /// Kept connections of all origins.
    pub total: usize,
    /// How long one is kept unused. Less than the 60 s after which common servers close it.
    pub max_idle: Duration,
    /// How long one is used at all; the next is dialled, and its address resolved and judged anew.
    pub max_age: Duration,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self {
            per_origin: 256,
            total: 1_024,
            max_idle: Duration::from_secs(30),
            max_age: Duration::from_secs(300),
        }
    }
}

/// HTTP/2 connections kept to one origin. More may be open for a moment; they are used once.
const SHARED_PER_ORIGIN: usize = 8;

/// Connections kept open between attempts.
#[derive(Debug)]
pub(super) struct Pool {
    limits: PoolLimits,
    shelves: Mutex<Shelves>,
}

#[derive(Debug, Default)]
struct Shelves {
    by_origin: HashMap<Origin, Shelf>,
    /// Connections on all shelves.
    kept: usize,
    /// Counts uses: a smaller ticket has been idle longer.
    tickets: u64,
    /// Whether a task closes what has been idle too long.
    swept: bool,
}

#[derive(Debug, Default)]
struct Shelf {
    /// In the order in which they came.
    idle: Vec<Kept<Http1>>,
    shared: Vec<Kept<Http2>>,
}

#[derive(Debug)]
struct Kept<C> {
    connection: C,
    used: Instant,
    ticket: u64,
}

impl Pool {
    pub(super) fn new(limits: PoolLimits) -> Arc<Self> {
        Arc::new(Self { limits, shelves: Mutex::default() })
    }

    /// A connection to `origin` that can take a request now.
    pub(super) fn take(&self, origin: &Origin, now: Instant) -> Option<Connection> {
        let mut shelves = self.lock();
        let Shelves { by_origin, kept, tickets, .. } = &mut *shelves;
        let shelf = by_origin.get_mut(origin)?;
        while let Some(Kept { connection, used, .. }) = shelf.idle.pop() {
            *kept -= 1;
            let fresh = now.duration_since(used) < self.limits.max_idle;
            if fresh && self.is_young(connection.born(), now) && connection.is_open() {
                connection.look_again();
                return Some(Connection::Http1(connection));
            }
        }
        let before = shelf.shared.len();
        shelf.shared.retain(|line| line.connection.is_open());
        *kept -= before - shelf.shared.len();
        let usable = |line: &&mut Kept<Http2>| {
            self.is_young(line.connection.born(), now) && line.connection.has_room()
        };
        let line = shelf.shared.iter_mut().find(usable)?;
        *tickets += 1;
        (line.used, line.ticket) = (now, *tickets);
        // Counted under the lock: two attempts cannot both take the last place.
        Some(Connection::Http2(line.connection.stream()))
    }

    /// Keeps an HTTP/1.1 connection whose exchange is over.
    pub(super) fn keep(self: &Arc<Self>, origin: &Origin, connection: Http1, now: Instant) {
        if !self.is_young(connection.born(), now) {
            return;
        }
        let keep_one = |shelf: &mut Shelf, ticket| {
            let room = shelf.idle.len() < self.limits.per_origin;
            if room {
                shelf.idle.push(Kept { connection, used: now, ticket });
            }
            room
        };
        self.shelve(origin, keep_one);
    }

    /// Keeps a new HTTP/2 connection, and takes its first stream.
    pub(super) fn share(
        self: &Arc<Self>,
        origin: &Origin,
        line: Http2,
        now: Instant,
    ) -> Connection {
        let stream = line.stream();
        self.shelve(origin, |shelf, ticket| {
            let room = shelf.shared.len() < SHARED_PER_ORIGIN;
            if room {
                shelf.shared.push(Kept { connection: line, used: now, ticket });
            }
            room
        });
        Connection::Http2(stream)
    }

    /// How many connections are kept at the moment.
    pub(super) fn kept(&self) -> usize {
        self.lock().kept
    }

    fn shelve(self: &Arc<Self>, origin: &Origin, put: impl FnOnce(&mut Shelf, u64) -> bool) {
        let mut shelves = self.lock();
        shelves.tickets += 1;
        let ticket = shelves.tickets;
        let put = match shelves.by_origin.get_mut(origin) {
            Some(shelf) => put(shelf, ticket),
            None => put(shelves.by_origin.entry(origin.clone()).or_default(), ticket),
        };
        shelves.kept += usize::from(put);
        let evicted = shelves.evict(self.limits.total);
        let sweep = !std::mem::replace(&mut shelves.swept, true);
        drop(shelves);
        // Closing wakes tasks: not while others wait for the lock.
        drop(evicted);
        if sweep {
            self.spawn_sweeper();
        }
    }

    /// Closes in time what nobody takes. Ends when the pool is empty, or gone.
    fn spawn_sweeper(self: &Arc<Self>) {
        let pool = Arc::downgrade(self);
        let interval = (self.limits.max_idle / 4).max(Duration::from_millis(10));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(interval).await;
                let Some(pool) = pool.upgrade() else { return };
                if pool.sweep(Instant::now()) {
                    return;
                }
            }
        });
    }

    /// Closes what is closed already, too old, or idle too long; `true` if nothing is left, and so
    /// the next connection needs a new sweeper.
    fn sweep(&self, now: Instant) -> bool {
        let stays = |used: Instant, born: Instant| {
            now.duration_since(used) < self.limits.max_idle && self.is_young(born, now)
        };
        let mut shelves = self.lock();
        let swept = shelves.remove(
            |idle| idle.connection.is_open() && stays(idle.used, idle.connection.born()),
            |line| {
                let busy = !line.connection.is_idle();
                line.connection.is_open() && (busy || stays(line.used, line.connection.born()))
            },
        );
        shelves.by_origin.retain(|_, shelf| !shelf.idle.is_empty() || !shelf.shared.is_empty());
        let empty = shelves.by_origin.is_empty();
        shelves.swept = !empty;
        drop(shelves);
        drop(swept);
        empty
    }

    fn is_young(&self, born: Instant, now: Instant) -> bool {
        now.duration_since(born) < self.limits.max_age
    }

    fn lock(&self) -> MutexGuard<'_, Shelves> {
        // Nothing under the lock leaves it half-changed: a panic elsewhere is no reason to stop.
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelves {
    /// Takes out what has been idle longest, a quarter of all, once there are more than `total`.
    fn evict(&mut self, total: usize) -> Vec<Connections> {
        if self.kept <= total {
            return Vec::new();
        }
        let idle = |shelf: &Shelf| -> Vec<u64> {
            let shared = shelf.shared.iter().filter(|line| line.connection.is_idle());
            shelf.idle.iter().map(|kept| kept.ticket).chain(shared.map(|l| l.ticket)).collect()
        };
        let mut tickets: Vec<u64> = self.by_origin.values().flat_map(idle).collect();
        if tickets.is_empty() {
            return Vec::new();
        }
        let quarter = (tickets.len() / 4).min(tickets.len() - 1);
        let (_, &mut last, _) = tickets.select_nth_unstable(quarter);
        self.remove(
            |idle| idle.ticket > last,
            |line| line.ticket > last || !line.connection.is_idle(),
        )
    }

    /// Takes out the connections that neither predicate wants to stay.
    fn remove(
        &mut self,
        idle_stays: impl Fn(&Kept<Http1>) -> bool,
        shared_stays: impl Fn(&Kept<Http2>) -> bool,
    ) -> Vec<Connections> {
        let mut removed = Vec::new();
        for shelf in self.by_origin.values_mut() {
            let idle = shelf.idle.extract_if(.., |kept| !idle_stays(kept));
            removed.extend(idle.map(|kept| Connections::Http1(kept.connection)));
            let shared = shelf.shared.extract_if(.., |kept| !shared_stays(kept));
            removed.extend(shared.map(|kept| Connections::Http2(kept.connection)));
        }
        self.kept -= removed.len();
        removed
    }
}

/// Connections on their way out, to be closed once the lock is free.
#[derive(Debug)]
#[expect(dead_code, reason = "held only to be dropped")]
enum Connections {
    Http1(Http1),
    Http2(Http2),
}

#[cfg(test)]
mod tests;
