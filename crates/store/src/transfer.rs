//! From one backend into another: the neutral form of what they keep, so that neither has to know
//! the other.
//!
//! What is kept is some tables, a table is rows, and a row is the values of its table's columns, as
//! every backend can keep them. One backend reads its rows in chunks and says with each how far that
//! is; another writes them, and notes with each how far it has come. What is only a help (what leads
//! to a page of a list, what finds a resource) is not in here: each backend makes its own.
//!
//! Whether both hold the same is told by [`Sum`]s, which do not depend on the order of the rows: no
//! two databases sort alike.
//!
//! # To add a table or a column
//!
//! Add it to [`TABLES`], by the name that the backends give it. If a backend keeps it in another
//! way, say so where that one reads or writes. Each holds its schema against [`TABLES`] in a test.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A table: its name, and its columns in the order of a row's values.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
}

/// A column of a table.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Of what kind its values are, if they are not absent.
    pub kind: Kind,
}

/// Of what kind a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// There is none.
    Absent,
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Boolean(bool),
    /// A text, made by [`Value::text`] if it is a row's.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The values of a row.
pub type Row = Vec<Value>;

/// Some rows of a table.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// The rows.
    pub rows: Vec<Row>,
    /// What they add up to.
    pub sum: Sum,
    /// Where the reading goes on after them, in the words of who reads.
    pub done_to: String,
}

/// What rows add up to: their number, and the SHA-256 of each, added up. The same rows have the
/// same sum, in whatever order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many they are.
    pub rows: u64,
    digests: [u64; 4],
}

impl Value {
    /// A text as every backend can keep it: not all know U+0000, so that becomes its picture, `␀`.
    pub fn text(text: &str) -> Self {
        Self::Text(crate::codec::text(text).into_owned())
    }

    /// Bytes of it, about.
    pub fn size(&self) -> usize {
        match self {
            Self::Absent | Self::Boolean(_) => 1,
            Self::Integer(_) => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// The value as the digest takes it; no two values of a column are alike.
    fn digest(&self, digest: &mut Sha256) {
        let mut led = |kind: u8, bytes: &[u8]| {
            digest.update([kind]);
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        };
        match self {
            Self::Absent => led(0, &[]),
            Self::Integer(number) => led(1, &number.to_le_bytes()),
            Self::Boolean(truth) => led(2, &[u8::from(*truth)]),
            Self::Text(text) => led(3, text.as_bytes()),
            Self::Bytes(bytes) => led(4, bytes),
        }
    }
}

impl Chunk {
    /// Adds a row.
    pub fn add(&mut self, row: Row) {
        self.sum.add(&row);
        self.rows.push(row);
    }
}

impl Sum {
    /// Adds a row.
    pub fn add(&mut self, row: &[Value]) {
        let mut digest = Sha256::new();
        for value in row {
            value.digest(&mut digest);
        }
        self.add_all(Self { rows: 1, digests: numbers(&digest.finalize().into()) });
    }

    /// Adds what other rows add up to.
    pub fn add_all(&mut self, other: Self) {
        self.rows += other.rows;
        for (digest, other) in self.digests.iter_mut().zip(other.digests) {
            *digest = digest.wrapping_add(other);
        }
    }

    /// The digests of the rows, added up.
    pub fn digest(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (place, number) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(self.digests) {
            *place = number.to_be_bytes();
        }
        bytes
    }

    /// So many rows with these digests.
    pub fn of(rows: u64, digest: &[u8; 32]) -> Self {
        Self { rows, digests: numbers(digest) }
    }
}

fn numbers(bytes: &[u8; 32]) -> [u64; 4] {
    let mut numbers = [0; 4];
    for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *number = u64::from_be_bytes(*bytes);
    }
    numbers
}

const fn integer(name: &'static str) -> Column {
    Column { name, kind: Kind::Integer }
}

const fn boolean(name: &'static str) -> Column {
    Column { name, kind: Kind::Boolean }
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text }
}

const fn bytes(name: &'static str) -> Column {
    Column { name, kind: Kind::Bytes }
}

/// Every table, in the order in which they are copied: what is small and shows soon that something
/// is wrong comes first.
pub const TABLES: &[Table] = &[
    Table { name: "account", columns: ACCOUNT },
    Table { name: "environment", columns: &[integer("env"), integer("version")] },
    Table { name: "api_key", columns: API_KEY },
    Table { name: "meta", columns: &[text("name"), integer("value")] },
    Table { name: "agreed", columns: &[text("name"), bytes("value")] },
    Table { name: "webhook", columns: WEBHOOK },
    Table { name: "portal_link", columns: PORTAL_LINK },
    Table { name: "portal_session", columns: PORTAL_SESSION },
    Table { name: "endpoint", columns: ENDPOINT },
    Table { name: "kept_request", columns: KEPT_REQUEST },
    Table { name: "recovery", columns: RECOVERY },
    Table { name: "notice", columns: NOTICE },
    Table { name: "tally", columns: TALLY },
    Table { name: "event_tally", columns: EVENT_TALLY },
    Table { name: "attempt_tally", columns: ATTEMPT_TALLY },
    Table { name: "resource_tally", columns: RESOURCE_TALLY },
    Table { name: "idempotency", columns: IDEMPOTENCY },
    Table { name: "resource", columns: RESOURCE },
    Table { name: "image", columns: IMAGE },
    Table { name: "event", columns: EVENT },
    Table { name: "delivery", columns: DELIVERY },
    Table { name: "attempt", columns: ATTEMPT },
    Table { name: "manual_attempt", columns: ATTEMPT },
];

const ACCOUNT: &[Column] = &[integer("num"), bytes("id"), text("name"), integer("created_at")];

const API_KEY: &[Column] = &[
    bytes("id"),
    integer("env"),
    bytes("hash"),
    text("hint"),
    integer("created_at"),
    integer("revoked_at"),
];

const WEBHOOK: &[Column] = &[
    integer("num"),
    bytes("id"),
    integer("env"),
    text("description"),
    text("url"),
    boolean("enabled"),
    text("events"),
    bytes("secret"),
    bytes("previous_secret"),
    integer("rotation_until"),
    boolean("rotation_switched"),
    text("disabled_reason"),
    integer("disabled_at"),
    integer("failing_seq"),
    integer("failing_since"),
    integer("failing_attempts"),
    integer("failing_left"),
    integer("failing_last_at"),
    integer("failing_spared_from"),
    integer("warned_at"),
    integer("created_at"),
    integer("updated_at"),
    integer("deleted_at"),
];

const PORTAL_LINK: &[Column] =
    &[bytes("hash"), integer("env"), integer("role"), integer("created_at"), integer("expires_at")];

const PORTAL_SESSION: &[Column] = &[
    bytes("hash"),
    integer("account"),
    integer("role"),
    integer("created_at"),
    integer("seen_at"),
    integer("expires_at"),
];

const ENDPOINT: &[Column] = &[
    integer("num"),
    bytes("id"),
    integer("env"),
    bytes("token_hash"),
    bytes("token"),
    text("description"),
    integer("respond_with"),
    integer("last_number"),
    integer("kept"),
    integer("kept_bytes"),
    integer("expires_at"),
    integer("created_at"),
];

const KEPT_REQUEST: &[Column] = &[
    integer("endpoint"),
    integer("number"),
    bytes("id"),
    text("method"),
    text("query"),
    integer("answered"),
    integer("received_at"),
    integer("size"),
    integer("length"),
    bytes("headers"),
    bytes("body"),
];

const RECOVERY: &[Column] = &[
    integer("num"),
    bytes("id"),
    integer("env"),
    integer("webhook"),
    integer("since"),
    integer("states"),
    integer("status"),
    integer("total"),
    integer("recovered"),
    integer("looked_at"),
    integer("last"),
    integer("created_at"),
    integer("updated_at"),
];

const NOTICE: &[Column] = &[
    integer("num"),
    bytes("id"),
    integer("env"),
    bytes("webhook"),
    text("url"),
    text("description"),
    bytes("delivery"),
    bytes("event"),
    text("type"),
    integer("attempts"),
    integer("last_status"),
    integer("last_error"),
    integer("at"),
    integer("attempts_left"),
    integer("last_attempt_at"),
    text("reason"),
];

const TALLY: &[Column] = &[
    integer("env"),
    integer("webhook"),
    integer("accepted"),
    integer("pending"),
    integer("delivered"),
    integer("exhausted"),
    integer("held"),
    integer("cancelled"),
    integer("removed_delivered"),
    integer("removed_exhausted"),
    integer("removed_cancelled"),
    integer("succeeded_at"),
];

const EVENT_TALLY: &[Column] = &[integer("env"), text("type"), text("resource"), integer("count")];

const ATTEMPT_TALLY: &[Column] = &[
    integer("env"),
    integer("webhook"),
    integer("hour"),
    integer("class"),
    integer("attempts"),
    integer("successes"),
];

const RESOURCE_TALLY: &[Column] =
    &[integer("env"), integer("kind"), text("word"), integer("count")];

const IDEMPOTENCY: &[Column] =
    &[integer("env"), text("key"), bytes("fingerprint"), bytes("receipt"), integer("created_at")];

const RESOURCE: &[Column] = &[
    integer("env"),
    integer("num"),
    integer("kind"),
    bytes("id"),
    integer("owner"),
    integer("version"),
    integer("due_at"),
    integer("created_at"),
    integer("updated_at"),
    bytes("body"),
];

const IMAGE: &[Column] = &[integer("env"), integer("document"), integer("side"), bytes("data")];

const EVENT: &[Column] = &[
    integer("env"),
    integer("seq"),
    bytes("id"),
    text("type"),
    text("resource"),
    integer("created_at"),
    bytes("test_for"),
    bytes("body"),
];

const DELIVERY: &[Column] = &[
    integer("env"),
    integer("seq"),
    integer("webhook"),
    integer("due_at"),
    integer("created_at"),
    integer("updated_at"),
    integer("state"),
    integer("last_status"),
    integer("last_error"),
    integer("attempts"),
    integer("restarted"),
    bytes("id"),
    text("type"),
];

const ATTEMPT: &[Column] = &[
    integer("env"),
    integer("seq"),
    integer("webhook"),
    integer("number"),
    integer("started_at"),
    integer("nanos"),
    integer("signed_at"),
    integer("status"),
    integer("error"),
    boolean("truncated"),
    text("url"),
    bytes("address"),
    bytes("signatures"),
    text("detail"),
    bytes("headers"),
    bytes("body"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(rows: &[&[Value]]) -> Sum {
        let mut sum = Sum::default();
        for row in rows {
            sum.add(row);
        }
        sum
    }

    #[test]
    fn a_sum_depends_on_every_value_and_not_on_the_order() {
        let one: &[Value] = &[Value::Integer(1), Value::text("ab")];
        let two: &[Value] = &[Value::Integer(2), Value::Absent];
        assert_eq!(sum(&[one, two]), sum(&[two, one]));
        let mut in_parts = sum(&[one]);
        in_parts.add_all(sum(&[two]));
        assert_eq!(in_parts, sum(&[one, two]));
        assert_ne!(sum(&[one, one]), sum(&[two, two]));
        assert_ne!(sum(&[one]), sum(&[one, one]));
    }

    #[test]
    fn no_two_rows_are_alike_to_a_sum() {
        let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
        let rows = [
            vec![Value::text("ab"), Value::text("")],
            vec![Value::text("a"), Value::text("b")],
            vec![bytes(b"ab"), bytes(b"")],
            vec![Value::Absent, Value::text("ab")],
            vec![Value::Integer(0), Value::Boolean(false)],
            vec![Value::Boolean(false), Value::Integer(0)],
            vec![Value::Integer(0), Value::Boolean(true)],
            vec![Value::Integer(-1), Value::Absent],
            vec![bytes(&[0xff; 8]), Value::Absent],
        ];
        for (index, row) in rows.iter().enumerate() {
            for other in &rows[..index] {
                assert_ne!(sum(&[row]), sum(&[other]));
            }
        }
    }

    #[test]
    fn a_sum_comes_back_from_its_parts() {
        let some = sum(&[&[Value::Integer(7)], &[Value::text("x")]]);
        assert_eq!(Sum::of(some.rows, &some.digest()), some);
    }

    #[test]
    fn every_table_and_every_column_is_there_once() {
        for (index, table) in TABLES.iter().enumerate() {
            assert!(TABLES[..index].iter().all(|other| other.name != table.name), "{table:?}");
            let names: std::collections::BTreeSet<_> =
                table.columns.iter().map(|column| column.name).collect();
            assert_eq!(names.len(), table.columns.len(), "{}", table.name);
        }
    }
}
