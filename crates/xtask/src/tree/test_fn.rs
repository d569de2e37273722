//! The tests of a file, by name.
//!
//! They are found in the tokens rather than in the syntax tree, since a property test is written inside
//! a macro call, where the syntax tree does not look. A case of the store's contract suite counts as a
//! test as well: every backend runs it under its own name.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::Source;

/// Functions of this folder are tests without an attribute that says so.
const CONTRACT: &str = "crates/store/src/contract";

/// A test, and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TestFn {
    /// The file it is in, relative to the root of the repository.
    pub(crate) file: String,
    /// Its path of modules from the crate on, and its name: `domain::schedule::tests::it_grows`.
    pub(crate) path: Vec<String>,
}

impl TestFn {
    /// Whether a document that writes `name` means this test: `file.rs::test`, or the end of its path.
    pub(crate) fn answers_to(&self, name: &str) -> bool {
        let name = name.trim_end_matches("()");
        if let Some((file, test)) = name.split_once(".rs::") {
            let same_file = format!("/{}", self.file).ends_with(&format!("/{file}.rs"));
            return same_file && self.path.last().is_some_and(|last| last == test);
        }
        let wanted: Vec<&str> = name.split("::").collect();
        let skipped = self.path.len().checked_sub(wanted.len());
        skipped.is_some_and(|skipped| self.path[skipped..].iter().eq(&wanted))
    }
}

/// Every test of this file, those inside macro calls included.
pub(crate) fn tests_of(source: &Source) -> Vec<TestFn> {
    let mut search = Search {
        file: &source.path,
        every_function: source.path.starts_with(CONTRACT),
        path: modules_of(&source.path),
        found: Vec::new(),
    };
    search.walk(source.stream());
    search.found
}

/// `crates/domain/src/retry/tests.rs` → `domain, retry, tests`; an integration test is a crate too.
fn modules_of(path: &str) -> Vec<String> {
    let path = path.strip_prefix("crates/").unwrap_or(path);
    let path = path.strip_suffix(".rs").unwrap_or(path);
    path.split('/')
        .filter(|part| !matches!(*part, "src" | "lib" | "main" | "mod"))
        .map(|part| part.replace('-', "_"))
        .collect()
}

struct Search<'a> {
    file: &'a str,
    every_function: bool,
    path: Vec<String>,
    found: Vec<TestFn>,
}

impl Search<'_> {
    fn walk(&mut self, stream: TokenStream) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut marked = false;
        let mut module = None;
        for (index, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                    marked |= ends_in_test(group.stream());
                }
                TokenTree::Group(group) => {
                    let module: Option<String> = module.take();
                    let depth = self.path.len();
                    self.path.extend(module);
                    self.walk(group.stream());
                    self.path.truncate(depth);
                    marked &= group.delimiter() != Delimiter::Brace;
                }
                TokenTree::Ident(keyword) if keyword == "mod" => {
                    module = tokens.get(index + 1).map(ToString::to_string);
                }
                TokenTree::Ident(keyword) if keyword == "fn" => {
                    self.function(tokens.get(index + 1), marked);
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => {
                    marked = false;
                    module = None;
                }
                _ => {}
            }
        }
    }

    fn function(&mut self, name: Option<&TokenTree>, marked: bool) {
        if let (Some(TokenTree::Ident(name)), true) = (name, marked || self.every_function) {
            let mut path = self.path.clone();
            path.push(name.to_string());
            self.found.push(TestFn { file: self.file.to_owned(), path });
        }
    }
}

/// Whether the inside of an attribute is the path of a test macro: `test`, `tokio::test`,
/// `tokio::test(start_paused = true)`.
fn ends_in_test(attribute: TokenStream) -> bool {
    let path = attribute.into_iter().take_while(|token| !matches!(token, TokenTree::Group(_)));
    path.last().is_some_and(|last| last.to_string() == "test")
}
