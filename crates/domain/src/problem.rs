//! What was wrong with a request, in the words of the API: `type`, `message` and the `param` that
//! is to blame. One problem an answer.

/// A refusal that a client can understand and mend. Never carries internals.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Which family, and so which HTTP status.
    pub kind: ProblemKind,
    /// One sentence: what was wrong, where, and what to do.
    pub message: String,
    /// The field to blame, with dots for nested ones.
    pub param: Option<String>,
}

/// The families of refusals; the `type` of the flat error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// 400 `invalid_request`.
    InvalidRequest,
    /// 401 `unauthorized`: no key, or one that is not known.
    Unauthorized,
    /// 403 `forbidden`: a known key that may not do this.
    Forbidden,
    /// 404 `resource_not_found`.
    NotFound,
    /// 429 `too_many_requests`: as much of this goes on as may.
    TooMany,
    /// 422: the request is well-formed and cannot be processed; the name is the `type`.
    Unprocessable(&'static str),
}

impl Problem {
    /// A 400 that blames `param`.
    pub fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind: ProblemKind::InvalidRequest,
            message: message.into(),
            param: Some(param.into()),
        }
    }

    /// A 400 that blames the request as a whole.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self { kind: ProblemKind::InvalidRequest, message: message.into(), param: None }
    }

    /// This problem, found in a part of the request such as `events[3]`.
    #[must_use]
    pub fn within(self, part: &str) -> Self {
        let param = self.param.map(|param| format!("{part}.{param}"));
        Self { message: format!("{part}: {}", self.message), param, ..self }
    }

    /// A 404 for `noun` (`webhook`), in the words of the documented message.
    pub fn not_found(noun: &str, id: &str) -> Self {
        Self::absent(format!("Invalid {noun} id '{id}'"))
    }

    /// A 404 in other words.
    pub fn absent(message: impl Into<String>) -> Self {
        Self { kind: ProblemKind::NotFound, message: message.into(), param: None }
    }

    /// This problem, and `param` is to blame.
    #[must_use]
    pub fn blaming(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    /// A 429.
    pub fn too_many(message: impl Into<String>) -> Self {
        Self { kind: ProblemKind::TooMany, message: message.into(), param: None }
    }

    /// A 422 of this `type`.
    pub fn unprocessable(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind: ProblemKind::Unprocessable(kind), message: message.into(), param: None }
    }
}
