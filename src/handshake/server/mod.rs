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
use self::tickets::{judge_tickets, take_authorization};
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
use crate::credential::{Credential, PeerRequest};
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

/// The states, in the order in which they are reached (RFC 9846 section 4).
#[allow(clippy::large_enum_variant, reason = "keys and shares are in the place of the handshake, and there is no heap")]
pub(crate) enum State<'b, P: CryptoProvider> {
    ExpectClientHello,
    /// The parameters are selected. From here until ServerHello is sent, the ClientHello stays where it was
    /// [received](hello).
    Hello(Selected, HelloStep),
    /// The client offers a ticket that we may accept.
    #[cfg(feature = "resumption")]
    AwaitAuthorization(Selected, Accepted<P>),
    /// The key exchange.
    Exchange(Selected, Means<'b>, EarlySecret<P>, ExchangeStep<P>),
    /// Our flight, under the keys of the handshake.
    ServerFlight(HandshakeKeys<P>, ServerStep<'b>),
    /// The client's flight.
    ClientFlight(ClientFinishedKeys<P>, ClientStep),
    Done(Established<P>),
    Failed,
}

/// The steps until it is known how both sides authenticate each other.
pub(crate) enum HelloStep {
    SendHelloRetryRequest,
    /// A digest of the parts of the first one that must stay the same.
    ExpectSecondClientHello(Digest),
    /// Tickets are judged first, if the client accepts any.
    #[cfg(feature = "resumption")]
    AwaitTime,
    AwaitCredential,
}

/// The steps of the key exchange.
pub(crate) enum ExchangeStep<P: CryptoProvider> {
    MakeKeyShare,
    Agree(P::KeyExchange, KeyShare),
    SendServerHello(Agreed),
}

/// The steps of our flight.
pub(crate) enum ServerStep<'b> {
    SendEncryptedExtensions(Selected, Means<'b>),
    /// The number of bytes of CertificateRequest already sent.
    SendCertificateRequest(&'b Credential<'b>, usize),
    /// With a ticket, Finished is all that is left to send.
    Present(Present<'b>, Option<Resumed>),
}

/// The steps of the client's flight.
pub(crate) enum ClientStep {
    Authenticate(Authenticate),
    ExpectFinished(PeerAuthenticated),
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
        state: &mut State<'b, P>,
        input: Input<'_, 'b>,
        cx: &mut Connection<'b, P>,
        entropy: &mut Entropy,
        config: &'b ServerConfig<'b>,
        trace: &mut impl Trace,
    ) -> Next<'b> {
        match state {
            State::ExpectClientHello => handle_client_hello(state, cx, config),
            State::Hello(selected, step) => match step {
                HelloStep::SendHelloRetryRequest => send_hello_retry_request(selected, step, cx),
                HelloStep::ExpectSecondClientHello(_) => handle_second_client_hello(*selected, step, cx, config),
                #[cfg(feature = "resumption")]
                HelloStep::AwaitTime => judge_tickets(state, input, cx, config),
                HelloStep::AwaitCredential => take_choice(state, input, cx, config),
            },
            #[cfg(feature = "resumption")]
            State::AwaitAuthorization(..) => take_authorization(state, input, cx, config),
            State::Exchange(selected, _, _, step) => match step {
                ExchangeStep::MakeKeyShare => make_key_share(*selected, step, cx, entropy),
                ExchangeStep::Agree(..) => agree(*selected, step, cx, entropy),
                ExchangeStep::SendServerHello(_) => send_server_hello(state, cx, entropy),
            },
            State::ServerFlight(_, step) => match step {
                ServerStep::SendEncryptedExtensions(..) => send_encrypted_extensions(step, cx, config),
                ServerStep::SendCertificateRequest(..) => send_certificate_request(step, cx, config),
                ServerStep::Present(Present::SendFinished, _) => send_server_finished(state, cx, config),
                ServerStep::Present(present, _) => present.handle(input, cx),
            },
            State::ClientFlight(_, step) => match step {
                ClientStep::Authenticate(_) => authenticate_client(step, input, cx, config, trace),
                ClientStep::ExpectFinished(_) => handle_finished(state, cx),
            },
            State::Done(_) | State::Failed => Err(ApiMisuse::AnswerUnexpected.into()),
        }
    }

    fn has_written_certificate(state: &State<'_, P>) -> bool {
        match state {
            State::ServerFlight(_, ServerStep::Present(present, _)) => present.has_begun(),
            State::ClientFlight(..) | State::Done(_) => true,
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
            State::Hello(_, step) => match step {
                HelloStep::SendHelloRetryRequest => (Stage::SecondClientHello, Wait::Nothing),
                HelloStep::ExpectSecondClientHello(_) => (Stage::SecondClientHello, Wait::Hello),
                #[cfg(feature = "resumption")]
                HelloStep::AwaitTime => (Stage::Time, Wait::Answer(Question::Time)),
                HelloStep::AwaitCredential => (Stage::CredentialChoice, Wait::Answer(Question::Credential)),
            },
            #[cfg(feature = "resumption")]
            State::AwaitAuthorization(..) => (Stage::Authorization, Wait::Answer(Question::Authorize)),
            State::Exchange(..) => (Stage::ServerHello, Wait::Nothing),
            State::ServerFlight(_, step) => match step {
                ServerStep::SendEncryptedExtensions(..) => (Stage::EncryptedExtensions, Wait::Nothing),
                ServerStep::SendCertificateRequest(..) => (Stage::CertificateRequest, Wait::Nothing),
                ServerStep::Present(present, _) => present.profile(),
            },
            State::ClientFlight(_, step) => match step {
                ClientStep::Authenticate(authenticate) => authenticate.profile(),
                ClientStep::ExpectFinished(_) => (Stage::Finished, Wait::Message(&[HandshakeType::FINISHED])),
            },
            State::Done(_) | State::Failed => (Stage::Done, Wait::Never),
        }
    }
}

/// Chooses the first of our suites that the client offers, and the group.
///
/// RFC 9846 sections 4.2.1, 4.2.2 and 4.3.10.
#[inline(never)]
fn handle_client_hello<'b, P: CryptoProvider>(
    state: &mut State<'b, P>,
    cx: &mut Connection<'b, P>,
    config: &ServerConfig<'_>,
) -> Next<'b> {
    if !Hello::CLIENT.receive(cx)? {
        return Ok(Some(Stop::NeedInput));
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
    let step = if share_is_here { first_question(&hello, config)? } else { HelloStep::SendHelloRetryRequest };
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
    *state = State::Hello(selected, step);
    Ok(None)
}

fn take_choice<'b, P: CryptoProvider>(
    state: &mut State<'b, P>,
    input: Input<'_, 'b>,
    cx: &mut Connection<'b, P>,
    config: &'b ServerConfig<'b>,
) -> Next<'b> {
    let (State::Hello(selected, _), Input::Credential(choice)) = (&*state, input) else {
        return Err(ApiMisuse::AnswerUnexpected.into());
    };
    let hello = Hello::CLIENT.parse(&cx.rx, &cx.peer, ClientHello::parse)?;
    let credential = choice.resolve(hello.mandatory_schemes()?)?.ok_or(PeerIncompatible::NoCredential)?;
    cx.negotiated.protocol = choose_protocol(&hello, config)?;
    cx.events.selected(Some(credential));
    cx.negotiated.credential = Some(credential);
    let early = EarlySecret::new(cx.provider, selected.hash)?;
    *state = State::Exchange(*selected, Means::Certificates(credential), early, ExchangeStep::MakeKeyShare);
    Ok(None)
}

#[inline(never)]
fn make_key_share<'b, P: CryptoProvider>(
    selected: Selected,
    step: &mut ExchangeStep<P>,
    cx: &Connection<'b, P>,
    entropy: &Entropy,
) -> Next<'b> {
    let (private, public) = own_share(selected, cx, entropy)?;
    *step = ExchangeStep::Agree(private, public);
    Ok(Some(Stop::Yield))
}

#[inline(never)]
fn agree<'b, P: CryptoProvider>(
    selected: Selected,
    step: &mut ExchangeStep<P>,
    cx: &mut Connection<'b, P>,
    entropy: &mut Entropy,
) -> Next<'b> {
    let ExchangeStep::Agree(private, public) = core::mem::replace(step, ExchangeStep::MakeKeyShare) else {
        return Err(ApiMisuse::AnswerUnexpected.into());
    };
    let shared = private.agree(client_share(selected, cx)?);
    let shared = shared.map_err(|error| error.or(PeerMisbehaved::KeyShareInvalid))?;
    cx.forget_seeds(entropy)?;
    if !selected.retried {
        cx.transcript = Transcript::new(cx.provider, selected.hash)?;
    }
    cx.transcript.update(Hello::CLIENT.message(&cx.rx, &cx.peer)?);
    let agreed = Agreed { shared, public, sent: 0 };
    *step = ExchangeStep::SendServerHello(agreed);
    Ok(Some(Stop::Yield))
}

// RFC 9846 sections 4.2.3 and 4.3.8.
#[inline(never)]
fn send_server_hello<'b, P: CryptoProvider>(
    state: &mut State<'b, P>,
    cx: &mut Connection<'b, P>,
    entropy: &Entropy,
) -> Next<'b> {
    #[cfg_attr(not(feature = "resumption"), allow(unused_variables, reason = "there are no tickets"))]
    let State::Exchange(selected, means, _, ExchangeStep::SendServerHello(agreed)) = state else {
        return Err(ApiMisuse::AnswerUnexpected.into());
    };
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
                Means::Ticket(_, index) => Some(*index),
            },
        },
    };
    let Connection { tx, transcript, events, .. } = cx;
    let (kind, write) = (HandshakeType::SERVER_HELLO, |w: &mut Writer<'_>| server_hello.emit(w));
    if send_parts(tx, events, kind, &mut agreed.sent, &write, &mut |part| transcript.update(part))?
        == Written::AfterTransmit
    {
        return Ok(Some(Stop::Transmit));
    }
    tx.flush()?;
    Hello::CLIENT.consume(cx);
    cx.negotiated.cipher_suite = selected.suite;
    cx.negotiated.group = selected.group;
    cx.events.agreed(selected.suite, selected.group);
    protect(state, cx)
}

/// Derives the keys of the handshake and protects the records that follow.
#[inline(never)]
fn protect<'b, P: CryptoProvider>(state: &mut State<'b, P>, cx: &mut Connection<'b, P>) -> Next<'b> {
    let State::Exchange(selected, means, early, ExchangeStep::SendServerHello(agreed)) =
        core::mem::replace(state, State::Failed)
    else {
        return Err(ApiMisuse::AnswerUnexpected.into());
    };
    let keys = HandshakeKeys::derive(early, &agreed.shared, cx)?;
    cx.rx.set_protection(keys.client.protection(selected.suite)?)?;
    cx.rx.tolerate_plaintext_alert();
    cx.tx.set_protection(keys.server.protection(selected.suite)?)?;
    *state = State::ServerFlight(keys, ServerStep::SendEncryptedExtensions(selected, means));
    Ok(None)
}

// RFC 9846 sections 4.3, 4.4.1 and 4.5.1.
fn send_encrypted_extensions<'b, P: CryptoProvider>(
    step: &mut ServerStep<'b>,
    cx: &mut Connection<'b, P>,
    config: &ServerConfig<'_>,
) -> Next<'b> {
    let ServerStep::SendEncryptedExtensions(selected, means) = &*step else {
        return Err(ApiMisuse::AnswerUnexpected.into());
    };
    let record_limit = selected.record_limit.map(|limit| match limit {
        RecordLimit::Size(_) => RecordLimit::Size(cx.rx.record_size_limit()),
        RecordLimit::Fragment(_) => limit,
    });
    // RFC 6066 section 3: "When resuming a session, the server MUST NOT include a server_name extension in the server hello."
    let server_name = selected.named && matches!(means, Means::Certificates(_));
    let extensions = EncryptedExtensions { protocol: cx.negotiated.protocol, server_name, record_limit };
    if cx.send(HandshakeType::ENCRYPTED_EXTENSIONS, &|w| extensions.emit(w))? == Written::AfterTransmit {
        return Ok(Some(Stop::Transmit));
    }
    let ServerStep::SendEncryptedExtensions(_, means) =
        core::mem::replace(step, ServerStep::Present(Present::SendFinished, None))
    else {
        return Err(ApiMisuse::AnswerUnexpected.into());
    };
    *step = match (means, config.client_auth) {
        // RFC 9846 section 4.4.2: "Servers which are authenticating with a resumption PSK MUST NOT send the
        // CertificateRequest message".
        (Means::Ticket(resumed, _), _) => ServerStep::Present(Present::SendFinished, Some(resumed)),
        (Means::Certificates(credential), ClientAuth::None) => {
            ServerStep::Present(Present::with(Some(credential)), None)
        }
        (Means::Certificates(credential), ClientAuth::Optional(_) | ClientAuth::Required(_)) => {
            ServerStep::SendCertificateRequest(credential, 0)
        }
    };
    Ok(None)
}

#[inline(never)]
fn send_server_finished<'b, P: CryptoProvider>(
    state: &mut State<'b, P>,
    cx: &mut Connection<'b, P>,
    config: &ServerConfig<'_>,
) -> Next<'b> {
    let State::ServerFlight(keys, _) = &*state else { return Err(ApiMisuse::AnswerUnexpected.into()) };
    if cx.send_finished(|hash| keys.server.finished(hash))? == Written::AfterTransmit {
        return Ok(Some(Stop::Transmit));
    }
    let State::ServerFlight(keys, ServerStep::Present(_, resumed)) = core::mem::replace(state, State::Failed) else {
        return Err(ApiMisuse::AnswerUnexpected.into());
    };
    let keys = keys.into_application(cx)?;
    // An alert about the client's flight is sent under the application keys (RFC 9846 section 4.5.3).
    cx.tx.set_protection(keys.application.server.protection(cx.negotiated.cipher_suite)?)?;
    let step = match (resumed, config.client_auth, AnonymousAllowed::by(&config.client_auth)) {
        (Some(resumed), ..) => ClientStep::ExpectFinished(PeerAuthenticated::Resumed(resumed)),
        (None, ClientAuth::None, Some(allowed)) => ClientStep::ExpectFinished(PeerAuthenticated::Anonymous(allowed)),
        _ => ClientStep::Authenticate(Authenticate::ExpectCertificate),
    };
    *state = State::ClientFlight(keys, step);
    Ok(Some(Stop::Transmit))
}

#[inline(never)]
fn authenticate_client<'b, P: CryptoProvider>(
    step: &mut ClientStep,
    input: Input<'_, 'b>,
    cx: &mut Connection<'b, P>,
    config: &'b ServerConfig<'b>,
    trace: &mut impl Trace,
) -> Next<'b> {
    let ClientStep::Authenticate(authenticate) = step else { return Err(ApiMisuse::AnswerUnexpected.into()) };
    let peer = match authenticate.handle(input, cx, &expectation(config, &config.client_auth, &[]), trace)? {
        Outcome::Next(reason) => return Ok(reason),
        Outcome::Authenticated(peer) => {
            cx.negotiated.client_auth.authenticated();
            peer
        }
        Outcome::NoCertificate => {
            // RFC 9846 section 4.5.1.3: "it MAY [...] abort the handshake with a 'certificate_required' alert".
            let allowed =
                AnonymousAllowed::by(&config.client_auth).ok_or(PeerIncompatible::ClientCertificateRequired)?;
            cx.negotiated.client_auth.declined();
            PeerAuthenticated::Anonymous(allowed)
        }
    };
    *step = ClientStep::ExpectFinished(peer);
    Ok(None)
}

#[inline(never)]
fn handle_finished<'b, P: CryptoProvider>(state: &mut State<'b, P>, cx: &mut Connection<'b, P>) -> Next<'b> {
    let State::ClientFlight(keys, ClientStep::ExpectFinished(peer)) = core::mem::replace(state, State::Failed) else {
        return Err(ApiMisuse::AnswerUnexpected.into());
    };
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
    *state = State::Done(Established { secrets, proof: Proof::new(peer, finished) });
    Ok(None)
}
