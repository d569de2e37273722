//! Lists of resources: which of them, by the fields that the kind's table says are filters.

use axum::response::Response;
use herald_domain::{
    account::EnvironmentId,
    resource::{
        Attribute, Kind,
        shape::{Filter, Rule, Shape},
    },
};
use herald_engine::Engine;
use herald_store::{Listed, ResourceFilter};
use utoipa::openapi::{
    Required,
    path::{Parameter, ParameterBuilder, ParameterIn},
};

use super::schema;
use crate::{error::Result, input::Query, list};

/// No resource has as many attributes, so none has all that such a question names; and no store is
/// asked for more at once.
const TOO_MANY: usize = 64;

/// Describes the filters of a kind's lists under this name.
macro_rules! filters {
    ($name:ident: $kind:expr) => {
        #[doc = concat!("Which ones: the filters of `", stringify!($kind), "`.")]
        pub(crate) enum $name {}

        impl utoipa::IntoParams for $name {
            fn into_params(
                _: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
            ) -> Vec<utoipa::openapi::path::Parameter> {
                $crate::resource::filters::parameters($kind)
            }
        }
    };
}

pub(crate) use filters;

/// Answers a list of a kind.
pub(crate) async fn list(
    engine: &Engine,
    environment: EnvironmentId,
    kind: Kind,
    mut query: Query,
) -> Result<Response> {
    let (page, filter) = (query.page()?, filter(&mut query, kind));
    let listed = if query.is_unanswerable() {
        Listed::empty()
    } else {
        engine.list_resources(environment, kind, filter, page).await?
    };
    list::stored(page, &listed)
}

fn filter(query: &mut Query, kind: Kind) -> ResourceFilter {
    ResourceFilter {
        attributes: attributes(query, kind.shape()),
        created: query.created(),
        updated: query.updated(),
    }
}

fn attributes(query: &mut Query, shape: &Shape) -> Vec<Attribute<'static>> {
    let named = query.names().map(|name| (name.to_owned(), shape.filter(name)));
    let filters: Vec<_> = named.filter(|(_, meant)| *meant != Filter::Unknown).collect();
    if filters.len() >= TOO_MANY || filters.iter().any(|(_, meant)| *meant == Filter::Unanswerable)
    {
        query.nothing_matches();
        return Vec::new();
    }
    let asked = filters.into_iter().filter_map(|(path, _)| {
        let value = query.text(&path)?;
        Some(Attribute { path: path.into(), value: value.into() })
    });
    asked.collect()
}

/// The filters of a kind's lists, for the description.
pub(crate) fn parameters(kind: Kind) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    collect(kind.shape(), "", &mut parameters);
    parameters
}

fn collect(shape: &Shape, within: &str, parameters: &mut Vec<Parameter>) {
    for field in shape.0.iter().filter(|field| field.filter) {
        let path = format!("{within}{}", field.name);
        match field.rule {
            Rule::Details(details) => collect(details, &format!("{path}."), parameters),
            Rule::Metadata => {
                let about = "What stands under `key` in its metadata; any key can be asked for.";
                parameters.push(parameter(format!("{path}.{{key}}"), Rule::Text, about));
            }
            rule => parameters.push(parameter(path, rule, field.about)),
        }
    }
}

fn parameter(name: String, rule: Rule, about: &'static str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(format!("Only those with exactly this. {about}")))
        .schema(Some(schema::asked(rule)))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is asked of the store, or `None` if nothing can match.
    fn asked(kind: Kind, query: &str) -> Option<Vec<(String, String)>> {
        let mut query = Query::parse(query);
        let filter = filter(&mut query, kind);
        let pair = |one: Attribute<'_>| (one.path.into_owned(), one.value.into_owned());
        (!query.is_unanswerable()).then(|| filter.attributes.into_iter().map(pair).collect())
    }

    #[test]
    fn known_filters_are_asked_for_others_are_ignored_and_impossible_ones_match_nothing() {
        for (kind, query, expected) in [
            (Kind::Client, "", Some(&[][..])),
            (Kind::Client, "page=1&pageSize=2&createdAfter=2026-01-31&colour=red", Some(&[])),
            (Kind::Client, "email=a%40b.c", Some(&[("email", "a@b.c")])),
            (
                Kind::Client,
                "personDetails.lastName=Doe&metadata.a.b=c&type=person",
                Some(&[
                    ("personDetails.lastName", "Doe"),
                    ("metadata.a.b", "c"),
                    ("type", "person"),
                ]),
            ),
            (Kind::Client, "personDetails.shoeSize=44", None),
            (Kind::Client, "personDetails=44", None),
            (Kind::Client, "metadata=x", None),
            (Kind::Client, "email.local=a", None),
            (Kind::Client, "email=a&email=a", Some(&[("email", "a")])),
            (Kind::Client, "email=a&email=b", None),
            (Kind::Client, "email=%00", None),
            (Kind::Client, "metadata.%00=a", None),
            (Kind::Client, "createdAfter=soon", None),
            (Kind::Address, "state=TX&city=Waco", Some(&[("city", "Waco")])),
            (Kind::Check, "result.outcome=clear", Some(&[("result.outcome", "clear")])),
        ] {
            let expected = expected.map(|pairs| {
                pairs.iter().map(|(path, value)| ((*path).into(), (*value).into())).collect()
            });
            assert_eq!(asked(kind, query), expected, "{query}");
        }
    }

    #[test]
    fn a_question_with_more_conditions_than_a_client_can_have_attributes_matches_nothing() {
        let keys = |count: usize| {
            let asked: Vec<_> = (0..count).map(|n| format!("metadata.k{n}=v")).collect();
            asked.join("&")
        };
        assert_eq!(
            asked(Kind::Client, &keys(TOO_MANY - 1)).map(|all| all.len()),
            Some(TOO_MANY - 1)
        );
        assert_eq!(asked(Kind::Client, &keys(TOO_MANY)), None);
        assert!(parameters(Kind::Client).len() + 20 < TOO_MANY);
    }

    #[test]
    fn the_described_filters_are_those_that_are_understood() {
        for kind in Kind::ALL {
            for parameter in parameters(kind) {
                let name = parameter.name.replace("{key}", "key");
                assert_eq!(kind.shape().filter(&name), Filter::Known, "{kind:?} {name}");
            }
        }
        let names = |kind| parameters(kind).into_iter().map(|one| one.name).collect::<Vec<_>>();
        assert_eq!(names(Kind::Address), ["clientId", "type", "city", "country"]);
        assert_eq!(
            names(Kind::Check),
            ["clientId", "type", "status", "documentId", "livePhotoId", "result.outcome"]
        );
    }
}
