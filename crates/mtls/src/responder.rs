//! The supplier's answers to HTTP requests of clients that completed the handshake.
//!
//! The body of a POST is a cXML document. It is answered with HTTP 200 and a cXML Response, whose status is the result:
//! 200, 406 for a document that cannot be read, or 450 for a request that is not an order. So the sender learns whether
//! HTTP or the document is at fault. A compressed body, or one that is not XML, gets HTTP 415; of a body with
//! attachments (`multipart/related`) the root part is the document, and the attachments are ignored. A repeated order
//! gets the first Response again, even if an intermediary has changed its encoding and its declaration; a different
//! order with the same payloadID gets 409.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

#[cfg(feature = "program")]
use mtls_order::BLOB_PATH;
use time::OffsetDateTime;

#[cfg(feature = "program")]
use super::blobs::{Blobs, Sent};
use super::cxml::{self, CxmlError, Order, Party, Status};
use super::http::{self, HttpError, Request};
use super::mime::{self, MediaType};
use super::report::{Link, printable};

/// Maximum number of Responses that are kept for repeated orders. The oldest are dropped first.
const KEPT: usize = 1000;

/// An answer to a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
    /// A note for the supplier's log.
    pub(crate) note: String,
    /// The version of the blob that the client may fetch.
    pub(crate) blob: Option<u64>,
}

impl Reply {
    /// Makes a page of plain text.
    pub(crate) fn text(status: u16, body: String, note: impl Into<String>) -> Self {
        let content_type = "text/plain; charset=UTF-8";
        Self { status, content_type, body: body.into_bytes(), note: note.into(), blob: None }
    }

    /// Makes the answer to a document: a cXML Response.
    pub(crate) fn cxml(response: String, note: String) -> Self {
        Self { status: 200, content_type: cxml::CONTENT_TYPE, body: response.into_bytes(), note, blob: None }
    }

    /// Makes the answer to a client without permission.
    pub(crate) fn forbidden(why: &str) -> Self {
        Self::text(403, format!("403 Forbidden\n{why}\n"), why)
    }

    /// Makes the answer to a message that could not be read; `None` if the stream has failed.
    pub(crate) fn refusal<E: core::fmt::Display>(error: &HttpError<E>) -> Option<Self> {
        error.status().map(|status| Self::text(status, format!("{error}\n"), printable(&error.to_string())))
    }

    /// Makes the head for the body; `last`: no further request is read on this connection.
    pub(crate) fn head(&self, last: bool) -> String {
        let extra: &[_] = match self.status {
            405 => &[("Allow", "GET, HEAD, POST")],
            // RFC 9110 sections 12.5.1 and 12.5.3: what would have been accepted.
            415 => &[("Accept", "text/xml, application/xml, multipart/related"), ("Accept-Encoding", "identity")],
            _ => &[],
        };
        let version = self.blob.map(|version| version.to_string());
        let announced = version.iter().map(|version| ("Mtls-Blob", version.as_str()));
        let extra: Vec<_> = extra.iter().copied().chain(announced).collect();
        http::response(self.status, self.content_type, self.body.len(), last, &extra)
    }
}

/// The permanent name of an order: the client's common name, the buyer, and the payloadID.
#[derive(Debug, PartialEq, Eq)]
struct Key(Option<String>, Party, String);

/// An accepted order.
#[derive(Debug)]
struct Taken {
    key: Key,
    order: Order,
    response: String,
}

/// Answers the requests of all connections.
#[derive(Debug, Default)]
pub(crate) struct Responder {
    /// Common names of admitted clients; empty: every client that completed the handshake.
    required_names: Vec<String>,
    /// Blobs for the devices of clients.
    #[cfg(feature = "program")]
    blobs: Blobs,
    taken: Mutex<VecDeque<Taken>>,
    responses: AtomicU64,
}

impl Responder {
    /// Makes a responder for clients with one of these common names, or for all.
    pub(crate) fn new(required_names: Vec<String>) -> Self {
        Self { required_names, ..Self::default() }
    }

    /// Sets what there is for the devices of clients.
    #[cfg(feature = "program")]
    pub(crate) fn with_blobs(self, blobs: Blobs) -> Self {
        Self { blobs, ..self }
    }

    /// Returns the common names of admitted clients; empty: all.
    pub(crate) fn required_names(&self) -> &[String] {
        &self.required_names
    }

    /// Returns the reason why this client is not admitted.
    pub(crate) fn objection(&self, common_name: Option<&str>) -> Option<String> {
        if self.required_names.is_empty() || self.required_names.iter().any(|name| Some(name.as_str()) == common_name) {
            return None;
        }
        let found = common_name.map_or_else(|| "none".to_owned(), |name| format!("'{}'", printable(name)));
        Some(format!("common name of the client: found {found}, wanted '{}'", self.required_names.join("' or '")))
    }

    /// Answers a request of a client, which must have one of the common names if any are required.
    pub(crate) fn answer(&self, request: &Request, link: &Link) -> Reply {
        let common_name = proved_name(link);
        match self.objection(common_name) {
            Some(objection) => Reply::forbidden(&objection),
            None => self.answer_known(request, link),
        }
    }

    /// Answers a request of an anonymous client: it may read pages, but not post orders.
    #[cfg(feature = "post-handshake-auth")]
    pub(crate) fn show_anybody(&self, request: &Request, link: &Link) -> Reply {
        match request.method.as_str() {
            "POST" => {
                Reply::forbidden("orders are accepted only on paths that require your certificate, not on this one")
            }
            _ => self.answer_known(request, link),
        }
    }

    fn answer_known(&self, request: &Request, link: &Link) -> Reply {
        let common_name = proved_name(link);
        match request.method.as_str() {
            #[cfg(feature = "program")]
            "GET" | "HEAD" if request.target == BLOB_PATH => self.blob(common_name),
            "GET" | "HEAD" => Reply::text(200, page(link), "the page about the client"),
            "POST" => {
                let reply = unsupported(request).unwrap_or_else(|| self.take_order(request, common_name));
                self.announce(reply, common_name)
            }
            other => {
                let note = format!("method: found {}, wanted GET, HEAD or POST", printable(other));
                Reply::text(405, format!("405 Method Not Allowed\n{note}\n"), note)
            }
        }
    }

    /// Answers the request of a client for its blob.
    #[cfg(feature = "program")]
    fn blob(&self, common_name: Option<&str>) -> Reply {
        match self.blobs.of(common_name) {
            None => Reply::text(404, "404 Not Found\nno blob for this client\n".to_owned(), "no blob for this client"),
            Some(Err(why)) => {
                let text = "503 Service Unavailable\nthe blob cannot be read now\n".to_owned();
                Reply::text(503, text, printable(&why))
            }
            Some(Ok(Sent { version, bytes })) => {
                let note = format!("blob {version}, {} bytes", bytes.len());
                Reply { status: 200, content_type: "application/octet-stream", body: bytes, note, blob: Some(version) }
            }
        }
    }

    /// Announces the blob of a client in an answer to its order.
    #[cfg(feature = "program")]
    fn announce(&self, mut reply: Reply, common_name: Option<&str>) -> Reply {
        match self.blobs.of(common_name) {
            None => {}
            Some(Ok(blob)) => reply.blob = Some(blob.version),
            Some(Err(why)) => reply.note = format!("{}; no blob is announced: {}", reply.note, printable(&why)),
        }
        reply
    }

    /// Announces nothing.
    #[cfg(not(feature = "program"))]
    #[allow(clippy::unused_self, reason = "as with `program`")]
    fn announce(&self, reply: Reply, _: Option<&str>) -> Reply {
        reply
    }

    /// Answers a document that should be an order.
    fn take_order(&self, request: &Request, common_name: Option<&str>) -> Reply {
        let reply = Reply::cxml;
        let enclosed = mime::document(request.headers.first("content-type"), &request.body);
        let enclosed = enclosed.map_err(|message| CxmlError { code: 406, message });
        let parsed = enclosed.and_then(|enclosed| Order::parse(enclosed.bytes, enclosed.charset.as_deref()));
        let order = match parsed {
            Ok(order) => order,
            Err(error) => {
                let status = Status::new(error.code, error.message.clone());
                return reply(self.response(&status), format!("cXML {} ({})", error.code, printable(&error.message)));
            }
        };
        let key = Key(common_name.map(str::to_owned), order.from.clone(), order.payload_id.clone());
        let what = printable(&format!("order {} of {}, payloadID {}", order.number, order.from, order.payload_id));
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.iter().find(|known| known.key == key) {
            Some(known) if known.order == order => {
                return reply(known.response.clone(), format!("cXML 200, the first Response again, for {what}"));
            }
            Some(_) => {
                let status = Status::new(409, "another order with this payloadID was accepted before");
                return reply(self.response(&status), format!("cXML 409, payloadID used before, for {what}"));
            }
            None => {}
        }
        let line = if order.lines == 1 { "line" } else { "lines" };
        let message = format!("order {} for {} with {} {line} accepted", order.number, order.total, order.lines);
        let response = self.response(&Status::new(200, message));
        if taken.len() >= KEPT {
            taken.pop_front();
        }
        taken.push_back(Taken { key, order, response: response.clone() });
        reply(response, format!("cXML 200 for {what}"))
    }

    /// Makes a Response with a new payloadID.
    pub(crate) fn response(&self, status: &Status) -> String {
        let now = OffsetDateTime::now_utc();
        let number = self.responses.fetch_add(1, Ordering::Relaxed);
        let payload_id = format!("{}.{}.{number}@supplier.example", now.unix_timestamp(), std::process::id());
        status.to_response(&payload_id, now)
    }
}

/// Makes the answer to a body of another type, or in an unsupported coding.
fn unsupported(request: &Request) -> Option<Reply> {
    let media = request.headers.first("content-type").map(MediaType::parse);
    let media = media.filter(|media| !media.is_xml() && !media.is_multipart()).map(|media| media.essence);
    let coding = request.headers.first("content-encoding").filter(|coding| !coding.eq_ignore_ascii_case("identity"));
    let note = match (media, coding) {
        (Some(media), _) => format!("Content-Type: found '{}', wanted text/xml", printable(&media)),
        (None, Some(coding)) => format!("Content-Encoding: found '{}', wanted identity", printable(coding)),
        (None, None) => return None,
    };
    Some(Reply::text(415, format!("415 Unsupported Media Type\n{note}\n"), note))
}

/// Returns the common name of the client. A client that was admitted by a waiver has none: anyone could have chosen the
/// name.
fn proved_name(link: &Link) -> Option<&str> {
    link.peer.as_ref().filter(|_| link.waived.is_none()).and_then(|peer| peer.common_name.as_deref())
}

/// Makes a page with the client's identity, under the names that Apache uses for it.
fn page(link: &Link) -> String {
    let failed = link.waived.as_ref().map(|waived| format!("FAILED:{waived}"));
    let verify = failed.as_deref().unwrap_or(if link.peer.is_some() { "SUCCESS" } else { "NONE" });
    let mut facts = vec![
        ("SSL_PROTOCOL", "TLSv1.3"),
        ("SSL_CIPHER", &link.suite),
        ("SSL_GROUP", &link.group),
        ("SSL_ALPN", link.alpn.as_deref().unwrap_or_default()),
        ("SSL_CLIENT_VERIFY", verify),
    ];
    if let Some(peer) = &link.peer {
        facts.extend([
            ("SSL_CLIENT_S_DN", peer.subject.as_str()),
            ("SSL_CLIENT_S_DN_CN", peer.common_name.as_deref().unwrap_or_default()),
            ("SSL_CLIENT_I_DN", &peer.issuer),
            ("SSL_CLIENT_M_SERIAL", &peer.serial),
            ("SSL_CLIENT_V_START", &peer.not_before),
            ("SSL_CLIENT_V_END", &peer.not_after),
            ("SSL_CLIENT_SHA256", &peer.fingerprint),
        ]);
        facts.extend(peer.names.iter().map(|name| ("SSL_CLIENT_SAN", name.as_str())));
    }
    let lines: Vec<_> = facts.iter().map(|(name, value)| format!("{name}={}\n", printable(value))).collect();
    format!("The supplier of embedded-mtls. POST a cXML OrderRequest here.\n\n{}", lines.concat())
}

#[cfg(test)]
mod tests {
    use super::super::report::Peer;
    use super::*;

    const ORDER: &str = include_str!("../../../examples/data/order.xml");

    fn visitor(common_name: &str) -> Link {
        let peer = Peer { common_name: Some(common_name.to_owned()), ..Peer::default() };
        Link { peer: Some(peer), ..Link::default() }
    }

    fn post(body: &str) -> Request {
        Request { method: "POST".to_owned(), body: body.as_bytes().to_vec(), ..Request::default() }
    }

    fn text(reply: &Reply) -> String {
        String::from_utf8(reply.body.clone()).unwrap()
    }

    fn cxml_code(reply: &Reply) -> u16 {
        assert_eq!((reply.status, reply.content_type), (200, cxml::CONTENT_TYPE));
        Status::parse(&reply.body, None).unwrap().code
    }

    /// A request as it comes.
    fn posted(fields: &str, body: &[u8]) -> Request {
        let head = format!("POST /orders HTTP/1.1\r\nHost: s\r\nContent-Length: {}\r\n{fields}\r\n\r\n", body.len());
        http::tests::request_of([head.as_bytes(), body].concat())
    }

    #[test]
    fn an_order_comes_in_any_encoding_and_with_attachments() {
        let responder = Responder::new(Vec::new());
        let code = |fields: &str, body: &[u8]| cxml_code(&responder.answer(&posted(fields, body), &visitor("a")));
        let latin1: Vec<u8> =
            ORDER.replace("UTF-8", "ISO-8859-1").chars().filter_map(|c| u8::try_from(c).ok()).collect();
        assert_eq!(code("Content-Type: text/xml", &latin1), 200);
        // The same order once more: a proxy has changed its encoding, and a letter that it does not have.
        let utf16: Vec<u8> = ORDER.replace('µ', "u").encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(code("Content-Type: application/xml", &[&[0xfe, 0xff], &utf16[..]].concat()), 200);
        let order = ORDER.replace("4711.8f", "4713.8f");
        let parts = format!(
            "--b1\r\nContent-Type: text/xml; charset=UTF-8\r\nContent-ID: <1@a>\r\n\r\n{order}\r\n--b1\r\n\
             Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--b1--\r\n"
        );
        let related = "Content-Type: multipart/related; boundary=\"b1\"; type=\"text/xml\"; start=\"<1@a>\"";
        assert_eq!(code(related, parts.as_bytes()), 200);
        assert_eq!(code(&related.replace("b1", "b2"), parts.as_bytes()), 406);
    }

    #[test]
    fn a_body_that_is_not_xml_or_is_compressed_is_rejected_with_the_required_type() {
        let responder = Responder::new(Vec::new());
        for (fields, note) in [
            ("Content-Type: application/json", "Content-Type: found 'application/json', wanted text/xml"),
            ("Content-Type: text/xml\r\nContent-Encoding: gzip", "Content-Encoding: found 'gzip', wanted identity"),
        ] {
            let reply = responder.answer(&posted(fields, b"{}"), &visitor("a"));
            assert_eq!((reply.status, reply.note.as_str()), (415, note));
            let head = reply.head(true);
            assert!(
                head.contains("\r\nAccept: text/xml, ") && head.contains("\r\nAccept-Encoding: identity\r\n"),
                "{head}"
            );
        }
    }

    #[test]
    fn an_order_is_accepted_once_and_a_repetition_gets_the_same_response() {
        let responder = Responder::new(Vec::new());
        let first = responder.answer(&post(ORDER), &visitor("a"));
        assert_eq!(cxml_code(&first), 200);
        assert!(text(&first).contains("order PO-2026-004711 for 412.60 EUR with 2 lines accepted"), "{first:?}");
        assert_eq!(responder.answer(&post(ORDER), &visitor("a")).body, first.body);
        assert_ne!(responder.answer(&post(ORDER), &visitor("b")).body, first.body);
        assert_ne!(responder.answer(&post(&ORDER.replace("4711.8f", "4712.8f")), &visitor("a")).body, first.body);
        for (from, to) in
            [("412.60", "4126.00"), ("quantity=\"", "quantity=\"1"), ("<SupplierPartID>", "<SupplierPartID>X")]
        {
            let other = responder.answer(&post(&ORDER.replace(from, to)), &visitor("a"));
            assert_eq!(cxml_code(&other), 409, "{to}");
        }
    }

    #[test]
    fn the_desk_forgets_the_oldest_first() {
        let responder = Responder::new(Vec::new());
        let first = responder.answer(&post(ORDER), &visitor("a")).body;
        for number in 1..KEPT {
            responder.answer(&post(&ORDER.replace("4711.8f", &format!("{number}.x"))), &visitor("a"));
        }
        assert_eq!(responder.answer(&post(ORDER), &visitor("a")).body, first);
        responder.answer(&post(&ORDER.replace("4711.8f", "one.more")), &visitor("a"));
        assert_ne!(responder.answer(&post(ORDER), &visitor("a")).body, first);
    }

    #[test]
    fn a_document_that_is_not_an_order_gets_a_cxml_status() {
        let responder = Responder::new(Vec::new());
        assert_eq!(cxml_code(&responder.answer(&post("{}"), &visitor("a"))), 406);
        let profile = "<cXML><Header/><Request><ProfileRequest/></Request></cXML>";
        assert_eq!(cxml_code(&responder.answer(&post(profile), &visitor("a"))), 450);
    }

    #[test]
    fn another_common_name_is_forbidden() {
        let responder = Responder::new(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(cxml_code(&responder.answer(&post(ORDER), &visitor("b"))), 200);
        let wrong = responder.answer(&post(ORDER), &visitor("A\u{1b}"));
        assert_eq!(
            (wrong.status, wrong.note.as_str()),
            (403, "common name of the client: found 'A\\1B', wanted 'a' or 'b'")
        );
        assert_eq!(responder.answer(&post(ORDER), &Link::default()).status, 403);
    }

    #[test]
    fn an_unauthenticated_common_name_authorizes_nobody() {
        let responder = Responder::new(vec!["a".to_owned()]);
        let waived = Link { waived: Some("untrusted root".to_owned()), ..visitor("a") };
        assert_eq!(
            (responder.answer(&post(ORDER), &visitor("a")).status, responder.answer(&post(ORDER), &waived).status),
            (200, 403)
        );
        let get = Request { method: "GET".to_owned(), ..Request::default() };
        let page = text(&Responder::new(Vec::new()).answer(&get, &waived));
        assert!(page.contains("SSL_CLIENT_VERIFY=FAILED:untrusted root\n"), "{page}");
    }

    #[test]
    fn the_page_names_the_client() {
        let get = Request { method: "GET".to_owned(), ..Request::default() };
        let responder = Responder::new(Vec::new());
        let page = text(&responder.answer(&get, &visitor("a")));
        assert!(page.contains("SSL_CLIENT_VERIFY=SUCCESS\n") && page.contains("SSL_CLIENT_S_DN_CN=a\n"), "{page}");
        assert!(text(&responder.answer(&get, &Link::default())).contains("SSL_CLIENT_VERIFY=NONE\n"));
    }

    #[cfg(feature = "program")]
    #[test]
    fn a_client_is_told_of_its_blob_and_gets_no_other() {
        use embedded_mtls_blob::Content;
        let folder = std::env::temp_dir().join(format!("embedded-mtls-blobs-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("a.bin");
        let write = |version| {
            let content = Content { version, ..Content::default() };
            let blob = content.seal(embedded_mtls::crypto::rustcrypto::RustCrypto, |_| Some([1; 64])).unwrap();
            std::fs::write(&file, [&blob[..], &[0xff; 9]].concat()).unwrap();
            blob
        };
        let first = write(7);
        let files = vec![("a".to_owned(), file.display().to_string())];
        assert!(Blobs::new([files.clone(), files.clone()].concat()).is_err());
        let responder = Responder::new(Vec::new()).with_blobs(Blobs::new(files).unwrap());
        let get = Request { method: "GET".to_owned(), target: BLOB_PATH.to_owned(), ..Request::default() };
        let announced = |name: &str| responder.answer(&post(ORDER), &visitor(name)).head(false);
        assert!(announced("a").contains("\r\nMtls-Blob: 7\r\n"));
        assert!(!announced("b").contains("Mtls-Blob"));
        let fetched = |link: &Link| responder.answer(&get, link);
        let blob = fetched(&visitor("a"));
        assert_eq!((blob.status, blob.content_type), (200, "application/octet-stream"));
        assert_eq!(blob.body, first, "without what is behind it");
        let waived = Link { waived: Some("untrusted root".to_owned()), ..visitor("a") };
        for link in [visitor("b"), waived, Link::default()] {
            assert_eq!(fetched(&link).status, 404);
        }
        // Another one takes its place.
        let second = write(8);
        assert!(announced("a").contains("\r\nMtls-Blob: 8\r\n"));
        assert_eq!(fetched(&visitor("a")).body, second);
        std::fs::write(&file, "none").unwrap();
        let reply = responder.answer(&post(ORDER), &visitor("a"));
        assert!(reply.blob.is_none() && reply.note.contains("; no blob is announced: "), "{reply:?}");
        assert_eq!(fetched(&visitor("a")).status, 503);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn other_methods_get_the_allowed_ones() {
        let delete = Request { method: "DELETE".to_owned(), ..Request::default() };
        let reply = Responder::new(Vec::new()).answer(&delete, &visitor("a"));
        assert_eq!(reply.status, 405);
        assert!(reply.head(false).contains("\r\nAllow: GET, HEAD, POST\r\n"));
    }
}
