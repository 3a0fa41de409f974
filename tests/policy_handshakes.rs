//! Policies in whole handshakes of both roles: the truth table of enforcing and ignoring, common names, stores by name and
//! by reference, aliases. Which settings contradict each other is in `policy_settings.rs`.
#![allow(missing_docs)]

use embedded_mtls::credential::{Admission, Entry, ProofOfPossession, Reference, SlotId, Slots};
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls::io::{Keystore, SoftwareHost};
use embedded_mtls::x509::{CommonName, ServerName, Time, TrustAnchor};
use embedded_mtls::{
    AlertDescription, CertificateError, CertificateProblem as Problem, Client, ClientAuthStatus, Error, KeyHandle,
    PeerIncompatible, Server,
};
use embedded_mtls_operator::policy::{
    KeyStore, NamedReference, Policy, PolicyError, Resolved, Setting, Settings, Site, Stores, TrustStore,
};
use fault::Fault;
use test_support::fault;
use test_support::pair::{Outcome, Setup, TestHost, anchors, credential, host, leak, leak_all, now, signing_key};
use test_support::pki::{CLIENT_NAME, Issued, Pki, Role, SERVER_NAME, Template};

use PolicyError::{AliasNotFound, ReferenceNotFound, ReferenceNowhere, StoreNotFound};

type PolicyHost = SoftwareHost<'static, fn() -> Time, P256SigningKey, Keystore<'static>>;

/// Mutual, by reference on both sides.
const MUTUAL: Settings<'static> = Settings {
    enabled: true,
    enforce: false,
    client_auth_enabled: true,
    key_store: Some("ref://own"),
    key_alias: None,
    trust_store: Some("ref://peers"),
    dangerous_ignore_validation_errors: false,
    common_name: None,
};

fn client_policy(settings: Settings<'static>) -> Policy<'static, Client> {
    Policy::new(settings).unwrap().unwrap()
}

fn server_policy(settings: Settings<'static>) -> Policy<'static, Server> {
    Policy::new(settings).unwrap().unwrap()
}

fn server_name() -> ServerName<'static> {
    ServerName::parse(SERVER_NAME).unwrap()
}

/// An identity of each chain, the leaf first; the key handles count from 0.
fn entries(chains: &[(&'static str, &[&Issued])]) -> &'static [Entry<'static>] {
    leak_all((0..).zip(chains).map(|(key, (alias, chain))| Entry::new(alias, credential(chain, key))).collect())
}

/// The keys of the same chains.
fn keys(chains: &[(&'static str, &[&Issued])]) -> &'static [P256SigningKey] {
    leak_all(chains.iter().map(|(_, chain)| signing_key(chain[0])).collect())
}

fn client_side(resolved: Resolved<'static, Client>, keys: &'static [P256SigningKey]) -> PolicyHost {
    let host = SoftwareHost::with_selector(resolved.selector(), keys, now as fn() -> Time);
    #[cfg(feature = "dangerous-waivers")]
    let host = host.dangerous_accepting_waived(!resolved.policy().waivers().is_empty());
    host
}

fn server_side(resolved: Resolved<'static, Server>, keys: &'static [P256SigningKey]) -> PolicyHost {
    let host = SoftwareHost::with_selector(resolved.selector(), keys, now as fn() -> Time);
    #[cfg(feature = "dangerous-waivers")]
    let host = host.dangerous_accepting_waived(!resolved.policy().waivers().is_empty());
    host
}

/// A client under this policy visits `base`'s server.
fn visit_from(base: Setup, resolved: Resolved<'static, Client>, keys: &'static [P256SigningKey]) -> Outcome {
    visit_by(base, resolved, keys, server_name())
}

fn visit_by(
    base: Setup,
    resolved: Resolved<'static, Client>,
    keys: &'static [P256SigningKey],
    name: ServerName<'static>,
) -> Outcome {
    Setup {
        client: resolved.config(name),
        client_host: client_side(resolved, keys),
        server: base.server,
        server_host: base.server_host,
        client_sizes: base.client_sizes,
        server_sizes: base.server_sizes,
        chunk: base.chunk,
    }
    .run()
}

/// `base`'s client visits a server under this policy.
fn visit_to(base: Setup, resolved: Resolved<'static, Server>, keys: &'static [P256SigningKey]) -> Outcome {
    Setup {
        // So the client sends its certificate, whoever issued it.
        server: resolved.config().with_authority_names(&[]),
        server_host: server_side(resolved, keys),
        client: base.client,
        client_host: base.client_host,
        client_sizes: base.client_sizes,
        server_sizes: base.server_sizes,
        chunk: base.chunk,
    }
    .run()
}

/// Runs a handshake in which the side of `role` sends a chain with this fault; the other validates it by a policy with these settings.
fn judged(role: Role, fault: Fault, settings: Settings<'static>) -> Outcome {
    let pki = Pki::new();
    let chain = fault.chain(role, &pki);
    let chain: Vec<&Issued> = chain.iter().collect();
    let shows: TestHost = host(vec![credential(&chain, 0)], vec![signing_key(chain[0])]);
    let roots = anchors(&[&pki.root]);
    let base = Setup::new(&pki);
    match role {
        Role::Server => {
            let own: &[(&str, &[&Issued])] = &[("own", &[&pki.client, &pki.intermediate])];
            let resolved = client_policy(settings).resolve_with(entries(own), roots).unwrap();
            let name = if fault == Fault::AddressMismatch { "192.0.2.7" } else { SERVER_NAME };
            visit_by(Setup { server_host: shows, ..base }, resolved, keys(own), ServerName::parse(name).unwrap())
        }
        Role::Client => {
            let own: &[(&str, &[&Issued])] = &[("own", &[&pki.server, &pki.intermediate])];
            let resolved = server_policy(settings).resolve_with(entries(own), roots).unwrap();
            visit_to(Setup { client_host: shows, ..base }, resolved, keys(own))
        }
    }
}

/// Checks that the validating side fails with this error, and that the other side receives its alert.
#[track_caller]
fn assert_refused(role: Role, outcome: Outcome, expected: CertificateError) {
    let (judge, heard) = outcome.judgement(role);
    assert_eq!(judge.err().map(|(error, _)| error), Some(expected.into()));
    assert_eq!(heard, Error::from(expected).alert().map(Error::AlertReceived));
}

// U24 U25 U26 U27 U28
#[test]
fn the_truth_table_of_enforcing_and_ignoring_holds_under_policies_of_both_roles() {
    let mut rows = 0;
    for role in Role::ALL {
        for fault in Fault::ALL.into_iter().filter(|fault| fault.applies(role)) {
            for (enforce, ignore) in [(true, false), (true, true), (false, false), (false, true)] {
                let settings = Settings { enforce, dangerous_ignore_validation_errors: ignore, ..MUTUAL };
                let waives = ignore && !enforce;
                if waives && cfg!(not(feature = "dangerous-waivers")) {
                    assert_eq!(Policy::<Client>::new(settings).err(), Some(PolicyError::WaiversNotCompiled));
                    assert_eq!(Policy::<Server>::new(settings).err(), Some(PolicyError::WaiversNotCompiled));
                    continue;
                }
                let outcome = judged(role, fault, settings);
                rows += 1;
                let expected = fault.expected();
                if let Some((index, problem, cause)) = expected
                    && !(waives && cause.is_some())
                {
                    assert_refused(role, outcome, CertificateError { index, problem });
                    continue;
                }
                let (client, server) = outcome.sessions();
                let path = if role == Role::Server { client.path() } else { server.path() }.expect("a path");
                let refusal = expected.map(|(index, problem, _)| CertificateError { index, problem });
                assert_eq!(path.waived.refusal(), refusal, "{role:?} {fault:?}");
                assert_eq!(path.waived.is_empty(), fault == Fault::Nothing);
            }
        }
    }
    assert_eq!(rows, if cfg!(feature = "dangerous-waivers") { 4 } else { 3 } * (10 + 8));
}

// U37 U38
#[test]
fn a_common_name_of_a_policy_is_literal_unless_it_is_a_pattern() {
    let pki = Pki::new();
    let exact = CommonName::exact("*.myhost.com").unwrap();
    let pattern = CommonName::wildcard("*.myhost.com").unwrap();
    for (found, wanted, accepted) in [
        ("*.myhost.com", exact, true),
        ("abc.myhost.com", exact, false),
        ("abc.myhost.com", pattern, true),
        ("*.myhost.com", pattern, false),
        ("a.b.myhost.com", pattern, false),
        ("myhost.com", pattern, false),
    ] {
        let leaf = Template::server("unrelated.example").named(found).signed_by(&pki.intermediate);
        let shows = host(vec![credential(&[&leaf, &pki.intermediate], 0)], vec![signing_key(&leaf)]);
        let own: &[(&str, &[&Issued])] = &[("own", &[&pki.client, &pki.intermediate])];
        let policy = client_policy(Settings { common_name: Some(wanted), ..MUTUAL });
        assert_eq!(policy.common_name(), Some(wanted));
        let resolved = policy.resolve_with(entries(own), anchors(&[&pki.root])).unwrap();
        let outcome = visit_from(Setup { server_host: shows, ..Setup::new(&pki) }, resolved, keys(own));
        if accepted {
            assert_eq!(outcome.sessions().0.path().unwrap().depth, 2, "{found}");
        } else {
            let mismatch = CertificateError { index: 0, problem: Problem::CommonNameMismatch };
            assert_refused(Role::Server, outcome, mismatch);
        }
    }
}

/// Two generations of everything: identities of both roles, and the authorities that issued them.
struct Generations {
    pkis: [Pki; 2],
    roots: [Issued; 2],
    clients: [Issued; 2],
    servers: [Issued; 2],
}

impl Generations {
    fn new() -> Self {
        let roots = [1, 2].map(|year| Template::ca(&format!("Root {year}")).self_signed());
        let issued = |template: fn() -> Template| {
            [0, 1].map(|place: usize| {
                let mut template = template();
                template.params.serial_number = Some(rcgen::SerialNumber::from_slice(&[1, 1 + u8::from(place == 1)]));
                template.signed_by(&roots[place])
            })
        };
        let clients = issued(|| Template::client(CLIENT_NAME));
        let servers = issued(|| Template::server(SERVER_NAME));
        Self { pkis: [Pki::new(), Pki::new()], roots, clients, servers }
    }

    /// A peer of `role` of one generation, which asks for one of the same, as its own programs would be set up.
    fn peer(&self, role: Role, generation: usize) -> Setup {
        let base = Setup::new(&self.pkis[generation]);
        let trusted = anchors(&[&self.roots[generation]]);
        let shows = |issued: &Issued| host(vec![credential(&[issued], 0)], vec![signing_key(issued)]);
        match role {
            Role::Client => Setup {
                client: embedded_mtls::ClientConfig::new(server_name(), trusted),
                client_host: shows(&self.clients[generation]),
                ..base
            },
            Role::Server => Setup {
                server: embedded_mtls::ServerConfig::new(embedded_mtls::ClientAuth::Required(trusted)),
                server_host: shows(&self.servers[generation]),
                ..base
            },
        }
    }

    fn own(&self, role: Role, generation: usize) -> &Issued {
        let all = if role == Role::Client { &self.clients } else { &self.servers };
        &all[generation]
    }

    /// Both generations as stores, and references to the first.
    fn stores(&self, role: Role) -> (Stores<'static>, [&'static Reference; 2]) {
        let store = |place: usize| entries(&[("2026", &[self.own(role, place)])]);
        let key_stores = vec![KeyStore::new("own-1", store(0)), KeyStore::new("own-2", store(1))];
        let trust = |place: usize| anchors(&[&self.roots[place]]);
        let trust_stores = vec![TrustStore::new("peers-1", trust(0)), TrustStore::new("peers-2", trust(1))];
        let references: [&'static Reference; 2] = [0, 1].map(|_| &*leak(Box::new(Reference::to(SlotId::fixed(0)))));
        let [own, peers] = references;
        let named = leak_all(vec![NamedReference::keys("own", own), NamedReference::trust("peers", peers)]);
        (Stores::new(leak_all(key_stores), leak_all(trust_stores)).with_references(named), references)
    }

    /// Meets a peer of one generation under a policy that was resolved; whether both are content.
    fn meets_as_client(&self, resolved: Resolved<'static, Client>, own: usize, peer: usize) -> bool {
        let keys = leak_all(vec![signing_key(&self.clients[own])]);
        let outcome = visit_from(self.peer(Role::Server, peer), resolved, keys);
        outcome.errors() == (None, None)
    }

    fn meets_as_server(&self, resolved: Resolved<'static, Server>, own: usize, peer: usize) -> bool {
        let keys = leak_all(vec![signing_key(&self.servers[own])]);
        let outcome = visit_to(self.peer(Role::Client, peer), resolved, keys);
        outcome.errors() == (None, None)
    }
}

// U31 U32
#[test]
fn references_are_read_once_for_a_handshake_and_moved_without_a_restart() {
    let all = Generations::new();
    let (stores, [own, peers]) = all.stores(Role::Client);
    let client = client_policy(MUTUAL);
    let before = client.resolve(&stores).unwrap();
    // Both are moved while the first handshake is on its way.
    let base = all.peer(Role::Server, 0);
    let outcome = Setup {
        client: before.config(server_name()),
        client_host: client_side(before, leak_all(vec![signing_key(&all.clients[0])])),
        server: base.server,
        server_host: base.server_host,
        client_sizes: base.client_sizes,
        server_sizes: base.server_sizes,
        chunk: 100,
    }
    .run_with(|_, _| [own, peers].into_iter().for_each(|reference| reference.set(SlotId::fixed(1))));
    assert_eq!(outcome.errors(), (None, None));
    assert_eq!(own.get(), Some(SlotId::fixed(1)));
    // What was resolved before is not moved; what is resolved now is.
    let after = client.resolve(&stores).unwrap();
    assert!(all.meets_as_client(before, 0, 0) && all.meets_as_client(after, 1, 1));
    assert!(!all.meets_as_client(before, 0, 1) && !all.meets_as_client(after, 1, 0));

    let (stores, [own, peers]) = all.stores(Role::Server);
    let server = server_policy(MUTUAL);
    let before = server.resolve(&stores).unwrap();
    assert!(all.meets_as_server(before, 0, 0));
    own.set(SlotId::fixed(1));
    peers.set(SlotId::fixed(1));
    let after = server.resolve(&stores).unwrap();
    assert!(all.meets_as_server(before, 0, 0) && all.meets_as_server(after, 1, 1));
    assert!(!all.meets_as_server(before, 0, 1) && !all.meets_as_server(after, 1, 0));
}

// U36: a name is changed by another policy, and so is the step from a name to a reference.
#[test]
fn a_direct_name_always_means_the_same_store() {
    let all = Generations::new();
    let (stores, [own, peers]) = all.stores(Role::Client);
    let direct = Settings { key_store: Some("own-1"), trust_store: Some("peers-1"), ..MUTUAL };
    for place in [0, 1] {
        own.set(SlotId::fixed(place));
        peers.set(SlotId::fixed(place));
        assert!(all.meets_as_client(client_policy(direct).resolve(&stores).unwrap(), 0, 0));
    }
    let next = Settings { key_store: Some("own-2"), trust_store: Some("peers-2"), ..MUTUAL };
    assert!(all.meets_as_client(client_policy(next).resolve(&stores).unwrap(), 1, 1));
    assert!(all.meets_as_client(client_policy(MUTUAL).resolve(&stores).unwrap(), 1, 1));
    // One of each is fine.
    let mixed = Settings { key_store: Some("own-2"), ..MUTUAL };
    assert!(all.meets_as_client(client_policy(mixed).resolve(&stores).unwrap(), 1, 1));
}

// U33: a new store, the same alias, then the reference.
#[test]
fn policies_over_slots_rotate_in_three_steps_while_a_connection_keeps_its_identity() {
    let all = Generations::new();
    let references: &'static [Reference; 2] = leak(Box::new([Reference::new(), Reference::new()]));
    let memory: [&'static mut [u8]; 4] = std::array::from_fn(|_| &mut leak(Box::new([0; 1500]))[..]);
    let slots: &'static Slots<'static, 4> = leak(Box::new(Slots::new(memory, references)));
    let [own, peers] = references;
    let named = [NamedReference::keys("own", own), NamedReference::trust("peers", peers)];
    let rotate = |generation: usize| {
        let client = &all.clients[generation];
        let mut stage = slots.stage().unwrap();
        let len = stage.copy([&client.der[..]]).unwrap();
        let key = ProofOfPossession::PublicKey(client.key.point());
        let admission = Admission { role: embedded_mtls::Role::Client, time: now(), key };
        own.set(stage.credential(RustCrypto, "2026", len, KeyHandle(0), &admission).unwrap());
        let mut stage = slots.stage().unwrap();
        let len = stage.copy([&all.roots[generation].der[..]]).unwrap();
        peers.set(stage.anchors("peers", len, now()).unwrap());
    };
    let policy = client_policy(Settings { key_alias: Some("2026"), ..MUTUAL });
    assert_eq!(policy.lease(slots, &named).err(), Some(ReferenceNowhere(Setting::KeyStore)));
    rotate(0);
    let old = leak(Box::new(policy.lease(slots, &named).unwrap()));
    rotate(1);
    let new = leak(Box::new(policy.lease(slots, &named).unwrap()));
    for (generation, leased) in [(0, &*old), (1, &*new)] {
        let entry = leak(Box::new(leased.entry().unwrap()));
        let trusted = leak(Box::new(leased.anchors::<2>().unwrap()));
        let resolved = leased.resolve(&*entry, &*trusted).unwrap();
        assert!(all.meets_as_client(resolved, generation, generation));
        assert!(!all.meets_as_client(resolved, generation, 1 - generation));
    }
    assert!(slots.stage().is_err(), "all four are leased or pointed to");
}

#[test]
fn a_name_without_a_target_is_reported_with_its_setting() {
    let all = Generations::new();
    let (stores, [own, peers]) = all.stores(Role::Client);
    let resolve = |settings| client_policy(settings).resolve(&stores).err();
    for (settings, error) in [
        (Settings { key_store: Some("own-3"), ..MUTUAL }, StoreNotFound(Setting::KeyStore)),
        (Settings { key_store: Some("peers-1"), ..MUTUAL }, StoreNotFound(Setting::KeyStore)),
        (Settings { trust_store: Some("own-1"), ..MUTUAL }, StoreNotFound(Setting::TrustStore)),
        (Settings { key_store: Some("ref://own-1"), ..MUTUAL }, ReferenceNotFound(Setting::KeyStore)),
        (Settings { trust_store: Some("ref://nobody"), ..MUTUAL }, ReferenceNotFound(Setting::TrustStore)),
        (Settings { key_alias: Some("2027"), ..MUTUAL }, AliasNotFound),
    ] {
        assert_eq!(resolve(settings), Some(error));
        assert!(error.to_string().starts_with(error.setting().name()), "{error}");
    }
    for (reference, setting) in [(own, Setting::KeyStore), (peers, Setting::TrustStore)] {
        reference.set(SlotId::fixed(2));
        assert_eq!(resolve(MUTUAL), Some(ReferenceNowhere(setting)), "there are two stores");
        reference.set(None);
        assert_eq!(resolve(MUTUAL), Some(ReferenceNowhere(setting)));
        reference.set(SlotId::fixed(0));
    }
    let policy = client_policy(MUTUAL);
    let trusted = anchors(&[&all.roots[0]]);
    assert_eq!(policy.resolve_with(&[], trusted).err(), Some(PolicyError::StoreEmpty(Setting::KeyStore)));
    let own = entries(&[("2026", &[&all.clients[0]])]);
    assert_eq!(policy.resolve_with(own, &[]).err(), Some(PolicyError::StoreEmpty(Setting::TrustStore)));
}

// Copied from one element into the other: a place in one list is another partner in the other list.
#[test]
fn a_reference_to_identities_is_not_one_to_trust_anchors_and_vice_versa() {
    let all = Generations::new();
    let (stores, [own, _]) = all.stores(Role::Client);
    own.set(SlotId::fixed(1));
    let resolve = |settings| client_policy(settings).resolve(&stores).err();
    let crossed = Settings { trust_store: Some("ref://own"), ..MUTUAL };
    assert_eq!(resolve(crossed), Some(PolicyError::StoreKind(Setting::TrustStore)));
    let crossed = Settings { key_store: Some("ref://peers"), ..MUTUAL };
    assert_eq!(resolve(crossed), Some(PolicyError::StoreKind(Setting::KeyStore)));
}

#[test]
fn slots_are_named_by_a_reference_of_the_right_kind() {
    let all = Generations::new();
    let references: &'static [Reference; 2] = leak(Box::new([Reference::new(), Reference::new()]));
    let memory: [&'static mut [u8]; 3] = std::array::from_fn(|_| &mut leak(Box::new([0; 1500]))[..]);
    let slots = Slots::new(memory, references);
    let [own, peers] = references;
    let named = [NamedReference::keys("own", own), NamedReference::trust("peers", peers)];
    let mut stage = slots.stage().unwrap();
    let len = stage.copy(all.roots.iter().map(|root| &root.der[..])).unwrap();
    let id = stage.anchors("peers", len, now()).unwrap();
    own.set(id);
    peers.set(id);
    let leased = client_policy(MUTUAL).lease(&slots, &named).unwrap();
    assert_eq!(leased.entry().err(), Some(PolicyError::StoreKind(Setting::KeyStore)));
    assert_eq!(leased.anchors::<1>().err(), Some(PolicyError::StoreUnusable(Setting::TrustStore)), "there are two");
    assert_eq!(leased.anchors::<2>().unwrap().unwrap().len(), 2);
    for (settings, error) in [
        (Settings { key_store: Some("own"), ..MUTUAL }, PolicyError::NameInSlots(Setting::KeyStore)),
        (Settings { trust_store: Some("peers"), ..MUTUAL }, PolicyError::NameInSlots(Setting::TrustStore)),
        (Settings { key_store: Some("ref://other"), ..MUTUAL }, ReferenceNotFound(Setting::KeyStore)),
    ] {
        assert_eq!(client_policy(settings).lease(&slots, &named).err(), Some(error));
    }
    // A place in slots is no place in a list of stores.
    let (stores, _) = all.stores(Role::Client);
    let elsewhere = [NamedReference::keys("own", own), NamedReference::trust("peers", peers)];
    let error = client_policy(MUTUAL).resolve(&stores.with_references(&elsewhere)).err();
    assert_eq!(error, Some(ReferenceNowhere(Setting::KeyStore)));
}

/// Returns the alias that a client under this policy sends to a server that accepts both.
fn shown(policy: Policy<'static, Client>) -> Result<Option<&'static str>, PolicyError> {
    let pki = Pki::new();
    let special = Template::client("special").signed_by(&pki.intermediate);
    let own: &[(&str, &[&Issued])] =
        &[("usual", &[&pki.client, &pki.intermediate]), ("special", &[&special, &pki.intermediate])];
    let resolved = policy.resolve_with(entries(own), anchors(&[&pki.root]))?;
    let (_, server) = visit_from(Setup::new(&pki), resolved, keys(own)).sessions();
    Ok(match server.peer().and_then(|peer| peer.common_name().map(String::from)).as_deref() {
        None => None,
        Some("special") => Some("special"),
        Some(_) => Some("usual"),
    })
}

// U29 U35: an alias chooses in the store, one connection overrides it.
#[test]
fn one_connection_uses_another_alias_than_the_policy() {
    let policy = client_policy(Settings { key_alias: Some("usual"), ..MUTUAL });
    assert_eq!(shown(policy), Ok(Some("usual")));
    assert_eq!(shown(policy.with_alias("special").unwrap()), Ok(Some("special")));
    assert_eq!(shown(policy), Ok(Some("usual")), "for one connection only");
    assert_eq!(shown(policy.with_alias("nobody").unwrap()), Err(AliasNotFound));
    // Without an alias what the server asks for chooses.
    assert_eq!(shown(client_policy(MUTUAL)), Ok(Some("usual")));
}

// U65
#[test]
fn a_site_changes_the_alias_and_the_rest_of_the_policy_holds() {
    let fleet = client_policy(Settings { enforce: true, key_alias: Some("usual"), ..MUTUAL });
    let here = fleet.at_site(&Site { key_alias: Some("special") }).unwrap();
    assert_eq!(shown(here), Ok(Some("special")));
    assert_eq!(here.settings(), &Settings { key_alias: Some("special"), ..*fleet.settings() });
    for settings in [*fleet.settings(), *here.settings()] {
        let expired = judged(Role::Server, Fault::Expired, Settings { key_alias: None, ..settings });
        assert_refused(Role::Server, expired, CertificateError { index: 0, problem: Problem::Expired });
    }
}

// U24: Enabled alone is TLS one way.
#[test]
fn without_client_authentication_no_certificate_is_requested_or_sent() {
    let pki = Pki::new();
    let one_way = Settings { client_auth_enabled: false, key_store: None, ..MUTUAL };
    let own: &[(&str, &[&Issued])] = &[("own", &[&pki.client, &pki.intermediate])];
    // An identity that the policy does not name is not sent, although it exists.
    let client = client_policy(one_way).resolve_with(entries(own), anchors(&[&pki.root])).unwrap();
    let (_, server) = visit_from(Setup::new(&pki), client, keys(own)).errors();
    assert_eq!(server, Some(PeerIncompatible::ClientCertificateRequired.into()));

    let one_way = Settings { client_auth_enabled: false, trust_store: None, ..MUTUAL };
    let own: &[(&str, &[&Issued])] = &[("own", &[&pki.server, &pki.intermediate])];
    let server = server_policy(one_way).resolve_with(entries(own), &[]).unwrap();
    let (client, server) = visit_to(Setup::new(&pki), server, keys(own)).sessions();
    assert_eq!(client.client_auth(), ClientAuthStatus::NotRequested);
    assert!(server.peer().is_none() && client.peer().is_some());
}

// U35: references of virtual hosts are resolved at accept, and the name that the client asks for chooses.
#[test]
fn a_server_sends_the_certificate_of_its_alias_or_of_the_requested_name() {
    let pki = Pki::new();
    let shop = Template::server("shop.example.com").signed_by(&pki.intermediate);
    let own: &[(&str, &[&Issued])] =
        &[("shop", &[&shop, &pki.intermediate]), ("supplier", &[&pki.server, &pki.intermediate])];
    let visit = |name: &'static str, alias| {
        let policy = server_policy(Settings { key_alias: alias, ..MUTUAL });
        let resolved = policy.resolve_with(entries(own), anchors(&[&pki.root])).unwrap();
        let name = ServerName::parse(name).unwrap();
        let client = embedded_mtls::ClientConfig::new(name, anchors(&[&pki.root]));
        let outcome = visit_to(Setup { client, ..Setup::new(&pki) }, resolved, keys(own));
        let name = |peer: Option<embedded_mtls::x509::PeerIdentity<'_>>| peer.unwrap().common_name().map(String::from);
        outcome.client.map(|session| name(session.peer()).unwrap()).map_err(|(error, _)| error)
    };
    assert_eq!(visit(SERVER_NAME, None).as_deref(), Ok(SERVER_NAME));
    assert_eq!(visit("shop.example.com", None).as_deref(), Ok("shop.example.com"));
    let unknown = Error::AlertReceived(AlertDescription::UNRECOGNIZED_NAME);
    assert_eq!(visit("other.example.com", None), Err(unknown));
    // With an alias all clients get the same certificate, and those that require another name reject it.
    assert_eq!(visit("shop.example.com", Some("shop")).as_deref(), Ok("shop.example.com"));
    let mismatch = CertificateError { index: 0, problem: Problem::NameMismatch };
    assert_eq!(visit(SERVER_NAME, Some("shop")), Err(mismatch.into()));
}

// U39
#[test]
fn an_identity_for_development_leaves_client_authentication_as_it_was_set() {
    let pki = Pki::new();
    let development = Template::server(SERVER_NAME).self_signed();
    let own: &[(&str, &[&Issued])] = &[("built-in", &[&development])];
    for key_alias in [None, Some("built-in")] {
        for enforce in [false, true] {
            let settings = Settings { key_store: Some("development"), key_alias, enforce, ..MUTUAL };
            let without = Settings { trust_store: None, ..settings };
            let refused = Some(PolicyError::ClientAuthWithoutTrustStore);
            assert_eq!(Policy::<Server>::new(without).err(), refused);
            let resolved = server_policy(settings).resolve_with(entries(own), anchors(&[&pki.root])).unwrap();
            // A client that trusts this identity, and sends none of its own.
            let pinned = leak_all(vec![TrustAnchor::from_pinned_certificate(RustCrypto, &development.der).unwrap()]);
            let client = embedded_mtls::ClientConfig::new(server_name(), pinned);
            let base = Setup { client, client_host: host(vec![], vec![]), ..Setup::new(&pki) };
            let (_, server) = visit_to(base, resolved, keys(own)).errors();
            assert_eq!(server, Some(PeerIncompatible::ClientCertificateRequired.into()));
        }
    }
}

// U29 U41: authorities and pins beside each other, in any order.
#[test]
fn the_order_of_a_trust_store_does_not_matter_and_it_may_hold_pins() {
    let pki = Pki::new();
    let stranger = Template::ca("Stranger").self_signed();
    let own: &[(&str, &[&Issued])] = &[("own", &[&pki.client, &pki.intermediate])];
    let root = anchors(&[&pki.root])[0];
    let other = anchors(&[&stranger])[0];
    let pin = TrustAnchor::from_pinned_certificate(RustCrypto, &pki.server.der).unwrap();
    for (trusted, depth) in
        [(vec![root, other], 2), (vec![other, root], 2), (vec![other, pin], 0), (vec![pin, other], 0)]
    {
        let resolved = client_policy(MUTUAL).resolve_with(entries(own), leak_all(trusted)).unwrap();
        let (client, _) = visit_from(Setup::new(&pki), resolved, keys(own)).sessions();
        assert_eq!(client.path().unwrap().depth, depth);
    }
}
