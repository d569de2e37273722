//! One Rust file: its tokens, its functions, and which of its lines are test code.
//!
//! Two views of the same text serve different rules. Tokens see into macro calls
//! (`tokio::select! { … }`, `proptest! { … }`), where a syntax tree sees only an opaque body; the
//! syntax tree knows where an item ends. Neither sees ordinary comments or the inside of strings, so a
//! rule about code is never tripped by prose.
//!
//! Test code is: a file named `tests.rs`, a file under a folder `tests`, `benches` or `contract` (the
//! suite that every backend of the store passes), and any item that is compiled only for tests
//! (`#[cfg(test)]`, alone or in an `all(…)`) or is a test function.

use std::ops::RangeInclusive;

use anyhow::Result;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Attribute, Meta, Signature, Token, punctuated::Punctuated};

/// A parsed Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Relative to the root of the repository, with `/`.
    pub(crate) path: String,
    /// Number of lines in the file.
    pub(crate) lines: usize,
    /// Every token in order, brackets included.
    pub(crate) tokens: Vec<Lexeme>,
    /// Every function outside test code, methods and nested ones included.
    pub(crate) functions: Vec<Function>,
    stream: TokenStream,
    test_lines: Vec<RangeInclusive<usize>>,
}

/// A token as text; punctuation is one character each.
#[derive(Debug)]
pub(crate) struct Lexeme {
    pub(crate) text: String,
    /// 1-based.
    pub(crate) line: usize,
}

/// The measures of one function.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Where its `fn` stands, 1-based.
    pub(crate) line: usize,
    /// From `fn` to the closing brace; 0 if it has no body.
    pub(crate) lines: usize,
    /// The receiver counts, as it does for clippy.
    pub(crate) parameters: usize,
}

impl Source {
    /// Parses `text`; fails if it is not valid Rust.
    pub(crate) fn parse(path: String, text: &str) -> Result<Self> {
        let syntax = syn::parse_file(text)?;
        let lines = text.lines().count();
        let mut survey = Survey::default();
        if is_test_path(&path) {
            survey.test_lines.push(1..=lines.max(1));
        } else {
            survey.visit_file(&syntax);
        }
        let mut tokens = Vec::new();
        let stream: TokenStream = syn::parse_str(text)?;
        flatten(stream.clone(), &mut tokens);
        Ok(Self {
            path,
            lines,
            tokens,
            functions: survey.functions,
            stream,
            test_lines: survey.test_lines,
        })
    }

    /// Whether that line (1-based) is test code.
    pub(crate) fn is_test(&self, line: usize) -> bool {
        self.test_lines.iter().any(|range| range.contains(&line))
    }

    /// Whether the whole file is test code.
    pub(crate) fn is_test_file(&self) -> bool {
        is_test_path(&self.path)
    }

    /// How many lines are not test code, blank lines and comments included.
    pub(crate) fn code_lines(&self) -> usize {
        (1..=self.lines).filter(|line| !self.is_test(*line)).count()
    }

    /// The tokens as a tree of groups.
    pub(crate) fn stream(&self) -> TokenStream {
        self.stream.clone()
    }

    /// The lines at which this sequence of tokens begins.
    pub(crate) fn find(&self, sequence: &[&str]) -> Vec<usize> {
        self.tokens
            .windows(sequence.len())
            .filter(|window| window.iter().map(|token| &token.text).eq(sequence))
            .map(|window| window[0].line)
            .collect()
    }
}

fn is_test_path(path: &str) -> bool {
    let mut folders: Vec<&str> = path.split('/').collect();
    let file = folders.pop();
    let of_tests = |folder: &&str| matches!(*folder, "tests" | "benches" | "contract");
    file == Some("tests.rs") || folders.iter().any(of_tests)
}

fn flatten(stream: TokenStream, into: &mut Vec<Lexeme>) {
    for tree in stream {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                into.push(Lexeme { text: open.to_owned(), line });
                flatten(group.stream(), into);
                let line = group.span_close().start().line;
                into.push(Lexeme { text: close.to_owned(), line });
            }
            token => into.push(Lexeme { text: token.to_string(), line }),
        }
    }
}

/// Collects functions and test items in one walk; it does not enter test items.
#[derive(Default)]
struct Survey {
    functions: Vec<Function>,
    test_lines: Vec<RangeInclusive<usize>>,
}

impl Survey {
    /// Notes the item as test code if its attributes say so.
    fn sets_aside(&mut self, attributes: &[Attribute], item: &impl Spanned) -> bool {
        let test = attributes.iter().any(marks_test_code);
        if test {
            let span = item.span();
            self.test_lines.push(span.start().line..=span.end().line);
        }
        test
    }

    fn measure(&mut self, signature: &Signature, body: Option<&syn::Block>) {
        let line = signature.fn_token.span.start().line;
        let end = body.map(|body| body.brace_token.span.close().end().line);
        self.functions.push(Function {
            name: signature.ident.to_string(),
            line,
            lines: end.map_or(0, |end| end - line + 1),
            parameters: signature.inputs.len(),
        });
    }
}

impl<'ast> Visit<'ast> for Survey {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !self.sets_aside(attributes_of(item), item) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig, Some(&function.block));
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !self.sets_aside(&function.attrs, function) {
            self.measure(&function.sig, Some(&function.block));
            syn::visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        self.measure(&function.sig, function.default.as_ref());
        syn::visit::visit_trait_item_fn(self, function);
    }
}

fn attributes_of(item: &syn::Item) -> &[Attribute] {
    use syn::Item;
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// `#[test]`, `#[tokio::test]`, or a `#[cfg(…)]` that can hold only in a test build.
fn marks_test_code(attribute: &Attribute) -> bool {
    if attribute.path().is_ident("cfg") {
        return attribute.parse_args::<Meta>().is_ok_and(|predicate| only_in_tests(&predicate));
    }
    attribute.path().segments.last().is_some_and(|segment| segment.ident == "test")
}

fn only_in_tests(predicate: &Meta) -> bool {
    let Meta::List(list) = predicate else { return predicate.path().is_ident("test") };
    let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    let Ok(parts) = parts else { return false };
    if list.path.is_ident("all") {
        parts.iter().any(only_in_tests)
    } else if list.path.is_ident("any") {
        !parts.is_empty() && parts.iter().all(only_in_tests)
    } else {
        false
    }
}
