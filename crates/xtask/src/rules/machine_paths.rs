//! No file names a folder of somebody's machine: such a path works for one person, and tells everyone
//! else where that person keeps things.

use super::Violation;
use crate::tree::{TextFile, Tree};

/// First components of absolute paths that exist on one machine only.
const PRIVATE_ROOTS: &[&str] = &["work", "home", "root", "Users"];

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    tree.files.iter().flat_map(check_file).collect()
}

fn check_file(file: &TextFile) -> impl Iterator<Item = Violation> {
    file.text.lines().enumerate().filter_map(|(index, line)| {
        let root = PRIVATE_ROOTS.iter().find(|root| names_path_under(line, root))?;
        let what = format!("a path under `/{root}`; make it relative to the repository");
        Some(Violation::new(&file.path, index + 1, what))
    })
}

/// Whether the line names an absolute path under this folder; after a letter or a dot the slash belongs
/// to a relative path or an address.
fn names_path_under(line: &str, root: &str) -> bool {
    let prefix = format!("/{root}/");
    line.match_indices(&prefix).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '}' | ')'))
    })
}
