//! Why a text was refused, and where: the path and byte of the culprit, in words that can be shown
//! to whoever sent it. What they sent is quoted clipped, so that no input makes a huge message.

use std::borrow::Cow;
use std::fmt;

/// The longest key or literal, in characters, that a message quotes in full.
const QUOTED: usize = 64;

/// A text that is not JSON, or that JavaScript would not give back unchanged in value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ExactJsonError {
    /// The way to the culprit from the top, like `payload.items[3].amount`; keys that are not plain
    /// words are quoted, like `payload["a.b"]`. Empty for the top itself. For a key that cannot be
    /// read, the path of its object.
    pub path: String,
    /// How many bytes of the text come before the culprit.
    pub offset: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Something else stands where this was to come.
    #[error("expected {0}")]
    Expected(&'static str),
    /// The text ends where this was to come.
    #[error("the text ends where {0} was expected")]
    UnexpectedEnd(&'static str),
    /// More than whitespace follows the value.
    #[error("there is more text after the value")]
    TrailingText,
    /// The text starts with U+FEFF.
    #[error("the text starts with a byte order mark")]
    ByteOrderMark,
    /// A byte sequence that no character has in UTF-8.
    #[error("the text is not valid UTF-8")]
    NotUtf8,
    /// Nested beyond [`MAX_DEPTH`](super::MAX_DEPTH).
    #[error("nested more than {} levels deep", super::MAX_DEPTH)]
    TooDeep,
    /// The key stands in this object already; the path names it.
    #[error("the key occurs twice in its object")]
    DuplicateKey,
    /// A control character inside a string.
    #[error("the control character U+{0:04X} must be escaped in a string")]
    ControlCharacter(u8),
    /// A backslash that no escape of JSON begins with.
    #[error("unknown escape in a string")]
    UnknownEscape,
    /// Half of a surrogate pair.
    #[error("a \\u escape names one half of a surrogate pair without the other")]
    LoneSurrogate,
    /// A number like `007`.
    #[error("a number must not start with a needless zero")]
    LeadingZero,
    /// The literal is greater than any double.
    #[error("{0} is beyond the range of a double")]
    Overflow(String),
    /// The literal is not 0, but the nearest double is.
    #[error("{0} is too small for a double and would become 0")]
    Underflow(String),
    /// A double can't carry the literal's value.
    #[error("{literal} would become {sent_as}; send it as a string")]
    Inexact {
        /// The number as it came.
        literal: String,
        /// What a receiver would have read instead.
        sent_as: String,
    },
}

impl fmt::Display for ExactJsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{} (at byte {})", self.problem, self.offset)
    }
}

impl ExactJsonError {
    pub(super) fn at(offset: usize, problem: Problem) -> Self {
        Self { path: String::new(), offset, problem }
    }

    /// The same error, seen from the object that holds its place under `key`.
    pub(super) fn inside_key(mut self, key: &str) -> Self {
        if is_plain_word(key) {
            if !self.path.is_empty() && !self.path.starts_with('[') {
                self.path.insert(0, '.');
            }
            self.path.insert_str(0, key);
        } else {
            let mut quoted = Vec::new();
            super::write_string(&clipped(key), &mut quoted);
            self.within_brackets(&String::from_utf8_lossy(&quoted));
        }
        self
    }

    /// The same error, seen from the array that holds its place at `index`.
    pub(super) fn inside_index(mut self, index: usize) -> Self {
        self.within_brackets(&index.to_string());
        self
    }

    fn within_brackets(&mut self, step: &str) {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path.insert_str(0, &format!("[{step}]{dot}"));
    }
}

/// Whether a key can stand in a path without quotes and still be taken for nothing else.
fn is_plain_word(key: &str) -> bool {
    let starts_well = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '$');
    let goes_on_well = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '-');
    starts_well && key.len() <= QUOTED && key.chars().all(goes_on_well)
}

/// The text itself, or its beginning and `…` if it is too long to be quoted.
pub(super) fn clipped(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(QUOTED) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}
