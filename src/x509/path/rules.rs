//! The rules that a certificate path must satisfy.

use super::issuer::Issuer;
use super::summaries::{List, Place};
use super::waiver::Waivers;
use crate::error::CertificateProblem;
use crate::limits::{DEFAULT_DEPTH, MAX_DEPTH};
use crate::role::Role;
use crate::x509::anchor::TrustAnchor;
use crate::x509::certificate::Certificate;
use crate::x509::name::address;
use crate::x509::name::common::CommonName;
use crate::x509::name::constraints::each_name;
use crate::x509::name::general::GeneralName;
use crate::x509::name::server::{ServerName, ends_in_number, has_byte, is_host_name};
use crate::x509::time::Time;
use core::ops::ControlFlow;

/// The rules that a certificate path must satisfy.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Rules<'a> {
    /// The trust anchors, in any order; only the first 255 are used. Several may have the same name.
    pub anchors: &'a [TrustAnchor<'a>],
    /// The role of the peer, which its certificates must allow.
    pub role: Role,
    /// The name that the leaf must contain; `None` for clients, which are not identified by a host name.
    pub server_name: Option<&'a ServerName<'a>>,
    /// The common name that the leaf must have; then `server_name` is ignored. `None` by default, as RFC 9525
    /// requires.
    pub common_name: Option<CommonName<'a>>,
    /// The current time, as far as it is known.
    pub time: Time,
    /// The most CA certificates above the leaf, the trust anchor among them: 1 allows a leaf issued
    /// by an anchor, 2 one intermediate between them. No more than 10 are followed. A pinned leaf has none.
    ///
    /// This is how Apache's `SSLVerifyDepth` counts, which compares the place of each certificate in
    /// the chain (the leaf being 0) with the limit. OpenSSL's own `-verify_depth`, since 1.1.0, does
    /// not count the anchor: its `n` is our `n + 1`.
    pub max_depth: u8,
    /// Rejects also certificates that RFC 5280 section 4 forbids authorities to issue but path validation (section 6)
    /// accepts: a certificate that is not self-signed without an authority key identifier, a CA certificate without a
    /// subject key identifier or with basic or name constraints that are not critical, and keyCertSign in a certificate
    /// that is not a CA. And the encodings that authorities should not use: a GeneralizedTime before 2050, a FALSE that
    /// is encoded, NULL as the parameters of ECDSA, a path length in a certificate that is not a CA, a serial number
    /// that is not positive or takes 21 bytes, and a subject alternative name that is not critical with an empty
    /// subject. The certificate of an anchor is checked too.
    ///
    /// Off by default: authorities created with older versions of OpenSSL and easy-rsa, secure elements, TPMs and the
    /// keytool of Java 11 issue all of these, and none of them makes a path less safe.
    pub strict_profile: bool,
    /// The most days for which a leaf may be valid; `None` for no limit. Public authorities issue for
    /// 398 days at most, so that a leaked key is useful for a limited time.
    pub max_validity_days: Option<u16>,
    /// The causes of refusal to ignore: [`Waivers::NONE`] without the feature `dangerous-waivers`.
    pub waivers: Waivers,
}

impl<'a> Rules<'a> {
    /// Makes the rules for a client that connects to the server `name`. At most 4 CA certificates above the leaf.
    pub const fn server(anchors: &'a [TrustAnchor<'a>], name: &'a ServerName<'a>, time: Time) -> Self {
        Self { server_name: Some(name), role: Role::Server, ..Self::client(anchors, time) }
    }

    /// Makes the rules for a server that requests a certificate. At most 4 CA certificates above the leaf.
    pub const fn client(anchors: &'a [TrustAnchor<'a>], time: Time) -> Self {
        Self {
            anchors,
            role: Role::Client,
            server_name: None,
            common_name: None,
            time,
            max_depth: DEFAULT_DEPTH,
            strict_profile: false,
            max_validity_days: None,
            waivers: Waivers::NONE,
        }
    }

    /// Calls `each` with every name of a certificate to which the constraints of authorities apply (RFC 5280 section
    /// 4.2.1.10), until it breaks.
    ///
    /// A name that an authority may not put into a `dNSName` it may not put into the common name of a leaf either, where
    /// that identifies the peer: for servers whose common name is required, and for clients, which rules and programs
    /// identify by it. As in OpenSSL, that of a client is treated as a host name if it has two labels or more.
    /// Constraints on addresses apply to an address in a common name for the same reason.
    pub(in crate::x509) fn each_name<'n, B>(
        &self,
        certificate: &Certificate<'n>,
        is_leaf: bool,
        each: &mut dyn FnMut(GeneralName<'n>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let (by_common_name, is_client) = (self.common_name.is_some(), self.role == Role::Client);
        let by_common_name = |name: &'n [u8]| {
            if !is_leaf || !(by_common_name || is_client) {
                return None;
            }
            if address::parse(name).is_some() {
                return Some(GeneralName::Address(name));
            }
            let host = name.strip_prefix(b"*.").unwrap_or(name);
            let is_host = is_host_name(host) && !ends_in_number(host) && (by_common_name || has_byte(name, b'.'));
            is_host.then_some(GeneralName::Dns(name))
        };
        each_name(certificate.subject, certificate.extensions.subject_alt_name, &by_common_name, each)
    }

    /// Returns the most CA certificates above the leaf that are followed.
    pub(in crate::x509) fn depth_limit(&self) -> u8 {
        u8::try_from(MAX_DEPTH).map_or(self.max_depth, |most| self.max_depth.min(most))
    }

    /// Returns the anchor at a place of the list, unless it is a pin.
    pub(super) fn anchor(&self, place: u8) -> Option<&'a Issuer<'a>> {
        self.anchors.get(usize::from(place))?.issuer()
    }

    /// Returns an issuer by its place among the anchors or in the list of the peer.
    pub(in crate::x509) fn issuer(&self, list: List<'a>, place: Place) -> Option<Issuer<'a>> {
        match place {
            Place::Anchor(place) => self.anchor(place).copied(),
            Place::Sent(place) => list.get(place).map(Issuer::from),
        }
    }

    /// Checks the name of the leaf. RFC 9525 section 6: the reference identifier must be among those of the certificate.
    ///
    /// RFC 9525 section 6.6.
    #[inline(never)] // smaller than with copies of the fields in the caller
    pub(super) fn check_name(&self, leaf: &Certificate<'_>) -> Result<(), CertificateProblem> {
        match (self.common_name, self.server_name) {
            (Some(wanted), _) if !wanted.is_of(&leaf.subject) => Err(CertificateProblem::CommonNameMismatch),
            (None, Some(wanted)) if !leaf.extensions.subject_alt_name.is_some_and(|names| wanted.is_among(names)) => {
                Err(CertificateProblem::NameMismatch)
            }
            _ => Ok(()),
        }
    }
}
