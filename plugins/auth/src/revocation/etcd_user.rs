//! The gateway as a user of etcd whose authentication is on: a token for name and password, fetched anew when etcd knows it no more.

use std::cell::{Cell, RefCell};

use portcullis_config::Secret;
use portcullis_config::auth::EtcdUserConfig;
use portcullis_core::{Call, CallReply, Env};
use serde::Deserialize;
use serde_json::json;

use crate::remote::Remote;

/// Longest reply that is read, in bytes.
const MAX_REPLY: u32 = 16 * 1024;
/// Longest token that is sent, in bytes.
const MAX_TOKEN: usize = 8 * 1024;

#[derive(Debug)]
pub(super) struct EtcdUser {
    config: EtcdUserConfig,
    token: RefCell<Option<Secret>>,
    /// Whether the reply that comes next is a token.
    awaits_token: Cell<bool>,
    /// Whether this fetch has asked for one already.
    has_asked: Cell<bool>,
}

#[derive(Deserialize)]
struct Authenticated {
    token: Secret,
}

impl EtcdUser {
    pub(super) fn new(config: EtcdUserConfig) -> Self {
        Self { config, token: RefCell::default(), awaits_token: Cell::default(), has_asked: Cell::default() }
    }

    /// Before the first call of a fetch.
    pub(super) fn begin(&self) {
        self.awaits_token.set(false);
        self.has_asked.set(false);
    }

    /// The call that gets a token, if one is needed first.
    pub(super) fn authenticate(&self, remote: &Remote, env: &dyn Env) -> Result<Option<Call>, String> {
        if self.token.borrow().is_some() {
            return Ok(None);
        }
        let variable = &self.config.password_env;
        let password = env.secret(variable).ok_or_else(|| format!("the environment lacks {variable}"))?;
        let body = json!({ "name": self.config.name, "password": password }).to_string();
        self.awaits_token.set(true);
        self.has_asked.set(true);
        Ok(Some(remote.post_to("/v3/auth/authenticate", "application/json", body, MAX_REPLY)))
    }

    /// Takes in a reply that brings a token. Whether it was one; `Err` when etcd gives none.
    pub(super) fn learn(&self, reply: &CallReply) -> Result<bool, String> {
        if !self.awaits_token.replace(false) {
            return Ok(false);
        }
        if reply.status != 200 {
            return Err(format!("etcd does not let the user in: it answers {}", reply.status));
        }
        let read = serde_json::from_slice::<Authenticated>(&reply.body.whole()).ok().map(|read| read.token);
        let is_sendable = |token: &Secret| {
            let text = token.expose();
            !text.is_empty() && text.len() <= MAX_TOKEN && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let token = read.filter(is_sendable).ok_or("etcd's reply has no token")?;
        self.token.replace(Some(token));
        Ok(true)
    }

    /// Whether a refusal may be due to a token that etcd knows no more, and another is worth a try.
    pub(super) fn forget(&self, status: u16) -> bool {
        // 400 is what it says when authentication was put on meanwhile.
        let is_due = matches!(status, 400 | 401) && !self.has_asked.get();
        if is_due {
            self.token.replace(None);
        }
        is_due
    }

    pub(super) fn sign(&self, call: &mut Call) {
        let token = self.token.borrow();
        call.headers.extend(token.iter().map(|token| ("authorization".into(), token.expose().to_owned())));
    }
}
