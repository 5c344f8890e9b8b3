//! What the upstream gets to see of the credentials.

use portcullis_core::testing::FakeEnv;

use super::gateway::{Pairs, compile, config, send};
use super::signer::{good, sign};

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn credentials_end_at_the_gateway() {
    let token = format!("Bearer {}", sign(&good()));
    let bearer = ("authorization", token.as_str());
    let key = ("x-api-key", "k-reader");
    let cases: &[(&str, Pairs, &[&str], Pairs)] = &[
        ("/open", &[key, bearer], &[], &[]),
        ("/key", &[key, bearer], &["x-api-key"], &[]),
        ("/kept", &[key], &[], &[]),
        ("/both", &[key, bearer], &["authorization", "x-api-key"], &[]),
        ("/either", &[key, bearer], &["x-api-key", "authorization"], &[]),
        ("/optional", &[("x-api-key", "wrong")], &["x-api-key"], &[]),
        ("/query?api+key=k-reader", &[], &[], &[(":path", "/query")]),
        ("/query?a=%20&api%20key=k-reader&b&a=2", &[], &[], &[(":path", "/query?a=%20&b&a=2")]),
        ("/cookie", &[("cookie", "sid=k-reader")], &["cookie"], &[]),
        (
            "/cookie",
            &[("cookie", "a=1;sid=k-reader"), ("cookie", "b=\"2\"; c")],
            &["cookie"],
            &[("cookie", "a=1; b=\"2\"; c")],
        ),
    ];
    let policy = compile(config()).unwrap();
    for (target, headers, removed, set) in cases {
        let edits = send(&policy, &FakeEnv::new(), target, headers).unwrap();
        assert_eq!(edits.remove, *removed, "{target}");
        let found: Vec<_> = edits.set.iter().map(|(name, value)| (&**name, value.as_str())).collect();
        assert_eq!(found, *set, "{target}");
    }
}
