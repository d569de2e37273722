//! A database on a server, dropped when the test lets go of it.

use std::{
    pin::pin,
    sync::atomic::{AtomicU32, Ordering},
};

use futures_util::StreamExt as _;
use tokio_postgres::{Client, NoTls};

use crate::{Cluster, URL};

/// An empty database.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// A new, empty database on the cluster that this process shares, or on the server of [`URL`].
    pub async fn fresh() -> Self {
        if let Ok(server) = std::env::var(URL) {
            return Self::on(&server).await;
        }
        let start = tokio::task::spawn_blocking(Cluster::shared);
        start.await.expect("the cluster starts").database().await
    }

    /// A new, empty database on this server.
    pub(crate) async fn on(server: &str) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("herald_test_{}_{number}", std::process::id());
        let database = Self { server: server.to_owned(), name };
        let make = format!("CREATE DATABASE {}", database.name);
        run(&database.at("postgres"), &make).await.expect("a database");
        database
    }

    /// Its URL.
    pub fn url(&self) -> String {
        self.at(&self.name)
    }

    /// Its URL on another port of the same host, where a proxy is.
    pub fn url_at(&self, port: u16) -> String {
        format!(
            "postgres://{}@127.0.0.1:{port}/{}?sslmode=disable",
            crate::cluster::USER,
            self.name
        )
    }

    /// The same database as another cluster has it, such as a standby.
    #[must_use]
    pub fn at_another(&self, cluster: &Cluster) -> Self {
        Self { server: cluster.server(), name: self.name.clone() }
    }

    /// A connection to it.
    ///
    /// # Panics
    ///
    /// If the server cannot be reached.
    pub async fn connect(&self) -> Client {
        connect(&self.url()).await.expect("a connection")
    }

    /// What is in its tables, byte for byte.
    ///
    /// # Panics
    ///
    /// If it cannot be read.
    pub async fn contents(&self) -> Vec<u8> {
        let client = self.connect().await;
        let tables = "SELECT quote_ident(table_name) FROM information_schema.tables
                      WHERE table_schema = 'public' ORDER BY table_name";
        let mut contents = Vec::new();
        for table in client.query(tables, &[]).await.expect("a list of tables") {
            let copy = format!("COPY {} TO STDOUT (FORMAT binary)", table.get::<_, String>(0));
            let mut rows = pin!(client.copy_out(&copy).await.expect("a copy"));
            while let Some(piece) = rows.next().await {
                contents.extend_from_slice(&piece.expect("a piece of the copy"));
            }
        }
        contents
    }

    fn at(&self, name: &str) -> String {
        let (server, parameters) = self.server.split_once('?').unwrap_or((&self.server, ""));
        let scheme = server.find("://").map_or(0, |at| at + 3);
        let host = server[scheme..].find('/').map_or(server.len(), |at| scheme + at);
        let mark = if parameters.is_empty() { "" } else { "?" };
        format!("{}/{name}{mark}{parameters}", &server[..host])
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let server = self.at("postgres");
        // A test's runtime may be ending, so this has one of its own.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(run(&server, &drop)).is_ok())
        });
        let _ = dropping.join();
    }
}

async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn run(url: &str, sql: &str) -> Result<(), tokio_postgres::Error> {
    connect(url).await?.batch_execute(sql).await
}
