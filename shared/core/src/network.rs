//! Ranges of addresses, in CIDR notation (RFC 4632, section 3.1; RFC 4291, section 2.3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// All addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    first: IpAddr,
    /// How many bits are given.
    length: u8,
}

impl AddressRange {
    /// Reads `10.0.0.0/8`, `2001:db8::/32`, or one address. `None` for other text, and for an address with bits
    /// behind its prefix: it is not clear which range that would be.
    pub fn parse(text: &str) -> Option<Self> {
        let (first, length) = read(text)?;
        (kept(first, length) == bits(first)).then_some(Self { first, length })
    }

    /// Reads the same, and takes an address with bits behind its prefix (`192.0.2.1/24`) for the range that it lies in,
    /// as WSO2 does: for what others have written down, who cannot be asked what they meant.
    pub fn around(text: &str) -> Option<Self> {
        let (address, length) = read(text)?;
        let first = match address {
            IpAddr::V4(_) => Ipv4Addr::from_bits((kept(address, length) >> 96) as u32).into(),
            IpAddr::V6(_) => Ipv6Addr::from_bits(kept(address, length)).into(),
        };
        Some(Self { first, length })
    }

    /// Whether an address lies within. An IPv4 address may come in its IPv6 form (`::ffff:192.0.2.1`).
    pub fn contains(&self, address: IpAddr) -> bool {
        let fits = |address: IpAddr| {
            address.is_ipv4() == self.first.is_ipv4() && kept(address, self.length) == bits(self.first)
        };
        fits(address) || fits(address.to_canonical())
    }
}

/// An address, and how many of its bits are given.
fn read(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let first: IpAddr = address.parse().ok()?;
    let length = match length {
        None => width(first),
        // A sign or a leading zero is nobody's notation.
        Some(length) if length.len() > 1 && !length.starts_with(|first| matches!(first, '1'..='9')) => {
            return None;
        }
        Some(length) => length.parse().ok().filter(|length| *length <= width(first))?,
    };
    Some((first, length))
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address as a number, its first bit the highest.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The first `length` bits; the rest is zero.
fn kept(address: IpAddr, length: u8) -> u128 {
    bits(address) & u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn addresses_lie_within_or_without() {
        let cases = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("10.0.0.0/8", "::ffff:11.1.2.3", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.0/31", "192.0.2.1", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "192.0.2.1", false),
            ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("2001:db8::1", "2001:db8::1", true),
            ("::ffff:0:0/96", "::ffff:192.0.2.1", true),
        ];
        for (range, address, expected) in cases {
            let range = AddressRange::parse(range).unwrap();
            assert_eq!(range.contains(address.parse().unwrap()), expected, "{range:?} {address}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn an_address_within_a_range_stands_for_the_range_where_that_is_wanted() {
        let cases = [
            ("192.0.2.1/24", "192.0.2.0/24"),
            ("192.0.2.1/0", "0.0.0.0/0"),
            ("192.0.2.1/32", "192.0.2.1"),
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8::1/64", "2001:db8::/64"),
            ("::ffff:192.0.2.1/96", "::ffff:0:0/96"),
        ];
        for (text, range) in cases {
            assert_eq!(AddressRange::around(text), AddressRange::parse(range), "{text}");
        }
        for text in ["", "192.0.2.1/33", "192.0.2.1/", "192.0.2/24", "2001:db8::1/-1", "somewhere"] {
            assert_eq!(AddressRange::around(text), None, "{text}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn other_text_is_no_range() {
        let texts = [
            "",
            "/",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0.0/08",
            "10.0.0/8",
            "10.0.0.0/8/8",
            " 10.0.0.0/8",
            "example.com",
            "2001:db8::/129",
            "2001:db8::1/64",
            "256.0.0.0",
        ];
        for text in texts {
            assert_eq!(AddressRange::parse(text), None, "{text}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn a_range_is_what_a_naive_comparison_of_bits_says(first: u32, address: u32, length in 0_u8..=32) {
            let first = if length == 0 { 0 } else { first >> (32 - length) << (32 - length) };
            let range = AddressRange::parse(&format!("{}/{length}", std::net::Ipv4Addr::from(first))).unwrap();
            let same = (0..length).all(|bit| (first ^ address) >> (31 - bit) & 1 == 0);
            proptest::prop_assert_eq!(range.contains(std::net::Ipv4Addr::from(address).into()), same);
        }
    }
}
