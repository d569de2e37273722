//! What the end-to-end tests share: the real program as a child process, or the server inside the
//! test's, a client of its API, a browser in front of it, a Herald that says what the test says,
//! what its events add up to, and waiting for something to become true.

pub(crate) mod api;
pub(crate) mod browser;
pub(crate) mod fake_api;
pub(crate) mod inside;
pub(crate) mod ledger;
pub(crate) mod program;
pub(crate) mod scene;
pub(crate) mod script;
pub(crate) mod world;

use std::time::Duration;

use herald_domain::signature::{Secret, Signer, notification_headers};
use herald_testkit::receiver::Received;

/// How long a test waits for what should come within moments.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again until the answer is `Some`, and fails with `what` if it never is.
///
/// Between two questions a tick passes: another process has no signal that a test could wait for,
/// and asking without pause would take the processor from the very thing that is waited for. The
/// tick decides nothing but how soon the test notices.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let asking = async {
        loop {
            tick.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    let answer = tokio::time::timeout(PATIENCE, asking).await;
    answer.unwrap_or_else(|_elapsed| panic!("this has not happened within {PATIENCE:?}: {what}"))
}

/// The `Webhook-Signature` that this secret alone would have made for the request.
pub(crate) fn standard_signature(request: &Received, secret: &str) -> String {
    let event = request.event_id().parse().expect("an id");
    let timestamp = request.header("webhook-timestamp").parse().expect("seconds");
    let signer = Signer::new(&Secret::new(secret).expect("a secret"));
    let signatures = signer.sign(event, timestamp, &request.body);
    let headers = notification_headers(event, &signatures).into_iter();
    let mut found = headers.filter(|(name, _)| *name == "Webhook-Signature");
    found.next().expect("it is among them").1.into_owned()
}
