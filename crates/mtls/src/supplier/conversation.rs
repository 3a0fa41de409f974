//! The conversation after the handshake: a request, its reply, and the next request.

use embedded_mtls::Server;
use embedded_mtls::io::blocking::Stream;

use super::super::http::{Connection, Request};
#[cfg(feature = "post-handshake-auth")]
use super::super::late::{self, Late};
#[cfg(feature = "post-handshake-auth")]
use super::super::report::meaning;
use super::super::report::{Link, printable};
use super::super::responder::Reply;
#[cfg(feature = "post-handshake-auth")]
use super::super::tls;
use super::super::tls::{Deadline, Timed};
use super::answered::{Answered, lost, misdirected, rejected};
use super::event::Event;
use super::host::SupplierHost;
use super::{REQUEST_TIME, Supplier};

impl Supplier<'_> {
    /// Answers requests until one side closes.
    pub(super) fn converse<'b>(
        &'b self,
        connection: &mut Connection<&mut Stream<'b, Timed, Server>>,
        mut link: Link,
        deadline: &Deadline,
        host: &mut SupplierHost<'b>,
        tell: &dyn Fn(Event),
    ) -> Event {
        loop {
            deadline.renew(REQUEST_TIME);
            let request = match connection.read_request() {
                Ok(None) => return Event::Closed,
                Ok(Some(request)) => request,
                Err(error) => {
                    let Some(reply) = Reply::refusal(&error) else { return lost(connection, &error) };
                    let answered = Answered { name: "unreadable request".to_owned(), reply, copies: 1, is_last: true };
                    deadline.renew(REQUEST_TIME);
                    return answered.send(connection, tell).err().unwrap_or(Event::Closed);
                }
            };
            let is_last = request.is_last();
            let (reply, copies) = match self.reply(&request, connection.stream(), &mut link, host, tell) {
                Ok(reply) => reply,
                Err(broken) => return broken,
            };
            let name = printable(&format!("{} {}", request.method, request.target));
            deadline.renew(REQUEST_TIME);
            if let Err(broken) = (Answered { name, reply, copies, is_last }).send(connection, tell) {
                return broken;
            }
            if is_last {
                return Event::Closed;
            }
        }
    }

    /// Makes the reply to a request, as the script has it, and counts how often it is sent.
    fn reply<'b>(
        &'b self,
        request: &Request,
        stream: &mut Stream<'b, Timed, Server>,
        link: &mut Link,
        host: &mut SupplierHost<'b>,
        tell: &dyn Fn(Event),
    ) -> Result<(Reply, usize), Event> {
        #[cfg(feature = "program")]
        self.authorize_again(stream, host, tell)?;
        if let Some(reply) = misdirected(host.requested.as_deref(), request) {
            return Ok((reply, 1));
        }
        let scripted = if request.method == "POST" { self.answers.step() } else { None };
        let Some((_, answer)) = scripted else {
            return self.answer(request, stream, link, host, tell).map(|reply| (reply, 1));
        };
        answer.wait();
        if let Some(alert) = answer.alert() {
            return Err(rejected(stream, alert, "as --answer says"));
        }
        let reply = match answer.replacement(&self.responder) {
            Some(reply) => reply,
            None => self.answer(request, stream, link, host, tell)?,
        };
        let closed = || Event::Broken("closed without a response, as --answer says".to_owned());
        let reply = answer.change(reply).ok_or_else(closed)?;
        Ok((reply, if answer.is_twice() { 2 } else { 1 }))
    }

    /// Ends the session of a client that is on the deny list by now.
    #[cfg(feature = "program")]
    fn authorize_again<'b>(
        &'b self,
        stream: &mut Stream<'b, Timed, Server>,
        host: &mut SupplierHost<'b>,
        tell: &dyn Fn(Event),
    ) -> Result<(), Event> {
        host.denials = self.denied.map(|denied| denied.current(|news| tell(Event::Denials(news))));
        let decision = match (&host.denials, stream.session.peer()) {
            (Some(denials), Some(peer)) => denials.authorize(&peer),
            _ => Ok(()),
        };
        decision.map_err(|(why, alert)| rejected(stream, alert, &why))
    }

    /// Answers a request, after authenticating the client if the path requires it.
    #[cfg_attr(
        not(feature = "post-handshake-auth"),
        allow(unused_variables, clippy::unnecessary_wraps, reason = "no path requires it")
    )]
    fn answer<'b>(
        &'b self,
        request: &Request,
        stream: &mut Stream<'b, Timed, Server>,
        link: &mut Link,
        host: &mut SupplierHost<'b>,
        tell: &dyn Fn(Event),
    ) -> Result<Reply, Event> {
        #[cfg(feature = "post-handshake-auth")]
        if !self.late.0.is_empty() {
            if !late::guards(self.late.0, &request.target) {
                return Ok(self.responder.show_anybody(request, link));
            }
            if link.peer.is_none()
                && let Some(why) = self.authenticate(stream, link, host, tell)?
            {
                return Ok(Reply::forbidden(why));
            }
        }
        Ok(self.responder.answer(request, link))
    }

    /// Requests the certificate of a client that has sent none. Returns why it is still unknown, if it is.
    #[cfg(feature = "post-handshake-auth")]
    fn authenticate<'b>(
        &'b self,
        stream: &mut Stream<'b, Timed, Server>,
        link: &mut Link,
        host: &mut SupplierHost<'b>,
        tell: &dyn Fn(Event),
    ) -> Result<Option<&'static str>, Event> {
        match late::ask(stream, host, self.late.1) {
            Ok(Late::Known) => {
                *link = tls::link(&stream.session);
                tell(Event::Identified(Box::new(link.clone())));
                Ok(None)
            }
            Ok(Late::Unknown(why)) => Ok(Some(why)),
            Err(error) => {
                let verdict = stream.session.failure().and_then(|failure| failure.verdict());
                let verdict = host.denied.take().or(verdict.map(|verdict| verdict.to_string()));
                let what = verdict.unwrap_or_else(|| error.to_string());
                Err(Event::Broken(what + &meaning(stream.session.diagnosis())))
            }
        }
    }
}
