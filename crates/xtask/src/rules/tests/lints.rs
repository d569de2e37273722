//! Lints: inherited by every member, `unsafe` forbidden at the root.

use crate::rules::lints::check;
use crate::tree::{Package, Tree};

const STRICT_ROOT: &str = "[workspace.lints.rust]\nunsafe_code = \"forbid\"\n";

fn judged(root: &str, member: &str) -> Vec<String> {
    let manifest = "crates/a/Cargo.toml";
    let mut tree = Tree::of(&[("Cargo.toml", root), (manifest, member)]);
    tree.packages.push(Package {
        name: "a".to_owned(),
        manifest: manifest.to_owned(),
        dependencies: Vec::new(),
    });
    check(&tree).into_iter().map(|violation| violation.to_string()).collect()
}

#[test]
fn a_member_that_inherits_the_lints_passes() {
    assert!(judged(STRICT_ROOT, "[lints]\nworkspace = true\n").is_empty());
}

#[test]
fn a_member_with_no_lints_or_its_own_is_found() {
    for member in ["", "[lints]\nworkspace = false\n", "[lints.rust]\nunsafe_code = \"allow\"\n"] {
        let found = judged(STRICT_ROOT, member);
        assert_eq!(found.len(), 1, "{member}: {found:#?}");
        assert!(found[0].starts_with("crates/a/Cargo.toml:1: "), "{found:#?}");
    }
}

#[test]
fn a_root_that_does_not_forbid_unsafe_is_found() {
    for root in ["", "[workspace.lints.rust]\nunsafe_code = \"deny\"\n"] {
        let found = judged(root, "[lints]\nworkspace = true\n");
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].starts_with("Cargo.toml:1: `unsafe`"), "{found:#?}");
    }
}
