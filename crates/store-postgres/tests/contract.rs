//! The store for several nodes keeps every law of the store's contract.

mod support;

use support::Nodes;

herald_store::store_contract!(Nodes::default());
