//! Halves of a session, for two tasks.
//!
//! ```text
//!   task A                                        task B
//! ┌────────┐   ┌──────────────────────────────┐   ┌────────┐
//! │ Reader │──▶│ Split                        │◀──│ Writer │
//! │ owns   │   │   session        in a Mutex  │   └────────┘
//! │ the    │   │   transport that             │
//! │ trans- │   │   is written to  in a Mutex  │
//! │ port   │   └──────────────────────────────┘
//! │ it     │
//! │ reads  │
//! └────────┘
//! ```
//!
//! The transport has two halves itself, as sockets of embassy-net and tokio have. The reader owns the one that is read.
//! The other is shared, since a reader may have to answer: each side sends everything that is pending. The session
//! is locked only while bytes are copied, encrypted or decrypted, never while a transport is waited for. So a reader
//! reads on while a writer waits for a peer that itself waits to be read, and each task is woken by its own transport.
//!
//! `M` is the lock of the caller's choice: [`NoopRawMutex`](embassy_sync::blocking_mutex::raw::NoopRawMutex) for tasks
//! of one executor, [`CriticalSectionRawMutex`](embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex) for others.
//! It is held for a few instructions, not while records are encrypted.
//!
//! ```
//! # use embassy_sync::blocking_mutex::raw::NoopRawMutex;
//! # use embedded_io_async::{Read, Write};
//! # use embedded_mtls::{Client, Session};
//! # use embedded_mtls_connect::split::Split;
//! /// Sends and receives at once. `socket.split()` gives the halves of a transport.
//! async fn exchange<'b, R: Read, W: Write<Error = R::Error>>(session: Session<'b, Client>, receive: R, send: W, outgoing: &'b mut [u8]) {
//!     let mut incoming = [0; 256];
//!     let mut split = Split::<NoopRawMutex, _, _>::new(session, send, outgoing);
//!     let (mut reader, mut writer) = split.split(receive, &mut incoming);
//!     // Two futures that are joined; with a `StaticCell` for the `Split`, two tasks of embassy.
//!     let ticks = async { writer.write_all(b"tick").await?; writer.flush().await };
//!     let answers = async { reader.read(&mut [0; 100]).await };
//!     # let _ = (ticks, answers);
//! }
//! ```
//!
//! # What crosses between the halves
//!
//! | What | Comes from | Leaves with |
//! |---|---|---|
//! | the answer to a KeyUpdate | a read | that read or a later one while it waits for the peer; or the writer, if it sends first |
//! | the alert of an error in what was received | the read that fails | the same read, before it returns |
//! | the alert of an error of the writer | the write that fails | the same write |
//! | an alert of the peer | | the read that receives it fails with it, and so does each later call of both halves |
//! | `close_notify` of the peer | | reads return 0; the writer may continue (RFC 9846 section 6.1) |
//! | our `close_notify` | [`Writer::close`] | the same call; the reader continues until the peer closes |
//! | the end of the transport without `close_notify` | | the read fails with [`ConnectionTruncated`](embedded_mtls::Error::ConnectionTruncated) |
//! | a transport that accepts nothing more | | the writer fails with its error; the reason, if the peer gave one, is with the reader |
//! | authentication after the handshake | [`Session::request_certificate`] on the [session](Writer::session) | [`Writer::flush`]; the answer comes with [`Reader::read_hosted`] |
//! | its question to us | [`Reader::read_hosted`], which keeps the session locked until the host has answered | the same read; without a host it fails with [`HostNeeded`](embedded_mtls::ApiMisuse::HostNeeded), and nothing is lost |
//!
//! The halves have `Read` and `Write` alone. `BufRead` would lend bytes of the session, and so keep it locked while the
//! other half needs it. `ReadReady` and `WriteReady`, which cannot wait, could not distinguish a session that is locked
//! from one with nothing to read.
//!
//! # Dropped futures
//!
//! Every future may be dropped at any await point if those of the transport may: what was received and what was written
//! is in the session or in a half, not in a future.
//!
//! [`Session::request_certificate`]: embedded_mtls::Session::request_certificate

use core::future::{Future, poll_fn};
use core::ops::Range;
use core::pin::pin;
use core::task::Poll;
use embassy_sync::blocking_mutex::raw::RawMutex;
use embassy_sync::mutex::{Mutex, MutexGuard};
use embedded_io_async::{ErrorType, Read, Write};
use embedded_mtls::credential::Choice;
use embedded_mtls::io::{AsyncHost, Failure, asynch};
use embedded_mtls::{ApiMisuse, BufferKind, Error, Event, Session, Side};

/// A session and the half of its transport that is written to, shared by a [`Reader`] and a [`Writer`].
pub struct Split<'b, M: RawMutex, W, R: Side> {
    session: Mutex<M, Session<'b, R>>,
    sender: Mutex<M, Sender<'b, W>>,
}

/// The transport that is written to. Locked before the session where both are.
struct Sender<'b, W> {
    transport: W,
    /// A copy of what is written, so that the session is not locked meanwhile.
    buffer: &'b mut [u8],
    /// Bytes that the transport has accepted, and the session still counts as pending.
    accepted: usize,
    /// The transport may still buffer bytes that it has accepted.
    unflushed: bool,
}

/// The half that reads.
pub struct Reader<'s, 'b, M: RawMutex, T, W, R: Side> {
    split: &'s Split<'b, M, W, R>,
    transport: T,
    buffer: &'s mut [u8],
    /// The part of the buffer that the session has not taken yet.
    received: Range<usize>,
    /// The transport has ended.
    ended: bool,
}

/// The half that writes.
pub struct Writer<'s, 'b, M: RawMutex, W, R: Side> {
    split: &'s Split<'b, M, W, R>,
}

/// The next thing that a reader does.
enum Turn {
    /// Return this many bytes of data.
    Ready(usize),
    /// Let a host answer a question.
    Ask,
    /// Let other tasks run.
    Yield,
    /// Read from the transport; and send, if something is pending.
    Receive { pending: bool },
}

impl<'b, M: RawMutex, W, R: Side> Split<'b, M, W, R> {
    /// Takes a session and the sending half of its transport. Bytes leave in pieces of up to the size of `buffer`,
    /// which is not empty.
    pub const fn new(session: Session<'b, R>, transport: W, buffer: &'b mut [u8]) -> Self {
        // What the handshake has written may not have been flushed.
        let sender = Sender { transport, buffer, accepted: 0, unflushed: true };
        Self { session: Mutex::new(session), sender: Mutex::new(sender) }
    }

    /// Returns the halves. The reader receives from the other half of the transport into `buffer`, which is not empty.
    #[allow(clippy::type_complexity, reason = "two halves")]
    pub const fn split<'s, T>(
        &'s mut self,
        transport: T,
        buffer: &'s mut [u8],
    ) -> (Reader<'s, 'b, M, T, W, R>, Writer<'s, 'b, M, W, R>) {
        let split = &*self;
        (Reader { split, transport, buffer, received: 0..0, ended: false }, Writer { split })
    }

    /// Returns the transport that was written to, and the session, once the halves are gone. Bytes that a reader had
    /// received and not returned are lost to the session: end reading first.
    pub fn into_parts(self) -> (W, Session<'b, R>) {
        let (mut session, sender) = (self.session.into_inner(), self.sender.into_inner());
        session.tx_consume(sender.accepted);
        (sender.transport, session)
    }
}

impl<M: RawMutex, W: Write, R: Side> Split<'_, M, W, R> {
    /// Sends everything that is pending.
    async fn send(&self) -> Result<(), Failure<W::Error>> {
        let mut sender = self.sender.lock().await;
        loop {
            let count = {
                let mut session = self.session.lock().await;
                sender.copy_pending(&mut session)
            };
            let Sender { transport, buffer, accepted, unflushed } = &mut *sender;
            match buffer.get(..count) {
                Some(bytes) if !bytes.is_empty() => match transport.write(bytes).await {
                    Ok(0) => return Err(Failure::Tls(Error::ConnectionTruncated)),
                    Ok(count) => {
                        *accepted = count;
                        *unflushed = true;
                    }
                    Err(error) => return Err(Failure::Io(error)),
                },
                _ if *unflushed => {
                    transport.flush().await.map_err(Failure::Io)?;
                    *unflushed = false;
                }
                _ => return Ok(()),
            }
        }
    }
}

impl<W> Sender<'_, W> {
    /// Copies pending bytes into the buffer, as many as fit.
    fn copy_pending<R: Side>(&mut self, session: &mut Session<'_, R>) -> usize {
        session.tx_consume(core::mem::take(&mut self.accepted));
        // There may be room now for a message that waits for it. An error is that of the half which meets it.
        let _room = session.reserve();
        let pending = session.tx_pending();
        let count = pending.len().min(self.buffer.len());
        copy(pending, self.buffer, count);
        count
    }
}

impl<'b, M: RawMutex, T: Read, W: Write<Error = T::Error>, R: Side> Reader<'_, 'b, M, T, W, R> {
    /// Reads as [`read`](Read::read) does, with a host that answers questions of the session after the handshake.
    ///
    /// # Errors
    /// As [`read`](Read::read).
    pub async fn read_hosted(
        &mut self,
        out: &mut [u8],
        host: &mut impl AsyncHost<Choice = Choice<'b>>,
    ) -> Result<usize, Failure<T::Error>> {
        loop {
            if let Some(count) = self.receive(out).await? {
                return Ok(count);
            }
            let mut session = self.split.session.lock().await;
            // An error is final: it is that of the next turn, which also sends its alert.
            let _answered = asynch::answer(&mut *session, host).await;
        }
    }

    /// Receives data; 0 at the end. `None` if the session has a question.
    async fn receive(&mut self, out: &mut [u8]) -> Result<Option<usize>, Failure<T::Error>> {
        if out.is_empty() {
            return Ok(Some(0));
        }
        let mut unsent = None;
        loop {
            let turn = {
                let split = self.split;
                let mut session = split.session.lock().await;
                self.turn(&mut session, out)
            };
            match turn {
                Ok(Turn::Ready(count)) => return Ok(Some(count)),
                Ok(Turn::Ask) => return Ok(None),
                Ok(Turn::Yield) => yield_now().await,
                Ok(Turn::Receive { pending }) => self.wait(pending, &mut unsent).await?,
                Err(error) => {
                    // The alert. A transport that does not accept it explains less than the error.
                    let _unsent = self.split.send().await;
                    return Err(Failure::Tls(error));
                }
            }
        }
    }

    /// Passes received bytes to the session, and returns the next thing to do.
    fn turn(&mut self, session: &mut Session<'b, R>, out: &mut [u8]) -> Result<Turn, Error> {
        loop {
            let received = self.buffer.get(self.received.clone()).unwrap_or_default();
            let space = session.rx_space();
            let count = received.len().min(space.len());
            copy(received, space, count);
            if count > 0 {
                session.rx_commit(count)?;
                self.received.start = self.received.start.saturating_add(count);
            }
            if self.ended && self.received.is_empty() {
                session.rx_eof();
            }
            match session.poll_received()? {
                Event::Data(data) => {
                    let count = data.len().min(out.len());
                    copy(&data, out, count);
                    data.consume(count);
                    return Ok(Turn::Ready(count));
                }
                Event::PeerClosed | Event::Closed => return Ok(Turn::Ready(0)),
                Event::Yield => return Ok(Turn::Yield),
                Event::Transmit => return Ok(Turn::Receive { pending: true }),
                Event::ClientAuth(_) => continue,
                Event::NeedInput => {}
                _ => return Ok(Turn::Ask),
            }
            if session.rx_space().is_empty() || self.buffer.is_empty() {
                return Err(Error::BufferTooSmall { buffer: BufferKind::Rx, need: usize::MAX.into() });
            }
            if self.received.is_empty() {
                return Ok(Turn::Receive { pending: !session.tx_pending().is_empty() });
            }
        }
    }

    /// Reads from the transport and sends meanwhile, if something is pending: the peer may read only what we send once
    /// we have read what it sends. If nothing more comes, an earlier failure to send is the error.
    async fn wait(&mut self, pending: bool, unsent: &mut Option<Failure<T::Error>>) -> Result<(), Failure<T::Error>> {
        let mut read = pin!(self.transport.read(self.buffer));
        let mut send = pin!(self.split.send());
        let mut sending = pending && unsent.is_none();
        let result = poll_fn(|context| {
            if sending && let Poll::Ready(sent) = send.as_mut().poll(context) {
                sending = false;
                *unsent = sent.err();
            }
            read.as_mut().poll(context)
        })
        .await;
        match (result, unsent.take()) {
            (Ok(0) | Err(_), Some(failure)) => Err(failure),
            (Err(error), None) => Err(Failure::Io(error)),
            (Ok(0), None) => {
                self.ended = true;
                Ok(())
            }
            (Ok(count), failure) => {
                self.received = 0..count;
                *unsent = failure;
                Ok(())
            }
        }
    }
}

impl<'s, 'b, M: RawMutex, T, W, R: Side> Reader<'s, 'b, M, T, W, R> {
    /// Locks the session: identities, parameters. The other half waits as long as the guard exists.
    pub async fn session(&self) -> MutexGuard<'s, M, Session<'b, R>> {
        self.split.session.lock().await
    }

    /// Returns the transport that is read.
    pub fn into_transport(self) -> T {
        self.transport
    }
}

impl<'s, 'b, M: RawMutex, W, R: Side> Writer<'s, 'b, M, W, R> {
    /// Locks the session: identities, parameters, key update, request for a certificate. What it has to send then leaves
    /// with the next [flush](Write::flush). The other half waits as long as the guard exists.
    pub async fn session(&self) -> MutexGuard<'s, M, Session<'b, R>> {
        self.split.session.lock().await
    }

    /// Announces that we will send no more data, and waits until that is sent. The reader continues.
    ///
    /// # Errors
    /// If it cannot be sent.
    pub async fn close(&mut self) -> Result<(), Failure<W::Error>>
    where
        W: Write,
    {
        self.split.session.lock().await.close();
        self.split.send().await
    }
}

impl<M: RawMutex, T: ErrorType, W, R: Side> ErrorType for Reader<'_, '_, M, T, W, R> {
    type Error = Failure<T::Error>;
}

impl<M: RawMutex, T: Read, W: Write<Error = T::Error>, R: Side> Read for Reader<'_, '_, M, T, W, R> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        self.receive(out).await?.ok_or(Failure::Tls(Error::ApiMisuse(ApiMisuse::HostNeeded)))
    }
}

impl<M: RawMutex, W: ErrorType, R: Side> ErrorType for Writer<'_, '_, M, W, R> {
    type Error = Failure<W::Error>;
}

impl<M: RawMutex, W: Write, R: Side> Write for Writer<'_, '_, M, W, R> {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        if data.is_empty() {
            return Ok(0);
        }
        loop {
            let written = self.split.session.lock().await.write(data);
            if let Ok(count @ 1..) = written {
                return Ok(count);
            }
            // Room for more, or the alert of the error.
            let sent = self.split.send().await;
            written?;
            sent?;
        }
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        self.split.send().await
    }
}

macro_rules! debug_by_name {
    ($($name:ident [$($parameter:ident),*]),*) => {$(
        impl<M: RawMutex, $($parameter,)* R: Side> core::fmt::Debug for $name<'_, '_, M, $($parameter,)* R> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

debug_by_name!(Reader [T, W], Writer [W]);

impl<M: RawMutex, W, R: Side> core::fmt::Debug for Split<'_, M, W, R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Split")
    }
}

/// Copies the first `count` bytes, if both have as many.
fn copy(from: &[u8], to: &mut [u8], count: usize) {
    if let (Some(from), Some(to)) = (from.get(..count), to.get_mut(..count)) {
        to.copy_from_slice(from);
    }
}

/// Goes to the end of the executor's queue once.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if core::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
