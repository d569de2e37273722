//! A whole Herald in the test's process, a browser of one person, and things to look at.

use std::{net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{Router, body::Body};
use bytes::Bytes;
use herald_domain::{
    account::{EnvironmentId, Mode},
    attempt::{Answer as Outcome, Attempt, Response},
    catalogue::Catalogue,
    delivery::{DeliveryRules, DeliveryState},
    event::{Event, Raised},
    exact_json,
    id::{AccountId, DeliveryId, EndpointId, EventId, IdSequence, KeyId, RecoveryId, WebhookId},
    notice::Warning,
    session::Role,
    signature::{Secret, Signer},
    time::Timestamp,
};
use herald_engine::{
    Concurrency, Engine, Incoming, NewEndpoint, NewWebhook, OperatorKey, Parts, SealKey, Settings,
    SystemChance,
    http::{ClientConfig, Resolve, ResolveError},
};
use herald_store::{
    After, Claimed, DeliveryFilter, Page, Queue, Record, Recorded, Recording, RecoveryFilter,
    Settlement, WebhookFilter,
};
use herald_store_sqlite::SqliteStore;
use herald_testkit::clock::ManualClock;
use herald_web::{WebOptions, router};
use http::{HeaderMap, Request, Response as HttpResponse, StatusCode, header};
use http_body_util::BodyExt;
use tempfile::TempDir;
use tower::ServiceExt;

/// When every test begins: 2027-01-15T08:00:00Z.
pub(crate) const BEGINNING: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A whole Herald.
pub(crate) struct Herald {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) engine: Arc<Engine>,
    store: Arc<SqliteStore>,
    ids: Arc<IdSequence>,
    router: Router,
    _folder: TempDir,
}

/// One of everything in an environment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Things {
    pub(crate) webhook: WebhookId,
    pub(crate) event: EventId,
    pub(crate) delivery: DeliveryId,
    pub(crate) key: KeyId,
    pub(crate) recovery: RecoveryId,
    pub(crate) endpoint: EndpointId,
}

impl Things {
    /// The ids of all of them.
    pub(crate) fn ids(&self) -> [String; 6] {
        let Self { webhook, event, delivery, key, recovery, endpoint } = self;
        [
            webhook.to_string(),
            event.to_string(),
            delivery.to_string(),
            key.to_string(),
            recovery.to_string(),
            endpoint.to_string(),
        ]
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// Where it sends the browser.
    pub(crate) fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |to| to.to_str().unwrap())
    }

    /// The cookie that it sets.
    pub(crate) fn cookie(&self) -> &str {
        self.headers.get(header::SET_COOKIE).map_or("", |cookie| cookie.to_str().unwrap())
    }

    /// The token that the page's forms carry.
    pub(crate) fn form_token(&self) -> String {
        let begin = "name=\"form\" value=\"";
        let found = self.text.split_once(begin).and_then(|(_, rest)| rest.split_once('"'));
        found.unwrap_or_else(|| panic!("no form: {}", self.text)).0.to_owned()
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

impl Herald {
    pub(crate) fn new() -> Self {
        Self::reached_at(None)
    }

    /// A Herald with this `public_url`.
    pub(crate) fn reached_at(public_url: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(BEGINNING));
        let ids = Arc::new(IdSequence::new([7; 5]));
        let store = SqliteStore::open(&folder.path().join("herald.db"), ids.clone()).unwrap();
        let store = Arc::new(store);
        let engine = Engine::new(Parts {
            store: store.clone(),
            clock: clock.clone(),
            chance: Arc::new(SystemChance),
            ids: ids.clone(),
            catalogue: Catalogue::built_in(),
            resolver: Arc::new(NoNames),
            settings: Settings {
                rules: DeliveryRules::default(),
                client: ClientConfig::default(),
                concurrency: Concurrency::default(),
                webhooks_per_environment: 5,
                check_delay: Duration::from_secs(1),
                public_url: public_url.unwrap_or_default().to_owned(),
                retention: Duration::from_secs(86_400),
                operator_key: OperatorKey::new("the-operators-key"),
                seal_key: SealKey([7; 32]),
                notice_hook: None,
                role: herald_engine::Role::All,
            },
        })
        .unwrap();
        let options = WebOptions { public_url: public_url.map(str::to_owned) };
        let router = router(engine.clone(), options);
        Self { clock, engine, store, ids, router, _folder: folder }
    }

    pub(crate) async fn account(&self, name: &str) -> AccountId {
        self.engine.create_account(name).await.unwrap().account.id
    }

    /// The path of a new link.
    pub(crate) async fn link(&self, account: AccountId, role: Role) -> String {
        let environment = EnvironmentId { account, mode: Mode::Test };
        let life = Duration::from_secs(600);
        let link = self.engine.create_portal_link(environment, role, life).await.unwrap();
        let (_, path) = link.url.split_once("/portal/").unwrap();
        format!("/portal/{path}")
    }

    /// The answer to any request, of which the body may never end.
    pub(crate) async fn respond(&self, request: Request<Body>) -> HttpResponse<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Sends any request.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.respond(request).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Sends a request of a browser that has this cookie.
    pub(crate) async fn browse(
        &self,
        method: &str,
        path: &str,
        cookie: &str,
        body: &str,
    ) -> Answer {
        let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:8400");
        let request = if cookie.is_empty() { request } else { request.header("cookie", cookie) };
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Signs somebody in.
    pub(crate) async fn sign_in(&self, account: AccountId, role: Role) -> Browser<'_> {
        let link = self.link(account, role).await;
        let answer = self.browse("POST", &link, "", "").await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let (cookie, _) = answer.cookie().split_once(';').unwrap();
        let cookie = cookie.to_owned();
        let page = self.browse("GET", answer.location(), &cookie, "").await;
        assert_eq!(page.status, 200, "{page:?}");
        Browser { herald: self, cookie, form_token: page.form_token() }
    }

    /// Makes one of everything, with a text of a stranger's wherever one fits.
    pub(crate) async fn things(&self, environment: EnvironmentId, hostile: &str) -> Things {
        let new = NewWebhook {
            description: Some(hostile.to_owned()),
            url: "https://example.com/hooks?a=%3Cscript%3E&b='\"".replace('"', "%22"),
            enabled: true,
            events: vec!["*".to_owned()],
        };
        let (webhook, _) = self.engine.create_webhook(environment, new).await.unwrap();
        let (key, _) = self.engine.create_key(environment.account, environment.mode).await.unwrap();
        let (event, delivery) = self.delivered(environment, hostile).await;
        let states = [DeliveryState::Held].into();
        let recovery = self.engine.recover(environment, webhook.id, BEGINNING, states);
        let recovery = recovery.await.unwrap().id;
        let endpoint = self.endpoint(environment, hostile).await;
        self.receive(endpoint, hostile).await;
        Things { webhook: webhook.id, event, delivery, key: key.id, recovery, endpoint }
    }

    pub(crate) async fn endpoint(&self, environment: EnvironmentId, text: &str) -> EndpointId {
        let new = NewEndpoint { description: Some(text.to_owned()), hours: None };
        self.engine.create_endpoint(environment, new).await.unwrap().endpoint.id
    }

    /// Somebody sends this text to a temporary endpoint, everywhere in a request.
    pub(crate) async fn receive(&self, endpoint: EndpointId, text: &str) {
        let value = Bytes::from(text.to_owned());
        let incoming = Incoming {
            method: text.to_owned(),
            query: Some(text.to_owned()),
            headers: vec![(text.to_owned(), value.clone()), ("webhook-id".to_owned(), value)],
            body: serde_json::json!({ "type": text, "id": [text] }).to_string().into(),
        };
        assert_eq!(self.engine.receive(endpoint, incoming).await.unwrap(), Some(200));
    }

    /// Records an event; answers it, and what is in flight of it.
    pub(crate) async fn publish(
        &self,
        environment: EnvironmentId,
        hostile: &str,
    ) -> (EventId, Vec<Claimed>) {
        let at = self.engine.now();
        let raised = Raised {
            event_type: "client.created".into(),
            resource_type: "client".into(),
            payload: exact_json::Value::from(hostile),
            size_hint: 1,
        };
        let event = Event::new(EventId(self.ids.next(at)), &raised, at);
        let id = event.id;
        let record = Record {
            environment,
            writes: Vec::new(),
            events: vec![event],
            idempotency: None,
            only: None,
            at,
        };
        let Recorded::Accepted { claimed, .. } = self.store.record(record).await.unwrap() else {
            panic!("not accepted")
        };
        (id, claimed)
    }

    /// Records an event, and a failed attempt to deliver it, after which the webhook is failing.
    pub(crate) async fn delivered(
        &self,
        environment: EnvironmentId,
        hostile: &str,
    ) -> (EventId, DeliveryId) {
        let at = self.engine.now();
        let (id, claimed) = self.publish(environment, hostile).await;
        let secret = Secret::new("abcdefghijklmnopqrstuvwxyz012345").unwrap();
        for claimed in claimed {
            let text = Bytes::from(hostile.to_owned());
            let attempt = Attempt {
                started_at: at,
                duration: Duration::from_millis(84),
                url: format!("https://example.com/{hostile}"),
                address: Some("192.0.2.1:443".parse().unwrap()),
                signatures: Some(Signer::new(&secret).sign(id, at.seconds(), &claimed.body)),
                answer: Outcome::Response(Response {
                    status: 503,
                    headers: vec![("X-Note".to_owned(), text.clone())],
                    body: text,
                    truncated: true,
                }),
            };
            let due_at = at.after(Duration::from_secs(60));
            let after = After::Retry { due_at };
            let warning = Warning {
                attempts_left: 1,
                last_attempt_at: due_at,
                spared_from: None,
                quiet_since: at,
            };
            let settlement = Settlement {
                key: claimed.key,
                number: 1,
                attempt,
                after,
                warning: Some(warning),
                notices: false,
            };
            assert_eq!(self.store.settle([settlement].into()).await.unwrap().stale, 0);
        }
        let filter = DeliveryFilter { event: Some(id), ..DeliveryFilter::default() };
        let listed = self.engine.list_deliveries(environment, filter, Page::default()).await;
        (id, listed.unwrap().items[0].id)
    }

    /// Everything that a form of the portal could have changed.
    pub(crate) async fn state(&self, account: AccountId) -> Vec<String> {
        let mut state = vec![format!("{:?}", self.engine.list_keys(account).await.unwrap())];
        for mode in [Mode::Test, Mode::Live] {
            let environment = EnvironmentId { account, mode };
            let filter = WebhookFilter::default();
            let page = Page::default();
            let listed = self.engine.list_webhooks(environment, filter, page).await;
            state.push(format!("{:?}", listed.unwrap()));
            let filter = DeliveryFilter::default();
            let listed = self.engine.list_deliveries(environment, filter, page).await;
            state.push(format!("{:?}", listed.unwrap()));
            let filter = RecoveryFilter::default();
            let listed = self.engine.list_recoveries(environment, filter, page).await;
            state.push(format!("{:?}", listed.unwrap()));
            let listed = self.engine.list_endpoints(environment, Page::default()).await;
            state.push(format!("{:?}", listed.unwrap()));
        }
        state
    }
}

/// The browser of somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Browser<'a> {
    pub(crate) herald: &'a Herald,
    pub(crate) cookie: String,
    pub(crate) form_token: String,
}

impl Browser<'_> {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.herald.browse("GET", path, &self.cookie, "").await
    }

    /// Sends a form with the session's own token.
    pub(crate) async fn post(&self, path: &str, fields: &str) -> Answer {
        let body = format!("form={}&{fields}", self.form_token);
        self.herald.browse("POST", path, &self.cookie, &body).await
    }
}

/// Every page of an environment, with these things in it.
pub(crate) fn pages(mode: Mode, things: &Things) -> Vec<String> {
    let Things { webhook, event, delivery, key, recovery, endpoint } = things;
    let mut pages = vec![format!("/portal/{mode}")];
    pages.extend(
        [
            "webhooks",
            "webhooks/new",
            &format!("webhooks/{webhook}"),
            &format!("webhooks/{webhook}/edit"),
            &format!("webhooks/{webhook}/test-event"),
            &format!("webhooks/{webhook}/rotate-secret"),
            &format!("webhooks/{webhook}/recover"),
            &format!("webhooks/{webhook}/delete"),
            "recoveries",
            &format!("recoveries/{recovery}"),
            "events",
            &format!("events/{event}"),
            "deliveries",
            &format!("deliveries/{delivery}"),
            "endpoints",
            &format!("endpoints/{endpoint}"),
            &format!("endpoints/{endpoint}/delete"),
            "event-types",
            "event-types/client.updated",
            "keys",
            &format!("keys/{key}/revoke"),
        ]
        .map(|page| format!("/portal/{mode}/{page}")),
    );
    pages
}

/// The path of a form, on these things.
pub(crate) fn form_path(form: &str, mode: Mode, things: &Things) -> String {
    let area = form.split('/').nth(3).unwrap_or_default();
    let id = match area {
        "keys" => things.key.to_string(),
        "recoveries" => things.recovery.to_string(),
        "events" => things.event.to_string(),
        "deliveries" => things.delivery.to_string(),
        "endpoints" => things.endpoint.to_string(),
        _ => things.webhook.to_string(),
    };
    form.replace("{mode}", mode.as_str()).replace("{id}", &id)
}

/// Fields with which every form would change something.
pub(crate) const GOOD_FIELDS: &str = "url=https%3A%2F%2Fchanged.example%2F&event=*&enabled=false\
     &theme=dark&description=changed&hours=1&respondWith=503&type=client.created&overlap=3600\
     &switch=now&since=2020-01-01T00:00&of=both";
