//! `supplier` and `mtls serve`: take cXML orders over mutual TLS 1.3 and HTTP/1.1.

use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use clap::{Args, Parser};
use embedded_mtls::{Role, Server};
use mtls_pki::pem::Identity;
use serde::Serialize;

use super::deny::DenyArgs;
use super::options::{IdentityArgs, PolicyArgs, PreferenceArgs, authorities, say_json, write_page};
use super::run;
use super::script::ScriptArgs;
use crate::args::{self, UsageError};
use crate::attempt::Tls;
use crate::blobs::Blobs;
use crate::deny::Watched;
use crate::page::Connections;
use crate::policy::{Anchors, Around, Rules, expired, passed_over, warnings};
use crate::redact::elements;
use crate::report::{Link, Peer, say};
use crate::supplier::{ClientAuthMode, Event, Setup, serve};
#[cfg(feature = "resumption")]
use crate::tickets;

/// The options of `supplier` and of `mtls serve`.
#[derive(Args, Debug)]
#[allow(clippy::doc_markdown, reason = "the documentation is the help text")]
pub(super) struct ServeArgs {
    /// Address and port, such as 127.0.0.1:8443; port 0 selects a free one, printed in the first line
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    #[command(flatten)]
    identities: IdentityArgs,
    /// Clients that request NAME get the --cert FILE whose name without extension is ALIAS; others get the first one
    #[arg(long, value_name = "NAME=ALIAS")]
    sni: Vec<String>,
    /// PEM: trusted authorities for clients; may be repeated
    #[arg(long, value_name = "FILE")]
    client_ca: Vec<String>,
    /// none, optional or required; by default required, or none without --client-ca
    #[arg(long, value_name = "MODE", value_parser = mode)]
    client_auth: Option<ClientAuthMode>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// The common name that a client must have, otherwise it gets HTTP 403; may be repeated: any of them
    #[arg(long, value_name = "NAME")]
    require_cn: Vec<String>,
    #[command(flatten)]
    denied: DenyArgs,
    /// The client with this common name gets this blob at /.well-known/mtls-blob, and each answer to its orders announces the version
    /// (Mtls-Blob), as the firmware of boards/ expects it; may be repeated. The file is read for each answer, so that another one may
    /// take its place
    #[arg(long, value_name = "NAME=FILE", value_parser = blob)]
    blob: Vec<(String, String)>,
    /// Requests a client's certificate after the handshake, only when it requests PATH or a path below it, as Apache does with
    /// SSLVerifyClient in a <Location>; may be repeated. A client that does not offer this gets HTTP 403, and so does one that
    /// posts an order to another path. The handshake then requests a certificate only with --client-auth; --require-cn applies
    /// to these paths
    #[arg(long, value_name = "PATH", value_parser = late_path)]
    post_handshake_auth: Vec<String>,
    /// Issues tickets, with which clients resume their sessions, under the keys in FILE: one or two lines of 96 hexadecimal
    /// digits (openssl rand -hex 48), of which the first seals tickets and both open them. Servers with the same keys
    /// resume each other's sessions. FILE is a secret; replace the keys about as often as tickets expire
    #[cfg(feature = "resumption")]
    #[arg(long, value_name = "FILE")]
    ticket_keys: Option<String>,
    /// The seconds for which tickets are valid, at most 7 days
    #[cfg(feature = "resumption")]
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, requires = "ticket_keys")]
    ticket_lifetime: u32,
    /// A client with another common name gets alert 49 in the handshake instead of HTTP 403
    #[arg(long)]
    refuse_early: bool,
    /// Ends after N connections
    #[arg(long, value_name = "N")]
    once: Option<usize>,
    #[command(flatten)]
    script: ScriptArgs,
    #[command(flatten)]
    preferences: PreferenceArgs,
    /// Writes each event as JSON: one line with one object
    #[arg(long)]
    json: bool,
    /// Also writes the last 100 connections to this file as a page of HTML, which needs nothing else and contains no secret;
    /// it is written anew whenever a connection ends
    #[arg(long, value_name = "FILE")]
    report: Option<String>,
}

/// Accepts cXML orders over mutual TLS 1.3.
#[derive(Debug, Parser)]
#[command(name = "supplier", version, max_term_width = 100, after_help = ANSWERS)]
struct Supplier {
    #[command(flatten)]
    args: ServeArgs,
}

/// The part of the help that lists what clients get.
pub(super) const ANSWERS: &str = "\
GET answers with a page about the client. POST accepts a cXML OrderRequest and answers with a cXML
Response: HTTP 200 and cXML status 200 (accepted; the same answer to a repetition), 406 (cannot be
read), 409 (payloadID used before for another document) or 450 (not an order). A request for another
host than the client has named in its handshake gets HTTP 421.

Faults, each for one connection; the last one stays, so that `--fault close:0 --fault none` cuts
only the first:
  none                  no fault
  alert:NUMBER          rejects the client's certificate with this alert, in place of a response
  close:BYTES           closes after sending so many bytes; 0: when the ClientHello has come
  hello-retry-request   asks for another key share, on P-384 or P-256
  huge-record           answers the ClientHello with a record that is longer than TLS allows
  missing-intermediate  sends only the server's own certificate
  expired, wrong-name   sends NAME-expired.pem beside --cert NAME.pem, or what the CA makes that
                        `mtls pki` has put there; so does each other fault of `mtls pki issue --bad`

Answers, each for one order; the last one stays:
  usual                 the one above
  http:STATUS           this status of HTTP; the order is not accepted
  cxml:STATUS           a Response with this status; the order is not accepted
  duplicate             the Response to a payloadID that was used before for another order
  empty                 HTTP 200 without a body; the order is accepted
  twice                 the usual response two times
  huge                  the usual response with a megabyte of blanks behind it, in full records
  close                 none: closes the connection; the order is accepted
  alert:NUMBER          none: ends the session with this alert; the order is not accepted
  delay:SECONDS         before another one, as in delay:5,http:503";

/// The setup that the command line describes.
struct Options {
    listen: String,
    setup: Setup,
    once: Option<usize>,
    json: bool,
    /// The file of the page.
    report: Option<String>,
    /// Warnings about files of which only a part can be used.
    warnings: Vec<String>,
}

/// Runs the supplier with the options of the process.
pub fn supplier() -> ExitCode {
    run(std::env::args_os(), |Supplier { args }| take_orders(args, "supplier"))
}

/// Listens and serves; `program` begins each warning and error.
pub(super) fn take_orders(args: ServeArgs, program: &str) -> ExitCode {
    let options = args.options().map_err(|UsageError(error)| UsageError(format!("{error}\nTry: {program} --help")));
    match options.and_then(|options| listen(&options, program)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}

impl ServeArgs {
    /// Assembles the setup, if the options are complete.
    fn options(self) -> Result<Options, UsageError> {
        let rules = self.rules()?;
        let Anchors { authorities: client_authorities, passed_over: unusable, .. } = authorities(&self.client_ca)?;
        let late_paths = self.post_handshake_auth;
        let asks_later = client_authorities.is_empty() || !late_paths.is_empty();
        let by_default = if asks_later { ClientAuthMode::No } else { ClientAuthMode::Required };
        let client_auth = self.client_auth.unwrap_or(by_default);
        if client_authorities.is_empty() && (client_auth != ClientAuthMode::No || !late_paths.is_empty()) {
            let who = "--client-auth optional and required, and --post-handshake-auth, need --client-ca";
            return Err(UsageError(who.to_owned()));
        }
        let (identity, named) = match &rules {
            Some(_) => (None, Vec::new()),
            None => identities(&self.identities, &self.sni).map(|(first, named)| (Some(first), named))?,
        };
        let denied = denied(&self.denied, &client_authorities, rules.as_ref())?;
        #[cfg(feature = "resumption")]
        let tickets = match &self.ticket_keys {
            Some(file) => Some((tickets::keys("--ticket-keys", file)?, self.ticket_lifetime)),
            None => None,
        };
        let setup = Setup {
            identity,
            named,
            client_authorities,
            client_auth,
            required_names: self.require_cn,
            refuse_early: self.refuse_early,
            denied,
            blobs: Blobs::new(self.blob)?,
            late_paths,
            #[cfg(feature = "resumption")]
            tickets,
            preferences: self.preferences.preferences()?,
            answers: self.script.answer.clone(),
            faults: self.script.faults(&self.identities, rules.is_some())?,
            keeps_course: self.report.is_some(),
            rules,
        };
        Ok(Options {
            listen: args::required(self.listen, "--listen")?,
            setup,
            once: self.once,
            json: self.json,
            report: self.report,
            warnings: passed_over(&unusable).collect(),
        })
    }

    /// Reads the policy, if there is one. It then replaces the options about identity and trust.
    fn rules(&self) -> Result<Option<Rules>, UsageError> {
        let replaced = [
            ("--cert", !self.identities.files.is_empty()),
            ("--sni", !self.sni.is_empty()),
            ("--client-ca", !self.client_ca.is_empty()),
            ("--client-auth", self.client_auth.is_some()),
            ("--post-handshake-auth", !self.post_handshake_auth.is_empty()),
        ];
        let rules = self.policy.read(Around::Host, &replaced, None, &self.identities)?;
        if let Some(rules) = &rules {
            rules.check::<Server>()?;
        }
        Ok(rules)
    }
}

/// Reads the first identity, and those that `--sni` names.
fn identities(files: &IdentityArgs, names: &[String]) -> Result<(Identity, Vec<(String, Identity)>), UsageError> {
    let known = files.read(None)?;
    let (first, _) = args::required(known.first(), "--cert")?;
    let mut by_name = Vec::new();
    for name in names {
        let unfit =
            || args::unfit("--sni", name, "NAME=ALIAS, ALIAS being the name of a --cert FILE without its extension");
        let (name, alias) = name.split_once('=').ok_or_else(unfit)?;
        let (identity, _) = known.iter().find(|(_, [cert, _])| args::alias(cert) == alias).ok_or_else(unfit)?;
        by_name.push((name.to_owned(), identity.clone()));
    }
    Ok((first.clone(), by_name))
}

/// Reads what is denied. Lists count if an authority that is trusted for clients has signed them.
fn denied(args: &DenyArgs, trusted: &[Vec<u8>], rules: Option<&Rules>) -> Result<Option<Watched>, UsageError> {
    if args.deny.is_empty() {
        return Ok(None);
    }
    let contents = rules.map(Rules::check::<Server>).transpose()?;
    let trusted = contents.as_ref().map_or(trusted, |contents| &contents.authorities);
    if trusted.is_empty() {
        return Err(UsageError("--deny: found no --client-ca, wanted whose clients are denied".to_owned()));
    }
    Watched::new(args.deny.clone(), args.authorities(trusted)?).map(Some)
}

/// Parses the value of `--post-handshake-auth`.
#[cfg(feature = "post-handshake-auth")]
fn late_path(path: &str) -> Result<String, &'static str> {
    let wanted =
        "wanted a path from the root as in /orders, without any of ? # % \\ ; // /. and characters beyond ASCII";
    if crate::late::can_guard(path) { Ok(path.to_owned()) } else { Err(wanted) }
}

/// Refuses the value of `--post-handshake-auth`, as this build lacks it.
#[cfg(not(feature = "post-handshake-auth"))]
fn late_path(_: &str) -> Result<String, &'static str> {
    Err(
        "this build asks nobody after the handshake; one that does is made with cargo build --features post-handshake-auth",
    )
}

/// Parses the value of `--blob`.
fn blob(found: &str) -> Result<(String, String), &'static str> {
    let parts = found.split_once('=').filter(|(name, file)| !name.is_empty() && !file.is_empty());
    parts
        .map(|(name, file)| (name.to_owned(), file.to_owned()))
        .ok_or("wanted NAME=FILE, as in gateway-0042=device.bin")
}

/// Parses the value of `--client-auth`.
fn mode(found: &str) -> Result<ClientAuthMode, &'static str> {
    match found {
        "none" => Ok(ClientAuthMode::No),
        "optional" => Ok(ClientAuthMode::Optional),
        "required" => Ok(ClientAuthMode::Required),
        _ => Err("wanted none, optional or required"),
    }
}

/// Lists the warnings to print at the start: what clients refuse of what we send, or will soon, and who is not trusted.
fn warnings_of(Options { setup, warnings: of_files, .. }: &Options) -> Result<Vec<String>, UsageError> {
    if let Some(rules) = &setup.rules {
        return rules.warnings::<Server>();
    }
    let named = setup.named.iter().map(|(name, identity)| (name.as_str(), identity));
    // Those of --sni may be the first as well.
    let first = setup.identity.iter().filter(|first| setup.named.iter().all(|(_, other)| other.chain != first.chain));
    let mut denied = Vec::new();
    if let Some(list) = &setup.denied {
        list.current(|warning| denied.push(warning));
    }
    let own = warnings(first.map(|first| ("--cert", first)).chain(named), Role::Server);
    Ok([of_files.clone(), denied, own, expired(&setup.client_authorities)].concat())
}

/// Listens and serves.
fn listen(options: &Options, program: &str) -> Result<(), UsageError> {
    let failed = |error: std::io::Error| UsageError(format!("--listen {}: {error}", options.listen));
    let listener = TcpListener::bind(&options.listen).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    if options.json {
        say_json(&Told { event: "listening", from: &address.to_string(), ..Told::default() })?;
    } else {
        say!("listening on {address}");
    }
    for warning in warnings_of(options)? {
        eprintln!("{program}: {warning}");
    }
    let connections = Mutex::new(Connections::default());
    serve(&options.setup, &listener, options.once, &|from, event| {
        if let Some(file) = &options.report {
            // One after another: the last page has every connection.
            let mut connections = connections.lock().unwrap_or_else(PoisonError::into_inner);
            let written = connections.take(from, &event).map_or(Ok(()), |page| write_page(file, &page));
            if let Err(error) = written {
                eprintln!("{program}: {error}");
            }
        }
        if matches!(event, Event::Course(_)) {
            return;
        }
        // One write for each report, so that those of several threads do not mix.
        if options.json {
            let _ = say_json(&Told::of(&from.to_string(), &event));
        } else {
            say!("{from} {}", elements(&event.to_string()));
        }
    })
}

/// An event, for `--json`. Its texts are those of clients.
#[derive(Default, Serialize)]
struct Told<'e> {
    event: &'static str,
    /// The client; at the start, the address of the server.
    from: &'e str,
    /// The text that is printed without `--json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Tls>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<&'e Peer>,
    /// Method and target.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'e str>,
    /// The status of HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

impl<'e> Told<'e> {
    fn of(from: &'e str, event: &'e Event) -> Self {
        let told = || Self { from, text: Some(elements(&event.to_string())), ..Self::default() };
        let known =
            |event, link: &'e Link| Self { event, tls: Some(Tls::of(link)), peer: link.peer.as_ref(), ..told() };
        match event {
            Event::Opened(link) => known("opened", link),
            Event::Identified(link) => known("identified", link),
            Event::Answered(request, status, note) => {
                let text = Some(elements(note));
                Self { event: "answered", from, request: Some(request), status: Some(*status), text, ..Self::default() }
            }
            Event::Refused(_) => Self { event: "refused", ..told() },
            Event::Reference(_) => Self { event: "reference", ..told() },
            Event::Traced(_) => Self { event: "trace", ..told() },
            Event::Recorded(_) => Self { event: "recorded", ..told() },
            Event::Broken(_) => Self { event: "broken", ..told() },
            Event::Closed => Self { event: "closed", ..told() },
            Event::Denials(_) => Self { event: "denials", ..told() },
            Event::Faulted(_) => Self { event: "fault", ..told() },
            Event::Course(_) => Self { event: "course", ..told() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_secret_in_an_event_is_in_no_line_of_json() {
        let quoted = || "found <SharedSecret>only-an-example</SharedSecret>".to_owned();
        for event in [Event::Answered("POST /".to_owned(), 200, quoted()), Event::Broken(quoted())] {
            let json = serde_json::to_string(&Told::of("a:1", &event)).unwrap();
            assert!(json.contains("[redacted]") && !json.contains("only-an-example"), "{json}");
        }
    }

    #[test]
    fn a_policy_replaces_other_options() {
        let pki = mtls_pki::throw_away::Pki::new().unwrap();
        let folder = std::env::temp_dir().join(format!("embedded-mtls-supplier-{}", std::process::id()));
        pki.write(&folder).unwrap();
        let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let joined = [file("supplier.pem"), file("supplier.key")].map(|file| std::fs::read_to_string(file).unwrap());
        std::fs::write(file("own.pem"), joined.concat()).unwrap();
        let text = "<SSLInfo><Enabled>true</Enabled><ClientAuthEnabled>true</ClientAuthEnabled><KeyStore>own</KeyStore>\
                    <TrustStore>root</TrustStore></SSLInfo>";
        std::fs::write(file("policy.xml"), text).unwrap();
        std::fs::write(file("bad.xml"), text.replace("<TrustStore>root</TrustStore>", "")).unwrap();
        let read = |line: &[&str]| {
            let line = [&["supplier"], line].concat();
            let options = Supplier::try_parse_from(line).map_err(|error| error.to_string())?.args.options();
            options.map(|options| options.setup.rules.is_some()).map_err(|error| error.to_string())
        };
        let (policy, bad, chain) = (file("policy.xml"), file("bad.xml"), file("supplier.pem"));
        assert_eq!(read(&["--listen", "127.0.0.1:0", "--policy", &policy]), Ok(true));
        let warned = |line: &[&str]| {
            let line = [&["supplier"], line].concat();
            let options = Supplier::try_parse_from(line).unwrap().args.options().unwrap();
            warnings_of(&options).unwrap().pop()
        };
        assert_eq!(warned(&["--listen", "127.0.0.1:0", "--policy", &policy]), None);
        let [cert, key] = ["gateway.pem", "gateway.key"].map(file);
        let of_client = warned(&["--listen", "127.0.0.1:0", "--cert", &cert, "--key", &key]).expect("a warning");
        assert!(of_client.starts_with("warning: our certificate '--cert' cannot be sent: "), "{of_client}");
        let both = read(&["--listen", "127.0.0.1:0", "--policy", &policy, "--cert", &chain]).unwrap_err();
        assert_eq!(both, "--policy: found --cert beside it, wanted one of the two");
        let wrong = read(&["--listen", "127.0.0.1:0", "--policy", &bad]).unwrap_err();
        assert!(
            wrong.contains("bad.xml:1:33: ClientAuthEnabled 'true': found true on a server without TrustStore"),
            "{wrong}"
        );
        std::fs::remove_dir_all(folder).unwrap();
    }
}
