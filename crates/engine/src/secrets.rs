//! Rotating a webhook's secret: a new one comes, and for a while the one before counts beside it
//! ([`herald_domain::rotation`]).
//!
//! As with every change of a webhook, the dispatcher forgets what it knew of it, so that each
//! attempt is signed with the secrets of its own time; nothing of the schedule moves (promise 4).

use std::time::Duration;

use herald_domain::{
    account::EnvironmentId,
    id::WebhookId,
    problem::Problem,
    rotation::{LONGEST_OVERLAP, RotationRunning, SecretChange, USUAL_OVERLAP},
    signature::Secret,
    webhook::Webhook,
};
use herald_store::SecretChanged;

use crate::{
    Engine, Result, keys::random_secret, notices::refuse_if_configured, webhooks::unknown_webhook,
};

/// How a secret is to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretRotation {
    /// For how long the one before counts beside the new one; a week at most.
    pub overlap: Duration,
    /// Whether ComplyCube's header goes over to the new one at once.
    pub switched: bool,
}

impl Default for SecretRotation {
    /// A day, in which somebody says when to switch.
    fn default() -> Self {
        Self { overlap: USUAL_OVERLAP, switched: false }
    }
}

impl Engine {
    /// Gives a webhook another secret, which is to be shown once.
    pub async fn rotate_secret(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        rotation: SecretRotation,
    ) -> Result<(Webhook, Secret)> {
        if rotation.overlap > LONGEST_OVERLAP {
            let longest = LONGEST_OVERLAP.as_secs();
            let message = format!("'overlapSeconds' should be at most {longest}");
            return Err(Problem::invalid("overlapSeconds", message).into());
        }
        let secret = random_secret(&*self.chance);
        let change = SecretChange::Rotate {
            secret: self.sealer.seal(id, &secret, &*self.chance),
            until: self.clock.now().after(rotation.overlap),
            switched: rotation.switched,
        };
        Ok((self.change_secret(environment, id, change).await?, secret))
    }

    /// Has ComplyCube's header go over to the new secret. Nothing to switch is no problem: the
    /// webhook's own secret signs, as was asked for.
    pub async fn switch_secret(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
    ) -> Result<Webhook> {
        self.change_secret(environment, id, SecretChange::Switch).await
    }

    async fn change_secret(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        change: SecretChange,
    ) -> Result<Webhook> {
        refuse_if_configured(id)?;
        let (store, now) = (self.store.clone(), self.clock.now());
        let changing = async move { store.change_secret(environment, id, change, now).await };
        match self.change_and_forget(id, changing).await? {
            SecretChanged::Changed(webhook) => Ok(*webhook),
            SecretChanged::Running(running) => Err(rotation_running(running).into()),
            SecretChanged::UnknownWebhook => Err(unknown_webhook(id).into()),
        }
    }
}

fn rotation_running(RotationRunning { until }: RotationRunning) -> Problem {
    let message = format!(
        "the webhook's secret is being rotated, and the one before it counts until {until}; \
         rotate again after that"
    );
    Problem::unprocessable("rotation_running", message)
}
