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
    /// Our certificate is valid, and we may not in.
    AccessDenied: Peer,
        "our certificate is valid, and the rules of the other side do not let its owner in",
        "let our name be entered there, as in Apache's Require expr %{SSL_CLIENT_S_DN_CN}";
    /// The server never asked for our certificate.
    CertificateNotAsked: Peer,
        "the server never asked for our certificate, so it does not know who we are",
        "let it ask (Apache: SSLVerifyClient require, nginx: ssl_verify_client on); if it does so for some paths \
         only, offer authentication after the handshake; a proxy in front of it may ask for nothing, too";
    /// The time that we were given does not go together with a certificate, or with the clock of the other side.
    ClockWrong: Us,
        "the clocks do not agree: by the time of one side a certificate is not valid yet, or no more",
        "set our clock, if that is right the one of the other side";
    /// The connection was cut without a word.
    ConnectionCut: Network,
        "the connection ended without a word",
        "look for a firewall that cuts it, and into the log of the other side";
    /// A web application firewall in front of the server refuses the request, by HTTP.
    FirewallRefused: Peer,
        "a web application firewall in front of the server refuses the request: TLS is not the reason",
        "give those who run it the time and the number in its answer, and let it exempt this path and our address";
    /// The server refuses the request by HTTP 403, and does not say why.
    Forbidden: Peer,
        "the server accepted the connection and refuses this request, without saying why",
        "look into its log: usually its rules do not name the owner of our certificate (Apache: Require expr \
         %{SSL_CLIENT_S_DN_CN}), or it wants another path";
    /// An inspection proxy stands between us and the server, with an authority of its own.
    InterposedProxy: Network,
        "an authority that we do not trust vouches for the right name, and nobody asks for our certificate: probably \
         an inspection proxy is in between",
        "exempt this connection from inspection, as mutual TLS cannot pass through it; do not trust the proxy's \
         authority instead. If there is none, our trust anchor is the wrong one: get the root from the server's owner";
    /// The server wants a password or a token, by HTTP 401.
    LoginRequired: Us,
        "the server wants a password or a token, and not only a certificate (HTTP 401)",
        "ask its owner which, or let it take our certificate for this path";
    /// The server does not answer for this name on this connection, by HTTP 421.
    MisdirectedRequest: Peer,
        "the server does not answer for the name in the Host field on this connection (HTTP 421)",
        "try again on a new connection; if that does not help, let the URL, the name that TLS asks for and the virtual \
         host be the same";
    /// The certificate is for another name.
    NameMismatch: Peer,
        "the certificate is valid and for another name than the one that was asked for",
        "connect by a name of the certificate, or let the server have one with this name as subjectAltName";
    /// The certificate nearly holds the name: [`NearMiss`](crate::x509::NearMiss) says which.
    NameNearMiss: Peer,
        "the certificate nearly holds the name that was asked for, in a way that does not count",
        "let the server have a certificate with exactly this name as dNSName, or this address as iPAddress, in \
         subjectAltName";
    /// No common cipher suite, group, signature scheme or credential.
    NoCommonGround: Us,
        "both sides have no cipher suite, group, signature scheme or credential in common",
        "compare the lists of both configurations, and the kinds of keys";
    /// No common application protocol.
    NoCommonProtocol: Us,
        "both sides have no application protocol (ALPN) in common",
        "configure one of the other side's, usually http/1.1, or none";
    /// What is there does not speak TLS at all.
    NotTls: Us,
        "what is at the other end does not speak TLS",
        "check address and port: plain HTTP, or a protocol that begins in plain text, is spoken there";
    /// A trust anchor of ours is not valid any more.
    OurAnchorExpired: Us,
        "our trust anchor above the other side's certificate is not valid any more",
        "install the new root of its authority; if the old one is valid, set our clock";
    /// Our program, its memory or its key failed.
    OurProgram: Us,
        "our own program, its memory or its key failed",
        "the error says what is missing; a signer may have to be repaired";
    /// We sent a record that the other side cannot hold.
    OurRecordTooLarge: Us,
        "a record of ours is larger than the other side can hold",
        "send smaller records, by lending a smaller tx buffer, or let the other side hold larger ones";
    /// Our certificate is not valid any more, says the other side.
    OursExpired: Us,
        "our certificate, or one that we send with it, is not valid any more, says the other side",
        "install a new one; if ours is valid, the clock of the other side is wrong";
    /// The other side lacks an intermediate that we did not send.
    OursIncomplete: Us,
        "the other side cannot find a way from our certificate to an authority it knows: we sent no intermediate",
        "send the intermediates behind our certificate; if there are none, let the other side trust its issuer";
    /// We showed no certificate, and one is required.
    OursMissing: Us,
        "the other side requires a certificate, and we showed none",
        "configure one of an authority that it names, with its key; if there is one, append its intermediates, up to \
         the authority that is named";
    /// The other side does not trust the authority of our certificate.
    OursNotTrusted: Peer,
        "the other side does not trust the authority of our certificate",
        "let our root be entered there (Apache: SSLCACertificateFile, nginx: ssl_client_certificate), or show a \
         certificate of an authority that is";
    /// The other side refuses our certificate for some other reason.
    OursRefused: Us,
        "the other side refuses our certificate without a good reason, or wants one and got none",
        "compare its purposes, its kind of key and the length of its chain with what the other side allows \
         (nginx: ssl_verify_depth is 1 unless set)";
    /// The client refuses our certificate, and does not say why: on servers it is often the name.
    OursRefusedByClient: Us,
        "the client refuses our certificate without saying why: usually it does not hold the name that is asked for",
        "compare the name that clients connect to with its subjectAltName, then its purposes and its intermediates";
    /// Our certificate was revoked.
    OursRevoked: Us,
        "our certificate was revoked",
        "install a new one, and find out why";
    /// Our signature does not verify with our certificate.
    OursUnproven: Us,
        "our signature does not verify: our key and our certificate do not belong together",
        "install the key that the certificate was made for";
    /// Our certificate is not meant for our role.
    OursWrongPurpose: Us,
        "our certificate is not meant for our role, or of a kind that the other side does not support",
        "get one with clientAuth, for a server serverAuth, among its extended key usages";
    /// The server asks for a certificate after the handshake, for some paths only, and we did not offer that.
    PostHandshakeNeeded: Us,
        "the server asks for a certificate in this path only, after the handshake, and we did not offer that \
         (Apache: AH10158)",
        "offer authentication after the handshake; or let SSLVerifyClient move from the <Location> or <Directory> \
         into the virtual host";
    /// One side broke the protocol.
    ProtocolBroken: Developers,
        "one side sent what the protocol forbids",
        "report it with a capture and its key log to those who make the programs";
    /// A proxy in between wants a password, by HTTP 407 or 511.
    ProxyLoginRequired: Network,
        "a proxy in between wants a password, and has not passed the request on (HTTP 407, 511)",
        "exempt this connection from the proxy: an answer of it inside of TLS means that it opens TLS, which mutual TLS \
         does not survive";
    /// The other side sent a record that we cannot hold.
    RecordTooLarge: Us,
        "a record of the other side is larger than our receive buffer",
        "lend a larger rx buffer (the error says how large), or let the other side send smaller records (nginx: \
         ssl_buffer_size)";
    /// The other side refused us before it could know who we are.
    RefusedUnseen: Peer,
        "the connection was ended as if for our certificate, before the other side had seen one",
        "look into the log of the other side; if that knows of nothing, somebody on the way has sent the alert, for \
         which nobody vouches";
    /// The name that the client asks for is none of the server's.
    ServerNameUnknown: Peer,
        "the name that the client asks for is none of the server's",
        "connect by a name that the server has, or let it have a virtual host of this name";
    /// Records were changed on their way.
    Tampered: Network,
        "records were changed on their way, or sealed with other keys",
        "try another way through the network; what lies in between rewrites connections";
    /// The other side failed for a reason of its own.
    TheirProgram: Peer,
        "the other side failed for a reason of its own",
        "its log says more; try again later";
    /// A certificate of the other side is not valid any more.
    TheirsExpired: Peer,
        "a certificate of the other side is not valid any more",
        "let the other side install a new one; if it is valid, our clock is to blame";
    /// The other side left out an intermediate.
    TheirsIncomplete: Peer,
        "the other side did not send the intermediate above its certificate",
        "let it send the whole chain (Apache, nginx: all of it in the file of the certificate), or trust the \
         intermediate; if there is none, our trust anchor is the wrong one";
    /// A certificate of the other side breaks a rule: the verdict says which.
    TheirsInvalid: Peer,
        "a certificate of the other side breaks a rule, which the verdict names",
        "let its authority issue a correct one";
    /// The client showed no certificate, and we require one.
    TheirsMissing: Peer,
        "the client showed no certificate, and one is required",
        "let it have one of an authority that we name";
    /// Our rules do not let the other side in.
    TheirsNotAllowed: Us,
        "the other side is who it says, and our own rules do not let it in",
        "enter its name into our rules, if it may";
    /// We do not trust the authority of the other side's certificate.
    TheirsNotTrusted: Us,
        "we do not trust the authority of the other side's certificate",
        "compare our trust anchors with its root, as its owner gives it, and enter that, or pin the certificate, after a \
         renewal again; if its owner does not know this root, an inspection proxy is in between";
    /// More authorities stand above the certificate of the other side than our rules allow.
    TheirsTooDeep: Us,
        "more authorities stand above the other side's certificate than our own limit (max_depth) allows",
        "raise the limit, only if the verdict names no more authorities than the other side is known to have";
    /// The other side does not have the key of the certificate that it shows.
    TheirsUnproven: Peer,
        "the other side does not have the key of the certificate that it shows",
        "let it install the key that belongs to the certificate";
    /// The certificate of the other side is not meant for its role.
    TheirsWrongPurpose: Peer,
        "the certificate of the other side is not meant for its role",
        "let it have one with the right extended key usage, serverAuth for servers and clientAuth for clients";
    /// The other side speaks TLS 1.2 or older only.
    Tls12Only: Peer,
        "the other side speaks TLS 1.2 or older only",
        "let TLS 1.3 be switched on there (Apache: SSLProtocol, nginx: ssl_protocols)";
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
            AlertDescription::CERTIFICATE_REQUIRED => Self::OursMissing,
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
