//! Who answers what a session asks after the handshake, for both drivers.

#[cfg(all(feature = "async", feature = "post-handshake-auth"))]
use super::AsyncHost;
#[cfg(all(feature = "blocking", feature = "post-handshake-auth"))]
use super::Host;
#[cfg(feature = "post-handshake-auth")]
use crate::connection::Event;
use crate::crypto::CryptoProvider;
#[cfg(feature = "post-handshake-auth")]
use crate::error::{ApiMisuse, Error};
#[cfg(feature = "post-handshake-auth")]
use crate::handshake::client::Client;
#[cfg(feature = "post-handshake-auth")]
use crate::handshake::server::Server;

/// Nobody.
pub(super) struct NoHost;

/// The host of a client.
#[cfg(feature = "post-handshake-auth")]
pub(super) struct ClientHost<'h, H>(pub(super) &'h mut H);

/// The host of a server.
#[cfg(feature = "post-handshake-auth")]
pub(super) struct ServerHost<'h, H>(pub(super) &'h mut H);

/// What needs no answer is none; anything else needs a host.
#[cfg(feature = "post-handshake-auth")]
fn nobody<C: CryptoProvider>(event: &Event<'_, '_, C>) -> Result<(), Error> {
    match event {
        Event::Credential(_) | Event::Sign(_) | Event::Time(_) | Event::Authorize(_) => {
            Err(ApiMisuse::HostNeeded.into())
        }
        _ => Ok(()),
    }
}

/// Answers what a session asks after the handshake, at once.
#[cfg(feature = "blocking")]
pub(super) trait Answers<'b, C: CryptoProvider> {
    #[cfg(feature = "post-handshake-auth")]
    fn answer(&mut self, question: Event<'_, 'b, C>) -> Result<(), Error>;
}

#[cfg(feature = "blocking")]
impl<C: CryptoProvider> Answers<'_, C> for NoHost {
    #[cfg(feature = "post-handshake-auth")]
    fn answer(&mut self, question: Event<'_, '_, C>) -> Result<(), Error> {
        nobody(&question)
    }
}

#[cfg(all(feature = "blocking", feature = "post-handshake-auth"))]
impl<'b, C: CryptoProvider, H: Host<'b, Client, C>> Answers<'b, C> for ClientHost<'_, H> {
    fn answer(&mut self, question: Event<'_, 'b, C>) -> Result<(), Error> {
        match question {
            Event::Credential(request) => {
                let choice = self.0.choose(&request);
                request.answer(choice)
            }
            Event::Sign(request) => match self.0.sign(&request) {
                Some(signature) => request.complete(&signature),
                None => Err(request.fail()),
            },
            other => nobody(&other),
        }
    }
}

#[cfg(all(feature = "blocking", feature = "post-handshake-auth"))]
impl<'b, C: CryptoProvider, H: Host<'b, Server, C>> Answers<'b, C> for ServerHost<'_, H> {
    fn answer(&mut self, question: Event<'_, 'b, C>) -> Result<(), Error> {
        match question {
            Event::Time(request) => request.provide(self.0.time()),
            Event::Authorize(request) => match self.0.authorize(&request.peer()) {
                Ok(()) => request.accept(),
                Err(alert) => Err(request.reject(alert)),
            },
            other => nobody(&other),
        }
    }
}

/// Answers what a session asks after the handshake, when it can.
#[cfg(feature = "async")]
pub(super) trait AsyncAnswers<'b, C: CryptoProvider> {
    #[cfg(feature = "post-handshake-auth")]
    async fn answer(&mut self, question: Event<'_, 'b, C>) -> Result<(), Error>;
}

#[cfg(feature = "async")]
impl<C: CryptoProvider> AsyncAnswers<'_, C> for NoHost {
    #[cfg(feature = "post-handshake-auth")]
    async fn answer(&mut self, question: Event<'_, '_, C>) -> Result<(), Error> {
        nobody(&question)
    }
}

#[cfg(all(feature = "async", feature = "post-handshake-auth"))]
impl<'b, C: CryptoProvider, H: AsyncHost<'b, Client, C>> AsyncAnswers<'b, C> for ClientHost<'_, H> {
    async fn answer(&mut self, question: Event<'_, 'b, C>) -> Result<(), Error> {
        match question {
            Event::Credential(request) => {
                let choice = self.0.choose(&request).await;
                request.answer(choice)
            }
            Event::Sign(request) => match self.0.sign(&request).await {
                Some(signature) => request.complete(&signature),
                None => Err(request.fail()),
            },
            other => nobody(&other),
        }
    }
}

#[cfg(all(feature = "async", feature = "post-handshake-auth"))]
impl<'b, C: CryptoProvider, H: AsyncHost<'b, Server, C>> AsyncAnswers<'b, C> for ServerHost<'_, H> {
    async fn answer(&mut self, question: Event<'_, 'b, C>) -> Result<(), Error> {
        match question {
            Event::Time(request) => request.provide(self.0.time().await),
            Event::Authorize(request) => match self.0.authorize(&request.peer()).await {
                Ok(()) => request.accept(),
                Err(alert) => Err(request.reject(alert)),
            },
            other => nobody(&other),
        }
    }
}
