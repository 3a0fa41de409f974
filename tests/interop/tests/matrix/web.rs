//! Code for nginx and Apache: OpenSSL, log files, and responses in place of alerts.

use crate::case::ClientCase;
use crate::http;
use crate::ours::Task;
use crate::process::{LIMIT, Process};
use crate::servers::{ERRORS, REQUESTS};
use crate::table::{End, Outcome};
use crate::world::World;
use std::thread;
use std::time::{Duration, Instant};

/// Runs a case against a server that listens at `port`, and looks into its logs.
pub(crate) fn run(case: &ClientCase, world: &World, port: u16, server: Process) -> Outcome {
    let ended = case.gateway.run(port, case.task);
    let end = end(world);
    let body = match case.task {
        Task::Post(order) if ended.facts.message.as_ref().is_some_and(|answer| answer.title() == "HTTP 200") => {
            http::answer_to(order)
        }
        // A refusal is written as the server likes.
        _ => ended.facts.message.as_ref().map(|answer| answer.body.clone()).unwrap_or_default(),
    };
    let requests: Vec<_> = world.files.read(REQUESTS).lines().map(str::to_owned).collect();
    drop(server);
    ended.with_peer(end, &body).and(&requests)
}

/// Empties the logs.
pub(crate) fn prepare(world: &World, case: &ClientCase) -> Result<(), String> {
    for log in [REQUESTS, ERRORS] {
        world.files.write(log, "")?;
    }
    if let Task::Post(order) = case.task {
        world.files.write("order", http::answer_to(order))?;
    }
    Ok(())
}

/// The end of a connection for the server, as soon as it is in its logs.
fn end(world: &World) -> End {
    let until = Instant::now() + LIMIT;
    loop {
        let errors = world.files.read(ERRORS);
        if let Some((_, alert)) = errors.split_once("SSL alert number ") {
            let number: String = alert.chars().take_while(char::is_ascii_digit).collect();
            return number.parse().map_or_else(|_| End::Failed(errors), End::Got);
        }
        if !world.files.read(REQUESTS).is_empty() {
            return End::Done;
        }
        // AH10158, "cannot perform post-handshake authentication", ends a request and not the connection.
        if let Some((_, reason)) = errors.split_once("SSL routines::").filter(|_| !errors.contains("AH10158")) {
            return End::Refused(
                reason.chars().take_while(|letter| !")(:\n".contains(*letter)).collect::<String>().trim().into(),
            );
        }
        if Instant::now() > until {
            return End::Failed(format!("its logs do not say: {errors}"));
        }
        thread::sleep(Duration::from_millis(5));
    }
}
