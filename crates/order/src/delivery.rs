//! One attempt over a transport: mutual TLS, then the request and its answer. Failures are classified by what they prove.

use crate::http::{self, Answer, Endpoint, HttpError};
use crate::trouble::Trouble;
use embedded_io_async::{Read, Write};
use embedded_mtls::credential::Choice;
use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::io::asynch::Stream;
use embedded_mtls::io::{AsyncHost, Failure, HandshakeError};
use embedded_mtls::x509::UnixTime;
use embedded_mtls::{Client, ClientAuthStatus, Error, Handshake, Stage};

/// Performs the handshake, and requires that the server requests a certificate: one that does not may not be the
/// configured supplier.
///
/// # Errors
/// The reason why there is no connection with the authenticated supplier. Nothing of an order was sent.
pub async fn open<'b, T: Read + Write, P: CryptoProvider, H: AsyncHost<Choice = Choice<'b>>>(
    transport: T,
    handshake: Handshake<'b, Client<P>>,
    host: &mut H,
) -> Result<Stream<'b, T, Client<P>>, Trouble> {
    // Not by way of `open_unasked`: each move of a stream takes 4 KB of the stack.
    let mut stream = Stream::open(transport, handshake, host).await.map_err(|error| refused(&error))?;
    if stream.session.client_auth() == ClientAuthStatus::NotRequested {
        let _said = stream.close().await;
        return Err(Trouble::NotMutual);
    }
    Ok(stream)
}

/// Performs the handshake as [`open`], also with a server that requests no certificate. One that does so for some paths asks after the
/// request, which has then come; whether it has asked, [`Session::client_auth`](embedded_mtls::Session::client_auth) tells after the answer.
///
/// # Errors
/// The reason why there is no connection with the authenticated supplier. Nothing of an order was sent.
pub async fn open_unasked<'b, T: Read + Write, P: CryptoProvider, H: AsyncHost<Choice = Choice<'b>>>(
    transport: T,
    handshake: Handshake<'b, Client<P>>,
    host: &mut H,
) -> Result<Stream<'b, T, Client<P>>, Trouble> {
    Stream::open(transport, handshake, host).await.map_err(|error| refused(&error))
}

/// Posts `order` and reads the answer into `memory`. `now` is the time, if known. The stream is that of a connection, or one with a
/// host, which answers requests for a certificate after the handshake.
///
/// # Errors
/// The reason why there is no answer: the order may have arrived.
pub async fn post<E, S: Read<Error = Failure<E>> + Write>(
    stream: &mut S,
    endpoint: &Endpoint<'_>,
    order: &[u8],
    memory: &mut [u8],
    now: Option<UnixTime>,
) -> Result<Answer, Trouble> {
    http::post(stream, endpoint, order, memory, now).await.map_err(|error| lost(&error))
}

/// Requests the blob that the server has for this device, and reads it into `memory`; returns its length, or that of the memory if it is
/// longer.
///
/// # Errors
/// The reason why there is none.
pub async fn fetch_blob<T: Read + Write, P: CryptoProvider>(
    stream: &mut Stream<'_, T, Client<P>>,
    endpoint: &Endpoint<'_>,
    memory: &mut [u8],
) -> Result<usize, Trouble> {
    http::get(stream, endpoint, http::BLOB_PATH, memory).await.map_err(|error| lost(&error))?
}

/// Classifies a failed handshake. Before the server's Finished nothing is authenticated: an earlier alert may come from
/// anyone on the network path.
fn refused<E>(error: &HandshakeError<E>) -> Trouble {
    let is_proved = matches!(error.stage, Stage::Signature | Stage::Sending | Stage::Done);
    match &error.cause {
        Failure::Io(_) | Failure::Tls(Error::ConnectionTruncated) => Trouble::Network,
        Failure::Tls(Error::AlertReceived(alert)) if is_proved => Trouble::LateRejection(*alert),
        Failure::Tls(error) => Trouble::Tls(*error),
    }
}

/// Classifies a missing answer after a completed handshake.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "its size depends on the target")]
fn lost<E>(error: &HttpError<Failure<E>>) -> Trouble {
    match *error {
        HttpError::Ended | HttpError::Stream(Failure::Io(_) | Failure::Tls(Error::ConnectionTruncated)) => {
            Trouble::Network
        }
        HttpError::Stream(Failure::Tls(Error::AlertReceived(alert))) => Trouble::LateRejection(alert),
        HttpError::Stream(Failure::Tls(error)) => Trouble::Tls(error),
        HttpError::Unreadable => Trouble::HttpUnreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::Script;
    use crate::trouble::Remedy;
    use embassy_futures::block_on;
    use embedded_io::ErrorKind;
    use embedded_mtls::credential::PeerRequest;
    use embedded_mtls::x509::{PeerIdentity, ServerName, Time, TrustAnchor};
    use embedded_mtls::{
        AlertDescription, Buffers, CertificateError, CertificateProblem, ClientConfig, Entropy, PeerMisbehaved,
        SignInput, Signature,
    };

    /// Stages in which the server's Finished has not come.
    const EARLY: [Stage; 11] = [
        Stage::Authorization,
        Stage::Certificate,
        Stage::CertificateRequest,
        Stage::CertificateVerify,
        Stage::ClientHello,
        Stage::CredentialChoice,
        Stage::EncryptedExtensions,
        Stage::Finished,
        Stage::Path,
        Stage::SecondClientHello,
        Stage::ServerHello,
    ];

    fn remedy(stage: Stage, error: Error) -> Remedy {
        refused(&HandshakeError::<ErrorKind> { stage, cause: Failure::Tls(error) }).remedy()
    }

    #[test]
    fn no_attacker_on_the_path_stops_an_order_permanently() {
        let certificate = CertificateError { problem: CertificateProblem::UntrustedRoot, index: 0 };
        for stage in EARLY {
            for alert in 0..=255 {
                let alert = Error::AlertReceived(AlertDescription(alert));
                assert_eq!(remedy(stage, alert), Remedy::Again, "{stage} {alert}");
            }
            assert_eq!(remedy(stage, Error::Certificate(certificate)), Remedy::Again, "{stage}");
        }
        // Plaintext records can be injected at any time.
        for error in [PeerMisbehaved::WrongEpoch, PeerMisbehaved::TooManyChangeCipherSpec] {
            let lost = lost(&HttpError::Stream(Failure::<ErrorKind>::Tls(error.into())));
            assert_eq!(lost.remedy(), Remedy::Again, "{error:?}");
        }
    }

    #[test]
    fn an_authenticated_server_may_refuse_our_certificate_permanently() {
        for stage in [Stage::Signature, Stage::Sending, Stage::Done] {
            let refusal = |alert| remedy(stage, Error::AlertReceived(alert));
            assert_eq!(refusal(AlertDescription::UNKNOWN_CA), Remedy::Human);
            assert_eq!(refusal(AlertDescription::CERTIFICATE_REQUIRED), Remedy::Human);
            // Its verdict on records that anyone may have injected.
            assert_eq!(refusal(AlertDescription::UNEXPECTED_MESSAGE), Remedy::Again);
        }
    }

    /// A key on P-256 whose private key is 1: the server is trusted by it, and never gets so far.
    const KEY: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04\
        \x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\
        \x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";

    /// Trusts no one and has no identity.
    #[derive(Default)]
    struct Stranger<'b>(core::marker::PhantomData<&'b ()>);

    impl<'b> AsyncHost for Stranger<'b> {
        type Choice = Choice<'b>;

        async fn time(&mut self) -> Time {
            Time::AtLeast(embedded_mtls::x509::UnixTime(0))
        }
        async fn credential(&mut self, _: &PeerRequest<'_>) -> Choice<'b> {
            Choice::Decline
        }
        async fn authorize(&mut self, _: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
            Ok(())
        }
        async fn sign(&mut self, _: &SignInput) -> Option<Signature> {
            None
        }
    }

    #[test]
    fn an_alert_in_place_of_a_server_hello_is_tried_again() {
        let anchors = [TrustAnchor::from_pinned_key(KEY).unwrap()];
        let config = ClientConfig::new(ServerName::parse("supplier.example").unwrap(), &anchors);
        for alert in [42, 44, 48, 49, 116] {
            let (mut rx, mut tx, mut peer) = (std::vec![0; 16_640], [0; 1024], [0; 2048]);
            let buffers = Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer };
            let handshake = Handshake::<Client>::new(&config, buffers, Entropy::new(&[7; Entropy::LEN]));
            let mut script = Script::new("", 100);
            script.answer = std::vec![21, 3, 3, 0, 2, 2, alert];
            let error = block_on(Stream::open(&mut script, handshake.unwrap(), &mut Stranger::default())).unwrap_err();
            let trouble = refused(&error);
            assert_eq!(trouble, Trouble::Tls(Error::AlertReceived(AlertDescription(alert))));
            assert_eq!(trouble.remedy(), Remedy::Again);
        }
    }
}
