//! Where a handshake is, for people.

/// What a handshake is waiting for or doing; part of every report of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Stage {
    /// The application decides whether the authenticated peer may in.
    Authorization,
    /// Receiving the peer's Certificate.
    Certificate,
    /// The server waits for a Certificate of the client, the client for CertificateRequest or Certificate.
    CertificateRequest,
    /// Receiving or checking the peer's CertificateVerify.
    CertificateVerify,
    /// Sending or receiving ClientHello.
    ClientHello,
    /// The application chooses the credential to show.
    CredentialChoice,
    /// The handshake is over.
    Done,
    /// Receiving or sending EncryptedExtensions.
    EncryptedExtensions,
    /// Receiving the peer's Finished.
    Finished,
    /// Searching a path from the peer's certificate to a trust anchor.
    Path,
    /// After a HelloRetryRequest, sending or receiving the second ClientHello.
    SecondClientHello,
    /// Sending our own Certificate, CertificateVerify and Finished.
    Sending,
    /// Receiving, making or sending ServerHello.
    ServerHello,
    /// The application or a secure element signs our CertificateVerify.
    Signature,
    /// The application is asked for the time.
    Time,
}

impl core::fmt::Display for Stage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Authorization => "deciding whether the peer may in",
            Self::Certificate => "reading the peer's Certificate",
            Self::CertificateRequest => "waiting for CertificateRequest or Certificate",
            Self::CertificateVerify => "checking the peer's CertificateVerify",
            Self::ClientHello => "ClientHello",
            Self::CredentialChoice => "choosing our credential",
            Self::Done => "handshake done",
            Self::EncryptedExtensions => "EncryptedExtensions",
            Self::Finished => "waiting for the peer's Finished",
            Self::Path => "searching a path to a trust anchor",
            Self::SecondClientHello => "second ClientHello",
            Self::Sending => "sending our Certificate, CertificateVerify and Finished",
            Self::ServerHello => "ServerHello",
            Self::Signature => "signing our CertificateVerify",
            Self::Time => "asking for the time",
        })
    }
}
