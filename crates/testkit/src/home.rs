//! Where a test's Herald remembers everything: a file of its own, or a database of its own. What
//! differs between backends, as far as tests have to know, is here.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use herald_domain::id::IdSequence;
use herald_store::Store;
use herald_store_postgres::{Options, PostgresStore};
use herald_store_sqlite::SqliteStore;
use herald_testpg::Database;

/// How long others wait for a process that was killed: short, since tests wait too.
const LEASE: Duration = Duration::from_secs(2);

/// What a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The embedded default.
    Sqlite,
    /// One database for several nodes.
    Postgres,
}

/// Where a Herald remembers everything. With [`Backend::Postgres`], the database is dropped with this.
#[derive(Debug)]
pub struct Home {
    /// Herald's own folder, where its keys are.
    data: PathBuf,
    database: Option<Database>,
}

impl Home {
    /// That of a Herald which is started in this folder.
    pub async fn of(backend: Backend, folder: &Path) -> Self {
        let database = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(Database::fresh().await),
        };
        Self { data: folder.join("herald-data"), database }
    }

    /// Herald's own folder, where its keys are.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The file, if it is one.
    ///
    /// # Panics
    ///
    /// If it is a database.
    pub fn file(&self) -> PathBuf {
        assert!(self.database.is_none(), "this test is about the file");
        self.data.join("herald.db")
    }

    /// What a Herald has to be configured with, to find it. By default it is the file.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let database = self.database.iter();
        let variables = database.flat_map(|database| {
            let lease = format!("{}ms", LEASE.as_millis());
            [("HERALD_DATABASE_URL", database.url()), ("HERALD_NODE_LEASE", lease)]
        });
        variables.collect()
    }

    /// Opens it in this process, as another process would.
    ///
    /// # Panics
    ///
    /// If it cannot be opened.
    pub async fn open(&self, ids: Arc<IdSequence>) -> Arc<dyn Store> {
        let Some(database) = &self.database else {
            std::fs::create_dir_all(&self.data).expect("a test can make a folder");
            return Arc::new(SqliteStore::open(&self.file(), ids).expect("the file is free"));
        };
        let options = Options { lease: LEASE, ..Options::new(database.url()) };
        Arc::new(PostgresStore::open(options, ids).await.expect("the database is there"))
    }

    /// Everything that Herald keeps, byte for byte, but the key that seals it: to look for what should
    /// not be there.
    ///
    /// # Panics
    ///
    /// If it cannot be read.
    pub async fn contents(&self) -> Vec<u8> {
        let mut contents = Vec::new();
        for entry in std::fs::read_dir(&self.data).expect("the folder is there") {
            let path = entry.expect("it can be read").path();
            if !path.ends_with("secret.key") {
                contents.extend(std::fs::read(path).expect("it can be read"));
            }
        }
        if let Some(database) = &self.database {
            contents.extend(database.contents().await);
        }
        contents
    }
}
