//! A name server at [`ADDRESS`], port 53, where QEMU's own network has one that asks the host's. No program on the host may take
//! that port without being root, so it is a wire between the machine and QEMU's network that answers for it (RFC 826, RFC 1035).

use crate::workdir::Workdir;
use std::os::unix::net::UnixDatagram;
use std::thread;

/// The name server that QEMU's DHCP announces to the machine.
const ADDRESS: [u8; 4] = [10, 0, 2, 3];
/// The host's loopback.
const HOST: [u8; 4] = [10, 0, 2, 2];
/// Longest frame.
const MTU: usize = 1600;
const MAC: [u8; 6] = [0x52, 0x54, 0, 0x12, 0x34, 3];

const ARP: [u8; 2] = [0x08, 0x06];
const ARP_REPLY: [u8; 2] = [0, 2];
const IPV4: [u8; 2] = [0x08, 0x00];
const UDP: u8 = 17;
const PORT: [u8; 2] = [0, 53];
/// Bytes of the headers in front of a question.
const ETHERNET: usize = 14;
const IP: usize = ETHERNET + 20;
const DNS: usize = IP + 8;
/// Bytes of the header of DNS.
const HEADER: usize = 12;

/// The answers that it gives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// The name is that of the host.
    Host,
    /// The name exists, without an address.
    NoData,
    /// There is no such name.
    NoSuchName,
    /// Nothing.
    Silence,
}

/// The ends of both wires: the sockets that the machine and QEMU's network read from, and those that they write to.
pub(crate) struct Ends {
    pub(crate) machine: String,
    pub(crate) from_machine: String,
    pub(crate) network: String,
    pub(crate) from_network: String,
}

/// Starts one that gives these answers, and then the last of them again and again. Its sockets are in `files`; its threads
/// wait until this program ends.
pub(crate) fn start(files: &Workdir, script: &'static [Answer]) -> Result<Ends, String> {
    let last = *script.last().ok_or("a script has an answer")?;
    let bind = |path: &str| UnixDatagram::bind(path).map_err(|error| format!("resolver: {error}"));
    let [machine, from_machine, network, from_network] =
        ["machine", "from-machine", "network", "from-network"].map(|name| files.file(name));
    let (near, far) = (bind(&from_machine)?, bind(&from_network)?);
    // What cannot be sent is lost, as on any wire.
    let send = |socket: &UnixDatagram, frame: &[u8], to: &str| drop(socket.send_to(frame, to));
    let (back, there) = (machine.clone(), network.clone());
    thread::spawn(move || {
        let (mut buffer, mut answers) = ([0; MTU], script.iter().copied());
        while let Ok(len) = near.recv(&mut buffer) {
            let frame = &buffer[..len];
            if let Some(reply) = arp(frame) {
                send(&near, &reply, &back);
            } else if let Some(message) = question(frame) {
                if let Some(message) = answer(message, answers.next().unwrap_or(last)) {
                    send(&near, &datagram(frame, &message), &back);
                }
            } else {
                send(&near, frame, &there);
            }
        }
    });
    let back = machine.clone();
    thread::spawn(move || {
        let mut buffer = [0; MTU];
        while let Ok(len) = far.recv(&mut buffer) {
            send(&far, &buffer[..len], &back);
        }
    });
    Ok(Ends { machine, from_machine, network, from_network })
}

/// The reply to the question who has our address.
fn arp(frame: &[u8]) -> Option<Vec<u8>> {
    let asked = frame.get(12..14)? == ARP && frame.get(38..42)? == ADDRESS;
    let (kind, sender) = (frame.get(14..20)?, frame.get(22..32)?);
    asked.then(|| [&sender[..6], &MAC, &ARP, kind, &ARP_REPLY, &MAC, &ADDRESS, sender].concat())
}

/// The message in a datagram to our port.
fn question(frame: &[u8]) -> Option<&[u8]> {
    let to_us = frame.get(12..14)? == IPV4
        && frame.get(ETHERNET)? == &0x45
        && frame.get(ETHERNET + 9)? == &UDP
        && frame.get(ETHERNET + 16..IP)? == ADDRESS
        && frame.get(IP + 2..IP + 4)? == PORT;
    // The length of UDP counts its header.
    let len = usize::from(u16::from_be_bytes(*frame.get(IP + 4..)?.first_chunk()?));
    frame.get(DNS..IP + len).filter(|_| to_us)
}

/// The answer to a message with one question; `None` is silence.
fn answer(message: &[u8], answer: Answer) -> Option<Vec<u8>> {
    let (records, code): (&[&[u8]], u8) = match answer {
        // The name of the question, type A, class IN, 60 seconds, four bytes.
        Answer::Host => (&[&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4], &HOST], 0),
        Answer::NoData => (&[], 0),
        Answer::NoSuchName => (&[], 3),
        Answer::Silence => return None,
    };
    // A response to a standard query, with recursion, to one question.
    let head = [0x81, 0x80 | code, 0, 1, 0, u8::from(!records.is_empty()), 0, 0, 0, 0];
    Some([message.get(..2)?, &head, message.get(HEADER..)?, &records.concat()].concat())
}

/// A frame that brings `message` to where `frame` came from.
fn datagram(frame: &[u8], message: &[u8]) -> Vec<u8> {
    let length = |headers: usize| u16::try_from(headers + message.len()).unwrap_or(0).to_be_bytes();
    let (client_mac, client, client_port) = (&frame[6..12], &frame[ETHERNET + 12..ETHERNET + 16], &frame[IP..IP + 2]);
    let mut ip = [&[0x45, 0], &length(28)[..], &[0, 0, 0, 0, 64, UDP, 0, 0], &ADDRESS, client].concat();
    let sum: u32 = ip.chunks_exact(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let checksum = !u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap_or(0);
    ip[10..12].copy_from_slice(&checksum.to_be_bytes());
    // A datagram may go without a checksum of its own.
    let udp = [&PORT, client_port, &length(8), &[0, 0]].concat();
    [client_mac, &MAC, &IPV4, &ip, &udp, message].concat()
}
