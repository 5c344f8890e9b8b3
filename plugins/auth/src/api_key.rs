//! Known API keys, and where each may be used. Only digests are kept, and a presented key is looked up by its digest: how
//! long the look-up takes tells something about SHA-256 of what was sent, from which no key can be worked out, so the
//! comparison need not take constant time.

use std::collections::HashMap;
use std::rc::Rc;

use portcullis_config::auth::ApiKeyConfig;
use portcullis_core::{AddressRange, Env, Request};
use sha2::{Digest, Sha256};

use crate::account::Applications;
use crate::conditions::Conditions;
use crate::failure::Failure;
use crate::grant::Grant;
use crate::invalid::InvalidAuth;
use crate::wildcard::Wildcard;

/// All known keys by their SHA-256.
#[derive(Debug)]
pub(crate) struct ApiKeys(HashMap<[u8; 32], ApiKey>);

#[derive(Debug)]
struct ApiKey {
    grant: Rc<Grant>,
    /// APIs it is good for; none means all.
    apis: Vec<String>,
    /// Most keys have none.
    conditions: Option<Box<Conditions>>,
}

/// Why a key that is known is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyRefused {
    Revoked,
    Expired,
    Api,
    Address,
    Referer,
}

impl ApiKeys {
    /// Compiles all keys.
    pub(crate) fn compile(
        configs: Vec<ApiKeyConfig>,
        applications: &Applications,
    ) -> Result<Self, InvalidAuth> {
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
            let key = match ApiKey::compile(config, applications) {
                Ok(key) => key,
                Err(cause) => return Err(invalid(cause)),
            };
            if keys.insert(digest, key).is_some() {
                return Err(invalid("another key has the same digest"));
            }
        }
        Ok(Self(keys))
    }

    /// What a key grants to callers of `api`.
    pub(crate) fn verify(
        &self,
        key: &[u8],
        api: &str,
        request: &Request,
        env: &dyn Env,
    ) -> Result<Rc<Grant>, Failure> {
        let digest: [u8; 32] = Sha256::digest(key).into();
        let known = self.0.get(&digest).ok_or(Failure::ApiKeyUnknown)?;
        if let Some(conditions) = &known.conditions {
            conditions.check(request, env)?;
        }
        if !is_for(&known.apis, api) {
            return Err(KeyRefused::Api.into());
        }
        Ok(known.grant.clone())
    }
}

impl ApiKey {
    fn compile(config: ApiKeyConfig, applications: &Applications) -> Result<Self, &'static str> {
        let account = applications.account(config.account).ok_or("its application is not known")?;
        let grant = Rc::new(
            Grant::new(&config.consumer, config.scopes).with_account(account).of_credential(&config.sha256),
        );
        let address = |text: &String| AddressRange::parse(text);
        let addresses = config.addresses.iter().map(address).collect::<Option<Vec<_>>>();
        let addresses = addresses.ok_or("one of its addresses is no range in CIDR notation")?;
        let referers: Vec<_> = config.referers.iter().map(|text| Wildcard::new(text)).collect();
        let conditions = Conditions {
            revoked: config.revoked,
            expires: config.expires,
            addresses: Some(addresses).filter(|ranges| !ranges.is_empty()),
            referers: Some(referers).filter(|patterns| !patterns.is_empty()),
        };
        let conditions = conditions.are_some().then(|| Box::new(conditions));
        Ok(Self { grant, apis: config.apis, conditions })
    }
}

impl KeyRefused {
    /// What the client is told: another key would help with 401, this one elsewhere with 403.
    pub(crate) fn told(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::Revoked => (401, "api-key-revoked", "The API key is revoked."),
            Self::Expired => (401, "api-key-expired", "The API key has expired."),
            Self::Api => (403, "api-key-api-refused", "The API key is not for this API."),
            Self::Address => {
                (403, "api-key-address-refused", "The API key may not be used from this address.")
            }
            Self::Referer => {
                (403, "api-key-referer-refused", "The API key may not be used from this referer.")
            }
        }
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
