//! Attempts: one HTTP request of a delivery, and what came back.

use std::{fmt, net::SocketAddr, str::FromStr, time::Duration};

use bytes::Bytes;

use crate::{signature::Signatures, time::Timestamp};

/// At most this much of a response body is read and kept (design §8), bytes.
pub const RESPONSE_BODY_KEPT: usize = 16 * 1024;

/// One HTTP request of a delivery, and what came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it began; also the timestamp that was signed.
    pub started_at: Timestamp,
    /// From its beginning to its outcome.
    pub duration: Duration,
    /// The webhook's URL at that time.
    pub url: String,
    /// The address that was dialled, if it came to that.
    pub address: Option<SocketAddr>,
    /// What signed it; absent if it failed before anything was signed.
    pub signatures: Option<Signatures>,
    /// What came back.
    pub answer: Answer,
}

impl Attempt {
    /// When its outcome was known. Retry delays are measured from here (design §5.3).
    pub fn ended_at(&self) -> Timestamp {
        self.started_at.after(self.duration)
    }
}

/// What came back from a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A complete response head arrived in time.
    Response(Response),
    /// It did not.
    Failure(Failure),
}

impl Answer {
    /// Success is a complete 2xx head within the deadline, nothing else (design §5.4).
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Response(response) if (200..300).contains(&response.status))
    }

    /// The response's status, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Response(response) => Some(response.status),
            Self::Failure(_) => None,
        }
    }

    /// The class of the failure, if it was one. Any other status than 2xx is a class too.
    pub fn error_class(&self) -> Option<ErrorClass> {
        match self {
            Self::Failure(failure) => Some(failure.class),
            Self::Response(_) if self.is_success() => None,
            Self::Response(_) => Some(ErrorClass::Status),
        }
    }
}

/// A response's head, and the beginning of its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// 100 to 999, as received.
    pub status: u16,
    /// As received, in order; values may be any bytes.
    pub headers: Vec<(String, Bytes)>,
    /// At most [`RESPONSE_BODY_KEPT`] bytes.
    pub body: Bytes,
    /// Whether there was more than was kept.
    pub truncated: bool,
}

impl Response {
    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }
}

/// Why no response came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// For programs.
    pub class: ErrorClass,
    /// For people: one sentence, without anything that is not the receiver's own business.
    pub detail: String,
}

macro_rules! error_classes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal $text:literal;)*) => {
        /// The classes of failed attempts. The number is what a store keeps; it never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum ErrorClass { $($(#[$doc])* $variant = $code,)* }

        impl ErrorClass {
            /// Every class.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the API and in metrics.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

error_classes! {
    /// The target may not be dialled. One answer for every cause: no port scanner.
    TargetForbidden = 1 "target_forbidden";
    /// The name does not exist.
    DnsNotFound = 2 "dns_not_found";
    /// The look-up failed (SERVFAIL and the like).
    DnsFailed = 3 "dns_failed";
    /// The look-up did not answer in time.
    DnsTimeout = 4 "dns_timeout";
    /// The receiver's host refused the connection.
    ConnectionRefused = 5 "connection_refused";
    /// The connection could not be made for another reason.
    ConnectionFailed = 6 "connection_failed";
    /// The certificate is expired, for another host, or not trusted. Nothing was sent.
    TlsCertificate = 7 "tls_certificate";
    /// The TLS handshake failed otherwise. Nothing was sent.
    TlsHandshake = 8 "tls_handshake";
    /// The connection ended before a complete response head.
    ConnectionClosed = 9 "connection_closed";
    /// No complete response head within the deadline.
    Timeout = 10 "timeout";
    /// What came back is not an HTTP response, or its head is too large.
    MalformedResponse = 11 "malformed_response";
    /// A response with a status other than 2xx.
    Status = 12 "status";
    /// Herald itself could not make the request, such as from a row that cannot be read.
    Internal = 13 "internal";
}

impl ErrorClass {
    /// The class with this number, as a store kept it.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|class| *class as u8 == code)
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ErrorClass {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|class| class.as_str() == text).ok_or(())
    }
}
