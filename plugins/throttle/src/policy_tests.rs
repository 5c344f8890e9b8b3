//! The policy as a gateway sees it: configuration in, decisions out.

use std::time::Duration;

use portcullis_core::testing::{Calls, FakeEnv};
use portcullis_core::{Headers, Identity, Terms, problem_json};
use serde_json::{Value, json};

use super::*;
use crate::limit::InvalidLimit;

/// `gold` for both operations of one API together, `hourly` for the second alone, by address.
fn config() -> Value {
    json!({
        "apis": [{
            "name": "petstore",
            "operations": [
                {"key": "petstore GET /pets", "method": "GET", "path": "/pets",
                 "rule": {"limits": [{"limit": "gold", "scope": "api petstore"}]}},
                {"key": "petstore POST /pets", "method": "POST", "path": "/pets",
                 "rule": {"limits": [{"limit": "gold", "scope": "api petstore"},
                                     {"limit": "hourly", "scope": "petstore POST /pets"}]}},
                {"key": "petstore GET /health", "method": "GET", "path": "/health", "rule": {}},
                {"key": "petstore GET /closed", "method": "GET", "path": "/closed",
                 "rule": {"limits": [{"limit": "gold", "scope": "api petstore"},
                                     {"limit": "closed", "scope": "x"}]}},
                {"key": "petstore GET /all", "method": "GET", "path": "/all",
                 "rule": {"limits": [{"limit": "everybody", "scope": "x"}]}}
            ]
        }],
        "limits": {
            "gold": {"requests": 6, "period_seconds": 60, "by": "consumer"},
            "hourly": {"requests": 2, "period_seconds": 3600, "burst": 2, "by": "address"},
            "closed": {"requests": 0, "period_seconds": 60, "by": "all"},
            "everybody": {"requests": 3, "period_seconds": 60, "burst": 1, "by": "all"}
        },
        "slots": 1024
    })
}

fn compile(config: Value) -> Result<ThrottlePolicy, InvalidThrottle> {
    ThrottlePolicy::compile(serde_json::from_value(config).unwrap())
}

fn policy() -> ThrottlePolicy {
    compile(config()).unwrap()
}

fn request(method: &str, target: &str) -> Request {
    let head = [(":method", method), (":path", target), (":authority", "api.example")];
    Request::new(Headers::from_pairs(head)).unwrap()
}

/// Status and the fields that tell of limits; 200 stands for "may go on".
fn outcome(decision: Decision) -> (u16, Vec<(String, String)>) {
    let (status, headers) = match decision {
        Decision::Continue(edits) => (200, edits.response),
        Decision::Reject(rejection) => (rejection.status, rejection.headers),
        other => panic!("{other:?}"),
    };
    (status, headers.into_iter().map(|(name, value)| (name.into_owned(), value)).collect())
}

fn ask(policy: &ThrottlePolicy, line: &str, env: &FakeEnv) -> (u16, Vec<(String, String)>) {
    let (method, target) = line.split_once(' ').unwrap();
    outcome(policy.on_request(&request(method, target), env))
}

fn field(headers: &[(String, String)], name: &str) -> Option<String> {
    headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone())
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_client_sees_where_it_stands_until_it_is_refused() {
    let (policy, env) = (policy(), FakeEnv::new().with_consumer("alice"));
    let fields = |rest: &str| {
        vec![
            ("ratelimit-policy".to_owned(), r#""gold";q=6;w=60"#.to_owned()),
            ("ratelimit".to_owned(), format!(r#""gold";{rest}"#)),
        ]
    };
    for used in 1..=6 {
        let expected = fields(&format!("r={};t={}", 6 - used, 10 * used));
        assert_eq!(ask(&policy, "GET /pets", &env), (200, expected));
    }
    let mut expected = vec![("retry-after".to_owned(), "10".to_owned())];
    expected.extend(fields("r=0;t=10"));
    assert_eq!(ask(&policy, "GET /pets", &env), (429, expected));
    env.advance(Duration::from_millis(9_999));
    assert_eq!(field(&ask(&policy, "GET /pets", &env).1, "retry-after").as_deref(), Some("1"), "rounded up");
    env.advance(Duration::from_millis(1));
    assert_eq!(ask(&policy, "GET /pets", &env).0, 200);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn all_of_the_reply_names_the_limit_that_refused() {
    let (policy, env) = (policy(), FakeEnv::new().with_consumer("alice").with_peer("192.0.2.1"));
    let (_, headers) = ask(&policy, "POST /pets", &env);
    assert_eq!(field(&headers, "ratelimit-policy").unwrap(), r#""gold";q=6;w=60, "hourly";q=2;w=3600"#);
    assert_eq!(field(&headers, "ratelimit").unwrap(), r#""hourly";r=1;t=1800"#, "the tightest");
    assert_eq!(ask(&policy, "POST /pets", &env).0, 200);
    let Decision::Reject(rejection) = policy.on_request(&request("POST", "/pets"), &env) else { panic!() };
    assert_eq!((rejection.status, rejection.code), (429, "limit-exceeded"));
    let body: Value = serde_json::from_str(&problem_json(&rejection)).unwrap();
    assert_eq!(
        body["detail"],
        "The limit 'hourly' of 2 requests in 3600 seconds is used up; retry in 1800 seconds."
    );
    let (_, headers) = outcome(Decision::Reject(rejection));
    assert_eq!(field(&headers, "retry-after").unwrap(), "1800");
    assert_eq!(field(&headers, "ratelimit").unwrap(), r#""hourly";r=0;t=1800"#);
    // The refused request did not count against the other limit: two of six are used.
    assert_eq!(field(&ask(&policy, "GET /pets", &env).1, "ratelimit").unwrap(), r#""gold";r=3;t=30"#);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn who_shares_a_count_with_alice_is_as_the_limit_says() {
    let env = || FakeEnv::new().with_peer("2001:db8::1");
    let cases = [
        (
            "the same consumer elsewhere",
            "GET /pets",
            FakeEnv::new().with_peer("192.0.2.9").with_consumer("alice"),
            429,
        ),
        ("another consumer at the same address", "GET /pets", env().with_consumer("bob"), 200),
        ("an anonymous caller at the same address", "GET /pets", env(), 200),
        ("another operation of the scope", "POST /pets", env().with_consumer("alice"), 429),
        ("an operation of another scope", "GET /health", env().with_consumer("alice"), 200),
    ];
    for (name, line, other, expected) in cases {
        let (policy, alice) = (policy(), env().with_consumer("alice"));
        for _ in 0..6 {
            assert_eq!(ask(&policy, "GET /pets", &alice).0, 200);
        }
        let other = other.with_store(alice.store().clone());
        assert_eq!(ask(&policy, line, &other).0, expected, "{name}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_anonymous_of_one_network_share_a_count() {
    let cases = [("2001:db8::2", 429), ("2001:db8:0:1::1", 200), ("192.0.2.1", 200), ("", 200)];
    for (address, expected) in cases {
        let (policy, first) = (policy(), FakeEnv::new().with_peer("2001:db8::1"));
        for _ in 0..6 {
            assert_eq!(ask(&policy, "GET /pets", &first).0, 200);
        }
        let other = FakeEnv::new().with_peer(address).with_store(first.store().clone());
        assert_eq!(ask(&policy, "GET /pets", &other).0, expected, "{address}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_limit_for_all_counts_everybody_and_its_burst_is_kept() {
    let (policy, alice) = (policy(), FakeEnv::new().with_consumer("alice"));
    let bob = FakeEnv::new().with_consumer("bob").with_store(alice.store().clone());
    assert_eq!(ask(&policy, "GET /all", &alice).0, 200);
    let (status, headers) = ask(&policy, "GET /all", &bob);
    assert_eq!((status, field(&headers, "retry-after").as_deref()), (429, Some("20")));
    bob.advance(Duration::from_secs(20));
    assert_eq!(ask(&policy, "GET /all", &bob).0, 200);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_limit_of_none_lets_none_pass_and_charges_nothing() {
    let (policy, env) = (policy(), FakeEnv::new().with_consumer("alice"));
    let (status, headers) = ask(&policy, "GET /closed", &env);
    assert_eq!((status, field(&headers, "retry-after").as_deref()), (429, Some("60")));
    assert_eq!(field(&headers, "ratelimit").unwrap(), r#""closed";r=0;t=60"#);
    assert_eq!(env.store().keys(), 0);
    assert_eq!(ask(&policy, "GET /pets", &env).1[1].1, r#""gold";r=5;t=10"#);
}

/// Sets a value of the configuration; the parent must be there.
fn with(pointer: &str, value: Value) -> ThrottlePolicy {
    let mut config = config();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    config.pointer_mut(parent).unwrap()[key] = value;
    compile(config).unwrap()
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_window_gives_back_everything_when_it_ends() {
    let limit = json!({"requests": 2, "window": {"unit": "month"}, "by": "consumer"});
    let (policy, env) = (with("/limits/gold", limit), FakeEnv::new().with_consumer("alice"));
    env.advance(Duration::from_secs(30 * 86_400));
    for remaining in [1, 0] {
        let (status, headers) = ask(&policy, "GET /pets", &env);
        assert_eq!((status, field(&headers, "ratelimit-policy").unwrap().as_str()), (200, r#""gold";q=2"#));
        assert_eq!(field(&headers, "ratelimit").unwrap(), format!(r#""gold";r={remaining};t=86400"#));
    }
    let Decision::Reject(rejection) = policy.on_request(&request("GET", "/pets"), &env) else { panic!() };
    assert_eq!(
        rejection.detail,
        "The limit 'gold' of 2 requests each month is used up; retry in 86400 seconds."
    );
    env.advance(Duration::from_secs(86_400));
    assert_eq!(ask(&policy, "GET /pets", &env).0, 200, "it is February");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_costly_operation_counts_as_several_requests() {
    let policy = with("/apis/0/operations/0/rule/cost", json!(4));
    let env = FakeEnv::new().with_consumer("alice").with_peer("192.0.2.1");
    assert_eq!(field(&ask(&policy, "GET /pets", &env).1, "ratelimit").unwrap(), r#""gold";r=2;t=40"#);
    let (status, headers) = ask(&policy, "GET /pets", &env);
    assert_eq!((status, field(&headers, "retry-after").as_deref()), (429, Some("20")));
    assert_eq!(ask(&policy, "POST /pets", &env).0, 200, "another operation's costs one");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_limit_that_marks_refuses_nothing_and_is_charged_no_further() {
    let policy = with("/limits/hourly/marks", json!(true));
    let env = FakeEnv::new().with_consumer("alice").with_peer("192.0.2.1");
    let marks = |expected: Option<&str>| {
        let Decision::Continue(edits) = policy.on_request(&request("POST", "/pets"), &env) else { panic!() };
        assert_eq!(edits.remove, ["x-portcullis-over-limit"], "what the client sends is no mark");
        let set: Vec<_> = edits.set.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(set, expected.into_iter().collect::<Vec<_>>());
        edits.response.into_iter().map(|(_, value)| value).next_back().unwrap()
    };
    marks(None);
    marks(None);
    for _ in 0..3 {
        assert_eq!(marks(Some(r#""hourly""#)), r#""hourly";r=0;t=1800"#);
    }
    marks(Some(r#""hourly""#));
    assert_eq!(ask(&policy, "POST /pets", &env).0, 429, "the other limit still refuses");
    env.advance(Duration::from_secs(1800));
    marks(None);
    let Decision::Continue(edits) = policy.on_request(&request("GET", "/health"), &env) else { panic!() };
    assert_eq!(edits.remove, ["x-portcullis-over-limit"], "nor on an operation without limits");
    let unlimited = with("/limits/closed/marks", json!(true));
    assert_eq!(ask(&unlimited, "GET /closed", &env).0, 200);
}

/// A caller on terms: application, its tier, and the tier of the subscription or credential.
fn on_terms(application: Option<&str>, application_tier: Option<&str>, tier: Option<&str>) -> FakeEnv {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let (application, application_tier, tier) = (text(application), text(application_tier), text(tier));
    let terms = Terms { application, application_tier, tier, environment: None };
    let identity = Identity::new("alice".into(), "".into(), [].into()).on_terms(Some(terms));
    FakeEnv::new().with_peer("192.0.2.1").with_identity(identity)
}

fn tiered() -> ThrottlePolicy {
    let mut config = config();
    for (name, requests, by) in
        [("large", 2, "application"), ("silver", 3, "subscription"), ("strangers", 1, "address")]
    {
        config["limits"][name] = json!({"requests": requests, "period_seconds": 60, "by": by});
    }
    config["tiers"] = json!({
        "application": {"Large": "large", "Unlimited": null},
        "subscription": {"Silver": "silver", "*": "strangers"},
        "unauthenticated": "strangers",
    });
    compile(config).unwrap()
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn tiers_are_charged_beside_the_limits_of_each_operation() {
    let policy = tiered();
    let cases = [
        (
            "its application's",
            on_terms(Some("shop"), Some("Large"), Some("Silver")),
            "GET /health",
            2,
            "application-limit-exceeded",
        ),
        (
            "its subscription's",
            on_terms(Some("shop"), Some("Unlimited"), Some("Silver")),
            "GET /health",
            3,
            "subscription-limit-exceeded",
        ),
        ("that of who has none", on_terms(None, None, None), "GET /health", 1, "subscription-limit-exceeded"),
        (
            "that of nobody",
            FakeEnv::new().with_peer("192.0.2.1"),
            "GET /health",
            1,
            "subscription-limit-exceeded",
        ),
        (
            "the operation's",
            on_terms(Some("shop"), Some("Unlimited"), Some("Silver")),
            "GET /all",
            1,
            "limit-exceeded",
        ),
        (
            "a tier that is none",
            on_terms(Some("shop"), Some("large"), Some("Silver")),
            "GET /health",
            0,
            "tier-unknown",
        ),
        ("another", on_terms(Some("shop"), Some("Large"), Some("Gold")), "GET /health", 0, "tier-unknown"),
    ];
    for (name, env, line, expected, code) in cases {
        let (method, target) = line.split_once(' ').unwrap();
        let mut passed = 0;
        let rejection = loop {
            match policy.on_request(&request(method, target), &env) {
                Decision::Continue(_) if passed < 10 => passed += 1,
                Decision::Reject(rejection) => break rejection,
                other => panic!("{name}: {other:?}"),
            }
        };
        assert_eq!((passed, rejection.code), (expected, code), "{name}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn all_levels_are_charged_or_none() {
    let policy = tiered();
    let env = || on_terms(Some("shop"), Some("Large"), Some("Silver"));
    let alice = env();
    let (_, headers) = ask(&policy, "GET /pets", &alice);
    assert_eq!(
        field(&headers, "ratelimit-policy").unwrap(),
        r#""gold";q=6;w=60, "large";q=2;w=60, "silver";q=3;w=60"#
    );
    assert_eq!(field(&headers, "ratelimit").unwrap(), r#""large";r=1;t=30"#);
    assert_eq!(ask(&policy, "GET /pets", &alice).0, 200);
    for _ in 0..5 {
        let (status, headers) = ask(&policy, "GET /pets", &alice);
        assert_eq!((status, field(&headers, "ratelimit").unwrap().as_str()), (429, r#""large";r=0;t=30"#));
    }
    let unlimited =
        on_terms(Some("shop"), Some("Unlimited"), Some("Silver")).with_store(alice.store().clone());
    let (_, headers) = ask(&policy, "GET /health", &unlimited);
    assert_eq!(field(&headers, "ratelimit").unwrap(), r#""silver";r=0;t=60"#, "two of three were used");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn who_is_denied_is_refused_before_anything_is_charged() {
    let mut config = config();
    config["denials"] = json!([{"consumer": "alice", "api": "petstore"}]);
    let policy = compile(config).unwrap();
    let (alice, bob) = (FakeEnv::new().with_consumer("alice"), FakeEnv::new().with_consumer("bob"));
    for line in ["GET /pets", "GET /health", "GET /closed"] {
        let (method, target) = line.split_once(' ').unwrap();
        let Decision::Reject(rejection) = policy.on_request(&request(method, target), &alice) else {
            panic!()
        };
        assert_eq!((rejection.status, rejection.code), (403, "denied"), "{line}");
    }
    assert_eq!(alice.store().keys(), 0);
    assert_eq!(ask(&policy, "GET /pets", &bob).0, 200);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_first_group_that_fits_counts_instead() {
    let limit = |requests: u64| json!({"requests": requests, "period_seconds": 60, "by": "consumer"});
    let of_path = |name: &str, value: &str, requests| {
        let when = json!([{"of": {"query": "plan"}, "is": {"one-of": [value]}}]);
        json!({"name": name, "when": when, "limit": limit(requests)})
    };
    let groups = json!([of_path("free", "free", 1), of_path("paid", "pro", 3), of_path("never", "free", 9)]);
    let policy = with("/limits/gold/groups", groups);
    let env = FakeEnv::new().with_consumer("alice").with_operation("petstore GET /pets");
    assert!(Policy::without_head(&policy, &env).is_none(), "the head is needed");
    let cases = [
        ("GET /pets?plan=free", 1, r#""gold/free";q=1;w=60"#),
        ("GET /pets?plan=pro", 3, r#""gold/paid";q=3;w=60"#),
        ("GET /pets?plan=other", 6, r#""gold";q=6;w=60"#),
    ];
    for (line, expected, told) in cases {
        for _ in 0..expected {
            let (status, headers) = ask(&policy, line, &env);
            assert_eq!(
                (status, field(&headers, "ratelimit-policy").unwrap().as_str()),
                (200, told),
                "{line}"
            );
        }
        assert_eq!(ask(&policy, line, &env).0, 429, "{line}");
    }
    assert_eq!(ask(&policy, "GET /pets", &env).0, 429, "what is missing leaves the limit itself");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_host_is_asked_no_more_than_the_limits_need() {
    let cases = [
        ("GET /health", Calls { property: 1, ..Calls::default() }),
        ("GET /all", Calls { property: 1, now: 1, shared_get: 1, shared_set: 1, ..Calls::default() }),
        ("GET /pets", Calls { property: 2, now: 1, shared_get: 1, shared_set: 1, ..Calls::default() }),
        ("POST /pets", Calls { property: 3, now: 1, shared_get: 2, shared_set: 2, ..Calls::default() }),
    ];
    for (line, expected) in cases {
        let env = FakeEnv::new().with_consumer("alice").with_peer("192.0.2.1");
        assert_eq!(ask(&policy(), line, &env).0, 200);
        assert_eq!(env.calls(), expected, "{line}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_is_no_operation_is_refused() {
    let cases = [
        ("GET /pets", Some("petstore GET /health"), 200),
        ("GET /elsewhere", Some("petstore GET /health"), 200),
        ("GET /pets", Some("another build's key"), 503),
        ("GET /elsewhere", None, 404),
        ("DELETE /pets", None, 405),
    ];
    for (line, operation, expected) in cases {
        let env = operation.map_or_else(FakeEnv::new, |key| FakeEnv::new().with_operation(key));
        assert_eq!(ask(&policy(), line, &env).0, expected, "{line} {operation:?}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn trouble_with_the_shared_data_lets_nothing_pass() {
    let env = FakeEnv::new().with_consumer("alice");
    for slot in 0..1024 {
        env.store().set(&format!("throttle2:{slot}"), b"garbage", None).unwrap();
    }
    let Decision::Reject(rejection) = policy().on_request(&request("GET", "/pets"), &env) else { panic!() };
    assert_eq!((rejection.status, rejection.code), (503, "limit-state-unreadable"));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn endless_contention_is_answered_with_503() {
    let store = portcullis_core::testing::SharedStore::default();
    let rival = store.clone();
    let env = FakeEnv::new().with_consumer("alice").with_store(store).before_shared(move |_| {
        for slot in 0..1024 {
            rival.set(&format!("throttle2:{slot}"), b"", None).unwrap();
        }
    });
    let Decision::Reject(rejection) = policy().on_request(&request("GET", "/pets"), &env) else { panic!() };
    assert_eq!((rejection.status, rejection.code), (503, "limit-contended"));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_configuration_that_cannot_be_enforced_is_refused() {
    let operation = || "petstore GET /pets".to_owned();
    let rule = "/apis/0/operations/0/rule/limits";
    let gold = json!({"limit": "gold", "scope": "s"});
    let many: Vec<Value> =
        (0..17).map(|scope| json!({"limit": "gold", "scope": scope.to_string()})).collect();
    let limit = |cause| InvalidThrottle::Limit { name: "gold".into(), cause };
    let cases = [
        ("/slots", json!(0), InvalidThrottle::Slots(0)),
        ("/slots", json!(1000), InvalidThrottle::Slots(1000)),
        ("/slots", json!(1 << 21), InvalidThrottle::Slots(1 << 21)),
        ("/limits/gold/period_seconds", json!(0), limit(InvalidLimit::Period(0))),
        ("/limits/gold/burst", json!(0), limit(InvalidLimit::Burst { burst: 0, requests: 6 })),
        (
            rule,
            json!([{"limit": "silver", "scope": "s"}]),
            InvalidThrottle::UnknownLimit { operation: operation(), limit: "silver".into() },
        ),
        (
            rule,
            json!([gold, gold]),
            InvalidThrottle::RepeatedLimit { operation: operation(), limit: "gold".into() },
        ),
        (rule, json!(many), InvalidThrottle::TooManyLimits(operation())),
        ("/apis/0/operations/0/rule/cost", json!(0), InvalidThrottle::NoCost(operation())),
        (
            "/apis/0/operations/0/rule/cost",
            json!(7),
            InvalidThrottle::HighCost { operation: operation(), cost: 7, limit: "gold".into() },
        ),
    ];
    for (pointer, value, expected) in cases {
        let mut config = config();
        config["limits"]["gold"]["burst"] = json!(6);
        config["apis"][0]["operations"][0]["rule"]["cost"] = json!(1);
        *config.pointer_mut(pointer).unwrap() = value;
        assert_eq!(compile(config).err(), Some(expected), "{pointer}");
    }
    let mut tiers = config();
    tiers["tiers"] = json!({"application": {"Large": "large"}});
    let unknown = InvalidThrottle::UnknownTierLimit { limit: "large".into() };
    assert_eq!(compile(tiers.clone()).err(), Some(unknown));
    tiers["tiers"] = json!({"unauthenticated": "everybody"});
    tiers["apis"][0]["operations"][2]["rule"]["cost"] = json!(2);
    let dear = InvalidThrottle::HighCost {
        operation: "petstore GET /health".into(),
        cost: 2,
        limit: "everybody".into(),
    };
    assert_eq!(compile(tiers).err(), Some(dear));
    let test = || json!([{"of": "method", "is": "present"}]);
    let plain = || json!({"requests": 1, "period_seconds": 1, "by": "all"});
    let group = |name: &str, when: Value, limit: Value| json!({"name": name, "when": when, "limit": limit});
    let mut nested = plain();
    nested["groups"] = json!([group("a", test(), plain())]);
    for groups in [
        json!([group("", test(), plain())]),
        json!([group("a", json!([]), plain())]),
        json!([group("a", test(), plain()), group("a", test(), plain())]),
        json!([group("a", test(), nested)]),
        json!((0..33).map(|at| group(&at.to_string(), test(), plain())).collect::<Vec<_>>()),
    ] {
        let mut config = config();
        config["limits"]["gold"]["groups"] = groups.clone();
        assert!(matches!(compile(config).err(), Some(InvalidThrottle::Limit { .. })), "{groups}");
    }
    let mut twice = config();
    twice["apis"][0]["operations"][1]["key"] = json!("petstore GET /pets");
    assert!(matches!(compile(twice).err(), Some(InvalidThrottle::Index(_))));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn an_early_instance_counts_apart_and_tells_nothing_until_it_refuses() {
    let limit = |by: Value| json!({"requests": 1, "period_seconds": 60, "by": by});
    let of = |limit: Value, early: bool| {
        let mut config = config();
        config["limits"] = json!({"gold": limit});
        config["early"] = json!(early);
        let operations = config["apis"][0]["operations"].as_array_mut().unwrap();
        operations.truncate(1);
        compile(config)
    };
    let env = FakeEnv::new().with_peer("192.0.2.1");
    let (early, late) =
        (of(limit(json!("address")), true).unwrap(), of(limit(json!("address")), false).unwrap());
    assert_eq!(ask(&early, "GET /pets", &env), (200, Vec::new()));
    assert_eq!(ask(&late, "GET /pets", &env).0, 200, "the counts are apart");
    let (status, headers) = ask(&early, "GET /pets", &env);
    assert_eq!((status, field(&headers, "ratelimit").as_deref()), (429, Some(r#""gold";r=0;t=60"#)));
    assert!(early.without_head(&FakeEnv::new().with_operation("petstore GET /pets")).is_some());

    let refused = |cause| Err(InvalidThrottle::Limit { name: "gold".into(), cause });
    for by in
        [json!("consumer"), json!("application"), json!("subscription"), json!({"parts": [{"claim": "x"}]})]
    {
        assert_eq!(of(limit(by), true).map(drop), refused(InvalidLimit::EarlyCaller));
    }
    let mut marking = limit(json!("all"));
    marking["marks"] = json!(true);
    assert_eq!(of(marking, true).map(drop), refused(InvalidLimit::EarlyMark));
    let mut denying = config();
    denying["limits"] = json!({"gold": limit(json!("all"))});
    denying["apis"][0]["operations"].as_array_mut().unwrap().truncate(1);
    denying["early"] = json!(true);
    denying["denials"] = json!([{"addresses": ["192.0.2.1"]}]);
    assert_eq!(compile(denying).map(drop), Err(InvalidThrottle::EarlyCaller));
}
