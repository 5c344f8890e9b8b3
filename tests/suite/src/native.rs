//! A case, run through the policies themselves: the chain as the adapter and Envoy run it, without either.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use portcullis_auth::AuthPolicy;
use portcullis_compiler::{Compiled, Plugin};
use portcullis_core::testing::{FakeEnv, START, SharedStore};
use portcullis_core::{
    Answer, Body, Call, CallFailure, CallReply, Decision, Edits, ErrorFormat, Fetch, Headers, Identity,
    Judge, Judgement, Passage, PolicyChain, Progress, Question, Receipt, Rejection, Reply, Request, Response,
    Source, Topic, Watch,
};
use portcullis_mock::MockPolicy;
use portcullis_pipeline::Policies;
use portcullis_routing::RoutingPolicy;
use portcullis_schema::SchemaPolicy;
use portcullis_throttle::ThrottlePolicy;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::case::Step;
use crate::seen::{Seen, SeenUpstream};
use crate::service::{Called, SECRETS, Services};

/// Runs the steps on fresh plugins.
pub fn run(compiled: &Compiled, plugins: &[Plugin], steps: &[Step], services: &Arc<Services>) -> Vec<Seen> {
    let mut fetched = Fetched::default();
    let plugins: Vec<Box<dyn Serve>> = plugins.iter().map(|plugin| serve(compiled, *plugin)).collect();
    let (store, mut at) = (SharedStore::default(), 0.0);
    let (mut seen, mut kept) = (Vec::new(), BTreeMap::new());
    for step in steps {
        at = step.at.unwrap_or(at);
        if let Some(name) = &step.ends {
            let stream: Stream =
                kept.remove(name).unwrap_or_else(|| panic!("no request is kept as '{name}'"));
            stream.end(&plugins, at);
        }
        for plugin in &plugins {
            plugin.fetch(at, services, &store, &mut fetched, None);
        }
        for _ in 0..step.times.unwrap_or(1) {
            let mut world =
                World { store: &store, at, errors: compiled.errors(), services, fetched: &mut fetched };
            let (outcome, stream) = send(&plugins, &mut world, step);
            seen.push(outcome);
            match &step.keeps {
                Some(name) => drop(kept.insert(name.clone(), stream)),
                None => stream.end(&plugins, at),
            }
        }
    }
    seen
}

/// A request that has not ended, in the eyes of each plugin that it has come to.
struct Stream {
    envs: Vec<FakeEnv>,
    request_bytes: usize,
    response_bytes: usize,
}

impl Stream {
    fn end(self, plugins: &[Box<dyn Serve>], at: f64) {
        for (plugin, env) in plugins.iter().zip(&self.envs) {
            env.set_now(START);
            env.advance(Duration::from_secs_f64(at));
            env.set_exchanged(self.request_bytes as u64, self.response_bytes as u64);
            env.take_receipts().into_iter().for_each(|receipt| plugin.settle(receipt, env));
        }
    }
}

/// A plugin, of whatever policies.
trait Serve {
    fn advance(&self, passage: Passage, env: &FakeEnv) -> Progress;

    /// Fetches what is due, or the one source that is asked for.
    fn fetch(
        &self,
        at: f64,
        services: &Services,
        store: &SharedStore,
        fetched: &mut Fetched,
        asked: Option<&str>,
    );

    /// See [`portcullis_core::Learn::answered`].
    fn answered(&self, topic: &Topic, answer: &Answer, at: f64);

    /// See [`portcullis_core::Policy::without_head`].
    fn without_head(&self, env: &FakeEnv) -> Option<Decision>;

    /// See [`portcullis_core::Policy::settle`].
    fn settle(&self, receipt: Receipt, env: &FakeEnv);

    /// See [`portcullis_core::PolicyChain::watcher`].
    fn watcher(&self) -> Option<&dyn Judge>;
}

impl<C: PolicyChain> Serve for C {
    fn advance(&self, passage: Passage, env: &FakeEnv) -> Progress {
        passage.advance(self, env)
    }

    fn fetch(
        &self,
        at: f64,
        services: &Services,
        store: &SharedStore,
        fetched: &mut Fetched,
        asked: Option<&str>,
    ) {
        for policy in (0..).map_while(|place| self.policy(place)) {
            for source in policy.sources() {
                let is_due = fetched.is_due(&source, at);
                if is_due || asked == Some(&*source.name) {
                    let failed = !fetch(policy, &source, at, services, store);
                    fetched.0.insert(source.name.to_string(), (at, failed));
                }
            }
        }
    }

    fn answered(&self, topic: &Topic, answer: &Answer, at: f64) {
        let env = FakeEnv::new();
        env.advance(Duration::from_secs_f64(at));
        (0..).map_while(|place| self.policy(place)).for_each(|policy| policy.answered(topic, answer, &env));
    }

    fn without_head(&self, env: &FakeEnv) -> Option<Decision> {
        self.policy(0).filter(|_| self.policy(1).is_none())?.without_head(env)
    }

    fn settle(&self, receipt: Receipt, env: &FakeEnv) {
        receipt.settle(self, env);
    }

    fn watcher(&self) -> Option<&dyn Judge> {
        PolicyChain::watcher(self)
    }
}

/// When each source was last fetched, and whether that failed.
#[derive(Default)]
struct Fetched(BTreeMap<String, (f64, bool)>);

impl Fetched {
    fn is_due(&self, source: &Source, at: f64) -> bool {
        self.0.get(&*source.name).is_none_or(|(last, failed)| {
            let after = if *failed { source.retry } else { source.interval };
            at - last >= after.as_secs_f64()
        })
    }
}

/// What surrounds a request.
struct World<'w> {
    store: &'w SharedStore,
    at: f64,
    errors: ErrorFormat,
    services: &'w Services,
    fetched: &'w mut Fetched,
}

fn with_secrets(env: FakeEnv) -> FakeEnv {
    SECRETS.iter().fold(env, |env, (name, secret)| env.with_secret(name, secret))
}

fn fetch(policy: &dyn Judge, source: &Source, at: f64, services: &Services, store: &SharedStore) -> bool {
    let env = with_secrets(FakeEnv::new()).with_store(store.clone());
    env.advance(Duration::from_secs_f64(at));
    let mut answer = None;
    loop {
        match policy.fetch(&source.name, answer.as_ref(), &env) {
            Fetch::Call(call) => answer = Some(called(&call, at, services)),
            Fetch::Replace(text) => return policy.learn(&source.name, text, true, &env),
            Fetch::Add(text) => return policy.learn(&source.name, text, false, &env),
            Fetch::Unchanged => return true,
            Fetch::Failed(_) => return false,
        }
    }
}

fn called(call: &Call, at: f64, services: &Services) -> Answer {
    let headers = call.headers.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    let (service, method, path) = (&*call.service, call.method, &*call.path);
    let called = Called { service, method, path, headers, body: &call.body };
    let (status, headers, body) = services.answer(at, &called);
    if body.len() > call.max_reply as usize {
        return Answer::Failed(CallFailure::TooLong);
    }
    Answer::Replied(CallReply {
        status,
        headers: Headers::from_pairs(headers),
        body: body.into(),
        trailers: Headers::default(),
    })
}

fn serve(compiled: &Compiled, plugin: Plugin) -> Box<dyn Serve> {
    fn made<C: PolicyChain + 'static>(text: &str) -> Box<dyn Serve>
    where
        C::Config: DeserializeOwned,
    {
        let mut written: Value = serde_json::from_str(text).expect("JSON");
        // As the adapter reads it.
        let framed = written.get("errors").is_some().then(|| written["config"].take());
        let config = serde_json::from_value(framed.unwrap_or(written));
        let config = config.expect("the configuration survives writing and reading");
        let chain = C::compile(config);
        Box::new(chain.unwrap_or_else(|cause| panic!("the plugin refuses its configuration: {cause}")))
    }
    let text = &compiled.plugins[&plugin];
    match plugin {
        Plugin::Routing => made::<RoutingPolicy>(text),
        Plugin::Auth => made::<AuthPolicy>(text),
        Plugin::Schema => made::<SchemaPolicy>(text),
        Plugin::Throttle | Plugin::EarlyThrottle | Plugin::Limits | Plugin::EarlyLimits => {
            made::<ThrottlePolicy>(text)
        }
        Plugin::Mock => made::<MockPolicy>(text),
        Plugin::Pipeline => made::<Policies>(text),
    }
}

fn send(plugins: &[Box<dyn Serve>], world: &mut World<'_>, step: &Step) -> (Seen, Stream) {
    let sent = &step.request;
    let mut envs = Vec::new();
    let seen = pass(plugins, world, step, &mut envs);
    let head: usize = sent.head().iter().map(|(name, value)| name.len() + value.len()).sum();
    let reply: usize = seen.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    let response_bytes = reply + seen.body.len();
    (seen, Stream { envs, request_bytes: head + sent.body_bytes().len(), response_bytes })
}

/// Sends a request through the plugins; `envs` is what each of them sees.
fn pass(plugins: &[Box<dyn Serve>], world: &mut World<'_>, step: &Step, envs: &mut Vec<FakeEnv>) -> Seen {
    let sent = &step.request;
    let body = sent.body_bytes();
    let mut head: Vec<(String, Vec<u8>)> = sent.head();
    let mut response: Vec<(String, String)> = Vec::new();
    let mut operation: Option<Rc<str>> = None;
    let mut identity: Option<Rc<Identity>> = None;
    let (mut watching, mut observed) = (Vec::new(), String::new());
    let told = |observed: String| Some(observed).filter(|text| !text.is_empty());
    for plugin in plugins {
        let mut env = with_secrets(FakeEnv::new()).with_store(world.store.clone()).with_peer(sent.peer());
        if let Some(key) = &operation {
            env = env.with_operation(key);
        }
        if let Some(known) = &identity {
            env = env.with_identity(Identity::clone(known));
        }
        if let Some(certificate) = sent.certificate() {
            env = env.with_certificate(certificate.digest, certificate.pem.as_bytes());
        }
        env.advance(Duration::from_secs_f64(world.at));
        let (seen, edits) = decide(plugin.as_ref(), &head, &body, &env, world);
        envs.push(env);
        response.extend(edits.response.iter().map(|(name, value)| (name.to_string(), value.clone())));
        edits.aside.iter().flat_map(|aside| &aside.observed).for_each(|one| one.add_to(&mut observed));
        if let Some(mut seen) = seen {
            seen.headers.extend(response);
            return Seen { observed: told(observed), ..seen };
        }
        apply(&edits, &mut head);
        operation = edits.operation.or(operation);
        identity = edits.identity.or(identity);
        if let (Some(watch), Some(policy)) = (edits.aside.and_then(|aside| aside.watch), plugin.watcher()) {
            let passing = watch.body.as_ref().map(|wanted| read(&body, wanted.max));
            let found = passing.and_then(|passing| policy.on_body(&watch, &passing));
            found.iter().for_each(|one| one.add_to(&mut observed));
            watching.push((policy, watch));
        }
    }
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let path =
        head.iter().find(|(name, _)| name == ":path").map(|(_, value)| text(value)).unwrap_or_default();
    let headers = head.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let upstream = Some(SeenUpstream { path, headers, body });
    let judged = watching.iter().filter(|(_, watch)| watch.response);
    let refused =
        judged.rev().find_map(|(policy, watch)| judge(*policy, watch, &step.responds, &mut observed));
    let seen = match refused {
        Some(rejection) => rejected(&rejection, world.errors),
        None => {
            let mut headers = step.responds.fields();
            // What a plugin sets replaces what the upstream said.
            headers.retain(|(name, _)| !response.iter().any(|(set, _)| set == name));
            headers.extend(response);
            let body = match sent.reply_bytes {
                0 => step.responds.body_bytes(),
                bytes => vec![b'x'; bytes],
            };
            let status = step.responds.status();
            Seen { status, headers, body, ..Seen::default() }
        }
    };
    Seen { upstream, observed: told(observed), ..seen }
}

/// What a policy sees of a body, of which it wants so many bytes.
fn read(body: &[u8], max: u32) -> Body {
    if body.len() > max as usize { Body::TooLong } else { Body::Whole(body.to_vec()) }
}

/// Shows a policy the response as the adapter does; why the client does not get it.
fn judge(
    policy: &dyn Judge,
    watch: &Watch,
    sent: &crate::case::Response,
    observed: &mut String,
) -> Option<Rejection> {
    let status = (":status".to_owned(), sent.status().to_string());
    let mut response = Response::new(Headers::from_pairs([status].into_iter().chain(sent.fields())));
    let body = sent.body_bytes();
    if body.is_empty() && !sent.trailers {
        response.set_body(Body::Whole(Vec::new()));
    }
    let mut judged = policy.on_response(watch, &response);
    if let Judgement::NeedBody { max, .. } = judged {
        response.set_body(read(&body, max));
        judged = policy.on_response(watch, &response);
    }
    match judged {
        Judgement::Pass(found) => {
            found.iter().for_each(|one| one.add_to(observed));
            None
        }
        Judgement::Refuse(rejection, found) => {
            found.add_to(observed);
            Some(rejection)
        }
        Judgement::NeedBody { .. } => panic!("the body is asked for twice"),
    }
}

/// What the client gets, unless the request passes, and what was changed until then.
fn decide(
    plugin: &dyn Serve,
    head: &[(String, Vec<u8>)],
    body: &[u8],
    env: &FakeEnv,
    world: &mut World<'_>,
) -> (Option<Seen>, Edits) {
    match plugin.without_head(env) {
        Some(Decision::Continue(mut edits)) => {
            if let Some(question) = edits.ahead.take() {
                answer(plugin, &question, world);
            }
            return (None, edits);
        }
        Some(Decision::Reject(rejection)) => {
            return (Some(rejected(&rejection, world.errors)), Edits::default());
        }
        Some(other) => panic!("a decision without a head: {other:?}"),
        None => {}
    }
    let headers = Headers::from_pairs(head.iter().map(|(name, value)| (name, value)));
    let mut request = match Request::new(headers) {
        Ok(request) => request,
        Err(cause) => return (Some(rejected(&cause.into(), world.errors)), Edits::default()),
    };
    if body.is_empty() {
        request.set_body(Vec::new());
    }
    let mut edits = Edits::default();
    let mut progress = plugin.advance(Passage::new(request), env);
    let (seen, last) = loop {
        match progress {
            Progress::NeedsBody(mut passage, max) => {
                edits.append(passage.take_edits());
                if body.len() > max as usize {
                    return (Some(rejected(&Rejection::body_too_large(max), world.errors)), edits);
                }
                passage.set_body(body.to_vec());
                progress = plugin.advance(passage, env);
            }
            Progress::Asks(mut passage, question) => {
                let answer = answer(plugin, &question, world);
                passage.set_answer(question.topic(), Rc::new(answer));
                progress = plugin.advance(passage, env);
            }
            Progress::Passed(mut last) => {
                if let Some(question) = last.ahead.take() {
                    answer(plugin, &question, world);
                }
                break (None, last);
            }
            Progress::Rejected(rejection, last) => break (Some(rejected(&rejection, world.errors)), last),
            Progress::Answered(reply, last) => break (Some(answered(reply)), last),
        }
    };
    edits.append(last);
    (seen, edits)
}

fn answer(plugin: &dyn Serve, question: &Question, world: &mut World<'_>) -> Answer {
    match question {
        Question::Call { call, .. } => {
            let answer = called(call, world.at, world.services);
            plugin.answered(&question.topic(), &answer, world.at);
            answer
        }
        Question::Own { call, .. } => called(call, world.at, world.services),
        Question::Refresh { source } => {
            plugin.fetch(world.at, world.services, world.store, world.fetched, Some(source));
            Answer::Refreshed
        }
    }
}

fn answered(reply: Reply) -> Seen {
    let headers = reply.headers.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    Seen { status: reply.status, headers, body: reply.body, ..Seen::default() }
}

fn rejected(rejection: &Rejection, errors: ErrorFormat) -> Seen {
    let mut headers = vec![("content-type".to_owned(), errors.content_type().to_owned())];
    let own = rejection.headers.iter();
    headers.extend(own.map(|(name, value)| (name.to_string(), errors.header(name, value).into_owned())));
    Seen { status: rejection.status, headers, body: errors.body(rejection).into_bytes(), ..Seen::default() }
}

fn apply(edits: &Edits, head: &mut Vec<(String, Vec<u8>)>) {
    for name in &edits.remove {
        head.retain(|(known, _)| known != name);
    }
    for (name, value) in &edits.set {
        let first = head.iter().position(|(known, _)| known == name);
        head.retain(|(known, _)| known != name);
        let entry = (name.to_string(), value.clone().into_bytes());
        head.insert(first.unwrap_or(head.len()), entry);
    }
}
