//! What the streams of a worker share: the policies, the calls on their way, the sources.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcullis_core::{
    Answer, Call, ErrorFormat, Metric, MetricKind, Observation, PolicyChain, Question, Rejection, Topic,
};

use crate::asking::Waiter;
use crate::calls::{Asked, Calls, ReplySize, Told};
use crate::env::HostEnv;
use crate::host;
use crate::metrics::Metrics;
use crate::sources::Sources;
use crate::violations::{Message, Outcome, Violations, Wrong};

/// Most questions that wait for the next tick; the others are not asked ahead.
const MAX_AHEAD: usize = 1024;

/// One configuration in one worker.
pub(crate) struct Worker<C> {
    pub(crate) chain: C,
    /// How refusals are told.
    pub(crate) errors: ErrorFormat,
    /// Whether a policy wants to know when requests end.
    pub(crate) settles: bool,
    pub(crate) metrics: Metrics,
    violations: RefCell<Violations>,
    calls: RefCell<Calls>,
    sources: RefCell<Sources>,
    /// What no stream waits for, to be asked at the next tick.
    ahead: RefCell<Vec<Question>>,
    /// The context that the host is speaking with.
    active: Cell<u32>,
    root: u32,
}

impl<C: PolicyChain> Worker<C> {
    pub(crate) fn new(chain: C, errors: ErrorFormat, root: u32) -> Self {
        let sources = RefCell::new(Sources::of(&chain));
        let settles = C::SETTLES && (0..).map_while(|at| chain.policy(at)).any(|policy| policy.settles());
        let (calls, ahead, violations) = (RefCell::default(), RefCell::default(), RefCell::default());
        let metrics = if C::ASKS { Metrics::of(&chain) } else { Metrics::default() };
        let active = Cell::new(root);
        Self { chain, errors, settles, metrics, violations, calls, sources, ahead, active, root }
    }

    /// Notes the context that the host is speaking with: it gets the replies to calls made meanwhile.
    pub(crate) fn enter(&self, context: u32) {
        self.active.set(context);
    }

    /// Counts a request that is refused.
    pub(crate) fn count_refused(&self, rejection: &Rejection) {
        if C::WATCHES && rejection.operation.is_some() {
            self.count(&Observation::from(rejection), Message::Request, Outcome::Refused, false);
        }
    }

    /// Counts what is wrong with a message; `again` when the message was counted already. What the host does not take is lost, and no
    /// reason to stop.
    #[inline(never)]
    pub(crate) fn count(&self, found: &Observation, message: Message, outcome: Outcome, again: bool) {
        let Some(operation) = &found.operation else { return };
        let (code, violations) = (found.code, found.violations.as_slice());
        let wrong = Wrong { operation, message, outcome, code, violations, again };
        let define = |name| host::define_metric(&Metric { name, kind: MetricKind::Counter }).ok();
        let grow = |number| {
            let _refused = host::increment_metric(number, 1);
        };
        self.violations.borrow_mut().add(&wrong, define, grow);
    }

    /// Has a stream wait for an answer. One that comes at once is returned.
    pub(crate) fn ask(&self, question: Question, waiter: Rc<dyn Waiter>) -> Option<Answer> {
        match question {
            Question::Call { key, call } => self.call(key, *call, Some(waiter)),
            Question::Own { number, call } => {
                let asked = Asked::Own { context: waiter.context(), number };
                let failure = self.calls.borrow_mut().ask(asked, *call, Some(waiter), self.active.get());
                failure.map(Answer::Failed)
            }
            Question::Refresh { source } => self.sources.borrow_mut().wait(&source, waiter),
        }
    }

    /// Notes what is to be asked at the next tick: what this context asked now would get lost when its stream ends.
    pub(crate) fn ask_ahead(&self, question: Question) {
        let mut ahead = self.ahead.borrow_mut();
        if ahead.len() < MAX_AHEAD {
            ahead.push(question);
        }
    }

    fn call(&self, key: u128, call: Call, waiter: Option<Rc<dyn Waiter>>) -> Option<Answer> {
        let asked = Asked::Shared(key);
        let failure = self.calls.borrow_mut().ask(asked, call, waiter, self.active.get())?;
        let answer = Answer::Failed(failure);
        self.learn(&Topic::Call(key), &answer);
        Some(answer)
    }

    /// The reply to a call has come.
    pub(crate) fn reply(&self, token: u32, size: ReplySize) {
        let told = self.calls.borrow_mut().reply(token, size);
        match told {
            Some(told) => self.tell(told),
            None => drop(self.sources.borrow_mut().reply(&self.chain, token, size)),
        }
    }

    /// Time has passed.
    pub(crate) fn tick(&self) {
        self.enter(self.root);
        self.metrics.tell(&self.chain);
        let now = host::now();
        let mut told = self.sources.borrow_mut().tick(&self.chain, now);
        told.append(&mut self.calls.borrow_mut().sweep(self.root, now));
        told.into_iter().for_each(|told| self.tell(told));
        for question in self.ahead.take() {
            if let Question::Call { key, call } = question {
                self.call(key, *call, None);
            }
        }
    }

    /// A stream has ended.
    pub(crate) fn leave(&self, context: u32) {
        self.calls.borrow_mut().leave(context);
        self.sources.borrow_mut().leave(context);
    }

    /// Each stream goes on by itself, and may ask again.
    fn tell(&self, told: Told) {
        self.learn(&told.topic, &told.answer);
        for waiter in told.waiting {
            waiter.tell(told.topic.clone(), Rc::clone(&told.answer));
        }
    }

    /// Has the policies take in what came of a question that is not one request's alone.
    fn learn(&self, topic: &Topic, answer: &Answer) {
        if let Topic::Call(_) = topic {
            let env = HostEnv::default();
            (0..)
                .map_while(|at| self.chain.policy(at))
                .for_each(|policy| policy.answered(topic, answer, &env));
        }
    }
}
