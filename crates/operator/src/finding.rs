//! Named failures for operators: the cause, who has to act, and the remedy.

use core::fmt;

use embedded_mtls::{Diagnosis, Responsible};

/// One table for all findings: those of HTTP as `Name: responsible, "cause", "remedy";`, and those of TLS, whose
/// cause is in the core, as `Name: "remedy";`. Causes and remedies are clauses without a full stop.
macro_rules! findings {
    ($(#[$meta:meta])* pub enum Finding {
        $($(#[$doc:meta])* $name:ident: $responsible:ident, $cause:literal, $remedy:literal;)*
    }
    $($diagnosis:ident: $helps:literal;)*) => {
        $(#[$meta])*
        pub enum Finding {
            $($(#[$doc])* $name,)*
            /// A failure of TLS.
            Tls(Diagnosis),
        }

        impl Finding {
            /// The findings that only HTTP reveals.
            const OF_HTTP: &[Self] = &[$(Self::$name,)*];

            /// Returns the cause, as a clause without a full stop.
            pub const fn cause(self) -> &'static str {
                match self {
                    $(Self::$name => $cause,)*
                    Self::Tls(diagnosis) => diagnosis.cause(),
                }
            }

            /// Returns who has to act.
            pub const fn responsible(self) -> Responsible {
                match self {
                    $(Self::$name => Responsible::$responsible,)*
                    Self::Tls(diagnosis) => diagnosis.responsible(),
                }
            }

            /// Returns the remedy, as a clause without a full stop.
            pub const fn remedy(self) -> &'static str {
                match self {
                    $(Self::$name => $remedy,)*
                    $(Self::Tls(Diagnosis::$diagnosis) => $helps,)*
                    Self::Tls(_) => UNKNOWN,
                }
            }
        }
    };
}

findings! {
/// A named failure of TLS or HTTP, with its remedy. If causes other than the usual one are possible, the remedy mentions
/// them.
///
/// `Display` writes the cause, who has to act and the remedy, in one line. `docs/diagnoses.md` lists them all.
///
/// ```
/// use embedded_mtls::AlertDescription;
/// use embedded_mtls::Diagnosis;
/// use embedded_mtls_operator::Finding;
///
/// let finding = Finding::from(Diagnosis::of_alert(AlertDescription::PROTOCOL_VERSION));
/// assert_eq!(finding.remedy(), "have TLS 1.3 enabled there (Apache: SSLProtocol, nginx: ssl_protocols)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Finding {
    /// A web application firewall in front of the server rejected the request.
    FirewallRefused: Peer,
        "a web application firewall in front of the server rejects the request, for reasons unrelated to TLS",
        "give the firewall's operators the time and the reference number in its response, and have them exempt \
         this path and our address";
    /// The server rejected the request with HTTP 403, without a reason.
    Forbidden: Peer,
        "the server accepted the connection but rejects this request without giving a reason",
        "check the server's log: usually its rules do not allow the subject of our certificate (Apache: Require \
         expr %{SSL_CLIENT_S_DN_CN}), or the path is wrong";
    /// The server requires a password or a token (HTTP 401).
    LoginRequired: Us,
        "the server requires a password or a token in addition to a certificate (HTTP 401)",
        "ask the server's operator which one, or have the server accept our certificate for this path";
    /// The server does not serve this name on this connection (HTTP 421).
    MisdirectedRequest: Peer,
        "the server does not serve the name in the Host field on this connection (HTTP 421)",
        "try again on a new connection; if that does not help, make the URL, the name requested through TLS and \
         the virtual host agree";
    /// The server requires a certificate after the handshake, for some paths only, and we did not offer that.
    PostHandshakeNeeded: Us,
        "the server requests a certificate after the handshake, for this path only, and we did not offer that \
         (Apache: AH10158)",
        "enable post-handshake authentication, or have SSLVerifyClient moved from <Location> or <Directory> to \
         the virtual host";
    /// A proxy requires a password (HTTP 407 or 511).
    ProxyLoginRequired: Network,
        "a proxy between the two sides requires a password and did not forward the request (HTTP 407, 511)",
        "exempt this connection from the proxy: it responded inside TLS, so it terminates TLS, and mutual TLS \
         cannot pass through it";
}

AccessDenied:
    "check the peer's log, and have our name added to its rules (Apache: Require expr %{SSL_CLIENT_S_DN_CN}); \
     GnuTLS sends this alert for every certificate that it does not accept";
CertificateNotAsked:
    "have it request one (Apache: SSLVerifyClient require, nginx: ssl_verify_client on); if it does so for some \
     paths only, enable post-handshake authentication; if there is a proxy in front of the server, configure it \
     there";
ClockWrong:
    "check our clock first, then the peer's";
ClosedAtOnce:
    "check the address and the port, and whether a server is running there: a firewall, or a load balancer \
     without a working server behind it, also does this. If we are the server: health checks and port scans \
     look like this and need no action";
ClosedOnOurs:
    "check the peer's log: usually it does not trust the CA that issued our certificate, or requires a \
     certificate and received none. Some programs, including those on Node.js, close the connection instead of \
     sending an alert";
ConnectionCut:
    "look for a firewall or a proxy that cuts connections, and check the peer's log";
Ed25519NotBuilt:
    "build it with the feature `ed25519`, or have the peer use a certificate with an ECDSA key on P-256, from a \
     CA with such a key";
InterposedProxy:
    "exempt this connection from inspection, since mutual TLS cannot pass through such a proxy, and do not add \
     the proxy's CA to our trust anchors. If there is no proxy, our trust anchor is the wrong one: get the root \
     certificate from the server's operator";
MessageTooLarge:
    "use a larger rx buffer (the error gives the size), or have the peer name fewer CAs (Apache: \
     SSLCADNRequestFile; nginx: move them from ssl_client_certificate to ssl_trusted_certificate) or send a \
     shorter chain";
NameMismatch:
    "connect by a name that the certificate contains, or have the server get a certificate with our name for it \
     in subjectAltName";
NameNearMiss:
    "have the server get a certificate with exactly this name as dNSName, or this address as iPAddress, in \
     subjectAltName";
NoCommonGround:
    "compare the configurations of both sides, including the kinds of their keys; some servers without TLS 1.3 \
     also fail like this";
NoCommonProtocol:
    "configure one that the peer supports, usually http/1.1, or none";
NotTls:
    "check the address and the port: the service speaks plain HTTP, or a protocol that does not begin with TLS. \
     If we are the server: a client may be using http:// instead of https://, or a load balancer in front of us \
     sends a PROXY protocol header first, which has to be disabled there";
OurAnchorExpired:
    "install the CA's new root certificate; if the old one should still be valid, set our clock";
OurProgram:
    "the error names the cause; check that the signing key can be used";
OurRecordTooLarge:
    "send smaller records, by using a smaller tx buffer, or have the peer accept larger ones";
OursExpired:
    "install a new one; if its dates are right, the peer's clock is wrong";
OursIncomplete:
    "append the intermediates to our certificate file; if there are none, have the peer trust its issuer";
OursMissing:
    "configure a certificate that matches the peer's request, with its key; if there already is one, the log of \
     the selection explains why it does not match";
OursNotTrusted:
    "have our root certificate added to the peer's trust anchors (Apache: SSLCACertificateFile, nginx: \
     ssl_client_certificate), or use a certificate from a CA that it trusts; if it has our root, our chain may \
     be longer than it allows (Apache: SSLVerifyDepth, nginx: ssl_verify_depth)";
OursRefused:
    "check whether the peer trusts our root, then the purpose of our certificate (clientAuth), the kind of its \
     key and the length of its chain (nginx: ssl_verify_depth defaults to 1); the peer's log may have details";
OursRefusedByClient:
    "check that our certificate contains the name that the client connects to, that the client trusts our root, \
     that we send the intermediates, and that the purpose is serverAuth; the client's log may have details";
OursRevoked:
    "install a new one, and find out why it was revoked";
OursTooDeep:
    "have it allow longer chains (Apache: SSLVerifyDepth defaults to 1 and counts all certificates above ours), \
     or use a certificate from closer to the root; if the peer's log gives another reason, trust the log";
OursUnproven:
    "install the key that belongs to the certificate";
OursWrongPurpose:
    "get a certificate whose extended key usage contains clientAuth for a client, or serverAuth for a server; \
     if ours does, use another kind of key";
P384NotBuilt:
    "build it with the feature `p384`, or have the peer use a certificate with a key on P-256, from a CA with \
     such a key";
ProtocolBroken:
    "if the first message already fails, look for a proxy, or for a load balancer that prepends a PROXY \
     protocol header. Otherwise send a capture and its key log to the developers of both programs";
RecordTooLarge:
    "use a larger rx buffer (the error gives the size), or have the peer send smaller records (nginx: \
     ssl_buffer_size)";
RefusedUnseen:
    "check the peer's log; if it does not mention this connection, the alert was injected on the network: it is \
     not authenticated";
RsaNotBuilt:
    "build it with the feature `rsa`, or have the peer use a certificate with an ECDSA key on P-256, from a CA \
     with such a key";
RsaPerhapsNeeded:
    "build it with the feature `rsa`, or have the server use a certificate with an ECDSA key on P-256; if it \
     has one, compare TLS versions, cipher suites and key exchange groups";
ServerNameUnknown:
    "connect by a name that the server has, or have a virtual host of this name added";
Tampered:
    "try another network path, without devices that rewrite connections; if that does not help, send a capture \
     to the developers of both programs";
TheirProgram:
    "check its log, and try again later";
TheirsExpired:
    "have the peer install a new one; if its dates are right, our clock is wrong";
TheirsIncomplete:
    "have it send the whole chain (Apache, nginx: put all of it in the certificate file), or trust the \
     intermediate; if there is none, our trust anchor is the wrong one";
TheirsInvalid:
    "have its CA issue a correct one";
TheirsMissing:
    "have it configure a certificate from a CA that we name";
TheirsNotAllowed:
    "add its name to our rules, if it should be allowed";
TheirsNotTrusted:
    "compare our trust anchors with the root certificate that the peer's operator gives you, and add that one, \
     or pin the peer's certificate, again after each renewal; if the operator does not know the root that we \
     received, there is an inspection proxy in between";
TheirsTooDeep:
    "raise the limit, but not above the number of CAs that the peer is known to have";
TheirsUnproven:
    "have it install the key that belongs to the certificate";
TheirsWrongPurpose:
    "have it get a certificate with the right extended key usage: serverAuth for servers, clientAuth for \
     clients";
Tls12Only:
    "have TLS 1.3 enabled there (Apache: SSLProtocol, nginx: ssl_protocols)";
}

/// The remedy of a diagnosis that this version does not know.
const UNKNOWN: &str = "see docs/diagnoses.md of embedded-mtls";

impl Finding {
    /// Lists every finding: those of HTTP, then those of TLS.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::OF_HTTP.iter().copied().chain(Diagnosis::ALL.iter().copied().map(Self::Tls))
    }
}

impl From<Diagnosis> for Finding {
    fn from(diagnosis: Diagnosis) -> Self {
        Self::Tls(diagnosis)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. Who has to act: {}. Remedy: {}", self.cause(), self.responsible(), self.remedy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;
    use std::vec::Vec;

    #[test]
    fn each_finding_has_words_of_its_own() {
        let all: Vec<_> = Finding::all().collect();
        for (place, finding) in all.iter().enumerate() {
            for other in &all[place + 1..] {
                assert_ne!(finding, other);
                assert_ne!(finding.cause(), other.cause());
                assert_ne!(finding.remedy(), other.remedy());
            }
            assert_ne!(finding.remedy(), UNKNOWN, "{finding:?}");
            let text = finding.to_string();
            assert!(!text.contains('\n') && !text.ends_with('.'), "{text}");
        }
    }

    #[test]
    fn a_failure_of_tls_begins_with_the_words_of_the_core() {
        for diagnosis in Diagnosis::ALL {
            let text = Finding::from(*diagnosis).to_string();
            assert!(text.starts_with(&(diagnosis.to_string() + ". Remedy: ")), "{text}");
        }
    }
}
