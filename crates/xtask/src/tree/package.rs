//! The members of the workspace and what each depends on, as `cargo metadata` tells it.
//!
//! Cargo resolves what a reader of `Cargo.toml` would have to: inherited features, renamed and
//! target-specific dependencies.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// A member of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    /// Its name, such as `herald-domain`.
    pub(crate) name: String,
    /// The path of its `Cargo.toml`, relative to the root of the repository.
    pub(crate) manifest: String,
    /// What it is built with; development dependencies are left out, since tests may see anything.
    pub(crate) dependencies: Vec<Dependency>,
}

/// One normal or build dependency.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Dependency {
    /// The package's name, whatever it was renamed to.
    pub(crate) name: String,
    /// The features asked for, the inherited ones included.
    #[serde(default)]
    pub(crate) features: Vec<String>,
    kind: Option<String>,
}

impl Dependency {
    /// A normal dependency with these features, for the tests of the rules.
    #[cfg(test)]
    pub(crate) fn new(name: &str, features: &[&str]) -> Self {
        let features = features.iter().map(|feature| (*feature).to_owned()).collect();
        Self { name: name.to_owned(), features, kind: None }
    }
}

/// Asks cargo for the members of the workspace at `root`.
pub(crate) fn members(root: &Path) -> Result<Vec<Package>> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root)
        .output()
        .context("running cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    parse(&output.stdout)
}

pub(super) fn parse(metadata: &[u8]) -> Result<Vec<Package>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Member>,
        workspace_root: String,
    }
    #[derive(Deserialize)]
    struct Member {
        name: String,
        manifest_path: String,
        dependencies: Vec<Dependency>,
    }

    let metadata: Metadata = serde_json::from_slice(metadata).context("reading cargo metadata")?;
    let root = Path::new(&metadata.workspace_root);
    let package = |mut member: Member| {
        member.dependencies.retain(|dependency| dependency.kind.as_deref() != Some("dev"));
        let manifest = Path::new(&member.manifest_path).strip_prefix(root)?.display().to_string();
        Ok(Package { name: member.name, manifest, dependencies: member.dependencies })
    };
    metadata.packages.into_iter().map(package).collect()
}
