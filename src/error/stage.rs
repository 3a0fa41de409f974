//! The stages of a handshake, for reports.

named! {
/// The point that a handshake has reached; part of every report of a failure, as in "handshake failed at ServerHello".
pub enum Stage {
    /// The application decides whether to authorize the peer.
    Authorization = 0, "authorization";
    /// Receiving the peer's Certificate.
    Certificate = 1, "Certificate";
    /// The client waits for CertificateRequest or Certificate, the server sends its CertificateRequest.
    CertificateRequest = 2, "CertificateRequest or Certificate";
    /// Receiving or checking the peer's CertificateVerify.
    CertificateVerify = 3, "CertificateVerify";
    /// Sending or receiving ClientHello.
    ClientHello = 4, "ClientHello";
    /// The application chooses the credential to send.
    CredentialChoice = 5, "credential selection";
    /// The handshake is over.
    Done = 6, "after the handshake";
    /// Receiving or sending EncryptedExtensions.
    EncryptedExtensions = 7, "EncryptedExtensions";
    /// Receiving the peer's Finished.
    Finished = 8, "Finished";
    /// Searching for a path from the peer's certificate to a trust anchor.
    Path = 9, "path validation";
    /// After a HelloRetryRequest, sending or receiving the second ClientHello.
    SecondClientHello = 10, "second ClientHello";
    /// Sending our own Certificate, CertificateVerify and Finished.
    Sending = 11, "our Certificate, CertificateVerify and Finished";
    /// Receiving, making or sending ServerHello.
    ServerHello = 12, "ServerHello";
    /// The application or a secure element signs our CertificateVerify.
    Signature = 13, "signature";
    /// The application is asked for the time.
    Time = 14, "time";
}
}
