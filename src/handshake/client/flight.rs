//! The server's flight, from EncryptedExtensions to Finished, as a client receives it (RFC 9846 sections 4.4 and 4.5).

use super::offer::own_record_limit;
use super::{Response, State, issuers};
use crate::credential::{Credential, PeerRequest};
use crate::crypto::CryptoProvider;
#[cfg(feature = "resumption")]
use crate::error::AlertDescription;
use crate::error::{ApiMisuse, Error, PeerMisbehaved};
use crate::handshake::authenticate::{Authenticate, Expectation, Outcome};
use crate::handshake::config::ClientConfig;
use crate::handshake::connection::Connection;
use crate::handshake::keys::receive_finished;
use crate::handshake::present::Present;
use crate::handshake::proof::{PeerAuthenticated, Proof, Resumed};
use crate::handshake::{Input, Next, Question, Stage, Stop, Wait};
use crate::role::Role;
use crate::wire::certificate_request::CertificateRequest;
use crate::wire::encrypted_extensions::EncryptedExtensions;
use crate::wire::enums::HandshakeType;
use crate::wire::record_limit::RecordLimit;
use crate::x509::Trace;

/// The steps of the server's flight.
pub(crate) enum ServerStep<'b> {
    ExpectEncryptedExtensions(Option<Resumed>),
    #[cfg(feature = "resumption")]
    AwaitAuthorization(Resumed),
    /// A CertificateRequest may follow.
    ExpectCertificateRequest,
    /// The CertificateRequest is in `rx`.
    AwaitCredential,
    Authenticate(Option<Reply<'b>>, Authenticate),
    ExpectFinished(Option<Reply<'b>>, PeerAuthenticated),
}

/// Our answer to a CertificateRequest: a credential, none, or an error that takes effect once the server is
/// authenticated.
type Reply<'b> = Result<Option<&'b Credential<'b>>, Error>;

impl<'b> ServerStep<'b> {
    /// Returns the stage of each step and what it waits for. The handlers follow in the same order.
    pub(super) const fn profile(&self) -> (Stage, Wait<'b>) {
        match self {
            Self::ExpectEncryptedExtensions(_) => {
                (Stage::EncryptedExtensions, Wait::Message(&[HandshakeType::ENCRYPTED_EXTENSIONS]))
            }
            #[cfg(feature = "resumption")]
            Self::AwaitAuthorization(_) => (Stage::Authorization, Wait::Answer(Question::Authorize)),
            Self::ExpectCertificateRequest => (
                Stage::CertificateRequest,
                Wait::Message(&[HandshakeType::CERTIFICATE_REQUEST, HandshakeType::CERTIFICATE]),
            ),
            Self::AwaitCredential => (Stage::CredentialChoice, Wait::Answer(Question::Credential)),
            Self::Authenticate(_, authenticate) => authenticate.profile(),
            Self::ExpectFinished(..) => (Stage::Finished, Wait::Message(&[HandshakeType::FINISHED])),
        }
    }
}

#[inline(never)]
pub(super) fn handle_encrypted_extensions<'b, P: CryptoProvider>(
    step: &mut ServerStep<'b>,
    cx: &mut Connection<'b, P>,
    config: &ClientConfig<'b>,
) -> Next<'b> {
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
    #[cfg(feature = "resumption")]
    if let ServerStep::ExpectEncryptedExtensions(resumed) = step
        && let Some(resumed) = resumed.take()
    {
        *step = ServerStep::AwaitAuthorization(resumed);
        return Ok(None);
    }
    *step = ServerStep::ExpectCertificateRequest;
    Ok(None)
}

/// Accepts the server as it is known from the ticket.
#[cfg(feature = "resumption")]
pub(super) fn take_authorization<'b, P: CryptoProvider>(
    step: &mut ServerStep<'b>,
    input: Input<'_, 'b>,
    cx: &Connection<'b, P>,
) -> Next<'b> {
    match (core::mem::replace(step, ServerStep::ExpectCertificateRequest), input) {
        (ServerStep::AwaitAuthorization(resumed), Input::Authorized) => {
            cx.events.authorized();
            *step = ServerStep::ExpectFinished(None, PeerAuthenticated::Resumed(resumed));
            Ok(None)
        }
        (_, Input::Declined) => Err(Error::NotAuthorized(AlertDescription::ACCESS_DENIED)),
        _ => Err(ApiMisuse::AnswerUnexpected.into()),
    }
}

/// RFC 9846 section 4.4.2: CertificateRequest, if any, follows EncryptedExtensions. It is checked, and stays in `rx`
/// while the application chooses a credential.
#[inline(never)]
pub(super) fn handle_certificate_request<'b, P: CryptoProvider>(
    step: &mut ServerStep<'b>,
    cx: &mut Connection<'b, P>,
) -> Next<'b> {
    if cx.rx.header().is_none_or(|header| header.kind != HandshakeType::CERTIFICATE_REQUEST) {
        *step = ServerStep::Authenticate(None, Authenticate::ExpectCertificate);
        return Ok(None);
    }
    if !issuers::receive_request(cx, false)? {
        return Ok(Some(Stop::NeedInput));
    }
    let request = cx.rx.current(CertificateRequest::parse)?;
    cx.events.asked(&PeerRequest::of_server(&request).leave_out_authorities(cx.rx.is_cut()), false);
    *step = ServerStep::AwaitCredential;
    Ok(None)
}

pub(super) fn take_choice<'b, P: CryptoProvider>(
    step: &mut ServerStep<'b>,
    input: Input<'_, 'b>,
    cx: &mut Connection<'b, P>,
) -> Next<'b> {
    let Input::Credential(choice) = input else { return Err(ApiMisuse::AnswerUnexpected.into()) };
    let reply = choice.resolve(cx.rx.current(CertificateRequest::parse)?.signature_schemes);
    if let Ok(credential) = reply {
        cx.events.selected(credential);
    }
    cx.receive_into_transcript()?;
    cx.negotiated.answered(reply.unwrap_or(None));
    *step = ServerStep::Authenticate(Some(reply), Authenticate::ExpectCertificate);
    Ok(None)
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
pub(super) fn authenticate_server<'b, P: CryptoProvider>(
    step: &mut ServerStep<'b>,
    input: Input<'_, 'b>,
    cx: &mut Connection<'b, P>,
    config: &'b ClientConfig<'b>,
    trace: &mut impl Trace,
) -> Next<'b> {
    let ServerStep::Authenticate(reply, authenticate) = step else { return Err(ApiMisuse::AnswerUnexpected.into()) };
    match authenticate.handle(input, cx, &expectation(config), trace)? {
        Outcome::Next(reason) => Ok(reason),
        Outcome::Authenticated(peer) => {
            *step = ServerStep::ExpectFinished(reply.take(), peer);
            Ok(None)
        }
        // RFC 9846 section 4.5.1.3: "If the server supplies an empty Certificate message, the client
        // MUST abort the handshake with a 'decode_error' alert."
        Outcome::NoCertificate => Err(PeerMisbehaved::EmptyServerCertificate.into()),
    }
}

// RFC 9846 section 4.5.1.
#[inline(never)]
pub(super) fn handle_finished<'b, P: CryptoProvider>(state: &mut State<'b, P>, cx: &mut Connection<'b, P>) -> Next<'b> {
    let State::ServerFlight(keys, ServerStep::ExpectFinished(reply, peer)) = core::mem::replace(state, State::Failed)
    else {
        return Err(ApiMisuse::AnswerUnexpected.into());
    };
    let finished = receive_finished(&keys.server, cx)?;
    // Not before the server is authenticated: see `Choice::Fail`.
    let reply = reply.transpose()?;
    let keys = keys.into_application(cx)?;
    cx.rx.set_application_protection(keys.application.server.protection(cx.negotiated.cipher_suite)?)?;
    *state = State::ClientFlight(
        Response { keys, proof: Proof::new(peer, finished) },
        reply.map_or(Present::SendFinished, Present::with),
    );
    Ok(None)
}
