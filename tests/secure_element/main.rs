//! A key in a secure element: dropped futures, failures, and the bytes on the bus.
#![allow(missing_docs)]

mod bench;

use std::pin::pin;

use embedded_hal_async::i2c::I2c as _;
use embedded_mtls::io::Failure;
use embedded_mtls::{AlertDescription, Error};
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::ecdsa::{Signature, VerifyingKey};

use bench::{Bench, Form};
use test_support::element::driver::{ADDRESS, AWAKE, EXECUTION, Element, ElementError, crc};
use test_support::element::part::{Bus, Clock, Fault};
use test_support::pipe::once;

const TAKEN: &str = "order of gateway-0042.plant.example";

#[test]
fn a_handshake_with_a_key_in_a_secure_element_succeeds_with_raw_and_der_signatures() {
    let bench = Bench::new().unwrap();
    for form in [Form::Raw, Form::Der] {
        let story = bench.connect(form, None).unwrap();
        assert_eq!((story.gateway.as_deref(), story.supplier.as_deref()), (Ok(TAKEN), Ok(TAKEN)), "{form:?}");
        // 60 ms of signing and 7 ms of loading, for which no other task waits.
        assert!((67_000..120_000).contains(&story.busy), "{}", story.busy);
        assert!(story.meanwhile.1, "the other handshake was done before, in {} turns", story.meanwhile.0);
    }
    assert_eq!(bench.bus.part.borrow().signatures, 2);
}

#[test]
fn a_future_that_is_dropped_at_any_await_point_loses_no_signature_and_requests_no_second_one() {
    let bench = Bench::new().unwrap();
    let turns = usize::try_from(bench.connect(Form::Raw, None).unwrap().busy / 250).unwrap() + 30;
    assert!(turns > 250, "{turns}");
    for drop_at in 1..turns {
        let before = bench.bus.part.borrow().signatures;
        let story = bench.connect(Form::Raw, Some(drop_at)).unwrap();
        assert_eq!(story.gateway.as_deref(), Ok(TAKEN), "dropped after {drop_at} turns");
        assert_eq!(bench.bus.part.borrow().signatures, before + 1, "dropped after {drop_at} turns");
    }
}

#[test]
fn a_secure_element_that_fails_ends_one_connection_with_internal_error_and_not_the_next() {
    let bench = Bench::new().unwrap();
    for (fault, trouble) in [
        (Fault::Deaf, ElementError::Silent),
        (Fault::Noise(3), ElementError::Crc),
        (Fault::Refusal(EXECUTION), ElementError::Status(EXECUTION)),
    ] {
        bench.bus.part.borrow_mut().spoil(fault);
        let story = bench.connect(Form::Raw, None).unwrap();
        assert_eq!(story.trouble, Some(trouble));
        assert_eq!(story.gateway, Err(Failure::Tls(Error::SigningFailed)));
        assert_eq!(story.supplier, Err(Failure::Tls(Error::AlertReceived(AlertDescription::INTERNAL_ERROR))));
        bench.bus.part.borrow_mut().mend();
        assert_eq!(bench.connect(Form::Raw, None).unwrap().gateway.as_deref(), Ok(TAKEN), "{fault:?}");
    }
    // What can be read again is.
    for reads in 1..3 {
        bench.bus.part.borrow_mut().spoil(Fault::Noise(reads));
        assert_eq!(bench.connect(Form::Raw, None).unwrap().gateway.as_deref(), Ok(TAKEN));
    }
}

/// Runs a task of the device, for at most this number of turns.
fn run<T>(clock: &Clock, turns: usize, task: impl Future<Output = T>) -> Option<T> {
    let mut task = pin!(task);
    (0..turns).find_map(|_| {
        clock.advance(250);
        once(task.as_mut())
    })
}

#[test]
fn the_driver_itself_can_be_dropped_at_any_await_point_and_begun_again() {
    let clock = Clock::default();
    let bus = Bus::new(clock.clone());
    let mut element = Element::new(bus.clone(), clock.clone());
    let point = run(&clock, 10_000, element.generate(0)).unwrap().unwrap();
    let key = VerifyingKey::from_sec1_bytes(&[&[4][..], &point].concat()).unwrap();
    for drop_at in 1..350 {
        let digest = [u8::try_from(drop_at % 251).unwrap(); 32];
        let early = run(&clock, drop_at, element.sign(0, &[0xff; 32]));
        let raw = run(&clock, 10_000, element.sign(0, &digest)).unwrap().unwrap();
        key.verify_prehash(&digest, &Signature::from_slice(&raw).unwrap()).unwrap();
        assert!(early.is_some() == (drop_at > 300) || (280..=320).contains(&drop_at), "dropped after {drop_at} turns");
    }
}

/// The vectors of the part's data sheet: the answer to a wake, and the command Info.
#[test]
fn checksums_are_those_of_the_part() {
    assert_eq!(crc(&AWAKE[..2]), AWAKE[2..]);
    assert_eq!(crc(&[0x07, 0x30, 0x00, 0x00, 0x00]), [0x03, 0x5d]);
}

#[test]
fn a_secure_element_falls_asleep_and_acknowledges_nothing_then() {
    let clock = Clock::default();
    let mut bus = Bus::new(clock.clone());
    let mut answer = [0; 4];
    assert!(run(&clock, 100, bus.read(ADDRESS, &mut answer)).unwrap().is_err(), "it sleeps");
    assert!(run(&clock, 100, bus.write(0, &[0])).unwrap().is_err(), "nobody acknowledges the pulse");
    run(&clock, 100, bus.read(ADDRESS, &mut answer)).unwrap().unwrap();
    assert_eq!(answer, AWAKE);
    // A command whose checksum is wrong is not executed.
    run(&clock, 100, bus.write(ADDRESS, &[3, 7, 0x30, 0, 0, 0, 0, 0])).unwrap().unwrap();
    run(&clock, 100, bus.read(ADDRESS, &mut answer)).unwrap().unwrap();
    assert_eq!(answer[..2], [4, 0xff]);
    clock.advance(1_300_000);
    assert!(run(&clock, 100, bus.read(ADDRESS, &mut answer)).unwrap().is_err(), "it sleeps again");
}
