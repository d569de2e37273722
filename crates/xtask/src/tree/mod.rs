//! The repository as the rules see it: read once, parsed once, then only looked at.
//!
//! A [`Tree`] holds every file that git tracks or would track (a file is checked before its first
//! commit, not after), every Rust file as a [`Source`], and every workspace member as a [`Package`].
//! Rules take a `&Tree` and touch neither the disk nor git, so a test hands them a small tree made of
//! strings.

mod package;
mod source;
mod test_fn;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

pub(crate) use self::package::{Dependency, Package};
pub(crate) use self::source::{Function, Source};
pub(crate) use self::test_fn::{TestFn, tests_of};

/// Everything that the rules may look at.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// All text files, in git's order.
    pub(crate) files: Vec<TextFile>,
    /// The Rust files among them, parsed.
    pub(crate) sources: Vec<Source>,
    /// The members of the workspace.
    pub(crate) packages: Vec<Package>,
}

/// One text file.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// Relative to the root of the repository, with `/`.
    pub(crate) path: String,
    /// The whole content.
    pub(crate) text: String,
}

impl TextFile {
    /// Whether its name ends in a dot and this extension.
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }
}

impl Tree {
    /// Reads the working tree of the repository that the current folder is in.
    pub(crate) fn of_this_repository() -> Result<Self> {
        let top = git(Path::new("."), &["rev-parse", "--show-toplevel"])?;
        let root = Path::new(top.trim_end_matches('\n'));
        let mut tree = Self::default();
        for path in listed_by_git(root)? {
            // A file that is deleted but not yet committed is still listed; one that is not UTF-8
            // (an image, a font) holds nothing for these rules.
            let Ok(text) = std::fs::read_to_string(root.join(&path)) else { continue };
            tree.add(path, text)?;
        }
        tree.packages = package::members(root)?;
        Ok(tree)
    }

    /// The file of that path, if the repository has it.
    pub(crate) fn file(&self, path: &str) -> Option<&TextFile> {
        self.files.iter().find(|file| file.path == path)
    }

    fn add(&mut self, path: String, text: String) -> Result<()> {
        let file = TextFile { path, text };
        if file.has_extension("rs") {
            let source = Source::parse(file.path.clone(), &file.text)
                .with_context(|| format!("{} is not valid Rust", file.path))?;
            self.sources.push(source);
        }
        self.files.push(file);
        Ok(())
    }

    /// A tree of these (path, text) pairs, for the tests of the rules.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.add((*path).to_owned(), (*text).to_owned()).expect("a fixture is valid Rust");
        }
        tree
    }
}

fn listed_by_git(root: &Path) -> Result<Vec<String>> {
    let arguments =
        ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
    Ok(git(root, &arguments)?.split_terminator('\0').map(str::to_owned).collect())
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .output()
        .context("git could not be started")?;
    ensure!(
        output.status.success(),
        "git {}: {}",
        arguments[0],
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).context("a path is not UTF-8")
}

#[cfg(test)]
mod tests;
