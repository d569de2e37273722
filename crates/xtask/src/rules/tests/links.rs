//! Links between documents: dead ones are found in every shape, living ones and code pass.

use super::assert_found;
use crate::rules::links::check;

#[test]
fn a_dead_link_is_found_in_every_shape() {
    let text =
        "[a](gone.md)\n![a](gone.png \"title\")\n[a]: gone.md\n[a](docs/) [b](gone.md#part)\n";
    let files = [("README.md", text), ("docs/a.md", "")];
    let expected = ["README.md:1: ", "README.md:2: ", "README.md:3: ", "README.md:4: "];
    assert_found(check, &files, &expected);
}

#[test]
fn links_are_relative_to_their_document() {
    let files = [("docs/adr/a.md", "[x](../b.md) [y](c.md) [z](/README.md) [v](../../..)\n")];
    let others = [("docs/b.md", ""), ("README.md", "")];
    let all = [files[0], others[0], others[1]];
    let expected =
        ["docs/adr/a.md:1: the link to `c.md`", "docs/adr/a.md:1: the link to `../../..`"];
    assert_found(check, &all, &expected);
}

#[test]
fn living_links_anchors_addresses_and_code_pass() {
    let text = "[a](docs/a.md#part) [b](#here) [c](https://example.com/x) [d](docs) [e](mailto:x@y.z)\n\
                `[f](gone.md)`\n```\n[g](gone.md)\n```\n";
    assert_found(check, &[("README.md", text), ("docs/a.md", "")], &[]);
}

#[test]
fn other_files_are_not_searched() {
    assert_found(check, &[("a.txt", "[a](gone.md)\n")], &[]);
}
