//! Known users (RFC 7617). A wrong name and a wrong password take the same time and get the same answer;
//! a password once found right is not hashed again.

use std::collections::HashMap;
use std::rc::Rc;

use hmac::{Hmac, KeyInit, Mac};
use portcullis_config::auth::UserConfig;
use sha2::{Digest, Sha256};

use crate::api_key::is_for;
use crate::cache::Cache;
use crate::failure::Failure;
use crate::invalid::{InvalidAuth, UserError};
use crate::password::{MIN_ITERATIONS, PasswordHash};
use crate::presented::read_basic;
use crate::requirement::Grant;

/// Half of the right passwords remembered per VM.
const HALF_CACHE: usize = 512;

/// All known users by name.
#[derive(Debug)]
pub(crate) struct Users {
    by_name: HashMap<String, Rc<User>>,
    /// Stands in for users who do not exist.
    nobody: PasswordHash,
    /// What every check spends: the most that any user's hash takes.
    iterations: u32,
    /// Right passwords, under a keyed hash of name and password.
    right: Cache<[u8; 32], Rc<User>>,
    cache_key: [u8; 32],
}

#[derive(Debug)]
struct User {
    password: PasswordHash,
    grant: Rc<Grant>,
    apis: Vec<String>,
}

impl Users {
    /// Compiles all users.
    pub(crate) fn compile(configs: Vec<UserConfig>) -> Result<Self, InvalidAuth> {
        let mut by_name = HashMap::with_capacity(configs.len());
        let mut iterations = MIN_ITERATIONS;
        // Derived rather than drawn: a configuration must compile to the same policy everywhere.
        let mut cache_key = Sha256::new_with_prefix("right passwords");
        for config in configs {
            cache_key.update(&config.password);
            let name = config.name.clone();
            let user =
                User::compile(config).map_err(|cause| InvalidAuth::User { name: name.clone(), cause })?;
            iterations = iterations.max(user.password.iterations());
            if by_name.insert(name.clone(), Rc::new(user)).is_some() {
                return Err(InvalidAuth::User { name, cause: UserError::Repeated });
            }
        }
        let nobody = PasswordHash::of_nobody(iterations);
        let right = Cache::new(HALF_CACHE);
        Ok(Self { by_name, nobody, iterations, right, cache_key: cache_key.finalize().into() })
    }

    /// What the credentials of an `Authorization: Basic` grant to callers of `api`.
    pub(crate) fn verify(&self, credentials: &str, api: &str) -> Result<Rc<Grant>, Failure> {
        let (name, password) = read_basic(credentials).ok_or(Failure::BasicInvalid)?;
        let user = self.find(&name, &password).filter(|user| is_for(&user.apis, api));
        user.map(|user| user.grant.clone()).ok_or(Failure::BasicInvalid)
    }

    fn find(&self, name: &str, password: &str) -> Option<Rc<User>> {
        let key = self.cache_key(name, password);
        if let Some(known) = key.and_then(|key| self.right.get(&key)) {
            return Some(known);
        }
        let user = self.by_name.get(name);
        let hash = user.map_or(&self.nobody, |user| &user.password);
        let is_right = hash.verify(password, self.iterations);
        let user = user.filter(|_| is_right)?;
        if let Some(key) = key {
            self.right.insert(key, user.clone());
        }
        Some(user.clone())
    }

    /// Names hold no colon, so no two pairs of name and password share their text.
    fn cache_key(&self, name: &str, password: &str) -> Option<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.cache_key).ok()?;
        for part in [name, ":", password] {
            mac.update(part.as_bytes());
        }
        Some(mac.finalize().into_bytes().into())
    }
}

impl User {
    fn compile(config: UserConfig) -> Result<Self, UserError> {
        if config.name.is_empty() || config.name.contains(|found: char| found == ':' || found.is_control()) {
            return Err(UserError::Name);
        }
        let password = PasswordHash::parse(&config.password)?;
        let grant = Rc::new(Grant { consumer: config.name, scopes: config.scopes });
        Ok(Self { password, grant, apis: config.apis })
    }
}
