//! Temporary endpoints: a URL of Herald's own that keeps what is sent to it, for whoever builds a
//! receiver to look at.
//!
//! The token at the end of the URL is all that it takes to send to it. So it is unguessable, its
//! hash finds the endpoint, and the token itself is kept sealed: its owner is shown the URL again,
//! a copy of the database shows it to nobody.

use std::time::Duration;

use bytes::Bytes;

use crate::{
    account::EnvironmentId,
    id::{EndpointId, RequestId},
    time::Timestamp,
    webhook::SealedSecret,
};

/// Bytes of a body that are kept; a longer one is cut.
pub const BODY_KEPT: usize = 256 * 1024;

/// Bytes of the names and values of headers that are kept; what comes after them is left out.
pub const HEADERS_KEPT: usize = 64 * 1024;

/// A temporary endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Where it belongs.
    pub environment: EnvironmentId,
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// Its token, sealed.
    pub token: SealedSecret,
    /// What its owner says of it.
    pub description: Option<String>,
    /// The status that it answers, 200 to 599.
    pub respond_with: u16,
    /// How many requests it keeps.
    pub requests: u64,
    /// The number of the last request that it has got; 0 if there was none.
    pub last_number: u64,
    /// From then on it is as if it had never been.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Endpoint {
    /// Whether it is still there at this time.
    pub fn lives_at(&self, at: Timestamp) -> bool {
        at < self.expires_at
    }

    /// This endpoint after the patch.
    #[must_use]
    pub fn patched(mut self, patch: &EndpointPatch) -> Self {
        if let Some(description) = &patch.description {
            self.description.clone_from(description);
        }
        if let Some(status) = patch.respond_with {
            self.respond_with = status;
        }
        self
    }
}

/// What an update changes; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointPatch {
    /// A new description; `Some(None)` removes it.
    pub description: Option<Option<String>>,
    /// Another status to answer.
    pub respond_with: Option<u16>,
}

/// How long an endpoint lives if nobody says.
pub const LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// A request that a temporary endpoint got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRequest {
    /// Its id.
    pub id: RequestId,
    /// 1 for the endpoint's first, one more for each; never given again.
    pub number: u64,
    /// `POST`, most of the time.
    pub method: String,
    /// What stood behind the question mark of the URL, if there was one.
    pub query: Option<String>,
    /// As received, in order, names in lower case; values may be any bytes. At most
    /// [`HEADERS_KEPT`] bytes.
    pub headers: Vec<(String, Bytes)>,
    /// At most [`BODY_KEPT`] bytes.
    pub body: Bytes,
    /// Bytes of the whole body.
    pub length: u64,
    /// The status that it was answered.
    pub answered: u16,
    /// When it had arrived.
    pub received_at: Timestamp,
}

impl KeptRequest {
    /// Whether there was more of the body than is kept.
    pub fn is_cut(&self) -> bool {
        self.length > self.body.len() as u64
    }

    /// The first header of this name (lower case), if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(n, _)| n == name)?;
        std::str::from_utf8(value).ok()
    }

    /// What it takes up, bytes: its body and headers.
    pub fn size(&self) -> u64 {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len());
        (self.body.len() + headers.sum::<usize>()) as u64
    }
}
