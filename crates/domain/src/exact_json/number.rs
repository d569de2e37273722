//! Numbers: the rule which literals a double can carry, and the spelling JavaScript gives them.

use std::fmt;

use super::Problem;
use super::decimal::Decimal;
use super::error::clipped;

/// With up to this many significant digits, a decimal in the range of normal doubles is named by no
/// other double, and no other such decimal names its double (C calls the number DBL_DIG). So the
/// shortest text can't be another decimal, and there is nothing to compare.
const SURE_DIGITS: usize = 15;

/// No double has more significant decimal digits than this when it is written out in full
/// (53 bits at the smallest normal exponent).
const MAX_SIGNIFICANT_DIGITS: usize = 767;

/// A number that a JavaScript receiver reads and writes back unchanged.
///
/// # Which literals are accepted
///
/// A number goes out as the shortest text that names its double. A literal is accepted if that text
/// denotes the same number as the literal did; the spelling may differ (`1.0` → `1`, `1E21` →
/// `1e+21`, `1e300` → `1e+300`, `0.10` → `0.1`). Otherwise something is lost, and it is refused:
///
/// - `9007199254740993` (2^53 + 1) would go out as `9007199254740992`. So would
///   `1152921504606846976` (2^60) as `1152921504606847000`: the double is exact, its shortest text
///   is not, and a receiver with 64-bit integers would read another id than the one that was sent.
/// - `90071992547409.93` would go out as `90071992547409.94`, another sum of money.
/// - `1e400` would become infinite, and `1e-400` would become 0.
///
/// One kind of text is longer than it need be and loses nothing: a fraction that is a double printed
/// with more digits than the shortest, as `%.17g` prints 0.1 as `0.10000000000000001`. If the
/// nearest double, rounded to as many digits as the literal has (ties to even), is the literal, then
/// the double is what the sender had, and it is accepted. Not so for integers, which many
/// receivers read as integers.
///
/// `-0` becomes `0`, as `JSON.stringify` writes it.
#[derive(Clone, Copy, PartialEq)]
pub struct Number(f64);

/// Equality is total: the double is never NaN.
impl Eq for Number {}

impl Number {
    const ZERO: Self = Self(0.0);

    /// The number, if it is finite: JSON has no other.
    pub fn from_f64(double: f64) -> Option<Self> {
        // Adding +0 turns -0 into 0 and leaves every other number alone.
        double.is_finite().then_some(Self(double + 0.0))
    }

    /// The number as a double.
    pub fn as_f64(self) -> f64 {
        self.0
    }

    /// The number that a JSON literal denotes, if a double carries it. The caller has checked the
    /// grammar.
    pub(super) fn from_literal(literal: &str) -> Result<Self, Problem> {
        // Two short cuts, which most numbers take: integers, and few enough digits.
        if let Ok(small) = literal.parse::<i32>() {
            return Ok(small.into());
        }
        let double: f64 = literal.parse().expect("Rust reads every number of JSON's grammar");
        let number =
            Self::from_f64(double).ok_or_else(|| Problem::Overflow(clipped(literal).into()))?;
        if literal.len() <= SURE_DIGITS && double.is_normal() {
            return Ok(number);
        }
        let mut buffer = ryu_js::Buffer::new();
        let written = buffer.format_finite(number.0);
        if written == literal || keeps_its_value(literal, number.0, written) {
            return Ok(number);
        }
        let literal = clipped(literal).into_owned();
        Err(if number == Self::ZERO {
            Problem::Underflow(literal)
        } else {
            Problem::Inexact { literal, sent_as: written.to_owned() }
        })
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(ryu_js::Buffer::new().format_finite(self.0).as_bytes());
    }
}

/// The rule that [`Number`] states.
fn keeps_its_value(literal: &str, double: f64, written: &str) -> bool {
    let sent = Decimal::of(literal);
    if sent == Decimal::of(written) {
        return true;
    }
    let digits = sent.significant_digits();
    if sent.is_integer() || digits > MAX_SIGNIFICANT_DIGITS {
        return false;
    }
    let rounded = format!("{double:.*e}", digits - 1);
    sent == Decimal::of(&rounded)
}

impl fmt::Display for Number {
    /// As JavaScript writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(ryu_js::Buffer::new().format_finite(self.0))
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({self})")
    }
}

impl From<i32> for Number {
    fn from(integer: i32) -> Self {
        Self(integer.into())
    }
}

impl From<u32> for Number {
    fn from(integer: u32) -> Self {
        Self(integer.into())
    }
}

/// Refuses what the same integer as a literal would be refused for.
impl TryFrom<i64> for Number {
    type Error = Problem;

    fn try_from(integer: i64) -> Result<Self, Problem> {
        Self::from_literal(&integer.to_string())
    }
}

/// Refuses what the same integer as a literal would be refused for.
impl TryFrom<u64> for Number {
    type Error = Problem;

    fn try_from(integer: u64) -> Result<Self, Problem> {
        Self::from_literal(&integer.to_string())
    }
}
