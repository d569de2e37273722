//! Conditions of a query with their values, gathered one by one.

use herald_store::{Page, TimeRange};
use rusqlite::{Connection, Row, ToSql, params_from_iter};

use crate::codec::{count, signed};

/// The conditions.
#[derive(Default)]
pub(crate) struct Conditions {
    pub(crate) clauses: Vec<&'static str>,
    pub(crate) values: Vec<Box<dyn ToSql>>,
}

impl Conditions {
    /// That this holds, with a value for its `?`.
    pub(crate) fn add(&mut self, clause: &'static str, value: impl ToSql + 'static) {
        self.clauses.push(clause);
        self.values.push(Box::new(value));
    }

    /// That a column is within a range; `columns` compare it with its ends.
    pub(crate) fn within(&mut self, range: TimeRange, columns: [&'static str; 2]) {
        if let Some(after) = range.after {
            self.add(columns[0], after.millis());
        }
        if let Some(before) = range.before {
            self.add(columns[1], before.millis());
        }
    }

    /// All of them, as SQL.
    pub(crate) fn clause(&self) -> String {
        format!(" WHERE {}", self.clauses.join(" AND "))
    }

    /// How many rows they hold for.
    pub(crate) fn total(&self, connection: &Connection, from: &str) -> rusqlite::Result<u64> {
        let sql = format!("SELECT count(*) AS total FROM {from}{}", self.clause());
        connection
            .prepare_cached(&sql)?
            .query_row(params_from_iter(&self.values), |row| count(row, "total"))
    }

    /// A page of the rows that they hold for.
    pub(crate) fn page<T>(
        mut self,
        connection: &Connection,
        (select, order): (&str, &str),
        page: Page,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        let sql = format!("{select}{} ORDER BY {order} LIMIT ? OFFSET ?", self.clause());
        self.values.push(Box::new(page.size()));
        self.values.push(Box::new(signed(page.offset())));
        connection.prepare_cached(&sql)?.query_map(params_from_iter(&self.values), read)?.collect()
    }
}
