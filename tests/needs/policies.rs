//! Policies, stores, rotation: U24 to U42, and U65.

use super::{ends, keystore, shows};
use crate::fault::Fault;
use embedded_mtls::credential::{
    Admission, Chain, Entry, NoMatch, ProofOfPossession, Reference, Selector, SlotError, SlotId, Slots,
};
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls::io::SoftwareHost;
use embedded_mtls::x509::{CommonName, ServerName, Time, TrustAnchor};
use embedded_mtls::{
    CertificateProblem, Client, ClientAuth, ClientAuthStatus, ClientConfig, Credential, Error, KeyHandle, Server,
    ServerConfig,
};
use embedded_mtls_operator::policy::{
    KeyStore, NamedReference, Policy, PolicyError, Setting, Settings, Site, StoreName, Stores, TrustStore,
};
use rcgen::PublicKeyData as _;
use test_support::pair::{Setup, anchors, credential, host, leak, leak_all, now, signing_key};
use test_support::pki::{CLIENT_NAME, Issued, Pki, Role, SERVER_NAME, Template};

/// Mutual, each store by its name.
const MUTUAL: Settings<'static> = Settings {
    enabled: true,
    enforce: false,
    client_auth_enabled: true,
    key_store: Some("own"),
    key_alias: None,
    trust_store: Some("peers"),
    dangerous_ignore_validation_errors: false,
    common_name: None,
};

fn client_policy(settings: Settings<'static>) -> Policy<'static, Client> {
    Policy::new(settings).unwrap().unwrap()
}

fn name() -> ServerName<'static> {
    ServerName::parse(SERVER_NAME).unwrap()
}

/// The identities of a gateway, by alias.
type Own<'a> = &'a [(&'static str, &'a [&'a Issued])];

/// Connects a gateway under this policy to this supplier; returns the verdict of the policy.
fn visit(
    policy: Policy<'static, Client>,
    own: Own<'_>,
    base: Setup,
    trusted: &'static [TrustAnchor<'static>],
) -> test_support::pair::Outcome {
    let (entries, keys) = keystore(own);
    let resolved = policy.resolve_with(entries, trusted).unwrap();
    let host = SoftwareHost::with_selector(resolved.selector(), keys, now as fn() -> Time);
    #[cfg(feature = "dangerous-waivers")]
    let host = host.dangerous_accepting_waived(!policy.waivers().is_empty());
    Setup {
        client: resolved.config(name()),
        client_host: host,
        server: base.server,
        server_host: base.server_host,
        client_sizes: base.client_sizes,
        server_sizes: base.server_sizes,
        chunk: 0,
    }
    .run()
}

/// The same with a supplier whose chain has this fault.
fn judged(settings: Settings<'static>, fault: Fault) -> test_support::pair::Outcome {
    let pki = Pki::new();
    let chain = fault.chain(Role::Server, &pki);
    let base = Setup { server_host: shows(&chain.iter().collect::<Vec<_>>()), ..Setup::new(&pki) };
    visit(client_policy(settings), &[("own", &[&pki.client, &pki.intermediate])], base, anchors(&[&pki.root]))
}

/// Why a supplier with this fault is refused, if it is.
fn refused(settings: Settings<'static>, fault: Fault) -> Option<CertificateProblem> {
    match judged(settings, fault).errors().0 {
        Some(Error::Certificate(error)) => Some(error.problem),
        Some(other) => panic!("{other}"),
        None => None,
    }
}

/// Whom the supplier has met.
fn met(outcome: test_support::pair::Outcome) -> Option<String> {
    let (_, server) = outcome.sessions();
    Some(server.peer()?.common_name()?.to_owned())
}

#[test]
fn u24_one_shape_of_settings_serves_both_roles() {
    let own = leak_all(vec![Entry::new("a", credential(&[&Pki::new().server], 0))]);
    let trusted = anchors(&[&Pki::new().root]);
    let client = Policy::<Client>::new(MUTUAL).unwrap().unwrap();
    let server = Policy::<Server>::new(MUTUAL).unwrap().unwrap();
    assert!(client.resolve_with(own, trusted).is_ok() && server.resolve_with(own, trusted).is_ok());
    let one_way = Settings { client_auth_enabled: false, key_store: None, ..MUTUAL };
    assert!(Policy::<Client>::new(one_way).unwrap().is_some());
    assert!(Policy::<Client>::new(Settings::default()).unwrap().is_none(), "not enabled");
}

const FIVE: [(Fault, CertificateProblem); 5] = [
    (Fault::Invalid, CertificateProblem::ExtendedKeyUsage),
    (Fault::Expired, CertificateProblem::Expired),
    (Fault::SelfSigned, CertificateProblem::SelfSigned),
    (Fault::NameMismatch, CertificateProblem::NameMismatch),
    (Fault::UntrustedRoot, CertificateProblem::UntrustedRoot),
];

#[test]
fn u25_strict_is_the_default_and_the_five_causes_are_five_errors() {
    for enforce in [true, false] {
        for (fault, problem) in FIVE {
            assert_eq!(refused(Settings { enforce, ..MUTUAL }, fault), Some(problem));
        }
    }
    assert_eq!(refused(MUTUAL, Fault::Nothing), None);
}

#[test]
fn u26_ignoring_has_no_effect_where_validation_is_enforced_and_needs_a_feature_elsewhere() {
    let both = Settings { enforce: true, dangerous_ignore_validation_errors: true, ..MUTUAL };
    for (fault, problem) in FIVE {
        assert_eq!(refused(both, fault), Some(problem));
    }
    assert!(client_policy(both).is_ignoring_overruled());
    let alone = Policy::<Client>::new(Settings { enforce: false, ..both });
    assert_eq!(alone.is_ok(), cfg!(feature = "dangerous-waivers"), "{:?}", alone.err());
}

#[test]
fn u27_another_name_is_rejected_whatever_is_ignored() {
    for enforce in [true, false] {
        let settings = Settings {
            enforce,
            dangerous_ignore_validation_errors: enforce || cfg!(feature = "dangerous-waivers"),
            ..MUTUAL
        };
        assert_eq!(refused(settings, Fault::NameMismatch), Some(CertificateProblem::NameMismatch));
    }
}

#[test]
fn u28_waived_faults_are_reported_and_nothing_else() {
    let (near, far) = judged(MUTUAL, Fault::Nothing).sessions();
    assert!(near.path().unwrap().waived.is_empty() && far.path().unwrap().waived.is_empty());
    #[cfg(feature = "dangerous-waivers")]
    {
        let ignoring = Settings { dangerous_ignore_validation_errors: true, ..MUTUAL };
        for (fault, problem) in FIVE.into_iter().filter(|(fault, _)| *fault != Fault::NameMismatch) {
            let (near, _) = judged(ignoring, fault).sessions();
            assert_eq!(near.path().unwrap().waived.refusal().map(|error| error.problem), Some(problem));
        }
    }
}

#[test]
fn u29_a_store_and_an_alias_name_a_credential_and_anchors_have_no_order() {
    let pki = Pki::new();
    let second = Template::client("gateway-8").signed_by(&pki.intermediate);
    let own: Own<'_> = &[("7", &[&pki.client, &pki.intermediate]), ("8", &[&second, &pki.intermediate])];
    let other = Template::ca("Other Root").self_signed();
    for trusted in [[&pki.root, &other], [&other, &pki.root]] {
        for (alias, who) in [("7", CLIENT_NAME), ("8", "gateway-8")] {
            let policy = client_policy(Settings { key_alias: Some(alias), ..MUTUAL });
            assert_eq!(met(visit(policy, own, Setup::new(&pki), anchors(&trusted))).as_deref(), Some(who));
        }
    }
}

#[test]
fn u30_a_chain_may_be_given_as_one_piece_or_certificate_by_certificate() {
    let pki = Pki::new();
    let joined = leak(Box::new([&pki.client.der[..], &pki.intermediate.der].concat()));
    for chain in [Chain::joined(joined), credential(&[&pki.client, &pki.intermediate], 0).chain()] {
        let shown = vec![Credential::new(chain, KeyHandle(0)).unwrap()];
        let client_host = host(shown, vec![signing_key(&pki.client)]);
        assert_eq!(ends(Setup { client_host, ..Setup::new(&pki) }), (None, None));
    }
}

/// Two stores of either kind, and references to the first.
fn stores(pki: &Pki, next: &Issued) -> (Stores<'static>, &'static Reference, &'static [P256SigningKey]) {
    let (first, _) = keystore(&[("orders", &[&pki.client, &pki.intermediate])]);
    let second = leak_all(vec![Entry::new("orders", credential(&[next, &pki.intermediate], 1))]);
    let keys = leak_all(vec![signing_key(&pki.client), signing_key(next)]);
    let own: &'static Reference = leak(Box::new(Reference::to(SlotId::fixed(0))));
    let peers: &'static Reference = leak(Box::new(Reference::to(SlotId::fixed(0))));
    let stores = Stores::new(
        leak_all(vec![KeyStore::new("2026", first), KeyStore::new("2027", second)]),
        leak_all(vec![TrustStore::new("peers", anchors(&[&pki.root]))]),
    );
    let named = leak_all(vec![NamedReference::keys("own", own), NamedReference::trust("peers", peers)]);
    (stores.with_references(named), own, keys)
}

/// Whom a supplier meets under a policy that was resolved.
fn served(
    pki: &Pki,
    resolved: embedded_mtls_operator::policy::Resolved<'static, Client>,
    keys: &'static [P256SigningKey],
) -> Option<String> {
    let base = Setup::new(pki);
    let setup = Setup {
        client: resolved.config(name()),
        client_host: SoftwareHost::with_selector(resolved.selector(), keys, now as fn() -> Time),
        server: base.server,
        server_host: base.server_host,
        client_sizes: base.client_sizes,
        server_sizes: base.server_sizes,
        chunk: 0,
    };
    met(setup.run())
}

#[test]
fn u31_a_reference_is_read_once_for_each_handshake_and_moved_without_another_policy() {
    let pki = Pki::new();
    let next = Template::client("gateway-7 of 2027").signed_by(&pki.intermediate);
    let (stores, own, keys) = stores(&pki, &next);
    let by_reference = client_policy(Settings { key_store: Some("ref://own"), ..MUTUAL });
    assert_eq!(served(&pki, by_reference.resolve(&stores).unwrap(), keys).as_deref(), Some(CLIENT_NAME));
    own.set(SlotId::fixed(1));
    assert_eq!(served(&pki, by_reference.resolve(&stores).unwrap(), keys).as_deref(), Some("gateway-7 of 2027"));
}

#[test]
fn u32_a_handshake_that_has_begun_keeps_its_identity_and_the_next_one_takes_the_new_one() {
    let pki = Pki::new();
    let next = Template::client("gateway-7 of 2027").signed_by(&pki.intermediate);
    let (stores, own, keys) = stores(&pki, &next);
    let by_reference = client_policy(Settings { key_store: Some("ref://own"), ..MUTUAL });
    let begun = by_reference.resolve(&stores).unwrap();
    own.set(SlotId::fixed(1));
    let after = by_reference.resolve(&stores).unwrap();
    assert_eq!(served(&pki, begun, keys).as_deref(), Some(CLIENT_NAME));
    assert_eq!(served(&pki, after, keys).as_deref(), Some("gateway-7 of 2027"));
}

/// Fills a free slot with a client's chain.
fn install<const N: usize>(slots: &Slots<'_, N>, leaf: &Issued, issuer: &Issued) -> Result<SlotId, SlotError> {
    let mut stage = slots.stage()?;
    let len = stage.copy([&leaf.der[..], &issuer.der])?;
    let key = ProofOfPossession::PublicKey(leaf.key.point());
    let admission = Admission { role: embedded_mtls::Role::Client, time: now(), key };
    stage.credential(RustCrypto, "orders", len, KeyHandle(0), &admission)
}

#[test]
fn u33_the_content_of_a_slot_never_changes_and_its_successor_goes_into_another_under_the_same_alias() {
    static ORDERS: [Reference; 1] = [Reference::new()];
    let pki = Pki::new();
    let next = Template::client("gateway-7 of 2027").signed_by(&pki.intermediate);
    let mut memory = [[0; 1500]; 2];
    let slots = Slots::new(memory.each_mut().map(|slot| &mut slot[..]), &ORDERS);
    ORDERS[0].set(install(&slots, &pki.client, &pki.intermediate).unwrap());
    let old = slots.lease(&ORDERS[0]).unwrap();
    // A new store, the same alias, then the reference.
    ORDERS[0].set(install(&slots, &next, &pki.intermediate).unwrap());
    let new = slots.lease(&ORDERS[0]).unwrap();
    assert_eq!((old.alias(), new.alias()), ("orders", "orders"));
    assert_eq!(old.certificates().iter().next(), Some(&pki.client.der[..]));
    assert_eq!(new.certificates().iter().next(), Some(&next.der[..]));
}

#[test]
fn u34_an_invalid_successor_is_rejected_before_the_reference_moves_and_the_last_good_one_stays() {
    static ORDERS: [Reference; 1] = [Reference::new()];
    let pki = Pki::new();
    let mut memory = [[0; 1500]; 2];
    let slots = Slots::new(memory.each_mut().map(|slot| &mut slot[..]), &ORDERS);
    ORDERS[0].set(install(&slots, &pki.client, &pki.intermediate).unwrap());
    let good = ORDERS[0].get();
    let expired = Template::client(CLIENT_NAME).years(2010, 2020).signed_by(&pki.intermediate);
    let stranger = Template::ca("Example Intermediate").key("stranger").signed_by(&pki.root);
    assert!(matches!(install(&slots, &expired, &pki.intermediate), Err(SlotError::Certificate(_))));
    assert!(matches!(install(&slots, &pki.client, &stranger), Err(SlotError::Certificate(_))));
    // One that is given up in the middle.
    drop(slots.stage().unwrap());
    assert_eq!(ORDERS[0].get(), good);
    assert_eq!(slots.lease(&ORDERS[0]).unwrap().certificates().iter().next(), Some(&pki.client.der[..]));
}

#[test]
fn u35_one_connection_of_a_client_overrides_the_alias_and_a_server_selects_by_the_requested_name() {
    let pki = Pki::new();
    let second = Template::client("gateway-8").signed_by(&pki.intermediate);
    let own: Own<'_> = &[("7", &[&pki.client, &pki.intermediate]), ("8", &[&second, &pki.intermediate])];
    let usual = client_policy(Settings { key_alias: Some("7"), ..MUTUAL });
    let root = anchors(&[&pki.root]);
    let special = usual.with_alias("8").unwrap();
    assert_eq!(met(visit(special, own, Setup::new(&pki), root)).as_deref(), Some("gateway-8"));
    assert_eq!(met(visit(usual, own, Setup::new(&pki), root)).as_deref(), Some(CLIENT_NAME));

    let shop = Template::server("shop.example").signed_by(&pki.intermediate);
    let theirs: Own<'_> = &[("shop", &[&shop, &pki.intermediate]), ("orders", &[&pki.server, &pki.intermediate])];
    for wanted in ["shop.example", SERVER_NAME] {
        let (entries, keys) = keystore(theirs);
        let server_host = SoftwareHost::with_selector(
            Selector { no_match: NoMatch::Fail, ..Selector::new(entries) },
            keys,
            now as fn() -> Time,
        );
        let mut setup = super::with_hosts(&pki, shows(&[&pki.client, &pki.intermediate]), server_host);
        setup.client = ClientConfig::new(ServerName::parse(wanted).unwrap(), root);
        assert_eq!(setup.run().sessions().0.peer().unwrap().common_name(), Some(wanted));
    }
}

#[test]
fn u36_a_direct_name_always_means_the_same_store_and_the_step_to_a_reference_is_another_policy() {
    let pki = Pki::new();
    let next = Template::client("gateway-7 of 2027").signed_by(&pki.intermediate);
    let (stores, own, keys) = stores(&pki, &next);
    let direct = client_policy(Settings { key_store: Some("2026"), ..MUTUAL });
    for place in [0, 1] {
        own.set(SlotId::fixed(place));
        assert_eq!(served(&pki, direct.resolve(&stores).unwrap(), keys).as_deref(), Some(CLIENT_NAME));
    }
    let changed = client_policy(Settings { key_store: Some("ref://own"), ..*direct.settings() });
    assert_eq!(served(&pki, changed.resolve(&stores).unwrap(), keys).as_deref(), Some("gateway-7 of 2027"));
    // Everything may be `static`: nothing of it needs memory of its own.
    static NOBODY: Stores<'static> = Stores::new(&[], &[]);
    assert_eq!(direct.resolve(&NOBODY).err(), Some(PolicyError::StoreNotFound(Setting::KeyStore)));
}

/// Returns whether a policy that requires `wanted` accepts a supplier whose certificate has this common name.
fn does(found: &str, wanted: CommonName<'static>) -> bool {
    let pki = Pki::new();
    let leaf = Template::server("unrelated.example").named(found).signed_by(&pki.intermediate);
    let base = Setup { server_host: shows(&[&leaf, &pki.intermediate]), ..Setup::new(&pki) };
    let policy = client_policy(Settings { common_name: Some(wanted), ..MUTUAL });
    let own: Own<'_> = &[("own", &[&pki.client, &pki.intermediate])];
    visit(policy, own, base, anchors(&[&pki.root])).errors() == (None, None)
}

#[test]
fn u37_a_common_name_is_compared_literally_and_a_server_requires_none() {
    let literal = CommonName::exact("*.myhost.com").unwrap();
    assert!(does("*.myhost.com", literal) && !does("abc.myhost.com", literal));
    let on_server = Policy::<Server>::new(Settings { common_name: Some(literal), ..MUTUAL });
    assert_eq!(on_server.err(), Some(PolicyError::CommonNameOnServer));
}

#[test]
fn u38_a_pattern_of_ours_covers_literal_names_of_certificates_and_not_vice_versa() {
    let pattern = CommonName::wildcard("*.myhost.com").unwrap();
    assert!(does("abc.myhost.com", pattern));
    assert!(!does("*.myhost.com", pattern) && !does("a.b.myhost.com", pattern));
}

#[test]
fn u39_nothing_is_built_in_and_an_identity_for_development_switches_no_client_authentication_off() {
    // Without a trust store there is no trust anchor.
    let nothing = Policy::<Client>::new(Settings { trust_store: None, ..MUTUAL });
    assert_eq!(nothing.err(), Some(PolicyError::ClientWithoutTrustStore));
    let pki = Pki::new();
    let development = Template::server(SERVER_NAME).key("development").self_signed();
    let mut setup =
        Setup { server_host: shows(&[&development]), client_host: host(vec![], vec![]), ..Setup::new(&pki) };
    setup.client = ClientConfig::new(
        name(),
        leak_all(vec![
            TrustAnchor::from_pinned_certificate(RustCrypto, leak(development.der.into_boxed_slice())).unwrap(),
        ]),
    );
    let error = ends(setup).1;
    assert_eq!(error, Some(embedded_mtls::PeerIncompatible::ClientCertificateRequired.into()));
}

#[test]
fn u40_the_identity_of_a_peer_comes_only_from_its_handshake() {
    let pki = Pki::new();
    let mut setup = Setup { client_host: host(vec![], vec![]), ..Setup::new(&pki) };
    setup.server = ServerConfig::new(ClientAuth::Optional(anchors(&[&pki.root])));
    let (mut near, mut far) = setup.run().sessions();
    near.write(b"GET / HTTP/1.1\r\nX-SSL-Client-CN: gateway-7\r\n\r\n").unwrap();
    test_support::pair::exchange(&mut near, &mut far).unwrap();
    assert!(far.peer().is_none() && far.client_auth() == ClientAuthStatus::Declined);
}

#[test]
fn u41_an_anchor_is_an_authority_or_a_pinned_certificate_or_a_pinned_key() {
    let pki = Pki::new();
    let own = Template::server(SERVER_NAME).key("own").self_signed();
    let der = leak(own.der.clone().into_boxed_slice());
    let key = leak(own.key.subject_public_key_info().into_boxed_slice());
    for (anchor, shown) in [
        (
            TrustAnchor::from_certificate(leak(pki.root.der.clone().into_boxed_slice())).unwrap(),
            vec![&pki.server, &pki.intermediate],
        ),
        (TrustAnchor::from_pinned_certificate(RustCrypto, der).unwrap(), vec![&own]),
        (TrustAnchor::from_pinned_key(key).unwrap(), vec![&own]),
    ] {
        let mut setup = Setup { server_host: shows(&shown), ..Setup::new(&pki) };
        setup.client = ClientConfig::new(name(), leak_all(vec![anchor]));
        assert_eq!(ends(setup), (None, None));
    }
}

#[test]
fn u42_a_program_can_see_whether_a_store_is_named_or_referenced_before_anything_is_configured() {
    let direct = client_policy(MUTUAL);
    assert_eq!(direct.key_store(), Some(StoreName::Direct("own")), "to change it: another policy");
    let by_reference = client_policy(Settings { key_store: Some("ref://own"), ..MUTUAL });
    assert_eq!(by_reference.key_store(), Some(StoreName::Reference("own")), "to change it: Reference::set");
    assert!(by_reference.with_alias("special").is_ok(), "or one connection says so");
}

#[test]
fn u65_a_site_may_set_the_alias_and_nothing_else_of_the_policy_of_a_fleet() {
    let fleet = client_policy(Settings { enforce: true, key_alias: Some("7"), ..MUTUAL });
    let here = fleet.at_site(&Site { key_alias: Some("8") }).unwrap();
    assert_eq!(here.settings(), &Settings { key_alias: Some("8"), ..*fleet.settings() });
    for setting in [Setting::Enforce, Setting::TrustStore, Setting::KeyStore, Setting::IgnoreValidationErrors] {
        assert_eq!(Site::check(setting), Err(PolicyError::Locked(setting)));
    }
    assert_eq!(Site::check(Setting::KeyAlias), Ok(()));
}
