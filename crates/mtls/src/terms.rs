//! The terms of a handshake of the supplier: fixed for all connections, or read from a policy at the start of each.

#[cfg(feature = "resumption")]
use embedded_mtls::TicketKeys;
use embedded_mtls::credential::Selector;
use embedded_mtls::{Error, Server, ServerConfig};

use super::args::{Preferences, UsageError};
use super::own_key::OwnKey;
use super::policy::{News, Rules, waives};
use super::tls;

/// The source of the terms of a connection.
#[allow(clippy::large_enum_variant, reason = "there is one for the life of a server")]
pub(crate) enum Source<'a> {
    /// The same for all connections.
    Fixed(Terms<'a>),
    /// Those of a policy, read for each connection.
    Rules(&'a Rules, Wishes<'a>),
}

/// The settings beside identities and trust.
#[derive(Clone, Copy)]
pub(crate) struct Wishes<'a> {
    pub(crate) preferences: &'a Preferences,
    #[cfg(feature = "resumption")]
    pub(crate) tickets: Option<&'a (TicketKeys, u32)>,
}

/// The terms of one handshake.
pub(crate) struct Terms<'a> {
    pub(crate) config: ServerConfig<'a>,
    pub(crate) selector: Selector<'a>,
    pub(crate) keys: &'a [OwnKey],
    pub(crate) accepts_waived: bool,
}

/// Returns the application protocols in the form that a configuration borrows.
pub(crate) fn alpn(preferences: &Preferences) -> Vec<&[u8]> {
    preferences.alpn.iter().map(Vec::as_slice).collect()
}

/// Applies these settings.
pub(crate) fn prefer<'a>(config: ServerConfig<'a>, wishes: Wishes<'a>) -> ServerConfig<'a> {
    let Preferences { groups, suites, max_depth, max_validity, strict, .. } = wishes.preferences;
    let mut config = config.with_groups(groups).with_cipher_suites(suites).with_strict_profile(*strict);
    if let Some(depth) = max_depth {
        config = config.with_max_depth(*depth);
    }
    if let Some(days) = max_validity {
        config = config.with_max_validity_days(*days);
    }
    #[cfg(feature = "resumption")]
    if let Some((keys, lifetime)) = wishes.tickets {
        config = config.with_tickets(keys, *lifetime);
    }
    config
}

impl Source<'_> {
    /// Calls `work` with the current terms. `tell` is called if a reference has changed, or cannot be followed; the
    /// previous terms then stay in use.
    pub(crate) fn with_terms<R>(
        &self,
        tell: impl FnMut(News),
        work: impl FnOnce(&Terms<'_>) -> R,
    ) -> Result<R, UsageError> {
        let (rules, wishes) = match self {
            Self::Fixed(terms) => return Ok(work(terms)),
            Self::Rules(rules, wishes) => (rules, *wishes),
        };
        let unusable = |error: Error| UsageError(error.to_string());
        let (contents, news) = rules.contents::<Server>()?;
        news.into_iter().for_each(tell);
        let (chains, keys) = (tls::chains(&contents.identities), tls::keys(&contents.identities).map_err(UsageError)?);
        let credentials = tls::credentials(&chains).map_err(unusable)?;
        let entries = contents.entries(&credentials);
        let mut anchors = tls::anchors(&contents.authorities).map_err(unusable)?;
        anchors.append(&mut tls::pins(&contents.pins).map_err(unusable)?);
        let resolved = rules.resolve::<Server>(&entries, &anchors)?;
        let alpn = alpn(wishes.preferences);
        let config = prefer(resolved.config().with_alpn(&alpn), wishes);
        Ok(work(&Terms { config, selector: resolved.selector(), keys: &keys, accepts_waived: waives(&resolved) }))
    }
}
