//! Rotation around its edges.

use super::*;
use crate::{
    account::{EnvironmentId, Mode},
    id::{AccountId, WebhookId},
    webhook::Subscription,
};

const BEGUN: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const HOUR: Duration = Duration::from_secs(3_600);
const INSTANT: Duration = Duration::from_millis(1);

fn sealed(text: &str) -> SealedSecret {
    SealedSecret(text.into())
}

fn webhook() -> Webhook {
    Webhook {
        id: WebhookId::from_bytes([1; 12]),
        environment: EnvironmentId { account: AccountId::from_bytes([0; 12]), mode: Mode::Test },
        description: None,
        url: "https://example.com/".into(),
        enabled: true,
        events: Subscription::from_stored(vec!["*".into()]),
        secret: sealed("first"),
        rotation: None,
        disabled: None,
        failing: None,
        created_at: BEGUN,
        updated_at: BEGUN,
    }
}

fn rotate(secret: &str, until: Timestamp, switched: bool) -> SecretChange {
    SecretChange::Rotate { secret: sealed(secret), until, switched }
}

#[test]
fn both_secrets_sign_until_the_time_is_up_and_then_the_new_one_alone() {
    use Generation::{New, Previous};
    let until = BEGUN.after(HOUR);
    for (switched, at, complycube, both) in [
        (false, BEGUN.before(HOUR), Previous, true), // the clock went back
        (false, BEGUN, Previous, true),
        (false, until.before(INSTANT), Previous, true),
        (false, until, New, false),
        (false, until.after(HOUR), New, false),
        (true, BEGUN, New, true),
        (true, until.before(INSTANT), New, true),
        (true, until, New, false),
        (true, until.after(HOUR), New, false),
    ] {
        let rotation = Rotation { previous: sealed("old"), until, switched };
        assert_eq!(rotation.signing(at), Signing { complycube, both }, "{switched} {at}");
    }
}

#[test]
fn a_rotation_keeps_the_secret_before_until_its_time_is_up() {
    let (at, until) = (BEGUN.after(INSTANT), BEGUN.after(HOUR));
    for switched in [false, true] {
        let rotated = webhook().with_secrets(&rotate("second", until, switched), at).unwrap();
        let expected = Rotation { previous: sealed("first"), until, switched };
        assert_eq!((&rotated.secret, &rotated.rotation), (&sealed("second"), &Some(expected)));
        assert_eq!(rotated.updated_at, at);
        assert_eq!(rotated.clone().as_of(until.before(INSTANT)), rotated);
        assert_eq!(rotated.clone().as_of(until), Webhook { rotation: None, ..rotated });
    }
}

#[test]
fn without_an_overlap_the_secret_before_is_gone_at_once() {
    let rotated = webhook().with_secrets(&rotate("second", BEGUN, false), BEGUN).unwrap();
    assert_eq!((rotated.secret, rotated.rotation), (sealed("second"), None));
}

#[test]
fn a_secret_is_not_rotated_again_while_both_count() {
    let until = BEGUN.after(HOUR);
    let rotated = webhook().with_secrets(&rotate("second", until, false), BEGUN).unwrap();
    let again = |at| rotated.clone().with_secrets(&rotate("third", until.after(HOUR), true), at);
    for at in [BEGUN, until.before(INSTANT)] {
        assert_eq!(again(at), Err(RotationRunning { until }));
    }
    let third = again(until).unwrap();
    assert_eq!(third.secret, sealed("third"));
    assert_eq!(third.rotation.unwrap().previous, sealed("second"), "not the first");
}

#[test]
fn switching_changes_the_header_once_and_not_how_long_both_count() {
    let until = BEGUN.after(HOUR);
    let rotated = webhook().with_secrets(&rotate("second", until, false), BEGUN).unwrap();
    let (soon, later) = (BEGUN.after(INSTANT), BEGUN.after(2 * INSTANT));
    let switched = rotated.clone().with_secrets(&SecretChange::Switch, soon).unwrap();
    let expected = Rotation { previous: sealed("first"), until, switched: true };
    assert_eq!((&switched.rotation, switched.updated_at), (&Some(expected), soon));
    assert_eq!(switched.clone().with_secrets(&SecretChange::Switch, later), Ok(switched));
    let over = rotated.clone().with_secrets(&SecretChange::Switch, until).unwrap();
    assert_eq!(over, Webhook { rotation: None, ..rotated });
    assert_eq!(webhook().with_secrets(&SecretChange::Switch, later), Ok(webhook()));
}
