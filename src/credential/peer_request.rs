//! The requirements of a peer on our credential, and whether a credential meets them.

use super::Credential;
use crate::error::CertificateError;
use crate::role::Role;
use crate::wire::certificate_request::CertificateRequest;
use crate::wire::client_hello::ClientHello;
use crate::wire::enums::SignatureScheme;
use crate::wire::extension::{CodePoints, DistinguishedNames, ProtocolNames};
use crate::wire::oid_filters::OidFilters;
use crate::x509::{Name, OwnCertificate, Time, is_sha1};
use core::fmt;

/// The requirements and preferences of the peer for our credential: of a server in its CertificateRequest, of a client
/// in its ClientHello. It borrows the message.
#[derive(Clone, Copy, Debug)]
pub struct PeerRequest<'w> {
    schemes: CodePoints<'w>,
    certificate_schemes: CodePoints<'w>,
    authorities: DistinguishedNames<'w>,
    authorities_left_out: bool,
    oid_filters: OidFilters<'w>,
    protocols: Option<ProtocolNames<'w>>,
    /// The name of the server that a client requests (RFC 6066 section 3), ASCII, as received.
    pub server_name: Option<&'w str>,
    /// Our role.
    pub role: Role,
}

/// The match of a credential with a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Match {
    /// The certificate of our chain that a CA named by the peer issued, and the position of this name in the peer's
    /// list, both counted from 0; `None` if the peer names none, or its names [are left
    /// out](PeerRequest::are_authorities_left_out).
    pub issuer: Option<(u8, u16)>,
}

/// The reason why a credential does not match a request. Of several reasons it is the first in this order: other alias,
/// disabled, server name, scheme, purpose, validity, filters, schemes of certificates, issuers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Mismatch {
    /// One of our certificates cannot be used: it has expired, is not yet valid, or is not meant for this role.
    Certificate(CertificateError),
    /// The peer does not verify the signature on the certificate at this place of the chain:
    /// `signature_algorithms_cert` or, without it, `signature_algorithms` (RFC 9846 section 4.3.3).
    CertificateScheme(u8),
    /// The same, and the signature uses SHA-1, which must not be sent to a peer that does not ask for it.
    CertificateSha1(u8),
    /// The entry is disabled.
    Disabled,
    /// The peer names the issuers that it accepts, and none of them issued a certificate of the chain (RFC 9846 section
    /// 4.3.4).
    Issuer,
    /// The leaf lacks an extension, or a value of one, that the server requires (`oid_filters`, RFC 9846 section
    /// 4.3.5).
    OidFilter,
    /// The selector is limited to another alias.
    OtherAlias,
    /// The entry does not serve the name that the client requests (RFC 6066 section 3).
    ServerName,
    /// The peer does not verify signatures of the key (`signature_algorithms`, RFC 9846 section 4.3.3).
    SignatureScheme,
}

impl<'w> PeerRequest<'w> {
    /// Reads the request of a server.
    pub(crate) fn of_server(request: &CertificateRequest<'w>) -> Self {
        Self {
            schemes: request.signature_schemes,
            certificate_schemes: request.certificate_schemes.unwrap_or(request.signature_schemes),
            authorities: request.authorities,
            authorities_left_out: false,
            oid_filters: request.oid_filters,
            server_name: None,
            protocols: None,
            role: Role::Client,
        }
    }

    /// Reads the request of a client.
    pub(crate) fn of_client(hello: &ClientHello<'w>) -> Self {
        let schemes = hello.signature_schemes.unwrap_or_default();
        Self {
            schemes,
            certificate_schemes: hello.certificate_schemes.unwrap_or(schemes),
            authorities: hello.authorities.unwrap_or_default(),
            authorities_left_out: false,
            oid_filters: OidFilters::default(),
            server_name: hello.server_name,
            protocols: hello.protocols,
            role: Role::Server,
        }
    }

    /// Makes a request that no credential matches.
    pub(crate) fn unknown(role: Role) -> Self {
        Self {
            schemes: CodePoints::default(),
            certificate_schemes: CodePoints::default(),
            authorities: DistinguishedNames::default(),
            authorities_left_out: false,
            oid_filters: OidFilters::default(),
            server_name: None,
            protocols: None,
            role,
        }
    }

    /// Leaves out the names of issuers, of which some did not fit into `rx`.
    pub(crate) fn leave_out_authorities(mut self, left_out: bool) -> Self {
        if left_out {
            self.authorities = DistinguishedNames::default();
            self.authorities_left_out = true;
        }
        self
    }

    /// Iterates over the signature schemes that the peer accepts, in order of preference.
    pub fn signature_schemes(&self) -> impl Iterator<Item = SignatureScheme> + use<'w> {
        self.schemes.iter().map(SignatureScheme)
    }

    /// Iterates over the signature schemes that the peer accepts in certificates: `signature_algorithms_cert` or,
    /// without it, the same as [`signature_schemes`](Self::signature_schemes) (RFC 9846 section 4.3.3).
    pub fn certificate_schemes(&self) -> impl Iterator<Item = SignatureScheme> + use<'w> {
        self.certificate_schemes.iter().map(SignatureScheme)
    }

    /// Iterates over the names of the issuers that the peer accepts (RFC 9846 section 4.3.4), if it names any.
    /// Malformed names are left out.
    pub fn authorities(&self) -> impl Iterator<Item = Name<'w>> + use<'w> {
        self.authorities.iter().filter_map(Name::from_der)
    }

    /// Returns whether the server names more issuers than fit into `rx`. Then [`authorities`](Self::authorities) is empty,
    /// and a credential of any issuer matches: the names only serve "to guide certificate selection" (RFC 9846 section
    /// 4.3.4). A client that has to choose between credentials of several issuers needs a larger `rx`.
    pub const fn are_authorities_left_out(&self) -> bool {
        self.authorities_left_out
    }

    /// Iterates over the application protocols that a client offers, in order of preference (RFC 7301 section 3.1).
    pub fn protocols(&self) -> impl Iterator<Item = &'w [u8]> + use<'w> {
        self.protocols.into_iter().flat_map(ProtocolNames::iter)
    }

    /// Checks whether `credential` meets the request. Without a `time` its validity is not checked.
    ///
    /// # Errors
    /// The first reason why it does not.
    pub fn check(&self, credential: &Credential<'_>, time: Option<Time>) -> Result<Match, Mismatch> {
        self.judge(credential, &self.walk(credential, time))
    }

    /// Returns whether the peer can use `credential`: it supports the signature scheme and those of the certificates; an
    /// issuer that it names issued one of the certificates of the chain, or it names none; and the leaf matches its OID
    /// filters. Validity and purpose are not checked.
    pub fn accepts(&self, credential: &Credential<'_>) -> bool {
        self.check_preferences(credential).is_ok()
    }

    /// Checks what the peer requests, but neither validity nor purpose.
    pub(crate) fn check_preferences(&self, credential: &Credential<'_>) -> Result<Match, Mismatch> {
        self.judge(credential, &Findings { error: None, ..self.walk(credential, None) })
    }

    /// Returns whether the peer accepts signatures with the credential's key.
    pub(crate) fn accepts_scheme(&self, credential: &Credential<'_>) -> bool {
        self.schemes.contains(credential.scheme().0)
    }

    /// Examines the leaf and the certificates connected to it once, in the order of the chain.
    fn walk(&self, credential: &Credential<'_>, time: Option<Time>) -> Findings {
        let mut chain = Findings::default();
        for (index, certificate) in credential.connected() {
            self.look_at(index, &certificate, &mut chain);
        }
        chain.error = chain.error.or_else(|| credential.check_validity(time?).err());
        chain
    }

    fn judge(&self, credential: &Credential<'_>, chain: &Findings) -> Result<Match, Mismatch> {
        if !self.accepts_scheme(credential) {
            return Err(Mismatch::SignatureScheme);
        }
        if let Some(error) = chain.error {
            return Err(Mismatch::Certificate(error));
        }
        if chain.filtered {
            return Err(Mismatch::OidFilter);
        }
        if let Some((index, sha1)) = chain.unverifiable {
            return Err(if sha1 { Mismatch::CertificateSha1(index) } else { Mismatch::CertificateScheme(index) });
        }
        if chain.issuer.is_none() && self.authorities().next().is_some() {
            return Err(Mismatch::Issuer);
        }
        Ok(Match { issuer: chain.issuer })
    }

    fn look_at(&self, index: u8, certificate: &OwnCertificate<'_>, chain: &mut Findings) {
        if index == 0 {
            let problem = certificate.check_purpose(self.role).err();
            chain.error = problem.map(|problem| CertificateError { index, problem });
        }
        // RFC 9846 section 4.5.1.2: "the end-entity certificate MUST match the extension OIDs that are recognized
        // by the client", and section 4.3.5: "the client MUST ignore and skip any unrecognized certificate
        // extension OIDs".
        chain.filtered |= index == 0
            && self.oid_filters.iter().any(|filter| certificate.holds(filter.oid, filter.values) == Some(false));
        // RFC 9846 section 4.5.1: certificates that are self-signed "are not validated as part of the chain and
        // therefore MAY be signed with any algorithm".
        if chain.unverifiable.is_none() && !certificate.is_self_issued() {
            let schemes = certificate.signature_schemes();
            if !schemes.iter().any(|scheme| self.certificate_schemes.contains(scheme.0)) {
                chain.unverifiable = Some((index, schemes.iter().any(|&scheme| is_sha1(scheme))));
            }
        }
        if chain.issuer.is_none() {
            let issuer = certificate.issuer();
            let place = (0_u16..).zip(self.authorities()).find(|(_, authority)| authority.matches(&issuer));
            chain.issuer = place.map(|(place, _)| (index, place));
        }
    }
}

/// The first findings of a walk along our chain.
#[derive(Default)]
struct Findings {
    error: Option<CertificateError>,
    filtered: bool,
    /// The certificate, and whether its signature uses SHA-1.
    unverifiable: Option<(u8, bool)>,
    issuer: Option<(u8, u16)>,
}

impl Mismatch {
    /// Returns whether a server may still send the credential if it has no better one. RFC 9846 section 4.5.1.2:
    /// a server that has no chain "signed only via the indicated supported algorithms" "SHOULD continue the
    /// handshake by sending a certificate chain of its choice", except for SHA-1; and
    /// `certificate_authorities` only serves "to guide certificate selection".
    pub(crate) const fn is_preference_of_client(self) -> bool {
        matches!(self, Self::Issuer | Self::CertificateScheme(_))
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.issuer {
            None => f.write_str("matches: the peer names no CA"),
            Some((certificate, place)) => {
                write!(f, "matches: CA {place} of the peer's list issued certificate {certificate} of the chain")
            }
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Issuer => f.write_str("no certificate of the chain was issued by a CA that the peer names"),
            Self::Certificate(error) => error.fmt(f),
            Self::CertificateScheme(index) => write!(f, "the peer cannot verify the signature on certificate {index}"),
            Self::CertificateSha1(index) => write!(f, "the signature on certificate {index} uses SHA-1"),
            Self::Disabled => f.write_str("disabled"),
            Self::OidFilter => f.write_str("the certificate lacks an extension or a usage that the server requires"),
            Self::OtherAlias => f.write_str("another alias was requested"),
            Self::ServerName => f.write_str("does not serve the name that the client requests"),
            Self::SignatureScheme => f.write_str("the peer cannot verify signatures of this kind of key"),
        }
    }
}
