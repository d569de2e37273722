//! Every Rust file begins with its story: `//!` in the first line, saying what the file is for and what
//! it leaves to others. It is the first thing that a newcomer reads, so it cannot be optional.

use super::Violation;
use crate::tree::Tree;

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let begins_with_story = |text: &str| {
        let first = text.lines().next().and_then(|line| line.strip_prefix("//!"));
        first.is_some_and(|story| !story.trim().is_empty())
    };
    let rust = tree.sources.iter().filter_map(|source| tree.file(&source.path));
    rust.filter(|file| !begins_with_story(&file.text))
        .map(|file| {
            Violation::new(
                &file.path,
                1,
                "no story; begin the file with `//!` and what it is for, what it leaves to others",
            )
        })
        .collect()
}
