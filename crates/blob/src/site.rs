//! The settings of a site, as far as the policy of the fleet leaves them to it.

use core::fmt;

use crate::Blob;
use crate::records::{Endpoint, Identity};

/// The settings that a site may override. What the fleet decides has no field here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Site<'a> {
    /// The alias to use instead of the active one; `None` keeps it.
    pub alias: Option<&'a str>,
    /// The endpoint to use instead of that of the blob; `None` keeps it.
    pub endpoint: Option<Endpoint<'a>>,
}

/// The identity and the endpoint in force at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen<'a> {
    /// The identity; `None` if the blob has no active one and the site names none.
    pub identity: Option<Identity<'a>>,
    /// The endpoint; `None` if neither the blob nor the site has one.
    pub endpoint: Option<Endpoint<'a>>,
}

/// A setting of a site that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SiteError {
    /// The fleet has locked the alias.
    AliasLocked,
    /// No identity has this alias.
    AliasUnknown,
    /// The fleet has locked the endpoint.
    EndpointLocked,
}

impl fmt::Display for SiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AliasLocked => "the site has an alias, which the policy of the fleet locks",
            Self::AliasUnknown => "the site has an alias that no identity of the blob has",
            Self::EndpointLocked => "the site has an endpoint, which the policy of the fleet locks",
        })
    }
}

impl core::error::Error for SiteError {}

impl<'a> Blob<'a> {
    /// Returns what is in force at a site.
    ///
    /// # Errors
    /// [`SiteError`] for a setting that the policy does not leave to sites, or an alias that no identity has.
    pub fn at_site(&self, site: &Site<'a>) -> Result<Chosen<'a>, SiteError> {
        let identity = match site.alias {
            None => self.active(),
            Some(_) if !self.policy.site_chooses_alias => return Err(SiteError::AliasLocked),
            Some(alias) => Some(self.identity(alias).ok_or(SiteError::AliasUnknown)?),
        };
        match site.endpoint {
            Some(_) if !self.policy.site_chooses_endpoint => Err(SiteError::EndpointLocked),
            endpoint => Ok(Chosen { identity, endpoint: endpoint.or(self.endpoint) }),
        }
    }
}
