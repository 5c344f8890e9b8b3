//! Applications, their subscriptions and the life of APIs, as a server keeps them: fetched for all workers by one. Where
//! there is a feed, no other word counts; while there was none yet, nobody is let in by it, and a server that is down
//! later changes nothing.

mod directory;
mod document;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use portcullis_config::auth::{SubscribedApiConfig, SubscriptionFeedConfig};
use portcullis_core::{Answer, Call, CallReply, Env, Fetch, Source, Topic};

use crate::account::{Account, Application};
use crate::failure::{Failure, Need, Unavailable};
use crate::remote::Remote;
use directory::Directory;
use document::Document;

/// Longest document, all pages together, in bytes: workers read it while requests wait.
const MAX_BYTES: usize = 16 << 20;
const SOURCE: &str = "subscriptions";

/// The feed of a gateway.
#[derive(Debug)]
pub(crate) struct SubscriptionFeed {
    source: Rc<str>,
    remote: Remote,
    interval: Duration,
    authorization_env: Option<String>,
    /// `None` until it was first fetched; with the number of times that it has changed here.
    known: RefCell<Option<Rc<Directory>>>,
    editions: Cell<u64>,
    /// Of what is known, if this worker has fetched it.
    etag: RefCell<Option<String>>,
    gathered: RefCell<Gathered>,
    /// Whether what is learned next is what this worker has fetched.
    is_ours: Cell<bool>,
}

/// A fetch on its way.
#[derive(Debug, Default)]
struct Gathered {
    document: Document,
    bytes: usize,
    pages: usize,
    etag: Option<String>,
}

/// What the feed says of one caller.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fed {
    /// Which edition says so; 0 without a feed.
    pub(crate) edition: u64,
    pub(crate) application: Option<Rc<Application>>,
}

impl SubscriptionFeed {
    pub(crate) fn new(config: SubscriptionFeedConfig) -> Self {
        Self {
            source: SOURCE.into(),
            remote: Remote::new(config.remote),
            interval: Duration::from_millis(config.interval_milliseconds.max(100).into()),
            authorization_env: config.authorization_env,
            known: RefCell::default(),
            editions: Cell::new(0),
            etag: RefCell::default(),
            gathered: RefCell::default(),
            is_ours: Cell::new(false),
        }
    }

    /// What is fetched.
    pub(crate) fn source(&self) -> Source {
        Source { name: Rc::clone(&self.source), interval: self.interval, retry: self.interval }
    }

    /// Whether it is this source.
    pub(crate) fn is(&self, source: &str) -> bool {
        *self.source == *source
    }

    /// The application of a caller: the one that the credential names, else the one that lists the consumer.
    pub(crate) fn application(
        &self,
        account: Option<&Account>,
        consumer: &str,
        env: &dyn Env,
    ) -> Result<Fed, Failure> {
        let directory = self.directory(env)?;
        let named = account.and_then(Account::application_name).and_then(|name| directory.named(name));
        let application = named.or_else(|| directory.of_consumer(consumer)).cloned();
        Ok(Fed { edition: directory.edition, application })
    }

    /// Whether an API is blocked.
    pub(crate) fn is_blocked(&self, api: &SubscribedApiConfig, env: &dyn Env) -> Result<bool, Failure> {
        Ok(self.directory(env)?.is_blocked(api))
    }

    fn directory(&self, env: &dyn Env) -> Result<Rc<Directory>, Failure> {
        if let Some(known) = &*self.known.borrow() {
            return Ok(Rc::clone(known));
        }
        Err(match env.answer(&Topic::Source(Rc::clone(&self.source))) {
            None => Failure::Pending(Need::Refresh(Rc::clone(&self.source))),
            Some(_) => Unavailable::Subscriptions.into(),
        })
    }

    /// Takes in what was fetched.
    pub(crate) fn learn(&self, text: &[u8]) {
        if !self.is_ours.replace(false) {
            // Another worker's: this one knows no ETag of it.
            self.etag.replace(None);
        }
        let Ok(document) = Document::read(text) else { return };
        self.editions.set(self.editions.get() + 1);
        self.known.replace(Some(Rc::new(Directory::new(document, self.editions.get()))));
    }

    /// The next step of a fetch.
    pub(crate) fn fetch(&self, answer: Option<&Answer>, env: &dyn Env) -> Fetch {
        let step = match answer {
            None => self.begin(env),
            Some(Answer::Replied(reply)) => self.go_on(reply, env),
            Some(other) => Err(format!("there is no reply: {other:?}")),
        };
        step.unwrap_or_else(Fetch::Failed)
    }

    fn begin(&self, env: &dyn Env) -> Result<Fetch, String> {
        self.is_ours.set(false);
        self.gathered.replace(Gathered::default());
        let mut call = self.remote.get(MAX_BYTES as u32);
        let etag = self.etag.borrow().clone().filter(|_| self.known.borrow().is_some());
        call.headers.extend(etag.map(|etag| ("if-none-match".into(), etag)));
        self.authorized(call, env)
    }

    fn go_on(&self, reply: &CallReply, env: &dyn Env) -> Result<Fetch, String> {
        let mut gathered = self.gathered.borrow_mut();
        match reply.status {
            304 if gathered.pages == 0 && self.known.borrow().is_some() => return Ok(Fetch::Unchanged),
            200 => {}
            status => return Err(format!("the server answers {status}")),
        }
        if gathered.pages == 0 {
            let etag = reply.headers.first("etag").and_then(|etag| std::str::from_utf8(etag).ok());
            gathered.etag = etag.map(str::to_owned);
        }
        gathered.pages += 1;
        gathered.bytes += reply.body.length();
        if gathered.bytes > MAX_BYTES {
            return Err(format!("the document has more than {MAX_BYTES} bytes"));
        }
        let page = Document::read(&reply.body.whole())?;
        let next = page.next.clone();
        gathered.document.append(page);
        if let Some(next) = next {
            let call = self.remote.get_path(&next, MAX_BYTES as u32).ok_or("`next` is no path")?;
            return self.authorized(call, env);
        }
        let Gathered { document, etag, .. } = std::mem::take(&mut *gathered);
        // A whole that contradicts itself is known to nobody.
        document.check()?;
        self.etag.replace(etag);
        self.is_ours.set(true);
        Ok(Fetch::Replace(document.to_text()?))
    }

    fn authorized(&self, mut call: Call, env: &dyn Env) -> Result<Fetch, String> {
        if let Some(name) = &self.authorization_env {
            let value = env.secret(name).ok_or_else(|| format!("the environment lacks {name}"))?;
            call.headers.push(("authorization".into(), value));
        }
        Ok(Fetch::Call(call))
    }
}
