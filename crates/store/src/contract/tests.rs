//! The suite tried on the model, and checked for laws that nobody would run.

use super::model::Memory;

crate::store_contract!(Memory::default());

#[test]
fn every_law_that_is_written_is_run() {
    let suite = include_str!("mod.rs");
    let named = |law: &str| suite.lines().any(|line| line.trim() == law);
    let files = [
        include_str!("accounts.rs"),
        include_str!("attempts.rs"),
        include_str!("endpoints.rs"),
        include_str!("history.rs"),
        include_str!("manual.rs"),
        include_str!("nodes.rs"),
        include_str!("notices.rs"),
        include_str!("queue.rs"),
        include_str!("recording.rs"),
        include_str!("recording_for_one.rs"),
        include_str!("recoveries.rs"),
        include_str!("resource_filters.rs"),
        include_str!("resource_lists.rs"),
        include_str!("resource_writes.rs"),
        include_str!("resources.rs"),
        include_str!("sessions.rs"),
        include_str!("secrets.rs"),
        include_str!("settling.rs"),
        include_str!("statistics.rs"),
        include_str!("upkeep.rs"),
        include_str!("walk.rs"),
        include_str!("webhooks.rs"),
    ];
    for file in files {
        let laws = file.lines().filter_map(|line| line.strip_prefix("pub async fn "));
        let names: Vec<_> = laws.filter_map(|line| line.split_once('<')).collect();
        assert!(!names.is_empty());
        for (law, _) in names {
            assert!(named(law), "{law} is not named in store_contract!");
        }
    }
}
