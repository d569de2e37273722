//! Attempts on request: as the workers make them, but beside the board, which neither counts them
//! nor learns from them.

use std::sync::Arc;

use bytes::Bytes;
use herald_domain::{
    attempt::Attempt,
    id::{EventId, WebhookId},
    webhook::Webhook,
};
use herald_store::DeliveryKey;

use super::{Dispatcher, worker::ended};

impl Dispatcher {
    /// One signed request to the webhook as it is given, under one deadline. What went wrong is
    /// part of the attempt.
    pub(crate) async fn attempt_now(
        &self,
        webhook: &Webhook,
        event: EventId,
        body: &Bytes,
    ) -> Attempt {
        let route = self.router.route(webhook);
        let attempt = match self.prepare(&route, event, body) {
            (attempt, None) => attempt,
            (attempt, Some(post)) => ended(attempt, self.exchange(post).await),
        };
        self.metrics.attempted(&attempt);
        attempt
    }

    /// Takes a delivery off what waits in memory, since it was delivered on request: it would be
    /// sent again. If that cannot be recorded, it has to be given back with
    /// [`Self::put_back`].
    pub(crate) fn withdraw(&self, webhook: WebhookId, event: EventId) -> Option<DeliveryKey> {
        let mut board = self.board();
        let withdrawn = board.withdraw(webhook, event);
        if board.take_room_made() {
            self.due_changed.notify_one();
        }
        withdrawn
    }

    /// Gives a delivery back that was withdrawn: it is due as it was.
    pub(crate) fn put_back(self: &Arc<Self>, withdrawn: Option<DeliveryKey>) {
        self.give_back(withdrawn.into_iter().collect());
    }

    /// The longest that an attempt and its recording take.
    pub(crate) fn patience(&self) -> std::time::Duration {
        self.longest_attempt + super::STOP_GRACE
    }
}
