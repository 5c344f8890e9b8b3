//! What follows a request that passed: its body, seen as it goes by, and its response, which may be held until it is
//! judged. Only what a policy has asked to see is read at all.

use portcullis_core::{Body, Judge, Judgement, Observation, PolicyChain, Rejection, Response, Watch};

use crate::env::OBSERVED;
use crate::host::{self, Buffer, Map};
use crate::violations::{Message, Outcome};
use crate::worker::Worker;

/// How the host names a response that came from an upstream, and not from itself or a filter.
const FROM_UPSTREAM: &[u8] = b"via_upstream";
const DETAILS: &str = "response\0code_details";

/// A request and response that are watched.
pub(crate) struct Watching {
    watch: Watch,
    request: Option<Copied>,
    response: Stage,
    /// Whether something of the request was observed to be wrong before its body.
    was_wrong: bool,
    /// What the access log is told.
    observed: String,
}

/// How far the response is.
enum Stage {
    Expected,
    /// Its body goes by.
    Copied(Response, Copied),
    /// Nothing of it goes on before its body is there, of at most so many bytes.
    Held(Response, u32),
    Judged,
    /// The client has another answer: nothing of it goes on.
    Refused,
}

/// What has gone by of a body.
struct Copied {
    bytes: Vec<u8>,
    max: u32,
    is_too_long: bool,
}

/// What becomes of a part of a response.
pub(crate) enum Seen {
    Passes,
    Waits,
    Refused(Box<Rejection>),
}

impl Watching {
    /// What a policy has asked for; `observed` is what the access log was told already.
    pub(crate) fn new(watch: Watch, observed: String) -> Self {
        let request = watch.body.as_ref().map(|body| Copied::up_to(body.max));
        let response = if watch.response { Stage::Expected } else { Stage::Judged };
        Self { watch, request, response, was_wrong: !observed.is_empty(), observed }
    }

    /// The request's body cannot be seen whole any more.
    pub(crate) fn miss_body(&mut self) {
        self.request = None;
    }

    /// A part of the request's body goes by, or only its end.
    pub(crate) fn request_part<C: PolicyChain>(&mut self, worker: &Worker<C>, has_part: bool, is_last: bool) {
        let Some(copied) = &mut self.request else { return };
        if has_part {
            copied.add(Buffer::RequestBody);
        }
        if is_last
            && let (Some(copied), Some(policy)) = (self.request.take(), worker.chain.watcher())
            && let Some(found) = policy.on_body(&self.watch, &copied.into_body())
        {
            worker.count(&found, Message::Request, Outcome::Observed, self.was_wrong);
            note(&mut self.observed, &found);
        }
    }

    /// The response has begun; it is whole when it has no body.
    pub(crate) fn response_head<C: PolicyChain>(&mut self, worker: &Worker<C>, is_whole: bool) -> Seen {
        // What the gateway itself answers is not for the document to describe.
        let is_own = host::property(DETAILS).is_some_and(|details| details != FROM_UPSTREAM);
        if is_own || !matches!(self.response, Stage::Expected) {
            return Seen::Passes;
        }
        let Ok(headers) = host::headers(Map::Response) else {
            self.response = Stage::Refused;
            return Seen::Refused(Box::new(Rejection::internal("host-refused")));
        };
        let mut response = Response::new(headers);
        if is_whole {
            response.set_body(Body::Whole(Vec::new()));
        }
        self.judge(worker, response)
    }

    /// A part of the response's body; `size` counts what is held and the part.
    pub(crate) fn response_part<C: PolicyChain>(
        &mut self,
        worker: &Worker<C>,
        size: usize,
        is_last: bool,
    ) -> Seen {
        match std::mem::replace(&mut self.response, Stage::Judged) {
            Stage::Held(mut response, max) if size > max as usize => {
                response.set_body(Body::TooLong);
                self.judge(worker, response)
            }
            Stage::Copied(response, mut copied) => {
                copied.add(Buffer::ResponseBody);
                self.response = Stage::Copied(response, copied);
                if is_last { self.response_end(worker) } else { Seen::Passes }
            }
            stage => {
                self.response = stage;
                if is_last { self.response_end(worker) } else { self.standing() }
            }
        }
    }

    /// The response is whole.
    #[inline(never)]
    pub(crate) fn response_end<C: PolicyChain>(&mut self, worker: &Worker<C>) -> Seen {
        let (mut response, body) = match std::mem::replace(&mut self.response, Stage::Judged) {
            Stage::Copied(response, copied) => (response, copied.into_body()),
            Stage::Held(response, max) => {
                let mut copied = Copied::up_to(max);
                copied.add(Buffer::ResponseBody);
                (response, copied.into_body())
            }
            stage => {
                self.response = stage;
                return self.standing();
            }
        };
        response.set_body(body);
        self.judge(worker, response)
    }

    /// What holds for a part that brings no judgement nearer.
    fn standing(&self) -> Seen {
        match self.response {
            Stage::Held(..) | Stage::Refused => Seen::Waits,
            Stage::Expected | Stage::Copied(..) | Stage::Judged => Seen::Passes,
        }
    }

    // Called from several places and seldom: once is enough in a module.
    #[inline(never)]
    fn judge<C: PolicyChain>(&mut self, worker: &Worker<C>, response: Response) -> Seen {
        let judged =
            worker.chain.watcher().map(|policy: &dyn Judge| policy.on_response(&self.watch, &response));
        let (stage, seen) = match judged.unwrap_or(Judgement::Pass(None)) {
            Judgement::Pass(found) => {
                if let Some(found) = found {
                    worker.count(&found, Message::Response, Outcome::Observed, false);
                    note(&mut self.observed, &found);
                }
                (Stage::Judged, Seen::Passes)
            }
            Judgement::NeedBody { .. } if *response.body() != Body::Unread => {
                (Stage::Refused, Seen::Refused(Box::new(Rejection::internal("undecided"))))
            }
            Judgement::NeedBody { max, held: true } => (Stage::Held(response, max), Seen::Waits),
            Judgement::NeedBody { max, held: false } => {
                (Stage::Copied(response, Copied::up_to(max)), Seen::Passes)
            }
            Judgement::Refuse(rejection, found) => {
                worker.count(&found, Message::Response, Outcome::Refused, false);
                note(&mut self.observed, &found);
                (Stage::Refused, Seen::Refused(Box::new(rejection)))
            }
        };
        self.response = stage;
        seen
    }
}

impl Copied {
    fn up_to(max: u32) -> Self {
        Self { bytes: Vec::new(), max, is_too_long: false }
    }

    #[inline(never)]
    fn add(&mut self, kind: Buffer) {
        let room = (self.max as usize).saturating_sub(self.bytes.len()).saturating_add(1);
        if self.is_too_long {
            return;
        }
        match host::buffer(kind, 0, room) {
            Ok(part) if part.len() < room && self.bytes.is_empty() => self.bytes = part,
            Ok(part) if part.len() < room => self.bytes.extend(part),
            _ => {
                self.is_too_long = true;
                self.bytes = Vec::new();
            }
        }
    }

    fn into_body(self) -> Body {
        if self.is_too_long { Body::TooLong } else { Body::Whole(self.bytes) }
    }
}

/// Tells the access log.
#[inline(never)]
fn note(text: &mut String, found: &Observation) {
    found.add_to(text);
    if host::set_property(OBSERVED, text).is_err() {
        log::warn!("the host refused what the access log should say: {text}");
    }
}
