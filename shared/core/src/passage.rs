//! One request's passage through the policies of a plugin, in order. Each policy sees the request as the ones
//! before it left it, and what they found out; what comes out is one set of edits, or the first refusal.

use std::any::Any;
use std::net::IpAddr;
use std::rc::Rc;

use crate::client::ClientAddress;
use crate::decision::{Decision, Edits, Rejection, Reply};
use crate::identity::Identity;
use crate::policy::{Contended, Env, Policy, UnixNanos};
use crate::question::{Answer, Question, Topic};
use crate::receipt::Receipt;
use crate::request::{Malformed, Request};
use crate::response::{Body, Judgement, Observation, Response, Watch};
use crate::signed::{SignatureVerdict, Signed, ToSign};
use crate::source::Learn;

/// Most questions of one policy that are answered for one request; more mean that it does not listen.
const MAX_ANSWERS: usize = 8;

/// The policies of one plugin, in the order in which they are asked. Every [`Policy`] is a chain of one.
pub trait PolicyChain: Sized {
    /// What the compiler wrote for all of them: they go live together or not at all.
    type Config;
    /// Why a configuration cannot be enforced.
    type Invalid: std::fmt::Display;
    /// See [`Policy::ASKS`].
    const ASKS: bool;
    /// See [`Policy::SETTLES`].
    const SETTLES: bool;
    /// See [`Policy::WATCHES`].
    const WATCHES: bool;

    /// Makes the policies, or says why not. Deterministic: a configuration is good everywhere or nowhere.
    fn compile(config: Self::Config) -> Result<Self, Self::Invalid>;

    /// The policy at a place; `None` behind the last.
    fn policy(&self, at: usize) -> Option<&dyn Judge>;

    /// See [`Policy::client_address`].
    fn client_address(&self) -> Option<&ClientAddress> {
        None
    }

    /// The one policy that looks at what follows a request.
    fn watcher(&self) -> Option<&dyn Judge> {
        (0..).map_while(|at| self.policy(at)).find(|policy| policy.watches())
    }
}

/// The part of [`Policy`] that requests need, whatever its configuration is.
pub trait Judge: Learn {
    /// See [`Policy::on_request`].
    fn on_request(&self, request: &Request, env: &dyn Env) -> Decision;

    /// See [`Policy::without_head`].
    fn without_head(&self, env: &dyn Env) -> Option<Decision>;

    /// See [`Policy::counted_as`].
    fn counted_as(&self, _request: &Request, _env: &dyn Env) -> Option<Rc<str>> {
        None
    }

    /// See [`Policy::settles`].
    fn settles(&self) -> bool;

    /// See [`Policy::settle`].
    fn settle(&self, receipt: &dyn Any, env: &dyn Env);

    /// See [`Policy::watches`].
    fn watches(&self) -> bool {
        false
    }

    /// See [`Policy::on_response`].
    fn on_response(&self, _watch: &Watch, _response: &Response) -> Judgement {
        Judgement::Pass(None)
    }

    /// See [`Policy::on_body`].
    fn on_body(&self, _watch: &Watch, _body: &Body) -> Option<Observation> {
        None
    }
}

impl<P: Policy> Judge for P {
    fn on_request(&self, request: &Request, env: &dyn Env) -> Decision {
        Policy::on_request(self, request, env)
    }

    fn without_head(&self, env: &dyn Env) -> Option<Decision> {
        Policy::without_head(self, env)
    }

    fn counted_as(&self, request: &Request, env: &dyn Env) -> Option<Rc<str>> {
        Policy::counted_as(self, request, env)
    }

    fn settles(&self) -> bool {
        Policy::settles(self)
    }

    fn settle(&self, receipt: &dyn Any, env: &dyn Env) {
        Policy::settle(self, receipt, env);
    }

    fn watches(&self) -> bool {
        Policy::watches(self)
    }

    fn on_response(&self, watch: &Watch, response: &Response) -> Judgement {
        Policy::on_response(self, watch, response)
    }

    fn on_body(&self, watch: &Watch, body: &Body) -> Option<Observation> {
        Policy::on_body(self, watch, body)
    }
}

impl<P: Policy> PolicyChain for P {
    type Config = P::Config;
    type Invalid = P::Invalid;
    const ASKS: bool = P::ASKS;
    const SETTLES: bool = P::SETTLES;
    const WATCHES: bool = P::WATCHES;

    fn compile(config: P::Config) -> Result<Self, P::Invalid> {
        Policy::compile(config)
    }

    fn policy(&self, at: usize) -> Option<&dyn Judge> {
        (at == 0).then_some(self)
    }

    fn client_address(&self) -> Option<&ClientAddress> {
        Policy::client_address(self)
    }
}

/// A request on its way: behind the policies that let it pass.
#[derive(Debug)]
pub struct Passage {
    request: Request,
    /// The policy that is asked next.
    at: usize,
    /// What the policies have changed, as far as it is not carried out yet.
    edits: Edits,
    operation: Option<Rc<str>>,
    identity: Option<Rc<Identity>>,
    /// The client behind trusted proxies, once it has been looked for.
    client: Option<Option<IpAddr>>,
    /// What came of the questions that the present policy has asked so far.
    answers: Vec<(Topic, Rc<Answer>)>,
}

/// How far a request came. Its [`Edits`] are those of the policies that let it pass.
#[derive(Debug)]
pub enum Progress {
    /// Through all policies.
    Passed(Edits),
    /// One refuses it.
    Rejected(Rejection, Edits),
    /// One answers in the upstream's place.
    Answered(Reply, Edits),
    /// One needs the whole body, of at most so many bytes: see [`Passage::set_body`].
    NeedsBody(Passage, u32),
    /// One needs an answer: see [`Passage::set_answer`].
    Asks(Passage, Question),
}

impl Passage {
    /// A request before the first policy.
    pub fn new(request: Request) -> Self {
        Self {
            request,
            at: 0,
            edits: Edits::default(),
            operation: None,
            identity: None,
            client: None,
            answers: Vec::new(),
        }
    }

    /// The request as the policies so far left it.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Hands in the whole body.
    pub fn set_body(&mut self, body: Vec<u8>) {
        self.request.set_body(body);
    }

    /// The refusal of a body that has more than the `max` bytes which the present policy has asked for.
    pub fn body_too_large(&self, max: u32, chain: &impl PolicyChain, env: &dyn Env) -> Rejection {
        let known = Known { env, passage: self };
        let operation = chain.policy(self.at).and_then(|policy| policy.counted_as(&self.request, &known));
        Rejection { operation, ..Rejection::body_too_large(max) }
    }

    /// Hands in what came of a question.
    pub fn set_answer(&mut self, topic: Topic, answer: Rc<Answer>) {
        self.answers.push((topic, answer));
    }

    /// What is to be carried out before the request waits for its body. What a policy wants to see later stays.
    pub fn take_edits(&mut self) -> Edits {
        let watch = self.edits.aside.as_mut().and_then(|aside| aside.watch.take());
        let edits = std::mem::take(&mut self.edits);
        if watch.is_some() {
            self.edits.aside().watch = watch;
        }
        edits
    }

    /// Asks policy after policy, until one does not let the request on.
    pub fn advance(mut self, chain: &impl PolicyChain, env: &dyn Env) -> Progress {
        if let (None, Some(address)) = (self.client, chain.client_address()) {
            let client = address.of(env.peer(), self.request.headers());
            self.client = Some(client);
            env.log_client(client);
        }
        while let Some(policy) = chain.policy(self.at) {
            let known = Known { env, passage: &self };
            match policy.on_request(&self.request, &known) {
                Decision::Continue(edits) => {
                    let is_last = chain.policy(self.at + 1).is_none();
                    if let Err(malformed) = self.pass(edits, is_last) {
                        return Progress::Rejected(malformed.into(), self.edits);
                    }
                }
                Decision::Reject(rejection) => return Progress::Rejected(rejection, self.edits),
                Decision::Respond(reply) => return Progress::Answered(reply, self.edits),
                Decision::NeedBody(_) if self.request.body().is_some() => {
                    return Progress::Rejected(Rejection::internal("undecided"), self.edits);
                }
                Decision::NeedBody(max) => return Progress::NeedsBody(self, max),
                Decision::Ask(question) if self.is_answered(&question) => {
                    return Progress::Rejected(Rejection::internal("undecided"), self.edits);
                }
                Decision::Ask(question) => return Progress::Asks(self, question),
            }
        }
        Progress::Passed(self.edits)
    }

    /// Whether it would be no use to ask: the answer is there, or there were too many.
    fn is_answered(&self, question: &Question) -> bool {
        let topic = question.topic();
        self.answers.len() >= MAX_ANSWERS || self.answers.iter().any(|(known, _)| *known == topic)
    }

    fn pass(&mut self, mut edits: Edits, is_last: bool) -> Result<(), Malformed> {
        self.at += 1;
        self.answers.clear();
        for (name, _) in &edits.set {
            // In a host, setting replaces only the first of several.
            if self.request.headers().all(name).nth(1).is_some() {
                edits.remove.push(name.clone());
            }
        }
        if !is_last {
            self.request.apply(&edits)?;
            self.operation = edits.operation.clone().or(self.operation.take());
            self.identity = edits.identity.clone().or(self.identity.take());
        }
        self.edits.append(edits);
        Ok(())
    }
}

/// The world, and what the policies so far found out about the request.
struct Known<'p> {
    env: &'p dyn Env,
    passage: &'p Passage,
}

impl Env for Known<'_> {
    fn now(&self) -> UnixNanos {
        self.env.now()
    }

    fn peer(&self) -> Option<IpAddr> {
        self.env.peer()
    }

    fn client(&self) -> Option<IpAddr> {
        self.passage.client.unwrap_or_else(|| self.env.client())
    }

    fn certificate_digest(&self) -> Option<[u8; 32]> {
        self.env.certificate_digest()
    }

    fn certificate(&self) -> Option<Vec<u8>> {
        self.env.certificate()
    }

    fn operation(&self) -> Option<Rc<str>> {
        self.passage.operation.clone().or_else(|| self.env.operation())
    }

    fn identity(&self) -> Option<Rc<Identity>> {
        self.passage.identity.clone().or_else(|| self.env.identity())
    }

    fn shared_get(&self, key: &str) -> Option<(Vec<u8>, u32)> {
        self.env.shared_get(key)
    }

    fn shared_set(&self, key: &str, value: &[u8], version: Option<u32>) -> Result<(), Contended> {
        self.env.shared_set(key, value, version)
    }

    fn verify_signature(&self, signed: &Signed<'_>) -> SignatureVerdict {
        self.env.verify_signature(signed)
    }

    fn sign(&self, wanted: &ToSign<'_>) -> Option<Vec<u8>> {
        self.env.sign(wanted)
    }

    fn secret(&self, name: &str) -> Option<String> {
        self.env.secret(name)
    }

    fn answer(&self, topic: &Topic) -> Option<Rc<Answer>> {
        let found = self.passage.answers.iter().find(|(known, _)| known == topic);
        found.map(|(_, answer)| Rc::clone(answer)).or_else(|| self.env.answer(topic))
    }

    fn at_end(&self, receipt: Receipt) {
        self.env.at_end(receipt.of(self.passage.at));
    }

    fn answers(&self) -> usize {
        self.passage.answers.len()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::num::NonZeroU8;

    use super::*;
    use crate::client::{ForwardingHeader, Trust};
    use crate::headers::Headers;
    use crate::testing::FakeEnv;

    /// Answers by a function of what it sees.
    struct Each(Vec<fn(&Request, &dyn Env) -> Decision>);

    struct One(fn(&Request, &dyn Env) -> Decision);

    impl Learn for One {}

    impl Judge for One {
        fn on_request(&self, request: &Request, env: &dyn Env) -> Decision {
            self.0(request, env)
        }

        fn without_head(&self, _: &dyn Env) -> Option<Decision> {
            None
        }

        fn settles(&self) -> bool {
            true
        }

        fn settle(&self, receipt: &dyn Any, _: &dyn Env) {
            let (count, of) = receipt.downcast_ref::<(Rc<Cell<u32>>, u32)>().unwrap();
            count.set(count.get() * 10 + of);
        }
    }

    struct Chain(Vec<One>);

    impl PolicyChain for Chain {
        type Config = Each;
        type Invalid = std::convert::Infallible;
        const ASKS: bool = true;
        const SETTLES: bool = false;
        const WATCHES: bool = false;

        fn compile(config: Each) -> Result<Self, Self::Invalid> {
            Ok(Self(config.0.into_iter().map(One).collect()))
        }

        fn policy(&self, at: usize) -> Option<&dyn Judge> {
            self.0.get(at).map(|one| one as &dyn Judge)
        }
    }

    fn send(policies: Vec<fn(&Request, &dyn Env) -> Decision>) -> Progress {
        let head = [(":method", "POST"), (":path", "/a?x=1"), ("secret", "s"), ("via", "1"), ("via", "2")];
        let chain = Chain::compile(Each(policies)).unwrap();
        Passage::new(Request::new(Headers::from_pairs(head)).unwrap()).advance(&chain, &FakeEnv::new())
    }

    fn find(_: &Request, _: &dyn Env) -> Decision {
        let mut edits = Edits { operation: Some("op".into()), ..Edits::default() };
        edits.set = vec![("via".into(), "3".into()), (":path".into(), "/b?y".into())];
        edits.response.push(("seen".into(), "1".into()));
        Decision::Continue(edits)
    }

    fn identify(request: &Request, env: &dyn Env) -> Decision {
        assert_eq!(env.operation().as_deref(), Some("op"));
        assert_eq!((request.path().as_str(), request.query()), ("/b", Some("y")));
        assert_eq!(request.headers().all("via").collect::<Vec<_>>(), [b"3"]);
        let identity = Identity::new("ada".into(), "key".into(), [].into());
        let remove = vec!["secret".into(), "via".into()];
        Decision::Continue(Edits { remove, identity: Some(Rc::new(identity)), ..Edits::default() })
    }

    fn read(request: &Request, env: &dyn Env) -> Decision {
        assert!(env.identity().is_some_and(|identity| identity.consumer() == "ada"));
        assert_eq!((request.headers().first("secret"), request.headers().first("via")), (None, None));
        match request.body() {
            Some(_) => Decision::Continue(Edits::default()),
            None => Decision::NeedBody(9),
        }
    }

    fn refuse(_: &Request, _: &dyn Env) -> Decision {
        Rejection::new(400, "refused", "no").into()
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn each_policy_sees_what_those_before_it_left() {
        let Progress::Passed(edits) = send(vec![find, identify]) else { panic!("not passed") };
        assert_eq!(edits.set, [(":path".into(), "/b?y".to_owned())], "what is removed later is not set");
        assert_eq!(edits.remove, ["via", "secret", "via"]);
        assert_eq!(edits.operation.as_deref(), Some("op"));
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_passage_goes_on_with_the_body_where_it_waited() {
        let Progress::NeedsBody(mut passage, 9) = send(vec![find, identify, read, refuse]) else {
            panic!("the body is not asked for")
        };
        assert_eq!(passage.take_edits().operation.as_deref(), Some("op"));
        passage.set_body(Vec::new());
        let chain = Chain(vec![One(find), One(identify), One(read), One(refuse)]);
        let Progress::Rejected(rejection, edits) = passage.advance(&chain, &FakeEnv::new()) else {
            panic!("not refused")
        };
        assert_eq!((rejection.code, edits), ("refused", Edits::default()));
    }

    fn ask(_: &Request, env: &dyn Env) -> Decision {
        let source: Rc<str> = "keys".into();
        match env.answer(&Topic::Source(Rc::clone(&source))) {
            Some(_) => Decision::Continue(Edits::default()),
            None => Decision::Ask(Question::Refresh { source }),
        }
    }

    fn insist(_: &Request, _: &dyn Env) -> Decision {
        Decision::Ask(Question::Refresh { source: "keys".into() })
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_policy_is_asked_again_once_its_question_is_answered() {
        for (policy, is_content) in [(ask as fn(&Request, &dyn Env) -> Decision, true), (insist, false)] {
            let Progress::Asks(mut passage, question) = send(vec![find, policy, identify]) else {
                panic!("nothing is asked")
            };
            passage.set_answer(question.topic(), Rc::new(Answer::Refreshed));
            let chain = Chain(vec![One(find), One(policy), One(identify)]);
            let progress = passage.advance(&chain, &FakeEnv::new());
            assert_eq!(matches!(progress, Progress::Passed(_)), is_content);
            assert_eq!(matches!(progress, Progress::Rejected(..)), !is_content);
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_refusal_tells_what_was_found_out_before() {
        let Progress::Rejected(_, edits) = send(vec![find, refuse, identify]) else { panic!("not refused") };
        assert_eq!(edits.operation.as_deref(), Some("op"));
        assert_eq!(edits.response, [("seen".into(), "1".to_owned())]);
    }

    /// A chain that looks for the client behind one proxy.
    struct Behind(Chain, ClientAddress);

    impl PolicyChain for Behind {
        type Config = Each;
        type Invalid = std::convert::Infallible;
        const ASKS: bool = true;
        const SETTLES: bool = false;
        const WATCHES: bool = false;

        fn compile(config: Each) -> Result<Self, Self::Invalid> {
            let header = ForwardingHeader::XForwardedFor { host_appends: false };
            let address = ClientAddress::new(Trust::Hops(NonZeroU8::MIN), header);
            Chain::compile(config).map(|chain| Self(chain, address.unwrap()))
        }

        fn policy(&self, at: usize) -> Option<&dyn Judge> {
            self.0.policy(at)
        }

        fn client_address(&self) -> Option<&ClientAddress> {
            Some(&self.1)
        }
    }

    fn tell_client(_: &Request, env: &dyn Env) -> Decision {
        assert_eq!(env.peer(), "10.0.0.1".parse().ok(), "the peer is nobody else for it");
        let client = env.client().map(|client| client.to_string()).unwrap_or_default();
        Decision::Continue(Edits { set: vec![("client".into(), client)], ..Edits::default() })
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn policies_and_the_access_log_are_told_who_is_behind_a_proxy() {
        for (line, client, logged) in [("192.0.2.7", "192.0.2.7", "192.0.2.7".parse().ok()), ("x", "", None)]
        {
            let head = [(":method", "GET"), (":path", "/"), ("x-forwarded-for", line)];
            let passage = || Passage::new(Request::new(Headers::from_pairs(head)).unwrap());
            let env = FakeEnv::new().with_peer("10.0.0.1");
            let behind = Behind::compile(Each(vec![tell_client])).unwrap();
            let Progress::Passed(edits) = passage().advance(&behind, &env) else { panic!("not passed") };
            assert_eq!(edits.set, [("client".into(), client.to_owned())]);
            assert_eq!(env.logged_client(), Some(logged));
            let refused = Behind::compile(Each(vec![refuse])).unwrap();
            let env = FakeEnv::new().with_peer("10.0.0.1");
            let Progress::Rejected(..) = passage().advance(&refused, &env) else { panic!("passed") };
            assert_eq!(env.logged_client(), Some(logged), "also where the first policy refuses");
            let env = FakeEnv::new().with_peer("10.0.0.1");
            let Progress::Passed(edits) = passage().advance(&behind.0, &env) else { panic!("not passed") };
            assert_eq!(edits.set, [("client".into(), "10.0.0.1".to_owned())], "where nothing is configured");
            assert_eq!(env.logged_client(), None);
        }
    }

    fn leave(_: &Request, env: &dyn Env) -> Decision {
        COUNT.with(|count| env.at_end(Receipt::new((Rc::clone(count), 1_u32))));
        COUNT.with(|count| env.at_end(Receipt::new((Rc::clone(count), 2_u32))));
        Decision::Continue(Edits::default())
    }

    thread_local! {
        static COUNT: Rc<Cell<u32>> = Rc::default();
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn each_policy_gets_back_what_it_left_also_when_a_later_one_refuses() {
        let head = [(":method", "GET"), (":path", "/a?x=1")];
        let passage = Passage::new(Request::new(Headers::from_pairs(head)).unwrap());
        let chain = Chain::compile(Each(vec![find, leave, refuse])).unwrap();
        let env = FakeEnv::new();
        let Progress::Rejected(..) = passage.advance(&chain, &env) else { panic!("not refused") };
        for receipt in env.take_receipts() {
            receipt.settle(&chain, &env);
        }
        assert_eq!(COUNT.with(|count| count.get()), 12);
        assert!(env.take_receipts().is_empty());
    }
}
