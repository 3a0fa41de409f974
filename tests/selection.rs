//! Selection of the credential to send, and its reasons: in whole handshakes, in both roles.
#![allow(missing_docs)]
#![allow(clippy::unnecessary_wraps, clippy::type_complexity, reason = "tables of expectations read better so")]

use embedded_mtls::credential::{Choice, Entry, Match, Mismatch, NoMatch, PeerRequest, Selector};
use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::io::{Host, SoftwareHost};
use embedded_mtls::x509::{Name, ServerName, Time, UnixTime};
use embedded_mtls::{
    AlertDescription, CertificateError, CertificateProblem, ClientAuth, ClientAuthStatus, ClientConfig, Credential,
    Error, InvalidMessage, KeyHandle, PeerIncompatible, ServerConfig, SignInput, Signature,
};
use test_support::messages::*;
use test_support::pair::{Outcome, Setup, TestHost, anchors, credential, leak_all, now, signing_key};
use test_support::pki::{Issued, NOW, Pki, SERVER_NAME, Template, tbs, tlv};
use test_support::script::{Real, Script, client, invalid};

const OID_FILTERS: u16 = 48;

/// The verdict on an entry.
type Fit = Result<Match, Mismatch>;

/// A keystore, and what was found about each entry when it was asked.
struct Keystore {
    inner: SoftwareHost<'static, fn() -> Time, P256SigningKey, embedded_mtls::io::Keystore<'static>>,
    selector: Selector<'static>,
    verdicts: Vec<(&'static str, Fit)>,
}

/// The entries of a keystore: alias, chain, the leaf first.
type Chains<'c> = &'c [(&'static str, &'c [&'c Issued])];

fn entries(chains: Chains<'_>) -> Vec<Entry<'static>> {
    (0..).zip(chains).map(|(key, (alias, chain))| Entry::new(alias, credential(chain, key))).collect()
}

fn keystore(chains: Chains<'_>, change: impl FnOnce(Selector<'static>) -> Selector<'static>) -> Keystore {
    let keys = chains.iter().map(|(_, chain)| signing_key(chain[0])).collect();
    Keystore::new(entries(chains), keys, change)
}

impl Keystore {
    fn new(
        entries: Vec<Entry<'static>>,
        keys: Vec<P256SigningKey>,
        change: impl FnOnce(Selector<'static>) -> Selector<'static>,
    ) -> Self {
        let selector = change(Selector::new(leak_all(entries)));
        Self { inner: SoftwareHost::with_selector(selector, leak_all(keys), now), selector, verdicts: vec![] }
    }

    fn shown(&self) -> Option<&'static str> {
        Some(self.inner.selection()?.sent?.alias)
    }
}

impl Host for Keystore {
    type Choice = Choice<'static>;

    fn time(&mut self) -> Time {
        now()
    }

    #[cfg(feature = "events")]
    fn mismatches(&mut self, request: &PeerRequest<'_>, each: &mut dyn FnMut(KeyHandle, &str, Mismatch)) {
        self.inner.mismatches(request, each);
    }

    fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'static> {
        let verdicts = self.selector.verdicts(request);
        self.verdicts = verdicts.map(|verdict| (verdict.alias, verdict.fit)).collect();
        self.inner.credential(request)
    }

    fn sign(&mut self, input: &SignInput) -> Option<Signature> {
        self.inner.sign(input)
    }
}

/// A client with this keystore, and a server that asks with this CertificateRequest. Gives what the client found, the
/// chain it sent, and how it ended.
fn asked(pki: &Pki, keystore: Keystore, request: &[(u16, Vec<u8>)]) -> (Keystore, Option<Vec<u8>>, Option<Error>) {
    asked_by(pki, keystore, &certificate_request(request))
}

/// A client with this host, and a server that sends this CertificateRequest.
fn asked_by<H: Host<Choice = Choice<'static>>>(
    pki: &Pki,
    host: H,
    request: &[u8],
) -> (H, Option<Vec<u8>>, Option<Error>) {
    let base = Setup::new(pki);
    let setup = Setup {
        client: base.client,
        server: base.server,
        client_host: host,
        server_host: base.server_host,
        client_sizes: base.client_sizes,
        server_sizes: base.server_sizes,
        chunk: 0,
    };
    let (mut real, mut script) = client(setup);
    let edit = |message: Vec<u8>| if message[0] == CERTIFICATE_REQUEST { request.to_vec() } else { message };
    let flight = script.server_flight(pki, edit);
    real.feed(&script.seal_all(&flight));
    let error = real.error();
    let certificate = script.open_messages(&real.take()).into_iter().find(|message| message[0] == CERTIFICATE);
    (real.host, certificate, error)
}

/// A request that names these authorities.
fn naming(authorities: &[&Issued]) -> Vec<(u16, Vec<u8>)> {
    let names: Vec<u8> = authorities.iter().flat_map(|issued| vec16(&subject(issued))).collect();
    vec![(CERTIFICATE_AUTHORITIES, vec16(&names))]
}

fn subject(issued: &Issued) -> Vec<u8> {
    let anchor = anchors(&[issued]);
    anchor[0].subject().unwrap().as_der().to_vec()
}

/// Two authorities, and a client of each, below an intermediate and directly.
struct World {
    pki: Pki,
    other_root: Issued,
    other: Issued,
    third_root: Issued,
}

impl World {
    fn new() -> Self {
        let other_root = Template::ca("Other Root").self_signed();
        let other = Template::client("other").signed_by(&other_root);
        Self { pki: Pki::new(), other_root, other, third_root: Template::ca("Third Root").self_signed() }
    }

    fn chains(&self) -> [(&'static str, Vec<&Issued>); 2] {
        [("orders", vec![&self.pki.client, &self.pki.intermediate]), ("other", vec![&self.other])]
    }

    fn keystore(&self, change: impl FnOnce(Selector<'static>) -> Selector<'static>) -> Keystore {
        let chains = self.chains();
        keystore(&chains.each_ref().map(|(alias, chain)| (*alias, &chain[..])), change)
    }
}

fn fits(certificate: u8, place: u16) -> Fit {
    let mut fit = Match::default();
    fit.issuer = Some((certificate, place));
    Ok(fit)
}

#[test]
fn the_names_in_a_request_match_the_issuer_of_every_certificate_of_a_chain() {
    let world = World::new();
    let World { pki, other_root, other, third_root } = &world;
    let orders = chain_of(&pki.client, &pki.intermediate);
    let other_chain = certificate(&[&other.der]);
    let none = Err(Mismatch::Issuer);
    let rows: [(&str, Vec<&Issued>, &[u8], [Fit; 2]); 7] = [
        ("the issuer of the leaf", vec![&pki.intermediate], &orders, [fits(0, 0), none]),
        ("the issuer of the intermediate", vec![&pki.root], &orders, [fits(1, 0), none]),
        ("the second name, of the intermediate", vec![third_root, &pki.root], &orders, [fits(1, 1), none]),
        ("the other authority", vec![other_root], &other_chain, [none, fits(0, 0)]),
        ("both: our own order counts", vec![other_root, &pki.root], &orders, [fits(1, 1), fits(0, 0)]),
        ("leaf before intermediate", vec![&pki.root, &pki.intermediate], &orders, [fits(0, 1), none]),
        ("nobody whom we know", vec![third_root], &certificate(&[]), [none, none]),
    ];
    for (name, authorities, expected, verdicts) in rows {
        let (seen, sent, error) = asked(pki, world.keystore(|selector| selector), &naming(&authorities));
        assert_eq!(error, None, "{name}");
        assert_eq!(sent.as_deref(), Some(expected), "{name}");
        assert_eq!(seen.verdicts, [("orders", verdicts[0]), ("other", verdicts[1])], "{name}");
    }
    // An absent list means any.
    let (seen, sent, _) = asked(pki, world.keystore(|selector| selector), &[]);
    assert_eq!(sent, Some(orders));
    assert_eq!(seen.verdicts[0].1, Ok(Match::default()));
}

#[test]
fn one_credential_is_sent_to_every_server_that_accepts_its_signatures() {
    let World { pki, third_root, .. } = &World::new();
    let sent = |request: &[u8]| {
        let credential = leak_all(vec![credential(&[&pki.client, &pki.intermediate], 0)]);
        let host = SoftwareHost::with_credential(
            &credential[0],
            leak_all(vec![signing_key(&pki.client)]),
            now as fn() -> Time,
        );
        let (_, sent, error) = asked_by(pki, host, request);
        assert_eq!(error, None);
        sent
    };
    let whole = Some(chain_of(&pki.client, &pki.intermediate));
    assert_eq!(sent(&certificate_request(&[])), whole);
    assert_eq!(sent(&certificate_request(&naming(&[third_root]))), whole, "the server judges it");
    let ed25519 =
        message(CERTIFICATE_REQUEST, &[vec![0], block(&[(SIGNATURE_ALGORITHMS, list16(&[0x0807]))])].concat());
    assert_eq!(sent(&ed25519), Some(certificate(&[])));
}

// RFC 5280 section 7.1
#[test]
fn a_name_in_another_string_type_case_and_spacing_is_the_same_name() {
    let world = World::new();
    let der = subject(&world.pki.root);
    let text = |tag: u8, value: &str| [&[tag, u8::try_from(value.len()).unwrap()], value.as_bytes()].concat();
    let old = text(0x0c, "Example Root");
    let at = der.windows(old.len()).position(|window| window == old).expect("a UTF8String");
    for new in [text(0x13, "Example Root"), text(0x0c, "EXAMPLE root"), text(0x13, "example ROOT")] {
        let name = [&der[..at], &new[..], &der[at + old.len()..]].concat();
        let request = [(CERTIFICATE_AUTHORITIES, vec16(&vec16(&name)))];
        let (seen, sent, _) = asked(&world.pki, world.keystore(|selector| selector), &request);
        assert_eq!(sent, Some(chain_of(&world.pki.client, &world.pki.intermediate)));
        assert_eq!(seen.verdicts[0].1, fits(1, 0));
    }
}

// no match
#[test]
fn without_a_match_a_client_declines_or_shows_a_default_or_fails() {
    let world = World::new();
    let World { pki, third_root, other, .. } = &world;
    let request = naming(&[third_root]);
    let run = |no_match| asked(pki, world.keystore(|selector| Selector { no_match, ..selector }), &request);

    let (seen, sent, error) = run(NoMatch::Decline);
    assert_eq!((seen.shown(), sent, error), (None, Some(certificate(&[])), None));

    let (seen, sent, error) = run(NoMatch::Default("other"));
    assert_eq!((seen.shown(), sent, error), (Some("other"), Some(certificate(&[&other.der])), None));
    let shown = seen.inner.selection().unwrap();
    assert_eq!(shown.sent.unwrap().fit, Err(Mismatch::Issuer), "shown though it does not fit");
    assert_eq!(shown.to_string(), "sent: other: no certificate of the chain was issued by a CA that the peer names");

    let failed = Some(Error::PeerIncompatible(PeerIncompatible::NoCredential));
    for no_match in [NoMatch::Fail, NoMatch::Default("no such alias")] {
        let (_, sent, error) = run(no_match);
        assert_eq!((sent, error), (None, failed));
        assert_eq!(error.unwrap().alert(), Some(AlertDescription::HANDSHAKE_FAILURE));
    }
}

#[test]
fn a_default_that_is_switched_off_or_is_not_the_one_that_was_asked_for_is_not_sent() {
    let world = World::new();
    let request = naming(&[&world.third_root]);
    let failed = Some(Error::PeerIncompatible(PeerIncompatible::NoCredential));
    let no_match = NoMatch::Default("other");
    let (_, sent, error) =
        asked(&world.pki, world.keystore(|s| Selector { no_match, alias: Some("orders"), ..s }), &request);
    assert_eq!((sent, error), (None, failed));
    let chains = world.chains();
    let chains: Vec<_> = chains.iter().map(|(alias, chain)| (*alias, &chain[..])).collect();
    let mut off = entries(&chains);
    for entry in &mut off {
        entry.enabled = false;
    }
    let keys = chains.iter().map(|(_, chain)| signing_key(chain[0])).collect();
    let (_, sent, error) = asked(&world.pki, Keystore::new(off, keys, |s| Selector { no_match, ..s }), &request);
    assert_eq!((sent, error), (None, failed));
}

#[test]
fn a_key_whose_signatures_the_server_cannot_verify_is_not_sent_even_as_a_default() {
    let pki = Pki::new();
    let host = || {
        keystore(&[("orders", &[&pki.client, &pki.intermediate])], |selector| Selector {
            no_match: NoMatch::Default("orders"),
            ..selector
        })
    };
    let (real, script) = client(with_client(&pki, host()));
    let (mut real, mut script) = (real, script);
    let request =
        message(CERTIFICATE_REQUEST, &[vec![0], block(&[(SIGNATURE_ALGORITHMS, list16(&[0x0807]))])].concat());
    let flight =
        script.server_flight(&pki, |message| if message[0] == CERTIFICATE_REQUEST { request.clone() } else { message });
    real.feed(&script.seal_all(&flight));
    assert_eq!(real.error(), Some(Error::PeerIncompatible(PeerIncompatible::NoCredential)));
    assert_eq!(real.host.verdicts, [("orders", Err(Mismatch::SignatureScheme))]);
}

fn with_client<H: Host<Choice = Choice<'static>>>(pki: &Pki, client_host: H) -> Setup<H, TestHost> {
    let base = Setup::new(pki);
    Setup {
        client: base.client,
        server: base.server,
        client_host,
        server_host: base.server_host,
        client_sizes: base.client_sizes,
        server_sizes: base.server_sizes,
        chunk: 0,
    }
}

/// A leaf that names another signature algorithm: only the name matters, as no test verifies it.
fn signed_with(leaf: &Issued, algorithm: &[u8]) -> Vec<u8> {
    const ECDSA_WITH_SHA256: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
    let outer = tbs(&leaf.der);
    let inner = &outer[if outer[1] == 0x82 { 4 } else { 3 }..];
    let at = inner.windows(ECDSA_WITH_SHA256.len()).position(|bytes| bytes == ECDSA_WITH_SHA256).unwrap();
    let inner = [&inner[..at], algorithm, &inner[at + ECDSA_WITH_SHA256.len()..]].concat();
    tlv(0x30, &[&tlv(0x30, &inner)[..], algorithm, &tlv(3, &[0, 1, 2, 3])].concat())
}

const SHA384: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03";
const SHA1: &[u8] = b"\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01";
const RSA: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00";

fn entry_der(alias: &'static str, chain: &[&[u8]], key: u32) -> Entry<'static> {
    let chain: Vec<_> = chain.iter().map(|der| der.to_vec()).collect();
    Entry::new(alias, test_support::pair::credential_der(&chain, key))
}

// signature_algorithms_cert
#[test]
fn a_chain_that_the_server_cannot_verify_is_skipped() {
    let pki = Pki::new();
    let (sha384, rsa) = (signed_with(&pki.client, SHA384), signed_with(&pki.client, RSA));
    let host = || {
        let entries = vec![
            entry_der("by SHA-384", &[&sha384], 0),
            entry_der("by RSA", &[&rsa], 0),
            entry_der("usual", &[&pki.client.der, &pki.intermediate.der], 0),
            entry_der("with root", &[&pki.client.der, &signed_with(&pki.root, RSA)], 0),
        ];
        Keystore::new(entries, vec![signing_key(&pki.client)], |selector| selector)
    };
    let bad = |index| Err(Mismatch::CertificateScheme(index));
    let ok = Ok(Match::default());
    let rows: [(&str, Option<&[u16]>, [Fit; 4]); 4] = [
        ("signature_algorithms alone, ECDSA with SHA-256", None, [bad(0), bad(0), ok, ok]),
        ("SHA-384 as well", Some(&[0x0503, 0x0403]), [ok, bad(0), ok, ok]),
        ("RSA only; that of a root is not verified", Some(&[0x0401]), [bad(0), ok, bad(0), bad(0)]),
        ("PSS only", Some(&[0x0804, 0x0809]), [bad(0), bad(0), bad(0), bad(0)]),
    ];
    for (name, schemes, verdicts) in rows {
        let request: Vec<_> = schemes.iter().map(|list| (SIGNATURE_ALGORITHMS_CERT, list16(list))).collect();
        let (seen, sent, error) = asked(&pki, host(), &request);
        assert_eq!(error, None, "{name}");
        let found: Vec<_> = seen.verdicts.iter().map(|verdict| verdict.1).collect();
        assert_eq!(found, verdicts, "{name}");
        assert_eq!(sent == Some(certificate(&[])), verdicts.iter().all(Result::is_err), "{name}");
    }
}

/// digitalSignature; keyAgreement; keyCertSign.
const KEY_USAGE: [u8; 5] = [6, 3, 0x55, 0x1d, 15];
const EXTENDED_KEY_USAGE: [u8; 5] = [6, 3, 0x55, 0x1d, 37];
const CLIENT_AUTH: &[u8] = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02";
const SMART_CARD_LOGON: &[u8] = b"\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x02";

// RFC 9846 section 4.3.5
#[test]
fn filters_by_key_usage_and_purpose_are_kept_and_unknown_ones_skipped() {
    let pki = Pki::new();
    let plain = {
        let mut template = Template::client("no extensions at all").key("gateway-7");
        template.params.key_usages.clear();
        template.params.extended_key_usages.clear();
        template.signed_by(&pki.intermediate)
    };
    let filter = |oid: &[u8], values: &[u8]| [vec8(oid), vec16(values)].concat();
    let purposes = |list: &[&[u8]]| tlv(0x30, &list.concat());
    let bits = |byte: u8| vec![3, 2, 0, byte];
    let mismatch = Err(Mismatch::OidFilter);
    let ok = Ok(Match::default());
    let rows: [(&str, Vec<u8>, [Fit; 2]); 10] = [
        ("an empty list", vec![], [ok, ok]),
        ("digitalSignature", filter(&KEY_USAGE, &[3, 2, 7, 0x80]), [ok, mismatch]),
        ("the same without the tag", filter(&KEY_USAGE[2..], &[3, 2, 7, 0x80]), [ok, mismatch]),
        ("and keyAgreement", filter(&KEY_USAGE, &bits(0x88)), [mismatch, mismatch]),
        ("clientAuth", filter(&EXTENDED_KEY_USAGE, &purposes(&[CLIENT_AUTH])), [ok, mismatch]),
        (
            "clientAuth and smart card",
            filter(&EXTENDED_KEY_USAGE, &purposes(&[CLIENT_AUTH, SMART_CARD_LOGON])),
            [mismatch, mismatch],
        ),
        ("any extended key usage", filter(&EXTENDED_KEY_USAGE, &[]), [ok, mismatch]),
        ("values that are none", filter(&KEY_USAGE, &[5, 0]), [mismatch, mismatch]),
        ("a private extension", filter(&[6, 3, 0x2a, 3, 4], &[5, 0]), [ok, ok]),
        (
            "several, of which one does not match",
            [
                filter(&[6, 3, 0x2a, 3, 4], &[]),
                filter(&KEY_USAGE, &bits(0x80)),
                filter(&EXTENDED_KEY_USAGE, &purposes(&[SMART_CARD_LOGON])),
            ]
            .concat(),
            [mismatch, mismatch],
        ),
    ];
    for (name, filters, verdicts) in rows {
        let host = keystore(
            &[("usual", &[&pki.client, &pki.intermediate]), ("plain", &[&plain, &pki.intermediate])],
            |selector| selector,
        );
        let (seen, _, error) = asked(&pki, host, &[(OID_FILTERS, vec16(&filters))]);
        assert_eq!(error, None, "{name}");
        assert_eq!(seen.verdicts, [("usual", verdicts[0]), ("plain", verdicts[1])], "{name}");
    }
    let twice = [filter(&KEY_USAGE, &[]), filter(&KEY_USAGE[2..], &[])].concat();
    let host = keystore(&[("usual", &[&pki.client])], |selector| selector);
    let (.., error) = asked(&pki, host, &[(OID_FILTERS, vec16(&twice))]);
    assert_eq!(error, invalid(InvalidMessage::DuplicateExtension));
}

#[test]
fn certificates_off_the_path_count_neither_for_time_nor_for_names() {
    let pki = Pki::new();
    let old_root = Template::ca("Old Root").self_signed();
    let rest = Template::ca("Example Root").years(2010, 2019).signed_by(&old_root);
    let copy = Template::ca("Example Intermediate").years(2020, 2026).signed_by(&pki.root);
    let third = Template::ca("Third Root").self_signed();
    let chains: Chains<'_> = &[
        ("rest", &[&pki.client, &pki.intermediate, &rest]),
        ("copy", &[&pki.client, &copy, &pki.intermediate]),
        ("without", &[&pki.client, &third]),
    ];
    let at = Time::Trusted(UnixTime(NOW));
    let none = Err(Mismatch::Issuer);
    for (authority, expected) in [(&pki.root, [fits(1, 0), fits(1, 0), none]), (&old_root, [fits(2, 0), none, none])] {
        let (seen, ..) =
            asked(&pki, keystore(chains, |selector| Selector { time: Some(at), ..selector }), &naming(&[authority]));
        let found: Vec<_> = seen.verdicts.iter().map(|verdict| verdict.1).collect();
        assert_eq!(found, expected);
    }
    let (seen, ..) =
        asked(&pki, keystore(chains, |selector| Selector { time: Some(at), ..selector }), &naming(&[&third]));
    assert!(seen.verdicts.iter().all(|verdict| verdict.1 == none), "a root that issued nothing: {:?}", seen.verdicts);
}

#[test]
fn expired_credentials_and_those_of_another_role_are_skipped() {
    let pki = Pki::new();
    let expired = Template::client("gateway-7").years(2020, 2026).signed_by(&pki.intermediate);
    let early = Template::client("gateway-7").years(2030, 2035).signed_by(&pki.intermediate);
    let old_intermediate = Template::ca("Example Intermediate").years(2020, 2026).signed_by(&pki.root);
    let chains: Chains<'_> = &[
        ("expired", &[&expired, &pki.intermediate]),
        ("early", &[&early, &pki.intermediate]),
        ("old issuer", &[&pki.client, &old_intermediate]),
        ("server", &[&pki.server, &pki.intermediate]),
        ("good", &[&pki.client, &pki.intermediate]),
    ];
    let why = |index, problem| Err(Mismatch::Certificate(CertificateError { index, problem }));
    let ok = Ok(Match::default());
    let purpose = why(0, CertificateProblem::ExtendedKeyUsage);

    let at = Time::Trusted(UnixTime(NOW));
    let (seen, ..) = asked(&pki, keystore(chains, |selector| Selector { time: Some(at), ..selector }), &[]);
    let found: Vec<_> = seen.verdicts.iter().map(|verdict| verdict.1).collect();
    let expected = [
        why(0, CertificateProblem::Expired),
        why(0, CertificateProblem::NotYetValid),
        why(1, CertificateProblem::Expired),
        purpose,
        ok,
    ];
    assert_eq!(found, expected);
    assert_eq!(seen.shown(), Some("good"));

    // A device that only knows that it is at least this late does not refuse what may be valid by now.
    let at = Time::AtLeast(UnixTime(NOW));
    let (seen, ..) = asked(&pki, keystore(chains, |selector| Selector { time: Some(at), ..selector }), &[]);
    assert_eq!((seen.verdicts[1].1, seen.shown()), (ok, Some("early")));

    // Without a time validity is not asked, the purpose is.
    let (seen, ..) = asked(&pki, keystore(chains, |selector| selector), &[]);
    let found: Vec<_> = seen.verdicts.iter().map(|verdict| verdict.1).collect();
    assert_eq!(found, [ok, ok, ok, purpose, ok]);
}

#[test]
fn an_alias_overrides_the_choice_for_one_connection_and_an_entry_can_be_disabled() {
    let world = World::new();
    let World { pki, other, .. } = &world;
    let (seen, sent, _) = asked(pki, world.keystore(|selector| Selector { alias: Some("other"), ..selector }), &[]);
    assert_eq!((seen.shown(), sent), (Some("other"), Some(certificate(&[&other.der]))));
    assert_eq!(seen.verdicts[0], ("orders", Err(Mismatch::OtherAlias)));

    // The requested entry does not match: no other is sent in its place.
    let (seen, sent, _) =
        asked(pki, world.keystore(|selector| Selector { alias: Some("other"), ..selector }), &naming(&[&pki.root]));
    assert_eq!((seen.shown(), sent), (None, Some(certificate(&[]))));

    let mut entries = entries(&[("orders", &[&pki.client, &pki.intermediate]), ("other", &[other])]);
    entries[0].enabled = false;
    let keys = vec![signing_key(&pki.client), signing_key(other)];
    let host = Keystore::new(entries, keys, |selector| Selector { no_match: NoMatch::Default("orders"), ..selector });
    let (seen, ..) = asked(pki, host, &[]);
    assert_eq!(seen.verdicts[0], ("orders", Err(Mismatch::Disabled)));
    assert_eq!(seen.shown(), Some("other"));
}

/// A client that asks for this name, and a server with this keystore.
fn visit(pki: &Pki, name: &'static str, host: Keystore) -> Outcome {
    let base = Setup::new(pki);
    let setup = Setup {
        client: ClientConfig::new(ServerName::parse(name).unwrap(), anchors(&[&pki.root])),
        server: ServerConfig::new(ClientAuth::None),
        client_host: base.client_host,
        server_host: host,
        client_sizes: base.client_sizes,
        server_sizes: base.server_sizes,
        chunk: 0,
    };
    setup.run()
}

/// Certificates for `supplier.example.com`, `shop.example.com` and `*.cloud.example.com`.
fn servers(pki: &Pki) -> [Issued; 3] {
    ["shop.example.com", "*.cloud.example.com", SERVER_NAME]
        .map(|name| Template::server(name).signed_by(&pki.intermediate))
}

// "Resolve at accept (by SNI)"
#[test]
fn a_server_sends_the_certificate_of_the_requested_name() {
    let pki = Pki::new();
    let [shop, cloud, supplier] = servers(&pki);
    let chains: Chains<'_> = &[
        ("supplier", &[&supplier, &pki.intermediate]),
        ("shop", &[&shop, &pki.intermediate]),
        ("cloud", &[&cloud, &pki.intermediate]),
    ];
    for (name, common_name) in [
        (SERVER_NAME, SERVER_NAME),
        ("shop.example.com", "shop.example.com"),
        ("SHOP.example.com", "shop.example.com"),
        ("a.cloud.example.com", "*.cloud.example.com"),
    ] {
        let (client, _server) = visit(&pki, name, keystore(chains, |selector| selector)).sessions();
        assert_eq!(client.peer().unwrap().common_name(), Some(common_name), "{name}");
    }
}

// RFC 6066 section 3
#[test]
fn an_unknown_server_name_is_rejected_or_gets_the_default() {
    let pki = Pki::new();
    let [shop, _, supplier] = servers(&pki);
    let chains: Chains<'_> = &[("supplier", &[&supplier, &pki.intermediate]), ("shop", &[&shop, &pki.intermediate])];
    let unknown = Error::PeerIncompatible(PeerIncompatible::UnknownServerName);
    let failed = visit(&pki, "unknown.example.com", keystore(chains, |s| Selector { no_match: NoMatch::Fail, ..s }));
    assert_eq!(failed.errors(), (Some(Error::AlertReceived(AlertDescription::UNRECOGNIZED_NAME)), Some(unknown)));

    // An entry that is switched off, or is not the one that was asked for, does not know the name either.
    let mut one_off = entries(chains);
    one_off[0].enabled = false;
    let keys = vec![signing_key(&supplier), signing_key(&shop)];
    let host = Keystore::new(one_off, keys, |s| Selector { no_match: NoMatch::Fail, ..s });
    assert_eq!(visit(&pki, "unknown.example.com", host).errors().1, Some(unknown), "one is switched off");
    let one = |alias| keystore(chains, move |s| Selector { no_match: NoMatch::Fail, alias: Some(alias), ..s });
    assert_eq!(visit(&pki, "unknown.example.com", one("shop")).errors().1, Some(unknown), "one alias");
    let known = visit(&pki, SERVER_NAME, one("shop")).errors().1;
    assert_eq!(known, Some(Error::PeerIncompatible(PeerIncompatible::NoCredential)), "another alias has the name");

    // Without a default a server cannot go on.
    let declined = visit(&pki, "unknown.example.com", keystore(chains, |s| s));
    assert_eq!(declined.errors().1, Some(Error::PeerIncompatible(PeerIncompatible::NoCredential)));

    // The default is sent; the client has to find out that its name is a different one.
    let default =
        visit(&pki, "unknown.example.com", keystore(chains, |s| Selector { no_match: NoMatch::Default("shop"), ..s }));
    let mismatch = CertificateError { index: 0, problem: CertificateProblem::NameMismatch };
    assert_eq!(default.errors().0, Some(Error::Certificate(mismatch)));

    // A client that connects to an address sends no name: the first entry is sent.
    let address = visit(&pki, "192.0.2.1", keystore(chains, |s| Selector { no_match: NoMatch::Fail, ..s }));
    assert_eq!(address.errors().0, Some(Error::Certificate(mismatch)));
}

// `supplier --sni NAME=ALIAS`
#[test]
fn a_list_of_names_takes_precedence_over_the_names_in_certificates() {
    let pki = Pki::new();
    let [shop, _, supplier] = servers(&pki);
    let second = Template::server("shop.example.com").named("the second shop").signed_by(&pki.intermediate);
    let mut entries = entries(&[
        ("supplier", &[&supplier, &pki.intermediate]),
        ("shop", &[&shop, &pki.intermediate]),
        ("second", &[&second, &pki.intermediate]),
    ]);
    entries[0].server_names = &[];
    entries[2].server_names = &["shop.example.com", "*.shops.example.com"];
    let host = |entries: &Vec<Entry<'static>>| {
        let keys = vec![signing_key(&supplier), signing_key(&shop), signing_key(&second)];
        Keystore::new(entries.clone(), keys, |s| Selector { no_match: NoMatch::Fail, ..s })
    };
    let (client, _) = visit(&pki, "shop.example.com", host(&entries)).sessions();
    assert_eq!(client.peer().unwrap().common_name(), Some("the second shop"));
    // Its list may also exclude names; and a name with a wildcard has one more label.
    let listed = visit(&pki, "a.shops.example.com", host(&entries)).errors().0;
    let mismatch = CertificateError { index: 0, problem: CertificateProblem::NameMismatch };
    assert_eq!(listed, Some(Error::Certificate(mismatch)));
    entries[1].enabled = false;
    entries[2].server_names = &["elsewhere.example.com"];
    let nobody = visit(&pki, "shop.example.com", host(&entries)).errors().1;
    assert_eq!(nobody, Some(Error::PeerIncompatible(PeerIncompatible::NoCredential)), "one is only switched off");
}

/// Returns the answer of a server with this keystore to a client whose hello has these extensions.
fn greeted(pki: &Pki, host: Keystore, extensions: &[(u16, Vec<u8>)]) -> (Keystore, Option<Error>) {
    let base = Setup::new(pki);
    let setup = Setup {
        client: base.client,
        server: ServerConfig::new(ClientAuth::None),
        client_host: base.client_host,
        server_host: host,
        client_sizes: base.client_sizes,
        server_sizes: base.server_sizes,
        chunk: 0,
    };
    let hello = extensions.iter().fold(Script::hello(X25519), |hello, (kind, body)| hello.with(*kind, body));
    let (mut real, mut script) = (Real::server(setup), Script::client(hello));
    real.feed(&script.say_hello());
    let error = real.end.and_then(Result::err);
    (real.host, error)
}

// RFC 9846 section 4.5.1.1
#[test]
fn a_server_prefers_a_chain_that_the_client_can_verify_and_otherwise_sends_another() {
    let pki = Pki::new();
    let other_root = Template::ca("Other Root").self_signed();
    let other = Template::server(SERVER_NAME).named("other").signed_by(&other_root);
    let stranger = Template::ca("Stranger").self_signed();
    let usual = || entry_der("usual", &[&pki.server.der, &pki.intermediate.der], 0);
    let host = |entries: Vec<Entry<'static>>| {
        Keystore::new(entries, vec![signing_key(&pki.server), signing_key(&other)], |s| Selector {
            no_match: NoMatch::Fail,
            ..s
        })
    };
    let both = || host(vec![usual(), entry_der("other", &[&other.der], 1)]);

    for (authorities, expected) in
        [(vec![&other_root], "other"), (vec![&pki.root], "usual"), (vec![&stranger], "usual")]
    {
        let names: Vec<u8> = authorities.iter().flat_map(|issued| vec16(&subject(issued))).collect();
        let (seen, error) = greeted(&pki, both(), &[(CERTIFICATE_AUTHORITIES, vec16(&names))]);
        assert_eq!((seen.shown(), error), (Some(expected), None));
    }

    // The scheme of a certificate is a preference, too; SHA-1 must not be sent to a client that did not offer it.
    let sha384 = signed_with(&pki.server, SHA384);
    let sha1 = signed_with(&pki.server, SHA1);
    let (seen, error) = greeted(&pki, host(vec![entry_der("sha384", &[&sha384], 0), usual()]), &[]);
    assert_eq!((seen.shown(), error), (Some("usual"), None));
    let (seen, error) =
        greeted(&pki, host(vec![entry_der("sha1", &[&sha1], 0), entry_der("sha384", &[&sha384], 0)]), &[]);
    assert_eq!((seen.shown(), error), (Some("sha384"), None));
    assert_eq!(
        seen.verdicts,
        [("sha1", Err(Mismatch::CertificateSha1(0))), ("sha384", Err(Mismatch::CertificateScheme(0)))]
    );
    let (seen, error) = greeted(&pki, host(vec![entry_der("sha1", &[&sha1], 0)]), &[]);
    assert_eq!((seen.shown(), error), (None, Some(Error::PeerIncompatible(PeerIncompatible::NoCredential))));
    let (seen, error) = greeted(
        &pki,
        host(vec![entry_der("sha1", &[&sha1], 0)]),
        &[(SIGNATURE_ALGORITHMS_CERT, list16(&[ECDSA_P256, 0x0203]))],
    );
    assert_eq!((seen.shown(), error), (Some("sha1"), None));

    // Signatures of the key itself are no wish.
    let (_, error) = greeted(&pki, both(), &[(SIGNATURE_ALGORITHMS, list16(&[0x0804]))]);
    assert_eq!(error, Some(Error::PeerIncompatible(PeerIncompatible::NoCredential)));
}

#[test]
fn a_client_that_is_not_asked_is_notified() {
    let pki = Pki::new();
    let mut setup = with_client(&pki, keystore(&[("orders", &[&pki.client, &pki.intermediate])], |s| s));
    setup.server = ServerConfig::new(ClientAuth::None);
    let (client, _server) = setup.run().sessions();
    assert_eq!(client.client_auth(), ClientAuthStatus::NotRequested);
}

// the `check` of a gateway
#[test]
fn a_program_can_ask_which_credential_matches_which_name() {
    let world = World::new();
    let World { pki, other_root, other, .. } = &world;
    let orders = credential(&[&pki.client, &pki.intermediate], 0);
    let second = credential(&[other], 1);
    let names = [subject(&pki.root), subject(other_root), subject(&pki.intermediate)];
    let names = names.each_ref().map(|der| Name::from_der(der).unwrap());
    assert_eq!(names.map(|name| orders.certificate_of(&name)), [Some(1), None, Some(0)]);
    assert_eq!(names.map(|name| second.certificate_of(&name)), [None, Some(0), None]);
}

// They can be kept on a device.
#[test]
fn reasons_are_small() {
    assert!(size_of::<Fit>() <= 12, "{}", size_of::<Fit>());
}

#[test]
fn a_chain_is_as_long_as_a_byte_can_count_and_no_longer() {
    let pki = Pki::new();
    let mut chain = vec![&pki.client];
    chain.resize(255, &pki.intermediate);
    let longest = credential(&chain, 0);
    assert_eq!(longest.issuers().count(), 255);
    let stranger = Template::ca("Another root").self_signed();
    let stranger = embedded_mtls::x509::TrustAnchor::from_certificate(&stranger.der).unwrap();
    assert_eq!(longest.certificate_of(&stranger.subject().unwrap()), None);

    let ders: Vec<&[u8]> = chain.iter().map(|issued| &issued.der[..]).chain([&pki.intermediate.der[..]]).collect();
    let refused = Credential::new(&ders, embedded_mtls::KeyHandle(0)).err();
    let error = CertificateError { index: 255, problem: CertificateProblem::ListTooLong };
    assert_eq!(refused, Some(embedded_mtls::ApiMisuse::CredentialUnusable(error).into()));
}
