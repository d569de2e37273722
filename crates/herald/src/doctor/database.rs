//! The database: whole, of a version that this program knows, its books balanced.

use std::path::Path;

use super::{Finding, postgres};
use crate::config::{Config, Database};

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    match &config.database {
        Database::Sqlite(file) => sqlite(file),
        Database::Postgres(url) => postgres::examine(config, url),
    }
}

fn sqlite(file: &Path) -> Vec<Finding> {
    let name = file.display();
    if !file.exists() {
        return vec![Finding::note(format!(
            "database: {name} is not there yet; the first start makes it"
        ))];
    }
    let found = match herald_store_sqlite::examine(file) {
        Ok(found) => found,
        Err(problem) => {
            return vec![Finding::bad(
                format!("database: {problem}"),
                "check database_url; if it is right, restore a backup",
            )];
        }
    };
    vec![
        integrity(&name.to_string(), &found.damage, found.bytes),
        version(found.version, found.current),
        books(found.unbalanced),
        resources(found.miscounted),
    ]
}

fn integrity(name: &str, damage: &[String], bytes: u64) -> Finding {
    if damage.is_empty() {
        return Finding::good(format!("database: {name} is whole ({bytes} bytes)"));
    }
    Finding::bad(
        format!("database: {name} is damaged: {}", damage.join("; ")),
        "stop Herald, keep a copy of the file, and restore a backup; check the disk",
    )
}

fn version(version: usize, current: usize) -> Finding {
    let text = format!("schema: version {version}");
    match version.cmp(&current) {
        std::cmp::Ordering::Equal => Finding::good(format!("{text}, which is current")),
        std::cmp::Ordering::Less => Finding::note(format!(
            "{text}; `herald migrate` or the next start brings it to {current}"
        )),
        std::cmp::Ordering::Greater => Finding::bad(
            format!("{text}, and this program knows versions up to {current}"),
            "use the newer Herald that made it",
        ),
    }
}

pub(super) fn books(unbalanced: i64) -> Finding {
    if unbalanced == 0 {
        return Finding::good("books: every accepted delivery is accounted for");
    }
    Finding::bad(
        format!("books: {unbalanced} webhooks count deliveries that are not there, or not all"),
        "this is a defect of Herald or of the disk: keep a backup, and report it",
    )
}

pub(super) fn resources(miscounted: i64) -> Finding {
    if miscounted == 0 {
        return Finding::good("resources: there are as many as are counted");
    }
    Finding::bad(
        format!("resources: {miscounted} kinds have more or fewer than are counted"),
        "lists tell wrong totals; this is a defect of Herald or of the disk: report it",
    )
}
