//! Failures under names for operators: the cause, who has to act, and the remedy.

use core::fmt;

use embedded_mtls::{Diagnosis, Responsible};

/// One table for all findings: those of HTTP as `Name: responsible, "cause", "remedy";`, and those of TLS, for which
/// the core has the rest, as `Name: "remedy";`. Causes and remedies are clauses without a full stop.
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
/// A named failure of TLS or HTTP, with its remedy. If causes other than the usual one are possible, the remedy says
/// so.
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
    /// A web application firewall in front of the server refused the request.
    FirewallRefused: Peer,
        "a web application firewall in front of the server refuses the request: TLS is not the reason",
        "give its operators the time and the number in its response, and have them exempt this path and our address";
    /// The server refused the request with HTTP 403, without a reason.
    Forbidden: Peer,
        "the server accepted the connection and refuses this request, without saying why",
        "look into its log: usually its rules do not name the owner of our certificate (Apache: Require expr \
         %{SSL_CLIENT_S_DN_CN}), or the path is wrong";
    /// The server requires a password or a token (HTTP 401).
    LoginRequired: Us,
        "the server requires a password or a token in addition to a certificate (HTTP 401)",
        "ask its owner which one, or have it accept our certificate for this path";
    /// The server does not serve this name on this connection (HTTP 421).
    MisdirectedRequest: Peer,
        "the server does not answer for the name in the Host field on this connection (HTTP 421)",
        "try again on a new connection; if that does not help, make the URL, the name requested through TLS and the \
         virtual host agree";
    /// The server requires a certificate after the handshake, for some paths only, and we did not offer that.
    PostHandshakeNeeded: Us,
        "the server asks for a certificate for this path only, after the handshake, and we did not offer that \
         (Apache: AH10158)",
        "enable authentication after the handshake; or have SSLVerifyClient moved from the <Location> or \
         <Directory> into the virtual host";
    /// A proxy in between requires a password (HTTP 407 or 511).
    ProxyLoginRequired: Network,
        "a proxy in between requires a password and did not forward the request (HTTP 407, 511)",
        "exempt this connection from the proxy: a response from it inside TLS means that it terminates TLS, which \
         mutual TLS does not survive";
}

AccessDenied:
    "look into its log, and have our name added to its rules (Apache: Require expr %{SSL_CLIENT_S_DN_CN}); GnuTLS \
     sends this alert for every certificate that it does not accept";
CertificateNotAsked:
    "have it ask for one (Apache: SSLVerifyClient require, nginx: ssl_verify_client on); if it does so for some paths \
     only, enable authentication after the handshake; a proxy in front of it may be the one not asking";
ClockWrong:
    "check our clock first, then the clock of the other side";
ClosedAtOnce:
    "check address and port, and whether a server runs there: a firewall, or a load balancer with no working server \
     behind it, does this. If we are the server: health checks and port scans look like this and need no action";
ClosedOnOurs:
    "look into its log: usually it does not trust the authority that issued our certificate, or requires one and got \
     none. Some programs, including those on Node.js, close the connection instead of sending an alert";
ConnectionCut:
    "look for a firewall or a proxy that cuts connections, and into the log of the other side";
Ed25519NotBuilt:
    "build it with the feature `ed25519`, or have the other side use a certificate with an ECDSA key on P-256, from \
     an authority with such a key";
InterposedProxy:
    "exempt this connection from inspection, as mutual TLS cannot pass through such a proxy, and do not add the \
     proxy's authority to our trust anchors. If there is no proxy, our trust anchor is the wrong one: get the root \
     certificate from the owner of the server";
MessageTooLarge:
    "lend a larger rx buffer (the error gives the size), or have the other side name fewer authorities (Apache: \
     SSLCADNRequestFile; nginx: move them from ssl_client_certificate to ssl_trusted_certificate) or send a shorter \
     chain";
NameMismatch:
    "connect by a name that the certificate contains, or have the server get one that contains this name as \
     subjectAltName";
NameNearMiss:
    "have the server get a certificate that contains exactly this name as dNSName, or this address as iPAddress, in \
     subjectAltName";
NoCommonGround:
    "compare the lists of both configurations, and the kinds of keys; some servers without TLS 1.3 answer like this, \
     too";
NoCommonProtocol:
    "configure one that the other side has, usually http/1.1, or none";
NotTls:
    "check address and port: the service speaks plain HTTP, or another protocol that begins without TLS. If we are \
     the server: a client may use http:// instead of https://, or a load balancer in front of us sends a PROXY \
     protocol header first, which has to be disabled there";
OurAnchorExpired:
    "install the new root of that authority; if the old one should still be valid, set our clock";
OurProgram:
    "the error says what is missing; check whether the signing key can be used";
OurRecordTooLarge:
    "send smaller records, by lending a smaller tx buffer, or have the other side accept larger ones";
OursExpired:
    "install a new one; if its dates are right, the clock of the other side is wrong";
OursIncomplete:
    "append the intermediates to the file of our certificate; if there are none, have the other side trust its issuer";
OursMissing:
    "configure one that matches the request of the other side, with its key; if there is one already, the report of the \
     choice says why it was not chosen";
OursNotTrusted:
    "have our root certificate added there (Apache: SSLCACertificateFile, nginx: ssl_client_certificate), or use a \
     certificate of an authority that it trusts; if it has our root, our chain may be longer than it allows (Apache: \
     SSLVerifyDepth, nginx: ssl_verify_depth)";
OursRefused:
    "check whether it trusts our root, then the purposes of our certificate (clientAuth), its kind of key and the \
     length of its chain (nginx: ssl_verify_depth defaults to 1); its log may have details";
OursRefusedByClient:
    "check whether our certificate contains the name that the client connects to, whether the client trusts our root \
     and we send the intermediates, then its purposes (serverAuth); the log of the client may have details";
OursRevoked:
    "install a new one, and find out why it was revoked";
OursTooDeep:
    "have it allow more authorities (Apache: SSLVerifyDepth defaults to 1 and counts all above our certificate), \
     or use a certificate from closer to the root; if its log names another reason, that is the one";
OursUnproven:
    "install the key that belongs to the certificate";
OursWrongPurpose:
    "get one whose extended key usage contains clientAuth for a client, serverAuth for a server; if ours does, use \
     another kind of key";
P384NotBuilt:
    "build it with the feature `p384`, or have the other side use a certificate with a key on P-256, from an \
     authority with such a key";
ProtocolBroken:
    "if the first message already fails, look for something in between: a load balancer that prepends a PROXY \
     protocol header, or a proxy. Otherwise send a capture and its key log to the developers of both programs";
RecordTooLarge:
    "lend a larger rx buffer (the error gives the size), or have the other side send smaller records (nginx: \
     ssl_buffer_size)";
RefusedUnseen:
    "look into the log of the other side; if it has no trace of this, the alert came from somewhere in between and is \
     not authenticated";
RsaNotBuilt:
    "build it with the feature `rsa`, or have the other side use a certificate with an ECDSA key on P-256, from an \
     authority with such a key";
RsaPerhapsNeeded:
    "build it with the feature `rsa`, or have the server use a certificate with an ECDSA key on P-256; if it has one, \
     compare TLS versions, cipher suites and key exchange groups";
ServerNameUnknown:
    "connect by a name that the server has, or have a virtual host of this name added";
Tampered:
    "try another way through the network, without anything in between that rewrites connections; if that does not \
     help, send a capture to the developers of both programs";
TheirProgram:
    "look into its log, and try again later";
TheirsExpired:
    "have the other side install a new one; if its dates are right, our clock is wrong";
TheirsIncomplete:
    "have it send the whole chain (Apache, nginx: all of it in the file of the certificate), or trust the \
     intermediate; if there is none, our trust anchor is the wrong one";
TheirsInvalid:
    "have its authority issue a correct one";
TheirsMissing:
    "have it configure one of an authority that we name";
TheirsNotAllowed:
    "add its name to our rules, if it should be allowed";
TheirsNotTrusted:
    "compare our trust anchors with the root certificate that its owner gives you, and add that one, or pin the \
     certificate itself, again after each renewal; if its owner does not know the root that we saw, an inspection \
     proxy is in between";
TheirsTooDeep:
    "raise the limit, but not above the number of authorities that the other side is known to have";
TheirsUnproven:
    "have it install the key that belongs to the certificate";
TheirsWrongPurpose:
    "have it get one with the right extended key usage: serverAuth for servers, clientAuth for clients";
Tls12Only:
    "have TLS 1.3 enabled there (Apache: SSLProtocol, nginx: ssl_protocols)";
}

/// The remedy of a diagnosis that this version does not know.
const UNKNOWN: &str = "look for it in docs/diagnoses.md of embedded-mtls";

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
    fn a_failure_of_tls_goes_on_from_the_words_of_the_core() {
        for diagnosis in Diagnosis::ALL {
            let text = Finding::from(*diagnosis).to_string();
            assert!(text.starts_with(&(diagnosis.to_string() + ". Remedy: ")), "{text}");
        }
    }
}
