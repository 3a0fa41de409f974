//! A case of our programs and a peer: what differs from the usual, and how it ends.

use crate::manners::{Groups, Manners, NOTHING_TO_SHOW, Refusal};
use crate::pki::{CLIENT_NAME, SERVER_NAME};
use crate::programs::{NOTHING, RETRY};
use crate::table::{End, Outcome, Role};
use embedded_mtls::{AlertDescription as Alert, Diagnosis};

/// One connection.
pub(crate) struct ProgramCase {
    pub(crate) name: &'static str,
    pub(crate) we_are: Role,
    pub(crate) we_show: &'static str,
    pub(crate) it_shows: &'static str,
    pub(crate) our_options: &'static [&'static str],
    pub(crate) its_options: &'static [&'static str],
    /// The exit code of the gateway.
    pub(crate) exit: u8,
    pub(crate) expected: Outcome,
}

impl ProgramCase {
    /// We post an order, and it is taken.
    pub(crate) fn client(name: &'static str) -> Self {
        Self {
            name,
            we_are: Role::Client,
            we_show: "client",
            it_shows: "server",
            our_options: &[],
            its_options: &[],
            exit: 0,
            expected: Outcome::done(&[]).and(&[format!("it saw CN={CLIENT_NAME}")]),
        }
    }

    /// It posts an order, and we accept it.
    pub(crate) fn server(name: &'static str) -> Self {
        let expected = Outcome::done(&[]).and(&[format!("CN={CLIENT_NAME}"), format!("it saw CN={SERVER_NAME}")]);
        Self { we_are: Role::Server, we_show: "server", it_shows: "client", expected, ..Self::client(name) }
    }

    pub(crate) const fn we_show(mut self, files: &'static str) -> Self {
        self.we_show = files;
        self
    }

    pub(crate) const fn it_shows(mut self, files: &'static str) -> Self {
        self.it_shows = files;
        self
    }

    pub(crate) const fn our_options(mut self, options: &'static [&'static str]) -> Self {
        self.our_options = options;
        self
    }

    /// These facts, too.
    fn facts(mut self, facts: &[&str]) -> Self {
        self.expected = self.expected.and(facts);
        self
    }

    pub(crate) const fn its_options(mut self, options: &'static [&'static str]) -> Self {
        self.its_options = options;
        self
    }

    /// We end it with this alert, and call the failure so.
    fn we_send(mut self, alert: Alert, diagnosis: Diagnosis) -> Self {
        self.expected = Outcome::we_send(alert).and(&[format!("{diagnosis:?}")]);
        self
    }

    /// It ends the connection like this.
    fn refused(mut self, refusal: &Refusal) -> Self {
        let us = refusal.alert.map_or_else(|| End::Failed("without an alert".into()), |alert| End::Got(alert.0));
        let it = match (refusal.reason, refusal.alert) {
            (None, Some(alert)) => End::Sent(alert.0),
            (reason, _) => End::Refused(reason.unwrap_or_default().into()),
        };
        self.expected = Outcome::of(us, it, &[]).and(&[format!("{:?}", refusal.diagnosis)]);
        if refusal.diagnosis == Diagnosis::ClosedOnOurs {
            // The failure is not permanent: repeat later.
            self.exit = 10;
        }
        self
    }

    pub(crate) const fn exit(mut self, code: u8) -> Self {
        self.exit = code;
        self
    }

    /// The expected exit code; a supplier has none, since it continues.
    pub(crate) fn expected(&self) -> Outcome {
        let code = (self.we_are == Role::Client).then(|| format!("exit {}", self.exit));
        self.expected.clone().and(&Vec::from_iter(code))
    }
}

/// Orders both ways, we refuse it, it refuses us: the same cases for all, and each stack has its own manners.
pub(crate) fn usual(manners: &Manners) -> Vec<ProgramCase> {
    agreeing(manners)
        .into_iter()
        .chain(manners.groups.cases())
        .chain(we_refuse(manners))
        .chain(it_refuses(manners))
        .collect()
}

fn agreeing(manners: &Manners) -> Vec<ProgramCase> {
    let client = |name| ProgramCase::client(name).exit(manners.exit);
    vec![
        client("an order"),
        client("its key is RSA").it_shows("rsa-server"),
        ProgramCase::server("an order"),
        ProgramCase::server("its key is RSA").it_shows("rsa-client"),
    ]
}

impl Groups {
    fn cases(self) -> Vec<ProgramCase> {
        let retry = ProgramCase::server("we take only P-256: HelloRetryRequest")
            .our_options(&["--groups", "secp256r1"])
            .facts(&["secp256r1", RETRY]);
        // What it changes in its second ClientHello it must not change (RFC 9846 section 4.2.2): we stay strict, and take
        // its share where we can.
        let strange = ProgramCase::server("we take only X25519: its second ClientHello is another")
            .our_options(&["--groups", "x25519"])
            .we_send(Alert::ILLEGAL_PARAMETER, Diagnosis::ProtocolBroken);
        let by_option = vec![
            ProgramCase::client("only P-256: HelloRetryRequest")
                .its_options(&["groups=P-256"])
                .facts(&["secp256r1", RETRY]),
            ProgramCase::client("only P-384: HelloRetryRequest")
                .its_options(&["groups=P-384"])
                .facts(&["secp384r1", RETRY]),
            ProgramCase::server("only P-384").its_options(&["groups=P-384"]).facts(&["secp384r1"]),
        ];
        match self {
            Self::Usual => vec![retry],
            Self::BothShared => vec![
                ProgramCase::server("we take only P-256, its second share")
                    .our_options(&["--groups", "secp256r1"])
                    .facts(&["secp256r1"]),
            ],
            Self::ByOption => by_option.into_iter().chain([retry]).collect(),
            Self::StrangeRetry => by_option.into_iter().chain([strange]).collect(),
        }
    }
}

/// We reject it, in the same way for every peer.
fn we_refuse(manners: &Manners) -> Vec<ProgramCase> {
    let server = |name, shows, alert, diagnosis, exit| {
        let case = ProgramCase::client(name).it_shows(shows);
        if manners.withholds.contains(&shows) {
            return case.refused(&NOTHING_TO_SHOW).exit(20);
        }
        case.we_send(alert, diagnosis).exit(exit)
    };
    let client = |name, shows, alert, diagnosis| {
        let withheld = manners.withholds.contains(&shows);
        let (alert, diagnosis) =
            if withheld { (Alert::CERTIFICATE_REQUIRED, Diagnosis::TheirsMissing) } else { (alert, diagnosis) };
        ProgramCase::server(name).it_shows(shows).we_send(alert, diagnosis)
    };
    vec![
        server(
            "its certificate is of another CA",
            "server-of-other-root",
            Alert::UNKNOWN_CA,
            Diagnosis::TheirsNotTrusted,
            24,
        ),
        server(
            "its certificate has expired",
            "server-expired",
            Alert::CERTIFICATE_EXPIRED,
            Diagnosis::TheirsExpired,
            22,
        ),
        server("it has another name", "server-of-other-name", Alert::BAD_CERTIFICATE, Diagnosis::NameMismatch, 25),
        server(
            "its certificate is for clients",
            "server-for-clients",
            Alert::UNSUPPORTED_CERTIFICATE,
            Diagnosis::TheirsWrongPurpose,
            26,
        ),
        client("it has no certificate", NOTHING, Alert::CERTIFICATE_REQUIRED, Diagnosis::TheirsMissing),
        client(
            "its certificate is of another CA",
            "client-of-other-root",
            Alert::UNKNOWN_CA,
            Diagnosis::TheirsNotTrusted,
        ),
        client("its certificate has expired", "client-expired", Alert::CERTIFICATE_EXPIRED, Diagnosis::TheirsExpired),
        client(
            "its certificate is for servers",
            "server",
            Alert::UNSUPPORTED_CERTIFICATE,
            Diagnosis::TheirsWrongPurpose,
        ),
        client("it speaks only TLS 1.2", "client", Alert::PROTOCOL_VERSION, Diagnosis::Tls12Only)
            .its_options(&["tls12"]),
    ]
}

fn it_refuses(manners: &Manners) -> Vec<ProgramCase> {
    let client = |name, shows, exit| ProgramCase::client(name).we_show(shows).exit(exit);
    let server = |name, shows| ProgramCase::server(name).we_show(shows);
    let cases = [
        client("we have no certificate", NOTHING, 21),
        client("ours is of none of its authorities", "client-of-other-root", 21),
        client("ours is of another CA of the same name", "client-of-false-root", 21),
        client("ours has expired", "client-expired", 21),
        client("ours is for servers", "server", 21),
        client("it speaks only TLS 1.2", "client", 20).its_options(&["tls12"]),
        server("our certificate is of another CA", "server-of-other-root"),
        server("our certificate has expired", "server-expired"),
        server("we have another name", "server-of-other-name"),
        server("our certificate is for clients", "server-for-clients"),
    ];
    cases.into_iter().zip(&manners.refusals).map(|(case, refusal)| case.refused(refusal)).collect()
}
