//! The real program as a child process.

use std::{
    ffi::OsStr,
    net::SocketAddr,
    process::{ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use super::PATIENCE;

/// A command that runs `herald` with nothing configured but what is given here: variables of
/// whoever runs the tests do not count.
pub(crate) fn herald(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_herald"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HERALD_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// What a subcommand has said when it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a subcommand to its end.
pub(crate) async fn run(mut command: Command) -> Said {
    let running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output();
    let output = tokio::time::timeout(PATIENCE, running).await.expect("it ends").expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("Herald speaks UTF-8");
    Said { status: output.status, out: text(output.stdout), err: text(output.stderr) }
}

/// A server that says that it listens.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Kept open, so that the server never writes into a closed pipe.
    _out: Lines<BufReader<ChildStdout>>,
    pub(crate) address: SocketAddr,
    /// Everything that it said before.
    pub(crate) greeting: String,
}

impl Server {
    /// Starts `herald serve` as `command` says, and waits until it listens.
    pub(crate) async fn start(mut command: Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let stdout = child.stdout.take().expect("standard output is piped");
        let mut stderr = child.stderr.take().expect("standard error is piped");
        let log = tokio::spawn(async move {
            let mut log = String::new();
            let _ended = stderr.read_to_string(&mut log).await;
            log
        });
        let mut out = BufReader::new(stdout).lines();
        let mut greeting = String::new();
        let starting = async {
            while let Ok(Some(line)) = out.next_line().await {
                if let Some(url) = line.strip_prefix("listening on http://") {
                    return Some(url.parse().expect("an address"));
                }
                greeting.push_str(&line);
                greeting.push('\n');
            }
            None
        };
        match tokio::time::timeout(PATIENCE, starting).await.expect("it starts in time") {
            Some(address) => Self { child, _out: out, address, greeting },
            None => panic!("herald did not start: {}", log.await.unwrap_or_default()),
        }
    }

    /// Sends the signal that supervisors send, and waits for the end.
    pub(crate) async fn terminate(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        let end = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        end.expect("it ends in time").expect("it can be waited for")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.process()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("it runs"), signal).expect("it can be signalled");
    }

    /// Its process, for tools that look into it.
    pub(crate) fn process(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Waits for the end, whatever brings it.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        let end = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        end.expect("it ends in time").expect("it can be waited for")
    }

    /// `kill -9`, in the middle of whatever it does; it is gone when this returns.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// The value that the greeting gives under this label.
    pub(crate) fn told(&self, label: &str) -> String {
        let value = self.greeting.lines().find_map(|line| line.trim().strip_prefix(label));
        value.unwrap_or_else(|| panic!("no {label:?} in {}", self.greeting)).trim().to_owned()
    }
}

/// Sets many variables at once.
pub(crate) fn with_variables<N: AsRef<OsStr>, V: AsRef<OsStr>>(
    mut command: Command,
    variables: impl IntoIterator<Item = (N, V)>,
) -> Command {
    command.envs(variables);
    command
}
