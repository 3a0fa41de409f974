//! A TCP proxy in front of a supplier, which does something bad to the first connections.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// The fault of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is closed after this number of bytes from the supplier.
    ClosedAfter(usize),
    /// Bytes that are no TLS come instead of the supplier's.
    Garbage,
    /// One byte of the supplier's is changed, the one at this place.
    Changed(usize),
    /// Nothing more comes after this number of bytes from the supplier.
    StalledAfter(usize),
}

/// Starts a proxy in front of `supplier`; the first connections suffer `faults`, all others none. Gives its port.
pub(crate) fn start(supplier: u16, faults: &'static [Fault]) -> Result<u16, String> {
    let failed = |error: std::io::Error| format!("proxy: {error}");
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    thread::spawn(move || {
        let faults = faults.iter().copied().map(Some).chain(std::iter::repeat(None));
        for (client, fault) in listener.incoming().zip(faults) {
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(("127.0.0.1", supplier))) else { return };
            thread::spawn(move || relay(&client, &server, fault));
        }
    });
    Ok(port)
}

/// Moves bytes until one side has ended. What cannot be moved is part of the game: the ends notice.
fn relay(client: &TcpStream, server: &TcpStream, fault: Option<Fault>) {
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ended = pump(client, server, |_, _| true);
            let _gone = server.shutdown(Shutdown::Write);
        });
        let _ended = pump(server, client, |passed, bytes| suffer(fault, passed, bytes, client));
        let _gone = client.shutdown(Shutdown::Both);
        let _gone = server.shutdown(Shutdown::Both);
    });
}

/// Applies the fault to `bytes`, which `passed` others preceded; `false`: the connection ends.
fn suffer(fault: Option<Fault>, passed: usize, bytes: &mut Vec<u8>, client: &TcpStream) -> bool {
    let end = passed + bytes.len();
    match fault {
        Some(Fault::ClosedAfter(limit)) if end >= limit => {
            bytes.truncate(limit.saturating_sub(passed));
            let _gone = (&*client).write_all(bytes);
            false
        }
        Some(Fault::StalledAfter(limit)) if end >= limit => {
            bytes.truncate(limit.saturating_sub(passed));
            let _gone = (&*client).write_all(bytes);
            // Until the client gives up.
            let mut rest = [0; 1];
            let _ = client.set_read_timeout(Some(Duration::from_secs(30)));
            while let Ok(1..) = client.peek(&mut rest) {
                thread::sleep(Duration::from_millis(10));
            }
            false
        }
        Some(Fault::Garbage) => {
            bytes.fill(0x2a);
            true
        }
        Some(Fault::Changed(place)) => {
            if let Some(byte) = place.checked_sub(passed).and_then(|place| bytes.get_mut(place)) {
                *byte ^= 1;
            }
            true
        }
        _ => true,
    }
}

/// Moves bytes from one to the other; `change` sees how many passed before, and the bytes.
fn pump(
    mut from: &TcpStream,
    mut to: &TcpStream,
    mut change: impl FnMut(usize, &mut Vec<u8>) -> bool,
) -> std::io::Result<()> {
    let (mut buffer, mut passed) = ([0; 4096], 0);
    loop {
        let count = from.read(&mut buffer)?;
        let mut bytes = buffer[..count].to_vec();
        if count == 0 || !change(passed, &mut bytes) {
            return Ok(());
        }
        to.write_all(&bytes)?;
        passed += count;
    }
}
