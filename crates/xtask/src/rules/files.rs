//! Files stay small: no file has more than [`HARD_LIMIT`] lines that are not tests, and half of them
//! have at most [`MEDIAN_LIMIT`]. A long file is two subjects, or one that nobody has thought through.

use super::Violation;
use crate::measure::{code_files, percentile};
use crate::tree::{Source, Tree};

/// Lines outside tests in any one file.
const HARD_LIMIT: usize = 500;
/// The median over all files.
const MEDIAN_LIMIT: usize = 180;

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations: Vec<Violation> = code_files(tree)
        .filter(|source| source.code_lines() > HARD_LIMIT)
        .map(|source| {
            let what = format!(
                "{} lines outside tests, the limit is {HARD_LIMIT}; split it by subject",
                source.code_lines()
            );
            Violation::new(&source.path, source.lines, what)
        })
        .collect();
    violations.extend(median(tree));
    violations
}

/// The median belongs to no file, so it is reported at the longest one.
fn median(tree: &Tree) -> Option<Violation> {
    let median = percentile(code_files(tree).map(Source::code_lines).collect(), 50);
    let longest = code_files(tree).max_by_key(|source| source.code_lines())?;
    (median > MEDIAN_LIMIT).then(|| {
        let what = format!(
            "the median file has {median} lines outside tests, the limit is {MEDIAN_LIMIT}; \
             split the longest files, of which this is the first"
        );
        Violation::new(&longest.path, longest.lines, what)
    })
}
