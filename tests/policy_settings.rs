//! Settings of both roles: every pair of them, and every set. What they mean on the wire is in `policy_handshakes.rs`.
#![allow(missing_docs)]

use std::collections::HashSet;

use embedded_mtls::x509::{CommonName, Waivers};
use embedded_mtls::{Client, Server};
use embedded_mtls_operator::policy::{Policy, PolicyError, Setting, Settings, Site, StoreName, Stores};

/// The relation between two settings.
#[derive(Clone, Copy)]
enum Pair {
    /// Nothing.
    Free,
    /// The first needs the second; else this.
    First(PolicyError),
    /// The second needs the first; else this.
    Second(PolicyError),
}

use Pair::{First, Free, Second};
use PolicyError::{
    ClientAuthWithoutKeyStore, ClientAuthWithoutTrustStore, ClientWithoutTrustStore, CommonNameOnServer,
    KeyAliasWithoutKeyStore, ServerWithoutKeyStore, WaiversNotCompiled,
};
use Setting::{
    ClientAuthEnabled, CommonName as Name, Enabled, Enforce, IgnoreValidationErrors as Ignore, KeyAlias, KeyStore,
    TrustStore,
};

/// Without enforcement, waiving needs the feature; with `Enforce` it has no effect.
const WAIVING: Pair = if cfg!(feature = "dangerous-waivers") { Free } else { Second(WaiversNotCompiled) };

/// Every pair of settings, on a client and on a server.
const PAIRS: [(Setting, Setting, Pair, Pair); 28] = [
    // Without `Enabled` nothing else means anything.
    (Enabled, Enforce, Free, Free),
    (Enabled, ClientAuthEnabled, Free, Free),
    (Enabled, KeyStore, Free, First(ServerWithoutKeyStore)),
    (Enabled, KeyAlias, Free, Free),
    (Enabled, TrustStore, First(ClientWithoutTrustStore), Free),
    (Enabled, Ignore, Free, Free),
    (Enabled, Name, Free, Free),
    (Enforce, ClientAuthEnabled, Free, Free),
    (Enforce, KeyStore, Free, Free),
    (Enforce, KeyAlias, Free, Free),
    (Enforce, TrustStore, Free, Free),
    (Enforce, Ignore, WAIVING, WAIVING),
    (Enforce, Name, Free, Free),
    (ClientAuthEnabled, KeyStore, First(ClientAuthWithoutKeyStore), Free),
    (ClientAuthEnabled, KeyAlias, Free, Free),
    (ClientAuthEnabled, TrustStore, Free, First(ClientAuthWithoutTrustStore)),
    (ClientAuthEnabled, Ignore, Free, Free),
    (ClientAuthEnabled, Name, Free, Free),
    (KeyStore, KeyAlias, Second(KeyAliasWithoutKeyStore), Second(KeyAliasWithoutKeyStore)),
    (KeyStore, TrustStore, Free, Free),
    (KeyStore, Ignore, Free, Free),
    (KeyStore, Name, Free, Free),
    (KeyAlias, TrustStore, Free, Free),
    (KeyAlias, Ignore, Free, Free),
    (KeyAlias, Name, Free, Free),
    (TrustStore, Ignore, Free, Free),
    (TrustStore, Name, Free, Free),
    (Ignore, Name, Free, Free),
];

fn settings(set: &[Setting]) -> Settings<'static> {
    let has = |setting| set.contains(&setting);
    Settings {
        enabled: has(Enabled),
        enforce: has(Enforce),
        client_auth_enabled: has(ClientAuthEnabled),
        key_store: has(KeyStore).then_some("ref://gateway"),
        key_alias: has(KeyAlias).then_some("2026"),
        trust_store: has(TrustStore).then_some("suppliers"),
        dangerous_ignore_validation_errors: has(Ignore),
        common_name: has(Name).then(|| CommonName::exact("supplier").unwrap()),
    }
}

/// Every set of settings.
fn sets() -> impl Iterator<Item = Vec<Setting>> {
    let of = |bits: u32| {
        let all = Setting::ALL.iter().copied().enumerate();
        all.filter(move |(place, _)| bits >> place & 1 == 1).map(|(_, setting)| setting)
    };
    (0..1 << Setting::ALL.len()).map(move |bits| of(bits).collect())
}

/// Returns the errors of a set according to its pairs.
fn contradictions(set: &[Setting], is_client: bool) -> Vec<PolicyError> {
    let has = |setting: &Setting| set.contains(setting);
    let mut found = Vec::new();
    if !has(&Enabled) {
        return found;
    }
    for (first, second, client, server) in &PAIRS {
        match (if is_client { client } else { server }, has(first), has(second)) {
            (First(error), true, false) | (Second(error), false, true) => found.push(*error),
            _ => {}
        }
    }
    if !is_client && has(&Name) {
        found.push(CommonNameOnServer);
    }
    found
}

#[test]
fn every_pair_of_settings_has_a_row() {
    let mut pairs = HashSet::new();
    for (first, second, ..) in PAIRS {
        assert_ne!(first, second);
        let mut pair = [first.name(), second.name()];
        pair.sort_unstable();
        assert!(pairs.insert(pair), "{first} and {second} stand there twice");
    }
    assert_eq!(pairs.len(), Setting::ALL.len() * (Setting::ALL.len() - 1) / 2);
}

#[test]
fn every_set_of_settings_is_rejected_if_two_of_them_contradict_each_other_and_only_then() {
    let mut good = [0, 0];
    for set in sets() {
        let client = Policy::<Client>::new(settings(&set)).map(|policy| policy.is_some());
        let server = Policy::<Server>::new(settings(&set)).map(|policy| policy.is_some());
        for (is_client, outcome) in [(true, client), (false, server)] {
            let wrong = contradictions(&set, is_client);
            match outcome {
                Ok(has_policy) => {
                    assert!(wrong.is_empty(), "client: {is_client}, {set:?} is {wrong:?}");
                    assert_eq!(has_policy, set.contains(&Enabled));
                    good[usize::from(is_client)] += 1;
                }
                Err(error) => assert!(wrong.contains(&error), "client: {is_client}, {set:?}: {error:?}, not {wrong:?}"),
            }
        }
    }
    // Whatever is set without TLS. Of a server: with or without an alias, clients are asked and their authorities known; or
    // they are not, and the authorities are there or not. Of a client: with a common name or not, without identities; or
    // with them, with an alias or not, sent or not.
    let waiving = if cfg!(feature = "dangerous-waivers") { 4 } else { 3 };
    assert_eq!(good, [128 + 2 * (1 + 2) * waiving, 128 + 2 * (1 + 2 * 2) * waiving]);
}

#[test]
fn a_setting_without_effect_is_reported_and_not_used() {
    let client =
        |set: &[Setting]| Policy::<Client>::new(settings(&[&[Enabled, TrustStore], set].concat())).unwrap().unwrap();
    let server =
        |set: &[Setting]| Policy::<Server>::new(settings(&[&[Enabled, KeyStore], set].concat())).unwrap().unwrap();
    for (set, of_client, of_server) in [
        (&[][..], &[][..], &[][..]),
        (&[Enforce], &[], &[Enforce]),
        (&[Enforce, Ignore], &[Ignore], &[Enforce, Ignore]),
        (&[KeyStore, KeyAlias], &[KeyAlias, KeyStore], &[]),
        (&[TrustStore], &[], &[TrustStore]),
        (&[ClientAuthEnabled, KeyStore, KeyAlias, TrustStore, Enforce], &[], &[]),
    ] {
        let (client, server) = (client(set), server(set));
        assert_eq!(client.without_effect().collect::<Vec<_>>(), of_client, "{set:?}");
        assert_eq!(server.without_effect().collect::<Vec<_>>(), of_server, "{set:?}");
        let shows = set.contains(&ClientAuthEnabled);
        assert_eq!((client.key_store().is_some(), client.key_alias().is_some()), (shows, shows), "{set:?}");
        assert_eq!(server.trust_store().is_some(), shows, "{set:?}");
    }
}

#[test]
fn an_error_names_the_setting_what_was_found_and_what_is_wanted() {
    let name = |setting| PolicyError::NameEmpty(setting);
    let errors = PAIRS.iter().flat_map(|(_, _, client, server)| [client, server]).flat_map(|pair| match pair {
        Free => vec![],
        First(error) | Second(error) => vec![*error],
    });
    let mut texts = HashSet::new();
    for error in errors.chain([CommonNameOnServer, WaiversNotCompiled, name(KeyAlias), PolicyError::Locked(Enforce)]) {
        let text = error.to_string();
        assert!(text.starts_with(&format!("{}: found ", error.setting())) && text.contains(", wanted "), "{text}");
        texts.insert(text);
    }
    for text in [
        "KeyAlias: found an alias without KeyStore, wanted a KeyStore as well, or no alias",
        "ClientAuthEnabled: found true on a server without TrustStore, wanted TrustStore with the CAs of the clients, \
         or false",
        "CommonName: found a server's common name on a server, wanted none: only clients check one",
        "IgnoreValidationErrors: found true without Enforce, in a build without the feature dangerous-waivers, wanted \
         Enforce, or false, or a build with that feature",
    ] {
        assert!(texts.contains(text), "{text}\n{texts:#?}");
    }
}

#[test]
fn a_name_that_is_empty_is_rejected() {
    let good = settings(&[Enabled, ClientAuthEnabled, KeyStore, KeyAlias, TrustStore]);
    for (setting, bad) in [
        (KeyStore, Settings { key_store: Some(""), ..good }),
        (KeyStore, Settings { key_store: Some("ref://"), ..good }),
        (KeyAlias, Settings { key_alias: Some(""), ..good }),
        (TrustStore, Settings { trust_store: Some("ref://"), ..good }),
    ] {
        assert_eq!(Policy::<Client>::new(bad).err(), Some(PolicyError::NameEmpty(setting)));
        assert_eq!(Policy::<Server>::new(bad).err(), Some(PolicyError::NameEmpty(setting)));
    }
}

// U31
#[test]
fn a_store_is_named_by_its_name_or_by_a_reference() {
    let policy = Policy::<Server>::new(settings(&[Enabled, ClientAuthEnabled, KeyStore, TrustStore])).unwrap().unwrap();
    assert_eq!(policy.key_store(), Some(StoreName::Reference("gateway")));
    assert_eq!(policy.trust_store(), Some(StoreName::Direct("suppliers")));
    // Only so it is a reference.
    for name in ["REF://gateway", "ref:/gateway", "my-ref://gateway"] {
        assert_eq!(StoreName::parse(name), StoreName::Direct(name));
    }
}

// U26
#[test]
fn enforcing_overrules_ignoring_and_reports_it() {
    let with = |more: &[Setting]| {
        let set = [&[Enabled, ClientAuthEnabled, KeyStore, TrustStore], more].concat();
        let client = Policy::<Client>::new(settings(&set)).ok().flatten();
        let server = Policy::<Server>::new(settings(&set)).ok().flatten();
        let client = client.map(|policy| (policy.waivers(), policy.is_ignoring_overruled(), *policy.settings()));
        let server = server.map(|policy| (policy.waivers(), policy.is_ignoring_overruled(), *policy.settings()));
        assert_eq!(client, server);
        client
    };
    let overruled = with(&[Enforce, Ignore]).unwrap();
    assert_eq!((overruled.0, overruled.1), (Waivers::NONE, true));
    assert!(overruled.2.dangerous_ignore_validation_errors, "what was set can still be read");
    for strict in [&[][..], &[Enforce]] {
        let strict = with(strict).unwrap();
        assert_eq!((strict.0, strict.1), (Waivers::NONE, false));
    }
    let ignoring = with(&[Ignore]);
    assert_eq!(ignoring.is_some(), cfg!(feature = "dangerous-waivers"));
    if let Some((waivers, overruled, _)) = ignoring {
        assert_eq!((waivers.to_string().as_str(), overruled), ("expired, invalid, self-signed, untrusted root", false));
    }
}

// U65
#[test]
fn a_site_sets_the_alias_and_nothing_else() {
    for &setting in Setting::ALL {
        let expected = if setting == KeyAlias { Ok(()) } else { Err(PolicyError::Locked(setting)) };
        assert_eq!(Site::check(setting), expected);
    }
    let error = Site::check(Enforce).unwrap_err().to_string();
    assert_eq!(error, "Enforce: found it in the settings of a site, wanted only KeyAlias: the rest is locked");

    let fleet = settings(&[Enabled, Enforce, ClientAuthEnabled, KeyStore, KeyAlias, TrustStore]);
    let site = Site { key_alias: Some("2027") };
    let client = Policy::<Client>::new(fleet).unwrap().unwrap();
    let server = Policy::<Server>::new(fleet).unwrap().unwrap();
    let wanted = Settings { key_alias: Some("2027"), ..fleet };
    assert_eq!(client.at_site(&site).unwrap().settings(), &wanted);
    assert_eq!(server.at_site(&site).unwrap().settings(), &wanted);
    assert_eq!(client.at_site(&Site::default()).unwrap().settings(), &fleet);

    // It cannot bring in what the fleet does not have.
    let silent = Policy::<Client>::new(settings(&[Enabled, TrustStore])).unwrap().unwrap();
    assert_eq!(silent.at_site(&site).err(), Some(KeyAliasWithoutKeyStore));
    assert_eq!(silent.with_alias("2027").err(), Some(KeyAliasWithoutKeyStore));
    assert_eq!(client.at_site(&Site { key_alias: Some("") }).err(), Some(PolicyError::NameEmpty(KeyAlias)));
}

// U35
#[test]
fn flow_variables_have_other_values_on_each_connection_of_a_client() {
    let base = settings(&[Enabled, ClientAuthEnabled, KeyStore, KeyAlias, TrustStore]);
    let variables = Settings {
        key_store: Some("{ssl.keystore}"),
        key_alias: Some("{ssl.keyalias}"),
        trust_store: Some("{ssl.truststore}"),
        ..base
    };
    let policy = Policy::<Client>::new(variables).unwrap().unwrap();
    let of = |store, alias| [("ssl.truststore", "suppliers"), ("ssl.keystore", store), ("ssl.keyalias", alias)];
    for (store, alias, wanted) in [
        ("gateway-2026", "orders", StoreName::Direct("gateway-2026")),
        ("ref://gateway", "spare", StoreName::Reference("gateway")),
    ] {
        let connection = policy.with_variables(&of(store, alias)).unwrap();
        assert_eq!((connection.key_store(), connection.key_alias()), (Some(wanted), Some(alias)));
        assert_eq!(connection.trust_store(), Some(StoreName::Direct("suppliers")));
    }
    // A variable that has no value, is unknown, or stands for another variable or for nothing.
    let unset = |setting| Some(PolicyError::VariableUnset(setting));
    let error = |values: &[(&str, &'static str)]| policy.with_variables(values).err();
    assert_eq!(error(&[]), unset(KeyStore));
    assert_eq!(error(&of("gateway", "orders")[1..]), unset(TrustStore));
    assert_eq!(error(&of("gateway", "{ssl.other}")), unset(KeyAlias));
    assert_eq!(error(&of("", "orders")), Some(PolicyError::NameEmpty(KeyStore)));
    assert_eq!(policy.resolve(&Stores::default()).err(), unset(KeyStore));
    assert_eq!(policy.resolve_with(&[], &[]).err(), unset(KeyStore));
    // What has no effect needs no value.
    let one_way = Settings { client_auth_enabled: false, trust_store: Some("suppliers"), ..variables };
    assert!(Policy::<Client>::new(one_way).unwrap().unwrap().with_variables(&[]).is_ok());
    // Braces inside of a name are none.
    let plain = Settings { trust_store: Some("a{b}"), ..base };
    assert!(Policy::<Server>::new(plain).is_ok());
}

#[test]
fn flow_variables_are_refused_on_a_server() {
    let good = settings(&[Enabled, ClientAuthEnabled, KeyStore, KeyAlias, TrustStore]);
    for (setting, bad) in [
        (KeyStore, Settings { key_store: Some("{a}"), ..good }),
        (KeyAlias, Settings { key_alias: Some("{a}"), ..good }),
        (TrustStore, Settings { trust_store: Some("{a}"), ..good }),
    ] {
        let error = Policy::<Server>::new(bad).unwrap_err();
        assert_eq!(error, PolicyError::VariableOnServer(setting));
        let told = "found a flow variable on a server, wanted a name: only clients have values for each connection";
        assert_eq!(error.to_string(), format!("{setting}: {told}"));
    }
}
