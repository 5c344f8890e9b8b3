//! Reads the list from its store: a feed or etcd, whole or what came in addition. Entries are hashed as they are read and
//! put away part by part, so that neither a reply nor the list is ever whole in memory.

use std::cell::RefCell;

use portcullis_config::auth::{RevocationConfig, RevocationStoreConfig};
use portcullis_core::{Answer, Call, CallReply, Env, Fetch, UnixNanos};

use super::etcd_user::EtcdUser;
use super::gathered::{Gathered, whole};
use super::parts::{Manifest, Writer};
use super::{etcd, feed};
use crate::remote::Remote;
use crate::revoked::{Entry, HashKey, Revoked};

/// Longest reply that is read, in bytes; longer lists come in pages.
const MAX_REPLY: u32 = 32 << 20;
/// After so many additions all is put into one piece again.
const MAX_ADDITIONS: usize = 40;
/// How long additions alone are asked for: keys that the store has lost meanwhile are forgotten after that.
const WHOLE_NANOS: u64 = 3_600_000_000_000;

/// Where the list is, and how far it was read.
#[derive(Debug)]
pub(crate) struct Store {
    remote: Remote,
    kind: RevocationStoreConfig,
    authorization_env: Option<String>,
    /// Who the gateway is at the store.
    user: Option<EtcdUser>,
    /// As of the list that is in force, if this worker has fetched it.
    known: RefCell<Known>,
    /// As of the list that this worker has fetched and not learned yet.
    fetched: RefCell<Option<Known>>,
    fetching: RefCell<Option<Fetching>>,
}

#[derive(Debug, Clone, Default)]
struct Known {
    etag: Option<String>,
    /// etcd's, and when all was read last.
    revision: Option<(u64, UnixNanos)>,
}

/// A fetch on its way.
#[derive(Debug)]
struct Fetching {
    gathered: Gathered,
    /// The list that it began with.
    base: Option<Manifest>,
    pages: usize,
    etag: Option<String>,
    /// etcd's revision that is known already; `None` where all is read.
    since: Option<(u64, UnixNanos)>,
    /// etcd's revision that all pages are of: the head of each reply names the newest of the store.
    at: Option<u64>,
}

impl Store {
    pub(crate) fn new(config: RevocationConfig) -> Self {
        Self {
            remote: Remote::new(config.remote),
            user: match &config.store {
                RevocationStoreConfig::Etcd { user, .. } => user.clone().map(EtcdUser::new),
                RevocationStoreConfig::Feed => None,
            },
            kind: config.store,
            authorization_env: config.authorization_env,
            known: RefCell::default(),
            fetched: RefCell::default(),
            fetching: RefCell::default(),
        }
    }

    /// Takes note that a list was learned, or could not be. Whether it is one that this worker has fetched: what it knows of
    /// the store belongs to no other.
    pub(crate) fn settle(&self, is_learned: bool) -> bool {
        let ours = self.fetched.take().filter(|_| is_learned);
        let is_ours = ours.is_some();
        self.known.replace(ours.unwrap_or_default());
        is_ours
    }

    /// The next step of a fetch.
    pub(crate) fn fetch(&self, answer: Option<&Answer>, revoked: &Revoked, env: &dyn Env) -> Fetch {
        let step = match answer {
            None => {
                self.user.iter().for_each(EtcdUser::begin);
                self.begin(revoked, env)
            }
            Some(Answer::Replied(reply)) => self.step(reply, revoked, env),
            Some(other) => Err(format!("there is no reply: {other:?}")),
        };
        step.unwrap_or_else(|cause| {
            self.fetching.replace(None);
            Fetch::Failed(cause)
        })
    }

    fn step(&self, reply: &CallReply, revoked: &Revoked, env: &dyn Env) -> Result<Fetch, String> {
        match &self.user {
            Some(user) if user.learn(reply)? || user.forget(reply.status) => self.begin(revoked, env),
            _ => self.go_on(reply, revoked, env),
        }
    }

    /// The first call, once the gateway may make it.
    fn begin(&self, revoked: &Revoked, env: &dyn Env) -> Result<Fetch, String> {
        let first = self.user.as_ref().map(|user| user.authenticate(&self.remote, env)).transpose()?;
        match first.flatten() {
            Some(call) => Ok(Fetch::Call(call)),
            None => self.ask(revoked, env),
        }
    }

    fn ask(&self, revoked: &Revoked, env: &dyn Env) -> Result<Fetch, String> {
        self.fetched.replace(None);
        let base = revoked.manifest();
        let known = self.known.borrow().clone();
        let is_young = |since: UnixNanos| env.now().0.abs_diff(since.0) < WHOLE_NANOS;
        let since = known.revision.filter(|(_, read)| base.is_some() && is_young(*read));
        let gathered = match (&base, since) {
            (Some(base), Some(_)) => Gathered::Additions(base.key(), Vec::new()),
            _ => Gathered::Whole(Writer::after(base.as_ref()).ok_or("there are no random numbers")?),
        };
        let call = match &self.kind {
            RevocationStoreConfig::Feed => {
                let mut call = self.remote.get(MAX_REPLY);
                let etag = known.etag.filter(|_| base.is_some());
                call.headers.extend(etag.map(|etag| ("if-none-match".into(), etag)));
                call
            }
            RevocationStoreConfig::Etcd { prefix, .. } => {
                let since = since.map(|(revision, _)| revision + 1);
                self.remote.post("application/json", etcd::range(prefix, None, since, None), MAX_REPLY)
            }
        };
        let fetching = Fetching { gathered, base, pages: 0, etag: None, since, at: None };
        self.fetching.replace(Some(fetching));
        self.authorized(call, env)
    }

    fn go_on(&self, reply: &CallReply, revoked: &Revoked, env: &dyn Env) -> Result<Fetch, String> {
        let mut fetching = self.fetching.take().ok_or("a reply came that was not asked for")?;
        match reply.status {
            304 => return Ok(Fetch::Unchanged),
            200 => {}
            status => return Err(format!("the server answers {status}")),
        }
        if fetching.base != revoked.manifest() {
            return Err("the list has become another one meanwhile; all of it is read next".to_owned());
        }
        let next = match &self.kind {
            RevocationStoreConfig::Feed => self.feed_page(reply, &mut fetching, revoked, env)?,
            RevocationStoreConfig::Etcd { prefix, .. } => {
                self.etcd_page(reply, prefix, &mut fetching, revoked, env)?
            }
        };
        match next {
            Some(call) => {
                self.fetching.replace(Some(fetching));
                self.authorized(call, env)
            }
            None => self.finish(fetching, revoked, env),
        }
    }

    fn feed_page(
        &self,
        reply: &CallReply,
        fetching: &mut Fetching,
        revoked: &Revoked,
        env: &dyn Env,
    ) -> Result<Option<Call>, String> {
        if fetching.pages == 0 {
            let etag = reply.headers.first("etag").and_then(|etag| std::str::from_utf8(etag).ok());
            fetching.etag = etag.map(str::to_owned);
        }
        fetching.pages += 1;
        let next = fetching.take(revoked, env, |key, take| feed::read(reply.body.read(), key, take))?;
        next.map(|next| self.remote.get_path(&next, MAX_REPLY).ok_or_else(|| "`next` is no path".to_owned()))
            .transpose()
    }

    fn etcd_page(
        &self,
        reply: &CallReply,
        prefix: &str,
        fetching: &mut Fetching,
        revoked: &Revoked,
        env: &dyn Env,
    ) -> Result<Option<Call>, String> {
        let page =
            fetching.take(revoked, env, |key, take| etcd::read(reply.body.read(), prefix, key, take))?;
        if fetching.since.is_some_and(|(revision, _)| page.revision < revision) {
            self.known.replace(Known::default());
            return Err("the store has gone back; all of it is read next".to_owned());
        }
        let at = *fetching.at.get_or_insert(page.revision);
        let since = fetching.since.map(|(revision, _)| revision + 1);
        let next = page.next.map(|from| etcd::range(prefix, Some(&from), since, Some(at)));
        Ok(next.map(|body| self.remote.post("application/json", body, MAX_REPLY)))
    }

    fn finish(&self, fetching: Fetching, revoked: &Revoked, env: &dyn Env) -> Result<Fetch, String> {
        let Fetching { gathered, etag, since, at, .. } = fetching;
        let read = since.map_or_else(|| env.now(), |(_, read)| read);
        let known = Known { etag, revision: at.map(|revision| (revision, read)) };
        let fetch = match gathered {
            Gathered::Whole(writer) => Fetch::Replace(writer.finish(env)?.to_bytes()),
            Gathered::Additions(_, entries) if entries.is_empty() => {
                self.known.replace(known);
                return Ok(Fetch::Unchanged);
            }
            Gathered::Additions(_, entries) if revoked.has_room_for(entries.len(), MAX_ADDITIONS) => {
                Fetch::Add(entries.into_iter().flat_map(Entry::to_bytes).collect())
            }
            Gathered::Additions(_, entries) => {
                Fetch::Replace(whole(entries, revoked, env)?.finish(env)?.to_bytes())
            }
        };
        self.fetched.replace(Some(known));
        Ok(fetch)
    }

    fn authorized(&self, mut call: Call, env: &dyn Env) -> Result<Fetch, String> {
        if let Some(name) = &self.authorization_env {
            let value = env.secret(name).ok_or_else(|| format!("the environment lacks {name}"))?;
            call.headers.push(("authorization".into(), value));
        }
        self.user.iter().for_each(|user| user.sign(&mut call));
        Ok(Fetch::Call(call))
    }
}

impl Fetching {
    /// Takes in what is read; what goes wrong with an entry's place is told rather than that it was not taken.
    fn take<P>(
        &mut self,
        revoked: &Revoked,
        env: &dyn Env,
        read: impl FnOnce(HashKey, &mut dyn FnMut(Entry) -> bool) -> Result<P, String>,
    ) -> Result<P, String> {
        let (mut refused, now) = (None, env.now().seconds());
        let page = read(self.gathered.key(), &mut |entry| {
            let put = if entry.is_long_over(now) { Ok(()) } else { self.gathered.put(entry, revoked, env) };
            refused = put.err();
            refused.is_none()
        });
        refused.map_or(page, Err)
    }
}
