//! Identities and trust anchors replaced while connections run: the interoperation of slots, leases, references and
//! handshakes.
#![allow(missing_docs)]

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use embedded_mtls::credential::{
    Admission, AnchorSet, Chain, Choice, Entry, Expiry, Lease, ProofOfPossession, Reference, Selector, SlotError,
    SlotId, Slots,
};
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls::io::{SigningKey, SoftwareHost};
use embedded_mtls::x509::{ServerName, Time, TrustAnchor, UnixTime};
use embedded_mtls::{
    ApiMisuse, Buffers, CertificateError, CertificateProblem, Client, ClientAuth, ClientConfig, Credential, Error,
    Event, Handshake, KeyHandle, Malformation, Role, Server, ServerConfig, Session,
};
use test_support::pair::{Sizes, advance, deliver, drain, entropy, leak, now, signing_key};
use test_support::pki::{CLIENT_NAME, Issued, NOW, Pki, SERVER_NAME, Template};

const SLOT: usize = 1500;

/// Memory for `N` slots.
fn memory<const N: usize>() -> [&'static mut [u8]; N] {
    std::array::from_fn(|_| &mut leak(Box::new([0; SLOT]))[..])
}

/// Slots whose references live as long as the test.
fn slots<const N: usize, const R: usize>() -> (Slots<'static, N>, &'static [Reference; R]) {
    let references: &'static [Reference; R] = leak(Box::new(std::array::from_fn(|_| Reference::new())));
    (Slots::new(memory(), references), references)
}

fn admission(role: Role, key: ProofOfPossession<'_>) -> Admission<'_> {
    Admission { role, time: now(), key }
}

/// Installs a chain with the public key as the proof of its key.
fn install<const N: usize>(
    slots: &Slots<'static, N>,
    alias: &str,
    chain: &[&Issued],
    role: Role,
) -> Result<SlotId, SlotError> {
    let mut stage = slots.stage()?;
    let len = stage.copy(chain.iter().map(|issued| &issued.der[..]))?;
    let proof = ProofOfPossession::PublicKey(chain[0].key.point());
    stage.credential(RustCrypto, alias, len, KeyHandle(0), &admission(role, proof))
}

fn install_anchors<const N: usize>(
    slots: &Slots<'static, N>,
    alias: &str,
    roots: &[&Issued],
) -> Result<SlotId, SlotError> {
    let mut stage = slots.stage()?;
    let len = stage.copy(roots.iter().map(|issued| &issued.der[..]))?;
    stage.anchors(alias, len, now())
}

/// Clients of one name and different certificates, distinguished by their serial numbers and keys.
fn client_number(pki: &Pki, number: u8) -> Issued {
    let mut template = Template::client(CLIENT_NAME).key(&format!("client {number}"));
    template.params.serial_number = Some(rcgen::SerialNumber::from_slice(&[1, number]));
    template.signed_by(&pki.intermediate)
}

/// A connection on its way: both sides and what is between them.
struct Connection<'b> {
    client: Side<'b, Client>,
    server: Side<'b, Server>,
    to_client: Vec<u8>,
    to_server: Vec<u8>,
}

enum Side<'b, S: embedded_mtls::Side> {
    Handshake(Box<Handshake<'b, S>>),
    Session(Box<Session<'b, S>>),
    Failed(Error),
}

impl<'b, S: embedded_mtls::Side> Side<'b, S> {
    /// Goes on as far as it can without the transport.
    fn turn(self, host: &mut impl embedded_mtls::io::Host<Choice = Choice<'b>>) -> Self {
        let Self::Handshake(mut handshake) = self else { return self };
        match advance(&mut handshake, host) {
            None => Self::Handshake(handshake),
            Some(Err(error)) => Self::Failed(error),
            Some(Ok(())) => Self::Session(Box::new(handshake.into_session().expect("it is done"))),
        }
    }

    fn session(&mut self) -> Option<&mut Session<'b, S>> {
        match self {
            Self::Session(session) => Some(session),
            _ => None,
        }
    }
}

impl<'b> Connection<'b> {
    fn new(
        client_config: &'b ClientConfig<'b>,
        server_config: &'b ServerConfig<'b>,
        seed: u8,
        memory: [&'b mut [u8]; 6],
    ) -> Self {
        let [rx, tx, peer, server_rx, server_tx, server_peer] = memory;
        let client = Handshake::new(client_config, Buffers { rx, tx, peer }, entropy(seed)).unwrap();
        let buffers = Buffers { rx: server_rx, tx: server_tx, peer: server_peer };
        let server = Handshake::new(server_config, buffers, entropy(seed.wrapping_add(101))).unwrap();
        Self {
            client: Side::Handshake(Box::new(client)),
            server: Side::Handshake(Box::new(server)),
            to_client: vec![],
            to_server: vec![],
        }
    }

    /// One turn of both sides; at most `chunk` bytes pass each way. Whether anything moved.
    fn turn(
        mut self,
        client_host: &mut impl embedded_mtls::io::Host<Choice = Choice<'b>>,
        server_host: &mut impl embedded_mtls::io::Host<Choice = Choice<'b>>,
        chunk: usize,
    ) -> Self {
        if let Side::Handshake(handshake) = &mut self.client {
            deliver(&mut self.to_client, handshake, chunk);
        }
        self.client = self.client.turn(client_host);
        match &mut self.client {
            Side::Handshake(handshake) => drain(handshake, &mut self.to_server, &mut vec![]),
            Side::Session(session) => flush(session, &mut self.to_server),
            Side::Failed(_) => {}
        }
        if let Side::Handshake(handshake) = &mut self.server {
            deliver(&mut self.to_server, handshake, chunk);
        }
        self.server = self.server.turn(server_host);
        match &mut self.server {
            Side::Handshake(handshake) => drain(handshake, &mut self.to_client, &mut vec![]),
            Side::Session(session) => flush(session, &mut self.to_client),
            Side::Failed(_) => {}
        }
        self
    }

    fn failure(&self) -> Option<Error> {
        match (&self.client, &self.server) {
            (Side::Failed(error), _) | (_, Side::Failed(error)) => Some(*error),
            _ => None,
        }
    }

    /// The serial number of the client's certificate, as the server knows it, once both sides are done.
    fn client_serial(&mut self) -> Option<Vec<u8>> {
        self.client.session()?;
        Some(self.server.session()?.peer().expect("it is required").serial().to_vec())
    }
}

fn flush(session: &mut Session<'_, impl embedded_mtls::Side>, to: &mut Vec<u8>) {
    let pending = session.tx_pending().to_vec();
    session.tx_consume(pending.len());
    to.extend_from_slice(&pending);
}

fn buffers() -> [&'static mut [u8]; 6] {
    let of = |len: usize| leak(vec![0; len].into_boxed_slice());
    let Sizes { rx, tx, peer } = Sizes::DEFAULT;
    [of(rx), of(tx), of(peer), of(rx), of(tx), of(peer)]
}

fn supplier(pki: &Pki) -> (ServerConfig<'static>, SoftwareHost<'static, fn() -> Time>) {
    let anchors = test_support::pair::anchors(&[&pki.root]);
    let credential = test_support::pair::credential(&[&pki.server, &pki.intermediate], 0);
    (
        ServerConfig::new(ClientAuth::Required(anchors)),
        test_support::pair::host(vec![credential], vec![signing_key(&pki.server)]),
    )
}

// "New handshakes use the new slot, live ones finish"
#[test]
fn live_sessions_keep_the_old_identity_and_new_handshakes_take_the_new_one() {
    let pki = Pki::new();
    let (slots, [orders]) = slots::<2, 1>();
    let (old, new) = (client_number(&pki, 1), client_number(&pki, 2));
    let (server_config, mut server_host) = supplier(&pki);
    let client_config =
        ClientConfig::new(ServerName::parse(SERVER_NAME).unwrap(), test_support::pair::anchors(&[&pki.root]));

    orders.set(install(&slots, "orders", &[&old, &pki.intermediate], Role::Client).unwrap());
    let lease = slots.lease(orders).unwrap();
    let credentials = [lease.credential().unwrap()];
    let keys = [signing_key(&old)];
    let mut client_host = SoftwareHost::new(&credentials, &keys, now);
    let mut first = Connection::new(&client_config, &server_config, 1, buffers());
    // The first connection is in the middle of its handshake when the identity is replaced.
    for _ in 0..2 {
        first = first.turn(&mut client_host, &mut server_host, 300);
    }
    assert!(first.client_serial().is_none(), "it is not done yet");
    orders.set(install(&slots, "orders", &[&new, &pki.intermediate], Role::Client).unwrap());
    assert_eq!(slots.stage().err(), Some(SlotError::NoFreeSlot), "one is leased, the other is pointed to");

    let second_lease = slots.lease(orders).unwrap();
    let second_credentials = [second_lease.credential().unwrap()];
    let second_keys = [signing_key(&new)];
    let mut second_host = SoftwareHost::new(&second_credentials, &second_keys, now);
    let (_, mut second_server) = supplier(&pki);
    let mut second = Connection::new(&client_config, &server_config, 2, buffers());
    for _ in 0..200 {
        first = first.turn(&mut client_host, &mut server_host, 300);
        second = second.turn(&mut second_host, &mut second_server, 0);
    }
    assert_eq!(first.client_serial(), Some(vec![1, 1]));
    assert_eq!(second.client_serial(), Some(vec![1, 2]));

    // The old session still works; when it ends, its slot is free.
    let session = first.client.session().unwrap();
    session.write(b"order").unwrap();
    assert_eq!(slots.stage().err(), Some(SlotError::NoFreeSlot));
    drop(first);
    // The compiler refuses this line while the connection, or a host that borrows the credential, is in use.
    drop(lease);
    assert!(slots.stage().is_ok());
    assert_eq!(second_lease.alias(), "orders");
    assert_eq!(second.client_serial(), Some(vec![1, 2]));
}

/// A sequence of numbers that looks random and is the same each time.
#[derive(Clone, Copy)]
struct Dice(u32);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % sides
    }
}

/// State that all tasks of a device share.
struct Device<'d> {
    slots: &'d Slots<'static, 4>,
    orders: &'d Reference,
    identities: &'d [Issued],
    pki: &'d Pki,
    dice: Cell<Dice>,
    /// The current identity.
    current: Cell<usize>,
    done: Cell<u32>,
}

impl Device<'_> {
    fn roll(&self, sides: u32) -> u32 {
        let mut dice = self.dice.get();
        let rolled = dice.roll(sides);
        self.dice.set(dice);
        rolled
    }

    /// Sends one order, from the lease to the end of the session, as a task of a device does. It borrows only from
    /// its own stack frame.
    async fn order(&self, seed: u8) {
        let identity = self.current.get();
        let lease = self.slots.lease(self.orders).expect("the last good one is always there");
        let credentials = [lease.credential().unwrap()];
        let keys = [signing_key(&self.identities[identity])];
        let mut client_host = SoftwareHost::new(&credentials, &keys, now);
        let (server_config, mut server_host) = supplier(self.pki);
        let anchors = test_support::pair::anchors(&[&self.pki.root]);
        let client_config = ClientConfig::new(ServerName::parse(SERVER_NAME).unwrap(), anchors);
        let mut connection = Connection::new(&client_config, &server_config, seed, buffers());
        loop {
            let chunk = 1 + usize::try_from(self.roll(900)).unwrap();
            connection = connection.turn(&mut client_host, &mut server_host, chunk);
            assert_eq!(connection.failure(), None);
            if let Some(serial) = connection.client_serial() {
                assert_eq!(serial, [1, u8::try_from(identity).unwrap()], "the identity with which it began");
                break;
            }
            yield_now().await;
        }
        // The session lives on for a while; the order goes through under the old identity.
        for _ in 0..self.roll(20) {
            yield_now().await;
        }
        let (Some(client), Some(server)) = (connection.client.session(), connection.server.session()) else {
            panic!("both are sessions")
        };
        client.write(b"order").unwrap();
        let mut received = vec![];
        pass(client, server, &mut received);
        assert_eq!(received, b"order");
        assert_eq!(lease.certificates().iter().next(), Some(&self.identities[identity].der[..]));
        self.done.set(self.done.get() + 1);
    }

    /// Replaces the identity by the next one; `false` if there is no free slot yet.
    fn rotate(&self) -> bool {
        let next = (self.current.get() + 1) % self.identities.len();
        let chain = [&self.identities[next], &self.pki.intermediate];
        match install(self.slots, "orders", &chain, Role::Client) {
            Ok(id) => {
                self.orders.set(id);
                self.current.set(next);
                true
            }
            Err(SlotError::NoFreeSlot) => false,
            Err(error) => panic!("{error}"),
        }
    }
}

fn pass<A, B>(from: &mut Session<'_, A>, to: &mut Session<'_, B>, received: &mut Vec<u8>)
where
    A: embedded_mtls::Side,
    B: embedded_mtls::Side,
{
    let mut bytes = vec![];
    flush(from, &mut bytes);
    to.rx_space()[..bytes.len()].copy_from_slice(&bytes);
    to.rx_commit(bytes.len()).unwrap();
    let Ok(Event::Data(data)) = to.poll() else { panic!("no data") };
    received.extend_from_slice(&data);
    let count = data.len();
    data.consume(count);
}

/// Lets other tasks run.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|_| if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

// "rotation test under load in simulation"
#[test]
fn under_load_no_order_fails_while_the_identity_is_replaced_again_and_again() {
    const ORDERS: u8 = 150;
    let pki = Pki::new();
    let (slots, [orders]) = slots::<4, 1>();
    let identities: Vec<Issued> = (0..10).map(|number| client_number(&pki, number)).collect();
    let device = Device {
        slots: &slots,
        orders,
        identities: &identities,
        pki: &pki,
        dice: Cell::new(Dice(2026)),
        current: Cell::new(identities.len() - 1),
        done: Cell::new(0),
    };
    assert!(device.rotate());

    let mut tasks: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = vec![];
    let (mut begun, mut rotations, mut postponed, mut overlapping) = (0, 0, 0, 0);
    while begun < ORDERS || !tasks.is_empty() {
        if begun < ORDERS && tasks.len() < 8 && device.roll(3) == 0 {
            tasks.push(Box::pin(device.order(begun)));
            begun += 1;
        }
        if device.roll(10) == 0 {
            overlapping += usize::from(!tasks.is_empty());
            if device.rotate() { rotations += 1 } else { postponed += 1 }
        }
        if !tasks.is_empty() {
            let place = usize::try_from(device.roll(u32::try_from(tasks.len()).unwrap())).unwrap();
            if tasks[place].as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                drop(tasks.swap_remove(place));
            }
        }
    }
    println!(
        "{} orders, {rotations} rotations, {postponed} postponed, {overlapping} with orders on their way",
        device.done.get()
    );
    assert_eq!(device.done.get(), u32::from(ORDERS), "0 failed");
    assert!(rotations > 50 && postponed > 5 && overlapping > 50, "{rotations} {postponed} {overlapping}");
}

// "client-CA set too"
#[test]
fn trust_anchors_are_replaced_in_the_same_way() {
    let pki = Pki::new();
    let new_root = Template::ca("New Root").self_signed();
    let new_client = Template::client("gateway-8").signed_by(&new_root);
    let (slots, [clients]) = slots::<3, 1>();
    let server = test_support::pair::credential(&[&pki.server, &pki.intermediate], 0);
    let client_config =
        ClientConfig::new(ServerName::parse(SERVER_NAME).unwrap(), test_support::pair::anchors(&[&pki.root]));

    let visit = |lease: &Lease<'_>, client: &Issued, intermediates: &[&Issued]| {
        let anchors = lease.anchors::<2>().unwrap();
        let config = ServerConfig::new(ClientAuth::Required(&anchors));
        let chain: Vec<&[u8]> = [client].into_iter().chain(intermediates.iter().copied()).map(|i| &i.der[..]).collect();
        let credentials = [Credential::new(&chain, KeyHandle(0)).unwrap()];
        let keys = [signing_key(client)];
        let (servers, server_keys) = ([server], [signing_key(&pki.server)]);
        let mut client_host = SoftwareHost::new(&credentials, &keys, now);
        let mut server_host = SoftwareHost::new(&servers, &server_keys, now);
        let mut connection = Connection::new(&client_config, &config, 3, buffers());
        for _ in 0..20 {
            connection = connection.turn(&mut client_host, &mut server_host, 0);
        }
        (connection.failure(), connection.client_serial().is_some())
    };

    clients.set(install_anchors(&slots, "clients", &[&pki.root]).unwrap());
    let old = slots.lease(clients).unwrap();
    assert_eq!(visit(&old, &pki.client, &[&pki.intermediate]), (None, true));
    assert!(visit(&old, &new_client, &[]).0.is_some());

    // Old and new overlap for a while, then the old one goes.
    clients.set(install_anchors(&slots, "clients", &[&pki.root, &new_root]).unwrap());
    let both = slots.lease(clients).unwrap();
    assert_eq!(visit(&both, &pki.client, &[&pki.intermediate]), (None, true));
    assert_eq!(visit(&both, &new_client, &[]), (None, true));
    clients.set(install_anchors(&slots, "clients", &[&new_root]).unwrap());
    let new = slots.lease(clients).unwrap();
    assert!(visit(&new, &pki.client, &[&pki.intermediate]).0.is_some());
    assert_eq!(visit(&new, &new_client, &[]), (None, true));
    // A connection that began with the old set continues with it.
    assert_eq!(visit(&old, &pki.client, &[&pki.intermediate]), (None, true));
    let too_many = SlotError::Unusable(ApiMisuse::AuthoritiesTooLong.into());
    assert_eq!(both.anchors::<1>().err(), Some(too_many), "two do not fit into one");
    assert!(too_many.to_string().ends_with("there are too many anchors"));
    assert_eq!(old.credential().err(), Some(SlotError::Kind));
}

// what is refused leaves everything as it was
#[test]
fn a_bad_candidate_is_rejected_and_the_last_good_one_stays() {
    let pki = Pki::new();
    let (slots, [orders]) = slots::<2, 1>();
    let good = client_number(&pki, 1);
    orders.set(install(&slots, "orders", &[&good, &pki.intermediate], Role::Client).unwrap());
    let before = orders.get();

    let expired = Template::client(CLIENT_NAME).years(2020, 2026).signed_by(&pki.intermediate);
    let early = Template::client(CLIENT_NAME).years(2030, 2040).signed_by(&pki.intermediate);
    let old_issuer = Template::ca("Example Intermediate").years(2020, 2026).signed_by(&pki.root);
    let other_issuer = Template::ca("Example Intermediate").key("another key").signed_by(&pki.root);
    let stranger = Template::ca("Stranger").self_signed();
    let no_ca = Template::client("Example Intermediate").key("Example Intermediate").signed_by(&pki.root);
    let issues_nothing =
        Template::ca("Example Intermediate").key_usages(&[rcgen::KeyUsagePurpose::CrlSign]).signed_by(&pki.root);
    let bad = |index, problem| SlotError::Certificate(CertificateError { index, problem });
    let rows: [(&str, Vec<&Issued>, Role, SlotError); 9] = [
        ("expired", vec![&expired, &pki.intermediate], Role::Client, bad(0, CertificateProblem::Expired)),
        ("not yet valid", vec![&early, &pki.intermediate], Role::Client, bad(0, CertificateProblem::NotYetValid)),
        ("its issuer has expired", vec![&good, &old_issuer], Role::Client, bad(1, CertificateProblem::Expired)),
        (
            "of the other role",
            vec![&good, &pki.intermediate],
            Role::Server,
            bad(0, CertificateProblem::ExtendedKeyUsage),
        ),
        ("an issuer of another name", vec![&good, &stranger], Role::Client, bad(0, CertificateProblem::UnknownIssuer)),
        (
            "an issuer of the same name",
            vec![&good, &other_issuer],
            Role::Client,
            bad(0, CertificateProblem::SignatureInvalid),
        ),
        ("an issuer that is no CA", vec![&good, &no_ca], Role::Client, bad(1, CertificateProblem::NotACa)),
        (
            "an issuer that may sign no certificates",
            vec![&good, &issues_nothing],
            Role::Client,
            bad(1, CertificateProblem::MissingCertSign),
        ),
        (
            "in the wrong order",
            vec![&pki.intermediate, &good],
            Role::Client,
            bad(0, CertificateProblem::MissingDigitalSignature),
        ),
    ];
    for (name, chain, role, error) in rows {
        assert_eq!(install(&slots, "orders", &chain, role).err(), Some(error), "{name}");
        assert_eq!(orders.get(), before, "{name}");
        let lease = slots.lease(orders).unwrap();
        assert_eq!((lease.alias(), lease.certificates().iter().next()), ("orders", Some(&good.der[..])), "{name}");
    }
    // With the root at the end of the chain, and without any intermediate.
    assert!(install(&slots, "orders", &[&good, &pki.intermediate, &pki.root], Role::Client).is_ok());
    assert!(install(&slots, "orders", &[&good], Role::Client).is_ok());
}

// RFC 9846 section 4.5.1: "SHOULD be prepared to handle potentially extraneous certificates and arbitrary orderings"
#[test]
fn a_chain_that_every_peer_can_follow_can_be_rotated_in() {
    let pki = Pki::new();
    let (slots, [orders]) = slots::<2, 1>();
    let good = client_number(&pki, 1);
    let old_root = Template::ca("Old Root").self_signed();
    let cross = Template::ca("Example Intermediate").signed_by(&old_root);
    let stale_cross = Template::ca("Example Root").years(2010, 2019).signed_by(&old_root);
    let expired_copy = Template::ca("Example Intermediate").years(2020, 2026).signed_by(&pki.root);
    let expired_root = Template::ca("Example Root").years(2010, 2026).self_signed();
    let of_each_other = Template::ca("Example Root").signed_by(&pki.intermediate);
    let stranger = Template::ca("Stranger").self_signed();
    let intermediate = &pki.intermediate;
    let rows: [(&str, &[&Issued]); 7] = [
        ("the root before the intermediate", &[&good, &pki.root, intermediate]),
        ("a cross certificate of another root", &[&good, intermediate, &cross]),
        ("the rest of a root that was over before the leaf began", &[&good, intermediate, &stale_cross]),
        ("an expired copy before the valid one", &[&good, &expired_copy, intermediate]),
        ("a root that has expired", &[&good, intermediate, &expired_root]),
        ("a stranger beside the intermediate", &[&good, &stranger, intermediate]),
        ("two authorities that vouch for each other", &[&good, &of_each_other, intermediate]),
    ];
    for (name, chain) in rows {
        let installed = install(&slots, "orders", chain, Role::Client);
        orders.set(installed.unwrap_or_else(|error| panic!("{name}: {error}")));
        let lease = slots.lease(orders).unwrap();
        assert_eq!(lease.not_after().unwrap().to_string(), "2040-01-01T00:00:00Z", "{name}");
    }
    // Chains that no peer can follow.
    let stale_issuer = Template::ca("Example Intermediate").years(2010, 2019).signed_by(&pki.root);
    let late = Template::ca("Example Intermediate").signed_by(&stale_cross);
    let upper = Template::ca("Upper").years(2020, 2026).signed_by(&pki.root);
    let below = Template::ca("Example Intermediate").signed_by(&upper);
    let leaf = Template::client(CLIENT_NAME).signed_by(&below);
    let other_purpose = Template::ca("Example Intermediate")
        .purposes(&[rcgen::ExtendedKeyUsagePurpose::ServerAuth])
        .signed_by(&pki.root);
    let bad = |index, problem| SlotError::Certificate(CertificateError { index, problem });
    let rows: [(&str, &[&Issued], SlotError); 4] = [
        ("its issuer was over before it began", &[&good, &stale_issuer], bad(1, CertificateProblem::Expired)),
        ("an authority in between has expired", &[&leaf, &upper, &below], bad(1, CertificateProblem::Expired)),
        ("its issuer may not issue clients", &[&good, &other_purpose], bad(1, CertificateProblem::ExtendedKeyUsage)),
        ("the root alone stands behind it", &[&good, &pki.root], bad(0, CertificateProblem::UnknownIssuer)),
    ];
    for (name, chain, error) in rows {
        assert_eq!(install(&slots, "orders", chain, Role::Client).err(), Some(error), "{name}");
    }
    assert!(install(&slots, "orders", &[&good, &late], Role::Client).is_ok(), "its issuer may be an anchor");
}

#[test]
fn an_expired_ca_does_not_spoil_a_set_of_anchors_and_can_be_found() {
    let pki = Pki::new();
    let (slots, [clients]) = slots::<2, 1>();
    let old = Template::ca("Old Root").years(2020, 2026).self_signed();
    let future = Template::ca("New Root").years(2030, 2040).self_signed();
    clients.set(install_anchors(&slots, "clients", &[&old, &pki.root, &future]).unwrap());
    let lease = slots.lease(clients).unwrap();
    let set = lease.anchors::<3>().unwrap();
    let told: Vec<_> = set.iter().map(|anchor| anchor.check_validity(now())).collect();
    let expected = [Err(CertificateProblem::AnchorExpired), Ok(()), Err(CertificateProblem::AnchorNotYetValid)];
    assert_eq!(told, expected);
    let expired = CertificateError { index: 0, problem: CertificateProblem::AnchorExpired };
    let none_valid = install_anchors(&slots, "clients", &[&old, &future]);
    assert_eq!(none_valid.err(), Some(SlotError::Certificate(expired)));
    let no_ca = CertificateError { index: 1, problem: CertificateProblem::NotACa };
    let unusable = install_anchors(&slots, "clients", &[&pki.root, &pki.client]);
    assert_eq!(unusable.err(), Some(SlotError::Certificate(no_ca)), "which one is said");
}

// "key and leaf proven to match"
#[test]
fn a_key_that_is_not_that_of_the_leaf_is_rejected() {
    let pki = Pki::new();
    let (slots, _references) = slots::<1, 1>();
    let (mine, other) = (client_number(&pki, 1), client_number(&pki, 2));
    let signature = |issued: &Issued| SigningKey::sign(&signing_key(issued), Admission::TEST_MESSAGE, &[]).unwrap();
    let another_message = SigningKey::sign(&signing_key(&mine), b"another message", &[]).unwrap();
    let (by_mine, by_other) = (signature(&mine), signature(&other));
    let attempt = |key| {
        let mut stage = slots.stage().unwrap();
        let len = stage.copy([&mine.der[..], &pki.intermediate.der]).unwrap();
        stage.credential(RustCrypto, "orders", len, KeyHandle(7), &admission(Role::Client, key))
    };
    assert_eq!(attempt(ProofOfPossession::Signature(&by_other)).err(), Some(SlotError::KeyMismatch));
    assert_eq!(attempt(ProofOfPossession::Signature(&another_message)).err(), Some(SlotError::KeyMismatch));
    assert_eq!(attempt(ProofOfPossession::PublicKey(other.key.point())).err(), Some(SlotError::KeyMismatch));
    assert!(slots.iter().next().is_none(), "what was refused is not there");
    assert!(attempt(ProofOfPossession::PublicKey(mine.key.point())).is_ok());
    let id = attempt(ProofOfPossession::Signature(&by_mine)).unwrap();
    assert_eq!(slots.lease_slot(id).unwrap().credential().unwrap().key(), KeyHandle(7));
}

#[test]
fn invalid_and_oversized_credentials_are_rejected() {
    let pki = Pki::new();
    let references: &'static [Reference; 1] = leak(Box::new([Reference::new()]));
    let slots = Slots::new([&mut leak(Box::new([0; 700]))[..]], references);
    let mut stage = slots.stage().unwrap();
    let need = pki.client.der.len() + pki.intermediate.der.len();
    assert_eq!(stage.copy([&pki.client.der[..], &pki.intermediate.der]), Err(SlotError::TooLong(need)));
    let len = stage.copy([&pki.client.der[..]]).unwrap();
    let proof = || admission(Role::Client, ProofOfPossession::PublicKey(pki.client.key.point()));
    let alias = "a".repeat(700);
    let error = stage.credential(RustCrypto, &alias, len, KeyHandle(0), &proof()).err();
    assert_eq!(error, Some(SlotError::TooLong(len + 700)));

    let cut = |by: usize| {
        let mut stage = slots.stage().unwrap();
        let len = stage.copy([&pki.client.der[..]]).unwrap();
        stage.credential(RustCrypto, "a", len - by, KeyHandle(0), &proof())
    };
    assert!(cut(0).is_ok());
    assert!(matches!(cut(1), Err(SlotError::Unusable(_))));
    assert!(matches!(cut(len), Err(SlotError::Unusable(_))));
    let no_ca = CertificateError { index: 0, problem: CertificateProblem::NotACa };
    assert_eq!(install_anchors(&slots, "cas", &[&pki.client]).err(), Some(SlotError::Certificate(no_ca)));
    let none = SlotError::Unusable(ApiMisuse::NoTrustAnchors.into());
    assert_eq!(install_anchors(&slots, "cas", &[]).err(), Some(none));
    let no_certificate = ApiMisuse::TrustAnchorUnusable(CertificateProblem::Malformed(Malformation::Der)).into();
    for bytes in [&[&pki.root.der[..], b"more"].concat(), &b"nothing else"[..]] {
        let set = AnchorSet::<2>::from_certificates(Chain::joined(bytes));
        assert_eq!(set.err(), Some(no_certificate));
        let mut stage = slots.stage().unwrap();
        let len = stage.copy([bytes]).unwrap();
        assert_eq!(stage.anchors("cas", len, now()).err(), Some(SlotError::Unusable(no_certificate)));
    }
    let old = Template::ca("Old Root").years(2020, 2026).self_signed();
    let expired = CertificateError { index: 0, problem: CertificateProblem::AnchorExpired };
    assert_eq!(install_anchors(&slots, "cas", &[&old]).err(), Some(SlotError::Certificate(expired)));
}

// no more than a connection takes
#[test]
fn a_set_of_more_anchors_than_a_connection_takes_is_rejected() {
    let root = Template::ca("Root").self_signed();
    let memory = leak(vec![0; 256 * (root.der.len() + 1)].into_boxed_slice());
    let slots = Slots::new([memory], leak(Box::new([Reference::new()])));
    let too_many = SlotError::Unusable(ApiMisuse::AuthoritiesTooLong.into());
    assert_eq!(install_anchors(&slots, "cas", &[&root; 256]), Err(too_many));
    assert!(install_anchors(&slots, "cas", &[&root; 255]).is_ok());
}

// a reference to what is gone finds nothing, never something else
#[test]
fn a_slot_is_reused_only_when_it_is_neither_leased_nor_referenced() {
    let pki = Pki::new();
    let (slots, [orders, factory]) = slots::<3, 2>();
    let chains: Vec<Issued> = (0..9).map(|number| client_number(&pki, number)).collect();
    let install = |number: usize, alias: &str| install(&slots, alias, &[&chains[number]], Role::Client).unwrap();
    assert_eq!(slots.lease(orders).err(), Some(SlotError::NotFound));
    let first = install(0, "factory");
    factory.set(first);
    let second = install(1, "orders");
    orders.set(second);
    let third = install(2, "orders");
    orders.set(third);
    // The slot that was filled longest ago and is free is that of the second.
    let fourth = install(3, "orders");
    assert_eq!(fourth.index(), second.index());
    assert_eq!(slots.lease_slot(second).err(), Some(SlotError::NotFound), "the place is taken by something else");
    // Going back is moving the reference back, as long as the old one is there.
    orders.set(fourth);
    orders.set(third);
    assert_eq!(slots.lease(orders).unwrap().certificates().iter().next(), Some(&chains[2].der[..]));
    assert_eq!(slots.find("factory"), Some(first));
    assert_eq!(slots.find("orders"), Some(fourth));
    assert_eq!(slots.find("nobody"), None);
    // A reference to a removed slot points to nothing.
    orders.set(second);
    assert_eq!(slots.lease(orders).err(), Some(SlotError::NotFound));
    orders.set(None);
    let lease = slots.lease_slot(third).unwrap();
    let fifth = install(4, "orders");
    assert_eq!(fifth.index(), fourth.index(), "the other two are leased and pointed to");
    drop(lease);
}

// A stage that is dropped leaves its slot free.
#[test]
fn an_installation_that_is_given_up_changes_nothing() {
    let pki = Pki::new();
    let (slots, [orders]) = slots::<2, 1>();
    let good = client_number(&pki, 1);
    orders.set(install(&slots, "orders", &[&good], Role::Client).unwrap());
    let mut stage = slots.stage().unwrap();
    stage.memory().fill(0x30);
    assert_eq!(slots.iter().count(), 1, "what is being filled is not there yet");
    assert!(slots.lease(orders).is_ok());
    drop(stage);
    assert_eq!(slots.iter().count(), 1);
    assert!(slots.stage().is_ok());
}

// A slot that was never filled has the generation of `SlotId::fixed`.
#[test]
fn an_empty_slot_is_neither_found_nor_in_use_by_the_name_of_an_entry() {
    let pki = Pki::new();
    let (slots, [orders]) = slots::<1, 1>();
    let entry = SlotId::fixed(0);
    orders.set(entry);
    assert_eq!(slots.lease_slot(entry).err(), Some(SlotError::NotFound));
    assert_eq!(slots.lease(orders).err(), Some(SlotError::NotFound));
    let filled = install(&slots, "orders", &[&client_number(&pki, 1)], Role::Client).unwrap();
    assert_eq!(slots.lease_slot(entry).err(), Some(SlotError::NotFound));
    assert_eq!(slots.find("orders"), Some(filled));
}

// An empty slot is taken first, so that what is not in use can be gone back to as long as possible.
#[test]
fn a_slot_that_was_given_up_is_empty_and_taken_before_one_that_is_filled() {
    let pki = Pki::new();
    let chains: Vec<Issued> = (0..3).map(|number| client_number(&pki, number)).collect();
    let (slots, _) = slots::<2, 1>();
    let install = |number: usize, alias: &str| install(&slots, alias, &[&chains[number]], Role::Client).unwrap();
    let first = install(0, "first");
    drop(slots.stage().unwrap());
    let second = install(1, "second");
    assert_eq!((slots.find("first"), slots.find("second")), (Some(first), Some(second)));
    assert_eq!(install(2, "third").index(), first.index(), "it was filled longest ago");
    assert_eq!(install(0, "fourth").index(), second.index());
    drop(slots.stage().unwrap());
    assert_eq!(slots.iter().map(|lease| lease.alias().to_owned()).collect::<Vec<_>>(), ["fourth"]);
}

// flow variables
#[test]
fn one_connection_can_use_another_identity_than_the_reference() {
    let pki = Pki::new();
    let (slots, [orders]) = slots::<2, 1>();
    let (usual, special) = (client_number(&pki, 1), client_number(&pki, 2));
    orders.set(install(&slots, "orders", &[&usual], Role::Client).unwrap());
    install(&slots, "special", &[&special], Role::Client).unwrap();
    let resolve = |variable: Option<&str>| {
        let id = variable.and_then(|alias| slots.find(alias)).or(orders.get()).unwrap();
        slots.lease_slot(id).unwrap().certificates().iter().next().unwrap().to_vec()
    };
    assert_eq!(resolve(None), usual.der);
    assert_eq!(resolve(Some("special")), special.der);
    assert_eq!(resolve(None), usual.der);
}

// several references, one choice
#[test]
fn the_targets_of_several_references_can_be_leased_for_a_choice() {
    let pki = Pki::new();
    let other_root = Template::ca("Other Root").self_signed();
    let other = Template::client("other").signed_by(&other_root);
    let (slots, [orders, invoices]) = slots::<3, 2>();
    let mine = client_number(&pki, 1);
    invoices.set(install(&slots, "invoices", &[&other], Role::Client).unwrap());
    orders.set(install(&slots, "orders", &[&mine, &pki.intermediate], Role::Client).unwrap());
    let leases = [orders, invoices].map(|reference| slots.lease(reference).unwrap());
    let entries = leases.each_ref().map(|lease| Entry::new(lease.alias(), lease.credential().unwrap()));

    let (server_config, mut server_host) = supplier(&pki);
    let client_config =
        ClientConfig::new(ServerName::parse(SERVER_NAME).unwrap(), test_support::pair::anchors(&[&pki.root]));
    let keys: [P256SigningKey; 1] = [signing_key(&mine)];
    let mut host = SoftwareHost::with_selector(Selector::new(&entries), &keys, now);
    let mut connection = Connection::new(&client_config, &server_config, 5, buffers());
    for _ in 0..20 {
        connection = connection.turn(&mut host, &mut server_host, 0);
    }
    assert_eq!(connection.client_serial(), Some(vec![1, 1]));
    assert_eq!(host.selection().unwrap().sent.unwrap().alias, "orders");
}

// before it is too late
#[test]
fn a_chain_that_expires_soon_is_reported_with_the_days_left() {
    const DAY: i64 = 86_400;
    let pki = Pki::new();
    let (slots, [orders, clients]) = slots::<4, 2>();
    // Valid to 2027-01-01, 39 days and 20 hours from now.
    let soon = Template::client(CLIENT_NAME).years(2020, 2027).signed_by(&pki.intermediate);
    orders.set(install(&slots, "orders", &[&soon, &pki.intermediate], Role::Client).unwrap());
    let old_root = Template::ca("Old Root").years(2020, 2028).self_signed();
    clients.set(install_anchors(&slots, "clients", &[&pki.root, &old_root]).unwrap());
    install(&slots, "not pointed to", &[&soon], Role::Client).unwrap();

    let now = UnixTime(NOW);
    // The whole way up counts.
    let sub = Template::ca("Sub").key("sub").signed_by(&pki.intermediate);
    let leaf = Template::client(CLIENT_NAME).signed_by(&sub);
    let soon_above = Template::ca("Example Intermediate").years(2020, 2027).signed_by(&pki.root);
    let whole = test_support::pair::credential(&[&leaf, &sub, &soon_above], 0);
    assert_eq!(whole.not_after().to_string(), "2027-01-01T00:00:00Z");

    let expiring = |days| -> Vec<(String, Expiry)> {
        slots.expiring(now, days).map(|(lease, expiry)| (lease.alias().to_owned(), expiry)).collect()
    };
    assert_eq!(expiring(39), []);
    let [(alias, expiry)] = &expiring(40)[..] else { panic!("one") };
    assert_eq!((alias.as_str(), expiry.days_left()), ("orders", 39));
    assert_eq!(expiry.to_string(), "expires in 39 days, on 2027-01-01T00:00:00Z");
    let aliases: Vec<_> = expiring(405).into_iter().map(|(alias, _)| alias).collect();
    assert_eq!(aliases, ["orders", "clients"], "of anchors the first that expires counts");

    let anchor = TrustAnchor::from_certificate(&old_root.der).unwrap();
    let later = UnixTime(anchor.not_after().unwrap().0 + 3 * DAY);
    assert_eq!(
        Expiry::within(anchor.not_after().unwrap(), later, 0).unwrap().to_string(),
        "has expired, on 2028-01-01T00:00:00Z"
    );

    // The chain is only as good as its shortest certificate; a root in it does not count.
    let short_issuer = Template::ca("Example Intermediate").years(2020, 2029).signed_by(&pki.root);
    let leaf = Template::client(CLIENT_NAME).signed_by(&short_issuer);
    let credential = test_support::pair::credential(&[&leaf, &short_issuer, &old_root], 0);
    assert_eq!(credential.not_after().to_string(), "2029-01-01T00:00:00Z");
}
