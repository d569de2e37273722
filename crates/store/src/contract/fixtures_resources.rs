//! Test data of resources: made by the domain's own rules, written and read as the engine does.

use bytes::Bytes;
use herald_domain::{
    account::EnvironmentId,
    exact_json::{self, Object, Value},
    id::ResourceId,
    resource::{
        Attribute, Kind, Resource, address,
        check::{self, Grounds, NewCheck},
        client,
        document::{self, NewImage, Side, Upload},
    },
};

use super::{
    Backend,
    fixtures::{Accepted, Scene, whole},
};
use crate::{Listed, Record, Recorded, Recording, ResourceFilter, Resources, Stored, Write};

impl<B: Backend> Scene<B> {
    /// A person that is not in the store, with these fields instead of the usual ones.
    pub fn new_client(&self, fields: &str) -> Resource {
        self.client_of(&object(fields))
    }

    /// The same, of fields that are easier made than written.
    pub fn client_of(&self, fields: &Object) -> Resource {
        let usual = r#"{"type": "person", "email": "zoe@example.com",
            "personDetails": {"firstName": "Zoë", "lastName": "Ærø"}}"#;
        let at = self.tick();
        client::create(with(object(usual), fields), self.resource_id(), at).unwrap()
    }

    /// A person of this external id, and otherwise like all others, that is not in the store.
    pub fn client_called(&self, external_id: &str) -> Resource {
        self.client_of(&Object::from_iter([("externalId".to_owned(), external_id.into())]))
    }

    /// An address that is not in the store.
    pub fn new_address(&self, client: ResourceId, fields: &str) -> Resource {
        let usual = r#"{"type": "main", "line": "Vej 1", "city": "Ærø", "country": "DK"}"#;
        address::create(of(client, usual, fields), self.resource_id(), self.tick()).unwrap()
    }

    /// A document that is not in the store.
    pub fn new_document(&self, client: ResourceId, fields: &str) -> Resource {
        let usual = r#"{"type": "passport", "issuingCountry": "DK"}"#;
        document::create(of(client, usual, fields), self.resource_id(), self.tick()).unwrap()
    }

    /// A pending check that is not in the store, and that nobody has to see to.
    pub fn new_check(&self, client: ResourceId, fields: &str) -> Resource {
        let new = NewCheck::read(of(client, r#"{"type": "standard_screening_check"}"#, fields));
        let about = self.new_client("{}");
        let grounds = Grounds { client: &about, document: None, due_at: None };
        check::create(new.unwrap(), grounds, self.resource_id(), self.tick()).unwrap()
    }

    fn resource_id(&self) -> ResourceId {
        ResourceId(self.id())
    }

    /// A resource after this request to update it, which has to change something.
    pub fn updated(&self, resource: &Resource, request: &str) -> Resource {
        self.maybe_updated(resource, request).expect("the request changes something")
    }

    /// A resource after this request to update it, unless that changes nothing.
    pub fn maybe_updated(&self, resource: &Resource, request: &str) -> Option<Resource> {
        let update = match resource.kind {
            Kind::Client => client::update,
            Kind::Address => address::update,
            Kind::Document => document::update,
            Kind::Check => check::update,
        };
        update(resource, object(request), self.tick()).unwrap()
    }

    /// A pending check, completed with this outcome.
    pub fn completed(&self, check: &Resource, outcome: &str) -> Resource {
        let report = check::test_report(check, outcome);
        let completed = check::complete(check, report, || self.id(), self.tick());
        completed.unwrap().expect("it was pending")
    }

    /// That a document gets an image of a side.
    pub fn upload(&self, before: &Stored, side: Side, data: &Bytes) -> [Write; 2] {
        // Of the data only the length is told by the document, and the smallest is quickly read.
        let smallest = "AAAA".repeat(document::SMALLEST_IMAGE.div_ceil(3));
        let request = format!(r#"{{"fileName": "ærø.png", "data": "{smallest}"}}"#);
        let mut upload = Upload::read(object(&request)).unwrap();
        upload.data = data.clone();
        let at = self.tick();
        let new = NewImage { side, id: self.id(), public_url: "https://example.com", at };
        let after = document::with_image(&before.resource, &upload, new);
        let document = after.id;
        [
            Write::Update { before: before.clone(), after },
            Write::KeepImage { document, side, data: data.clone() },
        ]
    }

    /// That a document loses its image of a side.
    pub fn drop_image(&self, before: &Stored, side: Side) -> [Write; 2] {
        let after = document::without_image(&before.resource, side, self.tick());
        let after = after.expect("it has an image of this side");
        let document = after.id;
        [Write::Update { before: before.clone(), after }, Write::DropImage { document, side }]
    }

    /// A record of these writes in the scene's environment, with an event.
    pub fn record_of_writes(&self, writes: impl Into<Vec<Write>>) -> Record {
        Record { writes: writes.into(), ..self.new_record("client.updated") }
    }

    /// Records writes that have to be accepted.
    pub async fn write(&self, writes: impl Into<Vec<Write>>) -> Accepted {
        self.record(self.record_of_writes(writes)).await
    }

    /// Records writes that have to conflict.
    pub async fn conflict(&self, writes: impl Into<Vec<Write>>) {
        self.conflicting(self.record_of_writes(writes)).await;
    }

    /// Records what has to conflict.
    pub async fn conflicting(&self, record: Record) {
        let recorded = self.store.record(record).await.unwrap();
        assert!(matches!(recorded, Recorded::Conflict), "not a conflict: {recorded:?}");
    }

    /// Makes a resource in the scene's environment.
    pub async fn create(&self, resource: Resource) -> Stored {
        self.create_in(self.environment, resource).await
    }

    /// Makes a resource in this environment.
    pub async fn create_in(&self, environment: EnvironmentId, resource: Resource) -> Stored {
        let writes = [Write::Create(resource.clone())];
        self.record(Record { environment, ..self.record_of_writes(writes) }).await;
        Stored { resource, version: 1 }
    }

    /// Makes a client, and this of it.
    pub async fn create_of_client(&self, make: impl Fn(ResourceId) -> Resource) -> Stored {
        let client = self.create(self.new_client("{}")).await;
        self.create(make(client.resource.id)).await
    }

    /// Updates a resource by a request.
    pub async fn update(&self, before: &Stored, request: &str) -> Stored {
        self.revise(before, self.updated(&before.resource, request)).await
    }

    /// Updates a resource to what it is now.
    pub async fn revise(&self, before: &Stored, after: Resource) -> Stored {
        self.write([update(before, &after)]).await;
        Stored { resource: after, version: before.version + 1 }
    }

    /// Deletes a resource.
    pub async fn remove(&self, stored: &Stored) {
        self.write([Write::Delete(stored.clone())]).await;
    }

    /// A resource of the scene's environment as it is in the store.
    pub async fn stored(&self, resource: &Resource) -> Option<Stored> {
        self.store.resource(self.environment, resource.kind, resource.id).await.unwrap()
    }

    /// The whole list of a kind in the scene's environment.
    pub async fn list(&self, kind: Kind, filter: &ResourceFilter) -> Listed<Bytes> {
        let page = whole();
        self.store.list_resources(self.environment, kind, filter.clone(), page).await.unwrap()
    }

    /// The ids of a kind's resources that a filter keeps, in the order of the list.
    pub async fn found(&self, kind: Kind, filter: &ResourceFilter) -> Vec<ResourceId> {
        let listed = self.list(kind, filter).await;
        let found = ids(&listed.items);
        assert_eq!(found.len() as u64, listed.total, "{filter:?}");
        found
    }

    /// The image of a document of the scene's environment.
    pub async fn image(&self, document: ResourceId, side: Side) -> Option<Bytes> {
        self.store.image(self.environment, document, side).await.unwrap()
    }
}

/// A write of an update.
pub fn update(before: &Stored, after: &Resource) -> Write {
    Write::Update { before: before.clone(), after: after.clone() }
}

/// A filter by these attributes.
pub fn by(attributes: &[(&str, &str)]) -> ResourceFilter {
    let owned = |(path, value): &(&str, &str)| Attribute {
        path: (*path).to_owned().into(),
        value: (*value).to_owned().into(),
    };
    ResourceFilter { attributes: attributes.iter().map(owned).collect(), ..Default::default() }
}

/// How lists have a resource.
pub fn json(resource: &Resource) -> Bytes {
    Value::from(resource.object.clone()).to_bytes().into()
}

/// The ids of what a list has.
pub fn ids(items: &[Bytes]) -> Vec<ResourceId> {
    let id = |item: &Bytes| exact_json::parse(item).ok()?.get("id")?.as_str()?.parse().ok();
    items.iter().map(|item| id(item).expect("an item has an id")).collect()
}

/// So many bytes in no order, but the same for the same seed.
pub fn picture(seed: u64, length: usize) -> Bytes {
    let step = |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    let states = std::iter::successors(Some(seed), step);
    states.map(|state| state.to_be_bytes()[0]).take(length).collect()
}

/// An object that is written as this.
fn object(text: &str) -> Object {
    let value = exact_json::parse(text.as_bytes()).unwrap();
    value.as_object().expect("it is an object").clone()
}

/// `usual`, and `fields` of this client.
fn of(client: ResourceId, usual: &str, fields: &str) -> Object {
    let mut fields = object(fields);
    fields.insert("clientId".into(), client.to_string().into());
    with(object(usual), &fields)
}

fn with(mut usual: Object, fields: &Object) -> Object {
    for (name, value) in fields {
        usual.insert(name.to_owned(), value.clone());
    }
    usual
}
