//! What a node does all the time beside its work: renews its lease, takes over from nodes whose lease
//! has ended, and looks for what it was not told.

use std::{collections::HashMap, pin::pin, sync::Arc, time::Duration};

use herald_domain::id::WebhookId;
use herald_store::{Result, Signal, StoreError};
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    PostgresStore, Shared,
    codec::{count, object_id},
    failure::Outcome,
    signals,
    time::since_start,
    transaction::{Ended, Tx, transact, unknown_outcome},
};

/// How often it looks for changes of webhooks and for silent nodes.
const ROUND: Duration = Duration::from_secs(1);

/// How many of these until it looks for everything else.
const ROUNDS: u32 = 2;

/// How long it can be asked what became of a transaction.
const MARKS_KEPT: Duration = Duration::from_secs(600);

/// How many of them are forgotten at a time, more than come between two heartbeats.
const MARKS: i64 = 100_000;

/// Renewals within one lease.
const RENEWALS: u32 = 4;

/// For as long as the store is there.
pub(crate) async fn beat(shared: Arc<Shared>, mut ends: watch::Receiver<()>) {
    let lease = shared.node.lease_time();
    let period = lease / RENEWALS;
    let mut pulse = Pulse::begun(since_start());
    let mut changes = Changes::default();
    let mut beside = Beside::default();
    let mut outage = Outage::default();
    let mut round = 0_u32;
    loop {
        tokio::select! {
            () = tokio::time::sleep(ROUND.min(period)) => {}
            _ = ends.changed() => return,
        }
        if shared.node.has_left() {
            return;
        }
        if since_start().saturating_sub(pulse.renewed) >= period {
            let began = since_start();
            match patiently(renew(&shared), period).await {
                Ok(()) => {
                    pulse.beat(began, since_start(), lease);
                    outage.is_over();
                    beside.tidy(&shared);
                }
                Err(error) => outage.goes_on(&error),
            }
        }
        match look(&shared, &mut changes).await {
            Ok(silent) if silent && pulse.is_steady(since_start(), shared.time.set_at(), lease) => {
                beside.take_over(&shared);
            }
            Ok(_) => {}
            Err(error) => {
                // There is nothing to be found while the database is away.
                tracing::debug!(%error, "what other nodes did could not be looked for");
                continue;
            }
        }
        round += 1;
        if round.is_multiple_of(ROUNDS) {
            shared.signals.hear(Signal::LookAround);
        }
    }
}

/// Waits for an answer however long it takes, and says so if it takes long.
async fn patiently<T>(question: impl Future<Output = T>, long: Duration) -> T {
    let mut question = pin!(question);
    if let Ok(answer) = tokio::time::timeout(long, &mut question).await {
        return answer;
    }
    tracing::warn!("the database has not answered for {} s", long.as_secs_f32());
    question.await
}

/// That the lease cannot be renewed: said once, and again when it is over.
#[derive(Default)]
struct Outage {
    since: Option<Duration>,
}

impl Outage {
    fn goes_on(&mut self, error: &StoreError) {
        if self.since.is_some() {
            tracing::debug!(%error, "the lease of this node cannot be renewed yet");
            return;
        }
        self.since = Some(since_start());
        tracing::warn!(%error, "the lease of this node could not be renewed; trying again");
    }

    fn is_over(&mut self) {
        if let Some(since) = self.since.take() {
            let seconds = since_start().saturating_sub(since).as_secs();
            tracing::info!(seconds, "the database answers again, and the lease is renewed");
        }
    }
}

/// How steadily this node has renewed its lease, in time since the machine's start.
struct Pulse {
    /// When it last asked for it.
    renewed: Duration,
    /// When that was answered.
    answered: Duration,
    /// It counts as steady from then on.
    steady_from: Duration,
}

impl Pulse {
    fn begun(now: Duration) -> Self {
        Self { renewed: now, answered: now, steady_from: Duration::ZERO }
    }

    /// The lease was renewed. A node that could not do so for long was perhaps not the only one: then
    /// the others get as much time as a lease to come back, as when the database was away from all.
    fn beat(&mut self, asked: Duration, answered: Duration, lease: Duration) {
        if answered.saturating_sub(self.answered) > lease / 2 {
            self.steady_from = answered + lease;
        }
        (self.renewed, self.answered) = (asked, answered);
    }

    /// Whether it may take over from who is silent. Not before it has known the database's clock as it
    /// is for as long as a lease: if it was set, others have not renewed by it yet; and a node that has
    /// just started does not know for how long the database was away.
    fn is_steady(&self, now: Duration, clock_set_at: Duration, lease: Duration) -> bool {
        now.saturating_sub(self.answered) <= lease / 2
            && now >= self.steady_from
            && now >= clock_set_at + lease
    }
}

/// What is done beside the heartbeats, which must not wait for rows that a halted node has locked.
#[derive(Default)]
struct Beside {
    tidying: Option<JoinHandle<()>>,
    taking_over: Option<JoinHandle<()>>,
}

impl Beside {
    /// Forgets old marks, and enters in the index of what is due what has been fresh for long.
    fn tidy(&mut self, shared: &Arc<Shared>) {
        let shared = shared.clone();
        begin(&mut self.tidying, async move {
            forget_marks(&shared).await;
            enter_what_lingers(&shared).await;
        });
    }

    fn take_over(&mut self, shared: &Arc<Shared>) {
        let shared = shared.clone();
        begin(&mut self.taking_over, async move { take_over(&shared, Duration::ZERO).await });
    }
}

/// Begins it, unless it is still under way. It ends by itself.
fn begin(task: &mut Option<JoinHandle<()>>, work: impl Future<Output = ()> + Send + 'static) {
    if task.as_ref().is_none_or(JoinHandle::is_finished) {
        *task = Some(tokio::spawn(work));
    }
}

/// Renews the lease, or takes another one if it is gone.
pub(crate) async fn renew(shared: &Arc<Shared>) -> Result<()> {
    let (node, pool) = (&shared.node, &shared.pools.beats);
    let _only_one = node.renewing().await;
    if node.has_left() {
        return Err(StoreError::Unavailable("this node has left the others".to_owned()));
    }
    let lease = node.lease();
    let asked = since_start();
    let renewing = transact(pool, |tx| async move { prolong(&tx, node.lease_time(), lease).await });
    let renewed = match renewing.await {
        Ended::Known(renewed) => renewed?,
        Ended::Unknown(..) => return Err(unknown_outcome()),
    };
    let Some(Renewed { shown, dispatchers, numbered }) = renewed else {
        tracing::warn!(
            "this node was silent for longer than its lease, and others took over what it had; it \
             goes on with another lease"
        );
        node.register(pool, &shared.time).await?;
        shared.signals.hear(Signal::LookAround);
        return Ok(());
    };
    shared.time.learn(shown, asked, since_start());
    node.renewed(lease, asked, dispatchers);
    node.others_numbered(numbered);
    Ok(())
}

/// What a node learns when its lease is renewed.
struct Renewed {
    /// What the database's clock shows.
    shown: i64,
    /// How many nodes dispatch.
    dispatchers: usize,
    /// The largest number that any node got for an event: a node that records nothing has nothing
    /// fresh that far back, and nobody has to look for it there.
    numbered: i64,
}

/// `None` if the lease is gone.
async fn prolong(tx: &Tx, time: Duration, lease: i64) -> Outcome<Option<Renewed>> {
    let sql = "UPDATE node
               SET until = clock_timestamp() + $2::double precision * interval '1 millisecond'
               WHERE lease = $1
               RETURNING floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS shown,
                   (SELECT count(*) FROM node WHERE dispatches) AS dispatchers,
                   (SELECT last_value FROM event_number) AS numbered";
    let millis = time.as_secs_f64() * 1000.0;
    let Some(row) = tx.query_opt(sql, &[&lease, &millis]).await? else { return Ok(None) };
    Ok(Some(Renewed {
        shown: row.try_get("shown")?,
        dispatchers: count(&row, "dispatchers")?,
        numbered: row.try_get("numbered")?,
    }))
}

/// Forgets marks that nobody asks for any more; what fails is done after the next heartbeat. What
/// another node is busy with is passed over.
async fn forget_marks(shared: &Arc<Shared>) {
    let old = shared.time.now().before(MARKS_KEPT).seconds().to_be_bytes();
    let forgetting = transact(&shared.pools.writes, |tx| async move {
        let sql = "DELETE FROM commit_mark WHERE id = ANY (ARRAY(
                       SELECT id FROM commit_mark WHERE id < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))";
        // An ObjectId begins with its seconds.
        tx.execute(sql, &[&&old[4..], &MARKS]).await
    });
    if let Ended::Known(Err(error)) = forgetting.await {
        tracing::debug!(%error, "old marks are kept for a while longer");
    }
}

/// Enters in the index of what is due what has been fresh for two heartbeats, still held.
async fn enter_what_lingers(shared: &Arc<Shared>) {
    let (node, lease) = (&shared.node, shared.node.lease());
    let (from, until) = node.lingering();
    if until <= from {
        return;
    }
    let entering = transact(&shared.pools.writes, |tx| async move {
        enter_lingering(&tx, lease, from, until).await
    });
    if let Ended::Known(Ok(())) = entering.await {
        node.none_fresh_before(lease, until);
    }
}

async fn enter_lingering(tx: &Tx, lease: i64, from: i64, until: i64) -> Outcome<()> {
    let sql = "UPDATE delivery SET due_at = created_at
               WHERE seq >= $2 AND seq < $3 AND claimed_by = $1 AND state = 0 AND due_at IS NULL";
    tx.execute(sql, &[&lease, &from, &until]).await?;
    let sql = "UPDATE node SET fresh_from = $2 WHERE lease = $1";
    tx.execute(sql, &[&lease, &until]).await?;
    Ok(())
}

/// Takes over from every node whose lease ended so long ago.
pub(crate) async fn take_over(shared: &Arc<Shared>, ago: Duration) {
    let (lease, ago) = (shared.node.lease(), ago.as_secs_f64());
    let taking = transact(&shared.pools.writes, |tx| async move {
        let sql = "SELECT lease, fresh_from, name FROM node
                   WHERE until < clock_timestamp() - $2::double precision * interval '1 second'
                       AND lease <> $1
                   ORDER BY lease FOR UPDATE SKIP LOCKED";
        let mut silent = Vec::new();
        for row in tx.query(sql, &[&lease, &ago]).await? {
            remove(&tx, row.try_get("lease")?, row.try_get("fresh_from")?).await?;
            silent.push(row.try_get::<_, String>("name")?);
        }
        Ok(silent)
    });
    let (Ended::Known(Ok(silent)) | Ended::Unknown(silent, _)) = taking.await else { return };
    if !silent.is_empty() {
        tracing::warn!(nodes = ?silent, "the leases of these nodes have ended; taking over");
        shared.signals.hear(Signal::LookAround);
        shared.signals.tell(Signal::LookAround);
    }
}

/// Makes due what was fresh under a lease, and ends it: what was claimed is free with that.
async fn remove(tx: &Tx, lease: i64, fresh_from: i64) -> Outcome<()> {
    let sql = "UPDATE delivery SET due_at = created_at, claimed_by = NULL
               WHERE seq >= $2 AND claimed_by = $1 AND state = 0 AND due_at IS NULL";
    tx.execute(sql, &[&lease, &fresh_from]).await?;
    tx.execute("DELETE FROM node WHERE lease = $1", &[&lease]).await?;
    Ok(())
}

/// Ends this node's lease in order.
pub(crate) async fn leave(store: &PostgresStore) -> Result<()> {
    let lease = store.shared.node.lease();
    store
        .write(lease, |tx, lease| async move {
            let sql = "SELECT fresh_from FROM node WHERE lease = $1 FOR UPDATE";
            let Some(row) = tx.query_opt(sql, &[&*lease]).await? else { return Ok(()) };
            remove(&tx, *lease, row.try_get("fresh_from")?).await
        })
        .await?;
    // If it fails, the others see it when they look around.
    let _ = signals::notify(&store.shared, &[Signal::LookAround]).await;
    Ok(())
}

/// The changes of webhooks that were seen: which, and when they were changed.
#[derive(Default)]
struct Changes(HashMap<WebhookId, String>);

/// Looks for webhooks that others have changed; answers whether any other node is silent.
async fn look(shared: &Arc<Shared>, changes: &mut Changes) -> Result<bool> {
    let found = async {
        let tx = Tx::connect(&shared.pools.beats).await?;
        let lease = shared.node.lease();
        let sql = "SELECT EXISTS (SELECT 1 FROM node
                                  WHERE until < clock_timestamp() AND lease <> $1) AS silent,
                       floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS shown";
        tx.prepare(&[sql]).await?;
        let asked = since_start();
        let row = tx.query_one(sql, &[&lease]).await?;
        // By the same clock: who sees others silent because it was set knows that it was set.
        shared.time.learn(row.try_get("shown")?, asked, since_start());
        let silent: bool = row.try_get("silent")?;
        // Longer ago than any transaction may take to be seen.
        let sql = "SELECT id, changed_at::text AS changed_at FROM webhook
                   WHERE changed_at > clock_timestamp() - interval '15 seconds'
                       AND changed_by IS DISTINCT FROM $1";
        let mut changed = HashMap::new();
        for row in tx.query(sql, &[&lease]).await? {
            changed.insert(WebhookId(object_id(&row, "id")?), row.try_get("changed_at")?);
        }
        Outcome::Ok((silent, changed))
    };
    let (silent, changed): (bool, HashMap<WebhookId, String>) =
        found.await.map_err(StoreError::from)?;
    for (webhook, at) in &changed {
        if changes.0.get(webhook) != Some(at) {
            shared.signals.hear(Signal::WebhookChanged(*webhook));
        }
    }
    changes.0 = changed;
    Ok(silent)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(10);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// One that has been there for long, and renewed its lease a moment before.
    fn steady() -> Pulse {
        let mut pulse = Pulse::begun(at(98));
        pulse.beat(at(100), at(100), LEASE);
        pulse
    }

    #[test]
    fn who_renews_its_lease_all_the_time_may_take_over() {
        assert!(steady().is_steady(at(103), at(0), LEASE));
    }

    #[test]
    fn who_could_not_renew_its_own_lease_may_not_nor_for_a_lease_after() {
        let mut pulse = steady();
        assert!(!pulse.is_steady(at(106), at(0), LEASE), "the database may be away from all");
        pulse.beat(at(106), at(106), LEASE);
        assert!(!pulse.is_steady(at(107), at(0), LEASE));
        (109..=115).step_by(2).for_each(|now| pulse.beat(at(now), at(now), LEASE));
        assert!(!pulse.is_steady(at(115), at(0), LEASE));
        assert!(pulse.is_steady(at(116), at(0), LEASE));
    }

    #[test]
    fn a_renewal_that_was_answered_late_is_late() {
        let mut pulse = steady();
        pulse.beat(at(102), at(109), LEASE);
        assert!(!pulse.is_steady(at(110), at(0), LEASE));
    }

    #[test]
    fn who_has_just_learned_the_time_may_not() {
        assert!(!steady().is_steady(at(101), at(92), LEASE));
        assert!(steady().is_steady(at(102), at(92), LEASE));
    }
}
