//! The account's resources: what the API does to clients, addresses, documents and checks.
//!
//! Every change has the same shape. What it rests on is read; the domain decides what follows, as
//! values: the writes, what has happened, the answer ([`Decision`]); the writes and the events are
//! recorded together, by the one way to record anything. If somebody else was faster, the record
//! is refused as a whole, and the change is decided anew from what is there then
//! ([`Engine::change`]). So no update is lost, and events carry what really changed.
//!
//! | file | tells |
//! |---|---|
//! | this | making, changing, deleting and reading, of all kinds alike |
//! | `checks` | what is looked up for a check; results, failures, hits, validations |
//! | `images` | the images of documents |
//! | `runner` | pending checks of the test environment, which complete by themselves |

mod checks;
mod images;
pub(crate) mod runner;

use std::pin::Pin;

use bytes::Bytes;
use herald_domain::{
    account::EnvironmentId,
    exact_json::Object,
    id::ResourceId,
    problem::Problem,
    raise::Change,
    resource::{Kind, Resource, address, check, client, document},
    time::Timestamp,
};
use herald_store::{Listed, Page, Record, Recorded, ResourceFilter, Stored, Write};

use crate::{Engine, EngineError, Result, accounts::unknown_account};

/// How often a change is decided anew. Each time somebody else's was recorded, so only a resource
/// that everybody changes at once can come so far.
const MOST_TRIES: usize = 1_000;

/// What was decided of a change.
pub(crate) struct Decision<T> {
    /// What has happened, in the order of its events.
    pub changes: Vec<Change>,
    /// What it does to the resources.
    pub writes: Vec<Write>,
    /// What is answered once it is recorded.
    pub answer: T,
}

/// A change that is being decided: things are looked up for it.
type Deciding<'a, T> = Pin<Box<dyn Future<Output = Result<Decision<T>>> + Send + 'a>>;

impl<T> Decision<T> {
    /// That nothing changes.
    pub(crate) fn nothing(answer: T) -> Self {
        Self { changes: Vec::new(), writes: Vec::new(), answer }
    }
}

impl Decision<Resource> {
    /// That a resource is changed, and these events tell of it.
    fn update(before: Stored, after: Resource, changes: Vec<Change>) -> Self {
        let writes = vec![Write::Update { before, after: after.clone() }];
        Self { changes, writes, answer: after }
    }
}

impl Engine {
    /// Makes a resource.
    pub async fn create_resource(
        &self,
        environment: EnvironmentId,
        kind: Kind,
        request: Object,
    ) -> Result<Resource> {
        let create = match kind {
            Kind::Client => client::create,
            Kind::Address => address::create,
            Kind::Document => document::create,
            Kind::Check => return self.create_check(environment, request).await,
        };
        let request = &request;
        self.change(environment, |now| {
            Box::pin(async move {
                let made = create(request.clone(), ResourceId(self.ids.next(now)), now)?;
                if let Some(client) = made.text("clientId") {
                    self.referred(environment, Kind::Client, client).await?;
                }
                let changes = vec![made.change(&format!("{}.created", kind.noun()), None)];
                Ok(Decision { changes, writes: vec![Write::Create(made.clone())], answer: made })
            })
        })
        .await
    }

    /// Changes what a request mentions of a resource.
    pub async fn update_resource(
        &self,
        environment: EnvironmentId,
        kind: Kind,
        id: ResourceId,
        request: Object,
    ) -> Result<Resource> {
        let update = match kind {
            Kind::Client => client::update,
            Kind::Address => address::update,
            Kind::Document => document::update,
            Kind::Check => check::update,
        };
        let request = &request;
        self.change(environment, |now| {
            Box::pin(async move {
                let before = self.stored(environment, kind, id).await?;
                let Some(after) = update(&before.resource, request.clone(), now)? else {
                    return Ok(Decision::nothing(before.resource));
                };
                let event_type = format!("{}.updated", kind.noun());
                let changes = vec![after.change(&event_type, Some(&before.resource))];
                Ok(Decision::update(before, after, changes))
            })
        })
        .await
    }

    /// Deletes a resource; with a client also its addresses and documents, each with an event of
    /// its own. Checks stay: they cannot be deleted.
    pub async fn delete_resource(
        &self,
        environment: EnvironmentId,
        kind: Kind,
        id: ResourceId,
    ) -> Result<()> {
        if kind == Kind::Check {
            let message = "a check cannot be deleted";
            return Err(Problem::unprocessable("check_undeletable", message).into());
        }
        self.change(environment, |_| {
            Box::pin(async move {
                let last = self.stored(environment, kind, id).await?;
                let mut doomed = match kind {
                    Kind::Client => self.store.belongings(environment, id).await?,
                    Kind::Address | Kind::Document | Kind::Check => Vec::new(),
                };
                doomed.push(last);
                let deleted = |one: &Stored| {
                    let event_type = format!("{}.deleted", one.resource.kind.noun());
                    one.resource.change(&event_type, None)
                };
                let changes = doomed.iter().map(deleted).collect();
                let writes = doomed.into_iter().map(Write::Delete).collect();
                Ok(Decision { changes, writes, answer: () })
            })
        })
        .await
    }

    /// The resource of this kind with this id.
    pub async fn resource(
        &self,
        environment: EnvironmentId,
        kind: Kind,
        id: ResourceId,
    ) -> Result<Resource> {
        Ok(self.stored(environment, kind, id).await?.resource)
    }

    /// A page of the environment's resources of a kind, each as its JSON, newest first.
    pub async fn list_resources(
        &self,
        environment: EnvironmentId,
        kind: Kind,
        filter: ResourceFilter,
        page: Page,
    ) -> Result<Listed<Bytes>> {
        Ok(self.store.list_resources(environment, kind, filter, page).await?)
    }

    /// Records what `decide` decides, as of what is there when it is recorded: if that has changed
    /// since `decide` has read it, `decide` is asked again.
    async fn change<'a, T>(
        &self,
        environment: EnvironmentId,
        decide: impl Fn(Timestamp) -> Deciding<'a, T>,
    ) -> Result<T> {
        for _ in 0..MOST_TRIES {
            let now = self.clock.now();
            let Decision { changes, writes, answer } = decide(now).await?;
            if changes.is_empty() && writes.is_empty() {
                return Ok(answer);
            }
            let mut events = Vec::with_capacity(changes.len());
            for change in &changes {
                events.extend(self.events_of(change, now)?);
            }
            let record =
                Record { environment, writes, events, idempotency: None, only: None, at: now };
            match self.record(record).await? {
                Recorded::Accepted { .. } => return Ok(answer),
                Recorded::Conflict => {}
                Recorded::UnknownAccount => {
                    return Err(unknown_account(environment.account).into());
                }
                Recorded::Replayed(_) | Recorded::KeyReused | Recorded::Unwelcome => {
                    let defect = "a record without a key, for everybody, is refused";
                    return Err(EngineError::Internal(defect.to_owned()));
                }
            }
        }
        Err(EngineError::Unavailable(format!("{MOST_TRIES} conflicting changes came before one")))
    }

    async fn stored(
        &self,
        environment: EnvironmentId,
        kind: Kind,
        id: ResourceId,
    ) -> Result<Stored> {
        let found = self.store.resource(environment, kind, id).await?;
        Ok(found.ok_or_else(|| Problem::not_found(kind.noun(), &id.to_string()))?)
    }

    /// What a request refers to by the field that is named after it, such as `clientId`.
    async fn referred(&self, environment: EnvironmentId, kind: Kind, id: &str) -> Result<Stored> {
        let found = match id.parse() {
            Ok(id) => self.store.resource(environment, kind, id).await?,
            Err(_) => None,
        };
        Ok(found.ok_or_else(|| unknown_reference(kind, id))?)
    }
}

/// That a request refers to something that is not there.
fn unknown_reference(kind: Kind, id: &str) -> Problem {
    let shown: String = id.chars().take(100).collect();
    Problem::not_found(kind.noun(), &shown).blaming(format!("{}Id", kind.noun()))
}
