//! The pages of `--report` in a real browser, Chromium without a window: no error, no request for anything else, all text
//! legible in light and dark and on paper, nothing wider than the window.
//!
//! `cargo test -p mtls --test browser`; with `WRITE_PICTURES=1`, it also renews the pictures in `docs/`.

#![allow(missing_docs)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use test_support::peers::process::Process;
use test_support::peers::workdir::Workdir;
use test_support::peers::world::free_port;

const MTLS: &str = env!("CARGO_BIN_EXE_mtls");
const ORDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/order.xml");
const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
/// The size of the window.
const SIZE: [u32; 2] = [1000, 1130];

/// Lists every text of the page that cannot be read, and what is wider than the window. The contrast is that of WCAG 2.2.
const LOOK: &str = r"(() => {
  const channel = c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const parse = text => (text.match(/[\d.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const wrong = [];
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const words = walker.currentNode.data.trim();
    if (!words) continue;
    texts += 1;
    const element = walker.currentNode.parentElement, style = getComputedStyle(element);
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const box = range.getBoundingClientRect();
    const ink = parse(element.closest('svg') ? style.fill : style.color);
    const [dark, light] = [luminance(ink), luminance(behind(element))].sort((a, b) => a - b);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5) wrong.push(`contrast ${contrast.toFixed(2)}: ${words}`);
    if (box.width < 1 || box.height < 1 || style.visibility !== 'visible') wrong.push(`invisible: ${words}`);
    if (box.left < 0 || box.right > innerWidth) wrong.push(`outside of the window: ${words}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) wrong.push('the page is wider than the window');
  return { texts, wrong, ground: getComputedStyle(document.body).backgroundColor };
})()";

/// A browser, which is driven by its protocol for development: messages that end with a zero byte, through two pipes.
struct Browser {
    program: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    sent: u64,
    /// What the browser has told by itself.
    events: Vec<Value>,
    session: Option<String>,
    _profile: Workdir,
}

impl Browser {
    fn start() -> Self {
        let profile = Workdir::new().unwrap();
        // The protocol has the descriptors 3 and 4.
        let line = format!(
            "exec timeout 120 chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --force-device-scale-factor=1 \
             --user-data-dir='{}' --remote-debugging-pipe 3<&0 4>&1 1>/dev/null 2>&1",
            profile.file("profile")
        );
        let found = Command::new("chromium").arg("--version").output();
        assert!(
            found.is_ok_and(|found| found.status.success()),
            "there is no Chromium: cargo xtask test --thorough installs it, and so does apt-get install chromium"
        );
        let mut program =
            Command::new("bash").args(["-c", &line]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (to, from) = (program.stdin.take().unwrap(), BufReader::new(program.stdout.take().unwrap()));
        let mut browser = Self { program, to, from, sent: 0, events: Vec::new(), session: None, _profile: profile };
        let target = browser.ask("Target.createTarget", &json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = browser.ask("Target.attachToTarget", &json!({ "targetId": target, "flatten": true }));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Log", "Network", "Page", "Runtime"] {
            browser.ask(&format!("{domain}.enable"), &json!({}));
        }
        let [width, height] = SIZE;
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        browser.ask("Emulation.setDeviceMetricsOverride", &size);
        browser
    }

    fn receive(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).unwrap();
        assert!(!message.is_empty(), "the browser has ended");
        serde_json::from_slice(&message[..message.len() - 1]).unwrap()
    }

    /// Sends a command, and waits for its answer.
    fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.to.write_all(&[message.to_string().as_bytes(), &[0]].concat()).unwrap();
        loop {
            let mut answer = self.receive();
            if answer["id"] == self.sent {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].take();
            }
            self.events.push(answer);
        }
    }

    /// Opens a page, and requires that it asks for nothing else and that nothing goes wrong.
    fn open(&mut self, file: &str) {
        self.events.clear();
        let url = format!("file://{file}");
        self.ask("Page.navigate", &json!({ "url": url }));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.receive();
            self.events.push(event);
        }
        for event in &self.events {
            match event["method"].as_str().unwrap_or_default() {
                "Network.requestWillBeSent" => assert_eq!(event["params"]["request"]["url"], url.as_str()),
                "Log.entryAdded" | "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" => panic!("{event}"),
                _ => {}
            }
        }
    }

    /// Sets the light or dark setting of the reader, and screen or paper.
    fn set(&mut self, scheme: &str, media: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.ask("Emulation.setEmulatedMedia", &json!({ "media": media, "features": features }));
    }

    /// Requires that all text can be read; returns the colour of the ground.
    fn look(&mut self) -> String {
        let result = self.ask("Runtime.evaluate", &json!({ "expression": LOOK, "returnByValue": true }));
        let found = &result["result"]["value"];
        assert_eq!(found["wrong"], json!([]), "{result}");
        assert!(found["texts"].as_u64().unwrap() > 10, "{result}");
        found["ground"].as_str().unwrap().to_owned()
    }

    /// Returns the window as PNG.
    fn picture(&mut self) -> Vec<u8> {
        let picture = self.ask("Page.captureScreenshot", &json!({ "format": "png" }));
        of_base64(picture["data"].as_str().unwrap())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let close = json!({ "id": 0, "method": "Browser.close" }).to_string();
        let _asked = self.to.write_all(&[close.as_bytes(), &[0]].concat());
        let _gone = self.program.wait();
    }
}

/// Decodes base64.
fn of_base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in text.bytes().filter_map(|byte| DIGITS.iter().position(|digit| *digit == byte)) {
        (bits, count) = ((bits << 6) | u32::try_from(digit).unwrap(), count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap());
        }
    }
    bytes
}

/// Makes a page of every kind, good and bad; returns their files.
fn pages(there: &Workdir) -> Vec<(&'static str, String)> {
    let run = |words: &[&str]| Command::new(MTLS).args(words).current_dir(there.file("")).output().unwrap();
    assert!(run(&["pki", "new", "pki", "--bad", "all"]).status.success());
    let port = free_port().unwrap();
    let address = format!("127.0.0.1:{port}");
    let pki = |name: &str| there.file(&format!("pki/{name}"));
    let [cert, key, root, report] = [pki("server.pem"), pki("server.key"), pki("root.pem"), there.file("serve.html")];
    let client = "gateway-0042.plant.example";
    let words = ["serve", "--listen", &address, "--cert", &cert, "--key", &key, "--client-ca", &root];
    let more = ["--require-cn", client, "--report", &report];
    let mut server = Process::start(MTLS, [&words[..], &more].concat()).unwrap();
    server.await_port(port).unwrap();
    let to = ["--connect", &address, "--server-name", "supplier.example", "--ca", "pki/root.pem", "--order", ORDER];
    let own = ["--cert", "pki/client.pem", "--key", "pki/client.key"];
    let expired = ["--cert", "pki/client-expired.pem", "--key", "pki/client-expired.key"];
    run(&[&["order", "post", "--report", "order.html"][..], &to, &own].concat());
    run(&[&["order", "post", "--report", "refused.html"][..], &to, &expired].concat());
    let check = ["check", &address, "--sni", "supplier.example", "--ca", "pki/root.pem"];
    run(&[&check[..], &own, &["--report", "check.html"]].concat());
    run(&[&check[..], &["--report", "failed.html"]].concat());
    run(&["inspect", "pki/client.pem", "pki/server-expired.pem", "--report", "inspect.html"]);
    drop(server);
    let names = ["order", "refused", "check", "failed", "serve", "inspect"];
    names.map(|name| (name, there.file(&format!("{name}.html")))).into()
}

/// The pictures of the documents: the page, the setting, and the name.
const PICTURES: [(&str, &str, &str); 2] =
    [("order", "light", "report-order.png"), ("refused", "dark", "report-refused.png")];

#[test]
fn every_page_can_be_read_in_light_and_dark_and_on_paper_and_needs_nothing_else() {
    let there = Workdir::new().unwrap();
    let pages = pages(&there);
    let mut browser = Browser::start();
    for (name, file) in &pages {
        assert!(Path::new(file).exists(), "{file}");
        browser.open(file);
        browser.set("light", "screen");
        let light = browser.look();
        browser.set("dark", "screen");
        let dark = browser.look();
        assert!(light == "rgb(255, 255, 255)" && dark != light, "{name}: {light} and {dark}");
        browser.set("dark", "print");
        assert_eq!(browser.look(), light, "{name}: paper is white");
        for (_, scheme, picture) in PICTURES.iter().filter(|(page, ..)| page == name) {
            browser.set(scheme, "screen");
            let bytes = browser.picture();
            assert!(bytes.starts_with(b"\x89PNG\r\n") && bytes.len() < 150_000, "{picture}: {} bytes", bytes.len());
            if std::env::var_os("WRITE_PICTURES").is_some() {
                std::fs::write(Path::new(DOCS).join(picture), bytes).unwrap();
            }
        }
    }
}

#[test]
fn the_look_finds_text_that_cannot_be_read_and_a_page_that_is_too_wide() {
    let there = Workdir::new().unwrap();
    let page = "<body style='background: white'><p style='color: #aaa'>pale</p><p style='width: 2000px; text-align: right'>far</p>\
                <p style='visibility: hidden'>gone</p><svg><text y='20' fill='yellow'>svg</text></svg>";
    let file = there.write("page.html", page).unwrap();
    let mut browser = Browser::start();
    browser.open(&file);
    let found = browser.ask("Runtime.evaluate", &json!({ "expression": LOOK, "returnByValue": true }));
    let found = found["result"]["value"]["wrong"].to_string();
    for words in
        ["contrast 2.32: pale", "outside of the window: far", "invisible: gone", ": svg", "wider than the window"]
    {
        assert!(found.contains(words), "{words}: {found}");
    }
}
