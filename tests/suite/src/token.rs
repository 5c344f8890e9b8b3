//! Tokens of the test issuer, good and bad. The keys are fixed: they guard nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature as EcdsaSignature, SigningKey};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The `iss` of the test issuer.
const ISSUER: &str = "https://issuer.example";
/// The `kid` of its key.
const KEY_ID: &str = "es";
/// A P-256 private scalar, and one of somebody else.
const OURS: [u8; 32] = [7; 32];
const THEIRS: [u8; 32] = [9; 32];
/// 2026-01-01T00:00:00Z: when every case begins.
const START: i64 = 1_767_225_600;

/// A token to send: the defaults make a good one, valid for an hour from the beginning of the case.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bearer {
    /// Claims over the defaults `iss`, `sub: alice`, `iat`, `exp`; null leaves one out. `exp`, `nbf` and `iat` count from the beginning of the case.
    #[serde(default)]
    pub claims: Map<String, Value>,
    /// Header members over the defaults `alg: ES256`, `typ: JWT`, `kid: es`; null leaves one out.
    #[serde(default)]
    pub header: Map<String, Value>,
    /// What is wrong with the signature.
    #[serde(default)]
    pub signature: Signature,
}

/// How the token is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// By the issuer's key.
    #[default]
    Good,
    /// By another key.
    OtherKey,
    /// Not at all: the third part is empty.
    Empty,
    /// By the issuer's key, over other claims.
    OtherClaims,
    /// By the issuer's key, and then by whoever has the token: the second of the two signatures that ECDSA takes.
    Twin,
}

/// The test issuer's JWK Set.
pub fn jwks() -> String {
    key_set(&[KEY_ID.to_owned()]).to_string()
}

/// A JWK Set with the keys of these names: `es` is the issuer's, and any other signs as `other-key`.
pub(crate) fn key_set(ids: &[String]) -> Value {
    json!({ "keys": ids.iter().map(|id| jwk(id)).collect::<Vec<_>>() })
}

fn jwk(id: &str) -> Value {
    let scalar = if id == KEY_ID { &OURS } else { &THEIRS };
    let point = key(scalar).verifying_key().to_sec1_point(false);
    let coordinate = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point.as_bytes()[range]);
    json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": id,
        "x": coordinate(1..33), "y": coordinate(33..65) })
}

impl Bearer {
    /// The compact form.
    pub fn token(&self) -> String {
        let header = overlaid(json!({ "alg": "ES256", "typ": "JWT", "kid": KEY_ID }), &self.header);
        let mut claims =
            overlaid(json!({ "iss": ISSUER, "sub": "alice", "iat": 0, "exp": 3600 }), &self.claims);
        for name in ["iat", "nbf", "exp"] {
            if let Some(seconds) = claims.get(name).and_then(Value::as_i64) {
                claims[name] = json!(START + seconds);
            }
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let (header, claims) = (part(&header), part(&claims));
        let signed = match self.signature {
            Signature::OtherClaims => format!("{header}.e30"),
            _ => format!("{header}.{claims}"),
        };
        let signature = match self.signature {
            Signature::Empty => Vec::new(),
            Signature::OtherKey => sign(&THEIRS, &signed),
            Signature::Good | Signature::OtherClaims => sign(&OURS, &signed),
            Signature::Twin => twin(&sign(&OURS, &signed)),
        };
        format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The claims of a token that the gateway has signed with the key of this name, without `jti`, times counted from the
/// beginning of the case.
pub(crate) fn read_signed(text: &str, id: &str) -> Result<Map<String, Value>, String> {
    let (signed, signature) = text.rsplit_once('.').ok_or("it is no token")?;
    let (header, claims) = signed.split_once('.').ok_or("it has no two parts to sign")?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|cause| cause.to_string());
    let object = |part: &str| {
        serde_json::from_slice::<Map<String, Value>>(&decode(part)?).map_err(|cause| cause.to_string())
    };
    let header = object(header)?;
    if Value::Object(header.clone()) != json!({ "alg": "ES256", "kid": id, "typ": "JWT" }) {
        return Err(format!("its header is {header:?}"));
    }
    let scalar = if id == KEY_ID { &OURS } else { &THEIRS };
    let signature = EcdsaSignature::from_slice(&decode(signature)?).map_err(|cause| cause.to_string())?;
    let verified = key(scalar).verifying_key().verify(signed.as_bytes(), &signature);
    verified.map_err(|_| "its signature is not this key's")?;
    let mut claims = object(claims)?;
    for name in ["iat", "exp"] {
        if let Some(time) = claims.get(name).and_then(Value::as_i64) {
            claims.insert(name.to_owned(), json!(time - START));
        }
    }
    let id = claims.remove("jti");
    if id.as_ref().and_then(Value::as_str).is_none_or(|id| id.len() != 32) {
        return Err(format!("its jti is {id:?}"));
    }
    Ok(claims)
}

fn overlaid(mut base: Value, over: &Map<String, Value>) -> Value {
    for (name, value) in over {
        match value {
            Value::Null => drop(base.as_object_mut().and_then(|object| object.remove(name))),
            _ => base[name] = value.clone(),
        }
    }
    base
}

fn sign(scalar: &[u8; 32], text: &str) -> Vec<u8> {
    let signature: EcdsaSignature = key(scalar).sign(text.as_bytes());
    signature.to_bytes().to_vec()
}

/// The same r, and the negative of s.
fn twin(signature: &[u8]) -> Vec<u8> {
    let signature = EcdsaSignature::from_slice(signature).expect("a signature");
    let (r, s) = signature.split_scalars();
    EcdsaSignature::from_scalars(*r, -*s).expect("a signature").to_bytes().to_vec()
}

fn key(scalar: &[u8; 32]) -> SigningKey {
    SigningKey::from_slice(scalar).expect("a scalar in range")
}
