//! Known users (RFC 7617). A wrong name and a wrong password take the same time and get the same answer;
//! a password once found right is not hashed again.

use std::collections::HashMap;
use std::rc::Rc;

use portcullis_config::auth::UserConfig;

use crate::api_key::is_for;
use crate::cache::Cache;
use crate::failure::Failure;
use crate::fingerprint::FingerprintKey;
use crate::grant::Grant;
use crate::invalid::{InvalidAuth, UserError};
use crate::password::{MIN_ITERATIONS, PasswordHash};
use crate::presented::read_basic;

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
    /// Right passwords, by the credentials as they came.
    right: Cache<Rc<User>>,
    fingerprints: FingerprintKey,
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
        for config in configs {
            let name = config.name.clone();
            let user =
                User::compile(config).map_err(|cause| InvalidAuth::User { name: name.clone(), cause })?;
            iterations = iterations.max(user.password.iterations());
            if by_name.insert(name.clone(), Rc::new(user)).is_some() {
                return Err(InvalidAuth::User { name, cause: UserError::Repeated });
            }
        }
        let nobody = PasswordHash::of_nobody(iterations);
        let (right, fingerprints) = (Cache::new(HALF_CACHE), FingerprintKey::default());
        Ok(Self { by_name, nobody, iterations, right, fingerprints })
    }

    /// What the credentials of an `Authorization: Basic` grant to callers of `api`.
    pub(crate) fn verify(&self, credentials: &[u8], api: &str) -> Result<Rc<Grant>, Failure> {
        let user = self.find(credentials).filter(|user| is_for(&user.apis, api));
        user.map(|user| user.grant.clone()).ok_or(Failure::BasicInvalid)
    }

    /// The credentials are base64 of which only one form is accepted, so those that are right have one text.
    fn find(&self, credentials: &[u8]) -> Option<Rc<User>> {
        let fingerprint = self.fingerprints.of(0, credentials);
        if let Some(known) = fingerprint.and_then(|fingerprint| self.right.get(fingerprint)) {
            return Some(known);
        }
        let (name, password) = read_basic(std::str::from_utf8(credentials).ok()?)?;
        let user = self.by_name.get(&name);
        let hash = user.map_or(&self.nobody, |user| &user.password);
        let is_right = hash.verify(&password, self.iterations);
        let user = user.filter(|_| is_right)?;
        if let Some(fingerprint) = fingerprint {
            self.right.insert(fingerprint, user.clone());
        }
        Some(user.clone())
    }
}

impl User {
    fn compile(config: UserConfig) -> Result<Self, UserError> {
        if config.name.is_empty() || config.name.contains(|found: char| found == ':' || found.is_control()) {
            return Err(UserError::Name);
        }
        let password = PasswordHash::parse(&config.password)?;
        let grant = Rc::new(Grant::new(&config.name, config.scopes));
        Ok(Self { password, grant, apis: config.apis })
    }
}
