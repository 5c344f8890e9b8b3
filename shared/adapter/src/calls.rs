//! Calls to servers on their way, and the streams that wait for them. Streams that ask the same share one call.

use std::collections::HashMap;
use std::rc::Rc;

use portcullis_core::{Answer, Call, CallFailure, CallReply, Headers, ReplyBody, Topic};

use crate::asking::Waiter;
use crate::breaker::Breaker;
use crate::host::{self, Buffer, Map, Refused};

/// Most different questions open at a time in a worker.
const MAX_OPEN: usize = 1024;
/// Most servers whose health is remembered; there are as many as the configuration names.
const MAX_BREAKERS: usize = 256;
/// What a stream waits for an answer beyond the call's own time: another's call may have begun earlier and been lost.
const GRACE_NANOS: u64 = 2_000_000_000;

/// What came of a call, and who waits for that.
pub(crate) struct Told {
    pub(crate) topic: Topic,
    pub(crate) answer: Rc<Answer>,
    pub(crate) waiting: Vec<Rc<dyn Waiter>>,
}

/// What one call answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Asked {
    /// The question of this key, whoever asks.
    Shared(u128),
    /// The question of this number that the stream asks.
    Own {
        /// The stream's context.
        context: u32,
        number: u32,
    },
}

impl Asked {
    fn topic(self) -> Topic {
        match self {
            Self::Shared(key) => Topic::Call(key),
            Self::Own { number, .. } => Topic::Own(number),
        }
    }
}

/// How much there is of the reply that the host is speaking of; without headers there is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReplySize {
    /// How many headers.
    pub(crate) headers: usize,
    /// Bytes of the body.
    pub(crate) body: usize,
    /// How many trailers.
    pub(crate) trailers: usize,
}

/// Every call of a worker.
#[derive(Default)]
pub(crate) struct Calls {
    open: HashMap<Asked, Open>,
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
    asked: Asked,
    /// The context that gets the reply.
    owner: u32,
}

impl Calls {
    /// Asks, or joins those who have asked already. `active` is the context the host is speaking with. An answer that
    /// comes at once is returned. Without a waiter the answer is for all who come later.
    pub(crate) fn ask(
        &mut self,
        asked: Asked,
        call: Call,
        waiter: Option<Rc<dyn Waiter>>,
        active: u32,
    ) -> Option<CallFailure> {
        if let Some(open) = self.open.get_mut(&asked) {
            open.waiting.extend(waiter);
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
        self.sent.insert(token, Sent { asked, owner: active });
        let waiting = waiter.into_iter().collect();
        self.open.insert(asked, Open { call, waiting, token: Some(token), since: now });
        None
    }

    /// Takes in the reply to a call; `None` when the call is not one of these.
    pub(crate) fn reply(&mut self, token: u32, size: ReplySize) -> Option<Told> {
        let asked = self.sent.remove(&token)?.asked;
        let open = self.open.remove(&asked)?;
        let answer = read_reply(size, open.call.max_reply);
        if let Some(breaker) = self.breaker(&open.call.service) {
            breaker.record(answer.is_failure(), host::now());
        }
        Some(open.told(asked, answer))
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
    pub(crate) fn sweep(&mut self, root: u32, now: u64) -> Vec<Told> {
        let mut told = Vec::new();
        let lost: Vec<Asked> =
            self.open.iter().filter(|(_, open)| open.token.is_none()).map(|(asked, _)| *asked).collect();
        for asked in lost {
            let Some(open) = self.open.get_mut(&asked) else { continue };
            if let Ok(token) = host::call(&open.call) {
                open.token = Some(token);
                self.sent.insert(token, Sent { asked, owner: root });
            } else if let Some(open) = self.open.remove(&asked) {
                told.push(open.told(asked, Answer::Failed(CallFailure::Reset)));
            }
        }
        let late = |open: &Open| {
            let timeout = u64::try_from(open.call.timeout.as_nanos()).unwrap_or(u64::MAX);
            now.abs_diff(open.since) > timeout.saturating_add(GRACE_NANOS)
        };
        let late: Vec<Asked> =
            self.open.iter().filter(|(_, open)| late(open)).map(|(asked, _)| *asked).collect();
        for asked in late {
            let Some(open) = self.open.remove(&asked) else { continue };
            told.push(open.told(asked, Answer::Failed(CallFailure::TimedOut)));
        }
        self.sent.retain(|_, sent| self.open.contains_key(&sent.asked));
        told
    }

    fn breaker(&mut self, service: &Rc<str>) -> Option<&mut Breaker> {
        if !self.breakers.contains_key(service) && self.breakers.len() >= MAX_BREAKERS {
            return None;
        }
        Some(self.breakers.entry(Rc::clone(service)).or_default())
    }
}

impl Open {
    fn told(self, asked: Asked, answer: Answer) -> Told {
        Told { topic: asked.topic(), answer: Rc::new(answer), waiting: self.waiting }
    }
}

/// The reply of the call that the host is speaking of; without headers there is none.
fn read_reply(size: ReplySize, max: u32) -> Answer {
    let max = max as usize;
    read_head(size, || {
        let body = host::buffer(Buffer::CallReply, 0, max.saturating_add(1));
        let body = body.map_err(|Refused| CallFailure::Reset)?;
        if body.len() > max { Err(CallFailure::TooLong) } else { Ok(body.into()) }
    })
}

/// The same reply, whose body stays with the host.
pub(crate) fn read_reply_with_host(size: ReplySize, max: u32) -> Answer {
    read_head(size, || {
        let body = ReplyBody::WithHost { length: size.body, piece: piece_of_reply };
        if size.body > max as usize { Err(CallFailure::TooLong) } else { Ok(body) }
    })
}

fn piece_of_reply(from: usize, most: usize) -> Vec<u8> {
    host::buffer(Buffer::CallReply, from, most).unwrap_or_default()
}

fn read_head(size: ReplySize, body: impl FnOnce() -> Result<ReplyBody, CallFailure>) -> Answer {
    let headers = |map, size| match size {
        0 => Ok(Headers::default()),
        _ => host::headers(map).map_err(|Refused| CallFailure::Reset),
    };
    let reply = || {
        let head = headers(Map::CallReply, size.headers)?;
        let status = head.first(":status").and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
        let status = status.ok_or(CallFailure::Reset)?;
        let trailers = headers(Map::CallReplyTrailers, size.trailers)?;
        Ok(CallReply { status, headers: head, body: body()?, trailers })
    };
    reply().map_or_else(Answer::Failed, Answer::Replied)
}
