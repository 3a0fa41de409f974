//! `mtls order` as people run it: orders as frozen bytes, checked, and posted again by rules.

#![allow(missing_docs)]

use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::thread;

use mtls::cxml::Order;
use serde_json::Value;
use test_support::peers::process::{LIMIT, Process};
use test_support::peers::workdir::Workdir;
use test_support::peers::world::free_port;

const MTLS: &str = env!("CARGO_BIN_EXE_mtls");
const ORDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/order.xml");

fn mtls(words: &[&str]) -> Output {
    Command::new(MTLS).args(words).output().unwrap()
}

/// What a program says, on either channel.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

fn says(text: &str, words: &str) {
    assert!(text.contains(words), "'{words}' is not in:\n{text}");
}

/// Writes a new order, and returns its bytes and what the program says in JSON.
fn new(out: &str, options: &[&str]) -> (Vec<u8>, Value) {
    let output = mtls(&[&["order", "new", ORDER, "--out", out, "--json"], options].concat());
    assert!(output.status.success(), "{}", said(&output));
    (std::fs::read(out).unwrap(), serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn a_new_order_differs_from_its_template_only_in_what_identifies_it() {
    let there = Workdir::new().unwrap();
    let template = std::fs::read_to_string(ORDER).unwrap();
    let (bytes, told) = new(&there.file("one.xml"), &["--number", "PO \"7\" & <8>"]);
    let (before, order) = (Order::parse(template.as_bytes(), None).unwrap(), Order::parse(&bytes, None).unwrap());
    assert_eq!((&order.number, &told["number"]), (&"PO \"7\" & <8>".to_owned(), &"PO \"7\" & <8>".into()));
    assert_eq!(
        (told["payload_id"].as_str(), told["timestamp"].as_str()),
        (Some(&*order.payload_id), Some(&*order.timestamp))
    );
    assert!(order.payload_id.ends_with("@gateway-0042.plant.example") && order.payload_id != before.payload_id);
    let mut back = String::from_utf8(bytes).unwrap();
    for (new, old) in [(&order.payload_id, &before.payload_id), (&order.timestamp, &before.timestamp)] {
        assert_eq!(back.matches(new.as_str()).count(), 1);
        back = back.replacen(new.as_str(), old, 1);
    }
    assert_eq!(back.replace("PO &quot;7&quot; &amp; &lt;8&gt;", &before.number), template);

    let (_, other) = new(&there.file("two.xml"), &[]);
    assert_ne!(other["payload_id"], told["payload_id"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(there.file("two.xml")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let again = mtls(&["order", "new", ORDER, "--out", &there.file("two.xml")]);
    assert_eq!(again.status.code(), Some(1), "an order that may have been sent is overwritten");
}

#[test]
fn both_levels_of_status_decide_about_a_response() {
    let there = Workdir::new().unwrap();
    let response = |code: u16| {
        let text = format!(
            "<cXML payloadID=\"a\" timestamp=\"b\"><Response><Status code=\"{code}\" text=\"t\">m</Status></Response></cXML>"
        );
        there.write("response.xml", text).unwrap()
    };
    for (code, http, exit, words) in [
        (200, None, 0, "the supplier has the order"),
        (201, Some("200"), 0, "not yet processed"),
        (406, Some("200"), 40, "do not retry the order unchanged"),
        (500, Some("200"), 41, "retry later with the same bytes"),
        (700, None, 42, "ask the supplier"),
        (200, Some("503"), 31, "HTTP status 503: retry later"),
        (200, Some("403"), 30, "HTTP status 403: rejected"),
    ] {
        let file = response(code);
        let mut words_of = vec!["order", "validate", &file];
        words_of.extend(http.map(|status| ["--http-status", status]).into_iter().flatten());
        let output = mtls(&words_of);
        assert_eq!(output.status.code(), Some(exit), "{code}: {}", said(&output));
        says(&said(&output), words);
    }
    let empty = there.write("empty", "").unwrap();
    assert_eq!(mtls(&["order", "validate", &empty]).status.code(), Some(3));
    assert_eq!(mtls(&["order", "validate", &empty, "--http-status", "200"]).status.code(), Some(0));
}

#[test]
fn a_document_that_cannot_be_sent_is_named_by_its_place_and_what_is_missing() {
    let there = Workdir::new().unwrap();
    let order = std::fs::read_to_string(ORDER).unwrap();
    let output = mtls(&["order", "validate", ORDER]);
    assert_eq!(output.status.code(), Some(0));
    says(&said(&output), "order: PO-2026-004711, 2 lines, 412.60 EUR, test, payloadID 1790150400.4711");
    for (text, words) in [
        (order.replace("</cXML>", ""), "not well-formed XML at "),
        (order.replace("payloadID=", "payload="), "cXML has no attribute payloadID"),
        (order.replace("ItemOut", "Item"), "OrderRequest has no ItemOut"),
        (order.replace("<Money currency=\"EUR\">412.60", "<Money>412.60"), "Money has no attribute currency"),
        ("<cXML payloadID=\"a\"><Response/></cXML>".to_owned(), "Response has no Status"),
        ("<html/>".to_owned(), "found the element 'html', wanted cXML"),
    ] {
        let file = there.write("broken.xml", text).unwrap();
        let output = mtls(&["order", "validate", &file]);
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        says(&said(&output), words);
        assert!(!said(&output).contains("only-an-example"), "a shared secret");
    }
    let listed = mtls(&["order", "validate", "--json", ORDER, &there.file("broken.xml")]);
    let told: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(
        (&told[0]["kind"], &told[1]["kind"], &told[1]["exit_code"]),
        (&"order".into(), &"invalid".into(), &3.into())
    );
    assert_eq!(listed.status.code(), Some(3));
}

/// A folder with a PKI, and a supplier that takes orders of clients with this common name.
struct Ground(Workdir);

impl Ground {
    fn new() -> Self {
        let there = Self(Workdir::new().unwrap());
        assert!(mtls(&["pki", "new", &there.0.file("pki")]).status.success());
        there
    }

    fn file(&self, name: &str) -> String {
        self.0.file(&format!("pki/{name}"))
    }

    fn serve(&self, client: &str) -> (Process, u16) {
        self.serve_with(&["--once", "1", "--require-cn", client])
    }

    fn serve_with(&self, words: &[&str]) -> (Process, u16) {
        let [cert, key, root] = ["server.pem", "server.key", "root.pem"].map(|name| self.file(name));
        let words = [&["serve", "--listen", "127.0.0.1:0"], words].concat();
        let own = ["--cert", &cert, "--key", &key, "--client-ca", &root];
        let mut server = Process::start(MTLS, [&words[..], &own].concat()).unwrap();
        let port = |server: &Process| {
            let told = String::from_utf8_lossy(&server.stdout()).into_owned();
            let digits = told.split_once('\n')?.0.rsplit_once("127.0.0.1:")?.1;
            digits.trim_end_matches(|end: char| !end.is_ascii_digit()).parse().ok()
        };
        server.await_sign("said where it listens", |server| port(server).is_some()).unwrap();
        let port = port(&server).unwrap();
        (server, port)
    }

    /// Posts the order at most three times, without pauses.
    fn retry(&self, port: u16) -> Output {
        self.retry_with(port, &[])
    }

    fn retry_with(&self, port: u16, options: &[&str]) -> Output {
        let address = format!("127.0.0.1:{port}");
        let [cert, key, root] = ["client.pem", "client.key", "root.pem"].map(|name| self.file(name));
        let to = ["order", "retry", "--connect", &address, "--server-name", "supplier.example", "--order", ORDER];
        let own = ["--ca", &root, "--cert", &cert, "--key", &key];
        mtls(&[&to[..], &own, &["--attempts", "3", "--pause", "0"], options].concat())
    }
}

#[test]
fn an_order_is_posted_again_until_the_attempts_are_used_up() {
    let output = Ground::new().retry(free_port().unwrap());
    assert_eq!(output.status.code(), Some(10), "{}", said(&output));
    assert_eq!(said(&output).matches("mtls: network: ").count(), 3, "{}", said(&output));
    says(&said(&output), "retry    attempt 3 of 3 in 0 s, with the same bytes");
}

#[test]
fn after_a_broken_connection_the_same_order_arrives() {
    let ground = Ground::new();
    let (mut server, port) = ground.serve("gateway-0042.plant.example");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let between = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        drop(listener.accept().unwrap());
        let (near, far) = (listener.accept().unwrap().0, TcpStream::connect(("127.0.0.1", port)).unwrap());
        for (mut from, mut to) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
            thread::spawn(move || {
                let _ended = std::io::copy(&mut from, &mut to);
                let _gone = to.shutdown(std::net::Shutdown::Write);
            });
        }
    });
    let output = ground.retry(between);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(said(&output).matches("retry    attempt ").count(), 1, "{}", said(&output));
    server.await_status(LIMIT).unwrap();
    says(&String::from_utf8_lossy(&server.stdout()), "PO-2026-004711");
}

#[test]
fn what_a_person_has_to_change_is_not_tried_again() {
    let ground = Ground::new();
    let (_server, port) = ground.serve("another.plant.example");
    let output = ground.retry(port);
    assert_eq!(output.status.code(), Some(30), "{}", said(&output));
    assert!(!said(&output).contains("retry    attempt"), "{}", said(&output));
}

#[test]
fn a_server_that_ends_the_session_with_an_alert_in_place_of_a_response_has_refused_the_order() {
    let ground = Ground::new();
    let (mut server, port) = ground.serve_with(&["--answer", "alert:44", "--once", "1"]);
    let output = ground.retry(port);
    assert_eq!(output.status.code(), Some(21), "{}", said(&output));
    says(&said(&output), "alert 44 (certificate_revoked)");
    assert!(!said(&output).contains("retry    attempt"), "{}", said(&output));
    server.await_status(LIMIT).unwrap();
    says(
        &String::from_utf8_lossy(&server.stdout()),
        "broken: ended with alert 44 (certificate_revoked): as --answer says",
    );
}

#[test]
fn an_order_that_is_delivered_is_so_also_if_its_page_cannot_be_written() {
    let ground = Ground::new();
    let (_server, port) = ground.serve_with(&["--answer", "http:503", "--answer", "usual"]);
    let output = ground.retry_with(port, &["--report", &ground.0.file("missing/page.html")]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(said(&output).matches("retry    attempt ").count(), 1, "{}", said(&output));
    says(&said(&output), "mtls: warning: --report ");
}

#[test]
fn a_server_answers_and_fails_as_its_command_line_says() {
    let ground = Ground::new();
    let (_server, port) = ground.serve_with(&["--answer", "http:503", "--answer", "cxml:500", "--answer", "usual"]);
    let output = ground.retry(port);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(said(&output).matches("retry    attempt ").count(), 2, "{}", said(&output));

    // Without the keys of its authorities.
    let alone = ["server.pem", "server.key"].map(|name| {
        let text = std::fs::read(ground.file(name)).unwrap();
        ground.0.write(&format!("alone-{name}"), text).unwrap()
    });
    let refused = |words: &[&str], told: &str| {
        let [cert, key] = &alone;
        let output = mtls(&[&["serve", "--listen", "127.0.0.1:0", "--cert", cert, "--key", key], words].concat());
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        says(&said(&output), told);
    };
    refused(
        &["--fault", "expired"],
        "alone-server-expired.pem, wanted that file: mtls pki issue FOLDER --server NAME --bad expired",
    );
    refused(&["--fault", "broken"], "--fault: found 'broken', wanted one that --help lists");
    refused(&["--answer", "http"], "wanted usual, http:STATUS, cxml:STATUS");
    // The server makes the certificate itself.
    for (fault, code) in [("expired", 22), ("wrong-name", 25), ("unknown-ca", 24)] {
        let (_server, port) = ground.serve_with(&["--fault", fault]);
        assert_eq!(ground.retry(port).status.code(), Some(code), "{fault}");
    }
    let issue = ["pki", "issue", &ground.0.file("pki"), "--server", "supplier.example", "--file", "other"];
    assert!(mtls(&[&issue[..], &["--bad", "expired"]].concat()).status.success());
    for ending in ["pem", "key"] {
        let [from, to] = ["other", "server"].map(|name| ground.file(&format!("{name}-expired.{ending}")));
        std::fs::rename(from, to).unwrap();
    }
    let (_server, port) = ground.serve_with(&["--fault", "expired"]);
    assert_eq!(ground.retry(port).status.code(), Some(22));
}

/// Reads one object in each line.
fn lines(output: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_attempt_is_one_line_of_json_with_the_same_keys() {
    let ground = Ground::new();
    let nobody = ground.retry_with(free_port().unwrap(), &["--json"]);
    assert_eq!(nobody.status.code(), Some(10), "{}", said(&nobody));
    let (_server, port) = ground.serve("gateway-0042.plant.example");
    let taken = ground.retry_with(port, &["--json"]);
    assert_eq!(taken.status.code(), Some(0), "{}", said(&taken));
    let attempts = [lines(&nobody.stdout), lines(&taken.stdout)].concat();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let known: Vec<_> = attempts.iter().map(keys).collect();
    assert!(known.len() == 4 && known.iter().all(|keys| *keys == known[0]), "{known:?}");
    assert_eq!(attempts.iter().map(|attempt| attempt["attempt"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 1]);
    let [first, _, third, good] = &attempts[..] else { panic!("{attempts:?}") };
    assert_eq!((&first["retry_in"], &third["retry_in"]), (&0.into(), &Value::Null));
    assert_eq!((&first["outcome"], &first["exit_code"]), (&"failed".into(), &10.into()));
    assert!(!first["failure"]["responsible"].as_str().unwrap().is_empty());
    assert_eq!(
        (&good["outcome"], &good["exit_code"], &good["failure"]),
        (&"delivered".into(), &0.into(), &Value::Null)
    );
    assert_eq!((&good["http"]["status"], &good["cxml"]["code"]), (&200.into(), &200.into()));
    assert_eq!(good["peer"]["common_name"], "supplier.example");
    assert!(good["milliseconds"]["handshake"].is_number() && good["ours"][0]["days_left"].is_number(), "{good}");
}

#[test]
fn the_page_of_an_order_and_that_of_the_server_show_the_same_handshake_without_a_secret() {
    let ground = Ground::new();
    let [page, of_server] = ["order.html", "serve.html"].map(|name| ground.file(name));
    let (mut server, port) = ground.serve_with(&["--once", "1", "--report", &of_server, "--json"]);
    let output = ground.retry_with(port, &["--report", &page]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    server.await_status(LIMIT).unwrap();
    let [page, of_server] = [page, of_server].map(|file| std::fs::read_to_string(file).unwrap());
    for page in [&page, &of_server] {
        for words in [
            "ClientHello, ",
            "Certificate, ",
            "Finished, 36 bytes",
            " bytes, 1 record, ",
            " ms<",
            "handshake complete",
            "CN=gateway-0042.plant.example,O=Example Bottling",
            "CN=supplier.example,O=Example Bottling",
            " days left",
        ] {
            says(page, words);
        }
        assert!(!page.contains("not verified") && !page.contains("only-an-example"), "{page}");
    }
    says(&page, "the supplier has the order: cXML 200 OK (exit code 0)");
    says(&page, "with data, ");
    says(&of_server, "POST /orders: HTTP 200, cXML 200 for order PO-2026-004711");
    let events = lines(&server.stdout());
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["listening", "opened", "answered", "closed"]);
    assert_eq!(events[1]["peer"]["common_name"], "gateway-0042.plant.example");
    assert_eq!((&events[2]["request"], &events[2]["status"]), (&"POST /orders".into(), &200.into()));
}

#[test]
fn the_page_of_an_order_that_was_refused_says_where_it_broke_and_who_has_to_act() {
    let ground = Ground::new();
    let (_server, port) = ground.serve("another.plant.example");
    let page = ground.file("order.html");
    assert_eq!(ground.retry_with(port, &["--report", &page]).status.code(), Some(30));
    let page = std::fs::read_to_string(page).unwrap();
    says(&page, "(exit code 30)");
    says(&page, "<th>Who has to act</th><td><div>the operator of the peer</div></td>");
    says(&page, "<td class=\"failed\">✗</td><th>HTTP</th>");
}
