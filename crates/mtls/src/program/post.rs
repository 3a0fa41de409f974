//! `gateway` and `mtls order post`: post a cXML order over mutual TLS 1.3.

use core::time::Duration;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{Args, Parser};
use embedded_mtls::{Client, Role};
use embedded_mtls_operator::Finding;
use mtls_order::Retry;

use super::options::{IdentityArgs, PolicyArgs, PreferenceArgs, TrustArgs, path, say_json, write_page};
use super::progress;
use super::run;
use crate::args::{self, Preferences, UsageError};
use crate::attempt::{Attempt, Observer, Server};
use crate::capture::End;
use crate::cxml::{Order, Status};
use crate::events::Events;
use crate::order::{Asked, Delivery, Progress, Wanted, connect, post};
use crate::page::of_attempts;
use crate::policy::{Anchors, Around, Endpoint, Rules, expired, passed_over, warnings};
use crate::redact::Redaction;
use crate::report::{Link, printable, say, thousands};
use crate::tls::{Deadline, HostMemory, Timed, hang_up};
use crate::verdict::{EXIT_CODES, Trouble};
use crate::watch::Watch;

/// The options of `gateway` and of `mtls order post`.
#[derive(Args, Debug)]
#[allow(clippy::doc_markdown, reason = "the documentation is the help text")]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(super) struct PostArgs {
    /// The address to connect to; by default from the <URL> of --site or --policy
    #[arg(long, value_name = "HOST:PORT")]
    connect: Option<String>,
    /// The DNS name or address that the server's certificate must contain; by default from the <URL>
    #[arg(long, visible_alias = "sni", value_name = "NAME")]
    server_name: Option<String>,
    #[command(flatten)]
    trust: TrustArgs,
    /// Requires this common name, literally, instead of the server name
    #[arg(long, visible_alias = "cn", value_name = "NAME")]
    common_name: Option<String>,
    /// The common name is a pattern: *.example.com accepts abc.example.com
    #[arg(long)]
    wildcard_match: bool,
    #[command(flatten)]
    identities: IdentityArgs,
    /// Sends the --cert FILE whose name without extension is NAME, regardless of the CAs that the server names; or this
    /// identity of the KeyStore
    #[arg(long, value_name = "NAME")]
    alias: Option<String>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// The cXML document, which is sent unchanged
    #[arg(long, value_name = "FILE")]
    order: Option<String>,
    /// The path on the server; by default that of the <URL>, or /orders
    #[arg(long, value_parser = path)]
    path: Option<String>,
    /// Offers to authenticate after the handshake, for servers that request a certificate for some paths only, as Apache does
    /// with SSLVerifyClient in a <Location>
    #[arg(long)]
    post_handshake_auth: bool,
    /// Posts even to a server that has not requested our certificate; otherwise nothing is sent to it, except with
    /// --post-handshake-auth. With --policy, its ClientAuthEnabled alone decides
    #[arg(long)]
    one_way: bool,
    /// Resumes the last session with the ticket in FILE, if the server agrees, and puts the next ticket there. The file is
    /// a secret like a key, and may be missing
    #[cfg(feature = "resumption")]
    #[arg(long, value_name = "FILE")]
    ticket: Option<String>,
    /// The overall time limit
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u16,
    #[command(flatten)]
    preferences: PreferenceArgs,
    /// Writes each attempt as JSON: one line with one object
    #[arg(long)]
    json: bool,
    /// Also writes the attempts to this file as a page of HTML, which needs nothing else and contains no secret
    #[arg(long, value_name = "FILE")]
    report: Option<String>,
}

/// Posts a cXML order over mutual TLS 1.3.
#[derive(Debug, Parser)]
#[command(name = "gateway", version, max_term_width = 100, after_help = exit_codes())]
struct Gateway {
    #[command(flatten)]
    args: PostArgs,
}

/// Returns the part of the help that lists the exit codes.
pub(super) fn exit_codes() -> String {
    format!("Exit codes:\n{EXIT_CODES}")
}

/// Runs the gateway with the options of the process.
pub fn gateway() -> ExitCode {
    run(std::env::args_os(), |Gateway { args }| post_order(args, "gateway"))
}

/// The delivery that the command line describes.
struct Options {
    delivery: Delivery,
    /// The files of the identities, for messages.
    names: Vec<String>,
    order: Order,
    patience: Duration,
    warnings: Vec<String>,
    json: bool,
    /// The file of the page.
    report: Option<String>,
}

/// Posts the order and reports what happens; `program` begins each warning and error.
pub(super) fn post_order(args: PostArgs, program: &str) -> ExitCode {
    repeat(args, Retry { attempts: 1, ..Retry::USUAL }, program)
}

/// Posts the order, and again by these rules with the same bytes, until the supplier has it or a retry cannot help.
pub(super) fn repeat(args: PostArgs, rules: Retry, program: &str) -> ExitCode {
    let options = match args.options() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{program}: {error}\nTry: {program} --help");
            return ExitCode::FAILURE;
        }
    };
    let redaction = Redaction::of(&options.delivery.document);
    let mut attempts = Vec::new();
    loop {
        let number = u8::try_from(attempts.len() + 1).unwrap_or(u8::MAX);
        let (mut attempt, trouble) = deliver(&options, number, program);
        let pause = trouble.as_ref().and_then(|trouble| {
            eprintln!("{program}: {}", redaction.apply(&trouble.to_string()));
            rules.after(number, &trouble.into())
        });
        attempt.retry_in = pause.map(|pause| pause.as_secs());
        let exit_code = attempt.exit_code;
        attempts.push(attempt);
        if let Err(error) = options.report(&attempts) {
            // The exit code tells whether the order was delivered.
            eprintln!("{program}: warning: {error}");
        }
        let Some(pause) = pause else { return ExitCode::from(exit_code) };
        if !options.json {
            say!("retry    attempt {} of {} in {} s, with the same bytes", number + 1, rules.attempts, pause.as_secs());
        }
        let line = progress::wait("waiting for the next attempt");
        std::thread::sleep(Duration::from_millis(pause.as_millis()));
        line.finish_and_clear();
    }
}

impl Options {
    /// Prints the last attempt as JSON and writes the page, as far as they are wanted.
    fn report(&self, attempts: &[Attempt]) -> Result<(), UsageError> {
        if let (true, Some(last)) = (self.json, attempts.last()) {
            say_json(last)?;
        }
        self.report.as_ref().map_or(Ok(()), |file| write_page(file, &of_attempts(attempts)))
    }
}

impl PostArgs {
    /// Assembles the delivery, if the options are complete.
    fn options(mut self) -> Result<Options, UsageError> {
        let rules = self.rules()?;
        let endpoint = rules.as_ref().and_then(Rules::endpoint).cloned();
        let of_url = |part: fn(&Endpoint) -> String| endpoint.as_ref().map(part);
        let address = self.connect.take().or_else(|| of_url(|endpoint| endpoint.address.clone()));
        let address = args::required(address, "--connect")?;
        let server_name = self.server_name.take().or_else(|| of_url(|endpoint| endpoint.host.clone()));
        let server_name = args::required(server_name, "--server-name")?;
        let authority = of_url(|endpoint| endpoint.authority().to_owned());
        let path = self.path.take().or(endpoint.and_then(|endpoint| endpoint.path));
        let path = path.unwrap_or_else(|| "/orders".to_owned());
        if rules.is_none() && self.trust.ca.is_empty() && self.trust.pin.is_empty() {
            return Err(UsageError("--ca or --pin is missing".to_owned()));
        }
        if self.wildcard_match && self.common_name.is_none() {
            return Err(UsageError("--wildcard-match needs --common-name".to_owned()));
        }
        let Anchors { authorities, pins, passed_over: unusable } = self.trust.read()?;
        let common_name = self.common_name.map(|name| Wanted { name, is_pattern: self.wildcard_match });
        let (document, order) = read_order(&args::required(self.order, "--order")?)?;
        let mut preferences = self.preferences.preferences()?;
        preferences.insists = rules.is_none() && self.alias.is_some();
        preferences.one_way = self.one_way;
        #[cfg(feature = "resumption")]
        {
            preferences.ticket = self.ticket;
        }
        if self.post_handshake_auth {
            offer_late_answers(&mut preferences)?;
        }
        let (identities, names) = if let Some(rules) = &rules {
            (Vec::new(), rules.check::<Client>()?.aliases.clone())
        } else {
            let read = self.identities.read(self.alias.as_deref())?;
            read.into_iter().map(|(identity, [cert, _])| (identity, cert)).unzip()
        };
        let delivery = Delivery {
            address,
            server_name,
            authorities,
            pins,
            common_name,
            identities,
            authority,
            path,
            document,
            preferences,
            rules,
        };
        let patience = Duration::from_secs(u64::from(self.timeout));
        let warnings = passed_over(&unusable).collect();
        Ok(Options { delivery, names, order, patience, warnings, json: self.json, report: self.report })
    }

    /// Reads the policy, if there is one. It then replaces these options.
    fn rules(&self) -> Result<Option<Rules>, UsageError> {
        let replaced = [
            ("--ca", !self.trust.ca.is_empty()),
            ("--pin", !self.trust.pin.is_empty()),
            ("--common-name", self.common_name.is_some()),
            ("--cert", !self.identities.files.is_empty()),
            ("--one-way", self.one_way),
        ];
        self.policy.read(Around::Target, &replaced, self.alias.clone(), &self.identities)
    }
}

/// Lets servers request the certificate after the handshake (RFC 9846 section 4.7.2).
fn offer_late_answers(preferences: &mut Preferences) -> Result<(), UsageError> {
    if !cfg!(feature = "post-handshake-auth") {
        return Err(UsageError("--post-handshake-auth needs a build with --features post-handshake-auth".to_owned()));
    }
    preferences.post_handshake_auth = true;
    Ok(())
}

/// Reads the order. Its bytes do not change after this.
fn read_order(file: &str) -> Result<(Box<[u8]>, Order), UsageError> {
    let document = std::fs::read(file).map_err(|error| UsageError(format!("{file}: {error}")))?.into_boxed_slice();
    let order = Order::parse(&document, None).map_err(|error| UsageError(format!("{file}: {error}")))?;
    Ok((document, order))
}

/// Lists the warnings to print before anything is sent: certificates of ours that servers reject or soon will, and
/// trust anchors that cannot be used.
fn warnings_of(options: &Options) -> Result<Vec<String>, UsageError> {
    let Options { delivery, names, warnings: of_files, .. } = options;
    if let Some(rules) = &delivery.rules {
        return rules.warnings::<Client>();
    }
    let own = warnings(names.iter().map(String::as_str).zip(&delivery.identities), Role::Client);
    Ok([of_files.clone(), own, expired(&delivery.authorities)].concat())
}

/// Posts the order and reports what happens.
fn deliver(options: &Options, number: u8, program: &str) -> (Attempt, Option<Trouble>) {
    let Options { delivery, names, order, .. } = options;
    let Delivery { address, server_name: name, path, .. } = delivery;
    let server = Server { address: address.clone(), name: name.clone(), path: path.clone() };
    let mut observer = Observer::new(number, order, &delivery.document, server, names);
    let outcome = converse(options, &mut observer, program);
    if let (Ok(status), false) = (&outcome, options.json) {
        let [text, message] = [&status.text, &status.message].map(|text| printable(&observer.redacted(text)));
        say!("         cXML {} {text}: {message}", status.code);
    }
    let attempt = observer.end(outcome.as_ref());
    (attempt, outcome.err())
}

/// Connects, posts, and tells what happens on the way.
fn converse(options: &Options, observer: &mut Observer<'_>, program: &str) -> Result<Status, Trouble> {
    let Options { delivery, names, patience, .. } = options;
    observer.attempt().warnings = warnings_of(options).map_err(|error| Trouble::Setup(error.to_string()))?;
    observer.attempt().warnings.iter().for_each(|warning| eprintln!("{program}: {warning}"));
    if !options.json {
        print_order(options);
    }
    let capture = delivery.preferences.begin_capture().map_err(|error| Trouble::Setup(error.to_string()))?;
    let deadline = Deadline::new(*patience);
    observer.step();
    let stream = connect(&delivery.address, *patience)?;
    observer.attempt().milliseconds.connect = Some(observer.step());
    let copy = stream.try_clone().map_err(|error| Trouble::Network(error.to_string()))?;
    let conversation = capture.map(|capture| capture.conversation(End::Client));
    if !options.json {
        say!("server   {} as {}", delivery.address, delivery.server_name);
    }
    let (mut memory, watch) = (HostMemory::new(), Watch::new());
    let transport = Timed::new(stream, deadline).captured(conversation).watched(Some(&watch));
    let events = Events::new(delivery.preferences.events || options.report.is_some());
    let ring = events.ring();
    let posted = post(delivery, transport, memory.lend(), ring, &mut |progress| {
        observer.note(&progress);
        if !options.json {
            tell(&progress, delivery, observer, names);
        }
    });
    if delivery.preferences.events && !options.json {
        for line in Events::lines(ring) {
            say!("event    {line}");
        }
    }
    observer.attempt().course.note(ring, watch.records());
    if posted.is_err() {
        hang_up(&copy);
    }
    posted
}

/// Prints what is sent.
fn print_order(Options { delivery, order, .. }: &Options) {
    let lines = if order.lines == 1 { "line" } else { "lines" };
    say!(
        "order    {}, {} {lines}, {}, {} bytes",
        printable(&order.number),
        order.lines,
        printable(&order.total),
        thousands(delivery.document.len())
    );
    say!("         payloadID {}", printable(&order.payload_id));
}

/// Prints what happens.
fn tell(progress: &Progress<'_>, delivery: &Delivery, observer: &Observer<'_>, names: &[String]) {
    match progress {
        Progress::Open(link, asked) => {
            match asked {
                None if link.resumed.is_some() => say!("asked    for no certificate: it knows us from the ticket"),
                None if delivery.waits_to_be_asked() => say!("asked    for no certificate yet"),
                asked => print_asked(asked.as_ref(), names),
            }
            print_link(link);
        }
        #[cfg(feature = "resumption")]
        Progress::TicketUnused(error) => say!("ticket   not used: {error}"),
        Progress::Traced(step) => say!("trace    {}", printable(step)),
        Progress::FailedAfter(asked) => print_asked(Some(asked), names),
        Progress::AskedLate(asked) => {
            say!("asked    after the handshake, for this path");
            print_asked(Some(asked), names);
        }
        Progress::Noted(diagnosis) => say!("         that means: {}", Finding::from(*diagnosis)),
        Progress::Sent => say!("request  POST {}", delivery.path),
        Progress::Answered(status, reason) => say!("answer   HTTP {status} {}", printable(&observer.redacted(reason))),
        Progress::Announced(version) => say!("blob     the server has version {version} for the device of this client"),
        Progress::Certificates(_) | Progress::Diagnosed(_) => {}
    }
}

/// Prints what the server requested, and what it got.
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
        Some(name) => say!("sent     {name}"),
        None if names.is_empty() => say!("sent     none: we have no identity"),
        None => {
            say!("sent     none of ours:");
            for (name, reason) in names.iter().zip(&asked.unfit) {
                say!("         {name}: {reason}");
            }
        }
    }
}

/// Prints the negotiated parameters and the peer.
fn print_link(link: &Link) {
    let alpn = link.alpn.as_deref().map_or_else(|| "no ALPN".to_owned(), printable);
    say!("agreed   {}, {}, {alpn}", link.suite, link.group);
    if let Some(age) = link.resumed {
        say!("resumed  a session in which the server proved its identity {age} s ago");
    }
    if let Some(waived) = &link.waived {
        // Must not be overlooked.
        let [red, end] = if std::io::stdout().is_terminal() { ["\u{1b}[31m", "\u{1b}[0m"] } else { [""; 2] };
        say!("{red}WAIVED   by the policy, though the server is refused otherwise: {}{end}", printable(waived));
    }
    if let Some(peer) = &link.peer {
        say!("{}", peer.details("         ").trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/order.xml");

    /// Reads the options: where to, as whom, and the path; or what is wrong with them.
    fn read(line: &[&str]) -> Result<(String, String, String), String> {
        let line = [&["gateway"], line].concat();
        let options = Gateway::try_parse_from(line).map_err(|error| error.to_string())?.args.options();
        let options = options.map_err(|error| error.to_string())?;
        Ok((options.delivery.address, options.delivery.server_name, options.delivery.path))
    }

    #[test]
    fn a_policy_replaces_other_options_and_its_url_fills_the_gaps() {
        let pki = mtls_pki::throw_away::Pki::new().unwrap();
        let folder = std::env::temp_dir().join(format!("embedded-mtls-gateway-{}", std::process::id()));
        pki.write(&folder).unwrap();
        let file = |name: &str, text: &str| {
            let file = folder.join(name);
            std::fs::write(&file, text).unwrap();
            file.to_str().unwrap().to_owned()
        };
        let root = folder.join("root.pem").to_str().unwrap().to_owned();
        let info = "<SSLInfo><Enabled>true</Enabled><TrustStore>root</TrustStore></SSLInfo>";
        let policy = file("policy.xml", info);
        let url = "<URL>https://supplier.example:8443/cxml</URL>";
        let target = file("target.xml", &format!("<HTTPTargetConnection>{url}{info}</HTTPTargetConnection>"));
        let site = file("site.xml", "<HTTPTargetConnection><URL>https://10.0.0.7</URL></HTTPTargetConnection>");
        let found = |address: &str, name: &str, path: &str| Ok((address.to_owned(), name.to_owned(), path.to_owned()));
        for (line, expected) in [
            (
                &["--policy", &policy, "--connect", "a:1", "--server-name", "b", "--order", ORDER][..],
                found("a:1", "b", "/orders"),
            ),
            (&["--policy", &target, "--order", ORDER], found("supplier.example:8443", "supplier.example", "/cxml")),
            (
                &["--policy", &target, "--connect", "127.0.0.1:1", "--path", "/x", "--order", ORDER],
                found("127.0.0.1:1", "supplier.example", "/x"),
            ),
            (&["--policy", &target, "--site", &site, "--order", ORDER], found("10.0.0.7:443", "10.0.0.7", "/orders")),
            (&["--policy", &policy, "--order", ORDER], Err("--connect is missing".to_owned())),
            (&["--site", &site, "--order", ORDER], Err("--site needs --policy".to_owned())),
            (
                &["--policy", &policy, "--ca", &root],
                Err("--policy: found --ca beside it, wanted one of the two".to_owned()),
            ),
            (
                &["--policy", &policy, "--one-way"],
                Err("--policy: found --one-way beside it, wanted one of the two".to_owned()),
            ),
            (&["--connect", "a:1", "--server-name", "b", "--order", ORDER], Err("--ca or --pin is missing".to_owned())),
        ] {
            assert_eq!(read(line), expected, "{line:?}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_certificate_that_servers_reject_causes_a_warning_before_anything_is_sent() {
        let pki = mtls_pki::throw_away::Pki::new().unwrap();
        let folder = std::env::temp_dir().join(format!("embedded-mtls-gateway-warned-{}", std::process::id()));
        pki.write(&folder).unwrap();
        let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let (root, cert, key) = (file("root.pem"), file("supplier.pem"), file("supplier.key"));
        let server = ["gateway", "--connect", "a:1", "--server-name", "b", "--order", ORDER];
        let line = [&server[..], &["--ca", &root, "--cert", &cert, "--key", &key]].concat();
        let options = Gateway::try_parse_from(line).unwrap().args.options().unwrap();
        let warnings = warnings_of(&options).unwrap();
        let [of_server] = &warnings[..] else { panic!("{warnings:?}") };
        assert!(of_server.starts_with(&format!("warning: our certificate '{cert}' cannot be sent: ")), "{of_server}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
