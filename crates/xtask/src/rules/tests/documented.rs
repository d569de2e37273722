//! Documented: each of the three crates has to ask for it.

use super::assert_found;
use crate::rules::documented::check;

const STRICT: &str = "//! story\n#![warn(missing_docs)]\n";

#[test]
fn crates_that_ask_for_documentation_pass() {
    let files = [
        ("crates/domain/src/lib.rs", STRICT),
        ("crates/store/src/lib.rs", STRICT),
        ("crates/engine/src/lib.rs", "//! story\n#![deny(missing_docs)]\n"),
    ];
    assert_found(check, &files, &[]);
}

#[test]
fn a_crate_that_does_not_ask_is_found() {
    let files = [
        ("crates/domain/src/lib.rs", STRICT),
        ("crates/store/src/lib.rs", "//! story, `#![warn(missing_docs)]` only in words\n"),
        ("crates/engine/src/lib.rs", "//! story\n#![allow(missing_docs)]\n"),
    ];
    let expected = ["crates/store/src/lib.rs:1: `store`", "crates/engine/src/lib.rs:1: `engine`"];
    assert_found(check, &files, &expected);
}
