//! Who gets in where, and what the others are told.

use portcullis_core::testing::FakeEnv;

use super::gateway::{Pairs, compile, config, outcome, send};
use super::signer::{good, good_but, sign};

const ADA: &str = "Basic YWRhOnNlY3JldA==";

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn each_requirement_lets_in_whom_it_says() {
    let token = format!("Bearer {}", sign(&good()));
    let token_without_scopes = format!("Bearer {}", sign(&good_but("scope", "".into())));
    let bearer = ("authorization", token.as_str());
    let poor_bearer = ("authorization", token_without_scopes.as_str());
    let (reader, writer) = (("x-api-key", "k-reader"), ("x-api-key", "k-writer"));
    let basic = ("authorization", ADA);
    let cases: &[(&str, Pairs, &str)] = &[
        ("/open", &[], "anonymous"),
        ("/open", &[("x-api-key", "wrong"), ("x-api-key", "wrong")], "anonymous"),
        ("/nowhere", &[reader], "404 operation-unknown"),
        ("/key", &[reader], "reader via header: read"),
        ("/key", &[], "401 credential-missing"),
        ("/key", &[("x-api-key", "")], "401 credential-missing"),
        ("/key", &[("x-api-key", "K-reader")], "401 api-key-unknown"),
        ("/key", &[("x-api-key", "k-elsewhere")], "403 api-key-api-refused"),
        ("/key", &[reader, writer], "400 credential-duplicate"),
        ("/key?X-Api-Key=k-reader", &[], "401 credential-missing"),
        ("/query?api+key=k-reader", &[], "reader via query: read"),
        ("/query?%61pi%20key=k%2Dreader&x=1", &[], "reader via query: read"),
        ("/query?api+key=k%252Dreader", &[], "401 api-key-unknown"),
        ("/query?api+key=%zz", &[], "401 credential-missing"),
        ("/query?api+key", &[], "401 credential-missing"),
        ("/query?api+key=k-reader&api%20key=k-writer", &[], "400 credential-duplicate"),
        ("/cookie", &[("cookie", "a=b; sid=k-reader")], "reader via cookie: read"),
        ("/cookie", &[("cookie", "a=b"), ("cookie", "sid=\"k-reader\"")], "reader via cookie: read"),
        ("/cookie", &[("cookie", "SID=k-reader")], "401 credential-missing"),
        ("/cookie", &[("cookie", "sid=k-reader; sid=k-writer")], "400 credential-duplicate"),
        ("/basic", &[basic], "ada via basic: read"),
        ("/basic", &[("authorization", "basic YWRhOnNlY3JldA==")], "ada via basic: read"),
        ("/basic", &[("authorization", "Basic YWRhOndyb25n")], "401 basic-invalid"),
        ("/basic", &[("authorization", "Basic ZXZlOnNlY3JldA==")], "401 basic-invalid"),
        ("/basic", &[("authorization", "Basic Ym9iOnNlY3JldA==")], "401 basic-invalid"),
        ("/basic", &[("authorization", "Basic !")], "401 basic-invalid"),
        ("/basic", &[bearer], "401 credential-missing"),
        ("/basic", &[basic, basic], "400 credential-duplicate"),
        ("/token", &[bearer], "ada via token: read write"),
        ("/token", &[basic], "401 credential-missing"),
        ("/token", &[basic, bearer], "400 credential-duplicate"),
        ("/token", &[("authorization", "Bearer")], "401 token-malformed"),
        ("/token", &[("authorization", "Bearer x")], "401 token-malformed"),
        ("/strict", &[bearer], "401 token-issuer-unknown"),
        ("/write", &[bearer], "ada via token: read write"),
        ("/write", &[writer], "writer via header: read write"),
        ("/write", &[reader], "403 scope-missing"),
        ("/write", &[poor_bearer], "403 scope-missing"),
        ("/write", &[poor_bearer, writer], "writer via header: read write"),
        ("/either", &[reader, bearer], "reader via header: read"),
        ("/either", &[("x-api-key", "wrong"), bearer], "ada via token: read write"),
        ("/either", &[("x-api-key", "wrong"), basic], "ada via basic: read"),
        ("/either", &[("x-api-key", "wrong")], "401 api-key-unknown"),
        ("/both", &[reader], "401 credential-missing"),
        ("/both", &[bearer], "401 credential-missing"),
        ("/both", &[writer, bearer], "ada via token: read write"),
        ("/both", &[("x-api-key", "wrong"), bearer], "401 api-key-unknown"),
        ("/optional", &[], "anonymous"),
        ("/optional", &[reader], "reader via header: read"),
        ("/optional", &[("x-api-key", "wrong")], "anonymous"),
        ("/optional", &[reader, reader], "400 credential-duplicate"),
    ];
    let policy = compile(config()).unwrap();
    let env = FakeEnv::new();
    for (target, headers, expected) in cases {
        assert_eq!(outcome(&policy, &env, target, headers), *expected, "{target} {headers:?}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn refusals_say_how_to_get_in_and_repeat_no_credential() {
    let expired = format!("Bearer {}", sign(&good_but("exp", 1.into())));
    let poor = format!("Bearer {}", sign(&good_but("scope", "".into())));
    let api_key = r#"ApiKey realm="shop", in="header", name="x-api-key""#;
    let basic = r#"Basic realm="shop", charset="UTF-8""#;
    let cases: [(&str, Pairs, &[&str]); 4] = [
        ("/either", &[], &[r#"Bearer realm="shop""#, api_key, basic]),
        (
            "/token",
            &[("authorization", expired.as_str())],
            &[r#"Bearer realm="shop", error="invalid_token", error_description="the token has expired""#],
        ),
        (
            "/write",
            &[("authorization", poor.as_str())],
            &[r#"Bearer realm="shop", error="insufficient_scope", scope="write""#],
        ),
        ("/key", &[("x-api-key", "k-wrong-and-secret")], &[api_key]),
    ];
    let policy = compile(config()).unwrap();
    for (target, headers, expected) in cases {
        let rejection = send(&policy, &FakeEnv::new(), target, headers).unwrap_err();
        let challenges = rejection.headers.iter().filter(|(name, _)| name == "www-authenticate");
        assert_eq!(challenges.map(|(_, value)| value.as_str()).collect::<Vec<_>>(), expected, "{target}");
        for (_, credential) in headers {
            assert!(!format!("{rejection:?}").contains(credential), "{target}");
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn an_earlier_policys_operation_is_the_one_judged() {
    let policy = compile(config()).unwrap();
    let routed = FakeEnv::new().with_operation("shop GET /key");
    assert_eq!(outcome(&policy, &routed, "/open", &[]), "401 credential-missing");
    let unknown = FakeEnv::new().with_operation("shop GET /removed");
    assert_eq!(outcome(&policy, &unknown, "/open", &[]), "503 configuration-mismatch");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_right_password_is_remembered_and_a_wrong_one_never_is() {
    let policy = compile(config()).unwrap();
    let env = FakeEnv::new();
    for _ in 0..3 {
        assert_eq!(outcome(&policy, &env, "/basic", &[("authorization", ADA)]), "ada via basic: read");
        for wrong in ["Basic YWRhOndyb25n", "Basic YWRhOg==", "Basic YWRhOnNlY3JldDo="] {
            assert_eq!(outcome(&policy, &env, "/basic", &[("authorization", wrong)]), "401 basic-invalid");
        }
    }
}
