//! How to reach a webhook: its URL judged and parsed, its secrets opened and made ready to sign.

use std::sync::Arc;

use herald_domain::{
    attempt::{ErrorClass, Failure},
    id::{EventId, WebhookId},
    rotation::{Generation, Rotation, Signing},
    signature::{Signatures, Signer},
    time::Timestamp,
    webhook::{SealedSecret, Webhook},
};

use crate::{
    Sealer,
    endpoints::{Door, Doors},
    http::{Client, Destination},
};

/// How to reach a webhook, until it is changed.
#[derive(Debug)]
pub(super) struct Route {
    pub url: String,
    /// Why it cannot be tried, if so: each attempt then fails with it, on its schedule.
    pub way: Result<Way, Failure>,
}

/// Where to, and signed how.
#[derive(Debug)]
pub(super) struct Way {
    pub target: Target,
    signer: Signer,
    /// The secret before, while both count. A route may outlive that.
    previous: Option<(Signer, Rotation)>,
}

/// Where a notification goes.
#[derive(Debug)]
pub(super) enum Target {
    /// To a receiver, through the guarded client.
    Receiver(Arc<Destination>),
    /// To a temporary endpoint of Herald's own, without a connection.
    Endpoint(Door),
}

impl Way {
    pub(super) fn sign(&self, event: EventId, at: Timestamp, body: &[u8]) -> Signatures {
        let seconds = at.seconds();
        let Some((previous, rotation)) = &self.previous else {
            return self.signer.sign(event, seconds, body);
        };
        let Signing { complycube, both } = rotation.signing(at);
        let mut signatures = match complycube {
            Generation::New => self.signer.sign(event, seconds, body),
            Generation::Previous => previous.sign(event, seconds, body),
        };
        if both {
            let by = |signer: &Signer| signer.sign_standard(event, seconds, body);
            signatures.standard = vec![by(&self.signer), by(previous)];
        }
        signatures
    }
}

/// Makes routes.
pub(super) struct Router {
    client: Client,
    sealer: Sealer,
    doors: Doors,
}

impl Router {
    pub(super) fn new(client: Client, sealer: Sealer, doors: Doors) -> Self {
        Self { client, sealer, doors }
    }

    pub(super) fn route(&self, webhook: &Webhook) -> Arc<Route> {
        Arc::new(Route { url: webhook.url.clone(), way: self.way(webhook) })
    }

    fn way(&self, webhook: &Webhook) -> Result<Way, Failure> {
        let target = match self.doors.read(webhook.environment, &webhook.url) {
            Some(door) => Target::Endpoint(door),
            None => Target::Receiver(self.client.target(&webhook.url)?),
        };
        let signer = self.signer(webhook.id, &webhook.secret).ok_or_else(|| Failure {
            class: ErrorClass::Internal,
            detail: "the webhook's secret cannot be read; rotate it".to_owned(),
        })?;
        // Rotating is what mends a secret that cannot be read, so that must not be in its way.
        let previous = webhook.rotation.as_ref().and_then(|rotation| {
            Some((self.signer(webhook.id, &rotation.previous)?, rotation.clone()))
        });
        Ok(Way { target, signer, previous })
    }

    fn signer(&self, webhook: WebhookId, sealed: &SealedSecret) -> Option<Signer> {
        let opened = self.sealer.open(webhook, sealed);
        let opened = opened.inspect_err(|error| tracing::error!(%webhook, %error));
        opened.ok().map(|secret| Signer::new(&secret))
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use herald_domain::{
        account::{EnvironmentId, Mode},
        id::AccountId,
        signature::Secret,
        webhook::Subscription,
    };

    use super::*;
    use crate::{
        SealKey, SystemChance,
        http::{ClientConfig, Resolve, ResolveError},
    };

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
    const EVENT: EventId = EventId::from_bytes([7; 12]);

    #[derive(Debug)]
    struct NoNames;

    #[async_trait]
    impl Resolve for NoNames {
        async fn resolve(&self, _: &str) -> Result<Vec<std::net::IpAddr>, ResolveError> {
            Err(ResolveError::NotFound)
        }
    }

    fn secret(character: &str) -> Secret {
        Secret::new(character.repeat(32)).unwrap()
    }

    fn sealer(key: u8) -> Sealer {
        Sealer::new(&SealKey([key; 32]))
    }

    /// A webhook in the middle of a rotation from `a` to `b`; each is sealed with this key.
    fn rotating(previous: u8, new: u8) -> Webhook {
        let id = WebhookId::from_bytes([1; 12]);
        let seal = |key, character| sealer(key).seal(id, &secret(character), &SystemChance);
        let account = AccountId::from_bytes([0; 12]);
        let until = NOW.after(std::time::Duration::from_secs(1));
        Webhook {
            id,
            environment: EnvironmentId { account, mode: Mode::Test },
            description: None,
            url: "https://example.com/".into(),
            enabled: true,
            events: Subscription::from_stored(vec!["*".into()]),
            secret: seal(new, "b"),
            rotation: Some(Rotation { previous: seal(previous, "a"), until, switched: false }),
            disabled: None,
            failing: None,
            created_at: NOW,
            updated_at: NOW,
        }
    }

    fn way(webhook: &Webhook) -> Result<Way, Failure> {
        let client = Client::new(ClientConfig::default(), Arc::new(NoNames)).unwrap();
        Router::new(client, sealer(1), Doors::new("")).way(webhook)
    }

    #[test]
    fn each_header_is_signed_by_the_secrets_that_count_for_it() {
        let [a, b] =
            ["a", "b"].map(|one| Signer::new(&secret(one)).sign(EVENT, NOW.seconds(), b"x"));
        let mut webhook = rotating(1, 1);
        let sign = |webhook: &Webhook| way(webhook).unwrap().sign(EVENT, NOW, b"x");
        let both = vec![b.standard[0], a.standard[0]];
        assert_eq!(sign(&webhook), Signatures { standard: both.clone(), ..a });
        webhook.rotation.as_mut().unwrap().switched = true;
        assert_eq!(sign(&webhook), Signatures { standard: both, ..b.clone() });
        webhook.rotation.as_mut().unwrap().until = NOW;
        assert_eq!(sign(&webhook), b);
    }

    #[test]
    fn a_secret_that_cannot_be_read_is_mended_by_rotating_it() {
        let failure = way(&rotating(1, 9)).unwrap_err();
        assert!(failure.detail.contains("rotate it"), "{failure:?}");
        let signed = way(&rotating(9, 1)).unwrap().sign(EVENT, NOW, b"x");
        assert_eq!(signed, Signer::new(&secret("b")).sign(EVENT, NOW.seconds(), b"x"));
    }
}
