//! Connections: where to, encrypted how, and how many.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::{Manager, ManagerConfig, Object, PoolError, RecyclingMethod, Runtime};
use herald_store::{Result, StoreError};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::{
    Config,
    config::{LoadBalanceHosts, SslMode, TargetSessionAttrs},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{failure::Failed, url};

/// How long one address may take to answer, before the next one is tried.
const CONNECT: Duration = Duration::from_secs(2);

/// How long a server may take, once it is reached, to let somebody in.
const WELCOME: Duration = Duration::from_secs(3);

/// How long sent data may stay unacknowledged, or nothing come, before the connection is doubted.
const SILENCE: Duration = Duration::from_secs(10);

/// How often who is silent is asked whether it is there, and how often in vain before the connection
/// counts as lost.
const PROBE: Duration = Duration::from_secs(2);
const PROBES: u32 = 3;

/// How long a transaction may wait for its node before the server ends it.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// How long somebody waits for a connection when all are in use.
const WAIT: Duration = Duration::from_secs(15);

/// Where the database is, and how to reach it.
#[derive(Clone)]
pub(crate) struct Target {
    config: Config,
    tls: MakeRustlsConnect,
    round_trips: RoundTrips,
    longest_pause: Duration,
}

/// How often anybody has waited for an answer of the database.
#[derive(Clone, Default)]
pub(crate) struct RoundTrips(Arc<AtomicU64>);

impl RoundTrips {
    /// Somebody waits.
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn so_far(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Connections, made when they are needed.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: deadpool_postgres::Pool,
    round_trips: RoundTrips,
    longest_pause: Duration,
}

impl Pool {
    /// One that nobody else uses until it is dropped.
    pub(crate) async fn get(&self) -> Result<Object, PoolError> {
        self.connections.get().await
    }

    /// How long a transaction may wait for its node before the server ends it.
    pub(crate) fn longest_pause(&self) -> Duration {
        self.longest_pause
    }

    /// Counts those of all pools of its target.
    pub(crate) fn round_trips(&self) -> &RoundTrips {
        &self.round_trips
    }
}

impl Target {
    /// Reads `postgres://user:password@host:port/database?…`.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let unusable = |what: String| StoreError::Unavailable(format!("database_url {what}"));
        let mut config = url::read(url).map_err(unusable)?;
        if config.get_application_name().is_none() {
            config.application_name("herald");
        }
        config.connect_timeout(CONNECT);
        config.tcp_user_timeout(SILENCE);
        config.keepalives_idle(SILENCE);
        config.keepalives_interval(PROBE);
        config.keepalives_retries(PROBES);
        // Of several hosts, one that accepts connections and lets nobody in must not be the first each
        // time. A standby is passed over, and so is a primary that has become one.
        config.load_balance_hosts(LoadBalanceHosts::Random);
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        let tls = tls(config.get_ssl_mode()).map_err(unusable)?;
        let round_trips = RoundTrips::default();
        Ok(Self { config, tls, round_trips, longest_pause: LONGEST_PAUSE })
    }

    /// The same, for nodes that others wait so long for: who takes over from one needs its rows.
    pub(crate) fn with_lease(self, lease: Duration) -> Self {
        Self { longest_pause: LONGEST_PAUSE.min(lease * 3 / 4), ..self }
    }

    /// A pool of at most `most` connections.
    pub(crate) fn pool(&self, most: usize) -> Result<Pool> {
        let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(self.config.clone(), self.tls.clone(), how);
        let connections = deadpool_postgres::Pool::builder(manager)
            .max_size(most)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(self.patience()))
            .build()
            .map_err(|error| StoreError::Internal(error.to_string()))?;
        let Self { round_trips, longest_pause, .. } = self.clone();
        Ok(Pool { connections, round_trips, longest_pause })
    }

    /// How long it may take to find a server that is there: a name may stand for two addresses.
    fn patience(&self) -> Duration {
        let hosts = u32::try_from(self.config.get_hosts().len().max(1)).unwrap_or(u32::MAX);
        CONNECT.saturating_mul(hosts.saturating_mul(2)) + WELCOME
    }

    /// A connection beside the pools, with what drives it.
    pub(crate) async fn connect(
        &self,
    ) -> Result<(tokio_postgres::Client, tokio_postgres::Connection<tokio_postgres::Socket, Stream>)>
    {
        let connecting = self.config.connect(self.tls.clone());
        let connected = tokio::time::timeout(self.patience(), connecting).await;
        let slow = |_| StoreError::Unavailable("the server lets nobody in".to_owned());
        Ok(connected.map_err(slow)?.map_err(Failed::from)?)
    }
}

/// What a TLS connection is made of.
pub(crate) type Stream =
    <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<tokio_postgres::Socket>>::Stream;

/// Certificates are verified against the system's, whenever TLS is used at all.
fn tls(mode: SslMode) -> std::result::Result<MakeRustlsConnect, String> {
    let mut roots = RootCertStore::empty();
    if mode != SslMode::Disable {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("cannot be used with TLS: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
