//! The account's resources: what changes of them are written together with their events, and
//! what is read of them.
//!
//! A change is decided outside of the store, by what was read before; so each write names what it
//! was decided by, and [`crate::Recording::record`] refuses the whole record if that has changed
//! meanwhile ([`crate::Recorded::Conflict`]). Whoever wanted the change reads again and decides
//! anew. That is why no update is ever lost, and why no lock is held while somebody thinks.

use async_trait::async_trait;
use bytes::Bytes;
use herald_domain::{
    account::EnvironmentId,
    id::ResourceId,
    resource::{Attribute, Kind, Resource, document::Side},
    time::Timestamp,
};

use crate::{Listed, Page, Result, TimeRange};

/// A resource as it was read, with what tells whether it has changed since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The resource.
    pub resource: Resource,
    /// 1 when it is made; one more with each update.
    pub version: u64,
}

/// A part of a change.
#[derive(Clone, Debug)]
pub enum Write {
    /// Makes a resource. Conflicts if its client is gone.
    Create(Resource),
    /// Writes a resource as it is now. Conflicts unless it is still as it was read.
    Update {
        /// As it was read.
        before: Stored,
        /// As it is now.
        after: Resource,
    },
    /// Deletes a resource and, of a document, its images. Conflicts unless it is still as it was
    /// read, and, of a client, if an address or a document of it is left after the whole record.
    /// Its checks stay.
    Delete(Stored),
    /// Changes nothing: the rest of the record rests on a resource. Conflicts unless that is still
    /// as it was read.
    Rest(Stored),
    /// Keeps the image of a document's side, instead of the one that it may have had. The document
    /// is updated in the same record; conflicts if it is gone.
    KeepImage {
        /// Which document.
        document: ResourceId,
        /// Which side.
        side: Side,
        /// The image.
        data: Bytes,
    },
    /// Forgets the image of a document's side, if it has one. The document is updated in the same
    /// record; conflicts if it is gone.
    DropImage {
        /// Which document.
        document: ResourceId,
        /// Which side.
        side: Side,
    },
}

/// Which resources of a kind; all conditions hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceFilter {
    /// Each attribute is exactly so ([`Resource::attributes`]).
    pub attributes: Vec<Attribute<'static>>,
    /// When they were made.
    pub created: TimeRange,
    /// When they last changed.
    pub updated: TimeRange,
}

/// What has become due.
#[derive(Clone, Debug, Default)]
pub struct DueResources {
    /// The longest due first; of those due at the same time, the one recorded first.
    pub due: Vec<(EnvironmentId, Stored)>,
    /// When the next one after these is due; it may be past.
    pub next: Option<Timestamp>,
}

/// What is read of the account's resources.
#[async_trait]
pub trait Resources: Send + Sync + 'static {
    /// The resource of this kind with this id in this environment.
    async fn resource(
        &self,
        environment: EnvironmentId,
        kind: Kind,
        id: ResourceId,
    ) -> Result<Option<Stored>>;

    /// A page of the environment's resources of a kind, each as its JSON: the last recorded first.
    /// An update does not move a resource.
    async fn list_resources(
        &self,
        environment: EnvironmentId,
        kind: Kind,
        filter: ResourceFilter,
        page: Page,
    ) -> Result<Listed<Bytes>>;

    /// Every address and document of a client, in the order in which they were recorded.
    async fn belongings(
        &self,
        environment: EnvironmentId,
        client: ResourceId,
    ) -> Result<Vec<Stored>>;

    /// The image of a document's side.
    async fn image(
        &self,
        environment: EnvironmentId,
        document: ResourceId,
        side: Side,
    ) -> Result<Option<Bytes>>;

    /// Up to `limit` resources of all environments that are due at `now`
    /// ([`Resource::due_at`]).
    async fn due_resources(&self, now: Timestamp, limit: usize) -> Result<DueResources>;
}
