//! Tables and details for people, JSON as it came for programs.
//!
//! What a receiver answered is shown on a terminal here, so what steers it is replaced: nobody's
//! response may move the cursor, change the colours, hide a part of a text or turn it around.

use std::io::Write as _;

use herald_domain::hidden::is_hidden;
use serde_json::Value;

/// Text that a terminal shows and does not obey, on one line.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if is_hidden(c) { '\u{fffd}' } else { c }).collect()
}

/// The bytes of a JSON document, as one line at least.
pub(super) fn json(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
}

/// A field's text; `-` if it is absent or null.
pub(super) fn field(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::Null => "-".into(),
        Value::String(text) if text.is_empty() => "-".into(),
        Value::String(text) => plain(text),
        Value::Array(items) => {
            let items = items.iter().map(|item| item.as_str().map_or(item.to_string(), plain));
            items.collect::<Vec<_>>().join(",")
        }
        other => plain(&other.to_string()),
    }
}

/// Whether the field is there.
pub(super) fn has(value: &Value, name: &str) -> bool {
    !value[name].is_null()
}

/// Labels and values, one pair a line.
pub(super) fn pairs(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
    let lines = pairs.iter().map(|(label, value)| format!("{label:width$}  {value}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The fields that are there, under their own names.
pub(super) fn details(value: &Value, names: &[(&'static str, &str)]) -> String {
    let there = names.iter().filter(|(_, name)| has(value, name));
    pairs(&there.map(|(label, name)| (*label, field(value, name))).collect::<Vec<_>>())
}

/// One column: its head, and how an item fills it.
pub(super) type Column = (&'static str, fn(&Value) -> String);

/// A table that may come in pieces: its columns never become narrower.
#[derive(Debug)]
pub(super) struct Table {
    columns: &'static [Column],
    widths: Vec<usize>,
    begun: bool,
}

impl Table {
    pub(super) fn new(columns: &'static [Column]) -> Self {
        let widths = columns.iter().map(|(head, _)| head.len()).collect();
        Self { columns, widths, begun: false }
    }

    /// The lines of these items, below the heads if they are the first.
    pub(super) fn lines(&mut self, items: &[Value]) -> Vec<String> {
        if items.is_empty() {
            return Vec::new();
        }
        let cells = |item| self.columns.iter().map(|(_, cell)| cell(item)).collect::<Vec<_>>();
        let mut rows: Vec<Vec<String>> = items.iter().map(cells).collect();
        if !std::mem::replace(&mut self.begun, true) {
            rows.insert(0, self.columns.iter().map(|(head, _)| (*head).to_owned()).collect());
        }
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        rows.iter().map(|row| self.line(row)).collect()
    }

    fn line(&self, row: &[String]) -> String {
        let cells = row.iter().zip(&self.widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_has_its_heads_once_and_its_columns_in_line() {
        let mut table = Table::new(&[
            ("ID", |item| field(item, "id")),
            ("STATE", |item| field(item, "state")),
            ("URL", |item| field(item, "url")),
        ]);
        let first = table.lines(&[json!({"id": "abc", "state": "pending"})]);
        assert_eq!(first, ["ID   STATE    URL", "abc  pending  -"]);
        let second = table.lines(&[json!({"id": "d", "state": "é", "url": "u"})]);
        assert_eq!(second, ["d    é        u"]);
    }

    #[test]
    fn no_answer_can_steer_the_terminal() {
        assert_eq!(
            plain("a\u{202e}gpj\u{200b}.\u{2066}b\u{2069}"),
            "a\u{fffd}gpj\u{fffd}.\u{fffd}b\u{fffd}"
        );
        assert_eq!(plain("a\u{1b}[31mb\r\nc\u{9b}"), "a\u{fffd}[31mb\u{fffd}\u{fffd}c\u{fffd}");
        assert_eq!(field(&json!({"events": ["a\u{7}", "*"]}), "events"), "a\u{fffd},*");
    }
}
