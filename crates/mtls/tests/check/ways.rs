//! The way to the server, and the program itself.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use mtls::check::{Plan, StepName, Target, check};
use test_support::peers::process::{LIMIT, Process};
use test_support::peers::world::free_port;

use crate::{ASKS, Ground, SERVER_NAME, facts, failed, says};

/// Answers every connection with these bytes, once something has come.
fn answering(bytes: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _heard = stream.read(&mut [0; 1024]);
            let _gone = stream.write_all(bytes);
        }
    });
    port
}

/// A proxy that answers CONNECT with this status, and connects to `port` if it is 200; gives its own port.
fn proxy(status: u16, port: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut client = stream.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                client.read_exact(&mut byte).unwrap();
                head.extend(byte);
            }
            assert!(head.starts_with(format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\n").as_bytes()));
            write!(client, "HTTP/1.1 {status} Said\r\n\r\n").unwrap();
            if status == 200 {
                let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
                for (mut from, mut to) in [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)]
                {
                    thread::spawn(move || {
                        let _ended = std::io::copy(&mut from, &mut to);
                        let _gone = to.shutdown(std::net::Shutdown::Write);
                    });
                }
            }
        }
    });
    own
}

fn at(port: u16) -> Target {
    Target { host: "127.0.0.1".to_owned(), port }
}

#[test]
fn a_name_without_an_address_fails_in_the_dns_step() {
    let ground = Ground::new();
    let plan = Plan {
        connect_to: None,
        target: Target { host: "nowhere.invalid".to_owned(), port: 443 },
        ..ground.plan(None)
    };
    says(&failed(&check(&plan), StepName::Dns, 10), &["nowhere.invalid", "--connect-to"]);
}

#[test]
fn a_port_without_a_listener_fails_in_the_tcp_step() {
    let ground = Ground::new();
    says(&failed(&check(&ground.plan(None)), StepName::Tcp, 10), &["nothing is listening"]);
}

#[test]
fn a_port_that_does_not_speak_tls_is_quoted() {
    let ground = Ground::new();
    for (bytes, words) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "HTTP/1.1 400 Bad Request"),
        (b"220 mail.example ESMTP\r\n", "220 mail.example ESMTP"),
        (b"\x00\x01\x02", "not TLS"),
    ] {
        let report = check(&Plan { connect_to: Some(at(answering(bytes))), ..ground.plan(None) });
        says(&failed(&report, StepName::Versions, 20), &[words]);
    }
}

#[test]
fn a_proxy_connects_us_or_is_reported_with_its_reason() {
    let ground = Ground::new();
    let _server = ground.complete("server", &[ASKS]);
    let through = |status| Plan { proxy: Some(at(proxy(status, ground.port))), ..ground.plan(Some("client")) };
    let report = check(&through(200));
    assert_eq!(report.exit_code, 0, "{report}");
    says(&facts(&report, StepName::Proxy), &["HTTP 200 Said"]);
    says(&report.openssl, &["-proxy 127.0.0.1:"]);
    for (status, words) in [(407, "requires a password"), (403, "does not allow"), (502, "does not connect us")] {
        says(&failed(&check(&through(status)), StepName::Proxy, 10), &[words]);
    }
}

/// Runs the program; gives exit code, standard output, standard error.
fn mtls(words: &[&str]) -> (i32, String, String) {
    let mut program = Process::start(env!("CARGO_BIN_EXE_mtls"), words).unwrap();
    let status = program.await_status(LIMIT).unwrap();
    (status.code().unwrap(), String::from_utf8_lossy(&program.stdout()).into_owned(), program.stderr())
}

#[test]
fn the_program_checks_many_servers_and_writes_json_with_the_first_failure_as_its_exit_code() {
    let ground = Ground::new();
    let _server = ground.complete("server", &[ASKS]);
    let file = |name: &str| ground.world.file(name);
    let good = format!("127.0.0.1:{}", ground.port);
    let bad = format!("127.0.0.1:{}", free_port().unwrap());
    let hosts = ground.world.files.write("hosts", format!("# ours\n{good}\n{bad} # nobody there\n")).unwrap();
    let (ca, cert, key) = (file("root.pem"), file("client.pem"), file("client.key"));
    let own = ["--ca", &ca, "--cert", &cert, "--key", &key, "--sni", SERVER_NAME];

    let (code, json, _) = mtls(&[&["check", "--hosts", &hosts, "--json"][..], &own].concat());
    assert_eq!(code, 10, "{json}");
    let reports: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&reports[0]["outcome"], &reports[0]["exit_code"]), (&"passed".into(), &0.into()), "{json}");
    assert_eq!(reports[0]["steps"][3]["name"], "handshake");
    assert!(reports[0]["steps"][3]["milliseconds"].is_number());
    assert_eq!((&reports[1]["target"], &reports[1]["fault"]["step"]), (&bad.as_str().into(), &"tcp".into()));

    let page = file("page.html");
    let (code, text, _) = mtls(&[&["check", &good, "--report", &page][..], &own].concat());
    assert_eq!(code, 0, "{text}");
    let page = std::fs::read_to_string(page).unwrap();
    says(
        &page,
        &["all checks passed (exit code 0)", "ClientHello, ", "CertificateVerify, ", "Finished, ", " days left"],
    );
    let (_, _, told) = mtls(&[&["check", &good, "--report", "/nowhere/page.html"][..], &own].concat());
    says(&told, &["--report /nowhere/page.html: "]);
    says(&text, &["check       127.0.0.1:", "client auth ok", "The same with OpenSSL:\n  openssl s_client"]);
}

#[test]
fn wrong_options_are_reported_with_exit_code_1() {
    for (words, told) in [
        (&["check"][..], "<HOST[:PORT]>"),
        (&["check", "a b"], "HOST[:PORT]: found 'a b', wanted HOST or HOST:PORT"),
        (&["check", "a", "--key", "x"], "--key must follow"),
        (&["check", "a", "--ca", "/nowhere.pem"], "/nowhere.pem"),
        (&["chekc"], "check"),
    ] {
        let (code, _, stderr) = mtls(words);
        assert_eq!(code, 1, "{words:?}: {stderr}");
        says(&stderr, &[told]);
    }
    let (code, help, _) = mtls(&["check", "--help"]);
    assert_eq!(code, 0);
    says(&help, &["--connect-to", "--insecure", "  27  the server never requested"]);
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let (code, script, _) = mtls(&["completions", shell]);
        assert!(code == 0 && script.contains("warn-days"), "{shell}");
    }
    let (code, page, _) = mtls(&["man", "check"]);
    assert!(code == 0 && page.contains(".SH OPTIONS"), "{page}");
}

/// Takes connections and does this with each.
fn taking(mut each: impl FnMut(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().for_each(|stream| each(stream.unwrap())));
    port
}

#[test]
fn a_firewall_that_resets_is_told_from_one_that_drops() {
    let ground = Ground::new();
    // What is unread when a socket is closed makes the system reset the connection.
    let resets = taking(|stream| drop(stream.peek(&mut [0])));
    let report = check(&Plan { connect_to: Some(at(resets)), ..ground.plan(None) });
    let reset = failed(&report, StepName::Handshake, 10);
    says(&reset, &["closed the connection without sending anything", "Connection reset"]);

    let mut kept = Vec::new();
    let drops = taking(move |stream| kept.push(stream));
    let patience = std::time::Duration::from_millis(300);
    let report = check(&Plan { connect_to: Some(at(drops)), patience, ..ground.plan(None) });
    let dropped = failed(&report, StepName::Handshake, 10);
    says(&dropped, &["nothing answers the ClientHello", "a firewall that drops", "does not answer a TLS 1.2 client"]);
}

#[test]
fn a_proxy_that_inspects_tls_is_named_with_the_exception_to_ask_for() {
    let ground = Ground::new();
    let proxy = ground.world.file("proxy");
    assert_eq!(mtls(&["pki", "new", &proxy, "--server", SERVER_NAME]).0, 0);
    // Its certificates have names of their own, as those of any such proxy.
    let [cert, key] = ["server.pem", "server.key"].map(|name| format!("{proxy}/{name}"));
    let port = free_port().unwrap();
    let listen = format!("127.0.0.1:{port}");
    let mut server =
        Process::start(env!("CARGO_BIN_EXE_mtls"), ["serve", "--listen", &listen, "--cert", &cert, "--key", &key])
            .unwrap();
    server.await_port(port).unwrap();
    let report = check(&Plan { connect_to: Some(at(port)), ..ground.plan(Some("client")) });
    let told = failed(&report, StepName::Chain, 24);
    says(
        &told,
        &[
            "probably an inspection proxy",
            "issued by CN=Throw-away Root CA,O=Example Bottling",
            "who has to act  the network operators",
            "exempt this connection from inspection",
        ],
    );
    assert!(report.ours.is_empty(), "nothing of ours is sent");
}
