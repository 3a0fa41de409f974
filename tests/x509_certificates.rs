//! Parsing of certificates: those that are rejected, those that are tolerated, and the verdict on the leaf.

use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::x509::{Rules, ServerName, Time, TrustAnchor, UnixTime, Validator};
use embedded_mtls::{ApiMisuse, CertificateError, CertificateProblem, Credential, Error, KeyHandle, Malformation};
use test_support::chain_case::Case;
use test_support::pki::{self, Issued, NOW, Pki, Role, SERVER_NAME, Template};

#[test]
fn issuers_are_matched_without_regard_to_case_space_and_string_type() {
    use rcgen::{DnType, DnValue};
    let printable = DnValue::PrintableString("example  ROOT".try_into().unwrap());
    let root = Template::ca("Root").subject(&[(DnType::CommonName, DnValue::Utf8String("Example Root".into()))]);
    let same = root.clone().subject(&[(DnType::CommonName, printable)]).self_signed();
    let leaf = Template::server(SERVER_NAME).signed_by(&root.self_signed());
    assert_eq!(Case::new(&[&leaf], &[&same]).accepted(), (1, 0));
}

#[test]
fn a_broken_certificate_is_an_error_only_where_it_is_the_leaf() {
    let pki = Pki::new();
    let broken = pki.server.der[..100].to_vec();
    let good = pki.chain(Role::Server);
    let anchors = vec![pki.root.der.clone()];
    let case = |chain| Case::of(chain, anchors.clone(), Role::Server);
    let cut = CertificateProblem::Malformed(Malformation::Truncated);
    case(vec![broken.clone()]).refused(0, cut);
    case(vec![]).refused(0, CertificateProblem::Malformed(Malformation::Missing));
    assert_eq!(case(vec![good[0].clone(), broken.clone(), good[1].clone()]).accepted(), (2, 0));
    case(vec![good[0].clone(), broken.clone()]).refused(1, cut);

    let mut memory = [0; 1024];
    let mut push = |der| Validator::new(&mut memory).push(RustCrypto, der);
    let error = Error::Certificate(CertificateError { index: 0, problem: cut });
    assert_eq!((push(&broken), push(&good[0])), (Err(error), Ok(())));
}

#[test]
fn a_huge_certificate_is_skipped() {
    let pki = Pki::new();
    let huge = vec![0; 70_000];
    let anchors = vec![pki.root.der.clone()];
    let [leaf, intermediate] = pki.chain(Role::Server).try_into().unwrap();
    assert_eq!(Case::of(vec![leaf, huge.clone(), intermediate], anchors.clone(), Role::Server).accepted(), (2, 0));
    Case::of(vec![huge], anchors, Role::Server).refused(0, CertificateProblem::TooLarge);
}

#[test]
fn certificates_that_rfc_5280_forbids_are_rejected() {
    let root = Template::ca("Root").self_signed();
    let ask = |template: Template| Case::new(&[&template.signed_by(&root)], &[&root]);
    let server = || Template::server(SERVER_NAME);
    let serial = |bytes: &[u8]| {
        let mut template = server();
        template.params.serial_number = Some(rcgen::SerialNumber::from_slice(bytes));
        template
    };
    assert!(ask(serial(&[0x7f; 20])).run().is_ok());
    ask(serial(&[0x7f; 21])).refused(0, CertificateProblem::SerialNumber);
    // Version 2.
    ask(server().patched(&[0xa0, 3, 2, 1, 2], &[0xa0, 3, 2, 1, 1])).refused(0, CertificateProblem::UnsupportedVersion);
    // ecdsa-with-SHA384 inside, ecdsa-with-SHA256 outside.
    let (sha256, sha384) = (b"\x2a\x86\x48\xce\x3d\x04\x03\x02", b"\x2a\x86\x48\xce\x3d\x04\x03\x03");
    ask(server().patched(sha256, sha384)).refused(0, CertificateProblem::SignatureAlgorithmMismatch);
    // A second key usage.
    ask(server().extension(&[2, 5, 29, 15], true, &[3, 2, 7, 0x80])).refused(0, CertificateProblem::DuplicateExtension);
    // A time zone.
    ask(server().patched(b"200101000000Z", b"2001010000+01"))
        .refused(0, CertificateProblem::Malformed(Malformation::NotBefore));
    // secp256k1.
    let (p256, k256) = (b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x01");
    ask(server().patched(p256, k256)).refused(0, CertificateProblem::UnsupportedKey);
}

#[test]
fn bytes_after_the_last_field_are_rejected() {
    let root = Template::ca("Root").self_signed();
    let leaf = Template::server(SERVER_NAME).signed_by(&root);
    let null = [5, 0];
    // Both have a length of three bytes after their tag.
    let signed = pki::tlv(0x30, &[&pki::tbs(&leaf.der)[4..], &null].concat());
    let inside = pki::sign(&signed, &root.key);
    let outside = pki::tlv(0x30, &[&leaf.der[4..], &null].concat());
    let good = pki::sign(pki::tbs(&leaf.der), &root.key);
    let case = |der| Case::of(vec![der], vec![root.der.clone()], Role::Server);
    assert_eq!(case(good).accepted(), (1, 0));
    case(inside).refused(0, CertificateProblem::Malformed(Malformation::TbsCertificate));
    case(outside).refused(0, CertificateProblem::Malformed(Malformation::Der));
}

#[test]
fn an_issuer_has_a_name() {
    let root = Template::ca("Root").self_signed();
    let nameless = Template::ca("Nameless").subject(&[]).signed_by(&root);
    let leaf = Template::server(SERVER_NAME).signed_by(&nameless);
    let empty = CertificateProblem::Malformed(Malformation::IssuerEmpty);
    Case::new(&[&leaf, &nameless], &[&root]).refused(0, empty);
}

#[test]
fn a_certificate_may_hold_thirty_two_extensions() {
    let root = Template::ca("Root").self_signed();
    let with = |count| {
        let mut template = Template::server(SERVER_NAME);
        // It has six: both key identifiers, both usages, alternative name and basic constraints.
        for n in 6..count {
            template = template.extension(&[1, 3, 6, 1, 4, 1, 32_473, n], false, &[5, 0]);
        }
        Case::new(&[&template.signed_by(&root)], &[&root])
    };
    assert_eq!(with(32).accepted(), (1, 0));
    with(33).refused(0, CertificateProblem::Malformed(Malformation::ExtensionCount));
}

#[test]
fn a_bit_that_is_flipped_is_never_accepted() {
    let pki = Pki::new();
    let leaf = &pki.server.der;
    for at in 0..leaf.len() {
        let mut der = leaf.clone();
        der[at] ^= 1 << (at % 8);
        let case = Case::of(vec![der], vec![pki.intermediate.der.clone()], Role::Server);
        assert!(case.run().is_err(), "byte {at}");
    }
}

#[test]
fn every_prefix_of_a_certificate_is_malformed() {
    let pki = Pki::new();
    for der in [&pki.root.der, &pki.intermediate.der] {
        for len in 0..der.len() {
            assert!(TrustAnchor::from_certificate(&der[..len]).is_err(), "{len} bytes");
        }
        let longer = [&der[..], &[0]].concat();
        assert!(TrustAnchor::from_certificate(&longer).is_err());
    }
}

#[test]
fn too_little_memory_is_an_error_that_names_the_size() {
    let pki = Pki::new();
    let case = Case::of(pki.chain(Role::Server), vec![pki.root.der.clone()], Role::Server);
    let mut size = 0;
    let mut tries = 0;
    while let Err(error) = case.run_in(&mut vec![0; size]) {
        let Error::BufferTooSmall { buffer: embedded_mtls::BufferKind::Peer, need } = error else {
            panic!("{error}");
        };
        let need = usize::from(need);
        assert!(need > size);
        assert!(case.run_in(&mut vec![0; need - 1]).is_err());
        size = need;
        tries += 1;
    }
    println!("leaf and intermediate: {size} bytes");
    assert_eq!(tries, 2);
    assert!(size < 700, "{size}");
}

#[test]
fn the_identity_is_that_of_the_leaf() {
    use embedded_mtls::x509::{KeyAlgorithm, SubjectAltName};
    let root = Template::ca("Root").self_signed();
    let names = [
        rcgen::SanType::DnsName("gateway.example".try_into().unwrap()),
        rcgen::SanType::IpAddress("10.0.0.7".parse().unwrap()),
        rcgen::SanType::URI("urn:gateway:7".try_into().unwrap()),
        rcgen::SanType::Rfc822Name("ops@example.com".try_into().unwrap()),
    ];
    let leaf = Template::client("gateway-7").alternatives(&names).signed_by(&root);
    let mut memory = [0; 1024];
    let mut validator = Validator::new(&mut memory);
    assert!(validator.identity().is_none());
    validator.push(RustCrypto, &leaf.der).unwrap();
    validator.push(RustCrypto, &root.der).unwrap();
    let identity = validator.identity().unwrap();
    assert_eq!(identity.subject().to_string(), "CN=gateway-7,O=Example");
    assert_eq!(identity.common_name(), Some("gateway-7"));
    assert_eq!(identity.issuer().to_string(), "CN=Root,O=Example");
    assert_eq!(identity.serial().len(), 8);
    assert_eq!(identity.not_before().to_string(), "2020-01-01T00:00:00Z");
    assert_eq!(identity.not_after().to_string(), "2040-01-01T00:00:00Z");
    assert_eq!(identity.key_algorithm(), KeyAlgorithm::EcP256);
    assert_eq!(identity.public_key(), leaf.key.point());
    assert_eq!(identity.sha256_fingerprint()[..], *<sha2::Sha256 as sha2::Digest>::digest(&leaf.der));
    let names: Vec<_> = identity.subject_alt_names().collect();
    assert_eq!(
        names,
        [
            SubjectAltName::Dns("gateway.example"),
            SubjectAltName::Ip("10.0.0.7".parse().unwrap()),
            SubjectAltName::Uri("urn:gateway:7"),
            SubjectAltName::Email("ops@example.com"),
        ]
    );
}

#[test]
fn a_certificate_that_is_not_a_ca_cannot_be_an_anchor() {
    let unusable = |issued: &Issued| match TrustAnchor::from_certificate(&issued.der) {
        Err(Error::ApiMisuse(embedded_mtls::ApiMisuse::TrustAnchorUnusable(problem))) => Some(problem),
        _ => None,
    };
    let pki = Pki::new();
    assert_eq!(unusable(&pki.root), None);
    assert_eq!(unusable(&pki.server), Some(CertificateProblem::NotACa));
    let usages = [rcgen::KeyUsagePurpose::CrlSign];
    let no_signer = Template::ca("Root").key_usages(&usages).self_signed();
    assert_eq!(unusable(&no_signer), Some(CertificateProblem::MissingCertSign));
    let odd = Template::ca("Root").extension(&[1, 3, 6, 1, 4, 1, 32_473, 1], true, &[5, 0]).self_signed();
    assert_eq!(unusable(&odd), Some(CertificateProblem::UnknownCriticalExtension));
}

#[test]
fn an_anchor_of_a_name_and_a_key_has_no_limits() {
    use rcgen::PublicKeyData;
    let root = Template::ca("Root").path_len(0).years(2010, 2020).self_signed();
    let intermediate = Template::ca("Intermediate").signed_by(&root);
    let leaf = Template::server(SERVER_NAME).signed_by(&intermediate);
    let chain = [&leaf, &intermediate];
    Case::new(&chain, &[&root]).refused(1, CertificateProblem::AnchorExpired);
    let with_limits = TrustAnchor::from_certificate(&root.der).unwrap();
    let key = root.key.subject_public_key_info();
    let subject = with_limits.subject().expect("an authority has a name").as_der();
    let anchors = [TrustAnchor::from_name_and_key(subject, &key).unwrap()];
    let name = ServerName::parse(SERVER_NAME).unwrap();
    let mut memory = [0; 1024];
    let mut validator = Validator::new(&mut memory);
    for issued in chain {
        validator.push(RustCrypto, &issued.der).unwrap();
    }
    let rules = Rules::server(&anchors, &name, Time::Trusted(UnixTime(NOW)));
    assert!(validator.validate(RustCrypto, rules).is_ok());
    assert!(TrustAnchor::from_name_and_key(&[0x30, 0], &key).is_err());
    assert!(TrustAnchor::from_name_and_key(subject, &key[1..]).is_err());
    let longer = |der: &[u8]| [der, &[0]].concat();
    let trailing = ApiMisuse::TrustAnchorUnusable(CertificateProblem::Malformed(Malformation::Trailing)).into();
    assert_eq!(TrustAnchor::from_name_and_key(&longer(subject), &key).err(), Some(trailing));
    assert_eq!(TrustAnchor::from_name_and_key(subject, &longer(&key)).err(), Some(trailing));
    assert_eq!(TrustAnchor::from_pinned_key(&longer(&key)).err(), Some(trailing));
}

/// A server that pins the certificate, or does not obey the profile, may accept it.
#[test]
fn a_certificate_without_any_name_is_refused_from_a_peer_but_not_as_our_own() {
    let pki = Pki::new();
    let nameless = Template::client("gateway-7").subject(&[]).signed_by(&pki.intermediate);
    let chain = [&nameless, &pki.intermediate];
    Case::new(&chain, &[&pki.root]).client().refused(0, CertificateProblem::SubjectMissing);
    assert!(Credential::new(&chain.map(|issued| &issued.der[..]), KeyHandle(0)).is_ok());
}
