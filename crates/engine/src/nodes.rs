//! Other nodes on the same database: what they tell this one, and what is done about it.
//!
//! A [`Signal`] is a hint at what is in the store anyway. Acting on one wakes whoever looks there,
//! or has the dispatcher forget what is old; nothing waits, so that no signal waits for another. What
//! was not heard is made up for by looking around, which the store asks for every other second: that
//! reads the store, so it is done apart, and rests in proportion to how long it took.
//!
//! Nothing else in the engine keeps what another node may change, but recognised API keys, for
//! some seconds (`keys`).

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use herald_store::{Signal, Store};
use tokio::{sync::Notify, time::Instant};

use crate::Engine;

/// The least rest between two looks at everything that the store has waiting.
const REST: Duration = Duration::from_secs(1);

/// The longest, however long a look took.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// How many times as long as it took to look it rests.
const RESTS: u32 = 9;

/// Runs until the engine is stopped, or nobody uses it any more.
pub(crate) fn spawn(engine: &Arc<Engine>) {
    let (store, mut ended) = (engine.store.clone(), engine.ended.subscribe());
    let engine = Arc::downgrade(engine);
    tokio::spawn(async move {
        let wanted = Notify::new();
        // An engine that nobody uses drops its end of this: that counts as ended.
        tokio::select! {
            () = listen(&engine, &*store, &wanted) => {}
            () = look_around(&engine, &wanted) => {}
            _ = ended.wait_for(|ended| *ended) => {}
        }
    });
}

async fn listen(engine: &Weak<Engine>, store: &dyn Store, wanted: &Notify) {
    loop {
        let signal = store.signal().await;
        let Some(engine) = Weak::upgrade(engine) else { return };
        engine.act_on(signal);
        if signal == Signal::LookAround {
            wanted.notify_one();
        }
        drop(engine);
        // However many are told, others get their turn.
        tokio::task::consume_budget().await;
    }
}

/// Finds what waits in the store, when it is wanted: once for all who want it meanwhile.
async fn look_around(engine: &Weak<Engine>, wanted: &Notify) {
    loop {
        wanted.notified().await;
        let Some(engine) = Weak::upgrade(engine) else { return };
        if !engine.settings.role.dispatches() {
            continue;
        }
        let began = Instant::now();
        if let Err(error) = engine.dispatcher.reload().await {
            tracing::warn!(%error, "what other nodes have left cannot be read; trying again");
            wanted.notify_one();
        }
        // An engine that nobody else uses must not be kept alive by what others tell it.
        drop(engine);
        let rest = began.elapsed().saturating_mul(RESTS).clamp(REST, LONGEST_REST);
        tokio::time::sleep(rest).await;
    }
}

impl Engine {
    fn act_on(&self, signal: Signal) {
        match signal {
            Signal::WebhookChanged(webhook) => self.dispatcher.forget(webhook),
            Signal::Due(webhook) => self.dispatcher.due_at(webhook, self.clock.now()),
            Signal::NoticeWaits => self.notice_waits.notify_one(),
            Signal::RecoveryMade => self.recovery_is_made.notify_one(),
            // It is delivered in the store too: nothing has to be given back.
            Signal::Delivered(webhook, event) => drop(self.dispatcher.withdraw(webhook, event)),
            Signal::RequestKept(endpoint, number) => self.inbox.viewers.tell(endpoint, number),
            Signal::EndpointGone(endpoint) => self.inbox.viewers.end(endpoint),
            Signal::LookAround => {
                self.dispatcher.share();
                self.notice_waits.notify_one();
                self.recovery_is_made.notify_one();
                self.check_is_due.notify_one();
                self.inbox.viewers.wake();
            }
        }
    }
}
