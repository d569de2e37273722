//! Layers: who may depend on whom, told by packages made here.

use crate::rules::layers::check;
use crate::tree::{Dependency, Package, Tree};

const MEMBERS: &[&str] = &[
    "herald-domain",
    "herald-store",
    "herald-store-sqlite",
    "herald-store-postgres",
    "herald-engine",
    "herald-web",
    "herald",
    "herald-testkit",
    "herald-testpg",
    "herald-bench",
    "xtask",
];

fn package(name: &str, dependencies: &[&str]) -> Package {
    let dependency = |written: &&str| match written.split_once('+') {
        Some((name, feature)) => Dependency::new(name, &[feature]),
        None => Dependency::new(written, &[]),
    };
    Package {
        name: name.to_owned(),
        manifest: format!("crates/{name}/Cargo.toml"),
        dependencies: dependencies.iter().map(dependency).collect(),
    }
}

/// What the rule says if, in a workspace of all members, `name` depends on these (`crate+feature`).
fn judged(name: &str, dependencies: &[&str]) -> Vec<String> {
    let others = MEMBERS.iter().filter(|member| **member != name);
    let mut packages: Vec<Package> = others.map(|other| package(other, &[])).collect();
    packages.push(package(name, dependencies));
    let tree = Tree { packages, ..Tree::default() };
    check(&tree).into_iter().map(|violation| violation.to_string()).collect()
}

#[track_caller]
fn assert_refused(name: &str, dependency: &str) {
    let found = judged(name, &[dependency]);
    let library = dependency.split('+').next().expect("split yields one part at least");
    let names_both = |text: &String| {
        text.contains(&format!("`{name}`")) && text.contains(&format!("`{library}`"))
    };
    assert!(found.len() == 1 && names_both(&found[0]), "{name} -> {dependency}: {found:#?}");
}

#[track_caller]
fn assert_allowed(name: &str, dependencies: &[&str]) {
    assert_eq!(judged(name, dependencies), Vec::<String>::new());
}

#[test]
fn the_domain_sees_no_other_member_and_no_effects() {
    for dependency in [
        "herald-store",
        "tokio",
        "async-trait",
        "rusqlite",
        "hyper",
        "axum",
        "tracing",
        "http",
        "rand",
        "getrandom",
    ] {
        assert_refused("herald-domain", dependency);
    }
    assert_allowed("herald-domain", &["serde", "jiff", "hmac"]);
}

#[test]
fn the_store_sees_the_domain_and_no_driver() {
    for dependency in [
        "herald-engine",
        "rusqlite",
        "sqlx",
        "tokio-postgres",
        "deadpool-postgres",
        "hyper",
        "axum",
    ] {
        assert_refused("herald-store", dependency);
    }
    assert_allowed("herald-store", &["herald-domain", "async-trait"]);
}

#[test]
fn a_backend_sees_neither_the_layers_above_nor_another_backend() {
    for dependency in ["herald-engine", "herald-web", "axum", "hyper", "herald-store-sqlite"] {
        assert_refused("herald-store-postgres", dependency);
    }
    assert_refused("herald-store-sqlite", "herald-store-postgres");
    assert_allowed("herald-store-sqlite", &["herald-domain", "herald-store", "rusqlite"]);
    assert_allowed("herald-store-postgres", &["herald-store", "deadpool-postgres", "rustls"]);
}

#[test]
fn the_engine_sees_no_backend_and_no_server() {
    for dependency in ["axum", "rusqlite", "herald-store-sqlite", "herald-web"] {
        assert_refused("herald-engine", dependency);
    }
    assert_allowed("herald-engine", &["herald-domain", "herald-store", "hyper+client", "tokio"]);
}

#[test]
fn the_web_makes_no_requests_and_sees_no_driver() {
    for dependency in ["rusqlite", "herald-store-sqlite", "hickory-resolver", "tokio-rustls"] {
        assert_refused("herald-web", dependency);
    }
    let found = judged("herald-web", &["hyper+client", "hyper-util+client-legacy"]);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_allowed("herald-web", &["herald-engine", "axum", "hyper+server", "hyper-util+tokio"]);
}

#[test]
fn only_the_program_and_the_tools_name_a_backend() {
    let backends = ["herald-store-sqlite", "herald-store-postgres"];
    assert_allowed("herald", &[backends[0], backends[1], "herald-web", "herald-engine"]);
    assert_allowed("herald-bench", &[backends[0], "herald-testkit", "herald-testpg"]);
    assert_allowed("herald-testkit", &[backends[0], backends[1], "herald-testpg"]);
    assert_refused("herald-store", "herald-store-sqlite");
}

#[test]
fn the_testkit_is_nobodys_normal_dependency_but_the_benchmarks() {
    for name in ["herald", "herald-engine", "herald-web", "xtask"] {
        assert_refused(name, "herald-testkit");
    }
    for name in ["herald", "herald-engine", "herald-store-postgres"] {
        assert_refused(name, "herald-testpg");
    }
}

#[test]
fn a_new_member_is_refused_until_it_has_a_layer() {
    let found = judged("herald-plugins", &[]);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("`herald-plugins` has no layer"), "{found:#?}");
}

#[test]
fn a_violation_points_at_the_line_of_the_dependency() {
    let text = "[dependencies]\ntokio-rustls = \"1\"\ntokio.workspace = true\n";
    let mut tree = Tree::of(&[("crates/herald-domain/Cargo.toml", text)]);
    tree.packages.push(package("herald-domain", &["tokio"]));
    assert_eq!(check(&tree)[0].line, 3);
}
