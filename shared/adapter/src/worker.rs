//! What the streams of a worker share: the policies, the calls on their way, the sources.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcullis_core::{Answer, ErrorFormat, PolicyChain, Question};

use crate::asking::Waiter;
use crate::calls::{Calls, Told};
use crate::host;
use crate::sources::Sources;

/// One configuration in one worker.
pub(crate) struct Worker<C> {
    pub(crate) chain: C,
    /// How refusals are told.
    pub(crate) errors: ErrorFormat,
    calls: RefCell<Calls>,
    sources: RefCell<Sources>,
    /// The context that the host is speaking with.
    active: Cell<u32>,
    root: u32,
}

impl<C: PolicyChain> Worker<C> {
    pub(crate) fn new(chain: C, errors: ErrorFormat, root: u32) -> Self {
        let sources = RefCell::new(Sources::of(&chain));
        Self { chain, errors, calls: RefCell::default(), sources, active: Cell::new(root), root }
    }

    /// Notes the context that the host is speaking with: it gets the replies to calls made meanwhile.
    pub(crate) fn enter(&self, context: u32) {
        self.active.set(context);
    }

    /// Has a stream wait for an answer. One that comes at once is returned.
    pub(crate) fn ask(&self, question: Question, waiter: Rc<dyn Waiter>) -> Option<Answer> {
        match question {
            Question::Call { key, call } => {
                let failure = self.calls.borrow_mut().ask(key, *call, waiter, self.active.get());
                failure.map(Answer::Failed)
            }
            Question::Refresh { source } => self.sources.borrow_mut().wait(&source, waiter),
        }
    }

    /// The reply to a call has come.
    pub(crate) fn reply(&self, token: u32, headers: usize) {
        let told = self.calls.borrow_mut().reply(token, headers);
        match told {
            Some(told) => self.tell(told),
            None => drop(self.sources.borrow_mut().reply(&self.chain, token, headers)),
        }
    }

    /// Time has passed.
    pub(crate) fn tick(&self) {
        self.enter(self.root);
        let now = host::now();
        let mut told = self.sources.borrow_mut().tick(&self.chain, now);
        told.append(&mut self.calls.borrow_mut().sweep(self.root, now));
        self.tell(told);
    }

    /// A stream has ended.
    pub(crate) fn leave(&self, context: u32) {
        self.calls.borrow_mut().leave(context);
        self.sources.borrow_mut().leave(context);
    }

    /// Each stream goes on by itself, and may ask again.
    fn tell(&self, told: Told) {
        for (waiter, topic, answer) in told {
            waiter.tell(topic, answer);
        }
    }
}
