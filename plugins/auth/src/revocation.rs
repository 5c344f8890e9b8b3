//! What is revoked, as a store keeps it: fetched for all workers by one, and held against every token, also one that
//! is remembered as good. While there was no list yet, no token is good; a store that is down later changes nothing.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use portcullis_config::auth::{RevocationConfig, RevocationStoreConfig};
use portcullis_core::{Answer, Call, CallReply, Env, Fetch, Source, Topic, UnixNanos};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::etcd;
use crate::etcd_user::EtcdUser;
use crate::failure::{Failure, InvalidToken, Need, Unavailable};
use crate::feed;
use crate::json::UniqueMembers;
use crate::remote::Remote;
use crate::revoked::{Entry, HashKey, Mark, Revoked, image};
use crate::twin::twin;

/// Longest reply that is read, in bytes; longer lists come in pages.
const MAX_REPLY: u32 = 32 << 20;
/// Most entries of one list.
const MAX_ENTRIES: usize = 2_000_000;
/// After so many additions all is put into one piece again.
const MAX_ADDITIONS: usize = 40;
/// How long additions alone are asked for: keys that the store has lost meanwhile are forgotten after that.
const WHOLE_NANOS: u64 = 3_600_000_000_000;
const SOURCE: &str = "revoked";

/// The list of a gateway.
#[derive(Debug)]
pub(crate) struct Revocation {
    source: Rc<str>,
    remote: Remote,
    store: RevocationStoreConfig,
    interval: Duration,
    authorization_env: Option<String>,
    /// Who the gateway is at the store.
    user: Option<EtcdUser>,
    revoked: Revoked,
    /// What the worker that fetches knows of the store.
    known: RefCell<Known>,
    gathered: RefCell<Gathered>,
    /// Whether what is learned next is what this worker has fetched.
    is_ours: Cell<bool>,
}

/// As of the last fetch that came to its end.
#[derive(Debug, Default)]
struct Known {
    etag: Option<String>,
    /// etcd's, and when all was read last.
    revision: Option<(u64, UnixNanos)>,
}

/// A fetch on its way.
#[derive(Debug, Default)]
struct Gathered {
    key: Option<HashKey>,
    entries: Vec<Entry>,
    etag: Option<String>,
    revision: u64,
    /// etcd's revision that all pages are of: the head of each reply names the newest of the store.
    at: Option<u64>,
    is_whole: bool,
}

/// What marks one token, and up to which edition of the list it was looked up.
#[derive(Debug)]
pub(crate) struct Marks {
    id: Option<String>,
    subject: Option<String>,
    issuer: Option<String>,
    issued: u64,
    checked: Cell<u64>,
}

/// The SHA-256 of a token in hexadecimal.
pub(crate) fn digest_of(token: impl AsRef<[u8]>) -> String {
    let mut digits = String::with_capacity(64);
    for byte in Sha256::digest(token) {
        for half in [byte >> 4, byte & 15] {
            digits.push(char::from_digit(half.into(), 16).unwrap_or('0'));
        }
    }
    digits
}

impl Marks {
    /// Of a token with these claims, or of which this is said. One that does not say when it was issued counts as old.
    pub(crate) fn of(claims: &UniqueMembers) -> Self {
        let text = |name| claims.text(name).map(str::to_owned);
        let (id, subject, issuer) = (text("jti"), text("sub"), text("iss"));
        let issued = claims.get("iat").and_then(Value::as_f64).map_or(0, |seconds| seconds as u64);
        Self { id, subject, issuer, issued, checked: Cell::new(0) }
    }

    /// The issuer that stands for one that is not named.
    pub(crate) fn or_issuer(self, issuer: Option<&str>) -> Self {
        Self { issuer: self.issuer.or_else(|| issuer.map(str::to_owned)), ..self }
    }

    /// Bytes of its texts.
    pub(crate) fn size(&self) -> usize {
        let texts = [&self.id, &self.subject, &self.issuer];
        texts.into_iter().flatten().map(String::len).sum()
    }

    fn all(&self) -> impl Iterator<Item = Mark<'_>> {
        let id = self.id.as_deref().map(Mark::Id);
        let subject = self.subject.as_deref().map(Mark::Subject);
        let issuer = self.issuer.as_deref().map(Mark::Issuer);
        id.into_iter().chain(subject).chain(issuer)
    }
}

impl Revocation {
    pub(crate) fn new(config: RevocationConfig) -> Self {
        Self {
            source: SOURCE.into(),
            remote: Remote::new(config.remote),
            user: match &config.store {
                RevocationStoreConfig::Etcd { user, .. } => user.clone().map(EtcdUser::new),
                RevocationStoreConfig::Feed => None,
            },
            store: config.store,
            interval: Duration::from_millis(config.interval_milliseconds.max(100).into()),
            authorization_env: config.authorization_env,
            revoked: Revoked::default(),
            known: RefCell::default(),
            gathered: RefCell::default(),
            is_ours: Cell::new(false),
        }
    }

    /// What is fetched.
    pub(crate) fn source(&self) -> Source {
        Source { name: Rc::clone(&self.source), interval: self.interval, retry: self.interval }
    }

    /// Gives up the memory of the list: another takes its place in this moment.
    pub(crate) fn release(&self) {
        self.revoked.release();
    }

    /// Takes in a list, or what comes in addition.
    pub(crate) fn learn(&self, text: Vec<u8>, replaces: bool) {
        if !self.is_ours.replace(false) {
            // Another worker's: what this one knows of the store belongs to an older list.
            *self.known.borrow_mut() = Known::default();
        }
        self.revoked.learn(text, replaces);
    }

    /// Refuses a token that is revoked. What was looked up in this edition of the list is not looked up again.
    pub(crate) fn check(
        &self,
        token: &[u8],
        marks: &Marks,
        now: UnixNanos,
        env: &dyn Env,
    ) -> Result<(), Failure> {
        let Some(edition) = self.revoked.edition() else {
            return Err(match env.answer(&Topic::Source(Rc::clone(&self.source))) {
                None => Failure::Pending(Need::Refresh(Rc::clone(&self.source))),
                Some(_) => Unavailable::Revocation.into(),
            });
        };
        if marks.checked.get() == edition {
            return Ok(());
        }
        let is_revoked = |mark: Mark<'_>| self.revoked.is_revoked(mark, marks.issued, now.seconds());
        let is_text_listed = |text: &[u8]| is_revoked(Mark::Digest(&digest_of(text)));
        let is_listed = || {
            let other = std::str::from_utf8(token).ok().and_then(twin);
            is_text_listed(token) || other.is_some_and(|other| is_text_listed(other.as_bytes()))
        };
        if marks.all().any(is_revoked) || (self.revoked.has_digests() && is_listed()) {
            return Err(InvalidToken::Revoked.into());
        }
        marks.checked.set(edition);
        Ok(())
    }

    /// The next step of a fetch.
    pub(crate) fn fetch(&self, answer: Option<&Answer>, env: &dyn Env) -> Fetch {
        let step = match answer {
            None => {
                self.user.iter().for_each(EtcdUser::begin);
                self.begin(env)
            }
            Some(Answer::Replied(reply)) => self.step(reply, env),
            Some(other) => Err(format!("there is no reply: {other:?}")),
        };
        step.unwrap_or_else(Fetch::Failed)
    }

    fn step(&self, reply: &CallReply, env: &dyn Env) -> Result<Fetch, String> {
        match &self.user {
            Some(user) if user.learn(reply)? || user.forget(reply.status) => self.begin(env),
            _ => self.go_on(reply, env),
        }
    }

    /// The first call, once the gateway may make it.
    fn begin(&self, env: &dyn Env) -> Result<Fetch, String> {
        let first = self.user.as_ref().map(|user| user.authenticate(&self.remote, env)).transpose()?;
        match first.flatten() {
            Some(call) => Ok(Fetch::Call(call)),
            None => self.ask(env),
        }
    }

    fn ask(&self, env: &dyn Env) -> Result<Fetch, String> {
        self.is_ours.set(false);
        let mut gathered = self.gathered.borrow_mut();
        let standing = self.revoked.standing();
        let key =
            standing.map(|(key, _)| key).or_else(HashKey::random).ok_or("there are no random numbers")?;
        *gathered = Gathered { key: Some(key), is_whole: true, ..Gathered::default() };
        let known = self.known.borrow();
        let call = match &self.store {
            RevocationStoreConfig::Feed => {
                let mut call = self.remote.get(MAX_REPLY);
                let etag = known.etag.clone().filter(|_| standing.is_some());
                call.headers.extend(etag.map(|etag| ("if-none-match".into(), etag)));
                call
            }
            RevocationStoreConfig::Etcd { prefix, .. } => {
                let age = |since: UnixNanos| env.now().0.abs_diff(since.0);
                let revision =
                    known.revision.filter(|(_, since)| standing.is_some() && age(*since) < WHOLE_NANOS);
                gathered.is_whole = revision.is_none();
                gathered.revision = revision.map_or(0, |(revision, _)| revision);
                let since = revision.map(|(revision, _)| revision + 1);
                self.remote.post("application/json", etcd::range(prefix, None, since, None), MAX_REPLY)
            }
        };
        self.authorized(call, env)
    }

    fn go_on(&self, reply: &CallReply, env: &dyn Env) -> Result<Fetch, String> {
        if reply.status == 304 {
            return Ok(Fetch::Unchanged);
        }
        if reply.status != 200 {
            return Err(format!("the server answers {}", reply.status));
        }
        let mut gathered = self.gathered.borrow_mut();
        let key = gathered.key.ok_or("a reply came that was not asked for")?;
        let next = match &self.store {
            RevocationStoreConfig::Feed => {
                let is_first = gathered.entries.is_empty() && gathered.etag.is_none();
                if is_first {
                    let etag = reply.headers.first("etag").and_then(|etag| std::str::from_utf8(etag).ok());
                    gathered.etag = etag.map(str::to_owned);
                }
                let next = feed::read(&reply.body, key, &mut gathered.entries)?;
                next.map(|next| self.remote.get_path(&next, MAX_REPLY).ok_or("`next` is no path"))
                    .transpose()?
            }
            RevocationStoreConfig::Etcd { prefix, .. } => {
                let since = (!gathered.is_whole).then_some(gathered.revision + 1);
                let page = etcd::read(&reply.body, prefix, key, &mut gathered.entries)?;
                if page.revision < gathered.revision {
                    *self.known.borrow_mut() = Known::default();
                    return Err("the store has gone back; all of it is read next".to_owned());
                }
                let at = *gathered.at.get_or_insert(page.revision);
                let from = page.next.as_deref();
                let call = from.map(|from| etcd::range(prefix, Some(from), since, Some(at)));
                if call.is_none() {
                    gathered.revision = at;
                }
                call.map(|body| self.remote.post("application/json", body, MAX_REPLY))
            }
        };
        if gathered.entries.len() > MAX_ENTRIES {
            return Err(format!("the list has more than {MAX_ENTRIES} entries"));
        }
        match next {
            Some(call) => {
                drop(gathered);
                self.authorized(call, env)
            }
            None => Ok(self.finish(&mut gathered, key, env.now())),
        }
    }

    fn finish(&self, gathered: &mut Gathered, key: HashKey, now: UnixNanos) -> Fetch {
        let mut entries = std::mem::take(&mut gathered.entries);
        let mut known = self.known.borrow_mut();
        known.etag = gathered.etag.take();
        if gathered.is_whole {
            known.revision = Some((gathered.revision, now));
            self.is_ours.set(true);
            return Fetch::Replace(image(key, &entries, now.seconds()));
        }
        known.revision = known.revision.map(|(_, since)| (gathered.revision, since));
        if entries.is_empty() {
            return Fetch::Unchanged;
        }
        self.is_ours.set(true);
        let Some((_, additions)) = self.revoked.standing() else {
            // Without the list that this adds to, it would be a list of very little.
            return Fetch::Failed("the list was given up meanwhile; all of it is read next".to_owned());
        };
        if additions >= MAX_ADDITIONS {
            entries.extend(self.revoked.entries());
            return Fetch::Replace(image(key, &entries, now.seconds()));
        }
        Fetch::Add(entries.into_iter().flat_map(Entry::to_bytes).collect())
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

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use portcullis_config::auth::{EtcdUserConfig, RemoteConfig};
    use portcullis_core::Headers;
    use portcullis_core::testing::FakeEnv;
    use serde_json::json;

    use super::*;

    fn in_etcd() -> Revocation {
        in_etcd_as(None)
    }

    fn in_etcd_as(user: Option<EtcdUserConfig>) -> Revocation {
        let remote = RemoteConfig {
            service: "etcd".into(),
            authority: "etcd".into(),
            origin: "http://etcd".into(),
            path: "/v3/kv/range".into(),
            timeout_milliseconds: 1000,
        };
        let store = RevocationStoreConfig::Etcd { prefix: "revoked/".into(), user };
        Revocation::new(RevocationConfig {
            remote,
            store,
            interval_milliseconds: 1000,
            authorization_env: None,
        })
    }

    /// A page of one key, as of a revision of the store.
    fn page(id: &str, revision: u64, more: bool) -> Answer {
        let pair = json!({ "key": STANDARD.encode(format!("revoked/jti/{id}")), "value": "" });
        let body = json!({ "header": { "revision": revision.to_string() }, "kvs": [pair], "more": more });
        Answer::Replied(CallReply {
            status: 200,
            headers: Headers::default(),
            body: body.to_string().into_bytes(),
            trailers: Headers::default(),
        })
    }

    fn asked(fetch: Fetch) -> Value {
        let Fetch::Call(call) = fetch else { panic!("{fetch:?}") };
        serde_json::from_slice(&call.body).unwrap()
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_is_put_while_pages_are_read_is_not_missed() {
        let (revocation, env) = (in_etcd(), FakeEnv::new());
        assert_eq!(asked(revocation.fetch(None, &env)).get("revision"), None);
        assert_eq!(asked(revocation.fetch(Some(&page("a", 5, true)), &env))["revision"], "5");
        // The store has gone on meanwhile, and says so in each reply.
        assert_eq!(asked(revocation.fetch(Some(&page("b", 9, true)), &env))["revision"], "5");
        let Fetch::Replace(text) = revocation.fetch(Some(&page("c", 9, false)), &env) else {
            panic!("no list")
        };
        revocation.learn(text, true);
        assert_eq!(asked(revocation.fetch(None, &env))["min_mod_revision"], "6");
        let Fetch::Add(text) = revocation.fetch(Some(&page("d", 9, false)), &env) else {
            panic!("no addition")
        };
        revocation.learn(text, false);
        assert_eq!(asked(revocation.fetch(None, &env))["min_mod_revision"], "10");
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_store_that_went_back_and_the_list_of_another_worker_are_read_whole() {
        let (revocation, env) = (in_etcd(), FakeEnv::new());
        let whole = |revision| {
            asked(revocation.fetch(None, &env));
            let Fetch::Replace(text) = revocation.fetch(Some(&page("a", revision, false)), &env) else {
                panic!("no list")
            };
            revocation.learn(text.clone(), true);
            text
        };
        let text = whole(5);
        asked(revocation.fetch(None, &env));
        assert!(matches!(revocation.fetch(Some(&page("a", 3, false)), &env), Fetch::Failed(_)));
        assert_eq!(asked(revocation.fetch(None, &env)).get("min_mod_revision"), None);
        whole(3);
        revocation.learn(text, true);
        assert_eq!(asked(revocation.fetch(None, &env)).get("min_mod_revision"), None);
    }

    fn reply(status: u16, body: &str) -> Answer {
        let body = body.as_bytes().to_vec();
        Answer::Replied(CallReply { status, headers: Headers::default(), body, trailers: Headers::default() })
    }

    /// Path and `Authorization` of the next call.
    fn called(fetch: Fetch) -> (String, String) {
        let Fetch::Call(call) = fetch else { panic!("{fetch:?}") };
        let token = call.headers.iter().find(|(name, _)| name == "authorization");
        (call.path.into_owned(), token.map(|(_, value)| value.clone()).unwrap_or_default())
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_user_of_etcd_gets_a_token_and_another_when_that_has_ended() {
        let user = EtcdUserConfig { name: "gateway".into(), password_env: "PASSWORD".into() };
        let (revocation, env) = (in_etcd_as(Some(user)), FakeEnv::new().with_secret("PASSWORD", "pass word"));
        let (authenticate, range) = ("/v3/auth/authenticate".to_owned(), "/v3/kv/range".to_owned());
        let first = revocation.fetch(None, &env);
        let Fetch::Call(call) = &first else { panic!("{first:?}") };
        let sent: Value = serde_json::from_slice(&call.body).unwrap();
        assert_eq!(sent, json!({ "name": "gateway", "password": "pass word" }));
        assert_eq!(called(first), (authenticate.clone(), String::new()));
        let token = |token: &str| reply(200, &json!({ "header": {}, "token": token }).to_string());
        assert_eq!(called(revocation.fetch(Some(&token("t.1")), &env)), (range.clone(), "t.1".to_owned()));
        assert!(matches!(revocation.fetch(Some(&page("a", 5, false)), &env), Fetch::Replace(_)));

        // The token is used until etcd knows it no more; then there is one attempt in a fetch.
        assert_eq!(called(revocation.fetch(None, &env)), (range.clone(), "t.1".to_owned()));
        assert_eq!(called(revocation.fetch(Some(&reply(401, "{}")), &env)).0, authenticate);
        assert_eq!(called(revocation.fetch(Some(&token("t.2")), &env)), (range.clone(), "t.2".to_owned()));
        assert!(matches!(revocation.fetch(Some(&reply(401, "{}")), &env), Fetch::Failed(_)));
        assert!(!format!("{revocation:?}").contains("t.2"), "the token is shown");

        for wrong in [reply(400, "{}"), reply(200, "{}"), token(""), token("a b"), token(&"x".repeat(9000))] {
            let user = EtcdUserConfig { name: "gateway".into(), password_env: "PASSWORD".into() };
            let revocation = in_etcd_as(Some(user));
            called(revocation.fetch(None, &env));
            assert!(matches!(revocation.fetch(Some(&wrong), &env), Fetch::Failed(_)), "{wrong:?}");
        }
        let without = revocation.fetch(None, &FakeEnv::new());
        assert_eq!(called(without).0, range, "a token that is known needs no password");
    }
}
