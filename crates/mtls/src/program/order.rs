//! `mtls order`: orders as frozen bytes, checked before they are sent, and sent again by rules.

use std::process::ExitCode;
use std::time::SystemTime;

use clap::{Args, Subcommand};
use mtls_cxml::Class;
use mtls_order::Retry;
use serde::Serialize;

use super::post::{PostArgs, exit_codes, post_order, repeat};
use crate::args::UsageError;
use crate::cxml::{Order, Outcome, Status, renewed, timestamp};
use crate::files::write_new;
use crate::report::{printable, say};

/// Exit codes of `mtls order validate`, for the help and the manual page.
const VALIDATED: &str = "\
Exit codes, which are stable; those of a Response are those of mtls order post:
   0  a valid order, or a Response that says that the supplier has it
   1  wrong options, or a file that cannot be read
   3  neither an order nor a Response: the message names the place and what is missing
  30  HTTP: rejected permanently
  31  HTTP: server trouble: retry later with the same bytes
  40  cXML: rejected permanently
  41  cXML: supplier trouble: retry later with the same bytes
  42  cXML: a status without a meaning: ask the supplier before you retry
With several files, the highest code counts.";

/// The tasks around orders.
#[derive(Debug, Subcommand)]
pub(super) enum OrderTask {
    /// Writes an order with a payloadID and a timestamp of its own, as frozen bytes to post and to retry
    New(NewArgs),
    /// Posts a cXML order over mutual TLS 1.3, and reports by its exit code what became of it
    #[command(after_help = exit_codes())]
    Post(Box<PostArgs>),
    /// Posts an order, and posts it again with the same bytes as long as that may help
    ///
    /// Again after a broken connection, a handshake that failed before the server was authenticated, and a temporary status of
    /// HTTP or cXML; the pause doubles, or is the one that the server asks for. Never after a permanent status, or when the
    /// authenticated server has rejected our certificate.
    #[command(after_help = exit_codes())]
    Retry(Box<RetryArgs>),
    /// Checks orders and Responses: well-formed, with all required parts, and both levels of status
    #[command(after_help = VALIDATED)]
    Validate(ValidateArgs),
}

/// The options of `mtls order new`.
#[derive(Args, Debug)]
pub(super) struct NewArgs {
    /// An order in UTF-8 to start from
    #[arg(value_name = "ORDER")]
    template: String,
    /// Writes the new order to this file, which must not exist
    #[arg(long, value_name = "FILE")]
    out: String,
    /// The number of the new order; by default that of the template
    #[arg(long, value_name = "NUMBER")]
    number: Option<String>,
    /// Lists the result as JSON
    #[arg(long)]
    json: bool,
}

/// The options of `mtls order retry`.
#[derive(Args, Debug)]
pub(super) struct RetryArgs {
    #[command(flatten)]
    post: PostArgs,
    /// The maximum number of attempts, including the first
    #[arg(long, value_name = "N", default_value_t = Retry::USUAL.attempts, value_parser = clap::value_parser!(u8).range(1..))]
    attempts: u8,
    /// The pause after the first attempt; each is twice the one before it
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pause: u32,
    /// The longest pause, also if the server asks for more
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    longest: u32,
}

/// The options of `mtls order validate`.
#[derive(Args, Debug)]
pub(super) struct ValidateArgs {
    /// Orders, or Responses as a supplier sends them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// The status of HTTP with which the Response came
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(100..600))]
    http_status: Option<u16>,
    /// Writes the report as JSON
    #[arg(long)]
    json: bool,
}

impl OrderTask {
    /// Performs the task.
    pub(super) fn run(self) -> ExitCode {
        let done = match self {
            Self::Post(args) => return post_order(*args, "mtls"),
            Self::Retry(args) => return args.run(),
            Self::New(args) => args.run().map(|()| 0),
            Self::Validate(args) => args.run(),
        };
        done.map_or_else(
            |error| {
                eprintln!("mtls: {}", printable(&error.to_string()));
                ExitCode::from(1)
            },
            ExitCode::from,
        )
    }
}

impl RetryArgs {
    fn run(self) -> ExitCode {
        let seconds = |seconds: u32| embassy_time::Duration::from_secs(seconds.into());
        let rules = Retry { attempts: self.attempts, pause: seconds(self.pause), longest: seconds(self.longest) };
        repeat(self.post, rules, "mtls")
    }
}

/// An order that was written.
#[derive(Serialize)]
struct Written {
    file: String,
    payload_id: String,
    timestamp: String,
    number: String,
    bytes: usize,
}

impl NewArgs {
    fn run(&self) -> Result<(), UsageError> {
        let unfit = |file: &str, why: String| UsageError(format!("{file}: {why}"));
        let template = std::fs::read(&self.template).map_err(|error| unfit(&self.template, error.to_string()))?;
        let before = Order::parse(&template, None).map_err(|error| unfit(&self.template, error.to_string()))?;
        let now = time::OffsetDateTime::from(SystemTime::now());
        let payload_id = payload_id(&before.payload_id, now)?;
        let bytes = renewed(&template, &payload_id, &timestamp(now), self.number.as_deref())
            .map_err(|error| unfit(&self.template, error.to_string()))?;
        let order = Order::parse(&bytes, None).map_err(|error| unfit(&self.out, error.to_string()))?;
        // An order contains a shared secret: only its owner may read it.
        write_new(std::path::Path::new(&self.out), &bytes).map_err(|error| unfit(&self.out, error.to_string()))?;
        let Order { payload_id, timestamp, number, .. } = order;
        let written = Written { file: self.out.clone(), payload_id, timestamp, number, bytes: bytes.len() };
        if self.json {
            return print(&written);
        }
        say!("order    {}, {} bytes in {}", printable(&written.number), written.bytes, printable(&written.file));
        say!("         payloadID {}", printable(&written.payload_id));
        Ok(())
    }
}

/// Makes a `payloadID` that no other order has, as the DTD recommends: time, process and random number, at the host of the one
/// before.
fn payload_id(before: &str, now: time::OffsetDateTime) -> Result<String, UsageError> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| UsageError(format!("random numbers: {error}")))?;
    let host = before.rsplit_once('@').map_or("localhost", |(_, host)| host);
    let random = u64::from_be_bytes(random);
    Ok(format!("{}.{}.{random:016x}@{host}", now.unix_timestamp(), std::process::id()))
}

/// The result for one file.
#[derive(Serialize)]
struct Checked {
    file: String,
    exit_code: u8,
    kind: &'static str,
    message: String,
}

impl ValidateArgs {
    fn run(&self) -> Result<u8, UsageError> {
        let mut checked = Vec::new();
        for file in &self.files {
            let bytes = std::fs::read(file).map_err(|error| UsageError(format!("{file}: {error}")))?;
            let (exit_code, kind, message) = self.check(&bytes);
            checked.push(Checked { file: file.clone(), exit_code, kind, message });
        }
        if self.json {
            print(&checked)?;
        } else {
            for Checked { file, kind, message, .. } in &checked {
                say!("{}: {kind}: {}", printable(file), printable(message));
            }
        }
        Ok(checked.iter().map(|checked| checked.exit_code).max().unwrap_or_default())
    }

    /// Judges a document: the exit code, its kind, and a sentence.
    fn check(&self, bytes: &[u8]) -> (u8, &'static str, String) {
        let order = match Order::parse(bytes, None) {
            Ok(order) => {
                let Order { number, lines, total, payload_id, mode, .. } = order;
                return (0, "order", format!("{number}, {lines} lines, {total}, {mode}, payloadID {payload_id}"));
            }
            Err(error) => error,
        };
        match Status::parse(bytes, None) {
            // An empty body is a response only if HTTP says so.
            Ok(_) if self.http_status.is_none() && bytes.iter().all(u8::is_ascii_whitespace) => (
                3,
                "empty",
                "found nothing, wanted an order, or --http-status with which an empty Response came".to_owned(),
            ),
            Ok(status) => self.judge(&status),
            Err(response) if order.message.ends_with("has no Request") || order.message.ends_with("has no Header") => {
                (3, "invalid", format!("{order}; as a Response: {response}"))
            }
            Err(_) => (3, "invalid", order.message),
        }
    }

    /// Judges both levels of status.
    fn judge(&self, status: &Status) -> (u8, &'static str, String) {
        let cxml = format!("cXML status {} {}: {}", status.code, status.text, status.message);
        if let Some(http) = self.http_status {
            match Class::of(http, false) {
                Class::Done => {}
                Class::Later => return (31, "response", format!("HTTP status {http}: retry later; {cxml}")),
                Class::Refused => return (30, "response", format!("HTTP status {http}: rejected; {cxml}")),
            }
        }
        let (code, means) = match status.outcome() {
            Outcome::Delivered => (0, "the supplier has the order"),
            Outcome::Pending => (0, "accepted, not yet processed"),
            Outcome::Refused => (40, "rejected: do not retry the order unchanged"),
            Outcome::Later => (41, "retry later with the same bytes"),
            Outcome::Unknown => (42, "a status without a meaning: ask the supplier before you retry"),
        };
        (code, "response", format!("{cxml}; {means}"))
    }
}

/// Prints a value as JSON.
fn print(value: &impl Serialize) -> Result<(), UsageError> {
    say!("{}", serde_json::to_string_pretty(value).map_err(|error| UsageError(error.to_string()))?);
    Ok(())
}
