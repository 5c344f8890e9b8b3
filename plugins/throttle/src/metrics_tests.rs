//! What is told to those who watch, of requests and of slots.

use std::collections::BTreeMap;

use portcullis_core::testing::FakeEnv;
use portcullis_core::{Headers, Learn, Policy, Request};
use serde_json::json;

use crate::ThrottlePolicy;
use crate::slot::CALLERS;

fn policy(metrics: bool, early: bool) -> ThrottlePolicy {
    let operation = |path: &str, limit: &str| {
        let rule = json!({ "limits": [{ "limit": limit, "scope": "x" }] });
        json!({ "key": path, "method": "GET", "path": path, "rule": rule })
    };
    let mut limits = json!({
        "few": { "requests": 2, "period_seconds": 3600, "burst": 2, "by": "address" },
        "a soft one": { "requests": 1, "period_seconds": 3600, "burst": 1, "by": "address", "marks": true },
    });
    if early {
        limits["a soft one"]["marks"] = false.into();
    }
    let config = json!({
        "apis": [{ "name": "a", "operations": [operation("/few", "few"), operation("/soft", "a soft one")] }],
        "limits": limits, "slots": 1024, "metrics": metrics, "early": early,
    });
    ThrottlePolicy::compile(serde_json::from_value(config).unwrap()).unwrap()
}

fn ask(policy: &ThrottlePolicy, env: &FakeEnv, path: &str) {
    let head = [(":method", "GET"), (":path", path), (":authority", "a")];
    let _outcome = policy.on_request(&Request::new(Headers::from_pairs(head)).unwrap(), env);
}

/// What is told in so many looks; later numbers stand for earlier ones.
fn told(policy: &ThrottlePolicy, env: &FakeEnv, looks: usize) -> BTreeMap<String, u64> {
    let (metrics, mut found) = (policy.metrics(), BTreeMap::new());
    for _ in 0..looks {
        policy.measure(env, &mut |at, value| {
            if value > 0 {
                found.insert(metrics[at].name.clone(), value);
            }
        });
    }
    found
}

fn numbers(expected: &[(&str, u64)]) -> BTreeMap<String, u64> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_became_of_requests_is_told_once_by_the_limit() {
    let (policy, env) = (policy(true, false), FakeEnv::new().with_peer("192.0.2.1"));
    (0..5).for_each(|_| ask(&policy, &env, "/few"));
    (0..3).for_each(|_| ask(&policy, &env, "/soft"));
    let expected = [
        ("portcullis.limit.few.allowed", 2),
        ("portcullis.limit.few.refused", 3),
        ("portcullis.limit.a soft one.allowed", 1),
        ("portcullis.limit.a soft one.marked", 2),
    ];
    assert_eq!(told(&policy, &env, 1), numbers(&expected));
    assert_eq!(
        told(&policy, &env, 1),
        numbers(&[("portcullis.slots.used", 2), ("portcullis.slots.counts", 2)])
    );
    assert_eq!(told(&policy, &env, 1), numbers(&[]), "all of the slots take two looks");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn slots_are_told_full_and_early_ones_apart() {
    let (policy, env) = (policy(true, true), FakeEnv::new());
    for address in 0..20_000u32 {
        let peer = std::net::Ipv4Addr::from(address).to_string();
        ask(&policy, &FakeEnv::new().with_store(env.store().clone()).with_peer(&peer), "/few");
    }
    // Addresses have half of the slots.
    let told = told(&policy, &env, 2);
    let expected = [("used", 512), ("full", 512), ("counts", 512 * CALLERS as u64)];
    for (gauge, value) in expected {
        assert_eq!(told.get(&format!("portcullis.early_slots.{gauge}")), Some(&value), "{told:?}");
    }
    let asked = ["allowed", "refused"].map(|kind| told.get(&format!("portcullis.limit.few.{kind}")));
    assert_eq!(asked.into_iter().flatten().sum::<u64>(), 20_000);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn who_asks_for_no_metrics_has_none() {
    let (policy, env) = (policy(false, false), FakeEnv::new().with_peer("192.0.2.1"));
    ask(&policy, &env, "/few");
    let before = env.calls();
    assert_eq!((policy.metrics(), told(&policy, &env, 3)), (Vec::new(), numbers(&[])));
    assert_eq!(env.calls(), before, "nothing is looked at");
}
