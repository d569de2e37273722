//! Conditions of a query with their values, gathered one by one.

use herald_store::TimeRange;
use postgres_types::ToSql;

use crate::transaction::Value;

/// The conditions.
#[derive(Default)]
pub(crate) struct Conditions {
    clauses: Vec<String>,
    values: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Conditions {
    /// That this holds, with a value for its `?`.
    pub(crate) fn add(&mut self, clause: &str, value: impl ToSql + Sync + Send + 'static) {
        let place = self.value(value);
        self.clauses.push(clause.replacen('?', &place, 1));
    }

    /// That a column of milliseconds is within a range.
    pub(crate) fn within(&mut self, range: TimeRange, column: &str) {
        if let Some(after) = range.after {
            self.add(&format!("{column} > ?"), after.millis());
        }
        if let Some(before) = range.before {
            self.add(&format!("{column} < ?"), before.millis());
        }
    }

    /// A value that is no condition's; answers its place, such as `$3`.
    pub(crate) fn value(&mut self, value: impl ToSql + Sync + Send + 'static) -> String {
        self.values.push(Box::new(value));
        format!("${}", self.values.len())
    }

    /// All of them, as SQL.
    pub(crate) fn clause(&self) -> String {
        if self.clauses.is_empty() {
            return String::new();
        }
        format!(" WHERE {}", self.clauses.join(" AND "))
    }

    /// Their values, in the order of their places.
    pub(crate) fn values(&self) -> Vec<Value<'_>> {
        self.values.iter().map(|value| &**value as Value<'_>).collect()
    }
}
