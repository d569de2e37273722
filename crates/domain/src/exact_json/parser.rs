//! Reading: a strict parser of RFC 8259 that keeps sight of what a typed one forgets, the literal
//! of each number, keys that come twice, and the path to where it is.
//!
//! It descends recursively, at most [`MAX_DEPTH`] levels, so no input can exhaust the stack. A path
//! costs nothing until there is an error: it is put together on the error's way up.

use super::error::{ExactJsonError, Problem};
use super::number::Number;
use super::object::Object;
use super::writer::needs_escape;
use super::{MAX_DEPTH, Value};

type Parsed<T> = Result<T, ExactJsonError>;

/// Reads one JSON text.
///
/// Of bytes that are not UTF-8, the valid beginning is parsed all the same: it leads to the path of
/// the place where it breaks off.
pub(super) fn parse(bytes: &[u8]) -> Parsed<Value> {
    let text = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let broken_off = text.len() < bytes.len();
    match (Parser { text, at: 0 }).document() {
        Ok(_) if broken_off => Err(ExactJsonError::at(text.len(), Problem::NotUtf8)),
        Err(mut error) if broken_off && matches!(error.problem, Problem::UnexpectedEnd(_)) => {
            error.problem = Problem::NotUtf8;
            Err(error)
        }
        parsed => parsed,
    }
}

struct Parser<'t> {
    text: &'t str,
    /// The next byte to read. Every string slice taken of `text` begins and ends beside an ASCII
    /// byte or at an end of the text, so on a character boundary.
    at: usize,
}

impl Parser<'_> {
    fn document(&mut self) -> Parsed<Value> {
        if self.text.starts_with('\u{feff}') {
            return Err(self.error(Problem::ByteOrderMark));
        }
        self.skip_whitespace();
        let value = self.value(0)?;
        self.skip_whitespace();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.error(Problem::TrailingText)),
        }
    }

    /// One value, around which `depth` arrays and objects are open.
    fn value(&mut self, depth: usize) -> Parsed<Value> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b'{' | b'[') if depth == MAX_DEPTH => Err(self.error(Problem::TooDeep)),
            Some(b'{') => self.object(depth).map(Value::Object),
            Some(b'[') => self.array(depth).map(Value::Array),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(self.expected("a value")),
        }
    }

    fn word(&mut self, word: &'static str, value: Value) -> Parsed<Value> {
        for byte in word.bytes() {
            self.take(byte, word)?;
        }
        Ok(value)
    }

    fn array(&mut self, depth: usize) -> Parsed<Vec<Value>> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_whitespace();
        if self.skip(b']') {
            return Ok(items);
        }
        loop {
            self.skip_whitespace();
            let item = self.value(depth + 1);
            items.push(item.map_err(|error| error.inside_index(items.len()))?);
            self.skip_whitespace();
            if self.skip(b']') {
                return Ok(items);
            }
            self.take(b',', "`,` or `]`")?;
        }
    }

    fn object(&mut self, depth: usize) -> Parsed<Object> {
        self.at += 1;
        let mut object = Object::new();
        self.skip_whitespace();
        if self.skip(b'}') {
            return Ok(object);
        }
        loop {
            self.skip_whitespace();
            self.member(depth, &mut object)?;
            self.skip_whitespace();
            if self.skip(b'}') {
                return Ok(object);
            }
            self.take(b',', "`,` or `}`")?;
        }
    }

    fn member(&mut self, depth: usize, object: &mut Object) -> Parsed<()> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.expected("a key in quotes"));
        }
        let key = self.string()?;
        self.skip_whitespace();
        self.take(b':', "`:`").map_err(|error| error.inside_key(&key))?;
        self.skip_whitespace();
        let value = self.value(depth + 1).map_err(|error| error.inside_key(&key))?;
        if object.insert(key, value).is_some() {
            // The key went into the object, but it can be read once more.
            self.at = start;
            let key = self.string()?;
            return Err(ExactJsonError::at(start, Problem::DuplicateKey).inside_key(&key));
        }
        Ok(())
    }

    /// A number; the grammar here, the judgement of what a double can carry in [`Number`].
    fn number(&mut self) -> Parsed<Number> {
        let start = self.at;
        self.skip(b'-');
        if self.skip(b'0') {
            if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return Err(ExactJsonError::at(start, Problem::LeadingZero));
            }
        } else {
            self.digits()?;
        }
        if self.skip(b'.') {
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _ = self.skip(b'+') || self.skip(b'-');
            self.digits()?;
        }
        Number::from_literal(&self.text[start..self.at])
            .map_err(|problem| ExactJsonError::at(start, problem))
    }

    fn digits(&mut self) -> Parsed<()> {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.expected("a digit"));
        }
        self.at += count;
        Ok(())
    }

    fn string(&mut self) -> Parsed<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.iter().position(|&byte| needs_escape(byte)).unwrap_or(rest.len());
            out.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(control) => return Err(self.error(Problem::ControlCharacter(control))),
                None => return Err(self.expected("the end of a string")),
            }
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        let start = self.at;
        self.at += 1;
        let unescaped = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(start),
            Some(_) => return Err(ExactJsonError::at(start, Problem::UnknownEscape)),
            None => return Err(self.expected("an escape")),
        };
        self.at += 1;
        Ok(unescaped)
    }

    /// `\uXXXX`, or two of them that are a surrogate pair, of which the first began at `start`.
    fn unicode_escape(&mut self, start: usize) -> Parsed<char> {
        let first = self.utf16_unit(start)?;
        if let Some(character) = char::from_u32(first.into()) {
            return Ok(character);
        }
        let mut second = None;
        if self.rest().starts_with(b"\\u") {
            self.at += 1;
            second = Some(self.utf16_unit(self.at - 1)?);
        }
        match char::decode_utf16([Some(first), second].into_iter().flatten()).next() {
            Some(Ok(character)) => Ok(character),
            _ => Err(ExactJsonError::at(start, Problem::LoneSurrogate)),
        }
    }

    /// The `uXXXX` of an escape that began at `start`.
    fn utf16_unit(&mut self, start: usize) -> Parsed<u16> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let Some(byte) = self.peek() else { return Err(self.expected("a hex digit")) };
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                b'A'..=b'F' => byte - b'A' + 10,
                _ => return Err(ExactJsonError::at(start, Problem::UnknownEscape)),
            };
            unit = (unit << 4) | u16::from(digit);
            self.at += 1;
        }
        Ok(unit)
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Skips `byte` if it comes next, and says whether it did.
    fn skip(&mut self, byte: u8) -> bool {
        let comes_next = self.peek() == Some(byte);
        self.at += usize::from(comes_next);
        comes_next
    }

    fn take(&mut self, byte: u8, what: &'static str) -> Parsed<()> {
        if self.skip(byte) { Ok(()) } else { Err(self.expected(what)) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &[u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn expected(&self, what: &'static str) -> ExactJsonError {
        match self.peek() {
            Some(_) => self.error(Problem::Expected(what)),
            None => self.error(Problem::UnexpectedEnd(what)),
        }
    }

    fn error(&self, problem: Problem) -> ExactJsonError {
        ExactJsonError::at(self.at, problem)
    }
}
