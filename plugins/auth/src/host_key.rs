//! A public key in the form in which a host verifies with it, and signatures in that form: DER throughout.

use portcullis_core::{Env, HashFunction, SignatureVerdict, Signed};

/// The AlgorithmIdentifier of an RSA key (RFC 3279, section 2.3.1).
const RSA: [u8; 15] = *b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
/// The AlgorithmIdentifier of a key on P-256 (RFC 5480, section 2.1.1).
const P256: [u8; 21] =
    *b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
/// The AlgorithmIdentifier of a key on P-384.
const P384: [u8; 18] = *b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22";
/// The AlgorithmIdentifier of a key on P-521.
const P521: [u8; 18] = *b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23";

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// A key and the hash function that goes with it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HostKey {
    hash: HashFunction,
    /// DER of a SubjectPublicKeyInfo (RFC 5280, section 4.1).
    public_key: Vec<u8>,
    /// Bytes of each of ECDSA's two numbers; none for RSA.
    coordinate: Option<usize>,
}

impl HostKey {
    /// An RSA key of this modulus and exponent, both big-endian.
    pub(crate) fn rsa(hash: HashFunction, modulus: &[u8], exponent: &[u8]) -> Self {
        let key = element(SEQUENCE, &[unsigned(modulus), unsigned(exponent)].concat());
        Self { hash, public_key: public_key_info(&RSA, &key), coordinate: None }
    }

    /// A point of P-256, uncompressed (SEC 1, section 2.3.3).
    pub(crate) fn p256(hash: HashFunction, point: &[u8]) -> Self {
        Self { hash, public_key: public_key_info(&P256, point), coordinate: Some(32) }
    }

    /// A point of P-384, uncompressed.
    pub(crate) fn p384(hash: HashFunction, point: &[u8]) -> Self {
        Self { hash, public_key: public_key_info(&P384, point), coordinate: Some(48) }
    }

    /// A point of P-521, uncompressed.
    pub(crate) fn p521(hash: HashFunction, point: &[u8]) -> Self {
        Self { hash, public_key: public_key_info(&P521, point), coordinate: Some(66) }
    }

    /// What the host says of the signature of `text`, in the form that a JWS has it in.
    pub(crate) fn verify(&self, text: &[u8], signature: &[u8], env: &dyn Env) -> SignatureVerdict {
        let der;
        let signature = match self.coordinate {
            None => signature,
            Some(length) => match ecdsa_signature(signature, length) {
                Some(signature) => {
                    der = signature;
                    &der
                }
                None => return SignatureVerdict::Invalid,
            },
        };
        env.verify_signature(&Signed { hash: self.hash, public_key: &self.public_key, signature, text })
    }
}

/// DER of a JWS's ECDSA signature (RFC 7518, section 3.4), which is two numbers of `length` bytes.
fn ecdsa_signature(signature: &[u8], length: usize) -> Option<Vec<u8>> {
    if signature.len() != 2 * length {
        return None;
    }
    let (r, s) = signature.split_at_checked(length)?;
    Some(element(SEQUENCE, &[unsigned(r), unsigned(s)].concat()))
}

fn public_key_info(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    // The first octet says how many bits of the last are not used.
    let bits = element(BIT_STRING, &[&[0], key].concat());
    element(SEQUENCE, &[algorithm, &bits].concat())
}

/// A number without sign, in as few octets as DER allows: a leading zero only where there would be a sign bit.
fn unsigned(number: &[u8]) -> Vec<u8> {
    let start = number.iter().position(|octet| *octet != 0).unwrap_or(number.len());
    let digits = number.get(start..).unwrap_or_default();
    let signed = digits.first().is_none_or(|octet| octet & 0x80 != 0);
    let zero: &[u8] = if signed { &[0] } else { &[] };
    element(INTEGER, &[zero, digits].concat())
}

/// Identifier, length and content (X.690, section 8.1); lengths up to 64 KiB, which no key here comes near.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    let mut element = Vec::with_capacity(content.len() + 4);
    element.push(tag);
    match (high, low) {
        (0, 0..=0x7f) => element.push(low),
        (0, _) => element.extend_from_slice(&[0x81, low]),
        _ => element.extend_from_slice(&[0x82, high, low]),
    }
    element.extend_from_slice(content);
    element
}

#[cfg(test)]
mod tests {
    use jwt_simple::prelude::*;

    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn keys_are_written_as_others_write_them() {
        let rsa = RS256KeyPair::from_pem(include_str!("tests/rsa-2048.pem")).unwrap().public_key();
        let RSAPublicKeyComponents { n, e } = RSAPublicKeyLike::public_key(&rsa).to_components();
        assert_eq!(HostKey::rsa(HashFunction::Sha256, &n, &e).public_key, rsa.to_der().unwrap());
        for scalar in 1..20 {
            let p256 = ES256KeyPair::from_bytes(&[scalar; 32]).unwrap().public_key();
            let point = p256.public_key().to_bytes_uncompressed();
            assert_eq!(HostKey::p256(HashFunction::Sha256, &point).public_key, p256.to_der().unwrap());
            let p384 = ES384KeyPair::from_bytes(&[scalar; 48]).unwrap().public_key();
            let point = p384.public_key().to_bytes_uncompressed();
            assert_eq!(HostKey::p384(HashFunction::Sha384, &point).public_key, p384.to_der().unwrap());
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn numbers_are_as_short_as_der_wants_them() {
        let cases: [(&str, &[u8], &[u8]); 7] = [
            ("plain", &[1, 2], b"\x02\x02\x01\x02"),
            ("with a high bit", &[0x80, 2], b"\x02\x03\x00\x80\x02"),
            ("with leading zeros", &[0, 0, 1], b"\x02\x01\x01"),
            ("a leading zero before a high bit", &[0, 0xff], b"\x02\x02\x00\xff"),
            ("zero", &[0, 0], b"\x02\x01\x00"),
            ("nothing", &[], b"\x02\x01\x00"),
            ("a trailing zero", &[1, 0], b"\x02\x02\x01\x00"),
        ];
        for (name, number, expected) in cases {
            assert_eq!(unsigned(number), expected, "{name}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_signature_of_another_length_is_none() {
        for length in [0, 63, 65, 96] {
            assert_eq!(ecdsa_signature(&vec![1; length], 32), None, "{length}");
        }
        let expected = [&b"\x30\x44\x02\x20"[..], &[1; 32], b"\x02\x20", &[1; 32]].concat();
        assert_eq!(ecdsa_signature(&[1; 64], 32), Some(expected));
    }
}
