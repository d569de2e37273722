//! Addresses: where a client is, or was.

use super::{
    CLIENT_ID, CREATED_AT, ID, Kind, Resource, UPDATED_AT, optional, required,
    shape::{Rule, Shape},
};
use crate::{exact_json::Object, id::ResourceId, problem::Problem, time::Timestamp};

/// An address.
pub const ADDRESS: Shape = Shape(&[
    ID,
    CLIENT_ID,
    optional("type", Rule::Word(&["main", "alternative", "other"]), "Which of its addresses.")
        .filter(),
    optional("propertyNumber", Rule::Text, "Number of the house or flat."),
    optional("buildingName", Rule::Text, "Name of the building."),
    required("line", Rule::Text, "Street."),
    required("city", Rule::Text, "City or town.").filter(),
    optional("state", Rule::Text, "County, state or province."),
    optional("postalCode", Rule::Text, "Postal code."),
    required("country", Rule::Country, "Country.").filter(),
    optional("fromDate", Rule::Date, "Since when the client has been there."),
    optional("toDate", Rule::Date, "Until when the client was there."),
    CREATED_AT,
    UPDATED_AT,
]);

/// The address that a request asks for. Its client is still to be looked up.
pub fn create(request: Object, id: ResourceId, at: Timestamp) -> Result<Resource, Problem> {
    Ok(Resource::new(Kind::Address, id, ADDRESS.read(request)?, at))
}

/// The address after an update; `None` if it changes nothing.
pub fn update(
    address: &Resource,
    request: Object,
    at: Timestamp,
) -> Result<Option<Resource>, Problem> {
    Ok(address.with(ADDRESS.merge(&address.object, request)?, at))
}
