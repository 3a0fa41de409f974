//! Waivers in whole handshakes of both roles: the truth table of gateways with a switch to enforce
//! validation and one to ignore its errors.
#![cfg(feature = "dangerous-waivers")]
#![allow(missing_docs)]

use embedded_mtls::credential::{Choice, PeerRequest};
use embedded_mtls::io::Host;
use embedded_mtls::x509::{PeerIdentity, ServerName, Time, TrustAnchor, WaivableCause, Waived, Waivers};
use embedded_mtls::{
    AlertDescription, CertificateError, CertificateProblem as Problem, ClientAuth, ClientConfig, Error, ServerConfig,
    SignInput, Signature, Stage,
};
#[cfg(feature = "resumption")]
use embedded_mtls::{Ticket, TicketKey, TicketKeys, x509::UnixTime};
use embedded_mtls_blob::Policy;
use fault::Fault;
use test_support::fault;
use test_support::pair::{Outcome, Setup, TestHost, anchors, credential, host, signing_key};
#[cfg(feature = "resumption")]
use test_support::pair::{exchange, leak};
#[cfg(feature = "resumption")]
use test_support::pki::NOW;
use test_support::pki::{Issued, Pki, Role, SERVER_NAME, Template};

/// A host that knows of waivers, or does not.
struct Judge {
    host: TestHost,
    accepts_waived: bool,
}

impl Host for Judge {
    type Choice = Choice<'static>;

    fn time(&mut self) -> Time {
        Host::time(&mut self.host)
    }

    fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'static> {
        self.host.credential(request)
    }

    fn dangerous_accept_waived(&mut self, peer: &PeerIdentity<'_>, waived: Waived) -> bool {
        assert!(!waived.is_empty() && !peer.public_key().is_empty());
        self.accepts_waived
    }

    fn sign(&mut self, request: &SignInput) -> Option<Signature> {
        self.host.sign(request)
    }
}

const EVERYTHING: Waivers = Waivers::NONE
    .dangerous_waive(WaivableCause::Expired)
    .dangerous_waive(WaivableCause::Invalid)
    .dangerous_waive(WaivableCause::SelfSigned)
    .dangerous_waive(WaivableCause::UntrustedRoot);

fn only(cause: WaivableCause) -> Waivers {
    Waivers::NONE.dangerous_waive(cause)
}

/// Runs a handshake in which the side of `role` sends a chain with this fault; the other validates it.
fn run(role: Role, fault: Fault, waivers: Waivers, accepts_waived: bool) -> Outcome {
    run_under(&Policy::default(), role, fault, waivers, accepts_waived)
}

/// As `run`, under the policy of a fleet.
fn run_under(policy: &Policy, role: Role, fault: Fault, waivers: Waivers, accepts_waived: bool) -> Outcome {
    let pki = Pki::new();
    let chain = fault.chain(role, &pki);
    let chain: Vec<&Issued> = chain.iter().collect();
    let roots: &'static [TrustAnchor<'static>] = anchors(&[&pki.root]);
    let base = Setup::new(&pki);
    let shows = Judge { host: host(vec![credential(&chain, 0)], vec![signing_key(chain[0])]), accepts_waived: false };
    let name = if fault == Fault::AddressMismatch { "192.0.2.7" } else { SERVER_NAME };
    let client = ClientConfig::new(ServerName::parse(name).unwrap(), roots);
    // Without names of CAs, the client sends what it has.
    let server = ServerConfig::new(ClientAuth::Required(roots)).with_authority_names(&[]);
    #[cfg(feature = "resumption")]
    let client = client.with_resumption(true);
    #[cfg(feature = "resumption")]
    let keys = TicketKeys::new(TicketKey::new(&[7; TicketKey::LEN]));
    #[cfg(feature = "resumption")]
    let server = server.with_tickets(leak(Box::new(keys)), 3_600);
    let (client_host, server_host, client, server) = match role {
        Role::Server => {
            let client = policy.of_client(client.dangerous_with_waivers(waivers));
            (Judge { host: base.client_host, accepts_waived }, shows, client, server)
        }
        Role::Client => {
            let server = policy.of_server(server.dangerous_with_waivers(waivers));
            (shows, Judge { host: base.server_host, accepts_waived }, client, server)
        }
    };
    Setup {
        client,
        server,
        client_host,
        server_host,
        client_sizes: base.client_sizes,
        server_sizes: base.server_sizes,
        chunk: base.chunk,
    }
    .run()
}

/// The result of the validation: the waived causes, or the error; and the alert that the other side received.
fn verdict(role: Role, outcome: Outcome) -> (Result<Waived, (Error, Stage)>, Option<Error>) {
    let (judge, heard) = outcome.judgement(role);
    let judge = judge.map(|path| path.expect("a path").waived);
    (judge, heard)
}

#[track_caller]
fn assert_refused(role: Role, outcome: Outcome, expected: CertificateError, stage: Stage) {
    let (judge, heard) = verdict(role, outcome);
    assert_eq!(judge, Err((expected.into(), stage)));
    assert_eq!(heard, Error::from(expected).alert().map(Error::AlertReceived));
}

#[test]
fn the_truth_table_of_enforcing_and_ignoring_holds_in_both_roles() {
    let mut rows = 0;
    for role in Role::ALL {
        for fault in Fault::ALL.into_iter().filter(|fault| fault.applies(role)) {
            for (enforce, ignore) in [(true, false), (true, true), (false, false), (false, true)] {
                // The policy of the fleet overrules the setting to ignore errors.
                let waivers = if ignore { EVERYTHING } else { Waivers::NONE };
                let outcome = run_under(&Policy { enforce, ..Policy::default() }, role, fault, waivers, true);
                match fault.expected() {
                    None => assert_eq!(verdict(role, outcome), (Ok(Waived::default()), None)),
                    Some((index, problem, Some(cause))) if ignore && !enforce => {
                        let (judge, heard) = verdict(role, outcome);
                        let waived = judge.unwrap_or_else(|refused| panic!("{role:?} {fault:?}: {refused:?}"));
                        // Who did not sign is no issuer: of the leaf alone only its issuer is not known.
                        let cause = if fault == Fault::Forged { WaivableCause::UntrustedRoot } else { cause };
                        assert_eq!(waived.causes(), only(cause), "{role:?} {fault:?}");
                        assert_eq!(waived.refusal(), Some(CertificateError { index, problem }), "{role:?} {fault:?}");
                        assert_eq!(heard, None);
                    }
                    Some((index, problem, _)) => {
                        assert_refused(role, outcome, CertificateError { index, problem }, Stage::Path);
                    }
                }
                rows += 1;
            }
        }
    }
    assert_eq!(rows, 4 * (10 + 8));
}

#[test]
fn a_program_that_knows_no_waivers_rejects_with_the_error_that_was_waived() {
    for role in Role::ALL {
        for fault in Fault::ALL.into_iter().filter(|fault| fault.applies(role)) {
            let Some((index, problem, Some(_))) = fault.expected() else { continue };
            let outcome = run(role, fault, EVERYTHING, false);
            assert_refused(role, outcome, CertificateError { index, problem }, Stage::Authorization);
        }
    }
}

#[test]
fn each_cause_is_waived_by_its_own_waiver_only() {
    for role in Role::ALL {
        for fault in Fault::ALL.into_iter().filter(|fault| fault.applies(role)) {
            let Some((_, problem, Some(cause))) = fault.expected() else { continue };
            let causes = [
                WaivableCause::Expired,
                WaivableCause::Invalid,
                WaivableCause::SelfSigned,
                WaivableCause::UntrustedRoot,
            ];
            for other in causes {
                // Who did not sign is no issuer: then the issuer is not known.
                let covers =
                    other == cause || problem == Problem::SignatureInvalid && other == WaivableCause::UntrustedRoot;
                let (judge, _) = verdict(role, run(role, fault, only(other), true));
                assert_eq!(judge.is_ok(), covers, "{role:?} {fault:?} {other:?}: {judge:?}");
            }
        }
    }
}

#[test]
fn a_name_mismatch_is_never_waived_together_with_other_faults() {
    let pki = Pki::new();
    let wrong = Template::server("other.example.com").years(2010, 2020).self_signed();
    let mut setup = Setup::new(&pki);
    setup.client = setup.client.dangerous_with_waivers(EVERYTHING);
    setup.server_host = host(vec![credential(&[&wrong], 0)], vec![signing_key(&wrong)]);
    let (judge, heard) = verdict(Role::Server, setup.run());
    let mismatch = CertificateError { index: 0, problem: Problem::NameMismatch };
    assert_eq!(judge, Err((mismatch.into(), Stage::Path)));
    assert_eq!(heard, Some(Error::AlertReceived(AlertDescription::BAD_CERTIFICATE)));
}

#[test]
fn the_proof_of_the_key_is_never_waived() {
    let pki = Pki::new();
    for role in Role::ALL {
        let shown = role.template().self_signed();
        let mut setup = Setup::new(&pki);
        setup.client = setup.client.dangerous_with_waivers(EVERYTHING);
        let server = ServerConfig::new(ClientAuth::Required(anchors(&[&pki.root]))).with_authority_names(&[]);
        setup.server = server.dangerous_with_waivers(EVERYTHING);
        // Signs with a key that is not that of the certificate.
        let forger = host(vec![credential(&[&shown], 0)], vec![signing_key(&pki.root)]);
        match role {
            Role::Server => setup.server_host = forger,
            Role::Client => setup.client_host = forger,
        }
        let (judge, heard) = verdict(role, setup.run());
        let error = embedded_mtls::PeerMisbehaved::SignatureIncorrect.into();
        assert_eq!(judge, Err((error, Stage::CertificateVerify)));
        assert_eq!(heard, Some(Error::AlertReceived(AlertDescription::DECRYPT_ERROR)));
    }
}

/// A ticket would let a peer in again without the question whether to accept what was waived.
#[cfg(feature = "resumption")]
#[test]
fn a_session_in_which_something_was_waived_has_no_ticket() {
    for role in [Role::Server, Role::Client] {
        for (fault, resumes) in [(Fault::Nothing, true), (Fault::Expired, false)] {
            let (mut client, mut server) = run(role, fault, only(WaivableCause::Expired), true).sessions();
            exchange(&mut client, &mut server).unwrap();
            let ticket = client.take_ticket(UnixTime(NOW), &mut [0; Ticket::MAX_LEN]).unwrap();
            assert_eq!(ticket.is_some(), resumes, "{role:?}: {fault:?}");
        }
    }
}
