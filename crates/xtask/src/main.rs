//! `cargo xtask`: the checks of this repository that no compiler and no linter knows.
//!
//! `cargo xtask tidy` reads the whole tree once and asks every rule of [`rules`] what breaks it. Each
//! violation is one line, `file:line: what; what to do`, and any violation makes the exit code 1. It
//! never changes a file and needs no network.
#![expect(clippy::print_stdout, reason = "a command line tool talks on its standard output")]

mod measure;
mod rules;
mod tree;

use std::process::ExitCode;

use anyhow::Result;

use crate::measure::Summary;
use crate::tree::Tree;

const USAGE: &str = "usage: cargo xtask tidy    check this repository's own rules";

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tidy"] => tidy(),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            println!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}

/// Runs every rule over the working tree; fails if one of them found something.
fn tidy() -> Result<ExitCode> {
    let tree = Tree::of_this_repository()?;
    let mut violations = 0_usize;
    for rule in rules::ALL {
        for violation in (rule.check)(&tree) {
            println!("{violation} [{}]", rule.name);
            violations += 1;
        }
    }
    println!("tidy: {}; {violations} violations", Summary::of(&tree));
    Ok(if violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
