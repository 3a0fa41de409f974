//! The needs of `docs/needs.md` by their numbers: `cargo test u08` runs the row U08. Each test is short, through the
//! public API; the page names the tests that demonstrate a need at length.
#![allow(missing_docs)]
#![allow(clippy::items_after_statements, reason = "a walk is read from top to bottom")]

mod credentials;
mod handshakes;
mod network;
mod policies;

use embedded_mtls::Error;
use embedded_mtls::credential::{Choice, Entry, Selector};
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls::io::{Host, SoftwareHost};
use embedded_mtls::x509::{PeerIdentity, Time};
use embedded_mtls_operator::access::AllowList;
use test_support::fault;
use test_support::pair::{Setup, TestHost, credential, host, leak_all, now, signing_key};
use test_support::pki::{Issued, Pki};

type Keystore = SoftwareHost<'static, fn() -> Time, P256SigningKey, embedded_mtls::io::Keystore<'static>>;

/// A host that sends this chain, the leaf first.
fn shows(chain: &[&Issued]) -> TestHost {
    host(vec![credential(chain, 0)], vec![signing_key(chain[0])])
}

/// A keystore of these aliases and chains, the leaf first.
fn keystore(chains: &[(&'static str, &[&Issued])]) -> (&'static [Entry<'static>], &'static [P256SigningKey]) {
    let entries = (0..).zip(chains).map(|(key, (alias, chain))| Entry::new(alias, credential(chain, key))).collect();
    (leak_all(entries), leak_all(chains.iter().map(|(_, chain)| signing_key(chain[0])).collect()))
}

/// A host with this keystore that authorizes peers by this list.
fn porter(chains: &[(&'static str, &[&Issued])], allowed: AllowList<'static>) -> Keystore {
    let (entries, keys) = keystore(chains);
    let authorize = Box::leak(Box::new(move |peer: &PeerIdentity<'_>| allowed.authorize(RustCrypto, peer)));
    SoftwareHost::with_selector(Selector::new(entries), keys, now as fn() -> Time).with_authorization(authorize)
}

/// The usual pair with other hosts.
fn with_hosts<CH, SH>(pki: &Pki, client_host: CH, server_host: SH) -> Setup<CH, SH>
where
    CH: Host<Choice = Choice<'static>>,
    SH: Host<Choice = Choice<'static>>,
{
    let Setup { client, server, client_sizes, server_sizes, chunk, .. } = Setup::new(pki);
    Setup { client, server, client_host, server_host, client_sizes, server_sizes, chunk }
}

/// The outcome of a connection: the error of the client, at once or with its first read, and that of the server.
fn ends<CH, SH>(setup: Setup<CH, SH>) -> (Option<Error>, Option<Error>)
where
    CH: Host<Choice = Choice<'static>>,
    SH: Host<Choice = Choice<'static>>,
{
    let outcome = setup.run();
    let client = match outcome.client {
        Ok(mut session) => session.poll().err(),
        Err((error, _)) => Some(error),
    };
    (client, outcome.server.err().map(|(error, _)| error))
}
