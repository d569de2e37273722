//! Every member inherits the workspace's lints, and those forbid `unsafe`.
//!
//! Cargo does not inherit lints by itself: a crate without `[lints] workspace = true` would be free of
//! every one of them, and nothing would tell.

use toml::{Table, Value};

use super::Violation;
use crate::tree::Tree;

const ROOT: &str = "Cargo.toml";

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations: Vec<Violation> = tree
        .packages
        .iter()
        .filter(|package| at(tree, &package.manifest, &["lints", "workspace"]) != Some(true.into()))
        .map(|package| {
            let what = "the workspace's lints do not apply here; add `[lints] workspace = true`";
            Violation::new(&package.manifest, 1, what)
        })
        .collect();
    if at(tree, ROOT, &["workspace", "lints", "rust", "unsafe_code"]) != Some("forbid".into()) {
        let what = "`unsafe` is not forbidden; set `unsafe_code = \"forbid\"` in \
                    [workspace.lints.rust]";
        violations.push(Violation::new(ROOT, 1, what));
    }
    violations
}

/// The value at this path of keys in a TOML file.
fn at(tree: &Tree, path: &str, keys: &[&str]) -> Option<Value> {
    let table: Table = tree.file(path)?.text.parse().ok()?;
    keys.iter().try_fold(Value::Table(table), |value, key| value.get(key).cloned())
}
