//! The hello of the peer, which `rx` may not hold: a key share of a hybrid takes 1.2 KB (RFC 9846 section 4.2).
//!
//! It is collected in the peer memory, which is free until certificates come, except for a ticket that a client offers.
//! Records are not protected yet, so that a record that does not fit is read in parts, too.
//!
//! ```text
//! rx    [ last byte | header of the rest of the record | free ]
//! peer  [ hello, up to that byte | free | ticket ]
//! ```

use super::connection::Connection;
use crate::crypto::CryptoProvider;
use crate::error::{Error, PeerMisbehaved};
use crate::limits::MESSAGE_HEADER;
use crate::record::inbound::Inbound;
use crate::wire::enums::HandshakeType;
use crate::wire::handshake::MessageHeader;
use crate::x509::Search;

/// The hello of a peer, by its type.
#[derive(Clone, Copy)]
pub(super) struct Hello(HandshakeType);

impl Hello {
    pub(super) const CLIENT: Self = Self(HandshakeType::CLIENT_HELLO);
    pub(super) const SERVER: Self = Self(HandshakeType::SERVER_HELLO);

    /// Returns whether it may be longer than an `rx` that holds the rest of a handshake. A ServerHello has a share of the
    /// group that we choose, so that only a hybrid makes it long.
    const fn may_be_long(self) -> bool {
        self.0.0 == HandshakeType::CLIENT_HELLO.0 || cfg!(feature = "mlkem")
    }

    /// Returns the part that is collected in the peer memory.
    fn collected<'m>(self, peer: &'m Search<'_, '_>) -> &'m [u8] {
        if self.may_be_long() { peer.memory().hello() } else { &[] }
    }

    /// Makes it available, in `rx` or in the peer memory. Returns whether it has been received.
    pub(super) fn receive<C: CryptoProvider>(self, cx: &mut Connection<'_, C>) -> Result<bool, Error> {
        if !self.may_be_long() {
            return cx.receive_message(&[self.0]);
        }
        loop {
            if let Some(missing) = missing(self.collected(&cx.peer)) {
                if missing == 0 {
                    return Ok(true);
                }
                // The byte that is here, and another one.
                if !receive_part(2, cx)? {
                    return Ok(false);
                }
                collect(missing, cx);
                continue;
            }
            let received = cx.receive_message(&[self.0]);
            let Err(error @ Error::BufferTooSmall { .. }) = received else { return received };
            match cx.rx.header() {
                Some(header) if !cx.peer.memory().can_keep_hello(header.total()) => return Err(error),
                Some(header) if cx.rx.handshake().len() > MESSAGE_HEADER => collect(header.total(), cx),
                _ if receive_part(MESSAGE_HEADER + 1, cx)? => {}
                _ => return Ok(false),
            }
        }
    }

    /// Returns it, with its header.
    pub(super) fn message<'m, C: CryptoProvider>(
        self,
        rx: &'m Inbound<'_, C>,
        peer: &'m Search<'_, '_>,
    ) -> Result<&'m [u8], Error> {
        match self.collected(peer) {
            [] => rx.message(),
            hello => Ok(hello),
        }
    }

    /// Returns it, if it [ends the sender's flight](Inbound::last_message), as it must.
    pub(super) fn last_message<'m, C: CryptoProvider>(
        self,
        rx: &'m Inbound<'_, C>,
        peer: &'m Search<'_, '_>,
    ) -> Result<&'m [u8], Error> {
        match self.collected(peer) {
            [] => rx.last_message(),
            hello if rx.handshake().is_empty() => Ok(hello),
            _ => Err(PeerMisbehaved::UnexpectedMessage.into()),
        }
    }

    /// Parses its body.
    pub(super) fn parse<'m, C: CryptoProvider, M>(
        self,
        rx: &'m Inbound<'_, C>,
        peer: &'m Search<'_, '_>,
        parse: impl FnOnce(&'m [u8]) -> Result<M, Error>,
    ) -> Result<M, Error> {
        parse(self.message(rx, peer)?.get(MESSAGE_HEADER..).unwrap_or_default())
    }

    /// Drops it.
    pub(super) fn consume<C: CryptoProvider>(self, cx: &mut Connection<'_, C>) {
        if self.collected(&cx.peer).is_empty() {
            cx.rx.consume_message();
        } else {
            cx.peer.memory_mut().drop_hello();
        }
    }
}

/// Returns how many bytes of a hello are not `collected`; `None` if none are.
fn missing(collected: &[u8]) -> Option<usize> {
    Some(MessageHeader::peek(collected)?.total().saturating_sub(collected.len()))
}

/// Makes `count` bytes of a hello available that are not collected.
fn receive_part<C: CryptoProvider>(count: usize, cx: &mut Connection<'_, C>) -> Result<bool, Error> {
    loop {
        let received = cx.rx.receive(count);
        let Err(error @ Error::BufferTooSmall { .. }) = received else { return received };
        let Some(rest) = cx.rx.split_record(error)? else { return Ok(false) };
        let missing = missing(cx.peer.memory().hello()).or_else(|| Some(cx.rx.header()?.total()));
        let end = cx.rx.handshake().len().saturating_add(rest.into());
        // Nothing may follow a hello in its record.
        if missing.is_some_and(|missing| end > missing) {
            return Err(PeerMisbehaved::UnexpectedMessage.into());
        }
    }
}

/// Moves the received part of a hello to the peer memory, which lacks `missing` bytes of it.
fn collect<C: CryptoProvider>(missing: usize, cx: &mut Connection<'_, C>) {
    let here = cx.rx.handshake();
    // RFC 9846 section 5.1: "Handshake messages MUST NOT be interleaved with other record types." `rx` ensures this for a
    // message of which it holds a part, so its last byte stays there.
    let count = if here.len() < missing { here.len().saturating_sub(1) } else { missing };
    cx.peer.memory_mut().keep_hello(here.get(..count).unwrap_or_default());
    cx.rx.consume(count);
}
