//! What a client refuses without the feature `any-peer`, and that everything else is as with it.
#![allow(missing_docs)]

use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::io::{Host, OneCredential, SoftwareHost};
use embedded_mtls::x509::{ServerName, Time, TrustAnchor, UnixTime};
use embedded_mtls::{
    AlertDescription, ApiMisuse, Buffers, CertificateProblem, Client, ClientAuth, ClientConfig, Credential, Diagnosis,
    Entropy, Error, Handshake, KeyHandle, NamedGroup, PeerIncompatible, Server, ServerConfig, Side, Step,
};
use mtls_pki::key::KeyKind;
use mtls_pki::pem::Identity;
use mtls_pki::throw_away::{ExtendedKeyUsagePurpose, Flaw, Leaf, SUPPLIER_NAME, Tree};
use std::time::{SystemTime, UNIX_EPOCH};

type TestHost = SoftwareHost<'static, fn() -> Time, P256SigningKey, OneCredential<'static>>;

fn leak<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

fn now() -> Time {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    Time::Trusted(UnixTime(seconds.try_into().unwrap()))
}

fn host(identity: &Identity) -> TestHost {
    let chain: Vec<&[u8]> = identity.chain.iter().map(|der| leak(der.clone()).as_slice()).collect();
    let credential = Credential::new(leak(chain).as_slice(), KeyHandle(0)).unwrap();
    let key = P256SigningKey::from_bytes(&identity.key.p256().unwrap()).unwrap();
    SoftwareHost::with_credential(leak(credential), leak([key]), now)
}

fn buffers() -> Buffers<'static> {
    let [rx, tx, peer] = [(); 3].map(|()| leak([0; 4096]).as_mut_slice());
    Buffers { rx, tx, peer }
}

/// A client that sends a share of X25519, and a server, each with a certificate.
struct Pair {
    tree: Tree,
    server: Identity,
    groups: &'static [NamedGroup],
}

impl Pair {
    fn new() -> Self {
        let tree = Tree::new(KeyKind::P256).unwrap();
        let server = tree.issuing.leaf(&supplier()).unwrap();
        Self { tree, server, groups: &[NamedGroup::X25519] }
    }

    /// Runs a handshake; the error of each side, and the diagnosis of the client.
    fn run(&self) -> ([Option<Error>; 2], Option<Diagnosis>) {
        let anchor = TrustAnchor::from_certificate(leak(self.tree.root.certificate().to_vec())).unwrap();
        let anchors = &*leak([anchor]);
        let config = ClientConfig::new(ServerName::parse(SUPPLIER_NAME).unwrap(), anchors);
        let config = leak(config.with_key_shares(&[NamedGroup::X25519]));
        let mut client = Handshake::<Client>::new(config, buffers(), Entropy::new(&[1; 128])).unwrap();
        let config = leak(ServerConfig::new(ClientAuth::Required(anchors)).with_groups(self.groups));
        let mut server = Handshake::<Server>::new(config, buffers(), Entropy::new(&[2; 128])).unwrap();
        let gateway = Leaf::new("gateway", ExtendedKeyUsagePurpose::ClientAuth);
        let mut hosts = [host(&self.tree.issuing.leaf(&gateway).unwrap()), host(&self.server)];
        let mut ends = [Ok(false); 2];
        while ends.contains(&Ok(false)) {
            let [client_host, server_host] = &mut hosts;
            let client_end = turn(&mut client, client_host);
            let moved = pass(&mut client, &mut server);
            ends = [client_end, turn(&mut server, server_host)];
            if moved + pass(&mut server, &mut client) == 0 {
                break;
            }
        }
        (ends.map(Result::err), client.failure().map(|failure| failure.diagnosis()))
    }
}

fn supplier() -> Leaf {
    let mut leaf = Leaf::new(SUPPLIER_NAME, ExtendedKeyUsagePurpose::ServerAuth);
    leaf.names = vec![SUPPLIER_NAME.to_owned()];
    leaf
}

/// Goes on as far as possible; true at the end of the handshake.
fn turn<R: Side>(handshake: &mut Handshake<'static, R>, host: &mut TestHost) -> Result<bool, Error> {
    loop {
        match handshake.poll()? {
            Step::Transmit | Step::NeedInput => return Ok(false),
            Step::Yield => {}
            Step::Time(request) => request.provide(host.time())?,
            Step::Credential(request) => {
                let choice = host.credential(&request.peer_request());
                request.answer(choice)?;
            }
            Step::Sign(request) => {
                let signature = host.sign(&request.input).unwrap();
                request.complete(&signature)?;
            }
            Step::Authorize(request) => request.accept()?,
            Step::Done => return Ok(true),
        }
    }
}

/// Moves what one side has to send to the other. Returns the number of bytes.
fn pass<A: Side, B: Side>(from: &mut Handshake<'static, A>, to: &mut Handshake<'static, B>) -> usize {
    let pending = from.tx_pending();
    let space = to.rx_space();
    let count = pending.len().min(space.len());
    space[..count].copy_from_slice(&pending[..count]);
    if to.rx_commit(count).is_ok() {
        from.tx_consume(count);
    }
    count
}

#[test]
fn this_build_is_without_the_feature() {
    assert!(ServerName::parse("192.0.2.1").is_err(), "built with another package: cargo test -p device");
}

#[test]
fn one_credential_and_one_kind_of_server_need_nothing_more() {
    assert_eq!(Pair::new().run(), ([None; 2], None));
}

#[test]
fn a_hello_retry_request_is_refused_with_an_alert() {
    let errors = [
        Error::PeerIncompatible(PeerIncompatible::RetryUnsupported),
        Error::AlertReceived(AlertDescription::HANDSHAKE_FAILURE),
    ];
    let pair = Pair { groups: &[NamedGroup::SECP256R1], ..Pair::new() };
    assert_eq!(pair.run(), (errors.map(Some), Some(Diagnosis::NoCommonGround)));
}

#[test]
fn an_authority_with_name_constraints_is_refused_as_with_any_unknown_critical_extension() {
    let mut pair = Pair::new();
    pair.server = pair.tree.flawed(Flaw::ForbiddenName, &supplier(), KeyKind::P256).unwrap();
    let ([client, server], _) = pair.run();
    let Some(Error::Certificate(error)) = client else { panic!("{client:?}") };
    assert_eq!((error.index, error.problem), (1, CertificateProblem::UnknownCriticalExtension));
    assert_eq!(server, Some(Error::AlertReceived(AlertDescription::UNSUPPORTED_CERTIFICATE)));
    // It is no trust anchor either.
    let anchor = TrustAnchor::from_certificate(&pair.server.chain[1]).err();
    assert_eq!(anchor, Some(ApiMisuse::TrustAnchorUnusable(CertificateProblem::UnknownCriticalExtension).into()));
}

#[test]
fn an_address_in_text_is_no_name_of_a_server() {
    for address in ["192.0.2.1", "2001:db8::1", "::", "0x7f.1", "127.1"] {
        assert_eq!(ServerName::parse(address).err(), Some(ApiMisuse::ServerNameInvalid.into()), "{address}");
    }
    assert_eq!(ServerName::parse(SUPPLIER_NAME).map(|name| name.to_string()), Ok(SUPPLIER_NAME.to_owned()));
}
