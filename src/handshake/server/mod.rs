//! The server (RFC 9846 section 2 and appendix A.2).
//!
//! ```text
//! 1                              ◀──────   ClientHello
//!    HelloRetryRequest           ──────▶                                           (perhaps)
//! 1a                             ◀──────   ClientHello                             (then)
//! 2  ServerHello                 ──────▶
//! 3  {EncryptedExtensions}       ──────▶
//! 4  {CertificateRequest}        ──────▶                                           (if clients are asked)
//! 5  {Certificate} {CertificateVerify} {Finished} ──────▶
//! 6                              ◀──────   {Certificate}                           (if asked)
//!                                ◀──────   {CertificateVerify}                     (if it is not empty)
//!                                ◀──────   {Finished}
//! ```
//! No application data is sent before step 6 is complete, since the session does not exist until then.

mod answer;
#[cfg(feature = "post-handshake-auth")]
pub(crate) mod late;
mod request;
mod retry;
#[cfg(feature = "resumption")]
mod tickets;

use self::answer::{check_key_shares, choose_group, choose_protocol, client_share, first_question, own_share};
use self::request::{expectation, send_certificate_request};
use self::retry::{handle_second_client_hello, send_hello_retry_request};
#[cfg(feature = "resumption")]
use self::tickets::{judge_tickets, take_ticket};
use super::authenticate::{Authenticate, Outcome};
use super::config::{ClientAuth, Parameters, ServerConfig};
use super::connection::{Connection, send_parts};
use super::hello::Hello;
use super::keys::{ClientFinishedKeys, HandshakeKeys, receive_finished};
use super::present::Present;
use super::proof::{AnonymousAllowed, PeerAuthenticated, Proof, Resumed};
#[cfg(feature = "resumption")]
use super::ticket::sealed::{Accepted, IssuedTickets};
use super::{Entropy, Established, Flow, Input, Next, Question, Secrets, SideTypes, Stage, Stop, Wait};
use crate::codec::Writer;
use crate::credential::{Choice, Credential, PeerRequest};
use crate::crypto::{CryptoProvider, DefaultProvider, Digest, HashAlgorithm, KeyExchange, KeyShare, SharedSecret};
use crate::error::{ApiMisuse, Error, PeerIncompatible, PeerMisbehaved};
use crate::key_schedule::EarlySecret;
use crate::record::outbound::Written;
use crate::role::Role;
use crate::transcript::Transcript;
use crate::wire::client_hello::ClientHello;
use crate::wire::encrypted_extensions::EncryptedExtensions;
use crate::wire::enums::{CipherSuite, HandshakeType, NamedGroup};
use crate::wire::extension::KeyShareEntry;
use crate::wire::record_limit::RecordLimit;
use crate::wire::server_hello::{self, ServerHello};
use crate::x509::Trace;
use core::marker::PhantomData;

/// The side that accepts connections, with its cryptography provider: RustCrypto by default, if it is compiled in.
pub struct Server<P = DefaultProvider>(PhantomData<P>);

debug_by_name!("Server", [P] Server<P>);

/// The states, in the order in which they are reached.
pub(crate) enum State<'b, P: CryptoProvider> {
    ExpectClientHello,
    SendHelloRetryRequest(Selected),
    ExpectSecondClientHello(Selected, Digest),
    /// From here to `SendServerHello` the ClientHello stays where it was [received](hello).
    ///
    /// Tickets are judged first, if the client accepts any.
    #[cfg(feature = "resumption")]
    AwaitTime(Selected),
    #[cfg(feature = "resumption")]
    AwaitAuthorization(Selected, Accepted<P>),
    AwaitCredential(Selected),
    MakeKeyShare(Selected, Means<'b>, EarlySecret<P>),
    Agree(Selected, Means<'b>, EarlySecret<P>, P::KeyExchange, KeyShare),
    SendServerHello(Selected, Means<'b>, EarlySecret<P>, Agreed),
    SendEncryptedExtensions(Selected, Means<'b>, HandshakeKeys<P>),
    /// The number of bytes of CertificateRequest already sent.
    SendCertificateRequest(&'b Credential<'b>, HandshakeKeys<P>, usize),
    Present(HandshakeKeys<P>, Present<'b>),
    SendFinished(HandshakeKeys<P>, Option<Resumed>),
    AuthenticateClient(ClientFinishedKeys<P>, Authenticate),
    ExpectFinished(ClientFinishedKeys<P>, PeerAuthenticated),
    Done(Established<P>),
    Failed,
}

/// The means by which both sides authenticate each other.
pub(crate) enum Means<'b> {
    Certificates(&'b Credential<'b>),
    /// The ticket at this position of the offer.
    #[cfg_attr(not(feature = "resumption"), allow(dead_code, reason = "there are none"))]
    Ticket(Resumed, u16),
}

/// The shared secret, and our key share. `sent` bytes of the ServerHello with it are already sent.
pub(crate) struct Agreed {
    shared: SharedSecret,
    public: KeyShare,
    sent: usize,
}

/// The parameters selected from the ClientHello.
#[derive(Clone, Copy)]
pub(crate) struct Selected {
    suite: CipherSuite,
    hash: HashAlgorithm,
    group: NamedGroup,
    /// After a HelloRetryRequest, the transcript has begun.
    retried: bool,
    /// The client sent a name that we accept, which EncryptedExtensions confirms.
    named: bool,
    /// The client's record limit, to which EncryptedExtensions responds.
    record_limit: Option<RecordLimit>,
}

impl<P: CryptoProvider> SideTypes for Server<P> {
    type Provider = P;
    type Config<'b> = ServerConfig<'b>;

    const ROLE: Role = Role::Server;
}

impl<P: CryptoProvider> Flow for Server<P> {
    type State<'b> = State<'b, P>;
    #[cfg(feature = "post-handshake-auth")]
    type Late<'b> = late::LateRequests<'b, P>;
    #[cfg(not(feature = "post-handshake-auth"))]
    type Late<'b> = ();
    #[cfg(feature = "resumption")]
    type Tickets<'b> = IssuedTickets<'b>;

    fn parameters<'c, 'b>(config: &'c Self::Config<'b>) -> &'c Parameters<'b> {
        &config.parameters
    }

    fn check(config: &ServerConfig<'_>) -> Result<(), Error> {
        config.check::<P>()
    }

    fn peer_request<'m, 'b: 'm>(cx: &'m Connection<'b, P>) -> Result<PeerRequest<'m>, Error> {
        Ok(PeerRequest::of_client(&Hello::CLIENT.parse(&cx.rx, &cx.peer, ClientHello::parse)?))
    }

    fn start<'b>() -> State<'b, P> {
        State::ExpectClientHello
    }

    fn failed<'b>() -> State<'b, P> {
        State::Failed
    }

    fn handle<'b>(
        state: State<'b, P>,
        input: Input<'_, 'b>,
        cx: &mut Connection<'b, P>,
        entropy: &mut Entropy,
        config: &'b ServerConfig<'b>,
        trace: &mut impl Trace,
    ) -> Next<'b, State<'b, P>> {
        match state {
            State::ExpectClientHello => handle_client_hello(cx, config),
            State::SendHelloRetryRequest(selected) => send_hello_retry_request(selected, cx),
            State::ExpectSecondClientHello(selected, first) => handle_second_client_hello(selected, first, cx, config),
            #[cfg(feature = "resumption")]
            State::AwaitTime(selected) => match input {
                Input::Time(time) => judge_tickets(selected, time, cx, config),
                _ => Err(ApiMisuse::AnswerUnexpected.into()),
            },
            #[cfg(feature = "resumption")]
            State::AwaitAuthorization(selected, accepted) => match input {
                Input::Authorized => {
                    cx.events.authorized();
                    cx.negotiated.client_auth.authenticated();
                    take_ticket(selected, accepted, cx, config)
                }
                Input::Declined => {
                    cx.peer.forget();
                    Ok((State::AwaitCredential(selected), None))
                }
                _ => Err(ApiMisuse::AnswerUnexpected.into()),
            },
            State::AwaitCredential(selected) => match input {
                Input::Credential(choice) => take_choice(selected, choice, cx, config),
                _ => Err(ApiMisuse::AnswerUnexpected.into()),
            },
            State::MakeKeyShare(selected, means, early) => make_key_share(selected, means, early, cx, entropy),
            State::Agree(selected, means, early, private, public) => {
                agree(selected, means, early, private, public, cx, entropy)
            }
            State::SendServerHello(selected, means, early, agreed) => {
                send_server_hello(selected, means, early, agreed, cx, entropy)
            }
            State::SendEncryptedExtensions(selected, means, keys) => {
                send_encrypted_extensions(selected, means, keys, cx, config)
            }
            State::SendCertificateRequest(credential, keys, sent) => {
                send_certificate_request(credential, keys, sent, cx, config)
            }
            State::Present(keys, present) => Ok(match present.handle(input, cx)? {
                (Some(present), stop) => (State::Present(keys, present), stop),
                (None, stop) => (State::SendFinished(keys, None), stop),
            }),
            State::SendFinished(keys, resumed) => send_server_finished(keys, resumed, cx, config),
            State::AuthenticateClient(keys, step) => authenticate_client(keys, step, input, cx, config, trace),
            State::ExpectFinished(keys, peer) => handle_finished(keys, peer, cx),
            State::Done(_) | State::Failed => Err(ApiMisuse::AnswerUnexpected.into()),
        }
    }

    fn has_written_certificate(state: &State<'_, P>) -> bool {
        match state {
            State::Present(_, present) => present.has_begun(),
            State::SendFinished(..) | State::AuthenticateClient(..) | State::ExpectFinished(..) | State::Done(_) => {
                true
            }
            _ => false,
        }
    }

    #[cfg(feature = "post-handshake-auth")]
    fn late<'b>(config: &'b ServerConfig<'b>, connection: &Connection<'b, P>, entropy: &Entropy) -> Self::Late<'b> {
        late::LateRequests::new(config, connection, entropy)
    }

    #[cfg(not(feature = "post-handshake-auth"))]
    fn late<'b>(_: &'b ServerConfig<'b>, _: &Connection<'b, P>, _: &Entropy) -> Self::Late<'b> {}

    #[cfg(feature = "resumption")]
    fn tickets<'b>(
        config: &'b ServerConfig<'b>,
        connection: &Connection<'b, P>,
        entropy: &Entropy,
    ) -> Self::Tickets<'b> {
        IssuedTickets::new(config, connection, entropy.context_seed())
    }

    fn finish(state: State<'_, P>) -> Option<Established<P>> {
        match state {
            State::Done(established) => Some(established),
            _ => None,
        }
    }

    /// Returns the stage of each state and what it waits for. The handlers follow in the same order.
    fn profile<'b>(state: &Self::State<'b>) -> (Stage, Wait<'b>) {
        match state {
            State::ExpectClientHello => (Stage::ClientHello, Wait::Hello),
            State::SendHelloRetryRequest(_) => (Stage::SecondClientHello, Wait::Nothing),
            State::ExpectSecondClientHello(..) => (Stage::SecondClientHello, Wait::Hello),
            #[cfg(feature = "resumption")]
            State::AwaitTime(_) => (Stage::Time, Wait::Answer(Question::Time)),
            #[cfg(feature = "resumption")]
            State::AwaitAuthorization(..) => (Stage::Authorization, Wait::Answer(Question::Authorize)),
            State::AwaitCredential(_) => (Stage::CredentialChoice, Wait::Answer(Question::Credential)),
            State::MakeKeyShare(..) | State::Agree(..) | State::SendServerHello(..) => {
                (Stage::ServerHello, Wait::Nothing)
            }
            State::SendEncryptedExtensions(..) => (Stage::EncryptedExtensions, Wait::Nothing),
            State::SendCertificateRequest(..) => (Stage::CertificateRequest, Wait::Nothing),
            State::Present(_, present) => present.profile(),
            State::SendFinished(..) => (Stage::Sending, Wait::Nothing),
            State::AuthenticateClient(_, authenticate) => authenticate.profile(),
            State::ExpectFinished(..) => (Stage::Finished, Wait::Message(&[HandshakeType::FINISHED])),
            State::Done(_) | State::Failed => (Stage::Done, Wait::Never),
        }
    }
}

/// Chooses the first of our suites that the client offers, and the group.
///
/// RFC 9846 sections 4.2.1, 4.2.2 and 4.3.10.
#[inline(never)]
fn handle_client_hello<'b, P: CryptoProvider>(
    cx: &mut Connection<'b, P>,
    config: &ServerConfig<'_>,
) -> Next<'b, State<'b, P>> {
    if !Hello::CLIENT.receive(cx)? {
        return Ok((State::ExpectClientHello, Some(Stop::NeedInput)));
    }
    let hello = Hello::CLIENT.parse(&cx.rx, &cx.peer, ClientHello::parse)?;
    Hello::CLIENT.last_message(&cx.rx, &cx.peer)?;
    let mandatory = hello.mandatory()?;
    check_key_shares(&mandatory)?;

    cx.events.server_name(hello.server_name);
    let suites = config.parameters.cipher_suites::<P>();
    let suite =
        *suites.iter().find(|suite| hello.cipher_suites.contains(suite.0)).ok_or(PeerIncompatible::NoCipherSuite)?;
    let (group, share_is_here) = choose_group::<P>(&mandatory, config)?;
    let hash = HashAlgorithm::of(suite).ok_or(PeerIncompatible::NoCipherSuite)?;
    let record_limit = hello.record_limit;
    let selected = Selected { suite, hash, group, retried: false, named: hello.server_name.is_some(), record_limit };
    let early_data = hello.early_data;
    let is_compatible = !hello.session_id.is_empty();
    let question = first_question(selected, &hello, config);
    cx.negotiated.post_handshake_auth = hello.post_handshake_auth;
    #[cfg(feature = "key-log")]
    {
        cx.key_log.client_random = *hello.random;
    }
    cx.limit_records(record_limit);
    cx.rx.begin_handshake();
    // RFC 9846 appendix E.4: "if the client sends a non-empty session ID, the server MUST send the
    // change_cipher_spec as described in this appendix."
    if is_compatible {
        cx.tx.owe_change_cipher_spec();
    }
    if early_data {
        cx.rx.skip_early_data();
    }
    Ok((if share_is_here { question } else { State::SendHelloRetryRequest(selected) }, None))
}

fn take_choice<'b, P: CryptoProvider>(
    selected: Selected,
    choice: Choice<'b>,
    cx: &mut Connection<'b, P>,
    config: &'b ServerConfig<'b>,
) -> Next<'b, State<'b, P>> {
    let hello = Hello::CLIENT.parse(&cx.rx, &cx.peer, ClientHello::parse)?;
    let credential = choice.resolve(hello.mandatory()?.signature_schemes)?.ok_or(PeerIncompatible::NoCredential)?;
    cx.negotiated.protocol = choose_protocol(&hello, config)?;
    cx.events.selected(Some(credential));
    cx.negotiated.credential = Some(credential);
    let early = EarlySecret::new(cx.provider, selected.hash)?;
    Ok((State::MakeKeyShare(selected, Means::Certificates(credential), early), None))
}

#[inline(never)]
fn make_key_share<'b, P: CryptoProvider>(
    selected: Selected,
    means: Means<'b>,
    early: EarlySecret<P>,
    cx: &Connection<'b, P>,
    entropy: &Entropy,
) -> Next<'b, State<'b, P>> {
    let (private, public) = own_share(selected, cx, entropy)?;
    Ok((State::Agree(selected, means, early, private, public), Some(Stop::Yield)))
}

#[inline(never)]
#[cfg_attr(feature = "mlkem", allow(clippy::large_types_passed_by_value, reason = "moved to the next state"))]
fn agree<'b, P: CryptoProvider>(
    selected: Selected,
    means: Means<'b>,
    early: EarlySecret<P>,
    private: P::KeyExchange,
    public: KeyShare,
    cx: &mut Connection<'b, P>,
    entropy: &mut Entropy,
) -> Next<'b, State<'b, P>> {
    let shared = private.agree(client_share(selected, cx)?);
    let shared = shared.map_err(|error| error.or(PeerMisbehaved::KeyShareInvalid))?;
    cx.forget_seeds(entropy)?;
    if !selected.retried {
        cx.transcript = Transcript::new(cx.provider, selected.hash)?;
    }
    cx.transcript.update(Hello::CLIENT.message(&cx.rx, &cx.peer)?);
    let agreed = Agreed { shared, public, sent: 0 };
    Ok((State::SendServerHello(selected, means, early, agreed), Some(Stop::Yield)))
}

// RFC 9846 sections 4.2.3 and 4.3.8.
fn send_server_hello<'b, P: CryptoProvider>(
    selected: Selected,
    means: Means<'b>,
    early: EarlySecret<P>,
    mut agreed: Agreed,
    cx: &mut Connection<'b, P>,
    entropy: &Entropy,
) -> Next<'b, State<'b, P>> {
    let hello = Hello::CLIENT.parse(&cx.rx, &cx.peer, ClientHello::parse)?;
    let server_hello = ServerHello {
        session_id: hello.session_id,
        cipher_suite: selected.suite,
        answer: server_hello::Answer::Hello {
            random: entropy.random(),
            key_share: KeyShareEntry { group: selected.group, key_exchange: agreed.public.as_bytes() },
            #[cfg(feature = "resumption")]
            selected_psk: match means {
                Means::Certificates(_) => None,
                Means::Ticket(_, index) => Some(index),
            },
        },
    };
    let Connection { tx, transcript, events, .. } = cx;
    let (kind, write) = (HandshakeType::SERVER_HELLO, |w: &mut Writer<'_>| server_hello.emit(w));
    if send_parts(tx, events, kind, &mut agreed.sent, &write, &mut |part| transcript.update(part))?
        == Written::AfterTransmit
    {
        return Ok((State::SendServerHello(selected, means, early, agreed), Some(Stop::Transmit)));
    }
    tx.flush()?;
    Hello::CLIENT.consume(cx);
    cx.negotiated.cipher_suite = selected.suite;
    cx.negotiated.group = selected.group;
    cx.events.agreed(selected.suite, selected.group);

    let keys = HandshakeKeys::derive(early, &agreed.shared, cx)?;
    cx.rx.set_protection(keys.client.protection(selected.suite)?)?;
    cx.rx.tolerate_plaintext_alert();
    cx.tx.set_protection(keys.server.protection(selected.suite)?)?;
    Ok((State::SendEncryptedExtensions(selected, means, keys), None))
}

// RFC 9846 sections 4.3, 4.4.1 and 4.5.1.
fn send_encrypted_extensions<'b, P: CryptoProvider>(
    selected: Selected,
    means: Means<'b>,
    keys: HandshakeKeys<P>,
    cx: &mut Connection<'b, P>,
    config: &ServerConfig<'_>,
) -> Next<'b, State<'b, P>> {
    let record_limit = selected.record_limit.map(|limit| match limit {
        RecordLimit::Size(_) => RecordLimit::Size(cx.rx.record_size_limit()),
        RecordLimit::Fragment(_) => limit,
    });
    // RFC 6066 section 3: "When resuming a session, the server MUST NOT include a server_name extension in the server hello."
    let server_name = selected.named && matches!(means, Means::Certificates(_));
    let extensions = EncryptedExtensions { protocol: cx.negotiated.protocol, server_name, record_limit };
    match cx.send(HandshakeType::ENCRYPTED_EXTENSIONS, &|w| extensions.emit(w))? {
        Written::AfterTransmit => Ok((State::SendEncryptedExtensions(selected, means, keys), Some(Stop::Transmit))),
        Written::Yes => {
            let next = match (means, config.client_auth) {
                // RFC 9846 section 4.4.2: "Servers which are authenticating with a resumption PSK MUST NOT send the
                // CertificateRequest message".
                (Means::Ticket(resumed, _), _) => State::SendFinished(keys, Some(resumed)),
                (Means::Certificates(credential), ClientAuth::None) => {
                    State::Present(keys, Present::with(Some(credential)))
                }
                (Means::Certificates(credential), ClientAuth::Optional(_) | ClientAuth::Required(_)) => {
                    State::SendCertificateRequest(credential, keys, 0)
                }
            };
            Ok((next, None))
        }
    }
}

#[inline(never)]
fn send_server_finished<'b, P: CryptoProvider>(
    keys: HandshakeKeys<P>,
    resumed: Option<Resumed>,
    cx: &mut Connection<'b, P>,
    config: &ServerConfig<'_>,
) -> Next<'b, State<'b, P>> {
    if cx.send_finished(|hash| keys.server.finished(hash))? == Written::AfterTransmit {
        return Ok((State::SendFinished(keys, resumed), Some(Stop::Transmit)));
    }
    let keys = keys.into_application(cx)?;
    // An alert about the client's flight is sent under the application keys (RFC 9846 section 4.5.3).
    cx.tx.set_protection(keys.application.server.protection(cx.negotiated.cipher_suite)?)?;
    let next = match (resumed, config.client_auth, AnonymousAllowed::by(&config.client_auth)) {
        (Some(resumed), ..) => State::ExpectFinished(keys, PeerAuthenticated::Resumed(resumed)),
        (None, ClientAuth::None, Some(allowed)) => State::ExpectFinished(keys, PeerAuthenticated::Anonymous(allowed)),
        _ => State::AuthenticateClient(keys, Authenticate::ExpectCertificate),
    };
    Ok((next, Some(Stop::Transmit)))
}

#[inline(never)]
fn authenticate_client<'b, P: CryptoProvider>(
    keys: ClientFinishedKeys<P>,
    authenticate: Authenticate,
    input: Input<'_, 'b>,
    cx: &mut Connection<'b, P>,
    config: &'b ServerConfig<'b>,
    trace: &mut impl Trace,
) -> Next<'b, State<'b, P>> {
    match authenticate.handle(input, cx, &expectation(config, &config.client_auth, &[]), trace)? {
        Outcome::Next(next, stop) => Ok((State::AuthenticateClient(keys, next), stop)),
        Outcome::Authenticated(peer) => {
            cx.negotiated.client_auth.authenticated();
            Ok((State::ExpectFinished(keys, peer), None))
        }
        Outcome::NoCertificate => {
            // RFC 9846 section 4.5.1.3: "it MAY [...] abort the handshake with a 'certificate_required' alert".
            let allowed =
                AnonymousAllowed::by(&config.client_auth).ok_or(PeerIncompatible::ClientCertificateRequired)?;
            cx.negotiated.client_auth.declined();
            Ok((State::ExpectFinished(keys, PeerAuthenticated::Anonymous(allowed)), None))
        }
    }
}

#[inline(never)]
fn handle_finished<'b, P: CryptoProvider>(
    keys: ClientFinishedKeys<P>,
    peer: PeerAuthenticated,
    cx: &mut Connection<'b, P>,
) -> Next<'b, State<'b, P>> {
    let finished = receive_finished(&keys.client, cx)?;
    let ClientFinishedKeys { application, .. } = &keys;
    cx.rx.set_protection(application.client.protection(cx.negotiated.cipher_suite)?)?;
    let secrets = Secrets {
        sending: keys.application.server.into_sending(),
        receiving: keys.application.client.into_receiving(),
        exporter: keys.application.exporter,
        #[cfg(feature = "resumption")]
        resumption: keys.main.into_resumption(&cx.transcript.resumption_hash())?,
    };
    Ok((State::Done(Established { secrets, proof: Proof::new(peer, finished) }), None))
}
