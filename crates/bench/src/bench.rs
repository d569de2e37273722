//! What every row is given: where Herald is, where data may go, how long to measure, over what.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::{measure::Plan, tls::Authority};

/// What every row is given.
#[derive(Debug)]
pub(crate) struct Bench {
    /// The release binary.
    pub(crate) herald: PathBuf,
    /// How long to measure.
    pub(crate) plan: Plan,
    /// Who vouches for the receiver, if deliveries go over TLS.
    pub(crate) tls: Option<Authority>,
    /// How many retries are pending in the row about them.
    pub(crate) pending: usize,
    /// How many clients there are in the full store of the row about them.
    pub(crate) clients: u64,
    /// How many deliveries there are in the store of the row about lists.
    pub(crate) deliveries: usize,
    /// How many deliveries have ended in the row about claims.
    pub(crate) finished: usize,
    /// What database servers have used that have ended.
    pub(crate) servers: ServersCpu,
    data: PathBuf,
}

/// CPU time of servers that are no children of this process, and belong to the benchmark all the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServersCpu(Arc<AtomicU64>);

impl ServersCpu {
    /// A server has used so much, and ends.
    pub(crate) fn add(&self, used: Duration) {
        let micros = u64::try_from(used.as_micros()).unwrap_or(u64::MAX);
        self.0.fetch_add(micros, Ordering::Relaxed);
    }

    /// What all of them have used.
    pub(crate) fn total(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

impl Bench {
    /// A benchmark over plain HTTP that keeps its data in this folder, which has to be on a disk:
    /// in memory, an fsync costs nothing.
    pub(crate) fn new(herald: PathBuf, data: &Path, plan: Plan) -> Result<Self> {
        std::fs::create_dir_all(data)?;
        ensure!(
            !is_in_memory(data)?,
            "{} is in memory, where nothing is durable: start from a folder on a disk",
            data.display()
        );
        // Herald and the L1 server are given paths below it, and are started elsewhere.
        let data = data.canonicalize()?;
        Ok(Self {
            herald,
            plan,
            tls: None,
            pending: 1_000_000,
            clients: 1_000_000,
            deliveries: 1_000_000,
            finished: 1_000_000,
            servers: ServersCpu::default(),
            data,
        })
    }

    /// The same, with deliveries over TLS.
    pub(crate) fn over_tls(self) -> Result<Self> {
        let authority = Authority::new(&self.data)?;
        Ok(Self { tls: Some(authority), ..self })
    }

    /// Where data may go.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// A new folder for a database. It is removed when it is dropped.
    pub(crate) fn folder(&self) -> Result<TempDir> {
        Ok(tempfile::tempdir_in(&self.data)?)
    }

    /// The certificate to trust, if deliveries go over TLS.
    pub(crate) fn authority(&self) -> Option<&Path> {
        self.tls.as_ref().map(Authority::file)
    }
}

fn is_in_memory(folder: &Path) -> Result<bool> {
    /// `statfs(2)`: the magic number of tmpfs.
    const TMPFS: i64 = 0x0102_1994;
    let statistics = rustix::fs::statfs(folder).context("what file system is it?")?;
    Ok(statistics.f_type == TMPFS)
}
