//! Known users (RFC 7617). A wrong name and a wrong password take the same time and get the same answer;
//! a password once found right is not hashed again.

use std::collections::HashMap;
use std::rc::Rc;

use portcullis_config::auth::{AttemptsConfig, UserConfig, UserStoreConfig};
use portcullis_core::Env;

use crate::account::Applications;
use crate::api_key::is_for;
use crate::attempts::{Attempts, Exceeded};
use crate::cache::Cache;
use crate::failure::{Failure, Unavailable};
use crate::fingerprint::{Fingerprint, FingerprintKey};
use crate::grant::Grant;
use crate::invalid::{InvalidAuth, UserError};
use crate::password::{PasswordHash, Spend};
use crate::presented::read_basic;
use crate::user_store::UserStore;

/// Longest credentials that are looked at, in bytes of base64.
const MAX_CREDENTIALS: usize = 1_024;
/// Half of the right passwords remembered per VM.
const HALF_CACHE: usize = 512;

/// All known users by name.
#[derive(Debug)]
pub(crate) struct Users {
    by_name: HashMap<String, Rc<User>>,
    /// What every check spends, also for users who do not exist.
    spend: Spend,
    attempts: Attempts,
    /// Who is asked about names that are not here.
    store: Option<UserStore>,
    /// Right passwords, by the credentials as they came.
    right: Cache<Rc<User>>,
    fingerprints: FingerprintKey,
}

/// Who knows a user.
enum Found {
    Here(Rc<User>),
    There(Rc<Grant>),
}

#[derive(Debug)]
struct User {
    password: PasswordHash,
    grant: Rc<Grant>,
    apis: Vec<String>,
}

impl Users {
    /// Compiles all users.
    pub(crate) fn compile(
        configs: Vec<UserConfig>,
        attempts: AttemptsConfig,
        store: Option<UserStoreConfig>,
        applications: &Applications,
    ) -> Result<Self, InvalidAuth> {
        let mut by_name = HashMap::with_capacity(configs.len());
        let mut spend = Spend::default();
        for config in configs {
            let name = config.name.clone();
            let user = User::compile(config, applications)
                .map_err(|cause| InvalidAuth::User { name: name.clone(), cause })?;
            spend = spend.cover(&user.password);
            if by_name.insert(name.clone(), Rc::new(user)).is_some() {
                return Err(InvalidAuth::User { name, cause: UserError::Repeated });
            }
        }
        spend.check_bound().map_err(InvalidAuth::Users)?;
        let (right, fingerprints) = (Cache::new(HALF_CACHE), FingerprintKey::default());
        let (attempts, store) = (Attempts::new(attempts), store.map(UserStore::new));
        Ok(Self { by_name, spend, attempts, store, right, fingerprints })
    }

    /// What the credentials of an `Authorization: Basic` grant to callers of `api`; absent: of whatever the user may call.
    pub(crate) fn verify(
        &self,
        credentials: &[u8],
        api: Option<&str>,
        env: &dyn Env,
    ) -> Result<Rc<Grant>, Failure> {
        if credentials.len() > MAX_CREDENTIALS {
            return Err(Failure::BasicInvalid);
        }
        let fingerprint = self.fingerprints.of(0, credentials);
        let asked = self.store.as_ref().zip(fingerprint);
        if let Some(grant) = asked.and_then(|(store, key)| store.remembered(key, env.now())) {
            return self.store_grant(grant, api);
        }
        // Asked before attempts are counted: whoever guesses at a user does not lock out the user.
        let user = match fingerprint.and_then(|fingerprint| self.right.get(fingerprint)) {
            Some(known) => known,
            None => match self.check(credentials, fingerprint, env)? {
                Found::Here(user) => user,
                Found::There(grant) => return self.store_grant(grant, api),
            },
        };
        let is_welcome = api.is_none_or(|api| is_for(&user.apis, api));
        if is_welcome { Ok(user.grant.clone()) } else { Err(Failure::BasicInvalid) }
    }

    fn store_grant(&self, grant: Rc<Grant>, api: Option<&str>) -> Result<Rc<Grant>, Failure> {
        let is_for = |api| self.store.as_ref().is_some_and(|store| store.is_for(api));
        let is_welcome = api.is_none_or(is_for);
        if is_welcome { Ok(grant) } else { Err(Failure::BasicInvalid) }
    }

    /// The credentials are base64 of which only one form is accepted, so those that are right have one text.
    fn check(
        &self,
        credentials: &[u8],
        fingerprint: Option<Fingerprint>,
        env: &dyn Env,
    ) -> Result<Found, Failure> {
        let text = std::str::from_utf8(credentials).map_err(|_| Failure::BasicInvalid)?;
        let (name, password) = read_basic(text).ok_or(Failure::BasicInvalid)?;
        if let Some(store) = self.store.as_ref().filter(|_| !self.by_name.contains_key(&name)) {
            let key = fingerprint.ok_or(Unavailable::Random)?;
            return store.verify(&name, &password, key, &self.attempts, env).map(Found::There);
        }
        let charged = self.attempts.charge(&name, env).map_err(|Exceeded(wait)| Failure::Attempts(wait))?;
        let user = self.by_name.get(&name);
        if !self.spend.check(user.map(|user| &user.password), &password) {
            return Err(Failure::BasicInvalid);
        }
        let user = user.ok_or(Failure::BasicInvalid)?;
        self.attempts.forgive(&charged);
        if let Some(fingerprint) = fingerprint {
            self.right.insert(fingerprint, user.clone());
        }
        Ok(Found::Here(user.clone()))
    }

    /// Whether a server is ever asked.
    pub(crate) fn asks(&self) -> bool {
        self.store.is_some()
    }
}

impl User {
    fn compile(config: UserConfig, applications: &Applications) -> Result<Self, UserError> {
        if config.name.is_empty() || config.name.contains(|found: char| found == ':' || found.is_control()) {
            return Err(UserError::Name);
        }
        let password = PasswordHash::parse(&config.password)?;
        let account = applications.account(config.account).ok_or(UserError::Application)?;
        let grant = Rc::new(Grant::new(&config.name, config.scopes).with_account(account));
        Ok(Self { password, grant, apis: config.apis })
    }
}
