//! Path validation without TLS.

use crate::crypto::CryptoProvider;
use crate::error::Error;
#[cfg(feature = "embedded-tls")]
use crate::x509::certificate::algorithm::PublicKey;
use crate::x509::identity::PeerIdentity;
use crate::x509::path::rules::Rules;
use crate::x509::path::search::Search;
use crate::x509::path::summaries::Summaries;
use crate::x509::path::trace::{NoTrace, Trace};
use crate::x509::path::verified::VerifiedPath;
use crate::x509::path::waiver::Waived;
use crate::x509::refusal::Verdict;

/// Validates a certificate path without a TLS connection around it: for firmware updates, for
/// provisioning, for tests.
///
/// ```
/// # #[cfg(feature = "rustcrypto")] {
/// use embedded_mtls::x509::{Rules, ServerName, Time, TrustAnchor, UnixTime, Validator};
/// # fn check<C: embedded_mtls::crypto::CryptoProvider>(
/// #     root: &[u8], leaf: &[u8], intermediate: &[u8],
/// # ) -> Result<(), embedded_mtls::Error> {
/// let anchors = [TrustAnchor::from_certificate(root)?];
/// let name = ServerName::parse("supplier.example.com")?;
/// let now = Time::Trusted(UnixTime::from_seconds(1_795_320_000));
///
/// let mut memory = [0; 1024];
/// let mut validator = Validator::new(&mut memory);
/// validator.push::<C>(leaf)?;
/// validator.push::<C>(intermediate)?;
/// let path = validator.validate::<C>(Rules::server(&anchors, &name, now))?;
/// assert_eq!(path.found().depth, 2);
/// # Ok(()) }
/// # }
/// ```
#[derive(Debug)]
pub struct Validator<'m> {
    summaries: Summaries<'m>,
}

impl<'m> Validator<'m> {
    /// A validator that keeps what it needs to know in `memory`: about 350 bytes for each P-256
    /// certificate, 750 for RSA with 2048 bits, 200 more than its DER for one that is signed with Ed25519; and
    /// for the leaf its subject alternative names and 60 bytes more.
    pub const fn new(memory: &'m mut [u8]) -> Self {
        Self { summaries: Summaries::new(memory) }
    }

    /// Takes in a certificate in DER: the leaf first, then all others in any order.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] with the bytes of memory that are needed so far;
    /// [`Error::Certificate`] if the leaf cannot be parsed, or there are too many; [`validate`](Self::validate) then
    /// refuses them for the same reason. Another certificate that cannot be parsed is passed over, as it may not be
    /// needed.
    pub fn push<C: CryptoProvider>(&mut self, certificate: &[u8]) -> Result<(), Error> {
        self.push_traced::<C>(certificate, &mut NoTrace)
    }

    /// As [`push`](Self::push), and tells what was read.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_traced<C: CryptoProvider>(&mut self, certificate: &[u8], trace: &mut impl Trace) -> Result<(), Error> {
        self.summaries.push::<C>(certificate, trace)
    }

    /// Searches a path from the leaf to an anchor and checks it. It may be asked again, with other rules.
    ///
    /// # Errors
    /// [`Verdict`] with the certificate to blame and the rule it broke, be it [waived](Rules::waivers) or not.
    pub fn validate<'a, C: CryptoProvider>(&'a mut self, rules: Rules<'a>) -> Result<VerifiedPath<'a>, Verdict<'a>> {
        self.validate_traced::<C>(rules, &mut NoTrace)
    }

    /// As [`validate`](Self::validate), and tells each step of the search.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn validate_traced<'a, C: CryptoProvider>(
        &'a mut self,
        rules: Rules<'a>,
        trace: &mut impl Trace,
    ) -> Result<VerifiedPath<'a>, Verdict<'a>> {
        self.search(rules).finish::<C>(Waived::is_empty, trace)
    }

    /// **Dangerous**: as [`validate`](Self::validate), and a path that is not valid is accepted if all that is wrong
    /// with it is [waived](Rules::waivers). [`PathFound::waived`](crate::x509::PathFound::waived) says what was.
    ///
    /// # Errors
    /// [`Verdict`] for what is not waived.
    #[cfg(feature = "dangerous-waivers")]
    pub fn dangerous_validate_waived<'a, C: CryptoProvider>(
        &'a mut self,
        rules: Rules<'a>,
    ) -> Result<VerifiedPath<'a>, Verdict<'a>> {
        self.search(rules).finish::<C>(|_| true, &mut NoTrace)
    }

    fn search<'a>(&'a mut self, rules: Rules<'a>) -> Search<'a, 'a> {
        self.summaries.forget_verified();
        let mut search = Search::new(self.summaries.reborrow());
        search.start(rules);
        search
    }

    /// What the leaf says about its subject, once it was taken in, be the path valid or not.
    pub fn identity(&self) -> Option<PeerIdentity<'_>> {
        self.summaries.list().identity()
    }

    /// The key of the leaf, to check what it signs.
    #[cfg(feature = "embedded-tls")]
    pub(crate) fn leaf_key(&self) -> Option<PublicKey<'_>> {
        self.summaries.list().leaf_key()
    }
}
