//! Checks, as the platform's own engine reports on them: its result, its failure, or that monitoring
//! found something.
//!
//! An engine that has not seen the answer repeats its report; the same report again changes nothing.

pub(crate) mod complete;
pub(crate) mod fail;
pub(crate) mod monitoring_hit;

use herald_domain::{account::EnvironmentId, exact_json::Object, problem::Problem};

use super::place::Place;
use crate::input::Fields;

/// Reads a report: `accountId` and `environment`, and what is reported.
fn read(body: &[u8]) -> Result<(EnvironmentId, Object), Problem> {
    let mut fields = Fields::parse(body)?;
    let environment = Place::read(&mut fields)?.environment()?;
    Ok((environment, fields.rest()))
}
