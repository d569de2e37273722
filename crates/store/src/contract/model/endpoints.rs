//! The model's temporary endpoints.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    endpoint::{Endpoint, EndpointPatch, KeptRequest},
    id::{EndpointId, RequestId},
    time::Timestamp,
};

use super::{Data, Model, paged};
use crate::{Bounds, Created, Endpoints, Listed, Page, Result};

/// An endpoint with what it keeps, oldest first.
#[derive(Debug)]
pub(super) struct EndpointRow {
    endpoint: Endpoint,
    kept: Vec<KeptRequest>,
}

impl EndpointRow {
    fn shown(&self) -> Endpoint {
        Endpoint { requests: self.kept.len() as u64, ..self.endpoint.clone() }
    }

    fn keep(&mut self, request: KeptRequest, bounds: Bounds) -> KeptRequest {
        self.endpoint.last_number += 1;
        let (number, answered) = (self.endpoint.last_number, self.endpoint.respond_with);
        let request = KeptRequest { number, answered, ..request };
        self.kept.push(request.clone());
        let too_much = |kept: &[KeptRequest]| {
            kept.len() as u64 > bounds.requests
                || kept.iter().map(KeptRequest::size).sum::<u64>() > bounds.bytes
        };
        while self.kept.len() > 1 && too_much(&self.kept) {
            self.kept.remove(0);
        }
        request
    }
}

impl Data {
    fn endpoint_mut(
        &mut self,
        environment: EnvironmentId,
        id: EndpointId,
        at: Timestamp,
    ) -> Option<&mut EndpointRow> {
        self.endpoints.iter_mut().find(|row| {
            row.endpoint.id == id
                && row.endpoint.environment == environment
                && row.endpoint.lives_at(at)
        })
    }

    /// What an endpoint of this environment keeps, oldest first.
    fn kept(&self, environment: EnvironmentId, id: EndpointId) -> &[KeptRequest] {
        let mut rows = self.endpoints.iter();
        let found =
            rows.find(|row| row.endpoint.id == id && row.endpoint.environment == environment);
        found.map_or(&[], |row| &row.kept)
    }
}

#[async_trait]
impl Endpoints for Model {
    async fn create_endpoint(&self, endpoint: Endpoint, limit: u32) -> Result<Created> {
        let mut data = self.data();
        let environment = endpoint.environment;
        if !data.accounts.iter().any(|account| account.id == environment.account) {
            return Ok(Created::UnknownAccount);
        }
        let others = data.endpoints.iter().map(|row| &row.endpoint).filter(|other| {
            other.environment == environment && other.lives_at(endpoint.created_at)
        });
        if others.count() >= limit as usize {
            return Ok(Created::LimitReached);
        }
        data.endpoints.push(EndpointRow { endpoint, kept: Vec::new() });
        Ok(Created::Created)
    }

    async fn endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
        at: Timestamp,
    ) -> Result<Option<Endpoint>> {
        Ok(self.data().endpoint_mut(environment, id, at).map(|row| row.shown()))
    }

    async fn endpoint_by_token(
        &self,
        token_hash: [u8; 32],
        at: Timestamp,
    ) -> Result<Option<Endpoint>> {
        let data = self.data();
        let found = data
            .endpoints
            .iter()
            .find(|row| row.endpoint.token_hash == token_hash && row.endpoint.lives_at(at));
        Ok(found.map(EndpointRow::shown))
    }

    async fn list_endpoints(
        &self,
        environment: EnvironmentId,
        at: Timestamp,
        page: Page,
    ) -> Result<Listed<Endpoint>> {
        let data = self.data();
        let rows = data
            .endpoints
            .iter()
            .filter(|row| row.endpoint.environment == environment && row.endpoint.lives_at(at));
        Ok(paged(rows.map(EndpointRow::shown).collect(), page))
    }

    async fn update_endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
        patch: EndpointPatch,
        at: Timestamp,
    ) -> Result<Option<Endpoint>> {
        let mut data = self.data();
        Ok(data.endpoint_mut(environment, id, at).map(|row| {
            row.endpoint = row.endpoint.clone().patched(&patch);
            row.shown()
        }))
    }

    async fn delete_endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
        at: Timestamp,
    ) -> Result<bool> {
        let mut data = self.data();
        let found = data.endpoint_mut(environment, id, at).is_some();
        data.endpoints.retain(|row| !found || row.endpoint.id != id);
        Ok(found)
    }

    async fn keep_request(
        &self,
        endpoint: EndpointId,
        request: KeptRequest,
        bounds: Bounds,
    ) -> Result<Option<KeptRequest>> {
        let mut data = self.data();
        let found = data
            .endpoints
            .iter_mut()
            .find(|row| row.endpoint.id == endpoint && row.endpoint.lives_at(request.received_at));
        Ok(found.map(|row| row.keep(request, bounds)))
    }

    async fn list_requests(
        &self,
        environment: EnvironmentId,
        endpoint: EndpointId,
        page: Page,
    ) -> Result<Listed<KeptRequest>> {
        Ok(paged(self.data().kept(environment, endpoint).to_vec(), page))
    }

    async fn kept_request(
        &self,
        environment: EnvironmentId,
        endpoint: EndpointId,
        id: RequestId,
    ) -> Result<Option<KeptRequest>> {
        let data = self.data();
        let found = data.kept(environment, endpoint).iter().find(|request| request.id == id);
        Ok(found.cloned())
    }

    async fn requests_after(
        &self,
        environment: EnvironmentId,
        endpoint: EndpointId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<KeptRequest>> {
        let data = self.data();
        let later = data.kept(environment, endpoint).iter().filter(|kept| kept.number > after);
        Ok(later.take(limit).cloned().collect())
    }

    async fn expire_endpoints(&self, at: Timestamp, limit: usize) -> Result<usize> {
        let mut removed = 0;
        self.data().endpoints.retain(|row| {
            let stays = row.endpoint.lives_at(at) || removed == limit;
            removed += usize::from(!stays);
            stays
        });
        Ok(removed)
    }
}
