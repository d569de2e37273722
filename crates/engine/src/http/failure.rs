//! What went wrong, in the classes and words of an attempt.
//!
//! A detail is one sentence for the receiver's developer. It says nothing of Herald's inside and
//! nothing of the network it runs in; an error's own text therefore never gets into it.

use std::{error::Error, io};

use herald_domain::{
    attempt::{ErrorClass, Failure},
    guard::Forbidden,
};

use super::resolve::ResolveError;

/// `EMFILE` and `ENFILE` (`errno.h`, the same on Linux, the BSDs and macOS): there is no
/// `io::ErrorKind` for them.
const NO_MORE_FILES: [i32; 2] = [24, 23];

pub(super) fn failure(class: ErrorClass, detail: impl Into<String>) -> Failure {
    Failure { class, detail: detail.into() }
}

/// One sentence for every kind of forbidden target; the reason goes to the operator's log.
pub(super) fn forbidden(reason: &Forbidden, target: impl std::fmt::Display) -> Failure {
    tracing::warn!(%target, reason = reason.detail(), "refused to dial a forbidden target");
    failure(ErrorClass::TargetForbidden, "The target address is not allowed.")
}

pub(super) fn unresolved(error: ResolveError) -> Failure {
    match error {
        ResolveError::NotFound => {
            failure(ErrorClass::DnsNotFound, "The host name does not exist or has no address.")
        }
        ResolveError::Failed => {
            failure(ErrorClass::DnsFailed, "The name servers of the host could not answer.")
        }
        ResolveError::TimedOut => {
            failure(ErrorClass::DnsTimeout, "The name servers of the host did not answer in time.")
        }
    }
}

/// Why no TCP connection was made.
pub(super) fn unconnected(error: &io::Error) -> Failure {
    let ours = error.kind() == io::ErrorKind::AddrNotAvailable
        || error.raw_os_error().is_some_and(|code| NO_MORE_FILES.contains(&code));
    if ours {
        tracing::error!(%error, "out of sockets");
        return failure(ErrorClass::Internal, "The service had no connection to spare.");
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            failure(ErrorClass::ConnectionRefused, "The receiver refused the connection.")
        }
        io::ErrorKind::TimedOut => {
            failure(ErrorClass::Timeout, "The receiver did not accept the connection in time.")
        }
        _ => failure(ErrorClass::ConnectionFailed, "The receiver could not be reached."),
    }
}

/// Why an HTTP exchange ended without a response head.
pub(super) fn unanswered(error: &hyper::Error) -> Failure {
    let broken_rules = h2_error(error).is_some_and(h2::Error::is_library);
    if error.is_parse() || broken_rules {
        return failure(
            ErrorClass::MalformedResponse,
            "The answer is not a valid HTTP response, or its head is too large.",
        );
    }
    failure(ErrorClass::ConnectionClosed, "The receiver closed the connection without an answer.")
}

/// Whether the receiver says that it did not begin to process this HTTP/2 stream: refused
/// (RFC 9113 §8.7), or newer than the last stream that a GOAWAY says is processed (§6.8). Streams
/// up to that one don't get the GOAWAY as their error.
pub(super) fn is_unprocessed(error: &hyper::Error) -> bool {
    h2_error(error).is_some_and(|error| {
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (refused || error.is_go_away())
    })
}

fn h2_error(error: &hyper::Error) -> Option<&h2::Error> {
    error.source()?.downcast_ref()
}
