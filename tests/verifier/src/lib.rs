//! Says of any text and signature whether they are a key's, by the code with which the auth plugin judges tokens. A published test
//! vector signs anything, and no token has such a text; so this module has it judged where the plugin runs, as the plugin does.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_auth::Verifier;
use portcullis_core::{Decision, Edits, Env, Learn, Policy, Rejection, Request};
use serde::Deserialize;
use serde_json::Value;

#[cfg(target_os = "wasi")]
mod entry;

/// One key, for one algorithm.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifierConfig {
    /// A JWK with a public key, or with a secret in `k`.
    pub key: Value,
    /// Its algorithm's name in a JWS.
    pub algorithm: String,
}

/// An issuer could not have this key.
#[derive(Debug, thiserror::Error)]
#[error("no issuer's key")]
pub struct NoKey;

/// Lets requests pass whose header `signature` signs their header `text`, both in base64url.
#[derive(Debug)]
pub struct VerifierPolicy(Verifier);

impl Learn for VerifierPolicy {}

impl Policy for VerifierPolicy {
    type Config = VerifierConfig;
    type Invalid = NoKey;

    fn compile(config: VerifierConfig) -> Result<Self, NoKey> {
        Verifier::new(&config.key, &config.algorithm).map(Self).ok_or(NoKey)
    }

    fn on_request(&self, request: &Request, env: &dyn Env) -> Decision {
        let decode = |name| request.headers().first(name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        match (decode("text"), decode("signature")) {
            (Some(text), Some(signature)) if self.0.accepts(&text, &signature, env) => {
                Decision::Continue(Edits::default())
            }
            (Some(_), Some(_)) => Rejection::new(401, "token-signature-invalid", "").into(),
            _ => Rejection::internal("configuration-mismatch").into(),
        }
    }
}
