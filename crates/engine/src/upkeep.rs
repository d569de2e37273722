//! Upkeep: forgetting what is old (replaced secrets too), cancelling what belongs to deleted
//! webhooks, and following the clock when it goes back.
//!
//! One loop, woken by a timer or by a deletion. Every step is idempotent and takes no input, so
//! it does not matter how often it runs or where it was interrupted.

use std::{
    sync::{Arc, PoisonError, Weak},
    time::Duration,
};

use crate::{Engine, Result};

/// How often the loop comes round by itself.
const PERIOD: Duration = Duration::from_secs(10);

/// Rows of one transaction, so that nobody waits long for the writer.
const ROWS: usize = 500;

/// How long an `Idempotency-Key` is remembered.
const KEYS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The clock went back only if it did by more than this; less is corrected all the time.
const JUMP: Duration = Duration::from_secs(1);

/// Runs for as long as the engine is used.
pub(crate) fn spawn(engine: &Arc<Engine>) {
    let tidy = engine.tidy.clone();
    let engine = Arc::downgrade(engine);
    tokio::spawn(async move {
        while let Some(engine) = Weak::upgrade(&engine).filter(|e| !e.dispatcher.is_stopping()) {
            if let Err(error) = engine.tidy_up().await {
                tracing::warn!(%error, "upkeep is put off");
            }
            // An engine that nobody else uses must not be kept alive by its own upkeep.
            drop(engine);
            tokio::select! {
                () = tidy.notified() => {}
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
    });
}

impl Engine {
    /// Everything there is to tidy up now.
    async fn tidy_up(&self) -> Result<()> {
        if self.follow_the_clock().await? {
            self.dispatcher.reload().await?;
        }
        let now = self.clock.now();
        while self.store.expire_sessions(now, ROWS).await? == ROWS {}
        while self.store.cancel_orphans(now, ROWS).await? == ROWS {}
        while self.store.end_rotations(now, ROWS).await? == ROWS {}
        while self.store.expire_keys(now.before(KEYS_KEPT), ROWS).await? == ROWS {}
        let forgotten = now.before(self.settings.retention);
        while self.store.expire(forgotten, ROWS).await? == ROWS {}
        while self.store.expire_statistics(forgotten, ROWS).await? == ROWS {}
        while self.store.expire_recoveries(forgotten, ROWS).await? == ROWS {}
        self.inbox.expire().await?;
        Ok(())
    }

    /// Notes the time. If the clock has gone back, what is due is moved with it, so that no retry is
    /// later than its step; answers whether that was so.
    ///
    /// Several nodes share one clock, and note its time in one place: the first that notes an
    /// earlier one moves what is due, and the others find that time noted. But they do not learn of
    /// a jump at the same moment. What a node has noted that knows of a jump forward already must
    /// not look like one back to who does not; so it counts only as far as this node's own clock
    /// has gone back as well, since it was last looked at.
    pub(crate) async fn follow_the_clock(&self) -> Result<bool> {
        let now = self.clock.now();
        let Some(latest) = self.store.note_time(now).await? else { return Ok(false) };
        let own = self.noted_time.lock().unwrap_or_else(PoisonError::into_inner).replace(now);
        let back = own.map_or(latest, |own| own.min(latest)).since(now);
        if back <= JUMP {
            return Ok(false);
        }
        tracing::warn!(
            seconds = back.as_secs(),
            "the clock has gone back; what is due moves with it"
        );
        self.store.advance_due(now, back).await?;
        Ok(true)
    }
}
