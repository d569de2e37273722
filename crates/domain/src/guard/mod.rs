//! Which targets Herald may dial, so that nobody can aim it at the network it runs in.
//!
//! A customer chooses the URL, and the customer's DNS chooses the address. The guard therefore
//! judges twice: [`judge_url`] when a webhook is saved (without a look-up, so only an address
//! written in the URL can be refused) and again before each connection; then [`judge_name`] says
//! whether the name may be looked up at all, and [`judge_answers`] turns what DNS said into the
//! addresses that may be dialled. The caller dials exactly these values and never reads the text
//! of the URL again: what was judged and what is dialled cannot differ.
//!
//! By default only the public internet may be reached. The operator's [`Policy`] adds networks,
//! and may allow plain HTTP; the addresses of cloud metadata services stay forbidden in every
//! policy and every spelling, because the credentials they hand out are worth more than any
//! webhook.
//!
//! The customer sees one answer, [`Forbidden`], whatever the cause, so that Herald is no port
//! scanner; the operator's log gets [`Forbidden::detail`].
//!
//! | file | tells |
//! |---|---|
//! | `urls` | what a URL must look like, and what is taken from it |
//! | `target` | the target as values: host, port, what goes on the wire |
//! | `names` | names that belong to the machine or the local network; what DNS answered |
//! | `address` | the verdict about one address |
//! | `ranges` | the tables: special-purpose networks, metadata addresses |
//! | `embedded` | IPv4 addresses that hide in IPv6 addresses |
//! | `policy` | what the operator allows beyond the public internet |
//! | `forbidden` | one answer for the customer, the reason for the operator |
//!
//! To add a forbidden network: one row in `ranges`, with its source, and a row in
//! `tests/guard_addresses.rs` with its neighbours. To add a way of writing IPv4 into IPv6: one
//! rule in `embedded` and one in that test's `every_form`.

mod address;
mod embedded;
mod forbidden;
mod names;
mod policy;
mod ranges;
mod target;
mod urls;

pub use address::judge_address;
pub use forbidden::Forbidden;
pub use names::{AnswersProblem, NameVerdict, judge_answers, judge_name};
pub use policy::{Policy, PolicyError};
pub use target::{Host, Origin, Scheme, Target};
pub use urls::{MAX_URL_LENGTH, UrlProblem, judge_url};
