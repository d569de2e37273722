//! The promise of `exact_json`, put to the test: against a real JavaScript engine (`against_node`),
//! as laws over generated values (`laws`), and as a table of what is refused, where and in which
//! words (`refusals`). `generate` makes what the first two are fed with.

#[path = "exact_json/against_node.rs"]
mod against_node;
#[path = "exact_json/generate.rs"]
mod generate;
#[path = "exact_json/laws.rs"]
mod laws;
#[path = "exact_json/refusals.rs"]
mod refusals;
