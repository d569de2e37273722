//! Who may do what: every operation of the description, with every key that must not open it.
//!
//! The list of operations is the published description, so a new one is tested as soon as it is
//! there; if these tests do not know what stands in its path, they fail until they are told.

use serde_json::{Value, json};

use crate::{
    made::{new_address, new_document, new_screening, with},
    objects::{self, NOBODY, Objects},
    support::{Answer, Herald, OPERATOR, Operation, Tenant, operations},
};

/// What is open to everyone, on purpose.
const OPEN: [&str; 3] = ["/healthz", "/metrics", "/readyz"];

/// A tenant that owns one of everything, and another that owns nothing.
struct World {
    herald: Herald,
    owner: Tenant,
    stranger: Tenant,
    revoked: String,
    objects: Objects,
}

impl World {
    async fn new() -> Self {
        let herald = Herald::new();
        let (owner, stranger) = (herald.tenant("Owner").await, herald.tenant("Stranger").await);
        let objects = Objects::new(&herald, &owner).await;
        let revoked = revoked_key(&herald, &owner).await;
        Self { herald, owner, stranger, revoked, objects }
    }

    /// Calls an operation on the owner's object, with a body that it would take.
    async fn call(&self, operation: &Operation, key: &str) -> Answer {
        let (path, body) = (self.objects.path(operation), self.objects.body(operation));
        self.herald.call(&operation.method, &path, key, body).await
    }

    /// Calls an operation on an object that nobody has, with the same body.
    async fn call_nobody(&self, operation: &Operation, key: &str) -> Answer {
        let (path, body) = (objects::path(operation, NOBODY), self.objects.body(operation));
        self.herald.call(&operation.method, &path, key, body).await
    }

    /// Keys that see nothing of what the owner has in its test environment.
    fn foreign_keys(&self) -> [&str; 3] {
        [&self.owner.live, &self.stranger.test, &self.stranger.live]
    }

    /// Everything that the owner sees.
    async fn seen_by_its_owner(&self) -> Vec<(String, String)> {
        let mut seen = Vec::new();
        let gets = |o: &&Operation| o.method == "GET" && o.takes("accountKey");
        for operation in operations().iter().filter(gets) {
            let path = self.objects.path(operation);
            let answer = self.herald.get(&path, &self.owner.test).await;
            assert_eq!(answer.status, 200, "{path}");
            seen.push((path, answer.text));
        }
        seen
    }
}

/// Asserts that the answer about somebody else's object is, byte for byte, the one about an object
/// that does not exist.
#[track_caller]
fn assert_alike(foreign: &Answer, unknown: &Answer, id: &str) {
    assert_eq!(foreign.refusal().0, 404, "{foreign:?}");
    assert_eq!(foreign.refusal().1, "resource_not_found");
    assert_eq!(foreign.text, unknown.text.replace(NOBODY, id));
    assert_eq!((foreign.status, &foreign.headers), (unknown.status, &unknown.headers));
}

async fn revoked_key(herald: &Herald, tenant: &Tenant) -> String {
    let keys = format!("/operator/v1/accounts/{}/keys", tenant.id);
    let body = json!({ "environment": "test" });
    let made = herald.post(&keys, OPERATOR, body).await.ok();
    let key = made["key"].as_str().unwrap().to_owned();
    // Used once, so that it is remembered when it is revoked.
    assert_eq!(herald.get("/v1/webhooks", &key).await.status, 200);
    let path = format!("{keys}/{}", made["id"].as_str().unwrap());
    herald.call("DELETE", &path, OPERATOR, "").await;
    key
}

#[tokio::test]
async fn every_operation_but_the_status_pages_takes_exactly_one_kind_of_key() {
    for operation in operations() {
        let kinds = ["accountKey", "operatorKey"].map(|kind| operation.takes(kind));
        let taken = kinds.into_iter().filter(|taken| *taken).count();
        let expected = usize::from(!OPEN.contains(&operation.path.as_str()));
        assert_eq!(taken, expected, "{} {}", operation.method, operation.path);
        let is_operators = operation.path.starts_with("/operator/");
        assert_eq!(operation.takes("operatorKey"), is_operators, "{}", operation.path);
    }
}

#[tokio::test]
async fn no_operation_opens_without_a_key_that_is_known_and_not_revoked() {
    let world = World::new().await;
    for operation in operations().iter().filter(|o| !OPEN.contains(&o.path.as_str())) {
        let unknown = ["", "Bearer", "test_unknown", "live_unknown", "Basic dGVzdDp0ZXN0"];
        for key in unknown.into_iter().chain([world.revoked.as_str()]) {
            let answer = world.call(operation, key).await;
            let expected = (401, "unauthorized".to_owned(), None);
            assert_eq!(
                answer.refusal(),
                expected,
                "{} {} {key:?}",
                operation.method,
                operation.path
            );
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
    }
}

#[tokio::test]
async fn a_key_of_the_other_kind_is_forbidden_everywhere() {
    let world = World::new().await;
    for operation in operations().iter().filter(|o| !OPEN.contains(&o.path.as_str())) {
        let others = if operation.takes("operatorKey") {
            vec![world.owner.test.as_str(), &world.owner.live]
        } else {
            vec![OPERATOR]
        };
        for key in others {
            let status = world.call(operation, key).await.status;
            assert_eq!(status, 403, "{} {}", operation.method, operation.path);
        }
    }
}

#[tokio::test]
async fn an_object_of_another_account_or_environment_answers_like_one_that_does_not_exist() {
    let world = World::new().await;
    let before = world.seen_by_its_owner().await;
    let of_accounts = |o: &&Operation| o.takes("accountKey") && o.path.contains("{id}");
    let all = operations();
    let operations: Vec<_> = all.iter().filter(of_accounts).collect();
    assert!(operations.len() >= 20, "{operations:?}");
    for operation in operations {
        for key in world.foreign_keys() {
            let foreign = world.call(operation, key).await;
            let unknown = world.call_nobody(operation, key).await;
            assert_alike(&foreign, &unknown, world.objects.id(operation));
        }
    }
    // And none of that touched what the owner has, or told anything.
    assert_eq!(world.seen_by_its_owner().await, before);
}

#[tokio::test]
async fn a_check_is_not_found_by_a_report_that_names_another_account_or_environment() {
    let world = World::new().await;
    let before = world.seen_by_its_owner().await;
    let reports = |o: &&Operation| o.path.starts_with("/operator/v1/checks/");
    let all = operations();
    let operations: Vec<_> = all.iter().filter(reports).collect();
    assert_eq!(operations.len(), 3);
    let places = [(&world.owner, "live"), (&world.stranger, "test"), (&world.stranger, "live")];
    for operation in operations {
        for (tenant, environment) in places {
            let place = json!({ "accountId": tenant.id, "environment": environment });
            let body = with(operation.example.clone(), &place).to_string();
            let id = world.objects.id(operation);
            let report = async |id: &str| {
                let path = objects::path(operation, id);
                world.herald.call("POST", &path, OPERATOR, body.clone()).await
            };
            assert_alike(&report(id).await, &report(NOBODY).await, id);
        }
    }
    assert_eq!(world.seen_by_its_owner().await, before);
}

#[tokio::test]
async fn what_is_another_accounts_or_environments_cannot_be_referred_to() {
    let world = World::new().await;
    let before = world.seen_by_its_owner().await;
    let id = |prefix| world.objects.named(prefix);
    let (client, address, document) =
        (id("/v1/clients/"), id("/v1/addresses/"), id("/v1/documents/"));
    for key in world.foreign_keys() {
        let own = world.herald.client(key).await;
        for (path, body, field, foreign) in [
            ("/v1/addresses", new_address(&own), "clientId", &client),
            ("/v1/documents", new_document(&own), "clientId", &client),
            ("/v1/checks", new_screening(&own), "clientId", &client),
            ("/v1/checks", new_screening(&own), "documentId", &document),
            ("/v1/checks", new_screening(&own), "addressId", &address),
        ] {
            let refer = async |to: &Value| {
                let body = with(body.clone(), &json!({ field: to }));
                world.herald.post(path, key, body).await
            };
            let answer = refer(foreign).await;
            assert_eq!(answer.refusal().2.as_deref(), Some(field));
            let unknown = refer(&NOBODY.into()).await;
            assert_alike(&answer, &unknown, foreign.as_str().unwrap());
        }
        assert_eq!(world.herald.told(key).await.len(), 1);
    }
    assert_eq!(world.seen_by_its_owner().await, before);
}

#[tokio::test]
async fn nothing_is_found_by_a_filter_for_what_is_another_accounts_or_environments() {
    let world = World::new().await;
    let client = world.objects.named("/v1/clients/");
    let document = world.objects.named("/v1/documents/");
    for (list, filter, id) in [
        ("addresses", "clientId", &client),
        ("documents", "clientId", &client),
        ("checks", "clientId", &client),
        ("checks", "documentId", &document),
    ] {
        let path = format!("/v1/{list}?{filter}={}", id.as_str().unwrap());
        for key in world.foreign_keys() {
            assert_eq!(world.herald.get(&path, key).await.ok()["totalItems"], 0, "{path}");
        }
    }
}

#[tokio::test]
async fn a_list_shows_nothing_of_another_account_or_environment() {
    let world = World::new().await;
    // The catalogue is everyone's.
    let is_private = |o: &&Operation| {
        o.takes("accountKey")
            && o.has_parameter("page")
            && o.path != "/v1/eventTypes"
            && !o.path.contains("{id}")
    };
    for operation in operations().iter().filter(is_private) {
        let own = world.herald.get(&operation.path, &world.owner.test).await.ok();
        assert!(own["totalItems"].as_u64() >= Some(1), "{}", operation.path);
        for key in world.foreign_keys() {
            let list = world.herald.get(&operation.path, key).await.ok();
            assert_eq!(list["totalItems"], 0, "{}", operation.path);
            assert_eq!(list["items"], json!([]), "{}", operation.path);
        }
    }
}

#[tokio::test]
async fn the_right_key_opens_every_operation() {
    let world = World::new().await;
    for operation in operations().iter().filter(|o| o.method == "GET") {
        let key = if operation.takes("operatorKey") { OPERATOR } else { &world.owner.test };
        let answer = world.herald.get(&world.objects.path(operation), key).await;
        let may_fail = OPEN.contains(&operation.path.as_str());
        assert!(answer.status == 200 || may_fail, "{} {answer:?}", operation.path);
    }
}
