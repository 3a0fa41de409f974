//! The request for a client's certificate, and the requirements that the answer must meet.

use super::ServerStep;
use crate::codec::Writer;
use crate::crypto::CryptoProvider;
use crate::error::ApiMisuse;
use crate::handshake::authenticate::Expectation;
use crate::handshake::config::{ClientAuth, ServerConfig};
use crate::handshake::connection::{Connection, send_parts};
use crate::handshake::present::Present;
use crate::handshake::{Next, Stop};
use crate::record::outbound::Written;
use crate::role::Role;
use crate::wire::certificate_request::OwnRequest;
use crate::wire::enums::HandshakeType;

pub(super) fn send_certificate_request<'b, P: CryptoProvider>(
    step: &mut ServerStep<'b>,
    cx: &mut Connection<'b, P>,
    config: &ServerConfig<'_>,
) -> Next<'b> {
    let ServerStep::SendCertificateRequest(credential, sent) = step else {
        return Err(ApiMisuse::AnswerUnexpected.into());
    };
    let request = certificate_request::<P>(config, &config.client_auth, &[]);
    let Connection { tx, transcript, events, .. } = cx;
    let kind = HandshakeType::CERTIFICATE_REQUEST;
    let write = |w: &mut Writer<'_>| request.emit(w);
    if send_parts(tx, events, kind, sent, &write, &mut |part| transcript.update(part))? == Written::AfterTransmit {
        return Ok(Some(Stop::Transmit));
    }
    *step = ServerStep::Present(Present::with(Some(credential)), None);
    Ok(None)
}

/// Builds the CertificateRequest. `context` is empty in the handshake.
pub(super) fn certificate_request<'r, P: CryptoProvider>(
    config: &'r ServerConfig<'r>,
    client_auth: &ClientAuth<'r>,
    context: &'r [u8],
) -> OwnRequest<'r, impl Iterator<Item = &'r [u8]> + Clone + use<'r, P>> {
    OwnRequest {
        context,
        signature_schemes: config.parameters.signature_schemes::<P>(),
        certificate_schemes: config.parameters.certificate_schemes::<P>(),
        authorities: config.authorities(client_auth),
    }
}

/// Returns the requirements that a client's certificate path must meet. `context` is that of the CertificateRequest to
/// which it responds.
pub(super) fn expectation<'b, 'c>(
    config: &'b ServerConfig<'b>,
    client_auth: &ClientAuth<'b>,
    context: &'c [u8],
) -> Expectation<'b, 'c> {
    Expectation {
        anchors: client_auth.anchors().unwrap_or(&[]),
        role: Role::Client,
        server_name: None,
        common_name: None,
        parameters: &config.parameters,
        context,
    }
}
