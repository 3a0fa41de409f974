//! The comparison of the assembly with the portable form, function by function, on the device that runs it.
//!
//! The portable form is what the tests on a host compare with schoolbook arithmetic, with vectors and with RustCrypto.
#![forbid(unsafe_code)]

use crate::cases::{Random, numbers_below, patterns};
use crate::number::Number;
use crate::p256::{Coordinate, P};
use crate::words::little_endian;
use crate::{aes128, assembly, ghash, p256, portable, sha256};

/// True for the variant with a branch on a secret, which a test of constant time has to find.
pub const IS_LEAKY: bool = cfg!(leaky);

/// Compares all functions on extreme numbers and on random ones, and adds points in all forms. Returns the number of cases.
///
/// # Errors
/// The name of the function whose results differ.
pub fn compare() -> Result<u32, &'static str> {
    let mut cases = Cases(0);
    field(&mut cases)?;
    selection(&mut cases)?;
    inversion(&mut cases)?;
    points(&mut cases)?;
    aes128_steps(&mut cases)?;
    aes128_blocks(&mut cases)?;
    ghash_blocks(&mut cases)?;
    chacha20_blocks(&mut cases)?;
    poly1305_blocks(&mut cases)?;
    sha256_blocks(&mut cases)?;
    #[cfg(feature = "compact-memory")]
    memory(&mut cases)?;
    Ok(cases.0)
}

/// The number of cases so far.
struct Cases(u32);

impl Cases {
    fn same<T: PartialEq>(&mut self, what: &'static str, assembly: &T, portable: &T) -> Result<(), &'static str> {
        self.0 += 1;
        if assembly == portable { Ok(()) } else { Err(what) }
    }
}

/// Each number with itself, and with one in seven of all, so that extreme numbers meet.
fn field(cases: &mut Cases) -> Result<(), &'static str> {
    type Operation = fn(&mut Number, &Number);
    let operations: [(&str, Operation, Operation); 6] = [
        ("multiply", assembly::p256::multiply, portable::p256::multiply),
        ("square", |a, _| assembly::p256::square(a), |a, _| portable::p256::square(a)),
        ("add", assembly::p256::add, portable::p256::add),
        ("subtract", assembly::p256::subtract, portable::p256::subtract),
        ("subtract_twice", assembly::p256::subtract_twice, portable::p256::subtract_twice),
        ("three_halves", |a, _| assembly::p256::three_halves(a), |a, _| portable::p256::three_halves(a)),
    ];
    let numbers = numbers_below(&P, 5);
    for (index, a) in numbers.clone().enumerate() {
        for b in numbers.clone().skip(index % 7).step_by(7).chain([a]) {
            for (what, assembly, portable) in operations {
                let [mut by_assembly, mut by_portable] = [a; 2];
                assembly(&mut by_assembly, &b);
                portable(&mut by_portable, &b);
                cases.same(what, &by_assembly, &by_portable)?;
            }
        }
    }
    Ok(())
}

/// All entries, and numbers that are none.
fn selection(cases: &mut Cases) -> Result<(), &'static str> {
    for start in (0..360).step_by(8) {
        let mut numbers = numbers_below(&P, 6).map(Coordinate).skip(start);
        let table = [(); 8].map(|()| [(); 2].map(|()| numbers.next().unwrap_or(Coordinate::ZERO)));
        for table in (0..=8).filter_map(|count| table.get(..count)) {
            for index in (0..20).chain([32, 1 << 31, u32::MAX]) {
                for place in 0..=2 {
                    let [assembly, portable] = [assembly::p256::select_entry, portable::p256::select_entry]
                        .map(|select_entry| select_entry(table, place, index));
                    cases.same("select_entry", &assembly, &portable)?;
                }
            }
        }
    }
    Ok(())
}

/// All pairs of extreme and random words, after few steps and after many.
fn inversion(cases: &mut Cases) -> Result<(), &'static str> {
    let mut random = Random::new(20);
    let edges = [0, 1, 2, 3, -1, -2, 0x3fff_ffff, 0x2000_0000, 0x1555_5555, 0x2aaa_aaaa];
    let words: [i32; 64] = core::array::from_fn(|index| {
        edges.get(index).copied().unwrap_or_else(|| i32::from_le_bytes(random.array()) & 0x3fff_ffff)
    });
    for f in words {
        for g in words {
            for zeta in [-1, 0, 1, 29, -30, 590, -590] {
                let [assembly, portable] =
                    [assembly::inverse::steps, portable::inverse::steps].map(|steps| steps(zeta, f | 1, g));
                cases.same("steps", &assembly, &portable)?;
            }
        }
    }
    Ok(())
}

fn points(cases: &mut Cases) -> Result<(), &'static str> {
    cases.0 += p256::sums_of_small_multiples()?;
    Ok(())
}

fn aes128_steps(cases: &mut Cases) -> Result<(), &'static str> {
    type Step = fn(&mut aes128::State);
    let steps: [(&str, Step, Step); 2] = [
        ("transpose", assembly::aes128::transpose, portable::aes128::transpose),
        ("substitute", assembly::aes128::substitute, portable::aes128::substitute),
    ];
    for bytes in patterns::<32>(10) {
        for (what, assembly, portable) in steps {
            let [mut by_assembly, mut by_portable] = [little_endian(&bytes); 2];
            assembly(&mut by_assembly);
            portable(&mut by_portable);
            cases.same(what, &by_assembly, &by_portable)?;
        }
    }
    Ok(())
}

/// Runs an operation on bytes at each place of a word, with other bytes around them, for both forms.
fn in_place<const N: usize, const ROOM: usize>(
    cases: &mut Cases,
    what: &'static str,
    bytes: &[u8; N],
    assembly: impl Fn(&mut [u8; N]),
    portable: impl Fn(&mut [u8; N]),
) -> Result<(), &'static str> {
    type Form<'a, const N: usize> = &'a dyn Fn(&mut [u8; N]);
    for place in 0..4 {
        let forms: [Form<'_, N>; 2] = [&assembly, &portable];
        let mut rooms = [[0x5a; ROOM]; 2];
        for (room, form) in rooms.iter_mut().zip(forms) {
            let data = room.get_mut(place..).and_then(<[u8]>::first_chunk_mut).ok_or(what)?;
            *data = *bytes;
            form(data);
        }
        let [by_assembly, by_portable] = rooms;
        cases.same(what, &by_assembly, &by_portable)?;
    }
    Ok(())
}

fn aes128_blocks(cases: &mut Cases) -> Result<(), &'static str> {
    let mut random = Random::new(11);
    for (key, blocks) in patterns::<32>(12).zip(patterns::<32>(13).skip(1)) {
        let pad: [u8; 32] = random.array();
        let keys: [aes128::State; 11] = core::array::from_fn(|round| {
            let mut words: aes128::State = little_endian(&key);
            words.rotate_left(round % 8);
            words
        });
        let blocks = little_endian(&blocks);
        in_place::<32, 40>(
            cases,
            "xor_two_blocks",
            &pad,
            |data| assembly::aes128::xor_two_blocks(&keys, &blocks, data),
            |data| portable::aes128::xor_two_blocks(&keys, &blocks, data),
        )?;
    }
    Ok(())
}

fn ghash_blocks(cases: &mut Cases) -> Result<(), &'static str> {
    let keys = patterns::<16>(14);
    for (index, key) in keys.clone().enumerate() {
        let mut products = [[0; 6]; ghash::PARTS];
        ghash::set_key(&mut products, &key);
        for (sum, block) in keys.clone().zip(keys.clone().skip(index)).skip(index % 17).step_by(17) {
            let start: ghash::Element = little_endian(&sum);
            let mut room = [0; 20];
            let place = index % 4;
            room.iter_mut().skip(place).zip(block).for_each(|(to, byte)| *to = byte);
            let block = room.get(place..).and_then(<[u8]>::first_chunk).ok_or("ghash")?;
            let [mut by_assembly, mut by_portable] = [(products, start); 2];
            assembly::ghash::ghash(&mut by_assembly.0, &mut by_assembly.1, block);
            portable::ghash::ghash(&mut by_portable.0, &mut by_portable.1, block);
            cases.same("ghash", &by_assembly, &by_portable)?;
        }
    }
    Ok(())
}

fn chacha20_blocks(cases: &mut Cases) -> Result<(), &'static str> {
    let mut random = Random::new(15);
    for bytes in patterns::<64>(16) {
        let words: [u32; 16] = little_endian(&bytes);
        let (rows, _) = words.as_chunks();
        let state = rows.first_chunk().ok_or("xor_block")?;
        in_place::<64, 72>(
            cases,
            "xor_block",
            &random.array(),
            |data| assembly::chacha20::xor_block(state, data),
            |data| portable::chacha20::xor_block(state, data),
        )?;
    }
    Ok(())
}

/// Of none to four blocks, with `h` at its bounds, such that sums reach the modulus and carries go through all words.
fn sha256_blocks(cases: &mut Cases) -> Result<(), &'static str> {
    let mut random = Random::new(19);
    for start in (0..4).cycle().take(200) {
        let (state, room) = (random.array::<32>(), random.array::<68>());
        let block = room.get(start..).and_then(<[u8]>::first_chunk).ok_or("sha256")?;
        let [mut by_assembly, mut by_portable] = [little_endian(&state); 2];
        assembly::sha256::compress(&mut by_assembly, block, &sha256::K);
        portable::sha256::compress(&mut by_portable, block, &sha256::K);
        cases.same("sha256", &by_assembly, &by_portable)?;
    }
    Ok(())
}

fn poly1305_blocks(cases: &mut Cases) -> Result<(), &'static str> {
    let keys = patterns::<16>(17);
    let blocks = patterns::<64>(18).step_by(5);
    for (index, key) in keys.enumerate() {
        let [r0, r1, r2, r3] = little_endian(&key);
        let r = [r0 & 0x0fff_ffff, r1 & 0x0fff_fffc, r2 & 0x0fff_fffc, r3 & 0x0fff_fffc];
        for (bytes, count) in blocks.clone().zip((0..5).cycle().skip(index % 5)) {
            let [h0, h1, h2, h3] = little_endian::<4, 16>(bytes.first_chunk().ok_or("poly1305")?);
            // The highest word is 4 where the others are 0.
            let bounds =
                [[h0, h1, h2, h3, 3], [u32::MAX, u32::MAX, u32::MAX, u32::MAX, 3], [0, 0, 0, 0, 4], [h0, 0, 0, 0, 4]];
            for h in bounds {
                let mut room = [0; 68];
                room.iter_mut().skip(index % 4).zip(bytes).for_each(|(to, byte)| *to = byte);
                let (blocks, _) = room.get(index % 4..).unwrap_or_default().as_chunks();
                let blocks = blocks.get(..count).ok_or("poly1305")?;
                let [mut by_assembly, mut by_portable] = [h; 2];
                assembly::poly1305::poly1305(&r, &mut by_assembly, blocks);
                portable::poly1305::poly1305(&r, &mut by_portable, blocks);
                cases.same("poly1305", &by_assembly, &by_portable)?;
            }
        }
    }
    Ok(())
}

/// Copies, moves, fills and compares up to 40 bytes at each place of a word and at each distance, as loops over single bytes do.
#[cfg(feature = "compact-memory")]
fn memory(cases: &mut Cases) -> Result<(), &'static str> {
    const ROOM: usize = 56;
    let source: [u8; ROOM] = Random::new(10).array();
    // The compiler would make the same calls of a loop that it understands.
    let by_byte = |to: usize, len: usize, byte: &dyn Fn(usize) -> u8| {
        let mut expected = source;
        let places = expected.iter_mut().skip(to).take(len).enumerate();
        places.for_each(|(index, place)| *place = core::hint::black_box(byte(index)));
        expected
    };
    for (from, to, len) in (0..5).flat_map(|from| (0..16).flat_map(move |to| (0..=40).map(move |len| (from, to, len))))
    {
        let from_source = |index: usize| source.get(from + index).copied().unwrap_or_default();
        let expected = by_byte(to, len, &from_source);
        for (from, to, expected) in [
            (from, to, expected),
            (to, from, by_byte(from, len, &|index| source.get(to + index).copied().unwrap_or_default())),
        ] {
            let mut moved = source;
            moved.copy_within(from..from + len, to);
            cases.same("memmove", &moved, &expected)?;
        }
        let mut copied = source;
        if let (Some(place), Some(part)) = (copied.get_mut(to..to + len), source.get(from..from + len)) {
            place.copy_from_slice(part);
        }
        cases.same("memcpy", &copied, &expected)?;
        let mut filled = source;
        if let Some(place) = filled.get_mut(to..to + len) {
            place.fill(0x5a);
        }
        cases.same("memset", &filled, &by_byte(to, len, &|_| 0x5a))?;
        let (Some(one), Some(other)) = (source.get(from..from + len), copied.get(to..to + len)) else { continue };
        cases.same("memcmp", &one.cmp(other), &core::cmp::Ordering::Equal)?;
        let mut greater = copied;
        if let Some(last) = greater.get_mut((to + len).saturating_sub(1)).filter(|_| len > 0) {
            let smaller = *last < 0x80;
            *last ^= 0x80;
            let expected = if smaller { core::cmp::Ordering::Less } else { core::cmp::Ordering::Greater };
            cases.same("memcmp", &one.cmp(greater.get(to..to + len).unwrap_or_default()), &expected)?;
        }
    }
    Ok(())
}
