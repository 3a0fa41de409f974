//! Path validation without TLS.

use crate::crypto::CryptoProvider;
use crate::error::Error;
#[cfg(feature = "embedded-tls")]
use crate::x509::certificate::algorithm::PublicKey;
use crate::x509::identity::PeerIdentity;
use crate::x509::path::found::PathFound;
use crate::x509::path::rules::Rules;
use crate::x509::path::trace::{NoTrace, Trace};
use crate::x509::path::{PeerChain, Search};
use crate::x509::verdict::Verdict;
use crate::x509::verdict::verified::VerifiedPath;

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
/// let path = validator.validate::<C>(&Rules::server(&anchors, &name, now))?;
/// assert_eq!(path.depth, 2);
/// # Ok(()) }
/// # }
/// ```
#[derive(Debug)]
pub struct Validator<'m> {
    chain: PeerChain<'m>,
}

impl<'m> Validator<'m> {
    /// A validator that keeps what it needs to know in `memory`: about 350 bytes for each P-256
    /// certificate, 750 for RSA with 2048 bits, 200 more than its DER for one that is signed with Ed25519; and
    /// for the leaf its subject alternative names and 60 bytes more.
    pub const fn new(memory: &'m mut [u8]) -> Self {
        Self { chain: PeerChain::new(memory) }
    }

    /// Takes in a certificate in DER: the leaf first, then all others in any order.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] with the bytes of memory that are needed so far;
    /// [`Error::Certificate`] if the leaf cannot be parsed. Another certificate that cannot be parsed
    /// is passed over, as it may not be needed.
    pub fn push<C: CryptoProvider>(&mut self, certificate: &[u8]) -> Result<(), Error> {
        self.push_traced::<C>(certificate, &mut NoTrace)
    }

    /// As [`push`](Self::push), and tells what was read.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_traced<C: CryptoProvider>(&mut self, certificate: &[u8], trace: &mut impl Trace) -> Result<(), Error> {
        self.chain.push::<C>(certificate, trace)
    }

    /// Searches a path from the leaf to an anchor and checks it.
    ///
    /// # Errors
    /// [`Error::Certificate`] with the certificate to blame and the rule it broke, be it
    /// [waived](Rules::waivers) or not.
    pub fn validate<C: CryptoProvider>(&mut self, rules: &Rules<'_>) -> Result<PathFound, Error> {
        self.validate_traced::<C>(rules, &mut NoTrace)
    }

    /// As [`validate`](Self::validate), and tells each step of the search.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn validate_traced<C: CryptoProvider>(
        &mut self,
        rules: &Rules<'_>,
        trace: &mut impl Trace,
    ) -> Result<PathFound, Error> {
        let path = self.search::<C>(rules, trace)?;
        path.waived.refusal().map_or(Ok(path), |refusal| Err(refusal.into()))
    }

    /// **Dangerous**: as [`validate`](Self::validate), and a path that is not valid is accepted if all that is wrong
    /// with it is [waived](Rules::waivers). [`PathFound::waived`] says what was.
    ///
    /// # Errors
    /// [`Error::Certificate`] for what is not waived.
    #[cfg(feature = "dangerous-waivers")]
    pub fn dangerous_validate_waived<C: CryptoProvider>(&mut self, rules: &Rules<'_>) -> Result<PathFound, Error> {
        self.search::<C>(rules, &mut NoTrace)
    }

    fn search<C: CryptoProvider>(&mut self, rules: &Rules<'_>, trace: &mut impl Trace) -> Result<PathFound, Error> {
        self.chain.restart();
        loop {
            if let Search::Found(_, path) = self.chain.step::<C>(rules, trace)? {
                return Ok(path);
            }
        }
    }

    /// Why the last certificate that was taken in, or the last path, was refused; `None` if it was not. The rules are
    /// those it was validated with.
    pub fn verdict<'a>(&'a self, rules: &Rules<'a>) -> Option<Verdict<'a>> {
        self.chain.verdict(rules)
    }

    /// The path that was found, certificate by certificate; `None` if none was. The rules are those it was validated
    /// with.
    pub fn path<'a>(&'a self, rules: &Rules<'a>) -> Option<VerifiedPath<'a>> {
        self.chain.verified(rules)
    }

    /// What the leaf says about its subject, once it was taken in, be the path valid or not.
    pub fn identity(&self) -> Option<PeerIdentity<'_>> {
        self.chain.identity()
    }

    /// The key of the leaf, to check what it signs.
    #[cfg(feature = "embedded-tls")]
    pub(crate) fn leaf_key(&self) -> Option<PublicKey<'_>> {
        self.chain.leaf_key()
    }
}
