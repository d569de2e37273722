//! What a person says of what a check found.
//!
//! Of a screening, each match is confirmed or rejected: one that is confirmed is enough for
//! `match_confirmed`, all have to be rejected for `clear`. Of other checks, the whole is.

use super::{check_not_pending, is_screening, report, status, with_result};
use crate::{
    exact_json::{Object, Value},
    problem::Problem,
    resource::{
        Resource,
        shape::{given, missing},
    },
    time::Timestamp,
};

/// Longest comment, characters.
const COMMENT_LENGTH: usize = 4_000;

/// What a person may say.
pub const WORDS: &[&str] = &["confirmed", "rejected", "attention"];

/// What a person says of a check, or of one match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    outcome: &'static str,
    match_id: Option<String>,
    comment: Option<String>,
}

impl Validation {
    /// Reads the request: `outcome`, and perhaps `matchId` and `comment`.
    pub fn read(mut request: Object) -> Result<Self, Problem> {
        let said = given(&mut request, "outcome").ok_or_else(|| missing("outcome"))?;
        let word = WORDS.iter().find(|word| said.as_str() == Some(word));
        let outcome = *word.ok_or_else(|| {
            let message = format!("'outcome' should be one of {}", WORDS.join(", "));
            Problem::invalid("outcome", message)
        })?;
        let mut text = |name: &str| match given(&mut request, name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.contains('\0') => Ok(Some(text)),
            Some(_) => Err(Problem::invalid(name, format!("'{name}' should be a string"))),
        };
        let (match_id, comment) = (text("matchId")?, text("comment")?);
        if comment.as_ref().is_some_and(|text| text.chars().count() > COMMENT_LENGTH) {
            let message = format!("'comment' should have at most {COMMENT_LENGTH} characters");
            return Err(Problem::invalid("comment", message));
        }
        Ok(Self { outcome, match_id, comment })
    }

    /// How it stands beside what was validated.
    fn object(&self) -> Object {
        let comment =
            self.comment.as_ref().map(|text| ("comment".to_owned(), text.as_str().into()));
        [("outcome".to_owned(), self.outcome.into())].into_iter().chain(comment).collect()
    }
}

/// The check after it was validated; `None` if that says nothing new.
pub fn validate(
    check: &Resource,
    validation: &Validation,
    at: Timestamp,
) -> Result<Option<Resource>, Problem> {
    check_not_pending(check)?;
    if status(check) != "complete" {
        let message = "a check that has failed has nothing to validate";
        return Err(Problem::unprocessable("invalid_check_validation", message));
    }
    let mut result = report::result_of(check);
    let outcome = if is_screening(check) {
        validate_match(&mut result, validation)?;
        of_matches(&mut result)
    } else {
        result.insert("validation".into(), validation.object().into());
        match validation.outcome {
            "confirmed" => "clear",
            other => other,
        }
    };
    result.insert("outcome".into(), outcome.into());
    Ok(with_result(check, result, at))
}

fn validate_match(result: &mut Object, validation: &Validation) -> Result<(), Problem> {
    let Some(id) = &validation.match_id else { return Err(missing("matchId")) };
    let named = |one: &&mut Value| one.get("id").and_then(Value::as_str) == Some(id);
    let found = report::matches_mut(result).find(named).and_then(Value::as_object_mut);
    let Some(found) = found else {
        let message = format!("Invalid match id '{}'", id.chars().take(100).collect::<String>());
        return Err(Problem::absent(message).blaming("matchId"));
    };
    found.insert("validation".into(), validation.object().into());
    Ok(())
}

/// What all matches together come to.
fn of_matches(result: &mut Object) -> &'static str {
    let said: Vec<_> = report::matches_mut(result)
        .map(|one| one.get("validation").and_then(|said| said.get("outcome")?.as_str()))
        .collect();
    if said.contains(&Some("confirmed")) {
        "match_confirmed"
    } else if said.iter().all(|one| *one == Some("rejected")) {
        "clear"
    } else {
        "attention"
    }
}
