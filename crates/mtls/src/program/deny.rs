//! The options about what is trusted no longer.

use clap::Args;

use embedded_mtls_blob::DenyList;

use super::options::authorities;
use crate::args::UsageError;
use crate::deny::Denials;
use crate::report::printable;

/// The files of what is denied.
#[derive(Args, Debug)]
#[allow(clippy::doc_markdown, reason = "the documentation is the help text")]
pub(super) struct DenyArgs {
    /// PEM or DER: a revocation list (CRL) that a trusted CA has signed, or certificates or public keys, whose holders are refused
    /// although their certificates are valid; may be repeated. Only the peer's own certificate is compared: a revoked intermediate
    /// denies nobody
    #[arg(long, visible_alias = "crl", value_name = "FILE")]
    pub(super) deny: Vec<String>,
    /// PEM: a CA that signs revocation lists, beside those that are trusted, such as an intermediate; may be repeated
    #[arg(long, value_name = "FILE", requires = "deny")]
    crl_issuer: Vec<String>,
}

impl DenyArgs {
    /// Returns the authorities whose lists count: these, and those that are trusted.
    pub(super) fn authorities(&self, trusted: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, UsageError> {
        Ok([&authorities(&self.crl_issuer)?.authorities[..], trusted].concat())
    }

    /// Reads the files.
    pub(super) fn read(&self, trusted: &[Vec<u8>]) -> Result<Denials, UsageError> {
        let denials = Denials::read(&self.deny, &self.authorities(trusted)?)?;
        denials.warnings().iter().for_each(|warning| eprintln!("mtls: warning: {}", printable(warning)));
        Ok(denials)
    }

    /// Reads the files, and adds them to what a blob denies.
    pub(super) fn add_to(&self, list: DenyList<'_>, trusted: &[Vec<u8>]) -> Result<Denials, UsageError> {
        let mut denials = Denials::of_blob(list);
        denials.append(self.read(trusted)?);
        Ok(denials)
    }
}
