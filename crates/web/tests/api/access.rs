//! Who may do what: every operation of the description, with every key that must not open it.
//!
//! The list of operations is the published description, so a new one is tested as soon as it is
//! there; if these tests do not know what stands in its path, they fail until they are told.

use serde_json::Value;

use crate::support::{Herald, OPERATOR, Operation, Tenant, operations};

/// What is open to everyone, on purpose.
const OPEN: [&str; 3] = ["/healthz", "/metrics", "/readyz"];

/// A tenant that owns one of everything, and another that owns nothing.
struct World {
    herald: Herald,
    owner: Tenant,
    stranger: Tenant,
    revoked: String,
    /// What stands in the path of its objects: prefix of the path, and id.
    objects: Vec<(&'static str, String)>,
}

impl World {
    async fn new() -> Self {
        let herald = Herald::new();
        let (owner, stranger) = (herald.tenant("Owner").await, herald.tenant("Stranger").await);
        let webhook = herald.webhook(&owner.test).await;
        let event = herald.client_created(&owner, "c1").await;
        let delivery = herald.get("/v1/deliveries", &owner.test).await.ok();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let objects = vec![
            ("/v1/webhooks/", text(&webhook["id"])),
            ("/v1/events/", text(&event["events"][0]["id"])),
            ("/v1/deliveries/", text(&delivery["items"][0]["id"])),
            ("/operator/v1/accounts/", owner.id.clone()),
        ];
        let revoked = revoked_key(&herald, &owner).await;
        Self { herald, owner, stranger, revoked, objects }
    }

    /// The operation's path, to the owner's object.
    fn path(&self, operation: &Operation) -> String {
        let path = &operation.path;
        let object = self.objects.iter().find(|(prefix, _)| path.starts_with(prefix));
        let id = object.map_or("", |(_, id)| id);
        let filled = path.replace("{id}", id).replace("{keyId}", "5eb04fcd0f3e360008035eb2");
        let unknown = filled.contains('{') || (id.is_empty() && path.contains("{id}"));
        assert!(!unknown, "which object stands in {path}?");
        filled
    }

    async fn status(&self, operation: &Operation, key: &str) -> u16 {
        let answer = self.herald.call(&operation.method, &self.path(operation), key, "{}").await;
        answer.status.as_u16()
    }
}

async fn revoked_key(herald: &Herald, tenant: &Tenant) -> String {
    let keys = format!("/operator/v1/accounts/{}/keys", tenant.id);
    let body = serde_json::json!({ "environment": "test" });
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
            let path = world.path(operation);
            let answer = world.herald.call(&operation.method, &path, key, "{}").await;
            let expected = (401, "unauthorized".to_owned(), None);
            assert_eq!(answer.refusal(), expected, "{} {path} {key:?}", operation.method);
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
            let status = world.status(operation, key).await;
            assert_eq!(status, 403, "{} {}", operation.method, operation.path);
        }
    }
}

#[tokio::test]
async fn an_object_of_another_account_or_environment_answers_like_one_that_does_not_exist() {
    let world = World::new().await;
    let of_accounts = |o: &&Operation| o.takes("accountKey") && o.path.contains("{id}");
    let all = operations();
    let operations: Vec<_> = all.iter().filter(of_accounts).collect();
    assert!(operations.len() >= 5, "{operations:?}");
    for operation in operations {
        let path = world.path(operation);
        for key in [&world.owner.live, &world.stranger.test, &world.stranger.live] {
            let foreign = world.herald.call(&operation.method, &path, key, "{}").await;
            assert_eq!(foreign.refusal(), (404, "resource_not_found".into(), None), "{path}");
            let nobodys = operation.path.replace("{id}", "5eb04fcd0f3e360008035eb2");
            let unknown = world.herald.call(&operation.method, &nobodys, key, "{}").await;
            let id = path.rsplit('/').next().unwrap();
            let expected = unknown.text.replace("5eb04fcd0f3e360008035eb2", id);
            assert_eq!(foreign.text, expected, "{path}");
        }
    }
    // And none of that touched what the owner has.
    let path = format!("/v1/webhooks/{}", world.objects[0].1);
    assert_eq!(world.herald.get(&path, &world.owner.test).await.status, 200);
}

#[tokio::test]
async fn a_list_shows_nothing_of_another_account_or_environment() {
    let world = World::new().await;
    // The catalogue is everyone's.
    let is_private = |o: &&Operation| {
        o.takes("accountKey") && o.has_parameter("page") && o.path != "/v1/eventTypes"
    };
    for operation in operations().iter().filter(is_private) {
        let own = world.herald.get(&operation.path, &world.owner.test).await.ok();
        assert_eq!(own["totalItems"], 1, "{}", operation.path);
        for key in [&world.owner.live, &world.stranger.test, &world.stranger.live] {
            let list = world.herald.get(&operation.path, key).await.ok();
            assert_eq!(list["totalItems"], 0, "{}", operation.path);
            assert_eq!(list["items"], serde_json::json!([]), "{}", operation.path);
        }
    }
}

#[tokio::test]
async fn the_right_key_opens_every_operation() {
    let world = World::new().await;
    for operation in operations().iter().filter(|o| o.method == "GET") {
        let key = if operation.takes("operatorKey") { OPERATOR } else { &world.owner.test };
        let answer = world.herald.get(&world.path(operation), key).await;
        let may_fail = OPEN.contains(&operation.path.as_str());
        assert!(answer.status == 200 || may_fail, "{} {answer:?}", operation.path);
    }
}
