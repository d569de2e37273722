//! Decimal text as the number it denotes, however it is spelled: `1.50`, `15e-1` and `0.15E+1` are
//! one value. This is the measure by which a literal counts as kept or changed.

/// The number `±0.d₁d₂…dₙ × 10^point`, with no zero at either end of the digits; 0 has none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    /// Reads a JSON number, or what JavaScript or Rust print for a finite double.
    pub(super) fn of(text: &str) -> Self {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent_of(exponent)),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));

        let all = || whole.bytes().chain(fraction.bytes());
        let leading = all().take_while(|&digit| digit == b'0').count();
        let mut digits: Vec<u8> = all().skip(leading).collect();
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        if digits.is_empty() {
            return Self { negative: false, digits, point: 0 };
        }
        let point = length(whole.len()) - length(leading);
        Self { negative, digits, point: exponent.saturating_add(point) }
    }

    pub(super) fn is_integer(&self) -> bool {
        self.point >= length(self.digits.len())
    }

    /// How many digits the value needs, zeros at either end not counted.
    pub(super) fn significant_digits(&self) -> usize {
        self.digits.len()
    }
}

/// An exponent's value. One beyond an `i64` saturates: no text is long enough to bring such a number
/// back into the range of a double, so it is only ever compared with numbers it cannot equal.
fn exponent_of(text: &str) -> i64 {
    let limit = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    text.parse().unwrap_or(limit)
}

fn length(count: usize) -> i64 {
    i64::try_from(count).expect("no text in memory is longer than i64::MAX")
}
