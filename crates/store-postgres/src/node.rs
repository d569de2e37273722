//! This node among the others: its lease, its heartbeats, and taking over from who is silent.
//!
//! A lease is a row of `node`. It is renewed by the database's clock; when it has ended, any other
//! node may remove the row, and makes due what the silent one had fresh, in one transaction. From
//! then on nothing that is claimed under that lease is anybody's: others claim it, and what the
//! silent node settles too late finds its lease gone. A node that was silent because the database
//! was away, and whose row is still there, goes on as before.
//!
//! A fresh delivery is in no index: it is held by who accepted it from its commit on, and nearly all
//! are delivered within milliseconds. `fresh_from` says where those of a node begin; what has been
//! fresh for two heartbeats is entered in the index of what is due, still held.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use herald_store::{Lease, Nodes, Result, Signal, StoreError};

use crate::{
    Options, PostgresStore,
    connecting::Pool,
    failure::Outcome,
    heartbeat, import,
    time::{DatabaseTime, since_start},
    transaction::{Ended, Tx, transact},
};

/// How often a slot is sought that no other node takes at the same time.
const TRIES: u32 = 20;

/// This node.
pub(crate) struct Node {
    lease_time: Duration,
    dispatches: bool,
    name: String,
    held: Mutex<Held>,
    /// Nodes that dispatch, this one included if it does.
    dispatchers: AtomicUsize,
    watermarks: Mutex<Watermarks>,
    left: AtomicBool,
    /// Held by who renews the lease, or takes another one.
    renewing: tokio::sync::Mutex<()>,
}

/// What a node does at the same time as the others of these.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    /// Recording events.
    Recording,
    /// Recording what was done to resources, and its events.
    Writing,
    /// Everything else.
    Other,
}

impl Work {
    const KINDS: i32 = 3;
}

/// The lease that the node holds.
#[derive(Clone, Copy)]
struct Held {
    lease: i64,
    slot: i32,
    /// In time since the machine's start: from then on others may have taken over.
    good_until: Duration,
}

/// Which numbers of events this node is about to use, or has used.
#[derive(Default)]
struct Watermarks {
    /// The largest that it got, or that it knows another node to have got.
    last: i64,
    /// Of transactions that have not ended: no number of theirs is smaller.
    open: BTreeMap<u64, i64>,
    opened: u64,
    /// Where fresh ones begin that are not in the index: as it was last written.
    fresh_from: i64,
    /// The mark of the heartbeat before.
    before: i64,
}

/// A transaction that numbers events is under way.
pub(crate) struct Numbering(u64);

impl Node {
    /// Registers this process.
    pub(crate) async fn join(pool: &Pool, options: &Options, time: &DatabaseTime) -> Result<Self> {
        let node = Self {
            lease_time: options.lease,
            dispatches: options.dispatches,
            name: options.name.clone(),
            held: Mutex::new(Held { lease: 0, slot: 0, good_until: Duration::ZERO }),
            dispatchers: AtomicUsize::new(1),
            watermarks: Mutex::default(),
            left: AtomicBool::new(false),
            renewing: tokio::sync::Mutex::default(),
        };
        node.register(pool, time).await?;
        Ok(node)
    }

    /// The number of the present lease.
    pub(crate) fn lease(&self) -> i64 {
        self.held().lease
    }

    /// Where this node counts what such a piece of work does: what goes on at the same time does not
    /// wait for the same rows.
    pub(crate) fn slot(&self, work: Work) -> i32 {
        self.held().slot * Work::KINDS + work as i32
    }

    /// Whether it takes deliveries.
    pub(crate) fn dispatches(&self) -> bool {
        self.dispatches
    }

    /// A transaction is about to get numbers for events.
    pub(crate) fn begin_numbering(&self) -> Numbering {
        let mut watermarks = self.watermarks();
        watermarks.opened += 1;
        let (number, first) = (watermarks.opened, watermarks.last + 1);
        watermarks.open.insert(number, first);
        Numbering(number)
    }

    /// It has got these, ascending. Answers whether they are smaller than where this node's fresh
    /// deliveries begin, as the database knows it: a server that has crashed may give numbers again
    /// that nobody came to use.
    pub(crate) fn numbered(&self, numbers: &[i64]) -> bool {
        let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { return false };
        let mut watermarks = self.watermarks();
        let again = *first <= watermarks.last;
        if again {
            for open in watermarks.open.values_mut() {
                *open = (*open).min(*first);
            }
            watermarks.before = watermarks.before.min(*first);
        }
        watermarks.last = if again { *last } else { watermarks.last.max(*last) };
        let unknown = *first < watermarks.fresh_from;
        watermarks.fresh_from = watermarks.fresh_from.min(*first);
        unknown
    }

    /// Any node has got numbers up to this one: what is yet to be numbered gets a larger one.
    pub(crate) fn others_numbered(&self, largest: i64) {
        let mut watermarks = self.watermarks();
        watermarks.last = watermarks.last.max(largest);
    }

    /// Its outcome is known.
    pub(crate) fn end_numbering(&self, Numbering(number): Numbering) {
        self.watermarks().open.remove(&number);
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watermarks(&self) -> MutexGuard<'_, Watermarks> {
        self.watermarks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this lease is this node's, by its own reckoning of the time that has passed.
    pub(crate) fn holds(&self, lease: i64) -> bool {
        let held = *self.held();
        !self.has_left() && held.lease == lease && since_start() < held.good_until
    }

    pub(crate) fn has_left(&self) -> bool {
        self.left.load(Ordering::Acquire)
    }

    /// Until this is dropped, nobody else renews the lease.
    pub(crate) async fn renewing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.renewing.lock().await
    }

    pub(crate) fn lease_time(&self) -> Duration {
        self.lease_time
    }

    /// The lease was renewed at this time since the machine's start, or a little later.
    pub(crate) fn renewed(&self, lease: i64, at: Duration, dispatchers: usize) {
        let mut held = self.held();
        if held.lease == lease {
            held.good_until = at + self.lease_time;
        }
        self.dispatchers.store(dispatchers.max(1), Ordering::Relaxed);
    }

    /// Between which numbers there may be deliveries that have been fresh since the last but one
    /// heartbeat.
    pub(crate) fn lingering(&self) -> (i64, i64) {
        let mut watermarks = self.watermarks();
        let mark = watermarks.open.values().copied().min().unwrap_or(watermarks.last + 1);
        let until = std::mem::replace(&mut watermarks.before, mark);
        (watermarks.fresh_from, until)
    }

    /// Under this lease there are none before this number any more.
    pub(crate) fn none_fresh_before(&self, lease: i64, number: i64) {
        let mut watermarks = self.watermarks();
        // A number that was given again meanwhile may be smaller.
        if self.lease() == lease && watermarks.before >= number {
            watermarks.fresh_from = number;
        }
    }

    /// Takes a lease; what was held under another one is not this node's any more.
    pub(crate) async fn register(&self, pool: &Pool, time: &DatabaseTime) -> Result<()> {
        let mut tries = 0;
        loop {
            tries += 1;
            let asked = since_start();
            let registered = match transact(pool, |tx| self.insert(tx)).await {
                // Another node has just taken the slot.
                Ended::Known(Err(StoreError::Internal(_))) if tries < TRIES => continue,
                Ended::Known(registered) => registered?,
                // It is registered or not: the row would be removed when its lease has ended.
                Ended::Unknown(..) => continue,
            };
            let answered = since_start();
            time.learn(registered.shown, asked, answered);
            *self.held() = Held {
                lease: registered.lease,
                slot: registered.slot,
                good_until: asked + self.lease_time,
            };
            let mut watermarks = self.watermarks();
            let mark = registered.fresh_from;
            watermarks.last = watermarks.last.max(mark);
            (watermarks.fresh_from, watermarks.before) = (mark, mark);
            return Ok(());
        }
    }

    async fn insert(&self, tx: Tx) -> Outcome<Registered> {
        // Some of a lease's number is chance: a standby that takes over, and was a little behind, gives
        // a number again that a node goes by.
        let sql = "INSERT INTO node
                       (lease, slot, dispatches, until, fresh_from, name, version, started_at)
                   SELECT nextval('lease_number') * 1048576 + floor(random() * 1048576)::bigint,
                       (SELECT min(free)::integer
                        FROM generate_series(0, (SELECT count(*) FROM node)) AS free
                        WHERE free NOT IN (SELECT slot FROM node)),
                       $1, clock_timestamp() + $2::double precision * interval '1 millisecond',
                       nextval('event_number'), $3, $4, clock_timestamp()
                   RETURNING lease, slot, fresh_from,
                       floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS shown";
        let lease = self.lease_time.as_secs_f64() * 1000.0;
        let version = env!("CARGO_PKG_VERSION");
        let row = tx.query_one(sql, &[&self.dispatches, &lease, &self.name, &version]).await?;
        // Asked only now: who begins to fill the database keeps this row out until it says so.
        if let Some(refusal) = import::refusal(&tx).await? {
            return Err(StoreError::Unavailable(refusal).into());
        }
        Ok(Registered {
            lease: row.try_get("lease")?,
            slot: row.try_get("slot")?,
            fresh_from: row.try_get("fresh_from")?,
            shown: row.try_get("shown")?,
        })
    }
}

struct Registered {
    lease: i64,
    slot: i32,
    fresh_from: i64,
    shown: i64,
}

#[async_trait]
impl Nodes for PostgresStore {
    fn holds(&self, lease: Lease) -> bool {
        self.shared.node.holds(lease.0.cast_signed())
    }

    fn dispatchers(&self) -> usize {
        self.shared.node.dispatchers.load(Ordering::Relaxed)
    }

    async fn signal(&self) -> Signal {
        self.shared.signals.next().await
    }

    fn round_trips(&self) -> u64 {
        self.shared.pools.writes.round_trips().so_far()
    }

    async fn agree(&self, name: &'static str, proposed: Vec<u8>) -> Result<Vec<u8>> {
        self.write((name, proposed), |tx, given| async move {
            let (name, proposed) = &*given;
            let propose = "INSERT INTO agreed (name, value) VALUES ($1, $2)
                           ON CONFLICT DO NOTHING";
            tx.execute(propose, &[name, proposed]).await?;
            // A statement of its own: it sees what another node has just committed.
            let agreed = "SELECT value FROM agreed WHERE name = $1";
            Ok(tx.query_one(agreed, &[name]).await?.try_get(0)?)
        })
        .await
    }

    async fn leave(&self) -> Result<()> {
        self.shared.node.left.store(true, Ordering::Release);
        // Who is about to take another lease does so before this one is given up.
        let _only_one = self.shared.node.renewing().await;
        heartbeat::leave(self).await
    }
}
