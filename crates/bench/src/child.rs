//! A server in a process of its own, which says where it listens, as Herald and the L1 server do.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child as Process, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::measure;

/// How a server says where it listens: on a line of its own, then an address.
pub(crate) const LISTENING: &str = "listening on http://";

/// How long a start may take: a store with millions of retries is opened on some of them.
const START: Duration = Duration::from_secs(120);

/// How long an end may take: Herald lets attempts in flight come to theirs.
const END: Duration = Duration::from_secs(30);

/// How often an end is looked for.
const LOOK: Duration = Duration::from_millis(5);

/// A server in a process of its own. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Child {
    process: Process,
    address: SocketAddr,
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Child {
    /// Starts a server, and waits until it says that it listens.
    pub(crate) async fn start(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let output = process.stdout.take().context("its standard output is piped")?;
        let mut child = Self { process, address: SocketAddr::from(([0; 4], 0)) };
        let (said, saying) = mpsc::channel();
        // Reads to the end, also when nobody listens any more: a full pipe would stop the server.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(address) = line.strip_prefix(LISTENING) {
                    let _ = said.send(address.to_owned());
                }
            }
        });
        let address = tokio::task::spawn_blocking(move || saying.recv_timeout(START)).await?;
        child.address = match address {
            Ok(address) => address.parse()?,
            Err(RecvTimeoutError::Timeout) => bail!("{command:?} did not listen within {START:?}"),
            Err(RecvTimeoutError::Disconnected) => bail!("{command:?} ended; see what it said"),
        };
        Ok(child)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process, to be measured.
    pub(crate) fn process(&self) -> measure::Process {
        measure::Process(self.process.id())
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let asked = Instant::now();
        loop {
            match self.process.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("the server ended with {status}"),
                None if asked.elapsed() > END => bail!("the server did not end within {END:?}"),
                None => tokio::time::sleep(LOOK).await,
            }
        }
    }
}
