//! The gateway with all that it knows from a blob in flash, which is replaced while a connection runs.

use crate::arguments::Arguments;
use crate::files;
use crate::firmware::MAX_ANCHORS;
use crate::flash::{self, SLOT, Store};
use crate::host::{BUILT, Host, Key};
use crate::shared::Shared;
use embassy_net::Stack;
use embassy_time::Instant;
use gateway::{
    Acceptance, Board as _, FleetKey, Memory, Provisioned, Role, Site, StoredKey, Task, Trouble, device, enrolment,
    sample, serial, software_key,
};

/// Memory for a slot.
type Slot = [u8; SLOT];

/// The blobs of the machine: one may come over a connection, and one from a file of the host, as over the serial line of a board.
pub(crate) struct Blobs {
    pub(crate) store: Store,
    site: Site<'static>,
    role: Role,
    /// The file of a blob on its way.
    stem: Option<&'static str>,
}

impl Blobs {
    /// Stores a blob on its way if the machine can work with it, maybe with the key in `journal`.
    pub(crate) fn take(&mut self, len: usize, journal: &mut flash::Journal) -> bool {
        let Self { store, site, role, .. } = self;
        store.take(len, |blob| {
            let public_key = |key| enrolment::find_key(key, || flash::own_key(journal), point);
            Provisioned::<MAX_ANCHORS>::check(blob, site, *role, BUILT, public_key)
        })
    }

    /// Stores the blob of the file beside the one in use, if it has come.
    pub(crate) fn take_in(&mut self, journal: &mut flash::Journal) {
        let Some(stem) = self.stem.take() else { return };
        if let Some(len) = files::load(stem, "bin", self.store.memory()) {
            self.take(len, journal);
        } else {
            defmt::warn!("there is no blob in {}.bin", stem);
        }
    }
}

/// Returns the public key of an identity, whose key is as a blob has it.
fn point(key: StoredKey<'_>) -> Option<[u8; 65]> {
    software_key(key).map(|key| key.public_key())
}

/// Posts orders, each with the newest blob; returns the exit status of the first that is not delivered. `None` if there is no
/// usable blob. Requests a certificate if the key of those in the blob is lost.
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
    let (received, scratch): (&mut Slot, &mut Slot) = (shared.lend()?, shared.lend()?);
    let site = Site { alias: arguments.alias, ..Site::default() };
    let mut blobs = Blobs { store: Store::new(slots, received, scratch), site, role: arguments.role, stem: Some(stem) };
    let mut host = Host::new(Key::None)?;
    blobs.take_in(&mut host.flash);
    blobs.stem = arguments.next;
    host.blobs = Some(blobs);
    let task = Task {
        site,
        role: arguments.role,
        asks_late: arguments.asks_late,
        order: sample::ORDER,
        built: BUILT,
        patience: arguments.patience,
        retry: arguments.retry,
        rx: arguments.rx,
        tx: arguments.tx,
    };
    let mut line = arguments.line;
    for _ in 0..arguments.orders {
        if let Some(line) = &mut line {
            defmt::info!("waiting for a blob on the serial line");
            serial::take_blob(line, &mut host, Instant::MAX).await;
        }
        let Some(blob) = host.blobs.as_mut()?.store.load(in_use) else {
            defmt::error!("the flash: found no blob in either slot, wanted one that the key of the fleet has signed");
            return None;
        };
        let own_key = host.own_key();
        if enrolment::is_key_lost(&blob, &task.site, task.role, own_key, point) {
            enrolment::request(&mut host, &enrolment::name(network)?);
            return Some(Trouble::Setup.exit_status());
        }
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
