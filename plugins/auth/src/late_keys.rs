//! Secrets of an issuer that are in the host's environment. They are read when a token first needs them: a configuration is
//! accepted or refused without them, by every worker alike.

use std::cell::OnceCell;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_config::auth::SecretConfig;
use portcullis_config::{Secret, SecretSource};
use portcullis_core::Env;

use crate::algorithm::Algorithm;
use crate::invalid::IssuerError;
use crate::key::Key;

/// Longest secret that is read, in bytes.
const MAX_SECRET: usize = 4096;

/// A secret's keys, once they are there.
#[derive(Debug)]
pub(crate) struct LateKeys {
    id: Option<String>,
    variable: String,
    is_base64: bool,
    algorithms: Vec<Algorithm>,
    keys: OnceCell<Vec<Key>>,
}

impl LateKeys {
    /// `None` for a secret that stands in the configuration.
    pub(crate) fn new(config: &SecretConfig, algorithms: &[Algorithm]) -> Option<Self> {
        let variable = config.secret.env()?.to_owned();
        let (id, is_base64, algorithms) = (config.id.clone(), config.base64, algorithms.to_vec());
        Some(Self { id, variable, is_base64, algorithms, keys: OnceCell::new() })
    }

    /// `None` while the environment lacks the secret, or has one that is too short.
    pub(crate) fn keys(&self, env: &dyn Env) -> Option<&[Key]> {
        if let Some(known) = self.keys.get() {
            return Some(known);
        }
        let read = self.read(&env.secret(&self.variable)?).ok()?;
        Some(self.keys.get_or_init(|| read))
    }

    fn read(&self, text: &str) -> Result<Vec<Key>, IssuerError> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let encoded = if self.is_base64 {
            text.trim_end_matches('=').replace('+', "-").replace('/', "_")
        } else {
            URL_SAFE_NO_PAD.encode(text)
        };
        let is_bounded = encoded.len() <= MAX_SECRET;
        let secret = SecretSource::Here(Secret::new(if is_bounded { encoded } else { String::new() }));
        Key::share(&SecretConfig { id: self.id.clone(), secret, base64: false }, 0, &self.algorithms)
    }
}

/// Whether `text` can be a secret of an issuer of these algorithms, as an environment has it; else why not.
///
/// # Errors
///
/// What is wrong with it, without it.
pub fn check_shared_secret(config: &SecretConfig, algorithms: &[String], text: &str) -> Result<(), String> {
    let algorithms: Vec<_> = algorithms.iter().filter_map(|name| Algorithm::parse(name)).collect();
    let Some(late) = LateKeys::new(config, &algorithms) else { return Ok(()) };
    late.read(text).map(drop).map_err(|cause| match cause {
        IssuerError::ShortSecret { algorithm, .. } => {
            format!("it is not in the encoding that is said, longer than {MAX_SECRET} bytes, or shorter than the hash of {algorithm}")
        }
        other => other.to_string(),
    })
}
