//! A private key in PEM (RFC 7468) with a PrivateKeyInfo in it (RFC 5208), as an environment has it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::asn1::{ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode, Reader, SliceReader};
use portcullis_config::auth::BackendAlgorithmConfig;
use x509_cert::spki::AlgorithmIdentifierRef;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// Longest text that is read, in bytes: an RSA key of 4096 bits has a tenth of that.
const MAX_PEM: usize = 32 * 1024;

/// What is needed of the key to sign: for RSA all of it, for P-256 its number. `None` for another kind of key.
pub(super) fn read(algorithm: BackendAlgorithmConfig, text: &str) -> Option<Vec<u8>> {
    let text = (text.len() <= MAX_PEM).then_some(text)?;
    let block = text.split_once(BEGIN)?.1.split_once(END)?.0;
    // Some put the lines of a variable into one.
    let body: String = block.replace("\\n", "\n").split_ascii_whitespace().collect();
    let der = STANDARD.decode(body).ok()?;
    match algorithm {
        BackendAlgorithmConfig::Rs256 => {
            let (kind, _) = info(&der).ok()?;
            (kind.oid == RSA).then_some(der)
        }
        BackendAlgorithmConfig::Es256 => {
            let (kind, key) = info(&der).ok()?;
            let curve = kind.parameters?.decode_as::<ObjectIdentifier>().ok()?;
            (kind.oid == EC && curve == P256).then(|| number(key).ok())?
        }
    }
}

/// The kind of key, and the key.
fn info(der: &[u8]) -> Result<(AlgorithmIdentifierRef<'_>, &[u8]), der::Error> {
    let mut outer = SliceReader::new(der)?;
    let found = outer.sequence(|inner| {
        UintRef::decode(inner)?;
        let kind = AlgorithmIdentifierRef::decode(inner)?;
        let key = <&OctetStringRef>::decode(inner)?.as_bytes();
        // Attributes, and perhaps the public key.
        inner.read_slice(inner.remaining_len())?;
        Ok::<_, der::Error>((kind, key))
    })?;
    outer.finish()?;
    Ok(found)
}

/// The number of an ECPrivateKey (RFC 5915, section 3).
fn number(key: &[u8]) -> Result<Vec<u8>, der::Error> {
    let mut outer = SliceReader::new(key)?;
    let number = outer.sequence(|inner| {
        UintRef::decode(inner)?;
        let number = <&OctetStringRef>::decode(inner)?.as_bytes().to_vec();
        inner.read_slice(inner.remaining_len())?;
        Ok::<_, der::Error>(number)
    })?;
    outer.finish()?;
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: &str = "-----BEGIN PRIVATE KEY-----
MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCAHBwcHBwcHBwcHBwcH
BwcHBwcHBwcHBwcHBwcHBwcHBw==
-----END PRIVATE KEY-----
";
    const RSA_KEY: &str = include_str!("../tests/rsa-2048.pem");

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn keys_of_the_algorithm_are_read_and_no_others() {
        let one_line = SHORT.replace('\n', "\\n");
        let (es, rs) = (BackendAlgorithmConfig::Es256, BackendAlgorithmConfig::Rs256);
        assert_eq!(read(es, SHORT), Some(vec![7; 32]));
        assert_eq!(read(es, &one_line), Some(vec![7; 32]));
        assert!(read(rs, RSA_KEY).is_some_and(|der| der.len() > 1000));
        let long = format!("{}{SHORT}", " ".repeat(MAX_PEM));
        let other_kind = SHORT.replace("PRIVATE KEY", "EC PRIVATE KEY");
        let cut = SHORT.replace("BwcHBwcHBwcHBwcHBwcHBwcHBw==", "BwcH");
        for (algorithm, text) in
            [(es, RSA_KEY), (rs, SHORT), (es, ""), (es, "x"), (es, &long), (es, &other_kind), (es, &cut)]
        {
            assert_eq!(read(algorithm, text), None, "{text}");
        }
    }
}
