//! A change as a publisher tells it: its type, and the resource that it happened to or the
//! payload that is to be sent as it is.

use herald_domain::{
    problem::Problem,
    raise::{Change, Subject},
};

use crate::input::{Fields, OBJECT, TEXT, VALUE};

/// Reads `type`, and either `resource` with perhaps `previous`, or `payload`.
pub(super) fn read_change(fields: &mut Fields) -> Result<Change, Problem> {
    let event_type = fields.required("type", TEXT)?;
    let resource = fields.optional("resource", OBJECT)?;
    let previous = fields.optional("previous", OBJECT)?;
    let payload = fields.optional("payload", VALUE)?;
    let subject = match (resource, previous, payload) {
        (Some(current), previous, None) => Subject::Resource { current, previous },
        (None, None, Some(payload)) => Subject::Payload(payload),
        (None, _, None) => {
            let message = "'resource' is required, or 'payload' for a type that takes one";
            return Err(Problem::invalid("resource", message));
        }
        (Some(_), _, Some(_)) => {
            let message = "'payload' should not be given beside 'resource', from which it is made";
            return Err(Problem::invalid("payload", message));
        }
        (None, Some(_), Some(_)) => {
            let message = "'previous' should not be given without 'resource'";
            return Err(Problem::invalid("previous", message));
        }
    };
    Ok(Change { event_type, subject })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_a_resource_or_a_payload_and_not_both() {
        for (body, param) in [
            (r#"{"type":"t","resource":{}}"#, None),
            (r#"{"type":"t","resource":{},"previous":{}}"#, None),
            (r#"{"type":"t","resource":{},"previous":null,"payload":null}"#, None),
            (r#"{"type":"t","payload":[1]}"#, None),
            (r#"{"type":"t"}"#, Some("resource")),
            (r#"{"type":"t","previous":{}}"#, Some("resource")),
            (r#"{"type":"t","resource":{},"payload":1}"#, Some("payload")),
            (r#"{"type":"t","previous":{},"payload":1}"#, Some("previous")),
            (r#"{"type":"t","resource":[]}"#, Some("resource")),
            (r#"{"type":1,"resource":{}}"#, Some("type")),
            (r#"{"resource":{}}"#, Some("type")),
        ] {
            let change = read_change(&mut Fields::parse(body.as_bytes()).unwrap());
            let blamed = change.err().and_then(|problem| problem.param);
            assert_eq!(blamed.as_deref(), param, "{body}");
        }
    }
}
