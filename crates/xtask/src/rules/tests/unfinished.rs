//! Unfinished work: macros and ignored tests as code, markers as words.

use super::assert_found;
use crate::rules::unfinished::check;

#[test]
fn unfinished_macros_and_ignored_tests_are_found() {
    let text = "fn f() { todo!() }\nfn g() { unimplemented!(\"x\") }\n#[test]\n#[ignore]\nfn h() {}\n\
                #[test]\n#[ignore = \"slow\"]\nfn i() {}\n";
    let expected = ["a.rs:1: ", "a.rs:2: ", "a.rs:4: ", "a.rs:7: "];
    assert_found(check, &[("a.rs", text)], &expected);
}

#[test]
fn a_marker_in_any_written_file_is_found() {
    let rust = concat!("// FIX", "ME: later\n");
    let sql = concat!("SELECT 1; -- XX", "X why\n");
    assert_found(check, &[("a.rs", rust), ("b.sql", sql)], &["a.rs:1: ", "b.sql:1: "]);
}

#[test]
fn words_that_only_contain_a_marker_and_lock_files_pass() {
    let hashes = concat!("sha512-XX", "X/abc\n");
    let word = concat!("// XX", "XL is a size, and todo is a word: \"todo!\"\n");
    assert_found(check, &[("package-lock.json", hashes), ("a.rs", word)], &[]);
}
