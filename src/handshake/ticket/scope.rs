//! The scope of tickets: everything in a configuration that a ticket depends on.

use crate::crypto::{CryptoError, CryptoProvider, Hash, HashAlgorithm};
use crate::handshake::config::{ClientAuth, ClientConfig, Parameters, ServerConfig};
use crate::x509::{ServerName, TrustAnchor};
use core::net::IpAddr;

/// SHA-256 of everything in a configuration that a ticket depends on.
pub(crate) type Scope = [u8; 32];

impl ClientConfig<'_> {
    /// Hashes everything that a session of this configuration depends on: the server, by its names and anchors, and the
    /// rules for its path.
    pub(crate) fn scope<C: CryptoProvider>(&self, provider: C) -> Result<Scope, CryptoError> {
        scope(provider, |part| {
            part(b"name");
            match &self.server_name {
                ServerName::Dns(name) => part(name.as_str().as_bytes()),
                ServerName::Ip(IpAddr::V4(address)) => part(&address.octets()),
                ServerName::Ip(IpAddr::V6(address)) => part(&address.octets()),
            }
            part(&[u8::from(matches!(self.server_name, ServerName::Ip(_)))]);
            part(self.sent_server_name().unwrap_or_default().as_bytes());
            if let Some(name) = &self.common_name {
                part(b"common name");
                name.describe(part);
            }
            self.parameters.describe::<C>(part);
            describe_anchors(self.anchors, part);
        })
    }
}

impl ServerConfig<'_> {
    /// Hashes everything that a session of this configuration depends on, with a client that requested this server
    /// name.
    pub(crate) fn scope<C: CryptoProvider>(
        &self,
        provider: C,
        server_name: Option<&str>,
    ) -> Result<Scope, CryptoError> {
        scope(provider, |part| {
            part(server_name.map(str::as_bytes).unwrap_or_default());
            part(&[match self.client_auth {
                ClientAuth::None => 0,
                ClientAuth::Optional(_) => 1,
                ClientAuth::Required(_) => 2,
            }]);
            self.parameters.describe::<C>(part);
            describe_anchors(self.client_auth.anchors().unwrap_or_default(), part);
            #[cfg(feature = "post-handshake-auth")]
            describe_anchors(self.post_handshake_anchors, part);
        })
    }

    /// Returns whether tickets may depend on these anchors of a request after the handshake.
    #[cfg(feature = "post-handshake-auth")]
    pub(crate) fn has_anchors<C: CryptoProvider>(
        &self,
        provider: C,
        anchors: &[TrustAnchor<'_>],
    ) -> Result<bool, CryptoError> {
        let hash = |anchors: &[TrustAnchor<'_>]| scope(provider, |part| describe_anchors(anchors, part));
        let of_request = hash(anchors)?;
        Ok(hash(self.client_auth.anchors().unwrap_or_default())? == of_request
            || hash(self.post_handshake_anchors)? == of_request)
    }
}

impl Parameters<'_> {
    /// Passes the rules for the peer's path to `part`.
    fn describe<C: CryptoProvider>(&self, part: &mut dyn FnMut(&[u8])) {
        part(&[self.max_depth, u8::from(self.strict_profile)]);
        part(&self.max_validity_days.unwrap_or(0).to_be_bytes());
        part(b"schemes");
        for scheme in self.signature_schemes::<C>() {
            part(&scheme.0.to_be_bytes());
        }
    }
}

/// Hashes the parts that `describe` passes, each after its length.
fn scope<C: CryptoProvider>(provider: C, describe: impl FnOnce(&mut dyn FnMut(&[u8]))) -> Result<Scope, CryptoError> {
    let mut hash = provider.hash(HashAlgorithm::Sha256)?;
    describe(&mut |part| {
        hash.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(part);
    });
    hash.finish().as_bytes().first_chunk().copied().ok_or(CryptoError::Invalid)
}

fn describe_anchors(anchors: &[TrustAnchor<'_>], part: &mut dyn FnMut(&[u8])) {
    part(b"anchors");
    for anchor in anchors {
        anchor.describe(part);
    }
}
