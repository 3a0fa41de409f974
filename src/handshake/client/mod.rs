//! The client (RFC 9846 section 2 and appendix A.1).
//!
//! ```text
//! 1  ClientHello                 ──────▶
//!                                ◀──────   HelloRetryRequest                       (perhaps)
//! 1a ClientHello                 ──────▶                                           (then)
//! 2                              ◀──────   ServerHello
//! 3                              ◀──────   {EncryptedExtensions}
//! 4                              ◀──────   {CertificateRequest}                    (if it asks)
//! 5                              ◀──────   {Certificate} {CertificateVerify} {Finished}
//! 6  {Certificate}               ──────▶                                           (if asked)
//!    {CertificateVerify}         ──────▶                                           (if there is one)
//!    {Finished}                  ──────▶
//! ```

mod flight;
mod issuers;
#[cfg(feature = "post-handshake-auth")]
pub(crate) mod late;
pub(crate) mod offer;
mod retry;
#[cfg(feature = "resumption")]
mod tickets;

#[cfg(feature = "resumption")]
use self::flight::take_authorization;
use self::flight::{
    ServerStep, authenticate_server, handle_certificate_request, handle_encrypted_extensions, handle_finished,
    take_choice,
};
use self::offer::{Groups, Shares, session_id, write_client_hello};
use self::retry::{begin_again, check_retry};
#[cfg(feature = "resumption")]
use self::tickets::take_selection;
use super::config::{ClientConfig, Parameters};
use super::connection::Connection;
use super::hello::Hello;
use super::keys::{ClientFinishedKeys, HandshakeKeys, agree};
use super::present::Present;
use super::proof::Proof;
#[cfg(feature = "resumption")]
use super::ticket::stored::ReceivedTickets;
use super::{Entropy, Established, Flow, Input, Next, Secrets, SideTypes, Stage, Stop, Wait};
use crate::credential::PeerRequest;
use crate::crypto::{CryptoProvider, DefaultProvider, HashAlgorithm, SharedSecret};
use crate::error::{ApiMisuse, Error, PeerMisbehaved};
#[cfg(not(feature = "resumption"))]
use crate::key_schedule::EarlySecret;
use crate::record::outbound::Written;
use crate::role::Role;
use crate::transcript::Transcript;
use crate::wire::certificate_request::CertificateRequest;
use crate::wire::enums::{CipherSuite, NamedGroup};
use crate::wire::server_hello::{self, ServerHello};
use crate::x509::Trace;
use core::marker::PhantomData;

/// The side that connects, with its cryptography provider: RustCrypto by default, if it is compiled in.
pub struct Client<P = DefaultProvider>(PhantomData<P>);

debug_by_name!("Client", [P] Client<P>);

/// The states, in the order in which they are reached (RFC 9846 section 4).
#[allow(clippy::large_enum_variant, reason = "keys and shares are in the place of the handshake, and there is no heap")]
pub(crate) enum State<'b, P: CryptoProvider> {
    Start,
    /// Our offer. After a HelloRetryRequest, that message stays where it was [received](hello) until the ClientHello is
    /// sent.
    Hello(Shares, HelloStep),
    Retry(Retry),
    /// The server's flight, under the keys of the handshake.
    ServerFlight(HandshakeKeys<P>, ServerStep<'b>),
    /// Our flight.
    ClientFlight(Response<P>, Present<'b>),
    Done(Established<P>),
    Failed,
}

/// The steps of the key exchange.
#[derive(Clone, Copy)]
pub(crate) enum HelloStep {
    MakeKeyShares,
    /// The number of bytes of ClientHello already sent.
    SendClientHello(usize),
    ExpectServerHello,
}

/// The request of a HelloRetryRequest.
#[derive(Clone, Copy)]
pub(crate) struct Retry {
    suite: CipherSuite,
    /// The groups of the shares that were sent.
    groups: Groups,
    /// The group of the share to send instead; `None` to send the same shares again.
    group: Option<NamedGroup>,
}

/// The keys and the proof for the last flight and the session.
pub(crate) struct Response<P: CryptoProvider> {
    keys: ClientFinishedKeys<P>,
    proof: Proof,
}

impl<P: CryptoProvider> SideTypes for Client<P> {
    type Provider = P;
    type Config<'b> = ClientConfig<'b>;

    const ROLE: Role = Role::Client;
}

impl<P: CryptoProvider> Flow for Client<P> {
    type State<'b> = State<'b, P>;
    #[cfg(feature = "post-handshake-auth")]
    type Late<'b> = late::LateAnswers<'b, P>;
    #[cfg(not(feature = "post-handshake-auth"))]
    type Late<'b> = ();
    #[cfg(feature = "resumption")]
    type Tickets<'b> = ReceivedTickets<'b>;

    fn parameters<'c, 'b>(config: &'c Self::Config<'b>) -> &'c Parameters<'b> {
        &config.parameters
    }

    fn check(config: &ClientConfig<'_>) -> Result<(), Error> {
        config.check::<P>()
    }

    fn peer_request<'m, 'b: 'm>(cx: &'m Connection<'b, P>) -> Result<PeerRequest<'m>, Error> {
        Ok(PeerRequest::of_server(&cx.rx.current(CertificateRequest::parse_any)?))
    }

    fn start<'b>() -> State<'b, P> {
        State::Start
    }

    fn failed<'b>() -> State<'b, P> {
        State::Failed
    }

    fn handle<'b>(
        state: &mut State<'b, P>,
        input: Input<'_, 'b>,
        cx: &mut Connection<'b, P>,
        entropy: &mut Entropy,
        config: &'b ClientConfig<'b>,
        trace: &mut impl Trace,
    ) -> Next<'b> {
        match state {
            State::Start => {
                start(state, cx, entropy, config);
                Ok(None)
            }
            State::Hello(shares, step) => match step {
                HelloStep::MakeKeyShares => make_key_shares(shares, step, cx.provider, entropy),
                HelloStep::SendClientHello(_) => send_client_hello(shares, step, cx, entropy, config),
                HelloStep::ExpectServerHello => handle_server_hello(state, cx, entropy, config),
            },
            State::Retry(_) => begin_again(state, cx, entropy),
            State::ServerFlight(_, step) => match step {
                ServerStep::ExpectEncryptedExtensions(_) => handle_encrypted_extensions(step, cx, config),
                #[cfg(feature = "resumption")]
                ServerStep::AwaitAuthorization(_) => take_authorization(step, input, cx),
                ServerStep::ExpectCertificateRequest => handle_certificate_request(step, cx),
                ServerStep::AwaitCredential => take_choice(step, input, cx),
                ServerStep::Authenticate(..) => authenticate_server(step, input, cx, config, trace),
                ServerStep::ExpectFinished(..) => handle_finished(state, cx),
            },
            State::ClientFlight(_, Present::SendFinished) => send_client_finished(state, cx),
            State::ClientFlight(_, present) => present.handle(input, cx),
            State::Done(_) | State::Failed => Err(ApiMisuse::AnswerUnexpected.into()),
        }
    }

    fn has_written_certificate(state: &State<'_, P>) -> bool {
        match state {
            State::ClientFlight(_, present) => present.has_begun(),
            State::Done(_) => true,
            _ => false,
        }
    }

    #[cfg(feature = "post-handshake-auth")]
    fn late<'b>(config: &'b ClientConfig<'b>, connection: &Connection<'b, P>, _: &Entropy) -> Self::Late<'b> {
        late::LateAnswers::new(config, connection)
    }

    #[cfg(not(feature = "post-handshake-auth"))]
    fn late<'b>(_: &'b ClientConfig<'b>, _: &Connection<'b, P>, _: &Entropy) -> Self::Late<'b> {}

    #[cfg(feature = "resumption")]
    fn tickets<'b>(config: &'b ClientConfig<'b>, _: &Connection<'b, P>, _: &Entropy) -> Self::Tickets<'b> {
        ReceivedTickets::new(config)
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
            State::Start => (Stage::ClientHello, Wait::Nothing),
            State::Hello(_, HelloStep::ExpectServerHello) => (Stage::ServerHello, Wait::Hello),
            State::Hello(shares, _) => match shares.retried {
                None => (Stage::ClientHello, Wait::Nothing),
                Some(_) => (Stage::SecondClientHello, Wait::Nothing),
            },
            State::Retry(_) => (Stage::SecondClientHello, Wait::Nothing),
            State::ServerFlight(_, step) => step.profile(),
            State::ClientFlight(_, present) => present.profile(),
            State::Done(_) | State::Failed => (Stage::Done, Wait::Never),
        }
    }
}

#[inline(never)]
#[cfg_attr(not(feature = "key-log"), allow(unused_variables, reason = "it is read for the log"))]
fn start<'b, P: CryptoProvider>(
    state: &mut State<'b, P>,
    cx: &mut Connection<'b, P>,
    entropy: &Entropy,
    config: &ClientConfig<'b>,
) {
    #[cfg(feature = "key-log")]
    {
        cx.key_log.client_random = *entropy.random();
    }
    if let Some(name) = config.sent_server_name() {
        cx.events.server_name(Some(name));
    }
    cx.negotiated.post_handshake_auth = config.post_handshake_auth;
    cx.rx.begin_handshake();
    if config.compatibility {
        cx.tx.owe_change_cipher_spec();
    }
    *state = State::Hello(Shares::new(config.shared_groups::<P>(), None), HelloStep::MakeKeyShares);
}

/// Computes the next missing key share.
#[inline(never)]
fn make_key_shares<'b, P: CryptoProvider>(
    shares: &mut Shares,
    step: &mut HelloStep,
    provider: P,
    entropy: &Entropy,
) -> Next<'b> {
    if shares.make_next(provider, entropy)? {
        return Ok(Some(Stop::Yield));
    }
    *step = HelloStep::SendClientHello(0);
    Ok(None)
}

/// Sends the ClientHello, in parts if it is larger than `tx`. The first is hashed when the server has selected the hash.
#[inline(never)]
fn send_client_hello<'b, P: CryptoProvider>(
    shares: &Shares,
    step: &mut HelloStep,
    cx: &mut Connection<'b, P>,
    entropy: &Entropy,
    config: &ClientConfig<'b>,
) -> Next<'b> {
    let HelloStep::SendClientHello(sent) = step else { return Err(ApiMisuse::AnswerUnexpected.into()) };
    if write_client_hello(shares, Some(sent), cx, entropy, config)? == Written::Yes {
        cx.tx.flush()?;
        if shares.retried.is_some() {
            let _hashed = write_client_hello(shares, None, cx, entropy, config)?;
            Hello::SERVER.consume(cx);
        }
        *step = HelloStep::ExpectServerHello;
    }
    Ok(Some(Stop::Transmit))
}

// RFC 9846 section 4.2.4.
#[inline(never)]
fn handle_server_hello<'b, P: CryptoProvider>(
    state: &mut State<'b, P>,
    cx: &mut Connection<'b, P>,
    entropy: &mut Entropy,
    config: &ClientConfig<'b>,
) -> Next<'b> {
    let State::Hello(offered, _) = state else { return Err(ApiMisuse::AnswerUnexpected.into()) };
    if !Hello::SERVER.receive(cx)? {
        return Ok(Some(Stop::NeedInput));
    }
    let server_hello = Hello::SERVER.parse(&cx.rx, &cx.peer, ServerHello::parse)?;
    // RFC 9846 section 4.2.3: "A client which receives a legacy_session_id_echo field that does not
    // match what it sent in the ClientHello MUST abort the handshake with an 'illegal_parameter' alert."
    if server_hello.session_id != session_id(entropy, config) {
        return Err(PeerMisbehaved::SelectedNotOffered.into());
    }
    let suite = server_hello.cipher_suite;
    // "A client which receives a cipher suite that was not offered MUST abort", and after a
    // HelloRetryRequest (section 4.2.4) the suite must stay the same.
    if !config.parameters.cipher_suites::<P>().contains(&suite)
        || offered.retried.is_some_and(|retried| retried != suite)
    {
        return Err(PeerMisbehaved::SelectedNotOffered.into());
    }
    let hash = HashAlgorithm::of(suite).ok_or(PeerMisbehaved::SelectedNotOffered)?;
    match server_hello.answer {
        server_hello::Answer::Retry { group, cookie } => {
            let retry = check_retry::<P>(offered, suite, group, cookie, config)?;
            cx.events.retried(group);
            cx.negotiated.retried = true;
            begin_transcript(offered, hash, cx, entropy, config)?;
            *state = State::Retry(retry);
            Ok(None)
        }
        server_hello::Answer::Hello {
            key_share,
            #[cfg(feature = "resumption")]
            selected_psk,
            ..
        } => {
            // RFC 9846 section 4.3.8: the share MUST be in the group the client sent one of.
            let group = key_share.group;
            let place = offered.groups.iter().position(|sent| *sent == Some(group));
            let seed = entropy.seed(place.ok_or(PeerMisbehaved::KeyShareNotOffered)?);
            let shared = agree(cx.provider, group, seed, key_share.key_exchange)?;
            if offered.retried.is_none() {
                begin_transcript(offered, hash, cx, entropy, config)?;
            }
            cx.transcript.update(Hello::SERVER.message(&cx.rx, &cx.peer)?);
            Hello::SERVER.consume(cx);
            cx.negotiated.cipher_suite = suite;
            cx.negotiated.group = group;
            cx.events.agreed(suite, group);
            cx.forget_seeds(entropy)?;
            protect(
                state,
                &shared,
                hash,
                #[cfg(feature = "resumption")]
                selected_psk,
                cx,
            )
        }
    }
}

/// Derives the keys of the handshake and protects the records that follow.
#[inline(never)] // in a frame of its own, which is not there while the shared secret is computed
fn protect<'b, P: CryptoProvider>(
    state: &mut State<'b, P>,
    shared: &SharedSecret,
    hash: HashAlgorithm,
    #[cfg(feature = "resumption")] selected_psk: Option<u16>,
    cx: &mut Connection<'b, P>,
) -> Next<'b> {
    #[cfg(feature = "resumption")]
    let (early, resumed) = take_selection(selected_psk, hash, cx)?;
    #[cfg(not(feature = "resumption"))]
    let (early, resumed) = (EarlySecret::new(cx.provider, hash)?, None);
    let keys = HandshakeKeys::derive(early, shared, cx)?;
    let suite = cx.negotiated.cipher_suite;
    cx.rx.set_protection(keys.server.protection(suite)?)?;
    cx.tx.set_protection(keys.client.protection(suite)?)?;
    *state = State::ServerFlight(keys, ServerStep::ExpectEncryptedExtensions(resumed));
    Ok(Some(Stop::Yield))
}

/// Begins the transcript with the first ClientHello, now that the hash is known.
#[inline(never)] // in a frame of its own, which is not there while the shared secret is computed
fn begin_transcript<P: CryptoProvider>(
    shares: &Shares,
    hash: HashAlgorithm,
    cx: &mut Connection<'_, P>,
    entropy: &Entropy,
    config: &ClientConfig<'_>,
) -> Result<(), Error> {
    cx.transcript = Transcript::new(cx.provider, hash)?;
    write_client_hello(shares, None, cx, entropy, config).map(|_| ())
}

// RFC 9846 sections 4.5.1 and 4.5.3.
#[inline(never)]
fn send_client_finished<'b, P: CryptoProvider>(state: &mut State<'b, P>, cx: &mut Connection<'b, P>) -> Next<'b> {
    let State::ClientFlight(response, _) = &*state else { return Err(ApiMisuse::AnswerUnexpected.into()) };
    if cx.send_finished(|hash| response.keys.client.finished(hash))? == Written::AfterTransmit {
        return Ok(Some(Stop::Transmit));
    }
    cx.tx.set_protection(response.keys.application.client.protection(cx.negotiated.cipher_suite)?)?;
    let State::ClientFlight(Response { keys, proof }, _) = core::mem::replace(state, State::Failed) else {
        return Err(ApiMisuse::AnswerUnexpected.into());
    };
    let secrets = Secrets {
        sending: keys.application.client.into_sending(),
        receiving: keys.application.server.into_receiving(),
        exporter: keys.application.exporter,
        #[cfg(feature = "resumption")]
        resumption: keys.main.into_resumption(&cx.transcript.resumption_hash())?,
    };
    *state = State::Done(Established { secrets, proof });
    Ok(Some(Stop::Transmit))
}
