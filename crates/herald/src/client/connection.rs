//! Where Herald is, and what opens it: the options that every command over the API has.

use std::path::{Path, PathBuf};

use url::Url;

use super::{api::Api, failure::Failure};
use crate::config::SecretText;

const KEY_VARIABLE: &str = "HERALD_API_KEY";

const HEADING: &str = "Connection";

/// The options of every command that uses a running Herald.
#[derive(Debug, clap::Args)]
pub(super) struct Connection {
    /// Where Herald answers
    #[arg(long, global = true, env = "HERALD_URL", value_name = "URL", help_heading = HEADING)]
    #[arg(default_value = "http://127.0.0.1:8400")]
    url: String,
    /// The API key of the environment [env: HERALD_API_KEY]
    ///
    /// Other users of this machine may see a command line; the variable and --key-file are
    /// better places.
    #[arg(long, global = true, value_name = "KEY", value_parser = secret_text)]
    #[arg(help_heading = HEADING)]
    key: Option<SecretText>,
    /// A file with the API key in it
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    key_file: Option<PathBuf>,
    /// Answer in JSON, for programs
    #[arg(long, global = true, display_order = 100)]
    json: bool,
}

impl Connection {
    /// The API, opened.
    pub(super) fn open(self) -> Result<Api, Failure> {
        let base = base(&self.url)?;
        let key = given_or(self.key, self.key_file.as_deref(), "key", KEY_VARIABLE)?;
        Api::new(base, &key, self.json)
    }
}

/// A secret from the command line, a file or a variable: the first that is given.
pub(super) fn given_or(
    given: Option<SecretText>,
    file: Option<&Path>,
    option: &str,
    variable: &str,
) -> Result<SecretText, Failure> {
    let from_file = |file: &Path| {
        let problem =
            |error| Failure::Usage(format!("--{option}-file {}: {error}", file.display()));
        std::fs::read_to_string(file).map_err(problem)
    };
    let (text, place) = match (given, file) {
        (Some(_), Some(_)) => {
            return Err(Failure::Usage(format!("give --{option} or --{option}-file, not both")));
        }
        (Some(key), None) => (key.reveal().to_owned(), format!("--{option}")),
        (None, Some(file)) => (from_file(file)?, format!("--{option}-file {}", file.display())),
        (None, None) => match std::env::var(variable) {
            Ok(text) => (text, variable.to_owned()),
            Err(_) => {
                return Err(Failure::Usage(format!(
                    "no {option} is given: set {variable}, or use --{option}-file"
                )));
            }
        },
    };
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let what = "should be printable ASCII characters without spaces";
        return Err(Failure::Usage(format!("{place}: the {option} {what}")));
    }
    Ok(SecretText::new(text))
}

/// Reads a secret from the command line; `Debug` of the options hides it.
#[expect(clippy::unnecessary_wraps, reason = "clap's readers answer results")]
pub(super) fn secret_text(text: &str) -> Result<SecretText, std::convert::Infallible> {
    Ok(SecretText::new(text))
}

fn base(text: &str) -> Result<Url, Failure> {
    web_url(text).map_err(|problem| Failure::Usage(format!("--url {text}: {problem}")))
}

/// An `http` or `https` URL with a host, and without a user's name in it.
pub(super) fn web_url(text: &str) -> Result<Url, String> {
    let shape = "should be a URL such as http://127.0.0.1:8400";
    let url: Url = text.parse().map_err(|error| format!("{shape} ({error})"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(shape.into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("should have no user name or password in it".into());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_url_is_http_or_https_and_names_no_user() {
        for good in ["http://localhost:3000/hook?x=1", "https://example.com", "http://[::1]:1/"] {
            assert!(web_url(good).is_ok(), "{good}");
        }
        for bad in ["localhost:3000", "ftp://example.com", "http://", "http://u:p@h/", "/hook"] {
            assert!(web_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_is_trimmed_and_one_that_no_header_could_carry_is_refused_without_being_repeated() {
        let given = |text: &str| given_or(Some(SecretText::new(text)), None, "key", "NO_SUCH");
        assert_eq!(given(" test_abc\n").unwrap().reveal(), "test_abc");
        for bad in ["", " ", "two words", "clé"] {
            let Err(Failure::Usage(text)) = given(bad) else { panic!("{bad:?} should be refused") };
            assert!(bad.trim().is_empty() || !text.contains(bad), "{text}");
        }
        let Err(Failure::Usage(text)) = given_or(None, None, "key", "NO_SUCH_VARIABLE") else {
            panic!("there is no key")
        };
        assert!(text.contains("NO_SUCH_VARIABLE") && text.contains("--key-file"), "{text}");
    }
}
