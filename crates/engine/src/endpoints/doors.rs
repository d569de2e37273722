//! Where temporary endpoints are, and what opens them.
//!
//! The URL of an endpoint is read in one spelling, the one that Herald writes: scheme, host, port
//! and path are compared as text with the configured address, and never parsed, normalised or
//! looked up. So nothing but Herald's own endpoints can be meant by it.

use herald_domain::{
    account::EnvironmentId,
    signature::{SECRET_LENGTH, Secret},
};
use sha2::{Digest, Sha256};

/// What stands between Herald's address and a token.
const PLACE: &str = "/e/";

/// What opens an endpoint: the hash of its token, and who has to own it, if that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Door {
    pub(super) token_hash: [u8; 32],
    pub(super) owner: Option<EnvironmentId>,
}

impl Door {
    /// The door that anybody opens who knows the token.
    pub(crate) fn of_token(token: &str) -> Self {
        Self { token_hash: hash(token), owner: None }
    }
}

pub(super) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Makes and reads the URLs of temporary endpoints.
#[derive(Clone, Debug)]
pub(crate) struct Doors {
    /// Where people reach Herald, without a slash at its end.
    public_url: String,
}

impl Doors {
    pub(crate) fn new(public_url: &str) -> Self {
        Self { public_url: public_url.trim_end_matches('/').to_owned() }
    }

    pub(super) fn url(&self, token: &Secret) -> String {
        format!("{}{PLACE}{}", self.public_url, token.reveal())
    }

    /// The door in a webhook's URL, if that is the URL of a temporary endpoint: character by
    /// character as Herald writes it. Every other spelling is an ordinary URL.
    pub(crate) fn read(&self, owner: EnvironmentId, url: &str) -> Option<Door> {
        if self.public_url.is_empty() {
            return None;
        }
        let token = url.strip_prefix(&self.public_url)?.strip_prefix(PLACE)?;
        let fits = token.len() == SECRET_LENGTH && token.bytes().all(|b| b.is_ascii_alphanumeric());
        fits.then(|| Door { token_hash: hash(token), owner: Some(owner) })
    }
}

#[cfg(test)]
mod tests {
    use herald_domain::account::Mode;
    use herald_domain::id::AccountId;

    use super::*;

    const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz012345";

    fn is_door(public_url: &str, url: &str) -> bool {
        let owner = EnvironmentId { account: AccountId::from_bytes([1; 12]), mode: Mode::Test };
        let door = Doors::new(public_url).read(owner, url);
        if let Some(door) = door {
            assert_eq!(door, Door { token_hash: hash(TOKEN), owner: Some(owner) });
        }
        door.is_some()
    }

    #[test]
    fn only_the_very_spelling_that_is_written_is_read() {
        for public_url in ["http://127.0.0.1:8080", "https://hooks.example.com/"] {
            let written = Doors::new(public_url).url(&Secret::new(TOKEN).unwrap());
            assert!(is_door(public_url, &written), "{written}");
        }
        let public_url = "http://127.0.0.1:8080";
        for place in [
            "http://127.0.0.1:8080/e/",
            "http://127.0.0.1:8080//e/",
            "http://127.0.0.1:8080/E/",
            "http://127.0.0.1:8080/./e/",
            "http://127.0.0.1:8080/v1/../e/",
            "http://127.0.0.1:8080/%65/",
            "http://127.0.0.1:8080/e//",
            "http://127.0.0.1:80801/e/",
            "http://127.0.0.1:08080/e/",
            "http://127.0.0.1:8081/e/",
            "http://127.0.0.1/e/",
            "http://127.0.0.1.:8080/e/",
            "http://127.1:8080/e/",
            "http://localhost:8080/e/",
            "http://[::1]:8080/e/",
            "http://user@127.0.0.1:8080/e/",
            "http://127.0.0.1:8080@evil.example/e/",
            "HTTP://127.0.0.1:8080/e/",
            "https://127.0.0.1:8080/e/",
            " http://127.0.0.1:8080/e/",
            "http:\\\\127.0.0.1:8080/e/",
        ] {
            let is_written = place == "http://127.0.0.1:8080/e/";
            assert_eq!(is_door(public_url, &format!("{place}{TOKEN}")), is_written, "{place}");
        }
        for end in ["/", "?", "?a=b", "#a", " ", "\n", "0", "%20", "/.."] {
            let url = format!("http://127.0.0.1:8080/e/{TOKEN}{end}");
            assert!(!is_door(public_url, &url), "{url}");
        }
        assert!(!is_door(public_url, "http://127.0.0.1:8080/e/"));
        assert!(!is_door(public_url, &format!("http://127.0.0.1:8080/e/{}", &TOKEN[1..])));
        assert!(!is_door(
            public_url,
            "http://127.0.0.1:8080/e/abcdefghijklmnopqrstuvwxyz01234\u{e9}"
        ));
    }

    #[test]
    fn without_an_address_nothing_is_read() {
        assert!(!is_door("", &format!("/e/{TOKEN}")));
    }
}
