//! Client certificates: over the connection, passed on by a terminator, and as what a token is bound to.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portcullis_core::testing::{Calls, FakeEnv};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::gateway::{Pairs, compile, config, outcome, send};
use super::signer::{good_but, sign};
use crate::read_passed;

const CLIENT: &str = include_str!("../../../../tests/suite/certificates/client.pem");
const OTHER: &str = include_str!("../../../../tests/suite/certificates/other.pem");
const STRANGER: &str = include_str!("../../../../tests/suite/certificates/stranger.pem");
const EXPIRED: &str = include_str!("../../../../tests/suite/certificates/expired.pem");
const FUTURE: &str = include_str!("../../../../tests/suite/certificates/future.pem");

fn digest(pem: &str) -> [u8; 32] {
    Sha256::digest(read_passed(pem.as_bytes()).unwrap()).into()
}

fn hex(pem: &str) -> String {
    digest(pem).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn line(pem: &str) -> String {
    pem.replace('\n', " ")
}

/// The gateway with operations for certificates; `known` are its certificates.
fn gateway(known: Value) -> Value {
    let mut config = config();
    let operations = config["apis"][0]["operations"].as_array_mut().unwrap();
    let mut add = |path: &str, alternatives: Value, consumers: Value| {
        let rule = json!({"alternatives": alternatives, "certificates": consumers});
        operations
            .push(json!({"key": format!("shop GET {path}"), "method": "GET", "path": path, "rule": rule}));
    };
    let mtls = json!({"scheme": "mtls"});
    add("/mtls", json!([[mtls]]), json!([]));
    add("/role", json!([[{"scheme": "mtls", "scopes": ["admin"]}]]), json!([]));
    add("/listed", json!([[mtls]]), json!(["robot"]));
    add("/mtls-and-key", json!([[mtls, {"scheme": "header"}]]), json!([]));
    add("/mtls-or-key", json!([[mtls], [{"scheme": "header"}]]), json!([]));
    add("/mtls-or-nothing", json!([[mtls], []]), json!([]));
    config["schemes"]["mtls"] = json!({"type": "mutual-tls", "api": "shop"});
    config["certificates"] = known;
    config["terminator"] = json!({"header": "X-Client-Cert", "from": ["10.0.0.0/8", "2001:db8::1"]});
    config
}

fn known() -> Value {
    json!([
        {"consumer": "robot", "by": {"sha256": hex(CLIENT)}, "scopes": ["admin"]},
        {"consumer": "clerk", "by": {"subject": "CN=other"}, "apis": ["bank"]},
        {"consumer": "by name", "by": {"san": "dns:second.example"}},
    ])
}

fn with(pem: &str) -> FakeEnv {
    FakeEnv::new().with_certificate(digest(pem), pem.as_bytes())
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_certificate_of_the_connection_lets_in_whom_it_names() {
    let reader = ("x-api-key", "k-reader");
    let cases: [(&str, Option<&str>, Pairs, &str); 15] = [
        ("/mtls", Some(CLIENT), &[], "robot via mtls: admin"),
        ("/mtls", None, &[], "401 credential-missing"),
        ("/mtls", Some(OTHER), &[], "401 certificate-unknown"),
        ("/mtls", Some(STRANGER), &[], "401 certificate-unknown"),
        ("/mtls", Some(EXPIRED), &[], "401 certificate-expired"),
        ("/mtls", Some(FUTURE), &[], "401 certificate-not-yet-valid"),
        ("/role", Some(CLIENT), &[], "robot via mtls: admin"),
        ("/listed", Some(CLIENT), &[], "robot via mtls: admin"),
        ("/mtls-and-key", Some(CLIENT), &[reader], "robot via mtls: admin read"),
        ("/mtls-and-key", Some(CLIENT), &[], "401 credential-missing"),
        ("/mtls-and-key", None, &[reader], "401 credential-missing"),
        ("/mtls-or-key", Some(OTHER), &[reader], "reader via header: read"),
        ("/mtls-or-key", Some(EXPIRED), &[], "401 certificate-expired"),
        ("/mtls-or-nothing", Some(OTHER), &[], "anonymous"),
        ("/mtls-or-nothing", Some(CLIENT), &[], "robot via mtls: admin"),
    ];
    let policy = compile(gateway(known())).unwrap();
    for (target, pem, headers, expected) in cases {
        for _ in 0..2 {
            let env = pem.map_or_else(FakeEnv::new, with);
            assert_eq!(outcome(&policy, &env, target, headers), expected, "{target} {headers:?} {pem:?}");
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn digest_goes_before_subject_and_subject_before_names() {
    let subject = json!({"subject": r"CN=client,O=Org\, Inc,C=DE"});
    let (by_digest, by_name) =
        (json!({"sha256": hex(CLIENT)}), json!({"san": "uri:spiffe://example/client"}));
    let entry =
        |consumer: &str, by: &Value, apis: Value| json!({"consumer": consumer, "by": by, "apis": apis});
    let any = json!([]);
    let cases = [
        (
            json!([
                entry("n", &by_name, any.clone()),
                entry("s", &subject, any.clone()),
                entry("d", &by_digest, any.clone())
            ]),
            "d via mtls: ",
        ),
        (json!([entry("n", &by_name, any.clone()), entry("s", &subject, any.clone())]), "s via mtls: "),
        (json!([entry("n", &by_name, any.clone())]), "n via mtls: "),
        (
            json!([entry("d", &by_digest, json!(["bank"])), entry("n", &by_name, json!(["shop"]))]),
            "n via mtls: ",
        ),
        (json!([entry("d", &by_digest, json!(["bank"]))]), "401 certificate-unknown"),
        (json!([entry("robot", &json!({"subject": "CN=client"}), any)]), "401 certificate-unknown"),
    ];
    for (known, expected) in cases {
        let policy = compile(gateway(known.clone())).unwrap();
        assert_eq!(outcome(&policy, &with(CLIENT), "/mtls", &[]), expected, "{known}");
    }
    let policy = compile(gateway(json!([entry("clerk", &by_digest, json!([]))]))).unwrap();
    assert_eq!(outcome(&policy, &with(CLIENT), "/listed", &[]), "401 certificate-unknown");
    assert_eq!(outcome(&policy, &with(CLIENT), "/role", &[]), "403 scope-missing");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_certificate_that_is_not_the_digests_is_none() {
    let policy = compile(gateway(known())).unwrap();
    for pem in [OTHER.as_bytes(), b"nonsense", b""] {
        let env = FakeEnv::new().with_certificate(digest(CLIENT), pem);
        assert_eq!(outcome(&policy, &env, "/mtls", &[]), "401 certificate-malformed");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn only_a_trusted_address_passes_certificates_on() {
    let (client, other, expired, future) = (line(CLIENT), line(OTHER), line(EXPIRED), line(FUTURE));
    let passed = |pem| ("x-client-cert", pem);
    let good = "robot via mtls: admin";
    type Case<'c> = (Option<&'c str>, Option<&'c str>, Vec<(&'c str, &'c str)>, &'c str);
    let cases: [Case; 13] = [
        (Some("10.9.8.7"), None, vec![passed(client.as_str())], good),
        (Some("2001:db8::1"), None, vec![passed(&client)], good),
        (Some("::ffff:10.9.8.7"), None, vec![passed(&client)], good),
        (Some("11.0.0.1"), None, vec![passed(&client)], "401 credential-missing"),
        (Some("2001:db8::2"), None, vec![passed(&client)], "401 credential-missing"),
        (None, None, vec![passed(&client)], "401 credential-missing"),
        (Some("10.0.0.1"), None, vec![passed(&client), passed(&client)], "401 certificate-malformed"),
        (Some("10.0.0.1"), None, vec![passed("nonsense")], "401 certificate-malformed"),
        (Some("10.0.0.1"), None, vec![passed(&expired)], "401 certificate-expired"),
        (Some("10.0.0.1"), None, vec![passed(&future)], "401 certificate-not-yet-valid"),
        (Some("10.0.0.1"), None, vec![passed(&other)], "401 certificate-unknown"),
        // The terminator's own certificate is not the client's.
        (Some("10.0.0.1"), Some(CLIENT), vec![], "401 credential-missing"),
        (Some("11.0.0.1"), Some(OTHER), vec![passed(&client)], "401 certificate-unknown"),
    ];
    let policy = compile(gateway(known())).unwrap();
    for (peer, pem, headers, expected) in cases {
        let mut env = pem.map_or_else(FakeEnv::new, with);
        if let Some(peer) = peer {
            env = env.with_peer(peer);
        }
        assert_eq!(outcome(&policy, &env, "/mtls", &headers), expected, "{peer:?} {headers:?}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_terminators_header_never_goes_on() {
    let policy = compile(gateway(known())).unwrap();
    let client = line(CLIENT);
    for peer in ["10.0.0.1", "192.0.2.1"] {
        for target in ["/open", "/kept", "/mtls-or-nothing"] {
            let env = FakeEnv::new().with_peer(peer);
            let headers = [("x-client-cert", client.as_str()), ("x-api-key", "k-reader")];
            let edits = send(&policy, &env, target, &headers).unwrap();
            assert!(edits.remove.iter().any(|name| name == "x-client-cert"), "{peer} {target}");
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_host_is_asked_only_when_a_certificate_matters() {
    let policy = compile(gateway(known())).unwrap();
    let asked = |env: &FakeEnv| env.calls().property;
    let before = |target: &str, headers: Pairs| {
        let env = with(CLIENT);
        send(&policy, &env, target, headers).unwrap();
        asked(&env)
    };
    // The operation of an earlier policy, and nothing else.
    assert_eq!(before("/open", &[]), 1);
    assert_eq!(before("/key", &[("x-api-key", "k-reader")]), 1);
    let token = format!("Bearer {}", sign(&good_but("azp", "ada".into())));
    assert_eq!(before("/token", &[("authorization", &token)]), 1);
    // The peer, the digest, and the certificate once for many requests.
    assert_eq!(before("/mtls", &[]), 4);
    assert_eq!(before("/mtls", &[]), 3);
    let env = with(CLIENT);
    send(&policy, &env, "/mtls", &[]).unwrap();
    assert_eq!(env.calls(), Calls { now: 1, property: 3, ..Calls::default() });
}

fn bound(pem: &str) -> String {
    let thumbprint = URL_SAFE_NO_PAD.encode(digest(pem));
    format!("Bearer {}", sign(&good_but("cnf", json!({"x5t#S256": thumbprint}))))
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_bound_token_is_good_over_its_certificate_alone_however_often_it_comes() {
    let policy = compile(gateway(known())).unwrap();
    let (token, good, mismatch) =
        (bound(OTHER), "ada via token: read write", "401 token-certificate-mismatch");
    let (other, expired) = (line(OTHER), line(EXPIRED));
    let terminated = || FakeEnv::new().with_peer("10.0.0.1");
    let passed = |pem| ("x-client-cert", pem);
    type Case<'c> = (FakeEnv, Vec<(&'c str, &'c str)>, &'c str);
    let cases: [Case; 9] = [
        (FakeEnv::new(), vec![], mismatch),
        (with(OTHER), vec![], good),
        (with(CLIENT), vec![], mismatch),
        (FakeEnv::new(), vec![], mismatch),
        (terminated(), vec![passed(other.as_str())], good),
        (terminated(), vec![], mismatch),
        (FakeEnv::new(), vec![passed(&other)], mismatch),
        (with(OTHER).with_peer("10.0.0.1"), vec![], mismatch),
        (with(OTHER), vec![], good),
    ];
    for (at, (env, mut headers, expected)) in cases.into_iter().enumerate() {
        headers.push(("authorization", &token));
        assert_eq!(outcome(&policy, &env, "/token", &headers), expected, "{at}");
    }
    let token = bound(EXPIRED);
    assert_eq!(outcome(&policy, &with(EXPIRED), "/token", &[("authorization", &token)]), mismatch);
    let headers = [("authorization", token.as_str()), passed(&expired)];
    assert_eq!(outcome(&policy, &terminated(), "/token", &headers), mismatch);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_binding_that_is_not_understood_is_refused() {
    let policy = compile(gateway(known())).unwrap();
    let standard = STANDARD.encode([0xfb; 32]);
    let confirmations = [
        json!({}),
        json!("x"),
        json!({"jkt": URL_SAFE_NO_PAD.encode(digest(CLIENT))}),
        json!({"x5t#S256": 1}),
        json!({"x5t#S256": ""}),
        json!({"x5t#S256": standard}),
        json!({"x5t#S256": hex(CLIENT)}),
        json!({"x5t#S256": URL_SAFE_NO_PAD.encode(&digest(CLIENT)[..31])}),
    ];
    for confirmation in confirmations {
        let token = format!("Bearer {}", sign(&good_but("cnf", confirmation.clone())));
        let seen = outcome(&policy, &with(CLIENT), "/token", &[("authorization", &token)]);
        assert_eq!(seen, "401 token-binding-unknown", "{confirmation}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn an_issuer_may_have_to_bind_its_tokens() {
    let mut config = gateway(known());
    config["issuers"]["main"]["require_certificate_binding"] = true.into();
    let policy = compile(config).unwrap();
    let unbound = format!("Bearer {}", sign(&good_but("azp", "ada".into())));
    let seen = outcome(&policy, &with(CLIENT), "/token", &[("authorization", &unbound)]);
    assert_eq!(seen, "401 token-unbound");
    let seen = outcome(&policy, &with(CLIENT), "/token", &[("authorization", &bound(CLIENT))]);
    assert_eq!(seen, "ada via token: read write");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_cannot_be_enforced_is_refused() {
    let entry = |by: Value, apis: Value| json!({"consumer": "c", "by": by, "apis": apis});
    let short = json!({"sha256": "84806e"});
    let name = json!({"san": "client.example"});
    let subject = json!({"subject": "CN=x"});
    for known in [
        json!([entry(short, json!([]))]),
        json!([entry(name, json!([]))]),
        json!([entry(json!({"subject": ""}), json!([]))]),
        json!([entry(subject.clone(), json!(["a", "b"])), entry(subject.clone(), json!(["b"]))]),
        json!([entry(subject.clone(), json!(["a"])), entry(subject.clone(), json!([]))]),
    ] {
        assert!(compile(gateway(known.clone())).is_err(), "{known}");
    }
    let apart = json!([entry(subject.clone(), json!(["a"])), entry(subject, json!(["b"]))]);
    assert!(compile(gateway(apart)).is_ok());
    for terminator in [
        json!({"header": "X-Cert", "from": []}),
        json!({"header": "X-Cert", "from": ["10.0.0.1/8"]}),
        json!({"header": "X-Cert", "from": ["proxy.example"]}),
        json!({"header": "Cookie", "from": ["10.0.0.1"]}),
        json!({"header": "", "from": ["10.0.0.1"]}),
    ] {
        let mut config = gateway(json!([]));
        config["terminator"] = terminator.clone();
        assert!(compile(config).is_err(), "{terminator}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_refusal_says_that_a_certificate_would_do() {
    let policy = compile(gateway(known())).unwrap();
    let rejection = send(&policy, &FakeEnv::new(), "/mtls-or-key", &[]).unwrap_err();
    let told: Vec<_> = rejection.headers.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(told, [r#"MutualTLS realm="shop""#, r#"ApiKey realm="shop", in="header", name="x-api-key""#]);
}
