//! The machine: its clock, its disk, its limits, its resolver's configuration, the port.

use std::{
    net::TcpListener,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use herald_engine::http::SystemResolver;

use super::Finding;
use crate::config::Config;

/// 2026-01-01T00:00:00Z: this program is younger.
const BEFORE_THIS_PROGRAM: Duration = Duration::from_secs(1_767_225_600);

/// Files may be this much ahead of the clock, as on a network file system.
const AHEAD: Duration = Duration::from_secs(60);

/// Less free space than this stops a busy server within hours.
const LITTLE_SPACE: u64 = 1 << 30;

/// Less than this will not even take a checkpoint of the log.
const NO_SPACE: u64 = 100 << 20;

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![clock(config)];
    findings.extend(config.database.file().map(|_| disk(config)));
    findings.extend([open_files(), resolver(), port(config)]);
    findings
}

fn clock(config: &Config) -> Finding {
    let remedy = "set the clock, and let NTP keep it: signatures carry its time";
    let now = SystemTime::now();
    if now.duration_since(UNIX_EPOCH).unwrap_or_default() < BEFORE_THIS_PROGRAM {
        return Finding::bad("clock: it shows a time before this program was made", remedy);
    }
    let modified = |file| std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok();
    let file = config.database.file();
    match (file, file.and_then(modified)) {
        (Some(file), Some(written)) if written > now + AHEAD => Finding::bad(
            format!("clock: {} was last written in the future", file.display()),
            remedy,
        ),
        _ => Finding::good("clock: it shows a plausible time"),
    }
}

fn disk(config: &Config) -> Finding {
    let folder = config.database.folder();
    let existing = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    let shown = folder.display();
    let free = match rustix::fs::statvfs(existing) {
        Ok(system) => system.f_bavail.saturating_mul(system.f_frsize),
        Err(error) => return Finding::note(format!("disk: cannot be looked at: {error}")),
    };
    let megabytes = free >> 20;
    if free < NO_SPACE {
        return Finding::bad(
            format!("disk: {megabytes} MiB are free for {shown}"),
            "make room: without it, Herald answers 503 to everything new",
        );
    }
    if free < LITTLE_SPACE {
        return Finding::note(format!("disk: only {megabytes} MiB are free for {shown}"));
    }
    Finding::good(format!("disk: {megabytes} MiB are free for {shown}"))
}

fn open_files() -> Finding {
    match rlimit::Resource::NOFILE.get() {
        Ok((_, hard)) if hard < 4_096 => Finding::note(format!(
            "open files: at most {hard}; every connection is one (ulimit -Hn raises it)"
        )),
        Ok((_, hard)) => Finding::good(format!("open files: up to {hard}")),
        Err(error) => Finding::note(format!("open files: the limit cannot be read: {error}")),
    }
}

/// Only reads the configuration: no name is looked up.
fn resolver() -> Finding {
    match SystemResolver::new() {
        Ok(_) => Finding::good("name resolution: the system's configuration is usable"),
        Err(problem) => {
            Finding::bad(format!("name resolution: {problem}"), "correct /etc/resolv.conf")
        }
    }
}

fn port(config: &Config) -> Finding {
    let address = config.listen;
    match TcpListener::bind(address) {
        Ok(_) => Finding::good(format!("port: {address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Finding::note(format!("port: {address} is in use, as it is while Herald runs"))
        }
        Err(error) => Finding::bad(
            format!("port: cannot listen on {address}: {error}"),
            "change `listen` to an address of this machine and a port that its user may use",
        ),
    }
}
