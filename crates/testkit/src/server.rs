//! The whole of Herald inside a test's process: engine, store and web layer, on a port of its own,
//! with the clock and chance in the test's hand. The nodes of a database go by its clock in what they
//! owe each other; that one stays as it is.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use herald_domain::{
    account::{EnvironmentId, Mode},
    catalogue::Catalogue,
    delivery::DeliveryRules,
    guard::Policy,
    id::IdSequence,
    schedule::RetrySchedule,
    time::Timestamp,
};
use herald_engine::{
    Concurrency, Engine, NewAccountKeys, OperatorKey, Parts, Role, SealKey, Settings,
    http::ClientConfig,
};
use herald_store::Store;
use herald_web::WebOptions;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    chance::FixedChance,
    clock::ManualClock,
    home::{Backend, Home},
    names::Names,
    nodes::OneOfSeveral,
};

/// The key of every test server's operator.
pub const OPERATOR_KEY: &str = "the-operator-of-this-test";

/// When every test server's clock begins: 2027-01-15T08:00:00Z.
pub const BEGINNING: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// Herald on a port of its own, with one account.
pub struct TestServer {
    /// What time it is.
    pub clock: Arc<ManualClock>,
    /// What DNS says.
    pub names: Arc<Names>,
    /// The engine, for what the API does not show.
    pub engine: Arc<Engine>,
    /// What is remembered, for what nothing else shows.
    pub store: Arc<dyn Store>,
    /// What the engine's store says of other nodes.
    pub nodes: Arc<OneOfSeveral>,
    /// The account and its keys.
    pub account: NewAccountKeys,
    ids: Arc<IdSequence>,
    address: SocketAddr,
    web: JoinHandle<()>,
    end: oneshot::Sender<()>,
    remains: Remains,
}

/// What is remembered can be read for as long as this is there.
#[derive(Debug)]
pub struct Remains {
    _home: Home,
    _folder: TempDir,
}

impl std::fmt::Debug for TestServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestServer").field("address", &self.address).finish_non_exhaustive()
    }
}

impl TestServer {
    /// A server with [`settings`].
    pub async fn start(backend: Backend) -> Self {
        Self::start_with(backend, settings()).await
    }

    /// A server with these settings, reached under its own address.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub async fn start_with(backend: Backend, settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let settings = Settings { public_url: format!("http://{address}"), ..settings };
        let folder = tempfile::tempdir().expect("a test can make a temporary folder");
        let clock = Arc::new(ManualClock::new(BEGINNING));
        let names = Arc::new(Names::default());
        let ids = Arc::new(IdSequence::new([7; 5]));
        let home = Home::of(backend, folder.path()).await;
        let store = home.open(ids.clone()).await;
        let nodes = Arc::new(OneOfSeveral::new(store.clone()));
        let parts = Parts {
            store: nodes.clone(),
            clock: clock.clone(),
            chance: Arc::new(FixedChance::new(1)),
            ids: ids.clone(),
            catalogue: Catalogue::built_in(),
            resolver: names.clone(),
            settings,
        };
        let engine = Engine::new(parts).expect("the settings are usable");
        let account = engine.create_account("test").await.expect("a new database takes an account");
        engine.start().await.expect("the engine starts");
        let router = herald_web::router(engine.clone(), WebOptions::default());
        let (end, ended) = oneshot::channel();
        let web = tokio::spawn(herald_web::serve(listener, router, async move {
            let _ = ended.await;
        }));
        Self {
            clock,
            names,
            engine,
            store,
            nodes,
            account,
            ids,
            address,
            web,
            end,
            remains: Remains { _home: home, _folder: folder },
        }
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The account's test environment.
    pub fn environment(&self) -> EnvironmentId {
        EnvironmentId { account: self.account.account.id, mode: Mode::Test }
    }

    /// An engine beside this server's, on the same database, which is not started yet; and what its
    /// store says of other nodes. It is reached at the server's address.
    ///
    /// # Panics
    ///
    /// If the settings are not usable.
    pub fn another_node(&self, settings: Settings) -> (Arc<Engine>, Arc<OneOfSeveral>) {
        let nodes = Arc::new(OneOfSeveral::new(self.store.clone()));
        let parts = Parts {
            store: nodes.clone(),
            clock: self.clock.clone(),
            chance: Arc::new(FixedChance::new(1)),
            ids: self.ids.clone(),
            catalogue: Catalogue::built_in(),
            resolver: self.names.clone(),
            settings: Settings { public_url: format!("http://{}", self.address), ..settings },
        };
        (Engine::new(parts).expect("the settings are usable"), nodes)
    }

    /// Ends it in order, as a signal ends the program.
    ///
    /// # Panics
    ///
    /// If the web layer has panicked.
    pub async fn stop(self) -> Remains {
        let _ = self.end.send(());
        let (web, ()) = tokio::join!(self.web, self.engine.stop());
        web.expect("the web layer does not panic");
        self.remains
    }
}

/// The specified behaviour, but without jitter, towards receivers on loopback, also without TLS.
///
/// # Panics
///
/// Never: the values are valid.
pub fn settings() -> Settings {
    let delays = RetrySchedule::default().delays().to_vec();
    let schedule = RetrySchedule::new(delays, 0.0).expect("the documented delays are valid");
    let loopback = ["127.0.0.0/8"].map(|network| network.parse().expect("a network")).to_vec();
    let policy = Policy::new(loopback, true).expect("loopback may be allowed");
    let mut client = ClientConfig::new(policy);
    // Real time, unlike the clock's: a test that waits for it should not wait long.
    client.deadline = Duration::from_secs(5);
    Settings {
        rules: DeliveryRules { schedule, ..DeliveryRules::default() },
        client,
        concurrency: Concurrency::default(),
        webhooks_per_environment: 20,
        check_delay: Duration::from_secs(1),
        public_url: String::new(),
        retention: Duration::from_secs(30 * 86_400),
        operator_key: OperatorKey::new(OPERATOR_KEY),
        seal_key: SealKey([3; 32]),
        notice_hook: None,
        role: Role::All,
    }
}
