//! The server's life, from the first start to the last signal.
//!
//! The order matters. The port is taken before anything is dispatched, so that a start that fails
//! has sent nothing. The line that says where Herald listens comes last: who waits for it finds
//! everything working. At the end, taking work and dispatching stop together, and what was in
//! flight is recorded before the process ends; whatever is cut off by a second signal, or by the
//! time that the end may take, is due again at the next start.

mod first_start;
mod logging;
mod seal_check;
mod signals;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use herald_engine::Engine;
use herald_web::WebOptions;
use tokio::{net::TcpListener, time::timeout};

use crate::{
    config::{Config, Role},
    keys::{self, Keys},
    terminal::say,
    wiring,
};
use signals::Signals;

/// Beyond the time of one attempt, for recording what came of it and for closing connections.
const CLOSING_TIME: Duration = Duration::from_secs(10);

/// And for leaving the other nodes.
const LEAVING: Duration = Duration::from_secs(3);

/// Runs the server until it is told to end.
pub(crate) fn serve(config: &Config) -> anyhow::Result<()> {
    logging::start(&config.log);
    raise_file_limit();
    let keys = keys::find_or_make(config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(config, &keys))
}

async fn run(config: &Config, keys: &Keys) -> anyhow::Result<()> {
    // Before anything is said: whoever sees the line that Herald listens may signal at once.
    let signals = Signals::listen()?;
    let listener = TcpListener::bind(config.listen).await.with_context(|| {
        format!("cannot listen on {} (listen): is it in use, or another machine's?", config.listen)
    })?;
    let address = listener.local_addr()?;
    let engine = wiring::engine(config, keys, public_url(config, address)).await?;
    if let Err(error) = begin(&engine, keys, config, address).await {
        // It must not keep a place among the other nodes that it does not fill.
        leave(&engine).await;
        return Err(error);
    }
    say(&format!("listening on http://{address}"));
    answer_until_told(config, engine, listener, signals).await
}

/// Sees that this process may work on what is there, and begins to.
async fn begin(
    engine: &Arc<Engine>,
    keys: &Keys,
    config: &Config,
    address: SocketAddr,
) -> anyhow::Result<()> {
    seal_check::check(engine, keys, config).await?;
    let is_first = first_start::greet(engine, config, address).await?;
    let is_shared = config.database.file().is_none();
    if is_shared && !is_first && keys.made_operator_key(config) {
        tracing::warn!(
            file = %keys::operator_key_file(config).display(),
            "an operator's key was made, which opens this process only: give all processes on one \
             database the same, as a copy of the file or as operator_key"
        );
    }
    engine.start().await?;
    let role = config.node.role.name();
    let (version, database) = (env!("CARGO_PKG_VERSION"), &config.database);
    let node = config.node.shown_name();
    tracing::info!(version, %address, role, %database, node, "started");
    Ok(())
}

/// Leaves the other nodes, however the database is.
async fn leave(engine: &Engine) {
    if timeout(LEAVING, engine.leave()).await.is_err() {
        tracing::warn!("the database does not answer: others take over when the lease has ended");
    }
}

async fn answer_until_told(
    config: &Config,
    engine: Arc<Engine>,
    listener: TcpListener,
    mut signals: Signals,
) -> anyhow::Result<()> {
    let router = match config.node.role {
        Role::All | Role::Api => {
            let options = WebOptions { public_url: config.public_url.clone() };
            herald_web::router(engine.clone(), options)
        }
        Role::Dispatch => herald_web::status_router(engine.clone()),
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(herald_web::serve(listener, router, async move {
        // A sender that is gone means the same as one that has sent.
        let _ = stopped.await;
    }));

    let signal = signals.next().await;
    tracing::info!(signal, "stopping; a second signal ends at once");
    let _ = stop.send(());
    let grace = config.delivery.timeout + CLOSING_TIME;
    let ended = async {
        let ended = timeout(grace, async { tokio::join!(server, engine.wind_down()) }).await;
        // Only now: whoever is answered until then must not find that the node has left.
        leave(&engine).await;
        ended
    };
    tokio::select! {
        ended = ended => if ended.is_ok() {
            tracing::info!("stopped");
        } else {
            tracing::warn!(?grace, "stopped, with something in flight; it is due again");
        },
        signal = signals.next() => {
            anyhow::bail!("ended at once by a second signal ({signal}); nothing accepted is lost");
        }
    }
    Ok(())
}

/// Every connection is an open file, and the usual soft limit of 1,024 is few.
fn raise_file_limit() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit < 4_096 => {
            tracing::warn!(limit, "few open files are allowed: raise the hard limit (ulimit -Hn)");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the limit of open files cannot be raised"),
    }
}

/// Where people reach Herald.
fn public_url(config: &Config, address: SocketAddr) -> String {
    if let Some(url) = &config.public_url {
        return url.clone();
    }
    let mut address = address;
    if address.ip().is_unspecified() {
        let loopback = match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        address.set_ip(loopback);
    }
    format!("http://{address}")
}

#[cfg(test)]
mod tests;
