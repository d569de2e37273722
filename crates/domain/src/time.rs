//! Instants as the API writes them: `YYYY-MM-DDTHH:mm:ss.SSSZ`, exactly three decimals.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize, de::Error as _};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// The text is not an RFC 3339 instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time looks like 2026-01-31T09:30:00.000Z")]
pub struct MalformedTime;

/// 9999-12-30T22:00:00.000Z, the latest that `jiff` knows in every time zone …
const LATEST: i64 = 253_402_207_200_000;
/// … and 0000-01-01T00:00:00.000Z: before it, years have no four digits.
const EARLIEST: i64 = -62_167_219_200_000;

impl Timestamp {
    /// The instant this many milliseconds after the epoch, kept within four-digit years.
    pub const fn from_millis(millis: i64) -> Self {
        if millis > LATEST {
            Self(LATEST)
        } else if millis < EARLIEST {
            Self(EARLIEST)
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, as signatures carry them.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This instant moved into the future; saturates.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        let delay = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_add(delay))
    }

    /// This instant moved into the past; saturates.
    #[must_use]
    pub fn before(self, delay: Duration) -> Self {
        let delay = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_sub(delay))
    }

    /// How long after `earlier` this is; zero if it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The same for a sentence, to the second.
    pub const fn in_words(self) -> InWords {
        InWords(self)
    }
}

/// A time as a sentence for people has it.
#[derive(Clone, Copy, Debug)]
pub struct InWords(Timestamp);

impl fmt::Display for InWords {
    /// As `2026-01-31 09:30:00 UTC`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_millisecond(self.0.0).map_err(|_| fmt::Error)?;
        write!(f, "{}", instant.strftime("%Y-%m-%d %H:%M:%S UTC"))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{}", instant.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = MalformedTime;

    /// Reads any RFC 3339 instant. Without a zone it is UTC, and a date alone is its midnight.
    fn from_str(text: &str) -> Result<Self, MalformedTime> {
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Ok(Self::from_millis(instant.as_millisecond()));
        }
        let civil: jiff::civil::DateTime = text.parse().map_err(|_| MalformedTime)?;
        let instant = civil.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| MalformedTime)?;
        Ok(Self::from_millis(instant.timestamp().as_millisecond()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_exactly_three_decimals() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_588_923_727_100, "2020-05-08T07:42:07.100Z"),
            (i64::MAX, "9999-12-30T22:00:00.000Z"),
            (i64::MIN, "0000-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(Timestamp::from_millis(millis).to_string(), text);
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let time = Timestamp::from_millis(1_588_923_727_123);
        assert_eq!(time.to_string().parse(), Ok(time));
        assert_eq!(time.in_words().to_string(), "2020-05-08 07:42:07 UTC");
        assert_eq!("2020-05-08".parse(), Ok(Timestamp::from_millis(1_588_896_000_000)));
        let minute = Ok(Timestamp::from_millis(1_588_923_720_000));
        assert_eq!("2020-05-08T07:42".parse(), minute, "the time counts without a zone too");
        assert_eq!("2020-05-08 09:42:00+02:00".parse(), minute);
        assert_eq!("yesterday".parse::<Timestamp>(), Err(MalformedTime));
    }
}
