//! Conditions and keys against requests that have, and that lack, what they look at.

use portcullis_core::testing::FakeEnv;
use portcullis_core::{Headers, Identity, Request, Terms};
use serde_json::{Value, json};

use super::*;
use crate::caller::{Callers, Fingerprint, Key};
use crate::known::Known;

fn request() -> Request {
    let head = [
        (":method", "POST"),
        (":path", "/x?plan=free&plan=pro%20plus&flag&broken=%zz"),
        (":authority", "API.example:8080"),
        ("x-plan", "free"),
        ("x-plan", "pro"),
        ("x-empty", ""),
    ];
    Request::new(Headers::from_pairs(head)).unwrap()
}

fn known() -> FakeEnv {
    let terms = Terms { application: Some("shop".into()), ..Terms::default() };
    let claims = [("groups", "staff"), ("groups", "night"), ("level", "7")];
    let claims: Vec<_> =
        claims.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let identity = Identity::new("ann".into(), "".into(), [].into()).on_terms(Some(terms));
    FakeEnv::new().with_peer("::ffff:192.0.2.7").with_identity(identity.with_claims(Some(claims.into())))
}

fn condition(config: Value) -> Result<Condition, &'static str> {
    Condition::new(&serde_json::from_value(config).unwrap())
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_condition_holds_of_what_the_request_has() {
    let one_of = |value: &str| json!({"one-of": ["x", value]});
    let matches = |text: &str| json!({"matches": text});
    let header = |name: &str| json!({"header": name});
    let query = |name: &str| json!({"query": name});
    let claim = |name: &str| json!({"claim": name});
    let cases = [
        (header("X-Plan"), one_of("pro"), true),
        (header("x-plan"), one_of("free"), false),
        (header("x-plan"), matches("^p"), true),
        (header("x-plan"), matches("^r"), false),
        (header("x-plan"), matches("(?i)RO$"), true),
        (header("x-empty"), json!("present"), true),
        (header("x-other"), json!("present"), false),
        (header("x-other"), matches(""), false),
        (header("x-other"), one_of(""), false),
        (query("plan"), one_of("pro plus"), true),
        (query("plan"), one_of("free"), false),
        (query("flag"), one_of(""), true),
        (query("broken"), json!("present"), false),
        (query("other"), json!("present"), false),
        (claim("groups"), one_of("staff"), true),
        (claim("groups"), one_of("night"), true),
        (claim("level"), matches("^[0-9]$"), true),
        (claim("other"), json!("present"), false),
        (json!("method"), one_of("POST"), true),
        (json!("host"), one_of("api.example"), true),
        (json!("consumer"), one_of("ann"), true),
        (json!("application"), one_of("shop"), true),
        (json!("api"), one_of("pets"), true),
        (json!("address"), json!({"within": ["10.0.0.0/8", "192.0.2.0/24"]}), true),
        (json!("address"), json!({"within": ["2001:db8::/32"]}), false),
        (json!("address"), one_of("192.0.2.7"), true),
    ];
    for (of, is, expected) in cases {
        let (request, env) = (request(), known());
        let subject = Subject { request: Some(&request), env: &env, api: "pets" };
        for not in [false, true] {
            let condition = condition(json!({"of": of, "is": is, "not": not})).unwrap();
            assert_eq!(condition.holds(&subject), expected != not, "{of} {is} {not}");
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn nobody_has_no_consumer_application_claim_or_address() {
    let (request, env) = (request(), FakeEnv::new());
    let subject = Subject { request: Some(&request), env: &env, api: "pets" };
    for of in [json!("consumer"), json!("application"), json!("address"), json!({"claim": "groups"})] {
        let config = |not| json!({"of": of, "is": "present", "not": not});
        assert!(!condition(config(false)).unwrap().holds(&subject), "{of}");
        assert!(condition(config(true)).unwrap().holds(&subject), "{of}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn long_texts_and_other_bytes_match_nothing() {
    let any = condition(json!({"of": {"header": "a"}, "is": {"matches": "x"}})).unwrap();
    for (length, expected) in [(LONGEST_TEXT, true), (LONGEST_TEXT + 1, false)] {
        let head = [(":method", "GET"), (":path", "/"), ("a", &"x".repeat(length))];
        let request = Request::new(Headers::from_pairs(head)).unwrap();
        let env = FakeEnv::new();
        assert_eq!(any.holds(&Subject { request: Some(&request), env: &env, api: "" }), expected);
    }
    let head: [(&str, &[u8]); 3] = [(":method", b"GET"), (":path", b"/"), ("a", b"x\xff")];
    let request = Request::new(Headers::from_pairs(head)).unwrap();
    assert!(!any.holds(&Subject { request: Some(&request), env: &FakeEnv::new(), api: "" }));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn conditions_that_mean_nothing_are_refused() {
    let huge = "(a{1000}){1000}";
    let many: Vec<String> = (0..=MOST_VALUES).map(|value| value.to_string()).collect();
    let cases = [
        json!({"of": {"header": ""}, "is": "present"}),
        json!({"of": {"header": ":path"}, "is": "present"}),
        json!({"of": {"query": ""}, "is": "present"}),
        json!({"of": "method", "is": {"one-of": []}}),
        json!({"of": "method", "is": {"one-of": many}}),
        json!({"of": "method", "is": {"matches": "("}}),
        json!({"of": "method", "is": {"matches": huge}}),
        json!({"of": "method", "is": {"within": ["10.0.0.0/8"]}}),
        json!({"of": "address", "is": {"within": []}}),
        json!({"of": "address", "is": {"within": ["10.0.0.1/8"]}}),
    ];
    for config in cases {
        assert!(condition(config.clone()).is_err(), "{config}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_key_is_made_of_all_its_parts() {
    let caller = |parts: Value, request: &Request, env: &FakeEnv| {
        let key = Key::new(&serde_json::from_value(json!({"parts": parts})).unwrap()).unwrap();
        let subject = Subject { request: Some(request), env, api: "pets" };
        Callers::new(&subject, &Known::new(None).unwrap(), Fingerprint::default()).by(&key)
    };
    let tenant = |tenant: Option<&str>, other: &str| {
        let head = [(":method", "GET"), (":path", "/"), ("other", other)];
        let tenant = tenant.map(|tenant| ("tenant", tenant));
        Request::new(Headers::from_pairs(head.into_iter().chain(tenant))).unwrap()
    };
    let parts = || json!(["consumer", {"header": "tenant"}]);
    let one = caller(parts(), &tenant(Some("a"), "x"), &known());
    assert_eq!(one, caller(parts(), &tenant(Some("a"), "y"), &known()), "nothing else counts");
    assert_ne!(one.fingerprint, caller(parts(), &tenant(Some("b"), "x"), &known()).fingerprint);
    assert_ne!(one.fingerprint, caller(parts(), &tenant(None, "x"), &known()).fingerprint);
    let (empty, none) = (tenant(Some(""), "x"), tenant(None, "x"));
    assert_ne!(caller(parts(), &empty, &known()).fingerprint, caller(parts(), &none, &known()).fingerprint);
    let bob = known().with_consumer("bob");
    assert_ne!(one.fingerprint, caller(parts(), &tenant(Some("a"), "x"), &bob).fingerprint);
    let swapped = json!([{"header": "tenant"}, {"header": "other"}]);
    let left = caller(swapped.clone(), &tenant(Some("a"), "b"), &known());
    assert_ne!(left.fingerprint, caller(swapped, &tenant(Some("b"), "a"), &known()).fingerprint);
    assert!(!one.verified, "who can send any header must not crowd out consumers");
    assert!(caller(json!(["consumer", "api"]), &none, &known()).verified);
    let everybody = caller(json!(["api"]), &none, &FakeEnv::new());
    assert_eq!(everybody, caller(json!(["api"]), &none, &known()), "who is known is counted with who is not");
    let network = |address: &str| caller(json!(["address"]), &none, &FakeEnv::new().with_peer(address));
    assert_eq!(network("2001:db8:0:1::1"), network("2001:db8:0:1::2"));
    assert_ne!(network("2001:db8:0:1::1"), network("2001:db8:0:2::1"));
    assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.1"));
    assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn keys_that_mean_nothing_are_refused() {
    for parts in [json!([]), json!(vec!["api"; 9]), json!([{"header": ""}])] {
        assert_eq!(Key::new(&serde_json::from_value(json!({"parts": parts})).unwrap()), None);
    }
}
