//! The parts of the API's description that belong to no single operation.

use utoipa::{
    Modify, OpenApi as _,
    openapi::{
        OpenApi, Ref, RefOr, Response,
        content::ContentBuilder,
        response::ResponseBuilder,
        security::{ApiKey, ApiKeyValue, SecurityScheme},
    },
};

use crate::error::ErrorBody;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Herald",
        description = "An account's clients, addresses, documents and checks, and webhooks that \
            tell what happens to them; wire-compatible with the ComplyCube API.\n\n\
            Send your key in `Authorization`, bare or after `Bearer`. A key of the `test` \
            environment and one of `live` never see each other's objects.\n\n\
            Lists come in pages, newest first. A wrong filter matches nothing; an unknown one is \
            ignored. Every answer that is not a success has the same flat body: `type`, `message`, \
            and `param` when a field is to blame.\n\n\
            Every path may end in a slash.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "Clients", description = "Whom the account deals with."),
        (name = "Addresses", description = "Where a client is, or was."),
        (name = "Documents", description = "What proves something about a client."),
        (name = "Checks", description = "What is to be found out about a client."),
        (name = "Webhooks", description = "Where notifications go, and which."),
        (name = "Events", description = "What happened."),
        (name = "Deliveries", description = "Was it sent, and what was answered?"),
        (
            name = "Temporary endpoints",
            description = "A URL of Herald's own, to look at what webhooks send.",
        ),
        (name = "Recoveries", description = "Send again what a webhook missed."),
        (name = "Publishing", description = "For the platform: tell what happened."),
        (
            name = "Checks (engine)",
            description = "For the platform's own engine: tell what it found out.",
        ),
        (name = "Accounts", description = "For the operator: tenants and their keys."),
        (name = "Status", description = "For whoever keeps Herald up."),
    ),
    components(schemas(ErrorBody)),
    modifiers(&Keys),
)]
struct Base;

/// The two kinds of keys.
struct Keys;

impl Modify for Keys {
    fn modify(&self, openapi: &mut OpenApi) {
        let components = openapi.components.get_or_insert_default();
        for (name, description) in [
            ("accountKey", "A key of one environment: `test_…` or `live_…`."),
            ("operatorKey", "The key of the operator, from Herald's configuration."),
        ] {
            let key = ApiKeyValue::with_description("Authorization", description);
            components.add_security_scheme(name, SecurityScheme::ApiKey(ApiKey::Header(key)));
        }
    }
}

/// The description without its operations.
pub(crate) fn base() -> OpenApi {
    Base::openapi()
}

/// Adds to every operation what all of them have: the flat error.
pub(crate) fn complete(openapi: &mut OpenApi) {
    for item in openapi.paths.paths.values_mut() {
        let methods = [&mut item.get, &mut item.post, &mut item.delete];
        for operation in methods.into_iter().flatten() {
            operation.responses.responses.insert("default".into(), RefOr::T(refused()));
        }
    }
}

fn refused() -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Error"))).build();
    ResponseBuilder::new()
        .description("Refused, or failed")
        .content("application/json", content)
        .build()
}
