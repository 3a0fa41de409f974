//! Our programs and the peers of `tests/interop/peers`, in both roles.

use crate::program_case::{ProgramCase, usual};
use crate::programs::{NOTHING, ORDER_FILE, Programs};
use crate::scripted::{Scripted, Stack, Starting};
use crate::table::{Outcome, Role, Table};
use crate::world::World;

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
    }
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
            (seen, peer.end()?)
        }
        Role::Server => programs.serve(world, case.we_show, case.our_options, |port| {
            let port = port.to_string();
            peer.tell(&[&["post", &port, &chain, &key, &root, &order], case.its_options].concat())?;
            peer.end()
        })?,
    };
    Ok(seen.with_peer(end, &facts))
}
