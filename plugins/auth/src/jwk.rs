//! The numbers of a JWK (RFC 7518, section 6): public ones, of the lengths that their types have.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::rsa::{InvalidRsaKey, RsaKey};

/// Why a JWK is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidJwk {
    #[error("its '{0}' is missing or not base64url without padding")]
    Number(&'static str),
    #[error("its '{0}' has another length than its curve's numbers")]
    Length(&'static str),
    #[error("it is no point of its curve")]
    Point,
    #[error(transparent)]
    Rsa(#[from] InvalidRsaKey),
}

/// RSA's modulus and exponent.
pub(crate) fn rsa(jwk: &Value) -> Result<RsaKey, InvalidJwk> {
    Ok(RsaKey::new(&number(jwk, "n")?, &number(jwk, "e")?)?)
}

/// A point with coordinates of `length` bytes, uncompressed (SEC 1, section 2.3.3). Not checked to be on a curve.
pub(crate) fn point(jwk: &Value, length: usize) -> Result<Vec<u8>, InvalidJwk> {
    let coordinate = |name| {
        let number = number(jwk, name)?;
        if number.len() == length { Ok(number) } else { Err(InvalidJwk::Length(name)) }
    };
    Ok([vec![4], coordinate("x")?, coordinate("y")?].concat())
}

/// The bytes of a member.
pub(crate) fn number(jwk: &Value, name: &'static str) -> Result<Vec<u8>, InvalidJwk> {
    let text = jwk.get(name).and_then(Value::as_str).ok_or(InvalidJwk::Number(name))?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidJwk::Number(name))
}
