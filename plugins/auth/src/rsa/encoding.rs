//! What RSA's public operation must leave of a signature over a text.

use portcullis_core::HashFunction;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// DigestInfo up to the hash (RFC 8017, section 9.2, note 1), but for the octets that tell the hashes apart.
const fn digest_info(total: u8, identifier: u8, length: u8) -> [u8; 19] {
    [
        0x30, total, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, identifier,
        0x05, 0x00, 0x04, length,
    ]
}

const SHA256: [u8; 19] = digest_info(0x31, 0x01, 0x20);
const SHA384: [u8; 19] = digest_info(0x41, 0x02, 0x30);
const SHA512: [u8; 19] = digest_info(0x51, 0x03, 0x40);

/// EMSA-PKCS1-v1_5 (RFC 8017, section 9.2): the one message that the text has is made and compared, and nothing parsed.
pub(super) fn is_pkcs1(message: &[u8], hash: HashFunction, text: &[u8]) -> bool {
    let info = match hash {
        HashFunction::Sha256 => &SHA256,
        HashFunction::Sha384 => &SHA384,
        HashFunction::Sha512 => &SHA512,
    };
    let digest = digest(hash, &[text]);
    let Some(filled) = message.len().checked_sub(info.len() + digest.len() + 3).filter(|filled| *filled >= 8)
    else {
        return false;
    };
    let expected = [&[0, 1], vec![0xff; filled].as_slice(), &[0], info, &digest].concat();
    message == expected
}

/// EMSA-PSS-VERIFY (RFC 8017, section 9.1.2), the salt as long as the hash; `bits` is one less than the modulus has.
pub(super) fn is_pss(message: &[u8], bits: usize, hash: HashFunction, text: &[u8]) -> bool {
    let digest_of_text = digest(hash, &[text]);
    let length = digest_of_text.len();
    // A modulus of 8n + 1 bits is one octet longer than what is encoded.
    let Some((beyond, encoded)) = message.split_at_checked(message.len().saturating_sub(bits.div_ceil(8)))
    else {
        return false;
    };
    let Some((0xbc, encoded)) = encoded.split_last() else { return false };
    let Some((masked, digest_of_salted)) =
        encoded.len().checked_sub(length).and_then(|at| encoded.split_at_checked(at))
    else {
        return false;
    };
    let unused = bits.div_ceil(8) * 8 - bits;
    let first = 0xff >> unused;
    if beyond.iter().any(|octet| *octet != 0) || masked.first().is_none_or(|octet| octet & !first != 0) {
        return false;
    }
    let mut block = unmasked(masked, digest_of_salted, hash);
    if let Some(octet) = block.first_mut() {
        *octet &= first;
    }
    let Some((padding, salt)) = block.len().checked_sub(length).and_then(|at| block.split_at_checked(at))
    else {
        return false;
    };
    let Some((1, zeros)) = padding.split_last() else { return false };
    zeros.iter().all(|octet| *octet == 0)
        && digest(hash, &[&[0; 8], &digest_of_text, salt]) == digest_of_salted
}

/// MGF1 (RFC 8017, appendix B.2.1) of `seed`, over `masked`.
fn unmasked(masked: &[u8], seed: &[u8], hash: HashFunction) -> Vec<u8> {
    let mask = (0_u32..).flat_map(|count| digest(hash, &[seed, &count.to_be_bytes()]));
    masked.iter().zip(mask).map(|(octet, mask)| octet ^ mask).collect()
}

fn digest(hash: HashFunction, parts: &[&[u8]]) -> Vec<u8> {
    fn of<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
        parts.iter().fold(D::new(), |digest, part| digest.chain_update(part)).finalize().to_vec()
    }
    match hash {
        HashFunction::Sha256 => of::<Sha256>(parts),
        HashFunction::Sha384 => of::<Sha384>(parts),
        HashFunction::Sha512 => of::<Sha512>(parts),
    }
}
