//! Herald as its users run it: the release binary, its own process, a database on disk, configured
//! by its environment. Nothing is configured for speed.

use std::{
    fs::File,
    net::SocketAddr,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::{
    bench::Bench,
    child::Child,
    http1::{self, Messages},
    measure::Process,
    publisher::Target,
};

/// Opens the operator's API of every Herald of the benchmark.
const OPERATOR_KEY: &str = "the-operator-key-of-the-benchmark";

/// Seals secrets. Given, since a database that the benchmark has filled comes without one.
pub(crate) const SECRET_KEY: &str =
    "5eb04fcd0f3e36000803a5eb25eb04fcd0f3e36000803a5eb25eb04fcd0f3e36";

/// The database's file; its companions' names begin with it.
const DATABASE: &str = "herald.db";

/// The metric of them.
const ROUND_TRIPS: &str = "herald_database_round_trips_total ";

/// How often readiness is asked for.
const LOOK: Duration = Duration::from_millis(2);

/// A running Herald.
#[derive(Debug)]
pub(crate) struct Herald {
    child: Child,
    folder: TempDir,
    started_in: Duration,
}

/// An account of a running Herald.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    /// Opens its test environment.
    pub(crate) key: String,
}

impl Herald {
    /// A Herald on an empty database.
    pub(crate) async fn start(bench: &Bench) -> Result<Self> {
        Self::start_in(bench, bench.folder()?).await
    }

    /// A Herald on what is in this folder. Returns when it is ready.
    pub(crate) async fn start_in(bench: &Bench, folder: TempDir) -> Result<Self> {
        Self::start_on(bench, folder, &format!("sqlite:{DATABASE}")).await
    }

    /// A Herald on this database. Returns when it is ready.
    pub(crate) async fn start_on(bench: &Bench, folder: TempDir, database: &str) -> Result<Self> {
        // What earlier rows left to be written would be paid for by this one's first fsyncs.
        tokio::task::spawn_blocking(rustix::fs::sync).await?;
        let began = Instant::now();
        let child = Child::start(command(bench, &folder, database)?).await.with_context(|| {
            let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            format!("Herald did not start; its log:\n{log}")
        })?;
        let mut herald = Self { child, folder, started_in: Duration::ZERO };
        while herald.call("GET", "/readyz", "", &Value::Null).await.is_err() {
            ensure!(began.elapsed() < Duration::from_secs(120), "Herald does not become ready");
            tokio::time::sleep(LOOK).await;
        }
        herald.started_in = began.elapsed();
        Ok(herald)
    }

    /// From the start of the process until it was ready.
    pub(crate) fn started_in(&self) -> Duration {
        self.started_in
    }

    /// The process, to be measured.
    pub(crate) fn process(&self) -> Process {
        self.child.process()
    }

    /// Makes an account with webhooks at these URLs, which ask for every event.
    pub(crate) async fn account(&self, urls: impl Iterator<Item = String>) -> Result<Account> {
        let name = json!({ "name": "benchmark" });
        let made = self.call("POST", "/operator/v1/accounts", OPERATOR_KEY, &name).await?;
        let text = |value: &Value| value.as_str().map(String::from).context("an account is text");
        let account = Account { id: text(&made["id"])?, key: text(&made["keys"]["test"])? };
        for url in urls {
            self.webhook(&account, &url).await?;
        }
        Ok(account)
    }

    /// Makes a webhook that asks for every event; answers its id.
    pub(crate) async fn webhook(&self, account: &Account, url: &str) -> Result<String> {
        let webhook = json!({ "url": url, "enabled": true, "events": ["*"] });
        let made = self.call("POST", "/v1/webhooks", &account.key, &webhook).await?;
        Ok(made["id"].as_str().context("a webhook has an id")?.to_owned())
    }

    /// Deletes a webhook.
    pub(crate) async fn delete_webhook(&self, account: &Account, id: &str) -> Result<()> {
        let path = format!("/v1/webhooks/{id}");
        self.call("DELETE", &path, &account.key, &Value::Null).await.map(|_| ())
    }

    /// The items of a list of the API.
    pub(crate) async fn list(&self, account: &Account, path: &str) -> Result<Vec<Value>> {
        let listed = self.call("GET", path, &account.key, &Value::Null).await?;
        Ok(listed["items"].as_array().context("a list has items")?.clone())
    }

    /// Where publishers publish for these accounts.
    pub(crate) fn target(&self, accounts: &[Account]) -> Result<Target> {
        let accounts: Vec<String> = accounts.iter().map(|account| account.id.clone()).collect();
        Target::new(self.child.address(), OPERATOR_KEY, &accounts)
    }

    /// Where clients are made for this account.
    pub(crate) fn client_target(&self, account: &Account) -> Target {
        Target::clients(self.child.address(), &account.key)
    }

    /// Signs in to the portal; answers the cookie.
    pub(crate) async fn sign_in(&self, account: &Account) -> Result<String> {
        let asked = json!({ "accountId": account.id, "role": "manager" });
        let made = self.call("POST", "/operator/v1/portalLinks", OPERATOR_KEY, &asked).await?;
        let link = made["url"].as_str().context("a link has a URL")?;
        let (_, token) = link.rsplit_once('/').context("a link ends with its token")?;
        let mut messages = Messages::new(TcpStream::connect(self.address()).await?);
        let request = format!(
            "POST /portal/link/{token} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\n\r\n",
            self.address()
        );
        messages.send(request.as_bytes()).await?;
        let answer = messages.next().await?.context("Herald hung up")?;
        let head = String::from_utf8_lossy(answer.head);
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = cookie.with_context(|| format!("nobody was signed in: {head}"))?;
        Ok(cookie.split(';').next().unwrap_or_default().to_owned())
    }

    /// Where it answers.
    pub(crate) fn address(&self) -> SocketAddr {
        self.child.address()
    }

    /// Bytes that the database takes now, its log included.
    pub(crate) fn disk(&self) -> Result<u64> {
        disk(&self.folder)
    }

    /// Ends it in order; answers the bytes that its database is left with.
    pub(crate) async fn stop(self) -> Result<u64> {
        self.child.stop().await?;
        disk(&self.folder)
    }

    /// Ends it in order, and leaves what it has to another one.
    pub(crate) async fn leave(self) -> Result<TempDir> {
        self.child.stop().await?;
        Ok(self.folder)
    }

    /// How often it has waited for an answer of its database so far.
    pub(crate) async fn round_trips(&self) -> Result<u64> {
        let told = http1::call(self.child.address(), "GET", "/metrics", "", "").await?;
        let line = told.lines().find_map(|line| line.strip_prefix(ROUND_TRIPS));
        Ok(line.context("Herald counts round trips")?.trim().parse()?)
    }

    /// One call of the API. An error unless it succeeds.
    async fn call(&self, method: &str, path: &str, key: &str, body: &Value) -> Result<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let told = http1::call(self.child.address(), method, path, key, &body).await?;
        Ok(serde_json::from_str(&told).unwrap_or(Value::Null))
    }
}

/// Starts Herald in `folder`, where no configuration of somebody else's is found.
fn command(bench: &Bench, folder: &TempDir, database: &str) -> Result<Command> {
    let log = File::create(folder.path().join("log"))?;
    let mut command = Command::new(&bench.herald);
    let ours =
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("HERALD_"));
    ours.for_each(|(name, _)| {
        command.env_remove(name);
    });
    command
        .arg("serve")
        .current_dir(folder.path())
        .stderr(log)
        .env("HERALD_LISTEN", "127.0.0.1:0")
        .env("HERALD_DATABASE_URL", database)
        .env("HERALD_OPERATOR_KEY", OPERATOR_KEY)
        .env("HERALD_SECRET_KEY", SECRET_KEY)
        .env("HERALD_DELIVERY__ALLOWED_NETWORKS", "127.0.0.0/8")
        .env("HERALD_DELIVERY__ALLOW_HTTP", "true");
    if let Some(authority) = &bench.tls {
        command.env("HERALD_DELIVERY__EXTRA_CA_FILE", authority.file());
    }
    Ok(command)
}

/// The database that a Herald started in this folder opens.
pub(crate) fn database(folder: &TempDir) -> PathBuf {
    folder.path().join(DATABASE)
}

fn disk(folder: &TempDir) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder.path())? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(DATABASE) {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}
