//! Puts chains in order, matches keys, and reports what is wrong.

use std::collections::BTreeSet;

use embedded_mtls::credential::Expiry;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{Rules, ServerName, Time, TrustAnchor, UnixTime, Validator};
use embedded_mtls::{Error, Role};
use serde::Serialize;

use super::super::certificate::Certificate;
use super::{Content, Item};

/// The questions to answer.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// The name that the certificate of a server has to contain.
    pub host: Option<String>,
    /// The role of the holder; by default the one that the certificate names.
    pub role: Option<Role>,
    /// The number of days before the expiry at which a warning starts.
    pub warn_days: u16,
    /// Certificates of trusted authorities.
    pub authorities: Vec<Vec<u8>>,
}

/// The weight of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something to know.
    Note,
    /// It works, but needs attention.
    Warning,
    /// It cannot work.
    Fault,
}

/// A fact that needs attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The weight.
    pub severity: Severity,
    /// The finding in words.
    pub text: String,
}

/// The needs of a device that receives the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Needs {
    /// Features of `embedded-mtls` beside the default.
    pub features: Vec<&'static str>,
    /// Bytes of `peer` memory.
    pub peer: usize,
    /// Bytes of DER that are sent.
    pub chain: usize,
}

/// One chain.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Places of its certificates among the items, leaf first.
    pub chain: Vec<usize>,
    /// The place of its private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<usize>,
    /// The needs of a device that receives it.
    pub needs: Needs,
    /// The findings.
    pub findings: Vec<Finding>,
}

/// Examines the chain above each leaf, and each key and request.
pub fn examine(items: &[Item], wishes: &Wishes) -> (Vec<Report>, Vec<Finding>) {
    let issues = |place: usize, certificate: &Certificate| {
        let mut others = certificates(items).filter(|(other, _)| *other != place);
        others.any(|(_, other)| other.is_issued_by(certificate))
    };
    let leaves = certificates(items).filter(|(place, certificate)| !certificate.is_ca && !issues(*place, certificate));
    let mut leaves: Vec<_> = leaves.map(|(place, _)| place).collect();
    if leaves.is_empty() {
        // Only authorities: the lowest ones.
        let lowest = certificates(items).filter(|(place, certificate)| !issues(*place, certificate));
        leaves = lowest.map(|(place, _)| place).collect();
    }
    let reports: Vec<_> = leaves.into_iter().map(|leaf| Chain::above(items, leaf).examine(wishes)).collect();
    (reports, lonely(items))
}

/// Iterates over the certificates with their places.
fn certificates(items: &[Item]) -> impl Iterator<Item = (usize, &Certificate)> {
    items.iter().enumerate().filter_map(|(place, item)| match &item.content {
        Content::Certificate(certificate) => Some((place, &**certificate)),
        _ => None,
    })
}

/// Finds keys without a certificate, and what is wrong with blobs.
fn lonely(items: &[Item]) -> Vec<Finding> {
    let has = |key: &[u8]| certificates(items).any(|(_, certificate)| certificate.raw.public_key == key);
    let requested = |key: &[u8]| {
        items.iter().any(|item| matches!(&item.content, Content::Request(request) if request.public_key == key))
    };
    let any = certificates(items).next().is_some();
    let finding = |item: &Item| match &item.content {
        Content::PrivateKey { public, .. } if any && !has(public) && !requested(public) => Some(Finding {
            severity: Severity::Fault,
            text: format!("{}: no certificate here belongs to this key", item.file),
        }),
        Content::BrokenBlob { .. } => {
            Some(Finding { severity: Severity::Fault, text: format!("{}: no device accepts this blob", item.file) })
        }
        Content::Request(request) if has(&request.public_key) => Some(Finding {
            severity: Severity::Note,
            text: format!("{}: a certificate for this request is here", item.file),
        }),
        _ => None,
    };
    let of_blobs = items.iter().filter_map(|item| match &item.content {
        Content::Blob(shown) => {
            Some(shown.warnings.iter().map(|text| Finding { severity: Severity::Warning, text: text.clone() }))
        }
        _ => None,
    });
    items.iter().filter_map(finding).chain(of_blobs.flatten()).collect()
}

/// A chain in order.
struct Chain<'i> {
    items: &'i [Item],
    places: Vec<usize>,
    certificates: Vec<&'i Certificate>,
    findings: Vec<Finding>,
}

impl<'i> Chain<'i> {
    /// Follows the issuers of a certificate.
    fn above(items: &'i [Item], leaf: usize) -> Self {
        let mut places = vec![leaf];
        let at = |wanted: usize| certificates(items).find(|(place, _)| *place == wanted).map(|(_, found)| found);
        while let Some(last) = places.last().and_then(|place| at(*place)).filter(|last| !last.is_self_issued) {
            let is_next = |(place, other): &(usize, &Certificate)| !places.contains(place) && last.is_issued_by(other);
            let Some((next, _)) = certificates(items).find(is_next) else { break };
            places.push(next);
        }
        let certificates = places.iter().filter_map(|place| at(*place)).collect();
        Self { items, places, certificates, findings: Vec::new() }
    }

    fn find(&mut self, severity: Severity, text: impl Into<String>) {
        self.findings.push(Finding { severity, text: text.into() });
    }

    fn examine(mut self, wishes: &Wishes) -> Report {
        let key = self.key();
        self.look_at_order();
        self.look_at_dates(wishes.warn_days);
        self.look_at_validity();
        let needs = self.needs();
        self.judge(wishes, needs.peer);
        self.findings.sort_by_key(|finding| core::cmp::Reverse(finding.severity));
        Report { chain: self.places, key, needs, findings: self.findings }
    }

    /// Finds the private key of the leaf.
    fn key(&self) -> Option<usize> {
        let leaf = self.certificates.first()?;
        self.items.iter().position(
            |item| matches!(&item.content, Content::PrivateKey { public, .. } if *public == leaf.raw.public_key),
        )
    }

    /// Compares the order in the file of the leaf with that of the chain.
    fn look_at_order(&mut self) {
        let Some(leaf) = self.places.first().and_then(|place| self.items.get(*place)) else { return };
        let file = leaf.file.clone();
        let same_file: Vec<_> = certificates(self.items)
            .filter(|(place, _)| self.items.get(*place).is_some_and(|item| item.file == file))
            .collect();
        if same_file.len() < 2 {
            return;
        }
        let in_file: Vec<_> = same_file.iter().map(|(place, _)| *place).filter(|p| self.places.contains(p)).collect();
        let wanted: Vec<_> = self.places.iter().copied().filter(|place| in_file.contains(place)).collect();
        if in_file != wanted {
            let numbers = wanted.iter().filter_map(|place| Some(self.items.get(*place)?.number.to_string()));
            let order = numbers.collect::<Vec<_>>().join(", ");
            self.find(Severity::Warning, format!("{file}: wanted the leaf first, then each issuer: {order}"));
        }
        for (place, certificate) in same_file {
            let is_in_chain = self.places.contains(&place);
            if is_in_chain && certificate.is_self_issued && certificate.is_ca {
                let text = format!("{file}: the root {} does not have to be sent", certificate.subject);
                self.find(Severity::Note, text);
            } else if !is_in_chain && certificate.is_ca {
                let text = format!("{file}: {} is above no certificate of this chain", certificate.subject);
                self.find(Severity::Warning, text);
            }
        }
    }

    /// Warns before certificates expire; the core rejects those that have.
    fn look_at_dates(&mut self, warn_days: u16) {
        let Time::Trusted(now) = system_time() else { return };
        for certificate in self.certificates.clone() {
            if let Some(expiry) = Expiry::within(UnixTime(certificate.raw.not_after), now, warn_days)
                .filter(|_| now.0 <= certificate.raw.not_after)
            {
                self.find(Severity::Warning, format!("{} {expiry}", certificate.subject));
            }
        }
    }

    /// Compares the validity of a server's certificate with the limit for public authorities, which holds by the day of issue.
    fn look_at_validity(&mut self) {
        let Some(leaf) = self.certificates.first() else { return };
        let is_for_servers = !leaf.is_ca && leaf.extended_key_usage.iter().any(|usage| usage == "serverAuth");
        let (from, seconds) = (leaf.raw.not_before, leaf.raw.not_after - leaf.raw.not_before + 1);
        let Some((since, most)) = PUBLIC_LIMITS.iter().copied().find(|(since, _)| *since <= from) else { return };
        // Both ends belong to the period (RFC 5280 section 4.1.2.5).
        if !is_for_servers || seconds <= most * DAY {
            return;
        }
        let (days, since) = (seconds / DAY, UnixTime(since).to_string());
        let since = since.split('T').next().unwrap_or_default().to_owned();
        let text = format!(
            "{} is valid for {days} days: public authorities may issue at most {most} since {since}, and browsers reject more; \
             an authority of your own may",
            leaf.subject
        );
        self.find(Severity::Note, text);
    }

    /// Names the features for the keys and signatures of the chain, and measures the memory.
    fn needs(&self) -> Needs {
        let mut features = BTreeSet::new();
        for certificate in &self.certificates {
            for word in [&certificate.key, &certificate.signature] {
                match word.as_str() {
                    "P-384" | "ECDSA with SHA-384" => features.insert("p384"),
                    "Ed25519" => features.insert("ed25519"),
                    word if word.starts_with("RSA") => features.insert("rsa"),
                    _ => continue,
                };
            }
        }
        // The root is an anchor of the receiver, or is not sent.
        let sent = self.certificates.iter().filter(|certificate| !(certificate.is_ca && certificate.is_self_issued));
        let sent: Vec<_> = sent.map(|certificate| &certificate.raw.der[..]).collect();
        let chain = sent.iter().map(|der| der.len()).sum();
        Needs { features: features.into_iter().collect(), peer: memory(&sent), chain }
    }

    /// Has the core judge the chain, below the trusted authorities or else as a pinned certificate.
    fn judge(&mut self, wishes: &Wishes, memory: usize) {
        let Some(leaf) = self.certificates.first().filter(|leaf| !leaf.is_ca) else { return };
        let is_server = |leaf: &Certificate| !leaf.extended_key_usage.iter().any(|usage| usage == "clientAuth");
        let by_purpose = if is_server(leaf) { Role::Server } else { Role::Client };
        let role = if wishes.host.is_some() { Role::Server } else { wishes.role.unwrap_or(by_purpose) };
        let top = self.certificates.last().filter(|top| top.is_ca && top.is_self_issued);
        let roots = top.map(|top| &top.raw.der[..]).into_iter();
        let trusted = wishes.authorities.iter().map(Vec::as_slice);
        let authorities: Vec<_> = if wishes.authorities.is_empty() { roots.collect() } else { trusted.collect() };
        let mut anchors: Vec<_> =
            authorities.iter().filter_map(|der| TrustAnchor::from_certificate(der).ok()).collect();
        let is_incomplete = anchors.is_empty();
        if is_incomplete {
            let issuer = self.certificates.last().map_or("", |top| top.issuer.as_str()).to_owned();
            let urls = self.certificates.last().map(|top| top.issuer_urls.join(", ")).unwrap_or_default();
            let from = if urls.is_empty() { String::new() } else { format!("; its certificate may be at {urls}") };
            anchors.extend(TrustAnchor::from_pinned_certificate(RustCrypto, &leaf.raw.der));
            self.find(Severity::Note, format!("its issuer {issuer} is not here: it has to be trusted, or sent{from}"));
        }
        let verdict = verdict(&self.certificates, &anchors, role, wishes.host.as_deref(), memory);
        if let Err(text) = verdict {
            self.find(Severity::Fault, text);
        }
    }
}

/// Seconds of a day.
const DAY: i64 = 86_400;

/// The days for which public authorities may issue certificates of servers, each since a day, the latest first (CA/Browser
/// Forum, Baseline Requirements section 6.3.2).
const PUBLIC_LIMITS: [(i64, i64); 4] = [
    (1_868_227_200, 47),  // 2029-03-15
    (1_805_068_800, 100), // 2027-03-15
    (1_773_532_800, 200), // 2026-03-15
    (1_598_918_400, 398), // 2020-09-01
];

/// Measures the memory for the summaries of a chain, with the core itself.
fn memory(chain: &[&[u8]]) -> usize {
    let mut size = 0;
    loop {
        let mut memory = vec![0; size];
        let mut validator = Validator::new(&mut memory);
        let too_small = chain.iter().find_map(|der| match validator.push(RustCrypto, der) {
            Err(Error::BufferTooSmall { need, .. }) => Some(need.into()),
            _ => None,
        });
        match too_small {
            Some(needed) if needed > size => size = needed,
            _ => return size,
        }
    }
}

/// Returns the verdict of the core on a chain.
fn verdict(
    chain: &[&Certificate],
    anchors: &[TrustAnchor<'_>],
    role: Role,
    host: Option<&str>,
    memory: usize,
) -> Result<(), String> {
    let host = host.map(ServerName::parse).transpose().map_err(|error| format!("--host: {error}"))?;
    // The certificates that are not sent are pushed too, so some more.
    let mut memory = vec![0; memory + 4096];
    let mut validator = Validator::new(&mut memory);
    for certificate in chain {
        // Those that cannot be parsed are rejected below.
        let _ = validator.push(RustCrypto, &certificate.raw.der);
    }
    let mut rules = Rules::client(anchors, system_time());
    (rules.role, rules.server_name) = (role, host.as_ref());
    validator.validate(RustCrypto, rules).map(|_| ()).map_err(|verdict| verdict.to_string())
}
