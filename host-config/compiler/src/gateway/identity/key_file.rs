//! Files with public keys: JWK Sets, JWKs (RFC 7517), and PEM with public keys or certificates (RFC 7468). All become
//! JWKs. A certificate stands for its key: nobody asks who signed it, or whether it has expired.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use der::asn1::UintRef;
use der::{Decode, Reader, SliceReader};
use serde_json::{Value, json};
use x509_cert::Certificate;
use x509_cert::spki::{ObjectIdentifier, SubjectPublicKeyInfoOwned};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// The keys of a file. `kid` names the only one.
pub(in crate::gateway) fn read(bytes: &[u8], kid: Option<&str>) -> Result<Vec<Value>, String> {
    let mut keys = if bytes.trim_ascii_start().starts_with(b"{") { json(bytes)? } else { pem(bytes)? };
    match (kid, keys.as_mut_slice()) {
        (None, _) => {}
        (Some(kid), [Value::Object(key)]) if !key.contains_key("kid") => {
            key.insert("kid".to_owned(), kid.into());
        }
        (Some(_), _) => return Err("holds several keys, or one with a name of its own".to_owned()),
    }
    Ok(keys)
}

/// Refuses what is not public.
pub(super) fn check(keys: Vec<Value>) -> Result<Vec<Value>, String> {
    if keys.iter().any(|key| key.get("d").is_some() || key.get("k").is_some()) {
        return Err("holds a private or secret key; a gateway needs public keys only".to_owned());
    }
    Ok(keys)
}

fn json(bytes: &[u8]) -> Result<Vec<Value>, String> {
    let mut value: Value = serde_json::from_slice(bytes).map_err(|cause| format!("is not JSON: {cause}"))?;
    let keys = match value.get_mut("keys").map(Value::take) {
        Some(Value::Array(keys)) => keys,
        None if value.get("kty").is_some() => vec![value],
        _ => return Err("is no JWK and no JWK Set: it has neither 'kty' nor 'keys'".to_owned()),
    };
    check(keys)
}

fn pem(bytes: &[u8]) -> Result<Vec<Value>, String> {
    let neither = || "is neither JSON nor PEM".to_owned();
    let mut rest = std::str::from_utf8(bytes).map_err(|_| neither())?;
    let mut keys = Vec::new();
    while let Some((_, block)) = rest.split_once("-----BEGIN ") {
        let (label, block) = block.split_once("-----").ok_or_else(neither)?;
        let (body, after) = block.split_once(&format!("-----END {label}-----")).ok_or_else(neither)?;
        rest = after;
        if label.contains("PRIVATE") {
            return Err("holds a private key; a gateway needs public keys only".to_owned());
        }
        let body: String = body.split_ascii_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|_| format!("holds a broken '{label}'"))?;
        keys.push(match label {
            "PUBLIC KEY" => {
                jwk(&SubjectPublicKeyInfoOwned::from_der(&der).map_err(|cause| unread(label, cause))?)?
            }
            "CERTIFICATE" => {
                let certificate = Certificate::from_der(&der).map_err(|cause| unread(label, cause))?;
                jwk(certificate.tbs_certificate().subject_public_key_info())?
            }
            _ => return Err(format!("holds a '{label}', which is no public key and no certificate")),
        });
    }
    if keys.is_empty() { Err(neither()) } else { Ok(keys) }
}

/// The key as a JWK (RFC 7518, section 6; RFC 8037, section 2).
fn jwk(key: &SubjectPublicKeyInfoOwned) -> Result<Value, String> {
    let bits = key.subject_public_key.raw_bytes();
    match key.algorithm.oid {
        ED25519 => Ok(json!({"kty": "OKP", "crv": "Ed25519", "x": encode(bits)})),
        RSA => {
            let (n, e) = rsa(bits).map_err(|cause| unread("PUBLIC KEY", cause))?;
            Ok(json!({"kty": "RSA", "n": n, "e": e}))
        }
        EC => {
            let curve = key.algorithm.parameters.as_ref().and_then(|curve| curve.decode_as().ok());
            let (name, length) = match curve {
                Some(P256) => ("P-256", 32),
                Some(P384) => ("P-384", 48),
                Some(P521) => ("P-521", 66),
                _ => return Err("holds a key on a curve that no algorithm uses".to_owned()),
            };
            match bits.split_first().map(|(form, rest)| (form, rest.split_at_checked(length))) {
                Some((4, Some((x, y)))) if y.len() == length => {
                    Ok(json!({"kty": "EC", "crv": name, "x": encode(x), "y": encode(y)}))
                }
                _ => Err("holds a point that is not written in full".to_owned()),
            }
        }
        other => Err(format!("holds a key of the type {other}, which no algorithm uses")),
    }
}

/// Modulus and exponent (RFC 8017, appendix A.1.1).
fn rsa(der: &[u8]) -> Result<(String, String), der::Error> {
    let mut reader = SliceReader::new(der)?;
    let key = reader.sequence(|inner| {
        let (n, e) = (UintRef::decode(inner)?, UintRef::decode(inner)?);
        Ok::<_, der::Error>((encode(n.as_bytes()), encode(e.as_bytes())))
    })?;
    reader.finish()?;
    Ok(key)
}

fn unread(label: &str, cause: impl std::fmt::Display) -> String {
    format!("holds a '{label}' that cannot be read: {cause}")
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests;
