//! Secrets that stand in no bundle but in the environment of Envoy: what one must be, so that whoever starts the gateway
//! can tell before the first request misses it.

use portcullis_auth::check_shared_secret;
use portcullis_config::auth::{IssuerConfig, SecretConfig};
use serde_json::Value;

use crate::gateway::SigningKey;

/// A secret that an environment variable has to hold.
#[derive(Debug, Clone)]
pub(crate) struct LateSecret {
    pub(crate) variable: String,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    /// What an issuer of these algorithms shares with the gateway.
    Shared(SecretConfig, Vec<String>),
    /// The private key of this public one, a JWK.
    PrivateOf(Value),
}

impl LateSecret {
    /// Those of an issuer.
    pub(crate) fn of_issuer(issuer: &IssuerConfig) -> impl Iterator<Item = Self> {
        issuer.secrets.iter().filter_map(|secret| {
            let content = Content::Shared(secret.clone(), issuer.algorithms.clone());
            Some(Self { variable: secret.secret.env()?.to_owned(), content })
        })
    }

    /// The private key of `public`, a JWK.
    pub(crate) fn private_of(public: &Value, variable: &str) -> Self {
        Self { variable: variable.to_owned(), content: Content::PrivateOf(public.clone()) }
    }

    /// What is wrong with a value, without it.
    pub(crate) fn check(&self, value: &str) -> Result<(), String> {
        match &self.content {
            Content::Shared(config, algorithms) => check_shared_secret(config, algorithms, value),
            Content::PrivateOf(public) => {
                let found = SigningKey::read(value.as_bytes()).map_err(|cause| format!("it {cause}"))?;
                let found = found.public();
                let numbers = ["kty", "crv", "x", "y", "n", "e"];
                let fits = numbers.iter().all(|number| found.get(number) == public.get(number));
                if fits { Ok(()) } else { Err("it is not the private key of the key that signs".to_owned()) }
            }
        }
    }
}

/// Whether a shell would take it for the name of a variable.
pub(crate) fn is_variable(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

#[cfg(test)]
mod tests;
