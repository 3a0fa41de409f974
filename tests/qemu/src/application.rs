//! The application behind a supplier's web server: it keeps the posted document and answers by a script.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// An answer to an order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// HTTP 200 with this cXML status.
    Cxml(u16),
    /// HTTP 200 with a body that is declared as compressed.
    Compressed,
    /// An HTTP status with lines of the head, such as `Retry-After: 1`.
    Http(u16, &'static str),
    /// HTTP 200 with a page for people.
    Page,
    /// None, for as long as the web server waits.
    Silence,
}

/// A running application.
pub(crate) struct Application {
    pub(crate) port: u16,
    orders: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Application {
    /// Starts one that gives these answers, and then accepts everything.
    pub(crate) fn start(script: &'static [Answer]) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("application: {error}");
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let orders = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let kept = orders.clone();
        thread::spawn(move || {
            let answers = script.iter().copied().chain(std::iter::repeat(Answer::Cxml(200)));
            for (stream, answer) in listener.incoming().zip(answers) {
                let Some((order, stream)) = stream.ok().and_then(|stream| Some((read(&stream)?, stream))) else {
                    return;
                };
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(order);
                reply(stream, answer);
            }
        });
        Ok(Self { port, orders })
    }

    /// The orders that came so far.
    pub(crate) fn orders(&self) -> Vec<Vec<u8>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The body of a request with a `Content-Length`.
fn read(stream: &TcpStream) -> Option<Vec<u8>> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("Content-Length") => length = value.parse().ok()?,
            None if line == "\r\n" => break,
            None if line.is_empty() => return None,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

fn reply(mut stream: TcpStream, answer: Answer) {
    let cxml = |code| format!("<cXML><Response><Status code=\"{code}\" text=\"\"/></Response></cXML>\n");
    let (status, head, body) = match answer {
        Answer::Cxml(code) => (200, "", cxml(code)),
        Answer::Compressed => (200, "Content-Encoding: gzip", "\u{1f}\u{8}".into()),
        Answer::Http(status, head) => (status, head, "<html>No.</html>\n".into()),
        Answer::Page => (200, "", "<html>Please log in.</html>\n".into()),
        Answer::Silence => {
            // Held by a thread of its own until the web server hangs up.
            thread::spawn(move || stream.read(&mut [0]));
            return;
        }
    };
    let head = if head.is_empty() { String::new() } else { format!("{head}\r\n") };
    let text = format!("HTTP/1.1 {status} Answer\r\n{head}Content-Length: {}\r\n\r\n{body}", body.len());
    // A web server that has hung up no longer reads it; the row fails by the log of the machine.
    let _unsent = stream.write_all(text.as_bytes());
}
