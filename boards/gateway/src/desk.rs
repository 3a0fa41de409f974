//! The host that answers the questions of a handshake and logs its progress.

use crate::clock::Clock;
use crate::fmt::Shown;
use crate::provider::Provider;
use crate::settings::{Board, Settings};
use embassy_time::Instant;
use embedded_mtls::credential::{Choice, Expiry, PeerRequest};
use embedded_mtls::crypto::{CryptoProvider, HashAlgorithm};
use embedded_mtls::io::AsyncHost;
use embedded_mtls::x509::{PeerIdentity, Time};
use embedded_mtls::{AlertDescription, ConnectionFailure, Session, Side, SignInput, Signature};
use logging::{debug, info, warn};

/// A host with the identities of the settings and the key of the board.
pub(crate) struct Desk<'d, 'b, B> {
    pub(crate) board: &'d mut B,
    pub(crate) settings: &'b Settings<'b>,
    pub(crate) clock: &'d Clock,
}

impl<'b, B: Board> AsyncHost for Desk<'_, 'b, B> {
    type Choice = Choice<'b>;

    async fn time(&mut self) -> Time {
        let time = self.clock.time(Instant::now());
        debug!("validating its certificates: {}", time);
        time
    }

    async fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'b> {
        for authority in request.authorities() {
            debug!("it accepts certificates of {}", Shown(authority));
        }
        let chosen = self.settings.credentials.iter().find(|credential| request.accepts(credential));
        match chosen {
            Some(credential) => {
                info!("sending credential {}, {} certificates", credential.key().0, credential.chain().iter().count());
            }
            None => warn!("sending no certificate: it accepts none of our {}", self.settings.credentials.len()),
        }
        chosen.into()
    }

    async fn authorize(&mut self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        log_peer(peer, self.clock);
        let answer = self.settings.denied.authorize(Provider, peer);
        if let Err(alert) = answer {
            warn!("it is on the deny list of our fleet: alert {}", alert.0);
        }
        answer
    }

    async fn sign(&mut self, input: &SignInput) -> Option<Signature> {
        let digest = input.digest(Provider).ok()?;
        let start = Instant::now();
        let signature = self.board.sign(input.key, digest.as_bytes().first_chunk()?, input.hedge()).await;
        debug!("signed in {} ms", start.elapsed().as_millis());
        signature.map(Signature::P256)
    }

    fn failed(&mut self, failure: &ConnectionFailure<'_, '_>) {
        warn!("handshake failed at {}: {}", Shown(failure.stage), Shown(failure.error));
        #[cfg(feature = "explain")]
        if let Some(verdict) = failure.verdict() {
            warn!("{}", Shown(verdict));
        }
        if let Some(peer) = failure.claimed_peer() {
            warn!("it claimed to be {}, issued by {}", Shown(peer.subject()), Shown(peer.issuer()));
        }
    }
}

/// Logs the identity of the peer and the remaining validity of its certificate.
fn log_peer(peer: &PeerIdentity<'_>, clock: &Clock) {
    info!("it is {}, issued by {}", Shown(peer.subject()), Shown(peer.issuer()));
    let expiry = Expiry::at(peer.not_after(), clock.estimate(Instant::now()));
    let (end, days) = (expiry.not_after, expiry.days_left());
    info!("its certificate is valid until {}: {}{} days left", Shown(end), clock.at_most(), days);
}

/// Logs the negotiated parameters.
pub(crate) fn log_session(session: &Session<'_, impl Side>) {
    let agreed = session.negotiated();
    info!("agreed: {}, {}, ALPN {}", agreed.cipher_suite, agreed.group, agreed.alpn.is_some());
    #[cfg(feature = "resumption")]
    if agreed.resumed {
        info!("the session of an earlier connection is resumed");
    }
}

/// Draws the entropy of one handshake; `None` if the board has none.
pub(crate) fn entropy(board: &mut impl Board) -> Option<embedded_mtls::Entropy> {
    let mut bytes = zeroize::Zeroizing::new([0; embedded_mtls::Entropy::LEN]);
    board.entropy(&mut *bytes).then(|| embedded_mtls::Entropy::new(&bytes))
}

/// Returns the first bytes of the SHA-256 digest of an order, to identify it in logs.
pub(crate) fn fingerprint(order: &[u8]) -> u64 {
    let digest = Provider.digest(HashAlgorithm::Sha256, &[order]);
    let first = digest.ok().and_then(|digest| digest.as_bytes().first_chunk().copied());
    first.map_or(0, u64::from_be_bytes)
}
