//! `herald listen`: see notifications here as they arrive, and hand them to a program on this
//! machine.
//!
//! A receiver's developer has no public address. So the command makes a temporary endpoint at
//! Herald and a webhook on it, follows what arrives there, and hands it on from here. Whatever
//! ends it, it takes back what it has made, or says what is left.
//!
//! | file | tells |
//! |---|---|
//! | `session` | the endpoint and the webhook, from making to taking back |
//! | `live` | the stream of what arrives, through lost connections |
//! | `events` | the format of server-sent events |
//! | `notification` | what arrived, and whether its signature is right |
//! | `forward` | handing it to the local program, byte for byte |

mod events;
mod forward;
mod live;
mod notification;
mod session;

use std::time::Duration;

use url::Url;

use super::{
    api::Api,
    connection::{Connection, web_url},
    failure::Failure,
    moment::Span,
    signals::Signals,
};
use crate::terminal::{complain, say};
use forward::Forwarder;
use live::Live;
use notification::Notification;
use session::Session;

/// See notifications here as they arrive, and hand them to a program on this machine
///
/// Makes a temporary endpoint at Herald and a webhook on it, shows each notification, and sends
/// it on to --forward with its method, headers and bytes as they came. Ctrl-C ends it and deletes
/// both. Herald's own answer to the notification is 200, whatever the local program answers.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  herald listen
  herald listen --forward http://localhost:3000/hook --events client.created,check.completed
  herald listen --json | jq .type

For a local program with a certificate of its own authority, SSL_CERT_FILE names that authority.")]
pub(crate) struct Args {
    #[command(flatten)]
    connection: Connection,
    /// Which types of events, with commas; * is all
    #[arg(long, value_name = "TYPES", value_delimiter = ',', default_value = "*")]
    events: Vec<String>,
    /// Where to send each notification on: a program on this machine
    #[arg(long, value_name = "URL", value_parser = web_url)]
    forward: Option<Url>,
    /// Do not verify signatures
    #[arg(long)]
    skip_verify: bool,
    /// How long to go on trying when Herald is not reachable
    #[arg(long, value_name = "DURATION", default_value = "1m")]
    give_up_after: Span,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let Args { connection, events, forward, skip_verify, give_up_after } = args;
    let api = connection.open()?;
    let listener = Listener { api: &api, events, forward, skip_verify, patience: give_up_after.0 };
    let mut signals = Signals::listen()?;
    let mut session = Session::default();
    let outcome = listener.listen(&mut session, &mut signals).await;
    let left = tokio::select! {
        left = session.take_back(&api) => left,
        () = signals.next() => session.left("you asked to end at once"),
    };
    match (outcome, left) {
        (Ok(()), Some(left)) => Err(Failure::Failed(left)),
        (outcome, left) => {
            if let Some(left) = left {
                complain(&format!("herald: {left}"));
            }
            outcome
        }
    }
}

/// What is listened to, and what is done with it.
struct Listener<'a> {
    api: &'a Api,
    events: Vec<String>,
    forward: Option<Url>,
    skip_verify: bool,
    patience: Duration,
}

impl Listener<'_> {
    /// Listens until a signal comes or something fails.
    async fn listen(&self, session: &mut Session, signals: &mut Signals) -> Result<(), Failure> {
        // The first signal does not end it half-way, so that nothing is made without being known.
        let mut asked_to_end = false;
        let insisting = async {
            signals.next().await;
            asked_to_end = true;
            signals.next().await;
        };
        let mut live = tokio::select! {
            begun = self.begin(session) => begun?,
            () = insisting => return Err(Failure::Interrupted(
                "ended before Herald had answered; what it was asked to make may be left".into()
            )),
        };
        if asked_to_end {
            return Ok(());
        }
        self.greet(session);
        let forwarder = self.forward.clone().map(Forwarder::new);
        let secret = (!self.skip_verify).then(|| session.secret()).flatten();
        let working = async {
            loop {
                let event = live.next().await?;
                match Notification::read(&event.data) {
                    Ok(notification) => {
                        self.handle(&notification, secret, forwarder.as_ref()).await;
                    }
                    Err(problem) => complain(&format!("herald: {problem}")),
                }
            }
        };
        tokio::select! {
            () = signals.next() => Ok(()),
            failed = working => failed,
        }
    }

    /// The stream is followed before the webhook is there, so that nothing arrives unseen.
    async fn begin(&self, session: &mut Session) -> Result<Live<'_>, Failure> {
        let endpoint = session.make_endpoint(self.api).await?;
        let live = Live::open(self.api, endpoint, self.patience).await?;
        session.make_webhook(self.api, &self.events).await?;
        Ok(live)
    }

    fn greet(&self, session: &Session) {
        let to = self.forward.as_ref().map_or("nowhere (--forward URL)", Url::as_str);
        let types = self.events.join(", ");
        complain(&format!(
            "listening to {types}; Ctrl-C ends it and deletes what it has made\n{}\n\
             forwarding to   {to}",
            session.told()
        ));
    }

    async fn handle(
        &self,
        notification: &Notification,
        secret: Option<&str>,
        forwarder: Option<&Forwarder>,
    ) {
        let verdict = secret.map(|secret| notification.verdict(secret));
        if !self.api.json {
            say(&notification.line(verdict.as_ref()));
        }
        let answer = match forwarder {
            Some(forwarder) => Some(forwarder.forward(notification).await),
            None => None,
        };
        if self.api.json {
            say(&notification.json(verdict.as_ref(), answer.as_ref()).to_string());
        } else if let Some(answer) = answer {
            say(&format!("    {answer}"));
        }
    }
}
