//! Times and durations as people give them: `2026-01-31T09:30:00Z`, `2026-01-31`, or `2h`, which
//! is two hours ago.

use std::{
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use herald_domain::time::Timestamp;

use crate::config::read_duration;

/// A point in time from the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(pub(super) Timestamp);

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(time) = text.parse() {
            return Ok(Self(time));
        }
        let ago = text.parse::<Span>().map_err(|_| {
            "should be a time such as 2026-01-31T09:30:00Z, a date, or how long ago, such as 2h"
        })?;
        Ok(Self(now().before(ago.0)))
    }
}

/// A duration from the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span(pub(super) Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read_duration(text).map(Self)
    }
}

/// This machine's time.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_a_date_or_how_long_ago() {
        let at = |text: &str| text.parse::<Moment>().unwrap().0;
        assert_eq!(at("2026-01-31T09:30:00+01:00").to_string(), "2026-01-31T08:30:00.000Z");
        assert_eq!(at("2026-01-31").to_string(), "2026-01-31T00:00:00.000Z");
        let ago = now().since(at("2h")).as_secs();
        assert!((7200..7260).contains(&ago), "{ago}");
        assert!("yesterday".parse::<Moment>().is_err() && "-2h".parse::<Moment>().is_err());
    }
}
