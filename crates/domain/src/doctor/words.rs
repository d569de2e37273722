//! The doctor's sentence, for the developer of a receiver.

use super::{Finding, Scheme, Trouble};

/// Both findings in one sentence.
pub(super) fn sentence(complycube: Finding, standard: Finding) -> String {
    let both = [(Scheme::Complycube, complycube), (Scheme::Standard, standard)];
    if complycube.trouble == standard.trouble {
        return match complycube.trouble {
            None => "Both signatures are right.".to_owned(),
            Some(Trouble::Missing) => {
                "The request is not signed: it has neither 'Complycube-Signature' nor the \
                 'Webhook-…' headers."
                    .to_owned()
            }
            Some(trouble) => format!("Neither signature is right: {}.", reason(trouble)),
        };
    }
    let parts = both.map(|(scheme, finding)| match finding.trouble {
        None => format!("{} is right", name(scheme)),
        Some(Trouble::Missing) => format!("{} is not there", name(scheme)),
        Some(trouble) => format!("{} is not right: {}", name(scheme), reason(trouble)),
    });
    let [first, second] = parts;
    format!("{first}; {second}.")
}

const fn name(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Complycube => "'Complycube-Signature'",
        Scheme::Standard => "'Webhook-Signature'",
    }
}

const fn reason(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Missing => "it is missing",
        Trouble::Malformed => {
            "a header of it is missing, is there twice, or does not look as its scheme says"
        }
        Trouble::WrongSecret => {
            "no secret of a webhook with this URL has made it for this body; was it another \
             webhook's secret, or was the body changed on its way"
        }
        Trouble::OldSecret => "it was made with the webhook's former secret; use the present one",
        Trouble::ReserialisedBody => {
            "the secret is the right one, but the body was parsed and written anew after it was \
             signed; verify the raw bytes, and have nothing in between that touches them"
        }
        Trouble::WrongId => {
            "the secret is the right one, but 'Webhook-Id' is not the id that was signed"
        }
        Trouble::Clock => {
            "the secret is the right one, but 'Webhook-Timestamp' is more than 5 minutes from the \
             time of receipt; is a clock wrong, or was the request recorded and sent again"
        }
        Trouble::BodyNotKept => "the body is longer than what is kept of it, so it cannot be told",
        Trouble::NoWebhook => {
            "no webhook has this endpoint's URL, so there is no secret to verify with"
        }
    }
}
