//! The faults of a peer's chain, and what waives each: the rows of the truth table of enforcing and ignoring.

use crate::pki::{Issued, Pki, Role, Template};
use embedded_mtls::CertificateProblem as Problem;
use embedded_mtls::x509::WaivableCause;

/// A fault in the chain of the peer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    Nothing,
    Expired,
    NotYetValid,
    SelfSigned,
    UntrustedRoot,
    UnknownIssuer,
    /// The purpose of the other role.
    Invalid,
    /// A signature by another key.
    Forged,
    /// Only of servers: clients are not known by a host name.
    NameMismatch,
    /// Only of servers: an address that the certificate does not hold.
    AddressMismatch,
}

impl Fault {
    pub const ALL: [Self; 10] = [
        Self::Nothing,
        Self::Expired,
        Self::NotYetValid,
        Self::SelfSigned,
        Self::UntrustedRoot,
        Self::UnknownIssuer,
        Self::Invalid,
        Self::Forged,
        Self::NameMismatch,
        Self::AddressMismatch,
    ];

    /// The certificate to blame, the rule, and what waives it.
    pub fn expected(self) -> Option<(u8, Problem, Option<WaivableCause>)> {
        Some(match self {
            Self::Nothing => return None,
            Self::Expired => (0, Problem::Expired, Some(WaivableCause::Expired)),
            Self::NotYetValid => (1, Problem::NotYetValid, Some(WaivableCause::Expired)),
            Self::SelfSigned => (0, Problem::SelfSigned, Some(WaivableCause::SelfSigned)),
            Self::UntrustedRoot => (2, Problem::UntrustedRoot, Some(WaivableCause::UntrustedRoot)),
            Self::UnknownIssuer => (0, Problem::UnknownIssuer, Some(WaivableCause::UntrustedRoot)),
            Self::Invalid => (0, Problem::ExtendedKeyUsage, Some(WaivableCause::Invalid)),
            Self::Forged => (0, Problem::SignatureInvalid, Some(WaivableCause::Invalid)),
            Self::NameMismatch | Self::AddressMismatch => (0, Problem::NameMismatch, None),
        })
    }

    /// The chain that the peer sends, the leaf first.
    pub fn chain(self, role: Role, pki: &Pki) -> Vec<Issued> {
        let leaf = role.template();
        let intermediate = || pki.intermediate.clone();
        match self {
            Self::Nothing | Self::AddressMismatch => vec![leaf.signed_by(&pki.intermediate), intermediate()],
            Self::Expired => vec![leaf.years(2010, 2020).signed_by(&pki.intermediate), intermediate()],
            Self::NotYetValid => {
                let future = Template::ca("Future").years(2030, 2040).signed_by(&pki.root);
                vec![leaf.signed_by(&future), future]
            }
            Self::SelfSigned => vec![leaf.self_signed()],
            Self::UntrustedRoot => {
                let root = Template::ca("Stranger").self_signed();
                let intermediate = Template::ca("Intermediate").signed_by(&root);
                vec![leaf.signed_by(&intermediate), intermediate, root]
            }
            Self::UnknownIssuer => vec![leaf.signed_by(&Template::ca("Stranger").self_signed())],
            Self::Invalid => {
                let other = match role {
                    Role::Server => rcgen::ExtendedKeyUsagePurpose::ClientAuth,
                    Role::Client => rcgen::ExtendedKeyUsagePurpose::ServerAuth,
                };
                vec![leaf.purposes(&[other]).signed_by(&pki.intermediate), intermediate()]
            }
            Self::Forged => {
                let impostor = Template::ca("Example Intermediate").key("impostor").signed_by(&pki.root);
                vec![leaf.signed_by(&pki.intermediate), impostor]
            }
            Self::NameMismatch => {
                vec![Template::server("other.example.com").signed_by(&pki.intermediate), intermediate()]
            }
        }
    }

    /// Returns whether the peer of `role` can have it.
    pub fn applies(self, role: Role) -> bool {
        role == Role::Server || !matches!(self, Self::NameMismatch | Self::AddressMismatch)
    }
}
