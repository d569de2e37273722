//! Nothing is left unfinished: no `todo!`, no `unimplemented!`, no ignored test, no marker in a comment.
//!
//! What is known to be missing is an issue; what is in the tree works. An ignored test is a promise that
//! nobody keeps.

use super::Violation;
use crate::tree::{TextFile, Tree};

/// Written in two halves, or this file would break its own rule.
const MARKERS: &[&str] = &[concat!("FIX", "ME"), concat!("XX", "X")];
const SEQUENCES: &[(&[&str], &str)] = &[
    (&["todo", "!"], "`todo!`; finish it, or leave the path out"),
    (&["unimplemented", "!"], "`unimplemented!`; finish it, or leave the path out"),
    (&["#", "[", "ignore"], "an ignored test; make it pass, or delete it"),
];

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in &tree.sources {
        for (sequence, what) in SEQUENCES {
            let found = source.find(sequence).into_iter();
            violations.extend(found.map(|line| Violation::new(&source.path, line, *what)));
        }
    }
    // A lock file holds hashes, in which any three letters can stand.
    let written = tree.files.iter().filter(|file| !file.path.contains("lock"));
    violations.extend(written.flat_map(markers));
    violations
}

fn markers(file: &TextFile) -> impl Iterator<Item = Violation> {
    file.text.lines().enumerate().filter_map(|(index, line)| {
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        let marker = words.find(|word| MARKERS.contains(word))?;
        let what = format!("`{marker}`; do it now, or file an issue and delete the marker");
        Some(Violation::new(&file.path, index + 1, what))
    })
}
