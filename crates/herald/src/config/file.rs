//! The TOML file as a source: its keys flattened to paths, each with its line.
//!
//! An error never repeats the text around it, as TOML parsers like to: a secret may stand there.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::{ConfigProblems, Entry, EntryKind, values::Given};

/// Every value of the file; what cannot be read goes to `problems`.
pub(super) fn read(path: &Path, problems: &mut ConfigProblems) -> Vec<Entry> {
    let shown = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&shown, &text, problems),
        Err(error) => {
            problems.add(&shown, format!("the file cannot be read: {error}"));
            Vec::new()
        }
    }
}

fn parse(file: &str, text: &str, problems: &mut ConfigProblems) -> Vec<Entry> {
    match DeTable::parse(text) {
        Ok(table) => {
            let mut reading = Reading { file, text, entries: Vec::new(), problems };
            reading.table("", table.get_ref());
            reading.entries
        }
        Err(error) => {
            let start = error.span().map_or(0, |span| span.start);
            let place = format!("{file}:{}", line_of(text, start));
            problems.add(&place, format!("this is not TOML: {}", error.message()));
            Vec::new()
        }
    }
}

struct Reading<'a> {
    file: &'a str,
    text: &'a str,
    entries: Vec<Entry>,
    problems: &'a mut ConfigProblems,
}

impl Reading<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = match prefix {
                "" => key.get_ref().to_string(),
                section => format!("{section}.{}", key.get_ref()),
            };
            if let DeValue::Table(inner) = value.get_ref() {
                self.table(&path, inner);
                continue;
            }
            let place = format!("{}:{}", self.file, line_of(self.text, key.span().start));
            match given(value.get_ref()) {
                Some(given) => {
                    let name = path.clone();
                    self.entries.push(Entry { path, name, place, kind: EntryKind::File, given });
                }
                None => self.problems.add(
                    &place,
                    format!("`{path}` should be a text, a number, true, false, or a list of texts"),
                ),
            }
        }
    }
}

fn given(value: &DeValue<'_>) -> Option<Given> {
    match value {
        DeValue::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(|item| one(item.get_ref())).collect();
            items.map(Given::Many)
        }
        value => one(value).map(Given::One),
    }
}

fn one(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// The line, from 1, that the byte at `offset` is in.
fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    1 + before.filter(|byte| **byte == b'\n').count()
}
