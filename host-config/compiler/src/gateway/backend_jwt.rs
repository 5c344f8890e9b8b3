//! The token for upstreams: who signs it, and what the gateway publishes so that upstreams can verify it.

mod signing_key;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_config::Secret;
use portcullis_config::auth::{BackendAlgorithmConfig, BackendJwtConfig};
use portcullis_core::CanonicalPath;
use portcullis_openapi::Report;
use serde_json::{Value, json};

use super::Reader;
use super::file::{BackendAlgorithmFile, BackendJwtFile};
use super::identity::key_file;
use crate::codes;
use crate::settings::problem;
use signing_key::SigningKey;

/// Seconds that a token may live.
const TTL: std::ops::RangeInclusive<u32> = 4..=86_400;

/// The plugin's part, and Envoy's.
#[derive(Debug, Clone)]
pub(crate) struct BackendJwt {
    pub(crate) config: BackendJwtConfig,
    pub(crate) published: PublishedKeys,
}

/// The gateway's own public keys.
#[derive(Debug, Clone)]
pub(crate) struct PublishedKeys {
    /// Where they are served, in canonical form.
    pub(crate) path: CanonicalPath,
    /// The JWK Set.
    pub(crate) jwks: String,
}

impl Reader<'_> {
    /// `None` when something is wrong: the report says what.
    pub(super) fn backend_jwt(&self, file: &BackendJwtFile, report: &mut Report) -> Option<BackendJwt> {
        let algorithm = match file.algorithm {
            BackendAlgorithmFile::Rs256 => BackendAlgorithmConfig::Rs256,
            BackendAlgorithmFile::Es256 => BackendAlgorithmConfig::Es256,
        };
        let path = self.jwks_path(&file.jwks_path, report);
        if !TTL.contains(&file.ttl_seconds) {
            let place = self.place(&["backendJwt", "ttlSeconds"]);
            report.push(problem(codes::SETTING_INVALID, "a token lives for 4 to 86400 seconds", place));
            return None;
        }
        let Some(first) = file.keys.first() else {
            let place = self.place(&["backendJwt", "keys"]);
            report.push(problem(codes::SETTING_INVALID, "no key signs the token for upstreams", place));
            return None;
        };
        let (mut published, mut private) = (Vec::new(), None);
        for (at, key) in file.keys.iter().enumerate() {
            let is_repeated = file.keys.iter().take(at).any(|other| other.kid == key.kid);
            let signs = (at == 0).then_some(algorithm);
            let read = match self.bytes(&key.file) {
                _ if is_repeated => Err(format!("another key is named '{}' as well", key.kid)),
                Ok(bytes) => read(&bytes, &key.kid, signs),
                Err(cause) => Err(cause),
            };
            match read {
                Ok((jwk, secret)) => {
                    published.push(jwk);
                    private = private.or(secret);
                }
                Err(cause) => {
                    let place = self.place(&["backendJwt", "keys", &at.to_string()]);
                    report.push(problem(codes::CREDENTIAL_FILE, format!("{}: {cause}", key.file), place));
                }
            }
        }
        if published.len() != file.keys.len() {
            return None;
        }
        let config = BackendJwtConfig {
            header: file.header.to_ascii_lowercase(),
            issuer: file.issuer.clone(),
            audiences: file.audiences.clone(),
            algorithm,
            key_id: first.kid.clone(),
            key: private?,
            dialect: file.dialect.clone(),
            ttl_seconds: file.ttl_seconds,
            claims: file.claims.clone(),
            restricted_claims: file.restricted_claims.clone(),
        };
        let jwks = json!({ "keys": published }).to_string();
        Some(BackendJwt { config, published: PublishedKeys { path: path?, jwks } })
    }

    fn jwks_path(&self, text: &str, report: &mut Report) -> Option<CanonicalPath> {
        let path = CanonicalPath::new(text.as_bytes()).ok();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
        let path = path.filter(|path| path.as_str() == text && text.len() > 1 && text.bytes().all(plain));
        if path.is_none() {
            let message = format!("'{text}' is no path such as /.well-known/portcullis/jwks.json");
            let place = self.place(&["backendJwt", "jwksPath"]);
            report.push(problem(codes::SETTING_INVALID, message, place));
        }
        path
    }
}

/// The public key, and the private one of the key that `signs`.
fn read(
    bytes: &[u8],
    kid: &str,
    signs: Option<BackendAlgorithmConfig>,
) -> Result<(Value, Option<Secret>), String> {
    let public = if signs.is_some() || SigningKey::is_private(bytes) {
        let key = SigningKey::read(bytes)?;
        let secret = match signs {
            Some(algorithm) => Some(key.private(algorithm)?),
            None => None,
        };
        (key.public(), secret)
    } else {
        match key_file::read(bytes, None)?.as_slice() {
            [only] => (only.clone(), None),
            _ => return Err("holds several keys".to_owned()),
        }
    };
    let (mut jwk, secret) = public;
    let is_rsa = jwk.get("kty").is_some_and(|kty| kty == "RSA");
    if let Some(members) = jwk.as_object_mut() {
        members.insert("kid".to_owned(), kid.into());
        members.insert("use".to_owned(), "sig".into());
        members.insert("alg".to_owned(), if is_rsa { "RS256" } else { "ES256" }.into());
    }
    let is_known = is_rsa || jwk.get("crv").is_some_and(|curve| curve == "P-256");
    if !is_known {
        return Err("holds a key that is neither RSA nor on P-256".to_owned());
    }
    Ok((jwk, secret.map(|secret| Secret::new(URL_SAFE_NO_PAD.encode(secret)))))
}

#[cfg(test)]
mod tests;
