//! A cluster: made, started, stopped, and removed when its process ends.

use std::{
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use tempfile::TempDir;

use crate::Database;

/// The superuser of every cluster; nobody is asked for a password.
pub(crate) const USER: &str = "herald";

/// What a cluster for tests needs that is not the default.
const SETTINGS: &[&str] = &[
    "max_connections=500",
    "shared_buffers=64MB",
    "max_wal_size=512MB",
    "log_min_messages=fatal",
    "listen_addresses=127.0.0.1",
];

/// How a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Transactions are rolled back, connections ended, everything written.
    Fast,
    /// As by a crash: the next start recovers from the log.
    Immediate,
}

/// A throw-away cluster.
#[derive(Debug)]
pub struct Cluster {
    folder: TempDir,
    port: u16,
    settings: Vec<String>,
    /// Stops the server and removes its files when this process lets go of its input.
    undertaker: Child,
}

impl Cluster {
    /// The cluster that all tests of this process share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[]))
    }

    /// A cluster of its own, with these settings (`name=value`) beside the usual ones.
    ///
    /// # Panics
    ///
    /// If PostgreSQL is not installed, or does not start.
    pub fn start(settings: &[&str]) -> Self {
        Self::start_in(&place(), settings)
    }

    /// The same, with its files in a folder below this one.
    ///
    /// # Panics
    ///
    /// If PostgreSQL is not installed, or does not start.
    pub fn start_in(place: &Path, settings: &[&str]) -> Self {
        let folder = folder_in(place);
        let data = folder.path().join("data");
        let made = as_server("initdb")
            .args(["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"])
            .arg(format!("--username={USER}"))
            .arg("--pgdata")
            .arg(&data)
            .stdout(Stdio::null())
            .status();
        assert!(made.expect("initdb runs").success(), "initdb");
        let settings = SETTINGS.iter().chain(settings).map(ToString::to_string).collect();
        Self::begun(folder, settings)
    }

    /// A standby of this cluster, which follows it, and lets nobody write.
    ///
    /// # Panics
    ///
    /// If it cannot be copied, or does not start.
    #[must_use]
    pub fn standby(&self) -> Self {
        let folder = folder_in(self.folder.path().parent().expect("it is in a folder"));
        let copied = as_server("pg_basebackup")
            .args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"])
            .arg(format!("--dbname={}/postgres", self.server()))
            .arg("--pgdata")
            .arg(folder.path().join("data"))
            .status();
        assert!(copied.expect("pg_basebackup runs").success(), "pg_basebackup");
        Self::begun(folder, self.settings.clone())
    }

    /// Makes a primary of a standby.
    ///
    /// # Panics
    ///
    /// If it does not become one.
    pub fn promote(&self) {
        self.control(&["promote"]);
    }

    /// The files are there.
    fn begun(folder: TempDir, settings: Vec<String>) -> Self {
        let undertaker = undertaker(folder.path());
        let cluster = Self { folder, port: free_port(), settings, undertaker };
        cluster.begin();
        cluster
    }

    /// A new, empty database.
    pub async fn database(&self) -> Database {
        Database::on(&self.server()).await
    }

    /// The server's URL, without a database.
    pub fn server(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}", self.port)
    }

    /// The port that it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's first process, whose children do the work.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub fn process_id(&self) -> u32 {
        let file = self.folder.path().join("data/postmaster.pid");
        let text = std::fs::read_to_string(file).expect("the server runs");
        text.lines().next().and_then(|id| id.parse().ok()).expect("a process id")
    }

    /// Stops the server.
    ///
    /// # Panics
    ///
    /// If it does not stop.
    pub fn stop(&self, how: Shutdown) {
        let mode = match how {
            Shutdown::Fast => "fast",
            Shutdown::Immediate => "immediate",
        };
        self.control(&["-m", mode, "stop"]);
    }

    /// Starts a server that was stopped.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn begin(&self) {
        let mut options = format!("-p {} -k {}", self.port, self.folder.path().display());
        for setting in &self.settings {
            options.push_str(" -c ");
            options.push_str(setting);
        }
        let log = self.folder.path().join("log");
        self.control(&["-o", &options, "-l", &log.display().to_string(), "start"]);
    }

    fn control(&self, arguments: &[&str]) {
        let done = as_server("pg_ctl")
            .arg("--pgdata")
            .arg(self.folder.path().join("data"))
            .args(["--silent", "--wait"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status();
        let log = || std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        assert!(done.expect("pg_ctl runs").success(), "pg_ctl {arguments:?}: {}", log());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.undertaker.stdin.take());
        let _ = self.undertaker.wait();
    }
}

/// A process that waits for the end of its input, and then removes the cluster.
fn undertaker(folder: &Path) -> Child {
    let stop = as_server("pg_ctl");
    let script = r#"cat; "$0" --pgdata "$1/data" --silent -m immediate stop; rm -rf "$1""#;
    let mut command = Command::new("sh");
    if let Some(id) = server_id() {
        command.uid(id).gid(id);
    }
    command
        .args(["-c", script])
        .arg(stop.get_program())
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir("/")
        // Not ended by the Ctrl-C that ends the tests.
        .process_group(0)
        .spawn()
        .expect("sh runs")
}

fn folder_in(place: &Path) -> TempDir {
    let folder = tempfile::Builder::new().prefix("herald-pg-").tempdir_in(place);
    let folder = folder.expect("a folder for the cluster");
    give_to_server(folder.path());
    folder
}

/// In memory, if there is such a place.
fn place() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.expect("a free port").port()
}

/// A program of PostgreSQL's, as who may run the server: it refuses to be root.
fn as_server(program: &str) -> Command {
    let mut command = Command::new(binaries().join(program));
    command.current_dir("/");
    if let Some(id) = server_id() {
        command.uid(id).gid(id);
    }
    command
}

fn give_to_server(folder: &Path) {
    if let Some(id) = server_id() {
        std::os::unix::fs::chown(folder, Some(id), Some(id)).expect("the folder is given away");
    }
}

/// Whom root runs the server as: nobody.
fn server_id() -> Option<u32> {
    const NOBODY: u32 = 65_534;
    rustix::process::geteuid().is_root().then_some(NOBODY)
}

/// Where Debian keeps the server's programs, of the newest version; or wherever they are found.
fn binaries() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let debian = versions.map(|version| version.path().join("bin"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut found: Vec<_> = debian
            .chain(std::env::split_paths(&path))
            .filter(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
            .collect();
        found.sort_by_key(|folder| version_of(folder));
        found.pop().expect("PostgreSQL's server programs are installed (Debian: postgresql)")
    })
}

fn version_of(folder: &Path) -> u32 {
    let version = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    version.and_then(|version| version.parse().ok()).unwrap_or(0)
}
