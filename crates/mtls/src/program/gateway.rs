//! The gateway: posts a cXML order over mutual TLS 1.3. Try `--help`.

use core::time::Duration;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use embedded_mtls::{Client, Role};
use embedded_mtls_operator::Finding;
use mtls_pki::pem::{self, Identity, Pin};

use crate::args::{self, PREFERENCES_HELP, Preferences, UsageError};
use crate::capture::End;
use crate::cxml::Order;
use crate::events::Events;
use crate::order::{Asked, Delivery, Progress, Wanted, connect, post};
use crate::policy::{Around, Endpoint, Rules, SslInfo, expired, passed_over, warnings};
use crate::report::{Link, printable, say, thousands};
use crate::tls::{Deadline, HostMemory, Timed, hang_up};
use crate::verdict::{EXIT_CODES, Trouble};

const HELP: &str = "\
gateway - posts a cXML order over mutual TLS 1.3

Usage: gateway --connect HOST:PORT --server-name NAME --ca FILE [--cert FILE [--key FILE]]... --order FILE [options]
       --pin FILE may be given in addition to --ca or instead of it
   or: gateway --policy FILE [--site FILE] --connect HOST:PORT --server-name NAME --order FILE [options]

  --connect H:P       the address to connect to; by default from the <URL> of --site or --policy
  --server-name NAME  the DNS name or address that the server's certificate must contain; by default from the <URL>
  --ca FILE           PEM: trusted authorities for servers; may be repeated
  --pin FILE          PEM: the server's own certificate or public key, trusted regardless of its issuer
  --common-name NAME  require this common name, literally, instead of the server name
  --wildcard-match    the common name is a pattern: *.example.com accepts abc.example.com
  --cert FILE         PEM: our certificate, then its intermediates; may be repeated: the server's request selects one
  --key FILE          PEM: the key of the preceding --cert, PKCS#8 or SEC1, on P-256; by default in the same file
  --alias NAME        send the --cert FILE whose name without extension is NAME, regardless of the authorities that the
                      server names; or this identity of the KeyStore
  --policy FILE       XML: an <SSLInfo>, or an <HTTPTargetConnection> around it; its stores are next to the file, as
                      crates/mtls/README.md describes, with the file names of Kubernetes, certbot or AWS; replaces --ca,
                      --pin, --common-name, --cert and --key
  --site FILE         XML: the <URL> and the <KeyAlias> of this site; the rest of the policy is locked
  --order FILE        the cXML document, which is sent unchanged
  --path PATH         the path on the server; by default that of the <URL>, or /orders
  --post-handshake-auth
                      offer to authenticate after the handshake, for servers that request a certificate for some paths
                      only, as Apache does with SSLVerifyClient in a <Location>
  --one-way           post even to a server that has not requested our certificate; otherwise nothing is sent to it, except
                      with --post-handshake-auth. With --policy, its ClientAuthEnabled alone decides
  --timeout SECONDS   the overall time limit; 60 by default
{preferences}
  --help              this text

Exit codes:
{exit codes}
";

/// The delivery that the command line describes.
struct Options {
    delivery: Delivery,
    /// The files of the identities, for messages.
    names: Vec<String>,
    order: Order,
    patience: Duration,
    warnings: Vec<String>,
}

/// Runs the gateway with the options of the process.
pub fn gateway() -> ExitCode {
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

/// The options as given.
#[derive(Default)]
struct Given {
    address: Option<String>,
    server_name: Option<String>,
    order: Option<String>,
    path: Option<String>,
    seconds: Option<u16>,
    alias: Option<String>,
    policy: Option<String>,
    site: Option<String>,
    authorities: Vec<Vec<u8>>,
    pins: Vec<Pin>,
    common_name: Option<String>,
    is_pattern: bool,
    /// Warnings about files that can be used in part only.
    warnings: Vec<String>,
    /// Chain and key of each identity.
    files: Vec<(String, Option<String>)>,
    preferences: Preferences,
}

/// Reads the command line; returns `None` if it requests help, which is printed.
fn options(mut parser: lexopt::Parser) -> Result<Option<Options>, UsageError> {
    let mut given = Given::default();
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
            "connect" => given.address = Some(args::text(&mut parser)?),
            "server-name" => given.server_name = Some(args::text(&mut parser)?),
            "ca" => {
                let mut found = pem::authorities(&args::text(&mut parser)?)?;
                given.authorities.append(&mut found.usable);
                given.warnings.extend(passed_over(&found.passed_over));
            }
            "pin" => given.pins.append(&mut pem::pins(&args::text(&mut parser)?)?),
            "common-name" => given.common_name = Some(args::text(&mut parser)?),
            "wildcard-match" => given.is_pattern = true,
            "cert" => given.files.push((args::text(&mut parser)?, None)),
            "key" => match given.files.last_mut() {
                Some((_, key @ None)) => *key = Some(args::text(&mut parser)?),
                _ => return Err(UsageError("--key must follow the --cert it belongs to".to_owned())),
            },
            "alias" => given.alias = Some(args::text(&mut parser)?),
            "policy" => given.policy = Some(args::text(&mut parser)?),
            "site" => given.site = Some(args::text(&mut parser)?),
            "order" => given.order = Some(args::text(&mut parser)?),
            "path" => given.path = Some(args::text(&mut parser)?),
            "post-handshake-auth" => offer_late_answers(&mut given.preferences)?,
            "one-way" => given.preferences.one_way = true,
            "timeout" => {
                given.seconds = Some(args::parsed(&mut parser, "--timeout", "a number of seconds from 0 to 65535")?);
            }
            other => {
                if !given.preferences.take(other, &mut parser)? {
                    return Err(UsageError(format!("no such option: --{other}")));
                }
            }
        }
    }
    given.options().map(Some)
}

impl Given {
    /// Assembles the delivery, if the options are complete.
    fn options(mut self) -> Result<Options, UsageError> {
        let patience = Duration::from_secs(u64::from(self.seconds.unwrap_or(60)));
        let rules = self.rules()?;
        let endpoint = rules.as_ref().and_then(Rules::endpoint).cloned();
        let of_url = |part: fn(&Endpoint) -> String| endpoint.as_ref().map(part);
        let address = self.address.take().or_else(|| of_url(|endpoint| endpoint.address.clone()));
        let address = args::required(address, "--connect")?;
        let server_name = self.server_name.take().or_else(|| of_url(|endpoint| endpoint.host.clone()));
        let server_name = args::required(server_name, "--server-name")?;
        let authority = of_url(|endpoint| endpoint.authority().to_owned());
        let path = self.path.take().or(endpoint.and_then(|endpoint| endpoint.path));
        let path = args::path(path.as_deref().unwrap_or("/orders"))?;
        if rules.is_none() && self.authorities.is_empty() && self.pins.is_empty() {
            return Err(UsageError("--ca or --pin is missing".to_owned()));
        }
        if self.is_pattern && self.common_name.is_none() {
            return Err(UsageError("--wildcard-match needs --common-name".to_owned()));
        }
        let common_name = self.common_name.map(|name| Wanted { name, is_pattern: self.is_pattern });
        let (document, order) = read_order(&args::required(self.order, "--order")?)?;
        self.preferences.insists = rules.is_none() && self.alias.is_some();
        let (identities, names) = match &rules {
            Some(rules) => (Vec::new(), rules.check::<Client>()?.aliases.clone()),
            None => read_identities(self.files, self.alias.as_deref())?,
        };
        let (authorities, pins, preferences) = (self.authorities, self.pins, self.preferences);
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
        Ok(Options { delivery, names, order, patience, warnings: self.warnings })
    }

    /// Reads the policy, if there is one. It then replaces these options.
    fn rules(&mut self) -> Result<Option<Rules>, UsageError> {
        let Some(file) = &self.policy else {
            let lonely = UsageError("--site needs --policy".to_owned());
            return if self.site.is_none() { Ok(None) } else { Err(lonely) };
        };
        let both = [
            ("--ca", !self.authorities.is_empty()),
            ("--pin", !self.pins.is_empty()),
            ("--common-name", self.common_name.is_some()),
            ("--cert", !self.files.is_empty()),
            ("--one-way", self.preferences.one_way),
        ];
        if let Some((option, _)) = both.into_iter().find(|(_, is_given)| *is_given) {
            return Err(UsageError(format!("--policy: found {option} beside it, wanted one of the two")));
        }
        let info = SslInfo::read(file, Around::Target)?;
        let site = self.site.as_ref().map(|file| SslInfo::read_site(file, Around::Target)).transpose()?;
        Ok(Some(Rules::new(file, info, site, self.alias.take())))
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

/// Reads the identities with this alias, or all; also returns their names.
fn read_identities(
    mut files: Vec<(String, Option<String>)>,
    alias: Option<&str>,
) -> Result<(Vec<Identity>, Vec<String>), UsageError> {
    if let Some(alias) = alias {
        let there = files.iter().map(|(cert, _)| args::alias(cert)).collect::<Vec<_>>().join(", ");
        files.retain(|(cert, _)| args::alias(cert) == alias);
        if files.is_empty() {
            let wanted = "the name of a --cert FILE without its end";
            let there = if there.is_empty() { wanted.to_owned() } else { format!("{wanted}, one of: {there}") };
            return Err(args::unfit("--alias", alias, &there));
        }
    }
    let identities = files.iter().map(|(cert, key)| Ok(pem::identity(cert, key.as_ref().unwrap_or(cert))?));
    let identities = identities.collect::<Result<_, UsageError>>()?;
    Ok((identities, files.into_iter().map(|(cert, _)| cert).collect()))
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

/// Posts the order and prints what happens.
fn run(options: &Options) -> Result<(), Trouble> {
    let Options { delivery, names, order, patience, .. } = options;
    for warning in warnings_of(options).map_err(|error| Trouble::Setup(error.to_string()))? {
        eprintln!("gateway: {warning}");
    }
    let lines = if order.lines == 1 { "line" } else { "lines" };
    say!(
        "order    {}, {} {lines}, {}, {} bytes",
        printable(&order.number),
        order.lines,
        printable(&order.total),
        thousands(delivery.document.len())
    );
    say!("         payloadID {}", printable(&order.payload_id));
    let capture = delivery.preferences.begin_capture().map_err(|error| Trouble::Setup(error.to_string()))?;
    let deadline = Deadline::new(*patience);
    let stream = connect(&delivery.address, *patience)?;
    let copy = stream.try_clone().map_err(|error| Trouble::Network(error.to_string()))?;
    let conversation = capture.map(|capture| capture.conversation(End::Client));
    say!("server   {} as {}", delivery.address, delivery.server_name);
    let mut memory = HostMemory::new();
    let transport = Timed::new(stream, deadline).captured(conversation);
    let events = Events::new(delivery.preferences.events);
    let ring = events.ring();
    let posted = post(delivery, transport, memory.lend(), ring, &mut |progress| match progress {
        Progress::Open(link, asked) => {
            match asked {
                None if delivery.waits_to_be_asked() => say!("asked    for no certificate yet"),
                asked => print_asked(asked.as_ref(), names),
            }
            print_link(link);
        }
        Progress::Traced(step) => say!("trace    {}", printable(&step)),
        Progress::FailedAfter(asked) => print_asked(Some(&asked), names),
        Progress::AskedLate(asked) => {
            say!("asked    after the handshake, for this path");
            print_asked(Some(&asked), names);
        }
        Progress::Noted(diagnosis) => say!("         that means: {}", Finding::from(diagnosis)),
        Progress::Sent => say!("request  POST {}", delivery.path),
        Progress::Answered(status, reason) => say!("answer   HTTP {status} {}", printable(reason)),
    });
    for line in Events::lines(ring) {
        say!("event    {line}");
    }
    if posted.is_err() {
        hang_up(&copy);
    }
    let status = posted?;
    say!("         cXML {} {}: {}", status.code, printable(&status.text), printable(&status.message));
    Ok(())
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
        let options = options(lexopt::Parser::from_args(line)).map_err(|error| error.to_string())?.expect("no help");
        Ok((options.delivery.address, options.delivery.server_name, options.delivery.path))
    }

    #[test]
    fn a_policy_stands_instead_of_other_options_and_its_url_fills_in() {
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
        let unknown = read_identities(["x/shop.pem", "y.pem"].map(|file| (file.to_owned(), None)).into(), Some("z"));
        let wanted = "--alias: found 'z', wanted the name of a --cert FILE without its end, one of: shop, y";
        assert_eq!(unknown.unwrap_err().to_string(), wanted);
        let [cert, key] = ["supplier.pem", "supplier.key"].map(|name| folder.join(name).to_str().unwrap().to_owned());
        let line =
            ["--connect", "a:1", "--server-name", "b", "--ca", &root, "--cert", &cert, "--key", &key, "--order", ORDER];
        let options = options(lexopt::Parser::from_args(line)).unwrap().expect("no help");
        let warnings = warnings_of(&options).unwrap();
        let [of_server] = &warnings[..] else { panic!("{warnings:?}") };
        assert!(of_server.starts_with(&format!("warning: our certificate '{cert}' cannot be sent: ")), "{of_server}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
