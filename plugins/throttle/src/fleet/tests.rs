//! The policy beside a rate limit service that counts in windows from the first request on.

use std::collections::HashMap;
use std::rc::Rc;

use portcullis_core::testing::FakeEnv;
use portcullis_core::{
    CallFailure, CallReply, Decision, Headers, Learn, Passage, Policy, Progress, Rejection, Request,
};
use prost::Message;
use serde_json::{Value, json};

use super::protocol::{
    CODE_OK, CODE_OVER_LIMIT, CurrentLimit, DescriptorStatus, RateLimitRequest, RateLimitResponse,
};
use super::*;
use crate::gcra::SECOND;
use crate::policy::ThrottlePolicy;

/// What a service does, and how often it was asked.
#[derive(Default)]
struct Service {
    /// By count: when its window began, and how much is used.
    used: HashMap<String, (u64, u32)>,
    silent: bool,
    /// Whether it says what remains.
    terse: bool,
    calls: u32,
    hits: u32,
}

impl Service {
    fn answer(&mut self, call: &Call, now: u64) -> Answer {
        self.calls += 1;
        if self.silent {
            return Answer::Failed(CallFailure::TimedOut);
        }
        assert_eq!((call.method, &*call.path), ("POST", protocol::PATH));
        let asked = RateLimitRequest::decode(&call.body[5..]).unwrap();
        let [descriptor] = asked.descriptors.as_slice() else { panic!("{asked:?}") };
        assert_eq!((asked.domain.as_str(), descriptor.entries[0].key.as_str()), ("fleet", "limit"));
        let limit = descriptor.limit.as_ref().unwrap();
        let window = [0, 1, 60, 3600][limit.unit as usize] * SECOND;
        let used = self.used.entry(descriptor.entries[1].value.clone()).or_insert((now, 0));
        if now >= used.0 + window {
            *used = (now, 0);
        }
        let fits = used.1 + asked.hits_addend <= limit.requests_per_unit;
        if fits {
            used.1 += asked.hits_addend;
            self.hits += asked.hits_addend;
        }
        let code = if fits { CODE_OK } else { CODE_OVER_LIMIT };
        let reset = used.0 + window - now;
        let status = DescriptorStatus {
            code,
            current_limit: Some(CurrentLimit { requests_per_unit: limit.requests_per_unit }),
            limit_remaining: limit.requests_per_unit - used.1,
            duration_until_reset: Some(protocol::Duration {
                seconds: (reset / SECOND) as i64,
                nanos: (reset % SECOND) as i32,
            }),
        };
        let statuses = if self.terse { Vec::new() } else { vec![status] };
        let message = RateLimitResponse { overall_code: code, statuses }.encode_to_vec();
        let body = [&[0, 0, 0, 0, message.len() as u8], message.as_slice()].concat();
        let (headers, trailers) = (Headers::default(), Headers::from_pairs([("grpc-status", "0")]));
        Answer::Replied(CallReply { status: 200, headers, body: body.into(), trailers })
    }
}

/// A gateway's worker.
struct Worker {
    policy: ThrottlePolicy,
    env: FakeEnv,
}

impl Worker {
    fn new(limits: Value) -> Self {
        Self::with(limits, 1)
    }

    /// `cost` is that of `/five`.
    fn with(limits: Value, cost: u32) -> Self {
        let names = limits.as_object().unwrap().keys();
        let applied: Vec<Value> = names.map(|name| json!({"limit": name, "scope": "s"})).collect();
        let operation = |path: &str, cost: u32| {
            let rule = json!({"limits": applied, "cost": cost});
            json!({"key": path, "method": "GET", "path": path, "rule": rule})
        };
        let config = json!({
            "apis": [{"name": "a", "operations": [operation("/one", 1), operation("/five", cost)]}],
            "limits": limits,
            "slots": 1024, "metrics": true,
            "service": {"service": "ratelimit", "authority": "ratelimit", "domain": "fleet", "timeout_milliseconds": 100}
        });
        let policy = ThrottlePolicy::compile(serde_json::from_value(config).unwrap()).unwrap();
        Self { policy, env: FakeEnv::new().with_consumer("ann") }
    }

    /// As the adapter does it.
    fn send(&self, path: &str, service: &mut Service) -> Result<Vec<(String, String)>, Rejection> {
        let now = self.env.now().0;
        let head = [(":method", "GET"), (":path", path), (":authority", "a.example")];
        let request = || Request::new(Headers::from_pairs(head)).unwrap();
        if let Some(Decision::Ask(_)) = Policy::without_head(&self.policy, &self.env) {
            panic!("a question without a head");
        }
        let mut progress = Passage::new(request()).advance(&self.policy, &self.env);
        loop {
            match progress {
                Progress::Asks(mut passage, question) => {
                    let answer = self.ask(&question, service, now);
                    passage.set_answer(question.topic(), Rc::new(answer));
                    progress = passage.advance(&self.policy, &self.env);
                }
                Progress::Passed(edits) => {
                    if let Some(question) = &edits.ahead {
                        self.ask(question, service, now);
                    }
                    let told = edits.response.into_iter().chain(edits.set);
                    return Ok(told.map(|(name, value)| (name.into_owned(), value)).collect());
                }
                Progress::Rejected(rejection, _) => return Err(rejection),
                other => panic!("{other:?}"),
            }
        }
    }

    fn ask(&self, question: &Question, service: &mut Service, now: u64) -> Answer {
        let (Question::Call { call, .. } | Question::Own { call, .. }) = question else {
            panic!("{question:?}")
        };
        let answer = service.answer(call, now);
        self.policy.answered(&question.topic(), &answer, &self.env);
        answer
    }

    /// How many of so many requests pass.
    fn passing(&self, path: &str, times: u32, service: &mut Service) -> u32 {
        (0..times).filter(|_| self.send(path, service).is_ok()).count() as u32
    }
}

fn fleet(requests: u32, mode: Value, on_failure: &str) -> Value {
    json!({
        "requests": requests, "period_seconds": 60, "by": "consumer",
        "fleet": {"unit": "minute", "mode": mode, "on_failure": on_failure, "gateways": 2}
    })
}

fn after(worker: &Worker, seconds: u64) {
    worker.env.advance(Duration::from_secs(seconds));
}

#[test]
fn an_exact_limit_is_asked_for_each_request_and_shared_by_all_gateways() {
    let limits = json!({ "gold": fleet(10, json!("exact"), "closed") });
    let (first, second) = (Worker::with(limits.clone(), 5), Worker::with(limits, 5));
    let mut service = Service::default();
    let told = first.send("/five", &mut service).unwrap();
    assert!(told.contains(&("ratelimit".into(), r#""gold";r=5;t=60"#.into())), "{told:?}");
    assert_eq!(second.passing("/one", 9, &mut service), 5);
    let refused = first.send("/one", &mut service).unwrap_err();
    assert_eq!((refused.status, refused.code), (429, "limit-exceeded"));
    // Each worker is told once that nothing is left.
    assert_eq!((service.calls, service.hits), (8, 10));
    after(&first, 60);
    assert!(first.send("/one", &mut service).is_ok());
}

#[test]
fn leases_ask_seldom_and_never_let_more_pass_than_the_limit() {
    for terse in [false, true] {
        let limits = json!({ "gold": fleet(20_000, json!({"leased": 1_000}), "closed") });
        let workers: Vec<Worker> = (0..4).map(|_| Worker::new(limits.clone())).collect();
        let mut service = Service { terse, ..Service::default() };
        let mut passed = 0;
        let mut early = 0;
        for round in 0..8_000_u32 {
            passed += workers.iter().map(|worker| worker.passing("/one", 1, &mut service)).sum::<u32>();
            workers.iter().for_each(|worker| worker.env.advance(Duration::from_micros(500)));
            if round == 3_999 {
                early = service.calls;
                assert_eq!(passed, 16_000, "terse {terse}");
            }
        }
        assert!(early * 100 <= 16_000, "terse {terse}: {early} calls for 16000 requests");
        assert!((19_900..=20_000).contains(&passed), "terse {terse}: {passed}");
        assert!(service.hits <= 20_000);
    }
}

#[test]
fn what_holds_while_the_service_is_silent_the_limit_says() {
    for mode in [json!("exact"), json!({"leased": 4})] {
        let mut silent = Service { silent: true, ..Service::default() };
        let closed = Worker::new(json!({ "gold": fleet(10, mode.clone(), "closed") }));
        let refused = closed.send("/one", &mut silent).unwrap_err();
        assert_eq!((refused.status, refused.code), (503, "limit-service-unavailable"));
        let open = Worker::new(json!({ "gold": fleet(10, mode.clone(), "open") }));
        assert_eq!(open.passing("/one", 50, &mut silent), 50);
        let local = Worker::new(json!({ "gold": fleet(10, mode.clone(), "local") }));
        assert_eq!(local.passing("/one", 50, &mut silent), 5, "half of it, as one of two gateways");
        assert_eq!(local.send("/one", &mut silent).unwrap_err().status, 429);
        let mut awake = Service::default();
        for worker in [closed, open, local] {
            after(&worker, 1);
            assert_eq!(worker.passing("/one", 20, &mut awake), 10, "it recovers by itself");
            awake.used.clear();
        }
    }
}

#[test]
fn what_falls_back_is_told_to_those_who_watch() {
    for (mode, on_failure) in
        [("exact", "local"), ("exact", "open"), ("exact", "closed"), ("leased", "local")]
    {
        let mode = if mode == "exact" { json!("exact") } else { json!({"leased": 4}) };
        let worker = Worker::new(json!({ "gold": fleet(10, mode.clone(), on_failure) }));
        let count = |kind: &str| {
            let (name, mut found) = (format!("portcullis.limit.gold.{kind}"), 0);
            let metrics = worker.policy.metrics();
            worker.policy.measure(&worker.env, &mut |at, value| {
                found += if metrics[at].name == name { value } else { 0 };
            });
            found
        };
        worker.passing("/one", 3, &mut Service { silent: true, ..Service::default() });
        assert_eq!(count("fallback"), 3, "{mode} {on_failure}");
        after(&worker, 1);
        worker.passing("/one", 3, &mut Service::default());
        assert_eq!(count("fallback"), 0, "{mode} {on_failure}: it answers again");
    }
}

#[test]
fn who_is_over_a_limit_of_the_gateway_costs_the_fleet_nothing() {
    let own = json!({"requests": 3, "period_seconds": 60, "by": "consumer"});
    for mode in [json!("exact"), json!({"leased": 10})] {
        let worker = Worker::new(json!({ "fleet": fleet(100, mode.clone(), "closed"), "own": own }));
        let mut service = Service::default();
        assert_eq!(worker.passing("/one", 3, &mut service), 3, "{mode}");
        let spent = service.hits;
        assert_eq!(worker.passing("/one", 10, &mut service), 0, "{mode}");
        assert_eq!(service.hits, spent, "{mode}");
        assert_eq!(worker.send("/one", &mut service).unwrap_err().headers.len(), 3);
    }
    let fleet = json!({ "fleet": fleet(2, json!("exact"), "closed"), "own": own });
    let worker = Worker::new(fleet);
    let mut service = Service::default();
    assert_eq!(worker.passing("/one", 5, &mut service), 2);
    let refused = worker.send("/one", &mut service).unwrap_err();
    let told =
        |name: &str| refused.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(told("ratelimit"), Some(r#""fleet";r=0;t=60"#));
    after(&worker, 60);
    assert_eq!(worker.passing("/one", 5, &mut service), 2, "the own limit was not charged for those refused");
}

#[test]
fn of_two_limits_of_a_fleet_none_is_charged_for_what_the_other_refuses() {
    // Asked in this order: what the first grants to a request that the second refuses is the caller's next request's.
    let limits = json!({
        "a wide": fleet(100, json!("exact"), "closed"),
        "b narrow": fleet(3, json!("exact"), "closed"),
    });
    let worker = Worker::new(limits.clone());
    let mut service = Service::default();
    assert_eq!(worker.passing("/one", 50, &mut service), 3);
    assert_eq!(service.hits, 7, "three of each, and one that is held");
    let other = Worker::new(limits);
    assert_eq!(other.passing("/one", 50, &mut service), 0);
    assert_eq!(service.hits, 8, "each worker holds at most what one request costs");
    assert_eq!(service.calls, 10, "who is known to be refused asks nobody");
    for _ in 0..4 {
        after(&worker, 60);
        let spent = service.hits;
        assert_eq!(worker.passing("/one", 50, &mut service), 3);
        assert_eq!(service.hits - spent, 7, "what is held ends with its window");
    }
}

#[test]
fn what_is_held_is_used_before_more_is_asked_for() {
    let mut narrow = fleet(2, json!("exact"), "closed");
    narrow["fleet"]["unit"] = json!("second");
    narrow["period_seconds"] = json!(1);
    let worker = Worker::new(json!({ "a wide": fleet(10, json!("exact"), "closed"), "b narrow": narrow }));
    let mut service = Service::default();
    let passed: Vec<u32> = (0..6)
        .map(|_| {
            let passed = worker.passing("/one", 9, &mut service);
            after(&worker, 1);
            passed
        })
        .collect();
    assert_eq!(passed, [2, 2, 2, 2, 2, 0], "all ten of the wide one pass in its minute, none is lost");
}

#[test]
fn a_limit_that_marks_lets_pass_what_the_fleet_has_used_up() {
    let mut gold = fleet(2, json!("exact"), "closed");
    gold["marks"] = json!(true);
    let worker = Worker::new(json!({ "gold": gold }));
    let mut service = Service::default();
    assert_eq!(worker.passing("/one", 3, &mut service), 3);
    let told = worker.send("/one", &mut service).unwrap();
    assert!(
        told.iter().any(|(name, value)| name == "x-portcullis-over-limit" && value == r#""gold""#),
        "{told:?}"
    );
}

#[test]
fn what_cannot_be_shared_is_refused() {
    let compile = |limit: Value, service: bool| {
        let mut config =
            json!({ "limits": {"gold": limit}, "slots": 16, "apis": [{"name": "a", "operations": []}] });
        if service {
            config["service"] =
                json!({"service": "s", "authority": "s", "domain": "d", "timeout_milliseconds": 1});
        }
        ThrottlePolicy::compile(serde_json::from_value(config).unwrap()).err().map(|cause| cause.to_string())
    };
    let mut nobody = fleet(1, json!("exact"), "open");
    nobody["fleet"]["gateways"] = json!(0);
    let cases = [
        ("well", fleet(10, json!({"leased": 10}), "open"), true, None),
        ("nobody counts", fleet(10, json!("exact"), "open"), false, Some("needs a rate limit service")),
        ("no gateway", nobody, true, Some("at least one gateway")),
        ("no lease", fleet(10, json!({"leased": 0}), "open"), true, Some("a lease is for 1 to")),
        (
            "a lease of more than all",
            fleet(10, json!({"leased": 11}), "open"),
            true,
            Some("a lease is for 1 to"),
        ),
    ];
    for (name, limit, service, expected) in cases {
        let told = compile(limit, service);
        let fits = match expected {
            Some(part) => told.as_deref().is_some_and(|told| told.contains(part)),
            None => told.is_none(),
        };
        assert!(fits, "{name}: {told:?}");
    }
}
