//! The main job in one process: a gateway posts a cXML order to a supplier that asks for its certificate.
//!
//! Makes a throw-away PKI, starts a supplier on the loopback address, posts `data/order.xml`, and shows every flight,
//! who met whom, and what became of the order. Ends with 0 only if the supplier took it. Needs no arguments.

use core::time::Duration;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use mtls::args::{Preferences, UsageError};
use mtls::cxml::{Order, Status};
use mtls::order::{Asked, Errand, Progress, connect, post};
use mtls::report::{Link, Peer, thousands};
use mtls::supplier::{Asking, Event, Setup, serve};
use mtls::tap::{Direction, Kind, Log, Record, Tap, picture};
use mtls::tls::{Deadline, DeviceMemory, Timed};
use mtls::verdict::Trouble;
use mtls_pki::throw_away::{GATEWAY_NAME, Pki, SUPPLIER_NAME};

const HELP: &str = "\
post_order - a gateway posts a cXML order to a supplier over mutual TLS 1.3, both in this process

Usage: post_order [--write-pki FOLDER]

  --write-pki FOLDER  write the throw-away PKI as PEM files and end: root.pem, supplier.pem, supplier.key,
                      gateway.pem, gateway.key; the examples supplier and gateway, openssl and curl can read them
  --help              this text
";

/// The order that is posted.
const ORDER: &[u8] = include_bytes!("data/order.xml");
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    match run(lexopt::Parser::from_env()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("post_order: {trouble}");
            ExitCode::from(trouble.exit_code())
        }
    }
}

/// Does what the command line says.
fn run(mut parser: lexopt::Parser) -> Result<(), Trouble> {
    let setup = |error: UsageError| Trouble::Setup(format!("{error}\nTry: post_order --help"));
    let mut folder = None;
    while let Some(argument) = parser.next().map_err(|error| setup(error.into()))? {
        match argument {
            lexopt::Arg::Long("help") => {
                println!("{}", HELP.trim_end());
                return Ok(());
            }
            lexopt::Arg::Long("write-pki") => {
                folder = Some(parser.value().and_then(lexopt::ValueExt::string).map_err(|error| setup(error.into()))?);
            }
            other => return Err(setup(other.unexpected().into())),
        }
    }
    let pki = Pki::new().map_err(|error| Trouble::Setup(error.to_string()))?;
    if let Some(folder) = folder {
        pki.write(Path::new(&folder)).map_err(|error| Trouble::Setup(error.to_string()))?;
        println!("{folder}: root.pem, and supplier and gateway as .pem (chain) and .key");
        return Ok(());
    }
    let order = Order::parse(ORDER, None).map_err(|error| Trouble::Setup(format!("data/order.xml: {error}")))?;
    tell_plan(&order);
    let begin = Instant::now();
    let (address, events) = start_supplier(&pki)?;
    let story = Story::of(&address, pki)?;
    tell(&story, &events.try_iter().collect::<Vec<_>>(), begin.elapsed());
    story.outcome.map(|_| ())
}

/// Starts a supplier in a thread of its own, and gives its address and what will happen there.
fn start_supplier(pki: &Pki) -> Result<(String, Receiver<Event>), Trouble> {
    let loopback = |error: std::io::Error| Trouble::Network(format!("loopback address: {error}"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(loopback)?;
    let address = listener.local_addr().map_err(loopback)?.to_string();
    let setup = Setup {
        identity: Some(pki.supplier.clone()),
        named: Vec::new(),
        client_authorities: vec![pki.root.clone()],
        asking: Asking::Required,
        required_names: vec![GATEWAY_NAME.to_owned()],
        refuse_early: false,
        late_paths: Vec::new(),
        preferences: Preferences::default(),
        rules: None,
    };
    let (tell, events) = channel();
    std::thread::spawn(move || {
        // Who listens may have gone: that is no trouble of the supplier.
        let served = serve(&setup, &listener, None, &|_, event| drop(tell.send(event)));
        if let Err(error) = served {
            eprintln!("post_order: the supplier did not start: {error}");
        }
    });
    Ok((address, events))
}

/// What happened on the gateway's side.
struct Story {
    outcome: Result<Status, Trouble>,
    log: Log,
    link: Option<Link>,
    asked: Option<Asked>,
    handshake: Duration,
    /// HTTP status and reason.
    answer: String,
}

impl Story {
    /// Posts the order and writes down what happens.
    fn of(address: &str, pki: Pki) -> Result<Self, Trouble> {
        let errand = Errand {
            address: address.to_owned(),
            server_name: SUPPLIER_NAME.to_owned(),
            authorities: vec![pki.root],
            pins: Vec::new(),
            common_name: None,
            identities: vec![pki.gateway],
            authority: None,
            path: "/orders".to_owned(),
            document: ORDER.into(),
            preferences: Preferences::default(),
            rules: None,
        };
        let stream = connect(address, PATIENCE)?;
        let begin = Instant::now();
        let (transport, log) = Tap::new(Timed::new(stream, Deadline::new(PATIENCE)));
        let (mut link, mut asked, mut handshake, mut answer) = (None, None, Duration::ZERO, String::new());
        let mut memory = DeviceMemory::new();
        let outcome = post(&errand, transport, memory.lend(), None, &mut |progress| {
            log.borrow_mut().next_phase();
            match progress {
                Progress::Open(found, request) => {
                    handshake = begin.elapsed();
                    link = Some(found.clone());
                    asked = request;
                }
                Progress::AskedLate(request) | Progress::FailedAfter(request) => asked = Some(request),
                Progress::Noted(_) | Progress::Sent | Progress::Traced(_) => {}
                Progress::Answered(status, reason) => answer = format!("{status} {reason}"),
            }
        });
        let log = log.take();
        Ok(Self { outcome, log, link, asked, handshake, answer })
    }
}

/// Says what is about to happen.
fn tell_plan(order: &Order) {
    println!(
        "\
A gateway posts a cXML order to its supplier over mutual TLS 1.3. Both are this library, over a real socket.

1. A throw-away PKI, made just now, all keys on P-256

   Throw-away Root CA                  both sides trust this one, and nothing else
   └── Throw-away Issuing CA
       ├── {SUPPLIER_NAME:<27} the supplier's web server
       └── {GATEWAY_NAME:<27} the gateway

2. The order: {} with {} lines over {} ({}), from {} to {}
   payloadID {}
",
        order.number, order.lines, order.total, order.mode, order.from, order.to, order.payload_id
    );
}

/// Tells the story from the first byte to the last.
fn tell(story: &Story, events: &[Event], elapsed: Duration) {
    let [rx, tx, peer] = DeviceMemory::SIZES.map(thousands);
    println!("3. What went over the wire (─── in the clear, ═══ encrypted)\n");
    println!("{}", picture(&story.log, "gateway", "supplier", |flight| inside(flight, &story.answer)));
    for (who, direction) in [("gateway", Direction::Sent), ("supplier", Direction::Received)] {
        let (bytes, records) = story.log.total(direction);
        println!("   the {who:<8} sent {:>6} bytes in {records} records", thousands(bytes));
    }
    println!(
        "   the gateway lent its TLS {rx} bytes to receive, {tx} to send, {peer} for the supplier's certificates\n"
    );

    println!("4. Who met whom\n");
    if let Some(asked) = &story.asked {
        println!("   the supplier asked for a certificate of  {}", asked.authorities.join(" or "));
    }
    if let Some(link) = &story.link {
        println!(
            "   both agreed on  {}, {}, {}\n",
            link.suite,
            link.group,
            link.alpn.as_deref().unwrap_or("no application protocol")
        );
        met("the gateway met", link.peer.as_ref());
    }
    let visitor = events.iter().find_map(|event| if let Event::Opened(link) = event { Some(link) } else { None });
    if let Some(link) = visitor {
        met("the supplier met", link.peer.as_ref());
    }

    println!("5. What became of the order\n");
    match &story.outcome {
        Ok(status) => println!(
            "   HTTP {}, cXML {} {}: {}\n\nDone in {} ms, of which the handshake took {} ms.",
            story.answer,
            status.code,
            status.text,
            status.message,
            elapsed.as_millis(),
            story.handshake.as_millis()
        ),
        Err(trouble) => {
            println!("   not taken: {trouble}");
            for event in events {
                println!("   supplier: {event}");
            }
        }
    }
}

/// Shows an identity.
fn met(title: &str, peer: Option<&Peer>) {
    println!("   {title}");
    let details = peer.map(|peer| peer.details("     "));
    println!("{}", details.unwrap_or_else(|| "     somebody without a certificate\n".to_owned()));
}

/// What an encrypted flight holds, by its phase: 0 handshake, 1 request, 2 response, 3 the end.
fn inside(flight: &[Record], answer: &str) -> String {
    /// Header, alert, content type and tag.
    const ALERT: usize = 5 + 2 + 1 + 16;
    let Some(last) = flight.last() else { return String::new() };
    let also = if flight.len() > 1 && last.bytes == ALERT { ", close_notify" } else { "" };
    let what = match (last.phase, last.direction) {
        _ if flight.iter().all(|record| record.bytes == ALERT && record.kind == Kind::Encrypted) => "close_notify",
        (0, Direction::Received) => "EncryptedExtensions, CertificateRequest, Certificate, CertificateVerify, Finished",
        (0, Direction::Sent) => "Certificate, CertificateVerify, Finished",
        (1, Direction::Sent) => "POST /orders HTTP/1.1, and the order",
        (_, Direction::Received) => return format!("HTTP/1.1 {answer}, and the cXML Response{also}"),
        _ => "application data",
    };
    format!("{what}{also}")
}
