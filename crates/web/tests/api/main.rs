//! The API as a client sees it: requests in, answers out, against a real engine on a real
//! embedded store. Nothing is dispatched; what an attempt leads to is recorded by hand.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which are not seen as tests")]

mod access;
mod accounts;
mod addresses;
mod check_reports;
mod checks;
mod clients;
mod conformity;
mod deliveries;
mod documentation;
mod documents;
mod endpoints;
mod events;
mod events_of_changes;
mod hostile;
mod lists;
mod live;
mod made;
mod objects;
mod portal_links;
mod publish;
mod recoveries;
mod resends;
mod resource_lists;
mod secrets;
mod statistics;
mod support;
mod test_events;
mod webhooks;
mod why;
mod wire;
