//! The three figures that say whether the tail is growing: median file, 90th percentile and longest
//! function.
//!
//! The limits themselves are rules ([`crate::rules`]); the summary prints these figures on every run,
//! so that one sees them move before a limit is reached.

use std::fmt;

use crate::tree::{Function, Source, Tree};

/// Sizes of the code outside tests, in lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Files that hold anything but tests.
    pub(crate) files: usize,
    /// Half of the files are at most this long.
    pub(crate) median_file: usize,
    /// Functions with a body.
    pub(crate) functions: usize,
    /// Nine of ten functions are at most this long.
    pub(crate) p90_function: usize,
    /// The longest function.
    pub(crate) longest_function: usize,
}

impl Summary {
    /// Measures the whole tree.
    pub(crate) fn of(tree: &Tree) -> Self {
        let files: Vec<usize> = code_files(tree).map(Source::code_lines).collect();
        let functions: Vec<usize> = bodies(tree).map(|(_, function)| function.lines).collect();
        Self {
            files: files.len(),
            functions: functions.len(),
            median_file: percentile(files, 50),
            longest_function: functions.iter().copied().max().unwrap_or(0),
            p90_function: percentile(functions, 90),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} files of code, median {} lines; {} functions, p90 {} lines, longest {}",
            self.files, self.median_file, self.functions, self.p90_function, self.longest_function
        )
    }
}

/// The files that are not wholly test code.
pub(crate) fn code_files(tree: &Tree) -> impl Iterator<Item = &Source> {
    tree.sources.iter().filter(|source| !source.is_test_file())
}

/// Every function outside tests that has a body, with its file.
pub(crate) fn bodies(tree: &Tree) -> impl Iterator<Item = (&Source, &Function)> {
    tree.sources
        .iter()
        .flat_map(|source| source.functions.iter().map(move |function| (source, function)))
        .filter(|(_, function)| function.lines > 0)
}

/// The smallest value that at least `percent` % of the values do not exceed; 0 of nothing.
pub(crate) fn percentile(mut values: Vec<usize>, percent: usize) -> usize {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100);
    values.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
