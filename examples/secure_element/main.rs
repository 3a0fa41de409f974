//! A mutual handshake whose client key lives in a secure element on I2C, simulated here: what it is given, what it gives,
//! what runs while it computes, and what becomes of a connection when it fails.
//! Run it: `cargo run --example secure_element`.

mod bench;
mod element;
mod part;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use bench::{Bench, Form, Story};
use element::EXECUTION;
use part::Fault;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("secure_element: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let bench = Bench::new()?;
    println!("1. The part makes its key, and an authority a certificate for it\n");
    println!("   {} ms of GenKey; the private key has never been anywhere else\n", bench.clock.now() / 1000);

    println!("2. An order: the handshake asks for a signature, a task of its own drives the part\n");
    for form in [Form::Raw, Form::Der] {
        let looks = bench.bus.part.borrow().busy;
        let story = good(&bench, form)?;
        let part = bench.bus.part.borrow();
        let (digest, raw) = part.last.ok_or("nothing was signed")?;
        if form == Form::Raw {
            println!("   digest  {}", hex(&digest));
            println!("   r || s  {}", hex(raw.get(..32).unwrap_or_default()));
            println!("           {}", hex(raw.get(32..).unwrap_or_default()));
        }
        let (turns, done) = story.meanwhile;
        let words = match form {
            Form::Raw => "completed with the 64 bytes of the part",
            Form::Der => "the same as DER, as other parts give it",
        };
        println!("   {words}: {}", story.supplier.map_err(|error| format!("{error:?}"))?);
        let looks = part.busy - looks;
        println!("   it took {} ms of simulated time; {looks} times the part did not acknowledge", story.busy / 1000);
        let which = if done { "a whole handshake of another connection" } else { "a part of another handshake" };
        println!("   meanwhile the device did {which}, in {turns} turns\n");
    }

    println!("3. What goes wrong, and what the supplier is told\n");
    for (words, fault, goes_through) in [
        ("one bit of the answer is wrong: it is read again", Fault::Noise(1), true),
        ("every reading is wrong", Fault::Noise(3), false),
        ("it does not wake", Fault::Deaf, false),
        ("it refuses", Fault::Refusal(EXECUTION), false),
    ] {
        bench.bus.part.borrow_mut().spoil(fault);
        let story = bench.connect(Form::Raw, None)?;
        println!("   {words}");
        if goes_through {
            println!("     {}\n", story.supplier.map_err(|error| format!("{error:?}"))?);
            continue;
        }
        let trouble = story.trouble.ok_or("the part should have failed")?;
        let (Err(gateway), Err(supplier)) = (story.gateway, story.supplier) else {
            return Err("nothing was signed and the order went through".to_owned());
        };
        println!("     the part: {trouble}");
        println!("     the gateway: {gateway}");
        println!("     the supplier: {supplier}");
        bench.bus.part.borrow_mut().mend();
        let again = good(&bench, Form::Raw)?;
        println!("     the next connection: {}\n", again.supplier.map_err(|error| format!("{error:?}"))?);
    }
    Ok(())
}

/// A connection that has to go through.
fn good(bench: &Bench, form: Form) -> Result<Story, String> {
    let story = bench.connect(form, None)?;
    match &story.gateway {
        Ok(_) => Ok(story),
        Err(error) => Err(format!("the order failed: {error}")),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
