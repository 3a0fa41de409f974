//! Our programs and the peers of `tests/interop/peers`, in both roles; and the library with the cryptography of `embedded-mtls-micro`.

use crate::http;
use crate::ours::{Gateway, SupplierSetup, Task};
use crate::pki::{CLIENT_NAME, SERVER_NAME};
use crate::program_case::{ProgramCase, usual};
use crate::programs::{NOTHING, ORDER_FILE, Programs};
use crate::scripted::{LONG_LEAF, Stack, Starting, end};
use crate::table::{Outcome, Role, Table};
use crate::world::World;
use test_support::peers::scripted::Scripted;

pub(crate) fn rows(table: &mut Table, world: &World, programs: &Programs, starting: Vec<(Stack, Starting)>) {
    for (stack, starting) in starting {
        let mut peer = starting.join().unwrap_or_else(|_| Err("it panicked".into()));
        let name = peer.as_ref().map_or_else(|_| format!("{stack:?}"), |peer| peer.name.clone());
        for case in usual(stack.manners()) {
            table.row(&name, case.we_are, case.name, &case.expected(), || {
                let running = peer.as_mut().map_err(|problem| problem.clone())?;
                let outcome = run(&case, world, programs, running);
                if outcome.is_err() {
                    // It may still wait for a connection, or be gone.
                    peer = stack.start();
                }
                outcome
            });
        }
        if stack.manners().limits_records {
            let expected = Outcome::done(&["HTTP 200", &format!("it saw CN={CLIENT_NAME}")]);
            table.row(&name, Role::Client, "an order, our 1 KiB of buffer", &expected, || {
                run_small(world, peer.as_mut().map_err(|problem| problem.clone())?)
            });
        }
        for (we_are, it_sees) in [(Role::Client, CLIENT_NAME), (Role::Server, SERVER_NAME)] {
            // Its client ends connections without close_notify, which the library reports.
            if (stack, we_are) == (Stack::Python, Role::Server) {
                continue;
            }
            let expected = Outcome::done(&["secp256r1", &format!("it saw CN={it_sees}")]);
            table.row(&name, we_are, "an order, with embedded-mtls-micro", &expected, || {
                with_micro(we_are, world, peer.as_mut().map_err(|problem| problem.clone())?)
            });
        }
    }
}

/// An order from us or to us, with the library.
fn with_micro(we_are: Role, world: &World, peer: &mut Scripted) -> Result<Outcome, String> {
    let file = |name: &str| world.file(name);
    if we_are == Role::Client {
        peer.tell(&["serve", &file("server.pem"), &file("server.key"), &file("root.pem")])?;
        let gateway = Gateway::new(&[&world.client], &world.root).with_micro();
        let ended = gateway.run(peer.port()?, Task::Post(http::order()));
        let (end, facts) = end(peer)?;
        return Ok(ended.with_peer(end, &[]).and(&facts));
    }
    let order = world.files.write(ORDER_FILE, http::order())?;
    let supplier = SupplierSetup::required(&world.server, &world.root).with_micro().start()?;
    let port = supplier.port.to_string();
    peer.tell(&["post", &port, &file("client.pem"), &file("client.key"), &file("root.pem"), &order])?;
    let (end, facts) = end(peer)?;
    Ok(supplier.join().with_peer(end, http::order()).and(&facts))
}

fn run(case: &ProgramCase, world: &World, programs: &Programs, peer: &mut Scripted) -> Result<Outcome, String> {
    let file = |end: &str| match case.it_shows {
        NOTHING => NOTHING.to_owned(),
        name => world.file(&format!("{name}.{end}")),
    };
    let (chain, key, root, order) = (file("pem"), file("key"), world.file("root.pem"), world.file(ORDER_FILE));
    let (seen, (end, facts)) = match case.we_are {
        Role::Client => {
            peer.tell(&[&["serve", &chain, &key, &root], case.its_options].concat())?;
            let port = peer.port()?;
            let seen = programs.post(world, port, case.we_show, case.our_options)?;
            (seen, end(peer)?)
        }
        Role::Server => programs.serve(world, case.we_show, case.our_options, |port| {
            let port = port.to_string();
            peer.tell(&[&["post", &port, &chain, &key, &root, &order], case.its_options].concat())?;
            end(peer)
        })?,
    };
    Ok(seen.with_peer(end, &facts))
}

/// Posts an order from the library, whose `rx` does not hold the records of a peer that keeps to no limit.
fn run_small(world: &World, peer: &mut Scripted) -> Result<Outcome, String> {
    let [chain, key] = ["pem", "key"].map(|end| world.file(&format!("{LONG_LEAF}.{end}")));
    peer.tell(&["serve", &chain, &key, &world.file("root.pem")])?;
    let gateway = Gateway::new(&[&world.client], &world.root).with_rx(1024);
    let ended = gateway.run(peer.port()?, Task::Post(http::order()));
    let body = ended.facts.message.as_ref().map(|message| message.body.clone()).unwrap_or_default();
    let (end, facts) = end(peer)?;
    Ok(ended.with_peer(end, &body).and(&facts))
}
