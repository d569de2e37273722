//! `herald verify`: is this notification's signature right, and if not, why not? Offline.

mod headers;
pub(super) mod judge;

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::json;

use super::{
    connection::{given_or, secret_text},
    failure::Failure,
    moment::{Moment, Span, now},
    output,
};
use crate::{config::SecretText, terminal::say};
pub(super) use headers::Headers;
use judge::{Question, Scheme, Verdict};

/// Largest body or file of headers that is read.
const LARGEST: u64 = 64 << 20;

/// How old a Standard Webhooks timestamp may be, as its libraries have it.
pub(super) const TOLERANCE: Duration = Duration::from_secs(300);

/// Verify the signature of a notification, and say why if it is not valid
///
/// Needs no Herald. The body has to be the bytes as they came. Exits with 0 if the signature is
/// valid, and with 1 if not.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  herald verify --secret-file secret --signature bc00414f… --body notification.json
  herald verify --secret-file secret --headers headers.txt < notification.json
  herald verify --headers headers.txt --body b.json --at 2026-01-31T09:30:00Z --scheme standard

A file of headers has `Name: value` lines, or is a JSON object of names and values, or a JSON list
of them.")]
pub(crate) struct Args {
    /// The webhook's signing secret [env: HERALD_WEBHOOK_SECRET]
    ///
    /// Other users of this machine may see a command line; the variable and --secret-file are
    /// better places.
    #[arg(long, value_name = "SECRET", value_parser = secret_text)]
    secret: Option<SecretText>,
    /// A file with the signing secret in it
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Which signature counts; auto checks each that is there
    #[arg(long, value_enum, default_value = "auto")]
    scheme: Scheme,
    /// The signature: the value of Complycube-Signature or of Webhook-Signature
    #[arg(long, value_name = "SIGNATURE", required_unless_present = "headers")]
    #[arg(conflicts_with = "headers")]
    signature: Option<String>,
    /// The value of Webhook-Id, beside --signature [default: the id in the body]
    #[arg(long, value_name = "ID", requires = "signature")]
    id: Option<String>,
    /// The value of Webhook-Timestamp, beside --signature
    #[arg(long, value_name = "SECONDS", requires = "signature")]
    timestamp: Option<String>,
    /// A file with the notification's headers; - is standard input
    #[arg(long, value_name = "FILE")]
    headers: Option<PathBuf>,
    /// A file with the notification's body; - is standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    body: PathBuf,
    /// When it came, for one that was kept: a time, or how long ago [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
    /// How far the Standard Webhooks timestamp may be off
    #[arg(long, value_name = "DURATION", default_value = "5m")]
    tolerance: Span,
    /// Answer in JSON, for programs
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let file = args.secret_file.as_deref();
    let secret = given_or(args.secret.clone(), file, "secret", "HERALD_WEBHOOK_SECRET")?;
    if args.headers.as_deref() == Some(Path::new("-")) && args.body == Path::new("-") {
        let what = "standard input cannot be both headers and body: give --body a file";
        return Err(Failure::Usage(what.into()));
    }
    let body = read(&args.body, "--body")?;
    let headers = headers_of(args, &body)?;
    let verdict = judge::judge(&Question {
        secret: secret.reveal(),
        scheme: args.scheme,
        headers: &headers,
        body: &body,
        now: args.at.map_or_else(now, |moment| moment.0),
        tolerance: args.tolerance.0,
    });
    if args.json {
        output::json(as_json(&verdict).to_string().as_bytes());
    } else {
        say(&verdict.to_string());
    }
    if verdict.problem.is_none() { Ok(()) } else { Err(Failure::Said) }
}

/// The verdict for programs, in the words of the API.
pub(super) fn as_json(verdict: &Verdict) -> serde_json::Value {
    match &verdict.problem {
        None => json!({ "valid": true, "scheme": verdict.scheme }),
        Some(problem) => json!({
            "valid": false,
            "scheme": verdict.scheme,
            "problem": problem.kind,
            "explanation": problem.explanation,
        }),
    }
}

fn headers_of(args: &Args, body: &[u8]) -> Result<Headers, Failure> {
    if let Some(file) = &args.headers {
        let text = read(file, "--headers")?;
        return Headers::parse(&String::from_utf8_lossy(&text))
            .map_err(|problem| Failure::Usage(format!("--headers {}: {problem}", file.display())));
    }
    let signature = args.signature.as_deref().unwrap_or_default().trim();
    // Hex has no comma, and every signature of the other scheme has its version before one.
    if !signature.contains(',') {
        return Ok(Headers(vec![("Complycube-Signature".into(), signature.into())]));
    }
    let mut headers = vec![("Webhook-Signature".to_owned(), signature.to_owned())];
    let of_body = || {
        serde_json::from_slice(body)
            .ok()
            .and_then(|body: serde_json::Value| Some(body["id"].as_str()?.to_owned()))
    };
    headers.extend(args.id.clone().or_else(of_body).map(|id| ("Webhook-Id".into(), id)));
    let timestamp = args.timestamp.clone();
    headers.extend(timestamp.map(|timestamp| ("Webhook-Timestamp".into(), timestamp)));
    Ok(Headers(headers))
}

fn read(path: &Path, option: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(LARGEST).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
    };
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => Err(Failure::Usage(format!("{option} {}: {error}", path.display()))),
    }
}
