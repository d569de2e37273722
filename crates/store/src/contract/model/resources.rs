//! The model's resources: how they are written, and what is read of them.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use herald_domain::{
    account::EnvironmentId,
    exact_json::Value,
    id::ResourceId,
    resource::{Kind, Resource, document::Side},
    time::Timestamp,
};

use super::{Model, paged};
use crate::{
    DueResources, Listed, Page, ResourceFilter, Resources, Result, StoreError, Stored, Write,
};

/// All resources and images. A record works on a copy of it, so that it is done as a whole or not
/// at all.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelf {
    /// In order of recording.
    rows: Vec<ResourceRow>,
    images: BTreeMap<(EnvironmentId, ResourceId, Side), Bytes>,
}

#[derive(Clone, Debug)]
struct ResourceRow {
    environment: EnvironmentId,
    stored: Stored,
}

impl Shelf {
    /// The shelf after these writes; `None` if they conflict.
    pub(super) fn after(
        &self,
        environment: EnvironmentId,
        writes: Vec<Write>,
    ) -> Result<Option<Self>> {
        let mut shelf = self.clone();
        let mut deleted = Vec::new();
        for write in writes {
            deleted.extend(deleted_client(&write));
            if !shelf.write(environment, write)? {
                return Ok(None);
            }
        }
        let owns_nothing = |client: &ResourceId| shelf.belongings(environment, *client).is_empty();
        Ok(deleted.iter().all(owns_nothing).then_some(shelf))
    }

    /// Whether the write did not conflict.
    fn write(&mut self, environment: EnvironmentId, write: Write) -> Result<bool> {
        match write {
            Write::Create(resource) => return self.create(environment, resource),
            Write::Update { before, after } => {
                let Some(place) = self.place(environment, &before) else { return Ok(false) };
                let version = before.version + 1;
                self.rows[place].stored = Stored { resource: after, version };
            }
            Write::Delete(before) => {
                let Some(place) = self.place(environment, &before) else { return Ok(false) };
                self.rows.remove(place);
                let Resource { kind, id, .. } = before.resource;
                self.images.retain(|(of, document, _), _| {
                    kind != Kind::Document || (*of, *document) != (environment, id)
                });
            }
            Write::Rest(before) => return Ok(self.place(environment, &before).is_some()),
            Write::KeepImage { document, side, data } => {
                if self.find(environment, Kind::Document, document).is_none() {
                    return Ok(false);
                }
                self.images.insert((environment, document, side), data);
            }
            Write::DropImage { document, side } => {
                if self.find(environment, Kind::Document, document).is_none() {
                    return Ok(false);
                }
                self.images.remove(&(environment, document, side));
            }
        }
        Ok(true)
    }

    fn create(&mut self, environment: EnvironmentId, resource: Resource) -> Result<bool> {
        if self.find(environment, resource.kind, resource.id).is_some() {
            return Err(StoreError::Internal("a resource's id is used again".into()));
        }
        let client = resource.client();
        if client.is_some_and(|id| self.find(environment, Kind::Client, id).is_none()) {
            return Ok(false);
        }
        self.rows.push(ResourceRow { environment, stored: Stored { resource, version: 1 } });
        Ok(true)
    }

    /// Makes what is due later than `now` due earlier. That is no update.
    pub(super) fn advance_due(&mut self, now: Timestamp, by: Duration) {
        for row in &mut self.rows {
            let due_at = &mut row.stored.resource.due_at;
            *due_at = due_at.map(|at| if at > now { at.before(by) } else { at });
        }
    }

    /// Where a resource is, if it is still as it was read.
    fn place(&self, environment: EnvironmentId, before: &Stored) -> Option<usize> {
        let Stored { resource: Resource { kind, id, .. }, version } = before;
        self.rows
            .iter()
            .position(|row| row.is(environment, *kind, *id) && row.stored.version == *version)
    }

    fn find(&self, environment: EnvironmentId, kind: Kind, id: ResourceId) -> Option<&Stored> {
        self.rows.iter().find(|row| row.is(environment, kind, id)).map(|row| &row.stored)
    }

    fn belongings(&self, environment: EnvironmentId, client: ResourceId) -> Vec<Stored> {
        let mine = self.rows.iter().filter(|row| {
            let resource = &row.stored.resource;
            row.environment == environment
                && matches!(resource.kind, Kind::Address | Kind::Document)
                && resource.client() == Some(client)
        });
        mine.map(|row| row.stored.clone()).collect()
    }
}

impl ResourceRow {
    fn is(&self, environment: EnvironmentId, kind: Kind, id: ResourceId) -> bool {
        let resource = &self.stored.resource;
        (self.environment, resource.kind, resource.id) == (environment, kind, id)
    }
}

fn deleted_client(write: &Write) -> Option<ResourceId> {
    match write {
        Write::Delete(Stored { resource, .. }) if resource.kind == Kind::Client => {
            Some(resource.id)
        }
        _ => None,
    }
}

#[async_trait]
impl Resources for Model {
    async fn resource(
        &self,
        environment: EnvironmentId,
        kind: Kind,
        id: ResourceId,
    ) -> Result<Option<Stored>> {
        Ok(self.data().shelf.find(environment, kind, id).cloned())
    }

    async fn list_resources(
        &self,
        environment: EnvironmentId,
        kind: Kind,
        filter: ResourceFilter,
        page: Page,
    ) -> Result<Listed<Bytes>> {
        let data = self.data();
        let rows = data.shelf.rows.iter().filter(|row| row.environment == environment);
        let resources = rows.map(|row| &row.stored.resource);
        let kept = resources.filter(|resource| resource.kind == kind && keeps(&filter, resource));
        Ok(paged(kept.map(json).collect(), page))
    }

    async fn belongings(
        &self,
        environment: EnvironmentId,
        client: ResourceId,
    ) -> Result<Vec<Stored>> {
        Ok(self.data().shelf.belongings(environment, client))
    }

    async fn image(
        &self,
        environment: EnvironmentId,
        document: ResourceId,
        side: Side,
    ) -> Result<Option<Bytes>> {
        Ok(self.data().shelf.images.get(&(environment, document, side)).cloned())
    }

    async fn due_resources(&self, now: Timestamp, limit: usize) -> Result<DueResources> {
        let data = self.data();
        let rows = data.shelf.rows.iter();
        let mut waiting: Vec<_> =
            rows.filter_map(|row| Some((row.stored.resource.due_at?, row))).collect();
        // Stable: what is due at the same time stays in order of recording.
        waiting.sort_by_key(|(due_at, _)| *due_at);
        let due = waiting.iter().take_while(|(due_at, _)| *due_at <= now).take(limit);
        let due: Vec<_> = due.map(|(_, row)| (row.environment, row.stored.clone())).collect();
        let next = waiting.get(due.len()).map(|(due_at, _)| *due_at);
        Ok(DueResources { due, next })
    }
}

/// Whether a filter keeps a resource, by the words of [`ResourceFilter`].
pub(in crate::contract) fn keeps(filter: &ResourceFilter, resource: &Resource) -> bool {
    let has = resource.attributes();
    filter.attributes.iter().all(|wanted| has.contains(wanted))
        && filter.created.contains(resource.created_at)
        && filter.updated.contains(resource.updated_at)
}

fn json(resource: &Resource) -> Bytes {
    Value::from(resource.object.clone()).to_bytes().into()
}
