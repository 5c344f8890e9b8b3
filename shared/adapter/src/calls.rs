//! Calls to servers on their way, and the streams that wait for them. Streams that ask the same share one call.

use std::collections::HashMap;
use std::rc::Rc;

use portcullis_core::{Answer, Call, CallFailure, CallReply, Topic};

use crate::asking::Waiter;
use crate::breaker::Breaker;
use crate::host::{self, Buffer, Map};

/// Most different questions open at a time in a worker.
const MAX_OPEN: usize = 1024;
/// Most servers whose health is remembered; there are as many as the configuration names.
const MAX_BREAKERS: usize = 256;
/// What a stream waits for an answer beyond the call's own time: another's call may have begun earlier and been lost.
const GRACE_NANOS: u64 = 2_000_000_000;

/// Waiters, and what they are told.
pub(crate) type Told = Vec<(Rc<dyn Waiter>, Topic, Rc<Answer>)>;

/// Every call of a worker.
#[derive(Default)]
pub(crate) struct Calls {
    /// By the questions' keys.
    open: HashMap<u128, Open>,
    /// By the host's token.
    sent: HashMap<u32, Sent>,
    breakers: HashMap<Rc<str>, Breaker>,
}

struct Open {
    call: Call,
    waiting: Vec<Rc<dyn Waiter>>,
    /// The call on its way; `None` when the stream it was sent for has ended, for then its reply gets lost.
    token: Option<u32>,
    since: u64,
}

struct Sent {
    key: u128,
    /// The context that gets the reply.
    owner: u32,
}

impl Calls {
    /// Asks, or joins those who have asked already. `active` is the context the host is speaking with. An answer that
    /// comes at once is returned.
    pub(crate) fn ask(
        &mut self,
        key: u128,
        call: Call,
        waiter: Rc<dyn Waiter>,
        active: u32,
    ) -> Option<CallFailure> {
        if let Some(open) = self.open.get_mut(&key) {
            open.waiting.push(waiter);
            return None;
        }
        if self.open.len() >= MAX_OPEN {
            return Some(CallFailure::Overloaded);
        }
        let now = host::now();
        if !self.breaker(&call.service).is_none_or(|breaker| breaker.admits(now)) {
            return Some(CallFailure::BreakerOpen);
        }
        let Ok(token) = host::call(&call) else {
            log::warn!("the host refused a call to {}", call.service);
            return Some(CallFailure::Reset);
        };
        self.sent.insert(token, Sent { key, owner: active });
        self.open.insert(key, Open { call, waiting: vec![waiter], token: Some(token), since: now });
        None
    }

    /// Takes in the reply to a call; `None` when the call is not one of these.
    pub(crate) fn reply(&mut self, token: u32, headers: usize) -> Option<Told> {
        let key = self.sent.remove(&token)?.key;
        let open = self.open.remove(&key)?;
        let answer = read_reply(headers, open.call.max_reply);
        if let Some(breaker) = self.breaker(&open.call.service) {
            breaker.record(answer.is_failure(), host::now());
        }
        Some(told(open.waiting, key, answer))
    }

    /// A stream has ended: it waits no longer, and replies to calls that were sent for it will not be told.
    pub(crate) fn leave(&mut self, context: u32) {
        self.sent.retain(|_, sent| sent.owner != context);
        for open in self.open.values_mut() {
            open.waiting.retain(|waiter| waiter.context() != context);
            open.token = open.token.filter(|token| self.sent.contains_key(token));
        }
        // A call whose reply comes to another stream is let end: others may join it.
        self.open.retain(|_, open| open.token.is_some() || !open.waiting.is_empty());
    }

    /// Sends again what was lost with a stream, and gives up what takes too long. Called for the root context.
    pub(crate) fn sweep(&mut self, root: u32, now: u64) -> Told {
        let mut told_up = Told::new();
        let lost: Vec<u128> =
            self.open.iter().filter(|(_, open)| open.token.is_none()).map(|(key, _)| *key).collect();
        for key in lost {
            let Some(open) = self.open.get_mut(&key) else { continue };
            if let Ok(token) = host::call(&open.call) {
                open.token = Some(token);
                self.sent.insert(token, Sent { key, owner: root });
            } else if let Some(open) = self.open.remove(&key) {
                told_up.extend(told(open.waiting, key, Answer::Failed(CallFailure::Reset)));
            }
        }
        let late = |open: &Open| {
            let timeout = u64::try_from(open.call.timeout.as_nanos()).unwrap_or(u64::MAX);
            now.abs_diff(open.since) > timeout.saturating_add(GRACE_NANOS)
        };
        let late: Vec<u128> = self.open.iter().filter(|(_, open)| late(open)).map(|(key, _)| *key).collect();
        for key in late {
            let Some(open) = self.open.remove(&key) else { continue };
            told_up.extend(told(open.waiting, key, Answer::Failed(CallFailure::TimedOut)));
        }
        self.sent.retain(|_, sent| self.open.contains_key(&sent.key));
        told_up
    }

    fn breaker(&mut self, service: &Rc<str>) -> Option<&mut Breaker> {
        if !self.breakers.contains_key(service) && self.breakers.len() >= MAX_BREAKERS {
            return None;
        }
        Some(self.breakers.entry(Rc::clone(service)).or_default())
    }
}

/// The reply of the call that the host is speaking of; without headers there is none.
pub(crate) fn read_reply(headers: usize, max: u32) -> Answer {
    if headers == 0 {
        return Answer::Failed(CallFailure::Reset);
    }
    let max = max as usize;
    let (Ok(headers), Ok(body)) =
        (host::headers(Map::CallReply), host::buffer(Buffer::CallReply, max.saturating_add(1)))
    else {
        return Answer::Failed(CallFailure::Reset);
    };
    if body.len() > max {
        return Answer::Failed(CallFailure::TooLong);
    }
    let status = headers.first(":status").and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
    match status {
        Some(status) => Answer::Replied(CallReply { status, headers, body }),
        None => Answer::Failed(CallFailure::Reset),
    }
}

fn told(waiting: Vec<Rc<dyn Waiter>>, key: u128, answer: Answer) -> Told {
    let answer = Rc::new(answer);
    waiting.into_iter().map(|waiter| (waiter, Topic::Call(key), Rc::clone(&answer))).collect()
}
