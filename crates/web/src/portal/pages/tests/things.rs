//! One of everything that a page shows, with a text of a stranger's wherever one fits.

use std::time::Duration;

use bytes::Bytes;
use herald_domain::{
    account::{ApiKey, EnvironmentId, Mode},
    attempt::{Answer, Attempt, ErrorClass, Failure, Response},
    delivery::DeliveryState,
    doctor::{Diagnosis, Finding, Trouble},
    endpoint::{Endpoint, KeptRequest},
    event::Event,
    id::{
        AccountId, DeliveryId, EndpointId, EventId, KeyId, ObjectId, RecoveryId, RequestId,
        WebhookId,
    },
    rotation::Rotation,
    session::Role,
    statistics::AttemptTally,
    time::Timestamp,
    webhook::{Disabled, Failing, SealedSecret, Subscription, Webhook},
    why::{Explanation, Reason},
};
use herald_engine::{DeliveryStatistics, Examined, OpenEndpoint, Why};
use herald_store::{DeliveryView, HourTally, Missed, NumberedAttempt, Recovery, RecoveryStatus};

use super::super::{
    delivery,
    delivery_table::DeliveryTable,
    webhook_form::{Entries, Group, WebhookForm, Wrong},
};
use crate::portal::{
    layout::Frame,
    parts::{Pager, Performance, Period},
    theme::Theme,
};

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// One id is as good as another here.
pub(super) const ID: ObjectId = ObjectId::from_bytes([0xab; 12]);

pub(super) fn frame(text: &str) -> Frame {
    Frame {
        account: text.to_owned(),
        mode: Mode::Test,
        role: Role::Manager.as_str(),
        may_change: true,
        theme: Theme::Dark,
        form_token: text.to_owned(),
        address: text.to_owned(),
        is_shown_once: false,
    }
}

pub(super) fn environment() -> EnvironmentId {
    EnvironmentId { account: AccountId(ID), mode: Mode::Test }
}

pub(super) fn hook(text: &str) -> Webhook {
    Webhook {
        id: WebhookId(ID),
        environment: environment(),
        description: Some(text.to_owned()),
        url: text.to_owned(),
        enabled: false,
        events: Subscription::from_stored(vec![text.to_owned()]),
        secret: SealedSecret(Vec::new()),
        rotation: Some(Rotation {
            previous: SealedSecret(Vec::new()),
            until: NOW.after(Duration::from_secs(3_600)),
            switched: false,
        }),
        disabled: Some(Disabled { reason: text.to_owned(), at: NOW }),
        failing: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// The same while it flows, close to being disabled.
pub(super) fn failing_hook(text: &str) -> Webhook {
    let failing = Failing {
        delivery: DeliveryId(ID),
        since: NOW.before(Duration::from_secs(7_200)),
        attempts_left: 2,
        last_attempt_at: NOW.after(Duration::from_secs(30_000)),
    };
    Webhook { enabled: true, disabled: None, failing: Some(failing), ..hook(text) }
}

pub(super) fn happening(text: &str) -> Event {
    Event {
        id: EventId(ID),
        event_type: text.to_owned(),
        resource_type: text.to_owned(),
        created_at: NOW,
        body: Bytes::from(format!("{{\"{text}\":[\"{text}\",1]}}")),
    }
}

pub(super) fn sending(text: &str, state: DeliveryState) -> DeliveryView {
    DeliveryView {
        id: DeliveryId(ID),
        event: EventId(ID),
        event_type: text.to_owned(),
        webhook: WebhookId(ID),
        state,
        attempts: 3,
        due_at: Some(NOW.after(Duration::from_secs(60))),
        on_request: false,
        last_status: None,
        last_error: Some(ErrorClass::Timeout),
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(super) fn table(text: &str) -> DeliveryTable {
    DeliveryTable {
        rows: DeliveryState::ALL.map(|state| sending(text, state)).into(),
        webhooks: [(WebhookId(ID), text.to_owned())].into(),
        names_webhooks: true,
        names_events: true,
    }
}

pub(super) fn performance() -> Performance {
    let tally = AttemptTally { by_duration: [3; 16], successes: 40 };
    let point = |hours| HourTally { hour: NOW.before(Duration::from_secs(3_600) * hours), tally };
    let (from, to) = (NOW.before(Duration::from_secs(7_200)), NOW);
    let statistics =
        DeliveryStatistics { from, to, total: tally, points: [2, 1].map(point).into() };
    Performance { period: Period::Week, statistics }
}

pub(super) fn recovering() -> Recovery {
    Recovery {
        id: RecoveryId(ID),
        missed: Missed {
            environment: environment(),
            webhook: WebhookId(ID),
            since: NOW,
            states: [DeliveryState::Held, DeliveryState::Exhausted].into(),
        },
        status: RecoveryStatus::Running,
        total: 7,
        recovered: 3,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(super) fn why(text: &str) -> Why {
    Why {
        webhook: WebhookId(ID),
        url: Some(text.to_owned()),
        explanation: Explanation {
            matched: true,
            rule: Some(text.to_owned()),
            reason: Reason::WaitsForRetry,
            explanation: text.to_owned(),
            until: Some(NOW),
        },
        delivery: Some(sending(text, DeliveryState::Pending)),
    }
}

pub(super) fn groups(text: &str) -> Vec<Group> {
    vec![Group { resource: text.to_owned(), types: vec![(text.to_owned(), text.to_owned())] }]
}

pub(super) fn pager(text: &str) -> Pager {
    let names = ["type", "resourceType", "createdAfter", "eventId", "state", "webhookId"];
    let filters = names.map(|name| (name, text.to_owned())).to_vec();
    Pager { path: "/portal/test/list".to_owned(), filters, number: 2, total: 99 }
}

pub(super) fn form(text: &str) -> WebhookForm {
    WebhookForm {
        entries: Entries {
            url: text.to_owned(),
            description: text.to_owned(),
            enabled: true,
            events: vec![text.to_owned(), format!("gone {text}")],
        },
        wrong: Some(Wrong { field: Some("url".to_owned()), message: text.to_owned() }),
        groups: groups(text),
        action: "/portal/test/webhooks".to_owned(),
        button: "Save",
        back: "/portal/test/webhooks".to_owned(),
    }
}

pub(super) fn shown(text: &str, answer: Answer) -> delivery::Shown {
    let attempt = Attempt {
        started_at: NOW,
        duration: Duration::from_millis(84),
        url: text.to_owned(),
        address: None,
        signatures: None,
        answer,
    };
    delivery::Shown {
        attempt: NumberedAttempt { manual: false, number: 1, attempt },
        request: Some([(text.to_owned(), text.to_owned())].into()),
    }
}

pub(super) fn attempts(text: &str) -> Vec<delivery::Shown> {
    let response = Response {
        status: 503,
        headers: vec![(text.to_owned(), Bytes::from(text.to_owned()))],
        body: Bytes::from(text.to_owned()),
        truncated: true,
    };
    let failure = Failure { class: ErrorClass::Internal, detail: text.to_owned() };
    [Answer::Response(response), Answer::Failure(failure)].map(|answer| shown(text, answer)).into()
}

pub(super) fn key(text: &str) -> ApiKey {
    ApiKey {
        id: KeyId(ID),
        environment: environment(),
        hash: [0; 32],
        hint: text.to_owned(),
        created_at: NOW,
        revoked_at: None,
    }
}

pub(super) fn open_endpoint(text: &str) -> OpenEndpoint {
    let endpoint = Endpoint {
        id: EndpointId(ID),
        environment: environment(),
        token_hash: [0; 32],
        token: SealedSecret(Vec::new()),
        description: Some(text.to_owned()),
        respond_with: 418,
        requests: 3,
        last_number: 3,
        expires_at: NOW.after(Duration::from_secs(60)),
        created_at: NOW,
    };
    OpenEndpoint { endpoint, url: text.to_owned() }
}

pub(super) fn examined(text: &str, trouble: Option<Trouble>, body: Bytes) -> Examined {
    let request = KeptRequest {
        id: RequestId(ID),
        number: 1,
        method: text.to_owned(),
        query: Some(text.to_owned()),
        headers: vec![(text.to_owned(), Bytes::from(text.to_owned()))],
        length: 1_000_000,
        body,
        answered: 503,
        received_at: NOW,
    };
    let finding = Finding { trouble, webhook: Some(WebhookId(ID)) };
    let explanation = text.to_owned();
    Examined {
        request,
        diagnosis: Diagnosis { complycube: finding, standard: finding, explanation },
    }
}
