//! Handshakes and certificates of every kind of key, through the public API.
#![cfg(feature = "all-algorithms")]
#![allow(missing_docs)]

use std::path::Path;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use embedded_mtls::credential::{Choice, PeerRequest};
use embedded_mtls::crypto::rustcrypto::{Ed25519SigningKey, P256SigningKey, P384SigningKey, RustCrypto};
use embedded_mtls::crypto::{CryptoProvider, HashAlgorithm, KeyExchange, SignatureAlgorithm};
use embedded_mtls::io::{AnySigningKey, Host, SigningKey};
use embedded_mtls::x509::{KeyAlgorithm, Rules, ServerName, Time, TrustAnchor, Validator};
use embedded_mtls::{
    ApiMisuse, CertificateError, CertificateProblem, ClientAuth, ClientConfig, Credential, Entropy, Error, KeyHandle,
    NamedGroup, PeerMisbehaved, ServerConfig, SignInput, Signature, SignatureScheme,
};
use test_support::messages::{AES_128_GCM, Hello, record, records};
use test_support::pair::{Setup, Sizes, exchange, leak, leak_all, now};
use test_support::pki::{Pki, SERVER_NAME};
use test_support::script::{HANDSHAKE, client, server};

/// A folder of `tests/data/algorithms`, the kind of its keys, and the scheme with which they sign.
const KINDS: [(&str, KeyAlgorithm, SignatureScheme); 10] = [
    ("ed25519", KeyAlgorithm::Ed25519, SignatureScheme::ED25519),
    ("p256-sha384", KeyAlgorithm::EcP256, SignatureScheme::ECDSA_SECP256R1_SHA256),
    ("p384-sha256", KeyAlgorithm::EcP384, SignatureScheme::ECDSA_SECP384R1_SHA384),
    ("p384-sha384", KeyAlgorithm::EcP384, SignatureScheme::ECDSA_SECP384R1_SHA384),
    ("pss2048-any", KeyAlgorithm::RsaPss, SignatureScheme::RSA_PSS_PSS_SHA256),
    ("pss2048-sha256", KeyAlgorithm::RsaPssSha256, SignatureScheme::RSA_PSS_PSS_SHA256),
    ("rsa2048-pkcs1-sha256", KeyAlgorithm::Rsa, SignatureScheme::RSA_PSS_RSAE_SHA256),
    ("rsa2048-pss-sha384", KeyAlgorithm::Rsa, SignatureScheme::RSA_PSS_RSAE_SHA256),
    ("rsa3072-pkcs1-sha384", KeyAlgorithm::Rsa, SignatureScheme::RSA_PSS_RSAE_SHA256),
    ("rsa4096-pkcs1-sha512", KeyAlgorithm::Rsa, SignatureScheme::RSA_PSS_RSAE_SHA256),
];

fn file(kind: &str, name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/algorithms").join(kind).join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn lent(bytes: Vec<u8>) -> &'static [u8] {
    leak(bytes.into_boxed_slice())
}

fn credential(kind: &str, role: &str) -> Credential<'static> {
    let chain: Vec<&'static [u8]> = vec![lent(file(kind, role))];
    Credential::new(leak_all(chain), KeyHandle(0)).unwrap()
}

fn anchors(kind: &str) -> &'static [TrustAnchor<'static>] {
    leak_all(vec![TrustAnchor::from_certificate(lent(file(kind, "root.der"))).unwrap()])
}

/// A key from a file, behind the token that an external signer answers for RSA.
enum Key {
    Software(AnySigningKey),
    Rsa { modulus: Vec<u8>, private_exponent: Vec<u8> },
}

/// The next element of DER: its content, and what follows.
fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let (len, rest) = match der[1] {
        0x81 => (usize::from(der[2]), &der[3..]),
        0x82 => (usize::from(u16::from_be_bytes([der[2], der[3]])), &der[4..]),
        len => (usize::from(len), &der[2..]),
    };
    rest.split_at(len)
}

impl Key {
    fn read(kind: &str) -> Self {
        // PrivateKeyInfo: version, algorithm, key.
        let der = file(kind, "leaf-key.der");
        let (key, _) = element(element(element(element(&der).0).1).1);
        if kind == "ed25519" {
            Self::Software(AnySigningKey::Ed25519(Ed25519SigningKey::from_bytes(element(key).0.try_into().unwrap())))
        } else if kind.starts_with("p256") {
            // ECPrivateKey: version, scalar.
            let scalar = element(element(element(key).0).1).0;
            Self::Software(AnySigningKey::P256(P256SigningKey::from_bytes(scalar.try_into().unwrap()).unwrap()))
        } else if kind.starts_with("p384") {
            let scalar = element(element(element(key).0).1).0;
            Self::Software(AnySigningKey::P384(P384SigningKey::from_bytes(scalar.try_into().unwrap()).unwrap()))
        } else {
            // RSAPrivateKey: version, modulus, public exponent, private exponent.
            let (modulus, rest) = element(element(element(key).0).1);
            let (private_exponent, _) = element(element(rest).1);
            Self::Rsa { modulus: modulus[1..].to_vec(), private_exponent: private_exponent.to_vec() }
        }
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Signature {
        match self {
            Self::Software(key) => key.sign(message, &[]).unwrap(),
            Self::Rsa { modulus, private_exponent } => {
                let hash = SignatureAlgorithm::of(scheme).unwrap().hash().unwrap();
                let encoded = pss(hash, &digest(hash, &[message]), modulus.len());
                Signature::encoded(&power(modulus, private_exponent, &encoded)).unwrap()
            }
        }
    }
}

fn digest(hash: HashAlgorithm, parts: &[&[u8]]) -> Vec<u8> {
    RustCrypto.digest(hash, parts).unwrap().as_bytes().to_vec()
}

/// EMSA-PSS (RFC 8017 section 9.1.1) with a salt as long as the digest.
fn pss(hash: HashAlgorithm, message: &[u8], len: usize) -> Vec<u8> {
    let salt = vec![0x5a; message.len()];
    let h = digest(hash, &[&[0; 8], message, &salt]);
    let mut block = [&vec![0; len - 2 * h.len() - 2][..], &[1], &salt].concat();
    for (counter, part) in (0_u32..).zip(block.chunks_mut(h.len())) {
        let mask = digest(hash, &[&h, &counter.to_be_bytes()]);
        part.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    }
    block[0] &= 0x7f;
    [&block, &h[..], &[0xbc]].concat()
}

fn power(modulus: &[u8], exponent: &[u8], base: &[u8]) -> Vec<u8> {
    let bits = u32::try_from(modulus.len() * 8).unwrap();
    let number = |bytes| BoxedUint::from_be_slice(bytes, bits).unwrap();
    // A leading zero of DER may make the exponent one byte longer.
    let exponent = &exponent[exponent.len().saturating_sub(modulus.len())..];
    let params = BoxedMontyParams::new(Odd::new(number(modulus)).unwrap());
    let power = BoxedMontyForm::new(number(base), &params).pow(&number(exponent)).retrieve().to_be_bytes();
    power[power.len() - modulus.len()..].to_vec()
}

/// A host with one credential, which remembers what the peer accepts.
struct OneKey {
    credential: &'static Credential<'static>,
    key: Key,
    forges: bool,
    peer_schemes: Vec<SignatureScheme>,
    peer_certificate_schemes: Vec<SignatureScheme>,
}

impl OneKey {
    fn new(credential: Credential<'static>, key: Key) -> Self {
        let credential = leak(Box::new(credential));
        Self { credential, key, forges: false, peer_schemes: vec![], peer_certificate_schemes: vec![] }
    }
}

impl Host for OneKey {
    type Choice = Choice<'static>;

    fn time(&mut self) -> Time {
        now()
    }

    fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'static> {
        self.peer_schemes = request.signature_schemes().collect();
        self.peer_certificate_schemes = request.certificate_schemes().collect();
        assert!(request.accepts(self.credential));
        Choice::Send(self.credential)
    }

    fn sign(&mut self, request: &SignInput) -> Option<Signature> {
        assert_eq!(request.scheme, self.credential.scheme());
        let message = request.message();
        let expected = SignatureAlgorithm::of(request.scheme).unwrap().hash();
        let digested = request.digest(RustCrypto).map(|digest| digest.as_bytes().to_vec());
        assert_eq!(
            digested,
            expected.map(|hash| digest(hash, &[message])).ok_or(ApiMisuse::SchemeWithoutDigest.into())
        );
        Some(self.key.sign(request.scheme, if self.forges { b"something else" } else { message }))
    }
}

/// Sizes for RSA with 4096 bits on both sides.
const SIZES: Sizes = Sizes { rx: 8192, tx: 2048, peer: 4096 };

fn setup(server: (&str, Credential<'static>), client: (&str, Credential<'static>)) -> Setup<OneKey, OneKey> {
    Setup {
        client: ClientConfig::new(ServerName::parse(SERVER_NAME).unwrap(), anchors(server.0)),
        server: ServerConfig::new(ClientAuth::Required(anchors(client.0))),
        client_host: OneKey::new(client.1, Key::read(client.0)),
        server_host: OneKey::new(server.1, Key::read(server.0)),
        client_sizes: SIZES,
        server_sizes: SIZES,
        chunk: 0,
    }
}

fn of_kind(kind: &'static str) -> Setup<OneKey, OneKey> {
    setup((kind, credential(kind, "server.der")), (kind, credential(kind, "client.der")))
}

/// RFC 5280 section 4.1: version, number, algorithm, issuer, validity and subject come before the key.
#[test]
fn the_hash_of_a_key_is_that_of_its_field_in_the_certificate() {
    for (kind, algorithm, _) in KINDS {
        let der = file(kind, "server.der");
        let field = (0..6).fold(element(element(&der).0).0, |rest, _| element(rest).1);
        let field = &field[..field.len() - element(field).1.len()];
        let mut memory = vec![0; 4096];
        let mut validator = Validator::new(&mut memory);
        validator.push(RustCrypto, &der).unwrap();
        let found = validator.identity().unwrap().sha256_key_info(RustCrypto);
        let wanted = (!algorithm.is_pss_only()).then(|| digest(HashAlgorithm::Sha256, &[field]));
        assert_eq!(found.map(|hash| hash.to_vec()), wanted, "{kind}");
    }
}

#[test]
fn each_kind_of_key_authenticates_a_server_and_a_client() {
    for (kind, algorithm, scheme) in KINDS {
        let setup = of_kind(kind);
        assert_eq!(setup.server_host.credential.scheme(), scheme, "{kind}");
        let outcome = setup.run();
        let errors = outcome.errors();
        assert_eq!(errors, (None, None), "{kind}");
        let (mut client, mut server) = outcome.sessions();
        assert_eq!(client.peer().unwrap().key_algorithm(), algorithm, "{kind}");
        assert_eq!(server.peer().unwrap().key_algorithm(), algorithm, "{kind}");
        client.write(b"order").unwrap();
        assert_eq!(exchange(&mut client, &mut server).unwrap().1, b"order");
    }
}

#[test]
fn rsa_signs_with_each_hash_that_its_key_allows() {
    for (kind, schemes) in [
        ("rsa2048-pkcs1-sha256", [SignatureScheme::RSA_PSS_RSAE_SHA384, SignatureScheme::RSA_PSS_RSAE_SHA512]),
        ("pss2048-any", [SignatureScheme::RSA_PSS_PSS_SHA384, SignatureScheme::RSA_PSS_PSS_SHA512]),
    ] {
        for scheme in schemes {
            let with = |role| credential(kind, role).with_scheme(scheme).unwrap();
            let outcome = setup((kind, with("server.der")), (kind, with("client.der"))).run();
            assert_eq!(outcome.errors(), (None, None), "{kind} {scheme}");
        }
    }
}

#[test]
fn a_key_has_no_scheme_of_another_kind() {
    let all = || {
        let more = [SignatureScheme::RSA_PKCS1_SHA256, SignatureScheme::RSA_PKCS1_SHA384, SignatureScheme(0x0203)];
        RustCrypto::SIGNATURE_SCHEMES.iter().copied().chain(more)
    };
    for (kind, expected) in [
        ("ed25519", &[SignatureScheme::ED25519][..]),
        ("p256-sha384", &[SignatureScheme::ECDSA_SECP256R1_SHA256]),
        ("p384-sha384", &[SignatureScheme::ECDSA_SECP384R1_SHA384]),
        (
            "rsa4096-pkcs1-sha512",
            &[
                SignatureScheme::RSA_PSS_RSAE_SHA256,
                SignatureScheme::RSA_PSS_RSAE_SHA384,
                SignatureScheme::RSA_PSS_RSAE_SHA512,
            ],
        ),
        (
            "pss2048-any",
            &[
                SignatureScheme::RSA_PSS_PSS_SHA256,
                SignatureScheme::RSA_PSS_PSS_SHA384,
                SignatureScheme::RSA_PSS_PSS_SHA512,
            ],
        ),
        ("pss2048-sha256", &[SignatureScheme::RSA_PSS_PSS_SHA256]),
    ] {
        let credential = credential(kind, "server.der");
        let schemes: Vec<_> = all().filter(|scheme| credential.with_scheme(*scheme).is_ok()).collect();
        assert_eq!(schemes, expected, "{kind}");
    }
}

#[test]
fn a_signature_over_something_else_is_rejected_for_each_kind() {
    for (kind, ..) in KINDS {
        let mut setup = of_kind(kind);
        setup.server_host.forges = true;
        let (client, _) = setup.run().errors();
        assert_eq!(client, Some(PeerMisbehaved::SignatureIncorrect.into()), "{kind}");
    }
}

#[test]
fn a_signature_of_another_form_is_rejected_before_it_is_sent() {
    struct Other(OneKey);
    impl Host for Other {
        type Choice = Choice<'static>;

        fn time(&mut self) -> Time {
            now()
        }
        fn credential(&mut self, _: &PeerRequest<'_>) -> Choice<'static> {
            Choice::Send(self.0.credential)
        }
        fn sign(&mut self, request: &SignInput) -> Option<Signature> {
            Some(match self.0.key.sign(request.scheme, b"") {
                Signature::Encoded(signature) => Signature::encoded(&signature.as_bytes()[1..]).unwrap(),
                Signature::Ed25519(signature) => Signature::P256(signature),
                Signature::P256(_) => Signature::P384([1; 96]),
                _ => Signature::Ed25519([1; 64]),
            })
        }
    }
    for (kind, ..) in KINDS {
        let Setup { client, server, client_host, server_host, .. } = of_kind(kind);
        let server_host = Other(server_host);
        let setup =
            Setup { client, server, client_host, server_host, client_sizes: SIZES, server_sizes: SIZES, chunk: 0 };
        let (_, server) = setup.run().errors();
        assert_eq!(server, Some(ApiMisuse::SignatureMalformed.into()), "{kind}");
    }
}

fn validate(kind: &str, leaf: &[u8], anchor: &[u8]) -> Result<(), Error> {
    let anchors = [TrustAnchor::from_certificate(anchor)?];
    let name = ServerName::parse(SERVER_NAME)?;
    let mut memory = [0; 4096];
    let mut validator = Validator::new(&mut memory);
    validator.push(RustCrypto, leaf)?;
    validator
        .validate(RustCrypto, Rules::server(&anchors, &name, now()))
        .map(|path| assert_eq!(path.found.depth, 1, "{kind}"))
        .map_err(Error::from)
}

#[test]
fn a_certificate_that_was_changed_is_rejected_for_each_kind() {
    for (kind, ..) in KINDS {
        let (root, leaf) = (file(kind, "root.der"), file(kind, "server.der"));
        assert_eq!(validate(kind, &leaf, &root), Ok(()), "{kind}");
        let place = leaf.windows(8).position(|bytes| bytes == b"supplier").unwrap();
        let forged = CertificateError { index: 0, problem: CertificateProblem::AnchorSignatureInvalid };
        // In what is signed: the common name, which is no rule's business.
        let mut changed = leaf.clone();
        changed[place] = b'S';
        assert_eq!(validate(kind, &changed, &root), Err(forged.into()), "{kind}");
        // In the signature.
        let mut changed = leaf.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(validate(kind, &changed, &root), Err(forged.into()), "{kind}");
    }
}

/// The list in an extension of a ClientHello that is the first record of `flight`.
fn schemes_in(flight: &[u8], extension: u16) -> Option<Vec<u16>> {
    // Header of record and message, version, random.
    let mut rest = &flight[5 + 4 + 2 + 32..];
    let session_id = usize::from(rest[0]);
    rest = &rest[1 + session_id..];
    let suites = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
    rest = &rest[2 + suites + 2 + 2..];
    while rest.len() >= 4 {
        let kind = u16::from_be_bytes([rest[0], rest[1]]);
        let (body, next) = rest[4..].split_at(usize::from(u16::from_be_bytes([rest[2], rest[3]])));
        if kind == extension {
            return Some(body[2..].chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect());
        }
        rest = next;
    }
    None
}

const VERIFY: [u16; 9] = [0x0807, 0x0403, 0x0503, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b];
const CERTIFICATE: [u16; 12] =
    [0x0807, 0x0403, 0x0503, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601];

#[test]
fn a_client_hello_offers_what_is_compiled_in() {
    let outcome = of_kind("ed25519").run();
    assert_eq!(schemes_in(&outcome.wire.from_client, 13).unwrap(), VERIFY);
    assert_eq!(schemes_in(&outcome.wire.from_client, 50).unwrap(), CERTIFICATE);
}

#[test]
fn fewer_schemes_for_handshakes_leave_those_for_certificates_unchanged() {
    const ONE: &[SignatureScheme] = &[SignatureScheme::ED25519];
    let mut setup = of_kind("ed25519");
    setup.client = setup.client.with_signature_schemes(ONE);
    let outcome = setup.run();
    assert_eq!(outcome.errors(), (None, None));
    assert_eq!(schemes_in(&outcome.wire.from_client, 13).unwrap(), [0x0807]);
    assert_eq!(schemes_in(&outcome.wire.from_client, 50).unwrap(), CERTIFICATE);
    // What is for certificates alone cannot be wanted in a handshake.
    let mut setup = of_kind("ed25519");
    setup.client = setup.client.with_signature_schemes(RustCrypto::CERTIFICATE_SCHEMES);
    assert_eq!(setup.client_handshake().err(), Some(ApiMisuse::AlgorithmUnsupported.into()));
}

#[test]
fn a_certificate_request_lists_the_algorithms_that_are_compiled_in() {
    struct Asked(OneKey);
    impl Host for Asked {
        type Choice = Choice<'static>;

        fn time(&mut self) -> Time {
            now()
        }
        fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'static> {
            assert!(request.signature_schemes().map(|scheme| scheme.0).eq(VERIFY));
            assert!(request.certificate_schemes().map(|scheme| scheme.0).eq(CERTIFICATE));
            self.0.credential(request)
        }
        fn sign(&mut self, request: &SignInput) -> Option<Signature> {
            self.0.sign(request)
        }
    }
    let Setup { client, server, client_host, server_host, .. } = of_kind("ed25519");
    let (client_host, server_host) = (Asked(client_host), Asked(server_host));
    let setup = Setup { client, server, client_host, server_host, client_sizes: SIZES, server_sizes: SIZES, chunk: 0 };
    assert_eq!(setup.run().errors(), (None, None));
}

#[test]
fn a_small_tx_names_the_size_that_a_long_signature_needs() {
    let mut setup = of_kind("rsa4096-pkcs1-sha512");
    setup.server_sizes.tx = 400;
    let (_, server) = setup.run().errors();
    let Some(Error::BufferTooSmall { need, .. }) = server else { panic!("{server:?}") };
    let mut setup = of_kind("rsa4096-pkcs1-sha512");
    setup.server_sizes.tx = usize::from(need);
    assert_eq!(setup.run().errors(), (None, None));
}

/// A key that is asked although the signature could not be sent might be one that counts its signatures.
#[cfg(feature = "post-handshake-auth")]
#[test]
fn a_small_tx_is_an_error_before_a_long_signature_is_requested_also_after_the_handshake() {
    let late = |tx: usize| {
        let mut setup = of_kind("rsa4096-pkcs1-sha512");
        let anchors = anchors("rsa4096-pkcs1-sha512");
        setup.client = setup.client.with_post_handshake_auth(true);
        setup.server = ServerConfig::new(ClientAuth::None);
        setup.client_sizes.tx = tx;
        let shown = setup.client_host.credential;
        let (mut client, mut server) = setup.run().sessions();
        server.request_certificate(ClientAuth::Required(anchors)).unwrap();
        let request = server.tx_pending().to_vec();
        client.rx_space()[..request.len()].copy_from_slice(&request);
        client.rx_commit(request.len()).unwrap();
        let Ok(embedded_mtls::Event::Credential(request)) = client.poll() else { panic!("it was asked") };
        let selected = request.answer(shown);
        selected.map(|()| assert!(matches!(client.poll(), Ok(embedded_mtls::Event::Sign(_)))))
    };
    let Err(Error::BufferTooSmall { buffer: embedded_mtls::BufferKind::Tx, need }) = late(400) else {
        panic!("it cannot fit")
    };
    assert_eq!(late(usize::from(need)), Ok(()));
    assert!(late(usize::from(need) - 1).is_err());
}

#[test]
fn p256_is_unchanged() {
    assert_eq!(Setup::new(&Pki::new()).run().errors(), (None, None));
}

/// The first two pairs of groups agree at once, the others after a HelloRetryRequest; the last client has sent both shares
/// that it has seeds for.
#[test]
fn keys_are_exchanged_on_p384_if_either_side_asks_for_it() {
    let (x25519, p256, p384) = (NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1);
    let pki = Pki::new();
    assert!(RustCrypto::NAMED_GROUPS.contains(&p384));
    for (groups, shares) in [
        (vec![p384], vec![p384]),
        (vec![x25519, p384], vec![x25519, p384]),
        (vec![x25519, p384], vec![x25519]),
        (vec![x25519, p256, p384], vec![]),
        (vec![x25519, p256, p384], vec![x25519, p256]),
    ] {
        let retried = !shares.contains(&p384);
        let mut setup = Setup::new(&pki);
        setup.client = setup.client.with_groups(leak_all(groups)).with_key_shares(leak_all(shares));
        setup.server = setup.server.with_groups(leak_all(vec![p384]));
        let (mut client, mut server) = setup.run().sessions();
        for negotiated in [client.negotiated(), server.negotiated()] {
            assert_eq!((negotiated.group, negotiated.retried), (p384, retried));
        }
        client.write(b"order").unwrap();
        assert_eq!(exchange(&mut client, &mut server).unwrap().1, b"order");
    }
}

/// The share that a HelloRetryRequest asks for has a seed of its own: no number serves two groups.
#[test]
fn a_share_after_two_others_comes_from_another_seed() {
    let pki = Pki::new();
    let second = |shares: &'static [NamedGroup]| {
        let mut setup = Setup::new(&pki);
        let groups = leak_all(vec![NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1]);
        setup.client = setup.client.with_groups(groups).with_key_shares(shares);
        let (mut real, script) = client(setup);
        let retry = Hello::retry(&script.client_hello.session_id, AES_128_GCM, 0x18);
        real.feed(&record(HANDSHAKE, &retry.emit()));
        let said = real.take();
        let hello = records(&said).into_iter().find(|record| record[0] == HANDSHAKE).expect("a hello").to_vec();
        Hello::parse(&hello[5..]).share().1.to_vec()
    };
    let [x25519, p256] = [NamedGroup::X25519, NamedGroup::SECP256R1];
    let one = second(leak_all(vec![x25519]));
    let two = second(leak_all(vec![x25519, p256]));
    assert_ne!(one, two);
    // P-384 keys of the seeds that the two shares came from.
    let mut bytes = [0; Entropy::LEN];
    for (index, byte) in (0_u8..).zip(bytes.iter_mut()) {
        *byte = index.wrapping_mul(167).wrapping_add(1);
    }
    let of_seed = |seed: &[u8]| {
        let key = RustCrypto.key_exchange(NamedGroup::SECP384R1, seed.try_into().unwrap()).unwrap();
        key.key_share().unwrap().as_bytes().to_vec()
    };
    assert_eq!(one, of_seed(&bytes[96..]));
    assert!(two != of_seed(&bytes[64..96]) && two != of_seed(&bytes[96..]));
}

/// Algorithms of the build count for nothing where a configuration does not offer them.
#[test]
fn a_scheme_that_is_known_and_not_offered_is_rejected_by_both_sides() {
    let pki = Pki::new();
    let schemes: &'static [SignatureScheme] = &[SignatureScheme::ED25519];
    let refused = Some(Error::PeerMisbehaved(PeerMisbehaved::SignatureSchemeNotOffered));
    let mut setup = Setup::new(&pki);
    setup.client = setup.client.with_signature_schemes(schemes);
    let (mut real, mut script) = client(setup);
    let flight = script.server_flight(&pki, |message| message);
    real.feed(&script.seal_all(&flight));
    assert_eq!(real.verdict(&mut script), refused);

    let mut setup = Setup::new(&pki);
    setup.server = setup.server.with_signature_schemes(schemes);
    let (mut real, mut script) = server(setup);
    let flight = script.client_flight(&pki, |message| message);
    real.feed(&script.seal_all(&flight));
    assert_eq!(real.verdict(&mut script), refused);
}
