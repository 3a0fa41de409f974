//! Both programs under policy files: stores by name and by reference, sites, aliases.

use std::path::PathBuf;

use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};

use super::*;
use mtls::args::UsageError;
use mtls::policy::{Around, News, Rules, SslInfo};
use mtls::supplier::{ClientAuthMode, Event, Setup};
use mtls_pki::pem::{Identity, encode};
use mtls_pki::throw_away::{Authority, GATEWAY_NAME, Leaf, SUPPLIER_NAME};

/// A folder with a policy and its stores, gone with the test.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("embedded-mtls-policy-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> String {
        self.write_bytes(name, text.as_bytes())
    }

    pub(super) fn write_bytes(&self, name: &str, bytes: &[u8]) -> String {
        let file = self.0.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        // As an operator should: a file is there as a whole or not at all.
        let half = file.with_extension("half");
        std::fs::write(&half, bytes).unwrap();
        std::fs::rename(half, &file).unwrap();
        file.to_str().unwrap().to_owned()
    }

    fn identity(&self, store: &str, alias: &str, identity: &Identity) {
        let chain = encode("CERTIFICATE", identity.chain.iter().map(Vec::as_slice));
        self.write(&format!("{store}/{alias}.pem"), &chain);
        self.write(&format!("{store}/{alias}.key"), &identity.key.to_pem());
    }

    fn root(&self, store: &str, authority: &Authority) {
        self.write(&format!("{store}/root.pem"), &encode("CERTIFICATE", [authority.certificate()]));
    }

    fn reference(&self, name: &str, store: &str) {
        self.write(&format!("{name}.ref"), &format!("{store}\n"));
    }

    /// Mutual, both stores by reference.
    fn rules(&self, more: &str, site: Option<&str>, alias: Option<&str>) -> Result<Rules, UsageError> {
        let text = format!(
            "<SSLInfo>\n<Enabled>true</Enabled>\n<ClientAuthEnabled>true</ClientAuthEnabled>\n\
             <KeyStore>ref://own</KeyStore>\n<TrustStore>ref://peers</TrustStore>\n{more}\n</SSLInfo>"
        );
        let file = self.write("policy.xml", &text);
        let info = SslInfo::read(&file, Around::Target)?;
        let site = site.map(|text| SslInfo::read_site(&self.write("site.xml", text), Around::Target)).transpose()?;
        Ok(Rules::new(&file, info, site, alias.map(str::to_owned), mtls_pki::pem::Password::none()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Two generations of authorities.
fn roots() -> [Authority; 2] {
    ["Root of 2026", "Root of 2027"].map(|name| Authority::root(name).unwrap())
}

fn leaf(root: &Authority, name: &str) -> Identity {
    let purpose = if name == SUPPLIER_NAME { ServerAuth } else { ClientAuth };
    root.leaf(&Leaf::new(name, purpose)).unwrap()
}

/// A supplier with a store of each generation, and references to the first.
fn rotating_supplier(name: &str, roots: &[Authority; 2]) -> (Folder, String, Receiver<Event>) {
    let there = Folder::new(name);
    for (year, root) in ["2026", "2027"].iter().zip(roots) {
        there.identity(&format!("supplier-{year}"), "orders", &leaf(root, SUPPLIER_NAME));
        there.root(&format!("gateways-{year}"), root);
    }
    there.reference("own", "supplier-2026");
    there.reference("peers", "gateways-2026");
    let rules = there.rules("<KeyAlias>orders</KeyAlias>", None, None).unwrap();
    let (address, events) = start(Setup::of_policy(rules));
    (there, address, events)
}

/// Makes a delivery under this policy, to any address.
fn under(rules: Rules, address: &str) -> Delivery {
    let pki = Pki::new().unwrap();
    Delivery { authorities: Vec::new(), identities: Vec::new(), rules: Some(rules), ..delivery(&pki, address) }
}

/// A gateway of one generation.
fn gateway(folder: &Folder, root: &Authority) {
    folder.identity("gateway", "orders", &leaf(root, GATEWAY_NAME));
    folder.root("suppliers", root);
    folder.reference("own", "gateway");
    folder.reference("peers", "suppliers");
}

// U24 U29
#[test]
fn both_sides_meet_under_policies_of_the_same_shape() {
    let roots = roots();
    let (_there, address, events) = rotating_supplier("both", &roots);
    let here = Folder::new("both-gateway");
    gateway(&here, &roots[0]);
    let rules = here.rules("<Enforce>true</Enforce><KeyAlias>orders</KeyAlias>", None, None).unwrap();
    let (outcome, asked) = run(&under(rules, &address));
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(asked.unwrap().shown, Some(0));
    let Event::Opened(link) = events.recv_timeout(PATIENCE).unwrap() else { panic!("not opened") };
    assert_eq!(link.peer.unwrap().common_name.as_deref(), Some(GATEWAY_NAME));

    // A client without a certificate is rejected, and so is one of another CA.
    let pki = Pki::new().unwrap();
    let authorities = vec![roots[0].certificate().to_vec()];
    assert_late(&Delivery { identities: Vec::new(), authorities, ..delivery(&pki, &address) }, 116);
    gateway(&here, &roots[1]);
    assert_eq!(trouble(&under(here.rules("", None, None).unwrap(), &address)).0, 24);
}

// U24: both sides have to authenticate.
#[test]
fn a_policy_of_mutual_tls_posts_nothing_to_a_server_that_requests_no_certificate() {
    let roots = roots();
    let there = Folder::new("unasked-supplier");
    there.identity("supplier", "orders", &leaf(&roots[0], SUPPLIER_NAME));
    there.reference("own", "supplier");
    let one_way = |folder: &Folder, stores: &str| {
        let file = folder.write("one-way.xml", &format!("<SSLInfo><Enabled>true</Enabled>{stores}</SSLInfo>"));
        Rules::new(&file, SslInfo::read(&file, Around::Target).unwrap(), None, None, mtls_pki::pem::Password::none())
    };
    let (address, _events) = start(Setup::of_policy(one_way(&there, "<KeyStore>ref://own</KeyStore>")));
    let here = Folder::new("unasked-gateway");
    gateway(&here, &roots[0]);
    // No option of the command line overrules the policy.
    let preferences = Preferences { one_way: true, ..Preferences::default() };
    #[cfg(feature = "post-handshake-auth")]
    let preferences = Preferences { post_handshake_auth: true, ..preferences };
    for more in ["", "<Enforce>true</Enforce>"] {
        let delivery = under(here.rules(more, None, None).unwrap(), &address);
        let (code, words) = trouble(&Delivery { preferences: preferences.clone(), ..delivery });
        assert!(code == 27 && words.contains("ClientAuthEnabled of the policy"), "{code} {words}");
        assert!(!words.contains("--one-way"), "{words}");
    }
    let (outcome, asked) = run(&under(one_way(&here, "<TrustStore>ref://peers</TrustStore>"), &address));
    assert!(outcome.is_ok() && asked.is_none(), "{outcome:?}");
}

/// The last word on a reference that cannot be followed.
fn stale(events: &Receiver<Event>) -> String {
    let stale = |event: &Event| matches!(event, Event::Reference(News::Stale(_)));
    events.try_iter().filter(stale).last().expect("it is told").to_string()
}

// U32 U33
#[test]
fn a_reference_is_moved_while_the_supplier_runs_and_the_last_good_store_stays() {
    let roots = roots();
    let (there, address, events) = rotating_supplier("rotation", &roots);
    let gateways = ["2026", "2027"].map(|year| Folder::new(&format!("rotation-{year}")));
    for (folder, root) in gateways.iter().zip(&roots) {
        gateway(folder, root);
    }
    let welcome = || {
        let deliveries = gateways.each_ref().map(|folder| under(folder.rules("", None, None).unwrap(), &address));
        deliveries.map(|delivery| run(&delivery).0.is_ok())
    };
    assert_eq!(welcome(), [true, false]);
    // An edit of a store that is in use changes nothing: what comes next is another store.
    there.identity("supplier-2026", "orders", &leaf(&roots[1], SUPPLIER_NAME));
    assert_eq!(welcome(), [true, false]);
    events.try_iter().for_each(drop);
    there.reference("own", "supplier-2027");
    there.reference("peers", "gateways-2027");
    assert_eq!(welcome(), [false, true]);
    // One line for each that moved, though two came in.
    let moved = |event: Event| matches!(event, Event::Reference(News::Moved(_))).then(|| event.to_string());
    let [trust, keys] = &events.try_iter().filter_map(moved).collect::<Vec<_>>()[..] else { panic!("not two lines") };
    let words = "reference: TrustStore gateways-2026 -> gateways-2027, authorities: 1, pins: 0, all valid until 2";
    assert!(trust.starts_with(words), "{trust}");
    assert!(keys.starts_with("reference: KeyStore supplier-2026 -> supplier-2027, orders valid until 2"), "{keys}");

    // A reference that cannot be followed is reported, and the last store stays.
    let stale = |words: &str| {
        assert_eq!(welcome(), [false, true]);
        let told = stale(&events);
        assert!(told.contains(words) && told.ends_with("; KeyStore supplier-2027 as before"), "{told}");
    };
    there.reference("own", "supplier-2028");
    stale("supplier-2028: found nothing of this name");
    // The alias has to be the same in the new store.
    there.identity("supplier-2029", "invoices", &leaf(&roots[0], SUPPLIER_NAME));
    there.reference("own", "supplier-2029");
    stale("policy.xml:6:1: KeyAlias 'orders': found an alias that the store of identities does not have");
    std::fs::remove_file(there.0.join("own.ref")).unwrap();
    stale("own.ref: found No such file");
}

// U34: nothing fails between the old identity and the new one.
#[test]
fn a_reference_to_an_identity_that_peers_would_reject_is_not_followed() {
    let root = Authority::root("Root of 2026").unwrap();
    let issuing = root.intermediate("Issuing").unwrap();
    let there = Folder::new("unfit");
    there.identity("supplier-1", "orders", &leaf(&issuing, SUPPLIER_NAME));
    there.root("gateways", &root);
    there.reference("own", "supplier-1");
    there.reference("peers", "gateways");
    let (address, events) = start(Setup::of_policy(there.rules("<KeyAlias>orders</KeyAlias>", None, None).unwrap()));
    let here = Folder::new("unfit-gateway");
    gateway(&here, &root);
    let order = || run(&under(here.rules("", None, None).unwrap(), &address)).0;
    assert!(order().is_ok());

    let days = |from, to| (time::Duration::days(from), time::Duration::days(to));
    let made = |valid, purpose| issuing.leaf(&Leaf { valid, ..Leaf::new(SUPPLIER_NAME, purpose) }).unwrap();
    let mut alone = made(days(-1, 90), ServerAuth);
    alone.chain.truncate(1);
    for (store, identity, words) in [
        ("expired", made(days(-9, -1), ServerAuth), "expired"),
        ("early", made(days(1, 90), ServerAuth), "not yet valid"),
        ("client", made(days(-1, 90), ClientAuth), "not"),
        ("alone", alone, "the certificate of its issuer "),
    ] {
        there.identity(store, "orders", &identity);
        there.reference("own", store);
        let outcome = order();
        assert!(outcome.is_ok(), "{store}: {outcome:?}");
        let told = stale(&events);
        assert!(told.starts_with(&format!("reference: KeyStore {store}, orders: ")), "{told}");
        assert!(told.contains(words) && told.ends_with("; KeyStore supplier-1 as before"), "{told}");
    }
    // Other aliases of the store do not matter.
    there.identity("good", "orders", &made(days(-1, 90), ServerAuth));
    there.identity("good", "spare", &made(days(-9, -1), ServerAuth));
    there.reference("own", "good");
    assert!(order().is_ok());
    let moved = |event: &Event| event.to_string().starts_with("reference: KeyStore supplier-1 -> good, ");
    assert!(events.try_iter().any(|event| moved(&event)));
}

// Whoever is no longer trusted is out at once, also while the other reference is broken.
#[test]
fn a_reference_to_trust_anchors_is_followed_though_that_to_identities_is_broken() {
    let roots = roots();
    let (there, address, events) = rotating_supplier("independent", &roots);
    let here = Folder::new("independent-gateway");
    gateway(&here, &roots[0]);
    let order = || run(&under(here.rules("", None, None).unwrap(), &address)).0;
    assert!(order().is_ok());
    there.reference("own", "nothing");
    there.reference("peers", "gateways-2027");
    assert!(order().is_err());
    let told = stale(&events);
    assert!(told.ends_with("; KeyStore supplier-2026 as before"), "{told}");
}

// U36
#[test]
fn a_store_that_is_named_directly_is_read_once() {
    let roots = roots();
    let there = Folder::new("direct");
    there.identity("supplier", "orders", &leaf(&roots[0], SUPPLIER_NAME));
    there.root("gateways", &roots[0]);
    let text = "<SSLInfo><Enabled>true</Enabled><ClientAuthEnabled>true</ClientAuthEnabled><KeyStore>supplier</KeyStore>\
                <TrustStore>gateways</TrustStore></SSLInfo>";
    let file = there.write("policy.xml", text);
    let rules =
        || Rules::new(&file, SslInfo::read(&file, Around::Host).unwrap(), None, None, mtls_pki::pem::Password::none());
    let (address, _events) = start(Setup::of_policy(rules()));
    let here = Folder::new("direct-gateway");
    gateway(&here, &roots[0]);
    let welcome = |address: &str| run(&under(here.rules("", None, None).unwrap(), address)).0.is_ok();
    assert!(welcome(&address));
    there.identity("supplier", "orders", &leaf(&roots[1], SUPPLIER_NAME));
    assert!(welcome(&address), "it was read at the start");
    let (address, _events) = start(Setup::of_policy(rules()));
    assert!(!welcome(&address), "and after a start anew");
}

// U35 U65
#[test]
fn one_connection_or_a_site_uses_another_alias() {
    let roots = roots();
    let (_there, address, _events) = rotating_supplier("alias", &roots);
    let here = Folder::new("alias-gateway");
    gateway(&here, &roots[0]);
    here.identity("gateway", "invoices", &leaf(&roots[0], "invoices.example"));
    let place = |site: Option<&str>, alias: Option<&str>| {
        let rules = here.rules("<KeyAlias>orders</KeyAlias>", site, alias).unwrap();
        let (outcome, asked) = run(&under(rules, &address));
        outcome.map(|_| asked.unwrap().shown.unwrap())
    };
    // In the order of the aliases.
    let site = "<SSLInfo><KeyAlias>invoices</KeyAlias></SSLInfo>";
    assert_eq!(place(None, None), Ok(1));
    assert_eq!(place(None, Some("invoices")), Ok(0));
    assert_eq!(place(Some(site), None), Ok(0));
    assert_eq!(place(Some(site), Some("orders")), Ok(1));
    let error = place(None, Some("nobody")).unwrap_err().to_string();
    assert!(error.starts_with("--alias nobody: KeyAlias: found an alias that the store"), "{error}");
    assert!(error.ends_with(", wanted one of: invoices, orders (store gateway)"), "{error}");
    let error = place(Some("<SSLInfo><KeyAlias>nobody</KeyAlias></SSLInfo>"), None).unwrap_err().to_string();
    assert!(error.contains("site.xml:1:10: KeyAlias 'nobody': found an alias that the store"), "{error}");
    assert!(error.ends_with(", wanted one of: invoices, orders (store gateway)"), "{error}");
}

const IGNORE: &str = "<IgnoreValidationErrors>true</IgnoreValidationErrors>";

// U25 U26 U28
#[test]
fn faults_that_a_policy_ignores_are_accepted_and_reported_or_rejected_by_a_build_without_waivers() {
    let roots = roots();
    let (_there, address, _events) = rotating_supplier("ignore", &roots);
    let here = Folder::new("ignore-gateway");
    gateway(&here, &roots[0]);
    here.root("suppliers", &roots[1]);
    let enforced = here.rules(&format!("{IGNORE}<Enforce>true</Enforce>"), None, None).unwrap();
    assert_eq!(trouble(&under(enforced, &address)).0, 24);
    let ignoring = under(here.rules(IGNORE, None, None).unwrap(), &address);
    if cfg!(feature = "dangerous-waivers") {
        let (mut memory, mut waived) = (DeviceMemory::new(), None);
        let transport = Timed::new(connect(&address, PATIENCE).unwrap(), Deadline::new(PATIENCE));
        let outcome = post(&ignoring, transport, memory.lend(), None, &mut |progress| {
            if let Progress::Open(link, _) = progress {
                waived = link.waived.clone();
            }
        });
        assert!(outcome.is_ok(), "{outcome:?}");
        let waived = waived.expect("it is told");
        assert!(waived.starts_with("untrusted root: "), "{waived}");
        let elsewhere = Delivery { server_name: "elsewhere.example".to_owned(), ..ignoring };
        assert_eq!(trouble(&elsewhere).0, 25, "a name is never waived");
    } else {
        let (code, words) = trouble(&ignoring);
        assert!(
            code == 1 && words.contains("policy.xml:6:1: IgnoreValidationErrors 'true': found true without Enforce"),
            "{words}"
        );
    }
}

// U40: the identity of a client comes from its certificate, and not from a header of a proxy.
#[test]
fn a_header_that_names_a_client_authorizes_nobody() {
    let pki = Pki::new().unwrap();
    let named =
        Setup { client_auth: ClientAuthMode::Optional, required_names: vec![GATEWAY_NAME.to_owned()], ..setup(&pki) };
    let (address, _events) = start(named);
    assert!(run(&delivery(&pki, &address)).0.is_ok());
    let headers =
        format!("X-SSL-Client-S-DN-CN: {GATEWAY_NAME}\r\nX-Forwarded-Client-Cert: Subject=\"CN={GATEWAY_NAME}\"");
    let path = format!("/orders HTTP/1.1\r\n{headers}\r\nX-Rest: ");
    let (code, words) = trouble(&Delivery { identities: Vec::new(), path, ..delivery(&pki, &address) });
    assert!(code == 30 && words.contains("403"), "{words}");
}

#[test]
fn a_missing_store_is_reported_before_any_connection() {
    let there = Folder::new("missing");
    there.reference("own", "nothing");
    there.reference("peers", "nothing");
    let rules = there.rules("", None, None).unwrap();
    let error = rules.check::<embedded_mtls::Server>().map(drop).unwrap_err().to_string();
    assert!(error.contains("policy.xml:4:1: KeyStore 'ref://own': "), "{error}");
    assert!(error.ends_with("nothing: found nothing of this name, wanted a folder, or a file nothing.pem"), "{error}");
    there.identity("own", "orders", &leaf(&roots()[0], SUPPLIER_NAME));
    there.reference("own", "own");
    let check = || rules.check::<embedded_mtls::Server>().map(drop).unwrap_err().to_string();
    assert!(check().contains("policy.xml:5:1: TrustStore 'ref://peers': "), "{}", check());
    std::fs::remove_file(there.0.join("peers.ref")).unwrap();
    assert!(check().contains("policy.xml:5:1: TrustStore 'ref://peers': "), "{}", check());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(serve(&Setup::of_policy(rules), &listener, Some(0), &|_, _| ()).is_err());
}

// U35
#[test]
fn flow_variables_choose_store_and_alias_of_a_connection() {
    let roots = roots();
    let (_there, address, events) = rotating_supplier("variables", &roots);
    let here = Folder::new("variables-gateway");
    for name in ["first", "second"] {
        here.identity("own-store", name, &leaf(&roots[0], name));
    }
    here.root("suppliers", &roots[0]);
    here.reference("own", "own-store");
    let text = "<SSLInfo>\n<Enabled>true</Enabled>\n<ClientAuthEnabled>true</ClientAuthEnabled>\n<KeyStore>{ssl.keystore}</KeyStore>\n\
                <KeyAlias>{ssl.keyalias}</KeyAlias>\n<TrustStore>{ssl.truststore}</TrustStore>\n</SSLInfo>";
    let file = here.write("policy.xml", text);
    let rules = |values: &[(&str, &str)]| {
        let info = SslInfo::read(&file, Around::Target).unwrap();
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Rules::new(&file, info, None, None, mtls_pki::pem::Password::none()).with_variables(values)
    };
    let of = |store, alias| [("ssl.keystore", store), ("ssl.keyalias", alias), ("ssl.truststore", "suppliers")];
    for (store, alias) in [("own-store", "first"), ("ref://own", "second")] {
        let (outcome, _) = run(&under(rules(&of(store, alias)).unwrap(), &address));
        assert!(outcome.is_ok(), "{outcome:?}");
        let link = events.iter().find_map(|event| match event {
            Event::Opened(link) => Some(link),
            _ => None,
        });
        assert_eq!(link.unwrap().peer.unwrap().common_name.as_deref(), Some(alias));
    }
    let (code, words) = trouble(&under(rules(&of("own-store", "first")[..2]).unwrap(), &address));
    assert!(code == 1 && words.contains("policy.xml:6:1: TrustStore '"), "{words}");
    assert!(words.ends_with("found a flow variable without a value, wanted its value: --var NAME=VALUE"), "{words}");
    // A value denotes nothing outside of the folder.
    for outside in ["../own-store", "/etc", "ref://../own", ""] {
        let error = rules(&of(outside, "first")).unwrap_err().to_string();
        assert!(error.starts_with(&format!("--var ssl.keystore: found '{outside}', wanted a name")), "{error}");
    }
    let twice = [("ssl.keystore", "a"), ("x", "b"), ("ssl.keystore", "a")];
    let error = rules(&twice).unwrap_err().to_string();
    assert_eq!(error, "--var ssl.keystore: found it twice, wanted one value");
    let host = SslInfo::read(&file, Around::Host).unwrap();
    let error = Rules::new(&file, host, None, None, mtls_pki::pem::Password::none()).check::<embedded_mtls::Server>();
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("policy.xml:4:1: KeyStore '") && error.contains("found a flow variable on a server"),
        "{error}"
    );
}
