//! Function sizes: both limits on length, the one on parameters, and what does not count.

use std::fmt::Write;

use super::assert_found;
use crate::rules::functions::check;

/// A function of that many lines, braces included.
fn function(name: &str, lines: usize) -> String {
    format!("fn {name}() {{\n{}}}\n", "    f();\n".repeat(lines - 2))
}

fn many_short_functions() -> String {
    (0..20).fold(String::new(), |mut text, index| {
        write!(text, "{}", function(&format!("short{index}"), 3)).expect("a string takes all");
        text
    })
}

#[test]
fn a_function_of_81_lines_is_found_and_one_of_80_is_not() {
    let short = many_short_functions();
    let too_long = short.clone() + &function("long", 81);
    assert_found(check, &[("a.rs", &too_long)], &["a.rs:61: `long` has 81 lines"]);
    assert_found(check, &[("a.rs", &(short + &function("long", 80)))], &[]);
}

#[test]
fn methods_and_nested_functions_are_measured_too() {
    let method = format!("struct S;\nimpl S {{\n{}}}\n", function("method", 81));
    let files = [("a.rs", method + &many_short_functions())];
    assert_found(check, &[(files[0].0, &files[0].1)], &["a.rs:3: `method` has 81 lines"]);
}

#[test]
fn seven_parameters_are_found_and_six_are_not() {
    let seven = "fn f(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8) {}";
    let six = "fn f(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) {}";
    assert_found(check, &[("a.rs", seven)], &["a.rs:1: `f` takes 7 parameters"]);
    assert_found(check, &[("a.rs", six)], &[]);
}

#[test]
fn a_trait_method_without_a_body_is_held_to_its_parameters() {
    let text = "trait T {\n    fn f(&self, a: u8, b: u8, c: u8, d: u8, e: u8, f: u8);\n}";
    assert_found(check, &[("a.rs", text)], &["a.rs:2: `f` takes 7 parameters"]);
}

#[test]
fn a_long_tail_is_found_at_the_longest_function() {
    let text = function("a", 36) + &function("b", 40) + &function("c", 36);
    assert_found(check, &[("a.rs", &text)], &["a.rs:37: one function in ten has 40 lines"]);
    assert_found(check, &[("a.rs", &function("a", 35))], &[]);
}

#[test]
fn test_functions_may_be_long() {
    let test = format!("#[test]\n{}", function("long", 120));
    assert_found(check, &[("a.rs", &test), ("tests/b.rs", &function("long", 120))], &[]);
}
