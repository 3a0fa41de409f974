//! The main job in one process: a gateway posts a cXML order to a supplier that asks for its certificate.
//!
//! Makes a throw-away PKI, starts a supplier on the loopback address, posts `data/order.xml`, and shows every flight,
//! who met whom, and what became of the order. Ends with 0 only if the supplier took it. Needs no arguments; with
//! `--write-pki FOLDER` it writes the PKI as PEM files and ends.

use core::time::Duration;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use mtls::cxml::Order;
use mtls::journal::Journal;
use mtls::order::Delivery;
use mtls::report::Peer;
use mtls::supplier::{Event, Setup, serve};
use mtls::verdict::Trouble;
use mtls_pki::throw_away::{GATEWAY_NAME, Pki, SUPPLIER_NAME};

const USAGE: &str = "usage: post_order [--write-pki FOLDER]";
/// The order that is posted.
const ORDER: &[u8] = include_bytes!("data/order.xml");
/// The overall time limit.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => post_order(),
        ["--write-pki", folder] => write_pki(folder),
        ["--help"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(Trouble::Setup(USAGE.to_owned())),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("post_order: {trouble}");
            ExitCode::from(trouble.exit_code())
        }
    }
}

/// Writes files that the programs gateway and supplier, openssl and curl can read.
fn write_pki(folder: &str) -> Result<(), Trouble> {
    Pki::new().and_then(|pki| pki.write(Path::new(folder))).map_err(|error| Trouble::Setup(error.to_string()))?;
    println!("{folder}: root.pem, and supplier and gateway as .pem (chain) and .key");
    Ok(())
}

fn post_order() -> Result<(), Trouble> {
    let pki = Pki::new().map_err(|error| Trouble::Setup(error.to_string()))?;
    let order = Order::parse(ORDER, None).map_err(|error| Trouble::Setup(format!("data/order.xml: {error}")))?;
    tell_plan(&order);
    let begin = Instant::now();
    let (address, events) = start_supplier(&pki)?;
    let delivery = Delivery {
        authorities: vec![pki.root],
        identities: vec![pki.gateway],
        ..Delivery::new(&address, SUPPLIER_NAME, ORDER)
    };
    let journal = Journal::of(&delivery, PATIENCE)?;
    tell(&journal, &events.try_iter().collect::<Vec<_>>(), begin.elapsed());
    journal.outcome.map(|_| ())
}

/// Starts a supplier in a thread of its own, and gives its address and what will happen there.
fn start_supplier(pki: &Pki) -> Result<(String, Receiver<Event>), Trouble> {
    let loopback = |error: std::io::Error| Trouble::Network(format!("loopback address: {error}"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(loopback)?;
    let address = listener.local_addr().map_err(loopback)?.to_string();
    let setup = Setup {
        required_names: vec![GATEWAY_NAME.to_owned()],
        ..Setup::new(pki.supplier.clone(), vec![pki.root.clone()])
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

/// Says what is about to happen.
fn tell_plan(order: &Order) {
    let Order { number, lines, total, mode, from, to, payload_id, .. } = order;
    println!(
        "\
A gateway posts a cXML order to its supplier over mutual TLS 1.3. Both are this library, over a real socket.

1. A throw-away PKI, made just now, all keys on P-256

   Throw-away Root CA                  both sides trust this one, and nothing else
   └── Throw-away Issuing CA
       ├── {SUPPLIER_NAME:<27} the supplier's web server
       └── {GATEWAY_NAME:<27} the gateway

2. The order: {number} with {lines} lines over {total} ({mode}), from {from} to {to}
   payloadID {payload_id}
"
    );
}

/// Prints the journal from the first byte to the last.
fn tell(journal: &Journal, events: &[Event], elapsed: Duration) {
    println!("3. What went over the wire (─── in the clear, ═══ encrypted)\n\n{}", journal.flights());
    println!("4. Who met whom\n");
    if let Some(asked) = &journal.asked {
        println!("   the supplier asked for a certificate of  {}", asked.authorities.join(" or "));
    }
    if let Some(link) = &journal.link {
        let alpn = link.alpn.as_deref().unwrap_or("no application protocol");
        println!("   both agreed on  {}, {}, {alpn}\n", link.suite, link.group);
        met("the gateway met", link.peer.as_ref());
    }
    let visitor = events.iter().find_map(|event| if let Event::Opened(link) = event { Some(link) } else { None });
    if let Some(link) = visitor {
        met("the supplier met", link.peer.as_ref());
    }
    println!("5. What became of the order\n");
    match &journal.outcome {
        Ok(status) => {
            println!("   HTTP {}, cXML {} {}: {}\n", journal.answer, status.code, status.text, status.message);
            let [all, handshake] = [elapsed, journal.handshake].map(|time| time.as_millis());
            println!("Done in {all} ms, of which the handshake took {handshake} ms.");
        }
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
    let details = peer.map(|peer| peer.details("     "));
    println!("   {title}\n{}", details.unwrap_or_else(|| "     somebody without a certificate\n".to_owned()));
}
