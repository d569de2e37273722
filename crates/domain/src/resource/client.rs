//! Clients: whom an account deals with, a person or a company.

use super::{
    CREATED_AT, ID, Kind, Resource, UPDATED_AT, optional, own, required,
    shape::{Rule, Shape, missing},
};
use crate::{
    exact_json::{Object, Value},
    id::ResourceId,
    problem::Problem,
    time::Timestamp,
};

/// The two types of clients.
pub const TYPES: &[&str] = &["person", "company"];

/// A client.
pub const CLIENT: Shape = Shape(&[
    ID,
    required("type", Rule::Word(TYPES), "A person or a company.").fixed().filter(),
    own("entityName", Rule::Text, "Its whole name, made of its details."),
    required("email", Rule::Email, "Where it can be written to.").filter(),
    optional("mobile", Rule::Text, "Its mobile number.").filter(),
    optional("telephone", Rule::Text, "Its telephone number.").filter(),
    optional("externalId", Rule::Text, "What your own system calls it.").filter(),
    optional("joinedDate", Rule::Date, "When it joined you.").filter(),
    optional("personDetails", Rule::Details(&PERSON), "Of a person; required then.").filter(),
    optional("companyDetails", Rule::Details(&COMPANY), "Of a company; required then.").filter(),
    optional("metadata", Rule::Metadata, "What you keep with it; replaced as a whole.").filter(),
    CREATED_AT,
    UPDATED_AT,
]);

/// What there is to know about a person.
const PERSON: Shape = Shape(&[
    required("firstName", Rule::Text, "Given name.").filter(),
    optional("middleName", Rule::Text, "Further given names.").filter(),
    required("lastName", Rule::Text, "Family name.").filter(),
    optional("dob", Rule::Date, "Day of birth.").filter(),
    optional("gender", Rule::Word(&["male", "female", "other"]), "Gender.").filter(),
    optional("nationality", Rule::Country, "Country of citizenship.").filter(),
    optional("birthCountry", Rule::Country, "Country of birth.").filter(),
    optional("ssn", Rule::Text, "Social security number, of the USA.").filter(),
    optional("socialInsuranceNumber", Rule::Text, "Social insurance number.").filter(),
    optional("nationalIdentityNumber", Rule::Text, "National identity number.").filter(),
    optional("taxIdentificationNumber", Rule::Text, "Tax identification number.").filter(),
]);

/// What there is to know about a company.
const COMPANY: Shape = Shape(&[
    required("name", Rule::Text, "Its name.").filter(),
    optional("website", Rule::Text, "Its website.").filter(),
    optional("registrationNumber", Rule::Text, "Its number in the register.").filter(),
    optional("incorporationCountry", Rule::Country, "Where it is registered.").filter(),
    optional("incorporationType", Rule::Text, "Its legal form.").filter(),
]);

/// The client that a request asks for. Details of the other type are ignored.
pub fn create(mut request: Object, id: ResourceId, at: Timestamp) -> Result<Resource, Problem> {
    let details = request.get("type").and_then(Value::as_str).and_then(details_of);
    keep_own_details(&mut request, details);
    let mut fields = CLIENT.read(request)?;
    let details = details.unwrap_or_default();
    if fields.get(details).is_none() {
        return Err(missing(details));
    }
    name(&mut fields);
    Ok(Resource::new(Kind::Client, id, fields, at))
}

/// The client after an update; `None` if it changes nothing.
pub fn update(
    client: &Resource,
    mut request: Object,
    at: Timestamp,
) -> Result<Option<Resource>, Problem> {
    let details = client.text("type").and_then(details_of);
    keep_own_details(&mut request, details);
    let details = details.unwrap_or_default();
    if request.get(details).is_some_and(Value::is_null) {
        return Err(missing(details));
    }
    let mut fields = CLIENT.merge(&client.object, request)?;
    name(&mut fields);
    Ok(client.with(fields, at))
}

/// The last name of a person, or the name of a company.
pub fn last_name(client: &Resource) -> Option<&str> {
    client.text("personDetails.lastName").or_else(|| client.text("companyDetails.name"))
}

/// Where the details of this type of client are.
fn details_of(client_type: &str) -> Option<&'static str> {
    match client_type {
        "person" => Some("personDetails"),
        "company" => Some("companyDetails"),
        _ => None,
    }
}

/// Drops from a request the details that are not `details`, whatever they are.
fn keep_own_details(request: &mut Object, details: Option<&str>) {
    for other in ["personDetails", "companyDetails"] {
        if details.is_some_and(|own| own != other) {
            request.remove(other);
        }
    }
}

/// Makes the client's name anew from its details.
fn name(fields: &mut Object) {
    let text = |details: &str, name: &str| fields.get(details)?.get(name)?.as_str();
    let names = ["firstName", "middleName", "lastName"];
    let person = names.iter().filter_map(|name| text("personDetails", name));
    let parts: Vec<_> = person.chain(text("companyDetails", "name")).collect();
    let name = parts.join(" ");
    fields.insert("entityName".into(), name.into());
}
