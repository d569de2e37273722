//! "Did you mean …?" for a key that is not there.

use super::{Entry, EntryKind, environment::variable_of, keys::KEYS};

/// What to say about an entry whose key is not there.
pub(super) fn unknown(entry: &Entry) -> String {
    let what = match entry.kind {
        EntryKind::File => "key",
        EntryKind::Variable => "variable",
    };
    let advice = match closest(&entry.path) {
        Some(path) if entry.kind == EntryKind::Variable => {
            format!("did you mean `{}`?", variable_of(path))
        }
        Some(path) => format!("did you mean `{path}`?"),
        None => "remove it; `herald config` lists the known ones".into(),
    };
    format!("unknown {what} `{}`: {advice}", entry.name)
}

/// The known key that was most likely meant, if any is near. Besides typos, people leave out or
/// misplace the section, and write one underscore where two belong.
fn closest(path: &str) -> Option<&'static str> {
    let path = plain(path);
    let near = |known: &'static str| {
        let last = known.rsplit('.').next().unwrap_or(known);
        let by_whole = distance(&path, &plain(known));
        // The section is worth one mistake, so that the same name elsewhere loses to a near one.
        let by_last = distance(path.rsplit('.').next().unwrap_or(&path), last) + 1;
        (by_whole.min(by_last), known)
    };
    let (mistakes, known) = KEYS.iter().map(|key| near(key.path)).min()?;
    (mistakes <= 1 + path.len() / 5).then_some(known)
}

fn plain(path: &str) -> String {
    let path = path.to_lowercase().replace(['.', '-'], "_").replace("__", "_");
    path.strip_prefix("herald_").unwrap_or(&path).to_owned()
}

/// Levenshtein's: how many characters have to be put in, taken out or replaced.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
