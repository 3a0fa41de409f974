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

mod offer;

use self::offer::{Groups, Shares, offer, session_id};
use super::authenticate::{Answered, Authenticate, Expectation, Outcome};
use super::config::{ClientConfig, Parameters};
use super::connection::{Connection, send};
use super::keys::{ApplicationKeys, ClientFinishedKeys, HandshakeKeys, receive_finished};
#[cfg(feature = "post-handshake-auth")]
use super::post::Party;
use super::present::Present;
use super::proof::PeerAuthenticated;
use super::{Answer, Entropy, Established, Progress, Question, Role, Secrets, Stage, Wait};
use crate::credential::{Credential, PeerRequest};
use crate::crypto::{CryptoProvider, HashAlgorithm, KeyExchange};
use crate::error::{ApiMisuse, Error, PeerMisbehaved};
use crate::key_schedule::FinishedVerified;
use crate::record::outbound::Written;
use crate::transcript::Transcript;
use crate::wire::certificate_request::CertificateRequest;
use crate::wire::encrypted_extensions::EncryptedExtensions;
use crate::wire::enums::{CipherSuite, HandshakeType, NamedGroup};
use crate::wire::server_hello::{self, ServerHello};
use crate::x509::{Purpose, Trace};

/// The side that connects.
#[derive(Debug)]
pub enum Client {}

/// The states, in the order in which they are reached.
pub enum State<'b, C: CryptoProvider> {
    Start,
    /// After a HelloRetryRequest, it lies in `rx` from here to `SendClientHello`.
    MakeKeyShares(Shares),
    SendClientHello(Shares),
    ExpectServerHello(Hello),
    /// A HelloRetryRequest lies in `rx`.
    Retry(Retry),
    ExpectEncryptedExtensions(HandshakeKeys<C>),
    ExpectCertificateOrRequest(HandshakeKeys<C>),
    /// A CertificateRequest is on its way or lies in `rx`.
    ExpectCertificateRequest(HandshakeKeys<C>),
    AwaitCredential(HandshakeKeys<C>),
    AuthenticateServer(HandshakeKeys<C>, Option<Reply<'b>>, Authenticate),
    ExpectFinished(HandshakeKeys<C>, Option<Reply<'b>>, PeerAuthenticated),
    Respond(Response<C>, Present<'b>),
    SendFinished(Response<C>),
    Done(ApplicationKeys<C>, Proofs),
    Failed,
}

/// What the ClientHello on its way committed us to.
pub struct Hello {
    groups: Groups,
    /// The suite of the HelloRetryRequest, if there was one.
    retried: Option<CipherSuite>,
}

/// What a HelloRetryRequest asked for.
#[derive(Clone, Copy)]
pub struct Retry {
    suite: CipherSuite,
    /// The groups of the shares that were sent.
    groups: Groups,
    /// The group of the share to send instead; `None` if the same shares are to be sent again.
    group: Option<NamedGroup>,
}

/// Our answer to a CertificateRequest: a credential, or none, or the error that waits until the server has proved who it is.
type Reply<'b> = Result<Option<&'b Credential<'b>>, Error>;

/// What the last flight and the session need.
pub struct Response<C: CryptoProvider> {
    keys: ClientFinishedKeys<C>,
    proofs: Proofs,
}

/// What was proved about the server.
pub struct Proofs {
    peer: PeerAuthenticated,
    finished: FinishedVerified,
}

/// What a handler gives.
type Next<'b, C> = Result<(State<'b, C>, Progress), Error>;

impl Role for Client {
    type Config<'b> = ClientConfig<'b>;
    type State<'b, C: CryptoProvider> = State<'b, C>;

    const IS_CLIENT: bool = true;

    fn parameters<'c, 'b>(config: &'c Self::Config<'b>) -> &'c Parameters<'b> {
        &config.parameters
    }

    fn check<C: CryptoProvider>(config: &ClientConfig<'_>) -> Result<(), Error> {
        config.check::<C>()
    }

    fn start<'b, C: CryptoProvider>() -> State<'b, C> {
        State::Start
    }

    fn failed<'b, C: CryptoProvider>() -> State<'b, C> {
        State::Failed
    }

    fn profile<C: CryptoProvider>(state: &State<'_, C>) -> (Stage, Wait) {
        profile(state)
    }

    fn handle<'b, C: CryptoProvider>(
        state: Self::State<'b, C>,
        cx: &mut Connection<'b, C>,
        entropy: &mut Entropy,
        config: &'b ClientConfig<'b>,
        trace: &mut impl Trace,
    ) -> Next<'b, C> {
        match state {
            State::Start => Ok((start(cx, config), Progress::Continue)),
            State::MakeKeyShares(shares) => make_key_shares(shares, entropy),
            State::SendClientHello(shares) => match shares.retried {
                None => send_client_hello(shares, cx, entropy, config),
                Some(_) => send_second_client_hello(shares, cx, entropy, config),
            },
            State::ExpectServerHello(hello) => handle_server_hello(&hello, cx, entropy, config),
            State::Retry(retry) => begin_again(retry, cx, entropy),
            State::ExpectEncryptedExtensions(keys) => handle_encrypted_extensions(keys, cx, config),
            State::ExpectCertificateOrRequest(keys) => Ok(look_for_request(keys, cx)),
            State::ExpectCertificateRequest(keys) => handle_certificate_request(keys, cx),
            State::AuthenticateServer(keys, reply, step) => authenticate_server(keys, reply, step, cx, config, trace),
            State::ExpectFinished(keys, reply, peer) => handle_finished(keys, reply, peer, cx),
            State::Respond(response, Present::Done) => Ok((State::SendFinished(response), Progress::Continue)),
            State::Respond(response, present) => {
                let (present, progress) = present.handle(cx)?;
                Ok((State::Respond(response, present), progress))
            }
            State::SendFinished(response) => send_client_finished(response, cx),
            State::AwaitCredential(_) | State::Done(..) | State::Failed => Ok((state, Progress::Continue)),
        }
    }

    fn answer<'b, C: CryptoProvider>(
        state: Self::State<'b, C>,
        cx: &mut Connection<'b, C>,
        _config: &'b ClientConfig<'b>,
        answer: Answer<'_, 'b>,
    ) -> Result<State<'b, C>, Error> {
        match (state, answer) {
            (State::AwaitCredential(keys), Answer::Credential(reply)) => take_reply(keys, Ok(reply), cx),
            (State::AwaitCredential(keys), Answer::Fail(reason)) => take_reply(keys, Err(reason.into()), cx),
            (State::AuthenticateServer(keys, reply, step), answer) => Ok(match step.answer(answer)? {
                Answered::Next(step) => State::AuthenticateServer(keys, reply, step),
                Answered::Authenticated(peer) => State::ExpectFinished(keys, reply, peer),
            }),
            (State::Respond(response, present), answer) => Ok(State::Respond(response, present.answer(cx, answer)?)),
            _ => Err(ApiMisuse::AnswerUnexpected.into()),
        }
    }

    fn has_shown<C: CryptoProvider>(state: &State<'_, C>) -> bool {
        match state {
            State::Respond(_, present) => present.has_begun(),
            State::SendFinished(_) | State::Done(..) => true,
            _ => false,
        }
    }

    fn signing<'b, C: CryptoProvider>(state: &Self::State<'b, C>) -> Option<&'b Credential<'b>> {
        match state {
            State::Respond(_, present) => present.signing(),
            _ => None,
        }
    }

    #[cfg(feature = "post-handshake-auth")]
    fn party<'b>(config: &'b ClientConfig<'b>, _: &super::Negotiated<'b>, _: &Entropy) -> Party<'b> {
        Party::client(config.post_handshake_auth)
    }

    fn finish<C: CryptoProvider>(state: Self::State<'_, C>) -> Option<Established<C>> {
        match state {
            State::Done(keys, Proofs { peer, finished }) => Some(Established {
                secrets: Secrets {
                    sending: keys.client.into_sending(),
                    receiving: keys.server.into_receiving(),
                    exporter: keys.exporter,
                },
                peer,
                finished,
            }),
            _ => None,
        }
    }
}

/// The stage of each state, and what it waits for. The handlers follow in the same order.
const fn profile<C: CryptoProvider>(state: &State<'_, C>) -> (Stage, Wait) {
    match state {
        State::Start => (Stage::ClientHello, Wait::Nothing),
        State::MakeKeyShares(shares) | State::SendClientHello(shares) => match shares.retried {
            None => (Stage::ClientHello, Wait::Nothing),
            Some(_) => (Stage::SecondClientHello, Wait::Nothing),
        },
        State::ExpectServerHello(_) => (Stage::ServerHello, Wait::Message(&[HandshakeType::SERVER_HELLO])),
        State::Retry(_) => (Stage::SecondClientHello, Wait::Nothing),
        State::ExpectEncryptedExtensions(_) => {
            (Stage::EncryptedExtensions, Wait::Message(&[HandshakeType::ENCRYPTED_EXTENSIONS]))
        }
        State::ExpectCertificateOrRequest(_) => {
            (Stage::CertificateRequest, Wait::Header(&[HandshakeType::CERTIFICATE_REQUEST, HandshakeType::CERTIFICATE]))
        }
        State::ExpectCertificateRequest(_) => {
            (Stage::CertificateRequest, Wait::Message(&[HandshakeType::CERTIFICATE_REQUEST]))
        }
        State::AwaitCredential(_) => (Stage::CredentialChoice, Wait::Answer(Question::Credential)),
        State::AuthenticateServer(_, _, authenticate) => authenticate.profile(),
        State::ExpectFinished(..) => (Stage::Finished, Wait::Message(&[HandshakeType::FINISHED])),
        State::Respond(_, present) => present.profile(),
        State::SendFinished(_) => (Stage::Sending, Wait::Nothing),
        State::Done(..) => (Stage::Done, Wait::Done),
        State::Failed => (Stage::Done, Wait::Nothing),
    }
}

#[inline(never)]
fn start<'b, C: CryptoProvider>(cx: &mut Connection<'b, C>, config: &ClientConfig<'b>) -> State<'b, C> {
    if let Some(name) = config.sent_server_name() {
        cx.events.server_name(Some(name));
    }
    if config.compatibility {
        cx.tx.owe_change_cipher_spec();
    }
    State::MakeKeyShares(Shares::new(config.shared_groups::<C>(), None))
}

/// Makes the next key share that is missing.
#[inline(never)]
fn make_key_shares<'b, C: CryptoProvider>(mut shares: Shares, entropy: &Entropy) -> Next<'b, C> {
    Ok(if shares.make_next::<C>(entropy)? {
        (State::MakeKeyShares(shares), Progress::Yield)
    } else {
        (State::SendClientHello(shares), Progress::Continue)
    })
}

#[inline(never)]
fn send_client_hello<'b, C: CryptoProvider>(
    shares: Shares,
    cx: &mut Connection<'b, C>,
    entropy: &Entropy,
    config: &ClientConfig<'b>,
) -> Next<'b, C> {
    #[cfg(feature = "key-log")]
    {
        cx.key_log.client_random = *entropy.random();
    }
    // Not hashed yet: the server chooses the hash. The message stays where it is until then.
    cx.tx.hold_hello();
    cx.rx.begin_handshake();
    let offer = offer::<C>(&shares, entropy, config, None);
    match cx.send_apart(&|w| offer.emit(w))? {
        Written::AfterTransmit => Ok((State::SendClientHello(shares), Progress::Transmit)),
        Written::Yes => {
            cx.tx.flush()?;
            let hello = Hello { groups: shares.groups, retried: None };
            Ok((State::ExpectServerHello(hello), Progress::Transmit))
        }
    }
}

#[inline(never)]
fn handle_server_hello<'b, C: CryptoProvider>(
    hello: &Hello,
    cx: &mut Connection<'b, C>,
    entropy: &mut Entropy,
    config: &ClientConfig<'b>,
) -> Next<'b, C> {
    let server_hello = cx.rx.current(ServerHello::parse)?;
    // RFC 9846 section 4.2.3: "A client which receives a legacy_session_id_echo field that does not
    // match what it sent in the ClientHello MUST abort the handshake with an 'illegal_parameter' alert."
    if server_hello.session_id != session_id(entropy, config) {
        return Err(PeerMisbehaved::SelectedNotOffered.into());
    }
    let suite = server_hello.cipher_suite;
    // "A client which receives a cipher suite that was not offered MUST abort", and after a
    // HelloRetryRequest (section 4.2.4) the suite must stay the same.
    if !config.parameters.cipher_suites::<C>().contains(&suite) || hello.retried.is_some_and(|retried| retried != suite)
    {
        return Err(PeerMisbehaved::SelectedNotOffered.into());
    }
    let hash = HashAlgorithm::of(suite).ok_or(PeerMisbehaved::SelectedNotOffered)?;
    match server_hello.answer {
        server_hello::Answer::Retry { group, cookie } => {
            let retry = check_retry::<C>(hello, suite, group, cookie, config)?;
            cx.events.retried(group);
            cx.negotiated.retried = true;
            Ok((State::Retry(retry), Progress::Continue))
        }
        server_hello::Answer::Hello { key_share, .. } => {
            // RFC 9846 section 4.3.8: the share MUST be in the group the client sent one of.
            let group = key_share.group;
            let place = hello.groups.iter().position(|sent| *sent == Some(group));
            let seed = entropy.seed(place.ok_or(PeerMisbehaved::KeyShareNotOffered)?);
            let shared = C::key_exchange(group, seed)?.agree(key_share.key_exchange);
            let shared = shared.map_err(|_| PeerMisbehaved::KeyShareInvalid)?;
            if hello.retried.is_none() {
                begin_transcript(cx, hash)?;
            }
            cx.receive_into_transcript()?;
            cx.negotiated.cipher_suite = suite;
            cx.negotiated.group = group;
            cx.events.agreed(suite, group);
            entropy.forget_seeds();

            let keys = HandshakeKeys::derive(hash, &shared, cx)?;
            cx.rx.set_protection(keys.server.protection(suite)?)?;
            cx.tx.set_protection(keys.client.protection(suite)?)?;
            Ok((State::ExpectEncryptedExtensions(keys), Progress::Yield))
        }
    }
}

/// The hash is known: the ClientHello that waited in `tx` is the first thing in the transcript.
fn begin_transcript<C: CryptoProvider>(cx: &mut Connection<'_, C>, hash: HashAlgorithm) -> Result<(), Error> {
    cx.transcript = Transcript::new(hash)?;
    cx.transcript.update(cx.tx.held_hello());
    cx.tx.release_hello();
    Ok(())
}

/// RFC 9846 section 4.2.4 and 4.3.8: what a HelloRetryRequest may ask.
fn check_retry<C: CryptoProvider>(
    hello: &Hello,
    suite: CipherSuite,
    group: Option<NamedGroup>,
    cookie: Option<&[u8]>,
    config: &ClientConfig<'_>,
) -> Result<Retry, Error> {
    // "If a client receives a second HelloRetryRequest in the same connection [...], it MUST abort
    // the handshake with an 'unexpected_message' alert."
    if hello.retried.is_some() {
        return Err(PeerMisbehaved::UnexpectedMessage.into());
    }
    match group {
        // "(1) the selected_group field corresponds to a group which was provided in the
        // 'supported_groups' extension in the original ClientHello and (2) the selected_group field does not
        // correspond to a group which was provided in the 'key_share' extension": otherwise illegal_parameter.
        Some(group) if hello.groups.contains(&Some(group)) || !config.parameters.groups::<C>().contains(&group) => {
            Err(PeerMisbehaved::HelloRetryRequestIllegal.into())
        }
        // Section 4.2.4: abort "if the HelloRetryRequest would not result in any change in the ClientHello".
        None if cookie.is_none() => Err(PeerMisbehaved::HelloRetryRequestIllegal.into()),
        // Only a cookie: everything else, the key shares too, stays as it was.
        group => Ok(Retry { suite, groups: hello.groups, group }),
    }
}

/// Offers a share of the group that was asked for, or the same again from the same seeds. The transcript goes
/// on with the hash of the first ClientHello and the HelloRetryRequest.
#[inline(never)]
fn begin_again<'b, C: CryptoProvider>(retry: Retry, cx: &mut Connection<'b, C>, entropy: &mut Entropy) -> Next<'b, C> {
    let groups = match retry.group {
        Some(group) => {
            entropy.renew_seed::<C>(retry.groups.iter().flatten().count())?;
            [Some(group), None]
        }
        None => retry.groups,
    };
    let hash = HashAlgorithm::of(retry.suite).ok_or(PeerMisbehaved::SelectedNotOffered)?;
    begin_transcript(cx, hash)?;
    cx.transcript.replace_by_message_hash()?;
    cx.transcript.update(cx.rx.last_message()?);
    // RFC 9846 appendix E.4: with a HelloRetryRequest, the second ClientHello is the second flight.
    cx.tx.change_cipher_spec();
    Ok((State::MakeKeyShares(Shares::new(groups, Some(retry.suite))), Progress::Continue))
}

#[inline(never)]
fn send_second_client_hello<'b, C: CryptoProvider>(
    shares: Shares,
    cx: &mut Connection<'b, C>,
    entropy: &Entropy,
    config: &ClientConfig<'b>,
) -> Next<'b, C> {
    let server_hello::Answer::Retry { cookie, .. } = cx.rx.current(ServerHello::parse)?.answer else {
        return Err(PeerMisbehaved::UnexpectedMessage.into());
    };
    let offer = offer::<C>(&shares, entropy, config, cookie);
    let Connection { tx, transcript, events, .. } = cx;
    if send(tx, transcript, events, &|w| offer.emit(w))? == Written::AfterTransmit {
        return Ok((State::SendClientHello(shares), Progress::Transmit));
    }
    tx.flush()?;
    cx.rx.consume_message();
    let hello = Hello { groups: shares.groups, retried: shares.retried };
    Ok((State::ExpectServerHello(hello), Progress::Transmit))
}

#[inline(never)]
fn handle_encrypted_extensions<'b, C: CryptoProvider>(
    keys: HandshakeKeys<C>,
    cx: &mut Connection<'b, C>,
    config: &ClientConfig<'b>,
) -> Next<'b, C> {
    let extensions = cx.rx.current(EncryptedExtensions::parse)?;
    // RFC 9846 section 4.3: no answers to what was not asked.
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
    cx.receive_into_transcript()?;
    Ok((State::ExpectCertificateOrRequest(keys), Progress::Continue))
}

/// RFC 9846 section 4.4.2: CertificateRequest, if there is one, follows EncryptedExtensions.
fn look_for_request<'b, C: CryptoProvider>(
    keys: HandshakeKeys<C>,
    cx: &mut Connection<'b, C>,
) -> (State<'b, C>, Progress) {
    let request = cx.rx.header().is_some_and(|header| header.kind == HandshakeType::CERTIFICATE_REQUEST);
    let next = if request {
        State::ExpectCertificateRequest(keys)
    } else {
        State::AuthenticateServer(keys, None, Authenticate::ExpectCertificate)
    };
    (next, Progress::Continue)
}

/// The request is checked; it stays in `rx` while the application chooses.
#[inline(never)]
fn handle_certificate_request<'b, C: CryptoProvider>(
    keys: HandshakeKeys<C>,
    cx: &mut Connection<'b, C>,
) -> Next<'b, C> {
    let request = cx.rx.current(CertificateRequest::parse)?;
    cx.events.asked(&PeerRequest::of_server(&request), false);
    Ok((State::AwaitCredential(keys), Progress::Continue))
}

fn take_reply<'b, C: CryptoProvider>(
    keys: HandshakeKeys<C>,
    reply: Reply<'b>,
    cx: &mut Connection<'b, C>,
) -> Result<State<'b, C>, Error> {
    let request = cx.rx.current(CertificateRequest::parse)?;
    let reply = reply.and_then(|credential| match credential {
        Some(credential) if !request.signature_schemes.contains(credential.scheme().0) => {
            Err(ApiMisuse::CredentialSchemeNotOffered.into())
        }
        _ => Ok(credential),
    });
    cx.receive_into_transcript()?;
    cx.negotiated.answered(reply.unwrap_or(None));
    Ok(State::AuthenticateServer(keys, Some(reply), Authenticate::ExpectCertificate))
}

/// What a server is measured by.
const fn expectation<'b>(config: &'b ClientConfig<'b>) -> Expectation<'b, 'b> {
    Expectation {
        anchors: config.anchors,
        purpose: Purpose::ServerAuth,
        server_name: Some(&config.server_name),
        common_name: config.common_name,
        parameters: &config.parameters,
        context: &[],
    }
}

#[inline(never)]
fn authenticate_server<'b, C: CryptoProvider>(
    keys: HandshakeKeys<C>,
    reply: Option<Reply<'b>>,
    step: Authenticate,
    cx: &mut Connection<'b, C>,
    config: &'b ClientConfig<'b>,
    trace: &mut impl Trace,
) -> Next<'b, C> {
    match step.handle(cx, &expectation(config), trace)? {
        Outcome::Next(step, progress) => Ok((State::AuthenticateServer(keys, reply, step), progress)),
        // RFC 9846 section 4.5.1.3: "If the server supplies an empty Certificate message, the client
        // MUST abort the handshake with a 'decode_error' alert."
        Outcome::NoCertificate => Err(PeerMisbehaved::EmptyServerCertificate.into()),
    }
}

#[inline(never)]
fn handle_finished<'b, C: CryptoProvider>(
    keys: HandshakeKeys<C>,
    reply: Option<Reply<'b>>,
    peer: PeerAuthenticated,
    cx: &mut Connection<'b, C>,
) -> Next<'b, C> {
    let finished = receive_finished(&keys.server, cx)?;
    // Not before the server has proved who it is: see `CredentialRequest::fail`.
    let reply = reply.transpose()?;
    let keys = keys.into_application(cx)?;
    cx.rx.set_application_protection(keys.application.server.protection(cx.negotiated.cipher_suite)?)?;

    let response = Response { keys, proofs: Proofs { peer, finished } };
    let present = match reply {
        Some(reply) => Present::with(reply),
        None => Present::Done,
    };
    Ok((State::Respond(response, present), Progress::Continue))
}

#[inline(never)]
fn send_client_finished<'b, C: CryptoProvider>(response: Response<C>, cx: &mut Connection<'b, C>) -> Next<'b, C> {
    match cx.send_finished(|hash| response.keys.client.finished(hash))? {
        Written::AfterTransmit => Ok((State::SendFinished(response), Progress::Transmit)),
        Written::Yes => {
            let keys = response.keys.application;
            cx.tx.set_protection(keys.client.protection(cx.negotiated.cipher_suite)?)?;
            Ok((State::Done(keys, response.proofs), Progress::Transmit))
        }
    }
}
