//! What a certificate path is held to, and the checks that look at one certificate alone.

use super::judge::Judge;
use super::summary::Summary;
use super::waiver::Waivers;
use crate::error::CertificateProblem;
use crate::limits::{DEFAULT_DEPTH, MAX_DEPTH};
use crate::x509::anchor::{Authority, TrustAnchor};
use crate::x509::certificate::ProfileDefect;
use crate::x509::certificate::algorithm::KeyAlgorithm;
use crate::x509::certificate::extensions::{KeyUsage, Purposes};
use crate::x509::name::address;
use crate::x509::name::common::CommonName;
use crate::x509::name::constraints::names_of;
use crate::x509::name::general::GeneralName;
use crate::x509::name::server::{ServerName, ends_in_number, is_host_name};
use crate::x509::time::{SECONDS_A_DAY, Time, UnixTime};

/// The role that the peer has, and that its certificates have to allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Purpose {
    /// The peer is a client: `id-kp-clientAuth`.
    ClientAuth,
    /// The peer is a server: `id-kp-serverAuth`.
    ServerAuth,
}

/// What a certificate path is held to.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Rules<'a> {
    /// Whom we trust, in any order; the first 255 count. Several may have the same name.
    pub anchors: &'a [TrustAnchor<'a>],
    /// The role of the peer.
    pub purpose: Purpose,
    /// The name that the leaf has to hold; `None` for clients, which are not known by a host name.
    pub server_name: Option<&'a ServerName<'a>>,
    /// The common name that the leaf has to have; then `server_name` is not looked for. `None` unless asked
    /// for, as RFC 9525 wants it.
    pub common_name: Option<CommonName<'a>>,
    /// What is known about the time.
    pub time: Time,
    /// The most CA certificates above the leaf, the trust anchor among them: 1 allows a leaf issued
    /// by an anchor, 2 one intermediate between them. No more than 10 are followed. A pinned leaf has none.
    ///
    /// This is how Apache's `SSLVerifyDepth` counts, which compares the place of each certificate in
    /// the chain (the leaf being 0) with the limit. OpenSSL's own `-verify_depth`, since 1.1.0, does
    /// not count the anchor: its `n` is our `n + 1`.
    pub max_depth: u8,
    /// Also refuse what RFC 5280 section 4 forbids authorities to issue, where path validation (section 6)
    /// does not look: a certificate that is not self-signed without an authority key identifier, a CA
    /// certificate without a subject key identifier or with basic or name constraints that are not
    /// critical, and keyCertSign in a certificate that is no CA. And what is encoded otherwise than authorities should:
    /// a GeneralizedTime before 2050, a FALSE that is written out, NULL as the parameters of ECDSA, a path length in a
    /// certificate that is no CA, a serial number that is not positive or takes 21 bytes, and a subject alternative name
    /// beside an empty subject that is not critical. Asked of the certificate of an anchor too.
    ///
    /// Off unless asked for: authorities made with older versions of OpenSSL and easy-rsa, secure elements, TPMs and the
    /// keytool of Java 11 write all of these, and none of them makes a path less safe.
    pub strict_profile: bool,
    /// The most days for which a leaf may be valid; `None` for no limit. Public authorities issue for
    /// 398 days at most, so that a key that leaks is of use for a limited time.
    pub max_validity_days: Option<u16>,
    /// What is accepted all the same: [`Waivers::NONE`] but with the feature `dangerous-waivers`.
    pub waivers: Waivers,
}

impl<'a> Rules<'a> {
    /// Rules for a client that reached for the server `name`. At most 4 CA certificates above the leaf.
    pub const fn server(anchors: &'a [TrustAnchor<'a>], name: &'a ServerName<'a>, time: Time) -> Self {
        Self { server_name: Some(name), purpose: Purpose::ServerAuth, ..Self::client(anchors, time) }
    }

    /// Rules for a server that asked for a certificate. At most 4 CA certificates above the leaf.
    pub const fn client(anchors: &'a [TrustAnchor<'a>], time: Time) -> Self {
        Self {
            anchors,
            purpose: Purpose::ClientAuth,
            server_name: None,
            common_name: None,
            time,
            max_depth: DEFAULT_DEPTH,
            strict_profile: false,
            max_validity_days: None,
            waivers: Waivers::NONE,
        }
    }

    /// Lists the names of a leaf that constraints of authorities bind (RFC 5280 section 4.2.1.10).
    ///
    /// A name that an authority may not put into a `dNSName` it may not put into a common name either, where that is who
    /// the peer is: of servers that are asked for by their common name, and of clients, which rules and programs know by it. As
    /// OpenSSL does, a client's is taken for the name of a host if it has two labels or more. An address in a common name
    /// obeys constraints on addresses for the same reason.
    pub(crate) fn names_of_leaf<'n>(&self, leaf: &Summary<'n>) -> impl Iterator<Item = GeneralName<'n>> + use<'n> {
        let (by_common_name, is_client) = (self.common_name.is_some(), self.purpose == Purpose::ClientAuth);
        names_of(leaf.subject, leaf.subject_alt_name, move |name| {
            if !by_common_name && !is_client {
                return None;
            }
            if address::parse(name).is_some() {
                return Some(GeneralName::Address(name));
            }
            let host = name.strip_prefix(b"*.").unwrap_or(name);
            let is_host = is_host_name(host) && !ends_in_number(host) && (by_common_name || name.contains(&b'.'));
            is_host.then_some(GeneralName::Dns(name))
        })
    }

    /// Returns the most CA certificates above the leaf that are followed.
    pub(crate) fn depth_limit(&self) -> u8 {
        u8::try_from(MAX_DEPTH).map_or(self.max_depth, |most| self.max_depth.min(most))
    }

    /// Returns the anchor at a place of the list, if it is an authority.
    pub(crate) fn authority(&self, place: u8) -> Option<&'a Authority<'a>> {
        self.anchors.get(usize::from(place))?.authority()
    }

    /// What is wrong with the leaf in itself. No path could mend it, so it is asked first.
    pub(crate) fn check_leaf(&self, leaf: &Summary<'_>, judge: &mut Judge) -> Result<(), CertificateProblem> {
        judge.allow(self.check_validity(leaf.not_before, leaf.not_after))?;
        // RFC 5280 section 4.1.2.5: "from notBefore through notAfter, inclusive".
        let seconds = leaf.not_after.seconds().saturating_sub(leaf.not_before.seconds()).saturating_add(1);
        if self.max_validity_days.is_some_and(|days| seconds > i64::from(days).saturating_mul(SECONDS_A_DAY)) {
            judge.refuse(CertificateProblem::ValidityTooLong)?;
        }
        self.check_name(leaf)?;
        judge.allow(self.check_purpose(leaf.extended_key_usage))?;
        // RFC 9846 section 4.5.1: "the digitalSignature bit MUST be set if the Key Usage extension is
        // present".
        if leaf.key_usage.is_some_and(|usage| !KeyUsage::digital_signature(usage)) {
            judge.refuse(CertificateProblem::MissingDigitalSignature)?;
        }
        if leaf.unknown_critical.is_some() {
            judge.refuse(CertificateProblem::UnknownCriticalExtension)?;
        }
        // RFC 5280 section 4.2.1.10: "The name constraints extension, which MUST be used only in a CA
        // certificate".
        if leaf.name_constraints.is_some() && !leaf.basic_constraints.is_ca {
            judge.refuse(CertificateProblem::NameConstraintsOnLeaf)?;
        }
        if leaf.key.algorithm == KeyAlgorithm::Unsupported {
            judge.refuse(CertificateProblem::UnsupportedKey)?;
        }
        judge.allow(self.check_profile(leaf.profile_defect))
    }

    /// What is wrong with a certificate in itself as the issuer of another one
    /// (RFC 5280 section 6.1.4).
    pub(crate) fn check_ca(&self, ca: &Summary<'_>, judge: &mut Judge) -> Result<(), CertificateProblem> {
        // (k) "verify that the basicConstraints extension is present and that cA is set to TRUE".
        if !ca.basic_constraints.is_ca {
            judge.refuse(CertificateProblem::NotACa)?;
        }
        // (n) "If a key usage extension is present, verify that the keyCertSign bit is set."
        if ca.key_usage.is_some_and(|usage| !KeyUsage::key_cert_sign(usage)) {
            judge.refuse(CertificateProblem::MissingCertSign)?;
        }
        judge.allow(self.check_validity(ca.not_before, ca.not_after))?;
        judge.allow(self.check_purpose(ca.extended_key_usage))?;
        // (o) "Recognize and process any other critical extension present in the certificate."
        if ca.unknown_critical.is_some() {
            judge.refuse(CertificateProblem::UnknownCriticalExtension)?;
        }
        judge.allow(self.check_profile(ca.profile_defect))
    }

    /// What is wrong with an anchor in itself.
    pub(crate) fn check_anchor(&self, anchor: &Authority<'_>, judge: &mut Judge) -> Result<(), CertificateProblem> {
        judge.allow(anchor.check_validity(self.time))?;
        judge.allow(self.check_purpose(anchor.purposes))?;
        judge.allow(self.check_profile(anchor.profile_defect))
    }

    /// RFC 9525 section 6: the name that was asked for has to be among those of the certificate.
    pub(super) fn check_name(&self, leaf: &Summary<'_>) -> Result<(), CertificateProblem> {
        match (self.common_name, self.server_name) {
            (Some(wanted), _) if !wanted.is_of(&leaf.subject) => Err(CertificateProblem::CommonNameMismatch),
            (None, Some(wanted)) if !leaf.subject_alt_name.is_some_and(|names| wanted.is_among(names)) => {
                Err(CertificateProblem::NameMismatch)
            }
            _ => Ok(()),
        }
    }

    fn check_profile(&self, defect: Option<ProfileDefect>) -> Result<(), CertificateProblem> {
        match defect {
            Some(defect) if self.strict_profile => Err(defect.problem()),
            _ => Ok(()),
        }
    }

    /// RFC 5280 section 6.1.3 (a)(2): "The certificate validity period includes the current time."
    fn check_validity(&self, not_before: UnixTime, not_after: UnixTime) -> Result<(), CertificateProblem> {
        self.time.check(not_before, not_after).map(drop)
    }

    /// RFC 5280 section 4.2.1.12: "If the extension is present, then the certificate MUST only be used
    /// for one of the purposes indicated." Asked of each certificate of a path, so that an authority
    /// for one purpose cannot issue for another, as OpenSSL and the browsers do.
    fn check_purpose(&self, purposes: Option<Purposes>) -> Result<(), CertificateProblem> {
        if purposes.is_none_or(|purposes| purposes.allow(self.purpose)) {
            Ok(())
        } else {
            Err(CertificateProblem::ExtendedKeyUsage)
        }
    }
}
