//! IP addresses in text. The parser of the standard library takes 1.6 KB, and its output can panic, as far as the compiler
//! knows.

use super::server::has_byte;
use crate::codec::copy;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::ops::Range;

/// Bytes of an IPv6 address.
const OCTETS: usize = 16;
/// Groups of 16 bits in an IPv6 address.
const GROUPS: usize = 8;

/// Parses an IPv4 address of four decimal numbers without leading zeros, or an IPv6 address (RFC 4291 section 2.2) without a
/// zone and without brackets.
pub(crate) fn parse(text: &[u8]) -> Option<IpAddr> {
    let v4 = || v4(text).map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
    if has_byte(text, b':') { v6(text).map(|octets| IpAddr::V6(Ipv6Addr::from(octets))) } else { v4() }
}

/// Writes an address as the standard library does: IPv6 as RFC 5952 section 4 recommends.
pub(crate) fn write(address: IpAddr, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (groups, mapped) = match address {
        IpAddr::V4(address) => return write_v4(address, f),
        IpAddr::V6(address) => (address.segments(), address.to_ipv4_mapped()),
    };
    if let Some(address) = mapped {
        f.write_str("::ffff:")?;
        return write_v4(address, f);
    }
    let zeros = longest_zeros(&groups);
    for (at, group) in groups.iter().enumerate() {
        if at == zeros.start && !zeros.is_empty() {
            f.write_str("::")?;
        }
        if !zeros.contains(&at) {
            let separator = if at == 0 || at == zeros.end { "" } else { ":" };
            write!(f, "{separator}{group:x}")?;
        }
    }
    Ok(())
}

fn write_v4(address: Ipv4Addr, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    address.octets().iter().enumerate().try_for_each(|(at, octet)| {
        let separator = if at == 0 { "" } else { "." };
        write!(f, "{separator}{octet}")
    })
}

/// Returns the first of the longest runs of at least two zeros, or an empty range.
fn longest_zeros(groups: &[u16; GROUPS]) -> Range<usize> {
    let (mut longest, mut run) = (0..0, 0..0);
    for (at, group) in groups.iter().enumerate() {
        let next = at.saturating_add(1);
        run = if *group == 0 { run.start..next } else { next..next };
        if run.len() > longest.len().max(1) {
            longest = run.clone();
        }
    }
    longest
}

fn v4(text: &[u8]) -> Option<[u8; 4]> {
    let mut octets = [0; 4];
    let mut parts = text.split(|&byte| byte == b'.');
    for octet in &mut octets {
        let digits = parts.next().filter(|digits| digits.len() == 1 || !digits.starts_with(b"0"))?;
        *octet = number(digits, 10, 3)?.try_into().ok()?;
    }
    parts.next().is_none().then_some(octets)
}

fn v6(text: &[u8]) -> Option<[u8; OCTETS]> {
    let mut octets = [0; OCTETS];
    let (mut rest, mut len, mut gap) = (text, 0_usize, None);
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix(b"::") {
            if gap.replace(len).is_some() {
                return None;
            }
            rest = behind;
            if rest.is_empty() {
                break;
            }
        } else if len > 0 {
            rest = rest.strip_prefix(b":")?;
        }
        let end = rest.iter().position(|&byte| byte == b':').unwrap_or(rest.len());
        let (part, behind) = rest.split_at_checked(end)?;
        // The last two groups may be an IPv4 address.
        let (bytes, count) = match v4(part).filter(|_| behind.is_empty()) {
            Some(v4) => (v4, 4),
            None => (u32::from(number(part, 16, 4)?).rotate_left(16).to_be_bytes(), 2),
        };
        let place = octets.get_mut(len..)?.get_mut(..count)?;
        len = len.saturating_add(copy(place, &bytes));
        rest = behind;
    }
    // The gap is at least one group.
    let zeros = OCTETS.saturating_sub(len);
    let gap = match gap {
        Some(gap) if zeros > 0 => gap,
        None if zeros == 0 => len,
        _ => return None,
    };
    let mut address = [0; OCTETS];
    copy(&mut address, octets.get(..gap)?);
    copy(address.get_mut(gap.saturating_add(zeros)..)?, octets.get(gap..len)?);
    Some(address)
}

/// Parses a number of at most `digits` digits.
fn number(digits: &[u8], radix: u16, most: usize) -> Option<u16> {
    if digits.is_empty() || digits.len() > most {
        return None;
    }
    digits.iter().try_fold(0_u16, |number, &digit| {
        // With the radix as a variable, `to_digit` has a panic for those above 36.
        let digit = char::from(digit).to_digit(16)?.try_into().ok().filter(|digit| *digit < radix)?;
        number.checked_mul(radix)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::parse;
    use core::net::IpAddr;

    /// Every text of up to `most` pieces is an address exactly if the standard library takes it for one.
    fn agrees(pieces: &[&str], most: u32) {
        for length in 0..=most {
            for mut number in 0..pieces.len().pow(length) {
                let mut text = std::string::String::new();
                for _ in 0..length {
                    text.push_str(pieces[number % pieces.len()]);
                    number /= pieces.len();
                }
                assert_eq!(parse(text.as_bytes()), text.parse::<IpAddr>().ok(), "{text}");
            }
        }
    }

    #[test]
    fn an_address_is_one_to_the_standard_library_too() {
        agrees(&["1", ".", "0", "256", "255"], 7);
        agrees(&[":", "a", "::", "1.2.3.4"], 8);
        agrees(&["1:2:3", ":", "F", "g", "00a", "1.2.3.4"], 6);
        agrees(&["0:1:2:3:4", ":", "::", "65535", "%1", " "], 5);
    }

    struct Written(IpAddr);

    impl core::fmt::Display for Written {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            super::write(self.0, f)
        }
    }

    /// Every pattern of zeros and other groups.
    #[test]
    fn an_address_is_written_as_by_the_standard_library() {
        for pattern in 0..=u8::MAX {
            for other in [1, 0xabc, 0xffff] {
                let groups = core::array::from_fn::<u16, 8, _>(|at| if pattern >> at & 1 == 0 { 0 } else { other });
                let address = IpAddr::from(groups);
                assert_eq!(std::format!("{}", Written(address)), std::format!("{address}"));
            }
        }
        for address in [[0, 0, 0, 0], [10, 200, 3, 40], [255; 4]].map(IpAddr::from) {
            assert_eq!(std::format!("{}", Written(address)), std::format!("{address}"));
        }
        let mapped = IpAddr::from([0, 0, 0, 0, 0, 0xffff, 0x0a00, 1]);
        assert_eq!(std::format!("{}", Written(mapped)), "::ffff:10.0.0.1");
    }

    #[test]
    fn long_numbers_are_none() {
        agrees(&["fffff", "0001", "00001", ":", "::"], 6);
        agrees(&["1000.", "001.", "1", "1.", ".1.1"], 5);
    }
}
