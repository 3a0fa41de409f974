//! Identities of the tests in the types of rustls, for each test that has rustls as a peer.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use test_support::peers::world::Identity;
use test_support::pki::Issued;

/// Returns a store with this root alone.
///
/// # Errors
/// The reason for which rustls does not accept the root.
pub fn roots(root: &Issued) -> Result<Arc<RootCertStore>, String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(root.der.clone())).map_err(|error| error.to_string())?;
    Ok(Arc::new(roots))
}

/// Returns the chain, leaf first, and the key of an identity.
///
/// # Errors
/// The reason for which the key has no PKCS#8 form.
pub fn credential(identity: &Identity) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let chain = identity.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    let key = PrivatePkcs8KeyDer::from(identity.key_pkcs8()?);
    Ok((chain, key.into()))
}
