//! What a supplier's application answers, and what becomes of the order: each attempt has the same bytes, and what a human has to
//! look at is sent once.

use crate::application::{Answer, Application};
use crate::emulator::{Emulator, Machine};
use crate::ground::Ground;
use crate::peers::{Kind, Peer};
use crate::rows::{DELIVERED, HTTP, Row, arguments, boot, expect_end, report};
use crate::world::{World, free_port};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Exit statuses of the firmware.
const HTTP_LATER: u8 = 31;
const CXML: u8 = 40;
const CXML_LATER: u8 = 41;

/// An application behind nginx, and what the gateway makes of its answers.
struct Trial {
    name: &'static str,
    answers: &'static [Answer],
    arguments: &'static [&'static str],
    status: u8,
    log: &'static [&'static str],
    /// How often the order is sent.
    attempts: usize,
}

const TRIALS: &[Trial] = &[
    Trial {
        name: "HTTP 503 with Retry-After, 500, silence, then 200",
        answers: &[Answer::Http(503, "Retry-After: 1"), Answer::Http(500, ""), Answer::Silence, Answer::Cxml(200)],
        arguments: &["pause=20", "patience=3000"],
        status: DELIVERED,
        log: &[
            "HTTP status 503, the server asks for 1 s; again in 1000 ms",
            "HTTP status 500; again in 40 ms",
            "no answer in time; again in 80 ms",
            "order accepted",
        ],
        attempts: 4,
    },
    Trial {
        name: "HTTP 503 again and again: gives up, the order stays queued",
        answers: &[Answer::Http(503, "")],
        arguments: &["attempts=3", "pause=20"],
        status: HTTP_LATER,
        log: &["HTTP status 503; again in 40 ms", "stays queued: HTTP status 503"],
        attempts: 3,
    },
    Trial {
        name: "HTTP 404: nothing is tried again, the order stays queued",
        answers: &[Answer::Http(404, "")],
        arguments: &[],
        status: HTTP,
        log: &["stays queued: HTTP status 404"],
        attempts: 1,
    },
    Trial {
        name: "HTTP 429 with Retry-After: nothing is tried again",
        answers: &[Answer::Http(429, "Retry-After: 1")],
        arguments: &[],
        status: HTTP,
        log: &["stays queued: HTTP status 429"],
        attempts: 1,
    },
    Trial {
        name: "HTTP 200 with cXML 401: an error, nothing is tried again",
        answers: &[Answer::Cxml(401)],
        arguments: &[],
        status: CXML,
        log: &["answer: HTTP 200", "stays queued: cXML status 401"],
        attempts: 1,
    },
    Trial {
        name: "HTTP 200 with cXML 409: a human has to look",
        answers: &[Answer::Cxml(409)],
        arguments: &[],
        status: CXML,
        log: &["stays queued: cXML status 409: probably delivered before"],
        attempts: 1,
    },
    Trial {
        name: "HTTP 200 with cXML 560, then 200",
        answers: &[Answer::Cxml(560), Answer::Cxml(200)],
        arguments: &["pause=20"],
        status: DELIVERED,
        log: &["cXML status 560; again in 20 ms", "order accepted"],
        attempts: 2,
    },
    Trial {
        name: "HTTP 200 with cXML 500 again and again: gives up",
        answers: &[Answer::Cxml(500)],
        arguments: &["attempts=2", "pause=20"],
        status: CXML_LATER,
        log: &["stays queued: cXML status 500"],
        attempts: 2,
    },
    Trial {
        name: "HTTP 200 with a page for people: an error",
        answers: &[Answer::Page],
        arguments: &[],
        status: CXML,
        log: &["stays queued: cXML: the answer is no Response"],
        attempts: 1,
    },
];

/// All of them on one machine, the first on the other as well.
pub(crate) fn rows() -> Vec<Row> {
    let row = |machine: Machine, trial: &'static Trial| Row {
        machine: machine.name(),
        name: trial.name.into(),
        run: Box::new(move |world| trial.run(machine, world)),
    };
    let on_one = TRIALS.iter().map(|trial| row(Machine::Mps2, trial));
    on_one.chain(TRIALS.iter().take(1).map(|trial| row(Machine::Lm3s, trial))).collect()
}

impl Trial {
    fn run(&self, machine: Machine, world: &World) -> Result<(), String> {
        let ground = Ground::new(&world.root, Some(&world.client))?;
        let application = Application::start(self.answers)?;
        let port = free_port()?;
        let behind = format!("location /orders {{ proxy_pass http://127.0.0.1:{}; }}", application.port);
        let peer = Peer::start(Kind::Nginx, world, port, "server", &[&behind])?;
        let more: Vec<String> = self.arguments.iter().map(ToString::to_string).collect();
        let mut machine = boot(machine, &ground, &arguments(&ground, port, &more))?;
        let outcome = expect_end(&mut machine, self.status, self.log)
            .and_then(|()| self.compare(&application.orders(), &ground, &machine));
        outcome.map_err(|problem| report(&problem, &machine, &peer))
    }

    /// What came, what the machine says that it sent, and what it keeps have to be the same.
    fn compare(&self, orders: &[Vec<u8>], ground: &Ground, machine: &Emulator) -> Result<(), String> {
        let kept = ground.journal();
        if kept.is_some() == (self.status == DELIVERED) {
            return Err(format!("the order is {}in the journal", if kept.is_some() { "" } else { "not " }));
        }
        let came: Vec<String> = orders.iter().chain(&kept).map(|order| sha256(order)).collect();
        let first = came.first().ok_or("no order came")?;
        let named = format!("SHA-256 {}", &first[..16]);
        let sent = machine.log().iter().filter(|line| line.contains("attempt ") && line.contains(&named)).count();
        if came.iter().any(|digest| digest != first) || orders.len() != self.attempts || sent != self.attempts {
            let expected = self.attempts;
            return Err(format!(
                "{} orders came, {sent} were sent, expected {expected} equal ones: {came:?}",
                orders.len()
            ));
        }
        Ok(())
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
