//! Section and symbol sizes of ELF files.

use crate::run::{Failure, Result, told};
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionFlags, SectionKind, SymbolKind, elf};
use std::collections::BTreeMap;
use std::path::Path;

/// The sizes of an image on the device, in bytes.
pub(crate) struct Sections {
    /// All that is written to flash: code, constants, initial values.
    pub(crate) flash: u64,
    /// All that has its fixed place in RAM.
    pub(crate) ram: u64,
}

/// Sums up the sections of an image.
pub(crate) fn sections(image: &Path) -> Result<Sections> {
    let bytes = read(image)?;
    let file = parse(image, &bytes)?;
    let mut sum = Sections { flash: 0, ram: 0 };
    for section in file.sections() {
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else { continue };
        // The start-up code of RISC-V has a section for what is free.
        let is_free = section.name().is_ok_and(|name| [".heap", ".stack"].contains(&name));
        if !sh_flags.contains(elf::SHF_ALLOC) || is_free {
            continue;
        }
        if section.kind() != SectionKind::UninitializedData {
            sum.flash += section.size();
        }
        if sh_flags.contains(elf::SHF_WRITE) {
            sum.ram += section.size();
        }
    }
    Ok(sum)
}

/// Names (without `prefix`) and sizes of the symbols whose name begins with `prefix`, by name.
pub(crate) fn symbols(object: &Path, prefix: &str) -> Result<Vec<(String, u64)>> {
    let bytes = read(object)?;
    let file = parse(object, &bytes)?;
    let wanted = |symbol: object::Symbol<'_, '_>| {
        let name = symbol.name().ok()?.strip_prefix(prefix)?;
        Some((String::from(name), symbol.size()))
    };
    let mut symbols: Vec<_> = file.symbols().filter_map(wanted).collect();
    symbols.sort();
    Ok(symbols)
}

/// Returns the functions of an image with their sizes. Of those with the same place, which the linker made one, it returns one.
pub(crate) fn functions(image: &Path) -> Result<Vec<(String, u64)>> {
    let bytes = read(image)?;
    let file = parse(image, &bytes)?;
    let functions = file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0);
    let places: BTreeMap<_, _> = functions
        .filter_map(|symbol| Some((symbol.address(), (symbol.name().ok()?.to_owned(), symbol.size()))))
        .collect();
    Ok(places.into_values().collect())
}

/// Returns the names of the functions of an object file, each with one that it calls, as the compiler mangles them.
pub(crate) fn calls(object: &Path) -> Result<Vec<(String, String)>> {
    let bytes = read(object)?;
    let file = parse(object, &bytes)?;
    let mut calls = Vec::new();
    for section in file.sections() {
        let Some(caller) = section.name().ok().and_then(|name| name.strip_prefix(".text")) else { continue };
        for (_, relocation) in section.relocations() {
            let RelocationTarget::Symbol(index) = relocation.target() else { continue };
            if let Some(callee) = file.symbol_by_index(index).ok().and_then(|symbol| symbol.name().ok()) {
                calls.push((caller.to_owned(), callee.to_owned()));
            }
        }
    }
    Ok(calls)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    told(path, std::fs::read(path))
}

fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<object::File<'a>> {
    object::File::parse(bytes).map_err(|error| Failure::new(format!("{} is no ELF file: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This program is an ELF file, too, where most of its developers are.
    #[test]
    #[cfg(target_os = "linux")]
    fn sections_and_symbols_of_this_program_are_read() {
        let program = std::env::current_exe().unwrap();
        let sum = sections(&program).unwrap();
        assert!(sum.flash > sum.ram && sum.ram > 0, "{} {}", sum.flash, sum.ram);
        let main = symbols(&program, "mai").unwrap();
        assert!(main.iter().any(|(name, _)| name == "n"), "{main:?}");
    }

    #[test]
    fn a_file_that_is_not_elf_is_an_error_that_names_it() {
        let manifest = crate::run::root().join("Cargo.toml");
        let error = sections(&manifest).err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("Cargo.toml is no ELF file")));
        assert!(symbols(Path::new("/nowhere"), "").is_err());
    }
}
