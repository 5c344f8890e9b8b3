//! Known API keys. Only digests are kept, and a presented key is looked up by its digest: how long the
//! look-up takes tells something about SHA-256 of what was sent, from which no key can be worked out, so the
//! comparison need not take constant time.

use std::collections::HashMap;
use std::rc::Rc;

use portcullis_config::auth::ApiKeyConfig;
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::grant::Grant;
use crate::invalid::InvalidAuth;

/// All known keys by their SHA-256.
#[derive(Debug)]
pub(crate) struct ApiKeys(HashMap<[u8; 32], ApiKey>);

#[derive(Debug)]
struct ApiKey {
    grant: Rc<Grant>,
    /// APIs it is good for; none means all.
    apis: Vec<String>,
}

impl ApiKeys {
    /// Compiles all keys.
    pub(crate) fn compile(configs: Vec<ApiKeyConfig>) -> Result<Self, InvalidAuth> {
        let empty: [u8; 32] = Sha256::digest([]).into();
        let mut keys = HashMap::with_capacity(configs.len());
        for (position, config) in configs.into_iter().enumerate() {
            let consumer = config.consumer.clone();
            let invalid = |cause| InvalidAuth::ApiKey { position, consumer, cause };
            let Some(digest) = read_digest(&config.sha256) else {
                return Err(invalid("its digest is not 64 lower-case hexadecimal digits"));
            };
            if digest == empty {
                return Err(invalid("its digest is that of the empty text"));
            }
            let grant = Rc::new(Grant::new(&config.consumer, config.scopes));
            if keys.insert(digest, ApiKey { grant, apis: config.apis }).is_some() {
                return Err(invalid("another key has the same digest"));
            }
        }
        Ok(Self(keys))
    }

    /// What a key grants to callers of `api`.
    pub(crate) fn verify(&self, key: &[u8], api: &str) -> Result<Rc<Grant>, Failure> {
        let digest: [u8; 32] = Sha256::digest(key).into();
        let known = self.0.get(&digest).filter(|known| is_for(&known.apis, api));
        known.map(|known| known.grant.clone()).ok_or(Failure::ApiKeyUnknown)
    }
}

/// Whether a credential of these APIs is good for `api`; none means all.
pub(crate) fn is_for(apis: &[String], api: &str) -> bool {
    apis.is_empty() || apis.iter().any(|known| known == api)
}

/// Lower-case hexadecimal.
pub(crate) fn read_digest(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    for (byte, at) in digest.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(digest)
}
