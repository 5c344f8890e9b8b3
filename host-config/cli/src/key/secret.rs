//! The text of an API key: `pcl_`, 32 random letters and digits (190 bits), and 6 that are their checksum, so that
//! scanners for leaked secrets find keys and nothing else: `\bpcl_[0-9A-Za-z]{38}\b`.

use sha2::{Digest, Sha256};

use crate::Failure;

/// What every key begins with.
pub(crate) const PREFIX: &str = "pcl_";
const RANDOM: usize = 32;
const CHECKSUM: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new key.
pub(crate) fn make() -> Result<String, Failure> {
    let mut key = String::from(PREFIX);
    let mut bytes = [0_u8; 64];
    while key.len() < PREFIX.len() + RANDOM {
        getrandom::fill(&mut bytes).map_err(|cause| Failure::new(format!("no randomness: {cause}")))?;
        // 248 is four times 62: beyond it some letters would be likelier than others.
        let letters = bytes.iter().filter(|byte| **byte < 248).filter_map(|byte| letter(u32::from(*byte)));
        key.extend(letters.take(PREFIX.len() + RANDOM - key.len()));
    }
    key.push_str(&checksum(&key));
    Ok(key)
}

/// What a gateway knows a key by.
pub(crate) fn digest(key: &str) -> String {
    Sha256::digest(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a text is such a key, with the checksum that belongs to it.
pub(crate) fn is_key(text: &str) -> bool {
    let Some((body, sum)) = text.split_at_checked(PREFIX.len() + RANDOM) else { return false };
    body.starts_with(PREFIX) && sum == checksum(body)
}

fn letter(number: u32) -> Option<char> {
    ALPHABET.get(number as usize % ALPHABET.len()).map(|byte| char::from(*byte))
}

/// CRC-32 (ISO 3309), in base 62.
fn checksum(text: &str) -> String {
    let mut crc = u32::MAX;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let mut rest = !crc;
    let mut letters = Vec::with_capacity(CHECKSUM);
    for _ in 0..CHECKSUM {
        letters.extend(letter(rest % 62));
        rest /= 62;
    }
    letters.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_prefix_and_checksum() {
        let (one, other) = (make().unwrap(), make().unwrap());
        assert_ne!(one, other);
        for key in [&one, &other] {
            assert!(is_key(key) && key.len() == 42, "{key}");
            assert!(key.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()), "{key}");
        }
        let flipped = if one.ends_with('0') { '1' } else { '0' };
        for wrong in
            [&one[..41], &format!("{}{flipped}", &one[..41]), &one.replacen("pcl_", "pcm_", 1), "", "pcl_"]
        {
            assert!(!is_key(wrong), "{wrong}");
        }
    }

    /// The check value of CRC-32 is 0xcbf43926 for `123456789`.
    #[test]
    fn the_checksum_is_crc_32() {
        let value = checksum("123456789").bytes().fold(0_u64, |sum, byte| {
            sum * 62 + ALPHABET.iter().position(|letter| *letter == byte).unwrap() as u64
        });
        assert_eq!(value, 0xcbf4_3926);
    }
}
