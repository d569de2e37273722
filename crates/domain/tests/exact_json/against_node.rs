//! Every verdict and every byte, compared with Node's own `JSON.parse` and `JSON.stringify`.
//!
//! The cases go to one `node` process, on the script `fixed_point.mjs` beside this file, which also
//! restates the rule for numbers in exact integer arithmetic. Without Node these tests fail: the
//! promise they prove is about JavaScript.

use std::io::Write;
use std::process::{Command, Stdio};

use herald_domain::exact_json::{Problem, parse};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::generate;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exact_json/fixed_point.mjs");

/// `count` values of a strategy, from the same seed each time.
fn samples<T: std::fmt::Debug>(strategy: &impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    let mut sample = || strategy.new_tree(&mut runner).expect("no strategy here rejects").current();
    (0..count).map(|_| sample()).collect()
}

/// Shows the cases to Node, and fails with each one of which it thinks otherwise.
fn let_node_judge(cases: &[String]) {
    let mut node = Command::new("node")
        .arg(SCRIPT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test needs `node` on the PATH, to compare with a real JavaScript engine");
    let mut stdin = node.stdin.take().expect("it is piped");
    stdin.write_all(cases.join("\n").as_bytes()).expect("node reads all cases");
    drop(stdin);
    let output = node.wait_with_output().expect("node ends by itself");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "node failed: {said}");
    assert_eq!(said.trim(), format!("{} cases seen", cases.len()));
}

fn accepted(verdict: &str, input: &str, output: &[u8]) -> String {
    format!("{verdict} {} {}", hex::encode(input), hex::encode(output))
}

fn refused(verdict: &str, input: &str) -> String {
    format!("{verdict} {}", hex::encode(input))
}

#[test]
fn accepted_documents_are_fixed_points_of_javascript() {
    let documents = samples(&generate::document(), 5_000);
    let cases: Vec<_> = documents
        .iter()
        .map(|text| {
            let value = parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error} in {text}"));
            accepted("accepted", text, &value.to_bytes())
        })
        .collect();
    let_node_judge(&cases);
}

#[test]
fn values_built_in_code_are_fixed_points_of_javascript() {
    let values = samples(&generate::value(), 5_000);
    let cases: Vec<_> = values
        .iter()
        .map(|value| {
            let bytes = value.to_bytes();
            accepted("accepted", std::str::from_utf8(&bytes).unwrap(), &bytes)
        })
        .collect();
    let_node_judge(&cases);
}

#[test]
fn damaged_documents_are_refused_exactly_when_javascript_refuses_them() {
    let mut cases = Vec::new();
    for text in samples(&generate::damaged_document(), 5_000) {
        match parse(text.as_bytes()) {
            Ok(value) => cases.push(accepted("accepted", &text, &value.to_bytes())),
            Err(error) if is_malformed(&error.problem) => cases.push(refused("malformed", &text)),
            // Herald is stricter than JavaScript here, on purpose.
            Err(_) => {}
        }
    }
    let fine = cases.iter().filter(|case| case.starts_with("accepted")).count();
    assert!(fine > 500 && cases.len() - fine > 500, "{fine} of {} are accepted", cases.len());
    let_node_judge(&cases);
}

fn is_malformed(problem: &Problem) -> bool {
    !matches!(
        problem,
        Problem::TooDeep
            | Problem::DuplicateKey
            | Problem::LoneSurrogate
            | Problem::Overflow(_)
            | Problem::Underflow(_)
            | Problem::Inexact { .. }
    )
}

#[test]
fn a_number_is_refused_exactly_when_its_value_would_be_changed() {
    let mut cases = Vec::new();
    for literal in samples(&generate::literal(), 30_000) {
        cases.push(match parse(literal.as_bytes()) {
            Ok(value) => accepted("kept", &literal, &value.to_bytes()),
            Err(error) => {
                assert!(!is_malformed(&error.problem), "{error}: {literal}");
                refused("lost", &literal)
            }
        });
    }
    let kept = cases.iter().filter(|case| case.starts_with("kept")).count();
    assert!(kept > 5_000 && cases.len() - kept > 5_000, "{kept} of {} are kept", cases.len());
    let_node_judge(&cases);
}
