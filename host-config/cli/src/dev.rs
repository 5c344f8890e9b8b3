//! Credentials that live as long as one run, for trying a gateway out: an issuer and a token, an API key, a user.
//! Made fresh each time and never written to a file.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use jwt_simple::prelude::{Claims, Duration, ECDSAP256KeyPairLike, ECDSAP256PublicKeyLike, ES256KeyPair};
use portcullis_compiler::{ApiKeyConfig, Credentials, UserConfig};
use portcullis_config::auth::IssuerConfig;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{Failure, key};

/// Who the credentials stand for.
const CONSUMER: &str = "dev";
/// The `iss` of the token; `.invalid` can never be a real issuer's.
const ISSUER: &str = "https://dev.portcullis.invalid";
const TOKEN_HOURS: u64 = 12;
/// The password is random, so a costly hash would guard nothing.
const HASH_ROUNDS: u32 = 1000;

/// The secrets, and what the gateway needs to verify them.
pub(crate) struct DevCredentials {
    key: ES256KeyPair,
    api_key: String,
    password: String,
    password_hash: String,
}

impl DevCredentials {
    pub(crate) fn new() -> Result<Self, Failure> {
        let password = random()?;
        let password_hash = hash(&password, random()?.as_bytes());
        Ok(Self { key: ES256KeyPair::generate(), api_key: key::make()?, password, password_hash })
    }

    /// For the compiler; `scopes` is what the key and the user are granted.
    pub(crate) fn credentials(&self, scopes: &BTreeSet<String>) -> Credentials {
        let scopes: Vec<String> = scopes.iter().cloned().collect();
        let issuer = IssuerConfig {
            issuer: ISSUER.to_owned(),
            algorithms: vec!["ES256".to_owned()],
            keys: vec![self.jwk()],
            skew_seconds: 5,
            consumer_claims: vec!["sub".to_owned()],
            scope_claims: vec!["scope".to_owned()],
            ..IssuerConfig::default()
        };
        let api_key = ApiKeyConfig {
            sha256: key::digest(&self.api_key),
            consumer: CONSUMER.to_owned(),
            scopes: scopes.clone(),
            ..ApiKeyConfig::default()
        };
        let user = UserConfig {
            name: CONSUMER.to_owned(),
            password: self.password_hash.clone(),
            scopes,
            ..UserConfig::default()
        };
        Credentials {
            issuers: BTreeMap::from([("dev".to_owned(), issuer)]),
            api_keys: vec![api_key],
            users: vec![user],
        }
    }

    /// What to tell the user.
    pub(crate) fn introduce(&self, scopes: &BTreeSet<String>) -> Result<String, Failure> {
        let scope: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let claims = Claims::with_custom_claims(
            json!({ "scope": scope.join(" ") }),
            Duration::from_hours(TOKEN_HOURS),
        );
        let claims = claims.with_issuer(ISSUER).with_subject(CONSUMER);
        let token =
            self.key.sign(claims).map_err(|cause| Failure::new(format!("cannot sign a token: {cause}")))?;
        Ok(format!(
            "credentials of this run (they end with it):\n  API key  {}\n  basic    {CONSUMER}:{}\n  token    {token}",
            self.api_key, self.password
        ))
    }

    fn jwk(&self) -> Value {
        let point = self.key.public_key().public_key().to_bytes_uncompressed();
        let coordinate = |range| URL_SAFE_NO_PAD.encode(point.get(range).unwrap_or_default());
        json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "x": coordinate(1..33), "y": coordinate(33..65) })
    }
}

/// 128 random bits as text.
fn random() -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|cause| Failure::new(format!("no randomness: {cause}")))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// A PHC string.
fn hash(password: &str, salt: &[u8]) -> String {
    let hash = pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password.as_bytes(), salt, HASH_ROUNDS);
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    format!("$pbkdf2-sha256$i={HASH_ROUNDS},l=32${salt}${hash}")
}
