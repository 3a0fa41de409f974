//! The secrets that both roles carry from state to state (RFC 9846 section 7.1).

use super::connection::Connection;
use crate::crypto::{CryptoProvider, KEY_SEED_LEN, KeyExchange, SharedSecret};
use crate::error::{Error, PeerMisbehaved};
#[cfg(feature = "resumption")]
use crate::key_schedule::MainSecret;
use crate::key_schedule::{
    ApplicationEpoch, ClientWrite, EarlySecret, ExporterSecret, FinishedVerified, HandshakeEpoch, HandshakeSecret,
    ServerWrite, TrafficSecret,
};
use crate::wire::enums::NamedGroup;
use crate::wire::finished::Finished;

/// Secrets of the handshake epoch.
pub(crate) struct HandshakeKeys<C: CryptoProvider> {
    secret: HandshakeSecret<C>,
    pub(super) client: TrafficSecret<C, HandshakeEpoch, ClientWrite>,
    pub(super) server: TrafficSecret<C, HandshakeEpoch, ServerWrite>,
}

/// The remaining keys of both epochs, between the server's Finished and the client's.
pub(crate) struct ClientFinishedKeys<C: CryptoProvider> {
    pub(super) client: TrafficSecret<C, HandshakeEpoch, ClientWrite>,
    pub(super) application: ApplicationKeys<C>,
    #[cfg(feature = "resumption")]
    pub(super) main: MainSecret<C>,
}

/// Secrets of the application epoch.
pub(super) struct ApplicationKeys<C: CryptoProvider> {
    pub(super) client: TrafficSecret<C, ApplicationEpoch, ClientWrite>,
    pub(super) server: TrafficSecret<C, ApplicationEpoch, ServerWrite>,
    pub(super) exporter: ExporterSecret<C>,
}

impl<C: CryptoProvider> HandshakeKeys<C> {
    /// Derives the keys after ServerHello, with which the transcript ends.
    pub(super) fn derive(early: EarlySecret<C>, shared: &SharedSecret, cx: &Connection<'_, C>) -> Result<Self, Error> {
        let secret = early.into_handshake(shared)?;
        let (client, server) = secret.traffic(&cx.transcript.hello_hash())?;
        #[cfg(feature = "key-log")]
        {
            cx.key_log.log("CLIENT_HANDSHAKE_TRAFFIC_SECRET", client.for_key_log());
            cx.key_log.log("SERVER_HANDSHAKE_TRAFFIC_SECRET", server.for_key_log());
        }
        Ok(Self { secret, client, server })
    }

    /// Derives the keys after the server's Finished, with which the transcript ends.
    pub(super) fn into_application(self, cx: &Connection<'_, C>) -> Result<ClientFinishedKeys<C>, Error> {
        let main = self.secret.into_main()?;
        let hash = cx.transcript.server_finished_hash();
        let (client, server) = main.traffic(&hash)?;
        let application = ApplicationKeys { client, server, exporter: main.exporter(&hash)? };
        #[cfg(feature = "key-log")]
        {
            cx.key_log.log("CLIENT_TRAFFIC_SECRET_0", application.client.for_key_log());
            cx.key_log.log("SERVER_TRAFFIC_SECRET_0", application.server.for_key_log());
            cx.key_log.log("EXPORTER_SECRET", application.exporter.for_key_log());
        }
        Ok(ClientFinishedKeys {
            client: self.client,
            application,
            #[cfg(feature = "resumption")]
            main,
        })
    }
}

/// Computes the shared secret.
#[inline(never)] // in a frame of its own, which is not there while the keys are derived
pub(super) fn agree<P: CryptoProvider>(
    provider: P,
    group: NamedGroup,
    seed: &[u8; KEY_SEED_LEN],
    share: &[u8],
) -> Result<SharedSecret, Error> {
    let shared = provider.key_exchange(group, seed)?.agree(share);
    shared.map_err(|error| error.or(PeerMisbehaved::KeyShareInvalid))
}

/// Verifies the Finished in `rx` with its sender's key, and adds it to the transcript.
pub(super) fn receive_finished<C: CryptoProvider, W>(
    sender: &TrafficSecret<C, HandshakeEpoch, W>,
    cx: &mut Connection<'_, C>,
) -> Result<FinishedVerified, Error> {
    let received = cx.rx.current(Finished::parse)?;
    let finished = sender.verify_finished(&cx.transcript.finished_hash(), received.verify_data)?;
    cx.receive_into_transcript()?;
    Ok(finished)
}
