//! The fields of a JSON body, read one by one, so that the first wrong one is named.
//!
//! Bodies are parsed by the domain's exact parser: the only one that can say where a number would
//! change, and one parser for all means one answer to each hostile text. Fields that nobody takes
//! are ignored, since the SDKs post whole objects back. `null` is the same as absent, except where
//! somebody asks for it.

use herald_domain::{
    account::Mode,
    exact_json::{self, Object, Value},
    id::ObjectId,
    problem::Problem,
    time::Timestamp,
};

/// What a field has to be.
#[derive(Debug)]
pub(crate) struct Kind<T> {
    /// In words, after "should be".
    words: &'static str,
    read: fn(Value) -> Option<T>,
}

/// Any text, but for U+0000, which not every store can keep.
pub(crate) const TEXT: Kind<String> = Kind::new("a string", text);
/// Any text; the engine judges what it leads to.
pub(crate) const URL: Kind<String> = Kind::new("an HTTPS URL", text);
/// `true` or `false`, in no other spelling.
pub(crate) const BOOLEAN: Kind<bool> = Kind::new("a boolean", |value| value.as_bool());
/// Texts.
pub(crate) const TEXTS: Kind<Vec<String>> = Kind::new("an array of strings", texts);
/// An object with anything inside.
pub(crate) const OBJECT: Kind<Object> = Kind::new("an object", object);
/// One of the two environments.
pub(crate) const MODE: Kind<Mode> =
    Kind::new("'test' or 'live'", |value| value.as_str()?.parse().ok());
/// A whole number that is not negative.
pub(crate) const WHOLE: Kind<u64> = Kind::new("a whole number", |value| whole(&value));
/// An id of something.
pub(crate) const ID: Kind<ObjectId> =
    Kind::new("an id, which has 24 hexadecimal digits", |value| value.as_str()?.parse().ok());
/// A time, or a date, which is its midnight (UTC).
pub(crate) const TIME: Kind<Timestamp> =
    Kind::new("a time, such as 2026-01-31T09:30:00.000Z", |value| value.as_str()?.parse().ok());
/// Anything.
pub(crate) const VALUE: Kind<Value> = Kind::new("JSON", Some);

impl<T> Clone for Kind<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Kind<T> {}

impl<T> Kind<T> {
    /// A kind that `read` recognises, with the words for it after "should be".
    pub(crate) const fn new(words: &'static str, read: fn(Value) -> Option<T>) -> Self {
        Self { words, read }
    }

    /// What recognises it.
    pub(crate) const fn reader(self) -> fn(Value) -> Option<T> {
        self.read
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) if !text.contains('\0') => Some(text),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<u64> {
    let digits = value.as_number().map(|_| value.to_bytes())?;
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

fn texts(value: Value) -> Option<Vec<String>> {
    let Value::Array(items) = value else { return None };
    items.into_iter().map(text).collect()
}

fn object(value: Value) -> Option<Object> {
    if let Value::Object(object) = value { Some(object) } else { None }
}

/// An object whose fields are taken one after the other.
#[derive(Debug)]
pub(crate) struct Fields(Object);

impl Fields {
    /// The fields of a whole body.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Problem> {
        object_of(body).map(Self)
    }

    /// The fields of one object inside a body.
    pub(crate) fn of(object: Object) -> Self {
        Self(object)
    }

    /// A field that has to be there.
    pub(crate) fn required<T>(&mut self, name: &str, kind: Kind<T>) -> Result<T, Problem> {
        let found = self.optional(name, kind)?;
        found.ok_or_else(|| Problem::invalid(name, format!("'{name}' is required")))
    }

    /// A field that may be absent, or null, which is the same.
    pub(crate) fn optional<T>(&mut self, name: &str, kind: Kind<T>) -> Result<Option<T>, Problem> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match (kind.read)(value) {
                Some(read) => Ok(Some(read)),
                None => Err(Problem::invalid(name, format!("'{name}' should be {}", kind.words))),
            },
        }
    }

    /// The fields that nobody has taken.
    pub(crate) fn rest(self) -> Object {
        self.0
    }

    /// Whether a field is there and null, for the few where that means something.
    pub(crate) fn is_null(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(Value::is_null)
    }
}

/// The object that a body has to be.
pub(crate) fn object_of(body: &[u8]) -> Result<Object, Problem> {
    match exact_json::parse(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Problem::malformed("the request's body should be a JSON object")),
        Err(error) if error.path.is_empty() => {
            Err(Problem::malformed(format!("the request's body should be JSON: {error}")))
        }
        Err(error) => Err(Problem::invalid(error.path.clone(), error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message<T: std::fmt::Debug>(outcome: Result<T, Problem>) -> (String, Option<String>) {
        let problem = outcome.unwrap_err();
        (problem.message, problem.param)
    }

    #[test]
    fn a_field_that_is_missing_null_or_of_another_kind_is_named() {
        let mut fields =
            Fields::parse(br#"{"a":null,"b":"yes","c":["x",1],"d":"a\u0000"}"#).unwrap();
        for (outcome, expected) in [
            (fields.required("a", BOOLEAN).map(drop), "'a' is required"),
            (fields.required("z", TEXT).map(drop), "'z' is required"),
            (fields.required("b", BOOLEAN).map(drop), "'b' should be a boolean"),
            (fields.required("c", TEXTS).map(drop), "'c' should be an array of strings"),
            (fields.required("d", TEXT).map(drop), "'d' should be a string"),
        ] {
            let (message, param) = message(outcome);
            assert_eq!(message, expected);
            assert_eq!(param.as_deref(), message.split('\'').nth(1));
        }
    }

    #[test]
    fn null_is_the_same_as_absent_unless_it_is_asked_for() {
        let mut fields = Fields::parse(br#"{"a":null,"b":1}"#).unwrap();
        assert_eq!(["a", "b", "c"].map(|name| fields.is_null(name)), [true, false, false]);
        assert_eq!(fields.optional("a", TEXT), Ok(None));
        assert_eq!(fields.optional("c", TEXT), Ok(None));
    }

    #[test]
    fn a_body_that_is_no_object_is_refused_and_an_inexact_number_is_refused_with_its_path() {
        for body in
            [&b""[..], b"[]", b"1", b"{", b"\xef\xbb\xbf{}", b"\xff", b"{\"a\":\"\\ud800\"}"]
        {
            assert!(Fields::parse(body).is_err(), "{body:?}");
        }
        let refused = Fields::parse(br#"{"a":{"b":[9007199254740993]}}"#);
        assert_eq!(message(refused).1.as_deref(), Some("a.b[0]"));
    }
}
