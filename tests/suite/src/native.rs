//! A case, run through the policies themselves: the chain as the adapter and Envoy run it, without either.

use std::rc::Rc;
use std::time::Duration;

use portcullis_auth::AuthPolicy;
use portcullis_compiler::{Compiled, Plugin};
use portcullis_core::testing::{FakeEnv, SharedStore};
use portcullis_core::{
    Decision, Edits, Headers, Identity, Passage, PolicyChain, Progress, Rejection, Reply, Request,
    problem_json,
};
use portcullis_mock::MockPolicy;
use portcullis_pipeline::Policies;
use portcullis_routing::RoutingPolicy;
use portcullis_schema::SchemaPolicy;
use portcullis_throttle::ThrottlePolicy;
use serde::de::DeserializeOwned;

use crate::case::Step;
use crate::seen::{Seen, SeenUpstream};

/// Runs the steps on fresh plugins.
pub fn run(compiled: &Compiled, plugins: &[Plugin], steps: &[Step]) -> Vec<Seen> {
    let plugins: Vec<Box<dyn Serve>> = plugins.iter().map(|plugin| serve(compiled, *plugin)).collect();
    let (store, mut at) = (SharedStore::default(), 0.0);
    let mut seen = Vec::new();
    for step in steps {
        at = step.at.unwrap_or(at);
        for _ in 0..step.times.unwrap_or(1) {
            seen.push(send(&plugins, &store, at, &step.request));
        }
    }
    seen
}

/// A plugin, of whatever policies.
trait Serve {
    fn advance(&self, passage: Passage, env: &FakeEnv) -> Progress;

    /// See [`portcullis_core::Policy::without_head`].
    fn without_head(&self, env: &FakeEnv) -> Option<Decision>;
}

impl<C: PolicyChain> Serve for C {
    fn advance(&self, passage: Passage, env: &FakeEnv) -> Progress {
        passage.advance(self, env)
    }

    fn without_head(&self, env: &FakeEnv) -> Option<Decision> {
        self.policy(0).filter(|_| self.policy(1).is_none())?.without_head(env)
    }
}

fn serve(compiled: &Compiled, plugin: Plugin) -> Box<dyn Serve> {
    fn made<C: PolicyChain + 'static>(text: &str) -> Box<dyn Serve>
    where
        C::Config: DeserializeOwned,
    {
        let config = serde_json::from_str(text).expect("the configuration survives writing and reading");
        let chain = C::compile(config);
        Box::new(chain.unwrap_or_else(|cause| panic!("the plugin refuses its configuration: {cause}")))
    }
    let text = &compiled.plugins[&plugin];
    match plugin {
        Plugin::Routing => made::<RoutingPolicy>(text),
        Plugin::Auth => made::<AuthPolicy>(text),
        Plugin::Schema => made::<SchemaPolicy>(text),
        Plugin::Throttle => made::<ThrottlePolicy>(text),
        Plugin::Mock => made::<MockPolicy>(text),
        Plugin::Pipeline => made::<Policies>(text),
    }
}

fn send(plugins: &[Box<dyn Serve>], store: &SharedStore, at: f64, sent: &crate::case::Request) -> Seen {
    let body = sent.body_bytes();
    let mut head: Vec<(String, Vec<u8>)> = sent.head();
    let mut response: Vec<(String, String)> = Vec::new();
    let mut operation: Option<Rc<str>> = None;
    let mut identity: Option<Rc<Identity>> = None;
    for plugin in plugins {
        let mut env = FakeEnv::new().with_store(store.clone()).with_peer(sent.peer());
        if let Some(key) = &operation {
            env = env.with_operation(key);
        }
        if let Some(known) = &identity {
            env = env.with_identity(Identity::clone(known));
        }
        env.advance(Duration::from_secs_f64(at));
        let (seen, edits) = decide(plugin.as_ref(), &head, &body, &env);
        response.extend(edits.response.iter().map(|(name, value)| (name.to_string(), value.clone())));
        if let Some(mut seen) = seen {
            seen.headers.extend(response);
            return seen;
        }
        apply(&edits, &mut head);
        operation = edits.operation.or(operation);
        identity = edits.identity.or(identity);
    }
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let path =
        head.iter().find(|(name, _)| name == ":path").map(|(_, value)| text(value)).unwrap_or_default();
    let headers = head.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    Seen {
        status: 200,
        headers: response,
        body: Vec::new(),
        upstream: Some(SeenUpstream { path, headers, body }),
    }
}

/// What the client gets, unless the request passes, and what was changed until then.
fn decide(
    plugin: &dyn Serve,
    head: &[(String, Vec<u8>)],
    body: &[u8],
    env: &FakeEnv,
) -> (Option<Seen>, Edits) {
    match plugin.without_head(env) {
        Some(Decision::Continue(edits)) => return (None, edits),
        Some(Decision::Reject(rejection)) => return (Some(rejected(&rejection)), Edits::default()),
        Some(other) => panic!("a decision without a head: {other:?}"),
        None => {}
    }
    let headers = Headers::from_pairs(head.iter().map(|(name, value)| (name, value)));
    let mut request = match Request::new(headers) {
        Ok(request) => request,
        Err(cause) => return (Some(rejected(&cause.into())), Edits::default()),
    };
    if body.is_empty() {
        request.set_body(Vec::new());
    }
    let mut edits = Edits::default();
    let mut progress = plugin.advance(Passage::new(request), env);
    if let Progress::NeedsBody(mut passage, max) = progress {
        edits = passage.take_edits();
        if body.len() > max as usize {
            return (Some(rejected(&Rejection::body_too_large(max))), edits);
        }
        passage.set_body(body.to_vec());
        progress = plugin.advance(passage, env);
    }
    let (seen, last) = match progress {
        Progress::Passed(last) => (None, last),
        Progress::Rejected(rejection, last) => (Some(rejected(&rejection)), last),
        Progress::Answered(reply, last) => (Some(answered(reply)), last),
        Progress::NeedsBody(..) => panic!("a policy asks for the body twice"),
    };
    edits.append(last);
    (seen, edits)
}

fn answered(reply: Reply) -> Seen {
    let headers = reply.headers.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    Seen { status: reply.status, headers, body: reply.body, upstream: None }
}

fn rejected(rejection: &Rejection) -> Seen {
    let mut headers = vec![("content-type".to_owned(), "application/problem+json".to_owned())];
    headers.extend(rejection.headers.iter().map(|(name, value)| (name.to_string(), value.clone())));
    Seen { status: rejection.status, headers, body: problem_json(rejection).into_bytes(), upstream: None }
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
