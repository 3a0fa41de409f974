//! IP addresses in text. The parser of the standard library takes 1.6 KB.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Groups of 16 bits in an IPv6 address.
const GROUPS: usize = 8;

/// Parses an IPv4 address of four decimal numbers without leading zeros, or an IPv6 address (RFC 4291 section 2.2) without a
/// zone and without brackets.
pub(crate) fn parse(text: &[u8]) -> Option<IpAddr> {
    let v4 = || v4(text).map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
    if text.contains(&b':') { v6(text).map(|groups| IpAddr::V6(Ipv6Addr::from(groups))) } else { v4() }
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

fn v6(text: &[u8]) -> Option<[u16; GROUPS]> {
    let mut groups = [0; GROUPS];
    let gap = text.windows(2).position(|pair| pair == b"::");
    let (front, back) = text.split_at(gap.unwrap_or(text.len()));
    let front = self::groups(front, gap.is_none(), &mut groups)?;
    let Some((_, back)) = back.split_first_chunk::<2>() else {
        return (front == GROUPS).then_some(groups);
    };
    let mut behind = [0; GROUPS];
    let count = self::groups(back, true, &mut behind)?;
    // The gap is at least one group.
    let zeros = GROUPS.checked_sub(front)?.checked_sub(count).filter(|zeros| *zeros > 0)?;
    groups.iter_mut().skip(front).skip(zeros).zip(behind).for_each(|(to, from)| *to = from);
    Some(groups)
}

/// Reads groups, of which the last two may be an IPv4 address, and returns their number.
fn groups(text: &[u8], to_the_end: bool, groups: &mut [u16; GROUPS]) -> Option<usize> {
    let mut count = 0;
    let mut put = |group| {
        *groups.get_mut(count)? = group;
        count = count.saturating_add(1);
        Some(())
    };
    let mut parts = text.split(|&byte| byte == b':').filter(|_| !text.is_empty()).peekable();
    while let Some(part) = parts.next() {
        match v4(part) {
            Some([a, b, c, d]) if to_the_end && parts.peek().is_none() => {
                put(u16::from_be_bytes([a, b]))?;
                put(u16::from_be_bytes([c, d]))?;
            }
            _ => put(number(part, 16, 4)?)?,
        }
    }
    Some(count)
}

/// Parses a number of at most `digits` digits.
fn number(digits: &[u8], radix: u16, most: usize) -> Option<u16> {
    if digits.is_empty() || digits.len() > most {
        return None;
    }
    digits.iter().try_fold(0_u16, |number, &digit| {
        let digit = char::from(digit).to_digit(radix.into())?.try_into().ok()?;
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

    #[test]
    fn long_numbers_are_none() {
        agrees(&["fffff", "0001", "00001", ":", "::"], 6);
        agrees(&["1000.", "001.", "1", "1.", ".1.1"], 5);
    }
}
