//! A case, run through the policies themselves: the chain as the adapter and Envoy run it, without either.

use std::rc::Rc;
use std::time::Duration;

use portcullis_auth::AuthPolicy;
use portcullis_compiler::{Compiled, Plugin};
use portcullis_core::testing::{FakeEnv, SharedStore};
use portcullis_core::{Decision, Edits, Headers, Identity, Policy, Rejection, Request, problem_json};
use portcullis_mock::MockPolicy;
use portcullis_routing::RoutingPolicy;
use portcullis_schema::SchemaPolicy;
use portcullis_throttle::ThrottlePolicy;
use serde::de::DeserializeOwned;

use crate::case::Step;
use crate::seen::{Seen, SeenUpstream};

/// Runs the steps on a fresh chain.
pub fn run(compiled: &Compiled, plugins: &[Plugin], steps: &[Step]) -> Vec<Seen> {
    let chain: Vec<Box<dyn Judge>> = plugins.iter().map(|plugin| judge(compiled, *plugin)).collect();
    let (store, mut at) = (SharedStore::default(), 0.0);
    let mut seen = Vec::new();
    for step in steps {
        at = step.at.unwrap_or(at);
        for _ in 0..step.times.unwrap_or(1) {
            seen.push(send(&chain, &store, at, &step.request));
        }
    }
    seen
}

/// A policy of any kind.
trait Judge {
    fn judge(&self, request: &Request, env: &FakeEnv) -> Decision;
}

impl<P: Policy> Judge for P {
    fn judge(&self, request: &Request, env: &FakeEnv) -> Decision {
        self.on_request(request, env)
    }
}

fn judge(compiled: &Compiled, plugin: Plugin) -> Box<dyn Judge> {
    fn made<P: Policy + 'static>(text: &str) -> Box<dyn Judge>
    where
        P::Config: DeserializeOwned,
    {
        let config = serde_json::from_str(text).expect("the configuration survives writing and reading");
        Box::new(
            P::compile(config)
                .unwrap_or_else(|cause| panic!("the policy refuses its configuration: {cause}")),
        )
    }
    let text = &compiled.plugins[&plugin];
    match plugin {
        Plugin::Routing => made::<RoutingPolicy>(text),
        Plugin::Auth => made::<AuthPolicy>(text),
        Plugin::Schema => made::<SchemaPolicy>(text),
        Plugin::Throttle => made::<ThrottlePolicy>(text),
        Plugin::Mock => made::<MockPolicy>(text),
    }
}

fn send(chain: &[Box<dyn Judge>], store: &SharedStore, at: f64, sent: &crate::case::Request) -> Seen {
    let body = sent.body_bytes();
    let mut head: Vec<(String, Vec<u8>)> = sent.head();
    let mut response: Vec<(String, String)> = Vec::new();
    let mut operation: Option<Rc<str>> = None;
    let mut identity: Option<Rc<Identity>> = None;
    for policy in chain {
        let mut env = FakeEnv::new().with_store(store.clone()).with_peer(sent.peer());
        if let Some(key) = &operation {
            env = env.with_operation(key);
        }
        if let Some(known) = &identity {
            env = env.with_identity(Identity::clone(known));
        }
        env.advance(Duration::from_secs_f64(at));
        let edits = match decide(policy.as_ref(), &head, &body, &env) {
            Ok(edits) => edits,
            Err(mut seen) => {
                seen.headers.extend(response);
                return *seen;
            }
        };
        apply(&edits, &mut head);
        response.extend(edits.response.iter().map(|(name, value)| (name.to_string(), value.clone())));
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

fn decide(
    policy: &dyn Judge,
    head: &[(String, Vec<u8>)],
    body: &[u8],
    env: &FakeEnv,
) -> Result<Edits, Box<Seen>> {
    let headers = Headers::from_pairs(head.iter().map(|(name, value)| (name, value)));
    let mut request = Request::new(headers).map_err(|cause| rejected(&cause.into()))?;
    if body.is_empty() {
        request.set_body(Vec::new());
    }
    let mut decision = policy.judge(&request, env);
    if let Decision::NeedBody(max) = decision {
        if body.len() > max as usize {
            return Err(rejected(&Rejection::body_too_large(max)));
        }
        request.set_body(body.to_vec());
        decision = policy.judge(&request, env);
    }
    match decision {
        Decision::Continue(edits) => Ok(edits),
        Decision::Reject(rejection) => Err(rejected(&rejection)),
        Decision::Respond(reply) => {
            let headers =
                reply.headers.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
            Err(Box::new(Seen { status: reply.status, headers, body: reply.body, upstream: None }))
        }
        Decision::NeedBody(_) => panic!("a policy asks for the body twice"),
    }
}

fn rejected(rejection: &Rejection) -> Box<Seen> {
    let mut headers = vec![("content-type".to_owned(), "application/problem+json".to_owned())];
    headers.extend(rejection.headers.iter().map(|(name, value)| (name.to_string(), value.clone())));
    Box::new(Seen {
        status: rejection.status,
        headers,
        body: problem_json(rejection).into_bytes(),
        upstream: None,
    })
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
