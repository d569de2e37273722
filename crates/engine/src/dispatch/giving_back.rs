//! Giving back: what is claimed and not attempted after all goes back to the store, where whoever
//! has room claims it.
//!
//! One reason is that the lease under which it is held is not held any more: this node was silent
//! for so long that others may have taken over. So it is looked at before each attempt, and what is
//! not held is let go. Giving it back does no harm if it is another node's by then, since the store
//! asks for the lease; and if the node was merely late, nothing stays behind that nobody attempts.

use std::{
    collections::HashSet,
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use herald_store::{DeliveryKey, StoreError};

use super::{Dispatcher, board::Job, settling::LONGEST_PAUSE};

/// For how long what is let go is gathered. Everything in memory follows within moments, and a
/// store that did not renew a lease is not to be asked without pause.
const BURST: Duration = Duration::from_millis(250);

/// The first pause between two tries of the store.
const PAUSE: Duration = Duration::from_millis(50);

/// What is to be given back: whatever comes while the store is busy with some goes together.
#[derive(Default)]
pub(super) struct GivingBack {
    keys: Vec<DeliveryKey>,
    under_way: bool,
}

impl Dispatcher {
    /// Gives claims back to the store, and has them claimed again when there is room.
    pub(super) fn give_back(self: &Arc<Self>, keys: Vec<DeliveryKey>) {
        if keys.is_empty() {
            return;
        }
        let mut giving_back = self.giving_back();
        giving_back.keys.extend(keys);
        if !std::mem::replace(&mut giving_back.under_way, true) {
            tokio::spawn(self.clone().give_back_all());
        }
    }

    async fn give_back_all(self: Arc<Self>) {
        loop {
            let keys = {
                let mut giving_back = self.giving_back();
                giving_back.under_way = !giving_back.keys.is_empty();
                std::mem::take(&mut giving_back.keys)
            };
            if keys.is_empty() {
                return;
            }
            let webhooks: HashSet<_> = keys.iter().map(|key| key.webhook).collect();
            if let Err(error) = self.release(keys).await {
                // They stay claimed until this process or its lease ends; then they are due again.
                tracing::error!(%error, "deliveries could not be released");
            }
            for webhook in webhooks {
                self.due_at(webhook, self.clock.now());
            }
        }
    }

    fn giving_back(&self) -> MutexGuard<'_, GivingBack> {
        self.giving_back.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Releases; tries again for as long as the store is unavailable.
    async fn release(&self, keys: Vec<DeliveryKey>) -> Result<(), StoreError> {
        let mut pause = PAUSE;
        loop {
            match self.store.release(keys.clone()).await {
                Err(StoreError::Unavailable(reason)) if !self.is_stopping() => {
                    tracing::debug!(reason, "deliveries cannot be released; trying again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                outcome => return outcome,
            }
        }
    }

    /// Lets go of a delivery that was to be attempted: the lease under which it was claimed is not
    /// held any more.
    pub(super) fn let_go(self: &Arc<Self>, job: &Job) {
        let key = job.delivery.key;
        self.board().let_go(key.webhook, job.budget);
        self.idle.notify_waiters();
        self.metrics.let_go();
        let mut gathered = self.let_go.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.push(key);
        if gathered.len() == 1 {
            tokio::spawn(self.clone().give_back_what_was_let_go());
        }
    }

    async fn give_back_what_was_let_go(self: Arc<Self>) {
        tokio::time::sleep(BURST).await;
        let gathered = {
            let mut gathered = self.let_go.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *gathered)
        };
        tracing::warn!(
            deliveries = gathered.len(),
            "the lease of this node was not renewed in time, and others may have taken over: what it \
             held is not attempted"
        );
        self.give_back(gathered);
    }
}
