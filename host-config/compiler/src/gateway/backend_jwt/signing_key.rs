//! A private key in PEM (RFC 7468) with PKCS #8 (RFC 5208) in it: RSA, or on the curve P-256. What is written of it for
//! the plugin is as little as it can sign with.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use der::asn1::{OctetStringRef, UintRef};
use der::{Decode, Reader, SliceReader};
use p256::SecretKey;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::pkcs8::DecodePrivateKey;
use portcullis_config::auth::BackendAlgorithmConfig;
use serde_json::{Value, json};
use x509_cert::spki::{AlgorithmIdentifierRef, ObjectIdentifier};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// Octets of an RSA modulus: 2048 to 4096 bits.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=512;

pub(crate) enum SigningKey {
    P256(SecretKey),
    Rsa { der: Vec<u8>, modulus: Vec<u8>, exponent: Vec<u8> },
}

impl SigningKey {
    /// Whether this is meant for a private key of any kind.
    pub(super) fn is_private(pem: &[u8]) -> bool {
        String::from_utf8_lossy(pem).contains("PRIVATE KEY-----")
    }

    pub(crate) fn read(pem: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(pem);
        let block = text.split_once(BEGIN).and_then(|(_, rest)| Some(rest.split_once(END)?.0));
        let Some(block) = block else {
            return Err("holds no '-----BEGIN PRIVATE KEY-----': `openssl pkcs8 -topk8 -nocrypt` \
                        makes one of other private keys"
                .to_owned());
        };
        let body: String = block.split_ascii_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|_| "holds a broken private key".to_owned())?;
        if let Ok(key) = SecretKey::from_pkcs8_der(&der) {
            return Ok(Self::P256(key));
        }
        let neither = || "holds a private key that is neither RSA nor on P-256".to_owned();
        let (modulus, exponent) = rsa(&der).ok().flatten().ok_or_else(neither)?;
        if !MODULUS.contains(&modulus.len()) {
            return Err("holds an RSA key that has not 2048 to 4096 bits".to_owned());
        }
        Ok(Self::Rsa { der, modulus, exponent })
    }

    /// As a JWK (RFC 7518, section 6).
    pub(crate) fn public(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::P256(key) => {
                let point = key.public_key().to_sec1_point(false);
                let (x, y) =
                    point.as_bytes().get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default();
                json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) })
            }
            Self::Rsa { modulus, exponent, .. } => {
                json!({ "kty": "RSA", "n": encode(modulus), "e": encode(exponent) })
            }
        }
    }

    /// What the plugin signs with: see [`portcullis_config::auth::BackendJwtConfig::key`].
    pub(super) fn private(&self, algorithm: BackendAlgorithmConfig) -> Result<Vec<u8>, String> {
        match (algorithm, self) {
            (BackendAlgorithmConfig::Es256, Self::P256(key)) => Ok(key.to_bytes().to_vec()),
            (BackendAlgorithmConfig::Rs256, Self::Rsa { der, .. }) => Ok(der.clone()),
            (BackendAlgorithmConfig::Es256, _) => {
                Err("the first key signs, and this one is no key on P-256 for ES256".to_owned())
            }
            (BackendAlgorithmConfig::Rs256, _) => {
                Err("the first key signs, and this one is no RSA key for RS256".to_owned())
            }
        }
    }
}

/// Modulus and exponent.
type Numbers = (Vec<u8>, Vec<u8>);

/// `None` for another kind of key (RFC 5208, section 5; RFC 8017, appendix A.1.2).
fn rsa(der: &[u8]) -> Result<Option<Numbers>, der::Error> {
    let mut outer = SliceReader::new(der)?;
    let (algorithm, key) = outer.sequence(|inner| {
        UintRef::decode(inner)?;
        let algorithm = AlgorithmIdentifierRef::decode(inner)?.oid;
        Ok::<_, der::Error>((algorithm, <&OctetStringRef>::decode(inner)?))
    })?;
    outer.finish()?;
    if algorithm != RSA {
        return Ok(None);
    }
    let mut reader = SliceReader::new(key.as_bytes())?;
    let numbers = reader.sequence(|inner| {
        UintRef::decode(inner)?;
        let (modulus, exponent) = (UintRef::decode(inner)?, UintRef::decode(inner)?);
        // The private exponent, two primes and three numbers made of them.
        for _ in 0..6 {
            UintRef::decode(inner)?;
        }
        Ok::<_, der::Error>((modulus.as_bytes().to_vec(), exponent.as_bytes().to_vec()))
    })?;
    reader.finish()?;
    Ok(Some(numbers))
}
