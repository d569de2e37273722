//! What an endpoint keeps, shown with the doctor's verdict on its signatures.

use herald_domain::{
    account::EnvironmentId,
    doctor::{Candidate, Diagnosis, diagnose},
    endpoint::{Endpoint, KeptRequest},
    id::{EndpointId, RequestId},
    problem::Problem,
};
use herald_store::{Listed, Page, WebhookFilter};

use crate::{Engine, EngineError, Result};

/// Webhooks that may have sent a request: more than an environment has.
const CANDIDATES: u32 = 1_000;

/// A kept request, examined.
#[derive(Clone, Debug)]
pub struct Examined {
    /// The request.
    pub request: KeptRequest,
    /// What the doctor says of its signatures.
    pub diagnosis: Diagnosis,
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
        let candidates = self.candidates(endpoint).await?;
        let examining = tokio::task::spawn_blocking(move || {
            let examined = requests.into_iter().map(|request| {
                let diagnosis = diagnose(&request, &candidates, request.received_at);
                Examined { request, diagnosis }
            });
            examined.collect()
        });
        examining.await.map_err(|error| EngineError::Internal(error.to_string()))
    }

    /// The webhooks that send to an endpoint, with their secrets.
    async fn candidates(&self, endpoint: Endpoint) -> Result<Vec<Candidate>> {
        let environment = endpoint.environment;
        let url = Some(self.opened(endpoint)?.url);
        let filter = WebhookFilter { url, ..WebhookFilter::default() };
        let page = Page::new(1, CANDIDATES).expect("a page may have 1,000 items");
        let webhooks = self.store.list_webhooks(environment, filter, page).await?.items;
        let opened = webhooks.into_iter().filter_map(|webhook| {
            let opened = self.sealer.open(webhook.id, &webhook.secret);
            let secret =
                opened.inspect_err(|error| tracing::error!(webhook = %webhook.id, %error)).ok()?;
            Some(Candidate { webhook: webhook.id, secret, old: None })
        });
        Ok(opened.collect())
    }
}
