//! The choice of a credential among several.

use super::{Credential, Match, Mismatch, PeerRequest};
use crate::error::{ApiMisuse, Error, PeerIncompatible};
use crate::role::Role;
use crate::wire::extension::CodePoints;
use crate::x509::{DnsName, ServerName, Time};
use core::fmt;

/// A credential with its name in a keystore, the alias.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// The alias.
    pub alias: &'a str,
    /// The credential.
    pub credential: Credential<'a>,
    /// The names that the entry serves on a server, in place of those in its certificate, if there are any.
    /// `*.example.com` matches every name with one more label. An entry that lists the requested name takes precedence
    /// over one whose certificate contains it.
    pub server_names: &'a [&'a str],
    /// A disabled entry is never sent.
    pub enabled: bool,
}

/// The rules that choose an entry of a keystore for the request of a peer.
///
/// The first entry that matches the request is sent, so the order of the entries is the order of preference. If none
/// matches, a server takes an entry that fails only preferences of the client (RFC 9846 section 4.5.1.2). If there is
/// no such entry, [`NoMatch`] decides.
#[derive(Clone, Copy, Debug)]
pub struct Selector<'b> {
    /// The entries, the best first.
    pub entries: &'b [Entry<'b>],
    /// Chooses among the entries with this alias only, for one connection.
    pub alias: Option<&'b str>,
    /// The behaviour if no entry matches.
    pub no_match: NoMatch<'b>,
    /// Chooses no credential that is not valid at this time, except as a [default](NoMatch::Default).
    pub time: Option<Time>,
}

/// The behaviour if no credential matches the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NoMatch<'b> {
    /// Send none: a client sends an empty Certificate, and the server decides (RFC 9846 section 4.5.1). A server
    /// cannot continue without one, so for it this is [`Fail`](Self::Fail).
    #[default]
    Decline,
    /// Send the entry with this alias even so, unless the peer cannot verify signatures of its key, it is disabled, or
    /// another [alias](Selector::alias) is asked for. A web server has such a default for clients that ask for no
    /// name or for an unknown one.
    Default(&'b str),
    /// End the handshake: with `unrecognized_name` (112) if a client asked for a name that no entry serves, else with
    /// `handshake_failure` (40). A client does so only once the server is authenticated.
    Fail,
}

/// The credential to send, if one is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Choice<'b> {
    /// Sends none: a client sends an empty Certificate, and the server decides. On a server the handshake fails.
    Decline,
    /// Sends none and ends the handshake with this error.
    ///
    /// A client's handshake continues until the server is authenticated, and fails then, in
    /// [`poll`](crate::Handshake::poll): an unauthenticated server does not learn which authorities issued our
    /// certificates.
    Fail(PeerIncompatible),
    /// Sends this one.
    Send(&'b Credential<'b>),
}

impl<'b> Choice<'b> {
    /// Returns the credential to send to a peer that accepts these signature schemes, or `None` to decline.
    ///
    /// RFC 9846 section 4.5.2.
    ///
    /// # Errors
    /// The reason to end the handshake.
    pub(crate) fn resolve(self, accepted: CodePoints<'_>) -> Result<Option<&'b Credential<'b>>, Error> {
        match self {
            Self::Decline => Ok(None),
            Self::Fail(reason) => Err(reason.into()),
            Self::Send(credential) if accepted.contains(credential.scheme().0) => Ok(Some(credential)),
            Self::Send(_) => Err(ApiMisuse::CredentialSchemeNotOffered.into()),
        }
    }
}

impl<'b> From<&'b Credential<'b>> for Choice<'b> {
    fn from(credential: &'b Credential<'b>) -> Self {
        Self::Send(credential)
    }
}

impl<'b> From<Option<&'b Credential<'b>>> for Choice<'b> {
    fn from(credential: Option<&'b Credential<'b>>) -> Self {
        credential.map_or(Self::Decline, Self::Send)
    }
}

/// The choice of a [`Selector`], and its reason.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Selection<'b> {
    /// The answer to the request.
    pub choice: Choice<'b>,
    /// The entry that is sent, and whether it matches or is sent as the default.
    pub sent: Option<EntryFit<'b>>,
}

/// The result of checking one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct EntryFit<'b> {
    /// The alias of the entry.
    pub alias: &'b str,
    /// The match, or the reason why there is none.
    pub fit: Result<Match, Mismatch>,
}

impl<'a> Entry<'a> {
    /// Makes an enabled entry, which on a server serves the names in the subject alternative name of the leaf.
    pub const fn new(alias: &'a str, credential: Credential<'a>) -> Self {
        Self { alias, credential, server_names: &[], enabled: true }
    }

    /// Checks whether the entry matches the request.
    ///
    /// # Errors
    /// The first reason why it does not.
    fn check(&self, request: &PeerRequest<'_>, time: Option<Time>) -> Result<Match, Mismatch> {
        if !self.enabled {
            return Err(Mismatch::Disabled);
        }
        match request.server_name {
            Some(name) if !self.serves(name) => Err(Mismatch::ServerName),
            _ => request.check(&self.credential, time),
        }
    }

    fn serves(&self, name: &str) -> bool {
        if !self.server_names.is_empty() {
            return self.names(name);
        }
        match ServerName::parse(name) {
            Ok(name @ ServerName::Dns(_)) => {
                self.credential.certificates().next().is_some_and(|leaf| leaf.serves(&name))
            }
            // RFC 6066 section 3: "Literal IPv4 and IPv6 addresses are not permitted in 'HostName'."
            _ => false,
        }
    }

    /// Returns whether the entry lists the name.
    fn names(&self, name: &str) -> bool {
        let dns = DnsName::parse(name).ok();
        self.server_names
            .iter()
            .any(|listed| listed.eq_ignore_ascii_case(name) || dns.is_some_and(|name| name.matches(listed.as_bytes())))
    }
}

impl<'b> Selector<'b> {
    /// Chooses among `entries`, the best first; if none matches, none is sent.
    pub const fn new(entries: &'b [Entry<'b>]) -> Self {
        Self { entries, alias: None, no_match: NoMatch::Decline, time: None }
    }

    /// Chooses the credential for a request.
    pub fn select(&self, request: &PeerRequest<'_>) -> Selection<'b> {
        let found = [true, false].into_iter().find_map(|named| self.first(request, named));
        match (found, self.no_match) {
            (Some((entry, fit)), _) => Selection::show(entry, fit),
            (None, NoMatch::Decline) => Selection { choice: Choice::Decline, sent: None },
            (None, NoMatch::Default(alias)) => {
                let default = self.entries.iter().find(|entry| entry.alias == alias);
                let fits = |entry: &&Entry<'_>| {
                    entry.enabled
                        && self.alias.is_none_or(|wanted| wanted == entry.alias)
                        && request.signature_schemes().any(|scheme| scheme == entry.credential.scheme())
                };
                match default.filter(fits) {
                    Some(entry) => Selection::show(entry, self.check(entry, request)),
                    None => self.fail(request),
                }
            }
            (None, NoMatch::Fail) => self.fail(request),
        }
    }

    /// Checks each entry, in their order.
    pub fn verdicts<'w>(&self, request: &PeerRequest<'w>) -> impl Iterator<Item = EntryFit<'b>> + use<'b, 'w> {
        let (selector, request) = (*self, *request);
        self.entries.iter().map(move |entry| EntryFit { alias: entry.alias, fit: selector.check(entry, &request) })
    }

    /// Passes key and alias of each entry that does not match the request, with the reason.
    #[cfg(all(feature = "events", feature = "rustcrypto"))]
    pub(crate) fn for_each_mismatch(
        &self,
        request: &PeerRequest<'_>,
        each: &mut dyn FnMut(super::KeyHandle, &str, Mismatch),
    ) {
        for (entry, verdict) in self.entries.iter().zip(self.verdicts(request)) {
            if let Err(reason) = verdict.fit {
                each(entry.credential.key(), entry.alias, reason);
            }
        }
    }

    /// Finds the first entry that matches, or on a server one that misses preferences only. `named`: among those whose
    /// own list has the name of the server.
    fn first(&self, request: &PeerRequest<'_>, named: bool) -> Option<(&'b Entry<'b>, Result<Match, Mismatch>)> {
        let is_named = |entry: &Entry<'_>| request.server_name.is_some_and(|name| entry.names(name));
        let entries = self.entries.iter().filter(|entry| !named || is_named(entry));
        let mut second = None;
        for entry in entries {
            match self.check(entry, request) {
                Ok(fit) => return Some((entry, Ok(fit))),
                Err(mismatch) if request.role == Role::Server && mismatch.is_preference_of_client() => {
                    second = second.or(Some((entry, Err(mismatch))));
                }
                Err(_) => {}
            }
        }
        second
    }

    fn check(&self, entry: &Entry<'_>, request: &PeerRequest<'_>) -> Result<Match, Mismatch> {
        if self.alias.is_some_and(|alias| alias != entry.alias) {
            return Err(Mismatch::OtherAlias);
        }
        entry.check(request, self.time)
    }

    fn fail(&self, request: &PeerRequest<'_>) -> Selection<'b> {
        // RFC 6066 section 3: a server that does not know the name either continues or aborts "by sending a fatal-level
        // unrecognized_name(112) alert". The name of an entry that may not be sent is known, too.
        let is_unknown = |name| !self.entries.iter().any(|entry| entry.serves(name));
        let error = if request.server_name.is_some_and(is_unknown) {
            PeerIncompatible::UnknownServerName
        } else {
            PeerIncompatible::NoCredential
        };
        Selection { choice: Choice::Fail(error), sent: None }
    }
}

impl<'b> Selection<'b> {
    fn show(entry: &'b Entry<'b>, fit: Result<Match, Mismatch>) -> Self {
        Self { choice: Choice::Send(&entry.credential), sent: Some(EntryFit { alias: entry.alias, fit }) }
    }
}

impl fmt::Display for EntryFit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.alias)?;
        match &self.fit {
            Ok(fit) => fit.fmt(f),
            Err(mismatch) => mismatch.fmt(f),
        }
    }
}

impl fmt::Display for Selection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.sent, self.choice) {
            (Some(verdict), _) => write!(f, "sent: {verdict}"),
            (None, Choice::Fail(_)) => f.write_str("no credential matches: the handshake ends"),
            (None, _) => f.write_str("no credential matches: no certificate is sent"),
        }
    }
}

impl fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("alias", &self.alias).field("enabled", &self.enabled).finish_non_exhaustive()
    }
}
