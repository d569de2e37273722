//! Claiming: what is due in the store comes into memory. Retries, what did not fit there when it
//! was fresh, and what another process left behind.

use std::{sync::Arc, time::Duration};

use herald_domain::time::Timestamp;
use tokio::task::JoinSet;

use super::{Dispatcher, board::ClaimOrder};
use crate::health::BEAT;

/// Webhooks claimed for at once: they share commits.
const AT_ONCE: usize = 32;

/// How long a webhook waits whose claim failed.
const REST: Duration = Duration::from_secs(1);

impl Dispatcher {
    /// Woken when something becomes due, or earlier due than thought.
    pub(super) async fn claim_what_is_due(self: Arc<Self>) {
        while !self.is_stopping() {
            self.claiming_beat.beat();
            let now = self.clock.now();
            let orders = self.board().claims(now, AT_ONCE);
            if orders.is_empty() {
                self.wait_for_work(now).await;
                continue;
            }
            let mut claims: JoinSet<()> =
                orders.into_iter().map(|order| self.clone().claim(order, now)).collect();
            while claims.join_next().await.is_some() {}
            self.pump();
        }
    }

    async fn wait_for_work(&self, now: Timestamp) {
        let next = self.board().next_due();
        // Something due now that was not claimed has no room: whoever makes room says so.
        let until = next.filter(|at| *at > now).unwrap_or_else(|| now.after(BEAT));
        tokio::select! {
            () = self.due_changed.notified() => {}
            () = self.clock.sleep_until(until) => {}
            () = tokio::time::sleep(BEAT) => {}
        }
    }

    async fn claim(self: Arc<Self>, order: ClaimOrder, now: Timestamp) {
        match self.store.claim(order.webhook, now, order.limit).await {
            Ok(claim) => {
                let given_back = self.board().claimed(order, claim, &self.router);
                self.give_back(given_back);
            }
            Err(error) => {
                tracing::warn!(webhook = %order.webhook, %error, "what is due cannot be claimed");
                self.due_at(order.webhook, now.after(REST));
            }
        }
    }
}
