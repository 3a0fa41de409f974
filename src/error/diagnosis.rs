//! Failures by the names under which people know them: the cause, who has to act, and what helps.

use super::AlertDescription;
use core::fmt;

/// One table for all: a name with who has to act, the cause and the remedy, each a clause without a full stop.
macro_rules! diagnoses {
    ($(#[$meta:meta])* pub enum Diagnosis { $($(#[$doc:meta])* $name:ident: $responsible:ident, $cause:literal, $remedy:literal;)* }) => {
        $(#[$meta])*
        pub enum Diagnosis {
            $($(#[$doc])* $name,)*
        }

        impl Diagnosis {
            /// All of them, by name.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// What is wrong, as a clause without a full stop.
            pub const fn cause(self) -> &'static str {
                match self {
                    $(Self::$name => $cause,)*
                }
            }

            /// Who has to act.
            pub const fn responsible(self) -> Responsible {
                match self {
                    $(Self::$name => Responsible::$responsible,)*
                }
            }

            /// What helps, as a clause without a full stop.
            pub const fn remedy(self) -> &'static str {
                match self {
                    $(Self::$name => $remedy,)*
                }
            }
        }
    };
}

diagnoses! {
/// What is wrong, as somebody would say who has seen it before. It names the usual cause of what was observed: where
/// another is possible, the remedy says so.
///
/// *Ours* is what the other side judged of us, *theirs* what we judged of it. `Display` writes the cause, who has to act
/// and the remedy, in one line. `docs/diagnoses.md`, which the tests write, shows each as it comes out of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Diagnosis {
    /// The other side denies us access.
    AccessDenied: Peer,
        "the other side denies us access: its rules do not allow us, or it does not accept our certificate",
        "look into its log, and have our name added to its rules (Apache: Require expr %{SSL_CLIENT_S_DN_CN}); GnuTLS \
         sends this alert for every certificate that it does not accept";
    /// The server never asked for our certificate.
    CertificateNotAsked: Peer,
        "the server never asked for our certificate, so it cannot know who we are",
        "have it ask for one (Apache: SSLVerifyClient require, nginx: ssl_verify_client on); if it does so for some \
         paths only, switch on authentication after the handshake; a proxy in front of it may be the one not asking";
    /// A certificate is valid by one clock and not by the other.
    ClockWrong: Us,
        "the two clocks disagree: by one of them a certificate has expired or is not valid yet",
        "check our clock first, then the clock of the other side";
    /// The other side closed the connection before it had said anything.
    ClosedAtOnce: Network,
        "the other side closed the connection before it had said anything",
        "check address and port, and whether a server runs there: a firewall, or a load balancer with no working \
         server behind it, does this. If we are the server: health checks and port scans look like this and need no \
         action";
    /// The other side closed the connection without a reason once it had our certificate, or knew that we have none.
    ClosedOnOurs: Peer,
        "the other side closed the connection without giving a reason, after we had sent our certificate or had \
         answered that we have none",
        "look into its log: usually it does not trust the authority that issued our certificate, or requires one and \
         got none. Some programs, including those on Node.js, close the connection instead of sending an alert";
    /// The connection ended without a reason.
    ConnectionCut: Network,
        "the connection ended unexpectedly, without a reason being given",
        "look for a firewall or a proxy that cuts connections, and into the log of the other side";
    /// A certificate of the other side needs Ed25519, and this build lacks it.
    Ed25519NotBuilt: Us,
        "a certificate of the other side needs Ed25519, and our program was built without it",
        "build it with the feature `ed25519`, or have the other side use a certificate with an ECDSA key on P-256, \
         from an authority with such a key";
    /// A web application firewall in front of the server refuses the request, by HTTP.
    FirewallRefused: Peer,
        "a web application firewall in front of the server refuses the request: TLS is not the reason",
        "give its operators the time and the number in its response, and have them exempt this path and our address";
    /// The server refuses the request by HTTP 403, and does not say why.
    Forbidden: Peer,
        "the server accepted the connection and refuses this request, without saying why",
        "look into its log: usually its rules do not name the owner of our certificate (Apache: Require expr \
         %{SSL_CLIENT_S_DN_CN}), or it wants another path";
    /// An inspection proxy stands between us and the server, with an authority of its own.
    InterposedProxy: Network,
        "the certificate has the right name and comes from an authority that we do not trust, and nobody asked for our \
         certificate: probably an inspection proxy is in between",
        "exempt this connection from inspection, as mutual TLS cannot pass through such a proxy, and do not add the \
         proxy's authority to our trust anchors. If there is no proxy, our trust anchor is the wrong one: get the root \
         certificate from the owner of the server";
    /// The server wants a password or a token, by HTTP 401.
    LoginRequired: Us,
        "the server wants a password or a token, and not only a certificate (HTTP 401)",
        "ask its owner which, or let it take our certificate for this path";
    /// A message of the other side does not fit into our receive buffer, however small its records are.
    MessageTooLarge: Us,
        "a message of the other side, such as the list of authorities that it accepts or its chain of certificates, is \
         larger than our receive buffer",
        "lend a larger rx buffer (the error gives the size), or have the other side name fewer authorities (Apache: \
         SSLCADNRequestFile; nginx: move them from ssl_client_certificate to ssl_trusted_certificate) or send a \
         shorter chain";
    /// The server does not answer for this name on this connection, by HTTP 421.
    MisdirectedRequest: Peer,
        "the server does not answer for the name in the Host field on this connection (HTTP 421)",
        "try again on a new connection; if that does not help, make the URL, the name requested through TLS and the \
         virtual host agree";
    /// The certificate is for another name.
    NameMismatch: Peer,
        "the certificate of the other side was issued for a name other than the one that we asked for",
        "connect by a name that the certificate contains, or have the server get one that contains this name as \
         subjectAltName";
    /// The certificate nearly contains the name: [`NearMiss`](crate::x509::NearMiss) says which.
    NameNearMiss: Peer,
        "the certificate of the other side contains nearly the name that we asked for, but in a form that does not \
         count",
        "have the server get a certificate that contains exactly this name as dNSName, or this address as iPAddress, \
         in subjectAltName";
    /// No common version, cipher suite, group, signature scheme or credential.
    NoCommonGround: Us,
        "the two sides have nothing in common in one of these: TLS version, cipher suites, key exchange groups, kinds \
         of keys and signatures",
        "compare the lists of both configurations, and the kinds of keys; some servers without TLS 1.3 answer like \
         this, too";
    /// No common application protocol.
    NoCommonProtocol: Us,
        "the two sides have no application protocol (ALPN) in common",
        "configure one that the other side has, usually http/1.1, or none";
    /// What arrived is not TLS.
    NotTls: Us,
        "what arrived from the other side is not TLS",
        "check address and port: the service speaks plain HTTP, or another protocol that begins without TLS. If we are \
         the server: a client may use http:// instead of https://, or a load balancer in front of us sends a PROXY \
         protocol header first, which has to be switched off there";
    /// A trust anchor of ours has expired.
    OurAnchorExpired: Us,
        "our trust anchor, the root certificate above that of the other side, has expired",
        "install the new root of that authority; if the old one should still be valid, set our clock";
    /// Our program, its memory or its key failed.
    OurProgram: Us,
        "our own program, its memory or its signing key failed",
        "the error says what is missing; check whether the signing key can be used";
    /// We sent a record that the other side cannot hold.
    OurRecordTooLarge: Us,
        "a record that we sent is larger than the other side can receive",
        "send smaller records, by lending a smaller tx buffer, or have the other side accept larger ones";
    /// Our certificate has expired, as we know ourselves or the other side says.
    OursExpired: Us,
        "our certificate has expired, or one that we send with it",
        "install a new one; if its dates are right, the clock of the other side is wrong";
    /// The other side lacks an intermediate that we did not send.
    OursIncomplete: Us,
        "the other side cannot trace our certificate to an authority that it trusts, and we sent it without an \
         intermediate certificate",
        "append the intermediates to the file of our certificate; if there are none, have the other side trust its \
         issuer";
    /// We sent no certificate, and one is required.
    OursMissing: Us,
        "the other side requires a certificate, and we sent none",
        "configure one that meets what the other side asks for, with its key; if there is one already, the report of \
         the choice says why it was not chosen";
    /// The other side does not trust the authority of our certificate.
    OursNotTrusted: Peer,
        "the other side does not trust the authority that issued our certificate",
        "have our root certificate added there (Apache: SSLCACertificateFile, nginx: ssl_client_certificate), or use a \
         certificate of an authority that it trusts; if it has our root, our chain may be longer than it allows \
         (Apache: SSLVerifyDepth, nginx: ssl_verify_depth)";
    /// The other side refuses our certificate and does not say why.
    OursRefused: Us,
        "the other side refuses our certificate, or the lack of one, and does not say why",
        "check whether it trusts our root, then the purposes of our certificate (clientAuth), its kind of key and the \
         length of its chain (nginx: ssl_verify_depth is 1 unless set); its log may say more";
    /// The client refuses our certificate and does not say why.
    OursRefusedByClient: Us,
        "the client refuses our certificate and does not say why",
        "check whether our certificate contains the name that the client connects to, whether the client trusts our \
         root and we send the intermediates, then its purposes (serverAuth); the log of the client may say more";
    /// Our certificate was revoked.
    OursRevoked: Us,
        "our certificate has been revoked",
        "install a new one, and find out why";
    /// The other side failed over our certificate, and its chain may be longer than allowed there.
    OursTooDeep: Peer,
        "the other side failed when it checked our certificate: probably our chain is longer than it allows",
        "have it allow more authorities (Apache: SSLVerifyDepth is 1 unless set, and counts all above our \
         certificate), or use a certificate from closer to the root; if its log names another reason, that is the one";
    /// Our signature does not verify with our certificate.
    OursUnproven: Us,
        "our signature does not match our certificate: the key and the certificate do not belong together",
        "install the key that belongs to the certificate";
    /// Our certificate is not meant for our role.
    OursWrongPurpose: Us,
        "our certificate is not meant for this use, or is of a kind that the other side does not support",
        "get one whose extended key usage contains clientAuth for a client, serverAuth for a server; if ours does, use \
         another kind of key";
    /// A certificate of the other side needs P-384, and this build lacks it.
    P384NotBuilt: Us,
        "a certificate of the other side needs ECDSA on P-384, and our program was built without it",
        "build it with the feature `p384`, or have the other side use a certificate with a key on P-256, from an \
         authority with such a key";
    /// The server asks for a certificate after the handshake, for some paths only, and we did not offer that.
    PostHandshakeNeeded: Us,
        "the server asks for a certificate for this path only, after the handshake, and we did not offer that (Apache: \
         AH10158)",
        "switch on authentication after the handshake; or have SSLVerifyClient moved from the <Location> or \
         <Directory> into the virtual host";
    /// One side broke the protocol.
    ProtocolBroken: Developers,
        "one side received what the protocol forbids",
        "if the first message already fails, look for something in between: a load balancer that prepends a PROXY \
         protocol header, or a proxy. Otherwise send a capture and its key log to the developers of both programs";
    /// A proxy in between wants a password, by HTTP 407 or 511.
    ProxyLoginRequired: Network,
        "a proxy in between wants a password, and has not passed the request on (HTTP 407, 511)",
        "exempt this connection from the proxy: a response from it inside TLS means that it terminates TLS, which \
         mutual TLS does not survive";
    /// The other side sent a record that we cannot hold.
    RecordTooLarge: Us,
        "a record of the other side is larger than our receive buffer",
        "lend a larger rx buffer (the error gives the size), or have the other side send smaller records (nginx: \
         ssl_buffer_size)";
    /// The other side refused us before it could know who we are.
    RefusedUnseen: Peer,
        "the connection was ended with a complaint about our certificate, before the other side could have seen it",
        "look into the log of the other side; if it has no trace of this, the alert came from somewhere in between \
         and is not authenticated";
    /// A certificate of the other side needs RSA, and this build lacks it.
    RsaNotBuilt: Us,
        "a certificate of the other side needs RSA, and our program was built without it",
        "build it with the feature `rsa`, or have the other side use a certificate with an ECDSA key on P-256, from an \
         authority with such a key";
    /// The server has nothing in common with a build without RSA.
    RsaPerhapsNeeded: Us,
        "the server found nothing in common with us, and our program was built without RSA, which many servers need",
        "build it with the feature `rsa`, or have the server use a certificate with an ECDSA key on P-256; if it has \
         one, compare TLS versions, cipher suites and key exchange groups";
    /// The name that the client asks for is none of the server's.
    ServerNameUnknown: Peer,
        "the server has no host of the name that the client asks for",
        "connect by a name that the server has, or have a virtual host of this name added";
    /// A record cannot be decrypted.
    Tampered: Network,
        "a record could not be decrypted: it was changed on its way, or the two sides use different keys",
        "try another way through the network, without anything in between that rewrites connections; if that does not \
         help, send a capture to the developers of both programs";
    /// The other side failed for a reason of its own.
    TheirProgram: Peer,
        "the other side failed for a reason of its own",
        "look into its log, and try again later";
    /// A certificate of the other side has expired.
    TheirsExpired: Peer,
        "a certificate of the other side has expired",
        "have the other side install a new one; if its dates are right, our clock is wrong";
    /// The other side probably left out an intermediate.
    TheirsIncomplete: Peer,
        "the other side sent its certificate alone, and we do not know the authority that issued it: probably an \
         intermediate certificate is missing",
        "have it send the whole chain (Apache, nginx: all of it in the file of the certificate), or trust the \
         intermediate; if there is none, our trust anchor is the wrong one";
    /// A certificate of the other side breaks a rule: the verdict says which.
    TheirsInvalid: Peer,
        "a certificate of the other side breaks a rule, which the verdict names",
        "have its authority issue a correct one";
    /// The client sent no certificate, and we require one.
    TheirsMissing: Peer,
        "the client sent no certificate, and we require one",
        "have it configure one of an authority that we name";
    /// Our rules do not allow the other side.
    TheirsNotAllowed: Us,
        "the other side has proved who it is, and our own rules do not allow it",
        "add its name to our rules, if it should be allowed";
    /// We do not trust the authority of the other side's certificate.
    TheirsNotTrusted: Us,
        "we do not trust the authority that issued the certificate of the other side",
        "compare our trust anchors with the root certificate that its owner gives you, and add that one, or pin the \
         certificate itself, again after each renewal; if its owner does not know the root that we saw, an inspection \
         proxy is in between";
    /// More authorities stand above the certificate of the other side than our rules allow.
    TheirsTooDeep: Us,
        "there are more authorities above the certificate of the other side than our own limit (max_depth) allows",
        "raise the limit, but not above the number of authorities that the other side is known to have";
    /// The other side does not hold the key of the certificate that it sent.
    TheirsUnproven: Peer,
        "the other side does not hold the key of the certificate that it sent",
        "have it install the key that belongs to the certificate";
    /// The certificate of the other side is not meant for its role.
    TheirsWrongPurpose: Peer,
        "the certificate of the other side is not meant for this use",
        "have it get one with the right extended key usage: serverAuth for servers, clientAuth for clients";
    /// The other side offers TLS 1.2 or older only.
    Tls12Only: Peer,
        "the other side offers only TLS 1.2 or older",
        "have TLS 1.3 switched on there (Apache: SSLProtocol, nginx: ssl_protocols)";
}
}

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Responsible {
    /// Those who write the programs of either side.
    Developers,
    /// Those who run the network in between: proxies, firewalls.
    Network,
    /// Those who run the other side.
    Peer,
    /// Those who run this side.
    Us,
}

impl Diagnosis {
    /// What an alert that came from the other side says, by itself: it is about *us*.
    /// [`Handshake::diagnosis`](crate::Handshake::diagnosis) and [`Session::diagnosis`](crate::Session::diagnosis) know
    /// more.
    pub const fn of_alert(alert: AlertDescription) -> Self {
        match alert {
            AlertDescription::ACCESS_DENIED => Self::AccessDenied,
            AlertDescription::BAD_CERTIFICATE
            | AlertDescription::CERTIFICATE_UNKNOWN
            | AlertDescription::BAD_CERTIFICATE_STATUS_RESPONSE => Self::OursRefused,
            AlertDescription::BAD_RECORD_MAC => Self::Tampered,
            AlertDescription::CERTIFICATE_EXPIRED => Self::OursExpired,
            AlertDescription::CERTIFICATE_REQUIRED | AlertDescription::NO_CERTIFICATE => Self::OursMissing,
            AlertDescription::CERTIFICATE_REVOKED => Self::OursRevoked,
            AlertDescription::CLOSE_NOTIFY | AlertDescription::USER_CANCELED => Self::ConnectionCut,
            AlertDescription::DECRYPT_ERROR => Self::OursUnproven,
            AlertDescription::HANDSHAKE_FAILURE | AlertDescription::INSUFFICIENT_SECURITY => Self::NoCommonGround,
            AlertDescription::INTERNAL_ERROR | AlertDescription::GENERAL_ERROR => Self::TheirProgram,
            AlertDescription::NO_APPLICATION_PROTOCOL => Self::NoCommonProtocol,
            AlertDescription::PROTOCOL_VERSION => Self::Tls12Only,
            AlertDescription::RECORD_OVERFLOW => Self::OurRecordTooLarge,
            AlertDescription::UNKNOWN_CA => Self::OursNotTrusted,
            AlertDescription::UNRECOGNIZED_NAME => Self::ServerNameUnknown,
            AlertDescription::UNSUPPORTED_CERTIFICATE => Self::OursWrongPurpose,
            _ => Self::ProtocolBroken,
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. Who has to act: {}. What helps: {}", self.cause(), self.responsible(), self.remedy())
    }
}

impl fmt::Display for Responsible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Developers => "the developers of either side",
            Self::Network => "the owners of the network in between",
            Self::Peer => "the owner of the other side",
            Self::Us => "the owner of this side",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn each_diagnosis_has_words_of_its_own() {
        for (place, diagnosis) in Diagnosis::ALL.iter().enumerate() {
            for other in &Diagnosis::ALL[place + 1..] {
                assert_ne!(diagnosis, other);
                assert_ne!(diagnosis.cause(), other.cause());
                assert_ne!(diagnosis.remedy(), other.remedy());
            }
            let text = diagnosis.to_string();
            assert!(!text.contains('\n') && !text.ends_with('.'), "{text}");
        }
        let names: std::vec::Vec<_> = Diagnosis::ALL.iter().map(|diagnosis| std::format!("{diagnosis:?}")).collect();
        assert!(names.is_sorted(), "{names:?}");
    }
}
