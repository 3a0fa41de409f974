//! Responses of suppliers, and of proxies in front of them, by a server whose every byte after the handshake is given.

use embedded_mtls::io::SoftwareHost;
use embedded_mtls::io::blocking::Stream;
use embedded_mtls::io::std::system_time;
use embedded_mtls::{ClientAuth, Entropy, Handshake, Server, ServerConfig};
use embedded_mtls_operator::Finding;

use super::*;
use mtls::tls;

/// The end of a connection after its response.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// A `close_notify`.
    InOrder,
    /// No `close_notify`.
    Cut,
    /// A plaintext alert that an attacker has injected.
    Injected,
}

/// Serves one connection: wants the gateway of `pki`, reads its order, and answers so. Gives its address and the head that came.
fn answering(pki: &Pki, answer: impl Into<Vec<u8>>, end: End) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (tell, heads) = channel();
    let (own, root, answer) = (vec![pki.supplier.clone()], vec![pki.root.clone()], answer.into());
    std::thread::spawn(move || {
        let (chains, keys) = (tls::chains(&own), tls::keys(&own).unwrap());
        let (credentials, anchors) = (tls::credentials(&chains).unwrap(), tls::anchors(&root).unwrap());
        let config = ServerConfig::new(ClientAuth::Required(&anchors)).with_alpn(&[b"http/1.1"]);
        let mut memory = tls::HostMemory::new();
        let entropy = Entropy::from_system().unwrap();
        let handshake = Handshake::<Server>::new(&config, memory.lend(), entropy).unwrap();
        let mut wire = listener.accept().unwrap().0;
        let socket = Timed::new(wire.try_clone().unwrap(), Deadline::new(PATIENCE));
        let mut host = SoftwareHost::new(&credentials, &keys, system_time as fn() -> embedded_mtls::x509::Time);
        let mut stream = Stream::open(socket, handshake, &mut host).unwrap();
        let (mut request, mut bytes) = (Vec::new(), [0; 4096]);
        while !request.ends_with(b"</cXML>\n") {
            let count = stream.read(&mut bytes).unwrap();
            request.extend_from_slice(&bytes[..count]);
        }
        let text = String::from_utf8(request).unwrap();
        tell.send(text.split("\r\n\r\n").next().unwrap().to_owned()).unwrap();
        stream.write_all(&answer).unwrap();
        stream.flush().unwrap();
        match end {
            End::InOrder => {
                stream.close().unwrap();
                let _ = stream.read(&mut bytes);
            }
            End::Cut => {}
            End::Injected => wire.write_all(&[21, 3, 3, 0, 2, 2, 49]).unwrap(),
        }
    });
    (address, heads)
}

/// The exit code and the words of an answer that is no success.
fn judged(answer: impl Into<Vec<u8>>, end: End) -> (u8, String) {
    let pki = Pki::new().unwrap();
    let (address, _heads) = answering(&pki, answer, end);
    trouble(&delivery(&pki, &address))
}

const TAKEN: &str = "<cXML><Response><Status code=\"200\" text=\"OK\">taken</Status></Response></cXML>";

#[test]
fn a_request_names_the_authority_of_its_url_and_accepts_no_compression() {
    let pki = Pki::new().unwrap();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{TAKEN}", TAKEN.len());
    let (address, heads) = answering(&pki, answer, End::InOrder);
    let authority = Some("orders.supplier.example:8443".to_owned());
    assert_eq!(run(&Delivery { authority, ..delivery(&pki, &address) }).0.unwrap(), "taken");
    let head = heads.recv_timeout(PATIENCE).unwrap();
    assert!(head.contains("\r\nHost: orders.supplier.example:8443\r\n"), "{head}");
    assert!(head.contains("\r\nAccept-Encoding: identity\r\n"), "{head}");
}

#[test]
fn a_response_with_a_length_needs_no_close_notify_and_one_without_does() {
    let pki = Pki::new().unwrap();
    let whole = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{TAKEN}", TAKEN.len());
    let (address, _heads) = answering(&pki, whole, End::Cut);
    assert_eq!(run(&delivery(&pki, &address)).0.unwrap(), "taken");
    let open = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{TAKEN}");
    let (address, _heads) = answering(&pki, open.as_str(), End::InOrder);
    assert_eq!(run(&delivery(&pki, &address)).0.unwrap(), "taken");

    let (code, words) = judged(open, End::Cut);
    assert!(code == 31 && words.contains("its answer was cut off"), "{code} {words}");
    assert!(!words.contains("without a word") && !words.contains("certificate"), "{words}");
    // A refusal is one, even if a part of it is missing.
    let (code, words) = judged("HTTP/1.1 404 Not Found\r\n\r\n<html>", End::Cut);
    assert!(code == 30 && words.contains("status 404 Not Found"), "{code} {words}");
}

#[test]
fn refusals_are_reported_with_their_remedy() {
    for (answer, code, words) in [
        ("429 Too Many Requests\r\nRetry-After: 30", 31, "retry after 30 s (Retry-After)"),
        (
            "503 Busy\r\nRetry-After: Sun, 29 Nov 2026 05:00:00 GMT",
            31,
            "retry after Sun, 29 Nov 2026 05:00:00 GMT (Retry-After)",
        ),
        (
            "308 Permanent Redirect\r\nLocation: https://b.example/",
            30,
            "it redirects the order to 'https://b.example/'",
        ),
        ("421 Misdirected Request", 31, Finding::MisdirectedRequest.cause()),
        ("407 Proxy Authentication Required", 30, Finding::ProxyLoginRequired.cause()),
        ("200 OK\r\nContent-Encoding: gzip", 42, "Content-Encoding: found 'gzip', wanted identity"),
    ] {
        let (found, told) = judged(format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n"), End::InOrder);
        assert!(found == code && told.contains(words), "{answer}: {found} {told}");
    }
    let page = "<html><head><title>Sign in\u{1b}</title></head></html>";
    let (code, told) = judged(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len()), End::InOrder);
    assert!(code == 40 && told.contains("an HTML page ('Sign in") && !told.contains('\u{1b}'), "{code} {told}");
}

#[test]
fn anything_in_place_of_an_answer_is_quoted() {
    let (code, words) = judged("SSH-2.0-OpenSSH\r\n\r\n", End::InOrder);
    assert!(code == 32 && words.contains("the outcome of the order is unknown"), "{code} {words}");
    let (code, words) = judged("HTTP/1.1 2", End::Cut);
    assert!(code == 10 && words.contains("in the first line of the answer"), "{code} {words}");
    let (code, words) = judged("", End::Injected);
    assert!(code == 10 && words.contains("the connection broke after the handshake"), "{code} {words}");
}

/// A plaintext alert before any authentication is not a verdict on our certificate.
#[test]
fn an_alert_in_place_of_a_server_hello_is_not_a_verdict() {
    let pki = Pki::new().unwrap();
    for alert in [42, 44, 46, 48, 49, 116] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let delivery = delivery(&pki, &listener.local_addr().unwrap().to_string());
        let attacker = std::thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let _ = stream.read(&mut [0; 512]);
            stream.write_all(&[21, 3, 3, 0, 2, 2, alert]).unwrap();
        });
        let (code, words) = trouble(&delivery);
        attacker.join().unwrap();
        assert!(code == 20 && words.contains("before the server was authenticated"), "{code} {words}");
        assert!(!words.contains("the server refused us"), "{words}");
    }
}

#[test]
fn a_header_in_front_of_tls_is_named() {
    let pki = Pki::new().unwrap();
    let (address, events) = start(setup(&pki));
    for (greeting, words) in [
        (&b"PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n"[..], "PROXY header (version 1)"),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", "PROXY header (version 2)"),
        (b"GET / HTTP/1.1\r\n\r\n", "plain HTTP"),
    ] {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(greeting).unwrap();
        let event = events.recv_timeout(PATIENCE).unwrap().to_string();
        assert!(event.contains(words), "{event}");
    }
}
