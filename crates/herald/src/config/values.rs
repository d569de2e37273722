//! Reading and writing values: durations, networks, choices.
//!
//! A reader answers what a value should be, as the end of a sentence that begins with the key:
//! "`delivery.timeout` should be a duration …". A secret's reader never repeats the value.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use herald_domain::{
    guard::Policy,
    schedule::{DAY, RetrySchedule},
    signature::Secret,
};
use ipnet::IpNet;

use super::SecretText;

/// A value as a source gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given {
    One(String),
    Many(Vec<String>),
}

pub(super) type Read<T> = Result<T, String>;

impl Given {
    pub(super) fn one(&self) -> Read<&str> {
        match self {
            Self::One(text) => Ok(text.trim()),
            Self::Many(_) => Err("should be one value, not a list".into()),
        }
    }

    /// A list as such, or one text with commas.
    fn many(&self) -> Vec<&str> {
        let pieces: Vec<&str> = match self {
            Self::One(text) => text.split(',').collect(),
            Self::Many(items) => items.iter().map(String::as_str).collect(),
        };
        pieces.into_iter().map(str::trim).filter(|piece| !piece.is_empty()).collect()
    }
}

const UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

pub(super) fn address(given: &Given) -> Read<SocketAddr> {
    let text = given.one()?;
    text.parse().map_err(|_| {
        format!(
            "should be an address and a port such as 127.0.0.1:8400 or [::1]:8400, not {text:?}"
        )
    })
}

/// The address under which people reach Herald, without a slash at its end.
pub(super) fn web_address(given: &Given) -> Read<String> {
    let text = given.one()?.trim_end_matches('/');
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |rest: &str| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_graphic());
    match rest {
        Some(rest) if plain(rest) && !rest.contains(['@', '?', '#', '"', '<', '>', '\\']) => {
            Ok(text.to_owned())
        }
        _ => Err(format!("should be a URL such as https://hooks.example.com, not {text:?}")),
    }
}

pub(super) fn file(given: &Given) -> Read<PathBuf> {
    match given.one()? {
        "" => Err("should be the path of a file, and is empty".into()),
        path => Ok(path.into()),
    }
}

/// Longest name of a process, characters.
const NAME_LENGTH: usize = 100;

pub(super) fn name(given: &Given) -> Read<String> {
    let text = given.one()?;
    let fits = !text.is_empty() && text.chars().count() <= NAME_LENGTH;
    if fits && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(format!("should have 1 to {NAME_LENGTH} characters, in one line"))
}

pub(super) fn boolean(given: &Given) -> Read<bool> {
    match given.one()? {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(format!("should be true or false, not {other:?}")),
    }
}

/// A whole number from `least` to `most`.
pub(super) fn count(given: &Given, least: u32, most: u32) -> Read<u32> {
    let text = given.one()?;
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("should be a whole number from {least} to {most}, not {text:?}"))
}

pub(super) fn size(given: &Given, least: u32, most: u32) -> Read<usize> {
    // A u32 fits into a usize on every platform that Herald runs on.
    count(given, least, most).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

pub(super) fn share(given: &Given) -> Read<f64> {
    let text = given.one()?;
    let number = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    number.ok_or_else(|| format!("should be a share from 0.0 to 1.0, not {text:?}"))
}

pub(super) fn duration(given: &Given) -> Read<Duration> {
    one_duration(given.one()?)
}

/// A duration from `least` to `most`.
pub(super) fn duration_within(given: &Given, least: Duration, most: Duration) -> Read<Duration> {
    let duration = duration(given)?;
    if (least..=most).contains(&duration) {
        return Ok(duration);
    }
    let (least, most) = (write_duration(least), write_duration(most));
    Err(format!("should be from {least} to {most}, not {}", write_duration(duration)))
}

pub(super) fn retry_schedule(given: &Given) -> Read<Vec<Duration>> {
    let delays: Vec<Duration> = given.many().into_iter().map(one_duration).collect::<Read<_>>()?;
    match RetrySchedule::new(delays.clone(), 0.0) {
        Ok(_) => Ok(delays),
        Err(_) => Err("should have at most 100 delays, each from 1ms to 30d".into()),
    }
}

pub(crate) fn one_duration(text: &str) -> Read<Duration> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let unit = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, millis)| millis);
    let millis = unit.and_then(|unit| number.parse::<u64>().ok()?.checked_mul(*unit));
    millis.map(Duration::from_millis).ok_or_else(|| {
        format!("should be a duration such as 300ms, 15s, 2m, 1h or 1d, not {text:?}")
    })
}

/// The shortest way to write a duration that [`duration`] reads.
pub(super) fn write_duration(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let fits = |(_, unit): &&(&str, u64)| millis >= *unit && millis.is_multiple_of(*unit);
    let (name, unit) = UNITS.iter().rev().find(fits).unwrap_or(&UNITS[0]);
    format!("{}{name}", millis / unit)
}

pub(super) fn networks(given: &Given) -> Read<Vec<IpNet>> {
    let mut networks = Vec::new();
    for text in given.many() {
        let network: IpNet = text.parse().map_err(|_| {
            format!("should be networks such as 10.1.0.0/16 or fd00:1::/64, not {text:?}")
        })?;
        Policy::new(vec![network], false).map_err(|problem| format!("is refused: {problem}"))?;
        networks.push(network);
    }
    Ok(networks)
}

/// One of the words, as what it stands for.
pub(super) fn choice<T: Copy>(given: &Given, words: &[(&str, T)]) -> Read<T> {
    let text = given.one()?;
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
    found.ok_or_else(|| {
        let words: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        format!("should be {}, not {text:?}", words.join(" or "))
    })
}

pub(super) fn log_filter(given: &Given) -> Read<String> {
    let text = given.one()?;
    match tracing_subscriber::EnvFilter::builder().parse(text) {
        Ok(_) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(format!(
            "should be error, warn, info, debug or trace, or a filter such as \
             info,herald_engine=debug, not {text:?}"
        )),
    }
}

/// Shortest operator key, characters.
const OPERATOR_KEY_LENGTH: usize = 16;

pub(crate) fn operator_key(text: &str) -> Read<SecretText> {
    let length = text.chars().count();
    if length < OPERATOR_KEY_LENGTH {
        return Err(format!(
            "should have at least {OPERATOR_KEY_LENGTH} characters, since it opens every account; \
             it has {length}. `openssl rand -hex 32` makes a good one"
        ));
    }
    // It travels in a header, and clients trim what they send.
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("should have only printable ASCII characters, and no spaces".into());
    }
    Ok(SecretText::new(text))
}

pub(crate) fn secret_key(text: &str) -> Read<SecretText> {
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(SecretText::new(text));
    }
    let length = text.chars().count();
    Err(format!(
        "should be 64 hex digits (32 bytes), and what it has is {length} characters long or not \
         hex. `openssl rand -hex 32` makes one"
    ))
}

pub(super) fn notice_secret(text: &str) -> Read<SecretText> {
    match Secret::new(text) {
        Ok(_) => Ok(SecretText::new(text)),
        Err(_) => Err(format!(
            "should be 32 letters and digits, and what it has is {} characters long or not only \
             those. `openssl rand -hex 16` makes one",
            text.chars().count()
        )),
    }
}

pub(super) fn secret(given: &Given, read: fn(&str) -> Read<SecretText>) -> Read<SecretText> {
    read(given.one()?)
}

/// Shortest and longest time one attempt may take.
pub(super) const TIMEOUTS: (Duration, Duration) = (Duration::from_millis(100), DAY);
