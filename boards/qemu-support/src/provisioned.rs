//! The gateway with all that it knows from a blob in flash, which is replaced while a connection runs.

use crate::arguments::Arguments;
use crate::files;
use crate::firmware::MAX_ANCHORS;
use crate::flash::{self, SLOT, Slots};
use crate::host::{Host, Key};
use crate::shared::Shared;
use embassy_net::Stack;
use embedded_mtls::x509::UnixTime;
use gateway::{Acceptance, FleetKey, Memory, Site, Task, device, sample};

/// Memory for a slot.
type Slot = [u8; SLOT];

/// A blob on its way, in a file of the host: on a real board, it comes over the serial line or a connection.
pub(crate) struct Arrival {
    slots: Slots,
    /// The file of the blob.
    stem: Option<&'static str>,
    received: &'static mut Slot,
    scratch: &'static mut Slot,
}

impl Arrival {
    /// Stores the blob beside the one in use, if it has come.
    pub(crate) fn take_in(&mut self) {
        let Some(stem) = self.stem.take() else { return };
        let Some(len) = files::load(stem, "bin", self.received) else {
            return defmt::warn!("there is no blob in {}.bin", stem);
        };
        match self.slots.store(self.received.get(..len).unwrap_or_default(), self.scratch) {
            Ok(version) => defmt::info!("blob {} is stored: the next connection uses it", version),
            Err(error) => defmt::warn!("the blob is refused: {}", defmt::Display2Format(&error)),
        }
    }
}

/// Posts orders, each with the newest blob; returns the exit status of the first that is not delivered. `None` if there is no
/// usable blob.
pub(crate) async fn run(
    network: Stack<'static>,
    stem: &'static str,
    arguments: Arguments,
    memory: &mut Memory,
) -> Option<u8> {
    let mut shared = Shared::take()?;
    let in_use: &mut Slot = shared.lend()?;
    let fleet_key = fleet_key(arguments.arena.load("fleet", "point"))?;
    let Some(slots) = flash::slots(fleet_key) else {
        defmt::error!("the flash: found no file, wanted one with two slots of {} bytes", SLOT);
        return None;
    };
    let mut arrival = Arrival { slots, stem: Some(stem), received: shared.lend()?, scratch: shared.lend()? };
    arrival.take_in();
    arrival.stem = arguments.next;
    let mut host = Host::new(Key::None)?;
    host.arrival = Some(arrival);
    let task = Task {
        site: Site::default(),
        role: arguments.role,
        order: sample::ORDER,
        built: UnixTime(env!("BUILT").parse().ok()?),
        patience: arguments.patience,
        retry: arguments.retry,
        rx: arguments.rx,
        tx: arguments.tx,
    };
    for _ in 0..arguments.orders {
        let Some(blob) = host.arrival.as_mut()?.slots.load(in_use) else {
            defmt::error!("the flash: found no blob in either slot, wanted one that the key of the fleet has signed");
            return None;
        };
        let outcome = device::run::<MAX_ANCHORS, _>(network, &blob, &task, &mut host, memory).await;
        let status = outcome.map_or_else(|trouble| trouble.exit_status(), Acceptance::exit_status);
        if status != 0 {
            return Some(status);
        }
    }
    Some(0)
}

/// Takes the public key of the fleet from its file.
fn fleet_key(file: Option<&[u8]>) -> Option<FleetKey> {
    match file.map(<[u8; 65]>::try_from) {
        Some(Ok(point)) => return Some(FleetKey::new(point)),
        Some(Err(_)) => defmt::error!("fleet.point: found {} bytes, wanted 65", file.map_or(0, <[u8]>::len)),
        None => defmt::error!("fleet.point: found no file, wanted the public key of the fleet"),
    }
    None
}
