//! Temporary endpoints: what the receiver's developer makes, and what comes in at them.
//!
//! [`Inbox`] is what the engine and its dispatcher share: it keeps requests, whoever brings them,
//! and tells [`Viewing`]s. What is kept is judged by [`herald_domain::doctor`] whenever it is
//! shown, with the secrets that the endpoint's webhooks have then.

mod doors;
mod examined;
mod inbox;
mod viewing;

use std::time::Duration;

use herald_domain::{
    account::EnvironmentId,
    endpoint::{Endpoint, EndpointPatch, LIFE},
    id::EndpointId,
    problem::Problem,
};
use herald_store::{Created, Listed, Page};

pub(crate) use doors::{Door, Doors};
pub use examined::Examined;
pub use inbox::Incoming;
pub use inbox::RECEIVED;
pub(crate) use inbox::{Inbox, OwnPost};
pub use viewing::Viewing;

use crate::{
    Engine, Result, accounts::unknown_account, keys::random_secret, webhooks::check_description,
};

/// Living endpoints that an environment may have.
const MOST_ENDPOINTS: u32 = 20;

/// The longest life of an endpoint, hours: a week.
const MOST_HOURS: u64 = 168;

/// What it takes to make a temporary endpoint.
#[derive(Clone, Debug, Default)]
pub struct NewEndpoint {
    /// What its owner says of it.
    pub description: Option<String>,
    /// How long it lives, hours, 1 to 168; a day if nobody says.
    pub hours: Option<u64>,
}

/// What an update changes; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct EndpointChanges {
    /// A new description; `Some(None)` removes it.
    pub description: Option<Option<String>>,
    /// Another status to answer, 200 to 599. Lower ones are no final answers in HTTP.
    pub respond_with: Option<u64>,
}

/// A temporary endpoint as its owner sees it.
#[derive(Clone, Debug)]
pub struct OpenEndpoint {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Where it is reached. Whoever knows it can send to it.
    pub url: String,
}

impl Engine {
    /// Makes a temporary endpoint.
    pub async fn create_endpoint(
        &self,
        environment: EnvironmentId,
        new: NewEndpoint,
    ) -> Result<OpenEndpoint> {
        check_description(new.description.as_deref())?;
        let life = new.hours.map_or(Ok(LIFE), life)?;
        let now = self.clock.now();
        let id = EndpointId(self.ids.next(now));
        let token = random_secret(&*self.chance);
        let endpoint = Endpoint {
            id,
            environment,
            token_hash: doors::hash(token.reveal()),
            token: self.sealer.seal_token(id, &token, &*self.chance),
            description: new.description,
            respond_with: 200,
            requests: 0,
            last_number: 0,
            expires_at: now.after(life),
            created_at: now,
        };
        match self.store.create_endpoint(endpoint.clone(), MOST_ENDPOINTS).await? {
            Created::Created => self.opened(endpoint),
            Created::LimitReached => {
                let message = format!(
                    "this environment has {MOST_ENDPOINTS} temporary endpoints, which is the most \
                     it may have; delete one first"
                );
                Err(Problem::malformed(message).into())
            }
            Created::UnknownAccount => Err(unknown_account(environment.account).into()),
        }
    }

    /// The temporary endpoint with this id.
    pub async fn endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
    ) -> Result<OpenEndpoint> {
        self.opened(self.living_endpoint(environment, id).await?)
    }

    /// A page of the environment's temporary endpoints, newest first.
    pub async fn list_endpoints(
        &self,
        environment: EnvironmentId,
        page: Page,
    ) -> Result<Listed<OpenEndpoint>> {
        let listed = self.store.list_endpoints(environment, self.clock.now(), page).await?;
        let items = listed.items.into_iter().map(|endpoint| self.opened(endpoint));
        Ok(Listed { items: items.collect::<Result<_>>()?, total: listed.total })
    }

    /// Changes what a temporary endpoint answers, or what is said of it.
    pub async fn update_endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
        changes: EndpointChanges,
    ) -> Result<OpenEndpoint> {
        check_description(changes.description.as_ref().and_then(Option::as_deref))?;
        let respond_with = changes.respond_with.map(status).transpose()?;
        let patch = EndpointPatch { description: changes.description, respond_with };
        let now = self.clock.now();
        let updated = self.store.update_endpoint(environment, id, patch, now).await?;
        self.opened(updated.ok_or_else(|| unknown_endpoint(id))?)
    }

    /// Deletes a temporary endpoint with all that it keeps.
    pub async fn delete_endpoint(&self, environment: EnvironmentId, id: EndpointId) -> Result<()> {
        if !self.store.delete_endpoint(environment, id, self.clock.now()).await? {
            return Err(unknown_endpoint(id).into());
        }
        self.inbox.viewers.end(id);
        Ok(())
    }

    /// The endpoint that this token opens, if there is one.
    pub async fn find_endpoint(&self, token: &str) -> Result<Option<Endpoint>> {
        self.inbox.find(&Door::of_token(token)).await
    }

    /// Keeps a request to a temporary endpoint, which [`Engine::find_endpoint`] has found. Answers
    /// the status to respond with; `None` if the endpoint has gone meanwhile.
    pub async fn receive(&self, endpoint: EndpointId, incoming: Incoming) -> Result<Option<u16>> {
        self.inbox.keep(endpoint, incoming).await
    }

    pub(crate) async fn living_endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
    ) -> Result<Endpoint> {
        let endpoint = self.store.endpoint(environment, id, self.clock.now()).await?;
        Ok(endpoint.ok_or_else(|| unknown_endpoint(id))?)
    }

    /// The endpoint with its URL.
    fn opened(&self, endpoint: Endpoint) -> Result<OpenEndpoint> {
        let token = self.sealer.open_token(endpoint.id, &endpoint.token).map_err(|error| {
            crate::EngineError::Internal(format!("temporary endpoint {}: {error}", endpoint.id))
        })?;
        let url = self.inbox.doors.url(&token);
        Ok(OpenEndpoint { endpoint, url })
    }
}

fn life(hours: u64) -> Result<Duration, Problem> {
    if (1..=MOST_HOURS).contains(&hours) {
        return Ok(Duration::from_secs(hours * 3_600));
    }
    let message = format!("'hours' should be a whole number from 1 to {MOST_HOURS}");
    Err(Problem::invalid("hours", message))
}

fn status(given: u64) -> Result<u16, Problem> {
    let status = u16::try_from(given).ok().filter(|status| (200..=599).contains(status));
    let message = "'respondWith' should be a status from 200 to 599";
    status.ok_or_else(|| Problem::invalid("respondWith", message))
}

fn unknown_endpoint(id: EndpointId) -> Problem {
    Problem::not_found("endpoint", &id.to_string())
}
