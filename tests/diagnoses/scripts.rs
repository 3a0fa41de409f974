//! Ends of connections as other implementations bring them about.

use embedded_mtls::Diagnosis;
use rcgen::ExtendedKeyUsagePurpose;
use test_support::pair::{Setup, credential, host, now, signing_key};
use test_support::pki::{Pki, Role};
use test_support::script::{ALERT, Epoch, Sent, client, server};

use crate::world::Seen;

/// A role, our identity and the way in which the peer then ends the connection, played by a script: real implementations give far
/// fewer reasons than this crate. The rows of `tests/interop` check that they do.
pub(crate) struct Script(
    pub(crate) &'static str,
    pub(crate) Role,
    pub(crate) Own,
    pub(crate) Ending,
    pub(crate) Diagnosis,
);

/// The certificate that we send.
#[derive(Clone, Copy)]
pub(crate) enum Own {
    /// A certificate in which nothing is wrong, with its intermediate.
    Valid,
    Expired,
    /// An identity of the other role.
    WrongPurpose,
    /// A client sends none.
    None,
}

/// The end of the connection by the other side, once it has what we send.
#[derive(Clone, Copy)]
pub(crate) enum Ending {
    Alert(u8),
    End,
    /// The transport fails.
    Reset,
}

pub(crate) const SCRIPTS: &[Script] = &[
    Script(
        "a server rejects the client's certificate with the alert that Java uses for everything",
        Role::Client,
        Own::Valid,
        Ending::Alert(46),
        Diagnosis::OursRefused,
    ),
    Script("the same, and it has expired", Role::Client, Own::Expired, Ending::Alert(46), Diagnosis::OursExpired),
    Script(
        "a server does not trust the client's certificate, which has also expired",
        Role::Client,
        Own::Expired,
        Ending::Alert(48),
        Diagnosis::OursExpired,
    ),
    Script(
        "the client's certificate is for servers, which Go and wolfSSL do not report",
        Role::Client,
        Own::WrongPurpose,
        Ending::Alert(42),
        Diagnosis::OursWrongPurpose,
    ),
    Script(
        "Java requests a certificate, and the client has none",
        Role::Client,
        Own::None,
        Ending::Alert(42),
        Diagnosis::OursMissing,
    ),
    Script(
        "GnuTLS rejects the client's certificate, for any reason",
        Role::Client,
        Own::Valid,
        Ending::Alert(49),
        Diagnosis::AccessDenied,
    ),
    Script("the same, and it has expired", Role::Client, Own::Expired, Ending::Alert(49), Diagnosis::OursExpired),
    Script(
        "Mbed TLS requests a certificate, and the client has none",
        Role::Client,
        Own::None,
        Ending::Alert(41),
        Diagnosis::OursMissing,
    ),
    Script(
        "the client's certificate has more authorities above it than Apache allows",
        Role::Client,
        Own::Valid,
        Ending::Alert(80),
        Diagnosis::OursTooDeep,
    ),
    Script(
        "a server on Node.js rejects the client's certificate by closing the connection",
        Role::Client,
        Own::Valid,
        Ending::End,
        Diagnosis::ClosedOnOurs,
    ),
    Script("the same, and it has expired", Role::Client, Own::Expired, Ending::End, Diagnosis::OursExpired),
    Script(
        "the same, and it is for servers",
        Role::Client,
        Own::WrongPurpose,
        Ending::Reset,
        Diagnosis::OursWrongPurpose,
    ),
    Script(
        "a server requests a certificate, the client has none, and the connection is reset",
        Role::Client,
        Own::None,
        Ending::Reset,
        Diagnosis::ClosedOnOurs,
    ),
    Script(
        "a client rejects the server's certificate with the alert that Go uses for everything",
        Role::Server,
        Own::Valid,
        Ending::Alert(42),
        Diagnosis::OursRefusedByClient,
    ),
    Script("the same, and it has expired", Role::Server, Own::Expired, Ending::Alert(46), Diagnosis::OursExpired),
    Script(
        "the same, and it is for clients",
        Role::Server,
        Own::WrongPurpose,
        Ending::Alert(42),
        Diagnosis::OursWrongPurpose,
    ),
    Script(
        "a client on Node.js rejects the server's certificate by closing the connection",
        Role::Server,
        Own::Valid,
        Ending::End,
        Diagnosis::ClosedOnOurs,
    ),
    Script("the same, and it has expired", Role::Server, Own::Expired, Ending::Reset, Diagnosis::OursExpired),
];

/// Puts the certificate in place and lets the script end the connection.
pub(crate) fn play(Script(_, role, own, ending, _): &Script) -> Seen {
    let pki = Pki::new();
    let mut setup = Setup::new(&pki);
    let leaf = match own {
        Own::Valid | Own::None => role.template(),
        Own::Expired => role.template().years(2020, 2026),
        Own::WrongPurpose => role.template().purposes(&[match role {
            Role::Client => ExtendedKeyUsagePurpose::ServerAuth,
            Role::Server => ExtendedKeyUsagePurpose::ClientAuth,
        }]),
    };
    let leaf = leaf.signed_by(&pki.intermediate);
    let sends = if matches!(own, Own::None) { vec![] } else { vec![credential(&[&leaf, &pki.intermediate], 0)] };
    let host = host(sends, vec![signing_key(&leaf)]);
    match role {
        Role::Client => {
            setup.client_host = host;
            let (mut real, mut script) = client(setup);
            let flight = script.server_flight(&pki, |message| message);
            real.feed(&script.seal_all(&flight));
            let mut session = real.session();
            let error = match ending {
                Ending::Alert(alert) => {
                    let bytes = script.seal(&Sent::new(Epoch::Application, ALERT, &[2, *alert]));
                    session.rx_space()[..bytes.len()].copy_from_slice(&bytes);
                    session.rx_commit(bytes.len()).unwrap();
                    session.poll().err()
                }
                Ending::End => {
                    session.rx_eof();
                    session.poll().err()
                }
                Ending::Reset => session.transport_failed(),
            };
            Seen { error, verdict: None, diagnosis: session.diagnosis() }
        }
        Role::Server => {
            setup.server_host = host;
            let (mut real, mut script) = server(setup);
            match ending {
                Ending::Alert(alert) => {
                    let sent = script.seal(&Sent::new(Epoch::Handshake, ALERT, &[2, *alert]));
                    real.feed(&sent);
                }
                Ending::End => real.eof(),
                Ending::Reset => real.end = Some(Err(real.handshake.transport_failed())),
            }
            Seen {
                error: real.error(),
                verdict: None,
                diagnosis: real.handshake.failure().map(|failure| failure.diagnosis_at(now())),
            }
        }
    }
}
