//! The header map of a message, as bytes. Names are lower-case, as HTTP/2 and Envoy have them; values may
//! be any bytes, since clients send any bytes.

/// Where one header stands in the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// First byte of the name, and its length.
    pub name: (u32, u32),
    /// First byte of the value, and its length.
    pub value: (u32, u32),
}

/// A [`Field`] that points outside its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfBounds;

impl std::fmt::Display for OutOfBounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a header points outside its block")
    }
}

impl std::error::Error for OutOfBounds {}

/// All headers of a message in one allocation: the block the host gave, and where each header stands in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    block: Vec<u8>,
    fields: Vec<Field>,
}

impl Headers {
    /// Takes a block as the host wrote it.
    pub fn from_block(block: Vec<u8>, fields: Vec<Field>) -> Result<Self, OutOfBounds> {
        let fits = |(start, length): (u32, u32)| {
            start.checked_add(length).is_some_and(|end| end as usize <= block.len())
        };
        if fields.iter().all(|field| fits(field.name) && fits(field.value)) {
            Ok(Self { block, fields })
        } else {
            Err(OutOfBounds)
        }
    }

    /// Builds a map from pairs; names are expected in lower case.
    pub fn from_pairs<N: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut headers = Self::default();
        for (name, value) in pairs {
            let name = headers.append(name.as_ref());
            let value = headers.append(value.as_ref());
            headers.fields.push(Field { name, value });
        }
        headers
    }

    /// Every header in order, repeated ones as often as they came.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|field| (self.slice(field.name), self.slice(field.value)))
    }

    /// All values of one header; `name` in lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        // Most names differ in length already: their texts need not be looked at.
        let named = self.fields.iter().filter(move |field| {
            field.name.1 as usize == name.len() && self.slice(field.name) == name.as_bytes()
        });
        named.map(|field| self.slice(field.value))
    }

    /// The first value of one header; `name` in lower case.
    pub fn first<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// The names of headers that are the one called `name` (in lower case), or that upstreams who turn names into
    /// variables take for it: there `-` and `_` are the same (RFC 3875, section 4.1.18).
    pub fn taken_for<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'h str> {
        let plain = |byte: &u8| if *byte == b'_' { b'-' } else { *byte };
        let is_taken = move |other: &&[u8]| {
            other.len() == name.len() && other.iter().zip(name.as_bytes()).all(|(a, b)| plain(a) == plain(b))
        };
        self.iter().map(|(name, _)| name).filter(is_taken).filter_map(|name| std::str::from_utf8(name).ok())
    }

    /// Removes every value of a header; `name` in lower case.
    pub(crate) fn remove(&mut self, name: &str) {
        let Self { block, fields } = self;
        fields.retain(|field| slice(block, field.name) != name.as_bytes());
    }

    /// Gives a header one value, where its first stood or else behind all others; `name` in lower case.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let at = self.fields.iter().position(|field| self.slice(field.name) == name.as_bytes());
        self.remove(name);
        let name = self.append(name.as_bytes());
        let value = self.append(value.as_bytes());
        self.fields.insert(at.unwrap_or(self.fields.len()), Field { name, value });
    }

    fn append(&mut self, bytes: &[u8]) -> (u32, u32) {
        let start = self.block.len() as u32;
        self.block.extend_from_slice(bytes);
        (start, bytes.len() as u32)
    }

    fn slice(&self, place: (u32, u32)) -> &[u8] {
        slice(&self.block, place)
    }
}

fn slice(block: &[u8], (start, length): (u32, u32)) -> &[u8] {
    let start = start as usize;
    block.get(start..start + length as usize).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn repeated_headers_keep_their_order() {
        let headers = Headers::from_pairs([("a", "1"), ("b", "2"), ("a", "3")]);
        assert_eq!(headers.all("a").collect::<Vec<_>>(), [b"1", b"3"]);
        assert_eq!(headers.first("c"), None);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_header_that_is_set_has_one_value_where_its_first_was() {
        let mut headers = Headers::from_pairs([("a", "1"), ("b", "2"), ("a", "3")]);
        headers.set("a", "4");
        headers.set("c", "5");
        headers.remove("b");
        let seen: Vec<_> = headers.iter().collect();
        assert_eq!(seen, [(&b"a"[..], &b"4"[..]), (b"c", b"5")]);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_field_outside_the_block_is_refused() {
        let field = Field { name: (0, 1), value: (u32::MAX, 2) };
        assert_eq!(Headers::from_block(b"ab".to_vec(), vec![field]).err(), Some(OutOfBounds));
    }
}
