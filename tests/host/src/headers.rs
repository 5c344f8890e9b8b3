//! A header map as Envoy keeps it: lower-case names, bytes as values, order and repeats kept; and the format in which it crosses into a module.

/// A header map, or trailers. Names are stored in lower case; values are any bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(Vec<u8>, Vec<u8>)>);

impl Headers {
    /// An empty map.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The first value of `name`, as Envoy answers a plugin that asks for one header.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.first(name.as_bytes())
    }

    /// Every value of `name`, in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let matches = move |(key, _): &&(Vec<u8>, Vec<u8>)| key.eq_ignore_ascii_case(name.as_bytes());
        self.0.iter().filter(matches).map(|(_, value)| value.as_slice())
    }

    /// Appends a value, keeping those that are there.
    pub fn add(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.0.push((name.as_ref().to_ascii_lowercase(), value.as_ref().to_vec()));
    }

    /// Replaces the first value of `name`, or adds one. Like Envoy, it leaves later values of a repeated header alone.
    pub fn replace(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let found = self.0.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name.as_ref()));
        match found {
            Some((_, old)) => *old = value.as_ref().to_vec(),
            None => self.add(name, value),
        }
    }

    /// Removes every value of `name`.
    pub fn remove(&mut self, name: impl AsRef<[u8]>) {
        self.0.retain(|(key, _)| !key.eq_ignore_ascii_case(name.as_ref()));
    }

    /// Names and values in order, pseudo-headers included.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// How many values there are, repeats counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no header at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn first(&self, name: &[u8]) -> Option<&[u8]> {
        let found = self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_slice())
    }

    /// The ABI's format; nothing at all for an empty map, which is what Envoy gives.
    pub(crate) fn to_wire(&self) -> Vec<u8> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let mut wire = size(self.0.len()).to_vec();
        for (name, value) in &self.0 {
            wire.extend_from_slice(&size(name.len()));
            wire.extend_from_slice(&size(value.len()));
        }
        for part in self.0.iter().flat_map(|(name, value)| [name, value]) {
            wire.extend_from_slice(part);
            wire.push(0);
        }
        wire
    }

    /// Reads the ABI's format. `None` when a length points outside `wire`; no bytes are an empty map.
    pub(crate) fn from_wire(wire: &[u8]) -> Option<Self> {
        if wire.is_empty() {
            return Some(Self::new());
        }
        let mut sizes = wire;
        let count = take_size(&mut sizes)?;
        let mut parts = wire.get(count.checked_mul(8)?.checked_add(4)?..)?;
        let mut headers = Self::new();
        for _ in 0..count {
            let (name_size, value_size) = (take_size(&mut sizes)?, take_size(&mut sizes)?);
            let name = take_part(&mut parts, name_size)?;
            let value = take_part(&mut parts, value_size)?;
            headers.add(name, value);
        }
        Some(headers)
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut headers = Self::new();
        for (name, value) in pairs {
            headers.add(name, value);
        }
        headers
    }
}

fn size(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

fn take_size(from: &mut &[u8]) -> Option<usize> {
    let (bytes, rest) = from.split_first_chunk::<4>()?;
    *from = rest;
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}

fn take_part<'a>(from: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (part, rest) = from.split_at_checked(size)?;
    *from = rest.strip_prefix(&[0])?;
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_survive_the_wire() {
        let cases = [
            ("empty", vec![]),
            ("one", vec![(":path", b"/a".as_slice())]),
            ("repeats and empty values", vec![("a", b"1".as_slice()), ("a", b""), ("b", b"2")]),
            ("bytes that are not text", vec![("x", b"\xff\x00\xfe".as_slice())]),
        ];
        for (name, pairs) in cases {
            let headers: Headers = pairs.into_iter().collect();
            assert_eq!(Headers::from_wire(&headers.to_wire()), Some(headers), "{name}");
        }
    }

    #[test]
    fn lengths_that_point_outside_are_refused() {
        let cases: [(&str, &[u8]); 4] = [
            ("cut count", &[1, 0, 0]),
            ("count without sizes", &[255, 255, 255, 255]),
            ("size past the end", &[1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, b'a', 0, 0]),
            ("no NUL", &[1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, b'a', b'b', 0]),
        ];
        for (name, wire) in cases {
            assert_eq!(Headers::from_wire(wire), None, "{name}");
        }
    }

    #[test]
    fn replacing_a_repeated_header_leaves_its_later_values() {
        let mut headers: Headers = [("A", "1"), ("a", "2")].into_iter().collect();
        headers.replace("a", "3");
        assert_eq!(headers.get_all("a").collect::<Vec<_>>(), [b"3", b"2"]);
    }
}
