//! `portal-link`: asks the running Herald for a link that signs somebody in to the portal.
//!
//! It goes through the operator's API, since the database belongs to the process that serves. Who
//! may read the operator's key on this machine may make links.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use clap::{Args, ValueEnum};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::{
    config::Config,
    keys,
    terminal::{complain, say},
};

/// A Herald that runs answers sooner.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the link is to be.
#[derive(Clone, Debug, Args)]
pub(crate) struct Wanted {
    /// The id of the account whose portal it opens
    #[arg(long, value_name = "ID")]
    account: String,

    /// What whoever uses it may do
    #[arg(long, value_enum, default_value_t = Role::Viewer)]
    role: Role,

    /// The environment on which it lands; the session sees both
    #[arg(long, value_enum, default_value_t = Environment::Test)]
    environment: Environment,

    /// For how many minutes it is good
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
    minutes: u64,
}

/// What whoever uses a link may do.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    /// Sees everything
    Viewer,
    /// Changes things too
    Manager,
}

/// Where a link lands.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Environment {
    Test,
    Live,
}

impl Wanted {
    fn body(&self) -> Value {
        let role = match self.role {
            Role::Viewer => "viewer",
            Role::Manager => "manager",
        };
        let environment = match self.environment {
            Environment::Test => "test",
            Environment::Live => "live",
        };
        json!({
            "accountId": self.account,
            "role": role,
            "environment": environment,
            "minutes": self.minutes,
        })
    }
}

/// Prints the link, alone on standard output.
pub(crate) fn portal_link(config: &Config, wanted: &Wanted) -> anyhow::Result<()> {
    let (operator, _) = keys::find(config)?;
    let operator = operator.context(
        "there is no operator's key: configure operator_key, or start Herald once to make one",
    )?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let body = wanted.body();
    let asking = ask(reachable(config.listen), operator.reveal(), &body);
    let (status, answer) = runtime.block_on(async {
        tokio::time::timeout(PATIENCE, asking).await.context("Herald does not answer")?
    })?;
    if status != StatusCode::OK {
        bail!("{}", answer["message"].as_str().unwrap_or("Herald refused without a reason"));
    }
    say(answer["url"].as_str().context("Herald answered without a link")?);
    let until = answer["expiresAt"].as_str().unwrap_or_default();
    complain(&format!("It signs in whoever opens it first, until {until}."));
    Ok(())
}

/// Where the Herald that listens there is reached from this machine.
fn reachable(mut listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        listen.set_ip(match listen {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    listen
}

async fn ask(
    address: SocketAddr,
    operator: &str,
    body: &Value,
) -> anyhow::Result<(StatusCode, Value)> {
    let stream = TcpStream::connect(address).await.with_context(|| {
        format!("no Herald listens on {address} (listen): start it, or give its configuration")
    })?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::post("/operator/v1/portalLinks")
        .header(header::HOST, address.to_string())
        .header(header::AUTHORIZATION, operator)
        .body(Full::new(Bytes::from(body.to_string())))?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    drop(sender);
    // It has nothing more to say.
    let _ended = connection.await;
    let answer = serde_json::from_slice(&body).context("what listens there is not Herald")?;
    Ok((status, answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_herald_that_listens_everywhere_is_reached_on_loopback() {
        for (listen, reached) in [
            ("0.0.0.0:8400", "127.0.0.1:8400"),
            ("[::]:8400", "[::1]:8400"),
            ("10.0.0.1:80", "10.0.0.1:80"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()), reached.parse().unwrap());
        }
    }
}
