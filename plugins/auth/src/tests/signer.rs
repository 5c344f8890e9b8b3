//! Issuers' keys, fixed so that tests are repeatable, and tokens signed with them. They protect nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_compact::{KeyPair, Seed};
use hmac::{Hmac, KeyInit, Mac};
use jwt_simple::prelude::{
    Claims, Duration, ECDSAP256KeyPairLike, ECDSAP384KeyPairLike, ES256KeyPair, ES384KeyPair,
    Ed25519PublicKey, HS256Key, HS384Key, HS512Key, MACLike, PS256KeyPair, PS384KeyPair, PS512KeyPair,
    RS256KeyPair, RS512KeyPair, RSAKeyPairLike, UnixTimeStamp,
};
use jwt_simple::reexports::serde_json::{self, Map, Value, json};
use p521::ecdsa::signature::Signer;
use sha2::Sha256;

const RSA: &str = include_str!("rsa-2048.pem");

/// As long as the longest hash.
const SECRET: [u8; 64] = [0x5e; 64];

/// The `exp` of tokens that are good at the start of a test's clock, 2026-01-01.
pub(crate) const EXP: u64 = 1_767_226_200;

/// The claims of a good token.
pub(crate) fn good() -> Value {
    json!({"iss": "https://issuer.test", "aud": "shop", "sub": "ada", "exp": EXP, "scope": "read write"})
}

/// [`good`] with one claim set, or taken away by `null`.
pub(crate) fn good_but(name: &str, value: Value) -> Value {
    let mut claims = good();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

/// A token signed with Ed25519 under a header that may say anything.
pub(crate) fn sign_as(header: &Value, claims: &str) -> String {
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims));
    let signature = ed25519().sk.sign(&signed, None);
    format!("{signed}.{}", encode(signature))
}

/// A good header over these claims.
pub(crate) fn sign(claims: &Value) -> String {
    sign_as(&json!({"alg": "EdDSA", "kid": "ed"}), &claims.to_string())
}

/// One good token of each algorithm, by its name.
pub(crate) fn one_of_each() -> Vec<(&'static str, String)> {
    let claims = || {
        let mut claims = Claims::with_custom_claims(
            json!({"scope": "read"}).as_object().unwrap().clone(),
            Duration::from_secs(1),
        )
        .with_issuer("https://issuer.test")
        .with_audience("shop")
        .with_subject("ada");
        claims.issued_at = None;
        claims.invalid_before = None;
        claims.expires_at = Some(UnixTimeStamp::from_secs(EXP));
        claims
    };
    let shared = || claims().with_issuer("https://shared.test");
    vec![
        (
            "RS256",
            RS256KeyPair::from_pem(RSA).unwrap().with_key_id("rsa").sign::<Map<_, _>>(claims()).unwrap(),
        ),
        ("RS512", RS512KeyPair::from_pem(RSA).unwrap().with_key_id("rsa").sign(claims()).unwrap()),
        ("PS384", PS384KeyPair::from_pem(RSA).unwrap().with_key_id("rsa").sign(claims()).unwrap()),
        ("PS512", PS512KeyPair::from_pem(RSA).unwrap().with_key_id("rsa").sign(claims()).unwrap()),
        ("PS256", PS256KeyPair::from_pem(RSA).unwrap().with_key_id("rsa").sign(claims()).unwrap()),
        ("ES256", es256().with_key_id("p256").sign(claims()).unwrap()),
        ("ES384", es384().with_key_id("p384").sign(claims()).unwrap()),
        ("ES512", sign_es512(&good())),
        ("EdDSA", sign(&good())),
        ("HS256", HS256Key::from_bytes(&SECRET).with_key_id("hmac").authenticate(shared()).unwrap()),
        ("HS384", HS384Key::from_bytes(&SECRET).with_key_id("hmac").authenticate(shared()).unwrap()),
        ("HS512", HS512Key::from_bytes(&SECRET).with_key_id("hmac").authenticate(shared()).unwrap()),
    ]
}

/// What is shared with the issuer `https://shared.test`, as the configuration has it.
pub(crate) fn secret() -> String {
    encode(SECRET)
}

/// A token of that issuer, signed with HS256 under a header that may say anything.
pub(crate) fn authenticate_as(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let mac = Hmac::<Sha256>::new_from_slice(secret).unwrap().chain_update(&signed).finalize();
    format!("{signed}.{}", encode(mac.into_bytes()))
}

fn sign_es512(claims: &Value) -> String {
    let header = json!({"alg": "ES512", "kid": "p521"});
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let signature: p521::ecdsa::Signature = es512().sign(signed.as_bytes());
    format!("{signed}.{}", encode(signature.to_bytes()))
}

/// The public keys of all of them, as a JWK Set's `keys`; the RSA key names no `alg`.
pub(crate) fn jwks() -> Vec<Value> {
    let rsa = RS256KeyPair::from_pem(RSA).unwrap().public_key().to_jwk();
    let es256 = es256().public_key().to_jwk();
    let es384 = es384().public_key().to_jwk();
    let ed25519 = Ed25519PublicKey::from_bytes(&*ed25519().pk).unwrap().to_jwk();
    let point = es512().verifying_key().to_sec1_point(false);
    let coordinate = |range: std::ops::Range<usize>| encode(&point.as_bytes()[range]);
    let es512 =
        json!({"kty": "EC", "crv": "P-521", "x": coordinate(1..67), "y": coordinate(67..133)}).to_string();
    let keys = [(rsa, "rsa"), (es256, "p256"), (es384, "p384"), (es512, "p521"), (ed25519, "ed")];
    keys.map(|(key, id)| {
        let mut key: Value = serde_json::from_str(&key).unwrap();
        key["kid"] = id.into();
        if id == "rsa" {
            key.as_object_mut().unwrap().remove("alg");
        }
        key
    })
    .to_vec()
}

fn ed25519() -> KeyPair {
    KeyPair::from_seed(Seed::new([7; 32]))
}

fn es256() -> ES256KeyPair {
    ES256KeyPair::from_bytes(&[7; 32]).unwrap()
}

fn es384() -> ES384KeyPair {
    ES384KeyPair::from_bytes(&[7; 48]).unwrap()
}

fn es512() -> p521::ecdsa::SigningKey {
    let mut scalar = [7; 66];
    scalar[0] = 0;
    p521::ecdsa::SigningKey::from_slice(&scalar).unwrap()
}

fn encode(part: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(part)
}
