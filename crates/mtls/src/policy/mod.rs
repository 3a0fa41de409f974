//! Policies from files: the options `--policy`, `--site` and `--alias` of the programs.
//!
//! References are read for each handshake, so a server need not be restarted when one changes. A store is read once: to
//! change its content, make another store and change the reference. If the new store cannot be read, or holds an
//! identity that peers would reject, the previous one stays in use.

mod endpoint;
mod keys;
mod own;
mod ssl_info;
mod stores;

pub(crate) use self::endpoint::Endpoint;
pub(crate) use self::keys::{Clock, Keys, is_mutual, keystore, waives};
pub(crate) use self::own::{expired, passed_over, warnings};
pub use self::ssl_info::{Around, SslInfo};
pub(crate) use self::stores::{Anchors, Folder};

use std::sync::{Arc, Mutex, PoisonError};

use embedded_mtls::credential::Entry;
use embedded_mtls::x509::TrustAnchor;
use embedded_mtls::{Credential, Side};
use embedded_mtls_operator::policy::{Policy, PolicyError, Resolved, Setting, Site, StoreName};
use mtls_pki::pem::{FileError, Identity, Password, Pin};

use super::args::UsageError;
use super::report::printable;
use super::tls;

/// A policy, the changes of the site, and the content of its stores.
#[derive(Debug)]
pub struct Rules {
    info: SslInfo,
    site: Option<SslInfo>,
    /// The alias of one connection.
    alias: Option<String>,
    /// The values of flow variables, behind their names.
    variables: Vec<(String, String)>,
    folder: Folder,
    last: Mutex<Option<Arc<Contents>>>,
}

/// A common name to require.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The name, or the pattern.
    pub name: String,
    /// Marks a pattern, as in `*.example.com`.
    pub is_pattern: bool,
}

/// The contents of the stores when they were read.
#[derive(Debug)]
pub struct Contents {
    key_store: Option<String>,
    trust_store: Option<String>,
    /// The alias of each identity.
    pub(crate) aliases: Vec<String>,
    pub(crate) identities: Vec<Identity>,
    pub(crate) authorities: Vec<Vec<u8>>,
    pub(crate) pins: Vec<Pin>,
    /// Other entries of the store of trust anchors, which cannot be used.
    pub(crate) passed_over: Vec<FileError>,
}

impl Rules {
    /// Takes the policy of a file, whose stores are in the same folder; `password` decrypts their keys.
    pub fn new(file: &str, info: SslInfo, site: Option<SslInfo>, alias: Option<String>, password: Password) -> Self {
        Self { info, site, alias, variables: Vec::new(), folder: Folder::of(file, password), last: Mutex::new(None) }
    }

    /// Sets the values of flow variables: each the name of a store or an alias, or `ref://` and the name of a reference.
    ///
    /// # Errors
    /// A value that denotes something outside of the folder, and a second value of the same variable.
    pub fn with_variables(mut self, variables: Vec<(String, String)>) -> Result<Self, UsageError> {
        let is_name = |value: &String| ssl_info::is_file_name(value.strip_prefix("ref://").unwrap_or(value));
        if let Some((name, value)) = variables.iter().find(|(_, value)| !is_name(value)) {
            let wanted = "a name, or ref:// and a name: letters, digits, '-', '_' and '.', not beginning with '.'";
            let found = printable(value);
            return Err(UsageError(format!("--var {}: found '{found}', wanted {wanted}", printable(name))));
        }
        let twice = |place: &usize| {
            let name = variables.get(*place).map(|(name, _)| name);
            variables.iter().take(*place).any(|(before, _)| Some(before) == name)
        };
        if let Some((name, _)) = (0..variables.len()).find(twice).and_then(|place| variables.get(place)) {
            return Err(UsageError(format!("--var {}: found it twice, wanted one value", printable(name))));
        }
        self.variables = variables;
        Ok(self)
    }

    /// Rejects contradictions and unresolvable names before any connection.
    ///
    /// # Errors
    /// The first error, with its place in the file.
    pub fn check<S: Side>(&self) -> Result<Arc<Contents>, UsageError> {
        self.policy::<S>()?;
        self.contents::<S>().map(|(contents, _)| contents)
    }

    /// Lists the warnings to print at the start: certificates of ours that peers reject or soon will, trust anchors
    /// that have expired or cannot be used, and settings without effect.
    pub(crate) fn warnings<S: Side>(&self) -> Result<Vec<String>, UsageError> {
        let policy = self.policy::<S>()?;
        let alias = policy.key_alias();
        let (contents, _) = self.contents::<S>()?;
        let shown = contents.named().filter(|(name, _)| alias.is_none_or(|alias| alias == *name));
        let mut warnings = self.info.without_effect(&policy);
        warnings.append(&mut own::warnings(shown, S::ROLE));
        warnings.extend(own::passed_over(&contents.passed_over));
        warnings.append(&mut own::expired(&contents.authorities));
        Ok(warnings)
    }

    /// Returns the endpoint to connect to, if the site or the policy names one.
    pub(crate) fn endpoint(&self) -> Option<&Endpoint> {
        self.site.as_ref().and_then(|site| site.endpoint.as_ref()).or(self.info.endpoint.as_ref())
    }

    /// Returns the policy with the changes of the site.
    fn policy<S: Side>(&self) -> Result<Policy<'_, S>, UsageError> {
        let policy = self.info.policy::<S>()?;
        let policy = match &self.site {
            None => policy,
            Some(site) => policy.at_site(&site.site()).map_err(|error| site.explain(error))?,
        };
        let connection = Site { key_alias: self.alias.as_deref() };
        let values: Vec<_> = self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let policy = policy.at_site(&connection).and_then(|policy| policy.with_variables(&values));
        policy.map_err(|error| match error {
            PolicyError::VariableUnset(_) => self.explain_as(error, "its value: --var NAME=VALUE"),
            _ => self.explain(error),
        })
    }

    /// Reads the current content of the policy's stores, following the references. If one cannot be followed, its last
    /// store is used and the reason is returned; the other is still followed, so that no trust persists because an
    /// identity cannot be read.
    pub(crate) fn contents<S: Side>(&self) -> Result<(Arc<Contents>, Vec<News>), UsageError> {
        let policy = self.policy::<S>()?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let trust = self.load_trust(&policy, last.as_deref());
        let Some(known) = last.clone() else {
            let keys = self.load_keys(&policy, None, &[])?;
            let next = Arc::new(Contents::from((keys.unwrap_or_default(), trust?.unwrap_or_default())));
            *last = Some(Arc::clone(&next));
            return Ok((next, Vec::new()));
        };
        let mut news = Vec::new();
        let trust = known.trust_now(trust, &mut news);
        let keys = self.load_keys(
            &policy,
            Some(&known),
            trust.as_ref().map_or(&known.authorities, |trust| &trust.1.authorities),
        );
        let keys = known.keys_now(keys, &mut news);
        if keys.is_none() && trust.is_none() {
            return Ok((known, news));
        }
        let next = (keys.unwrap_or_else(|| known.keys()), trust.unwrap_or_else(|| known.trust()));
        let next = Arc::new(Contents::from(next));
        *last = Some(Arc::clone(&next));
        Ok((next, news))
    }

    /// Reads the identities, unless their store was the last one read. New identities are checked as peers will check
    /// them.
    fn load_keys<S: Side>(
        &self,
        policy: &Policy<'_, S>,
        last: Option<&Contents>,
        authorities: &[Vec<u8>],
    ) -> Result<Option<Keyed>, UsageError> {
        let store = self.follow(Setting::KeyStore, policy.key_store())?;
        if last.is_some_and(|last| last.key_store == store) {
            return Ok(None);
        }
        let read = store.as_deref().map(|store| self.folder.identities(store)).transpose();
        let identities = read.map_err(|error| self.info.locate(Setting::KeyStore, &error))?;
        let (aliases, identities): (Vec<String>, Vec<Identity>) = identities.unwrap_or_default().into_iter().unzip();
        let wanted = policy.key_alias();
        if wanted.is_some_and(|wanted| aliases.iter().all(|alias| alias != wanted)) {
            let there = format!("one of: {} (store {})", printable(&aliases.join(", ")), name(store.as_ref()));
            return Err(self.explain_as(PolicyError::AliasNotFound, &there));
        }
        if let (Some(last), Some(store)) = (last, &store) {
            for (alias, identity) in aliases.iter().zip(&identities) {
                if wanted.is_none_or(|wanted| wanted == alias) {
                    let unfit = |why: String| UsageError(format!("KeyStore {store}, {alias}: {why}"));
                    own::admit(identity, S::ROLE).map_err(unfit)?;
                    own::missing_issuer(identity, &last.identities, authorities)
                        .map_or(Ok(()), |why| Err(unfit(why)))?;
                }
            }
        }
        Ok(Some((store, aliases, identities)))
    }

    /// Reads the trust anchors, unless their store was the last one read.
    fn load_trust<S: Side>(
        &self,
        policy: &Policy<'_, S>,
        last: Option<&Contents>,
    ) -> Result<Option<Trusted>, UsageError> {
        let store = self.follow(Setting::TrustStore, policy.trust_store())?;
        if last.is_some_and(|last| last.trust_store == store) {
            return Ok(None);
        }
        let read = store.as_deref().map(|store| self.folder.anchors(store)).transpose();
        let anchors = read.map_err(|error| self.info.locate(Setting::TrustStore, &error))?;
        Ok(Some((store, anchors.unwrap_or_default())))
    }

    /// Returns the store that a setting currently refers to.
    fn follow(&self, setting: Setting, store: Option<StoreName<'_>>) -> Result<Option<String>, UsageError> {
        match store {
            Some(StoreName::Reference(name)) => {
                self.folder.target(name).map(Some).map_err(|error| self.info.locate(setting, &error))
            }
            other => Ok(other.map(|store| store.text().to_owned())),
        }
    }

    /// Resolves the policy for one handshake.
    pub(crate) fn resolve<'b, S: Side>(
        &'b self,
        entries: &'b [Entry<'b>],
        anchors: &'b [TrustAnchor<'b>],
    ) -> Result<Resolved<'b, S>, UsageError> {
        self.policy()?.resolve_with(entries, anchors).map_err(|error| self.explain(error))
    }

    fn explain(&self, error: PolicyError) -> UsageError {
        self.explain_as(error, error.wanted())
    }

    /// Explains an error at its source: the options of one connection, the site, or the policy.
    fn explain_as(&self, error: PolicyError, wanted: &str) -> UsageError {
        if error.setting() != Setting::KeyAlias {
            return self.info.explain_as(error, wanted);
        }
        match (&self.alias, &self.site) {
            (Some(alias), _) => {
                UsageError(format!("--alias {alias}: {}: found {}, wanted {wanted}", error.setting(), error.found()))
            }
            (None, Some(site)) if site.site().key_alias.is_some() => site.explain_as(error, wanted),
            (None, _) => self.info.explain_as(error, wanted),
        }
    }
}

/// A store of identities: its name, the aliases and the identities.
type Keyed = (Option<String>, Vec<String>, Vec<Identity>);
/// A store of trust anchors: its name and its content.
type Trusted = (Option<String>, Anchors);

/// A change of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It now refers to another store.
    Moved(String),
    /// It cannot be followed; its previous store stays in use.
    Stale(String),
}

impl From<(Keyed, Trusted)> for Contents {
    fn from(((key_store, aliases, identities), (trust_store, anchors)): (Keyed, Trusted)) -> Self {
        let Anchors { authorities, pins, passed_over } = anchors;
        Self { key_store, trust_store, aliases, identities, authorities, pins, passed_over }
    }
}

impl Contents {
    fn keys(&self) -> Keyed {
        (self.key_store.clone(), self.aliases.clone(), self.identities.clone())
    }

    fn trust(&self) -> Trusted {
        let (authorities, pins, passed_over) = (self.authorities.clone(), self.pins.clone(), self.passed_over.clone());
        (self.trust_store.clone(), Anchors { authorities, pins, passed_over })
    }

    /// Returns the identities that replace these, if there are others; reports errors in them as news.
    fn keys_now(&self, read: Result<Option<Keyed>, UsageError>, news: &mut Vec<News>) -> Option<Keyed> {
        let before = name(self.key_store.as_ref());
        match read {
            Ok(None) => None,
            Ok(Some(next)) => {
                let (store, aliases, identities) = &next;
                let ends = tls::chains(identities);
                let ends = tls::credentials(&ends).unwrap_or_default();
                let ends = ends.iter().map(Credential::not_after);
                let valid: Vec<_> =
                    aliases.iter().zip(ends).map(|(alias, end)| format!("{alias} valid until {end}")).collect();
                let store = name(store.as_ref());
                news.push(News::Moved(format!("KeyStore {before} -> {store}, {}", valid.join(", "))));
                Some(next)
            }
            Err(error) => {
                news.push(News::Stale(format!("{error}; KeyStore {before} as before")));
                None
            }
        }
    }

    /// Returns the trust anchors that replace these, if there are others; reports errors in them as news.
    fn trust_now(&self, read: Result<Option<Trusted>, UsageError>, news: &mut Vec<News>) -> Option<Trusted> {
        let before = name(self.trust_store.as_ref());
        match read {
            Ok(None) => None,
            Ok(Some(next)) => {
                let (store, Anchors { authorities, pins, .. }) = &next;
                let ends = tls::anchors(authorities).unwrap_or_default();
                let end = ends.iter().filter_map(TrustAnchor::not_after).min();
                let valid = end.map_or_else(String::new, |end| format!(", all valid until {end}"));
                let (store, authorities, pins) = (name(store.as_ref()), authorities.len(), pins.len());
                news.push(News::Moved(format!(
                    "TrustStore {before} -> {store}, authorities: {authorities}, pins: {pins}{valid}"
                )));
                Some(next)
            }
            Err(error) => {
                news.push(News::Stale(format!("{error}; TrustStore {before} as before")));
                None
            }
        }
    }

    /// Returns the identities with their aliases.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&str, &Identity)> {
        self.aliases.iter().map(String::as_str).zip(&self.identities)
    }

    /// Makes contents that are from no store.
    pub(crate) fn of(identities: &[Identity], authorities: &[Vec<u8>], pins: &[Pin]) -> Self {
        Self {
            key_store: None,
            trust_store: None,
            aliases: identities.iter().map(|_| String::new()).collect(),
            identities: identities.to_vec(),
            authorities: authorities.to_vec(),
            pins: pins.to_vec(),
            passed_over: Vec::new(),
        }
    }

    /// Returns an entry for each credential of the identities.
    pub(crate) fn entries<'a>(&'a self, credentials: &[Credential<'a>]) -> Vec<Entry<'a>> {
        self.aliases.iter().zip(credentials).map(|(alias, credential)| Entry::new(alias, *credential)).collect()
    }
}

/// Names a store in messages.
fn name(store: Option<&String>) -> &str {
    store.map_or("none", String::as_str)
}
