//! Handshakes and data between the provider for hosts, with and without its assembly, and RustCrypto.

use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::io::SoftwareHost;
use embedded_mtls::{CipherSuite, Client, Handshake, NamedGroup, Server};
use embedded_mtls_host::{HostCrypto, HostSigningKey};
use test_support::pair::{Setup, advance, credential, deliver, drain, entropy, exchange, leak, leak_all, now};
use test_support::pki::{Issued, Pki};

/// SEC 1 section C.4 without the public key, on P-256.
fn key(issued: &Issued) -> HostSigningKey {
    let start = [0x30, 0x31, 2, 1, 1, 4, 0x20];
    let end = [0xa0, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    HostSigningKey::from_der(&[&start, &issued.key.scalar()[..], &end].concat()).unwrap()
}

/// Runs a mutual handshake with chains of two certificates, passes data in both directions, and changes the keys in between.
fn connect(client: impl CryptoProvider, server: impl CryptoProvider, suite: CipherSuite, group: NamedGroup) {
    fn run<C: CryptoProvider, S: CryptoProvider>(client: C, server: S, suite: CipherSuite, group: NamedGroup) {
        let pki = Pki::new();
        let setup = Setup::new(&pki);
        let (suites, groups) = (leak_all(vec![suite]), leak_all(vec![group]));
        let client_config = leak(Box::new(setup.client.with_cipher_suites(suites).with_groups(groups)));
        let server_config = leak(Box::new(setup.server.with_cipher_suites(suites).with_groups(groups)));
        let host = |issued| {
            let credentials = leak_all(vec![credential(&[issued, &pki.intermediate], 0)]);
            SoftwareHost::new(credentials, leak_all(vec![key(issued)]), now)
        };
        let (mut client_host, mut server_host) = (host(&pki.client), host(&pki.server));
        let client =
            Handshake::<Client<C>>::with_provider(client, client_config, setup.client_sizes.buffers(), entropy(1));
        let server =
            Handshake::<Server<S>>::with_provider(server, server_config, setup.server_sizes.buffers(), entropy(2));
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        let (mut up, mut down, mut log) = (Vec::new(), Vec::new(), Vec::new());
        let (mut client_end, mut server_end) = (None, None);
        for _ in 0..50 {
            client_end = client_end.or_else(|| advance(&mut client, &mut client_host));
            drain(&mut client, &mut up, &mut log);
            deliver(&mut up, &mut server, 0);
            server_end = server_end.or_else(|| advance(&mut server, &mut server_host));
            drain(&mut server, &mut down, &mut log);
            deliver(&mut down, &mut client, 0);
        }
        assert_eq!((client_end, server_end), (Some(Ok(())), Some(Ok(()))), "{suite} {group}");
        let (mut client, mut server) = (client.into_session().unwrap(), server.into_session().unwrap());
        for _ in 0..2 {
            client.write(b"order").unwrap();
            server.write(b"answer").unwrap();
            assert_eq!(exchange(&mut client, &mut server), Ok((b"answer".to_vec(), b"order".to_vec())));
            client.request_key_update();
            exchange(&mut client, &mut server).unwrap();
        }
    }
    run(client, server, suite, group);
}

#[test]
fn each_provider_connects_to_each_with_every_suite_and_group() {
    for suite in HostCrypto::CIPHER_SUITES {
        for group in HostCrypto::NAMED_GROUPS {
            connect(HostCrypto::default(), RustCrypto, *suite, *group);
            connect(RustCrypto, HostCrypto::default(), *suite, *group);
        }
    }
    let (suite, group) = (CipherSuite::TLS_AES_128_GCM_SHA256, NamedGroup::X25519);
    connect(HostCrypto::default(), HostCrypto::default(), suite, group);
    connect(HostCrypto::portable(), HostCrypto::default(), suite, group);
    connect(HostCrypto::default(), HostCrypto::portable(), suite, group);
}

#[test]
fn the_assembly_is_used_where_the_processor_has_it() {
    assert!(!HostCrypto::portable().uses_assembly());
    #[cfg(target_arch = "x86_64")]
    {
        let has = ["aes", "pclmulqdq", "bmi1", "adx", "avx2"];
        let all = is_x86_feature_detected!("aes")
            && is_x86_feature_detected!("pclmulqdq")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("adx")
            && is_x86_feature_detected!("avx2");
        assert_eq!(HostCrypto::default().uses_assembly(), all, "{has:?}");
    }
}
