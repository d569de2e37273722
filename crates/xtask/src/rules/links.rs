//! Every link from one document to another leads somewhere.
//!
//! Markdown files are searched for inline links, images and reference definitions. Targets with a
//! scheme and pure `#anchors` are left alone; what stands in code is not a link.

use super::Violation;
use crate::tree::{TextFile, Tree};

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let documents = tree.files.iter().filter(|file| file.has_extension("md"));
    documents.flat_map(|document| check_document(tree, document)).collect()
}

fn check_document(tree: &Tree, document: &TextFile) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut fenced = false;
    for (index, line) in document.text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for target in targets(&without_code(line)) {
            if !leads_somewhere(tree, document, &target) {
                let what = format!("the link to `{target}` leads nowhere; correct or remove it");
                violations.push(Violation::new(&document.path, index + 1, what));
            }
        }
    }
    violations
}

/// The line without its inline code.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("")
}

/// What the links of a line point to, without titles and anchors.
fn targets(line: &str) -> Vec<String> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let definition =
        line.strip_prefix('[').and_then(|rest| rest.split_once("]:")).map(|(_, target)| target);
    inline
        .chain(definition)
        .filter_map(|target| target.split_whitespace().next())
        .map(|target| target.trim_matches(['<', '>']))
        .filter(|target| !target.contains(':') && !target.starts_with('#'))
        .filter_map(|target| target.split('#').next().map(str::to_owned))
        .collect()
}

fn leads_somewhere(tree: &Tree, document: &TextFile, target: &str) -> bool {
    let Some(path) = resolve(&document.path, target) else { return false };
    let folder = format!("{path}/");
    path.is_empty()
        || tree.files.iter().any(|file| file.path == path || file.path.starts_with(&folder))
}

/// The target as a path from the root of the repository; `None` if it lies outside.
fn resolve(document: &str, target: &str) -> Option<String> {
    let mut folders: Vec<&str> = document.split('/').collect();
    folders.pop();
    if target.starts_with('/') {
        folders.clear();
    }
    for component in target.split('/') {
        match component {
            "" | "." => {}
            ".." => {
                folders.pop()?;
            }
            name => folders.push(name),
        }
    }
    Some(folders.join("/"))
}
