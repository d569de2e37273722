//! A PostgreSQL database: its server, its schema, its books, who works on it, and by which clock and
//! key.

use std::{cmp::Ordering, time::Duration};

use herald_engine::{Clock as _, SEAL_KEY, SystemClock};
use herald_store_postgres::{Content, Examination, NodeSeen};

use super::{Finding, database};
use crate::{
    config::{Config, PostgresUrl},
    keys,
    maintenance::one_thread,
};

/// The clocks of a server and of a machine that are kept by NTP do not differ by this much.
const CLOSE: Duration = Duration::from_secs(10);

/// Connections that a process has beside the configured ones.
const BESIDE: usize = 2;

pub(super) fn examine(config: &Config, url: &PostgresUrl) -> Vec<Finding> {
    let examined =
        one_thread().map(|runtime| runtime.block_on(herald_store_postgres::examine(url.reveal())));
    let found = match examined {
        Ok(Ok(found)) => found,
        Ok(Err(problem)) => {
            return vec![Finding::bad(
                format!("database: {problem}"),
                "check database_url, and that the server takes connections from here",
            )];
        }
        Err(error) => return vec![Finding::bad(format!("database: {error}"), "try again")],
    };
    let mut findings = vec![server(url, &found)];
    findings.extend(found.doubtful.map(Finding::note));
    findings.extend([schema(&found), clock(&found)]);
    if let Some(content) = &found.content {
        findings.push(nodes(&content.nodes));
        findings.push(connections(config, &found, content));
        findings.push(database::books(content.unbalanced));
        findings.push(database::resources(content.miscounted));
        findings.extend(sealing_key(config, content));
    }
    findings
}

fn server(url: &PostgresUrl, found: &Examination) -> Finding {
    match &found.refused {
        Some(reason) => Finding::bad(
            format!("database: {reason}"),
            "no Herald starts on this database until that is done",
        ),
        None => Finding::good(format!("database: {url}, {} ({} bytes)", found.server, found.bytes)),
    }
}

fn schema(found: &Examination) -> Finding {
    let text = format!("schema: version {}", found.version);
    match found.version.cmp(&found.current) {
        _ if found.version == 0 => {
            Finding::note("schema: nothing is there yet; the first start makes it")
        }
        Ordering::Equal => Finding::good(format!("{text}, which is current")),
        Ordering::Less => Finding::note(format!(
            "{text}; `herald migrate` or the next start brings it to {}",
            found.current
        )),
        Ordering::Greater => Finding::note(format!(
            "{text}, made by a newer Herald; programs have to know version {}, and this one knows {}",
            found.works_with, found.current
        )),
    }
}

/// By which every node goes.
fn clock(found: &Examination) -> Finding {
    let (here, there) = (SystemClock.now(), found.clock);
    let apart = here.since(there).max(there.since(here));
    if apart < CLOSE {
        return Finding::good("database's clock: it shows the same time as this machine's");
    }
    Finding::note(format!(
        "database's clock: it differs from this machine's by {} s; Herald goes by the database's, and \
         receivers compare signatures with theirs: let NTP keep both",
        apart.as_secs()
    ))
}

fn nodes(nodes: &[NodeSeen]) -> Finding {
    let shown = |node: &NodeSeen| {
        let role = if node.dispatches { "" } else { ", sends nothing" };
        let silent = if node.silent { ", silent: others take over from it" } else { "" };
        format!("{} (version {}{role}{silent})", node.name, node.version)
    };
    let list: Vec<String> = nodes.iter().map(shown).collect();
    if nodes.is_empty() {
        Finding::note("processes: none works on this database")
    } else if !nodes.iter().any(|node| node.dispatches && !node.silent) {
        Finding::note(format!("processes: none of these sends anything: {}", list.join("; ")))
    } else {
        Finding::good(format!("processes: {}", list.join("; ")))
    }
}

/// As if every process were configured as this one.
fn connections(config: &Config, found: &Examination, content: &Content) -> Finding {
    let processes = content.nodes.len().max(1);
    let wanted = processes * (config.node.connections + BESIDE);
    let taken = found.connections;
    let text =
        format!("connections: {processes} processes may want {wanted}, the server takes {taken}");
    if usize::try_from(taken).is_ok_and(|taken| wanted < taken) {
        return Finding::good(text);
    }
    Finding::bad(text, "raise max_connections of the server, or lower database_connections")
}

fn sealing_key(config: &Config, content: &Content) -> Option<Finding> {
    let (_, agreed) = content.agreed.iter().find(|(name, _)| name == SEAL_KEY)?;
    let file = keys::secret_key_file(config);
    // What cannot be read was found already, with the files.
    match keys::find(config).ok()?.1 {
        Some(key) if key.fingerprint() == *agreed => {
            Some(Finding::good("sealing key: it is the one that this database is sealed with"))
        }
        Some(_) => Some(Finding::bad(
            "sealing key: it is not the one that this database is sealed with",
            format!(
                "copy secret.key from another machine to {}, or give secret_key",
                file.display()
            ),
        )),
        None => Some(Finding::bad(
            "sealing key: this database has one already, and it is not here",
            format!(
                "copy secret.key from another machine to {}, or give secret_key",
                file.display()
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: &str, dispatches: bool, silent: bool) -> NodeSeen {
        NodeSeen { name: name.into(), version: "1.0".into(), dispatches, silent }
    }

    #[test]
    fn processes_of_which_none_sends_are_worth_knowing() {
        assert!(matches!(nodes(&[]), Finding::Note(_)));
        let api = seen("a", false, false);
        assert!(matches!(nodes(&[api.clone(), seen("b", true, true)]), Finding::Note(_)));
        let Finding::Good(text) = nodes(&[api, seen("c", true, false)]) else { panic!("it sends") };
        assert_eq!(text, "processes: a (version 1.0, sends nothing); c (version 1.0)");
    }
}
