//! Unwraps: found in code and in macro calls, allowed in tests and in prose.

use super::assert_found;
use crate::rules::unwraps::check;

#[test]
fn an_unwrap_outside_tests_is_found_even_in_a_macro_call() {
    let text = "fn f() {\n    g().unwrap();\n    println!(\"{}\", g()\n        .unwrap());\n}\n";
    let expected = ["a.rs:2: `.unwrap()` outside tests", "a.rs:4: `.unwrap()` outside tests"];
    assert_found(check, &[("a.rs", text)], &expected);
}

#[test]
fn an_unwrap_in_a_test_passes() {
    let text = "#[cfg(test)]\nmod tests {\n    fn f() { g().unwrap(); }\n}\n";
    let helper = "struct S;\nimpl S {\n    #[cfg(test)]\n    fn f() { g().unwrap(); }\n}\n";
    let test = "fn f() { g().unwrap(); }\n";
    let files = [("a.rs", text), ("b.rs", helper), ("tests/c.rs", test), ("d/tests.rs", test)];
    assert_found(check, &files, &[]);
}

#[test]
fn code_that_is_also_compiled_without_tests_is_no_test() {
    let either = "#[cfg(any(test, feature = \"x\"))]\nfn f() { g().unwrap(); }\n";
    let not = "#[cfg(not(test))]\nfn f() { g().unwrap(); }\n";
    let both = "#[cfg(all(test, unix))]\nfn f() { g().unwrap(); }\n";
    let files = [("a.rs", either), ("b.rs", not), ("c.rs", both)];
    assert_found(check, &files, &["a.rs:2: ", "b.rs:2: "]);
}

#[test]
fn relatives_of_unwrap_and_mentions_of_it_pass() {
    let text = "// never .unwrap() here\nfn f() { g(\".unwrap()\").unwrap_or(0); }\n";
    assert_found(check, &[("a.rs", text)], &[]);
}
