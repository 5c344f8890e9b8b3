//! What policies must know and what changes while they run: keys, lists of revoked tokens. One worker of the host
//! fetches it for all, outside of any request; every worker learns it.

use std::rc::Rc;
use std::time::Duration;

use crate::metric::Metric;
use crate::policy::Env;
use crate::question::{Answer, Call, Topic};

/// Something to be fetched now and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Unique among the sources of a plugin.
    pub name: Rc<str>,
    /// How long after an attempt that succeeded the next one follows.
    pub interval: Duration,
    /// How long after an attempt that failed the next one follows; also how often [`crate::Question::Refresh`] leads to one.
    pub retry: Duration,
}

/// What a fetch does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Fetch {
    /// Makes a call; [`Answer`] decides how it goes on.
    Call(Call),
    /// Is done. All workers learn this, in the place of all that they learned from this source before.
    Replace(Vec<u8>),
    /// Is done. All workers learn this in addition.
    Add(Vec<u8>),
    /// Is done: nothing is new.
    Unchanged,
    /// Has failed; what is known stays. One sentence for the log, without a secret.
    Failed(String),
}

/// Those who know what to fetch, and what to make of it. All state is theirs.
pub trait Learn {
    /// What is to be fetched.
    fn sources(&self) -> Vec<Source> {
        Vec::new()
    }

    /// Whether it may ever ask or has something fetched. If not, no time is spent on it between requests.
    fn asks(&self) -> bool {
        !self.sources().is_empty()
    }

    /// The first step of a fetch, or the next one after an answer.
    fn fetch(&self, _source: &str, _answer: Option<&Answer>, _env: &dyn Env) -> Fetch {
        Fetch::Unchanged
    }

    /// Takes in what came of a [`crate::Question::Call`], once, before those who asked it are told.
    fn answered(&self, _topic: &Topic, _answer: &Answer, _env: &dyn Env) {}

    /// What it counts for those who watch the gateway; nothing, unless its configuration says so. The same each time.
    fn metrics(&self) -> Vec<Metric> {
        Vec::new()
    }

    /// Tells what has changed since it was last asked: the place among [`Learn::metrics`], and by how much a counter has grown or
    /// what a gauge says. Called between requests, so that counting costs these no host call.
    fn measure(&self, _env: &dyn Env, _tell: &mut dyn FnMut(usize, u64)) {}

    /// Takes in what a fetch has brought. Called in every worker, the one that fetched included. `replaces` is
    /// false for what comes in addition. False when it cannot be learned now, because what it leads to in the shared data
    /// is gone or not there yet: it comes again.
    fn learn(&self, _source: &str, _text: Vec<u8>, _replaces: bool, _env: &dyn Env) -> bool {
        true
    }
}
