//! A client and a server that link only if nothing in them can panic: `cargo xtask test --only panics` builds this image.
//!
//! The panic handler calls a function that does not exist. Where the optimizer has proved that no panic is reachable,
//! the handler is not in the image, nor is the call.
#![no_std]
#![no_main]

mod provider;

use budget::frame::{self, Uart};
use budget::pki::{CLIENT, INTERMEDIATE, ROOT, SERVER, SERVER_NAME};
use budget::roles::{self, Board};
use core::fmt::{self, Write as _};
use core::panic::PanicInfo;
use core::sync::atomic::AtomicU8;
use embedded_io::{Read as _, Write as _};
use embedded_mtls::credential::{
    Admission, CertificationRequest, CertificationSubject, Choice, Entry, ProofOfPossession, Reference, Selector, Slots,
};
use embedded_mtls::events::EventRing;
use embedded_mtls::io::blocking::{Stream, drive};
use embedded_mtls::io::{Host, SoftwareHost};
use embedded_mtls::x509::{ServerName, TrustAnchor, UnixTime, WaivableCause, Waivers};
use embedded_mtls::{
    Buffers, Client, ClientAuth, ClientConfig, ConnectionFailure, Credential, Entropy, Handshake, KeyHandle, KeyLog,
    KeyLogLine, Role, Server, ServerConfig, Session, Side, Signature, Ticket, TicketKey, TicketKeys, pem,
};
use embedded_mtls_blob::{Blob, Denied, FleetKey, Site};
use provider::{AnyKey, NoSecurity};

unsafe extern "C" {
    safe fn something_in_this_image_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    something_in_this_image_can_panic()
}

/// Text that is sent.
struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Ok(count) = Uart.write(text.as_bytes());
        if count == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

impl KeyLog for Console {
    fn secret(&self, line: &KeyLogLine<'_>) {
        // The core does not hear of a log that fails.
        let _ = write!(Console, "{line}");
    }
}

/// Sends why a connection failed, in all forms.
fn explain(failure: Option<ConnectionFailure<'_, '_>>) -> fmt::Result {
    let Some(failure) = failure else { return Ok(()) };
    write!(Console, "{}", failure.diagnosis())?;
    failure.verdict().map_or(Ok(()), |verdict| write!(Console, "{verdict}"))
}

/// Reads and writes until the connection ends; each byte that is received decides what else is done.
fn converse<'b, R: Side>(
    stream: &mut Stream<'b, Uart, R>,
    host: &mut impl Host<Choice = Choice<'b>>,
    turn: fn(&mut Session<'b, R>, u8) -> Option<()>,
) -> Option<()> {
    let mut data = [0; 256];
    loop {
        let what = Uart.take();
        let mut hosted = stream.hosted(host);
        let count = hosted.read(&mut data).ok()?;
        hosted.write(data.get(..count)?).ok()?;
        hosted.flush().ok()?;
        let session = &mut stream.session;
        match what {
            0 => session.request_key_update(),
            1 => session.export(b"label", &data, &mut [0; 48]).ok()?,
            2 => return stream.close().ok(),
            3 => {
                for name in session.peer()?.subject_alt_names() {
                    write!(Console, "{name}").ok()?;
                }
            }
            _ => turn(session, what)?,
        }
    }
}

/// A client with all that a client can be told.
fn client(buffers: Buffers<'_>, ring: EventRing<'_>) -> Option<()> {
    let anchors = [TrustAnchor::from_certificate(ROOT).ok()?];
    let waivers = Waivers::NONE.dangerous_waive(WaivableCause::Expired).dangerous_waive(WaivableCause::UntrustedRoot);
    let config = ClientConfig::new(ServerName::parse(SERVER_NAME).ok()?, &anchors)
        .with_alpn(&[b"http/1.1"])
        .with_max_proof_age(Uart.take().into())
        .with_padding(Uart.take().into())
        .with_post_handshake_auth(true)
        .with_resumption(true)
        .with_strict_profile(Uart.take() == 0)
        .dangerous_with_waivers(if Uart.take() == 0 { waivers } else { Waivers::NONE });
    let chain = [CLIENT, INTERMEDIATE];
    let entries = [Entry::new("alias", Credential::new(&chain, KeyHandle(0)).ok()?)];
    let keys = [AnyKey];
    let mut host = SoftwareHost::with_selector(Selector::new(&entries), &keys, Uart::time)
        .dangerous_accepting_waived(Uart.take() == 0);
    let mut ticket = [0; Ticket::MAX_LEN];
    ticket.iter_mut().for_each(|byte| *byte = Uart.take());

    let mut handshake = Handshake::<Client<NoSecurity>>::new(&config, buffers, Entropy::new(&Uart.entropy())).ok()?;
    handshake.set_events(ring);
    handshake.dangerous_set_key_log(&Console);
    let now = UnixTime(0);
    handshake.resume(Ticket::new(&mut ticket), None, now).ok()?;
    if drive(&mut Uart, &mut handshake, &mut host).is_err() {
        return explain(handshake.failure()).ok();
    }
    let mut stream = Stream::from_parts(Uart, handshake.into_session().ok()?);
    converse(&mut stream, &mut host, |session, _| {
        let mut out = [0; Ticket::MAX_LEN];
        let len = session.take_ticket(UnixTime(0), &mut out).ok()??;
        Uart::answered(out.get(..len)?);
        explain(session.failure()).ok()
    })
}

/// A server with all that a server can be told.
fn server(buffers: Buffers<'_>, ring: EventRing<'_>) -> Option<()> {
    static ANCHORS: &[TrustAnchor<'_>] = &[];
    let anchors = [TrustAnchor::from_certificate(ROOT).ok()?];
    let keys = TicketKeys::new(TicketKey::new(&[0; TicketKey::LEN]));
    let config = ServerConfig::new(ClientAuth::Required(&anchors))
        .with_alpn(&[b"http/1.1"])
        .with_post_handshake_anchors(&anchors)
        .with_tickets(&keys, 3600);
    let chain = [SERVER, INTERMEDIATE];
    let credentials = [Credential::new(&chain, KeyHandle(0)).ok()?];
    let keys = [AnyKey];
    let mut host = SoftwareHost::new(&credentials, &keys, Uart::time);

    let mut handshake = Handshake::<Server<NoSecurity>>::new(&config, buffers, Entropy::new(&Uart.entropy())).ok()?;
    handshake.set_events(ring);
    handshake.dangerous_set_key_log(&Console);
    if drive(&mut Uart, &mut handshake, &mut host).is_err() {
        return explain(handshake.failure()).ok();
    }
    let mut stream = Stream::from_parts(Uart, handshake.into_session().ok()?);
    converse(&mut stream, &mut host, |session, what| {
        if what == 4 {
            session.request_certificate(ClientAuth::Optional(ANCHORS)).ok()?;
        }
        session.send_ticket(UnixTime(0)).ok()?;
        explain(session.failure()).ok()
    })
}

/// Takes a new identity in PEM, and replaces that of a reference with it.
fn rotate() -> Option<()> {
    let (mut text, mut first, mut second) = ([0; 512], [0; 512], [0; 512]);
    text.iter_mut().for_each(|byte| *byte = Uart.take());
    let references = [Reference::new()];
    let [reference] = &references;
    let slots = Slots::new([&mut first[..], &mut second[..]], &references);
    let mut staged = slots.stage().ok()?;
    let len = staged.copy([pem::certificates(&mut text).ok()?]).ok()?;
    let key = ProofOfPossession::PublicKey(CLIENT);
    let admission = Admission { role: Role::Client, time: Uart::time(), key };
    reference.set(staged.credential(NoSecurity, "alias", len, KeyHandle(0), &admission).ok()?);
    let lease = slots.lease(reference).ok()?;
    write!(Console, "{}", lease.credential().ok()?.chain().iter().count()).ok()?;
    let mut expiring = slots.expiring(UnixTime(0), 30);
    expiring.try_for_each(|(lease, expiry)| write!(Console, "{} {}", lease.alias(), expiry.days_left())).ok()
}

/// A request for a certificate with any names, signed elsewhere.
fn request(memory: &mut [u8]) -> Option<()> {
    let mut names = [0; 96];
    names.iter_mut().for_each(|byte| *byte = Uart.take());
    let (common_name, names) = core::str::from_utf8(&names).ok()?.split_at_checked(32)?;
    let (organization, dns_name) = names.split_at_checked(32)?;
    let subject = CertificationSubject { common_name, organization, dns_names: &[dns_name] };
    let request = CertificationRequest::new(&subject, &[4; 65], memory);
    let completed = request.and_then(|request| {
        Uart::answered(request.message());
        if let Ok(digest) = request.digest(NoSecurity) {
            Uart::answered(digest.as_bytes());
        }
        request.complete(&Signature::P256(core::array::from_fn(|_| Uart.take())))
    });
    match completed {
        Ok(der) => Uart.write_all(der).ok(),
        Err(error) => write!(Console, "{error}").ok(),
    }
}

/// A blob that holds anything, read and used as a whole.
fn blob(flash: &mut [u8]) -> Option<()> {
    flash.iter_mut().for_each(|byte| *byte = Uart.take());
    let blob = match Blob::open(NoSecurity, flash, &FleetKey::new([4; 65]), Uart.take().into()) {
        Ok(blob) => blob,
        Err(error) => return write!(Console, "{error}").ok(),
    };
    let alias = core::str::from_utf8(flash).ok();
    match blob.at_site(&Site { alias, endpoint: blob.endpoint }) {
        Ok(chosen) => Uart.write_all(chosen.identity?.alias.as_bytes()).ok()?,
        Err(error) => write!(Console, "{error}").ok()?,
    }
    for identity in blob.identities() {
        Uart.write_all(&[u8::from(identity.credential(KeyHandle(0)).is_ok())]).ok()?;
    }
    for denied in blob.deny_list().iter() {
        if let Denied::Certificates { serials, .. } = denied {
            serials.iter().try_for_each(|serial| Uart.write_all(serial)).ok()?;
        }
    }
    match blob.trust::<4>() {
        Ok(trust) => Uart.write_all(&[u8::from(trust.is_empty())]).ok(),
        Err(error) => write!(Console, "{error}").ok(),
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    static EVENTS: [AtomicU8; 1024] = [const { AtomicU8::new(0) }; 1024];
    // SAFETY: the only calls of this image.
    let (answer, buffers) = unsafe { (frame::present(), roles::buffers()) };
    let Buffers { rx, tx, peer } = buffers;
    if let Some(ring) = EventRing::new(&EVENTS) {
        client(Buffers { rx: &mut *rx, tx: &mut *tx, peer: &mut *peer }, ring);
        server(Buffers { rx: &mut *rx, tx, peer }, ring);
        blob(rx);
        request(rx);
        rotate();
        Uart::answered(answer);
        for record in ring.records().into_iter().flatten() {
            _ = write!(Console, "{record}");
        }
    }
    loop {
        core::hint::spin_loop();
    }
}
