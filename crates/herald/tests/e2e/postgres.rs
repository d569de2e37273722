//! The end-to-end tests once more, on PostgreSQL: a database of its own for each, on a throw-away
//! cluster. `main.rs` tells what they are.

mod support;

use herald_testkit::home::Backend;

/// What these tests run on.
pub(crate) const BACKEND: Backend = Backend::Postgres;

mod checks;
mod clock;
mod commands;
mod concurrent_updates;
mod configuration_changes;
mod crash;
mod ending;
mod http2;
mod notices;
mod on_request;
mod portal;
mod portal_endpoints;
mod portal_hostile;
mod portal_people;
mod portal_story;
mod resources_crash;
mod retention;
mod rotation;
mod schedule;
mod sdks;
mod starting;
mod statistics;
mod story;
mod temporary_endpoints;

// About a database that several processes may share.
mod joining;

/// What is not run here: `main.rs` says why.
const THERE_ONLY: [&str; 4] = ["disk", "embedded", "migrate_to", "other_nodes"];

#[test]
fn every_other_test_of_the_embedded_backend_is_run_here_too() {
    let modules = |text: &'static str| {
        text.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
    };
    let here: Vec<_> = modules(include_str!("postgres.rs")).collect();
    for module in modules(include_str!("main.rs")) {
        let both = here.contains(&module) != THERE_ONLY.contains(&module);
        assert!(both, "{module} should be in this file, or among what is run there only");
    }
}
