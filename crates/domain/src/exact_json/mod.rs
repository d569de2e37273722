//! JSON whose bytes JavaScript would leave alone.
//!
//! Many receivers verify a signature over `JSON.stringify(parsedBody)`, not over the bytes that
//! came. They see a valid signature only if `JSON.parse` followed by `JSON.stringify` gives back
//! the very bytes that were signed. So whatever goes into a body passes through here: [`parse`]
//! reads what a platform sent, [`Value::write`] writes the one spelling that JavaScript would
//! choose (compact, shortest numbers, integer-like keys first, only the escapes that are needed).
//!
//! Normalising must never change what the text says. Where JavaScript would silently keep less
//! than was sent, `parse` refuses, and names the path of what it refused:
//!
//! - a number that a double would change; [`Number`] states the rule;
//! - a key that stands twice in one object, of which only the last would survive;
//! - half of a surrogate pair, which has no UTF-8 form.
//!
//! And it refuses whatever is not JSON (RFC 8259, UTF-8, no byte order mark), and nesting beyond
//! [`MAX_DEPTH`].
//!
//! For a request that carries such a value inside a larger body: [`parse`] the whole body first.
//! Its errors carry the full path from the top (`payload.items[3].amount`), and after it passed, a
//! typed `serde_json::from_slice` of the same bytes can have `Value` fields: these deserialise
//! without loss, from the raw text. Going through `serde_json::Value` instead loses the spelling of
//! numbers before anything here sees it.
//!
//! | file | tells |
//! |---|---|
//! | `parser` | how text becomes a value: grammar, strings, duplicates |
//! | `number`, `decimal` | which literals a double carries; when two spellings are one number |
//! | `object`, `named` | the order of members, and how they are found |
//! | `writer` | how a value becomes text |
//! | `error` | what was wrong, and the path to it |
//! | `serde_impls` | values as fields of serde_json's structs |

mod decimal;
mod error;
mod named;
mod number;
mod object;
mod parser;
mod serde_impls;
mod writer;

#[cfg(test)]
mod tests;

pub use error::{ExactJsonError, Problem};
pub use number::Number;
pub use object::{Iter, Object};
pub use writer::write_string;

/// How deeply arrays and objects may nest: `[[1]]` has depth 2.
///
/// It bounds the recursion of parsing, writing and dropping to what any thread's stack holds. Real
/// payloads nest less than ten levels deep, and common readers stop near the same depth.
pub const MAX_DEPTH: usize = 128;

/// A JSON value whose serialisation is a fixed point of JavaScript's `JSON.parse` →
/// `JSON.stringify`.
///
/// Two values are equal exactly if they are written as the same bytes, so the order of an object's
/// members counts.
///
/// Values from [`parse`] are at most [`MAX_DEPTH`] deep. Whoever builds a value in code keeps it
/// within that depth too: writing and dropping recurse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A finite number.
    Number(Number),
    /// Any Unicode text; unescaped here.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object, in the order in which it is written.
    Object(Object),
}

/// Reads one JSON text, in UTF-8, whitespace around it allowed.
///
/// ```
/// use herald_domain::exact_json::parse;
///
/// let value = parse(br#"{"b": 1.0, "7": 1e21, "a": "\/"}"#)?;
/// assert_eq!(value.to_bytes(), br#"{"7":1e+21,"b":1,"a":"/"}"#);
///
/// let refused = parse(br#"{"items":[{"amount":9007199254740993}]}"#).unwrap_err();
/// assert_eq!(refused.path, "items[0].amount");
/// # Ok::<(), herald_domain::exact_json::ExactJsonError>(())
/// ```
pub fn parse(bytes: &[u8]) -> Result<Value, ExactJsonError> {
    parser::parse(bytes)
}

impl Value {
    /// Appends the value to `out`, in the spelling that `JSON.stringify` would choose.
    pub fn write(&self, out: &mut Vec<u8>) {
        writer::write_value(self, out);
    }

    /// The value as JSON bytes (UTF-8).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        self.write(&mut out);
        out
    }

    /// The member of this object with that key; `None` too if this is not an object.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_object()?.get(key)
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// The number, if this is one.
    pub fn as_number(&self) -> Option<Number> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The items, if this is an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The items, to be changed in place, if this is an array.
    pub fn as_array_mut(&mut self) -> Option<&mut Vec<Value>> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The object, if this is one.
    pub fn as_object(&self) -> Option<&Object> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// The object, to be changed in place, if this is one.
    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl From<i32> for Value {
    fn from(integer: i32) -> Self {
        Self::Number(integer.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::Array(items)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}
