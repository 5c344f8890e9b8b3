//! Tokens of the one issuer, signed in several ways and good until the year 2100. The keys are public and guard nothing.

use std::path::Path;

use jwt_simple::prelude::{
    Claims, Duration, ECDSAP256KeyPairLike, ES256KeyPair, Ed25519KeyPair, EdDSAKeyPairLike, PS256KeyPair,
    RS256KeyPair, RSAKeyPairLike, UnixTimeStamp,
};
use serde_json::{Map, Value, json};

use crate::failure::{Result, writing};

/// `iss` of all tokens.
pub(crate) const ISSUER: &str = "https://login.example/";
/// `aud` of all tokens.
pub(crate) const AUDIENCE: &str = "bench";
/// 2026-01-01 and 2100-01-01, both at 00:00 UTC.
const ISSUED: u64 = 1_767_225_600;
const EXPIRES: u64 = 4_102_444_800;
const KEY_ID: &str = "bench-2026";
const ES256_KEY_ID: &str = "bench-es256-2026";
const PS256_KEY_ID: &str = "bench-ps256-2026";
const EDDSA_KEY_ID: &str = "bench-eddsa-2026";
const RSA: &str = include_str!("rsa-2048.pem");
/// What the issuer signs with.
pub(crate) const ALGORITHMS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];

/// Signs tokens.
pub(crate) enum Signer {
    Rs256(RS256KeyPair),
    Ps256(PS256KeyPair),
    Es256(ES256KeyPair),
    EdDsa(Ed25519KeyPair),
}

impl Signer {
    /// With the key in this folder.
    pub(crate) fn new() -> Self {
        let key = RS256KeyPair::from_pem(RSA).expect("the file holds a key");
        Self::Rs256(key.with_key_id(KEY_ID))
    }

    /// With the same key, of which a second JWK says that it is for PS256.
    pub(crate) fn ps256() -> Self {
        Self::Ps256(PS256KeyPair::from_pem(RSA).expect("the file holds a key").with_key_id(PS256_KEY_ID))
    }

    /// With the issuer's key on edwards25519.
    pub(crate) fn eddsa() -> Self {
        let key = Ed25519KeyPair::from_pem(include_str!("ed25519.pem")).expect("the file holds a key");
        Self::EdDsa(key.with_key_id(EDDSA_KEY_ID))
    }

    /// With the issuer's key on P-256.
    pub(crate) fn es256() -> Self {
        let key = ES256KeyPair::from_bytes(&[7; 32]).expect("every such number is a key");
        Self::Es256(key.with_key_id(ES256_KEY_ID))
    }

    /// A JWK Set of its key.
    pub(crate) fn jwks(&self) -> String {
        json!({ "keys": [self.jwk()] }).to_string()
    }

    /// The issuer's JWK Set.
    pub(crate) fn all_jwks() -> String {
        let all = [Self::new(), Self::ps256(), Self::es256(), Self::eddsa()];
        json!({ "keys": all.each_ref().map(Self::jwk) }).to_string()
    }

    fn jwk(&self) -> Value {
        let (key, id) = match self {
            Self::Rs256(key) => (key.public_key().to_jwk(), KEY_ID),
            Self::Ps256(key) => (key.public_key().to_jwk(), PS256_KEY_ID),
            Self::Es256(key) => (key.public_key().to_jwk(), ES256_KEY_ID),
            Self::EdDsa(key) => (key.public_key().to_jwk(), EDDSA_KEY_ID),
        };
        let mut key: Value = serde_json::from_str(&key).expect("a key is JSON");
        key["kid"] = json!(id);
        key
    }

    /// A token of about 800 bytes. Two of different numbers differ in their claims and so in their signature.
    pub(crate) fn token(&self, number: usize) -> String {
        self.with_scope(number, "orders:read orders:write")
    }

    /// A token that may read and no more.
    pub(crate) fn reader(&self) -> String {
        self.with_scope(0, "orders:read")
    }

    fn with_scope(&self, number: usize, scope: &str) -> String {
        let mut claims = Claims::with_custom_claims(custom(number, scope), Duration::from_secs(1))
            .with_issuer(ISSUER)
            .with_audience(AUDIENCE)
            .with_subject("5d0c3c1e-8f5b-4f0a-9a55-2b1d7c1f8a10");
        claims.issued_at = Some(UnixTimeStamp::from_secs(ISSUED));
        claims.invalid_before = None;
        claims.expires_at = Some(UnixTimeStamp::from_secs(EXPIRES));
        let signed = match self {
            Self::Rs256(key) => key.sign::<Map<String, Value>>(claims),
            Self::Ps256(key) => key.sign::<Map<String, Value>>(claims),
            Self::Es256(key) => key.sign::<Map<String, Value>>(claims),
            Self::EdDsa(key) => key.sign::<Map<String, Value>>(claims),
        };
        signed.expect("a token can be signed")
    }

    /// So many tokens. Signing takes milliseconds each, so they are kept in `file`, which holds as long as its first
    /// token is still the one that would be signed.
    pub(crate) fn many(&self, count: usize, file: &Path) -> Result<Vec<String>> {
        if let Ok(kept) = std::fs::read_to_string(file)
            && kept.lines().next() == Some(&self.token(0))
            && kept.lines().count() == count
        {
            return Ok(kept.lines().map(str::to_owned).collect());
        }
        let tokens: Vec<String> = (0..count).map(|number| self.token(number)).collect();
        std::fs::write(file, tokens.join("\n")).map_err(writing(file))?;
        Ok(tokens)
    }
}

fn custom(number: usize, scope: &str) -> Map<String, Value> {
    let claims = json!({
        "jti": format!("b7c9f1c6-4f60-4d0c-9c31-{number:012}"),
        "azp": "storefront",
        "scope": scope,
        "name": "Ada Example",
        "email": "ada@customers.example",
        "tenant": "north",
    });
    claims.as_object().cloned().unwrap_or_default()
}
