//! The place of a connection's tickets. Without the feature `resumption` it is empty, and so it is on a server, which
//! stores nothing.

use core::marker::PhantomData;
use embedded_mtls::{Error, Handshake, Session, Side};

/// Offers a ticket and stores the next one.
#[cfg(feature = "resumption")]
pub(crate) trait Resume<'b, R: Side> {
    /// Offers the ticket, if there is one, which is gone then.
    fn offer(&self, handshake: &mut Handshake<'b, R>);

    /// Stores the ticket that a session has received.
    fn keep(&self, session: &mut Session<'b, R>) -> Result<bool, Error>;
}

/// The tickets of a connection, if it uses any.
pub(crate) struct Resumption<'l, 'b, R> {
    #[cfg(feature = "resumption")]
    tickets: Option<&'l dyn Resume<'b, R>>,
    marker: PhantomData<(&'l &'b (), R)>,
}

#[cfg_attr(
    not(feature = "resumption"),
    allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "there are no tickets")
)]
impl<'b, R: Side> Resumption<'_, 'b, R> {
    pub(crate) const NONE: Self = Self {
        #[cfg(feature = "resumption")]
        tickets: None,
        marker: PhantomData,
    };

    pub(crate) fn offer(self, handshake: &mut Handshake<'b, R>) {
        #[cfg(feature = "resumption")]
        if let Some(tickets) = self.tickets {
            tickets.offer(handshake);
        }
        #[cfg(not(feature = "resumption"))]
        let _ = handshake;
    }

    /// Stores the ticket that a session has received. After an error it stores none.
    pub(crate) fn keep(&mut self, session: &mut Session<'b, R>) -> Result<(), Error> {
        #[cfg(feature = "resumption")]
        if let Some(tickets) = self.tickets.take() {
            tickets.keep(session)?;
            self.tickets = Some(tickets);
        }
        #[cfg(not(feature = "resumption"))]
        let _ = session;
        Ok(())
    }
}

#[cfg(feature = "resumption")]
impl<'l, 'b, R: Side> Resumption<'l, 'b, R> {
    pub(crate) const fn with(tickets: &'l dyn Resume<'b, R>) -> Self {
        Self { tickets: Some(tickets), marker: PhantomData }
    }
}

impl<R> Clone for Resumption<'_, '_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Resumption<'_, '_, R> {}

impl<R> core::fmt::Debug for Resumption<'_, '_, R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Resumption")
    }
}
