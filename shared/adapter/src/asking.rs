//! A stream that waits for an answer. The answer may come while the host speaks with another stream that asked the
//! same, or with none; the stream then goes on from there, and takes up what came of it when it is next called.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcullis_core::{Answer, Passage, PolicyChain, Question, Topic};

use crate::host;
use crate::stream::{Place, ResponseHeaders, State, deliver, go_on, is_endless};

/// Someone who waits for an answer.
pub(crate) trait Waiter {
    /// The stream's context.
    fn context(&self) -> u32;

    /// The answer is there.
    fn tell(&self, topic: Topic, answer: Rc<Answer>);
}

/// A request that waits for an answer.
pub(crate) struct Asking<C> {
    place: Place<C>,
    /// Whether the whole request has come.
    is_whole: Cell<bool>,
    /// See [`Place::has_parts`].
    has_parts: Cell<bool>,
    slot: RefCell<Slot<C>>,
}

enum Slot<C> {
    /// It waits. With the response headers of the policies it has passed.
    Waiting(Box<(Passage, ResponseHeaders)>),
    /// It has gone on, to this.
    Decided(State<C>),
    /// In between, and when that has been taken up.
    Taken,
}

/// What comes of a question: the stream waits, or has its answer at once.
pub(crate) enum Asked<C> {
    Waits(Rc<Asking<C>>),
    Answered(Box<(Passage, ResponseHeaders)>),
}

impl<C: PolicyChain + 'static> Asking<C> {
    /// Asks for a stream.
    pub(crate) fn ask(
        place: &Place<C>,
        question: Question,
        passage: Passage,
        response: ResponseHeaders,
    ) -> Asked<C> {
        let topic = question.topic();
        let slot = RefCell::new(Slot::Waiting(Box::new((passage, response))));
        let asking = Rc::new(Self {
            place: place.clone(),
            is_whole: Cell::new(place.is_whole),
            has_parts: Cell::new(place.has_parts),
            slot,
        });
        let waiter: Rc<dyn Waiter> = Rc::clone(&asking) as _;
        if let Some(answer) = place.worker.ask(question, waiter)
            && let Slot::Waiting(mut held) = asking.slot.replace(Slot::Taken)
        {
            held.0.set_answer(topic, Rc::new(answer));
            return Asked::Answered(held);
        }
        Asked::Waits(asking)
    }

    /// What the stream has come to, if its answer has been there.
    pub(crate) fn take_decided(&self) -> Option<State<C>> {
        let mut slot = self.slot.borrow_mut();
        match std::mem::replace(&mut *slot, Slot::Taken) {
            Slot::Decided(state) => Some(state),
            other => {
                *slot = other;
                None
            }
        }
    }

    /// The request's last part has come.
    pub(crate) fn complete(&self) {
        self.is_whole.set(true);
    }

    /// A part of the body has come.
    pub(crate) fn hold_part(&self) {
        self.has_parts.set(true);
    }
}

impl<C: PolicyChain + 'static> Waiter for Asking<C> {
    fn context(&self) -> u32 {
        self.place.context
    }

    fn tell(&self, topic: Topic, answer: Rc<Answer>) {
        let Slot::Waiting(held) = self.slot.replace(Slot::Taken) else { return };
        let (mut passage, response) = *held;
        if host::speak_for(self.place.context).is_err() {
            return log::error!("the host does not know a stream that waits; the request is held");
        }
        let is_endless = is_endless(passage.request());
        passage.set_answer(topic, answer);
        let (is_whole, has_parts) = (self.is_whole.get(), self.has_parts.get());
        let place = Place { is_whole, has_parts, ..self.place.clone() };
        let mut state =
            go_on(passage, response, &place).unwrap_or_else(|answer| deliver(&answer, place.worker.errors));
        // Envoy, once it has let go of what it held, takes the next part for an addition to it. Where its router keeps the body to be able
        // to send it again, the upstream would get the beginning twice. So all goes on with the next part, unless the
        // client might wait for an answer before it sends one.
        let waits = has_parts && !is_whole && !is_endless;
        let is_passed = match &mut state {
            State::Passed(passed) if waits => {
                passed.hold_parts();
                false
            }
            State::Passed(passed) => {
                match (has_parts, is_whole) {
                    (true, true) => passed.see_whole(&place.worker),
                    (true, false) => passed.miss_body(),
                    (false, _) => {}
                }
                true
            }
            _ => false,
        };
        self.slot.replace(Slot::Decided(state));
        if is_passed && host::resume_request().is_err() {
            log::error!("the host refused to let a request go on; it is held");
        }
    }
}
