//! The refusal of a client by its server.

use crate::credential::Credential;
use crate::error::AlertDescription;
use crate::handshake::{ClientAuthStatus, Negotiated};

/// A server that has proved who it is has refused a client because of what it showed, or did not show.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'b> {
    /// The alert of the server. Its [class](AlertDescription::class) says whether trying again can help.
    pub alert: AlertDescription,
    /// The credential that was refused; `None` if we sent none.
    pub credential: Option<&'b Credential<'b>>,
}

impl<'b> Refusal<'b> {
    /// `None` if the client was never asked, has not answered yet, or is accepted.
    pub(super) const fn of(alert: AlertDescription, negotiated: &Negotiated<'b>) -> Option<Self> {
        if !negotiated.shown {
            return None;
        }
        match negotiated.client_auth.unconfirmed() {
            Some(ClientAuthStatus::Presented) => Some(Self { alert, credential: negotiated.credential }),
            Some(_) => Some(Self { alert, credential: None }),
            None => None,
        }
    }
}
