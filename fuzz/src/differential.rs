//! The same list, anchors, name and time for this crate and for rustls-webpki: both have to give the same
//! verdict, or the difference has its reason in [`differences`](crate::differences).

use crate::chain::{Case, NOW, Plan};
use crate::choices::Choices;
use crate::differences::{DIFFERENCES, Refused};
use crate::tagged::Tagged;
use crate::template::Oddity;
use embedded_mtls::x509::{Rules, ServerName, Time, TrustAnchor, UnixTime, Validator};
use embedded_mtls::{CertificateError, Error, Role};
use rustls_pki_types as pki_types;
use rustls_pki_types::CertificateDer;

/// webpki follows six intermediates; with the anchor these are seven authorities.
const DEPTH: u8 = 7;

/// The result of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdicts {
    /// Both find a path.
    BothAccept,
    /// Neither does.
    BothRefuse,
    /// Only webpki finds one; for this reason, if there is a single one.
    WeRefuse(Option<Oddity>, &'static str),
    /// Only we find one.
    TheyRefuse(Option<Oddity>, &'static str),
}

/// Certificates with oddities of all kinds: each difference has its reason.
///
/// # Panics
/// If the verdicts differ without one.
pub fn differential(input: &[u8]) -> Verdicts {
    compare(&Plan::new(&mut Choices::new(input), true))
}

/// Certificates of the common ground: there is no difference.
///
/// # Panics
/// If the verdicts differ.
pub fn agreement(input: &[u8]) -> Verdicts {
    compare(&Plan::new(&mut Choices::new(input), false))
}

fn compare(plan: &Plan) -> Verdicts {
    let case = plan.issue(&[]);
    let (ours, theirs) = (ours(&case), theirs(&case));
    let refused = match (&ours, &theirs) {
        (Ok(()), Ok(())) => return Verdicts::BothAccept,
        (Err(_), Err(_)) => return Verdicts::BothRefuse,
        (Ok(()), Err(_)) => Refused::ByThem,
        (Err(_), Ok(())) => Refused::ByUs,
    };
    let present = plan.oddities();
    let rows = DIFFERENCES.iter().filter(|(oddity, by, _)| *by == refused && present.contains(oddity));
    let rows: Vec<_> = rows.map(|(oddity, _, reason)| (*oddity, *reason)).collect();
    // A cause without which both accept is the one. If there is none, then without all that may be one there must
    // be no such difference left; one that the others refuse has its reasons as well, or is found without these.
    let single = rows.iter().find(|(oddity, _)| both_without(plan, &[*oddity]) == (true, true));
    let all: Vec<_> = rows.iter().map(|(oddity, _)| *oddity).collect();
    let (cause, reason) = match single {
        Some((oddity, reason)) => (Some(*oddity), *reason),
        None if both_without(plan, &all) != (refused == Refused::ByThem, refused == Refused::ByUs) => {
            (None, "more than one of the reasons")
        }
        None => panic!("refused {refused:?} without a reason: we say {ours:?}, they {theirs:?}\n{}", plan.describe()),
    };
    match refused {
        Refused::ByUs => Verdicts::WeRefuse(cause, reason),
        Refused::ByThem => Verdicts::TheyRefuse(cause, reason),
    }
}

/// Returns whether we and they accept it without these oddities.
fn both_without(plan: &Plan, oddities: &[Oddity]) -> (bool, bool) {
    let case = plan.issue(oddities);
    (ours(&case).is_ok(), theirs(&case).is_ok())
}

pub(crate) fn ours(case: &Case<'_>) -> Result<(), CertificateError> {
    let anchors: Vec<_> = case.anchors.iter().filter_map(|anchor| TrustAnchor::from_certificate(anchor).ok()).collect();
    let name = case.server_name.map(|name| ServerName::parse(name).expect("a name"));
    let time = Time::Trusted(UnixTime(i64::try_from(NOW).expect("soon")));
    let mut rules = Rules::client(&anchors, time);
    rules.role = Role::Server;
    rules.server_name = name.as_ref();
    rules.max_depth = DEPTH;
    let mut memory = [0; 16 * 1024];
    let mut validator = Validator::new(&mut memory);
    let pushed = case.sent.iter().try_for_each(|sent| validator.push(Tagged, sent));
    match pushed.and_then(|()| Ok(validator.validate(Tagged, rules).map(drop)?)) {
        Ok(()) => Ok(()),
        Err(Error::Certificate(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn theirs(case: &Case<'_>) -> Result<(), webpki::Error> {
    let certificates: Vec<_> = case.anchors.iter().map(|anchor| CertificateDer::from(&anchor[..])).collect();
    let anchors: Vec<_> =
        certificates.iter().filter_map(|anchor| webpki::anchor_from_trusted_cert(anchor).ok()).collect();
    let sent: Vec<_> = case.sent.iter().map(|sent| CertificateDer::from(&sent[..])).collect();
    let (leaf, intermediates) = sent.split_first().ok_or(webpki::Error::BadDer)?;
    let leaf = webpki::EndEntityCert::try_from(leaf)?;
    let time = pki_types::UnixTime::since_unix_epoch(core::time::Duration::from_secs(NOW));
    let usage = webpki::KeyUsage::server_auth();
    leaf.verify_for_usage(&[&Tagged], &anchors, intermediates, time, usage, None, None)?;
    match case.server_name {
        Some(name) => leaf.verify_is_valid_for_subject_name(&pki_types::ServerName::try_from(name).expect("a name")),
        None => Ok(()),
    }
}
