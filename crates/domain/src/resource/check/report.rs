//! What an engine reports of a check: its result, its failure, or that monitoring found something.
//!
//! Reporting the same again changes nothing, so that an engine that has not seen the answer may
//! repeat itself.

use super::{OUTCOMES, is_screening, status, with_result};
use crate::{
    exact_json::{Object, Value},
    id::ObjectId,
    problem::Problem,
    resource::{
        Resource,
        shape::{given, missing},
    },
    time::Timestamp,
};

/// The check with its result: `outcome`, and a `breakdown`. `None` if that is its result already.
/// Matches that have no `id` get one from `new_id`.
pub fn complete(
    check: &Resource,
    report: Object,
    new_id: impl FnMut() -> ObjectId,
    at: Timestamp,
) -> Result<Option<Resource>, Problem> {
    let result = read_result(check, report, new_id)?;
    match status(check) {
        "pending" => {}
        "complete" if is_same(check, &result) => return Ok(None),
        other => return Err(not_pending(other)),
    }
    let mut fields = check.object.clone();
    fields.insert("status".into(), "complete".into());
    fields.insert("result".into(), result.into());
    let completed = check.with(fields, at);
    Ok(completed.map(|completed| Resource { due_at: None, ..completed }))
}

/// The check, failed. `None` if it has failed already.
pub fn fail(check: &Resource, at: Timestamp) -> Result<Option<Resource>, Problem> {
    match status(check) {
        "pending" => {}
        "failed" => return Ok(None),
        other => return Err(not_pending(other)),
    }
    let mut fields = check.object.clone();
    fields.insert("status".into(), "failed".into());
    let failed = check.with(fields, at);
    Ok(failed.map(|failed| Resource { due_at: None, ..failed }))
}

/// The check with the `matches` that monitoring found beside those it has; its outcome is
/// `attention`. `None` if it has them all already, by their ids, and needs attention already.
pub fn monitoring_hit(
    check: &Resource,
    mut report: Object,
    new_id: impl FnMut() -> ObjectId,
    at: Timestamp,
) -> Result<Option<Resource>, Problem> {
    let monitored = is_screening(check)
        && status(check) == "complete"
        && check.object.get("enableMonitoring") == Some(&true.into());
    if !monitored {
        let message = "only a complete screening check with 'enableMonitoring' is monitored";
        return Err(Problem::unprocessable("check_not_monitored", message));
    }
    let found = given(&mut report, "matches").ok_or_else(|| missing("matches"))?;
    let found = read_matches(found, "matches", new_id)?;
    if found.is_empty() {
        return Err(Problem::invalid("matches", "'matches' should have at least one entry"));
    }
    let mut result = result_of(check);
    let mut breakdown = match result.remove("breakdown") {
        Some(Value::Object(breakdown)) => breakdown,
        _ => Object::new(),
    };
    let mut matches = match breakdown.get("matches") {
        Some(Value::Array(matches)) => matches.clone(),
        _ => Vec::new(),
    };
    for one in found {
        if !matches.iter().any(|known| known.get("id") == one.get("id")) {
            matches.push(one);
        }
    }
    breakdown.insert("matches".into(), matches.into());
    result.insert("breakdown".into(), breakdown.into());
    result.insert("outcome".into(), "attention".into());
    Ok(with_result(check, result, at))
}

/// The result of a check, as it is.
pub(super) fn result_of(check: &Resource) -> Object {
    check.object.get("result").and_then(Value::as_object).cloned().unwrap_or_default()
}

fn not_pending(status: &str) -> Problem {
    let message = format!("the check is {status}; only a pending one can be reported on");
    Problem::unprocessable("check_not_pending", message)
}

/// Whether this was reported before. Ids that were given to matches then do not count.
fn is_same(check: &Resource, result: &Object) -> bool {
    let without_ids = |result: &Object| {
        let mut result = result.clone();
        for one in matches_mut(&mut result) {
            one.as_object_mut().map(|one| one.remove("id"));
        }
        result
    };
    without_ids(&result_of(check)) == without_ids(result)
}

/// The matches of a result, to be changed in place.
pub(super) fn matches_mut(result: &mut Object) -> impl Iterator<Item = &mut Value> {
    let breakdown = result.get_mut("breakdown").and_then(Value::as_object_mut);
    let matches = breakdown.and_then(|breakdown| breakdown.get_mut("matches"));
    matches.and_then(Value::as_array_mut).into_iter().flatten()
}

fn read_result(
    check: &Resource,
    mut report: Object,
    new_id: impl FnMut() -> ObjectId,
) -> Result<Object, Problem> {
    let outcome = given(&mut report, "outcome").ok_or_else(|| missing("outcome"))?;
    if !outcome.as_str().is_some_and(|word| OUTCOMES.contains(&word)) {
        let message = format!("'outcome' should be one of {}", OUTCOMES.join(", "));
        return Err(Problem::invalid("outcome", message));
    }
    let breakdown = match given(&mut report, "breakdown") {
        None => None,
        Some(Value::Object(breakdown)) => Some(breakdown),
        Some(_) => return Err(Problem::invalid("breakdown", "'breakdown' should be an object")),
    };
    let breakdown = if is_screening(check) {
        Some(screened(breakdown.unwrap_or_default(), new_id)?)
    } else {
        breakdown
    };
    let mut result = Object::from_iter([("outcome".to_owned(), outcome)]);
    if let Some(breakdown) = breakdown {
        result.insert("breakdown".into(), breakdown.into());
    }
    Ok(result)
}

/// The breakdown of a screening: `summary` and `matches` are always there.
fn screened(mut breakdown: Object, new_id: impl FnMut() -> ObjectId) -> Result<Object, Problem> {
    let summary = match given(&mut breakdown, "summary") {
        None => Object::new(),
        Some(Value::Object(summary)) => summary,
        Some(_) => {
            let message = "'breakdown.summary' should be an object";
            return Err(Problem::invalid("breakdown.summary", message));
        }
    };
    let matches = given(&mut breakdown, "matches").unwrap_or_else(|| Vec::new().into());
    let matches = read_matches(matches, "breakdown.matches", new_id)?;
    let mut screened = Object::from_iter([
        ("summary".to_owned(), summary.into()),
        ("matches".to_owned(), matches.into()),
    ]);
    for (name, value) in &breakdown {
        screened.insert(name.to_owned(), value.clone());
    }
    Ok(screened)
}

/// Matches, each an object with an `id` of its own, which stands first.
fn read_matches(
    matches: Value,
    path: &str,
    mut new_id: impl FnMut() -> ObjectId,
) -> Result<Vec<Value>, Problem> {
    let refused =
        |should: &str| Err(Problem::invalid(path, format!("'{path}' should be {should}")));
    let Value::Array(matches) = matches else { return refused("an array of objects") };
    let mut read: Vec<Value> = Vec::with_capacity(matches.len());
    for one in matches {
        let Value::Object(mut fields) = one else { return refused("an array of objects") };
        let id = match given(&mut fields, "id") {
            None => new_id().to_string().into(),
            Some(Value::String(id)) if !id.is_empty() => Value::String(id),
            Some(_) => return refused("objects whose 'id' is a non-empty string"),
        };
        if read.iter().any(|other| other.get("id") == Some(&id)) {
            return refused("objects with different ids");
        }
        let rest = fields.iter().map(|(name, value)| (name.to_owned(), value.clone()));
        let one: Object = std::iter::once(("id".to_owned(), id)).chain(rest).collect();
        read.push(one.into());
    }
    Ok(read)
}
