//! One request on its way through the policies of a plugin: when to ask, when to wait for the body, what to do
//! with the answer. Nothing goes on to the upstream before the policies have said so.

use std::borrow::Cow;
use std::rc::Rc;

use portcullis_core::{Decision, Edits, Passage, PolicyChain, Progress, Rejection, Request};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

use crate::answer::Answer;
use crate::env::{HostEnv, IDENTITY, OPERATION};
use crate::host::{self, Buffer, Map, Refused};

type ResponseHeaders = Vec<(Cow<'static, str>, String)>;

pub(crate) struct Stream<C> {
    chain: Option<Rc<C>>,
    state: State,
}

enum State {
    /// The head has not come yet.
    New,
    /// A policy wants the body, of at most so many bytes; everything is held until it has it.
    AwaitingBody(Box<Held>),
    /// The policies let the request pass.
    Passed(ResponseHeaders),
    /// The client has its answer; nothing goes on.
    Answered,
}

/// A request that waits for its body.
struct Held {
    passage: Passage,
    max: u32,
    /// Of the policies it has passed.
    response: ResponseHeaders,
}

impl<C: PolicyChain> Stream<C> {
    pub(crate) fn new(chain: Option<Rc<C>>) -> Self {
        Self { chain, state: State::New }
    }

    fn judge_head(&self, end_of_stream: bool) -> Result<State, Answer> {
        let chain = self.chain()?;
        let env = HostEnv::default();
        if let Some(decision) = without_head(chain, &env) {
            return match decision {
                Decision::Continue(mut edits) => {
                    // How often a client sent them is not known here.
                    edits.remove.extend(edits.set.iter().map(|(name, _)| name.clone()));
                    pass(edits)
                }
                Decision::Reject(rejection) => Err(rejection.into()),
                Decision::Respond(reply) => Err(reply.into()),
                Decision::NeedBody(_) => Err(Rejection::internal("undecided").into()),
            };
        }
        let mut request = Request::new(host::headers(Map::Request)?).map_err(Rejection::from)?;
        if end_of_stream {
            request.set_body(Vec::new());
        }
        match Passage::new(request).advance(chain, &env) {
            Progress::NeedsBody(passage, max) => hold(passage, max),
            progress => settle(progress, Vec::new()),
        }
    }

    fn judge_body(&self, held: Held) -> Result<State, Answer> {
        let Held { mut passage, max, response } = held;
        let body = host::buffer(Buffer::RequestBody, (max as usize).saturating_add(1))?;
        if body.len() > max as usize {
            return Err(Answer::from(Rejection::body_too_large(max)).with(response));
        }
        passage.set_body(body);
        settle(passage.advance(self.chain()?, &HostEnv::default()), response)
    }

    fn chain(&self) -> Result<&C, Answer> {
        self.chain.as_deref().ok_or_else(|| Rejection::internal("not-configured").into())
    }

    /// Takes up a new state; says whether the filters that follow may see what has come so far.
    fn enter(&mut self, judged: Result<State, Answer>) -> Action {
        match judged {
            Ok(state) => {
                let action = if matches!(state, State::Passed(_)) { Action::Continue } else { Action::Pause };
                self.state = state;
                action
            }
            Err(answer) => {
                self.state = State::Answered;
                if answer.send().is_err() {
                    log::error!("the host refused to send a local response; the request is held");
                }
                Action::Pause
            }
        }
    }

    fn take_body(&mut self) -> Action {
        match std::mem::replace(&mut self.state, State::Answered) {
            State::AwaitingBody(held) => {
                let judged = self.judge_body(*held);
                self.enter(judged)
            }
            state => {
                self.state = state;
                self.standing()
            }
        }
    }

    /// What holds for a part of the message that brings no decision nearer.
    fn standing(&self) -> Action {
        if matches!(self.state, State::Passed(_)) { Action::Continue } else { Action::Pause }
    }
}

impl<C> Context for Stream<C> {}

impl<C: PolicyChain> HttpContext for Stream<C> {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        let judged = self.judge_head(end_of_stream);
        self.enter(judged)
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        match &mut self.state {
            State::AwaitingBody(held) if size > held.max as usize => {
                let answer = Answer::from(Rejection::body_too_large(held.max));
                let answer = answer.with(std::mem::take(&mut held.response));
                self.enter(Err(answer))
            }
            State::AwaitingBody(_) if end_of_stream => self.take_body(),
            _ => self.standing(),
        }
    }

    /// With HTTP/2 trailers the last part of the body does not end the stream: the body is whole here.
    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.take_body()
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        if let State::Passed(headers) = &self.state {
            for (name, value) in headers {
                if host::set_header(Map::Response, name, value).is_err() {
                    log::warn!("the host refused the response header {name}");
                }
            }
        }
        Action::Continue
    }
}

/// A lone policy may know enough from what earlier plugins published.
fn without_head(chain: &impl PolicyChain, env: &HostEnv) -> Option<Decision> {
    chain.policy(0).filter(|_| chain.policy(1).is_none())?.without_head(env)
}

/// Carries out what the policies so far decided, and waits for the body.
fn hold(mut passage: Passage, max: u32) -> Result<State, Answer> {
    let edits = passage.take_edits();
    if is_endless(passage.request()) {
        let detail =
            "This operation's body must be judged as a whole, so it cannot be a gRPC or upgraded stream.";
        return Err(answered(Rejection::new(415, "stream-unsupported", detail), edits, Vec::new()));
    }
    apply(&edits)?;
    Ok(State::AwaitingBody(Box::new(Held { passage, max, response: edits.response })))
}

/// `response` is of the policies that were passed before the body came.
fn settle(progress: Progress, mut response: ResponseHeaders) -> Result<State, Answer> {
    match progress {
        Progress::Passed(mut edits) => {
            response.append(&mut edits.response);
            edits.response = response;
            pass(edits)
        }
        Progress::Rejected(rejection, edits) => Err(answered(rejection, edits, response)),
        Progress::Answered(reply, edits) => Err(answered(reply, edits, response)),
        Progress::NeedsBody(..) => Err(Rejection::internal("undecided").into()),
    }
}

fn pass(edits: Edits) -> Result<State, Answer> {
    apply(&edits)?;
    Ok(State::Passed(edits.response))
}

/// An answer from behind policies that were passed: the access log names what they found out, and the client gets
/// their response headers.
fn answered(answer: impl Into<Answer>, mut edits: Edits, mut response: ResponseHeaders) -> Answer {
    if publish(&edits).is_err() {
        log::warn!("the host refused what the access log should say");
    }
    response.append(&mut edits.response);
    answer.into().with(response)
}

/// All that is removed goes before anything is set.
fn apply(edits: &Edits) -> Result<(), Refused> {
    for name in &edits.remove {
        host::remove_header(Map::Request, name)?;
    }
    for (name, value) in &edits.set {
        host::set_header(Map::Request, name, value)?;
    }
    publish(edits)
}

fn publish(edits: &Edits) -> Result<(), Refused> {
    if let Some(operation) = &edits.operation {
        host::set_property(OPERATION, operation)?;
    }
    if let Some(identity) = &edits.identity {
        host::set_property(IDENTITY, identity.line())?;
    }
    Ok(())
}

/// Whether holding the stream until its end would hold it for ever.
fn is_endless(request: &Request) -> bool {
    let headers = request.headers();
    let grpc =
        |value: &[u8]| value.get(..16).is_some_and(|start| start.eq_ignore_ascii_case(b"application/grpc"));
    headers.first("upgrade").is_some() || headers.all("content-type").any(grpc)
}
