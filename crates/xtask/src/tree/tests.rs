//! How the tree is read: packages from cargo's answer, and this very repository.

use super::Tree;
use super::package::parse;

const METADATA: &str = r#"{
    "workspace_root": "/src/herald",
    "packages": [{
        "name": "herald-engine",
        "manifest_path": "/src/herald/crates/engine/Cargo.toml",
        "dependencies": [
            {"name": "hyper", "kind": null, "features": ["client"]},
            {"name": "cc", "kind": "build", "features": []},
            {"name": "herald-testkit", "kind": "dev", "features": []}
        ]
    }]
}"#;

#[test]
fn development_dependencies_are_left_out_and_build_dependencies_are_not() {
    let packages = parse(METADATA.as_bytes()).unwrap();
    assert_eq!(packages[0].manifest, "crates/engine/Cargo.toml");
    let names: Vec<&str> = packages[0].dependencies.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(names, ["hyper", "cc"]);
    assert_eq!(packages[0].dependencies[0].features, ["client"]);
}

#[test]
fn this_repository_is_read_with_its_members_and_their_files() {
    let tree = Tree::of_this_repository().unwrap();
    let this = tree.packages.iter().find(|package| package.name == "xtask").unwrap();
    assert!(tree.file(&this.manifest).is_some());
    assert!(tree.sources.iter().any(|source| source.path == "crates/xtask/src/tree/tests.rs"));
    assert!(tree.files.iter().all(|file| !file.path.starts_with("target/")));
}
