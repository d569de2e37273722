//! The catalogue: which event types there are, and what payload each carries.
//!
//! The 20 types of the specification are built in (`catalogue.toml`, compiled in). A platform may
//! load types of its own beside them, in the same format; the file explains it. Dots make
//! ancestors: `document.updated.image_uploaded` is a `document.updated` too (design §5.10).

use indexmap::IndexMap;
use serde::Deserialize;

use crate::{exact_json::Object, raise::holds};

mod example;

/// Names of payload rules that every catalogue has.
const FULL: &str = "full";
const CHANGED: &str = "changed";
const ID: &str = "id";
const GIVEN: &str = "given";

/// Longest name of an event type, characters.
const NAME_LENGTH: usize = 100;

/// The event types there are, in the order of their files.
#[derive(Clone, Debug)]
pub struct Catalogue {
    types: IndexMap<String, EventType>,
}

/// One event type.
#[derive(Clone, Debug)]
pub struct EventType {
    /// Its name, dots included.
    pub name: String,
    /// What kind of resource it is about; the event's `resourceType`.
    pub resource: String,
    /// For people: when it happens.
    pub description: String,
    /// What its payload is made of.
    pub payload: PayloadRule,
    /// For a type that its parent raises by itself: when.
    pub raised_when: Option<Condition>,
    /// A payload as it may look, if the file gives one: for samples.
    pub example: Option<Object>,
    /// Whether the specification has it, or a platform added it.
    pub built_in: bool,
}

/// What a payload is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayloadRule {
    /// The full object.
    Full,
    /// `id` and the fields that changed.
    Changed,
    /// `id` alone.
    Id,
    /// Chosen fields.
    Summary(Vec<SummaryField>),
    /// Whatever the publisher gives. Only for a platform's own types.
    Given,
}

/// One field of a summary.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SummaryField {
    /// Its name in the payload.
    pub name: String,
    /// Where it is taken from, dots included: the first that is there. By default, its name.
    #[serde(default)]
    pub from: Vec<String>,
    /// Left out unless this holds of the resource.
    pub only_if: Option<Condition>,
}

/// That a field has a value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Which field, dots included.
    pub field: String,
    /// The text it has to be.
    pub equals: String,
}

/// A catalogue's file cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CatalogueProblem {
    /// Not TOML, or not of the catalogue's shape.
    #[error("the catalogue cannot be read: {0}")]
    Syntax(String),
    /// A type that is not well-named.
    #[error(
        "event type {0:?} is not well-named: lower-case words of a-z, 0-9 and _, with dots \
         between them, at most 100 characters"
    )]
    Name(String),
    /// A name that is there already.
    #[error("event type {0:?} is there already: a type is named once, built-in ones included")]
    Duplicate(String),
    /// A type that names an unknown payload rule.
    #[error(
        "event type {0:?} has the payload rule {1:?}, which is none of full, changed, id, given, \
         and no [payload.{1}] of its file"
    )]
    PayloadRule(String, String),
    /// A specialised type without the type that it specialises.
    #[error("event type {0:?} has raised_when, but {1:?}, which would raise it, is not there")]
    Orphan(String, String),
    /// An example that no payload of the type can be.
    #[error("the example of event type {0:?} cannot be used: {1}")]
    Example(String, String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    payload: IndexMap<String, SummaryRule>,
    #[serde(rename = "type", default)]
    types: Vec<FileType>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SummaryRule {
    fields: Vec<SummaryField>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileType {
    name: String,
    resource: String,
    description: String,
    #[serde(default = "given")]
    payload: String,
    raised_when: Option<Condition>,
    example: Option<toml::Table>,
}

fn given() -> String {
    GIVEN.into()
}

impl Catalogue {
    /// The 20 types of the specification.
    pub fn built_in() -> Self {
        let mut catalogue = Self { types: IndexMap::new() };
        catalogue
            .load(include_str!("../catalogue.toml"), true)
            .expect("the built-in catalogue is checked by a test");
        catalogue
    }

    /// This catalogue with a platform's own types added.
    pub fn extended(mut self, file: &str) -> Result<Self, CatalogueProblem> {
        self.load(file, false)?;
        Ok(self)
    }

    /// The type of this name.
    pub fn get(&self, name: &str) -> Option<&EventType> {
        self.types.get(name)
    }

    /// Every type, in the order of the files.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &EventType> {
        self.types.values()
    }

    /// The types that `name` is too, nearest first: its dotted ancestors that the catalogue has.
    pub fn ancestors<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a EventType> {
        std::iter::successors(parent(name), |name| parent(name)).filter_map(|name| self.get(name))
    }

    /// The types that `name` raises by itself when their conditions hold.
    pub fn specialisations<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a EventType> {
        self.iter().filter(move |t| t.raised_when.is_some() && parent(&t.name) == Some(name))
    }

    fn load(&mut self, text: &str, built_in: bool) -> Result<(), CatalogueProblem> {
        let file: File =
            toml::from_str(text).map_err(|e| CatalogueProblem::Syntax(e.to_string()))?;
        for entry in file.types {
            if !well_named(&entry.name) {
                return Err(CatalogueProblem::Name(entry.name));
            }
            if self.types.contains_key(&entry.name) {
                return Err(CatalogueProblem::Duplicate(entry.name));
            }
            let payload = rule(&entry, &file.payload)?;
            let example = example(&entry)?;
            let loaded = EventType {
                name: entry.name.clone(),
                resource: entry.resource,
                description: entry.description,
                payload,
                raised_when: entry.raised_when,
                example,
                built_in,
            };
            self.types.insert(entry.name, loaded);
        }
        self.check_orphans()
    }

    fn check_orphans(&self) -> Result<(), CatalogueProblem> {
        for specialised in self.iter().filter(|t| t.raised_when.is_some()) {
            let parent = parent(&specialised.name).unwrap_or_default();
            if self.get(parent).is_none() {
                return Err(CatalogueProblem::Orphan(specialised.name.clone(), parent.into()));
            }
        }
        Ok(())
    }
}

fn rule(
    entry: &FileType,
    summaries: &IndexMap<String, SummaryRule>,
) -> Result<PayloadRule, CatalogueProblem> {
    Ok(match entry.payload.as_str() {
        FULL => PayloadRule::Full,
        CHANGED => PayloadRule::Changed,
        ID => PayloadRule::Id,
        GIVEN => PayloadRule::Given,
        other => match summaries.get(other) {
            Some(summary) => PayloadRule::Summary(summary.fields.clone()),
            None => return Err(CatalogueProblem::PayloadRule(entry.name.clone(), other.into())),
        },
    })
}

/// The type's example, which has to be JSON that JavaScript would leave alone, and about which what
/// raises the type has to hold.
fn example(entry: &FileType) -> Result<Option<Object>, CatalogueProblem> {
    let problem = |why: String| CatalogueProblem::Example(entry.name.clone(), why);
    let Some(table) = &entry.example else { return Ok(None) };
    let example = example::exact(table).map_err(problem)?;
    match &entry.raised_when {
        Some(condition) if !holds(condition, &example) => {
            Err(problem(format!("{:?} should be {:?} in it", condition.field, condition.equals)))
        }
        _ => Ok(Some(example)),
    }
}

fn parent(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(parent, _)| parent)
}

fn well_named(name: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty()
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    name.len() <= NAME_LENGTH && name.split('.').all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_has_the_twenty_types_of_the_specification() {
        let catalogue = Catalogue::built_in();
        let names: Vec<_> = catalogue.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names.len(), 20, "{names:?}");
        for resource in ["client", "address", "document"] {
            for verb in ["created", "updated", "deleted"] {
                let found = catalogue.get(&format!("{resource}.{verb}")).expect(verb);
                assert_eq!(found.resource, resource);
            }
        }
        for name in ["pending", "completed", "monitoring.attention", "failed", "updated"] {
            assert!(names.contains(&format!("check.{name}").as_str()), "{name}");
        }
    }

    #[test]
    fn dots_make_ancestors() {
        let catalogue = Catalogue::built_in();
        let ancestors = |name| catalogue.ancestors(name).map(|t| &*t.name).collect::<Vec<_>>();
        assert_eq!(ancestors("document.updated.image_uploaded"), ["document.updated"]);
        assert_eq!(ancestors("check.completed.clear"), ["check.completed"]);
        assert!(ancestors("check.monitoring.attention").is_empty());
    }

    #[test]
    fn a_platform_adds_its_own_types() {
        let file =
            "[[type]]\nname = \"order.paid\"\nresource = \"order\"\ndescription = \"Paid\"\n";
        let catalogue = Catalogue::built_in().extended(file).unwrap();
        let paid = catalogue.get("order.paid").unwrap();
        assert_eq!((paid.payload.clone(), paid.built_in), (PayloadRule::Given, false));
        assert_eq!(catalogue.iter().len(), 21);
    }

    #[test]
    fn an_unusable_catalogue_is_refused_with_its_reason() {
        let with = |name: &str, more: &str| {
            format!("[[type]]\nname = \"{name}\"\nresource = \"r\"\ndescription = \"d\"\n{more}\n")
        };
        for (file, reason) in [
            (with("client.created", ""), "there already"),
            (with("Order.Paid", ""), "not well-named"),
            (with("a..b", ""), "not well-named"),
            (with("a.b", "payload = \"some\""), "payload rule \"some\""),
            (with("a.b", "raised_when = { field = \"x\", equals = \"y\" }"), "is not there"),
            (with("a.b", "colour = \"red\""), "cannot be read"),
            (with("a.b", "example = { n = 9007199254740993 }"), "example of event type \"a.b\""),
        ] {
            let problem = Catalogue::built_in().extended(&file).unwrap_err().to_string();
            assert!(problem.contains(reason), "{problem}");
        }
    }
}
