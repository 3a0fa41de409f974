//! The gateway: posts a cXML order over mutual TLS 1.3. Try `--help`.

mod shared;

use core::time::Duration;
use std::process::ExitCode;

use shared::args::{self, PREFERENCES_HELP, Preferences, UsageError};
use shared::capture::End;
use shared::cxml::Order;
use shared::events::Events;
use shared::order::{Asked, Errand, Progress, Wanted, connect, post};
use shared::pem::{self, Identity};
use shared::report::{Link, printable, say, thousands};
use shared::tls::{Deadline, HostMemory, Timed};
use shared::verdict::{EXIT_CODES, Trouble};

const HELP: &str = "\
gateway - posts a cXML order over mutual TLS 1.3

Usage: gateway --connect HOST:PORT --server-name NAME --ca FILE [--cert FILE [--key FILE]]... --order FILE [options]
       --pin FILE may stand beside or instead of --ca

  --connect H:P       where to connect to
  --server-name NAME  the DNS name or address that the server's certificate must hold
  --ca FILE           PEM: the authorities whose servers are trusted; given again, all files count
  --pin FILE          PEM: the server's own certificate, or its public key, which is trusted whoever issued it
  --common-name NAME  ask for this common name, literally, instead of the server name in the certificate
  --wildcard-match    the common name is a pattern: *.example.com accepts abc.example.com
  --cert FILE         PEM: a certificate of ours, then its intermediates; given again, what the server asks for chooses
  --key FILE          PEM: the key of the --cert before it, PKCS#8 or SEC1, on P-256; else it is in the same file
  --alias NAME        show only the --cert FILE whose name without its end is NAME
  --order FILE        the cXML document; it is sent byte for byte
  --path PATH         where in the server; /orders unless given
  --post-handshake-auth
                      offer to show a certificate also after the handshake, to servers that ask for it in some paths only,
                      as Apache does with SSLVerifyClient in a <Location>; needs --features post-handshake-auth
  --timeout SECONDS   how long all of it may take; 60 unless given
{preferences}
  --help              this text

Exit codes:
{exit codes}
";

/// What the command line says.
struct Options {
    errand: Errand,
    /// The files of the identities, to name them.
    names: Vec<String>,
    order: Order,
    patience: Duration,
}

fn main() -> ExitCode {
    let outcome = match options(lexopt::Parser::from_env()) {
        Ok(None) => return ExitCode::SUCCESS,
        Ok(Some(options)) => run(&options),
        Err(error) => Err(Trouble::Setup(format!("{error}\nTry: gateway --help"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("gateway: {trouble}");
            ExitCode::from(trouble.exit_code())
        }
    }
}

/// Reads the command line; `None` if it asks for help, which is printed.
fn options(mut parser: lexopt::Parser) -> Result<Option<Options>, UsageError> {
    let (mut address, mut server_name, mut order, mut alias) = (None, None, None, None);
    let (mut path, mut seconds) = ("/orders".to_owned(), 60_u16);
    let (mut authorities, mut files) = (Vec::new(), Vec::<(String, Option<String>)>::new());
    let (mut pins, mut common_name, mut is_pattern) = (Vec::new(), None, false);
    let mut preferences = Preferences::default();
    while let Some(argument) = parser.next()? {
        let lexopt::Arg::Long(name) = argument else { return Err(argument.unexpected().into()) };
        match name.to_owned().as_str() {
            "help" => {
                say!(
                    "{}",
                    HELP.replace("{preferences}", PREFERENCES_HELP).replace("{exit codes}", EXIT_CODES).trim_end()
                );
                return Ok(None);
            }
            "connect" => address = Some(args::text(&mut parser)?),
            "server-name" => server_name = Some(args::text(&mut parser)?),
            "ca" => authorities.append(&mut pem::authorities(&args::text(&mut parser)?)?),
            "pin" => pins.append(&mut pem::pins(&args::text(&mut parser)?)?),
            "common-name" => common_name = Some(args::text(&mut parser)?),
            "wildcard-match" => is_pattern = true,
            "cert" => files.push((args::text(&mut parser)?, None)),
            "key" => match files.last_mut() {
                Some((_, key @ None)) => *key = Some(args::text(&mut parser)?),
                _ => return Err(UsageError("--key must follow the --cert it belongs to".to_owned())),
            },
            "alias" => alias = Some(args::text(&mut parser)?),
            "order" => order = Some(args::text(&mut parser)?),
            "path" => path = path_of(&args::text(&mut parser)?)?,
            "post-handshake-auth" => offer_late_answers(&mut preferences)?,
            "timeout" => seconds = args::parsed(&mut parser, "--timeout", "a number of seconds from 0 to 65535")?,
            other => {
                if !preferences.take(other, &mut parser)? {
                    return Err(UsageError(format!("no such option: --{other}")));
                }
            }
        }
    }
    let address = args::required(address, "--connect")?;
    let server_name = args::required(server_name, "--server-name")?;
    if authorities.is_empty() && pins.is_empty() {
        return Err(UsageError("--ca or --pin is missing".to_owned()));
    }
    if is_pattern && common_name.is_none() {
        return Err(UsageError("--wildcard-match needs --common-name".to_owned()));
    }
    let common_name = common_name.map(|name| Wanted { name, is_pattern });
    let (document, order) = read_order(&args::required(order, "--order")?)?;
    let (identities, names) = read_identities(files, alias.as_deref())?;
    let errand =
        Errand { address, server_name, authorities, pins, common_name, identities, path, document, preferences };
    Ok(Some(Options { errand, names, order, patience: Duration::from_secs(u64::from(seconds)) }))
}

/// Lets servers ask for the certificate after the handshake (RFC 9846 section 4.7.2).
#[cfg(feature = "post-handshake-auth")]
#[allow(clippy::unnecessary_wraps, reason = "without the feature there is an error")]
fn offer_late_answers(preferences: &mut Preferences) -> Result<(), UsageError> {
    preferences.post_handshake_auth = true;
    Ok(())
}

#[cfg(not(feature = "post-handshake-auth"))]
fn offer_late_answers(_: &mut Preferences) -> Result<(), UsageError> {
    Err(UsageError("--post-handshake-auth needs cargo run --features post-handshake-auth".to_owned()))
}

/// Reads the identities with this alias, or all; gives their names as well.
fn read_identities(
    mut files: Vec<(String, Option<String>)>,
    alias: Option<&str>,
) -> Result<(Vec<Identity>, Vec<String>), UsageError> {
    if let Some(alias) = alias {
        files.retain(|(cert, _)| args::alias(cert) == alias);
        if files.is_empty() {
            return Err(args::unfit("--alias", alias, "the name of a --cert FILE without its end"));
        }
    }
    let identities = files.iter().map(|(cert, key)| Ok(pem::identity(cert, key.as_ref().unwrap_or(cert))?));
    let identities = identities.collect::<Result<_, UsageError>>()?;
    Ok((identities, files.into_iter().map(|(cert, _)| cert).collect()))
}

/// A path as it can stand in a request line.
fn path_of(found: &str) -> Result<String, UsageError> {
    if found.starts_with('/') && found.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(found.to_owned());
    }
    Err(args::unfit(
        "--path",
        found,
        "a path that begins with / and has neither spaces nor other than ASCII characters",
    ))
}

/// Reads the order. From here on its bytes do not change.
fn read_order(file: &str) -> Result<(Box<[u8]>, Order), UsageError> {
    let document = std::fs::read(file).map_err(|error| UsageError(format!("{file}: {error}")))?.into_boxed_slice();
    let order = Order::parse(&document).map_err(|error| UsageError(format!("{file}: {error}")))?;
    Ok((document, order))
}

/// Posts the order and says what happens.
fn run(options: &Options) -> Result<(), Trouble> {
    let Options { errand, names, order, patience } = options;
    let lines = if order.lines == 1 { "line" } else { "lines" };
    say!(
        "order    {}, {} {lines}, {}, {} bytes",
        printable(&order.number),
        order.lines,
        printable(&order.total),
        thousands(errand.document.len())
    );
    say!("         payloadID {}", printable(&order.payload_id));
    let capture = errand.preferences.begin_capture().map_err(|error| Trouble::Setup(error.to_string()))?;
    let deadline = Deadline::new(*patience);
    let stream = connect(&errand.address, *patience)?;
    let conversation = capture.map(|capture| capture.conversation(End::Client));
    say!("server   {} as {}", errand.address, errand.server_name);
    let mut memory = HostMemory::new();
    let transport = Timed::new(stream, deadline).captured(conversation);
    let mut events = Events::new(errand.preferences.events);
    let ring = events.ring();
    let posted = post(errand, transport, memory.lend(), ring, &mut |progress| match progress {
        Progress::Open(link, asked) => {
            print_asked(asked.as_ref(), names);
            print_link(link);
        }
        Progress::Traced(step) => say!("trace    {}", printable(&step)),
        Progress::FailedAfter(asked) => print_asked(Some(&asked), names),
        Progress::Sent => say!("request  POST {}", errand.path),
        Progress::Answered(response) => say!("answer   HTTP {} {}", response.status, printable(&response.reason)),
    });
    for line in Events::lines(ring) {
        say!("event    {line}");
    }
    let status = posted?;
    say!("         cXML {} {}: {}", status.code, printable(&status.text), printable(&status.message));
    Ok(())
}

/// What the server asked for, and what it got.
fn print_asked(asked: Option<&Asked>, names: &[String]) {
    let Some(asked) = asked else {
        say!("asked    for no certificate: this is not mutual TLS");
        return;
    };
    if asked.authorities.is_empty() {
        say!("asked    for a certificate of any issuer");
    }
    for authority in &asked.authorities {
        say!("asked    for a certificate of {}", printable(authority));
    }
    match asked.shown.and_then(|place| names.get(place)) {
        Some(name) => say!("shown    {name}"),
        None if names.is_empty() => say!("shown    none: no --cert was given"),
        None => say!("shown    none: no --cert has one of these issuers in its chain"),
    }
}

/// What the handshake agreed on, and with whom.
fn print_link(link: &Link) {
    let alpn = link.alpn.as_deref().map_or_else(|| "no ALPN".to_owned(), printable);
    say!("agreed   {}, {}, {alpn}", link.suite, link.group);
    if let Some(peer) = &link.peer {
        say!("{}", peer.details("         ").trim_end());
    }
}
