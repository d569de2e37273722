//! Promises: the page must exist, and so must every test that it names.

use super::assert_found;
use crate::rules::promises::check;

const PAGE: &str = "docs/promises.md";

const TESTS: &[(&str, &str)] = &[
    ("crates/domain/src/retry/tests.rs", "#[test]\nfn it_grows() {}\nfn helper() {}\n"),
    (
        "crates/herald/tests/books.rs",
        "mod crash {\n    #[tokio::test(x = 1)]\n    async fn balance() {}\n}\n",
    ),
    ("crates/domain/tests/json.rs", "proptest! {\n    #[test]\n    fn any_value(v in x()) {}\n}\n"),
    ("crates/store/src/contract/claims.rs", "pub async fn a_claim_is_fenced() {}\n"),
];

fn with_page(page: &'static str) -> Vec<(&'static str, &'static str)> {
    let mut files = TESTS.to_vec();
    files.push((PAGE, page));
    files
}

#[test]
fn a_missing_page_is_found() {
    assert_found(check, TESTS, &["docs/promises.md:1: missing"]);
}

#[test]
fn tests_are_found_by_file_and_by_the_end_of_their_path() {
    let page = "`domain::retry::tests::it_grows` `retry/tests.rs::it_grows` `tests::it_grows`\n\
                `books::crash::balance` `books.rs::balance` `json.rs::any_value`\n\
                `contract::claims::a_claim_is_fenced` and `some words` or a `path.rs`\n";
    assert_found(check, &with_page(page), &[]);
}

#[test]
fn a_name_that_is_no_test_is_found() {
    let page = "# Promises\n`books.rs::balanced` `other.rs::balance`\n`retry::tests::helper`\n\
                `retry::it_grows`\n";
    let expected = [
        "docs/promises.md:2: no test `books.rs::balanced`",
        "docs/promises.md:2: no test `other.rs::balance`",
        "docs/promises.md:3: no test `retry::tests::helper`",
        "docs/promises.md:4: no test `retry::it_grows`",
    ];
    assert_found(check, &with_page(page), &expected);
}
