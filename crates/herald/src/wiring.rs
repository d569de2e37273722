//! From a configuration to an engine. The one place that names a backend.

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow, bail};
use async_trait::async_trait;
use herald_domain::{
    catalogue::Catalogue, delivery::DeliveryRules, guard::Policy, id::IdSequence,
    schedule::RetrySchedule, signature::Secret, time::Timestamp,
};
use herald_engine::{
    Chance as _, Clock, Concurrency, Engine, NoticeHook, OperatorKey, Parts, Settings,
    SystemChance, SystemClock,
    http::{ClientConfig, SystemResolver},
};
use herald_store::Store;
use herald_store_postgres::{DatabaseTime, Options, PostgresStore};
use herald_store_sqlite::SqliteStore;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use crate::{
    config::{Config, Database, Node, PostgresUrl, Role},
    keys::Keys,
    migrate_to,
};

/// An engine on the configured database, which people reach under `public_url`; it answers
/// requests, and dispatches nothing yet.
pub(crate) async fn engine(
    config: &Config,
    keys: &Keys,
    public_url: String,
) -> anyhow::Result<Arc<Engine>> {
    let catalogue = catalogue(config)?;
    let settings = Settings { public_url, ..settings(config, keys)? };
    let resolver = SystemResolver::new()?;
    let mut instance = [0; 5];
    SystemChance.fill(&mut instance);
    let ids = Arc::new(IdSequence::new(instance));
    let (store, clock) = match &config.database {
        Database::Sqlite(file) => embedded(file, ids.clone())?,
        Database::Postgres(url) => shared(url, &config.node, ids.clone()).await?,
    };
    let parts = Parts {
        store,
        clock,
        chance: Arc::new(SystemChance),
        ids,
        catalogue,
        resolver: Arc::new(resolver),
        settings,
    };
    Ok(Engine::new(parts)?)
}

/// Where everything is remembered, and the clock that goes with it.
type Backend = (Arc<dyn Store>, Arc<dyn Clock>);

/// One file, and this machine's clock.
fn embedded(file: &Path, ids: Arc<IdSequence>) -> anyhow::Result<Backend> {
    if let Some(refusal) = migrate_to::refusal(file) {
        bail!("{refusal}");
    }
    let store = SqliteStore::open(file, ids)
        .with_context(|| format!("the database {} cannot be opened", file.display()))?;
    Ok((Arc::new(store), Arc::new(SystemClock)))
}

/// One database for several nodes, and its clock, by which all of them go.
async fn shared(url: &PostgresUrl, node: &Node, ids: Arc<IdSequence>) -> anyhow::Result<Backend> {
    let options = Options {
        url: url.reveal().to_owned(),
        connections: node.connections,
        name: node.shown_name(),
        dispatches: node.role != Role::Api,
        lease: node.lease,
    };
    let store = PostgresStore::open(options, ids)
        .await
        .with_context(|| format!("the database {url} cannot be used"))?;
    let clock = DatabaseClock(store.time());
    Ok((Arc::new(store), Arc::new(clock)))
}

/// The database's clock.
struct DatabaseClock(DatabaseTime);

/// What is learned of the database's clock counts after at most this long.
const LONGEST_NAP: Duration = Duration::from_secs(5);

#[async_trait]
impl Clock for DatabaseClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        tokio::time::sleep(at.since(self.now()).min(LONGEST_NAP)).await;
    }
}

/// The built-in event types and the platform's own.
pub(crate) fn catalogue(config: &Config) -> anyhow::Result<Catalogue> {
    let Some(file) = &config.catalogue_file else { return Ok(Catalogue::built_in()) };
    let of_file = || format!("catalogue_file {}", file.display());
    let text = fs::read_to_string(file).with_context(of_file)?;
    Catalogue::built_in().extended(&text).with_context(of_file)
}

/// How the HTTP client is to behave.
pub(crate) fn client(config: &Config) -> anyhow::Result<ClientConfig> {
    let delivery = &config.delivery;
    let policy = Policy::new(delivery.allowed_networks.clone(), delivery.allow_http)?;
    let mut client = ClientConfig::new(policy);
    client.deadline = delivery.timeout;
    if let Some(file) = &delivery.extra_ca_file {
        client.extra_ca = certificates(file)?;
    }
    Ok(client)
}

fn settings(config: &Config, keys: &Keys) -> anyhow::Result<Settings> {
    let delivery = &config.delivery;
    let schedule = RetrySchedule::new(delivery.retry_schedule.clone(), delivery.retry_jitter)?;
    let concurrency = in_proportion(delivery.concurrency);
    let mut client = client(config)?;
    // Fewer connections than attempts to one receiver would be dialled anew all the time.
    client.pool.per_origin = concurrency.in_flight;
    client.pool.total = concurrency.in_flight.saturating_mul(2);
    Ok(Settings {
        rules: DeliveryRules {
            schedule,
            disable_policy: delivery.disable_policy,
            notice_attempts_left: config.notice_attempts_left,
        },
        client,
        concurrency,
        webhooks_per_environment: config.webhooks_per_environment,
        check_delay: config.check_delay,
        public_url: String::new(),
        retention: config.retention,
        operator_key: OperatorKey::new(keys.operator.reveal()),
        seal_key: keys.seal.clone(),
        notice_hook: notice_hook(config)?,
        role: role(config.node.role),
    })
}

/// Where notices go; that there is a secret if there is a URL was checked with the configuration.
fn notice_hook(config: &Config) -> anyhow::Result<Option<NoticeHook>> {
    let (Some(url), Some(secret)) = (&config.notice_url, &config.notice_secret) else {
        return Ok(None);
    };
    let secret = Secret::new(secret.reveal()).context("notice_secret")?;
    Ok(Some(NoticeHook { url: url.clone(), secret }))
}

/// Slow attempts and those not recorded yet are bounded in proportion to `max_in_flight`, as they
/// are by default: so that one number bounds what a crash can repeat.
fn in_proportion(configured: Concurrency) -> Concurrency {
    let usual = Concurrency::default();
    let times = |bound: usize| configured.in_flight.saturating_mul(bound / usual.in_flight);
    Concurrency { slow: times(usual.slow), unsettled: times(usual.unsettled), ..configured }
}

fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let unusable =
        |problem: String| anyhow!("delivery.extra_ca_file {}: {problem}", file.display());
    let text = fs::read(file).map_err(|error| unusable(format!("cannot be read: {error}")))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(format!("is not PEM: {error}")))?;
    if certificates.is_empty() {
        return Err(unusable("has no certificate in it (-----BEGIN CERTIFICATE-----)".into()));
    }
    Ok(certificates)
}

fn role(configured: Role) -> herald_engine::Role {
    match configured {
        Role::All => herald_engine::Role::All,
        Role::Api => herald_engine::Role::Api,
        Role::Dispatch => herald_engine::Role::Dispatch,
    }
}
