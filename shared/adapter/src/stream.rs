//! One request on its way through one policy: when to ask, when to wait for the body, what to do with the
//! answer. Nothing goes on to the upstream before the policy has said so.

use std::borrow::Cow;
use std::rc::Rc;

use portcullis_core::{Decision, Edits, Policy, Rejection, Reply, Request, problem_json};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

use crate::env::{HostEnv, IDENTITY, OPERATION};
use crate::host::{self, Buffer, Map, Refused};

type ResponseHeaders = Vec<(Cow<'static, str>, String)>;

pub(crate) struct Stream<P> {
    policy: Option<Rc<P>>,
    state: State,
}

enum State {
    /// The head has not come yet.
    New,
    /// The policy wants the body, of at most so many bytes; everything is held until it has it.
    AwaitingBody(Box<Request>, u32),
    /// The policy let the request pass.
    Passed(ResponseHeaders),
    /// The client has its answer; nothing goes on.
    Answered,
}

impl<P: Policy> Stream<P> {
    pub(crate) fn new(policy: Option<Rc<P>>) -> Self {
        Self { policy, state: State::New }
    }

    fn judge_head(&self, end_of_stream: bool) -> Result<State, Answer> {
        let headers = host::headers(Map::Request).map_err(|Refused| Rejection::internal("host-refused"))?;
        let mut request = Request::new(headers).map_err(Rejection::from)?;
        if end_of_stream {
            request.set_body(Vec::new());
        }
        self.judge(request)
    }

    fn judge_body(&self, mut request: Request, max: u32) -> Result<State, Answer> {
        let body = host::buffer(Buffer::RequestBody, (max as usize).saturating_add(1))
            .map_err(|Refused| Rejection::internal("host-refused"))?;
        if body.len() > max as usize {
            return Err(Rejection::body_too_large(max).into());
        }
        request.set_body(body);
        self.judge(request)
    }

    fn judge(&self, request: Request) -> Result<State, Answer> {
        let policy = self.policy.as_ref().ok_or_else(|| Rejection::internal("not-configured"))?;
        match policy.on_request(&request, &HostEnv::default()) {
            Decision::Continue(edits) => {
                apply(&request, &edits).map_err(|Refused| Rejection::internal("host-refused"))?;
                Ok(State::Passed(edits.response))
            }
            Decision::Reject(rejection) => Err(rejection.into()),
            Decision::Respond(reply) => Err(Answer::Reply(reply)),
            Decision::NeedBody(_) if request.body().is_some() => Err(Rejection::internal("undecided").into()),
            Decision::NeedBody(_) if is_endless(&request) => Err(Rejection::new(
                415,
                "stream-unsupported",
                "This operation's body must be judged as a whole, so it cannot be a gRPC or upgraded stream.",
            )
            .into()),
            Decision::NeedBody(max) => Ok(State::AwaitingBody(Box::new(request), max)),
        }
    }

    /// Takes up a new state; says whether the filters that follow may see what has come so far.
    fn settle(&mut self, judged: Result<State, Answer>) -> Action {
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
            State::AwaitingBody(request, max) => {
                let judged = self.judge_body(*request, max);
                self.settle(judged)
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

impl<P> Context for Stream<P> {}

impl<P: Policy> HttpContext for Stream<P> {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        let judged = self.judge_head(end_of_stream);
        self.settle(judged)
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        match &self.state {
            State::AwaitingBody(_, max) if size > *max as usize => {
                let answer = Rejection::body_too_large(*max).into();
                self.settle(Err(answer))
            }
            State::AwaitingBody(..) if end_of_stream => self.take_body(),
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

/// What the client is told instead of an upstream's response.
enum Answer {
    Rejection(Rejection),
    Reply(Reply),
}

impl From<Rejection> for Answer {
    fn from(rejection: Rejection) -> Self {
        Self::Rejection(rejection)
    }
}

impl Answer {
    fn send(&self) -> Result<(), Refused> {
        match self {
            Self::Rejection(rejection) => {
                let mut headers = vec![("content-type".into(), "application/problem+json".into())];
                headers.extend(borrowed(&rejection.headers));
                let details = format!("portcullis.{}", rejection.code);
                host::answer(rejection.status, &details, &headers, problem_json(rejection).as_bytes())
            }
            Self::Reply(reply) => {
                let headers: Vec<_> = borrowed(&reply.headers).collect();
                host::answer(reply.status, "portcullis.reply", &headers, &reply.body)
            }
        }
    }
}

fn borrowed<'h>(
    headers: &'h [(Cow<'static, str>, String)],
) -> impl Iterator<Item = (Cow<'h, str>, Cow<'h, str>)> {
    headers.iter().map(|(name, value)| (Cow::Borrowed(&**name), Cow::Borrowed(value.as_str())))
}

/// Setting a header changes only its first value where a client sent several: the others go first.
fn apply(request: &Request, edits: &Edits) -> Result<(), Refused> {
    for name in &edits.remove {
        host::remove_header(Map::Request, name)?;
    }
    for (name, value) in &edits.set {
        if request.headers().all(name).nth(1).is_some() {
            host::remove_header(Map::Request, name)?;
        }
        host::set_header(Map::Request, name, value)?;
    }
    if let Some(operation) = &edits.operation {
        host::set_property(OPERATION, operation)?;
    }
    if let Some(identity) = &edits.identity {
        host::set_property(IDENTITY, &identity.to_line())?;
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
