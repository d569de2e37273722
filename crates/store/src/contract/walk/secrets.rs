//! What a walk does to the secrets of webhooks, and to whom alone it records something.

use std::time::Duration;

use herald_domain::{id::WebhookId, rotation::SecretChange, webhook::SealedSecret};

use super::{Backend, Walk, notices::nameless, until_done};
use crate::{SecretChanged, Upkeep, Webhooks};

impl<B: Backend> Walk<B> {
    pub(super) async fn change_secret(&mut self) {
        let Some(webhook) = self.dice.pick(&self.webhooks).cloned() else { return };
        let (environment, id, at) = (webhook.environment, webhook.id, self.scene.tick());
        let change = if self.dice.below(2) == 0 {
            SecretChange::Switch
        } else {
            SecretChange::Rotate {
                secret: SealedSecret(vec![u8::try_from(self.dice.below(256)).unwrap_or(0)]),
                until: at.after(Duration::from_secs(self.dice.below(60))),
                switched: self.dice.below(3) == 0,
            }
        };
        self.trail.note("secret", (id, &change));
        let expected = self.model.change_secret(environment, id, change.clone(), at).await;
        let changed = self.scene.store.change_secret(environment, id, change, at).await;
        assert_eq!(shown(changed.unwrap()), shown(expected.unwrap()));
    }

    pub(super) async fn end_rotations(&mut self) {
        let (now, limit) = (self.scene.tick(), 1 + self.dice.index(3));
        self.trail.note("end rotations", (now, limit));
        let store = until_done(limit, || self.scene.store.end_rotations(now, limit)).await;
        let model = until_done(limit, || self.model.end_rotations(now, limit)).await;
        assert_eq!(store, model);
    }

    /// Now and then a webhook, deleted or elsewhere perhaps, for which alone something is recorded.
    pub(super) fn only(&mut self) -> Option<WebhookId> {
        if self.dice.below(8) > 0 {
            return None;
        }
        self.dice.pick(&self.webhooks).map(|webhook| webhook.id)
    }
}

fn shown(changed: SecretChanged) -> SecretChanged {
    match changed {
        SecretChanged::Changed(webhook) => SecretChanged::Changed(nameless(*webhook).into()),
        other => other,
    }
}
