//! The crates whose words others build on ask the compiler for documentation of every public item.
//!
//! `missing_docs` finds each item; this rule only makes sure that it is switched on, since a lint that
//! a crate can drop in one line is a wish.

use super::Violation;
use crate::tree::Tree;

/// The crates that style demands it of.
const CRATES: &[&str] = &["domain", "store", "engine"];

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    CRATES.iter().filter_map(|name| check_crate(tree, name)).collect()
}

fn check_crate(tree: &Tree, name: &str) -> Option<Violation> {
    let path = format!("crates/{name}/src/lib.rs");
    let source = tree.sources.iter().find(|source| source.path == path);
    let asks = |level: &str| {
        let attribute = ["#", "!", "[", level, "(", "missing_docs", ")", "]"];
        source.is_some_and(|source| !source.find(&attribute).is_empty())
    };
    (!["warn", "deny", "forbid"].into_iter().any(asks)).then(|| {
        let what = format!(
            "`{name}` does not ask for documentation; \
             write `#![warn(missing_docs)]` below the file's story"
        );
        Violation::new(&path, 1, what)
    })
}
