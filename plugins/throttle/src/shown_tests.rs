//! An instance that counts and one that shows, over the same shared data.

use portcullis_config::throttle::ThrottleConfig;
use portcullis_core::testing::{FakeEnv, SharedStore};
use portcullis_core::{Decision, Headers, Identity, Policy, Request, Terms};
use serde_json::{Value, json};

use crate::ThrottlePolicy;

fn config() -> Value {
    let operation = |name: &str, limits: Value| {
        json!({"key": format!("pets GET /{name}"), "method": "GET", "path": format!("/{name}"),
               "rule": {"limits": limits}})
    };
    json!({
        "slots": 1024,
        "apis": [{"name": "pets", "operations": [
            operation("list", json!([{"limit": "gold", "scope": "api pets", "level": "api"},
                                     {"limit": "everybody", "scope": "list"}])),
            operation("item", json!([{"limit": "gold", "scope": "api pets", "level": "api"},
                                     {"limit": "tenant", "scope": "item"}])),
            operation("slow", json!([{"limit": "at once", "scope": "slow"}, {"limit": "shared", "scope": "slow"}])),
        ]}],
        "limits": {
            "gold": {"requests": 10, "period_seconds": 60, "by": "consumer",
                     "burst_control": {"requests": 5, "period_seconds": 1, "by": "consumer"}},
            "everybody": {"requests": 3, "window": {"unit": "minute"}, "by": "all"},
            "tenant": {"requests": 4, "period_seconds": 60,
                       "by": {"parts": [{"header": "X-Tenant"}, {"claim": "plan"}, "api"]},
                       "groups": [{"name": "bots", "when": [{"of": {"header": "user-agent"}, "is": {"matches": "bot"}}],
                                   "limit": {"requests": 1, "period_seconds": 60, "by": "all"}}]},
            "at once": {"requests": 2, "counts": "in-flight", "by": "address"},
            "shared": {"requests": 8, "period_seconds": 60, "by": "all",
                       "fleet": {"unit": "minute", "mode": "exact", "on_failure": "open", "gateways": 2}},
            "booked": {"requests": 100, "window": {"unit": "day"}, "by": "subscription"}
        },
        "tiers": {"subscription": {"Gold": "booked", "*": null}},
        "service": {"service": "limits", "authority": "limits", "domain": "portcullis", "timeout_milliseconds": 100}
    })
}

fn compile(config: Value) -> ThrottlePolicy {
    ThrottlePolicy::compile(serde_json::from_value::<ThrottleConfig>(config).unwrap()).unwrap()
}

fn showing() -> ThrottlePolicy {
    let mut config = config();
    config["shows"] = json!(true);
    config.as_object_mut().unwrap().remove("service");
    compile(config)
}

fn request(target: &str, headers: &[(&str, &str)]) -> Request {
    let head = [(":method", "GET"), (":path", target), (":authority", "[::1]:9902")];
    Request::new(Headers::from_pairs(head.iter().chain(headers).copied())).unwrap()
}

fn ask(policy: &ThrottlePolicy, target: &str, env: &FakeEnv) -> (u16, Value) {
    let answer = match policy.on_request(&request(target, &[]), env) {
        Decision::Respond(reply) => (reply.status, serde_json::from_slice(&reply.body).unwrap()),
        other => panic!("{other:?}"),
    };
    assert_eq!(env.calls().shared_set, 0, "nothing is written");
    answer
}

fn rows(target: &str, env: &FakeEnv) -> Vec<(String, Value)> {
    let (status, body) = ask(&showing(), target, env);
    assert_eq!(status, 200, "{body}");
    let rows = body["limits"].as_array().unwrap().iter();
    rows.map(|row| (row["limit"].as_str().unwrap().to_owned(), row.clone())).collect()
}

/// What alice, of the plan `pro` and the application `mobile`, has used up.
fn used() -> SharedStore {
    let store = SharedStore::default();
    let policy = compile(config());
    let terms = Terms { application: Some("mobile".into()), tier: Some("Gold".into()), ..Terms::default() };
    let claims = [("plan".to_owned(), "pro".to_owned())];
    let alice = Identity::new("alice".into(), "key".into(), [].into())
        .on_terms(Some(terms))
        .with_claims(Some(claims.into()));
    let env = || FakeEnv::new().with_store(store.clone()).with_peer("192.0.2.7").with_identity(alice.clone());
    for (target, headers) in [
        ("/list", &[][..]),
        ("/list", &[]),
        ("/item", &[("x-tenant", "a b")]),
        ("/item", &[("user-agent", "bot")]),
    ] {
        let decision = policy.on_request(&request(target, headers), &env());
        assert!(matches!(decision, Decision::Continue(_)), "{target}: {decision:?}");
    }
    store
}

fn stands(row: &Value) -> (u64, u64) {
    (row["used"].as_u64().unwrap(), row["remaining"].as_u64().unwrap())
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_a_caller_has_used_is_told_to_whoever_names_it() {
    let env = FakeEnv::new().with_store(used());
    let all = rows(
        "/limits?consumer=alice&application=mobile&claim.plan=pro&header.X-Tenant=a+b&address=192.0.2.7",
        &env,
    );
    let find =
        |limit: &str| &all.iter().find(|(name, _)| name == limit).unwrap_or_else(|| panic!("{limit}")).1;
    let cases = [
        ("gold", (4, 6)),
        ("gold/burst", (4, 1)),
        ("everybody", (2, 1)),
        ("tenant", (1, 3)),
        ("tenant/bots", (1, 0)),
        ("booked", (4, 96)),
        ("at once", (0, 2)),
    ];
    for (limit, expected) in cases {
        assert_eq!(stands(find(limit)), expected, "{limit}");
    }
    assert_eq!(find("shared")["counted_by"], "rate limit service");
    let gold = find("gold");
    assert_eq!(
        (&gold["scope"], &gold["api"], &gold["level"]),
        (&json!("api pets"), &json!("pets"), &json!("api"))
    );
    assert_eq!((&gold["allows"], &gold["by"]), (&json!("10 requests in 60 seconds"), &json!("consumer")));
    assert_eq!(gold["back_in_seconds"], 24, "all four");
    assert_eq!(find("tenant/bots")["back_in_seconds"], 60, "the next one");
    assert!(find("at once").get("back_in_seconds").is_none());
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn others_have_used_nothing() {
    let env = FakeEnv::new().with_store(used());
    let used =
        |target: &str| -> Vec<String> { rows(target, &env).into_iter().map(|(name, _)| name).collect() };
    assert_eq!(
        used("/limits?consumer=bob&header.X-Tenant=a+b&claim.plan=free&used"),
        ["everybody", "tenant/bots"]
    );
    assert_eq!(used("/limits?consumer=alice&used"), ["gold", "gold/burst", "everybody", "tenant/bots"]);
    assert_eq!(used("/limits?limit=gold&consumer=alice"), ["gold", "gold/burst"]);
    assert_eq!(used("/limits?limit=gol&consumer=alice"), [""; 0]);
    assert_eq!(used("/limits?scope=list"), ["everybody"]);
    assert_eq!(used("/limits?api=shop&used"), [""; 0]);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn who_is_not_named_has_no_number() {
    let env = FakeEnv::new().with_store(used());
    let cases = [
        ("/limits?limit=gold", "gold", json!(["consumer"])),
        ("/limits?limit=booked&consumer=alice", "booked", json!(["application"])),
        ("/limits?limit=booked&application", "booked", json!(["consumer"])),
        ("/limits?limit=booked&claim.plan=pro", "booked", json!(["application"])),
        ("/limits?limit=at%20once&consumer=alice", "at once", json!(["address"])),
        ("/limits?limit=gold&address=192.0.2.7&claim.plan=pro", "gold", json!(["consumer"])),
        ("/limits?limit=tenant&header.x-tenant=a", "tenant", json!(["claim.plan"])),
    ];
    for (target, limit, needs) in cases {
        let rows = rows(target, &env);
        assert_eq!(rows[0].0, limit, "{target}");
        assert_eq!(rows[0].1["needs"], needs, "{target}");
        assert!(rows[0].1.get("used").is_none(), "{target}");
    }
    // To have none is a value, too.
    let without = rows("/limits?limit=tenant&header.x-tenant&claim.plan=pro&consumer=alice", &env);
    assert_eq!(stands(&without[0].1), (0, 4));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_makes_no_sense_is_refused_by_name() {
    let cases = [
        ("/limits?consumr=alice", "consumr"),
        ("/limits?address=nowhere", "address"),
        ("/limits?consumer", "consumer"),
        ("/limits?header.:path=/x", "header.:path"),
        ("/limits?consumer=%ff", "consumer"),
        ("/limits?query%2Ea=1", "query%2Ea"),
        ("/limits?host=a%00b", "header"),
    ];
    for (target, name) in cases {
        let answer = ask(&showing(), target, &FakeEnv::new());
        assert_eq!(answer, (400, json!({ "unknown": name })), "{target}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn only_its_own_path_is_answered_and_only_under_the_machines_own_name() {
    let cases = [
        ("GET", "/limits", "127.0.0.1:9902", true),
        ("GET", "/limits", "localhost:9902", true),
        ("GET", "/limits", "[::1]", true),
        ("GET", "/limits", "rebound.example:9902", false),
        ("GET", "/limits", "192.0.2.1", false),
        ("GET", "/limits", "", false),
        ("POST", "/limits", "localhost", false),
        ("GET", "/limits/early", "localhost", false),
        ("GET", "/", "localhost", false),
    ];
    for (method, path, host, answered) in cases {
        let head = [(":method", method), (":path", path), (":authority", host)];
        let request = Request::new(Headers::from_pairs(head)).unwrap();
        let decision = showing().on_request(&request, &FakeEnv::new());
        assert_eq!(
            matches!(decision, Decision::Respond(_)),
            answered,
            "{method} {path} {host}: {decision:?}"
        );
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn an_answer_is_bounded() {
    let operations: Vec<Value> = (0..2_000)
        .map(|number| {
            json!({"key": format!("o{number}"), "method": "GET", "path": format!("/{number}"),
                   "rule": {"limits": [{"limit": "all", "scope": format!("o{number}")}]}})
        })
        .collect();
    let policy = compile(json!({
        "shows": true, "slots": 16, "apis": [{"name": "large", "operations": operations}],
        "limits": {"all": {"requests": 1, "period_seconds": 1, "by": "all"}},
    }));
    let (_, body) = ask(&policy, "/limits", &FakeEnv::new());
    assert_eq!((body["limits"].as_array().unwrap().len(), &body["more"]), (1_000, &json!(true)));
    let (_, body) = ask(&policy, "/limits?scope=o1999", &FakeEnv::new());
    assert_eq!((body["limits"].as_array().unwrap().len(), &body["more"]), (1, &json!(false)));
    let (_, body) = ask(&policy, "/limits?used", &FakeEnv::new());
    assert_eq!((body["limits"].as_array().unwrap().len(), &body["more"]), (0, &json!(false)));
    // 200 limits by 32 groups.
    let group = |number: usize| {
        json!({"name": format!("g{number}"), "when": [{"of": "host", "is": "present"}],
               "limit": {"requests": 1, "period_seconds": 1, "by": "all"}})
    };
    let groups: Vec<Value> = (0..32).map(group).collect();
    let operations: Vec<Value> = (0..200)
        .map(|number| {
            json!({"key": format!("o{number}"), "method": "GET", "path": format!("/{number}"),
                   "rule": {"limits": [{"limit": "all", "scope": format!("o{number}")}]}})
        })
        .collect();
    let policy = compile(json!({
        "shows": true, "slots": 16, "apis": [{"name": "large", "operations": operations}],
        "limits": {"all": {"requests": 1, "period_seconds": 1, "by": "all", "groups": groups}},
    }));
    let env = FakeEnv::new();
    let (_, body) = ask(&policy, "/limits?used", &env);
    assert_eq!((body["limits"].as_array().unwrap().len(), &body["more"]), (0, &json!(true)));
    assert!(env.calls().shared_get <= 5_000, "{:?}", env.calls());
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_limit_that_is_used_up_says_when_the_next_request_may_pass() {
    let limits = json!({"few": {"requests": 10, "period_seconds": 60, "by": "all"}});
    let config = |shows: bool| {
        compile(json!({
            "shows": shows, "slots": 16, "limits": limits,
            "apis": [{"name": "a", "operations": [{"key": "x", "method": "GET", "path": "/x",
                "rule": {"limits": [{"limit": "few", "scope": "x"}]}}]}],
        }))
    };
    let env = FakeEnv::new();
    for _ in 0..11 {
        let _outcome = config(false).on_request(&request("/x", &[]), &env);
    }
    let env = FakeEnv::new().with_store(env.store().clone());
    let (_, body) = ask(&config(true), "/limits", &env);
    let row = &body["limits"][0];
    assert_eq!((stands(row), row["back_in_seconds"].as_u64()), ((10, 0), Some(6)));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_could_not_count_cannot_show_either() {
    for (name, value) in [("slots", json!(3)), ("ipv6_prefix", json!(0)), ("limits", json!({}))] {
        let mut config = config();
        config["shows"] = json!(true);
        config[name] = value;
        let config = serde_json::from_value::<ThrottleConfig>(config).unwrap();
        assert!(ThrottlePolicy::compile(config).is_err(), "{name}");
    }
}
