//! Rotation: a webhook changes from one signing secret to another while both count.
//!
//! A receiver cannot learn a new secret at the very moment at which Herald begins to sign with it.
//! So for a while both are in use. The Standard Webhooks header can carry two signatures and does,
//! the new one first. ComplyCube's header can carry one: it stays with the old secret until the
//! receiver's developer says that the new one is known everywhere ([`SecretChange::Switch`]), or
//! until the time is up. From then on the new secret signs alone, and the old one is forgotten.

use std::time::Duration;

use crate::{
    time::Timestamp,
    webhook::{SealedSecret, Webhook},
};

/// How long both secrets count if nobody says otherwise: a day.
pub const USUAL_OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

/// How long both secrets may count at most: a week. A secret that should be replaced is not worth
/// keeping for longer.
pub const LONGEST_OVERLAP: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What is left of the secret before, while both count. The webhook's own secret is the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The secret before, sealed.
    pub previous: SealedSecret,
    /// From when on it does not count any more.
    pub until: Timestamp,
    /// Whether ComplyCube's header has gone over to the new secret already.
    pub switched: bool,
}

/// Which of the two secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// The webhook's own.
    New,
    /// The one before it.
    Previous,
}

/// Which secrets sign a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signing {
    /// `Complycube-Signature`, which can carry one.
    pub complycube: Generation,
    /// Whether the previous secret signs in `Webhook-Signature` too, behind the new one.
    pub both: bool,
}

impl Signing {
    /// The new secret signs alone.
    pub const NEW_ALONE: Self = Self { complycube: Generation::New, both: false };
}

impl Rotation {
    /// Whether both secrets count at this time.
    pub fn is_running(&self, at: Timestamp) -> bool {
        at < self.until
    }

    /// Which secrets sign a request that is made at this time.
    pub fn signing(&self, at: Timestamp) -> Signing {
        if !self.is_running(at) {
            return Signing::NEW_ALONE;
        }
        let complycube = if self.switched { Generation::New } else { Generation::Previous };
        Signing { complycube, both: true }
    }
}

/// A change of a webhook's secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretChange {
    /// Another secret comes instead.
    Rotate {
        /// The new one, sealed.
        secret: SealedSecret,
        /// From when on the one before does not count any more.
        until: Timestamp,
        /// Whether ComplyCube's header goes over to the new one at once.
        switched: bool,
    },
    /// ComplyCube's header goes over to the new secret.
    Switch,
}

/// A secret cannot be replaced while its own predecessor still counts: a third would drop the
/// first before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret is being rotated until {until}")]
pub struct RotationRunning {
    /// When the rotation that runs will be over.
    pub until: Timestamp,
}

impl Webhook {
    /// This webhook after a change of its secrets. Nothing to switch, because no rotation runs or
    /// because it was done before, is no problem: the new secret signs, as was asked for.
    pub fn with_secrets(
        mut self,
        change: &SecretChange,
        at: Timestamp,
    ) -> Result<Self, RotationRunning> {
        let running = self.rotation.take_if(|rotation| rotation.is_running(at));
        match change {
            SecretChange::Rotate { secret, until, switched } => {
                if let Some(Rotation { until, .. }) = running {
                    return Err(RotationRunning { until });
                }
                let previous = std::mem::replace(&mut self.secret, secret.clone());
                let (until, switched) = (*until, *switched);
                self.rotation = Some(Rotation { previous, until, switched })
                    .filter(|rotation| rotation.is_running(at));
                self.updated_at = at;
            }
            SecretChange::Switch => {
                if running.as_ref().is_some_and(|rotation| !rotation.switched) {
                    self.updated_at = at;
                }
                self.rotation = running.map(|rotation| Rotation { switched: true, ..rotation });
            }
        }
        Ok(self)
    }

    /// This webhook as it is at this time: a rotation that is over is not there any more, whether
    /// or not it has been tidied away.
    #[must_use]
    pub fn as_of(mut self, at: Timestamp) -> Self {
        self.rotation.take_if(|rotation| !rotation.is_running(at));
        self
    }
}

#[cfg(test)]
mod tests;
