//! A judged URL, ready to be written on the wire.
//!
//! Made once for a webhook and shared by its attempts, so that the hot path neither parses a URL
//! nor allocates for it.

use ::http::{HeaderValue, Uri, uri};
use herald_domain::{
    attempt::{ErrorClass, Failure},
    guard::{self, Policy, Target, UrlProblem},
};

use super::failure::{failure, forbidden};

/// A judged URL, ready to be written on the wire. [`Client::target`](super::Client::target) makes
/// one.
#[derive(Clone, Debug)]
pub struct Destination {
    target: Target,
    /// `/path?query`: the request line of HTTP/1.1.
    origin_form: Uri,
    /// With scheme and authority: the pseudo-headers of HTTP/2.
    absolute_form: Uri,
    host: HeaderValue,
}

impl Destination {
    /// Judges `url` under `policy`. A name in it is judged again, with its addresses, each time a
    /// connection is dialled.
    ///
    /// The failure is what the attempt should record: `TargetForbidden`, or `Internal` for a text
    /// that could never have been saved.
    pub fn new(policy: &Policy, url: &str) -> Result<Self, Failure> {
        let target = guard::judge_url(policy, url).map_err(|problem| match problem {
            UrlProblem::Forbidden(reason) => forbidden(&reason, "a literal address"),
            problem => failure(ErrorClass::Internal, format!("{problem}.")),
        })?;
        Self::from_target(target).map_err(|error| {
            tracing::error!(%error, "a judged URL cannot be written on the wire");
            failure(ErrorClass::Internal, "The URL cannot be used in a request.")
        })
    }

    fn from_target(target: Target) -> Result<Self, ::http::Error> {
        let path: uri::PathAndQuery = target.path_and_query().parse()?;
        let absolute_form = Uri::builder()
            .scheme(target.scheme().as_str())
            .authority(target.authority())
            .path_and_query(path.clone())
            .build()?;
        let host = HeaderValue::from_str(target.authority())?;
        Ok(Self { target, origin_form: path.into(), absolute_form, host })
    }

    /// What was judged.
    pub fn target(&self) -> &Target {
        &self.target
    }

    pub(super) fn origin_form(&self) -> Uri {
        self.origin_form.clone()
    }

    pub(super) fn absolute_form(&self) -> Uri {
        self.absolute_form.clone()
    }

    pub(super) fn host(&self) -> HeaderValue {
        self.host.clone()
    }
}
