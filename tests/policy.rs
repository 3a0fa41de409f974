//! Requirements on a peer beyond RFC 5280 and RFC 9525, in whole handshakes of both roles: pins, common
//! names, limits of validity, the strict profile, and what is reported about the time.
#![allow(missing_docs)]

use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::io::SoftwareHost;
use embedded_mtls::x509::{CommonName, PathFound, ServerName, Time, TrustAnchor, UnixTime, ValidityCheck};
use embedded_mtls::{
    ApiMisuse, CertificateError, CertificateProblem as Problem, ClientAuth, ClientConfig, Error, Malformation,
    ServerConfig,
};
use rcgen::{PublicKeyData as _, SanType};
use test_support::pair::{Outcome, Setup, anchors, credential, host, leak, leak_all, now, signing_key};
use test_support::pki::{Issued, NOW, Pki, Role, SERVER_NAME, Template};

/// Sets up a handshake in which the side of `role` sends `chain`, and the other validates it with `anchors`.
fn shown(role: Role, chain: &[&Issued], anchors: &'static [TrustAnchor<'static>]) -> Setup {
    let base = Setup::new(&Pki::new());
    let shows = host(vec![credential(chain, 0)], vec![signing_key(chain[0])]);
    match role {
        Role::Server => Setup {
            client: ClientConfig::new(ServerName::parse(SERVER_NAME).unwrap(), anchors),
            server_host: shows,
            ..base
        },
        Role::Client => Setup { server: ServerConfig::new(ClientAuth::Required(anchors)), client_host: shows, ..base },
    }
}

/// The result of the validation.
fn judged(role: Role, outcome: Outcome) -> PathFound {
    let (client, server) = outcome.sessions();
    match role {
        Role::Server => client.path(),
        Role::Client => server.path(),
    }
    .expect("a peer with a certificate has a path")
}

/// Checks that the validating side fails with this error, and that the other side receives its alert.
#[track_caller]
fn assert_refused(role: Role, outcome: Outcome, index: u8, problem: Problem) {
    let expected = Error::Certificate(CertificateError { index, problem });
    let (judge, heard) = outcome.judgement(role);
    assert_eq!(judge.err().map(|(error, _)| error), Some(expected));
    let alert = expected.alert().expect("a certificate error has an alert");
    assert_eq!(heard, Some(Error::AlertReceived(alert)));
}

fn pin(issued: &Issued) -> TrustAnchor<'static> {
    TrustAnchor::from_pinned_certificate(RustCrypto, &issued.der).expect("a certificate to pin")
}

fn pin_key(issued: &Issued) -> TrustAnchor<'static> {
    let key = leak(issued.key.subject_public_key_info().into_boxed_slice());
    TrustAnchor::from_pinned_key(key).expect("a key to pin")
}

fn authority(issued: &Issued) -> TrustAnchor<'static> {
    anchors(&[issued])[0]
}

#[test]
fn a_pinned_certificate_or_key_is_accepted_alone_and_among_others() {
    let pki = Pki::new();
    let stranger = Template::ca("Stranger").self_signed();
    for role in Role::ALL {
        let self_signed = role.template().self_signed();
        let (own, other) = (authority(&pki.root), authority(&stranger));
        for (anchors, place) in [
            (vec![pin(&self_signed)], 0),
            (vec![pin_key(&self_signed)], 0),
            (vec![own, other, pin(&self_signed)], 2),
            (vec![own, pin(&stranger), pin_key(&self_signed), other], 2),
        ] {
            let path = judged(role, shown(role, &[&self_signed], leak_all(anchors)).run());
            assert_eq!((path.depth, path.anchor), (0, Some(place)));
            assert!(path.waived.is_empty());
        }
        // And the others still are what they were.
        let path =
            judged(role, shown(role, &[pki.leaf(role), &pki.intermediate], leak_all(vec![pin(&stranger), own])).run());
        assert_eq!((path.depth, path.anchor), (2, Some(1)));
    }
}

#[test]
fn a_pin_of_something_else_accepts_nobody() {
    let pki = Pki::new();
    for role in Role::ALL {
        let renewed = role.template().years(2020, 2041).signed_by(&pki.intermediate);
        for anchors in [
            vec![pin(&renewed)],
            vec![TrustAnchor::from_fingerprint([0; 32])],
            vec![pin(&pki.root), pin(&pki.intermediate)],
            vec![pin_key(&pki.root), pin_key(&pki.intermediate)],
        ] {
            let outcome = shown(role, &[pki.leaf(role), &pki.intermediate], leak_all(anchors)).run();
            assert_refused(role, outcome, 1, Problem::UnknownIssuer);
        }
    }
}

#[test]
fn a_pin_replaces_only_the_path() {
    for role in Role::ALL {
        let expired = role.template().years(2010, 2020).self_signed();
        assert_refused(role, shown(role, &[&expired], leak_all(vec![pin(&expired)])).run(), 0, Problem::Expired);
        let other_role = match role {
            Role::Server => {
                Template::client(SERVER_NAME).alternatives(&[SanType::DnsName(SERVER_NAME.try_into().unwrap())])
            }
            Role::Client => Template::server("gateway-7"),
        };
        let other_role = other_role.self_signed();
        let outcome = shown(role, &[&other_role], leak_all(vec![pin_key(&other_role)])).run();
        assert_refused(role, outcome, 0, Problem::ExtendedKeyUsage);
    }
    let elsewhere = Template::server("elsewhere.example.com").self_signed();
    let outcome = shown(Role::Server, &[&elsewhere], leak_all(vec![pin(&elsewhere)])).run();
    assert_refused(Role::Server, outcome, 0, Problem::NameMismatch);
}

#[test]
fn a_server_with_a_pin_names_no_authorities_so_that_the_pinned_client_answers() {
    let pki = Pki::new();
    let self_signed = Template::client("partner").self_signed();
    // A client that sends only what the server requests.
    let names = |anchors: Vec<TrustAnchor<'static>>| {
        let setup = shown(Role::Client, &[&self_signed], leak_all(anchors));
        setup.run().server.map(|session| session.path().unwrap().depth).map_err(|(error, _)| error)
    };
    assert_eq!(names(vec![authority(&pki.root), pin(&self_signed)]), Ok(0));
    // Without the pin the server names its CA, and the client has no certificate of it.
    let refused = names(vec![authority(&pki.root)]);
    assert_eq!(refused, Err(embedded_mtls::PeerIncompatible::ClientCertificateRequired.into()));
}

#[test]
fn a_leaf_is_not_a_ca_and_a_wrong_pin_is_rejected_when_it_is_made() {
    let pki = Pki::new();
    let unusable = |problem| Some(Error::from(ApiMisuse::TrustAnchorUnusable(problem)));
    let malformed = Problem::Malformed;
    assert_eq!(TrustAnchor::from_certificate(&pki.server.der).err(), unusable(Problem::NotACa));
    assert_eq!(TrustAnchor::from_pinned_certificate(RustCrypto, b"no").err(), unusable(malformed(Malformation::Der)));
    assert_eq!(TrustAnchor::from_pinned_key(&pki.server.der).err(), unusable(malformed(Malformation::PublicKey)));
    assert!(pin(&pki.server).subject().is_none() && authority(&pki.root).subject().is_some());
}

#[test]
fn the_common_name_is_required_instead_of_the_server_name_which_is_still_sent() {
    let pki = Pki::new();
    let root = anchors(&[&pki.root]);
    let named = |name: &str| Template::server("unrelated.example").named(name).signed_by(&pki.intermediate);
    let exact = |name| CommonName::exact(name).unwrap();
    let wildcard = |name| CommonName::wildcard(name).unwrap();
    for (found, wanted, accepted) in [
        ("abc.myhost.com", exact("abc.myhost.com"), true),
        ("abc.myhost.com", exact("*.myhost.com"), false),
        ("*.myhost.com", exact("*.myhost.com"), true),
        ("abc.myhost.com", wildcard("*.myhost.com"), true),
        ("*.myhost.com", wildcard("*.myhost.com"), false),
        ("a.b.myhost.com", wildcard("*.myhost.com"), false),
    ] {
        let leaf = named(found);
        let mut setup = shown(Role::Server, &[&leaf, &pki.intermediate], root);
        setup.client = setup.client.with_common_name(wanted);
        let outcome = setup.run();
        assert!(outcome.wire.from_client.windows(SERVER_NAME.len()).any(|bytes| bytes == SERVER_NAME.as_bytes()));
        if accepted {
            assert_eq!(judged(Role::Server, outcome).depth, 2, "{found}");
        } else {
            assert_refused(Role::Server, outcome, 0, Problem::CommonNameMismatch);
        }
    }
    // Unless it is asked for, a common name is worth nothing.
    let leaf = named(SERVER_NAME);
    let outcome = shown(Role::Server, &[&leaf, &pki.intermediate], root).run();
    assert_refused(Role::Server, outcome, 0, Problem::NameMismatch);
}

#[test]
fn validity_and_profile_are_limited_on_request() {
    let pki = Pki::new();
    let root = anchors(&[&pki.root]);
    for role in Role::ALL {
        let mut leaf = role.template().years(2026, 2027);
        leaf.params.use_authority_key_identifier_extension = false;
        let leaf = leaf.signed_by(&pki.intermediate);
        let run = |days: Option<u16>, strict: bool| {
            let mut setup = shown(role, &[&leaf, &pki.intermediate], root);
            setup.client = setup.client.with_strict_profile(strict && role == Role::Server);
            setup.server = setup.server.with_strict_profile(strict && role == Role::Client);
            if let Some(days) = days {
                setup.client = setup.client.with_max_validity_days(if role == Role::Server { days } else { u16::MAX });
                setup.server = setup.server.with_max_validity_days(if role == Role::Client { days } else { u16::MAX });
            }
            setup.run()
        };
        assert_eq!(judged(role, run(None, false)).depth, 2);
        // From the first of January to the first of January, both inclusive.
        assert_eq!(judged(role, run(Some(398), false)).depth, 2);
        assert_eq!(judged(role, run(Some(366), false)).depth, 2);
        assert_refused(role, run(Some(365), false), 0, Problem::ValidityTooLong);
        assert_refused(role, run(None, true), 0, Problem::MissingKeyIdentifier);
    }
}

#[test]
fn knowledge_of_the_time_decides_what_is_reported() {
    fn at_build() -> Time {
        Time::AtLeast(UnixTime(NOW))
    }
    let pki = Pki::new();
    let root = anchors(&[&pki.root]);
    for role in Role::ALL {
        let run = |years: (i32, i32), clock: fn() -> Time| {
            let leaf = role.template().years(years.0, years.1).signed_by(&pki.intermediate);
            let mut setup = shown(role, &[&leaf, &pki.intermediate], root);
            let judge = |issued: &Issued| {
                let credentials = leak_all(vec![credential(&[issued, &pki.intermediate], 0)]);
                SoftwareHost::new(credentials, leak_all(vec![signing_key(issued)]), clock)
            };
            match role {
                Role::Server => setup.client_host = judge(&pki.client),
                Role::Client => setup.server_host = judge(&pki.server),
            }
            setup.run()
        };
        assert_eq!(judged(role, run((2020, 2040), now)).validity, ValidityCheck::Complete);
        assert_eq!(judged(role, run((2020, 2040), at_build)).validity, ValidityCheck::LowerBound);
        assert_eq!(judged(role, run((2010, 2020), Time::dangerous_unknown)).validity, ValidityCheck::Unchecked);
        assert_refused(role, run((2010, 2020), at_build), 0, Problem::Expired);
        assert_refused(role, run((2030, 2040), now), 0, Problem::NotYetValid);

        // Accepted by the date of the build, reported, and judged again when the clock is set.
        let path = judged(role, run((2030, 2035), at_build));
        assert_eq!(path.validity, ValidityCheck::NotYetValid);
        assert_eq!(path.not_before, UnixTime::from_civil(2030, 1, 1, 0, 0, 0).unwrap());
        assert_eq!(path.not_after, UnixTime::from_civil(2035, 1, 1, 0, 0, 0).unwrap());
        assert_eq!(path.check_validity(now()), Err(Problem::NotYetValid));
        assert_eq!(path.check_validity(Time::Trusted(path.not_before)), Ok(ValidityCheck::Complete));
    }
}

#[test]
fn a_setting_that_nothing_can_satisfy_is_rejected_before_the_first_byte() {
    let mut setup = Setup::new(&Pki::new());
    setup.client = setup.client.with_max_validity_days(0);
    setup.server = setup.server.with_max_validity_days(0);
    assert_eq!(setup.client_handshake().err(), Some(ApiMisuse::ValidityLimitZero.into()));
    assert_eq!(setup.server_handshake().err(), Some(ApiMisuse::ValidityLimitZero.into()));
    for name in [CommonName::exact(""), CommonName::wildcard("*.com")] {
        assert_eq!(name, Err(ApiMisuse::CommonNameInvalid.into()));
    }
}
