//! A whole Herald in the test's process, and a client of it.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use async_trait::async_trait;
use axum::{Router, body::Body};
use bytes::Bytes;
use herald_domain::{
    catalogue::Catalogue, delivery::DeliveryRules, id::IdSequence, time::Timestamp,
};
use herald_engine::{
    Clock, Concurrency, Engine, OperatorKey, Parts, Role, SealKey, Settings, SystemChance,
    http::{ClientConfig, Resolve, ResolveError},
};
use herald_store_sqlite::SqliteStore;
use herald_web::{WebOptions, router};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

/// Opens the operator's API.
pub(crate) const OPERATOR: &str = "the-operators-key";

/// A platform's own type, beside the built-in ones.
const OWN_TYPES: &str =
    "[[type]]\nname = \"order.paid\"\nresource = \"order\"\ndescription = \"Paid\"\n";

/// 2026-01-31T09:30:00.000Z: when every test begins.
const BEGINNING: i64 = 1_769_851_800_000;

/// A clock that moves a second at each look, so that whatever is made later is later.
#[derive(Debug)]
struct Steps(AtomicI64);

#[async_trait]
impl Clock for Steps {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.fetch_add(1000, Ordering::Relaxed))
    }

    async fn sleep_until(&self, _: Timestamp) {
        std::future::pending::<()>().await;
    }
}

#[derive(Debug)]
struct NoNames;

#[async_trait]
impl Resolve for NoNames {
    async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, ResolveError> {
        Err(ResolveError::NotFound)
    }
}

/// An account with its keys.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) test: String,
    pub(crate) live: String,
}

/// A whole Herald.
pub(crate) struct Herald {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) router: Router,
    _folder: TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body, which has to be JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        self.json()
    }

    /// Status, `type` and `param` of a refusal, which has to be flat and complete.
    #[track_caller]
    pub(crate) fn refusal(&self) -> (u16, String, Option<String>) {
        let body = self.json();
        let fields = body.as_object().unwrap();
        assert!(fields.keys().all(|key| ["type", "message", "param"].contains(&key.as_str())));
        assert!(!body["message"].as_str().unwrap().is_empty());
        let text = |key: &str| fields.get(key).map(|value| value.as_str().unwrap().to_owned());
        (self.status.as_u16(), text("type").unwrap(), text("param"))
    }

    /// The message of a refusal.
    pub(crate) fn message(&self) -> String {
        self.json()["message"].as_str().unwrap().to_owned()
    }
}

impl Herald {
    pub(crate) fn new() -> Self {
        Self::with(WebOptions::default())
    }

    pub(crate) fn with(options: WebOptions) -> Self {
        let public_url = options.public_url.clone().unwrap_or_default();
        let folder = tempfile::tempdir().unwrap();
        let ids = Arc::new(IdSequence::new([7; 5]));
        let store = SqliteStore::open(&folder.path().join("herald.db"), ids.clone()).unwrap();
        let store = Arc::new(store);
        let settings = Settings {
            rules: DeliveryRules::default(),
            client: ClientConfig::default(),
            concurrency: Concurrency::default(),
            webhooks_per_environment: 5,
            check_delay: std::time::Duration::from_secs(1),
            public_url,
            retention: std::time::Duration::from_secs(86_400),
            operator_key: OperatorKey::new(OPERATOR),
            seal_key: SealKey([7; 32]),
            notice_hook: None,
            role: Role::All,
        };
        let engine = Engine::new(Parts {
            store: store.clone(),
            clock: Arc::new(Steps(AtomicI64::new(BEGINNING))),
            chance: Arc::new(SystemChance),
            ids,
            catalogue: Catalogue::built_in().extended(OWN_TYPES).unwrap(),
            resolver: Arc::new(NoNames),
            settings,
        });
        let engine = engine.unwrap();
        Self { store, router: router(engine.clone(), options), engine, _folder: folder }
    }

    /// Sends any request.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let is_endless =
            parts.headers.get("content-type").is_some_and(|t| t == "text/event-stream");
        let bytes = if is_endless { beginning(body).await } else { whole(body).await };
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Sends a request with a key and a body; an empty key is no key.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        key: &str,
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !key.is_empty() {
            request = request.header("Authorization", key);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str, key: &str) -> Answer {
        self.call("GET", path, key, "").await
    }

    pub(crate) async fn post(&self, path: &str, key: &str, body: Value) -> Answer {
        self.call("POST", path, key, body.to_string()).await
    }

    /// Makes an account.
    pub(crate) async fn tenant(&self, name: &str) -> Tenant {
        let made = self.post("/operator/v1/accounts", OPERATOR, json!({ "name": name })).await.ok();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Tenant {
            id: text(&made["id"]),
            test: text(&made["keys"]["test"]),
            live: text(&made["keys"]["live"]),
        }
    }

    /// Makes a webhook in the key's environment, for everything.
    pub(crate) async fn webhook(&self, key: &str) -> Value {
        self.post("/v1/webhooks", key, new_webhook()).await.ok()
    }

    /// Makes a recovery of a webhook, and cancels it: nothing goes on with it here.
    pub(crate) async fn cancelled_recovery(&self, key: &str, webhook: &Value) -> Value {
        let path = format!("/v1/webhooks/{}/recover", webhook["id"].as_str().unwrap());
        let begun = self.post(&path, key, json!({ "since": "2026-01-01" })).await.ok();
        let path = format!("/v1/recoveries/{}/cancel", begun["id"].as_str().unwrap());
        self.call("POST", &path, key, "").await.ok()
    }

    /// Publishes `client.created` in the tenant's test environment; answers the receipt.
    pub(crate) async fn client_created(&self, tenant: &Tenant, client: &str) -> Value {
        let resource = json!({ "id": client, "email": "a@example.com" });
        let event = json!({
            "accountId": tenant.id,
            "environment": "test",
            "type": "client.created",
            "resource": resource,
        });
        self.post("/operator/v1/events", OPERATOR, event).await.ok()
    }
}

async fn whole(body: Body) -> Bytes {
    body.collect().await.unwrap().to_bytes()
}

/// The first piece of a body that does not end by itself.
async fn beginning(mut body: Body) -> Bytes {
    body.frame().await.unwrap().unwrap().into_data().unwrap()
}

/// The body that makes a webhook for everything.
pub(crate) fn new_webhook() -> Value {
    json!({ "url": "https://example.com/hooks", "enabled": true, "events": ["*"] })
}

/// One operation of the published description.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) details: Value,
    /// What its body looks like; null if it takes none.
    pub(crate) example: Value,
}

impl Operation {
    /// Whether it takes a key of this kind: `accountKey` or `operatorKey`.
    pub(crate) fn takes(&self, key: &str) -> bool {
        let schemes = self.details["security"].as_array();
        schemes.is_some_and(|schemes| schemes.iter().any(|scheme| scheme.get(key).is_some()))
    }

    /// Whether it has a parameter of this name.
    pub(crate) fn has_parameter(&self, name: &str) -> bool {
        let parameters = self.details["parameters"].as_array();
        parameters.is_some_and(|all| all.iter().any(|parameter| parameter["name"] == name))
    }

    /// Whether it takes a body.
    pub(crate) fn has_body(&self) -> bool {
        self.details.get("requestBody").is_some()
    }
}

/// Every operation of the published description.
pub(crate) fn operations() -> Vec<Operation> {
    let description = serde_json::to_value(herald_web::openapi()).unwrap();
    let example = |details: &Value| example(&description, details);
    let mut operations = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, details) in item.as_object().unwrap() {
            let method = method.to_uppercase();
            let (path, example) = (path.clone(), example(details));
            operations.push(Operation { method, path, details: details.clone(), example });
        }
    }
    assert!(operations.len() >= 40, "{operations:?}");
    operations
}

/// The example of an operation's body: its own, or made of its fields'.
fn example(description: &Value, details: &Value) -> Value {
    let schema = &details["requestBody"]["content"]["application/json"]["schema"];
    let Some(place) = schema["$ref"].as_str() else { return Value::Null };
    let schema = description.pointer(place.trim_start_matches('#')).unwrap();
    if let Some(example) = schema.get("example").or(schema["examples"].get(0)) {
        return example.clone();
    }
    let fields = schema["properties"].as_object().unwrap().iter();
    fields.filter_map(|(name, field)| Some((name.clone(), field.get("example")?.clone()))).collect()
}
