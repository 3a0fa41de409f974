//! A case of a row: what differs from the usual.

use crate::http;
use crate::ours::{Gateway, SupplierSetup, Task};
use crate::table::Outcome;
use embedded_mtls::{AlertDescription, ClientConfig, ServerConfig};

/// Our client and a peer that serves.
pub(crate) struct ClientCase {
    pub(crate) name: &'static str,
    pub(crate) gateway: Gateway,
    pub(crate) task: Task,
    /// The PEM files that the peer sends.
    pub(crate) shows: &'static str,
    /// Options of the peer beside the usual ones.
    pub(crate) options: &'static [&'static str],
    /// The standard input of the peer after the handshake, before anything else.
    pub(crate) command: &'static str,
    pub(crate) expected: Outcome,
}

/// Our server and a peer that is its client.
pub(crate) struct ServerCase {
    pub(crate) name: &'static str,
    pub(crate) supplier: SupplierSetup,
    /// The document that the client posts.
    pub(crate) order: &'static [u8],
    /// The PEM files that the client sends.
    pub(crate) shows: Option<&'static str>,
    pub(crate) options: &'static [&'static str],
    pub(crate) command: &'static str,
    pub(crate) expected: Outcome,
}

impl ClientCase {
    /// An order that goes through.
    pub(crate) fn order(name: &'static str, gateway: Gateway) -> Self {
        Self {
            name,
            gateway,
            task: Task::Post(http::order()),
            shows: "server",
            options: &[],
            command: "",
            expected: Outcome::done(&["HTTP 200"]),
        }
    }

    /// Data that a peer sends back.
    pub(crate) fn echo(name: &'static str, gateway: Gateway, data: &'static [u8]) -> Self {
        Self { task: Task::Echo(data), expected: Outcome::done(&["echo"]), ..Self::order(name, gateway) }
    }

    /// The peer refuses us.
    pub(crate) fn refused(name: &'static str, gateway: Gateway, alert: AlertDescription) -> Self {
        Self { task: Task::Listen, expected: Outcome::peer_sends(alert), ..Self::order(name, gateway) }
    }

    /// We reject the peer's certificate.
    pub(crate) fn refusing(
        name: &'static str,
        gateway: Gateway,
        shows: &'static str,
        alert: AlertDescription,
        cause: &str,
    ) -> Self {
        let expected = Outcome::we_send(alert).and(&[cause]);
        Self { task: Task::Listen, expected, shows, ..Self::order(name, gateway) }
    }

    pub(crate) const fn task(mut self, task: Task) -> Self {
        self.task = task;
        self
    }

    pub(crate) const fn options(mut self, options: &'static [&'static str]) -> Self {
        self.options = options;
        self
    }

    pub(crate) const fn command(mut self, command: &'static str) -> Self {
        self.command = command;
        self
    }

    pub(crate) fn config(mut self, change: impl FnOnce(ClientConfig<'static>) -> ClientConfig<'static>) -> Self {
        self.gateway = self.gateway.with(change);
        self
    }

    /// These facts, too.
    pub(crate) fn facts(mut self, facts: &[&str]) -> Self {
        self.expected = self.expected.and(facts);
        self
    }
}

impl ServerCase {
    /// An order that goes through.
    pub(crate) fn order(name: &'static str, supplier: SupplierSetup) -> Self {
        Self {
            name,
            supplier,
            order: http::order(),
            shows: Some("client"),
            options: &[],
            command: "",
            expected: Outcome::done(&["POST"]),
        }
    }

    /// We refuse the peer.
    pub(crate) fn refusing(
        name: &'static str,
        supplier: SupplierSetup,
        shows: Option<&'static str>,
        alert: AlertDescription,
        cause: &str,
    ) -> Self {
        Self { shows, expected: Outcome::we_send(alert).and(&[cause]), ..Self::order(name, supplier) }
    }

    /// The peer refuses us.
    pub(crate) fn refused(name: &'static str, supplier: SupplierSetup, alert: AlertDescription) -> Self {
        Self { expected: Outcome::peer_sends(alert), ..Self::order(name, supplier) }
    }

    pub(crate) const fn options(mut self, options: &'static [&'static str]) -> Self {
        self.options = options;
        self
    }

    pub(crate) const fn command(mut self, command: &'static str) -> Self {
        self.command = command;
        self
    }

    pub(crate) const fn posts(mut self, order: &'static [u8]) -> Self {
        self.order = order;
        self
    }

    pub(crate) const fn shows(mut self, files: Option<&'static str>) -> Self {
        self.shows = files;
        self
    }

    pub(crate) fn config(mut self, change: impl FnOnce(ServerConfig<'static>) -> ServerConfig<'static>) -> Self {
        self.supplier = self.supplier.with(change);
        self
    }

    /// These facts, too.
    pub(crate) fn facts(mut self, facts: &[&str]) -> Self {
        self.expected = self.expected.and(facts);
        self
    }
}
