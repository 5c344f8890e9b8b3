//! Callers that came lately, as fingerprints; and how much of an address is one caller.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

use crate::caller::Fingerprint;

/// The fingerprints of what came lately: hashing one costs as much as charging its count.
#[derive(Debug)]
struct Lately<K>(RefCell<HashMap<K, Fingerprint>>);

/// Most fingerprints that are remembered of a kind. With more, all are forgotten and remembered anew.
const MOST_LATELY: usize = 4096;

impl<K: Eq + Hash> Lately<K> {
    fn fingerprint<Q>(&self, of: &Q, kind: u8, bytes: &[u8]) -> Fingerprint
    where
        Q: Eq + Hash + ToOwned + ?Sized,
        K: Borrow<Q> + From<Q::Owned>,
    {
        let mut known = self.0.borrow_mut();
        if let Some(fingerprint) = known.get(of) {
            return *fingerprint;
        }
        if known.len() >= MOST_LATELY {
            known.clear();
        }
        let fingerprint = Fingerprint::of(kind, &[bytes]);
        known.insert(of.to_owned().into(), fingerprint);
        fingerprint
    }
}

impl<K> Default for Lately<K> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

/// Consumers, applications and addresses that came lately; and how much of an IPv6 address is one caller.
#[derive(Debug)]
pub(crate) struct Known {
    consumers: Lately<String>,
    applications: Lately<String>,
    /// As [`Known::network`] has them.
    addresses: Lately<Vec<u8>>,
    /// Of the bits, from 1 to 128.
    ipv6_prefix: u8,
}

impl Known {
    /// `None` for a prefix that addresses do not have. The default is 64: a subscriber gets at least a /64 (RFC 6177), and would
    /// else have 2^64 counts.
    pub(crate) fn new(ipv6_prefix: Option<u8>) -> Option<Self> {
        let ipv6_prefix = ipv6_prefix.unwrap_or(64);
        (1..=128).contains(&ipv6_prefix).then(|| Self {
            consumers: Lately::default(),
            applications: Lately::default(),
            addresses: Lately::default(),
            ipv6_prefix,
        })
    }

    pub(crate) fn consumer(&self, name: &str) -> Fingerprint {
        self.consumers.fingerprint(name, b'c', name.as_bytes())
    }

    pub(crate) fn application(&self, name: &str) -> Fingerprint {
        self.applications.fingerprint(name, b'a', name.as_bytes())
    }

    pub(crate) fn address(&self, address: IpAddr) -> Fingerprint {
        let network = self.network(address);
        let kind = if address.to_canonical().is_ipv4() { b'4' } else { b'6' };
        self.addresses.fingerprint(&network, kind, &network)
    }

    /// What of an address is one caller: all of an IPv4 address, also of one that is written as IPv6.
    pub(crate) fn network(&self, address: IpAddr) -> Vec<u8> {
        match address.to_canonical() {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => {
                let host = 128 - u32::from(self.ipv6_prefix);
                u128::from(address).checked_shr(host).unwrap_or_default().to_be_bytes().to_vec()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn names_are_remembered_within_bounds() {
        let known = Known::new(None).unwrap();
        for number in 0..3 * MOST_LATELY {
            let name = format!("consumer-{number}");
            let fingerprint = known.consumer(&name);
            assert_eq!(fingerprint, Fingerprint::of(b'c', &[name.as_bytes()]));
            assert_eq!(fingerprint, known.consumer(&name));
            assert!(known.consumers.0.borrow().len() <= MOST_LATELY);
        }
    }
}
