//! Sleeps: real ones in tests are found, the manual clock's are not.

use super::assert_found;
use crate::rules::sleeps::check;

#[test]
fn every_way_to_sleep_in_a_test_is_found() {
    let text = "fn f() {\n    std::thread::sleep(d);\n    tokio::time::sleep(d).await;\n    \
                sleep(d);\n    tokio::select! { () = sleep_until(t) => {} }\n}\n";
    let expected = ["tests/a.rs:2: ", "tests/a.rs:3: ", "tests/a.rs:4: ", "tests/a.rs:5: "];
    assert_found(check, &[("tests/a.rs", text)], &expected);
}

#[test]
fn the_testkit_and_the_contract_suite_count_as_tests() {
    let text = "fn f() { thread::sleep(d); }\n";
    let files = [("crates/testkit/src/a.rs", text), ("crates/store/src/contract/b.rs", text)];
    let expected = ["crates/testkit/src/a.rs:1: ", "crates/store/src/contract/b.rs:1: "];
    assert_found(check, &files, &expected);
}

#[test]
fn the_product_may_sleep_and_a_test_may_use_the_manual_clock() {
    let product = "async fn f() { tokio::time::sleep(d).await; }\n";
    let test = "fn sleep() {}\nfn f() { clock.sleep(d); let sleep = 1; }\n";
    assert_found(check, &[("crates/engine/src/a.rs", product), ("tests/b.rs", test)], &[]);
}
