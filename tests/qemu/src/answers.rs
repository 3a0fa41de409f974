//! Answers of a supplier's application, and the fate of the order: each attempt has the same bytes, and an order that a human
//! has to check is sent once.

use crate::application::{Answer, Application};
use crate::emulator::Machine;
use crate::ground::Ground;
use crate::peers::{Kind, Peer};
use crate::rows::{DELIVERED, HTTP, Row, UNREAD, arguments, boot, report};
use crate::trial::Trial;
use crate::world::{World, free_port};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Exit statuses of the firmware.
const HTTP_LATER: u8 = 31;
const CXML: u8 = 40;
const CXML_LATER: u8 = 41;

const TRIALS: &[Trial<Answer>] = &[
    Trial {
        name: "HTTP 503 with Retry-After, 500, silence, then 200",
        script: &[Answer::Http(503, "Retry-After: 1"), Answer::Http(500, ""), Answer::Silence, Answer::Cxml(200)],
        arguments: &["pause=20", "patience=3000"],
        status: DELIVERED,
        log: &[
            "HTTP status 503, the server asks for 1 s; again in 1000 ms",
            "HTTP status 500; again in 40 ms",
            "no answer in time; again in 80 ms",
            "order accepted",
        ],
    },
    Trial {
        name: "HTTP 503 again and again: gives up, the order stays queued",
        script: &[Answer::Http(503, ""); 3],
        arguments: &["attempts=3", "pause=20"],
        status: HTTP_LATER,
        log: &["HTTP status 503; again in 40 ms", "stays queued: HTTP status 503"],
    },
    Trial {
        name: "HTTP 404: nothing is tried again, the order stays queued",
        script: &[Answer::Http(404, "")],
        arguments: &[],
        status: HTTP,
        log: &["stays queued: HTTP status 404"],
    },
    Trial {
        name: "HTTP 429 with Retry-After, then 200",
        script: &[Answer::Http(429, "Retry-After: 1"), Answer::Cxml(200)],
        arguments: &["pause=20"],
        status: DELIVERED,
        log: &["HTTP status 429, the server asks for 1 s; again in 1000 ms", "order accepted"],
    },
    Trial {
        name: "HTTP 200 with cXML 401: an error, nothing is tried again",
        script: &[Answer::Cxml(401)],
        arguments: &[],
        status: CXML,
        log: &["answer: HTTP 200", "stays queued: cXML status 401"],
    },
    Trial {
        name: "HTTP 200 with cXML 409: a human has to look",
        script: &[Answer::Cxml(409)],
        arguments: &[],
        status: CXML,
        log: &["stays queued: cXML status 409: probably delivered before"],
    },
    Trial {
        name: "HTTP 200 with cXML 560, then 200",
        script: &[Answer::Cxml(560), Answer::Cxml(200)],
        arguments: &["pause=20"],
        status: DELIVERED,
        log: &["cXML status 560; again in 20 ms", "order accepted"],
    },
    Trial {
        name: "HTTP 200 with cXML 500 again and again: gives up",
        script: &[Answer::Cxml(500); 2],
        arguments: &["attempts=2", "pause=20"],
        status: CXML_LATER,
        log: &["stays queued: cXML status 500"],
    },
    Trial {
        name: "HTTP 200 with a compressed answer: delivered, and the answer is unread",
        script: &[Answer::Compressed],
        arguments: &[],
        status: UNREAD,
        log: &["order delivered according to HTTP, but the answer cannot be read"],
    },
    Trial {
        name: "HTTP 200 with an HTML page: an error",
        script: &[Answer::Page],
        arguments: &[],
        status: CXML,
        log: &["stays queued: cXML: the answer is an HTML page"],
    },
];

/// All of them on one machine, the first on the other as well.
pub(crate) fn rows() -> Vec<Row> {
    let on_one = TRIALS.iter().map(|trial| trial.row(Machine::Mps2, run));
    on_one.chain(TRIALS.iter().take(1).map(|trial| trial.row(Machine::Lm3s, run))).collect()
}

fn run(trial: &Trial<Answer>, machine: Machine, world: &World) -> Result<(), String> {
    let ground = Ground::new(&world.root, Some(&world.client))?;
    let application = Application::start(trial.script)?;
    let port = free_port()?;
    let behind = format!("location /orders {{ proxy_pass http://127.0.0.1:{}; }}", application.port);
    let peer = Peer::start(Kind::Nginx, world, port, "server", &[&behind])?;
    let mut machine = boot(machine, &ground, &arguments(&ground, port, &trial.words(&[])))?;
    let outcome = trial.judge(&mut machine, &ground).and_then(|()| {
        let orders = application.orders();
        compare(&orders, ground.journal().as_ref(), &machine.log())?;
        let (came, expected) = (orders.len(), trial.script.len());
        if came == expected { Ok(()) } else { Err(format!("the order came {came} times, expected {expected}")) }
    });
    outcome.map_err(|problem| report(&problem, &machine, &peer))
}

/// The received, the stored and the logged order have to be the same.
fn compare(came: &[Vec<u8>], kept: Option<&Vec<u8>>, log: &[String]) -> Result<(), String> {
    let digests: Vec<String> = came.iter().chain(kept).map(|order| sha256(order)).collect();
    let first = digests.first().ok_or("no order came")?;
    let named = format!("SHA-256 {}", &first[..16]);
    let attempts = log.iter().filter(|line| line.contains("attempt ") && line.contains(&named)).count();
    if attempts == came.len() && digests.iter().all(|digest| digest == first) {
        Ok(())
    } else {
        Err(format!("other bytes came than were kept or sent: {digests:?}"))
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
