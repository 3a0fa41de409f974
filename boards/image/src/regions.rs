//! The regions of a `memory.x`.

use std::ops::Range;

/// The regions that are in flash.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Regions {
    program: Range<u32>,
    slots: Range<u32>,
    journal: Range<u32>,
}

impl Regions {
    /// Reads the regions, which may not overlap.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let region = |name: &str| {
            let line = text.lines().find(|line| line.split_once(':').is_some_and(|(found, _)| found.trim() == name));
            let line = line.ok_or_else(|| format!("found no region {name}, wanted one"))?;
            range(line)
                .ok_or_else(|| format!("{name}: found `{}`, wanted `ORIGIN = ADDRESS, LENGTH = BYTES`", line.trim()))
        };
        let regions = Self { program: region("FLASH")?, slots: region("SLOTS")?, journal: region("JOURNAL")? };
        for ((one, other), [first, second]) in [
            (("FLASH", "SLOTS"), [&regions.program, &regions.slots]),
            (("FLASH", "JOURNAL"), [&regions.program, &regions.journal]),
            (("SLOTS", "JOURNAL"), [&regions.slots, &regions.journal]),
        ] {
            if first.start < second.end && second.start < first.end {
                return Err(format!("found {one} at {first:#x?} and {other} at {second:#x?}, wanted them apart"));
            }
        }
        Ok(regions)
    }

    /// Returns the bytes for the program.
    pub(crate) const fn program_len(&self) -> u32 {
        self.program.end - self.program.start
    }

    /// Returns the source text of the description, an expression. The compiler checks that the places fit the sectors of the flash.
    pub(crate) fn source(&self, base: u32, point: &[u8; 65], built: i64) -> Result<String, String> {
        let Self { slots, journal, .. } = self;
        if slots.start < base || journal.start < base {
            return Err(format!("found SLOTS or JOURNAL below {base:#x}, wanted them in flash behind it"));
        }
        let counted = |range: &Range<u32>| format!("{:#x}..{:#x}", range.start - base, range.end - base);
        Ok(format!(
            "hardware::Image::new(\n    hardware::FleetKey::new({point:?}),\n    {built},\n    {base:#x},\n    {},\n    {},\n)\n",
            counted(slots),
            counted(journal)
        ))
    }
}

/// Reads the range of a region.
fn range(line: &str) -> Option<Range<u32>> {
    let (_, rest) = line.split_once("ORIGIN =")?;
    let (start, len) = rest.split_once(", LENGTH =")?;
    let (start, len) = (number(start)?, difference(len)?);
    Some(start..start.checked_add(len)?).filter(|range| !range.is_empty())
}

/// Reads `A` or `A - B - C`.
fn difference(text: &str) -> Option<u32> {
    let mut numbers = text.split('-').map(number);
    let first = numbers.next()??;
    numbers.try_fold(first, |rest, number| rest.checked_sub(number?))
}

/// Reads a number, which may be hexadecimal or end with K.
fn number(text: &str) -> Option<u32> {
    let text = text.trim();
    if let Some(digits) = text.strip_prefix("0x") {
        return u32::from_str_radix(digits, 16).ok();
    }
    match text.strip_suffix('K') {
        Some(kib) => kib.parse::<u32>().ok()?.checked_mul(1024),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    fn layout(program: &str, slots: &str, journal: &str) -> String {
        let region = |name: &str, place: &str| {
            let (start, len) = place.split_once(' ').unwrap();
            format!("    {name} : ORIGIN = {start}, LENGTH = {len}\n")
        };
        format!(
            "/* Text. */\nMEMORY\n{{\n    BOOT2 : ORIGIN = 0x0, LENGTH = 0x100\n{}{}{}    RAM : ORIGIN = 0x20000000, LENGTH = 264K\n}}\n",
            region("FLASH", program),
            region("SLOTS", slots),
            region("JOURNAL", journal)
        )
    }

    #[test]
    fn places_are_counted_from_the_base() {
        let text = layout("0x10000100 64K-0x100", "0x10010000 16K", "0x10014000 4096");
        let regions = Regions::parse(&text).unwrap();
        assert_eq!(regions.program_len(), 0xff00);
        let source = regions.source(0x1000_0000, &[4; 65], 1_795_320_000).unwrap();
        for part in ["0x10000000,\n    0x10000..0x14000,\n    0x14000..0x15000,", "1795320000,", "new([4, 4, 4"] {
            assert!(source.contains(part), "no {part} in {source}");
        }
        assert!(regions.source(0x1100_0000, &[4; 65], 0).unwrap_err().contains("below 0x11000000"));
    }

    #[test]
    fn regions_that_overlap_by_a_byte_are_refused() {
        for (text, names) in [
            (layout("0x0 65537", "0x10000 16K", "0x14000 16K"), ["FLASH", "SLOTS"]),
            (layout("0x14000 16K", "0x0 16K", "0x17fff 16K"), ["FLASH", "JOURNAL"]),
            (layout("0x0 64K", "0x10000 16385", "0x14000 16K"), ["SLOTS", "JOURNAL"]),
        ] {
            let problem = Regions::parse(&text).unwrap_err();
            assert!(
                names.iter().all(|name| problem.contains(name)) && problem.contains("wanted them apart"),
                "{problem}"
            );
        }
    }

    #[test]
    fn a_region_that_is_missing_or_unreadable_is_named() {
        let text = layout("0x0 64K", "0x10000 16K", "0x14000 16K");
        assert!(Regions::parse(&text.replace("SLOTS", "SLOT")).unwrap_err().contains("found no region SLOTS"));
        for (good, bad) in [("16K", "16M"), ("16K", "0K"), ("0x14000", "_end"), ("64K", "64K - 65K")] {
            let problem = Regions::parse(&text.replace(good, bad)).unwrap_err();
            assert!(problem.contains("wanted `ORIGIN = ADDRESS"), "{problem}");
        }
    }

    #[test]
    fn on_every_board_program_slots_and_journal_are_apart() {
        let mut count = 0;
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap() {
            let directory = entry.unwrap().path();
            let uses =
                fs::read_to_string(directory.join("Cargo.toml")).is_ok_and(|text| text.contains("\nimage.workspace"));
            if uses {
                let text = fs::read_to_string(directory.join("memory.x")).unwrap();
                let regions =
                    Regions::parse(&text).unwrap_or_else(|problem| panic!("{}: {problem}", directory.display()));
                // Two slots of 8 KiB; that they are whole sectors is checked when the board is built.
                assert!(regions.slots.len() >= 16 * 1024, "{}", directory.display());
                count += 1;
            }
        }
        assert_eq!(count, 5);
    }
}
