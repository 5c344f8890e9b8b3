//! The token for upstreams: who signs it, and what the gateway publishes so that upstreams can verify it.

mod signing_key;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_config::auth::{BackendAlgorithmConfig, BackendJwtConfig};
use portcullis_config::{Secret, SecretSource};
use portcullis_core::CanonicalPath;
use portcullis_openapi::Report;
use serde_json::{Value, json};

use super::Reader;
use super::file::{BackendAlgorithmFile, BackendJwtFile, SigningKeyFile};
use super::identity::key_file;
use crate::codes;
use crate::late_secret::{LateSecret, is_variable};
use crate::settings::problem;
pub(crate) use signing_key::SigningKey;

/// Seconds that a token may live.
const TTL: std::ops::RangeInclusive<u32> = 4..=86_400;

/// The plugin's part, and Envoy's.
#[derive(Debug, Clone)]
pub(crate) struct BackendJwt {
    pub(crate) config: BackendJwtConfig,
    pub(crate) published: PublishedKeys,
    /// The private key, if it is to come from the environment.
    pub(crate) late: Option<LateSecret>,
}

/// The gateway's own public keys.
#[derive(Debug, Clone)]
pub(crate) struct PublishedKeys {
    /// Where they are served, in canonical form.
    pub(crate) path: CanonicalPath,
    /// The JWK Set.
    pub(crate) jwks: String,
}

/// What signs, and what is verified with.
pub(super) struct SigningKeys {
    /// The `kid` of the key that signs.
    pub(super) id: String,
    /// As [`BackendJwtConfig::key`].
    pub(super) private: SecretSource,
    /// All keys as JWKs.
    pub(super) public: Vec<Value>,
}

impl SigningKeys {
    /// The private key, if it is to come from the environment.
    pub(super) fn late(&self) -> Option<LateSecret> {
        Some(LateSecret::private_of(self.public.first()?, self.private.env()?))
    }
}

impl Reader<'_> {
    /// `None` when something is wrong: the report says what.
    pub(super) fn backend_jwt(&self, file: &BackendJwtFile, report: &mut Report) -> Option<BackendJwt> {
        let algorithm = algorithm(file.algorithm);
        let path = self.plain_path(&["backendJwt", "jwksPath"], &file.jwks_path, report);
        if !TTL.contains(&file.ttl_seconds) {
            let place = self.place(&["backendJwt", "ttlSeconds"]);
            report.push(problem(codes::SETTING_INVALID, "a token lives for 4 to 86400 seconds", place));
            return None;
        }
        let signing = self.signing_keys("backendJwt", algorithm, &file.keys, report)?;
        let late = signing.late();
        let config = BackendJwtConfig {
            header: file.header.to_ascii_lowercase(),
            issuer: file.issuer.clone(),
            audiences: file.audiences.clone(),
            algorithm,
            key_id: signing.id,
            key: signing.private,
            dialect: file.dialect.clone(),
            ttl_seconds: file.ttl_seconds,
            claims: file.claims.clone(),
            restricted_claims: file.restricted_claims.clone(),
            token_claim: file.token_claim.clone(),
        };
        Some(BackendJwt { config, published: PublishedKeys::new(path?, &signing.public), late })
    }

    /// The keys of a setting that signs. `None` when one of them cannot be used: the report says which.
    pub(super) fn signing_keys(
        &self,
        setting: &str,
        algorithm: BackendAlgorithmConfig,
        files: &[SigningKeyFile],
        report: &mut Report,
    ) -> Option<SigningKeys> {
        let Some(first) = files.first() else {
            let place = self.place(&[setting, "keys"]);
            report.push(problem(codes::SETTING_INVALID, "there is no key to sign with", place));
            return None;
        };
        let (mut public, mut private) = (Vec::new(), None);
        for (at, key) in files.iter().enumerate() {
            let is_repeated = files.iter().take(at).any(|other| other.kid == key.kid);
            let signs = (at == 0).then_some(algorithm);
            let place = self.place(&[setting, "keys", &at.to_string()]);
            let variable = key.private_key_env.as_deref().filter(|name| !is_variable(name));
            let read = match self.bytes(&key.file) {
                _ if variable.is_some() => {
                    Err(format!("'{}' is no name of an environment variable", variable.unwrap_or_default()))
                }
                _ if is_repeated => Err(format!("another key is named '{}' as well", key.kid)),
                Ok(bytes) => match &key.private_key_env {
                    Some(env) => {
                        read_public(&bytes, &key.kid, signs).map(|jwk| (jwk, signs.map(|_| by_env(env))))
                    }
                    None => read(&bytes, &key.kid, signs),
                },
                Err(cause) => Err(cause),
            };
            match read {
                Ok((jwk, secret)) => {
                    if matches!(secret, Some(SecretSource::Here(_))) {
                        self.warn_of_secret(
                            &format!("the private key of {setting}"),
                            "privateKeyEnv",
                            place,
                            report,
                        );
                    }
                    public.push(jwk);
                    private = private.or(secret);
                }
                Err(cause) => {
                    report.push(problem(codes::CREDENTIAL_FILE, format!("{}: {cause}", key.file), place));
                }
            }
        }
        let is_whole = public.len() == files.len();
        let id = first.kid.clone();
        private.filter(|_| is_whole).map(|private| SigningKeys { id, private, public })
    }

    /// A path of the gateway's own, in canonical form.
    pub(super) fn plain_path(
        &self,
        setting: &[&str],
        text: &str,
        report: &mut Report,
    ) -> Option<CanonicalPath> {
        let path = CanonicalPath::new(text.as_bytes()).ok();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
        let path = path.filter(|path| path.as_str() == text && text.len() > 1 && text.bytes().all(plain));
        if path.is_none() {
            let message = format!("'{text}' is no path such as /.well-known/portcullis/jwks.json");
            report.push(problem(codes::SETTING_INVALID, message, self.place(setting)));
        }
        path
    }
}

impl PublishedKeys {
    pub(super) fn new(path: CanonicalPath, public: &[Value]) -> Self {
        Self { path, jwks: json!({ "keys": public }).to_string() }
    }
}

pub(super) fn algorithm(file: BackendAlgorithmFile) -> BackendAlgorithmConfig {
    match file {
        BackendAlgorithmFile::Rs256 => BackendAlgorithmConfig::Rs256,
        BackendAlgorithmFile::Es256 => BackendAlgorithmConfig::Es256,
    }
}

/// The public key, and the private one of the key that `signs`.
fn read(
    bytes: &[u8],
    kid: &str,
    signs: Option<BackendAlgorithmConfig>,
) -> Result<(Value, Option<SecretSource>), String> {
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
    let (jwk, secret) = public;
    let here = |secret| SecretSource::Here(Secret::new(URL_SAFE_NO_PAD.encode(secret)));
    Ok((published(jwk, kid)?, secret.map(here)))
}

/// The public key of one whose private key is in the environment.
fn read_public(bytes: &[u8], kid: &str, signs: Option<BackendAlgorithmConfig>) -> Result<Value, String> {
    if SigningKey::is_private(bytes) {
        return Err(
            "holds a private key, which `privateKeyEnv` is there to spare it: `openssl pkey -pubout` \
                    makes the public one"
                .to_owned(),
        );
    }
    let jwk = match key_file::read(bytes, None)?.as_slice() {
        [only] => published(only.clone(), kid)?,
        _ => return Err("holds several keys".to_owned()),
    };
    let fits = signs.is_none_or(|algorithm| jwk.get("alg").is_some_and(|alg| alg == name(algorithm)));
    if fits { Ok(jwk) } else { Err("the first key signs, and this one is none of its algorithm".to_owned()) }
}

fn by_env(env: &str) -> SecretSource {
    SecretSource::Environment { env: env.to_owned() }
}

fn name(algorithm: BackendAlgorithmConfig) -> &'static str {
    match algorithm {
        BackendAlgorithmConfig::Rs256 => "RS256",
        BackendAlgorithmConfig::Es256 => "ES256",
    }
}

/// As it is published.
fn published(mut jwk: Value, kid: &str) -> Result<Value, String> {
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
    Ok(jwk)
}

#[cfg(test)]
mod tests;
