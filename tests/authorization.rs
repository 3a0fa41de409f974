//! Access rules for authenticated peers, and the facts that are known about them.
#![allow(missing_docs)]

use core::sync::atomic::{AtomicU8, Ordering};
use embedded_mtls::credential::{Entry, Selector};
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls::crypto::{
    AeadAlgorithm, CryptoError, CryptoProvider, Digest, HashAlgorithm, KEY_SEED_LEN, SignatureAlgorithm,
};
use embedded_mtls::io::SoftwareHost;
use embedded_mtls::x509::{Name, PeerIdentity, SubjectAltName, Time, TrustAnchor, UnixTime, Validator};
use embedded_mtls::{
    AlertDescription, CipherSuite, ClientAuth, Error, NamedGroup, ServerConfig, SignatureScheme, Stage,
};
use embedded_mtls_blob::{Blob, Content, Denied};
use embedded_mtls_operator::access::{AllowList, DenyList, Rule};
use embedded_mtls_operator::variables::{Variable, Verify};
use rcgen::{DnType, DnValue, SanType};
use sha2::{Digest as _, Sha256};
use test_support::pair::{Outcome, Setup, credential, host, leak, leak_all, now, signing_key};
use test_support::pki::{CLIENT_NAME, Issued, NOW, Pki, Template};

/// Runs a server with these rules; returns the error of the server, and that of the client.
fn visit(pki: &Pki, client: &Issued, rules: AllowList<'static>) -> (Option<(Error, Stage)>, Option<Error>) {
    let outcome = meet(pki, Setup::new(pki).server, client, rules);
    let mut client = outcome.client.expect("a client is done before the server decides");
    (outcome.server.err(), client.poll().err())
}

/// Runs a server with these rules against this client, and returns how both end.
fn meet(pki: &Pki, server: ServerConfig<'static>, client: &Issued, rules: AllowList<'static>) -> Outcome {
    let base = Setup::new(pki);
    let entries = leak_all(vec![Entry::new("supplier", credential(&[&pki.server, &pki.intermediate], 0))]);
    let clock: fn() -> Time = now;
    let keys: &'static [P256SigningKey] = leak_all(vec![signing_key(&pki.server)]);
    let authorize = Box::leak(Box::new(move |peer: &PeerIdentity<'_>| rules.authorize(RustCrypto, peer)));
    let setup = Setup {
        client: base.client,
        server,
        client_host: host(vec![credential(&[client, &pki.intermediate], 0)], vec![signing_key(client)]),
        server_host: SoftwareHost::with_selector(Selector::new(entries), keys, clock).with_authorization(authorize),
        client_sizes: base.client_sizes,
        server_sizes: base.server_sizes,
        chunk: 0,
    };
    setup.run()
}

/// Passes the identity of a peer to `look`.
fn peer<T>(der: &[u8], look: impl FnOnce(&PeerIdentity<'_>) -> T) -> T {
    let mut memory = vec![0; 4096];
    let mut validator = Validator::new(&mut memory);
    validator.push(RustCrypto, der).unwrap();
    look(&validator.identity().unwrap())
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The serial number of a certificate, as in its DER.
fn serial_of(issued: &Issued) -> Vec<u8> {
    peer(&issued.der, |peer| peer.serial().to_vec())
}

/// A `SubjectPublicKeyInfo` of P-256 (RFC 5480 section 2).
fn key_info(issued: &Issued) -> Vec<u8> {
    const HEAD: &[u8] =
        b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\0";
    [HEAD, issued.key.point()].concat()
}

fn any_of(rules: Vec<Rule<'static>>) -> AllowList<'static> {
    AllowList::any_of(leak_all(rules))
}

// refusal is access_denied (49)
#[test]
fn a_peer_that_is_not_on_the_list_gets_access_denied() {
    let pki = Pki::new();
    let good = || visit(&pki, &pki.client, any_of(vec![Rule::CommonName("another"), Rule::CommonName(CLIENT_NAME)]));
    assert_eq!(good(), (None, None));
    let denied = AlertDescription::ACCESS_DENIED;
    let refused = (Some((Error::NotAuthorized(denied), Stage::Authorization)), Some(Error::AlertReceived(denied)));
    assert_eq!(visit(&pki, &pki.client, any_of(vec![Rule::CommonName("another")])), refused);
    assert_eq!(visit(&pki, &pki.client, any_of(vec![])), refused, "no rule lets nobody in");
    assert_eq!(visit(&pki, &pki.client, AllowList::everybody()), (None, None));
}

#[test]
fn a_stolen_certificate_or_key_is_denied_although_it_is_valid_and_on_the_list() {
    let pki = Pki::new();
    let issuer = credential(&[&pki.client], 0).issuers().next().unwrap();
    let serial = serial_of(&pki.client).leak();
    let renewed = Template::client("renewed").key(CLIENT_NAME).signed_by(&pki.intermediate);
    let another = Template::client("another").signed_by(&pki.intermediate);
    let denied = |issued: &Issued, rule| {
        let list = [Rule::CommonName("nobody"), rule];
        let answer = peer(&issued.der, |peer| DenyList::of(&list).authorize(RustCrypto, peer));
        answer.err()
    };
    let by_serial = Rule::Serial { issuer, serial };
    let by_key = Rule::KeyPin(sha256(&key_info(&pki.client)));
    let (revoked, no_access) = (Some(AlertDescription::CERTIFICATE_REVOKED), Some(AlertDescription::ACCESS_DENIED));
    let all = [&pki.client, &renewed, &another];
    assert_eq!(all.map(|issued| denied(issued, by_serial)), [revoked, None, None]);
    assert_eq!(all.map(|issued| denied(issued, by_key)), [no_access, no_access, None]);
    assert!(!peer(&pki.client.der, |peer| DenyList::default().denies(RustCrypto, peer)), "an empty list denies nobody");
}

/// A provider whose hash fails as many times, such as an accelerator that is busy.
#[derive(Clone, Copy, Debug)]
struct Busy(&'static AtomicU8);

impl Busy {
    fn times(times: u8) -> Self {
        Self(leak(Box::new(AtomicU8::new(times))))
    }
}

impl CryptoProvider for Busy {
    type Hash = <RustCrypto as CryptoProvider>::Hash;
    type Aead = <RustCrypto as CryptoProvider>::Aead;
    type KeyExchange = <RustCrypto as CryptoProvider>::KeyExchange;

    const CIPHER_SUITES: &'static [CipherSuite] = RustCrypto::CIPHER_SUITES;
    const NAMED_GROUPS: &'static [NamedGroup] = RustCrypto::NAMED_GROUPS;
    const SIGNATURE_ALGORITHMS: &'static [SignatureAlgorithm] = RustCrypto::SIGNATURE_ALGORITHMS;
    const SIGNATURE_SCHEMES: &'static [SignatureScheme] = RustCrypto::SIGNATURE_SCHEMES;

    fn hash(self, algorithm: HashAlgorithm) -> Result<Self::Hash, CryptoError> {
        match self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |times| times.checked_sub(1)) {
            Ok(_) => Err(CryptoError::Failed),
            Err(_) => RustCrypto.hash(algorithm),
        }
    }

    fn hmac(self, _: HashAlgorithm, _: &[u8], _: &[&[u8]]) -> Result<Digest, CryptoError> {
        Err(CryptoError::Failed)
    }

    fn aead(self, _: AeadAlgorithm, _: &[u8]) -> Result<Self::Aead, CryptoError> {
        Err(CryptoError::Failed)
    }

    fn key_exchange(self, _: NamedGroup, _: &[u8; KEY_SEED_LEN]) -> Result<Self::KeyExchange, CryptoError> {
        Err(CryptoError::Failed)
    }

    fn verify(self, _: SignatureAlgorithm, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), CryptoError> {
        Err(CryptoError::Failed)
    }
}

#[test]
fn a_peer_whose_key_cannot_be_hashed_is_denied_where_keys_are() {
    let pki = Pki::new();
    let fleet = signing_key(&pki.server);
    // Whether it would succeed a second time makes no difference.
    for times in [1, u8::MAX] {
        let of_blob = |denied: &[Denied<'_>]| {
            let content = Content { version: 1, denied: denied.to_vec(), ..Content::default() };
            let blob = content.seal(RustCrypto, |digest| fleet.sign_digest(digest, &[]).ok()).unwrap();
            let blob = Blob::dangerous_unsigned(RustCrypto, &blob).unwrap();
            peer(&pki.client.der, |peer| blob.deny_list().authorize(Busy::times(times), peer)).err()
        };
        let of_rules = |rules: &[Rule<'_>]| {
            let list = DenyList::of(rules);
            peer(&pki.client.der, |peer| list.authorize(Busy::times(times), peer)).err()
        };
        let no_access = Some(AlertDescription::ACCESS_DENIED);
        assert_eq!((of_rules(&[Rule::KeyPin([7; 32])]), of_blob(&[Denied::Key([7; 32])])), (no_access, no_access));
        assert_eq!((of_rules(&[Rule::CommonName("nobody")]), of_blob(&[])), (None, None));
        let allowed = [Rule::KeyPin([7; 32])];
        assert!(!peer(&pki.client.der, |peer| AllowList::any_of(&allowed).allows(Busy::times(times), peer)));
    }
}

#[test]
fn each_rule_matches_exactly_the_peers_it_names() {
    let pki = Pki::new();
    let names = [
        SanType::DnsName("gateway-7.plant.example".try_into().unwrap()),
        SanType::DnsName("*.line.example".try_into().unwrap()),
        SanType::Rfc822Name("gateway@plant.example".try_into().unwrap()),
        SanType::IpAddress([192, 0, 2, 7].into()),
    ];
    let leaf = Template::client(CLIENT_NAME).alternatives(&names).signed_by(&pki.intermediate);
    let renewed = Template::client("renewed").key(CLIENT_NAME).signed_by(&pki.intermediate);
    let issuer = credential(&[&leaf], 0).issuers().next().unwrap();
    let root = credential(&[&pki.root], 0).issuers().next().unwrap();
    let pin = Rule::KeyPin(sha256(&key_info(&leaf)));
    let san = |name| Rule::SubjectAltName(name);
    let serial = |issuer, serial| Rule::Serial { issuer, serial };
    let (own, of_renewed) = (serial_of(&leaf), serial_of(&renewed));
    let rows = [
        (Rule::CommonName(CLIENT_NAME), true),
        (Rule::CommonName("Gateway-7"), false),
        (Rule::CommonName("gateway-"), false),
        (Rule::CommonName(""), false),
        (Rule::Issuer(issuer), true),
        (Rule::Issuer(root), false),
        (Rule::Issuer(Name::from_der(&[0x30, 0]).unwrap()), false),
        (Rule::Fingerprint(sha256(&leaf.der)), true),
        (Rule::Fingerprint(sha256(&renewed.der)), false),
        (Rule::Fingerprint([0; 32]), false),
        (pin, true),
        (Rule::KeyPin(sha256(&key_info(&pki.server))), false),
        (serial(issuer, &own), true),
        (serial(root, &own), false),
        (serial(issuer, &own[1..]), false),
        (serial(issuer, &[]), false),
        (serial(issuer, &of_renewed), false),
        (san(SubjectAltName::Dns("GATEWAY-7.plant.example")), true),
        (san(SubjectAltName::Dns("plant.example")), false),
        (san(SubjectAltName::Dns("a.line.example")), false),
        (san(SubjectAltName::Dns("*.line.example")), true),
        (san(SubjectAltName::Email("gateway@plant.example")), true),
        (san(SubjectAltName::Email("Gateway@plant.example")), false),
        (san(SubjectAltName::Ip([192, 0, 2, 7].into())), true),
        (san(SubjectAltName::Ip([192, 0, 2, 8].into())), false),
        (san(SubjectAltName::Uri("gateway-7.plant.example")), false),
        (san(SubjectAltName::Other(0)), false),
    ];
    for (rule, expected) in rows {
        assert_eq!(peer(&leaf.der, |peer| rule.holds(RustCrypto, peer)), expected, "{rule:?}");
    }
    assert!(peer(&renewed.der, |peer| pin.holds(RustCrypto, peer)), "a pin of the key outlives its certificate");
}

// RFC 9846 section 4.5.3 proves the key; the names are signed by its holder only.
#[test]
fn the_holder_of_a_pinned_key_has_no_name() {
    let pki = Pki::new();
    let partner = Template::client("partner").self_signed();
    let forged = Template::client(CLIENT_NAME)
        .key("partner")
        .alternatives(&[SanType::DnsName("gateway-7.example".try_into().unwrap())])
        .self_signed();
    assert_eq!(forged.key.point(), partner.key.point());
    let issuer = leak_der(&pki.intermediate).subject().unwrap();
    let key: &'static [u8] = key_info(&partner).leak();
    let authority = leak_der(&pki.root);
    let pin = TrustAnchor::from_pinned_key(key).unwrap();
    let certificate = TrustAnchor::from_pinned_certificate(RustCrypto, &forged.der).unwrap();
    let named = Rule::CommonName(CLIENT_NAME);
    let rows = [
        (vec![authority, pin], named, false),
        (vec![authority, pin], Rule::SubjectAltName(SubjectAltName::Dns("gateway-7.example")), false),
        (vec![authority, pin], Rule::Issuer(name_of(&forged)), false),
        (vec![authority, pin], Rule::Serial { issuer: name_of(&forged), serial: serial_of(&forged).leak() }, false),
        (vec![authority, pin], Rule::Issuer(issuer), false),
        (vec![authority, pin], Rule::KeyPin(sha256(key)), true),
        (vec![authority, pin], Rule::Fingerprint(sha256(&forged.der)), true),
        // Whoever pins a certificate knows what is in it.
        (vec![authority, certificate], named, true),
        (vec![authority, pin, certificate], named, true),
    ];
    for (number, (anchors, rule, expected)) in rows.into_iter().enumerate() {
        let server = ServerConfig::new(ClientAuth::Required(leak_all(anchors)));
        let outcome = meet(&pki, server, &forged, any_of(vec![rule]));
        assert_eq!(outcome.server.is_ok(), expected, "row {number}: {:?}", outcome.server.err());
    }
    // A program with its own rules can see it.
    let server = ServerConfig::new(ClientAuth::Required(leak_all(vec![authority, pin])));
    let (_, session) = meet(&pki, server, &forged, AllowList::everybody()).sessions();
    assert!(session.peer().unwrap().is_known_by_key_only());
    let (client, session) = Setup::new(&pki).run().sessions();
    assert!(!session.peer().unwrap().is_known_by_key_only() && !client.peer().unwrap().is_known_by_key_only());
}

fn leak_der(issued: &Issued) -> TrustAnchor<'static> {
    TrustAnchor::from_certificate(issued.der.clone().leak()).unwrap()
}

fn name_of(issued: &Issued) -> Name<'static> {
    peer(issued.der.clone().leak(), |peer| Name::from_der(peer.subject().as_der().to_vec().leak()).unwrap())
}

#[test]
fn a_subject_is_identified_by_the_first_of_its_common_names() {
    let pki = Pki::new();
    let two = Template::client("x")
        .subject(&[
            (DnType::CommonName, DnValue::Utf8String(CLIENT_NAME.into())),
            (DnType::CustomDnType(vec![2, 5, 4, 9]), DnValue::Utf8String("intruder".into())),
        ])
        .patched(&[6, 3, 0x55, 4, 9], &[6, 3, 0x55, 4, 3])
        .signed_by(&pki.intermediate);
    for (name, expected) in [(CLIENT_NAME, true), ("intruder", false)] {
        assert_eq!(peer(&two.der, |peer| Rule::CommonName(name).holds(RustCrypto, peer)), expected, "{name}");
    }
}

// `SSLOptions +StdEnvVars`
#[test]
fn the_identity_of_a_peer_has_the_variable_names_of_apache() {
    let pki = Pki::new();
    let text = |text: &str| DnValue::Utf8String(text.to_owned());
    let email = DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]);
    let mut template = Template::client("x")
        .subject(&[
            (DnType::CountryName, DnValue::PrintableString("DE".try_into().unwrap())),
            (DnType::OrganizationName, text("Example, Inc.")),
            (DnType::OrganizationalUnitName, text("Purchasing")),
            (DnType::CustomDnType(vec![2, 5, 4, 9]), text("Plant 7")),
            (DnType::CommonName, text("gateway\n7")),
            (email, DnValue::Ia5String("gateway@plant.example".try_into().unwrap())),
            (DnType::CustomDnType(vec![0, 9, 2342, 19_200_300, 100, 1, 1]), text("g7")),
        ])
        .patched(&[6, 3, 0x55, 4, 9], &[6, 3, 0x55, 4, 11])
        .alternatives(&[
            SanType::DnsName("a.example".try_into().unwrap()),
            SanType::Rfc822Name("a@plant.example".try_into().unwrap()),
            SanType::DnsName("b.example".try_into().unwrap()),
            SanType::IpAddress([192, 0, 2, 7].into()),
            SanType::URI("urn:gateway:7".try_into().unwrap()),
        ]);
    template.params.serial_number = Some(rcgen::SerialNumber::from_slice(&[0x8f, 0x01]));
    let issued = template.signed_by(&pki.intermediate);
    let lines = lines(&issued.der, UnixTime(NOW), Verify::Success);
    let fingerprint = sha256(&issued.der).iter().fold(String::new(), |text, byte| text + &format!("{byte:02X}"));
    let expected = [
        "VERIFY=SUCCESS",
        "M_VERSION=3",
        "M_SERIAL=8F01",
        "S_DN=UID=g7,emailAddress=gateway@plant.example,CN=gateway\\0A7,OU=Plant 7,OU=Purchasing,O=Example\\, Inc.,C=DE",
        "S_DN_C=DE",
        "S_DN_O=Example, Inc.",
        "S_DN_OU=Purchasing",
        "S_DN_OU_1=Plant 7",
        "S_DN_CN=gateway\\0A7",
        "S_DN_Email=gateway@plant.example",
        "S_DN_UID=g7",
        "I_DN=CN=Example Intermediate,O=Example",
        "I_DN_O=Example",
        "I_DN_CN=Example Intermediate",
        "V_START=Jan  1 00:00:00 2020 GMT",
        "V_END=Jan  1 00:00:00 2040 GMT",
        "V_REMAIN=4787",
        "A_SIG=ecdsa-with-SHA256",
        "A_KEY=id-ecPublicKey",
        &format!("SHA256={fingerprint}"),
        "SAN_Email_0=a@plant.example",
        "SAN_DNS_0=a.example",
        "SAN_DNS_1=b.example",
        "SAN_IP_0=192.0.2.7",
        "SAN_URI_0=urn:gateway:7",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn nothing_remains_of_an_expired_ticket() {
    let later = UnixTime(NOW + 20 * 365 * 86_400);
    let lines = lines(&Pki::new().client.der, later, Verify::Failed);
    assert_eq!(lines[0], "VERIFY=FAILED");
    assert!(lines.contains(&"V_REMAIN=0".to_owned()));
}

fn lines(der: &[u8], now: UnixTime, verify: Verify) -> Vec<String> {
    let line = |variable: Variable<'_>| format!("{}={}", variable.name, variable.value);
    peer(der, |peer| Variable::all_of(peer, now, verify).map(line).collect())
}
