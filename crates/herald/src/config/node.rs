//! What a process is among the others on its database.

use std::time::Duration;

use clap::ValueEnum;

/// A process among the others.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) role: Role,
    /// Unset: the host's name and the process's number.
    pub(crate) name: Option<String>,
    /// Connections to the database at most.
    pub(crate) connections: usize,
    /// How long the others wait for it when it is silent.
    pub(crate) lease: Duration,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Answers requests and sends notifications
    All,
    /// Answers requests, and leaves the sending to others
    Api,
    /// Sends notifications, and answers only whether it is well
    Dispatch,
}

/// The roles by their names.
pub(super) const ROLES: &[(&str, Role)] =
    &[("all", Role::All), ("api", Role::Api), ("dispatch", Role::Dispatch)];

impl Role {
    /// Its name, as [`ROLES`] has it.
    pub(crate) fn name(self) -> &'static str {
        ROLES.iter().find(|(_, role)| *role == self).map_or("all", |(name, _)| name)
    }
}

impl Node {
    /// What the others and people see of it.
    pub(crate) fn shown_name(&self) -> String {
        self.name.clone().unwrap_or_else(|| {
            let system = rustix::system::uname();
            let host = system.nodename().to_string_lossy();
            format!("{host}/{}", std::process::id())
        })
    }
}
