//! What an endpoint keeps, shown with the doctor's verdict on its signatures.

use herald_domain::{
    account::EnvironmentId,
    doctor::{Candidate, Diagnosis, diagnose},
    endpoint::{Endpoint, KeptRequest},
    id::{EndpointId, RequestId, WebhookId},
    problem::Problem,
    rotation::Rotation,
    signature::Secret,
    time::Timestamp,
};
use herald_store::{Listed, Page, WebhookFilter};

use crate::{Engine, EngineError, Result};

/// Webhooks that may have sent a request: more than an environment has.
const SENDERS: u32 = 1_000;

/// A kept request, examined.
#[derive(Clone, Debug)]
pub struct Examined {
    /// The request.
    pub request: KeptRequest,
    /// What the doctor says of its signatures.
    pub diagnosis: Diagnosis,
}

/// A webhook that sends to an endpoint, with its secrets.
struct Sender {
    webhook: WebhookId,
    secret: Secret,
    /// The secret before, if it was rotated not long ago.
    previous: Option<(Secret, Rotation)>,
}

impl Sender {
    /// Whose signature is right on what is received at this time. During a rotation either secret's
    /// is: the receiver is to know both.
    fn candidates(&self, at: Timestamp) -> impl Iterator<Item = Candidate> {
        let (counts, old) = match &self.previous {
            Some((secret, rotation)) if rotation.is_running(at) => (Some(secret.clone()), None),
            Some((secret, _)) => (None, Some(secret.clone())),
            None => (None, None),
        };
        let webhook = self.webhook;
        let own = Candidate { webhook, secret: self.secret.clone(), old };
        let previous = counts.map(|secret| Candidate { webhook, secret, old: None });
        std::iter::once(own).chain(previous)
    }
}

impl Engine {
    /// A page of what an endpoint keeps, newest first.
    pub async fn list_requests(
        &self,
        environment: EnvironmentId,
        endpoint: EndpointId,
        page: Page,
    ) -> Result<Listed<Examined>> {
        let found = self.living_endpoint(environment, endpoint).await?;
        let Listed { items, total } = self.store.list_requests(environment, endpoint, page).await?;
        Ok(Listed { items: self.examine(found, items).await?, total })
    }

    /// The request with this id that an endpoint keeps.
    pub async fn kept_request(
        &self,
        environment: EnvironmentId,
        endpoint: EndpointId,
        id: RequestId,
    ) -> Result<Examined> {
        let found = self.living_endpoint(environment, endpoint).await?;
        let kept = self.store.kept_request(environment, endpoint, id).await?;
        let unknown = || EngineError::from(Problem::not_found("request", &id.to_string()));
        let examined = self.examine(found, vec![kept.ok_or_else(unknown)?]).await?;
        examined.into_iter().next().ok_or_else(unknown)
    }

    /// Examines requests of an endpoint, where it delays nobody: there may be megabytes of them.
    pub(super) async fn examine(
        &self,
        endpoint: Endpoint,
        requests: Vec<KeptRequest>,
    ) -> Result<Vec<Examined>> {
        let senders = self.senders(endpoint).await?;
        let examining = tokio::task::spawn_blocking(move || {
            let examined = requests.into_iter().map(|request| {
                let at = request.received_at;
                let candidates: Vec<_> =
                    senders.iter().flat_map(|sender| sender.candidates(at)).collect();
                let diagnosis = diagnose(&request, &candidates, at);
                Examined { request, diagnosis }
            });
            examined.collect()
        });
        examining.await.map_err(|error| EngineError::Internal(error.to_string()))
    }

    /// The webhooks that send to an endpoint. One whose secret cannot be read is left out.
    async fn senders(&self, endpoint: Endpoint) -> Result<Vec<Sender>> {
        let environment = endpoint.environment;
        let url = Some(self.opened(endpoint)?.url);
        let filter = WebhookFilter { url, ..WebhookFilter::default() };
        let page = Page::new(1, SENDERS).expect("a page may have 1,000 items");
        let webhooks = self.store.list_webhooks(environment, filter, page).await?.items;
        let senders = webhooks.into_iter().filter_map(|webhook| {
            let open = |sealed| {
                let opened = self.sealer.open(webhook.id, sealed);
                opened.inspect_err(|error| tracing::error!(webhook = %webhook.id, %error)).ok()
            };
            let secret = open(&webhook.secret)?;
            let previous = webhook.rotation.as_ref();
            let previous =
                previous.and_then(|rotation| Some((open(&rotation.previous)?, rotation.clone())));
            Some(Sender { webhook: webhook.id, secret, previous })
        });
        Ok(senders.collect())
    }
}
