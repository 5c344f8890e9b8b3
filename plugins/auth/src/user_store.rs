//! Users that a server knows: it is asked once about each pair of name and password, and what it says is remembered
//! for a while.

use std::borrow::Cow;
use std::rc::Rc;

use portcullis_config::auth::UserStoreConfig;
use portcullis_core::{Answer, CallReply, Env, Topic, UnixNanos};
use serde_json::json;

use crate::api_key::is_for;
use crate::attempts::{Attempts, Exceeded};
use crate::claims;
use crate::failure::{Failure, Need, Unavailable};
use crate::fingerprint::Fingerprint;
use crate::grant::Grant;
use crate::json::UniqueMembers;
use crate::remembered::Remembered;
use crate::remote::Remote;

/// Longest reply that is read, in bytes.
const MAX_REPLY: u32 = 64 * 1024;

/// One server.
#[derive(Debug)]
pub(crate) struct UserStore {
    remote: Remote,
    authorization_env: Option<String>,
    apis: Vec<String>,
    right: Remembered<Rc<Grant>>,
    wrong: Remembered<()>,
}

impl UserStore {
    pub(crate) fn new(config: UserStoreConfig) -> Self {
        Self {
            remote: Remote::new(config.remote),
            authorization_env: config.authorization_env,
            apis: config.apis,
            right: Remembered::new(config.ceiling_seconds),
            wrong: Remembered::new(config.negative_seconds),
        }
    }

    /// What a right password grants that is remembered.
    pub(crate) fn remembered(&self, key: Fingerprint, now: UnixNanos) -> Option<Rc<Grant>> {
        self.right.get(key, now)
    }

    /// Whether its users may call an API.
    pub(crate) fn is_for(&self, api: &str) -> bool {
        is_for(&self.apis, api)
    }

    /// Asks about a name and a password. Wrong ones are counted once the server has said so: attempts that wait are as
    /// many as the host lets wait.
    pub(crate) fn verify(
        &self,
        name: &str,
        password: &str,
        key: Fingerprint,
        attempts: &Attempts,
        env: &dyn Env,
    ) -> Result<Rc<Grant>, Failure> {
        let now = env.now();
        if self.wrong.get(key, now).is_some() {
            return Err(Failure::BasicInvalid);
        }
        let topic = Topic::Call(key.number());
        let Some(answer) = env.answer(&topic) else {
            attempts.admit(name, env).map_err(|Exceeded(wait)| Failure::Attempts(wait))?;
            return Err(self.question(name, password, key, env)?);
        };
        match &*answer {
            Answer::Replied(reply) if reply.status == 200 => {
                let grant = Rc::new(read(reply, name).ok_or(Unavailable::UserStore)?);
                self.right.insert(key, now, Rc::clone(&grant));
                Ok(grant)
            }
            Answer::Replied(reply) if reply.status == 401 => {
                self.wrong.insert(key, now, ());
                // Too many are refused before the next question.
                let _counted = attempts.charge(name, env);
                Err(Failure::BasicInvalid)
            }
            _ => Err(Unavailable::UserStore.into()),
        }
    }

    /// The question, as the reason why there is no decision yet.
    fn question(
        &self,
        name: &str,
        password: &str,
        key: Fingerprint,
        env: &dyn Env,
    ) -> Result<Failure, Unavailable> {
        let body = json!({ "username": name, "password": password }).to_string();
        let mut call = self.remote.post("application/json", body, MAX_REPLY);
        if let Some(variable) = &self.authorization_env {
            let secret = env.secret(variable).ok_or(Unavailable::Secret)?;
            call.headers.push((Cow::Borrowed("authorization"), secret));
        }
        Ok(Failure::Pending(Need::Call { key: key.number(), call: Rc::new(call) }))
    }
}

fn read(reply: &CallReply, name: &str) -> Option<Grant> {
    let known: UniqueMembers = serde_json::from_slice(&reply.body).ok()?;
    let consumer = known.text("consumer").filter(|consumer| !consumer.is_empty());
    let scopes = claims::scopes(&known, &["scopes".to_owned()]);
    Some(Grant::new(consumer.unwrap_or(name), scopes))
}
