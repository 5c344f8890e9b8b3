//! Users that a server knows: it is asked once about each pair of name and password, and what it says is remembered
//! for a while.

use std::borrow::Cow;
use std::cell::Cell;
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
use crate::remembered::{MAX_SAID, Remembered};
use crate::remote::Remote;

/// For how long a question is known to be open: longer than any call may take.
const ASKED_SECONDS: u32 = 120;
/// Longest reply that is read, in bytes.
const MAX_REPLY: u32 = 64 * 1024;

/// One server.
#[derive(Debug)]
pub(crate) struct UserStore {
    remote: Remote,
    authorization_env: Option<String>,
    apis: Vec<String>,
    /// Questions that are charged as attempts, once for all who ask the same, and not yet answered.
    asked: Remembered<Rc<Cell<bool>>>,
    right: Remembered<Rc<Grant>>,
    wrong: Remembered<()>,
}

impl UserStore {
    pub(crate) fn new(config: UserStoreConfig) -> Self {
        Self {
            remote: Remote::new(config.remote),
            authorization_env: config.authorization_env,
            apis: config.apis,
            asked: Remembered::new(ASKED_SECONDS),
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

    /// Asks about a name and a password. Each question is an attempt until the server says that it was right, or says nothing.
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
            let question = self.question(name, password, key, env)?;
            if !self.asked.get(key, now).is_some_and(|open| open.get()) {
                attempts.charge(name, env).map_err(|Exceeded(wait)| Failure::Attempts(wait))?;
                self.asked.insert(key, now, Rc::new(Cell::new(true)));
            }
            return Err(question);
        };
        let is_first = self.asked.get(key, now).is_some_and(|open| open.replace(false));
        let is_wrong = matches!(&*answer, Answer::Replied(reply) if reply.status == 401);
        if is_first && !is_wrong {
            attempts.forgive_by(name, env);
        }
        match &*answer {
            Answer::Replied(reply) if reply.status == 200 => {
                let grant = Rc::new(read(reply, name).ok_or(Unavailable::UserStore)?);
                self.right.insert(key, now, Rc::clone(&grant));
                Ok(grant)
            }
            Answer::Replied(_) if is_wrong => {
                self.wrong.insert(key, now, ());
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
    let known: UniqueMembers = serde_json::from_slice(&reply.body.whole()).ok()?;
    let consumer = known.text("consumer").filter(|consumer| !consumer.is_empty());
    let scopes = claims::scopes(&known, &["scopes".to_owned()]);
    let grant = Grant::new(consumer.unwrap_or(name), scopes);
    (grant.size() <= MAX_SAID).then_some(grant)
}
