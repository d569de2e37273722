//! Dependencies point one way, and each layer is kept from what it must never see.
//!
//! ```text
//! domain  <-  store  <-  store-*  (a backend)
//!    ^          ^
//!    '----------'-- engine  <-  web  <-  herald  (the only product crate that names a backend)
//! ```
//!
//! Members of the workspace are listed as what a layer *may* use, so that a new member is refused until
//! its place was thought about; libraries are listed as what it may *not* use. Only normal and build
//! dependencies count, since a test may see anything. Cycles need no rule: cargo refuses them.

use super::Violation;
use crate::tree::{Dependency, Package, Tree};

/// What one layer may see.
struct Layer {
    members: &'static [&'static str],
    never: &'static [&'static [&'static str]],
}

const SQL: &[&str] = &[
    "deadpool-postgres",
    "postgres-types",
    "rusqlite",
    "sqlx",
    "tokio-postgres",
    "tokio-postgres-rustls",
];
const HTTP_SERVER: &[&str] = &["axum", "hyper", "hyper-util"];
const OUTGOING: &[&str] = &["hickory-resolver", "reqwest", "tokio-rustls"];
const EFFECTS: &[&str] =
    &["async-trait", "getrandom", "http", "rand", "reqwest", "tokio", "tracing"];

/// Backends are every member whose name begins like this.
const BACKEND: &str = "herald-store-";
/// Tools that are no part of the product: they may use every member.
const TOOLS: &[&str] = &["herald-bench", "herald-testkit", TESTPG, "xtask"];
const TESTKIT: &str = "herald-testkit";
/// Makes PostgreSQL servers for tests; the testkit's and the benchmark's too.
const TESTPG: &str = "herald-testpg";

/// The layer of a product crate; `None` if the crate has not been given one.
fn layer_of(name: &str) -> Option<Layer> {
    const ENGINE: &[&str] = &["herald-domain", "herald-store"];
    let layer = match name {
        "herald-domain" => Layer { members: &[], never: &[EFFECTS, HTTP_SERVER, SQL] },
        "herald-store" => Layer { members: &["herald-domain"], never: &[HTTP_SERVER, SQL] },
        "herald-engine" => Layer { members: ENGINE, never: &[&["axum"], SQL] },
        "herald-web" => Layer {
            members: &["herald-domain", "herald-store", "herald-engine"],
            never: &[OUTGOING, SQL],
        },
        "herald" => Layer {
            members: &["herald-domain", "herald-store", "herald-engine", "herald-web", BACKEND],
            never: &[SQL],
        },
        _ if name.starts_with(BACKEND) => Layer { members: ENGINE, never: &[HTTP_SERVER] },
        _ => return None,
    };
    Some(layer)
}

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    tree.packages.iter().flat_map(|package| check_package(tree, package)).collect()
}

fn check_package(tree: &Tree, package: &Package) -> Vec<Violation> {
    let is_tool = TOOLS.contains(&package.name.as_str());
    let layer = layer_of(&package.name);
    if layer.is_none() && !is_tool {
        let what = format!(
            "`{}` has no layer; decide what it may see and add it to rules/layers.rs",
            package.name
        );
        return vec![Violation::new(&package.manifest, 1, what)];
    }
    let report = |dependency: &Dependency| {
        let what = match &layer {
            Some(layer) => forbidden(layer, package, dependency, tree)?,
            None => tool_uses_testkit(package, dependency)?,
        };
        Some(Violation::new(&package.manifest, line_of(tree, package, dependency), what))
    };
    package.dependencies.iter().filter_map(report).collect()
}

/// Why this layer may not have this dependency, if so.
fn forbidden(
    layer: &Layer,
    package: &Package,
    dependency: &Dependency,
    tree: &Tree,
) -> Option<String> {
    let (crate_name, name) = (&package.name, &dependency.name);
    let is_member = tree.packages.iter().any(|package| package.name == *name);
    let is_backend = name.starts_with(BACKEND);
    let may_use =
        layer.members.contains(&name.as_str()) || (is_backend && layer.members.contains(&BACKEND));
    if is_member && !may_use {
        return Some(format!(
            "`{crate_name}` must not depend on `{name}`, which lies above or beside it; \
             move the code, or pass what it needs through a trait"
        ));
    }
    if layer.never.iter().any(|names| names.contains(&name.as_str())) {
        return Some(format!(
            "`{crate_name}` must never see `{name}`; do that work in the layer it belongs to"
        ));
    }
    let is_client = matches!(name.as_str(), "hyper" | "hyper-util")
        && dependency.features.iter().any(|feature| feature.starts_with("client"));
    (crate_name == "herald-web" && is_client).then(|| {
        format!("`herald-web` must not make requests (`{name}` with `client`); the engine does")
    })
}

/// The testkit starts servers and breaks things on purpose; only the benchmark shares it.
fn tool_uses_testkit(package: &Package, dependency: &Dependency) -> Option<String> {
    let allowed = package.name == "herald-bench";
    (dependency.name == TESTKIT && !allowed).then(|| {
        format!("`{}` must not depend on `{TESTKIT}`; make it a dev-dependency", package.name)
    })
}

/// Where the manifest names the dependency; 1 if it is renamed out of sight.
fn line_of(tree: &Tree, package: &Package, dependency: &Dependency) -> usize {
    let names_it = |line: &str| {
        line.trim_start()
            .strip_prefix(&dependency.name)
            .is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
    };
    let text = tree.file(&package.manifest).map_or("", |file| &file.text);
    text.lines().position(names_it).map_or(1, |index| index + 1)
}
