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

mod issuers;
#[cfg(feature = "post-handshake-auth")]
pub(crate) mod late;
pub(crate) mod offer;
mod retry;
#[cfg(feature = "resumption")]
mod tickets;

use self::offer::{Groups, Shares, own_record_limit, session_id, write_client_hello};
use self::retry::{begin_again, check_retry};
#[cfg(feature = "resumption")]
use self::tickets::take_selection;
use super::authenticate::{Authenticate, Expectation, Outcome};
use super::config::{ClientConfig, Parameters};
use super::connection::Connection;
use super::hello::Hello;
use super::keys::{ClientFinishedKeys, HandshakeKeys, agree, receive_finished};
use super::present::Present;
use super::proof::{PeerAuthenticated, Proof, Resumed};
#[cfg(feature = "resumption")]
use super::ticket::stored::ReceivedTickets;
use super::{Entropy, Established, Flow, Input, Next, Question, Secrets, SideTypes, Stage, Stop, Wait};
use crate::credential::{Choice, Credential, PeerRequest};
use crate::crypto::{CryptoProvider, DefaultProvider, HashAlgorithm, SharedSecret};
#[cfg(feature = "resumption")]
use crate::error::AlertDescription;
use crate::error::{ApiMisuse, Error, PeerMisbehaved};
#[cfg(not(feature = "resumption"))]
use crate::key_schedule::EarlySecret;
use crate::record::outbound::Written;
use crate::role::Role;
use crate::transcript::Transcript;
use crate::wire::certificate_request::CertificateRequest;
use crate::wire::encrypted_extensions::EncryptedExtensions;
use crate::wire::enums::{CipherSuite, HandshakeType, NamedGroup};
use crate::wire::record_limit::RecordLimit;
use crate::wire::server_hello::{self, ServerHello};
use crate::x509::Trace;
use core::marker::PhantomData;

/// The side that connects, with its cryptography provider: RustCrypto by default, if it is compiled in.
pub struct Client<P = DefaultProvider>(PhantomData<P>);

debug_by_name!("Client", [P] Client<P>);

/// The states, in the order in which they are reached.
pub(crate) enum State<'b, P: CryptoProvider> {
    Start,
    /// After a HelloRetryRequest, that message stays where it was [received](hello) from here to `SendClientHello`.
    MakeKeyShares(Shares),
    /// The number of bytes of ClientHello already sent.
    SendClientHello(Shares, usize),
    ExpectServerHello(Shares),
    Retry(Retry),
    ExpectEncryptedExtensions(HandshakeKeys<P>, Option<Resumed>),
    #[cfg(feature = "resumption")]
    AwaitAuthorization(HandshakeKeys<P>, Resumed),
    /// A CertificateRequest may follow.
    ExpectCertificateRequest(HandshakeKeys<P>),
    /// The CertificateRequest is in `rx`.
    AwaitCredential(HandshakeKeys<P>),
    AuthenticateServer(HandshakeKeys<P>, Option<Reply<'b>>, Authenticate),
    ExpectFinished(HandshakeKeys<P>, Option<Reply<'b>>, PeerAuthenticated),
    Present(Response<P>, Present<'b>),
    SendFinished(Response<P>),
    Done(Established<P>),
    Failed,
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

/// Our answer to a CertificateRequest: a credential, none, or an error that takes effect once the server is
/// authenticated.
type Reply<'b> = Result<Option<&'b Credential<'b>>, Error>;

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
        state: State<'b, P>,
        input: Input<'_, 'b>,
        cx: &mut Connection<'b, P>,
        entropy: &mut Entropy,
        config: &'b ClientConfig<'b>,
        trace: &mut impl Trace,
    ) -> Next<'b, State<'b, P>> {
        match state {
            State::Start => Ok((start(cx, entropy, config), None)),
            State::MakeKeyShares(shares) => make_key_shares(cx.provider, shares, entropy),
            State::SendClientHello(shares, sent) => send_client_hello(shares, sent, cx, entropy, config),
            State::ExpectServerHello(shares) => handle_server_hello(shares, cx, entropy, config),
            State::Retry(retry) => begin_again(retry, cx, entropy),
            State::ExpectEncryptedExtensions(keys, resumed) => handle_encrypted_extensions(keys, resumed, cx, config),
            #[cfg(feature = "resumption")]
            State::AwaitAuthorization(keys, resumed) => match input {
                Input::Authorized => {
                    cx.events.authorized();
                    Ok((State::ExpectFinished(keys, None, PeerAuthenticated::Resumed(resumed)), None))
                }
                Input::Declined => Err(Error::NotAuthorized(AlertDescription::ACCESS_DENIED)),
                _ => Err(ApiMisuse::AnswerUnexpected.into()),
            },
            State::ExpectCertificateRequest(keys) => handle_certificate_request(keys, cx),
            State::AwaitCredential(keys) => match input {
                Input::Credential(choice) => take_choice(keys, choice, cx),
                _ => Err(ApiMisuse::AnswerUnexpected.into()),
            },
            State::AuthenticateServer(keys, reply, step) => {
                authenticate_server(keys, reply, step, input, cx, config, trace)
            }
            State::ExpectFinished(keys, reply, peer) => handle_finished(keys, reply, peer, cx),
            State::Present(response, present) => Ok(match present.handle(input, cx)? {
                (Some(present), stop) => (State::Present(response, present), stop),
                (None, stop) => (State::SendFinished(response), stop),
            }),
            State::SendFinished(response) => send_client_finished(response, cx),
            State::Done(_) | State::Failed => Err(ApiMisuse::AnswerUnexpected.into()),
        }
    }

    fn has_written_certificate(state: &State<'_, P>) -> bool {
        match state {
            State::Present(_, present) => present.has_begun(),
            State::SendFinished(_) | State::Done(_) => true,
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
            State::MakeKeyShares(shares) | State::SendClientHello(shares, _) => match shares.retried {
                None => (Stage::ClientHello, Wait::Nothing),
                Some(_) => (Stage::SecondClientHello, Wait::Nothing),
            },
            State::ExpectServerHello(_) => (Stage::ServerHello, Wait::Hello),
            State::Retry(_) => (Stage::SecondClientHello, Wait::Nothing),
            State::ExpectEncryptedExtensions(..) => {
                (Stage::EncryptedExtensions, Wait::Message(&[HandshakeType::ENCRYPTED_EXTENSIONS]))
            }
            #[cfg(feature = "resumption")]
            State::AwaitAuthorization(..) => (Stage::Authorization, Wait::Answer(Question::Authorize)),
            State::ExpectCertificateRequest(_) => (
                Stage::CertificateRequest,
                Wait::Message(&[HandshakeType::CERTIFICATE_REQUEST, HandshakeType::CERTIFICATE]),
            ),
            State::AwaitCredential(_) => (Stage::CredentialChoice, Wait::Answer(Question::Credential)),
            State::AuthenticateServer(_, _, authenticate) => authenticate.profile(),
            State::ExpectFinished(..) => (Stage::Finished, Wait::Message(&[HandshakeType::FINISHED])),
            State::Present(_, present) => present.profile(),
            State::SendFinished(_) => (Stage::Sending, Wait::Nothing),
            State::Done(_) | State::Failed => (Stage::Done, Wait::Never),
        }
    }
}

#[inline(never)]
#[cfg_attr(not(feature = "key-log"), allow(unused_variables, reason = "it is read for the log"))]
fn start<'b, P: CryptoProvider>(
    cx: &mut Connection<'b, P>,
    entropy: &Entropy,
    config: &ClientConfig<'b>,
) -> State<'b, P> {
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
    State::MakeKeyShares(Shares::new(config.shared_groups::<P>(), None))
}

/// Computes the next missing key share.
#[inline(never)]
fn make_key_shares<'b, P: CryptoProvider>(
    provider: P,
    mut shares: Shares,
    entropy: &Entropy,
) -> Next<'b, State<'b, P>> {
    Ok(if shares.make_next(provider, entropy)? {
        (State::MakeKeyShares(shares), Some(Stop::Yield))
    } else {
        (State::SendClientHello(shares, 0), None)
    })
}

/// Sends the ClientHello, in parts if it is larger than `tx`. The first is hashed when the server has selected the hash.
#[inline(never)]
fn send_client_hello<'b, P: CryptoProvider>(
    shares: Shares,
    mut sent: usize,
    cx: &mut Connection<'b, P>,
    entropy: &Entropy,
    config: &ClientConfig<'b>,
) -> Next<'b, State<'b, P>> {
    if write_client_hello(&shares, Some(&mut sent), cx, entropy, config)? == Written::AfterTransmit {
        return Ok((State::SendClientHello(shares, sent), Some(Stop::Transmit)));
    }
    cx.tx.flush()?;
    if shares.retried.is_some() {
        let _hashed = write_client_hello(&shares, None, cx, entropy, config)?;
        Hello::SERVER.consume(cx);
    }
    Ok((State::ExpectServerHello(shares), Some(Stop::Transmit)))
}

// RFC 9846 section 4.2.4.
#[inline(never)]
fn handle_server_hello<'b, P: CryptoProvider>(
    offered: Shares,
    cx: &mut Connection<'b, P>,
    entropy: &mut Entropy,
    config: &ClientConfig<'b>,
) -> Next<'b, State<'b, P>> {
    if !Hello::SERVER.receive(cx)? {
        return Ok((State::ExpectServerHello(offered), Some(Stop::NeedInput)));
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
            let retry = check_retry::<P>(&offered, suite, group, cookie, config)?;
            cx.events.retried(group);
            cx.negotiated.retried = true;
            begin_transcript(&offered, hash, cx, entropy, config)?;
            Ok((State::Retry(retry), None))
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
                begin_transcript(&offered, hash, cx, entropy, config)?;
            }
            cx.transcript.update(Hello::SERVER.message(&cx.rx, &cx.peer)?);
            Hello::SERVER.consume(cx);
            cx.negotiated.cipher_suite = suite;
            cx.negotiated.group = group;
            cx.events.agreed(suite, group);
            cx.forget_seeds(entropy)?;
            protect(
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
    shared: &SharedSecret,
    hash: HashAlgorithm,
    #[cfg(feature = "resumption")] selected_psk: Option<u16>,
    cx: &mut Connection<'b, P>,
) -> Next<'b, State<'b, P>> {
    #[cfg(feature = "resumption")]
    let (early, resumed) = take_selection(selected_psk, hash, cx)?;
    #[cfg(not(feature = "resumption"))]
    let (early, resumed) = (EarlySecret::new(cx.provider, hash)?, None);
    let keys = HandshakeKeys::derive(early, shared, cx)?;
    let suite = cx.negotiated.cipher_suite;
    cx.rx.set_protection(keys.server.protection(suite)?)?;
    cx.tx.set_protection(keys.client.protection(suite)?)?;
    Ok((State::ExpectEncryptedExtensions(keys, resumed), Some(Stop::Yield)))
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

#[inline(never)]
fn handle_encrypted_extensions<'b, P: CryptoProvider>(
    keys: HandshakeKeys<P>,
    resumed: Option<Resumed>,
    cx: &mut Connection<'b, P>,
    config: &ClientConfig<'b>,
) -> Next<'b, State<'b, P>> {
    let extensions = cx.rx.current(EncryptedExtensions::parse)?;
    // RFC 9846 section 4.3: no extensions that were not offered.
    if extensions.server_name && config.sent_server_name().is_none() {
        return Err(PeerMisbehaved::UnsolicitedExtension.into());
    }
    if let Some(selected) = extensions.protocol {
        let offered = config.parameters.alpn();
        if offered.is_empty() {
            return Err(PeerMisbehaved::UnsolicitedExtension.into());
        }
        let protocol = offered.iter().find(|&&protocol| protocol == selected);
        cx.negotiated.protocol = Some(*protocol.ok_or(PeerMisbehaved::SelectedNotOffered)?);
    }
    let record_limit = extensions.record_limit;
    if let Some(limit) = record_limit {
        let offered = own_record_limit(cx.rx.record_size_limit()).ok_or(PeerMisbehaved::UnsolicitedExtension)?;
        // RFC 6066 section 4: a length other than the requested one is an illegal_parameter.
        if matches!(limit, RecordLimit::Fragment(_)) && limit != RecordLimit::fragment_for(offered) {
            return Err(PeerMisbehaved::SelectedNotOffered.into());
        }
    }
    cx.receive_into_transcript()?;
    cx.limit_records(record_limit);
    let next = match resumed {
        None => State::ExpectCertificateRequest(keys),
        #[cfg(feature = "resumption")]
        Some(resumed) => State::AwaitAuthorization(keys, resumed),
        #[cfg(not(feature = "resumption"))]
        Some(resumed) => match resumed {},
    };
    Ok((next, None))
}

/// RFC 9846 section 4.4.2: CertificateRequest, if any, follows EncryptedExtensions. It is checked, and stays in `rx`
/// while the application chooses a credential.
#[inline(never)]
fn handle_certificate_request<'b, P: CryptoProvider>(
    keys: HandshakeKeys<P>,
    cx: &mut Connection<'b, P>,
) -> Next<'b, State<'b, P>> {
    if cx.rx.header().is_none_or(|header| header.kind != HandshakeType::CERTIFICATE_REQUEST) {
        return Ok((State::AuthenticateServer(keys, None, Authenticate::ExpectCertificate), None));
    }
    if !issuers::receive_request(cx, false)? {
        return Ok((State::ExpectCertificateRequest(keys), Some(Stop::NeedInput)));
    }
    let request = cx.rx.current(CertificateRequest::parse)?;
    cx.events.asked(&PeerRequest::of_server(&request).leave_out_authorities(cx.rx.is_cut()), false);
    Ok((State::AwaitCredential(keys), None))
}

fn take_choice<'b, P: CryptoProvider>(
    keys: HandshakeKeys<P>,
    choice: Choice<'b>,
    cx: &mut Connection<'b, P>,
) -> Next<'b, State<'b, P>> {
    let reply = choice.resolve(cx.rx.current(CertificateRequest::parse)?.signature_schemes);
    if let Ok(credential) = reply {
        cx.events.selected(credential);
    }
    cx.receive_into_transcript()?;
    cx.negotiated.answered(reply.unwrap_or(None));
    Ok((State::AuthenticateServer(keys, Some(reply), Authenticate::ExpectCertificate), None))
}

/// Returns the requirements that a server's certificate path must meet.
const fn expectation<'b>(config: &'b ClientConfig<'b>) -> Expectation<'b, 'b> {
    Expectation {
        anchors: config.anchors,
        role: Role::Server,
        server_name: Some(&config.server_name),
        common_name: config.common_name,
        parameters: &config.parameters,
        context: &[],
    }
}

#[inline(never)]
fn authenticate_server<'b, P: CryptoProvider>(
    keys: HandshakeKeys<P>,
    reply: Option<Reply<'b>>,
    authenticate: Authenticate,
    input: Input<'_, 'b>,
    cx: &mut Connection<'b, P>,
    config: &'b ClientConfig<'b>,
    trace: &mut impl Trace,
) -> Next<'b, State<'b, P>> {
    match authenticate.handle(input, cx, &expectation(config), trace)? {
        Outcome::Next(next, stop) => Ok((State::AuthenticateServer(keys, reply, next), stop)),
        Outcome::Authenticated(peer) => Ok((State::ExpectFinished(keys, reply, peer), None)),
        // RFC 9846 section 4.5.1.3: "If the server supplies an empty Certificate message, the client
        // MUST abort the handshake with a 'decode_error' alert."
        Outcome::NoCertificate => Err(PeerMisbehaved::EmptyServerCertificate.into()),
    }
}

// RFC 9846 section 4.5.1.
#[inline(never)]
fn handle_finished<'b, P: CryptoProvider>(
    keys: HandshakeKeys<P>,
    reply: Option<Reply<'b>>,
    peer: PeerAuthenticated,
    cx: &mut Connection<'b, P>,
) -> Next<'b, State<'b, P>> {
    let finished = receive_finished(&keys.server, cx)?;
    // Not before the server is authenticated: see `Choice::Fail`.
    let reply = reply.transpose()?;
    let keys = keys.into_application(cx)?;
    cx.rx.set_application_protection(keys.application.server.protection(cx.negotiated.cipher_suite)?)?;

    let response = Response { keys, proof: Proof::new(peer, finished) };
    let next = match reply {
        Some(reply) => State::Present(response, Present::with(reply)),
        None => State::SendFinished(response),
    };
    Ok((next, None))
}

// RFC 9846 section 4.5.3.
#[inline(never)]
fn send_client_finished<'b, P: CryptoProvider>(
    response: Response<P>,
    cx: &mut Connection<'b, P>,
) -> Next<'b, State<'b, P>> {
    match cx.send_finished(|hash| response.keys.client.finished(hash))? {
        Written::AfterTransmit => Ok((State::SendFinished(response), Some(Stop::Transmit))),
        Written::Yes => {
            let Response { keys, proof } = response;
            cx.tx.set_protection(keys.application.client.protection(cx.negotiated.cipher_suite)?)?;
            let secrets = Secrets {
                sending: keys.application.client.into_sending(),
                receiving: keys.application.server.into_receiving(),
                exporter: keys.application.exporter,
                #[cfg(feature = "resumption")]
                resumption: keys.main.into_resumption(&cx.transcript.resumption_hash())?,
            };
            Ok((State::Done(Established { secrets, proof }), Some(Stop::Transmit)))
        }
    }
}
