//! A walk's steps of what people ask for: attempts outside of the schedule, and recoveries.

use std::{collections::BTreeSet, time::Duration};

use herald_domain::{
    attempt::ErrorClass,
    delivery::DeliveryState,
    id::{DeliveryId, RecoveryId},
};

use super::{Both, Walk, deliveries};
use crate::{
    ManualAttempt, Missed, Queue, Recoveries, Recovery, RecoveryCreated, RecoveryFilter,
    RecoveryStatus,
    contract::{
        Backend,
        fixtures::{answered, failed, whole},
    },
};

impl<B: Backend> Walk<B> {
    /// Makes an attempt at any delivery, in whatever state, and however its schedule goes on.
    pub(super) async fn resend(&mut self) {
        let environment = self.environment();
        let stored = deliveries(&*self.scene.store, environment).await;
        let names: Vec<_> = stored.keys().copied().collect();
        let Some(name) = self.dice.pick(&names).copied() else { return };
        let model = deliveries(&self.model, environment).await[&name].0;
        let started_at = self.scene.tick();
        let attempt = match self.dice.below(2) {
            0 => answered(200, started_at),
            _ => failed(ErrorClass::Timeout, started_at),
        };
        let delivered = attempt.answer.is_success();
        self.trail.note("resend", (name, started_at, delivered));
        let manual = |delivery: DeliveryId| ManualAttempt {
            environment,
            delivery,
            attempt: attempt.clone(),
            delivered,
        };
        let number = self.scene.store.settle_manual(manual(stored[&name].0)).await.unwrap();
        assert_eq!(number, self.model.settle_manual(manual(model)).await.unwrap());
    }

    pub(super) async fn begin_recovery(&mut self) {
        let Some(webhook) = self.dice.pick(&self.webhooks).cloned() else { return };
        let seconds = u64::try_from(self.dice.index(600)).unwrap_or(0);
        let kinds = [DeliveryState::Exhausted, DeliveryState::Held];
        let states: BTreeSet<_> = kinds.into_iter().filter(|_| self.dice.below(4) > 0).collect();
        let at = self.scene.tick();
        let since = at.before(Duration::from_secs(seconds));
        let missed =
            Missed { environment: webhook.environment, webhook: webhook.id, since, states };
        let counted = self.scene.store.count_missed(missed.clone()).await.unwrap();
        assert_eq!(counted, self.model.count_missed(missed.clone()).await.unwrap());
        let recovery = Recovery {
            id: RecoveryId(self.scene.id()),
            missed,
            status: RecoveryStatus::Running,
            total: counted,
            recovered: 0,
            created_at: at,
            updated_at: at,
        };
        self.trail.note("recover", &recovery);
        let created = self.scene.store.create_recovery(recovery.clone()).await.unwrap();
        assert_eq!(created, self.model.create_recovery(recovery.clone()).await.unwrap());
        if created == RecoveryCreated::Created {
            self.recoveries.push(recovery);
        }
    }

    /// Takes a step of a recovery, or cancels it.
    pub(super) async fn go_on_recovering(&mut self) {
        let last = self.recoveries.len().saturating_sub(3);
        let picked = self.dice.pick(&self.recoveries[last..]).cloned();
        let Some(Recovery { id, missed, .. }) = picked else { return };
        let (at, limit) = (self.scene.tick(), 1 + self.dice.index(4));
        let environment = missed.environment;
        if self.dice.below(8) == 0 {
            self.trail.note("cancel recovery", id);
            let cancelled = self.scene.store.cancel_recovery(environment, id, at).await.unwrap();
            let expected = self.model.cancel_recovery(environment, id, at).await.unwrap();
            assert_eq!(cancelled, expected);
        } else {
            self.trail.note("recover some", (id, at, limit));
            let step = self.scene.store.recover_some(id, at, limit).await.unwrap();
            assert_eq!(step, self.model.recover_some(id, at, limit).await.unwrap());
        }
        let all = RecoveryFilter::default();
        let both = Both {
            store: self.scene.store.list_recoveries(environment, all, whole()).await.unwrap(),
            model: self.model.list_recoveries(environment, all, whole()).await.unwrap(),
        };
        assert_eq!(both.store, both.model);
    }
}
