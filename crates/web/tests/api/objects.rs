//! One object of each kind, for the tests that go by the description: what stands in the path of
//! each operation, and what makes a body that it would take.

use serde_json::{Value, json};

use crate::{
    made::{SMALLEST, new_image, picture, with},
    support::{Herald, Operation, Tenant},
};

/// An id that nothing has.
pub(crate) const NOBODY: &str = "5eb04fcd0f3e360008035eb2";

/// The id of a request that no endpoint keeps.
const NOBODYS_REQUEST: &str = "5eb04fcd0f3e360008035eb9";

/// Where the id of a request is remembered that the endpoint keeps.
const REQUEST: &str = "(a request)";

/// A tenant's objects, in its test environment.
pub(crate) struct Objects {
    account: String,
    /// The beginning of a path, and the id behind it.
    ids: Vec<(&'static str, String)>,
}

impl Objects {
    /// Makes a webhook, a client, an address, a document with a front, a complete screening
    /// with a match, a temporary endpoint that keeps a request, and a recovery that was cancelled;
    /// an event and a delivery follow from them.
    pub(crate) async fn new(herald: &Herald, tenant: &Tenant) -> Self {
        let key = &tenant.test;
        let webhook = herald.webhook(key).await;
        let client = herald.client(key).await;
        let address = herald.address(key, &client).await;
        let document = herald.document(key, &client).await;
        herald.image(key, &document, "front").await;
        let check = herald.matched(tenant, &client, &["m1"]).await;
        let (endpoint, request) = herald.endpoint_with_a_request(key).await;
        let events = herald.get("/v1/events", key).await.ok();
        let deliveries = herald.get("/v1/deliveries", key).await.ok();
        let recovery = herald.cancelled_recovery(key, &webhook).await;
        let made = [
            ("/v1/webhooks/", &webhook),
            ("/v1/clients/", &client),
            ("/v1/addresses/", &address),
            ("/v1/documents/", &document),
            ("/v1/checks/", &check),
            ("/operator/v1/checks/", &check),
            ("/v1/endpoints/", &endpoint),
            (REQUEST, &request),
            ("/v1/events/", &events["items"][0]),
            ("/v1/recoveries/", &recovery),
            ("/v1/deliveries/", &deliveries["items"][0]),
            ("/operator/v1/accounts/", &json!({ "id": tenant.id })),
        ];
        let ids = made.map(|(prefix, object)| (prefix, object["id"].as_str().unwrap().to_owned()));
        Self { account: tenant.id.clone(), ids: ids.into() }
    }

    /// The id that stands in the operation's path.
    pub(crate) fn id(&self, operation: &Operation) -> &str {
        let found = self.ids.iter().find(|(prefix, _)| operation.path.starts_with(prefix));
        found.map_or("", |(_, id)| id)
    }

    /// The operation's path, to these objects.
    pub(crate) fn path(&self, operation: &Operation) -> String {
        let id = self.id(operation);
        assert!(
            !id.is_empty() || !operation.path.contains("{id}"),
            "which object stands in {}?",
            operation.path
        );
        let request = self.named(REQUEST);
        path(operation, id).replace(NOBODYS_REQUEST, request.as_str().unwrap())
    }

    /// A body that the operation would take, about these objects.
    pub(crate) fn body(&self, operation: &Operation) -> String {
        if !operation.has_body() {
            return String::new();
        }
        if operation.path.contains("/upload/") {
            return new_image("a.jpg", &picture(2, SMALLEST)).to_string();
        }
        let mut known = json!({
            "accountId": self.account,
            "environment": "test",
            "clientId": self.named("/v1/clients/"),
            "matchId": "m1",
            "webhookId": self.named("/v1/webhooks/"),
        });
        let fields = known.as_object_mut().unwrap();
        fields.retain(|name, _| operation.example.get(name).is_some());
        with(operation.example.clone(), &known).to_string()
    }

    /// The id behind a beginning of a path.
    pub(crate) fn named(&self, prefix: &str) -> Value {
        self.ids.iter().find(|(known, _)| *known == prefix).unwrap().1.clone().into()
    }
}

/// The operation's path with this id in it; what else stands there is good.
pub(crate) fn path(operation: &Operation, id: &str) -> String {
    let path = operation.path.replace("{id}", id);
    let path = path.replace("{keyId}", NOBODY).replace("{side}", "front");
    let path = path.replace("{requestId}", NOBODYS_REQUEST);
    assert!(!path.contains('{'), "what stands in {path}?");
    path
}
