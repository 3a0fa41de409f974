//! Handshakes and streams as tasks that move between threads: `tokio::spawn`, and the `SendSpawner` of embassy.
#![allow(missing_docs)]

use core::convert::Infallible;
use embassy_executor::{Executor, SendSpawner};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::pipe::Pipe;
use embedded_io_async::{ErrorType, Read, Write};
use embedded_mtls::io::asynch::Stream;
use embedded_mtls_connect::tokio::Io;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use test_support::pair::{ClientHandshake, ServerHandshake, Setup, TestHost, leak};
use test_support::pki::Pki;
use tokio::net::{TcpListener, TcpStream};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokio_spawns_the_tasks_of_both_sides() {
    let setup = Setup::new(&Pki::new());
    let (client, server) = (setup.client_handshake().unwrap(), setup.server_handshake().unwrap());
    let (mut client_host, mut server_host) = (setup.client_host, setup.server_host);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut stream = Stream::open(Io(socket), server, &mut server_host).await.unwrap();
        let mut line = [0; 20];
        let count = stream.read(&mut line).await.unwrap();
        stream.write_all(&line[..count]).await.unwrap();
        stream.close().await.unwrap();
    });
    let asking = tokio::spawn(async move {
        let socket = TcpStream::connect(address).await.unwrap();
        let mut stream = Stream::open(Io(socket), client, &mut client_host).await.unwrap();
        stream.write_all(b"echo").await.unwrap();
        stream.flush().await.unwrap();
        let mut line = [0; 20];
        let count = stream.read(&mut line).await.unwrap();
        line[..count].to_vec()
    });
    serving.await.unwrap();
    assert_eq!(asking.await.unwrap(), b"echo");
}

/// A transport of two pipes between executors.
struct Wire {
    incoming: &'static Pipe<CriticalSectionRawMutex, 512>,
    outgoing: &'static Pipe<CriticalSectionRawMutex, 512>,
}

impl ErrorType for Wire {
    type Error = Infallible;
}

impl Read for Wire {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Infallible> {
        Ok(self.incoming.read(out).await)
    }
}

impl Write for Wire {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(self.outgoing.write(bytes).await)
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

#[embassy_executor::task]
async fn ask(wire: Wire, handshake: ClientHandshake, mut host: TestHost, told: Sender<Vec<u8>>) {
    let mut stream = Stream::open(wire, handshake, &mut host).await.unwrap();
    stream.write_all(b"echo").await.unwrap();
    stream.flush().await.unwrap();
    let mut line = [0; 20];
    let count = stream.read(&mut line).await.unwrap();
    told.send(line[..count].to_vec()).unwrap();
}

#[embassy_executor::task]
async fn serve(wire: Wire, handshake: ServerHandshake, mut host: TestHost) {
    let mut stream = Stream::open(wire, handshake, &mut host).await.unwrap();
    let mut line = [0; 20];
    let count = stream.read(&mut line).await.unwrap();
    stream.write_all(&line[..count]).await.unwrap();
    stream.flush().await.unwrap();
}

/// Starts an executor on a thread of its own, which ends with the test.
fn executor() -> SendSpawner {
    let (tell, told) = channel();
    thread::spawn(move || {
        let executor: &'static mut Executor = leak(Box::new(Executor::new()));
        executor.run(|spawner| tell.send(spawner.make_send()).unwrap());
    });
    told.recv().unwrap()
}

#[test]
fn the_send_spawner_of_embassy_takes_the_tasks_of_both_sides() {
    static UP: Pipe<CriticalSectionRawMutex, 512> = Pipe::new();
    static DOWN: Pipe<CriticalSectionRawMutex, 512> = Pipe::new();
    let setup = Setup::new(&Pki::new());
    let (client, server) = (setup.client_handshake().unwrap(), setup.server_handshake().unwrap());
    let (tell, told) = channel();
    let wire = Wire { incoming: &UP, outgoing: &DOWN };
    executor().spawn(serve(wire, server, setup.server_host).unwrap());
    let wire = Wire { incoming: &DOWN, outgoing: &UP };
    executor().spawn(ask(wire, client, setup.client_host, tell).unwrap());
    assert_eq!(told.recv().unwrap(), b"echo");
}
