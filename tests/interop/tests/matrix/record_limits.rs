//! The servers that keep to a limit of records: what each echoes, and its longest record. `cargo test -p interop --test matrix
//! -- --record-limits` measures and compares with `docs/limits.md`; `REWRITE_LIMITS=1` before it rewrites the table there.

use crate::apache;
use crate::nginx;
use crate::nss;
use crate::openssl;
use crate::pki::{Pki, SERVER_NAME, Template};
use crate::process::{Process, print_of};
use crate::rustls_peer::{self, Options};
use crate::scripted::{LONG_LEAF, Stack, end};
use crate::servers;
use crate::table::End;
use crate::world::{WANTED_NAME, World, free_port};
use crate::{gnutls, process};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;
use std::{env, fs};
use test_support::messages::{
    CERTIFICATE_REQUEST, FINISHED, Hello, MAX_FRAGMENT_LENGTH, RECORD_SIZE_LIMIT, SERVER_NAME_EXTENSION, X25519, kinds,
    messages, parse_block, vec16,
};
use test_support::script::{ALERT, APPLICATION_DATA, Epoch, HANDSHAKE, Script, Sent};

/// A server answers within this time, or has nothing to say.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// The content of records that is asked for, the least that `GnuTLS` and `max_fragment_length` know.
const CONTENT: usize = 512;

/// The extensions that a client offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Offer {
    Both,
    FragmentOnly,
    Nothing,
}

/// The longest content of a record of a server, and the extension that it echoed.
struct Seen {
    echoed: &'static str,
    longest: usize,
}

/// A server of others, and what it answers with a lot of data.
struct Server {
    name: String,
    port: u16,
    request: Vec<u8>,
    _process: Option<Process>,
}

type Start = fn(&World) -> Result<Server, String>;

/// Measures, and compares the result with the page. Returns whether they agree.
pub(crate) fn run(world: &World) -> bool {
    let table = table(world);
    println!("{table}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/limits.md");
    let page = fs::read_to_string(&path).expect("docs/limits.md");
    let start = page.find("| Server |").expect("the table of servers");
    let end = start + page[start..].find("\n\n").map_or(page.len() - start, |end| end + 1);
    if env::var_os("REWRITE_LIMITS").is_some() {
        fs::write(&path, [&page[..start], &table, &page[end..]].concat()).expect("docs/limits.md");
        return true;
    }
    let agrees = essence(&table) == essence(&page[start..end]);
    if !agrees {
        println!("docs/limits.md has another table: REWRITE_LIMITS=1 rewrites it");
    }
    agrees
}

/// The cells of a table without the names, as versions differ from host to host, and without the lengths above the limit.
fn essence(table: &str) -> Vec<Vec<&str>> {
    let shorten = |cell| match str::parse(cell) {
        Ok(513_usize..) => "more",
        _ => cell,
    };
    table.lines().map(|line| line.split('|').skip(2).map(|cell| shorten(cell.trim())).collect()).collect()
}

fn table(world: &World) -> String {
    let mut table = "| Server | Echoes of both | Longest record | Echoes of `max_fragment_length` alone | Longest record | Longest record, nothing offered |\n\
                     |---|---|---:|---|---:|---:|\n"
        .to_owned();
    let mut row = |name: &str, seen: &dyn Fn(Offer) -> Result<Seen, String>| {
        let cells = [Offer::Both, Offer::FragmentOnly, Offer::Nothing].map(|offer| match (offer, seen(offer)) {
            (Offer::Nothing, Ok(seen)) => seen.longest.to_string(),
            (_, Ok(seen)) => format!("{} | {}", seen.echoed, seen.longest),
            (Offer::Nothing, Err(problem)) => format!("not measured: {problem}"),
            (_, Err(problem)) => format!("not measured: {problem} | "),
        });
        writeln!(table, "| {name} | {} |", cells.join(" | ")).expect("a string");
    };
    world.files.write("big", vec![b'x'; 20_000]).expect("a file");
    let servers: [(&str, Start); 6] = [
        ("OpenSSL", openssl_server),
        ("GnuTLS", gnutls_server),
        ("NSS", nss_server),
        ("nginx", nginx_server),
        ("Apache", apache_server),
        ("mosquitto", mosquitto),
    ];
    for (name, start) in servers {
        let server = start(world);
        let name = server.as_ref().map_or(name.to_owned(), |server| server.name.clone());
        row(&name, &|offer| {
            let server = server.as_ref().map_err(Clone::clone)?;
            converse(server.port, offer, &server.request)
        });
    }
    row(&format!("rustls {}", process::locked_version("rustls")), &|offer| {
        let server = rustls_peer::start_server(&world.server, &world.root, &Options::default())?;
        converse(server.port, offer, &post(5_000))
    });
    for stack in [Stack::MbedTls, Stack::WolfSsl, Stack::Go, Stack::Java, Stack::Node, Stack::Python] {
        let name = stack.start().map_or_else(|_| format!("{stack:?}"), |peer| peer.name);
        row(&name, &|offer| {
            let mut peer = stack.start()?;
            let [chain, key] = ["pem", "key"].map(|end| world.file(&format!("{LONG_LEAF}.{end}")));
            peer.tell(&["serve", &chain, &key, &world.file("root.pem")])?;
            let seen = converse(peer.port()?, offer, &post(1_000));
            seen.map_err(|problem| match end(&mut peer) {
                Ok((End::Refused(text) | End::Failed(text), _)) => format!("it ends the connection: {text}"),
                _ => problem,
            })
        });
    }
    table
}

fn openssl_server(world: &World) -> Result<Server, String> {
    let port = free_port()?;
    let chain = format!("-cert_chain {}", world.file("server.pem"));
    let process = servers::openssl(&world.files, port, "server", &["-Verify 3", &chain, "-www"])?;
    Ok(Server {
        name: format!("{} s_server", openssl::version()?),
        port,
        request: get("/", 0),
        _process: Some(process),
    })
}

fn gnutls_server(world: &World) -> Result<Server, String> {
    let port = free_port()?;
    let [chain, key, root] = ["server.pem", "server.key", "root.pem"].map(|name| world.file(name));
    let line = format!(
        "--echo --crlf --require-client-cert --verify-client-cert --port={port} --x509certfile={chain} \
         --x509keyfile={key} --x509cafile={root}"
    );
    let mut process = Process::start("gnutls-serv", line.split_whitespace())?;
    process.await_port(port)?;
    let request = [&[b'x'; 3_000][..], b"\r\n"].concat();
    Ok(Server { name: gnutls::version("gnutls-serv")?, port, request, _process: Some(process) })
}

fn nss_server(world: &World) -> Result<Server, String> {
    let port = free_port()?;
    let line = format!("-d {} -n own -p {port} -rr -v -V tls1.3:tls1.3", nss::database(world, "server")?);
    let mut process = Process::start("selfserv", line.split_whitespace())?;
    process.await_port(port)?;
    let version = print_of("dpkg-query", &["--showformat", "${Version}", "--show", "libnss3-tools"])?;
    let version = version.split([':', '-']).nth(1).unwrap_or_default();
    Ok(Server { name: format!("NSS {version} selfserv"), port, request: get("/", 3_000), _process: Some(process) })
}

fn nginx_server(world: &World) -> Result<Server, String> {
    let port = free_port()?;
    let mut process = servers::nginx(&world.files, port, "server", &[])?;
    process.await_port(port)?;
    Ok(Server { name: nginx::version()?, port, request: get("/big", 0), _process: Some(process) })
}

fn apache_server(world: &World) -> Result<Server, String> {
    let port = free_port()?;
    let mut process = servers::apache(&world.files, port, "server", &[])?;
    process.await_port(port)?;
    Ok(Server { name: apache::version()?, port, request: get("/big", 0), _process: Some(process) })
}

fn mosquitto(world: &World) -> Result<Server, String> {
    let port = free_port()?;
    let [root, chain, key] = ["root.pem", "server.pem", "server.key"].map(|name| world.file(name));
    let configuration = format!(
        "listener {port} 127.0.0.1\ncafile {root}\ncertfile {chain}\nkeyfile {key}\ntls_version tlsv1.3\n\
         require_certificate true\nallow_anonymous true\nuser root\n"
    );
    let configuration = world.files.write("mosquitto.conf", configuration)?;
    let mut process = Process::start("mosquitto", ["-c", &configuration])?;
    process.await_port(port)?;
    let version = print_of("mosquitto", &["-h"])?;
    let version = version.split_whitespace().nth(2).unwrap_or_default();
    // CONNECT, SUBSCRIBE to `t`, and PUBLISH of 3,000 bytes there, which come back.
    let connect = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01c";
    let publish = [&b"\x30\xbb\x17\x00\x01t"[..], &[b'x'; 3_000]].concat();
    let request = [&connect[..], b"\x82\x06\x00\x01\x00\x01t\x00", &publish].concat();
    Ok(Server { name: format!("mosquitto {version}"), port, request, _process: Some(process) })
}

/// A GET with `padding` bytes in a field, which some servers repeat.
fn get(path: &str, padding: usize) -> Vec<u8> {
    let padding = "x".repeat(padding);
    format!("GET {path} HTTP/1.1\r\nHost: {SERVER_NAME}\r\nX-Padding: {padding}\r\nConnection: close\r\n\r\n").into()
}

fn post(len: usize) -> Vec<u8> {
    let head =
        format!("POST / HTTP/1.1\r\nHost: {SERVER_NAME}\r\nContent-Type: text/xml\r\nContent-Length: {len}\r\n\r\n");
    [head.as_bytes(), &vec![b'x'; len]].concat()
}

/// Connects as a scripted client that reads every record, whatever its length, and sends a request.
fn converse(port: u16, offer: Offer, request: &[u8]) -> Result<Seen, String> {
    let said = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(said)?;
    stream.set_read_timeout(Some(process::LIMIT)).map_err(said)?;
    let mut script = Script::client(hello(offer));
    stream.write_all(&script.say_hello()).map_err(said)?;

    let server_hello = Hello::parse(&record_of(&mut stream)?[5..]);
    script.suite = server_hello.suite();
    script.hear(&server_hello.emit());
    script.agree(server_hello.share());
    let (mut flight, mut longest) = (Vec::new(), 0);
    while messages_in(&flight).last().is_none_or(|message| message[0] != FINISHED) {
        let record = record_of(&mut stream)?;
        for (kind, content) in script.open(&record) {
            match kind {
                HANDSHAKE => {
                    longest = longest.max(content.len());
                    flight.extend(content);
                }
                ALERT => return Err(format!("alert {}", content[1])),
                _ => {}
            }
        }
    }
    let flight = messages_in(&flight);
    for message in &flight {
        script.hear(message);
    }
    script.enter_application();
    let echoed = echoed(&kinds(&parse_block(&flight[0][4..])));
    let is_asked = flight.iter().any(|message| message[0] == CERTIFICATE_REQUEST);
    let mut pki = Pki::new();
    pki.client = Template::client(WANTED_NAME).signed_by(&pki.intermediate);
    let sent = if is_asked {
        script.client_flight(&pki, |message| message)
    } else {
        let finished = script.finished(test_support::pki::Role::Client);
        script.say(Epoch::Handshake, finished)
    };
    let flight: Vec<u8> = sent.into_iter().flat_map(|sent| sent.bytes).collect();
    for (epoch, kind, bytes) in
        [(Epoch::Handshake, HANDSHAKE, &flight[..]), (Epoch::Application, APPLICATION_DATA, request)]
    {
        // `max_fragment_length` counts in both directions.
        for piece in bytes.chunks(CONTENT) {
            stream.write_all(&script.seal(&Sent::new(epoch, kind, piece))).map_err(said)?;
        }
    }
    stream.set_read_timeout(Some(PATIENCE)).map_err(said)?;
    while let Ok(record) = record_of(&mut stream) {
        for (kind, content) in script.open(&record) {
            match kind {
                // Not close_notify, and not user_canceled, which JSSE sends before it.
                ALERT if ![0, 90].contains(&content[1]) => {
                    return Err(format!("alert {} after the handshake", content[1]));
                }
                _ => longest = longest.max(content.len()),
            }
        }
    }
    Ok(Seen { echoed, longest })
}

fn echoed(extensions: &[u16]) -> &'static str {
    match [RECORD_SIZE_LIMIT, MAX_FRAGMENT_LENGTH].map(|kind| extensions.contains(&kind)) {
        [true, false] => "`record_size_limit`",
        [false, true] => "`max_fragment_length`",
        [false, false] => "none",
        [true, true] => "both",
    }
}

fn hello(offer: Offer) -> Hello {
    let server_name = vec16(&[&[0][..], &vec16(SERVER_NAME.as_bytes())].concat());
    let hello = Script::hello(X25519).with(SERVER_NAME_EXTENSION, &server_name);
    let limit = u16::try_from(CONTENT + 1).expect("a short record").to_be_bytes();
    match offer {
        Offer::Both => hello.with(MAX_FRAGMENT_LENGTH, &[1]).with(RECORD_SIZE_LIMIT, &limit),
        Offer::FragmentOnly => hello.with(MAX_FRAGMENT_LENGTH, &[1]),
        Offer::Nothing => hello,
    }
}

/// Reads one record.
fn record_of(stream: &mut TcpStream) -> Result<Vec<u8>, String> {
    let mut record = vec![0; 5];
    stream.read_exact(&mut record).map_err(|error| error.to_string())?;
    let len = usize::from(u16::from_be_bytes([record[3], record[4]]));
    record.resize(5 + len, 0);
    stream.read_exact(&mut record[5..]).map_err(|error| error.to_string())?;
    // The compatibility record of a server says nothing.
    if record[0] == 20 { record_of(stream) } else { Ok(record) }
}

/// The whole messages in a stream.
fn messages_in(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut end = 0;
    while let Some([_, high, middle, low]) = stream.get(end..end + 4) {
        let next = end + 4 + usize::from(*high) * 0x1_0000 + usize::from(*middle) * 0x100 + usize::from(*low);
        if next > stream.len() {
            break;
        }
        end = next;
    }
    messages(&stream[..end])
}
