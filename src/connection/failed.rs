//! A handshake that has failed, and all that explains it.

use super::Refusal;
use super::diagnose::Scene;
use crate::error::{Diagnosis, Error, Stage};
use crate::x509::{PeerIdentity, Time, Verdict};

/// A handshake that has failed, in either role: why, and all that explains it.
pub struct FailedHandshake<'h, 'b> {
    pub(super) error: Error,
    pub(super) stage: Stage,
    pub(super) scene: Scene<'h, 'b>,
}

debug_by_name!("FailedHandshake", [] FailedHandshake<'_, '_>);

impl<'h, 'b> FailedHandshake<'h, 'b> {
    /// Why it failed.
    pub const fn error(&self) -> Error {
        self.error
    }

    /// Where it was.
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// See [`Handshake::claimed_peer`](crate::Handshake::claimed_peer).
    pub fn claimed_peer(&self) -> Option<PeerIdentity<'h>> {
        self.scene.refused?.list().identity()
    }

    /// See [`Handshake::refusal`](crate::Handshake::refusal).
    pub const fn refusal(&self) -> Option<Refusal<'b>> {
        match self.error {
            Error::AlertReceived(alert) if self.scene.is_client => Refusal::of(alert, self.scene.negotiated),
            _ => None,
        }
    }

    /// See [`Handshake::verdict`](crate::Handshake::verdict).
    pub fn verdict(&self) -> Option<Verdict<'h>> {
        match self.error {
            Error::Certificate(_) => self.scene.refused?.verdict(),
            _ => None,
        }
    }

    /// See [`Handshake::diagnosis`](crate::Handshake::diagnosis).
    pub fn diagnosis(&self) -> Diagnosis {
        self.scene.diagnose(self.error)
    }

    /// See [`Handshake::diagnosis_at`](crate::Handshake::diagnosis_at).
    pub fn diagnosis_at(&self, time: Time) -> Diagnosis {
        Scene { time, ..self.scene }.diagnose(self.error)
    }
}
