//! Connections: where to, encrypted how, and how many.

use std::{sync::Arc, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use herald_store::{Result, StoreError};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::{Config, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::url;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// How long sent data may stay unacknowledged before the connection counts as lost.
const SILENCE: Duration = Duration::from_secs(10);

/// How long somebody waits for a connection when all are in use.
const WAIT: Duration = Duration::from_secs(15);

/// Where the database is, and how to reach it.
#[derive(Clone)]
pub(crate) struct Target {
    config: Config,
    tls: MakeRustlsConnect,
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
        let tls = tls(config.get_ssl_mode()).map_err(unusable)?;
        Ok(Self { config, tls })
    }

    /// A pool of at most `most` connections, made when they are needed.
    pub(crate) fn pool(&self, most: usize) -> Result<Pool> {
        let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(self.config.clone(), self.tls.clone(), how);
        Pool::builder(manager)
            .max_size(most)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(CONNECT))
            .build()
            .map_err(|error| StoreError::Internal(error.to_string()))
    }

    /// A connection beside the pools, with what drives it.
    pub(crate) async fn connect(
        &self,
    ) -> std::result::Result<
        (tokio_postgres::Client, tokio_postgres::Connection<tokio_postgres::Socket, Stream>),
        tokio_postgres::Error,
    > {
        self.config.connect(self.tls.clone()).await
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
