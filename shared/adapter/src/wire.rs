//! The wire format of header maps: a count, the lengths of each name and value, then each name and value with
//! a NUL behind it; numbers are 32-bit little-endian.

use std::borrow::Cow;

use portcullis_core::{Field, Headers};

/// Reads a map without copying its texts; `None` when the block is not such a map.
pub fn read_headers(block: Vec<u8>) -> Option<Headers> {
    if block.is_empty() {
        return Some(Headers::default());
    }
    let count = number(&block, 0)? as usize;
    let mut text = count.checked_mul(8)?.checked_add(4)?;
    if text > block.len() {
        return None;
    }
    let mut fields = Vec::with_capacity(count);
    for at in 0..count {
        let lengths = 4 + at * 8;
        let (name, value) = (number(&block, lengths)?, number(&block, lengths + 4)?);
        let name_start = text;
        let value_start = name_start.checked_add(name as usize)?.checked_add(1)?;
        text = value_start.checked_add(value as usize)?.checked_add(1)?;
        fields.push(Field {
            name: (u32::try_from(name_start).ok()?, name),
            value: (u32::try_from(value_start).ok()?, value),
        });
    }
    Headers::from_block(block, fields).ok()
}

/// Writes a map.
pub fn write_headers(headers: &[(Cow<'_, str>, Cow<'_, str>)]) -> Vec<u8> {
    let mut block = Vec::with_capacity(256);
    block.extend_from_slice(&(headers.len() as u32).to_le_bytes());
    for (name, value) in headers {
        block.extend_from_slice(&(name.len() as u32).to_le_bytes());
        block.extend_from_slice(&(value.len() as u32).to_le_bytes());
    }
    for (name, value) in headers {
        for text in [name, value] {
            block.extend_from_slice(text.as_bytes());
            block.push(0);
        }
    }
    block
}

fn number(block: &[u8], at: usize) -> Option<u32> {
    let bytes = block.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_survives_the_wire() {
        let block =
            write_headers(&[("a".into(), "1".into()), ("".into(), "".into()), ("b".into(), "x".into())]);
        let headers = read_headers(block).unwrap();
        let seen: Vec<_> = headers.iter().collect();
        assert_eq!(seen, [(&b"a"[..], &b"1"[..]), (b"", b""), (b"b", b"x")]);
    }

    #[test]
    fn a_broken_map_is_refused() {
        let whole = write_headers(&[("name".into(), "value".into())]);
        for length in 1..whole.len() - 1 {
            assert!(read_headers(whole[..length].to_vec()).is_none(), "{length}");
        }
        assert!(read_headers(vec![0xff; 12]).is_none());
        assert!(read_headers(Vec::new()).is_some());
    }
}
