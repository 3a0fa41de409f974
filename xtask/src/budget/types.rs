//! The sizes of the public types, read from an object file.

use super::table::Table;
use super::{CRATE, Extent, elf, host, target_directory};
use crate::features::MEASURED_TARGET;
use crate::run::{Failure, Result, Run};

/// The prefix of each symbol of the table of types.
const SIZE_OF: &str = "size_of ";

/// Compares the device with this machine.
pub(crate) fn measure(_: Extent) -> Result<String> {
    let on_host = type_table(&host()?)?;
    let mut table = Table::new(&["Type"], &["Device", "64-bit host"]);
    for (name, device) in type_table(MEASURED_TARGET)? {
        let (_, host) = on_host
            .iter()
            .find(|(other, _)| *other == name)
            .ok_or_else(|| Failure::new(format!("the size of `{name}` is not in the object for the host")))?;
        table.line([&format!("`{name}`")], &[device, *host]);
    }
    Ok(format!("Size of a value in bytes, without the memory lent to it.\n\n{}", table.into_text()))
}

/// Names and sizes of the types, read from an object file in which each type has a symbol of its size.
fn type_table(target: &str) -> Result<Vec<(String, u64)>> {
    let object = target_directory().join(format!("types-{target}.o"));
    let build = format!("rustc --quiet --locked --lib --features types --profile types --target {target} --target-dir");
    Run::cargo(&build)
        .arg(target_directory().to_string_lossy())
        .arg("--")
        .arg(format!("--emit=obj={}", object.display()))
        .within(CRATE)
        .succeed()?;
    let sizes = elf::symbols(&object, SIZE_OF)?;
    if sizes.is_empty() {
        return Err(Failure::new(format!("{}: no symbol begins with `{SIZE_OF}`", object.display())));
    }
    Ok(sizes)
}
