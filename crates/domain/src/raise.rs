//! From a change to the events it raises (design §5.9–5.15).
//!
//! A change names its most specific event type. It raises that type, every dotted ancestor that
//! the catalogue has, and the specialisations whose condition holds: `check.completed` with the
//! outcome `clear` raises `check.completed.clear` as well. Each payload follows its type's rule.

use crate::{
    catalogue::{Catalogue, Condition, EventType, PayloadRule, SummaryField},
    event::Raised,
    exact_json::{Object, Value},
    problem::Problem,
};

/// What a publisher says has happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The most specific event type.
    pub event_type: String,
    /// What it happened to, or what is to be sent as it is.
    pub subject: Subject,
}

/// What the payloads are made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A resource; the rules of the types make the payloads.
    Resource {
        /// As it is now.
        current: Object,
        /// As it was before an update.
        previous: Option<Object>,
    },
    /// A payload as it is. Only for a platform's own types.
    Payload(Value),
}

/// The events that a change raises, general types before specific ones. None, if it is an update
/// that changed nothing.
pub fn raise(catalogue: &Catalogue, change: &Change) -> Result<Vec<Raised>, Problem> {
    let named = known_type(catalogue, &change.event_type)?;
    let mut types: Vec<&EventType> = catalogue.ancestors(&named.name).collect();
    types.reverse();
    types.push(named);

    let mut raised = Vec::with_capacity(types.len() + 1);
    for event_type in types {
        let Some(payload) = payload(event_type, &change.subject)? else { return Ok(Vec::new()) };
        raised.push(event_of(event_type, payload));
    }
    check_condition(named, &raised)?;
    add_specialisations(catalogue, named, &change.subject, &mut raised)?;
    Ok(raised)
}

/// The type of this name, or that there is none.
pub fn known_type<'a>(catalogue: &'a Catalogue, name: &str) -> Result<&'a EventType, Problem> {
    catalogue.get(name).ok_or_else(|| {
        let message = format!(
            "'type' has the unknown event type '{}'; GET /v1/eventTypes lists the known ones",
            name.chars().take(80).collect::<String>()
        );
        Problem::invalid("type", message)
    })
}

pub(crate) fn event_of(event_type: &EventType, payload: Value) -> Raised {
    Raised {
        event_type: event_type.name.clone(),
        resource_type: event_type.resource.clone(),
        payload,
        size_hint: 1024,
    }
}

/// `check.completed.clear` about a check whose outcome is another would tell two stories.
fn check_condition(named: &EventType, raised: &[Raised]) -> Result<(), Problem> {
    let (Some(condition), Some(last)) = (&named.raised_when, raised.last()) else { return Ok(()) };
    let holds = last.payload.as_object().is_some_and(|payload| holds(condition, payload));
    if holds {
        return Ok(());
    }
    let message = format!(
        "'type' is '{}', which needs '{}' to be '{}' in its payload",
        named.name, condition.field, condition.equals
    );
    Err(Problem::invalid("type", message))
}

fn add_specialisations(
    catalogue: &Catalogue,
    named: &EventType,
    subject: &Subject,
    raised: &mut Vec<Raised>,
) -> Result<(), Problem> {
    for special in catalogue.specialisations(&named.name) {
        let Some(condition) = &special.raised_when else { continue };
        let general = raised.iter().find(|event| event.event_type == named.name);
        let applies = general
            .and_then(|event| event.payload.as_object())
            .is_some_and(|payload| holds(condition, payload));
        if !applies {
            continue;
        }
        if let Some(payload) = payload(special, subject)? {
            raised.push(event_of(special, payload));
            add_specialisations(catalogue, special, subject, raised)?;
        }
    }
    Ok(())
}

/// The payload by the type's rule; `None` if it is an update that changed nothing.
pub(crate) fn payload(event_type: &EventType, subject: &Subject) -> Result<Option<Value>, Problem> {
    let (current, previous) = match subject {
        Subject::Payload(_) if event_type.built_in => {
            let message = format!(
                "'payload' is only for a platform's own event types; '{}' takes 'resource'",
                event_type.name
            );
            return Err(Problem::invalid("payload", message));
        }
        Subject::Payload(payload) => return Ok(Some(payload.clone())),
        Subject::Resource { current, previous } => (current, previous.as_ref()),
    };
    let id = identity(current, "resource.id")?;
    Ok(match &event_type.payload {
        PayloadRule::Full => Some(Value::Object(current.clone())),
        PayloadRule::Id => Some(Value::Object(Object::from_iter([("id".into(), id)]))),
        PayloadRule::Changed => {
            let Some(previous) = previous else {
                let message =
                    format!("'previous' is required: '{}' tells what changed", event_type.name);
                return Err(Problem::invalid("previous", message));
            };
            if identity(previous, "previous.id")? != id {
                let message = "'previous' should have the same 'id' as 'resource'";
                return Err(Problem::invalid("previous.id", message));
            }
            changed_fields(previous, current).map(Value::Object)
        }
        PayloadRule::Summary(fields) => Some(Value::Object(summary(fields, current))),
        PayloadRule::Given => {
            let message = format!("'payload' is required for '{}'", event_type.name);
            return Err(Problem::invalid("payload", message));
        }
    })
}

fn identity(resource: &Object, param: &str) -> Result<Value, Problem> {
    match resource.get("id") {
        Some(id @ Value::String(text)) if !text.is_empty() => Ok(id.clone()),
        _ => Err(Problem::invalid(param, format!("'{param}' should be a non-empty string"))),
    }
}

/// `id`, `updatedAt`, and the top-level fields whose value changed, each with its whole new
/// value, in the resource's order; then, as null, the fields that are gone. `None` if nothing but
/// `updatedAt` changed (design §5.11).
pub fn changed_fields(previous: &Object, current: &Object) -> Option<Object> {
    let mut changes = Object::new();
    let mut really_changed = false;
    for (name, value) in current {
        let differs = previous.get(name) != Some(value);
        let always = name == "id" || name == "updatedAt";
        really_changed |= differs && !always;
        if differs || always {
            changes.insert(name.to_owned(), value.clone());
        }
    }
    for (name, _) in previous {
        if current.get(name).is_none() && name != "updatedAt" {
            really_changed = true;
            changes.insert(name.to_owned(), Value::Null);
        }
    }
    really_changed.then_some(changes)
}

fn summary(fields: &[SummaryField], resource: &Object) -> Object {
    let mut summary = Object::new();
    for field in fields {
        if field.only_if.as_ref().is_some_and(|condition| !holds(condition, resource)) {
            continue;
        }
        let own_name = std::slice::from_ref(&field.name);
        let paths = if field.from.is_empty() { own_name } else { &field.from };
        if let Some(value) = paths.iter().find_map(|path| look_up(resource, path)) {
            summary.insert(field.name.clone(), value.clone());
        }
    }
    summary
}

pub(crate) fn holds(condition: &Condition, object: &Object) -> bool {
    look_up(object, &condition.field).and_then(Value::as_str) == Some(&condition.equals)
}

fn look_up<'a>(object: &'a Object, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => object.get(path),
        Some((first, rest)) => look_up(object.get(first)?.as_object()?, rest),
    }
}

#[cfg(test)]
mod tests;
