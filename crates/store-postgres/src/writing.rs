//! Yet to be written.
use crate::{failure::Outcome, tally::Tallies, transaction::Tx};
use herald_store::Write;
pub(crate) async fn write(_: &Tx, _: i64, _: &[Write], _: &mut Tallies) -> Outcome<bool> {
    unimplemented!()
}
