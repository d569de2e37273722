//! What a walk does to resources, and what it asks of them.
//!
//! Writes are put together from what the model has, each as if those before it in the record had
//! been done; now and then from what once was, so that the record conflicts.

use herald_domain::{
    account::EnvironmentId,
    id::ResourceId,
    resource::{Attribute, Kind, Resource, check, document, document::Side},
    time::Timestamp,
};

use super::{Walk, whole};
use crate::{
    Page, ResourceFilter, Resources, Stored, TimeRange, Write,
    contract::{Backend, fixtures_resources::picture, fixtures_resources::update},
};

const NAMES: [&str; 3] = ["Ærø", "ærø", "attention"];
const COUNTRIES: [&str; 3] = ["DK", "SE", "FO"];
const CHECKS: [&str; 2] = ["standard_screening_check", "identity_fraud_check"];
const OUTCOMES: [&str; 2] = ["clear", "attention"];
const SIDES: [Side; 2] = [Side::Front, Side::Back];

/// The resources that a walk has met, each where it belongs.
#[derive(Clone, Debug, Default)]
pub(super) struct Met {
    /// As they are.
    living: Vec<(EnvironmentId, Stored)>,
    /// As they were, updated or deleted since.
    former: Vec<(EnvironmentId, Stored)>,
}

impl Met {
    /// That a resource is this now, or no more.
    fn note(
        &mut self,
        environment: EnvironmentId,
        kind: Kind,
        id: ResourceId,
        now: Option<Stored>,
    ) {
        let same = |(of, stored): &mut (EnvironmentId, Stored)| {
            let resource = &stored.resource;
            (*of, resource.kind, resource.id) == (environment, kind, id)
        };
        let Self { living, former } = self;
        former.extend(living.extract_if(.., |one| same(one)));
        living.extend(now.map(|stored| (environment, stored)));
    }

    /// What a write makes of a resource, unless it conflicts.
    fn foresee(&mut self, environment: EnvironmentId, write: &Write) {
        let (resource, now) = match write {
            Write::Create(resource) => (resource, Some(1)),
            Write::Update { before, after } => (after, Some(before.version + 1)),
            Write::Delete(before) => (&before.resource, None),
            Write::Rest(_) | Write::KeepImage { .. } | Write::DropImage { .. } => return,
        };
        let now = now.map(|version| Stored { resource: resource.clone(), version });
        self.note(environment, resource.kind, resource.id, now);
    }
}

impl<B: Backend> Walk<B> {
    /// Up to so many changes of an environment's resources, to be made in one record.
    pub(super) fn writes(&mut self, environment: EnvironmentId, most: usize) -> Vec<Write> {
        let mut writes = Vec::new();
        let met = self.met.clone();
        for _ in 0..self.dice.index(most + 1) {
            let more = match self.dice.below(20) {
                0..8 => self.creation(environment),
                8..14 => self.an_update(environment),
                14..17 => self.change_of_images(environment),
                _ => self.deletion(environment),
            };
            for write in &more {
                self.met.foresee(environment, write);
            }
            writes.extend(more);
        }
        self.met = met;
        for write in &writes {
            self.trail.note("write", brief(write));
        }
        writes
    }

    fn creation(&mut self, environment: EnvironmentId) -> Vec<Write> {
        let client = self.pick(environment, &[Kind::Client]);
        let client = client.filter(|_| self.dice.below(3) > 0).map(|stored| stored.resource.id);
        let name = NAMES[self.dice.index(3)];
        let country = COUNTRIES[self.dice.index(3)];
        let resource = match client {
            None if self.dice.below(3) == 0 => self.scene.new_client(&format!(
                r#"{{"type": "company", "companyDetails": {{"name": "{name}"}}}}"#
            )),
            None => self.scene.new_client(&format!(
                r#"{{"personDetails": {{"firstName": "{name}", "lastName": "{name}",
                    "nationality": "{country}"}}, "metadata": {{"name": "{name}"}}}}"#
            )),
            Some(client) => match self.dice.below(3) {
                0 => {
                    let fields = format!(r#"{{"city": "{name}", "country": "{country}"}}"#);
                    self.scene.new_address(client, &fields)
                }
                1 => {
                    let fields = format!(r#"{{"issuingCountry": "{country}"}}"#);
                    self.scene.new_document(client, &fields)
                }
                _ => {
                    let check_type = CHECKS[self.dice.index(2)];
                    let fields = format!(r#"{{"type": "{check_type}"}}"#);
                    let check = self.scene.new_check(client, &fields);
                    let due_at = (self.dice.below(3) > 0).then(|| self.soon(60));
                    Resource { due_at, ..check }
                }
            },
        };
        vec![Write::Create(resource)]
    }

    fn an_update(&mut self, environment: EnvironmentId) -> Vec<Write> {
        let Some(before) = self.pick(environment, &Kind::ALL) else { return Vec::new() };
        let resource = &before.resource;
        let name = NAMES[self.dice.index(3)];
        let country = COUNTRIES[self.dice.index(3)];
        let request = match resource.kind {
            Kind::Client => match self.dice.below(3) {
                0 => format!(r#"{{"externalId": "{name}"}}"#),
                1 => r#"{"externalId": null, "metadata": null}"#.to_owned(),
                _ => format!(
                    r#"{{"personDetails": {{"nationality": "{country}"}},
                        "metadata": {{"name": "{name}"}}, "mobile": "{name}"}}"#
                ),
            },
            Kind::Address => format!(r#"{{"city": "{name}", "type": null}}"#),
            Kind::Document => format!(r#"{{"issuingCountry": "{country}"}}"#),
            Kind::Check => return self.update_of_a_check(&before),
        };
        let after = self.scene.maybe_updated(resource, &request);
        after.map(|after| update(&before, &after)).into_iter().collect()
    }

    fn update_of_a_check(&mut self, before: &Stored) -> Vec<Write> {
        let check = &before.resource;
        let pending = check.text("status") == Some("pending");
        let after = match self.dice.below(4) {
            0 if pending => check::fail(check, self.scene.tick()).unwrap(),
            1 if pending => Some(Resource { due_at: Some(self.soon(60)), ..check.clone() }),
            _ if pending => Some(self.scene.completed(check, OUTCOMES[self.dice.index(2)])),
            _ if check.text("result.outcome").is_some() && check::is_screening(check) => {
                let watched = self.dice.below(2) == 0;
                let request = format!(r#"{{"enableMonitoring": {watched}}}"#);
                self.scene.maybe_updated(check, &request)
            }
            _ => None,
        };
        after.map(|after| update(before, &after)).into_iter().collect()
    }

    fn change_of_images(&mut self, environment: EnvironmentId) -> Vec<Write> {
        let Some(before) = self.pick(environment, &[Kind::Document]) else { return Vec::new() };
        let side = SIDES[self.dice.index(2)];
        let has_image = document::image(&before.resource, side).is_some();
        if has_image && self.dice.below(2) == 0 {
            self.scene.drop_image(&before, side).into()
        } else {
            let length = 1 + self.dice.index(9_000);
            let data = picture(self.dice.below(1_000), length);
            self.scene.upload(&before, side, &data).into()
        }
    }

    /// Of a client mostly with its belongings, before or behind them.
    fn deletion(&mut self, environment: EnvironmentId) -> Vec<Write> {
        let Some(before) = self.pick(environment, &Kind::ALL) else { return Vec::new() };
        let mut deleted = Vec::new();
        if before.resource.kind == Kind::Client && self.dice.below(4) > 0 {
            let living = self.met.living.iter().filter(|(of, _)| *of == environment);
            let belongs = |stored: &&Stored| {
                stored.resource.kind != Kind::Check
                    && stored.resource.client() == Some(before.resource.id)
            };
            deleted.extend(living.map(|(_, stored)| stored).filter(belongs).cloned());
        }
        let place = if self.dice.below(2) == 0 { 0 } else { deleted.len() };
        deleted.insert(place, before);
        deleted.into_iter().map(Write::Delete).collect()
    }

    /// A resource of the environment as it is; rarely as it was, or one of another environment.
    fn pick(&mut self, environment: EnvironmentId, kinds: &[Kind]) -> Option<Stored> {
        let all = if self.dice.below(15) == 0 { &self.met.former } else { &self.met.living };
        let anywhere = self.dice.below(25) == 0;
        let eligible = all.iter().filter(|(of, stored)| {
            (anywhere || *of == environment) && kinds.contains(&stored.resource.kind)
        });
        let eligible: Vec<&Stored> = eligible.map(|(_, stored)| stored).collect();
        self.dice.pick(&eligible).copied().cloned()
    }

    /// Reads again what may have been written, from both.
    pub(super) async fn meet(&mut self, environment: EnvironmentId, writes: &[Write]) {
        for write in writes {
            let Resource { kind, id, .. } = match write {
                Write::Create(resource) | Write::Update { after: resource, .. } => resource,
                Write::Delete(before) | Write::Rest(before) => &before.resource,
                Write::KeepImage { document, side, .. } | Write::DropImage { document, side } => {
                    let found = self.scene.store.image(environment, *document, *side).await;
                    let expected = self.model.image(environment, *document, *side).await;
                    assert!(found.unwrap() == expected.unwrap(), "the {side} of {document}");
                    continue;
                }
            };
            let found = self.scene.store.resource(environment, *kind, *id).await.unwrap();
            assert_eq!(found, self.model.resource(environment, *kind, *id).await.unwrap());
            self.met.note(environment, *kind, *id, found);
        }
    }

    /// Compares the lists of both environments, and the answers to some questions.
    pub(super) async fn compare_resources(&mut self) {
        for environment in self.environments {
            for kind in Kind::ALL {
                let any = ResourceFilter::default();
                self.compare_lists(environment, kind, any, whole()).await;
            }
        }
        for _ in 0..3 {
            let environment = self.environment();
            let kind = Kind::ALL[self.dice.index(4)];
            let filter = self.filter(environment, kind);
            let number = u32::try_from(1 + self.dice.index(3)).unwrap();
            let size = u32::try_from(1 + self.dice.index(5)).unwrap();
            let page = Page::new(number, size).unwrap();
            self.compare_lists(environment, kind, filter, page).await;
        }
        self.compare_one().await;
        let (now, limit) = (self.soon(60), 1 + self.dice.index(5));
        let found = self.scene.store.due_resources(now, limit).await.unwrap();
        let expected = self.model.due_resources(now, limit).await.unwrap();
        assert_eq!((found.due, found.next), (expected.due, expected.next), "{limit} at {now}");
    }

    async fn compare_lists(
        &self,
        environment: EnvironmentId,
        kind: Kind,
        filter: ResourceFilter,
        page: Page,
    ) {
        let store = &*self.scene.store;
        let found = store.list_resources(environment, kind, filter.clone(), page).await.unwrap();
        let expected = self.model.list_resources(environment, kind, filter.clone(), page).await;
        assert_eq!(found, expected.unwrap(), "{kind:?} {filter:?} {page:?}");
    }

    /// Compares what is told of a resource that is or was, asked for anywhere.
    async fn compare_one(&mut self) {
        let environment = self.environment();
        let Some(stored) = self.pick(environment, &Kind::ALL) else { return };
        let Resource { kind, id, .. } = stored.resource;
        let owner = stored.resource.client().unwrap_or(id);
        for environment in self.environments {
            let found = self.scene.store.resource(environment, kind, id).await.unwrap();
            assert_eq!(found, self.model.resource(environment, kind, id).await.unwrap());
            let found = self.scene.store.belongings(environment, owner).await.unwrap();
            assert_eq!(found, self.model.belongings(environment, owner).await.unwrap());
            for side in SIDES {
                let found = self.scene.store.image(environment, id, side).await.unwrap();
                let expected = self.model.image(environment, id, side).await.unwrap();
                assert!(found == expected, "the {side} of {id}");
            }
        }
    }

    /// A filter that something met would pass, or might.
    fn filter(&mut self, environment: EnvironmentId, kind: Kind) -> ResourceFilter {
        let mut filter = ResourceFilter::default();
        for _ in 0..self.dice.index(3) {
            let Some(stored) = self.pick(environment, &[kind]) else { continue };
            let attributes = stored.resource.attributes();
            filter.attributes.extend(self.dice.pick(&attributes).map(owned));
        }
        for range in [&mut filter.created, &mut filter.updated] {
            if self.dice.below(4) == 0 {
                *range = TimeRange { after: self.a_time(environment), before: None };
            }
            if self.dice.below(4) == 0 {
                range.before = self.a_time(environment);
            }
        }
        filter
    }

    /// When something was made or updated.
    fn a_time(&mut self, environment: EnvironmentId) -> Option<Timestamp> {
        let Resource { created_at, updated_at, .. } = self.pick(environment, &Kind::ALL)?.resource;
        Some(if self.dice.below(2) == 0 { created_at } else { updated_at })
    }
}

fn owned(attribute: &Attribute<'_>) -> Attribute<'static> {
    let Attribute { path, value } = attribute;
    Attribute { path: path.to_string().into(), value: value.to_string().into() }
}

/// A write without what fills the screen.
fn brief(write: &Write) -> (&'static str, String) {
    let named = |stored: &Stored| {
        let Stored { resource: Resource { kind, id, .. }, version } = stored;
        format!("{} {id} of version {version}", kind.noun())
    };
    match write {
        Write::Create(resource) => ("creates", format!("{} {resource:?}", resource.kind.noun())),
        Write::Update { before, after } => {
            ("updates", format!("{} to {:?}, due {:?}", named(before), after.object, after.due_at))
        }
        Write::Delete(before) => ("deletes", named(before)),
        Write::Rest(before) => ("rests", named(before)),
        Write::KeepImage { document, side, data } => {
            ("keeps", format!("{side} of {document}, {} bytes", data.len()))
        }
        Write::DropImage { document, side } => ("drops", format!("{side} of {document}")),
    }
}
