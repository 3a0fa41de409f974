//! Path validation without TLS.

use crate::crypto::CryptoProvider;
use crate::error::{Error, PeerMisbehaved};
use crate::wire::enums::SignatureScheme;
use crate::x509::identity::PeerIdentity;
use crate::x509::path::rules::Rules;
use crate::x509::path::search::Search;
use crate::x509::path::summaries::Summaries;
use crate::x509::path::trace::Trace;
use crate::x509::path::verified::VerifiedPath;
use crate::x509::path::waiver::Waived;
use crate::x509::verdict::Verdict;

/// A validator of certificate paths without a TLS connection, for firmware updates, provisioning or tests.
///
/// ```
/// # #[cfg(feature = "rustcrypto")] {
/// use embedded_mtls::crypto::rustcrypto::RustCrypto;
/// use embedded_mtls::x509::{Rules, ServerName, Time, TrustAnchor, UnixTime, Validator};
/// # fn check(root: &[u8], leaf: &[u8], intermediate: &[u8]) -> Result<(), embedded_mtls::Error> {
/// let anchors = [TrustAnchor::from_certificate(root)?];
/// let name = ServerName::parse("supplier.example.com")?;
/// let now = Time::Trusted(UnixTime(1_795_320_000));
///
/// let mut memory = [0; 1024];
/// let mut validator = Validator::new(&mut memory);
/// validator.push(RustCrypto, leaf)?;
/// validator.push(RustCrypto, intermediate)?;
/// let path = validator.validate(RustCrypto, Rules::server(&anchors, &name, now))?;
/// assert_eq!(path.found.depth, 2);
/// # Ok(()) }
/// # }
/// ```
#[derive(Debug)]
pub struct Validator<'m, T = ()> {
    summaries: Summaries<'m>,
    trace: T,
}

impl<'m> Validator<'m> {
    /// Makes a validator that keeps summaries in `memory`: about 350 bytes for each P-256 certificate, 750 for RSA with
    /// 2048 bits, 200 more than its DER for one that is signed with Ed25519; and for the leaf its subject alternative
    /// names and 60 bytes more.
    pub const fn new(memory: &'m mut [u8]) -> Self {
        Self { summaries: Summaries::new(memory), trace: () }
    }

    /// Reports each certificate and each step of the search to `trace`, such as a closure.
    pub fn with_trace<T: Trace>(self, trace: T) -> Validator<'m, T> {
        Validator { summaries: self.summaries, trace }
    }
}

impl<T: Trace> Validator<'_, T> {
    /// Parses a certificate in DER: the leaf first, then all others in any order.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] with the bytes of memory that are needed so far;
    /// [`Error::Certificate`] if the leaf cannot be parsed, or there are too many; [`validate`](Self::validate) then
    /// refuses them for the same reason. Another certificate that cannot be parsed is passed over, as it may not be
    /// needed.
    pub fn push<C: CryptoProvider>(&mut self, provider: C, certificate: &[u8]) -> Result<(), Error> {
        self.summaries.push(provider, certificate, 0, &mut self.trace)
    }

    /// Searches for a path from the leaf to an anchor and checks it. May be called again, with other rules.
    ///
    /// # Errors
    /// [`Verdict`] with the certificate to blame and the rule it broke, whether that is [waived](Rules::waivers) or not.
    pub fn validate<'a, C: CryptoProvider>(
        &'a mut self,
        provider: C,
        rules: Rules<'a>,
    ) -> Result<VerifiedPath<'a>, Verdict<'a>> {
        self.search(provider, rules, Waived::is_empty)
    }

    /// **Dangerous**: as [`validate`](Self::validate), but accepts a path that is not valid if all that is wrong with
    /// it is [waived](Rules::waivers). [`PathFound::waived`](crate::x509::PathFound::waived) reports what was.
    ///
    /// # Errors
    /// [`Verdict`] for what is not waived.
    #[cfg(feature = "dangerous-waivers")]
    pub fn dangerous_validate_waived<'a, C: CryptoProvider>(
        &'a mut self,
        provider: C,
        rules: Rules<'a>,
    ) -> Result<VerifiedPath<'a>, Verdict<'a>> {
        self.search(provider, rules, |_| true)
    }

    fn search<'a, C: CryptoProvider>(
        &'a mut self,
        provider: C,
        rules: Rules<'a>,
        accept: impl FnOnce(Waived) -> bool,
    ) -> Result<VerifiedPath<'a>, Verdict<'a>> {
        self.summaries.forget_verified();
        let mut search = Search::new(self.summaries.reborrow());
        search.start(rules);
        search.finish(provider, accept, &mut self.trace)
    }

    /// Returns the identity in the leaf once that was parsed, whether the path is valid or not.
    pub fn identity(&self) -> Option<PeerIdentity<'_>> {
        self.summaries.list().identity()
    }

    /// Verifies a signature over `message` with the key of the leaf. The result is meaningless unless
    /// [`validate`](Self::validate) accepts the leaf. One public-key operation.
    ///
    /// # Errors
    /// [`PeerMisbehaved::SignatureIncorrect`]; [`PeerMisbehaved::SignatureSchemeNotOffered`] if the scheme does not match
    /// the key, or the provider does not have it; [`PeerMisbehaved::UnexpectedMessage`] if there is no leaf.
    pub fn verify_signature<C: CryptoProvider>(
        &self,
        provider: C,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        let key = self.summaries.list().leaf_key().ok_or(PeerMisbehaved::UnexpectedMessage)?;
        key.verify(provider, scheme, message, signature)
    }
}
