//! One request on its way through the policies of a plugin: when to ask, when to wait for the body, what to do
//! with the answer. Nothing goes on to the upstream before the policies have said so.

use std::borrow::Cow;
use std::rc::Rc;

use portcullis_core::{Decision, Edits, ErrorFormat, Passage, PolicyChain, Progress, Rejection, Request};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

use crate::answer::Answer;
use crate::asking::{Asked, Asking};
use crate::calls::ReplySize;
use crate::env::{HostEnv, IDENTITY, OBSERVED, OPERATION, Receipts};
use crate::host::{self, Buffer, Map, Refused};
use crate::violations::{Message, Outcome};
use crate::watching::{Seen, Watching};
use crate::worker::Worker;

pub(crate) type ResponseHeaders = Vec<(Cow<'static, str>, String)>;

pub(crate) struct Stream<C: PolicyChain> {
    worker: Option<Rc<Worker<C>>>,
    context: u32,
    state: State<C>,
    /// Absent where no policy wants to know when requests end.
    receipts: Option<Receipts>,
}

pub(crate) enum State<C> {
    /// The head has not come yet.
    New,
    /// A policy wants the body, of at most so many bytes; everything is held until it has it.
    AwaitingBody(Box<Held>),
    /// A policy wants an answer; everything is held until it has it.
    Asking(Rc<Asking<C>>),
    /// The policies let the request pass.
    Passed(Passed),
    /// The client has its answer; nothing goes on.
    Answered,
}

/// What is still to be done about a request that has passed.
pub(crate) struct Passed {
    /// Set on the response.
    response: ResponseHeaders,
    watching: Option<Box<Watching>>,
    /// Whether the host holds parts of the body, which go on with the next.
    holds: bool,
}

impl Passed {
    /// What has come of the body goes on with its next part.
    pub(crate) fn hold_parts(&mut self) {
        self.holds = true;
    }

    /// All of the body has come and is held, and goes on now.
    pub(crate) fn see_whole<C: PolicyChain>(&mut self, worker: &Worker<C>) {
        if let Some(watching) = &mut self.watching {
            watching.request_part(worker, true, true);
        }
    }

    /// The beginning of the body goes on unseen.
    pub(crate) fn miss_body(&mut self) {
        if let Some(watching) = &mut self.watching {
            watching.miss_body();
        }
    }
}

/// A request that waits for its body.
pub(crate) struct Held {
    passage: Passage,
    max: u32,
    /// Of the policies it has passed.
    response: ResponseHeaders,
}

/// Where a request is judged.
pub(crate) struct Place<C> {
    pub(crate) worker: Rc<Worker<C>>,
    /// The stream's context.
    pub(crate) context: u32,
    /// Whether all of the request has come.
    pub(crate) is_whole: bool,
    /// Whether parts of the body have come while a question was on its way: the host holds them, and does not show them again.
    pub(crate) has_parts: bool,
    /// See [`Stream::receipts`].
    pub(crate) receipts: Option<Receipts>,
}

impl<C> Clone for Place<C> {
    fn clone(&self) -> Self {
        Self { worker: Rc::clone(&self.worker), receipts: self.receipts.clone(), ..*self }
    }
}

impl<C> Place<C> {
    fn env(&self) -> HostEnv {
        HostEnv::keeping(self.receipts.as_ref())
    }
}

impl<C: PolicyChain + 'static> Stream<C> {
    pub(crate) fn new(worker: Option<Rc<Worker<C>>>, context: u32) -> Self {
        let settles = C::SETTLES && worker.as_ref().is_some_and(|worker| worker.settles);
        Self { worker, context, state: State::New, receipts: settles.then(Receipts::default) }
    }

    fn judge_head(&self, end_of_stream: bool) -> Result<State<C>, Answer> {
        let place = self.place(end_of_stream)?;
        let env = place.env();
        if let Some(decision) = without_head(&place.worker.chain, &env) {
            return match decision {
                Decision::Continue(mut edits) => {
                    // How often a client sent them is not known here.
                    edits.remove.extend(edits.set.iter().map(|(name, _)| name.clone()));
                    pass(edits, &place)
                }
                Decision::Reject(rejection) => Err(rejection.into()),
                Decision::Respond(reply) => Err(reply.into()),
                Decision::NeedBody(_) | Decision::Ask(_) => Err(Rejection::internal("undecided").into()),
            };
        }
        let mut request = Request::new(host::headers(Map::Request)?).map_err(Rejection::from)?;
        if end_of_stream {
            request.set_body(Vec::new());
        }
        go_on_in(&env, Passage::new(request), Vec::new(), &place)
    }

    fn place(&self, is_whole: bool) -> Result<Place<C>, Answer> {
        let worker = self.worker.clone().ok_or_else(|| Rejection::internal("not-configured"))?;
        Ok(Place {
            worker,
            context: self.context,
            is_whole,
            has_parts: false,
            receipts: self.receipts.clone(),
        })
    }

    /// Takes up a new state; says whether the filters that follow may see what has come so far.
    fn enter(&mut self, judged: Result<State<C>, Answer>) -> Action {
        let errors = self.worker.as_ref().map(|worker| worker.errors).unwrap_or_default();
        self.state = judged.unwrap_or_else(|answer| deliver(&answer, errors));
        self.standing()
    }

    /// What comes of a request that has waited for its body.
    fn end_wait(&mut self, judge: impl FnOnce(Held, &Place<C>) -> Result<State<C>, Answer>) -> Action {
        match std::mem::replace(&mut self.state, State::Answered) {
            State::AwaitingBody(held) => {
                let judged = self.place(true).and_then(|place| judge(*held, &place));
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

    /// The host speaks with this stream. What came of a question while it spoke with others is taken up.
    fn woken(&mut self) {
        if !C::ASKS {
            return;
        }
        if let Some(worker) = &self.worker {
            worker.enter(self.context);
        }
        while let State::Asking(asking) = &self.state
            && let Some(state) = asking.take_decided()
        {
            self.state = state;
        }
    }

    /// The last part of the request has come.
    fn complete(&self) {
        if let State::Asking(asking) = &self.state {
            asking.complete();
        }
    }

    /// A part of the body, or its end, goes by.
    fn see_body(&mut self, has_part: bool, is_last: bool) {
        match (&mut self.state, &self.worker) {
            (State::Passed(Passed { watching: Some(watching), holds, .. }), Some(worker)) if C::WATCHES => {
                watching.request_part(worker, has_part || std::mem::take(holds), is_last);
            }
            (State::Asking(asking), _) if C::ASKS && has_part => asking.hold_part(),
            _ => {}
        }
    }

    /// A part of the response is there.
    fn watch(&mut self, see: impl FnOnce(&mut Watching, &Worker<C>) -> Seen) -> Action {
        if !C::WATCHES {
            return Action::Continue;
        }
        let (State::Passed(Passed { watching: Some(watching), .. }), Some(worker)) =
            (&mut self.state, &self.worker)
        else {
            return Action::Continue;
        };
        match see(watching, worker) {
            Seen::Passes => Action::Continue,
            Seen::Waits => Action::Pause,
            Seen::Refused(rejection) => {
                if Answer::from(*rejection).send(worker.errors).is_err() {
                    log::error!("the host refused to send a local response; the upstream's is held");
                }
                Action::Pause
            }
        }
    }
}

impl<C: PolicyChain> Drop for Stream<C> {
    fn drop(&mut self) {
        if C::ASKS
            && let Some(worker) = &self.worker
        {
            worker.leave(self.context);
        }
    }
}

impl<C: PolicyChain + 'static> Context for Stream<C> {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body: usize, trailers: usize) {
        if C::ASKS
            && let Some(worker) = &self.worker
        {
            worker.enter(self.context);
            worker.reply(token, ReplySize { headers, body, trailers });
        }
    }
}

impl<C: PolicyChain + 'static> HttpContext for Stream<C> {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        self.woken();
        let judged = self.judge_head(end_of_stream);
        self.enter(judged)
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.woken();
        if end_of_stream {
            self.complete();
        }
        match &self.state {
            State::AwaitingBody(held) if size > held.max as usize => {
                self.end_wait(|held, place| Err(held.refuse(place)))
            }
            State::AwaitingBody(_) if end_of_stream => self.end_wait(Held::judge),
            _ => {
                self.see_body(true, end_of_stream);
                self.standing()
            }
        }
    }

    /// With HTTP/2 trailers the last part of the body does not end the stream: the body is whole here.
    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.woken();
        self.complete();
        self.see_body(false, true);
        self.end_wait(Held::judge)
    }

    fn on_http_response_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        self.woken();
        if let State::Passed(passed) = &self.state {
            for (name, value) in &passed.response {
                if host::set_header(Map::Response, name, value).is_err() {
                    log::warn!("the host refused the response header {name}");
                }
            }
        }
        self.watch(|watching, worker| watching.response_head(worker, end_of_stream))
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.watch(|watching, worker| watching.response_part(worker, size, end_of_stream))
    }

    /// See [`HttpContext::on_http_request_trailers`].
    fn on_http_response_trailers(&mut self, _: usize) -> Action {
        self.watch(Watching::response_end)
    }

    /// The stream has ended, however it did. Called only where a policy wants to know.
    fn on_log(&mut self) {
        if let (true, Some(worker), Some(receipts)) = (C::SETTLES, &self.worker, &self.receipts) {
            let env = HostEnv::default();
            receipts.take().into_iter().for_each(|receipt| receipt.settle(&worker.chain, &env));
        }
    }
}

impl Held {
    /// Judges the request with its body, which has come.
    fn judge<C: PolicyChain + 'static>(self, place: &Place<C>) -> Result<State<C>, Answer> {
        let body = host::buffer(Buffer::RequestBody, 0, (self.max as usize).saturating_add(1))?;
        if body.len() > self.max as usize {
            return Err(self.refuse(place));
        }
        let Self { mut passage, response, .. } = self;
        passage.set_body(body);
        go_on(passage, response, place)
    }

    /// The body has more bytes than it may.
    fn refuse<C: PolicyChain>(self, place: &Place<C>) -> Answer {
        let rejection = self.passage.body_too_large(self.max, &place.worker.chain, &place.env());
        place.worker.count_refused(&rejection);
        Answer::from(rejection).with(self.response)
    }
}

/// Asks the policies that come next, and does what follows. `response` is of those that the request has passed.
pub(crate) fn go_on<C: PolicyChain + 'static>(
    passage: Passage,
    response: ResponseHeaders,
    place: &Place<C>,
) -> Result<State<C>, Answer> {
    go_on_in(&place.env(), passage, response, place)
}

/// The same, with what the host has been asked already.
fn go_on_in<C: PolicyChain + 'static>(
    env: &HostEnv,
    passage: Passage,
    mut response: ResponseHeaders,
    place: &Place<C>,
) -> Result<State<C>, Answer> {
    match passage.advance(&place.worker.chain, env) {
        Progress::Passed(mut edits) => {
            response.append(&mut edits.response);
            edits.response = response;
            pass(edits, place)
        }
        Progress::Rejected(rejection, edits) => {
            place.worker.count_refused(&rejection);
            Err(answered(rejection, edits, response, place))
        }
        Progress::Answered(reply, edits) => Err(answered(reply, edits, response, place)),
        Progress::NeedsBody(passage, max) => {
            let held = hold(passage, max, response, place)?;
            if place.is_whole { held.judge(place) } else { Ok(State::AwaitingBody(Box::new(held))) }
        }
        Progress::Asks(..) if !C::ASKS => Err(Rejection::internal("undecided").into()),
        Progress::Asks(passage, question) => match Asking::ask(place, question, passage, response) {
            Asked::Waits(asking) => Ok(State::Asking(asking)),
            Asked::Answered(held) => go_on(held.0, held.1, place),
        },
    }
}

/// Sends an answer; what comes after it is of no interest.
pub(crate) fn deliver<C>(answer: &Answer, errors: ErrorFormat) -> State<C> {
    if answer.send(errors).is_err() {
        log::error!("the host refused to send a local response; the request is held");
    }
    State::Answered
}

/// A lone policy may know enough from what earlier plugins published.
fn without_head(chain: &impl PolicyChain, env: &HostEnv) -> Option<Decision> {
    chain.policy(0).filter(|_| chain.policy(1).is_none())?.without_head(env)
}

/// Carries out what the policies so far decided, so that the body can be waited for.
fn hold<C: PolicyChain>(
    mut passage: Passage,
    max: u32,
    mut response: ResponseHeaders,
    place: &Place<C>,
) -> Result<Held, Answer> {
    let mut edits = passage.take_edits();
    if is_endless(passage.request()) {
        let detail = "This operation's body must be judged as a whole, so it cannot be a stream of gRPC, of Connect or an upgraded one.";
        return Err(answered(Rejection::new(415, "stream-unsupported", detail), edits, response, place));
    }
    apply(&edits, place)?;
    response.append(&mut edits.response);
    Ok(Held { passage, max, response })
}

fn pass<C: PolicyChain>(edits: Edits, place: &Place<C>) -> Result<State<C>, Answer> {
    apply(&edits, place)?;
    let observed = observed(&edits);
    let watching = match edits.aside.and_then(|aside| aside.watch) {
        Some(watch) if C::WATCHES => Some(Box::new(Watching::new(watch, observed))),
        _ => None,
    };
    if C::ASKS
        && let Some(question) = edits.ahead
    {
        place.worker.ask_ahead(*question);
    }
    Ok(State::Passed(Passed { response: edits.response, watching, holds: false }))
}

/// An answer from behind policies that were passed: the access log names what they found out, and the client gets
/// their response headers.
fn answered<C: PolicyChain>(
    answer: impl Into<Answer>,
    mut edits: Edits,
    mut response: ResponseHeaders,
    place: &Place<C>,
) -> Answer {
    if publish(&edits, place).is_err() {
        log::warn!("the host refused what the access log should say");
    }
    response.append(&mut edits.response);
    answer.into().with(response)
}

/// All that is removed goes before anything is set.
fn apply<C: PolicyChain>(edits: &Edits, place: &Place<C>) -> Result<(), Refused> {
    for name in &edits.remove {
        host::remove_header(Map::Request, name)?;
    }
    for (name, value) in &edits.set {
        host::set_header(Map::Request, name, value)?;
    }
    publish(edits, place)
}

fn publish<C: PolicyChain>(edits: &Edits, place: &Place<C>) -> Result<(), Refused> {
    if let Some(operation) = &edits.operation {
        host::set_property(OPERATION, operation)?;
    }
    if let Some(identity) = &edits.identity {
        host::set_property(IDENTITY, identity.line())?;
    }
    let observed = observed(edits);
    if C::WATCHES && !observed.is_empty() {
        let all = edits.aside.iter().flat_map(|aside| &aside.observed).enumerate();
        all.for_each(|(at, one)| place.worker.count(one, Message::Request, Outcome::Observed, at > 0));
        host::set_property(OBSERVED, &observed)?;
    }
    Ok(())
}

/// What the access log is told of what was let pass.
fn observed(edits: &Edits) -> String {
    let mut text = String::new();
    let all = edits.aside.iter().flat_map(|aside| &aside.observed);
    all.for_each(|one| one.add_to(&mut text));
    text
}

/// How the media types begin whose clients may wait for an answer before they send more: gRPC's, and those of Connect's streams.
const STREAMED: [&str; 2] = ["application/grpc", "application/connect+"];

/// Whether holding the stream until its end would hold it for ever.
pub(crate) fn is_endless(request: &Request) -> bool {
    let headers = request.headers();
    let is_streamed = |value: &[u8]| {
        STREAMED.iter().any(|start| {
            value.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start.as_bytes()))
        })
    };
    headers.first("upgrade").is_some() || headers.all("content-type").any(is_streamed)
}
